//! Yes or no, one of several, and free text.
//!
//! In: the caller's words. Out: "yes" or "no", a choice as the playbook writes it, the words themselves. Memory: short
//! strings. When late or full: text is cut after [`MAX_TEXT`] characters. Source: ours.

use super::heard::Heard;
use super::letters::distance;
use super::money;
use super::{Entity, NO, YES};

/// Most characters of a free text.
const MAX_TEXT: usize = 200;
/// Words beside "I don't know" that make it a text of its own.
const MIN_TEXT_WORDS: usize = 4;
/// Letters of the shortest word in which one may be wrong.
const MIN_TOLERANT: usize = 4;

/// What a phrase says to a question of yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    /// Neither.
    Open,
}

/// Yes or no, also by a roundabout way; the last one said counts.
pub(super) fn yes_no(heard: &Heard) -> Option<Entity> {
    let table = &heard.language.answers;
    let talk = &heard.language.talk;
    let mut found: Vec<(Verdict, bool)> = Vec::new();
    let mut at = 0;
    let is_agreement = heard.is_only(
        0..heard.len(),
        &[table.yes_alone, table.yes, talk.openers, talk.closers],
    );
    while at < heard.len() {
        // Of two phrases of the same length the first counts.
        let phrases = [
            (table.no, Verdict::No, true, false),
            (table.yes, Verdict::Yes, true, false),
            (table.yes_perhaps, Verdict::Yes, false, false),
            (table.open, Verdict::Open, true, false),
            (talk.nothing, Verdict::Open, true, false),
            (talk.waiting, Verdict::Open, true, false),
            (table.yes_short, Verdict::Yes, true, true),
            (table.no_short, Verdict::No, true, true),
        ];
        let mut best = (0, None);
        for (list, verdict, is_sure, is_short) in phrases {
            let length = heard.phrase_at(at, list);
            if length <= best.0 {
                continue;
            }
            let end = at + length;
            let ends = heard.is_clause_start(end)
                || heard.is_only(end..heard.len(), &[talk.closers, talk.openers]);
            let counts = !is_short || ends || verdict == Verdict::No;
            best = (
                length,
                counts.then_some((verdict, is_sure && (!is_short || ends))),
            );
        }
        if best.0 == 0 && is_agreement {
            best = (
                heard.phrase_at(at, table.yes_alone),
                Some((Verdict::Yes, true)),
            );
        }
        let clause = heard.phrase_at(at, table.no_clause);
        if clause > 0 && clause >= best.0 {
            found.push((Verdict::No, true));
            at = (at + clause..heard.len())
                .find(|&at| heard.is_clause_start(at))
                .unwrap_or(heard.len());
            continue;
        }
        if best.0 > 0 {
            found.extend(best.1);
        }
        at += best.0.max(1);
    }
    let is_clear = found.iter().all(|(verdict, is_sure)| {
        Some(verdict) == found.first().map(|(first, _)| first) && *is_sure
    });
    let (verdict, _) = found
        .iter()
        .rev()
        .find(|(verdict, _)| *verdict != Verdict::Open)?;
    // "Yes, what time?" answers, "what kind of?" does not.
    let answers_first = heard.phrase_at(0, table.yes) + heard.phrase_at(0, table.no) > 0;
    if heard.is_question() && !answers_first {
        return None;
    }
    let value = if *verdict == Verdict::Yes { YES } else { NO };
    Some(Entity::new(value, value, is_clear))
}

/// One of `choices`: the one with most of its words in `heard`, or the one at the place that is named.
pub(super) fn choice(heard: &Heard, choices: &[String]) -> Option<Entity> {
    let table = &heard.language.answers;
    let words_of = |choice: &String| -> Vec<String> {
        let words = Heard::new(choice, heard.language).words;
        words.into_iter().map(|word| word.plain).collect()
    };
    let all: Vec<Vec<String>> = choices.iter().map(words_of).collect();
    // "Plan" tells the full plan from no other plan.
    let mut shared = all.first().cloned().unwrap_or_default();
    shared.retain(|word| all.len() > 1 && all.iter().all(|words| words.contains(word)));
    let scored: Vec<Score> = choices
        .iter()
        .map(|choice| score(heard, choice, &shared))
        .collect();
    let best = scored
        .iter()
        .map(|score| score.hundredths)
        .max()
        .unwrap_or(0);
    let mut closest = scored
        .iter()
        .enumerate()
        .filter(|(_, score)| score.hundredths == best && best > 0);
    if let (Some((at, score)), None) = (closest.next(), closest.next()) {
        // A word that only this choice has, letter by letter.
        let others = |word: &String| {
            (all.iter().enumerate()).any(|(other, words)| other != at && words.contains(word))
        };
        let is_own = score.exact.iter().any(|word| !others(word));
        let choice = choices.get(at)?;
        return Some(Entity::new(choice, choice, is_own && !score.is_near));
    }
    if best > 0 || heard.find(table.several).is_some() {
        return None;
    }
    let place = (0..heard.len()).find_map(|at| {
        let (place, words) = heard.meaning_at(at, table.places)?;
        // "The first", and not "first of all".
        let ends = at + words == heard.len()
            || heard.is_clause_start(at + words)
            || words > 1
            || heard.is_only(
                at + words..heard.len(),
                &[heard.language.talk.closers, heard.language.clock.around],
            );
        ends.then_some(place)
    })?;
    let at = if place > 0 {
        place as usize - 1
    } else {
        choices.len().checked_sub(place.unsigned_abs() as usize)?
    };
    let choice = choices.get(at)?;
    Some(Entity::new(
        choice.as_str(),
        choice.as_str(),
        choices.len() > 1,
    ))
}

