//! Promises that the playbook does not make.
//!
//! Thread: any. In: a sentence as phrases are looked for, the playbook's ground. Out: a refusal, if there is one. Memory: short strings per phrase.
//!
//! A promise may be made when an approved line makes it, and is about the same. What the caller said allows none: "give me a discount" is no offer.

use super::ground::Ground;
use super::words::{find, holds, is_function_word, stem};
use super::{Reason, Refusal};

/// Phrases that bind the house, or tell of something done that nobody did.
const PROMISES: &[&str] = &[
    "i promise",
    "we promise",
    "promise you",
    "my promise",
    "i assure you",
    "we assure you",
    "assure you",
    "rest assured",
    "guarantee",
    "guarantees",
    "guaranteed",
    "no matter what",
    "risk free",
    "i will make sure",
    "we will make sure",
    "make sure to",
    "make sure that you",
    "make sure you",
    "i will ensure",
    "we will ensure",
    "i will remember",
    "remember you",
    "i will call",
    "we will call",
    "will call you",
    "call you back",
    "get back to you",
    "will contact you",
    "will reach out",
    "be in touch",
    "i will send",
    "we will send",
    "send you",
    "email you",
    "text you",
    "i will give you",
    "we will give you",
    "i can give you",
    "we can give you",
    "will receive",
    "will definitely",
    "definitely get",
    "special offer",
    "special price",
    "special deal",
    "exclusive",
    "best price",
    "lowest price",
    "limited time",
    "gift",
    "voucher",
    "coupon",
    "bonus",
    "complimentary",
    "cash back",
    "cashback",
    "compensation",
    "compensate",
    "reimburse",
    "reimbursement",
    "waive",
    "waived",
    "on the house",
    "lifetime",
    "unlimited",
    "at no cost",
    "no extra cost",
    "will be fixed",
    "will be resolved",
    "will fix",
    "will be refunded",
    "been refunded",
    "refunded",
    "i have booked",
    "i booked",
    "i have sent",
    "i have scheduled",
    "i scheduled",
    "i have cancelled",
    "is confirmed",
    "is booked",
    "been booked",
    "been confirmed",
    "for nothing",
    "costs nothing",
    "cost nothing",
    "costs you nothing",
    "cost you nothing",
    "not cost",
    "discount",
    "discounts",
    "discounted",
    "refund",
    "refunds",
    "money back",
    "half price",
    "special rate",
];
/// What a caller is offered: only a line that offers it too allows that.
const GOODS: &[&str] = &["refund", "refunds", "money back", "discount", "discounts"];
const GIVING: &[&str] = &[
    "get", "gets", "give", "gives", "receive", "offer", "offers", "grant", "issue", "provide",
    "have",
];
/// Words between giving and what is given.
const GIVING_REACH: usize = 6;
/// What the absence of is a promise.
const BURDENS: &[&str] = &[
    "fee",
    "fees",
    "cost",
    "costs",
    "charge",
    "charges",
    "contract",
    "contracts",
    "obligation",
    "obligations",
    "commitment",
    "commitments",
    "risk",
    "risks",
    "strings",
    "deposit",
    "limit",
    "limits",
    "penalty",
];

/// The first promise in `spaced` that `ground` does not make.
pub(super) fn check(ground: &Ground, spaced: &str) -> Option<Refusal> {
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let refuse = |offending: &str| Some(Refusal::new(Reason::Promise, offending.to_owned()));
    for phrase in PROMISES
        .iter()
        .copied()
        .filter(|phrase| holds(spaced, phrase))
    {
        if is_denied(spaced, phrase) {
            continue;
        }
        let mut topics = ground.topics_beside(spaced, phrase);
        topics.retain(|topic| ground.known.contains(topic));
        let gives = GOODS.contains(&phrase) && is_given(spaced, phrase);
        let made = ground.supports(&topics, |line| {
            holds(&line.spaced, phrase) && (!gives || is_given(&line.spaced, phrase))
        });
        if !made {
            return refuse(phrase);
        }
    }
    for at in 0..words.len() {
        if let Some(burden) = lifted_burden(&words, at)
            && !ground.says(&burden)
        {
            return refuse(&burden);
        }
        if words[at] == "free"
            && let Some(free) = ungrounded_free(ground, spaced, &words, at)
        {
            return refuse(&free);
        }
    }
    None
}

/// "I can not guarantee".
fn is_denied(spaced: &str, phrase: &str) -> bool {
    let before = spaced
        .find(&format!(" {phrase} "))
        .map_or("", |at| &spaced[..at]);
    let mut last = before.rsplit(' ').take(3);
    last.any(|word| matches!(word, "not" | "never" | "no" | "without"))
}

/// "Get your money back": a verb of giving stands before it.
fn is_given(spaced: &str, goods: &str) -> bool {
    spaced.match_indices(&format!(" {goods} ")).any(|(at, _)| {
        spaced[..at]
            .rsplit(' ')
            .take(GIVING_REACH)
            .any(|word| GIVING.contains(&word))
    })
}

/// "No joining fee", from "no" to the burden.
fn lifted_burden(words: &[&str], at: usize) -> Option<String> {
    if !matches!(words[at], "no" | "without") {
        return None;
    }
    let reach = &words[at + 1..words.len().min(at + 4)];
    let burden = reach.iter().position(|word| BURDENS.contains(word))?;
    Some(words[at..=at + 1 + burden].join(" "))
}

/// "Free" where it means no money, and no line says so of the same.
fn ungrounded_free(ground: &Ground, spaced: &str, words: &[&str], at: usize) -> Option<String> {
    let before = at.checked_sub(1).map_or("", |before| words[before]);
    let next = words.get(at + 1).copied().unwrap_or("");
    // "Feel free", "are you free on Friday", "you are free to go", "not free".
    let person = before == "you"
        || (matches!(before, "are" | "you're") && at >= 2 && words[at - 2] == "you");
    if matches!(before, "feel" | "not" | "hands") || person || matches!(next, "to" | "time") {
        return None;
    }
    if next.is_empty() || is_function_word(next) {
        let topics = ground.topics_beside(spaced, "free");
        let said = ground.supports(&topics, |line| holds(&line.spaced, "free"));
        return (!said).then(|| "free".to_owned());
    }
    let single = stem(next);
    let said = [next, single.as_str()].iter().any(|thing| {
        let forms = [
            format!("free {thing}"),
            format!("{thing} is free"),
            format!("{thing} are free"),
        ];
        forms.iter().any(|form| ground.says(form))
    });
    (!said).then(|| format!("free {next}"))
}

/// Condolences to a caller who spoke of no loss: the commonest slip of small models.
pub(super) fn condolence(spaced: &str, heard: &str) -> Option<Refusal> {
    const CONDOLENCES: &[&str] = &[
        "for your loss",
        "my condolences",
        "our condolences",
        "passed away",
    ];
    const LOSSES: &[&str] = &[
        "died",
        "dead",
        "death",
        "passed away",
        "funeral",
        "lost my",
        "loss",
        "widow",
        "widower",
    ];
    let phrase = find(spaced, CONDOLENCES)?;
    find(heard, LOSSES)
        .is_none()
        .then(|| Refusal::new(Reason::OffPersona, phrase.to_owned()))
}
