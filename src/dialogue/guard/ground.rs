//! What may be claimed: the approved lines of the playbook, and what the caller said.
//!
//! In: a playbook, slots; texts of the caller. Out: [`Ground`], and [`Line`]s to look claims up in. Memory: the words
//! of the playbook, once a call.
//!
//! A number alone proves little: "30 days" is the time to get one's money back, and no length of a trial. So a claim
//! must also be about what the approved line is about: at least half of the words of its clause that have a meaning,
//! and of the playbook's words elsewhere in the sentence, must be in the line, or in the phrases of callers that lead
//! to it. A claim that is about nothing in particular ("it's 29 dollars a month") needs a line that says the number of
//! nothing in particular either.

use std::collections::{BTreeMap, HashSet};

use super::figures::is_calendar;
use super::numbers::{Number, is_number_word, numbers, runs};
use super::words::{cut, figure_words, holds, is_function_word, joined, sentence_words, spaced};
use patter_language::stem::singular;
use patter_language::words::{Word, words};
use patter_playbook::Playbook;

/// One text that claims can be looked up in.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// As phrases are looked for.
    pub(super) spaced: String,
    /// Stems of its words, and of the phrases that lead to it.
    pub(super) stems: HashSet<String>,
    /// Its numbers.
    pub(super) numbers: Vec<Number>,
    /// Figures of numbers that can be read out one by one: several side by side, long ones, and times.
    pub(super) runs: Vec<String>,
    /// Its sentences, as phrases are looked for.
    pub(super) sentences: Vec<String>,
    /// Its clauses, in the same way.
    pub(super) clauses: Vec<String>,
    kind: Kind,
    /// The line that a figure belongs to, as phrases are looked for.
    of: String,
    /// Stems of the phrases that lead to it.
    pub(super) about: HashSet<String>,
    /// What each of its numbers is said of.
    scopes: Vec<Scope>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// It is spoken.
    #[default]
    Spoken,
    /// A value of a slot: the call knows it, as it knows what the caller said.
    Slot,
    /// The figure of a fact, whose line says what it is of.
    Figure,
}

/// What a number of a line is said of.
#[derive(Debug, Clone, Default)]
struct Scope {
    /// Its own sentence among those of the line.
    sentence: usize,
    /// Topics of the sentences before its own.
    before: Vec<String>,
    /// Topics of its own sentence, up to the end of its clause.
    own: Topics,
}

/// What a claim is about.
#[derive(Debug, Clone, Default)]
pub(super) struct Topics {
    /// Stems of words that have a meaning.
    pub(super) specific: Vec<String>,
    /// Those of them that name the house or the whole playbook.
    neutral: Vec<String>,
}

impl Line {
    /// A text, and texts that tell what it is about.
    pub(super) fn new(text: &str, about: &[&str]) -> Self {
        let found = words(text);
        let numbers = numbers(&found);
        let about = about.iter().flat_map(|text| words(text));
        let about: HashSet<String> = about.map(|word| singular(&word.plain)).collect();
        let own = found.iter().map(|word| singular(&word.plain));
        Self {
            spaced: spaced(text),
            stems: own.chain(about.iter().cloned()).collect(),
            runs: read_out(&numbers),
            sentences: cut(text, |word| word.ends_sentence),
            clauses: cut(text, |word| word.ends_clause),
            kind: Kind::Spoken,
            of: String::new(),
            about,
            scopes: Vec::new(),
            numbers,
        }
    }

    /// Takes in all of `other`.
    pub(super) fn add(&mut self, other: Self) {
        self.spaced.push_str(&other.spaced);
        self.stems.extend(other.stems);
        self.numbers.extend(other.numbers);
        self.runs.extend(other.runs);
        self.sentences.extend(other.sentences);
        self.clauses.extend(other.clauses);
    }
}

/// Figures of a number that is long enough to be a code.
const CODE_FIGURES: usize = 4;

fn read_out(numbers: &[Number]) -> Vec<String> {
    let several = runs(numbers).into_iter().filter(|(figures, parts)| {
        let is_time = numbers[parts.start].value.contains(':');
        parts.len() > 1 || figures.len() >= CODE_FIGURES || is_time
    });
    several.map(|(figures, _)| figures).collect()
}

/// All that the playbook approves.
#[derive(Debug)]
pub(super) struct Ground {
    /// The lines that are spoken, and the values of the slots.
    pub(super) lines: Vec<Line>,
    /// Stems that any of them holds: what the playbook talks about, and the names it knows.
    pub(super) known: HashSet<String>,
    /// Stems of names and titles: every line is about those.
    neutral: HashSet<String>,
}

