//! The thread that writes the records.
//!
//! Thread: `records`, one for the program. In: what [`super::store`] sends. Out: transactions, at most half a second
//! after the first event in them. Memory: what waits. When the disk is full, the database locked or damaged, the file
//! gone: nothing that waits is lost, and all of it is tried again a few seconds later.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use rusqlite::{ErrorCode, TransactionBehavior};

use super::running::Running;
use super::schema::{Database, Look};
use super::store::{Item, Pace, Queue};
use super::wall_clock::{Trust, WallClock};
use super::{RecordsError, remove};

/// Old calls deleted in one go; between two the events have their turn.
const CLEANED_AT_ONCE: u32 = 50;

/// See the module.
pub(super) struct Writer {
    folder: PathBuf,
    database: Option<Database>,
    inbox: Receiver<Item>,
    queue: Arc<Queue>,
    keep_days: u32,
    pace: Pace,
    calls: HashMap<u64, Running>,
    waiting: Vec<Item>,
    write_at: Instant,
    clean_at: Instant,
    wall_clock: WallClock,
    /// The last try failed, and a warning told of it.
    in_trouble: bool,
    /// The file was seen to be damaged.
    is_suspect: bool,
    /// A warning told that old calls cannot be deleted.
    cleaning_fails: bool,
}

impl Writer {
    pub(super) fn new(
        folder: &Path,
        database: Result<Database, RecordsError>,
        inbox: Receiver<Item>,
        queue: Arc<Queue>,
        keep_days: u32,
        pace: Pace,
    ) -> Self {
        let now = Instant::now();
        let mut writer = Self {
            folder: folder.to_owned(),
            database: None,
            inbox,
            queue,
            keep_days,
            pace,
            calls: HashMap::new(),
            waiting: Vec::new(),
            write_at: now,
            clean_at: now,
            wall_clock: WallClock::new(remove::days_ago(0), now),
            in_trouble: false,
            is_suspect: false,
            cleaning_fails: false,
        };
        match database {
            Ok(database) => writer.database = Some(database),
            Err(error) => writer.fail(&error),
        }
        writer
    }

    /// Works until the store is dropped.
    pub(super) fn run(mut self) {
        loop {
            let mut due = self.clean_at;
            if !self.waiting.is_empty() {
                due = due.min(self.write_at);
            }
            match self.inbox.recv_deadline(due) {
                Ok(Item::Close) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(item) => {
                    if self.waiting.is_empty() {
                        // Not before the next try that a failure has set.
                        self.write_at = self.write_at.max(Instant::now() + self.pace.batch);
                    }
                    self.waiting.push(item);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if !self.waiting.is_empty() && now >= self.write_at {
                self.flush();
            }
            if now >= self.clean_at {
                self.clean();
            }
        }
        if !self.waiting.is_empty() {
            self.flush();
        }
        if !self.waiting.is_empty() {
            patter_machine::log::warn(&format!(
                "{} entries of the records of calls could not be written and are lost",
                self.waiting.len()
            ));
        }
    }

    fn flush(&mut self) {
        match self.write() {
            Ok(()) => {
                if self.in_trouble {
                    self.in_trouble = false;
                    patter_machine::log::info("records of calls are written again");
                }
                self.written();
            }
            Err(RecordsError::Database { source, .. })
                if source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
            {
                // Not the disk's fault: the same entries would fail for ever.
                patter_machine::log::warn(&format!(
                    "{} entries of the records of calls are left out: {source}",
                    self.waiting.len()
                ));
                self.written();
            }
            Err(error) => self.fail(&error),
        }
    }

    fn written(&mut self) {
        let events = |item: &&Item| matches!(item, Item::Event(..));
        self.queue.leave(self.waiting.iter().filter(events).count());
        self.waiting.clear();
    }

    fn fail(&mut self, error: &RecordsError) {
        if !self.in_trouble {
            self.in_trouble = true;
            patter_machine::log::warn(&format!(
                "records of calls are not written: {error}; tried again every {} s",
                self.pace.retry.as_secs()
            ));
        }
        self.is_suspect |= matches!(error, RecordsError::Corrupt { .. });
        let usable = match error {
            RecordsError::Database { source, .. } => {
                source.sqlite_error_code() != Some(ErrorCode::SystemIoFailure)
            }
            _ => false,
        };
        if !usable {
            // The next try opens it anew, and looks whether it is damaged.
            self.database = None;
        }
        self.write_at = Instant::now() + self.pace.retry;
    }

    /// All that waits, in one transaction.
    fn write(&mut self) -> Result<(), RecordsError> {
        self.open()?;
        let Some(database) = &mut self.database else {
            return Ok(());
        };
        let mut calls = self.calls.clone();
        match write_all(database, &mut calls, &self.waiting) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                // Somebody may have deleted a call that is under way: it gets a new row.
                calls.clone_from(&self.calls);
                calls
                    .values_mut()
                    .try_for_each(|call| call.find_row(&database.connection))
                    .and_then(|()| write_all(database, &mut calls, &self.waiting))
            }
            other => other,
        }
        .map_err(|source| database.named(source))?;
        self.calls = calls;
        Ok(())
    }

