//! Promises that the playbook does not make.
//!
//! In: a sentence, the playbook's ground, the caller's words. Out: a refusal, if there is one. Memory: short strings
//! per phrase.
//!
//! A promise may be made when an approved line makes it, and is about the same. What the caller said allows none: "give
//! me a discount" is no offer.

use super::Refusal;
use super::figures::is_calendar;
use super::ground::{Ground, Line};
use super::words::{cut, figure_words, find, holds, is_function_word, promise_words, spaced};
use patter_language::stem::singular;
use patter_types::reason::Reason;

/// Words between giving and what is given.
const GIVING_REACH: usize = 6;

/// Words before a condition's verb.
const CONDITION_REACH: usize = 5;
/// Words of "of 50 dollars" between goods and their verb.
const GOODS_REACH: usize = 4;

/// The first promise in `text` that `ground` does not make.
pub(super) fn check(ground: &Ground, heard: &Line, text: &str) -> Option<Refusal> {
    let spaced = spaced(text);
    let clauses = cut(text, |word| word.ends_clause);
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let refuse = |offending: &str| Some(Refusal::new(Reason::Promise, offending.to_owned()));
    for phrase in promise_words()
        .phrases
        .iter()
        .copied()
        .filter(|phrase| holds(&spaced, phrase))
    {
        if is_denied(&clauses, phrase) {
            continue;
        }
        let mut topics = ground.topics_beside(&spaced, phrase);
        topics.retain(|topic| ground.known.contains(topic));
        let is_goods = promise_words().goods.contains(&phrase);
        let gives = is_goods && is_given(&spaced, phrase);
        let made = ground.supports(&topics, |line| {
            holds(&line.spaced, phrase) && (!gives || is_given(&line.spaced, phrase))
        });
        let told = is_goods.then(|| told_as_given(&words, phrase)).flatten();
        if !made || told.is_some_and(|told| !ground.says(&told)) {
            return refuse(phrase);
        }
    }
    for clause in &clauses {
        let words: Vec<&str> = clause.split_whitespace().collect();
        let mut burdens = (0..words.len()).filter_map(|at| lifted_burden(&words, at));
        if let Some(burden) = burdens.find(|burden| !is_lifted(ground, &spaced, clause, burden)) {
            return refuse(&burden);
        }
        let mut acts = (0..words.len())
            .filter_map(|at| own_act(&words, at).or_else(|| told_act(heard, &spaced, &words, at)));
        if let Some(act) = acts.find(|act| !ground.says(act)) {
            return refuse(&act);
        }
    }
    let mut free = (0..words.len()).filter(|at| words[*at] == "free");
    let unsaid = free.find_map(|at| ungrounded_free(ground, &spaced, &words, at))?;
    refuse(&unsaid)
}

/// "I can not guarantee", wherever the phrase stands. A comma ends what is denied: "no problem, I guarantee it".
fn is_denied(clauses: &[String], phrase: &str) -> bool {
    let spaced_phrase = format!(" {phrase} ");
    let mut found = clauses
        .iter()
        .flat_map(|clause| {
            let all = clause.match_indices(&spaced_phrase);
            all.map(|(at, _)| &clause[..at])
        })
        .peekable();
    found.peek().is_some()
        && found.all(|before| {
            let mut last: Vec<&str> = before.split_whitespace().rev().take(3).collect();
            last.reverse();
            (0..last.len()).any(|at| match last[at] {
                word if promise_words().denials.contains(&word) => true,
                "no" => last
                    .get(at + 1)
                    .is_none_or(|next| !promise_words().soothing.contains(next)),
                _ => false,
            })
        })
}

/// "Get your money back": a verb of giving stands before it.
fn is_given(spaced: &str, goods: &str) -> bool {
    spaced.match_indices(&format!(" {goods} ")).any(|(at, _)| {
        spaced[..at]
            .rsplit(' ')
            .take(GIVING_REACH)
            .any(|word| promise_words().giving.contains(&word))
    })
}

