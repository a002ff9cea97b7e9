//! The calls that run now, and what happens in them as it happens.
//!
//! Threads: the calls' `events` threads write, `http` reads. In: [`Stamped`] events. Out: [`LiveCall`]s, a
//! [`CallResult`] at a call's end, events for listeners. Memory: `MAX_CALLS` calls with texts cut at a fixed length;
//! the last `QUEUE_EVENTS` events while somebody listens. When a listener is slow: it loses the oldest events and is
//! told how many; a call never waits.
//!
//! The texts are what people said: they are shown on the interface that asks for a token, and nowhere else.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::sync::broadcast;

use super::registry::{CallResult, MAX_SLOTS, MAX_VALUE_CHARS, SlotValue};
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;

/// More calls than a server may carry: what a call that never ended leaves is bounded all the same.
const MAX_CALLS: usize = 1_024;
/// Events that a listener may lag behind: some ten seconds of eight calls.
const QUEUE_EVENTS: usize = 1_024;
/// Longest text that is kept, in characters.
const MAX_TEXT_CHARS: usize = 1_000;
/// Stages of a path that are kept.
const MAX_STAGES: usize = 64;

/// What the agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It hears the caller, or thinks.
    Listening,
    /// Its voice is on the line.
    Speaking,
    /// Nothing, until the call is resumed.
    OnHold,
}

/// A call that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveCall {
    /// Its UUID.
    pub call: String,
    /// The playbook's title.
    pub playbook: String,
    /// The other side's phone number, where it was registered.
    pub number: Option<String>,
    /// What the call belongs to, where it was registered.
    pub campaign: Option<String>,
    /// When it began, in ms since 1970.
    pub began_unix_ms: u64,
    /// Time of its last event, since it began.
    pub last_event_ms: u64,
    /// What the agent does.
    pub state: State,
    /// Where in the playbook it is.
    pub stage: Option<String>,
    /// What the caller's last words were taken for.
    pub intent: Option<String>,
    /// The caller's last words.
    pub last_heard: Option<String>,
    /// The agent's last sentence.
    pub last_said: Option<String>,
    /// What it came to so far.
    pub outcome: Option<Outcome>,
    /// What was registered and what was learnt.
    pub slots: BTreeMap<String, SlotValue>,
    /// Turns of the agent.
    pub turns: u32,
    #[serde(skip)]
    stages: VecDeque<String>,
    /// Calls that brought the same UUID while this one ran.
    #[serde(skip)]
    twins: u32,
}

impl LiveCall {
    fn new(call: &str, playbook: &str, began_unix_ms: u64) -> Self {
        Self {
            call: call.to_owned(),
            playbook: cut(playbook, MAX_TEXT_CHARS),
            number: None,
            campaign: None,
            began_unix_ms,
            last_event_ms: 0,
            state: State::Listening,
            stage: None,
            intent: None,
            last_heard: None,
            last_said: None,
            outcome: None,
            slots: BTreeMap::new(),
            turns: 0,
            stages: VecDeque::new(),
            twins: 0,
        }
    }

    fn observe(&mut self, t_ms: u64, event: &Event) {
        self.last_event_ms = t_ms;
        match event {
            Event::Final { text, .. } if !text.is_empty() => {
                self.last_heard = Some(cut(text, MAX_TEXT_CHARS));
            }
            Event::Spoken { turn, text, .. } => {
                self.last_said = Some(cut(text, MAX_TEXT_CHARS));
                self.turns = self.turns.max(turn.0);
                self.state = State::Speaking;
            }
            Event::FalseInterruption { .. } => self.state = State::Speaking,
            Event::OnHold => self.state = State::OnHold,
            Event::OffHold => self.state = State::Listening,
            Event::PlayedUntil { .. } | Event::Paused { .. } | Event::BargeIn { .. } => {
                self.state = State::Listening;
            }
            Event::Stage { to, .. } => {
                let to = cut(to, MAX_VALUE_CHARS);
                self.stages.push_back(to.clone());
                if self.stages.len() > MAX_STAGES {
                    self.stages.pop_front();
                }
                self.stage = Some(to);
            }
            Event::Intent { intent, .. } => {
                self.intent = Some(cut(&intent.to_string(), MAX_VALUE_CHARS))
            }
            Event::Slot {
                slot,
                value,
                confirmed,
                ..
            } if self.slots.len() < MAX_SLOTS || self.slots.contains_key(slot) => {
                let value = SlotValue {
                    value: cut(value, MAX_VALUE_CHARS),
                    confirmed: *confirmed,
                };
                self.slots.insert(slot.clone(), value);
            }
            Event::Outcome { outcome, .. } => self.outcome = Some(*outcome),
            _ => {}
        }
    }

    fn result(&self, duration_ms: u64, reason: &str, turns: u32) -> CallResult {
        CallResult {
            call: self.call.clone(),
            playbook: self.playbook.clone(),
            number: self.number.clone(),
            campaign: self.campaign.clone(),
            began_unix_ms: self.began_unix_ms,
            duration_ms,
            reason: cut(reason, MAX_VALUE_CHARS),
            outcome: self.outcome,
            stages: self.stages.iter().cloned().collect(),
            slots: self.slots.clone(),
            turns,
        }
    }
}

