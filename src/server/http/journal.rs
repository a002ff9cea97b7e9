//! What an operator reads of calls in the log: when they begin, end and fail; nothing that was said.
//!
//! Thread: the calls' `events` threads. In: events. Out: lines of the log ([`patter_machine::log`]).

use super::registry::CallResult;
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;

/// Tells of `event`; `ended` is what the call came to, with its last.
pub(super) fn tell(event: &Stamped, ended: Option<&CallResult>) {
    let call = event.call.as_str();
    match &event.event {
        Event::CallStart { playbook, .. } => tracing::info!(call, playbook, "call began"),
        Event::Error { message } => tracing::warn!(call, "{message}"),
        Event::Filler { after_ms } => tracing::warn!(call, after_ms, "an answer was late"),
        Event::Load { step, busy } => {
            let busy_percent = (busy * 100.0).round() as u32;
            tracing::info!(call, step = step.name(), busy_percent, "load");
        }
        Event::Contention { shares } => tracing::info!(call, "{shares}"),
        Event::CallEnd {
            reason,
            turns,
            barge_ins,
            dropped_frames,
            ..
        } => {
            let (outcome, duration_ms) = ended.map_or((None, event.t_ms), |ended| {
                (ended.outcome, ended.duration_ms)
            });
            let outcome = outcome.map_or("none", Outcome::name);
            tracing::info!(
                call,
                reason,
                outcome,
                duration_ms,
                turns,
                barge_ins,
                dropped_frames,
                "call ended"
            );
        }
        _ => {}
    }
}