/// "Your refund has been approved", "is on its way": whatever is told of goods, it is told as if they were given. From
/// the goods to the word that tells it.
fn told_as_given(words: &[&str], goods: &str) -> Option<String> {
    let goods: Vec<&str> = goods.split(' ').collect();
    let ends = words.windows(goods.len()).zip(goods.len()..);
    let mut ends = ends.filter_map(|(found, end)| (found == goods.as_slice()).then_some(end));
    ends.find_map(|end| {
        let reach = match words.get(end) {
            Some(&"of") => GOODS_REACH,
            _ => 1,
        };
        let verbs = words.iter().enumerate().skip(end).take(reach);
        let (verb, _) = verbs
            .into_iter()
            .find(|(_, word)| promise_words().auxiliaries.contains(word))?;
        let next = words.get(verb + 1)?;
        let to = words.len().min(verb + 3);
        (!promise_words().open_ends.contains(next)).then(|| words[end - goods.len()..to].join(" "))
    })
}

/// "I have blocked your card", from the beginning to the verb.
fn own_act(words: &[&str], at: usize) -> Option<String> {
    if !matches!(words[at], "i" | "we") || is_condition(words, at) {
        return None;
    }
    let skip = |mut from: usize| {
        while words
            .get(from)
            .is_some_and(|word| promise_words().act_adverbs.contains(word))
        {
            from += 1;
        }
        from
    };
    let mut verb = skip(at + 1);
    let is_perfect = words.get(verb) == Some(&"have");
    if is_perfect {
        verb = skip(verb + 1);
    }
    let word = words.get(verb)?;
    let next = words.get(verb + 1);
    let is_verb = || {
        word.ends_with("ed")
            && !promise_words().spoken_acts.contains(word)
            && next.is_none_or(|next| promise_words().after_verb.contains(next))
    };
    let acts = promise_words().acts.contains(word) || (is_perfect && is_verb());
    acts.then(|| words[at..=verb].join(" "))
}

/// "Your card has been blocked", unless it is the caller's own news.
fn told_act(heard: &Line, spaced: &str, words: &[&str], at: usize) -> Option<String> {
    let before = at.checked_sub(1).map(|before| words[before]);
    if words[at] != "been" || !matches!(before, Some("has" | "have")) || is_condition(words, at) {
        return None;
    }
    let skipped = words[at + 1..]
        .iter()
        .position(|word| !promise_words().act_adverbs.contains(word))?;
    let verb = words[at + 1 + skipped];
    let is_news = heard.stems.contains(verb) && find(spaced, &promise_words().news).is_some();
    (promise_words().acts.contains(&verb) && !is_news).then(|| format!("been {verb}"))
}

fn is_condition(words: &[&str], at: usize) -> bool {
    let from = at.saturating_sub(CONDITION_REACH);
    words[from..at]
        .iter()
        .any(|word| promise_words().conditions.contains(word))
}

/// "No joining fee", from "no" to the burden.
fn lifted_burden(words: &[&str], at: usize) -> Option<String> {
    if !matches!(words[at], "no" | "without") {
        return None;
    }
    let reach = &words[at + 1..words.len().min(at + 4)];
    let burden = reach
        .iter()
        .position(|word| promise_words().burdens.contains(word))?;
    Some(words[at..=at + 1 + burden].join(" "))
}

/// Whether a line lifts a burden from what the clause is about, and from no less: the basic card has no fee, "the card"
/// has one.
fn is_lifted(ground: &Ground, spaced: &str, clause: &str, burden: &str) -> bool {
    let mut topics = ground.topics_beside(clause, burden);
    topics.retain(|topic| ground.known.contains(topic));
    let all = ground.topics_beside(spaced, burden);
    ground.supports(&topics, |line| {
        line.sentences.iter().any(|sentence| {
            let at = sentence.find(&format!(" {burden} "));
            at.is_some_and(|at| {
                let said_of = ground.topics_beside(&sentence[..at], "");
                said_of.iter().all(|topic| all.contains(topic))
            })
        })
    })
}

