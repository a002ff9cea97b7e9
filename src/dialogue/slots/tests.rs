//! The slots as a whole: tables of what callers say, what is read back heard again, calls with several turns, and texts that nobody thought of.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use patter_language::values::*;
use patter_playbook::Playbook;

const TABLE: &str = include_str!("../../../tests/fixtures/slots.tsv");
const CORRECTIONS: &str = include_str!("../../../tests/fixtures/corrections.tsv");
const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");
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

fn heard(kind: &SlotKind, words: &str) -> Option<Captured> {
    capture(kind, words, TODAY, "en")
}

fn shown(found: Option<&Captured>) -> String {
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

#[test]
fn a_booking_is_collected_read_back_and_corrected() {
    let confirmed = FITNESS.replace("from = \"caller\"", "from = \"caller\", confirm = true");
    let playbook = Playbook::parse(&confirmed, "fitness").unwrap();
    let mut slots = Slots::new(&playbook);
    let collect = vec!["day".to_owned(), "time".to_owned()];
    slots.set("customer", "Anna {x}").unwrap();
    assert_eq!(slots.missing(&collect), ["day", "time"]);
    assert!(
        slots
            .hear_all(&collect, "I don't know", TODAY)
            .unwrap()
            .is_empty()
    );
    let taken = slots
        .hear_all(&collect, "saturday at ten works", TODAY)
        .unwrap();
    assert_eq!(
        taken,
        [
            ("day".to_owned(), Standing::Awaiting),
            ("time".to_owned(), Standing::Awaiting)
        ]
    );
    assert_eq!(slots.missing(&collect), ["day", "time"]);
    assert_eq!(
        slots.read_back("day", &playbook).unwrap(),
        "I have Saturday, November the 21st. Is that right?"
    );
    assert_eq!(slots.to_map().get("day"), None);
    assert_eq!(
        slots.hear("day", "no sunday", TODAY).unwrap(),
        Some(Standing::Awaiting)
    );
    assert_eq!(
        slots.hear("day", "what do you mean", TODAY).unwrap(),
        Some(Standing::Awaiting)
    );
    assert_eq!(
        slots.hear("day", "yes that's right", TODAY).unwrap(),
        Some(Standing::Known)
    );
    assert_eq!(slots.missing(&collect), ["time"]);
    assert_eq!(slots.hear("time", "no", TODAY).unwrap(), None);
    assert_eq!(
        slots.hear("time", "eleven", TODAY).unwrap(),
        Some(Standing::Awaiting)
    );
    // Said again, it is agreed to.
    assert_eq!(
        slots.hear("time", "eleven o'clock", TODAY).unwrap(),
        Some(Standing::Known)
    );
    assert!(slots.missing(&collect).is_empty() && slots.awaiting().is_empty());
    let line = playbook
        .fill("{customer}, {day} at {time}.", &slots.to_map())
        .unwrap();
    assert_eq!(
        line,
        "Anna x, Sunday, November the 22nd at eleven o'clock in the morning."
    );
    assert_eq!(slots.values()["day"], "2026-11-22");
}

#[test]
fn what_is_known_is_changed_only_by_what_takes_it_back() {
    let playbook = Playbook::parse(&FITNESS.replace(", confirm = true", ""), "fitness").unwrap();
    let mut booked = Slots::new(&playbook);
    booked.hear("day", "saturday", TODAY).unwrap();
    booked.hear("time", "ten", TODAY).unwrap();
    for (words, day, time) in [
        ("okay but on sunday i'm resting", "2026-11-21", "10:00"),
        ("and i'm away from monday on", "2026-11-21", "10:00"),
        (
            "okay at three i have another meeting",
            "2026-11-21",
            "10:00",
        ),
        ("no problem see you on sunday", "2026-11-21", "10:00"),
        ("it was monday when i called", "2026-11-21", "10:00"),
        ("well actually sunday at eleven", "2026-11-22", "11:00"),
        ("oh sorry make it sunday", "2026-11-22", "10:00"),
        ("okay no at eleven please", "2026-11-21", "11:00"),
        ("no, Sunday is better", "2026-11-22", "10:00"),
        ("please change it to sunday", "2026-11-22", "10:00"),
    ] {
        let mut slots = booked.clone();
        slots.hear("day", words, TODAY).unwrap();
        slots.hear("time", words, TODAY).unwrap();
        let values = slots.values();
        assert_eq!(
            (values["day"].as_str(), values["time"].as_str()),
            (day, time),
            "{words}"
        );
    }
}

#[test]
fn digits_that_are_missing_are_waited_for() {
    let text = FITNESS.replace(
        "[slots]\n",
        "[slots]\npin = { type = \"digits\", digits = 4, from = \"caller\" }\n",
    );
    let mut slots = Slots::new(&Playbook::parse(&text, "test").unwrap());
    assert_eq!(
        slots.hear("pin", "four five", TODAY).unwrap(),
        Some(Standing::Begun)
    );
    assert_eq!(slots.begun(), ["pin"]);
    assert_eq!(slots.missing(&["pin".to_owned()]), ["pin"]);
    assert_eq!(
        slots.hear("pin", "one two", TODAY).unwrap(),
        Some(Standing::Known)
    );
    assert_eq!(slots.values()["pin"], "4512");
    slots
        .hear("pin", "i have two kids and nine cats", TODAY)
        .unwrap();
    assert_eq!(slots.values()["pin"], "4512");
    assert_eq!(
        slots
            .hear("pin", "sorry the last digit is three", TODAY)
            .unwrap(),
        Some(Standing::Known)
    );
    assert_eq!(slots.captured("pin").unwrap().value, "4513");
    let error = slots.hear("pan", "four", TODAY).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("known: customer, day, pin, time"),
        "{error}"
    );
    assert!(error.hint().is_some());
    let error = slots.set("customer", "{}").unwrap_err();
    assert!(matches!(error, SlotError::Empty { .. }) && error.hint().is_some());
}

