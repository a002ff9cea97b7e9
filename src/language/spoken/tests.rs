//! What is read, by kind; then what holds for any text.

use proptest::prelude::*;

use super::*;

mod english;
mod others;

/// Each written text with what a voice gets.
type Cases = &'static [(&'static str, &'static str)];

fn check(language: &str, cases: Cases) {
    let read = |(written, _): &(&'static str, _)| (*written, spoken(written, language).text);
    let wrong: Vec<_> = (cases.iter())
        .filter(|(written, expected)| spoken(written, language).text != *expected)
        .map(|case| (read(case), case.1))
        .collect();
    assert!(wrong.is_empty(), "{language}: {wrong:#?}");
}

/// Texts that stay as they are.
fn check_kept(language: &str, texts: &[&str]) {
    for text in texts {
        let spoken = spoken(text, language);
        assert_eq!(spoken.text, *text, "{language}");
        assert!(!spoken.is_changed(), "{text}");
    }
}

#[test]
fn what_failed_in_the_field_is_read_right() {
    check(
        "en-us",
        &[
            (
                "It's $29.50 a month.",
                "It's 29 dollars and 50 cents a month.",
            ),
            (
                "Call us at 417 555 0123.",
                "Call us at 4 1 7, 5 5 5, 0 1 2 3.",
            ),
            ("On 11/24/2026.", "On November 24th, twenty twenty-six."),
            ("On 2026-11-24.", "On November 24th, twenty twenty-six."),
            ("It costs £1,575.99.", "It costs 1,575 pounds and 99 pence."),
            ("No. 5", "number 5"),
            ("open 24/7", "open twenty four seven"),
            ("ZIP 90210", "ZIP 9 0 2 1 0"),
        ],
    );
}

#[test]
fn markup_is_not_said() {
    check(
        "en-us",
        &[
            ("It's **free** for _you_.", "It's free for you."),
            ("*free*", "free"),
            ("- first\n- second", "first\nsecond"),
            ("# Prices", "Prices"),
            ("Great! 😀", "Great! "),
            ("Great 😀 day", "Great day"),
            ("[our page](https://example.com/x)", "our page"),
            ("`code`", "code"),
            ("<b>free</b>", "free"),
            ("5️⃣ classes", "5 classes"),
            ("**$5**", "5 dollars"),
        ],
    );
    check("fr", &[("C'est **libre** 😀.", "C'est libre .")]);
    check_kept("fr", &["$5 à 15:30, info@x.fr", "3 * 4"]);
    check_kept("en-us", &["first_name"]);
}

/// What texts are made of that have figures in them.
const PIECES: &[&str] = &[
    "$",
    "€",
    "29.50",
    "5",
    "1,575",
    "417 555 0123",
    "-",
    "–",
    "/",
    ".",
    ",",
    ":",
    " ",
    " ",
    "pm",
    "a.m.",
    "Nov",
    "Mon",
    "24",
    "2026",
    "12",
    "00",
    "No.",
    "#",
    "%",
    "km",
    "Dr",
    "St.",
    "Hill",
    "@",
    "x.com",
    "*",
    "_",
    "**",
    "(",
    ")",
    "+",
    "'",
    "s",
    "½",
    "1/2",
    "😀",
    "A1B2",
    "&",
    "he/she",
    "the",
    "in",
    "call",
    "911",
    "Uhr",
    "元",
    "点",
    "\u{a0}",
    "\n",
    "- ",
    "¢",
    "k",
    "million",
    "°C",
    "w/",
    "etc.",
    "ext.",
    "a",
    "°",
    "0",
    "007",
    "[a](b.c)",
    "<b>",
    "~",
    "=",
    "[",
    "](",
];

fn any_text() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..12);
    prop_oneof![any::<String>(), pieces.prop_map(|pieces| pieces.concat())]
}

const LANGUAGES: &[&str] = &["en-us", "en-gb", "de", "es", "zh", "fr", "", "gmw/en-US+f3"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_was_read_reads_the_same_again(
        text in any_text(),
        language in proptest::sample::select(LANGUAGES),
    ) {
        let once = spoken(&text, language);
        let twice = spoken(&once.text, language);
        prop_assert_eq!(&twice.text, &once.text, "{}", text);
        prop_assert!(!twice.is_changed());
    }

    #[test]
    fn places_lead_back_in_order(text in any_text(), language in proptest::sample::select(LANGUAGES)) {
        let spoken = spoken(&text, language);
        let mut last = 0;
        for (at, _) in spoken.text.char_indices() {
            let written = spoken.written_at(at);
            prop_assert!(written >= last && text.is_char_boundary(written));
            last = written;
        }
        prop_assert_eq!(spoken.written_at(spoken.text.len()), text.len());
        prop_assert_eq!(spoken.is_changed(), spoken.text != text);
        for doubt in &spoken.doubts {
            prop_assert!(text.get(doubt.written.clone()).is_some());
        }
    }
}

#[test]
fn places_in_what_was_read_lead_back_to_its_beginning() {
    let text = "It's $29.50 a month.";
    let spoken = spoken(text, "en-us");
    let back = |word: &str| {
        let at = spoken.text.find(word).unwrap();
        &text[spoken.written_at(at)..]
    };
    assert_eq!(back("29"), "$29.50 a month.");
    assert_eq!(back("cents"), "$29.50 a month.");
    assert_eq!(back("month"), "month.");
    let phone = super::spoken("(417) 555-0123 now", "en-us");
    let at = phone.text.find("0 1 2 3").unwrap();
    assert_eq!(phone.written_at(at), 10);
}

#[test]
fn what_can_be_read_otherwise_is_doubted() {
    let doubts = |text: &str| spoken(text, "en-us").doubts.len();
    for text in [
        "5/8",
        "on 5/8",
        "03/05/2026",
        "9-5",
        "No. 5 is fine",
        "€1.000",
        "at Main St. Louis",
    ] {
        assert_eq!(doubts(text), 1, "{text}");
    }
    for text in [
        "11/24/2026",
        "order no. 5",
        "$29.50",
        "5-7",
        "Dr. Hill",
        "1/2",
        "24/7",
    ] {
        assert_eq!(doubts(text), 0, "{text}");
    }
}
