//! Any lines and any words: what is found may be said and is in order, and no text is more than text.

use proptest::prelude::*;
use proptest::sample::select;

use super::tests::{PLAIN, first, garage, query};
use super::*;

#[test]
fn hostile_text_is_only_text() {
    let long = "x".repeat(100_000);
    let longer = "长".repeat(100_000);
    let many = "winter price ".repeat(8_000);
    let texts = [
        long.as_str(),
        &longer,
        &many,
        "🙂👩‍👩‍👧‍👦🏳️‍🌈 tyres",
        "\u{202e}seryt\u{202c} \u{200f}שלום",
        "e\u{301}\u{301}\u{301}\0\u{fffd}\u{10ffff}",
        "' ’ '' a'b' {price} {{ }}",
    ];
    let mut lines = garage();
    lines.extend((100..).zip(texts).map(|(id, text)| Entry {
        id,
        text,
        about: text,
        ..PLAIN
    }));
    let index = Index::new(lines);
    for text in texts {
        let found = index.find(&query(text), 3);
        assert!(found.iter().all(|f| f.score.is_finite()));
        assert!(found.iter().all(|f| (0.0..1.0).contains(&f.relevance)));
    }
    assert_eq!(
        first(&index, &format!("{many} when is the inspection")),
        102
    );
    assert_eq!(first(&index, &format!("{longer} replacement car")), 5);
    assert_eq!(first(&index, "🙂 replacement 🙂 car 🙂"), 5);
}

/// Words of which entries and questions are made, so that they meet.
const WORDS: &[&str] = &[
    "price",
    "prices",
    "inspection",
    "the",
    "tyres",
    "winter",
    "night",
    "key",
    "car",
    "贵",
    "多少钱",
    "🙂",
    "שלום",
];

fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(WORDS), 0..6).prop_map(|words| words.join(" "))
}

type Made = (
    String,
    String,
    Option<usize>,
    Option<usize>,
    i32,
    bool,
    Vec<String>,
);

fn made() -> impl Strategy<Value = Made> {
    let slots = proptest::collection::vec(select(vec!["a", "b"]).prop_map(str::to_owned), 0..2);
    let (stage, intent) = (
        proptest::option::of(0..NAMES.len()),
        proptest::option::of(0..NAMES.len()),
    );
    (
        words(),
        words(),
        stage,
        intent,
        -20..20i32,
        any::<bool>(),
        slots,
    )
}

const NAMES: &[&str] = &["one", "two", "three"];

proptest! {
    #[test]
    fn what_is_found_may_be_said_and_is_in_order(
        made in proptest::collection::vec(made(), 0..30),
        words in words(),
        stage in proptest::option::of(0..NAMES.len()),
        intent in proptest::option::of(0..NAMES.len()),
        said in any::<u32>(),
        filled: [bool; 2],
        k in 0usize..12,
    ) {
        let name = |number: Option<usize>| number.map(|number| NAMES[number]);
        let lines: Vec<Entry<'_>> = (0..).zip(&made).map(|(id, made)| {
            let (text, about, stage, intent, priority, once, slots) = made;
            Entry { id, text, about, stage: name(*stage), intent: name(*intent), priority: *priority, once: *once, slots }
        }).collect();
        let was_said = |id: u32| said >> (id % 32) & 1 == 1;
        let is_filled = |slot: &str| filled[usize::from(slot == "b")];
        let query = Query { stage: name(stage), intent: name(intent), words: &words, said: &was_said, filled: &is_filled };
        let index = Index::new(lines.iter().copied());
        let found = index.find(&query, k);

        let may = |line: &Entry<'_>| (line.stage.is_none() || line.stage == query.stage)
            && !(line.once && was_said(line.id))
            && line.slots.iter().all(|slot| is_filled(slot));
        prop_assert!(found.len() <= k);
        for f in &found {
            prop_assert!(may(&lines[f.id as usize]));
            prop_assert!(f.score.is_finite() && f.score >= 0.0);
            prop_assert!((0.0..1.0).contains(&f.relevance));
        }
        for pair in found.windows(2) {
            let key = |f: &Found| (std::cmp::Reverse(lines[f.id as usize].priority), f.id);
            prop_assert!(pair[0].score > pair[1].score
                || pair[0].score == pair[1].score && key(&pair[0]) < key(&pair[1]));
        }
        // A shorter answer is the beginning of a longer one: what was left out early could not have come in later.
        let all = index.find(&query, usize::MAX);
        prop_assert_eq!(&found[..], &all[..k.min(all.len())]);
        if Terms::of(&words).is_empty() {
            prop_assert_eq!(all.len(), lines.iter().filter(|line| may(line)).count());
        }
        prop_assert_eq!(found, Index::new(lines.iter().copied()).find(&query, k));
    }

    #[test]
    fn any_text_can_be_indexed_and_asked(texts in proptest::collection::vec("(?s).{0,60}", 1..6), words in "(?s).{0,80}") {
        let lines = (0..).zip(&texts).map(|(id, text)| Entry { id, text, about: text, ..PLAIN });
        let index = Index::new(lines);
        prop_assert!(index.find(&query(&words), 3).iter().all(|f| f.score.is_finite()));
        for text in &texts {
            let found = index.find(&query(text), texts.len());
            prop_assert!(Terms::of(text).is_empty() || !found.is_empty());
        }
    }
}
