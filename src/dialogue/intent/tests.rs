use super::compare::{Approach, answers, mislabelled};
use super::measure::{Score, read_lines, score};
use super::*;
use patter_engine::embed::Vector;
use proptest::prelude::*;
use std::sync::LazyLock;

const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");
const TEST: &str = include_str!("../../../tests/fixtures/intents/test.tsv");
const BANK: &str = include_str!("../../../playbooks/bank_complaint.toml");

static PLAYBOOK: LazyLock<Playbook> =
    LazyLock::new(|| Playbook::parse(FITNESS, "fitness").unwrap());
static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| Classifier::train(&PLAYBOOK, None));

fn labelled(pairs: &[(&str, &[&str])]) -> Vec<Labelled> {
    let texts = pairs.iter().flat_map(|(intent, texts)| {
        texts.iter().map(|text| Labelled {
            intent: (*intent).to_owned(),
            text: (*text).to_owned(),
        })
    });
    texts.collect()
}

fn examples() -> Vec<Labelled> {
    Labelled::all_of(&PLAYBOOK)
}

#[test]
fn words_that_no_phrase_holds_are_understood() {
    for (text, expected) in [
        ("So what's that going to cost me each month?", "facts.price"),
        ("Could I put my membership on hold?", "facts.freeze"),
        ("Where can I leave my car?", "facts.parking"),
        (
            "I need to talk it over with my husband.",
            "objections.ask_partner",
        ),
        ("Never ring this number again.", "opt_out"),
    ] {
        let guess = CLASSIFIER.classify(text, |_| true);
        assert_eq!(guess.intent, Some(expected), "{text}: {guess:?}");
        assert!(guess.probability >= THRESHOLD && guess.probability <= 1.0);
    }
}

#[test]
fn what_means_nothing_here_is_not_named() {
    for text in [
        "",
        "…",
        "My hamster ate a crayon.",
        "zzyzx qwrtz",
        "Wie spät ist es denn jetzt in Tokio?",
        "👍👍👍",
    ] {
        let guess = CLASSIFIER.classify(text, |_| true);
        assert_eq!(guess.intent, None, "{text}: {guess:?}");
        assert!(guess.best.is_some(), "{text}");
    }
}

#[test]
fn an_illegal_intent_is_never_named_and_leaves_doubt() {
    let text = "how much does it cost per month";
    let free = CLASSIFIER.classify(text, |_| true);
    let bound = CLASSIFIER.classify(text, |intent| intent != "facts.price");
    assert_eq!(free.intent, Some("facts.price"));
    assert_ne!(bound.best, Some("facts.price"));
    assert_ne!(bound.runner_up.unwrap().intent, "facts.price");
    assert!(bound.probability < free.probability, "{bound:?}");
    let nothing = CLASSIFIER.classify(text, |_| false);
    assert_eq!((nothing.intent, nothing.best), (None, None));
    assert_eq!((nothing.probability, nothing.runner_up), (0.0, None));
}

#[test]
fn the_same_playbook_gives_the_same_model() {
    let again = Classifier::train(&PLAYBOOK, None);
    for text in ["how much", "is there a pool", "my dog is ill", "yes"] {
        assert_eq!(
            CLASSIFIER.classify(text, |_| true),
            again.classify(text, |_| true)
        );
    }
}

#[test]
fn text_without_spaces_is_understood() {
    let classifier = Classifier::train_on(
        &labelled(&[
            (
                "price",
                &[
                    "多少钱",
                    "这个要多少钱",
                    "价格是多少",
                    "一个月多少钱",
                    "费用怎么算",
                ],
            ),
            (
                "hours",
                &[
                    "几点开门",
                    "你们几点关门",
                    "营业时间是什么",
                    "周末开门吗",
                    "什么时候营业",
                ],
            ),
            (
                "where",
                &[
                    "你们在哪里",
                    "地址是什么",
                    "怎么去你们那里",
                    "离地铁站远吗",
                    "在哪条街",
                ],
            ),
            (
                "bye",
                &["再见", "好的再见", "我先挂了", "拜拜", "不聊了再见"],
            ),
        ]),
        None,
    );
    for (text, expected) in [
        ("请问一年多少钱？", "price"),
        ("星期天几点开门", "hours"),
        ("你们的地址在哪里", "where"),
        ("那就先这样，再见！", "bye"),
    ] {
        let guess = classifier.classify(text, |_| true);
        assert_eq!(guess.best, Some(expected), "{text}: {guess:?}");
    }
    assert_eq!(classifier.classify("今天天气怎么样", |_| true).intent, None);
}

#[test]
fn a_playbook_of_phrases_alone_or_of_nothing_will_do() {
    let bank = Classifier::train(&Playbook::parse(BANK, "bank").unwrap(), None);
    let guess = bank.classify("I was charged two times for it.", |_| true);
    assert!(guess.best.is_some());
    let nothing = Classifier::train_on(&[], None);
    assert_eq!(nothing.classify("how much", |_| true).best, None);
    let one = Classifier::train_on(&labelled(&[("price", &["how much"])]), None);
    assert_eq!(one.classify("how much", |_| true).best, Some("price"));
}

#[test]
fn a_large_playbook_is_learnt_in_time() {
    let words = |n: usize| ["blue", "cold", "fast", "late", "near", "old", "red"][n % 7];
    let examples: Vec<Labelled> = (0..1_250)
        .map(|n| Labelled {
            intent: format!("facts.{}", n % 50),
            text: format!(
                "is topic{} {} or {} on day {}",
                n % 50,
                words(n),
                words(n / 7),
                n / 50
            ),
        })
        .collect();
    let started = std::time::Instant::now();
    let classifier = Classifier::train_on(&examples, None);
    // The aim is 300 ms on an idle core; this only catches what is out of all proportion.
    assert!(started.elapsed().as_secs() < 5 || cfg!(debug_assertions));
    let guess = classifier.classify("is topic17 cold", |_| true);
    assert_eq!(guess.best, Some("facts.17"));
}

