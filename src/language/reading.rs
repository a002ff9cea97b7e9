//! What the words so far say about the end of the turn.
//!
//! Thread: any, when a partial transcript arrives; never per frame. In: the transcript, the lists of its language, what
//! the stage asks for. Out: a [`Reading`]. Memory: short strings per call. A pure function: all it knows of a language
//! is in its pack.
//!
//! How: the longest phrase of the lists that the text ends in decides whether it hangs in the air; then what was asked
//! for is checked for completeness (digits, e-mail, name, address, yes or no); then the order of words at its beginning
//! (question, clause). A full stop means nothing, because Whisper writes one after anything; a question mark, a comma
//! or dots mean a little.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use patter_types::expect::Expect;
use serde::{Deserialize, Serialize};

mod expected;
mod phrases;

pub use phrases::Phrases;
use phrases::Words;

use crate::pack;

/// What the words of a turn so far sound like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// How they end.
    pub ending: Ending,
    /// What they are.
    pub kind: Kind,
    /// How many there are; characters in a script without spaces.
    pub words: usize,
    /// Complete as a statement is: whoever asks waits for an answer, whoever tells may tell more.
    pub statement: bool,
}

/// How finished the words sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// A whole sentence or a quick answer: "yes please", "how much is it".
    Complete,
    /// Could be either, and sounds whole.
    Over,
    /// Could be either.
    Unclear,
    /// Ends in a word that cannot end a sentence: "and", "my", "because".
    Dangling,
    /// Asks for time at its end: "um", "let me see".
    Hesitating,
    /// A number, a code, an e-mail or a spelling that is still being read out.
    Reading,
}

impl Ending {
    /// For words in noise, which may be others: they are not taken for surely finished.
    pub fn at_least_unclear(self) -> Self {
        match self {
            Self::Complete | Self::Over => Self::Unclear,
            open => open,
        }
    }

    /// For words that sound as if they went on: a step away from whole.
    pub fn more_open(self) -> Self {
        match self {
            Self::Complete | Self::Over => Self::Unclear,
            open => open.at_least_dangling(),
        }
    }

    /// For words that are most likely others: they are not taken for finished.
    pub fn at_least_dangling(self) -> Self {
        match self {
            Self::Complete | Self::Over | Self::Unclear => Self::Dangling,
            open => open,
        }
    }
}

/// What kind of turn the words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Anything that is not one of the others.
    Words,
    /// Nothing but "uh huh", "okay", "I see"; an answer where a yes or no was asked for is none.
    Backchannel,
    /// Nothing but "hello".
    Greeting,
    /// Words in which the model does not believe much: a cough, or the first word before a pause.
    Doubtful,
    /// No words.
    Empty,
}

macro_rules! word_lists {
    ($($(#[$doc:meta])* $list:ident: $kind:ty,)+) => {
        /// What has to be known of a language. Each list is explained in `packs/en.toml`; an empty one may be left out.
        ///
        /// Some repeat words of [`crate::everyday`] and [`crate::values`]: yes, no, digits, marks of addresses. They
        /// are apart, since they tell only if a turn is over, languages without the other parts have them, and the
        /// settings may replace them.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct WordLists {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_default")] pub $list: $kind,)+
        }
    };
}

fn is_default<T: Default + PartialEq>(list: &T) -> bool {
    *list == T::default()
}

word_lists!(
    /// Signs of listening.
    backchannels: Phrases,
    /// Those of them that a hesitation may be heard as.
    hums: Phrases,
    /// Tests of the line.
    greetings: Phrases,
    /// Ends that ask for time.
    hesitations: Phrases,
    /// Ends of no sentence.
    dangling: Phrases,
    /// Ends of no sentence but a question.
    stranded: Phrases,
    /// Ends that look dangling and are not.
    closings: Phrases,
    /// Beginnings of questions with a question word.
    questions: Phrases,
    /// Beginnings of questions that turn verb and subject round.
    inversions: Phrases,
    /// Beginnings that change nothing.
    fillers: Phrases,
    /// Beginnings of clauses and requests.
    clauses: Phrases,
    /// Beginnings with a subject.
    subjects: Phrases,
    /// Verbs that make a clause of a subject.
    verbs: Phrases,
    /// Beginnings that wait for their main clause.
    subordinators: Phrases,
    /// After these what was read out begins anew.
    corrections: Phrases,
    /// Affirmations.
    yes: Phrases,
    /// Denials.
    no: Phrases,
    /// Number words and their figures.
    digits: BTreeMap<String, String>,
    /// "Double", "triple".
    repeats: BTreeMap<String, u32>,
    /// Words that recognition writes for digits.
    misheard_digits: BTreeMap<String, String>,
    /// What announces a number.
    number_cues: Phrases,
    /// Between a letter and the word that explains it.
    spelling_cues: Phrases,
    /// "At".
    email_at: Phrases,
    /// "Dot".
    email_dot: Phrases,
    /// Top-level domains.
    email_ends: Phrases,
    /// What announces an e-mail address.
    email_cues: Phrases,
    /// Words for streets.
    streets: Phrases,
    /// Words of an address after which more comes.
    address_open: Phrases,
    /// What announces a name.
    name_cues: Phrases,
);

/// The lists of `language` ("en", "en-US"): those of the settings, else those of its pack; empty ones when there are
/// none.
pub fn lists_for<'a>(settings: &'a BTreeMap<String, WordLists>, language: &str) -> &'a WordLists {
    static NONE: LazyLock<WordLists> = LazyLock::new(WordLists::default);
    let own = settings.get(&language.to_lowercase());
    own.or_else(|| settings.get(&pack::short(language)))
        .or_else(|| pack::of(language).map(|pack| &pack.turn))
        .unwrap_or(&NONE)
}

