//! From a recorded call to samples: the wire says when, the call's events say which line it was. Pure.

use crate::caller::Placed;
use crate::caller::measure::{Effect, effect, first_sound, ms, silenced};
use patter_audio::ms_to_samples;
use patter_types::event::{Event, Stamped};
use patter_types::line::LineId;
use patter_types::source::Source;
use patter_types::turn::TurnNumber;

use super::plan::{Situation, Step};

/// An interrupted agent is silent within this time, or it did not notice, in ms.
pub(super) const NOTICED_MS: f32 = 1_500.0;
/// The interrupted line would have lasted longer than that by this much, in ms.
const MARGIN_MS: f32 = 200.0;

/// One exchange, as it was on the wire. Times are since the caller's first frame.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub(super) struct Sample {
    pub(super) situation: &'static str,
    pub(super) noise: Option<&'static str>,
    pub(super) kind: &'static str,
    pub(super) voice: &'static str,
    /// Name of its call, and of the files that `--keep` leaves.
    pub(super) call: String,
    pub(super) text: String,
    pub(super) line_start_ms: f32,
    pub(super) line_end_ms: f32,
    /// Since when the agent was speaking.
    pub(super) agent_since_ms: Option<f32>,
    /// The agent's last audible sample before it fell silent.
    pub(super) stopped_ms: Option<f32>,
    /// Its first one after that, or after the caller's line.
    pub(super) spoke_ms: Option<f32>,
    /// Likeness of a line that goes on to itself.
    pub(super) likeness: Option<f32>,
    /// The row's figure.
    pub(super) figure_ms: Option<f32>,
    pub(super) outcome: Outcome,
    /// Sources of the lines that answered, or that were interrupted.
    pub(super) sources: Vec<Source>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// An answer came.
    Answered,
    /// None came.
    NoAnswer,
    /// The agent fell silent.
    Silent,
    /// It did not.
    NotSilent,
    /// It never stopped.
    KeptOn,
    /// It stopped and went on.
    Resumed,
    /// It stopped and did not go on with the line.
    Cut,
    /// It spoke while the caller was in the turn.
    CutOff,
    /// The answer was the task's line.
    RightLine,
    /// It was another one.
    WrongLine,
    /// No sample: the situation did not come about.
    Skipped,
}

/// A call as it was.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) situation: Situation,
    pub(super) voice: &'static str,
    pub(super) noise: Option<&'static str>,
    pub(super) steps: &'a [Step],
    pub(super) placed: &'a [Placed],
    /// The agent on the wire.
    pub(super) agent: &'a [i16],
    pub(super) events: &'a [Stamped],
}

/// The sentences that went to the voice: when, in which turn, from where.
fn spoken(events: &[Stamped]) -> impl Iterator<Item = (f32, TurnNumber, &Source, u64)> {
    events.iter().filter_map(|e| match &e.event {
        Event::Spoken {
            turn,
            source,
            audio_ms,
            ..
        } => Some((e.t_ms as f32, *turn, source, *audio_ms)),
        _ => None,
    })
}

/// The line that may not be cut off.
const NOTICE: Source = Source::Line(LineId::Notice);

/// Sources of the turns that began while the line was spoken or after it.
fn answers(events: &[Stamped], start_ms: f32, until_ms: f32) -> Vec<Source> {
    let before = spoken(events).filter(|s| s.0 < start_ms).map(|s| s.1).max();
    spoken(events)
        .filter(|s| s.0 >= start_ms && s.0 < until_ms && before.is_none_or(|old| s.1 > old))
        .map(|s| s.2.clone())
        .collect()
}

/// Sources of the turn under way at `at_ms`, each once, and the length of what the model said in it.
fn under_way(events: &[Stamped], at_ms: f32) -> (Vec<Source>, u64) {
    let turn = spoken(events).filter(|s| s.0 <= at_ms).map(|s| s.1).max();
    let mut sources: Vec<Source> = Vec::new();
    let mut model_ms = 0;
    for (_, number, source, audio_ms) in spoken(events) {
        if Some(number) == turn {
            if *source == Source::Model {
                model_ms += audio_ms;
            }
            if sources.last().is_none_or(|last| last != source) {
                sources.push(source.clone());
            }
        }
    }
    (sources, model_ms)
}

