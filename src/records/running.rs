//! A call while it runs: what its events change in the database.
//!
//! Thread: `records`, in a transaction. In: a call's [`Start`] and its events in order. Out: rows. Memory: a few
//! hundred bytes a call. When late: the times are those of the events, not those of the writing.

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::store::Start;
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;
use patter_types::turn::TurnNumber;

/// Between the stages of a call's path.
const TO: &str = " > ";

/// See the module. A clone is changed while it is written, and takes the place of the old one when that succeeded.
#[derive(Clone)]
pub(super) struct Running {
    /// Its row, once there is one.
    pub id: Option<i64>,
    start: Arc<Start>,
    state: &'static str,
    transport: String,
    playbook: String,
    version: String,
    outcome: Option<&'static str>,
    end_reason: Option<String>,
    stages: String,
    last_ms: u64,
    barge_ins: u32,
    lost_events: u64,
    /// Events written.
    events: u64,
    /// The agent's turns that have a row.
    turns: BTreeSet<TurnNumber>,
    /// When the caller last began to speak.
    speech_ms: Option<u64>,
    /// The caller's words that no turn of the agent's answers yet, and when they began.
    heard: Option<(String, u64)>,
}

impl Running {
    pub(super) fn new(start: Arc<Start>) -> Self {
        Self {
            id: None,
            start,
            state: "open",
            transport: String::new(),
            playbook: String::new(),
            version: String::new(),
            outcome: None,
            end_reason: None,
            stages: String::new(),
            last_ms: 0,
            barge_ins: 0,
            lost_events: 0,
            events: 0,
            turns: BTreeSet::new(),
            speech_ms: None,
            heard: None,
        }
    }

    /// Forgets its row if `database` does not hold it: it may be another file, or somebody deleted the call.
    pub(super) fn find_row(&mut self, database: &Connection) -> rusqlite::Result<()> {
        let Some(id) = self.id else { return Ok(()) };
        let query = "SELECT 1 FROM calls WHERE id = ?1 AND uuid = ?2 AND started_at = ?3";
        let mine = params![id, self.start.uuid, self.start.started_at_ms];
        let found: Option<i64> = database
            .query_row(query, mine, |row| row.get(0))
            .optional()?;
        self.id = found.map(|_| id);
        Ok(())
    }

