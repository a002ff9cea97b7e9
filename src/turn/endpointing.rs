//! How long to wait after the caller falls silent.
//!
//! Thread: `controller`, once a partial transcript or a pause. In: the [`Reading`] of the words so far, the limits for
//! what is asked, this caller's pauses. Out: ms of silence. Memory: a few numbers a call. A pure function; nothing is
//! allocated.
//!
//! A fixed wait is too long after "yes please" and too short after "my number is four one". So the wait follows the
//! words, and then the caller: who has paused for long and gone on gets longer, who speaks without a pause gets less.
//!
//! Measured on the 251 held-out lines of `tests/fixtures/endpoints.tsv`, as area under the ROC curve of "the turn is
//! over": the words' ending 0.956, the default language model's probability of its end-of-turn token 0.846 (0.527 with
//! a full stop after the words), both together, fitted on the other half, 0.983 (halves swapped: 0.975, 0.847, 0.986).

use patter_config::EndpointingConfig;
use patter_language::reading::{Ending, Reading};
use patter_types::expect::Expect;

/// A pause inside a turn as people make it, in ms: the middle, by ratio, of the medium pauses of 200 to 1000 ms in
/// Campione and Véronis, "A large-scale multilingual study of silent pause duration" (2002). Pauses spread like ratios,
/// so they are averaged as such.
const TYPICAL_PAUSE_MS: f32 = 450.0;
/// What a turn without a pause counts as: the shortest of the medium pauses, in ms.
const FLUENT_PAUSE_MS: f32 = 200.0;
/// A turn of fewer words shows nothing by having no pause.
const FLUENT_WORDS: usize = 8;
/// Shorter silences belong to the words: the closure before a "t", or a soft syllable lost in noise, in ms.
const SHORTEST_PAUSE_MS: u32 = 240;
/// How many pauses the typical one weighs: two or three of the caller's own begin to count.
const PRIOR_PAUSES: f32 = 4.0;
/// What an old pause keeps of its weight with each new one: about the last ten count.
const FADE: f32 = 0.9;

/// The limits for what the stage asks, in ms of silence.
#[derive(Debug, Clone, PartialEq)]
pub struct Delays {
    /// After a whole question or a short answer.
    pub complete_ms: u32,
    /// After a whole statement.
    pub statement_ms: u32,
    /// After words that could be either, and sound whole.
    pub over_ms: u32,
    /// After words that could be either.
    pub unclear_ms: u32,
    /// After words that cannot end a sentence, or are not known yet.
    pub dangling_ms: u32,
    /// After "um".
    pub hesitating_ms: u32,
    /// While something is read out.
    pub reading_ms: u32,
    /// Least wait.
    pub min_ms: u32,
    /// Longest wait.
    pub max_ms: u32,
    /// Least factor of the caller's pace.
    pub min_pace: f32,
    /// Greatest factor of the caller's pace.
    pub max_pace: f32,
}

impl Delays {
    /// The limits while `expect` is asked for.
    pub fn new(config: &EndpointingConfig, expect: Expect) -> Self {
        macro_rules! times {
            ($of:expr) => {
                ($of.complete_ms, $of.unclear_ms, $of.reading_ms)
            };
        }
        let (complete_ms, unclear_ms, reading_ms) = match expect {
            Expect::Any => times!(config),
            Expect::Number { .. } => times!(config.number),
            Expect::Email => times!(config.email),
            Expect::Name => times!(config.name),
            Expect::Address => times!(config.address),
            Expect::YesNo => times!(config.yes_no),
        };
        // Each group of a number or an address sounds whole.
        let over_ms = match expect {
            Expect::Any | Expect::YesNo => config.sounds_over_ms.min(unclear_ms),
            _ => unclear_ms,
        };
        Self {
            complete_ms,
            statement_ms: config.statement_ms,
            over_ms,
            unclear_ms,
            dangling_ms: config.dangling_ms,
            hesitating_ms: config.hesitating_ms,
            reading_ms,
            min_ms: config.min_ms,
            max_ms: config.max_ms,
            min_pace: config.min_pace,
            max_pace: config.max_pace,
        }
    }
}

