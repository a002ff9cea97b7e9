//! The records, to look at: lists of calls, and whole calls.
//!
//! Thread: any, also of another program while a server writes. In: a folder, filters. Out: calls as values. Memory: the
//! calls of a list without their turns, one call with all of it. When the database is locked: waits five seconds, which
//! WAL makes very rare.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, named_params};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::RecordsError;
use super::schema;
use patter_types::turn::TurnNumber;

/// The least of a UUID that names a call: its first group.
const BEGINNING_CHARS: usize = 8;

const BUSY: Duration = Duration::from_secs(5);
/// Ids named when several calls fit.
const SHOWN_IDS: usize = 8;
/// What [`Filter::outcome`] says for calls that have none.
pub const NO_OUTCOME: &str = "none";

/// Which calls.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Began then or later, in ms since 1970.
    pub since_ms: Option<i64>,
    /// Began before.
    pub until_ms: Option<i64>,
    /// Came to that; [`NO_OUTCOME`] for calls that came to nothing.
    pub outcome: Option<String>,
    /// The newest so many.
    pub limit: Option<u32>,
}

/// A call, without its turns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallRow {
    /// Its number in the database.
    pub id: i64,
    /// Its id on the line.
    pub uuid: String,
    /// `open`, `closed`, or `interrupted` by the end of the program.
    pub state: String,
    /// ms since 1970; in JSON a time in UTC.
    #[serde(serialize_with = "as_time")]
    pub started_at: i64,
    /// None while it is open.
    #[serde(serialize_with = "as_time_or_null")]
    pub ended_at: Option<i64>,
    /// Until the last event.
    pub duration_ms: i64,
    /// `audiosocket`.
    pub transport: String,
    /// The playbook's title.
    pub playbook: String,
    /// Version of Patter.
    pub version: String,
    /// Model that heard.
    pub asr: String,
    /// Model that thought.
    pub llm: String,
    /// Voice that spoke.
    pub tts: String,
    /// The other side's number.
    pub number: Option<String>,
    /// What the call belongs to.
    pub campaign: Option<String>,
    /// `success`, `refused`, `opt_out`, `hand_over`.
    pub outcome: Option<String>,
    /// Who ended it: `caller`, `agent`, or `error`.
    pub end_reason: Option<String>,
    /// The stages that it went through, with ` > ` between.
    pub stages: String,
    /// Turns of the agent that were heard.
    pub turns: i64,
    /// Interruptions.
    pub barge_ins: i64,
    /// The recording's file.
    pub recording: Option<String>,
    /// Events that found no place in memory while the disk could not be written.
    pub lost_events: i64,
}

/// What the caller said, and what the agent answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turn {
    /// Number of the agent's turn.
    pub n: TurnNumber,
    /// The caller's words before it; empty when there were none.
    pub heard: String,
    /// When they began, in ms since the call began.
    pub heard_at_ms: Option<i64>,
    /// What was to be said; empty for a notice and for last words that nobody answered.
    pub said: String,
    /// When it began.
    pub said_at_ms: Option<i64>,
    /// What the caller heard of it.
    pub played: String,
    /// They heard all of it.
    pub complete: bool,
    /// The caller went on with their words, and the answer was forgotten.
    pub reopened: bool,
    /// End of speech to the first sound.
    pub response_ms: Option<f64>,
    /// Of that, until the turn was known to be over.
    pub endpoint_ms: Option<f64>,
    /// Of that, until the words were there.
    pub asr_ms: Option<f64>,
    /// Of that, until the model's first token.
    pub first_token_ms: Option<f64>,
    /// Of that, to synthesise the first sentence.
    pub tts_ms: Option<f64>,
}

/// What a call learnt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slot {
    /// Its name.
    pub slot: String,
    /// Its last value.
    pub value: String,
    /// The caller said that it is right.
    pub confirmed: bool,
    /// The agent's turn that learnt it; [`TurnNumber::NONE`] for a value that was known before the call.
    pub turn: TurnNumber,
}

/// A call with all that is known of it.
#[derive(Debug, Serialize)]
pub struct WholeCall {
    /// The call.
    #[serde(flatten)]
    pub call: CallRow,
    /// Its turns in order of time.
    pub turns: Vec<Turn>,
    /// Its slots by name.
    pub slots: Vec<Slot>,
    /// Its events as they were written, in order.
    pub events: Vec<Box<RawValue>>,
}

