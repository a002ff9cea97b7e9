//! What the guard has to know of a language that judges what the model would say.
//!
//! In: a part of a pack. Out: its tables. Memory: see [`crate::lists`].

use serde::Deserialize;

use crate::lists::{Meanings, Phrases, Text};

/// What the guard has to know. Which word may follow which is in the guard.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardWords {
    /// Words of sentences.
    pub words: SentenceWords,
    /// Numbers, sums, days and times.
    pub figures: FigureWords,
    /// Promises.
    pub promises: PromiseWords,
    /// What is meant for the agent and not for the caller.
    pub leaks: LeakWords,
}

/// Words of sentences.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentenceWords {
    /// Tell nothing of what a sentence is about.
    pub function_words: Phrases,
    /// Count or measure something.
    pub measures: Phrases,
    /// Have a capital letter, and name nobody.
    pub capitals: Phrases,
}

/// Numbers, sums, days and times in what the agent says.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureWords {
    /// What sums are counted in.
    pub currencies: Phrases,
    /// Numbers that have no figures.
    pub vague: Phrases,
    /// What "one" may count without being a figure: "one moment".
    pub harmless: Phrases,
    /// Stand before "one" where it means a thing and no number: "that one".
    pub before_pronoun: Phrases,
    /// What something is counted by: "29 dollars a month". "A week" and "every week" mean the same here.
    pub periods: Phrases,
    /// Periods in one word.
    pub adverbs: Meanings<Text>,
    /// Make a number less exact, and leave it a number.
    pub modifiers: Phrases,
    /// Stand before a time of day.
    pub before_time: Phrases,
    /// Follow a time of day.
    pub time_words: Phrases,
    /// Parts of the day after "in the": "6 in the morning".
    pub parts_of_day: Phrases,
    /// Follow an hour, and make it a time of day.
    pub at_time: Phrases,
    /// Say how long something takes.
    pub takes: Phrases,
    /// Tell that a sum is the caller's own: it was said, charged or paid.
    pub echoes: Phrases,
    /// Make an offer of a sum that the caller named.
    pub offers: Phrases,
    /// Feasts.
    pub feasts: Phrases,
    /// Months that are verbs too: they are months where they have a capital letter.
    pub months_or_verbs: Phrases,
    /// Days and times by what they are from now.
    pub relative: Phrases,
    /// Stand before a time of the year or the week and make a date of it: "next week".
    pub near: Phrases,
    /// What they stand before.
    pub spans: Phrases,
    /// Questions that begin so ask how somebody is, unless they propose something: "how are you today?"
    pub how_are_you: Phrases,
    /// Propose something in such a question: "how about today?"
    pub proposals: Phrases,
    /// Offer help: "anything else I can do for you today?"
    pub help: Phrases,
    /// What the help is for.
    pub help_with: Phrases,
    /// Thank: "thank you for your time today".
    pub thanks: Phrases,
}

/// Promises that an approved line must make before the agent may.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseWords {
    /// Bind the house, or tell of something done that nobody did.
    pub phrases: Phrases,
    /// What a caller is offered: only a line that offers it too allows that.
    pub goods: Phrases,
    /// Verbs of giving.
    pub giving: Phrases,
    /// What the absence of is a promise: "no joining fee".
    pub burdens: Phrases,
    /// Deny the promise that follows.
    pub denials: Phrases,
    /// After "no" these deny nothing: "no problem, I guarantee it".
    pub soothing: Phrases,
    /// What an agent on the phone has not done, unless a line says so.
    pub acts: Phrases,
    /// What an agent does on the phone and may say.
    pub spoken_acts: Phrases,
    /// Stand inside "I have already blocked".
    pub act_adverbs: Phrases,
    /// Follow a verb and not an adjective: "we have heated pools" tells of nothing done.
    pub after_verb: Phrases,
    /// Begin what is not done yet: "once I have opened it".
    pub conditions: Phrases,
    /// Verbs that tell what becomes of something: "your refund has been approved".
    pub auxiliaries: Phrases,
    /// Follow "the refund is" and give nothing.
    pub open_ends: Phrases,
    /// Answer news of the caller's own: "I see, your card has been blocked".
    pub news: Phrases,
    /// Stand between "is" and "free".
    pub free_adverbs: Phrases,
    /// What is free when nobody has taken it.
    pub places: Phrases,
    /// Who is free when they have time.
    pub people: Phrases,
    /// Say of something named before that it is free.
    pub free_answers: Phrases,
    /// Condolences, which small models give to callers who spoke of no loss.
    pub condolences: Phrases,
    /// Losses that a caller may have spoken of.
    pub losses: Phrases,
}

/// What is meant for the agent and not for the caller.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakWords {
    /// Words of the prompt and of the playbook's form.
    pub prompt_words: Phrases,
    /// Labels of sections and of the other side's lines, before a colon.
    pub labels: Phrases,
    /// Labels of the agent's own line in a written dialogue: they are taken off.
    pub own_labels: Phrases,
    /// What a stage is called beside its name: "the closing stage".
    pub stage_kinds: Phrases,
    /// What the agent thinks, and does not say.
    pub thoughts: Phrases,
    /// Asks for a moment; what follows a colon is the thought itself.
    pub thinking: Phrases,
    /// What a machine says of itself, and what a machine that plays a person says. "I am a virtual assistant" is
    /// true and allowed.
    pub off_persona: Phrases,
    /// Stand where a name was to be filled in.
    pub blanks: Phrases,
    /// Parts of an address of the web.
    pub web: Phrases,
}
