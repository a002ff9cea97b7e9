//! What the index finds, and what it never finds.

use super::*;

pub(super) const PLAIN: Entry<'static> = Entry {
    id: 0,
    text: "",
    about: "",
    stage: None,
    intent: None,
    priority: 0,
    once: false,
    slots: &[],
};

/// A made-up garage: what is asked, and the answer.
const GARAGE: &[(&str, &str)] = &[
    (
        "how long does an inspection take",
        "An inspection takes two hours.",
    ),
    (
        "what does an inspection cost",
        "An inspection costs 90 euros.",
    ),
    (
        "do you change winter tyres",
        "We fit and store winter tyres.",
    ),
    (
        "where can I leave the key at night",
        "There is a letter box for keys beside the gate.",
    ),
    (
        "can I have a replacement car",
        "You get a small car while yours is with us.",
    ),
];

pub(super) fn garage() -> Vec<Entry<'static>> {
    (1..)
        .zip(GARAGE)
        .map(|(id, &(about, text))| Entry {
            id,
            about,
            text,
            ..PLAIN
        })
        .collect()
}

pub(super) fn query(words: &str) -> Query<'_> {
    Query {
        stage: None,
        intent: None,
        words,
        said: &|_| false,
        filled: &|_| true,
    }
}

fn ids(found: &[Found]) -> Vec<u32> {
    found.iter().map(|line| line.id).collect()
}

pub(super) fn first(index: &Index, words: &str) -> u32 {
    index.find(&query(words), 1).first().map_or(0, |f| f.id)
}

#[test]
fn each_question_finds_its_answer_in_other_words_too() {
    let index = Index::new(garage());
    for (words, id) in [
        ("How long will the inspections be taking?", 1),
        ("And the cost of inspecting it?", 2),
        ("My tyres need changing", 3),
        ("the keys, at night", 4),
        ("Could I get a car as a replacement?", 5),
    ] {
        assert_eq!(first(&index, words), id, "{words}");
    }
}

#[test]
fn misheard_words_find_their_answer() {
    let index = Index::new(garage());
    for (words, id) in [
        ("uh how long dose in spection tage", 1),
        ("wintur tires", 3),
        ("were can i leaf the keyes", 4),
        ("replays ment car", 5),
    ] {
        assert_eq!(first(&index, words), id, "{words}");
    }
}

#[test]
fn a_line_is_found_by_what_it_says_as_well() {
    let index = Index::new(garage());
    assert_eq!(first(&index, "is there a letter box"), 4);
    assert_eq!(first(&index, "90 euros"), 2);
}

#[test]
fn many_examples_of_other_questions_do_not_bury_an_answer() {
    let mut lines = garage();
    let examples = format!(
        "{} do you change oil",
        "we talk of the weather. ".repeat(50)
    );
    lines.push(Entry {
        id: 6,
        about: &examples,
        text: "We change oil.",
        ..PLAIN
    });
    let index = Index::new(lines);
    assert_eq!(first(&index, "change my oil"), 6);
    assert_eq!(first(&index, "change the tyres"), 3);
}

#[test]
fn a_question_of_small_words_alone_is_still_answered() {
    let about = ["what is it", "where are you", "who are you"];
    let index = Index::new((1..).zip(about).map(|(id, about)| Entry {
        id,
        about,
        text: "Yes.",
        ..PLAIN
    }));
    assert_eq!(first(&index, "and who are you then"), 3);
    assert_eq!(first(&index, "so where are you"), 2);
}

#[test]
fn lines_of_other_stages_are_out_and_lines_of_this_one_win() {
    let of = |id, stage| Entry {
        id,
        stage,
        text: "Shall we book it?",
        ..PLAIN
    };
    let index = Index::new([of(1, None), of(2, Some("closing")), of(3, Some("opening"))]);
    let asked = |stage| {
        let query = Query {
            stage,
            ..query("book it")
        };
        ids(&index.find(&query, 9))
    };
    assert_eq!(asked(Some("closing")), [2, 1]);
    assert_eq!(asked(Some("opening")), [3, 1]);
    assert_eq!(asked(Some("no such stage")), [1]);
    assert_eq!(asked(None), [1]);
}

#[test]
fn the_intent_is_found_without_a_common_word_and_wins_over_a_chance_one() {
    let mut lines = garage();
    lines[1].intent = Some("price");
    let index = Index::new(lines);
    let asked = |words| {
        let query = Query {
            intent: Some("price"),
            ..query(words)
        };
        index.find(&query, 9)
    };
    assert_eq!(ids(&asked("qqq"))[0], 2);
    assert_eq!(asked("qqq")[0].relevance, 0.0);
    assert_eq!(asked("the damage at night")[0].id, 2);
    assert!(index.find(&query("qqq"), 9).is_empty());
}

#[test]
fn priority_decides_between_lines_that_fit_alike_and_only_there() {
    let of = |id, about, priority| Entry {
        id,
        about,
        priority,
        ..PLAIN
    };
    let index = Index::new([
        of(1, "winter tyres", -5),
        of(2, "winter tyres", 7),
        of(3, "winter tyres", 0),
        of(4, "summer tyres", i32::MAX),
        of(5, "summer tyres", i32::MIN),
    ]);
    let found = index.find(&query("winter tyres"), 9);
    assert_eq!(ids(&found), [2, 3, 1, 4, 5]);
}

