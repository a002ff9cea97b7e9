//! Whole turns on the shipped playbooks.

use std::sync::LazyLock;

use super::*;
use patter_language::sentence::Sentences;
use patter_playbook::Playbook;
use patter_types::expect::Expect;
use patter_types::free_replies::FreeReplies;

/// On a Saturday, "Saturday" would be today or in a week.
const WEDNESDAY: Date = jiff::civil::date(2026, 11, 18);

/// Learnt once for all tests.
static FITNESS: LazyLock<Arc<Knowledge>> = LazyLock::new(|| {
    let text = include_str!("../../playbooks/fitness.toml");
    Arc::new(Knowledge::new(Playbook::parse(text, "fitness").unwrap()))
});

fn fitness() -> Dialogue {
    Dialogue::on(WEDNESDAY, Arc::clone(&FITNESS), 6)
}

/// After its opening was heard.
fn opened() -> Dialogue {
    let mut dialogue = fitness();
    let opening = dialogue.opening();
    dialogue.heard_of_reply(&opening.text());
    dialogue
}

#[test]
fn a_stage_that_waits_for_a_slot_is_passed_over() {
    let text = include_str!("../../playbooks/fitness.toml");
    let ask = fitness().knowledge.playbook.flow[1].ask.clone();
    let playbook =
        Playbook::parse(&text.replace(&ask, "Is {day} good for you?"), "fitness").unwrap();
    let mut dialogue = Dialogue::on(WEDNESDAY, Arc::new(Knowledge::new(playbook)), 6);
    dialogue.opening();
    let plan = dialogue.reply("Sure, go ahead.");
    let passed = &dialogue.knowledge.playbook.flow[2];
    assert_eq!(plan.moved.map(|moved| moved.to).as_ref(), Some(&passed.id));
    assert!(!plan.lines.is_empty());
}

#[test]
fn a_sale_goes_from_greeting_to_goodbye_on_approved_lines() {
    let mut dialogue = opened();
    let steps = [
        ("Sure, go ahead.", "discovery"),
        ("I want to lose weight.", "pitch"),
        ("Yes, please.", "closing"),
        ("Saturday at ten works", "confirm"),
    ];
    for (heard, stage) in steps {
        let plan = dialogue.reply(heard);
        assert_eq!(
            plan.moved.as_ref().map(|m| m.to.as_str()),
            Some(stage),
            "{heard}: {plan:?}"
        );
        assert!(!plan.lines.is_empty() && plan.prompt.is_none());
    }
    let plan = dialogue.reply("Thanks, bye.");
    assert!(plan.ends_call);
    assert!(plan.text().contains("oodbye"), "{}", plan.text());
}

#[test]
fn an_objection_gets_its_tactics_in_order_and_then_a_goodbye() {
    let mut dialogue = opened();
    let first = dialogue.reply("It's too expensive.");
    let second = dialogue.reply("That's too expensive.");
    assert_ne!(first.text(), second.text());
    assert!(!second.ends_call);
    assert!(dialogue.reply("It's too expensive.").ends_call);
}

#[test]
fn what_no_line_fits_goes_to_the_model_with_the_history() {
    let mut dialogue = opened();
    let plan = dialogue.reply("My grandmother collects stamps from Peru");
    let prompt = plan.prompt.unwrap();
    assert!(
        prompt
            .iter()
            .any(|m| m.text.starts_with("Hi there, this is Alex"))
    );
    assert!(
        prompt
            .last()
            .unwrap()
            .text
            .starts_with("My grandmother collects stamps from Peru")
    );
    assert!(plan.lines.is_empty());
}

#[test]
fn in_place_of_the_model_a_question_is_not_known_and_a_remark_leads_back() {
    let mut dialogue = opened();
    dialogue.reply("My grandmother collects stamps from Peru");
    let lines = dialogue.fallback();
    let sources: Vec<String> = lines.iter().map(|l| l.source.to_string()).collect();
    assert_eq!(sources, ["line:lines.fallback", "line:flow.opening.ask"]);
    assert_eq!(dialogue.expect(), Expect::YesNo);
    dialogue.heard_of_reply("I see. Do you have a minute?");
    dialogue.reply("She has many of them");
    assert_eq!(dialogue.fallback()[0].source, LineId::NotKnown.into());
    dialogue.heard_of_reply("I'm not sure about that.");
    dialogue.reply("So it goes with grandmothers");
    assert_eq!(dialogue.fallback()[0].source, LineId::Fallback.into());
    dialogue.heard_of_reply("I see.");
    for question in ["Do you sell stamps", "The moon is made of cheese, right?"] {
        dialogue.reply(question);
        assert_eq!(dialogue.fallback()[0].source, LineId::NotKnown.into());
    }
}

