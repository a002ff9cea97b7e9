//! Values as a whole: tables of what callers say, what is read back heard again, and texts that nobody thought of.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

const TABLE: &str = include_str!("../../../tests/fixtures/slots.tsv");
const CORRECTIONS: &str = include_str!("../../../tests/fixtures/corrections.tsv");
const PHONE: SlotKind = SlotKind::Phone;

/// A Wednesday.
const TODAY: Date = date(2026, 11, 18);

fn kind(name: &str) -> SlotKind {
    let (name, rest) = name.split_once(':').unwrap_or((name, ""));
    match name {
        "text" => SlotKind::Text,
        "name" => SlotKind::Name,
        "date" => SlotKind::Date,
        "time" => SlotKind::Time,
        "money" => SlotKind::Money,
        "phone" => SlotKind::Phone,
        "digits" => SlotKind::Digits {
            count: rest.parse().ok(),
        },
        "email" => SlotKind::Email,
        "yes_no" => SlotKind::YesNo,
        "number" => SlotKind::Number,
        "choice" => SlotKind::Choice(rest.split('|').map(str::to_owned).collect()),
        other => panic!("there is no kind `{other}`"),
    }
}

fn every_kind() -> Vec<SlotKind> {
    let names =
        "text name date time money phone digits digits:4 email yes_no number choice:red|green";
    names.split(' ').map(kind).collect()
}

fn heard(kind: &SlotKind, words: &str) -> Option<Entity> {
    capture(kind, words, TODAY, "en")
}

fn shown(found: Option<&Entity>) -> String {
    found.map_or(String::new(), |found| {
        format!("{}{}", if found.sure { "" } else { "~" }, found.value)
    })
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = table.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| line.split('\t').collect())
}