#[test]
fn ties_go_by_priority_then_id_in_whatever_order_the_lines_came() {
    let of = |id, priority| Entry {
        id,
        about: "oil",
        priority,
        ..PLAIN
    };
    // The two highest are the same to the score, being nearly the most there can be.
    let (high, higher) = (i32::MAX - 1, i32::MAX);
    let mut lines = vec![of(4, 0), of(2, 0), of(9, high), of(3, 0), of(7, higher)];
    for _ in 0..lines.len() {
        lines.rotate_left(1);
        let index = Index::new(lines.clone());
        assert_eq!(ids(&index.find(&query("oil"), 9)), [7, 9, 2, 3, 4]);
        assert_eq!(ids(&index.find(&query("oil"), 3)), [7, 9, 2]);
        assert_eq!(ids(&index.find(&query(""), 4)), [7, 9, 2, 3]);
    }
}

#[test]
fn without_words_stage_then_intent_then_priority_decide() {
    let of = |id, stage, intent, priority| Entry {
        id,
        stage,
        intent,
        priority,
        text: "A line.",
        ..PLAIN
    };
    let index = Index::new([
        of(1, None, None, i32::MAX),
        of(2, None, Some("price"), 0),
        of(3, Some("closing"), None, 1),
        of(4, Some("closing"), None, 2),
        of(5, Some("closing"), Some("price"), i32::MIN),
        of(6, Some("opening"), Some("price"), i32::MAX),
    ]);
    for words in ["", " ", "?!", "🙂"] {
        let query = Query {
            stage: Some("closing"),
            intent: Some("price"),
            ..query(words)
        };
        assert_eq!(ids(&index.find(&query, 9)), [5, 4, 3, 2, 1], "{words:?}");
    }
}

#[test]
fn a_line_for_once_is_found_once_and_others_step_back_when_said() {
    let of = |id, once| Entry {
        id,
        once,
        about: "winter tyres",
        ..PLAIN
    };
    let index = Index::new([of(1, true), of(2, false), of(3, false)]);
    let asked = |said: &[u32], k| {
        let said = |id| said.contains(&id);
        let query = Query {
            said: &said,
            ..query("winter tyres")
        };
        ids(&index.find(&query, k))
    };
    assert_eq!(asked(&[], 9), [1, 2, 3]);
    assert_eq!(asked(&[1], 9), [2, 3]);
    assert_eq!(asked(&[1, 2], 9), [3, 2]);
    assert_eq!(asked(&[1, 2], 1), [3]);
    assert_eq!(asked(&[1, 2, 3], 9), [2, 3]);
}

#[test]
fn a_line_with_an_empty_slot_is_never_found() {
    let slots = ["name".to_owned(), "day".to_owned()];
    let line = Entry {
        id: 1,
        about: "booking",
        intent: Some("book"),
        slots: &slots,
        ..PLAIN
    };
    let index = Index::new([line]);
    let asked = |filled: &dyn Fn(&str) -> bool, words| {
        let query = Query {
            intent: Some("book"),
            filled,
            ..query(words)
        };
        index.find(&query, 9).len()
    };
    for words in ["booking", "", "qqq"] {
        assert_eq!(asked(&|_| false, words), 0);
        assert_eq!(asked(&|slot| slot == "name", words), 0);
        assert_eq!(asked(&|slot| slot == "day", words), 0);
        assert_eq!(asked(&|_| true, words), 1);
    }
}

#[test]
fn chinese_is_found_without_spaces_and_with_a_misheard_sign() {
    let of = |id, about, text| Entry {
        id,
        about,
        text,
        ..PLAIN
    };
    let index = Index::new([
        of(1, "多少钱 价格是多少 太贵了", "每月二十九元。"),
        of(2, "营业时间 几点开门", "每天六点到二十三点。"),
        of(3, "停车 有停车场吗", "会员停车免费。"),
    ]);
    for (words, id) in [
        ("一个月多少钱？", 1),
        ("你们几点开门啊", 2),
        ("那边，好停车吗", 3),
        ("有停扯场吗", 3),
        ("贵", 1),
        ("营业", 2),
    ] {
        assert_eq!(first(&index, words), id, "{words}");
    }
    assert!(index.find(&query("你好"), 3).is_empty());
}

#[test]
fn other_scripts_are_found_too() {
    let about = [
        "сколько это стоит",
        "wie lange dauert die Prüfung",
        "كم السعر",
    ];
    let index = Index::new(
        (1..)
            .zip(about)
            .map(|(id, about)| Entry { id, about, ..PLAIN }),
    );
    for (words, id) in [
        ("И сколько стоит?", 1),
        ("Wie lang dauern Prüfungen", 2),
        ("السعر", 3),
    ] {
        assert_eq!(first(&index, words), id, "{words}");
    }
}

#[test]
fn an_empty_library_and_no_places_find_nothing() {
    let empty = Index::new([]);
    assert!(empty.is_empty() && empty.find(&query("price"), 5).is_empty());
    assert!(empty.find(&query(""), 5).is_empty());
    let index = Index::new(garage());
    assert_eq!(index.len(), GARAGE.len());
    assert!(index.find(&query("inspection"), 0).is_empty());
    assert_eq!(index.find(&query(""), usize::MAX).len(), GARAGE.len());
}