#[test]
fn a_caller_who_did_not_catch_it_hears_it_again() {
    let mut dialogue = opened();
    let price = dialogue.reply("How much is it?");
    assert_eq!(dialogue.reply("Pardon?").lines, price.lines);
    assert!(!dialogue.reply("").lines.is_empty());
}

#[test]
fn a_phrase_of_an_earlier_stage_leads_back_and_never_ends_the_call() {
    let in_last_stage = || {
        let mut dialogue = opened();
        dialogue.reply("Saturday at ten works.");
        assert_eq!(dialogue.stage(), "confirm");
        dialogue
    };
    let mut dialogue = in_last_stage();
    let plan = dialogue.reply("I'd like to change my appointment.");
    let moved = plan.moved.clone().unwrap();
    assert_eq!(moved.from.as_deref(), Some("confirm"));
    assert_eq!(moved.to, "closing");
    assert!(moved.why.contains("went back"), "{}", moved.why);
    assert!(!plan.ends_call && plan.text().contains("Which day and time"));
    // Another day in the stage that noted the first one.
    let mut dialogue = in_last_stage();
    let plan = dialogue.reply("Actually, Sunday is better.");
    assert!(!plan.ends_call && plan.moved.is_none());
    assert!(
        plan.text()
            .starts_with("Perfect, Sunday, November the 22nd, ten"),
        "{plan:?}"
    );
    // In the middle of a call the same holds; what agrees goes on.
    let mut dialogue = opened();
    dialogue.reply("Yes, please.");
    dialogue.reply("I want to lose weight.");
    assert_eq!(dialogue.stage(), "pitch");
    let plan = dialogue.reply("Sure, go ahead.");
    assert_eq!(plan.moved.unwrap().to, "closing");
}

#[test]
fn a_plain_yes_or_no_to_the_last_question_ends_the_call() {
    for (heard, intent) in [
        ("Sure, that's fine.", IntentId::Yes),
        ("Yes, that sounds great!", IntentId::Yes),
        ("No, that's fine.", IntentId::No),
        ("No, no thanks.", IntentId::No),
    ] {
        let mut dialogue = opened();
        dialogue.reply("Saturday at ten works.");
        let plan = dialogue.reply(heard);
        assert!(plan.ends_call, "{heard}");
        assert_eq!(plan.matched.unwrap().intent, intent, "{heard}");
    }
}

#[test]
fn opting_out_ends_the_call() {
    let mut dialogue = opened();
    assert!(dialogue.reply("Please take me off your list.").ends_call);
}

#[test]
fn a_notice_that_was_cut_off_is_said_first_until_it_was_heard() {
    let mut dialogue = fitness();
    let opening = dialogue.opening();
    let notice = opening
        .lines
        .iter()
        .find(|l| l.uninterruptible)
        .cloned()
        .unwrap();
    assert!(!opening.lines[0].uninterruptible);
    // While it is being said it is not said twice.
    assert_ne!(dialogue.clone().reply("How much is it?").lines[0], notice);
    dialogue.heard("One moment, please.", true, false);
    dialogue.heard_of_reply("Hi there, this is");
    let price = dialogue.reply("How much is it?");
    assert_eq!(price.lines[0], notice);
    assert!(price.lines.len() > 1);
    dialogue.heard_of_reply(&price.text());
    assert_ne!(dialogue.reply("How much is it?").lines[0], notice);
}

