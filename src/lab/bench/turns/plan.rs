//! What the callers of `patter bench turns` say, and when. Pure: a seed gives the same calls.
//!
//! The sentences are of the kind that the default speech model knows, about `playbooks/fitness.toml`; tests check what
//! each leads to.

use crate::caller::noise::Noise;
use crate::caller::sounds::Sound;
use crate::caller::{Cue, Random};
use patter_types::line::LineId;
use patter_types::source::Source;

/// A row of the table: a situation, perhaps in noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Row {
    /// The caller asks what an approved line answers
    Approved,
    /// The caller says what no approved line answers, so that the model does
    Generated,
    /// The caller interrupts with a sentence
    Interruption,
    /// A cough, a door, laughter, or an "uh huh" while the agent speaks
    FalseInterruption,
    /// The caller pauses inside a turn
    CutOff,
    /// The caller adds something to a sentence that sounded whole
    Afterthought,
    /// Interruptions in noise
    InterruptionNoise,
    /// False interruptions in noise
    FalseInterruptionNoise,
    /// Pauses in noise
    CutOffNoise,
    /// The caller states a task
    Task,
}

/// A row without its noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Situation {
    Approved,
    Generated,
    Interruption,
    FalseInterruption,
    CutOff,
    Afterthought,
    Task,
}

impl Row {
    pub(super) fn situation(self) -> Situation {
        match self {
            Self::Approved => Situation::Approved,
            Self::Generated => Situation::Generated,
            Self::Interruption | Self::InterruptionNoise => Situation::Interruption,
            Self::FalseInterruption | Self::FalseInterruptionNoise => Situation::FalseInterruption,
            Self::CutOff | Self::CutOffNoise => Situation::CutOff,
            Self::Afterthought => Situation::Afterthought,
            Self::Task => Situation::Task,
        }
    }

    pub(super) fn noisy(self) -> bool {
        matches!(
            self,
            Self::InterruptionNoise | Self::FalseInterruptionNoise | Self::CutOffNoise
        )
    }
}

impl Situation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved answer",
            Self::Generated => "generated answer",
            Self::Interruption => "interruption",
            Self::FalseInterruption => "false interruption",
            Self::CutOff => "cut-off",
            Self::Afterthought => "afterthought",
            Self::Task => "task perceived",
        }
    }

    /// Samples that one call brings.
    fn per_call(self) -> usize {
        match self {
            Self::Approved | Self::Generated | Self::FalseInterruption => 6,
            Self::CutOff | Self::Afterthought => 7,
            Self::Interruption => 8,
            Self::Task => 1,
        }
    }

    /// What a call takes, about, in s.
    pub(super) fn call_seconds(self, steps: usize) -> f32 {
        let (opening, step) = match self {
            Self::Approved | Self::CutOff | Self::Afterthought => (8.0, 6.5),
            Self::Generated => (8.0, 8.0),
            Self::Interruption => (8.0, 4.5),
            Self::FalseInterruption => (8.0, 6.0),
            Self::Task => (10.0, 3.0),
        };
        opening + step * steps as f32
    }
}

/// What a step sounds like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Say {
    /// A sentence.
    Words(&'static str),
    /// Parts of a sentence, with the pause after each but the last, in ms.
    Pieces(&'static [&'static str], Vec<u32>),
    /// No words.
    Sound(Sound, u64),
}

impl Say {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Words(words) => (*words).to_owned(),
            Self::Pieces(pieces, _) => pieces.join(" … "),
            Self::Sound(sound, _) => format!("({})", sound.name()),
        }
    }
}

/// One line of a caller.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) cue: Cue,
    pub(super) say: Say,
    /// It is a sample; else it only brings the agent to speak.
    pub(super) measured: bool,
    /// Of which kind, in the detailed report.
    pub(super) kind: &'static str,
    /// The source of the approved line that must answer.
    pub(super) expects: Option<Source>,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlannedCall {
    pub(super) voice: &'static str,
    pub(super) noise: Option<Noise>,
    pub(super) steps: Vec<Step>,
}

/// The callers' voices: those of espeak-ng that the default speech model knows.
pub(super) const VOICES: [&str; 5] = ["en-us", "en-us+f3", "en-gb", "en-us+m3", "en-us+f2"];