impl Ground {
    pub(super) fn new(playbook: &Playbook, slots: &BTreeMap<String, String>) -> Self {
        let role = &playbook.role;
        let names = format!("{} {} {}", role.name, role.company, playbook.title);
        let neutral: HashSet<String> = words(&names)
            .iter()
            .map(|word| singular(&word.plain))
            .collect();
        let mut lines = Vec::new();
        let mut add_as = |kind: Kind, text: &str, about: &[&str]| {
            let filled = playbook
                .fill(text, slots)
                .unwrap_or_else(|| text.to_owned());
            let mut line = Line::new(&filled, about);
            line.kind = kind;
            if let (Kind::Figure, Some(say)) = (kind, about.last()) {
                line.of = spaced(
                    &playbook
                        .fill(say, slots)
                        .unwrap_or_else(|| (*say).to_owned()),
                );
            }
            line.scopes = scopes(&neutral, &filled, &line.numbers);
            lines.push(line);
        };
        let mut add = |text: &str, about: &[&str]| add_as(Kind::Spoken, text, about);
        for stage in &playbook.flow {
            add(&stage.ask, &[]);
        }
        for line in &playbook.script {
            add(&line.say, &leading_to(playbook, &line.intent));
        }
        let asks = playbook.slots.iter();
        for (name, ask) in asks.filter_map(|(name, slot)| Some((name, slot.ask.as_ref()?))) {
            add(ask, &[name]);
        }
        for objection in &playbook.objections {
            let about: Vec<&str> = objection.when.iter().map(String::as_str).collect();
            for say in &objection.say {
                add(say, &about);
            }
        }
        for fact in &playbook.facts {
            let mut about: Vec<&str> = fact.when.iter().map(String::as_str).collect();
            about.push(&fact.id);
            add(&fact.say, &about);
        }
        let fixed = &playbook.lines;
        for line in [
            &fixed.opening,
            &fixed.repeat,
            &fixed.silence,
            &fixed.gone,
            &fixed.filler,
            &fixed.trouble,
            &fixed.goodbye,
            &fixed.fallback,
            &fixed.not_known,
            &playbook.compliance.opening_notice,
        ] {
            add(line, &[]);
        }
        let optional = [
            &fixed.redirect,
            &fixed.time_up,
            &fixed.opt_out,
            &fixed.confirm,
        ];
        for line in optional.into_iter().flatten() {
            add(line, &[]);
        }
        for fact in &playbook.facts {
            if let (Some(value), Some(unit)) = (fact.value, &fact.unit) {
                let mut about: Vec<&str> = fact.when.iter().map(String::as_str).collect();
                about.extend([fact.id.as_str(), &fact.say]);
                let figure = format!("{value} {unit}");
                add_as(Kind::Figure, &figure, &about);
            }
        }
        let defaults = playbook.slots.iter();
        let defaults = defaults
            .filter(|(name, _)| slots.get(*name).is_none_or(|value| value.trim().is_empty()))
            .map(|(name, slot)| (name, &slot.default));
        for (name, value) in defaults.chain(slots) {
            add_as(Kind::Slot, value, &[name]);
        }
        complete_figures(&mut lines);
        let spoken = lines
            .iter()
            .flat_map(|line| line.spaced.split_whitespace())
            .map(singular);
        let known = spoken.chain(neutral.iter().cloned()).collect();
        Self {
            lines,
            known,
            neutral,
        }
    }

    /// Whether a line that `fits` is about `topics`.
    pub(super) fn supports(&self, topics: &[String], fits: impl Fn(&Line) -> bool) -> bool {
        self.lines.iter().any(|line| {
            let shared = topics
                .iter()
                .filter(|topic| line.stems.contains(*topic))
                .count();
            2 * shared >= topics.len() && fits(line)
        })
    }