#[test]
fn a_notice_that_was_heard_whole_is_not_repeated_however_its_sentences_are_set_apart() {
    let fitness = include_str!("../../playbooks/fitness.toml");
    let written = "I'm a virtual assistant, and this call may be recorded.";
    assert!(fitness.contains(written));
    for notice in [
        "I'm a virtual assistant.  This call may be recorded.",
        "I'm a virtual assistant.\\nThis call\\tmay be recorded.",
        "我是虚拟助理。本次通话可能会被录音。",
    ] {
        let playbook = Playbook::parse(&fitness.replace(written, notice), "fitness").unwrap();
        let mut dialogue = Dialogue::on(WEDNESDAY, Arc::new(Knowledge::new(playbook)), 6);
        let opening = dialogue.opening();
        // As a voice speaks it: sentence by sentence.
        let spoken = opening
            .lines
            .iter()
            .flat_map(|line| Sentences::whole(&line.text));
        let heard = spoken.collect::<Vec<_>>().join(" ");
        dialogue.heard_of_reply(&heard);
        let price = dialogue.reply("How much is it?");
        assert!(
            price.lines.iter().all(|line| !line.uninterruptible),
            "{price:?}"
        );
    }
}

#[test]
fn lines_that_the_playbook_marks_may_not_be_cut_off() {
    let mut playbook =
        Playbook::parse(include_str!("../../playbooks/fitness.toml"), "fitness").unwrap();
    playbook.compliance.uninterruptible = vec!["facts.cancel".into()];
    let mut dialogue = Dialogue::on(WEDNESDAY, Arc::new(Knowledge::new(playbook)), 6);
    let opening = dialogue.opening();
    dialogue.heard_of_reply(&opening.text());
    assert!(dialogue.reply("Can I cancel any time?").lines[0].uninterruptible);
    assert!(!dialogue.reply("How much is it?").lines[0].uninterruptible);
}

#[test]
fn a_silent_caller_is_asked_and_then_let_go() {
    let dialogue = opened();
    assert!(dialogue.reprompt().text().contains("are you still there"));
    assert!(!dialogue.reprompt().ends_call && dialogue.give_up().ends_call);
    assert!(!dialogue.give_up().lines.is_empty());
}

#[test]
fn what_is_still_being_said_is_prefilled_as_the_beginning_of_the_prompt() {
    let mut dialogue = opened();
    assert_eq!(dialogue.so_far_hearing("how much is it"), None);
    let ahead = dialogue.so_far_hearing("My grandmother collects").unwrap();
    let prompt = dialogue
        .reply("My grandmother collects stamps")
        .prompt
        .unwrap();
    assert_eq!(ahead.len(), prompt.len());
    assert_eq!(ahead[..ahead.len() - 1], prompt[..prompt.len() - 1]);
    let (ahead, whole) = (&ahead[ahead.len() - 1], &prompt[prompt.len() - 1]);
    assert!(whole.text.starts_with(&ahead.text));
}

#[test]
fn what_is_asked_for_is_known_right_after_the_question() {
    let mut dialogue = opened();
    assert_eq!(dialogue.expect(), Expect::YesNo);
    dialogue.reply("How much is it?");
    assert_eq!(dialogue.expect(), Expect::Any);
    dialogue.reply("I want to lose weight.");
    assert_eq!(dialogue.expect(), Expect::YesNo);
    dialogue.model_said("Something else.");
    assert_eq!(dialogue.expect(), Expect::Any);
}

#[test]
fn an_okay_to_the_goodbye_sells_nothing() {
    let mut dialogue = opened();
    assert!(dialogue.reply("Please take me off your list.").ends_call);
    let plan = dialogue.reply("Okay.");
    assert!(plan.ends_call && plan.moved.is_none());
}

#[test]
fn a_corrected_value_is_said_though_the_question_does_not_hold_it() {
    let text = include_str!("../../playbooks/fitness.toml");
    let flow = &fitness().knowledge.playbook.flow;
    let ask = flow.iter().find(|stage| stage.id == "confirm").unwrap();
    let text = text.replace(&ask.ask, "Shall I send you a text message?");
    let knowledge = Knowledge::new(Playbook::parse(&text, "fitness").unwrap());
    let mut dialogue = Dialogue::on(WEDNESDAY, Arc::new(knowledge), 6);
    dialogue.opening();
    for heard in ["Sure, go ahead.", "I want to lose weight.", "Yes, please."] {
        dialogue.reply(heard);
    }
    let plan = dialogue.reply("Saturday at ten.");
    assert_eq!(plan.text(), "Shall I send you a text message?");
    let plan = dialogue.reply("No, Sunday is better.");
    assert_eq!(
        plan.text(),
        "I have Sunday, November the 22nd. Shall I send you a text message?"
    );
    assert_eq!(plan.values[0].value, "2026-11-22");
}