/// The records, open for reading.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    folder: PathBuf,
}

impl Reader {
    /// Opens the records in `folder`; nothing is written.
    ///
    /// # Errors
    /// There are none, they are damaged, or of a newer version.
    pub fn open(folder: &Path) -> Result<Self, RecordsError> {
        let path = schema::path_in(folder);
        if !path.exists() {
            return Err(RecordsError::Missing { path });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&path, flags).and_then(|connection| {
            connection.busy_timeout(BUSY)?;
            Ok((schema::version(&connection)?, connection))
        });
        let (found, connection) = opened.map_err(|source| schema::named(&path, source))?;
        let known = schema::known_version();
        if found > known {
            return Err(RecordsError::Newer { path, found, known });
        }
        if found < known {
            // Version 1 is the first.
            return Err(RecordsError::Foreign { path });
        }
        Ok(Self {
            connection,
            path,
            folder: folder.to_owned(),
        })
    }

    /// Reads every page of the database; how many calls there are.
    ///
    /// # Errors
    /// It is damaged.
    pub fn check(&self) -> Result<u64, RecordsError> {
        schema::check(&self.connection, &self.path)?;
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let calls = self
            .connection
            .query_row("SELECT count(*) FROM calls", [], count);
        Ok(self.named(calls)?.unsigned_abs())
    }

    /// Where a call's recording lies.
    pub fn recording(&self, call: &CallRow) -> Option<PathBuf> {
        let name = Path::new(call.recording.as_deref()?).file_name()?;
        Some(self.folder.join(name))
    }

    /// The calls that `filter` lets through, newest first.
    ///
    /// # Errors
    /// SQLite's.
    pub fn list(&self, filter: &Filter) -> Result<Vec<CallRow>, RecordsError> {
        let sql = "SELECT * FROM calls
            WHERE started_at >= coalesce(:since, started_at) AND started_at < coalesce(:until, started_at + 1)
                AND coalesce(outcome, :none) = coalesce(:outcome, outcome, :none)
            ORDER BY started_at DESC, id DESC LIMIT :limit";
        let read = || {
            let mut query = self.connection.prepare(sql)?;
            let wanted = named_params! {
                ":since": filter.since_ms, ":until": filter.until_ms, ":outcome": filter.outcome, ":none": NO_OUTCOME,
                ":limit": filter.limit.map_or(-1, i64::from),
            };
            query.query_map(wanted, call_row)?.collect()
        };
        self.named(read())
    }

    /// The call that `wanted` names: its number, its UUID, or the beginning of one, 8 characters or more. Digits alone
    /// are a number, never the beginning of a UUID: who deletes call 1 twice must not delete another one.
    ///
    /// # Errors
    /// None or several, SQLite's.
    pub fn find(&self, wanted: &str) -> Result<i64, RecordsError> {
        if let Ok(id) = wanted.parse::<i64>() {
            let query = "SELECT id FROM calls WHERE id = ?1";
            let found = self
                .connection
                .query_row(query, [id], |row| row.get(0))
                .optional();
            if let Some(id) = self.named(found)? {
                return Ok(id);
            }
        }
        let is_number = wanted.bytes().all(|byte| byte.is_ascii_digit());
        let is_long = wanted.chars().count() >= BEGINNING_CHARS;
        let is_beginning = is_long && !is_number;
        let read = || -> rusqlite::Result<Vec<i64>> {
            let sql = "SELECT id FROM calls
                WHERE uuid = lower(?1) OR ?2 AND substr(uuid, 1, length(?1)) = lower(?1) ORDER BY id DESC";
            let mut query = self.connection.prepare(sql)?;
            let values = rusqlite::params![wanted, is_beginning];
            query.query_map(values, |row| row.get(0))?.collect()
        };
        match self.named(read())?.as_slice() {
            [] if !wanted.is_empty() && !is_number && !is_long => Err(RecordsError::Short {
                wanted: wanted.to_owned(),
            }),
            [] => Err(RecordsError::Unknown {
                wanted: wanted.to_owned(),
            }),
            [id] => Ok(*id),
            several => {
                let mut found: Vec<String> =
                    several.iter().take(SHOWN_IDS).map(i64::to_string).collect();
                if several.len() > SHOWN_IDS {
                    found.push("…".into());
                }
                Err(RecordsError::Ambiguous {
                    wanted: wanted.to_owned(),
                    found: found.join(", "),
                })
            }
        }
    }

