//! Calls that are deleted, with their recordings.
//!
//! Thread: `records` for those that are too old, a command's for those that it names. In: ids. Out: what was deleted.
//! Memory: the ids. When a recording cannot be deleted its call stays, so that it is tried again: a recording that no
//! record knows would be kept for ever.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::RecordsError;
use super::schema::Database;
use patter_call::record::CallFile;

/// How long a command waits for the program that writes.
const BUSY: Duration = Duration::from_secs(5);
/// A day, in ms.
const DAY_MS: i64 = 86_400_000;

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removed {
    /// Calls.
    pub calls: usize,
    /// Files of sound.
    pub recordings: usize,
}

/// The records, to delete from.
pub struct Remover {
    database: Database,
    folder: PathBuf,
}

impl Remover {
    /// Opens the records in `folder`, and marks the calls of a program that was killed.
    ///
    /// # Errors
    /// There are none, or they cannot be used.
    pub fn open(folder: &Path) -> Result<Self, RecordsError> {
        let mut database = Database::open_existing(folder, BUSY)?;
        database.close_orphans(&[])?;
        // A server that starts meanwhile needs it for as long as it runs.
        database.unlock();
        Ok(Self {
            database,
            folder: folder.to_owned(),
        })
    }

    /// The calls that began more than `days` ago and are over.
    ///
    /// # Errors
    /// SQLite's.
    pub fn older_than(&self, days: u32) -> Result<Vec<i64>, RecordsError> {
        older_than(&self.database.connection, days_ago(days), None)
            .map_err(|source| self.database.named(source))
    }

    /// Deletes the calls `ids` and their recordings.
    ///
    /// # Errors
    /// One is under way, a recording cannot be deleted, SQLite's. What was deleted until then is gone.
    pub fn remove(&self, ids: &[i64]) -> Result<Removed, RecordsError> {
        remove(&self.database, &self.folder, ids)
    }
}

/// The time `days` ago, as the records have it.
pub(super) fn days_ago(days: u32) -> i64 {
    jiff::Timestamp::now().as_millisecond() - i64::from(days) * DAY_MS
}

/// The calls that began before `ms` and are over, oldest first, at most `limit`.
pub(super) fn older_than(
    database: &Connection,
    ms: i64,
    limit: Option<u32>,
) -> rusqlite::Result<Vec<i64>> {
    database
        .prepare_cached(
            "SELECT id FROM calls WHERE started_at < ?1 AND state <> 'open' ORDER BY started_at LIMIT ?2",
        )?
        .query_map((ms, limit.map_or(-1, i64::from)), |row| row.get(0))?
        .collect()
}

/// Deletes calls: first the recording, then the row, so that a kill between the two leaves nothing that is not found
/// again.
pub(super) fn remove(
    database: &Database,
    folder: &Path,
    ids: &[i64],
) -> Result<Removed, RecordsError> {
    let mut removed = Removed::default();
    let connection = &database.connection;
    for &id in ids {
        let row: Option<(String, Option<String>)> = connection
            .query_row(
                "SELECT state, recording FROM calls WHERE id = ?1",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(|source| database.named(source))?;
        let Some((state, recording)) = row else {
            continue;
        };
        if state == "open" {
            return Err(RecordsError::Open { id });
        }
        // The name of a file in the folder, whatever the database says.
        if let Some(name) = recording.as_deref().and_then(|r| Path::new(r).file_name()) {
            let audio = folder.join(name);
            removed.recordings += usize::from(delete(&audio)?);
            delete(&CallFile::path_for(&audio))?;
            // What a kill while it was written may have left.
            delete(&patter_machine::private::beside(&CallFile::path_for(
                &audio,
            )))?;
        }
        removed.calls += connection
            .execute("DELETE FROM calls WHERE id = ?1", [id])
            .map_err(|source| database.named(source))?;
    }
    if removed.calls > 0 {
        // The words are out of the log as well, and the space is the disk's again. A reader may keep some of it for a
        // while.
        connection
            .execute_batch("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
            .map_err(|source| database.named(source))?;
    }
    Ok(removed)
}

/// True when there was such a file.
fn delete(path: &Path) -> Result<bool, RecordsError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(RecordsError::Recording {
            path: path.to_owned(),
            source,
        }),
    }
}
