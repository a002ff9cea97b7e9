//! The guard as a whole: a table of sentences, turns of several sentences, and texts that nobody thought of.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const TABLE: &str = include_str!("../../../tests/fixtures/guard.tsv");
const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");
const BANK: &str = include_str!("../../../playbooks/bank_complaint.toml");
const APPOINTMENT: &str = include_str!("../../../playbooks/appointment_confirmation.toml");
const INTERVIEW: &str = include_str!("../../../playbooks/interview_scheduling.toml");
const SURVEY: &str = include_str!("../../../playbooks/satisfaction_survey.toml");
const LIMITS: Limits = Limits {
    sentence_words: 30,
    reply_sentences: 3,
};

fn guard(text: &str) -> Guard {
    Guard::new(
        &Playbook::parse(text, "test").unwrap(),
        &BTreeMap::new(),
        LIMITS,
    )
}

fn turn(heard: &str, before: &[&str]) -> Turn {
    Turn::new([heard].into_iter(), before.iter().copied())
}

fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Speak(_) => "pass".into(),
        Verdict::Refuse(refusal) => serde_json::to_value(refusal.reason)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned(),
    }
}

fn spoken(guard: &Guard, turn: &mut Turn, sentence: &str) -> String {
    match guard.check(turn, sentence) {
        Verdict::Speak(text) => text,
        Verdict::Refuse(refusal) => panic!("`{sentence}` is refused: {refusal:?}"),
    }
}

fn reason(guard: &Guard, turn: &mut Turn, sentence: &str) -> Reason {
    match guard.check(turn, sentence) {
        Verdict::Speak(text) => panic!("`{text}` is allowed"),
        Verdict::Refuse(refusal) => refusal.reason,
    }
}

