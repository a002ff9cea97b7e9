//! Records of calls, in one SQLite database: what was said, what it came to, and when.
//!
//! Threads: `records` writes ([`store`]), one for the program; any thread reads ([`read`]), in this program or another.
//! In: calls and their events. Out: `calls.db` in the folder `serve.records`, beside the recordings. Memory:
//! [`store::MOST_WAITING`] events, and a few hundred bytes a call.
//!
//! When late or full: calls never wait for the disk. Events wait in memory until they are written; when too many wait,
//! new ones are dropped and counted (`lost_events` of their call), with one warning. A full disk, a locked or damaged
//! database, a folder that is gone: one warning, and the writing is tried again every few seconds, into a new file if
//! the old one is gone. A file that is no database, or a damaged one, is moved to `calls.db.corrupt-TIME` and a new one
//! is begun. What is written is in the file at most half a second after it happened, so a kill loses no more than that;
//! the calls that it cut off are marked `interrupted` at the next start, with the time of their last event for an end.
//!
//! Two programs may write into one folder. The file `calls.lock` tells them apart: only the one that holds it marks
//! calls as interrupted, or moves a file aside.
//!
//! Source: <https://www.sqlite.org/wal.html> (readers and the writer do not wait for each other),
//! <https://www.sqlite.org/pragma.html>.

pub mod export;
pub mod read;
pub mod remove;
mod running;
mod schema;
pub mod store;
#[cfg(test)]
mod tests;
mod wall_clock;
mod writer;

use std::path::PathBuf;

use thiserror::Error;

pub use store::{CallRecord, Start, Store};

/// What can go wrong with the records.
#[derive(Debug, Error)]
pub enum RecordsError {
    /// The folder cannot be made.
    #[error("cannot make the folder for records `{}`: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The config names no folder.
    #[error("no records of calls are kept: `serve.records` is empty")]
    NotKept,
    /// No database.
    #[error("there are no records of calls: `{}` does not exist", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// SQLite's word on it.
    #[error("the records `{}`: {source}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A file that is no database, or a damaged one.
    #[error("the records `{}` are damaged: {what}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A schema of the future.
    #[error("the records `{}` are of a newer version of Patter: schema {found}, this one knows {known}", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A database without our tables.
    #[error("`{}` holds no records of calls", path.display())]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// No such call.
    #[error("there is no call `{wanted}`")]
    Unknown {
        /// As it was asked for.
        wanted: String,
    },
    /// It begins too many UUIDs, now or later.
    #[error("`{wanted}` is no number of a call, and too short for the beginning of a UUID")]
    Short {
        /// As it was asked for.
        wanted: String,
    },
    /// Several calls.
    #[error("`{wanted}` may be any of {found}")]
    Ambiguous {
        /// As it was asked for.
        wanted: String,
        /// Their ids.
        found: String,
    },
    /// It cannot be deleted yet.
    #[error("call {id} is under way")]
    Open {
        /// The call.
        id: i64,
    },
    /// Nobody said yes.
    #[error("nothing was deleted; to be deleted: {calls}")]
    Unconfirmed {
        /// How many.
        calls: usize,
    },
    /// A recording stays.
    #[error("cannot delete the recording `{}`: {source}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What was asked for cannot be written down.
    #[error("cannot write the export: {0}")]
    Export(#[from] std::io::Error),
    /// No thread.
    #[error("cannot start the thread `records`: {0}")]
    Thread(std::io::Error),
}

impl RecordsError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Folder { .. } => "check `serve.records`; an empty value keeps no records",
                Self::NotKept => {
                    "set `records` under `[serve]` to a folder, or name one with `--records`"
                }
                Self::Missing { .. } => {
                    "`patter serve` makes it when it starts; the folder is `serve.records`, or that of `--records`"
                }
                Self::Database { source, .. } if is_busy(source) => {
                    "another program keeps the database locked; try again in a moment"
                }
                Self::Database { .. } => "see that the folder can be read and written, and that its disk is not full",
                Self::Corrupt { .. } => {
                    "`patter serve` moves it aside when it finds that, and begins a new one; `sqlite3 FILE .recover` \
                     may save what was in it"
                }
                Self::Newer { .. } => "use the newer version, or another folder for the records",
                Self::Foreign { .. } => "name the folder of `serve.records` with `--records`",
                Self::Unknown { .. } => "`patter calls list` shows the calls",
                Self::Short { .. } => {
                    "`patter calls list` shows numbers; of a UUID give 8 characters or more"
                }
                Self::Ambiguous { .. } => "give more of the UUID, or the number that `patter calls list` shows",
                Self::Open { .. } => "it can be deleted when it has ended",
                Self::Unconfirmed { .. } => "`--yes` deletes without asking",
                Self::Recording { .. } => "its call is kept until the file can be deleted",
                Self::Export(_) | Self::Thread(_) => return None,
            }
            .into(),
        )
    }
}

/// The database is locked by somebody else.
fn is_busy(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseBusy | DatabaseLocked)
    )
}

/// The file is no database, or a damaged one.
fn is_corrupt(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(
        error.sqlite_error_code(),
        Some(DatabaseCorrupt | NotADatabase)
    )
}
