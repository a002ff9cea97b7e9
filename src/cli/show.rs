//! A call as a person follows it: one line for what matters, with its latencies.

use patter_types::event::{Event, Stamped};
use patter_types::source::Source;

/// The line for `event`, if it is worth one.
pub(crate) fn line(stamped: &Stamped) -> Option<String> {
    let time = format!("{:7.2} s", stamped.t_ms as f32 / 1000.0);
    let text = match &stamped.event {
        Event::CallStart { playbook, .. } => format!("           call begins: {playbook}"),
        Event::Final { text, asr_ms, .. } if text.is_empty() => {
            format!("  (sound)  no words in it [{asr_ms:.0} ms]")
        }
        Event::Final { text, asr_ms, .. } => {
            format!("  caller   {text}   [heard in {asr_ms:.0} ms]")
        }
        Event::Spoken {
            text,
            source,
            tts_ms,
            cached,
            ..
        } => {
            let from = match source {
                Source::Model => "generated",
                Source::Line(_) => "approved line",
            };
            let voice = if *cached {
                "cached".to_owned()
            } else {
                format!("voice {tts_ms:.0} ms")
            };
            format!("  agent    {text}   [{from}, {voice}]")
        }
        Event::Guarded {
            text,
            reason,
            offending,
            ..
        } => {
            format!("           not said: {text}   [{reason:?}: {offending}]")
        }
        Event::Stage { to, .. } => format!("           stage: {to}"),
        Event::BargeIn {
            played_ms, stop_ms, ..
        } => {
            format!(
                "  !!       caller interrupts after {:.1} s of the agent, which is silent {stop_ms:.0} ms later",
                *played_ms as f32 / 1000.0
            )
        }
        Event::FalseInterruption { why, .. } => {
            format!("           goes on: {why:?}").to_lowercase()
        }
        Event::Reopened { .. } => "           the caller goes on: one turn".into(),
        Event::Reprompt { .. } => "           the caller is silent".into(),
        Event::CallerGone => "           the caller stays silent".into(),
        Event::Filler { after_ms } => {
            format!("           no answer for {after_ms} ms: a filler")
        }
        Event::OnHold => "           on hold".into(),
        Event::OffHold => "           off hold".into(),
        Event::Busy { max_calls } => format!("           no place: {max_calls} calls run already"),
        Event::Load { step, busy } => format!(
            "           the machine is busy at {:.0} %: {}",
            busy * 100.0,
            step.name()
        ),
        Event::Contention { shares } => format!("           {shares}"),
        Event::PlayedUntil {
            text,
            complete: false,
            ..
        } if !text.is_empty() => {
            format!("           heard of it: {text} …")
        }
        Event::Latency {
            endpoint_ms,
            asr_ms,
            first_token_ms,
            response_ms,
            ..
        } => format!(
            "           answered {response_ms:.0} ms after the caller's last sound (end of turn {endpoint_ms:.0}, words {asr_ms:.0}, first token {first_token_ms:.0})"
        ),
        Event::Dtmf { key } => format!("  caller   presses {key}"),
        Event::Error { message } => format!("  error    {message}"),
        Event::CallEnd {
            reason,
            turns,
            barge_ins,
            speculations,
            speculations_dropped,
            ..
        } => {
            format!(
                "           call ends by {reason}: {turns} agent turns, {barge_ins} interruptions, \
                 {speculations} speculative replies ({speculations_dropped} dropped)"
            )
        }
        _ => return None,
    };
    Some(format!("{time} {text}"))
}