#[test]
fn with_the_model_off_an_approved_line_or_an_honest_one_is_said() {
    let mut dialogue = opened().answering(FreeReplies::Off);
    let plan = dialogue.reply("How hot is the sauna?");
    assert_eq!(plan.prompt, None);
    let not_known = Source::Line(LineId::NotKnown);
    assert_eq!(plan.lines[0].source, not_known, "{plan:?}");
    // Nothing is prefilled for nobody.
    assert_eq!(dialogue.so_far_hearing("How hot is the"), None);
    dialogue.heard_of_reply(&plan.text());
    let plan = dialogue.reply("I broke my ankle last month.");
    assert_eq!(plan.prompt, None);
    assert_eq!(plan.lines[0].source, Source::Line(LineId::Fallback));
}

#[test]
fn with_the_model_off_a_line_that_it_may_reword_is_said_as_it_stands() {
    let text = include_str!("../../playbooks/fitness.toml");
    let text = text.replacen("[persona]", "[persona]\nway = \"guided\"", 1);
    let playbook = Playbook::parse(&text, "fitness").unwrap();
    let fact = playbook.facts[0].clone();
    let knowledge = Arc::new(Knowledge::new(playbook));
    let said = |style| {
        let mut dialogue = Dialogue::on(WEDNESDAY, Arc::clone(&knowledge), 6).answering(style);
        let opening = dialogue.opening();
        dialogue.heard_of_reply(&opening.text());
        dialogue.reply("How much is it?")
    };
    assert!(said(FreeReplies::Brief).prompt.is_some());
    let off = said(FreeReplies::Off);
    assert_eq!(off.prompt, None);
    assert!(
        off.lines.iter().any(|line| line.text == fact.say),
        "{off:?}"
    );
}

#[test]
fn a_model_that_follows_a_prompt_is_told_behind_the_words_how_not_to_know() {
    let mut dialogue = opened().answering(FreeReplies::Full);
    let so_far = dialogue.so_far();
    let prompt = dialogue.reply("How hot is the sauna?").prompt.unwrap();
    // All that was there before the words is the same, so it is read while they are spoken.
    assert_eq!(so_far[..], prompt[..so_far.len()]);
    let last = &prompt.last().unwrap().text;
    assert!(last.starts_with("How hot is the sauna?\n("), "{last}");
    assert!(
        last.ends_with("answer: \"I'm not sure about that.\")"),
        "{last}"
    );
    let system = &prompt[0].text;
    let playbook = &FITNESS.playbook;
    assert!(playbook.facts.iter().all(|fact| system.contains(&fact.say)));
}

#[test]
fn in_an_open_conversation_the_model_answers_until_somebody_says_goodbye() {
    let text = include_str!("../../playbooks/assistant.toml");
    let playbook = Playbook::parse(text, "assistant").unwrap();
    assert_eq!(playbook.validate(), []);
    let knowledge = Arc::new(Knowledge::new(playbook));
    for style in [FreeReplies::Brief, FreeReplies::Full] {
        let mut dialogue = Dialogue::on(WEDNESDAY, Arc::clone(&knowledge), 6).answering(style);
        let opening = dialogue.opening();
        dialogue.heard_of_reply(&opening.text());
        for heard in [
            "Tell me about Rome.",
            "Yes.",
            "No.",
            "no thanks",
            "Why is that?",
            "Okay.",
        ]
        .repeat(4)
        {
            let plan = dialogue.reply(heard);
            let prompt = plan
                .prompt
                .as_ref()
                .unwrap_or_else(|| panic!("{heard}: {plan:?}"));
            let last = &prompt.last().unwrap().text;
            assert!(last.starts_with(heard) && !last.contains("facts"), "{last}");
            assert!(!plan.ends_call && plan.moved.is_none(), "{heard}");
            dialogue.model_said("I see.");
            dialogue.heard_of_reply("I see.");
        }
        let bye = dialogue.reply("Okay, bye bye.");
        assert!(bye.ends_call && bye.prompt.is_none(), "{bye:?}");
    }
}