/// "Free" where it means no money, and no line says so of the same.
fn ungrounded_free(ground: &Ground, spaced: &str, words: &[&str], at: usize) -> Option<String> {
    let before = at.checked_sub(1).map_or("", |before| words[before]);
    let next = words.get(at + 1).copied().unwrap_or("");
    if matches!(before, "feel" | "not" | "hands") || is_of_person(words, at) {
        return None;
    }
    let is_end = next.is_empty() || is_function_word(next);
    // "Is your evening free?"
    if is_end && promise_words().places.contains(&before) {
        return None;
    }
    if is_end && let Some(thing) = free_thing(words, at) {
        let single = singular(thing);
        let lists = [figure_words().relative, promise_words().places];
        let is_date = is_calendar(&single) || lists.iter().any(|l| l.contains(&single.as_str()));
        return (!is_date && !is_free(ground, spaced, thing)).then(|| format!("{thing} free"));
    }
    if matches!(next, "to" | "time") {
        return None;
    }
    if is_end {
        let topics = ground.topics_beside(spaced, "free");
        let said = ground.supports(&topics, |line| holds(&line.spaced, "free"));
        return (!said).then(|| "free".to_owned());
    }
    (!is_free(ground, spaced, next)).then(|| format!("free {next}"))
}

/// "Are you free on Friday", "we will be free": somebody has time.
fn is_of_person(words: &[&str], at: usize) -> bool {
    let verbs = words[..at].iter().rev();
    let verbs = verbs.take_while(|word| {
        matches!(
            **word,
            "are" | "am" | "be" | "will" | "would" | "is" | "might" | "also" | "still"
        )
    });
    let first = at - verbs.count();
    let who = first.checked_sub(1).map_or("", |who| words[who]);
    // "We offer you free classes" is no question for the time of anybody.
    let asked = who == "you" && first >= 2 && matches!(words[first - 2], "are" | "were" | "be");
    asked || (first < at && promise_words().people.contains(&who))
}

/// What is free in "the first month is free" and in "park for free".
fn free_thing<'a>(words: &[&'a str], at: usize) -> Option<&'a str> {
    let mut rest = &words[..at];
    while let [others @ .., last] = rest
        && promise_words().free_adverbs.contains(last)
    {
        rest = others;
    }
    let [others @ .., "is" | "are" | "was" | "were" | "be" | "for"] = rest else {
        return None;
    };
    rest = others;
    while let [others @ .., last] = rest
        && (promise_words().free_adverbs.contains(last)
            || matches!(*last, "will" | "would" | "can"))
    {
        rest = others;
    }
    let thing = *rest.last()?;
    (!is_function_word(thing)).then_some(thing)
}

/// Whether a line says that `thing` is free, and of no less: a new card is, "the card" is not.
fn is_free(ground: &Ground, spaced: &str, thing: &str) -> bool {
    let single = singular(thing);
    let named = |word: &str| word == thing || singular(word) == single;
    let topics = ground.topics_beside(spaced, "");
    let says = |clause: &String| {
        let words: Vec<&str> = clause.split_whitespace().collect();
        (0..words.len())
            .filter(|at| words[*at] == "free")
            .any(|at| {
                let before = |offset: usize| at.checked_sub(offset).map_or("", |at| words[at]);
                let is_said =
                    matches!(before(1), "is" | "are") && (2..=4).any(|back| named(before(back)));
                let said_of = ground.topics_beside(&words[..at].join(" "), "");
                let is_done = before(1) == "for" && named(before(2));
                (is_said && said_of.iter().all(|topic| topics.contains(topic)))
                    || is_done
                    || words.get(at + 1).is_some_and(|word| named(word))
            })
    };
    ground.lines.iter().any(|line| {
        // "Is there parking?" leads to "it's free".
        let answered = line.about.contains(&single)
            && find(&line.spaced, &promise_words().free_answers).is_some();
        answered || line.clauses.iter().any(says)
    })
}

/// Condolences to a caller who spoke of no loss: the commonest slip of small models.
pub(super) fn condolence(spaced: &str, heard: &str) -> Option<Refusal> {
    let phrase = find(spaced, &promise_words().condolences)?;
    find(heard, &promise_words().losses)
        .is_none()
        .then(|| Refusal::new(Reason::OffPersona, phrase.to_owned()))
}