/// An event as listeners get it.
#[derive(Debug)]
pub struct LiveEvent {
    /// Its name, such as `spoken`.
    pub name: String,
    /// The line that an events file would hold.
    pub json: String,
}

/// See the module.
#[derive(Debug)]
pub struct Live {
    calls: Mutex<BTreeMap<String, LiveCall>>,
    listeners: broadcast::Sender<Arc<LiveEvent>>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            listeners: broadcast::Sender::new(QUEUE_EVENTS),
        }
    }
}

impl Live {
    /// Takes in an event; what the call came to when it is its last. The call is still there then, until
    /// [`Live::over`]: whoever asks for it in between finds it here or its result, never nothing.
    pub fn observe(&self, event: &Stamped, now: SystemTime) -> Option<CallResult> {
        self.tell(event);
        let mut calls = self.lock();
        match &event.event {
            Event::CallStart {
                playbook,
                number,
                campaign,
                slots,
                ..
            } => {
                let began = now.duration_since(UNIX_EPOCH).unwrap_or_default();
                let began_unix_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX);
                if let Some(twin) = calls.get_mut(&event.call) {
                    twin.twins += 1;
                } else if calls.len() < MAX_CALLS {
                    let mut call = LiveCall::new(&event.call, playbook, began_unix_ms);
                    call.number = number.as_deref().map(|n| cut(n, MAX_VALUE_CHARS));
                    call.campaign = campaign.as_deref().map(|c| cut(c, MAX_VALUE_CHARS));
                    call.slots = slots.iter().take(MAX_SLOTS).map(given).collect();
                    calls.insert(event.call.clone(), call);
                }
                None
            }
            Event::CallEnd { reason, turns, .. } => {
                let call = calls.get(&event.call)?;
                Some(call.result(event.t_ms, reason, *turns))
            }
            other => {
                if let Some(call) = calls.get_mut(&event.call) {
                    call.observe(event.t_ms, other);
                }
                None
            }
        }
    }

    /// The call has ended, and its result is kept.
    pub fn over(&self, call: &str) {
        let mut calls = self.lock();
        match calls.get_mut(call) {
            Some(twin) if twin.twins > 0 => twin.twins -= 1,
            _ => drop(calls.remove(call)),
        }
    }

    /// The call is gone without an end of its own, by a fault; what it came to until then.
    pub fn lost(&self, call: &str) -> Option<CallResult> {
        let lost = self.lock().remove(call)?;
        Some(lost.result(lost.last_event_ms, "error", lost.turns))
    }

    /// One call.
    pub fn call(&self, call: &str) -> Option<LiveCall> {
        self.lock().get(call).cloned()
    }

    /// All calls, the first to begin first.
    pub fn calls(&self) -> Vec<LiveCall> {
        let mut calls: Vec<LiveCall> = self.lock().values().cloned().collect();
        calls.sort_by_key(|call| call.began_unix_ms);
        calls
    }

    /// True while the call runs.
    pub fn runs(&self, call: &str) -> bool {
        self.lock().contains_key(call)
    }

    /// How many calls run.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// What happens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<LiveEvent>> {
        self.listeners.subscribe()
    }

    fn tell(&self, event: &Stamped) {
        if self.listeners.receiver_count() == 0 {
            return;
        }
        let Ok(json) = serde_json::to_string(event) else {
            return;
        };
        let name = serde_json::to_value(&event.event)
            .ok()
            .and_then(|value| Some(value.get("event")?.as_str()?.to_owned()));
        // Whoever listened may have gone: that is no fault.
        let _ = self.listeners.send(Arc::new(LiveEvent {
            name: name.unwrap_or_default(),
            json,
        }));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, LiveCall>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value that the call began with: nobody has to confirm it.
fn given((name, value): (&String, &String)) -> (String, SlotValue) {
    let value = SlotValue {
        value: cut(value, MAX_VALUE_CHARS),
        confirmed: true,
    };
    (name.clone(), value)
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{call_end, call_start, call_start_of, stamped};
    use patter_types::intent::IntentId;
    use patter_types::source::Source;
    use patter_types::turn::TurnNumber;
    use tokio::sync::broadcast::error::TryRecvError;

    fn said(turn: u32, text: &str) -> Event {
        Event::Spoken {
            turn: TurnNumber(turn),
            text: text.into(),
            source: Source::Model,
            audio_ms: 800,
            tts_ms: 3.0,
            cached: false,
        }
    }

    fn heard(text: &str) -> Event {
        Event::Final {
            text: text.into(),
            asr_ms: 1.0,
            logprob: -0.1,
            no_speech: 0.0,
        }
    }

    fn stage(from: &str, to: &str) -> Event {
        Event::Stage {
            from: from.into(),
            to: to.into(),
            why: "heard".into(),
        }
    }

    #[test]
    fn a_call_is_seen_while_it_runs_and_its_result_at_its_end() {
        let live = Live::default();
        let now = UNIX_EPOCH + std::time::Duration::from_secs(1_000);
        let mut t_ms = 0;
        let mut observe = |event| {
            t_ms += 100;
            let ended = live.observe(&stamped(t_ms, "c1", event), now);
            if ended.is_some() {
                assert!(live.runs("c1"), "until its result is kept");
                live.over("c1");
            }
            ended
        };
        observe(call_start_of("+15550100", &[("name", "Ada")]));
        observe(stage("", "opening"));
        observe(said(1, "Hello."));
        assert_eq!(live.call("c1").unwrap().state, State::Speaking);
        observe(Event::PlayedUntil {
            turn: TurnNumber(1),
            played_ms: 800,
            text: "Hello.".into(),
            complete: true,
        });
        observe(heard("Monday please"));
        observe(heard(""));
        observe(Event::Intent {
            turn: TurnNumber(2),
            intent: IntentId::Value,
            phrase: String::new(),
            probability: 0.9,
        });
        observe(Event::Slot {
            turn: TurnNumber(2),
            slot: "day".into(),
            value: "monday".into(),
            confirmed: false,
        });
        observe(stage("opening", "close"));
        observe(Event::Outcome {
            turn: TurnNumber(2),
            outcome: Outcome::Success,
        });
        let call = live.call("c1").unwrap();
        assert_eq!(
            serde_json::to_value(&call).unwrap(),
            serde_json::json!({
                "call": "c1", "playbook": "Test", "number": "+15550100", "campaign": null,
                "began_unix_ms": 1_000_000, "last_event_ms": 1_000, "state": "listening",
                "stage": "close", "intent": "value", "last_heard": "Monday please", "last_said": "Hello.", "outcome": "success",
                "slots": {"day": {"value": "monday", "confirmed": false}, "name": {"value": "Ada", "confirmed": true}},
                "turns": 1
            })
        );
        let result = observe(call_end("agent", 2)).unwrap();
        assert_eq!(result.stages, ["opening", "close"]);
        assert_eq!(
            (result.reason.as_str(), result.turns, result.duration_ms),
            ("agent", 2, 1_100)
        );
        assert_eq!(result.outcome, Some(Outcome::Success));
        assert_eq!(live.count(), 0);
        assert_eq!(observe(call_end("agent", 2)), None);
    }

    #[test]
    fn texts_stages_slots_and_calls_are_bounded() {
        let live = Live::default();
        let now = UNIX_EPOCH;
        for n in 0..2_000 {
            live.observe(&stamped(0, &format!("c{n:04}"), call_start()), now);
        }
        assert_eq!(live.count(), MAX_CALLS);
        live.observe(&stamped(1, "c0000", said(1, &"é".repeat(9_000))), now);
        for n in 0..500 {
            live.observe(&stamped(1, "c0000", stage("a", &format!("s{n}"))), now);
            let slot = Event::Slot {
                turn: TurnNumber(1),
                slot: format!("x{n}"),
                value: "v".repeat(9_000),
                confirmed: true,
            };
            live.observe(&stamped(1, "c0000", slot), now);
        }
        let call = live.call("c0000").unwrap();
        assert_eq!(call.last_said.unwrap().chars().count(), MAX_TEXT_CHARS);
        assert_eq!(call.slots.len(), MAX_SLOTS);
        assert!(
            call.slots
                .values()
                .all(|s| s.value.len() == MAX_VALUE_CHARS)
        );
        let result = live
            .observe(&stamped(9, "c0000", call_end("caller", 1)), now)
            .unwrap();
        assert_eq!(result.stages.len(), MAX_STAGES);
        assert_eq!(result.stages.last().unwrap(), "s499");
    }

    #[test]
    fn a_second_call_with_the_same_uuid_leaves_nothing_behind() {
        let live = Live::default();
        for event in [call_start(), call_start()] {
            live.observe(&stamped(0, "c1", event), UNIX_EPOCH);
        }
        let end = stamped(5, "c1", call_end("caller", 0));
        for left in [1, 0] {
            assert!(live.observe(&end, UNIX_EPOCH).is_some());
            live.over("c1");
            assert_eq!(live.count(), left);
        }
        live.observe(&stamped(0, "c1", call_start()), UNIX_EPOCH);
        assert_eq!(live.lost("c1").unwrap().reason, "error");
        assert_eq!(live.lost("c1"), None);
    }

    #[test]
    fn a_slow_listener_loses_events_and_is_told() {
        let live = Live::default();
        let mut listener = live.listen();
        for _ in 0..QUEUE_EVENTS + 10 {
            live.observe(&stamped(7, "c1", Event::SpeechStart), UNIX_EPOCH);
        }
        assert_eq!(listener.try_recv().unwrap_err(), TryRecvError::Lagged(10));
        let event = listener.try_recv().unwrap();
        assert_eq!(event.name, "speech_start");
        assert_eq!(
            event.json,
            r#"{"t_ms":7,"call":"c1","event":"speech_start"}"#
        );
    }
}