    /// All of the call `id`; None when it was deleted meanwhile.
    ///
    /// # Errors
    /// SQLite's.
    pub fn whole(&self, id: i64) -> Result<Option<WholeCall>, RecordsError> {
        let read = || {
            // One transaction: a call that is under way does not change between its tables.
            let snapshot = self.connection.unchecked_transaction()?;
            let call = snapshot
                .query_row("SELECT * FROM calls WHERE id = ?1", [id], call_row)
                .optional()?;
            let Some(call) = call else { return Ok(None) };
            let turns = snapshot
                .prepare_cached(
                    "SELECT * FROM turns WHERE call = ?1 ORDER BY coalesce(said_at_ms, heard_at_ms), n",
                )?
                .query_map([id], turn_row)?
                .collect::<rusqlite::Result<_>>()?;
            let slots = snapshot
                .prepare_cached("SELECT * FROM slots WHERE call = ?1 ORDER BY slot")?
                .query_map([id], |row| {
                    Ok(Slot {
                        slot: row.get("slot")?,
                        value: row.get("value")?,
                        confirmed: row.get("confirmed")?,
                        turn: TurnNumber(row.get("turn")?),
                    })
                })?
                .collect::<rusqlite::Result<_>>()?;
            let events = snapshot
                .prepare_cached("SELECT json FROM events WHERE call = ?1 ORDER BY n")?
                .query_map([id], |row| Ok(raw(row.get("json")?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some(WholeCall {
                call,
                turns,
                slots,
                events,
            }))
        };
        self.named(read())
    }

    fn named<T>(&self, result: rusqlite::Result<T>) -> Result<T, RecordsError> {
        result.map_err(|source| schema::named(&self.path, source))
    }
}

/// An event's line as it stands; what is no JSON becomes a text of it.
fn raw(line: String) -> Box<RawValue> {
    RawValue::from_string(line.clone())
        .or_else(|_| serde_json::value::to_raw_value(&line))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn call_row(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    Ok(CallRow {
        id: row.get("id")?,
        uuid: row.get("uuid")?,
        state: row.get("state")?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
        duration_ms: row.get("duration_ms")?,
        transport: row.get("transport")?,
        playbook: row.get("playbook")?,
        version: row.get("version")?,
        asr: row.get("asr")?,
        llm: row.get("llm")?,
        tts: row.get("tts")?,
        number: row.get("number")?,
        campaign: row.get("campaign")?,
        outcome: row.get("outcome")?,
        end_reason: row.get("end_reason")?,
        stages: row.get("stages")?,
        turns: row.get("turns")?,
        barge_ins: row.get("barge_ins")?,
        recording: row.get("recording")?,
        lost_events: row.get("lost_events")?,
    })
}

fn turn_row(row: &Row<'_>) -> rusqlite::Result<Turn> {
    Ok(Turn {
        n: TurnNumber(row.get("n")?),
        heard: row.get("heard")?,
        heard_at_ms: row.get("heard_at_ms")?,
        said: row.get("said")?,
        said_at_ms: row.get("said_at_ms")?,
        played: row.get("played")?,
        complete: row.get("complete")?,
        reopened: row.get("reopened")?,
        response_ms: row.get("response_ms")?,
        endpoint_ms: row.get("endpoint_ms")?,
        asr_ms: row.get("asr_ms")?,
        first_token_ms: row.get("first_token_ms")?,
        tts_ms: row.get("tts_ms")?,
    })
}

/// `ms` since 1970 as a time in UTC, such as `2026-11-24T09:30:00.000Z`; empty for what no calendar has.
pub fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

fn as_time<S: Serializer>(ms: &i64, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&time(*ms))
}

fn as_time_or_null<S: Serializer>(ms: &Option<i64>, out: S) -> Result<S::Ok, S::Error> {
    match ms {
        Some(ms) => as_time(ms, out),
        None => out.serialize_none(),
    }
}