    /// As [`Self::supports`], for the number of a line: where its own sentence names what it is of, the others do not
    /// count. Nor does a line that leaves out what only another sum is of: the plan for 29 dollars is not the family
    /// plan.
    pub(super) fn supports_sum(
        &self,
        topics: &Topics,
        value: &str,
        fits: impl Fn(&Number) -> bool,
    ) -> bool {
        let is_foreign = |topic: &String| {
            let sums = |line: &&Line, own: bool| {
                let mut sums = line.numbers.iter().filter(|number| is_sum(number));
                sums.any(|number| (number.value == value) == own) && line.stems.contains(topic)
            };
            self.lines.iter().any(|line| sums(&line, false))
                && !self.lines.iter().any(|line| sums(&line, true))
        };
        if topics.specific.iter().any(is_foreign) {
            return false;
        }
        let shares = |line: &Line, scope: &Scope| {
            let names = !scope.own.specific.is_empty() || !scope.own.neutral.is_empty();
            let own = line.sentences.get(scope.sentence).filter(|_| names);
            let own: Option<Vec<String>> =
                own.map(|sentence| sentence.split_whitespace().map(singular).collect());
            let is_of = |topic: &&String| match &own {
                Some(own) => own.contains(topic) || line.about.contains(*topic),
                None => line.stems.contains(*topic),
            };
            let shared = topics.specific.iter().filter(is_of).count();
            // "After the trial, the membership is 29 dollars."
            let mut named = topics
                .neutral
                .iter()
                .filter(|_| scope.own.specific.is_empty());
            2 * shared >= topics.specific.len()
                || named.any(|name| scope.own.neutral.contains(name))
        };
        self.lines.iter().any(|line| {
            let mut numbers = line.numbers.iter().zip(&line.scopes);
            numbers.any(|(number, scope)| fits(number) && shares(line, scope))
        })
    }

    /// Whether a line says a number that `fits` of the house or of nothing in particular, as a claim about `topics`
    /// does that has no specific one. Where the claim `takes` its time, any line does that tells how long something
    /// takes.
    pub(super) fn supports_in_general(
        &self,
        topics: &Topics,
        claim: &Number,
        takes: bool,
        fits: impl Fn(&Number) -> bool,
    ) -> bool {
        let spoken = self.lines.iter().filter(|line| line.kind == Kind::Spoken);
        let mut said = spoken.flat_map(|line| {
            let numbers = line.numbers.iter().zip(&line.scopes);
            numbers.map(move |(number, scope)| (line, number, scope))
        });
        let is_sum_claim = is_sum(claim);
        // "It's 24 dollars a year", where nothing else has a price by the year.
        let is_only =
            is_sum_claim
                && claim.period.is_some()
                && topics.neutral.is_empty()
                && !self.lines.iter().flat_map(|line| &line.numbers).any(|own| {
                    is_sum(own) && own.period == claim.period && own.value != claim.value
                });
        said.any(|(line, number, scope)| {
            let named = |there: &dyn Fn(&String) -> bool| topics.neutral.iter().all(there);
            let names_it = !topics.neutral.is_empty();
            let general = scope.own.specific.is_empty()
                && (scope.before.is_empty()
                    || (names_it && named(&|name| scope.own.neutral.contains(name))));
            // "How long is the appointment?" leads to its line, which may name the parts instead.
            let asked = !is_sum_claim && names_it && named(&|name| line.about.contains(name));
            let lasts = takes
                && figure_words()
                    .takes
                    .iter()
                    .any(|verb| holds(&line.spaced, verb))
                && named(&|name| line.stems.contains(name));
            fits(number) && (is_only || general || asked || lasts)
        })
    }

    /// What the call knows beside the playbook and the caller's words.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.kind == Kind::Slot)
    }

    /// Whether `words` are a sentence of a line, word for word.
    pub(super) fn is_verbatim(&self, words: &[Word]) -> bool {
        let sentence = joined(words);
        let mut lines = self.lines.iter().filter(|line| line.kind != Kind::Figure);
        lines.any(|line| line.sentences.contains(&sentence))
    }

    /// Whether any line holds `phrase`.
    pub(super) fn says(&self, phrase: &str) -> bool {
        self.lines.iter().any(|line| holds(&line.spaced, phrase))
    }

    /// What a claim that is the words `first` to `last` is about.
    pub(super) fn topics(&self, words: &[Word], first: usize, last: usize) -> Topics {
        let before = words[..first].iter().rposition(|word| word.ends_clause);
        let start = before.map_or(0, |at| at + 1);
        let after = words[last..].iter().position(|word| word.ends_clause);
        let end = after.map_or(words.len(), |at| last + at + 1);
        // The word after a number is what it counts.
        let counted = last + usize::from(!words[last].ends_clause);
        let others = words
            .iter()
            .enumerate()
            .filter(|(at, _)| *at < first || *at > counted);
        let found = others.filter_map(|(at, word)| {
            let topic = topic(&word.plain).or_else(|| measured(words, at))?;
            let is_near = (start..end).contains(&at);
            (is_near || self.known.contains(&topic)).then_some(topic)
        });
        Topics::new(&self.neutral, found)
    }

    /// What `spaced` is about beside the words of `phrase`.
    pub(super) fn topics_beside(&self, spaced: &str, phrase: &str) -> Vec<String> {
        let others = spaced
            .split_whitespace()
            .filter(|word| !phrase.split(' ').any(|part| part == *word));
        Topics::new(&self.neutral, others.filter_map(topic)).specific
    }
}