    /// Writes an event and what it changes, but for the call's own row: [`Running::save`] does that.
    pub(super) fn event(
        &mut self,
        database: &Connection,
        stamped: &Stamped,
    ) -> rusqlite::Result<()> {
        let call = match self.id {
            Some(id) => id,
            None => self.save(database)?,
        };
        let json = serde_json::to_string(stamped).unwrap_or_default();
        database
            .prepare_cached(
                "INSERT INTO events (call, n, t_ms, event, json) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                call,
                self.events as i64,
                stamped.t_ms as i64,
                stamped.event.name(),
                json
            ])?;
        self.events += 1;
        self.last_ms = self.last_ms.max(stamped.t_ms);
        self.change(database, call, stamped.t_ms, &stamped.event)
    }

    fn change(
        &mut self,
        database: &Connection,
        call: i64,
        t_ms: u64,
        event: &Event,
    ) -> rusqlite::Result<()> {
        match event {
            Event::CallStart {
                transport,
                playbook,
                version,
                slots,
                ..
            } => {
                self.transport.clone_from(transport);
                self.playbook.clone_from(playbook);
                self.version.clone_from(version);
                for (slot, value) in slots {
                    put_slot(database, call, TurnNumber::NONE, (slot, value, true))?;
                }
            }
            Event::SpeechStart => self.speech_ms = Some(t_ms),
            Event::Final { text, .. } if !text.is_empty() => self.hear(text, t_ms),
            Event::Stage { to, .. } => {
                if !self.stages.is_empty() {
                    self.stages.push_str(TO);
                }
                self.stages.push_str(to);
            }
            // Whatever comes after it, an opt-out holds.
            Event::Outcome { outcome, .. } if self.outcome != Some(OPT_OUT) => {
                self.outcome = Some(outcome_name(*outcome));
            }
            Event::Slot {
                turn,
                slot,
                value,
                confirmed,
            } => put_slot(database, call, *turn, (slot, value, *confirmed))?,
            Event::Intent { turn, .. } => self.turn(database, call, *turn)?,
            Event::Spoken { turn, text, .. } => {
                self.turn(database, call, *turn)?;
                let sql = "UPDATE turns SET said = said || iif(said = '', '', ' ') || ?3, said_at_ms = coalesce(said_at_ms, ?4)
                    WHERE call = ?1 AND n = ?2";
                let mut add = database.prepare_cached(sql)?;
                add.execute(params![call, turn.0, text, t_ms as i64])?;
            }
            Event::Latency {
                turn,
                endpoint_ms,
                asr_ms,
                first_token_ms,
                tts_ms,
                response_ms,
            } => {
                self.turn(database, call, *turn)?;
                let sql = "UPDATE turns SET response_ms = ?3, endpoint_ms = ?4, asr_ms = ?5, first_token_ms = ?6, tts_ms = ?7
                    WHERE call = ?1 AND n = ?2";
                let mut set = database.prepare_cached(sql)?;
                set.execute(params![
                    call,
                    turn.0,
                    response_ms,
                    endpoint_ms,
                    asr_ms,
                    first_token_ms,
                    tts_ms
                ])?;
            }
            Event::PlayedUntil {
                turn,
                played_ms,
                text,
                complete,
            } => {
                self.turn(database, call, *turn)?;
                let sql = "UPDATE turns SET played = ?3, complete = ?4, said_at_ms = coalesce(said_at_ms, ?5)
                    WHERE call = ?1 AND n = ?2";
                let began_ms = t_ms.saturating_sub(u64::from(*played_ms));
                let mut set = database.prepare_cached(sql)?;
                set.execute(params![call, turn.0, text, complete, began_ms as i64])?;
            }
            Event::Reopened { turn } => {
                let sql = "UPDATE turns SET reopened = 1 WHERE call = ?1 AND n = ?2";
                database
                    .prepare_cached(sql)?
                    .execute(params![call, turn.0])?;
            }
            Event::BargeIn { .. } => self.barge_ins += 1,
            Event::CallEnd { reason, .. } => self.end_reason = Some(reason.clone()),
            _ => {}
        }
        Ok(())
    }

    /// The caller's words wait for the turn that answers them. Words that go on with others may come with those once
    /// more.
    fn hear(&mut self, text: &str, t_ms: u64) {
        let began_ms = self.speech_ms.unwrap_or(t_ms);
        self.heard = Some(match self.heard.take() {
            Some((before, at)) if text.starts_with(&before) => (text.to_owned(), at),
            Some((before, at)) => (format!("{before} {text}"), at),
            None => (text.to_owned(), began_ms),
        });
    }

    /// Sees that turn `n` has a row. The first that is known of it takes the words that were heard before.
    fn turn(&mut self, database: &Connection, call: i64, n: TurnNumber) -> rusqlite::Result<()> {
        if !self.turns.insert(n) {
            return Ok(());
        }
        let (heard, at) = self.heard.take().unzip();
        let sql =
            "INSERT OR IGNORE INTO turns (call, n, heard, heard_at_ms) VALUES (?1, ?2, ?3, ?4)";
        let mut put = database.prepare_cached(sql)?;
        put.execute(params![
            call,
            n.0,
            heard.unwrap_or_default(),
            at.map(|at| at as i64)
        ])?;
        Ok(())
    }

    /// The call is over: no more events will come.
    pub(super) fn end(&mut self, database: &Connection, lost_events: u64) -> rusqlite::Result<()> {
        self.state = "closed";
        self.lost_events = lost_events;
        if self.end_reason.is_none() {
            // It could not be begun.
            self.end_reason = Some("error".into());
        }
        let call = self.save(database)?;
        if self.heard.is_some() {
            // Nobody answered the last words any more.
            let next = self.turns.last().copied().unwrap_or_default().next();
            self.turn(database, call, next)?;
        }
        Ok(())
    }

    /// Writes the call's own row, a new one if it has none; its id.
    pub(super) fn save(&mut self, database: &Connection) -> rusqlite::Result<i64> {
        let ended_at = (self.state != "open")
            .then(|| self.start.started_at_ms.saturating_add(self.last_ms as i64));
        if let Some(id) = self.id {
            let sql = "UPDATE calls SET state = :state, ended_at = :ended_at, duration_ms = :duration_ms, transport = :transport,
                    playbook = :playbook, version = :version, outcome = :outcome, end_reason = :end_reason, stages = :stages,
                    turns = (SELECT count(*) FROM turns WHERE call = :id AND said_at_ms IS NOT NULL),
                    barge_ins = :barge_ins, lost_events = :lost_events
                WHERE id = :id";
            let mut update = database.prepare_cached(sql)?;
            let changed = update.execute(named_params! {
                ":id": id, ":state": self.state, ":ended_at": ended_at, ":duration_ms": self.last_ms as i64, ":transport": self.transport,
                ":playbook": self.playbook, ":version": self.version, ":outcome": self.outcome, ":end_reason": self.end_reason,
                ":stages": self.stages, ":barge_ins": self.barge_ins, ":lost_events": self.lost_events as i64,
            })?;
            if changed > 0 {
                return Ok(id);
            }
        }
        let sql = "INSERT INTO calls (uuid, state, started_at, ended_at, duration_ms, transport, playbook, version, asr, llm, tts,
                number, campaign, outcome, end_reason, stages, turns, barge_ins, recording, lost_events)
            VALUES (:uuid, :state, :started_at, :ended_at, :duration_ms, :transport, :playbook, :version, :asr, :llm, :tts,
                :number, :campaign, :outcome, :end_reason, :stages, 0, :barge_ins, :recording, :lost_events)";
        let start = &self.start;
        let mut insert = database.prepare_cached(sql)?;
        let id = insert.insert(named_params! {
            ":uuid": start.uuid, ":state": self.state, ":started_at": start.started_at_ms, ":ended_at": ended_at,
            ":duration_ms": self.last_ms as i64, ":transport": self.transport, ":playbook": self.playbook, ":version": self.version,
            ":asr": start.asr, ":llm": start.llm, ":tts": start.tts, ":number": start.number, ":campaign": start.campaign,
            ":outcome": self.outcome, ":end_reason": self.end_reason, ":stages": self.stages, ":barge_ins": self.barge_ins,
            ":recording": start.recording, ":lost_events": self.lost_events as i64,
        })?;
        self.id = Some(id);
        Ok(id)
    }
}

const OPT_OUT: &str = "opt_out";

/// As the events name it.
fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Refused => "refused",
        Outcome::OptOut => OPT_OUT,
        Outcome::HandOver => "hand_over",
    }
}

/// Keeps a slot's value; one that was known before the call belongs to [`TurnNumber::NONE`].
fn put_slot(
    database: &Connection,
    call: i64,
    turn: TurnNumber,
    (slot, value, confirmed): (&str, &str, bool),
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO slots (call, slot, value, confirmed, turn) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT DO UPDATE SET value = excluded.value, confirmed = excluded.confirmed, turn = excluded.turn";
    let mut put = database.prepare_cached(sql)?;
    put.execute(params![call, slot, value, confirmed, turn.0])?;
    Ok(())
}
