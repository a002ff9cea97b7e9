use super::*;
use proptest::prelude::*;

fn words_of(language: &str, text: &str, expect: Expect) -> Reading {
    read(text, lists_for(&BTreeMap::new(), language), expect)
}

fn ending(text: &str, expect: Expect) -> Ending {
    words_of("en", text, expect).ending
}

fn assert_endings(expect: Expect, cases: &[(&str, Ending)]) {
    for (text, expected) in cases {
        assert_eq!(ending(text, expect), *expected, "`{text}`, {expect:?}");
    }
}

const FOUR_DIGITS: Expect = Expect::Number { digits: Some(4) };

use Ending::{Complete, Dangling, Hesitating, Reading as ReadOut, Unclear};

#[test]
fn the_last_words_and_the_order_of_words_decide() {
    assert_endings(
        Expect::Any,
        &[
            ("Yes please.", Complete),
            ("how much is it", Complete),
            ("How much is", Dangling),
            ("Yes, but", Dangling),
            ("I moved in March and.", Dangling),
            ("can I pay", Dangling),
            ("could I cancel", Unclear),
            ("who am i speaking to", Complete),
            ("I need to speak to", Dangling),
            ("hold on a second", Hesitating),
            ("as well", Complete),
            ("I'd like to c", Dangling),
            ("my number is four one", ReadOut),
            ("it's forty two", Unclear),
            ("I want to cancel...", Unclear),
            ("", Unclear),
        ],
    );
}

#[test]
fn a_number_is_whole_when_its_digits_are_there() {
    assert_endings(
        FOUR_DIGITS,
        &[
            ("four five one two", Complete),
            ("45 12.", Complete),
            ("forty-five twelve", Complete),
            ("double five oh one", Complete),
            ("seven triple zero", Complete),
            ("four five double", ReadOut),
            ("four five", ReadOut),
            ("it's for five one two", Complete),
            ("four five one, no wait", Hesitating),
            ("four five one, sorry, four six one two", Complete),
            ("four five one, sorry, four six", ReadOut),
            ("four five one two and", Dangling),
            ("I don't have it with me", Complete),
        ],
    );
    assert_endings(
        Expect::Number { digits: None },
        &[("555 01", ReadOut), ("555 0199", Unclear)],
    );
}

#[test]
fn an_email_is_whole_with_its_domain() {
    assert_endings(
        Expect::Email,
        &[
            ("john dot smith at", ReadOut),
            ("john dot smith at gmail", ReadOut),
            ("john dot smith at gmail dot com", Complete),
            ("j at mail dot co dot", ReadOut),
            ("j at mail dot co dot uk", Complete),
            ("John.Smith@gmail.com.", Complete),
            ("john.smith@", ReadOut),
            ("a@b.org thank you", Complete),
            ("my email is", Dangling),
        ],
    );
}

#[test]
fn names_and_addresses_need_their_parts() {
    assert_endings(
        Expect::Name,
        &[
            ("my name is", Dangling),
            ("Peter", Unclear),
            ("it's Peter Miller", Complete),
            ("smith s m i", ReadOut),
            ("smith s m i t h", Complete),
            ("b as in boy", ReadOut),
        ],
    );
    assert_endings(
        Expect::Address,
        &[
            ("it's forty two", ReadOut),
            ("forty two baker", ReadOut),
            ("forty two baker street", Complete),
            ("12 Harbour Street, apartment", ReadOut),
            ("221 rue de rivoli", Complete),
        ],
    );
    assert_endings(
        Expect::YesNo,
        &[
            ("yes", Complete),
            ("yeah that was me", Complete),
            ("yes but", Dangling),
            ("I don't", Complete),
        ],
    );
}

#[test]
fn kinds_tell_a_turn_from_a_sign_of_listening() {
    let kind = |text, expect| words_of("en-US", text, expect).kind;
    assert_eq!(kind("Uh huh, okay.", Expect::Any), Kind::Backchannel);
    assert_eq!(kind("okay", Expect::YesNo), Kind::Words);
    assert_eq!(kind("Hello? Hello?", Expect::Any), Kind::Greeting);
    assert_eq!(kind("hello I have a question", Expect::Any), Kind::Words);
    assert_eq!(kind("[BLANK_AUDIO]", Expect::Any), Kind::Empty);
}