/// Reads `text`, the transcript of the turn so far.
pub fn read(text: &str, lists: &WordLists, expect: Expect) -> Reading {
    let words = Words::new(text);
    let kind = kind_of(&words, lists, expect);
    let ending = if kind == Kind::Empty || *lists == WordLists::default() {
        Ending::Unclear
    } else {
        let plain = plain_ending(&words, lists);
        let ending = expected::ending(&words, lists, expect, plain);
        weigh_mark(ending, words.mark)
    };
    Reading {
        ending,
        kind,
        words: words.count(),
        statement: ending == Ending::Complete
            && matches!(expect, Expect::Any | Expect::YesNo)
            && tells(&words, lists),
    }
}

/// Neither a question nor a short answer nor a farewell.
fn tells(words: &Words, lists: &WordLists) -> bool {
    let body = words.after(&lists.fillers);
    words.mark != Mark::Question
        && words.count() >= 3
        && !body.begins_with(&lists.questions)
        && !body.begins_with(&lists.inversions)
        && !words.only(&answers(lists))
        && tail_of(words, lists) != Tail::Closing
}

/// What a short answer is made of.
fn answers(lists: &WordLists) -> [&Phrases; 5] {
    [
        &lists.yes,
        &lists.no,
        &lists.closings,
        &lists.backchannels,
        &lists.fillers,
    ]
}

fn kind_of(words: &Words, lists: &WordLists, expect: Expect) -> Kind {
    if words.count() == 0 {
        Kind::Empty
    } else if words.only(&[&lists.greetings]) {
        Kind::Greeting
    } else if expect == Expect::YesNo && words.only(&[&lists.yes, &lists.no]) {
        Kind::Words
    } else if words.only(&[&lists.backchannels]) {
        Kind::Backchannel
    } else {
        Kind::Words
    }
}

/// The sign at the end of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// None, or a full stop.
    None,
    Question,
    Comma,
    /// Dots or a dash.
    CutOff,
}

/// Takes the final sign into account: dots and commas make it less finished by one step.
fn weigh_mark(ending: Ending, mark: Mark) -> Ending {
    match (ending, mark) {
        (Ending::Complete, Mark::Comma | Mark::CutOff) => Ending::Unclear,
        (Ending::Unclear, Mark::CutOff) => Ending::Dangling,
        _ => ending,
    }
}

/// The list with the longest phrase that the text ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tail {
    None,
    Closing,
    Hesitation,
    Stranded,
    Dangling,
}

fn tail_of(words: &Words, lists: &WordLists) -> Tail {
    // At the same length the first one counts.
    let mut best = (0, Tail::None);
    for (list, tail) in [
        (&lists.closings, Tail::Closing),
        (&lists.hesitations, Tail::Hesitation),
        (&lists.stranded, Tail::Stranded),
        (&lists.dangling, Tail::Dangling),
    ] {
        let length = words.ends_in(list);
        if length > best.0 {
            best = (length, tail);
        }
    }
    best.1
}

/// The ending when nothing in particular was asked for.
fn plain_ending(words: &Words, lists: &WordLists) -> Ending {
    let tail = tail_of(words, lists);
    let asked = words.mark == Mark::Question;
    // After "okay, so", where the sentence proper begins.
    let body = words.after(&lists.fillers);
    let is_question = body.begins_with(&lists.questions);
    let is_inversion = body.begins_with(&lists.inversions);
    match tail {
        Tail::Hesitation if !asked => return Ending::Hesitating,
        // "I don't": an answer where one was asked for, a beginning elsewhere.
        Tail::Stranded | Tail::Dangling if words.only(&[&lists.yes, &lists.no]) => {
            return Ending::Unclear;
        }
        Tail::Stranded if asked || (is_question && body.count() >= 3) => return Ending::Complete,
        Tail::Dangling if asked => return Ending::Unclear,
        Tail::Stranded | Tail::Dangling => return Ending::Dangling,
        _ => {}
    }
    if asked || tail == Tail::Closing {
        return Ending::Complete;
    }
    if words.only(&[&lists.greetings]) {
        // "Hello" may be the beginning of something.
        return Ending::Unclear;
    }
    if words.only(&[&lists.hums]) {
        return Ending::Hesitating;
    }
    if words.only(&answers(lists)) {
        return Ending::Complete;
    }
    if words.last_is_stray_letter() || body.only(&[&lists.inversions]) {
        return Ending::Dangling;
    }
    if body.count() == 2 && body.begins_with(&lists.subjects) {
        // "My friend": somebody of whom something will be told.
        return Ending::Dangling;
    }
    let whole = if is_question {
        body.count() >= 3
    } else if is_inversion {
        body.count() >= 4
    } else if body.begins_with(&lists.subordinators) {
        // "If I cancel now, do I get my money back": the main clause is there.
        body.count() >= 6 && body.contains(&lists.inversions)
    } else {
        (body.begins_with(&lists.clauses) && body.count() >= 3)
            || (body.begins_with(&lists.subjects)
                && body.count() >= 4
                && body.contains(&lists.verbs))
    };
    if whole {
        Ending::Complete
    } else {
        Ending::Unclear
    }
}

#[cfg(test)]
mod tests;