    /// Sees that the database is open, and is the file that lies in the folder.
    fn open(&mut self) -> Result<(), RecordsError> {
        if self.database.as_ref().is_some_and(Database::is_gone) {
            self.database = None;
            patter_machine::log::warn(&format!(
                "the records of calls in `{}` are gone: a new file is begun",
                self.folder.display()
            ));
        }
        if self.database.is_some() {
            return Ok(());
        }
        let look = if self.is_suspect {
            Look::Whole
        } else {
            Look::Head
        };
        let database = Database::open(&self.folder, self.pace.busy, look)?;
        self.is_suspect = false;
        for call in self.calls.values_mut() {
            call.find_row(&database.connection)
                .map_err(|source| database.named(source))?;
        }
        let running: Vec<i64> = self.calls.values().filter_map(|call| call.id).collect();
        database.close_orphans(&running)?;
        self.database = Some(database);
        Ok(())
    }

    /// Deletes calls that are too old, some at a time.
    fn clean(&mut self) {
        self.clean_at = Instant::now() + self.pace.cleaning;
        if self.keep_days == 0 {
            return;
        }
        match self.wall_clock.look(remove::days_ago(0), Instant::now()) {
            Trust::Steady => {}
            Trust::Doubtful => return,
            Trust::Jumped => {
                return patter_machine::log::warn(
                    "the machine's clock has jumped: no old calls are deleted for a day",
                );
            }
        }
        let Some(database) = &self.database else {
            self.clean_at = Instant::now() + self.pace.retry;
            return;
        };
        let before = remove::days_ago(self.keep_days);
        let cleaned = remove::older_than(&database.connection, before, Some(CLEANED_AT_ONCE))
            .map_err(|source| database.named(source))
            .and_then(|ids| {
                remove::remove(database, &self.folder, &ids)?;
                Ok(ids.len())
            });
        match cleaned {
            Ok(count) => {
                self.cleaning_fails = false;
                if count == CLEANED_AT_ONCE as usize {
                    self.clean_at = Instant::now() + self.pace.batch;
                }
            }
            Err(error) => {
                if matches!(error, RecordsError::Corrupt { .. }) {
                    // The next entry opens it anew, and looks how far the damage goes.
                    self.is_suspect = true;
                    self.database = None;
                }
                if !self.cleaning_fails {
                    self.cleaning_fails = true;
                    patter_machine::log::warn(&format!("old calls are not deleted: {error}"));
                }
            }
        }
    }
}