#[test]
fn other_languages_know_their_particles() {
    for (language, text, expected) in [
        ("zh", "我想取消，因为", Dangling),
        ("zh", "多少钱？", Complete),
        ("zh", "等一下", Hesitating),
        ("es", "quiero cancelar mi", Dangling),
        ("es", "sí, gracias", Complete),
        ("de", "ich möchte meine", Dangling),
        ("de", "Moment mal", Hesitating),
        ("de", "Ja, bitte.", Complete),
        ("fr", "je voudrais", Unclear),
    ] {
        let reading = words_of(language, text, Expect::Any);
        assert_eq!(reading.ending, expected, "`{text}`");
    }
    assert_eq!(
        words_of("zh", "嗯嗯，好的", Expect::Any).kind,
        Kind::Backchannel
    );
    let street = words_of("de", "Hauptstraße 12", Expect::Address);
    assert_eq!(street.ending, Complete);
}

/// One line of the fixture.
struct Line {
    held: bool,
    open: bool,
    text: String,
    ending: Ending,
}

fn fixture() -> Vec<Line> {
    let none = BTreeMap::new();
    let english = lists_for(&none, "en");
    let all = include_str!("../../../tests/fixtures/endpoints.tsv");
    all.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [half, label, asked, text] = columns[..] else {
                panic!("`{line}`");
            };
            let (asked, digits) = asked.split_once(':').unwrap_or((asked, ""));
            let expect = match asked {
                "any" => Expect::Any,
                "number" => Expect::Number {
                    digits: digits.parse().ok(),
                },
                "email" => Expect::Email,
                "name" => Expect::Name,
                "address" => Expect::Address,
                "yes_no" => Expect::YesNo,
                _ => panic!("`{line}`"),
            };
            assert!(matches!(label, "open" | "complete") && matches!(half, "tune" | "held"));
            Line {
                held: half == "held",
                open: label == "open",
                text: text.into(),
                ending: read(text, english, expect).ending,
            }
        })
        .collect()
}

#[test]
fn groups_of_digits_are_being_read_out_though_each_ends_in_a_full_stop() {
    for text in [
        "The number is six three. nine one.",
        "My order number is seven two.",
        "My account number is four five. one",
    ] {
        assert_eq!(words_of("en", text, Expect::Any).ending, ReadOut, "{text}");
    }
}

#[test]
fn a_hum_may_be_a_hesitation_unless_yes_or_no_was_asked_for() {
    let ending = |expect| words_of("en", "Uh huh.", expect).ending;
    assert_eq!(ending(Expect::Any), Hesitating);
    assert_eq!(ending(Expect::YesNo), Unclear);
}

#[test]
fn who_tells_may_tell_more_and_who_asks_waits() {
    for (text, statement) in [
        ("I want to cancel.", true),
        ("It stopped working.", true),
        ("How much is it?", false),
        ("can you call me back", false),
        ("Yes, please.", false),
        ("Thanks, bye.", false),
        ("I want to", false),
    ] {
        let reading = words_of("en", text, Expect::Any);
        assert_eq!(reading.statement, statement, "{text}");
    }
    assert!(!words_of("en", "my name is Anna Brown", Expect::Name).statement);
}

/// Of whole turns at most 3 % may wait for long, of open ones at most 5 % be cut off fast, in either half of the
/// fixture.
#[test]
fn whole_turns_are_not_kept_waiting_and_open_ones_not_cut_off() {
    let lines = fixture();
    assert!(lines.len() >= 300);
    for held in [false, true] {
        let half = || lines.iter().filter(move |line| line.held == held);
        let kept: Vec<_> = half()
            .filter(|l| !l.open && !matches!(l.ending, Complete | Unclear))
            .map(|l| &l.text)
            .collect();
        let cut: Vec<_> = half()
            .filter(|l| l.open && l.ending == Complete)
            .map(|l| &l.text)
            .collect();
        let open = half().filter(|l| l.open).count();
        let whole = half().count() - open;
        assert!(kept.len() * 100 <= whole * 3, "{kept:?} of {whole}");
        assert!(cut.len() * 100 <= open * 5, "{cut:?} of {open}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,80}", wanted in prop::option::of(0_u32..20)) {
        for expect in [Expect::Any, Expect::Number { digits: wanted }, Expect::Email, Expect::Name, Expect::Address, Expect::YesNo] {
            let reading = words_of("en", &text, expect);
            prop_assert_eq!(reading.words == 0, reading.kind == Kind::Empty);
        }
    }

    #[test]
    fn case_and_a_full_stop_change_nothing(at in 0_usize..490) {
        let lines = fixture();
        let text = lines[at].text.trim_end_matches(['.', '!', '?', ',']);
        let stopped = format!("{}.", text.to_uppercase());
        for expect in [Expect::Any, FOUR_DIGITS, Expect::Email] {
            prop_assert_eq!(ending(text, expect), ending(&stopped, expect));
        }
    }
}