/// The samples of a call. `line` gives the sound of the lines with these sources, as the line carries it.
pub(super) fn samples(call: &Call<'_>, line: &mut dyn FnMut(&[Source]) -> Vec<i16>) -> Vec<Sample> {
    let mut out = Vec::new();
    for (number, step) in call.steps.iter().enumerate() {
        if !step.measured {
            continue;
        }
        let Some(&placed) = call.placed.get(number) else {
            // The agent hung up before.
            break;
        };
        let next = call.placed.get(number + 1).map(|p| p.start);
        let until = next.unwrap_or(call.agent.len());
        let mut sample = Sample {
            situation: call.situation.name(),
            noise: call.noise,
            kind: step.kind,
            voice: call.voice,
            call: call.name.to_owned(),
            text: step.say.text(),
            line_start_ms: ms(placed.start),
            line_end_ms: ms(placed.end),
            agent_since_ms: placed.agent_since.map(ms),
            stopped_ms: None,
            spoke_ms: None,
            likeness: None,
            figure_ms: None,
            outcome: Outcome::Skipped,
            sources: Vec::new(),
        };
        match call.situation {
            Situation::Approved
            | Situation::Generated
            | Situation::Task
            | Situation::CutOff
            | Situation::Afterthought => {
                answer(call, step, placed, until, &mut sample);
            }
            Situation::Interruption | Situation::FalseInterruption => {
                interruption(call, placed, until, line, &mut sample);
            }
        }
        out.push(sample);
    }
    out
}

fn answer(call: &Call<'_>, step: &Step, placed: Placed, until: usize, sample: &mut Sample) {
    // After a question that the caller gave up on, its late answer would pass for that to this one.
    if placed.agent_since.is_some() || placed.unprompted {
        return;
    }
    sample.sources = answers(call.events, ms(placed.start), ms(until));
    let early = first_sound(call.agent, placed.start, placed.end);
    let spoke = early.or_else(|| first_sound(call.agent, placed.end, until));
    sample.spoke_ms = spoke.map(ms);
    if early.is_none() {
        sample.figure_ms = spoke.map(|at| ms(at - placed.end));
    }
    let first_is = |wanted: fn(&Source) -> bool| sample.sources.first().is_none_or(wanted);
    sample.outcome = match call.situation {
        Situation::CutOff | Situation::Afterthought if early.is_some() => Outcome::CutOff,
        Situation::Task => {
            let right = |source: &Source| Some(source) == step.expects.as_ref();
            if sample.sources.iter().any(right) {
                Outcome::RightLine
            } else {
                Outcome::WrongLine
            }
        }
        // Misheard, so that the other kind of answer came: no sample of this kind.
        Situation::Approved if !first_is(|s| matches!(s, Source::Line(LineId::Fact(_)))) => {
            Outcome::Skipped
        }
        Situation::Generated
            if !first_is(|s| {
                matches!(
                    s,
                    Source::Model | Source::Line(LineId::Fallback | LineId::NotKnown)
                )
            }) =>
        {
            Outcome::Skipped
        }
        _ if spoke.is_some() => Outcome::Answered,
        _ => Outcome::NoAnswer,
    };
}