/// How much of a choice was heard.
struct Score {
    /// Hundredths of its words, if at least half of them were.
    hundredths: usize,
    /// Those that were heard letter by letter.
    exact: Vec<String>,
    /// Others only sounded like it.
    is_near: bool,
}

/// How much of `choice` is in `heard`, without the words that all choices have.
fn score(heard: &Heard, choice: &str, shared: &[String]) -> Score {
    let small = heard.language.answers.small;
    let wanted = Heard::new(choice, heard.language);
    let all: Vec<&str> = (0..wanted.len()).map(|at| wanted.plain(at)).collect();
    let tells = |word: &&str| !small.contains(word) && !shared.iter().any(|other| other == word);
    let telling: Vec<&str> = all.iter().copied().filter(tells).collect();
    let words = if telling.is_empty() { all } else { telling };
    let (mut near, mut exact) = (0, Vec::new());
    for word in &words {
        let mut heard_words = (0..heard.len()).map(|at| heard.plain(at));
        if heard_words.clone().any(|heard| heard == *word) {
            exact.push((*word).to_owned());
        } else if heard_words.any(|heard| is_near(heard, word)) {
            near += 1;
        }
    }
    let found = near + exact.len();
    if found == 0 {
        // "Offpeak" for "off peak".
        let joined = words.concat();
        let is_joined = (0..heard.len()).any(|at| {
            let pair = format!("{}{}", heard.plain(at), heard.plain(at + 1));
            pair == joined || heard.plain(at) == joined
        });
        return Score {
            hundredths: if is_joined { 100 } else { 0 },
            exact: words.iter().map(|word| (*word).to_owned()).collect(),
            is_near: false,
        };
    }
    let count = words.len().max(1);
    let is_enough = 2 * found >= count;
    Score {
        hundredths: if is_enough { 100 * found / count } else { 0 },
        exact,
        is_near: near > 0,
    }
}

/// The same but for one letter, or a plural.
fn is_near(heard: &str, word: &str) -> bool {
    let length = word.chars().count().min(heard.chars().count());
    length >= MIN_TOLERANT && distance(heard, word) <= 1
}

/// The words themselves, as they were said.
pub(super) fn text(heard: &Heard) -> Option<Entity> {
    let talk = &heard.language.talk;
    let lists = [talk.nothing, talk.waiting, talk.openers, talk.closers];
    let is_nothing = heard.gives_nothing() || heard.is_question();
    if heard.uncovered(&lists) == 0 {
        return None;
    }
    if is_nothing && heard.uncovered(&lists) < MIN_TEXT_WORDS {
        return None;
    }
    let start = heard.after(0, &[talk.openers, talk.waiting]);
    let start = if start < heard.len() { start } else { 0 };
    let mut end = heard.len();
    while let length @ 1.. = heard.phrase_before(end, talk.closers) {
        if end - length <= start {
            break;
        }
        end -= length;
    }
    let mut text = String::new();
    let mut is_whole = true;
    for (at, word) in heard.words[start..end].iter().enumerate() {
        if text.chars().count() + word.text.chars().count() > MAX_TEXT {
            is_whole = false;
            break;
        }
        if at > 0 {
            let before = &heard.words[start + at - 1];
            let mark = if before.ends_sentence {
                ". "
            } else if before.ends_clause {
                ", "
            } else {
                " "
            };
            let is_mark = |word: &str| word.chars().all(|c| !c.is_alphanumeric());
            let is_glued = word.is_joined && !before.ends_clause;
            text.push_str(match is_glued {
                true if is_mark(&word.text) || is_mark(&before.text) => "",
                true => "-",
                false => mark,
            });
        }
        let sign = word
            .currency
            .map(|sign| format!(" {}", money::several(sign, heard.language)))
            .unwrap_or_default();
        text.push_str(&format!("{}{sign}", word.text));
        if word.percent {
            text.push_str(&format!(" {}", heard.language.numbers.percent));
        }
    }
    (!text.is_empty()).then(|| Entity::new(text.clone(), text, is_whole && !is_nothing))
}