/// Short approved answers.
pub(super) const ASKED: [&str; 12] = [
    "How much is it?",
    "Is there a contract?",
    "Can I cancel any time?",
    "Are there any hidden fees?",
    "Is there parking?",
    "Can I bring a friend?",
    "Can I freeze my membership?",
    "How long does it take?",
    "Is there a discount?",
    "What are your opening hours?",
    "Can I pay monthly?",
    "Who are you?",
];

/// No approved line answers these.
pub(super) const UNFORESEEN: [&str; 13] = [
    "I moved in March.",
    "My internet is down.",
    "The connection is slow.",
    "I lost my card.",
    "I forgot my password.",
    "My bill is wrong.",
    "I was charged twice.",
    "Nobody called me back.",
    "It stopped working.",
    "I'm very upset.",
    "I found a mistake on my bill.",
    "I didn't order that.",
    "When can you fix it?",
];

/// Their approved answers last at least four seconds, which leaves room for an interruption.
pub(super) const LONG_ANSWER: [&str; 18] = [
    "When are you open?",
    "What's included?",
    "Is it safe?",
    "What classes do you have?",
    "Which one is better?",
    "How much is the family plan?",
    "Do you have a personal trainer?",
    "Are you a robot?",
    "Can I get a refund?",
    "Is there a free trial?",
    "How did you get my number?",
    "Where are you located?",
    "Can I pay by card?",
    "It's too expensive.",
    "I need to think about it.",
    "I have a busy schedule.",
    "Is this a scam?",
    "I'm busy right now.",
];

/// Numbers read slowly.
const DIGITS: [&[&str]; 4] = [
    &["My account number is four five", "one two."],
    &["My phone number is", "five five nine", "three one two."],
    &["My order number is seven two", "eight", "six four."],
    &["The number is six three", "nine one", "two."],
];

/// Sentences with a pause before the word that matters.
const HESITATIONS: [&[&str]; 7] = [
    &["I'd like to change", "my appointment."],
    &["I need to talk", "to my wife."],
    &["So it's", "forty dollars a month?"],
    &["Um", "my name is", "David Taylor."],
    &["I have", "a question."],
    &["I've been waiting", "for two weeks."],
    &["My friend", "told me about it."],
];

/// Whole sentences, and what the caller adds after a pause.
const AFTERTHOUGHTS: [&[&str]; 4] = [
    &["Can you call me back", "tomorrow morning?"],
    &["I want to cancel", "my gym membership."],
    &["Can I bring a friend?", "And is there parking?"],
    &["I moved in March.", "I have a question."],
];

/// Whole turns that are short.
const QUICK: [&str; 2] = ["Yes.", "Sure, go ahead."];

/// Said while listening: no turn.
pub(super) const LISTENING: [&str; 3] = ["Uh huh.", "Mm hmm.", "Okay."];