/// How the words of `reading` end, where their sound is `finished` with this probability: one more vote, which opens
/// what the words close, or closes what they leave open, and never both at once.
pub fn by_sound(reading: Reading, finished: Option<f32>, limits: &EndpointingConfig) -> Ending {
    let ending = reading.ending;
    let Some(finished) = finished else {
        return ending;
    };
    if finished < limits.sounds_open_below {
        return ending.more_open();
    }
    let may_be_over = ending == Ending::Unclear || ending == Ending::Complete && reading.statement;
    if may_be_over && finished >= limits.sounds_over_from {
        Ending::Over
    } else {
        ending
    }
}

/// Silence to wait after `reading` before the turn is over, in ms. Words that are not known yet may be any: they are
/// waited for as long as for those that cannot end a sentence.
pub fn delay_ms(reading: Option<&Reading>, delays: &Delays, pace: &Pace) -> u32 {
    let base_ms = match reading.map_or(Ending::Dangling, |reading| reading.ending) {
        Ending::Complete if reading.is_some_and(|r| r.statement) => delays.statement_ms,
        Ending::Complete => delays.complete_ms,
        Ending::Over if reading.is_some_and(|r| r.statement) => {
            delays.over_ms.min(delays.statement_ms)
        }
        Ending::Over => delays.over_ms,
        Ending::Unclear => delays.unclear_ms,
        Ending::Dangling => delays.dangling_ms,
        Ending::Hesitating => delays.hesitating_ms,
        Ending::Reading => delays.reading_ms,
    };
    // Who speaks without pauses is answered sooner, but not cut off in a sentence that is open.
    let open = reading.is_none_or(|r| {
        matches!(
            r.ending,
            Ending::Dangling | Ending::Hesitating | Ending::Reading
        )
    });
    let least = if open { 1.0 } else { delays.min_pace };
    let factor = pace.factor().max(least).min(delays.max_pace);
    let wait_ms = (base_ms as f32 * factor).round() as u32;
    wait_ms.max(delays.min_ms).min(delays.max_ms)
}

/// This caller's pauses inside turns so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    /// Sum of the logarithms of pause over typical pause, faded.
    sum: f32,
    /// How many pauses that are, faded.
    weight: f32,
    /// The turn under way has had a pause.
    turn_had_pause: bool,
}

impl Pace {
    /// The caller was silent for `silence_ms` and went on in the same turn. Call it too when the turn had been taken to
    /// be over and the caller went on all the same: that is the pause to learn from.
    pub fn paused(&mut self, silence_ms: u32) {
        if silence_ms >= SHORTEST_PAUSE_MS {
            self.turn_had_pause = true;
            self.add(silence_ms as f32);
        }
    }

    /// The turn is over, after `words` words.
    pub fn ended(&mut self, words: usize) {
        if !self.turn_had_pause && words >= FLUENT_WORDS {
            self.add(FLUENT_PAUSE_MS);
        }
        self.turn_had_pause = false;
    }

    fn add(&mut self, pause_ms: f32) {
        // A telephone put down for a minute is no habit.
        let ratio = (pause_ms / TYPICAL_PAUSE_MS).min(4.0);
        self.sum = self.sum * FADE + ratio.ln();
        self.weight = self.weight * FADE + 1.0;
    }