fn write_all(
    database: &mut Database,
    calls: &mut HashMap<u64, Running>,
    items: &[Item],
) -> rusqlite::Result<()> {
    let transaction = database
        .connection
        .transaction_with_behavior(TransactionBehavior::Immediate)?;
    for item in items {
        match item {
            Item::Start(call, start) => {
                let mut running = Running::new(Arc::clone(start));
                running.save(&transaction)?;
                calls.insert(*call, running);
            }
            Item::Event(call, event) => {
                if let Some(running) = calls.get_mut(call) {
                    running.event(&transaction, event)?;
                }
            }
            Item::End { call, lost_events } => {
                if let Some(mut running) = calls.remove(call) {
                    running.end(&transaction, *lost_events)?;
                    running.save(&transaction)?;
                }
            }
            Item::Close => {}
        }
    }
    for running in calls.values_mut() {
        running.save(&transaction)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Filter, Reader};
    use crate::store::Start;
    use patter_types::event::{Event, Stamped};

    fn event(call: u64, text: &str) -> Item {
        let event = Event::Error {
            message: text.into(),
        };
        let call_id = "c".to_owned();
        let stamped = Stamped {
            t_ms: 1,
            call: call_id,
            event,
        };
        Item::Event(call, stamped)
    }

    fn writer(folder: &Path) -> Writer {
        let pace = Pace::default();
        let (_, inbox) = crossbeam_channel::unbounded();
        let database = Database::open(folder, pace.busy, Look::Head);
        let queue = Arc::new(Queue::default());
        Writer::new(folder, database, inbox, queue, 0, pace)
    }

    fn events_of_first(folder: &Path) -> usize {
        let reader = Reader::open(folder).unwrap();
        let calls = reader.list(&Filter::default()).unwrap();
        calls
            .last()
            .and_then(|call| reader.whole(call.id).unwrap())
            .map_or(0, |call| call.events.len())
    }

    #[test]
    fn a_full_disk_keeps_what_waits_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        let start = Arc::new(Start::default());
        writer.waiting = vec![Item::Start(0, start), event(0, "small")];
        writer.flush();
        assert!(writer.waiting.is_empty());

        let room = |writer: &Writer, pages: i64| {
            let connection = &writer.database.as_ref().unwrap().connection;
            connection
                .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
                .unwrap();
        };
        room(&writer, 1);
        let big = "x".repeat(100_000);
        writer.waiting = vec![event(0, &big), event(0, &big)];
        writer.flush();
        assert!(writer.in_trouble);
        assert_eq!(writer.waiting.len(), 2);
        assert!(writer.write_at > Instant::now());
        writer.flush();
        assert_eq!(events_of_first(folder.path()), 1);

        room(&writer, 1_000_000);
        writer.flush();
        assert!(!writer.in_trouble && writer.waiting.is_empty());
        assert_eq!(events_of_first(folder.path()), 3);
    }

    #[test]
    fn a_file_damaged_while_it_is_written_is_moved_aside_and_the_call_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path());
        writer.waiting = vec![Item::Start(0, Arc::new(Start::default()))];
        writer
            .waiting
            .extend((0..50).map(|_| event(0, &"x".repeat(3_000))));
        writer.flush();
        // As by another program: same file, other contents.
        let path = folder.path().join("calls.db");
        let connection = &writer.database.as_ref().unwrap().connection;
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .unwrap();
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(&path, vec![0xA5; length]).unwrap();
        connection.execute_batch("PRAGMA shrink_memory").unwrap();
        for _ in 0..3 {
            if writer.waiting.is_empty() {
                writer.waiting.push(event(0, "after"));
            }
            writer.flush();
        }
        assert!(writer.waiting.is_empty() && !writer.in_trouble);
        assert!(events_of_first(folder.path()) >= 1);
        let aside = std::fs::read_dir(folder.path()).unwrap().any(|entry| {
            let name = entry.unwrap().file_name();
            name.to_string_lossy().starts_with("calls.db.corrupt-")
        });
        assert!(aside);
    }
}
