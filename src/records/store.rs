//! Where calls leave their records: the way into the database.
//!
//! Thread: any thread opens and begins; a call's `events` thread sends; `records` writes. In: [`Start`]s and events.
//! Out: rows. Memory: at most [`MOST_WAITING`] events. When full: an event is dropped and counted, and one warning
//! tells of it; the begin and the end of a call always have a place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::Sender;

use super::RecordsError;
use super::schema::{Database, Look};
use super::writer::Writer;
use patter_config::Config;
use patter_machine::priority;
use patter_machine::priority::Class;
use patter_types::event::Stamped;

/// Events that may wait for the disk: about ten minutes of eight calls, and some 10 MB.
pub const MOST_WAITING: usize = 20_000;

/// What is known of a call before its first event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Start {
    /// The call's id on the line; two calls may bring the same.
    pub uuid: String,
    /// Since 1970, in UTC.
    pub started_at_ms: i64,
    /// Model that hears.
    pub asr: String,
    /// Model that thinks.
    pub llm: String,
    /// Voice that speaks.
    pub tts: String,
    /// The other side's number, where it is known.
    pub number: Option<String>,
    /// What the call belongs to.
    pub campaign: Option<String>,
    /// The recording, a file in the folder of the records.
    pub recording: Option<String>,
}

impl Start {
    /// A call that begins now, with the models of `config`.
    pub fn now(uuid: &str, config: &Config) -> Self {
        let name = |path: &Path| path.display().to_string();
        let voice = match config.tts.engine.as_str() {
            "piper" => name(&config.tts.piper.voice),
            _ => config.tts.espeak.voice.clone(),
        };
        Self {
            uuid: uuid.to_owned(),
            started_at_ms: jiff::Timestamp::now().as_millisecond(),
            asr: name(&config.asr.model),
            llm: name(&config.llm.model),
            tts: format!("{}: {voice}", config.tts.engine),
            ..Self::default()
        }
    }

    /// With the recording at `path`, if there is one.
    pub fn recorded(mut self, path: Option<&Path>) -> Self {
        let name = path.and_then(Path::file_name);
        self.recording = name.map(|name| name.to_string_lossy().into_owned());
        self
    }
}

/// How often things are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// From the first event that waits to its writing.
    pub batch: Duration,
    /// From a failure to the next try.
    pub retry: Duration,
    /// How long somebody else's lock is waited for.
    pub busy: Duration,
    /// Between two looks for calls that are too old.
    pub cleaning: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: Duration::from_millis(250),
            retry: Duration::from_secs(3),
            busy: Duration::from_millis(1_000),
            cleaning: Duration::from_secs(3_600),
        }
    }
}

/// What goes to the `records` thread. A call is known by a number of this run, for it may have no row yet.
pub(super) enum Item {
    Start(u64, Arc<Start>),
    Event(u64, Stamped),
    End { call: u64, lost_events: u64 },
    Close,
}

/// The place for events that wait.
#[derive(Default)]
pub(super) struct Queue {
    waiting: AtomicUsize,
    warned: AtomicBool,
}

impl Queue {
    fn enter(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::AcqRel) < MOST_WAITING {
            return true;
        }
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        if !self.warned.swap(true, Ordering::AcqRel) {
            patter_machine::log::warn(
                "too many events wait for the records of calls: new ones are dropped and counted",
            );
        }
        false
    }

    /// `count` events wait no more.
    pub(super) fn leave(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::AcqRel);
        self.warned.store(false, Ordering::Release);
    }
}

/// The records of a program's calls. Dropping it writes what still waits.
pub struct Store {
    folder: PathBuf,
    sender: Sender<Item>,
    queue: Arc<Queue>,
    next_call: AtomicU64,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the records in `folder`, which is made if it is not there, and marks the calls of a program that was
    /// killed. Calls older than `keep_days` are deleted now and then, 0 keeps them. A database that cannot be used now
    /// is tried again later.
    ///
    /// # Errors
    /// The folder cannot be made, a newer version of Patter wrote the database, no thread.
    pub fn open(folder: &Path, keep_days: u32) -> Result<Self, RecordsError> {
        Self::open_at(folder, keep_days, Pace::default())
    }

    pub(super) fn open_at(folder: &Path, keep_days: u32, pace: Pace) -> Result<Self, RecordsError> {
        let opened = Database::open(folder, pace.busy, Look::Head).and_then(|database| {
            let orphans = database.close_orphans(&[])?;
            Ok((database, orphans))
        });
        let database = match opened {
            Ok((database, orphans)) => {
                if orphans > 0 {
                    patter_machine::log::info(&format!(
                        "calls that were cut off when the program last ended, now marked `interrupted`: {orphans}"
                    ));
                }
                Ok(database)
            }
            Err(error @ (RecordsError::Folder { .. } | RecordsError::Newer { .. })) => {
                return Err(error);
            }
            Err(error) => Err(error),
        };
        let (sender, inbox) = crossbeam_channel::unbounded();
        let queue = Arc::new(Queue::default());
        let writer = Writer::new(folder, database, inbox, Arc::clone(&queue), keep_days, pace);
        let thread = std::thread::Builder::new()
            .name("records".into())
            .spawn(move || {
                priority::enter(Class::Background);
                writer.run();
            })
            .map_err(RecordsError::Thread)?;
        Ok(Self {
            folder: folder.to_owned(),
            sender,
            queue,
            next_call: AtomicU64::new(0),
            thread: Some(thread),
        })
    }

    /// Where the database lies, and the recordings beside it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins the record of a call. It ends when what is returned is dropped.
    pub fn begin(&self, start: Start) -> CallRecord {
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        let _ = self.sender.send(Item::Start(call, Arc::new(start)));
        CallRecord {
            call,
            lost_events: 0,
            sender: self.sender.clone(),
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.sender.send(Item::Close);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The record of one call.
pub struct CallRecord {
    call: u64,
    lost_events: u64,
    sender: Sender<Item>,
    queue: Arc<Queue>,
}

impl CallRecord {
    /// Takes an event; returns at once.
    pub fn event(&mut self, event: &Stamped) {
        if !self.queue.enter() {
            self.lost_events += 1;
            return;
        }
        let _ = self.sender.send(Item::Event(self.call, event.clone()));
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        let _ = self.sender.send(Item::End {
            call: self.call,
            lost_events: self.lost_events,
        });
    }
}