    /// This caller's pauses over typical ones: 1 at the start of a call. [`delay_ms`] keeps it within the delays's
    /// limits.
    pub fn factor(&self) -> f32 {
        (self.sum / (self.weight + PRIOR_PAUSES)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_language::reading::Kind;
    use proptest::prelude::*;

    fn reading(ending: Ending) -> Reading {
        Reading {
            ending,
            kind: Kind::Words,
            words: 3,
            statement: false,
        }
    }

    fn wait(ending: Ending, expect: Expect, pace: &Pace) -> u32 {
        let delays = Delays::new(&EndpointingConfig::default(), expect);
        delay_ms(Some(&reading(ending)), &delays, pace)
    }

    #[test]
    fn the_wait_follows_the_words_and_what_is_asked() {
        let pace = Pace::default();
        for (ending, expect, ms) in [
            (Ending::Complete, Expect::Any, 260),
            (Ending::Complete, Expect::YesNo, 200),
            (Ending::Unclear, Expect::Any, 520),
            (Ending::Over, Expect::Any, 400),
            (Ending::Over, Expect::YesNo, 400),
            (Ending::Over, Expect::Number { digits: None }, 700),
            (Ending::Dangling, Expect::Any, 900),
            (Ending::Hesitating, Expect::Name, 1_100),
            (Ending::Reading, Expect::Any, 900),
            (Ending::Reading, Expect::Number { digits: None }, 1_200),
        ] {
            assert_eq!(wait(ending, expect, &pace), ms, "{ending:?} {expect:?}");
        }
        let delays = Delays::new(&EndpointingConfig::default(), Expect::Any);
        assert_eq!(delay_ms(None, &delays, &pace), 900);
        let statement = Reading {
            statement: true,
            ..reading(Ending::Complete)
        };
        assert_eq!(delay_ms(Some(&statement), &delays, &pace), 440);
    }

    #[test]
    fn the_sound_opens_whole_words_and_closes_unclear_ones() {
        use Ending::{Complete, Dangling, Hesitating, Over, Unclear};
        let limits = EndpointingConfig::default();
        let statement = |ending| Reading {
            statement: true,
            ..reading(ending)
        };
        for (before, finished, after) in [
            (reading(Complete), Some(0.1), Unclear),
            (reading(Unclear), Some(0.1), Dangling),
            (reading(Hesitating), Some(0.1), Hesitating),
            (reading(Unclear), Some(0.5), Unclear),
            (reading(Unclear), Some(0.95), Over),
            (statement(Complete), Some(0.95), Over),
            // A question is answered sooner than what only sounds whole; "my number is" is not answered.
            (reading(Complete), Some(0.95), Complete),
            (reading(Dangling), Some(0.95), Dangling),
            (reading(Complete), None, Complete),
        ] {
            let found = by_sound(before, finished, &limits);
            assert_eq!(found, after, "{before:?} {finished:?}");
        }
        // In an address each part sounds whole: there the sound shortens nothing, and lengthens nothing.
        let address = Delays::new(&limits, Expect::Address);
        let told = |ending| delay_ms(Some(&statement(ending)), &address, &Pace::default());
        assert_eq!(told(Over), told(Complete));
    }

    #[test]
    fn a_caller_who_pauses_long_gets_more_time_and_a_fluent_one_less() {
        let mut slow = Pace::default();
        let mut fluent = Pace::default();
        for _ in 0..10 {
            slow.paused(1_200);
            slow.ended(12);
            fluent.ended(12);
        }
        assert_eq!(wait(Ending::Complete, Expect::Any, &slow), 416);
        assert_eq!(wait(Ending::Hesitating, Expect::Any, &slow), 1_600);
        assert_eq!(wait(Ending::Unclear, Expect::Any, &fluent), 416);
        assert_eq!(wait(Ending::Complete, Expect::YesNo, &fluent), 180);
    }

    #[test]
    fn short_answers_and_closures_teach_nothing() {
        let mut pace = Pace::default();
        pace.ended(2);
        pace.paused(100);
        assert_eq!(pace.factor(), 1.0);
        pace.paused(900);
        pace.ended(20);
        let after_pause = pace.factor();
        assert!(after_pause > 1.0);
        // The pause belonged to the last turn, so this one was fluent.
        pace.ended(20);
        assert!(pace.factor() < after_pause);
    }

    proptest! {
        #[test]
        fn the_wait_stays_within_its_limits(
            pauses in prop::collection::vec((0_u32..100_000, 0_usize..40), 0..60),
            ending in 0..6,
        ) {
            let mut pace = Pace::default();
            for (ms, words) in pauses {
                pace.paused(ms);
                pace.ended(words);
            }
            let endings = [
                Ending::Complete, Ending::Over, Ending::Unclear, Ending::Dangling, Ending::Hesitating, Ending::Reading,
            ];
            let ms = wait(endings[ending as usize], Expect::Any, &pace);
            prop_assert!((180..=1_600).contains(&ms));
            prop_assert!(pace.factor().is_finite());
        }
    }
}