fn interruption(
    call: &Call<'_>,
    placed: Placed,
    until: usize,
    line: &mut dyn FnMut(&[Source]) -> Vec<i16>,
    sample: &mut Sample,
) {
    let Some(since) = placed.agent_since.filter(|_| !placed.unprompted) else {
        return;
    };
    let (sources, model_ms) = under_way(call.events, ms(placed.start));
    let whole = line(&sources);
    let notice = sources.contains(&NOTICE);
    sample.sources = sources;
    // Noise may have cut the opening short, so that the notice comes later: that is neither paused nor cut.
    if notice {
        return;
    }
    let left_ms = ms(whole.len()) + model_ms as f32 - ms(placed.start - since);
    if left_ms < NOTICED_MS + MARGIN_MS {
        return;
    }
    if call.situation == Situation::Interruption {
        let quiet = silenced(call.agent, placed.start, placed.end)
            .filter(|&at| ms(at - placed.start) <= NOTICED_MS);
        sample.stopped_ms = quiet.map(ms);
        sample.figure_ms = quiet.map(|at| ms(at - placed.start));
        let from = quiet.map_or(placed.end, |at| at.max(placed.end));
        sample.spoke_ms = first_sound(call.agent, from, until).map(ms);
        sample.outcome = match quiet {
            Some(_) => Outcome::Silent,
            None => Outcome::NotSilent,
        };
        return;
    }
    // What the agent says 5 s after the sound is another matter.
    let until = until.min(placed.end + ms_to_samples(5_000));
    let reference = (!whole.is_empty()).then_some(whole.as_slice());
    match effect(call.agent, placed.start, placed.end, until, reference) {
        Effect::None => {
            sample.figure_ms = Some(0.0);
            sample.outcome = Outcome::KeptOn;
        }
        Effect::Resumed {
            stopped,
            resumed,
            likeness,
        } => {
            sample.stopped_ms = Some(ms(stopped));
            sample.spoke_ms = Some(ms(resumed));
            sample.likeness = Some(likeness);
            sample.figure_ms = Some(ms(resumed - stopped));
            sample.outcome = Outcome::Resumed;
        }
        Effect::Cut {
            stopped,
            next,
            likeness,
        } => {
            sample.stopped_ms = Some(ms(stopped));
            sample.spoke_ms = next.map(ms);
            sample.likeness = Some(likeness);
            sample.outcome = Outcome::Cut;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Row, Say, calls};
    use super::*;
    use crate::caller::Cue;

    fn tone(ms: u32) -> Vec<i16> {
        (0..ms_to_samples(ms))
            .map(|n| if n % 40 < 20 { 6_000 } else { -6_000 })
            .collect()
    }

    fn fact(id: &str) -> Source {
        LineId::Fact(id.into()).into()
    }

    fn event(t_ms: u64, turn: u32, source: Source) -> Stamped {
        let event = Event::Spoken {
            turn: TurnNumber(turn),
            text: String::new(),
            source,
            audio_ms: 1_000,
            tts_ms: 0.0,
            cached: false,
        };
        Stamped {
            t_ms,
            call: "c".into(),
            event,
        }
    }

    /// The caller's only line is at 1 s to 2 s; the agent speaks in the given spans (ms).
    fn measure(row: Row, agent: &[(u32, u32)], events: &[Stamped], line_ms: u32) -> Sample {
        let mut step = calls(row, 1, 1)[0].steps.last().unwrap().clone();
        step.say = Say::Words("x");
        let mut sound = vec![0; ms_to_samples(8_000)];
        for &(from, to) in agent {
            sound[ms_to_samples(from)..ms_to_samples(to)].copy_from_slice(&tone(to - from));
        }
        let placed = Placed {
            start: 16_000,
            end: 32_000,
            agent_since: matches!(step.cue, Cue::Interrupt { .. }).then_some(0),
            unprompted: false,
        };
        let call = Call {
            name: "c",
            situation: row.situation(),
            voice: "en-us",
            noise: None,
            steps: &[step],
            placed: &[placed],
            agent: &sound,
            events,
        };
        samples(&call, &mut |_| vec![0; ms_to_samples(line_ms)]).remove(0)
    }

    #[test]
    fn an_answer_is_timed_from_the_callers_last_sample() {
        let events = [
            event(100, 1, LineId::Opening.into()),
            event(2_100, 2, fact("price")),
        ];
        let sample = measure(Row::Approved, &[(2_440, 4_000)], &events, 0);
        assert_eq!(sample.outcome, Outcome::Answered);
        assert_eq!(sample.figure_ms, Some(440.0));
        assert_eq!(sample.sources, [fact("price")]);
        let sample = measure(Row::Generated, &[(2_440, 4_000)], &events, 0);
        assert_eq!(sample.outcome, Outcome::Skipped);
        assert_eq!(
            measure(Row::Approved, &[], &[], 0).outcome,
            Outcome::NoAnswer
        );
    }

    #[test]
    fn an_agent_that_speaks_inside_the_turn_cuts_it_off() {
        let sample = measure(Row::CutOff, &[(1_700, 2_500)], &[], 0);
        assert_eq!((sample.outcome, sample.figure_ms), (Outcome::CutOff, None));
        let sample = measure(Row::CutOff, &[(2_300, 2_500)], &[], 0);
        assert_eq!(
            (sample.outcome, sample.figure_ms),
            (Outcome::Answered, Some(300.0))
        );
    }

    #[test]
    fn an_interruption_counts_only_when_the_line_would_have_gone_on() {
        let events = [event(100, 1, fact("hours"))];
        let sample = measure(Row::Interruption, &[(0, 1_150)], &events, 4_000);
        assert_eq!(
            (sample.outcome, sample.figure_ms),
            (Outcome::Silent, Some(150.0))
        );
        let sample = measure(Row::Interruption, &[(0, 1_150)], &events, 2_000);
        assert_eq!(sample.outcome, Outcome::Skipped);
        let sample = measure(Row::Interruption, &[(0, 3_900)], &events, 4_000);
        assert_eq!(
            (sample.outcome, sample.figure_ms),
            (Outcome::NotSilent, None)
        );
    }

    #[test]
    fn a_task_is_perceived_when_its_line_answers() {
        let expected = calls(Row::Task, 1, 1)[0].steps[0].expects.clone().unwrap();
        let right = [event(2_100, 2, expected.clone())];
        assert_eq!(
            measure(Row::Task, &[], &right, 0).outcome,
            Outcome::RightLine
        );
        let wrong = [event(500, 1, expected), event(2_100, 2, Source::Model)];
        assert_eq!(
            measure(Row::Task, &[], &wrong, 0).outcome,
            Outcome::WrongLine
        );
    }
}