impl Topics {
    fn new(names: &HashSet<String>, found: impl Iterator<Item = String>) -> Self {
        let (neutral, specific) = found.partition(|topic| names.contains(topic));
        Self { specific, neutral }
    }
}

/// The stem of a word, if it tells what a sentence is about.
fn topic(plain: &str) -> Option<String> {
    let stemmed = singular(plain);
    let is_plain = is_function_word(plain)
        || is_function_word(&stemmed)
        || stemmed.chars().count() < 2
        || is_number_word(plain)
        || sentence_words().measures.contains(&stemmed.as_str())
        || is_calendar(&stemmed);
    (!is_plain).then_some(stemmed)
}

/// The stem of a word that measures and is not measured here: "nights pay more".
fn measured(words: &[Word], at: usize) -> Option<String> {
    let plain = words[at].plain.as_str();
    let stemmed = singular(plain);
    let is_plural = sentence_words().measures.contains(&stemmed.as_str())
        && !figure_words().currencies.contains(&stemmed.as_str())
        && stemmed != plain;
    let counted = words[at.saturating_sub(2)..at]
        .iter()
        .any(|word| is_number_word(&word.plain));
    (is_plural && !counted).then_some(stemmed)
}

/// The figure of a fact that its line says without the unit or the period goes into the line, since there it is clear
/// what it is of.
fn complete_figures(lines: &mut Vec<Line>) {
    let figures = lines.iter().filter(|line| line.kind == Kind::Figure);
    let figures: Vec<(Number, String)> = figures
        .filter_map(|line| Some((line.numbers.first()?.clone(), line.of.clone())))
        .collect();
    for (figure, of) in &figures {
        let own = lines
            .iter_mut()
            .filter(|line| line.kind == Kind::Spoken && line.spaced == *of);
        let mut is_said = false;
        for number in own.flat_map(|line| &mut line.numbers) {
            let is_same = number.value == figure.value
                && !number.is_date
                && (number.unit.is_none() || number.unit == figure.unit);
            if is_same {
                number.unit.clone_from(&figure.unit);
                number.period = figure.period.clone().or(number.period.take());
                is_said = true;
            }
        }
        if is_said {
            lines.retain(|line| line.kind != Kind::Figure || line.of != *of);
        }
    }
}

fn is_sum(number: &Number) -> bool {
    number.unit.as_deref().is_some_and(super::figures::is_sum)
}

/// What each of the numbers of `text` is said of.
fn scopes(names: &HashSet<String>, text: &str, numbers: &[Number]) -> Vec<Scope> {
    let words = words(text);
    let topics_of = |part: &mut dyn Iterator<Item = usize>| {
        let topics = part.filter_map(|at| topic(&words[at].plain).or_else(|| measured(&words, at)));
        Topics::new(names, topics)
    };
    let scope = |number: &Number| {
        let before = &words[..number.first];
        let start = before.iter().rposition(|word| word.ends_sentence);
        let start = start.map_or(0, |at| at + 1);
        let after = words[number.last..]
            .iter()
            .position(|word| word.ends_clause);
        let end = after.map_or(words.len(), |at| number.last + at + 1);
        let counted = number.last + usize::from(!words[number.last].ends_clause);
        Scope {
            sentence: before.iter().filter(|word| word.ends_sentence).count(),
            before: topics_of(&mut (0..start)).specific,
            own: topics_of(&mut (start..number.first).chain(counted + 1..end)),
        }
    };
    numbers.iter().map(scope).collect()
}

/// What callers say before a line that answers `intent`.
fn leading_to<'a>(playbook: &'a Playbook, intent: &'a str) -> Vec<&'a str> {
    let (section, id) = intent.split_once('.').unwrap_or(("", intent));
    let when = match section {
        "facts" => playbook.fact(id).map(|fact| &fact.when),
        "objections" => playbook.objection(id).map(|objection| &objection.when),
        _ => None,
    };
    let when = when.into_iter().flatten().map(String::as_str);
    when.chain([id]).collect()
}
