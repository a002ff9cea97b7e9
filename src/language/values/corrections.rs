//! What was taken back: in the same breath ("four, no, five"), or in the next turn.
//!
//! In: the caller's words, the value before. Out: the value that is meant. Memory: copies of the words. When late or
//! full: only the last [`MAX_RESTARTS`] restarts are tried. Source: ours.

use jiff::civil::Date;

use super::heard::Heard;
use super::{Entity, SlotKind, answers, dates, digits, emails, money, names, quantity, times};

/// Restarts of one answer that are tried, from the last one back.
const MAX_RESTARTS: usize = 3;
/// Words of the longest value that is taken back with "not".
const MAX_NEGATED: usize = 6;

/// The value in `heard`, without what was taken back in it.
pub(super) fn capture(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Entity> {
    match kind {
        SlotKind::Text => return answers::text(heard),
        SlotKind::YesNo => return answers::yes_no(heard),
        _ => {}
    }
    if heard.is_question() {
        return None;
    }
    let talk = &heard.language.talk;
    let is_doubtful = heard.gives_nothing() || denies_part(kind, heard);
    let heard = heard.without_all(talk.waiting).without_all(talk.nothing);
    let found = restarted(kind, &heard, today).or_else(|| meant(kind, &heard, today))?;
    Some(Entity {
        sure: found.sure && !is_doubtful,
        ..found
    })
}

/// The value in words that take nothing back.
fn plain(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Entity> {
    match kind {
        SlotKind::Text => answers::text(heard),
        SlotKind::YesNo => answers::yes_no(heard),
        SlotKind::Name => names::capture(heard),
        SlotKind::Date => dates::capture(heard, today),
        SlotKind::Time => times::capture(heard),
        SlotKind::Money => money::capture(heard),
        SlotKind::Number => quantity::number(heard),
        SlotKind::Phone | SlotKind::Digits { .. } => digits::capture(heard, kind),
        SlotKind::Email => emails::capture(heard),
        SlotKind::Choice(choices) => answers::choice(heard, choices),
    }
}

/// "Tuesday, no, Wednesday": what stands before the restart, corrected by what stands after it.
fn restarted(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Entity> {
    let talk = &heard.language.talk;
    let mut cuts = Vec::new();
    let mut from = 1;
    while let Some(found) = heard.find_from(from, talk.restarts) {
        from = found.end;
        // "Friday rather than Thursday" keeps the Friday.
        if heard.phrase_at(found.start, talk.not) <= found.len() {
            cuts.push(found);
        }
    }
    cuts.into_iter().rev().take(MAX_RESTARTS).find_map(|cut| {
        let before = meant(kind, &heard.part(0..cut.start), today)?;
        let after = heard.part(cut.end..heard.len());
        let mut found = changed(&before, kind, &after, today)?;
        // Whether the beginning of a number is replaced or continued is not to be told.
        found.sure &= *kind != SlotKind::Phone || kind.is_whole(&before.value);
        Some(found)
    })
}

/// The value in `heard` that is not denied.
fn meant(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Entity> {
    plain(kind, &without_denied(kind, heard, today), today)
}

/// `heard` without the values that are denied: "not Tuesday, Wednesday", "Tuesday doesn't work".
fn without_denied(kind: &SlotKind, heard: &Heard, today: Date) -> Heard {
    let talk = &heard.language.talk;
    let mut rest = heard.clone();
    for at in (0..heard.len()).rev() {
        if let Some(end) = denied_until(kind, &rest, at, today) {
            rest = rest.without(at..end);
            continue;
        }
        // "417 555 0123, I have a meeting until five" takes no number back.
        let unfit = match kind {
            SlotKind::Phone | SlotKind::Digits { .. } | SlotKind::Email | SlotKind::Name => 0,
            _ => rest.phrase_at(at, talk.unfit),
        };
        if unfit > 0 {
            let start = (at.saturating_sub(MAX_NEGATED)..at)
                .rev()
                .find(|&start| plain(kind, &rest.part(start..at), today).is_some());
            if let Some(start) = start {
                rest = rest.without(start..at + unfit);
            }
        }
    }
    rest
}

/// Words of a denial at `at`; 0 for none.
fn denial_at(kind: &SlotKind, heard: &Heard, at: usize) -> usize {
    let (talk, answers) = (&heard.language.talk, &heard.language.answers);
    // "Why not tomorrow?" denies nothing.
    if at > 0 && heard.phrase_at(at - 1, talk.proposals) > 1 {
        return 0;
    }
    let not = heard.phrase_at(at, talk.not);
    // "No video, please": to a choice that is open, a no belongs to what follows it.
    let is_no = at == 0
        && matches!(kind, SlotKind::Choice(_))
        && answers.no.contains(&heard.plain(at))
        && !heard.is_clause_start(at + 1);
    not.max(usize::from(is_no))
}

/// Where the value ends that is denied at `at`: "not Tuesday", "can't do Monday or Tuesday".
fn denied_until(kind: &SlotKind, heard: &Heard, at: usize, today: Date) -> Option<usize> {
    let not = denial_at(kind, heard, at);
    if not == 0 {
        return None;
    }
    let small = heard.language.answers.small;
    let start = heard.after(at + not, &[small]);
    if *kind == SlotKind::Time
        && let Some((_, words)) = heard.meaning_at(start, heard.language.clock.parts)
    {
        return Some(start + words);
    }
    let mut end = value_end(kind, heard, at, start, today)?;
    let or = heard.language.talk.or.first();
    let is_joint = |plain: &str| plain == heard.language.numbers.and || or == Some(&plain);
    loop {
        // The longest value may reach over what joins it to the next one: "Monday or on".
        let mut cut = end;
        while cut > start && small.contains(&heard.before(cut)) {
            cut -= 1;
        }
        if is_joint(heard.plain(cut)) {
            end = cut;
        }
        if !is_joint(heard.plain(end)) {
            return Some(end);
        }
        let is_or = or == Some(&heard.plain(end));
        let next = heard.after(end + 1, &[small]);
        match value_end(kind, heard, at, next, today) {
            // "Not Monday and Tuesday is fine" denies the Monday alone.
            Some(next) if is_or || next >= heard.len() || heard.is_clause_start(next) => end = next,
            _ => return Some(end),
        }
    }
}

/// Where the denied value ends that begins at `start`, after a denial at `at`.
fn value_end(
    kind: &SlotKind,
    heard: &Heard,
    at: usize,
    start: usize,
    today: Date,
) -> Option<usize> {
    // The value begins right there: "not more than a hundred" denies no hundred.
    let is_choice = matches!(kind, SlotKind::Choice(_));
    let is_begun = is_choice && plain(kind, &heard.part(start..start + 1), today).is_some();
    let value_to = |end: usize| {
        let value = plain(kind, &heard.part(start..end), today)?;
        let begins = is_begun
            || end == start + 1
            || plain(kind, &heard.part(start + 1..end), today).as_ref() != Some(&value);
        begins.then_some((end, value))
    };
    // A number is denied as a whole: "not twenty nine" leaves no nine.
    let number = match kind {
        SlotKind::Money | SlotKind::Number => quantity::amount(heard, start),
        _ => None,
    };
    let shortest = number.map_or(start + 1, |number| number.words.end);
    let last = heard.len().min(start + MAX_NEGATED);
    let values: Vec<(usize, Entity)> = (shortest..=last).filter_map(value_to).collect();
    // The longest value that leaves another one: "not twenty nine, thirty". "Not home delivery" leaves the same.
    let leaves_other = |end: usize, value: &Entity| {
        plain(kind, &heard.without(at..end), today).is_some_and(|left| left.value != value.value)
    };
    let longest = values
        .iter()
        .rev()
        .find(|(end, value)| value.sure && leaves_other(*end, value));
    let alone = || {
        let (_, first) = values.first()?;
        let same = values.iter().rev().find(|(_, value)| value == first);
        same.filter(|_| is_choice).or(values.first())
    };
    longest.or_else(alone).map(|(end, _)| *end)
}

/// "Not in the morning": a part of the day is denied, and which one is meant is open.
fn denies_part(kind: &SlotKind, heard: &Heard) -> bool {
    *kind == SlotKind::Time
        && (0..heard.len()).any(|at| {
            let not = denial_at(kind, heard, at);
            let start = heard.after(at + not, &[heard.language.answers.small]);
            not > 0
                && heard
                    .meaning_at(start, heard.language.clock.parts)
                    .is_some()
        })
}

/// `previous` as `heard` corrects it.
pub(super) fn correct(
    previous: &Entity,
    kind: &SlotKind,
    heard: &Heard,
    today: Date,
) -> Option<Entity> {
    if *kind == SlotKind::YesNo {
        return answers::yes_no(heard);
    }
    if heard.is_question() {
        return None;
    }
    let talk = &heard.language.talk;
    if *kind == SlotKind::Text {
        let start = heard.after(0, &[talk.denials, talk.openers]);
        return answers::text(&heard.part(start..heard.len()));
    }
    let heard = heard.without_all(talk.waiting).without_all(talk.nothing);
    let start = heard.after(0, &[talk.denials, talk.openers]);
    // "No": what is left to correct with?
    if start >= heard.len() {
        return None;
    }
    let rest = heard.part(start..heard.len());
    restarted(kind, &rest, today)
        .or_else(|| changed(previous, kind, &rest, today))
        .or_else(|| changed(previous, kind, &heard, today))
}

/// `previous` with the part changed that `heard` speaks of, or the value in `heard` in its place.
fn changed(previous: &Entity, kind: &SlotKind, heard: &Heard, today: Date) -> Option<Entity> {
    let part = match kind {
        SlotKind::Phone | SlotKind::Digits { .. } => digits::correct(previous, heard, kind),
        SlotKind::Time => times::correct(previous, &without_denied(kind, heard, today)),
        SlotKind::Date => dates::correct(previous, &without_denied(kind, heard, today), today),
        SlotKind::Name => names::correct(previous, heard),
        SlotKind::Email => emails::correct(previous, heard),
        SlotKind::Money => money::correct(previous, &without_denied(kind, heard, today)),
        _ => None,
    };
    part.or_else(|| meant(kind, heard, today))
}