/// Tasks, and the approved line for each.
pub(super) fn tasks() -> [(&'static str, LineId); 16] {
    let fact = |id: &str| LineId::Fact(id.to_owned());
    let ask = |stage: &str| LineId::StageAsk(stage.to_owned());
    let first_tactic = |objection: &str| LineId::Tactic {
        objection: objection.to_owned(),
        number: 1,
    };
    [
        ("How much is it?", fact("price")),
        ("I want to cancel my gym membership.", fact("cancel")),
        ("I'd like to book a session.", ask("closing")),
        ("I want to talk to a human.", fact("human")),
        ("Please take me off your list.", LineId::OptOut),
        ("Are you open on Sunday?", fact("hours")),
        ("I'd like a refund.", fact("guarantee")),
        ("Where are you located?", fact("location")),
        ("Is there a free trial?", fact("trial")),
        ("Can I bring a friend?", fact("friend")),
        ("What classes do you have?", fact("classes")),
        ("Is there a discount?", fact("discount")),
        ("I'm not interested.", first_tactic("not_interested")),
        ("Call me back later.", first_tactic("busy_now")),
        ("Send me the details.", first_tactic("send_details")),
        ("I want to lose weight.", ask("pitch")),
    ]
}

/// Calls that bring `count` samples of `row`.
pub(super) fn calls(row: Row, count: usize, seed: u64) -> Vec<PlannedCall> {
    let mut random = Random::new(seed ^ (row as u64) << 40);
    let situation = row.situation();
    let mut total = count.div_ceil(situation.per_call());
    if row.noisy() {
        // As many calls with each noise.
        total = total.next_multiple_of(Noise::ALL.len()).min(count);
    }
    // Where the run through the kinds stands: kinds come evenly over all calls.
    let mut turn = 0;
    (0..total)
        .map(|number| {
            let size = count * (number + 1) / total - count * number / total;
            PlannedCall {
                voice: VOICES[number % VOICES.len()],
                noise: row.noisy().then(|| Noise::ALL[number % Noise::ALL.len()]),
                steps: steps(situation, size, &mut turn, &mut random),
            }
        })
        .collect()
}

fn measured(cue: Cue, say: Say, kind: &'static str) -> Step {
    Step {
        cue,
        say,
        measured: true,
        kind,
        expects: None,
    }
}

fn asks(cue: Cue, words: &'static str) -> Step {
    Step {
        measured: false,
        ..measured(cue, Say::Words(words), "")
    }
}

fn steps(situation: Situation, count: usize, turn: &mut usize, random: &mut Random) -> Vec<Step> {
    let mut long = LONG_ANSWER;
    random.shuffle(&mut long);
    let mut interrupt = || Cue::Interrupt {
        after_ms: random.between(800.0, 2_500.0) as u32 / 20 * 20,
    };
    let mut kinds = *turn..*turn + count;
    *turn += count;
    match situation {
        Situation::Approved => kinds
            .map(|n| measured(Cue::Turn, Say::Words(ASKED[n % ASKED.len()]), "approved"))
            .collect(),
        Situation::Generated => kinds
            .map(|n| {
                let words = UNFORESEEN[n % UNFORESEEN.len()];
                measured(Cue::Turn, Say::Words(words), "generated")
            })
            .collect(),
        // Each interruption asks for the answer that the next one interrupts.
        Situation::Interruption => std::iter::once(asks(Cue::Turn, long[0]))
            .chain(
                long[1..]
                    .iter()
                    .take(count)
                    .map(|words| measured(interrupt(), Say::Words(words), "sentence")),
            )
            .collect(),
        Situation::FalseInterruption => long
            .iter()
            .zip(kinds)
            .flat_map(|(words, n)| {
                let sounds = Sound::ALL.len();
                let kind = n % (sounds + LISTENING.len());
                let (say, kind) = match kind.checked_sub(sounds) {
                    None => (
                        Say::Sound(Sound::ALL[kind], n as u64),
                        Sound::ALL[kind].name(),
                    ),
                    Some(word) => (Say::Words(LISTENING[word]), LISTENING[word]),
                };
                // The agent may be silent for a while before it goes on.
                let after_gap = Cue::Quiet { for_ms: 2_000 };
                [asks(after_gap, words), measured(interrupt(), say, kind)]
            })
            .collect(),
        Situation::CutOff => {
            let quick = kinds.next().filter(|_| count > 2).map(|n| {
                let words = QUICK[n / count % QUICK.len()];
                measured(Cue::Turn, Say::Words(words), "quick")
            });
            let rest = count - usize::from(quick.is_some());
            let mut hesitations = HESITATIONS;
            random.shuffle(&mut hesitations);
            let mut digits = DIGITS;
            random.shuffle(&mut digits);
            let slow = (0..rest).map(|n| {
                let (pieces, kind) = match n % 3 {
                    0 => (digits[n / 3 % digits.len()], "digits"),
                    _ => (hesitations[n % hesitations.len()], "hesitation"),
                };
                let pauses = (1..pieces.len())
                    .map(|_| random.between(300.0, 800.0) as u32)
                    .collect();
                measured(Cue::Turn, Say::Pieces(pieces, pauses), kind)
            });
            quick.into_iter().chain(slow.collect::<Vec<_>>()).collect()
        }
        Situation::Afterthought => kinds
            .map(|n| {
                let pieces = AFTERTHOUGHTS[n % AFTERTHOUGHTS.len()];
                let pause = random.between(300.0, 800.0) as u32;
                measured(Cue::Turn, Say::Pieces(pieces, vec![pause]), "afterthought")
            })
            .collect(),
        Situation::Task => kinds
            .map(|n| {
                let all = tasks();
                let (words, line) = all[n % all.len()].clone();
                Step {
                    expects: Some(line.into()),
                    ..measured(Cue::Turn, Say::Words(words), "task")
                }
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use super::*;
    use clap::ValueEnum;
    use patter_dialogue::knowledge::Knowledge;
    use patter_dialogue::{Dialogue, Plan};
    use patter_playbook::Playbook;

    /// Learnt once for all tests.
    static FITNESS: LazyLock<Arc<Knowledge>> = LazyLock::new(|| {
        let text = include_str!("../../../../playbooks/fitness.toml");
        Arc::new(Knowledge::new(Playbook::parse(text, "fitness").unwrap()))
    });

    fn reply(words: &str) -> Plan {
        let mut dialogue = Dialogue::new(Arc::clone(&FITNESS), 6);
        // The whole opening was heard, its notice too.
        let opening = dialogue.opening().text();
        dialogue.heard_of_reply(&opening);
        dialogue.reply(words)
    }

    #[test]
    fn what_is_asked_has_an_approved_line_and_what_is_unforeseen_has_none() {
        for words in ASKED {
            let plan = reply(words);
            let source = &plan.lines[0].source;
            assert!(
                matches!(source, Source::Line(LineId::Fact(_))),
                "{words}: {source}"
            );
            assert!(!plan.ends_call);
        }
        for words in UNFORESEEN {
            let plan = reply(words);
            assert!(plan.prompt.is_some() && plan.lines.is_empty(), "{words}");
        }
    }

    #[test]
    fn a_line_to_be_interrupted_is_long() {
        for words in LONG_ANSWER {
            let plan = reply(words);
            let length = plan.lines[0].text.split_whitespace().count();
            assert!(length >= 12, "{words}: {length} words");
            assert!(!plan.ends_call);
        }
    }

    #[test]
    fn each_task_has_its_line() {
        for (words, line) in tasks() {
            assert_eq!(reply(words).lines[0].source, line.into(), "{words}");
        }
    }

    #[test]
    fn every_row_gets_its_samples_spread_over_kinds_voices_and_noises() {
        for row in Row::value_variants() {
            for count in [1, 4, 30] {
                let calls = calls(*row, count, 1);
                let steps: Vec<&Step> = calls.iter().flat_map(|c| &c.steps).collect();
                assert_eq!(
                    steps.iter().filter(|s| s.measured).count(),
                    count,
                    "{row:?}"
                );
                assert_eq!(calls, self::calls(*row, count, 1));
                for noise in Noise::ALL {
                    let there = calls.iter().any(|c| c.noise == Some(noise));
                    assert_eq!(
                        there,
                        row.noisy() && (count > 1 || noise == Noise::Street),
                        "{row:?} {count} {noise:?}"
                    );
                }
                if count == 30 {
                    let voices = calls.iter().map(|c| c.voice);
                    let distinct = voices.collect::<std::collections::HashSet<_>>().len();
                    assert!(distinct >= 3, "{row:?}: {distinct} voices");
                }
            }
        }
        let kinds = |row| -> std::collections::HashSet<&str> {
            let calls = calls(row, 30, 1);
            let steps = calls.iter().flat_map(|c| &c.steps).filter(|s| s.measured);
            steps.map(|s| s.kind).collect()
        };
        assert_eq!(kinds(Row::FalseInterruption).len(), 7);
        assert_eq!(kinds(Row::CutOff).len(), 3);
    }

    #[test]
    fn pauses_and_interruptions_keep_their_range() {
        for call in [Row::CutOff, Row::Interruption]
            .map(|row| calls(row, 60, 3))
            .concat()
        {
            for step in call.steps {
                if let Cue::Interrupt { after_ms } = step.cue {
                    assert!((800..=2_500).contains(&after_ms));
                }
                if let Say::Pieces(pieces, pauses) = step.say {
                    assert_eq!(pieces.len(), pauses.len() + 1);
                    assert!(pauses.iter().all(|p| (300..=800).contains(p)));
                }
            }
        }
    }
}