#[test]
fn an_unsure_value_awaits_confirmation_even_where_the_playbook_asks_for_none() {
    let text = FITNESS.replace(", confirm = true", "");
    let mut slots = Slots::new(&Playbook::parse(&text, "test").unwrap());
    assert_eq!(
        slots.hear("day", "saturday", TODAY).unwrap(),
        Some(Standing::Known)
    );
    assert_eq!(
        slots.hear("time", "seven", TODAY).unwrap(),
        Some(Standing::Awaiting)
    );
    assert_eq!(slots.from_caller(), ["day", "time"]);
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

fn assert_speakable(found: &Captured) {
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
        let before = Captured { value: value.clone(), spoken: value, sure: true };
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
        let spoken = digits::spoken(&digits, &language::ENGLISH);
        let kind = SlotKind::Digits { count: None };
        let found = heard(&kind, &spoken).unwrap();
        prop_assert_eq!(&found.value, &digits);
        prop_assert_eq!(&found.spoken, &spoken);
        let counted = SlotKind::Digits { count: Some(digits.len() as u32) };
        prop_assert_eq!(shown(heard(&counted, &spoken).as_ref()), digits);
    }

    #[test]
    fn phone_numbers_read_back_are_heard_the_same(number in "\\+?[0-9]{7,15}") {
        let spoken = digits::spoken(&number, &language::ENGLISH);
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
            "john", "smith", "at", "dot", "dash", "is", "my", "me", "one", "oh", "o", "bee", "mike", "for", "double", "a", "i",
            "capital", "letter", "no", "sorry", "not", "um", "mail", "email", "it", "its", "forty", "hundred", "as", "like", "w",
        ]), 1..4),
        mark in "[._-]",
        front in proptest::sample::select(vec!["gmail", "green", "dash", "at", "dot", "calm", "co", "com", "one", "oh"]),
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