#[test]
fn every_answer_of_the_table_gives_its_value() {
    let (mut wrong, mut values, mut nothing) = (Vec::new(), 0, 0);
    for row in rows(TABLE) {
        let [name, words, expected] = row[..] else {
            panic!("{row:?}");
        };
        let found = shown(heard(&kind(name), words).as_ref());
        if expected.is_empty() {
            nothing += 1;
        } else {
            values += 1;
        }
        if found != expected {
            wrong.push(format!("{name}: `{words}` is `{found}`, not `{expected}`"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        values >= 150 && nothing >= 40,
        "{values} values, {nothing} without"
    );
}

#[test]
fn every_correction_of_the_table_gives_its_value() {
    let mut wrong = Vec::new();
    for row in rows(CORRECTIONS) {
        let [name, first, words, expected] = row[..] else {
            panic!("{row:?}");
        };
        let kind = kind(name);
        let before = heard(&kind, first).unwrap();
        let after = correct(&before, &kind, words, TODAY, "en");
        let found = shown(after.as_ref());
        if found != expected {
            wrong.push(format!(
                "{name}: `{first}`, `{words}` is `{found}`, not `{expected}`"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn values_are_read_back_as_listeners_understand_them() {
    for (name, words, expected) in [
        (
            "phone",
            "417 555 0123",
            "four one seven, five five five, zero one two three",
        ),
        (
            "phone",
            "plus 44 20 7946 0123",
            "plus four four two, zero seven nine, four six zero, one two three",
        ),
        ("digits:4", "forty five twelve", "four five one two"),
        ("date", "next tuesday", "Tuesday, November the 24th"),
        (
            "date",
            "july fourth nineteen eighty four",
            "Wednesday, July the 4th, nineteen eighty four",
        ),
        (
            "time",
            "half past three",
            "half past three in the afternoon",
        ),
        ("time", "9:05", "nine oh five in the morning"),
        ("time", "noon", "noon"),
        ("money", "$29.50", "29 dollars and 50 cents"),
        ("money", "twenty nine fifty", "29 50"),
        ("money", "1 euro", "1 euro"),
        (
            "email",
            "john.smith@gmail.com",
            "john dot smith at gmail dot com",
        ),
        (
            "email",
            "j for juliet o h n at x y z dot de",
            "J, O, H, N, at X, Y, Z, dot D, E",
        ),
        ("name", "smith, s m i t h", "Smith, S, M, I, T, H"),
        ("name", "this is dr. miller", "Doctor Miller"),
        ("number", "minus five", "minus 5"),
        ("text", "the {price} is *wrong*", "the price is wrong"),
    ] {
        let found = heard(&kind(name), words).unwrap();
        assert_eq!(found.spoken, expected, "{words}");
    }
}

#[test]
fn a_number_may_come_in_several_turns() {
    let four = kind("digits:4");
    let begun = heard(&PHONE, "four one seven").unwrap();
    assert!(!begun.sure && !PHONE.is_whole(&begun.value));
    let more = continue_digits(&begun, &PHONE, "uh five five five", "en").unwrap();
    assert!(!more.sure);
    let whole = continue_digits(&more, &PHONE, "and oh one two three", "en").unwrap();
    assert_eq!(shown(Some(&whole)), "4175550123");
    // Begun again from the beginning.
    let again = continue_digits(&more, &PHONE, "417 555 0123", "en").unwrap();
    assert_eq!(again.value, "4175550123");
    assert_eq!(continue_digits(&begun, &PHONE, "hold on", "en"), None);
    assert_eq!(continue_digits(&begun, &SlotKind::Name, "five", "en"), None);
    let begun = heard(&four, "four five").unwrap();
    let whole = continue_digits(&begun, &four, "one two", "en").unwrap();
    assert_eq!(shown(Some(&whole)), "4512");
    assert_eq!(continue_digits(&begun, &four, "one two three", "en"), None);
}

#[test]
fn other_languages_give_what_is_written_and_nothing_else() {
    let found = |kind: &SlotKind, words: &str| shown(capture(kind, words, TODAY, "fi").as_ref());
    assert_eq!(found(&PHONE, "Se on 0401 234 567."), "0401234567");
    assert_eq!(
        found(&SlotKind::Email, "Se on Matti@posti.fi."),
        "matti@posti.fi"
    );
    assert_eq!(found(&kind("digits:4"), "12 34"), "1234");
    assert_eq!(found(&SlotKind::Date, "huomenna"), "");
    assert_eq!(found(&SlotKind::Text, "hei"), "");
    assert_eq!(
        capture(&SlotKind::Date, "tomorrow", TODAY, "en-GB")
            .unwrap()
            .value,
        "2026-11-19"
    );
}

/// Words that callers use, in any order.
fn babble() -> impl Strategy<Value = String> {
    let table: Vec<&str> = TABLE
        .lines()
        .filter_map(|line| line.split('\t').nth(1))
        .flat_map(str::split_whitespace)
        .collect();
    proptest::collection::vec(proptest::sample::select(table), 0..14)
        .prop_map(|words| words.join(" "))
}

fn assert_speakable(found: &Entity) {
    for text in [&found.value, &found.spoken] {
        assert!(!text.is_empty() && text.trim() == text, "{found:?}");
        assert!(
            !text.contains(|c: char| c.is_control() || "{}[]<>*#`|\\".contains(c)),
            "{found:?}"
        );
    }
    assert!(!found.spoken.contains('_'), "{found:?}");
}

fn check_anything(text: &str, again: &str) {
    for kind in every_kind() {
        for language in ["en", "fi"] {
            let Some(found) = capture(&kind, text, TODAY, language) else {
                continue;
            };
            assert_speakable(&found);
            let next = correct(&found, &kind, again, TODAY, language);
            let more = continue_digits(&found, &kind, again, language);
            next.iter().chain(&more).for_each(assert_speakable);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_does_harm(text in "\\PC{0,80}", again in "\\PC{0,40}") {
        check_anything(&text, &again);
    }

    #[test]
    fn no_value_before_does_harm(value in "\\PC{0,30}|[0-9+:@.é-]{0,20}", words in babble()) {
        let before = Entity { value: value.clone(), spoken: value, sure: true };
        for kind in every_kind() {
            let new = correct(&before, &kind, &words, TODAY, "en");
            let more = continue_digits(&before, &kind, &words, "en");
            new.iter().chain(&more).for_each(assert_speakable);
        }
    }

    #[test]
    fn no_words_do_harm(text in babble(), again in babble()) {
        check_anything(&text, &again);
    }

    #[test]
    fn digits_read_back_are_heard_the_same(digits in "[0-9]{1,30}") {
        let spoken = digits::spoken(&digits, tables::of("en").unwrap());
        let kind = SlotKind::Digits { count: None };
        let found = heard(&kind, &spoken).unwrap();
        prop_assert_eq!(&found.value, &digits);
        prop_assert_eq!(&found.spoken, &spoken);
        let counted = SlotKind::Digits { count: Some(digits.len() as u32) };
        prop_assert_eq!(shown(heard(&counted, &spoken).as_ref()), digits);
    }

    #[test]
    fn phone_numbers_read_back_are_heard_the_same(number in "\\+?[0-9]{7,15}") {
        let spoken = digits::spoken(&number, tables::of("en").unwrap());
        prop_assert_eq!(shown(heard(&PHONE, &spoken).as_ref()), number);
    }

    #[test]
    fn days_read_back_are_heard_the_same(offset in -40_000_i64..26_000, today in 0_i64..800) {
        let today = TODAY.checked_add(jiff::Span::new().days(today)).unwrap();
        let day = TODAY.checked_add(jiff::Span::new().days(offset)).unwrap();
        let found = capture(&SlotKind::Date, &day.to_string(), today, "en").unwrap();
        let again = capture(&SlotKind::Date, &found.spoken, today, "en");
        prop_assert_eq!(again.as_ref(), Some(&found));
    }

    #[test]
    fn times_read_back_are_heard_the_same(hour in 0_u32..24, minute in 0_u32..60) {
        let written = format!("{hour:02}:{minute:02}");
        let found = heard(&SlotKind::Time, &format!("{written} {}", if hour < 12 { "am" } else { "pm" })).unwrap();
        prop_assert_eq!(&found.value, &written);
        let again = heard(&SlotKind::Time, &found.spoken);
        prop_assert_eq!(again.as_ref(), Some(&found), "{}", found.spoken);
    }

    #[test]
    fn sums_read_back_are_heard_the_same(units in 0_u32..3_000_000, cents in 0_u32..100, sign in "[$€£]?") {
        let found = heard(&SlotKind::Money, &format!("{sign}{units}.{cents:02}")).unwrap();
        let again = heard(&SlotKind::Money, &found.spoken).unwrap();
        prop_assert_eq!(again.value, found.value, "{}", found.spoken);
    }

    #[test]
    fn addresses_read_back_are_heard_the_same(
        mailbox in "[a-z0-9]{1,10}([._+-][a-z0-9]{1,8}){0,2}",
        domain in "[a-z0-9]{1,10}(-[a-z0-9]{1,5})?",
        end in "(com|net|org|de|co\\.uk|io)",
    ) {
        let address = format!("{mailbox}@{domain}.{end}");
        let found = heard(&SlotKind::Email, &address).unwrap();
        prop_assert_eq!(&found.value, &address);
        let again = heard(&SlotKind::Email, &found.spoken);
        prop_assert_eq!(again.map(|again| again.value), Some(address), "{}", found.spoken);
    }

    #[test]
    fn addresses_of_words_read_back_are_heard_the_same(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "john", "smith", "at", "dot", "dash", "is", "my", "me", "one", "oh", "o", "bee", "mike", "for", "double",
            "a", "i", "capital", "letter", "no", "sorry", "not", "um", "mail", "email", "it", "its", "forty",
            "hundred", "as", "like", "w",
        ]), 1..4),
        mark in "[._-]",
        front in proptest::sample::select(vec![
            "gmail", "green", "dash", "at", "dot", "calm", "co", "com", "one", "oh",
        ]),
    ) {
        // "A-b-c@": letters that are read out, in which no dash is meant.
        prop_assume!(mark != "-" || words.iter().any(|word| word.len() > 1));
        let address = format!("{}@{front}.com", words.join(&mark));
        let found = heard(&SlotKind::Email, &address).unwrap();
        prop_assert_eq!(&found.value, &address);
        let again = heard(&SlotKind::Email, &found.spoken);
        prop_assert_eq!(again.map(|again| again.value), Some(address), "{}", found.spoken);
    }
}
