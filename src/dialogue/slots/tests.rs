//! The slots as a whole: calls with several turns.

use jiff::civil::{Date, date};

use super::*;

const FITNESS: &str = include_str!("../../../playbooks/fitness.toml");

/// A Wednesday.
const TODAY: Date = date(2026, 11, 18);

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
            ("day".to_owned(), SlotStatus::Awaiting),
            ("time".to_owned(), SlotStatus::Awaiting)
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
        Some(SlotStatus::Awaiting)
    );
    assert_eq!(
        slots.hear("day", "what do you mean", TODAY).unwrap(),
        Some(SlotStatus::Awaiting)
    );
    assert_eq!(
        slots.hear("day", "yes that's right", TODAY).unwrap(),
        Some(SlotStatus::Known)
    );
    assert_eq!(slots.missing(&collect), ["time"]);
    assert_eq!(slots.hear("time", "no", TODAY).unwrap(), None);
    assert_eq!(
        slots.hear("time", "eleven", TODAY).unwrap(),
        Some(SlotStatus::Awaiting)
    );
    // Said again, it is agreed to.
    assert_eq!(
        slots.hear("time", "eleven o'clock", TODAY).unwrap(),
        Some(SlotStatus::Known)
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
        Some(SlotStatus::Begun)
    );
    assert_eq!(slots.begun(), ["pin"]);
    assert_eq!(slots.missing(&["pin".to_owned()]), ["pin"]);
    assert_eq!(
        slots.hear("pin", "one two", TODAY).unwrap(),
        Some(SlotStatus::Known)
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
        Some(SlotStatus::Known)
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
        Some(SlotStatus::Known)
    );
    assert_eq!(
        slots.hear("time", "seven", TODAY).unwrap(),
        Some(SlotStatus::Awaiting)
    );
    assert_eq!(slots.from_caller(), ["day", "time"]);
}