#[test]
fn every_sentence_of_the_table_is_judged_as_it_says() {
    let guards = [
        ("fitness", FITNESS),
        ("bank", BANK),
        ("appointment", APPOINTMENT),
        ("interview", INTERVIEW),
        ("survey", SURVEY),
    ]
    .map(|(name, text)| (name, guard(text)));
    let mut wrong = Vec::new();
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    for (number, row) in rows.enumerate() {
        let [playbook, heard, expected, sentence] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("row {number} has not four columns: {row}");
        };
        let guard = guards.iter().find(|(name, _)| *name == playbook);
        let guard = &guard
            .unwrap_or_else(|| panic!("row {number}: {playbook}"))
            .1;
        let heard = if heard == "-" { "" } else { heard };
        let verdict = guard.check(&mut turn(heard, &[]), sentence);
        if name(&verdict) != expected {
            wrong.push(format!("{sentence}\n  must be {expected}, is {verdict:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn approved_lines_ground_themselves() {
    let mut wrong = Vec::new();
    for text in [FITNESS, BANK, APPOINTMENT, INTERVIEW, SURVEY] {
        let (playbook, guard) = (Playbook::parse(text, "test").unwrap(), guard(text));
        let facts = playbook.facts.iter().map(|fact| &fact.say);
        let tactics = playbook.objections.iter().flat_map(|entry| &entry.say);
        let asks = playbook.flow.iter().map(|stage| &stage.ask);
        let script = playbook.script.iter().map(|line| &line.say);
        let lines = facts.chain(tactics).chain(asks).chain(script);
        for line in lines.filter(|line| !line.contains('{')) {
            for sentence in patter_language::sentence::Sentences::whole(line) {
                if let Verdict::Refuse(why) = guard.check(&mut turn("", &[]), &sentence) {
                    wrong.push(format!("{sentence}: {why:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn harmless_marks_are_taken_off_and_words_are_replaced() {
    let guard = guard(FITNESS);
    for (text, expected) in [
        ("**Great** *choice*!", "Great choice!"),
        ("Alex: It's all included.", "It's all included."),
        ("“I see what you mean.”", "I see what you mean."),
        ("Well... let me see.", "Well, let me see."),
        ("Let me see...", "Let me see."),
        ("Is that okay??", "Is that okay?"),
        ("Sounds good 👍", "Sounds good"),
        (
            "Gym members love each workout here.",
            "Club members love each session here.",
        ),
    ] {
        assert_eq!(spoken(&guard, &mut turn("", &[]), text), expected);
    }
}

#[test]
fn the_offending_words_are_named() {
    let guard = guard(FITNESS);
    for (text, expected) in [
        ("It's twenty five dollars a month.", "twenty five dollars"),
        ("Ask our trainer John Smith.", "John Smith"),
        ("We guarantee results.", "guarantee"),
        ("See you on {day}.", "{day}"),
    ] {
        let Verdict::Refuse(refusal) = guard.check(&mut turn("", &[]), text) else {
            panic!("{text}");
        };
        assert_eq!(refusal.offending, expected);
    }
}

#[test]
fn a_sentence_is_not_said_twice_and_a_short_one_may_come_again_later() {
    let guard = guard(FITNESS);
    let before = ["I see. The pool and the sauna are included."];
    let mut this = turn("", &before);
    spoken(&guard, &mut this, "I see.");
    assert_eq!(reason(&guard, &mut this, "I see."), Reason::Repetition);
    let again = "And the pool and the sauna are included.";
    assert_eq!(
        reason(&guard, &mut turn("", &before), again),
        Reason::Repetition
    );
    spoken(&guard, &mut turn("", &before), "All classes are included.");
}

#[test]
fn one_turn_holds_one_question_and_so_many_sentences() {
    let guard = guard(FITNESS);
    let mut this = turn("", &[]);
    spoken(&guard, &mut this, "What is your goal?");
    assert_eq!(
        reason(&guard, &mut this, "Which day is best?"),
        Reason::SeveralQuestions
    );
    assert!(this.is_refused());
    assert_eq!(this.said(), "What is your goal?");
    let mut this = turn("", &[]);
    for sentence in [
        "That is clear,",
        "and it is fair.",
        "I hear you.",
        "It helps.",
    ] {
        spoken(&guard, &mut this, sentence);
    }
    assert_eq!(reason(&guard, &mut this, "So it goes."), Reason::TooLong);
}

#[test]
fn a_clause_is_judged_with_the_one_before_it() {
    let guard = guard(FITNESS);
    let mut this = turn("", &[]);
    spoken(&guard, &mut this, "For the trial session,");
    assert!(this.is_open());
    assert_eq!(
        reason(&guard, &mut this, "that's 29 dollars."),
        Reason::UngroundedPrice
    );
    let mut this = turn("", &[]);
    spoken(&guard, &mut this, "Thanks for that,");
    assert_eq!(
        reason(&guard, &mut this, "Michael."),
        Reason::UngroundedName
    );
}

#[test]
fn slots_ground_what_they_hold() {
    let playbook = Playbook::parse(FITNESS, "test").unwrap();
    let slots = [
        ("customer", "Ms. Okafor"),
        ("day", "Tuesday"),
        ("time", "7 pm"),
    ];
    let slots = slots.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let guard = Guard::new(&playbook, &slots.into(), LIMITS);
    spoken(&guard, &mut turn("", &[]), "Perfect, Ms. Okafor.");
    spoken(&guard, &mut turn("", &[]), "See you Tuesday at seven.");
}

#[test]
fn all_spoken_lines_ground_what_they_hold() {
    let script = r#"
[[script]]
id = "locker"
intent = "facts.included"
say = "A locker is 7 dollars a month."
"#;
    let extra = "redirect = \"I have 8 questions.\"";
    let text = FITNESS
        .replace("[[script]]", &format!("{script}\n[[script]]"))
        .replace(
            "redirect = \"I see. Let me come back to my question.\"",
            extra,
        )
        .replace(
            "Which day suits you?",
            "Which day suits you, in the next 9 days?",
        );
    let guard = guard(&text);
    for sentence in [
        "The locker costs seven dollars a month.",
        "There are 8 questions.",
        "Which of the next 9 days suits you?",
    ] {
        spoken(&guard, &mut turn("", &[]), sentence);
    }
    assert_eq!(
        reason(
            &guard,
            &mut turn("", &[]),
            "The locker costs 7 dollars a year."
        ),
        Reason::UngroundedPrice
    );
}

#[test]
fn what_the_call_knows_grounds_a_sentence() {
    let guard = guard(FITNESS);
    let known = [
        "Saturday, November the 28th",
        "half past six",
        "Ms. Okafor",
        "15 dollars",
    ];
    let knowing = || turn("", &[]).knowing(known);
    for sentence in [
        "See you on Saturday, November the 28th.",
        "See you on Saturday the 28th at 6:30.",
        "Your trial session is on Saturday at half past six.",
        "Nice to meet you, Okafor.",
    ] {
        assert!(matches!(
            guard.check(&mut turn("", &[]), sentence),
            Verdict::Refuse(_)
        ));
        spoken(&guard, &mut knowing(), sentence);
    }
    for (sentence, expected) in [
        ("See you on Friday.", Reason::UngroundedDate),
        ("See you on the 27th.", Reason::UngroundedDate),
        ("We can do 15 dollars a month.", Reason::UngroundedPrice),
    ] {
        assert_eq!(reason(&guard, &mut knowing(), sentence), expected);
    }
}

/// Values that the lines of the fitness playbook hold, read from the file by a person.
const FITNESS_NUMBERS: &[u32] = &[1, 2, 3, 5, 6, 11, 12, 14, 19, 22, 29, 30, 40, 45, 59, 290];

fn in_words(number: u32) -> String {
    let small: Vec<&str> = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
        .split(' ')
        .collect();
    let tens: Vec<&str> = "- - twenty thirty forty fifty sixty seventy eighty ninety"
        .split(' ')
        .collect();
    match (number, number % 10) {
        (0..20, _) => small[number as usize].into(),
        (20..100, 0) => tens[number as usize / 10].into(),
        (20..100, unit) => format!("{} {}", tens[number as usize / 10], small[unit as usize]),
        _ => format!(
            "{} hundred and {}",
            small[number as usize / 100],
            in_words(number % 100)
        ),
    }
}

#[test]
fn an_open_conversation_is_held_to_its_form_and_to_no_facts() {
    let guard = guard(include_str!("../../../playbooks/assistant.toml"));
    let heard = "Tell me about Rome.";
    for sentence in [
        "Rome was founded in 753 BC.",
        "I'm sorry, I don't know that.",
        "A ticket for the Colosseum costs 18 euros.",
    ] {
        spoken(&guard, &mut turn(heard, &[]), sentence);
    }
    for (sentence, why) in [
        ("1. The Colosseum", Reason::Formatting),
        (
            "Rules: no lists, no emojis, no code, at most one question.",
            Reason::PromptLeak,
        ),
        ("Do you like it? Shall I go on?", Reason::SeveralQuestions),
    ] {
        assert_eq!(
            reason(&guard, &mut turn(heard, &[]), sentence),
            why,
            "{sentence}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_judged(heard in any::<String>(), sentences in proptest::collection::vec(any::<String>(), 0..4)) {
        let guard = guard(FITNESS);
        let mut this = turn(&heard, &[&heard]);
        for sentence in &sentences {
            guard.check(&mut this, sentence);
        }
    }

    #[test]
    fn a_sentence_that_passes_holds_no_number_that_nobody_gave(
        parts in proptest::collection::vec((proptest::sample::select(vec![
            "the trial", "is", "it's", "dollars a month", "days", "minutes", "free for", "at", "classes", "and", "percent", "members, from", "-", "$", "the plan",
        ]), proptest::option::of((2_u32..320, 0_u32..4))), 1..7),
    ) {
        let guard = guard(FITNESS);
        let mut text = String::from("So");
        let mut numbers = Vec::new();
        for (word, number) in parts {
            text.push(' ');
            text.push_str(word);
            if let Some((number, style)) = number {
                numbers.push(number);
                text.push_str(&match style {
                    0 => format!(" {number} or"),
                    1 => format!(" {} or", in_words(number)),
                    2 => format!(" {} or", in_words(number).replace(' ', "-")),
                    _ => format!(" {number}-"),
                });
            }
        }
        if let Verdict::Speak(spoken) = guard.check(&mut turn("I am 77 years old.", &[]), &text) {
            for number in numbers {
                let given = FITNESS_NUMBERS.contains(&number) || number == 77;
                prop_assert!(given, "{number} in `{spoken}`");
            }
        }
    }
}