/// Knows two groups of words that mean alike.
struct Synonyms {
    fails: bool,
}

impl Embed for Synonyms {
    fn learn(&self, texts: &[&str]) -> Option<Vec<Vector>> {
        texts.iter().map(|text| self.vector(text)).collect()
    }

    fn vector(&self, text: &str) -> Option<Vector> {
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let money = has(&["price", "cost", "quid", "dosh"]);
        let place = has(&["where", "address", "whereabouts"]);
        let vector = [f32::from(money), f32::from(place), 0.1].into();
        (!self.fails).then_some(vector)
    }
}

#[test]
fn what_shares_no_word_with_an_example_is_told_by_what_it_means() {
    let examples = labelled(&[
        (
            "price",
            &[
                "what is the price",
                "does it cost a lot",
                "the price please",
            ],
        ),
        (
            "place",
            &["where is it", "give me the address", "where are you"],
        ),
    ]);
    let told = |embed: Option<Synonyms>, text: &str| {
        let embed = embed.map(|embed| Arc::new(embed) as Arc<dyn Embed>);
        let classifier = Classifier::train_on(&examples, embed);
        let guess = classifier.classify(text, |_| true);
        (guess.best.map(str::to_owned), guess.probability)
    };
    let alone = told(None, "how many quid");
    let sensed = told(Some(Synonyms { fails: false }), "how many quid");
    assert_eq!(sensed.0.as_deref(), Some("price"));
    assert!(sensed.1 > 50.0 * alone.1, "{alone:?} {sensed:?}");
    let sensed = told(Some(Synonyms { fails: false }), "your whereabouts");
    assert_eq!(sensed.0.as_deref(), Some("place"));
    assert_eq!(told(Some(Synonyms { fails: true }), "how many quid"), alone);
}

proptest! {
    #[test]
    fn any_text_gets_a_probability(text in "\\PC{0,200}") {
        let guess = CLASSIFIER.classify(&text, |_| true);
        prop_assert!((0.0..=1.0).contains(&guess.probability), "{guess:?}");
        prop_assert!(guess.runner_up.is_some_and(|r| (0.0..=1.0).contains(&r.probability)));
    }
}

#[test]
fn hostile_text_is_bounded() {
    let repeat = |text: &str| text.repeat(100_000 / text.len());
    for text in [
        repeat("how much is it "),
        repeat("a"),
        repeat("😀"),
        repeat("م\u{64e}"),
        repeat("\u{202e}price "),
        repeat("钱"),
        repeat("e\u{301}"),
        repeat("\0\n"),
        repeat("'s "),
    ] {
        let guess = CLASSIFIER.classify(&text, |_| true);
        assert!((0.0..=1.0).contains(&guess.probability));
    }
}

#[test]
fn mislabelling_changes_the_share_that_was_asked_for() {
    let examples = examples();
    let changed = mislabelled(&examples, 0.2, 1);
    let differ = examples.iter().zip(&changed).filter(|(a, b)| a != b);
    let share = differ.count() as f32 / examples.len() as f32;
    assert!((share - 0.2).abs() < 0.01, "{share}");
    assert_eq!(changed, mislabelled(&examples, 0.2, 1));
    assert_ne!(changed, mislabelled(&examples, 0.2, 2));
}

fn measured(approach: Approach, examples: &[Labelled]) -> Score {
    let lines = read_lines(TEST, |intent| {
        let mut examples = PLAYBOOK.caller_examples();
        examples.any(|example| example.intent.to_string() == intent)
    })
    .unwrap();
    score(
        &lines,
        &answers(approach, &PLAYBOOK, examples, &lines, None),
    )
}

/// Two points below what was reached: 83.3 % right, 94.8 % rejected.
#[test]
fn held_out_callers_are_understood_as_well_as_when_measured() {
    let score = measured(Approach::Classifier, &examples());
    let all = &score.kinds[0];
    assert!(all.accuracy >= 0.83 && all.rejected >= 0.87, "{all:?}");
    assert!(
        score.best_right >= 0.88 && score.precision >= 0.89,
        "{score:?}"
    );
    assert!(
        score.calibration_error <= 0.06,
        "{}",
        score.calibration_error
    );
}

/// Over ten ways to mislabel, since one of them alone moves each figure by five points. Two points below what was
/// reached: 70.2 % right, 90.4 % rejected, 82.9 % precision, calibration error 4.7 points.
#[test]
fn a_fifth_of_wrong_labels_costs_answers_and_not_honesty() {
    let scores: Vec<Score> = (1..=10)
        .map(|seed| measured(Approach::Classifier, &mislabelled(&examples(), 0.2, seed)))
        .collect();
    let mean = |of: fn(&Score) -> f32| scores.iter().map(of).sum::<f32>() / scores.len() as f32;
    let accuracy = mean(|s| s.kinds[0].accuracy);
    let rejected = mean(|s| s.kinds[0].rejected);
    assert!(
        accuracy >= 0.68 && rejected >= 0.88,
        "{accuracy} {rejected}"
    );
    let precision = mean(|s| s.precision);
    let calibration_error = mean(|s| s.calibration_error);
    assert!(
        precision >= 0.81 && calibration_error <= 0.067,
        "{precision} {calibration_error}"
    );
}
