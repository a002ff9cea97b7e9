//! What was taken back: in the same breath ("four, no, five"), or in the next turn.
//!
//! Thread: any. In: the caller's words, the value before. Out: the value that is meant. Memory: copies of the words. When late or full: only the last
//! [`MAX_RESTARTS`] restarts are tried. Source: ours.

use jiff::civil::Date;

use super::heard::Heard;
use super::{Captured, SlotKind, answers, dates, digits, emails, money, names, quantity, times};

/// Restarts of one answer that are tried, from the last one back.
const MAX_RESTARTS: usize = 3;
/// Words of the longest value that is taken back with "not".
const MAX_NEGATED: usize = 6;

/// The value in `heard`, without what was taken back in it.
pub(super) fn capture(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Captured> {
    match kind {
        SlotKind::Text => return answers::text(heard),
        SlotKind::YesNo => return answers::yes_no(heard),
        _ => {}
    }
    if heard.is_question() {
        return None;
    }
    let talk = &heard.language.talk;
    let is_doubtful = heard.gives_nothing();
    let heard = heard.without_all(talk.waiting).without_all(talk.nothing);
    let found = restarted(kind, &heard, today).or_else(|| meant(kind, &heard, today))?;
    Some(Captured {
        sure: found.sure && !is_doubtful,
        ..found
    })
}

/// The value in words that take nothing back.
fn plain(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Captured> {
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
fn restarted(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Captured> {
    let restarts = heard.language.talk.restarts;
    let mut cuts = Vec::new();
    let mut from = 1;
    while let Some(found) = heard.find_from(from, restarts) {
        from = found.end;
        cuts.push(found);
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
fn meant(kind: &SlotKind, heard: &Heard, today: Date) -> Option<Captured> {
    plain(kind, &without_denied(kind, heard, today), today)
}

/// `heard` without the values that are denied: "not Tuesday, Wednesday", "Tuesday doesn't work".
fn without_denied(kind: &SlotKind, heard: &Heard, today: Date) -> Heard {
    let talk = &heard.language.talk;
    let holds_value = |part: Heard| plain(kind, &part, today).is_some();
    let mut rest = heard.clone();
    for at in (0..heard.len()).rev() {
        // "Why not tomorrow?" denies nothing.
        let is_proposal = at > 0 && rest.phrase_at(at - 1, talk.proposals) > 1;
        let not = if is_proposal {
            0
        } else {
            rest.phrase_at(at, talk.not)
        };
        let unfit = rest.phrase_at(at, talk.unfit);
        if not > 0 {
            let start = at + not;
            // The value begins right there: "not more than a hundred" denies no hundred.
            let value_to = |end: usize| {
                let value = plain(kind, &rest.part(start..end), today)?;
                let begins = end == start + 1
                    || plain(kind, &rest.part(start + 1..end), today).as_ref() != Some(&value);
                begins.then_some((end, value))
            };
            let last = rest.len().min(start + MAX_NEGATED);
            let values: Vec<(usize, Captured)> = (start + 1..=last).filter_map(value_to).collect();
            // The longest value that leaves another one: "not twenty nine, thirty".
            let leaves_one = |end: usize| plain(kind, &rest.without(at..end), today).is_some();
            let longest = values
                .iter()
                .rev()
                .find(|(end, value)| value.sure && leaves_one(*end));
            if let Some((end, _)) = longest.or(values.first()) {
                rest = rest.without(at..*end);
            }
        } else if unfit > 0 {
            let start = (at.saturating_sub(MAX_NEGATED)..at)
                .rev()
                .find(|&start| holds_value(rest.part(start..at)));
            if let Some(start) = start {
                rest = rest.without(start..at + unfit);
            }
        }
    }
    rest
}

/// `previous` as `heard` corrects it.
pub(super) fn correct(
    previous: &Captured,
    kind: &SlotKind,
    heard: &Heard,
    today: Date,
) -> Option<Captured> {
    if *kind == SlotKind::YesNo {
        return answers::yes_no(heard);
    }
    if heard.is_question() {
        return None;
    }
    let talk = &heard.language.talk;
    if *kind == SlotKind::Text {
        let start = heard.after(0, &[talk.denials]);
        return answers::text(&heard.part(start..heard.len()));
    }
    let heard = heard.without_all(talk.waiting).without_all(talk.nothing);
    let start = heard.after(0, &[talk.denials]);
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
fn changed(previous: &Captured, kind: &SlotKind, heard: &Heard, today: Date) -> Option<Captured> {
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
