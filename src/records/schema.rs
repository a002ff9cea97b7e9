//! The database: its tables, how it is opened, and what is done about a damaged one.
//!
//! Thread: `records`, or the command that deletes. In: a folder. Out: an open [`Database`]. Memory: SQLite's page
//! cache, 2 MB. When the file is damaged: moved aside by the program that holds the lock, an error for any other.
//! Source: <https://www.sqlite.org/pragma.html>.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{RecordsError, is_corrupt};

/// The database in the records folder.
const FILE: &str = "calls.db";
/// Held by the program that may mark calls as interrupted.
const LOCK: &str = "calls.lock";

/// One entry for each version of the schema, in order. An entry is never changed once it was released: the next change
/// is a new one.
///
/// Times are ms: `_at` of calls since 1970 in UTC, `_at_ms` and `t_ms` since the call began.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE calls (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        uuid        TEXT NOT NULL,
        state       TEXT NOT NULL CHECK (state IN ('open', 'closed', 'interrupted')),
        started_at  INTEGER NOT NULL,
        ended_at    INTEGER,
        duration_ms INTEGER NOT NULL,
        transport   TEXT NOT NULL,
        playbook    TEXT NOT NULL,
        version     TEXT NOT NULL,
        asr         TEXT NOT NULL,
        llm         TEXT NOT NULL,
        tts         TEXT NOT NULL,
        number      TEXT,
        campaign    TEXT,
        outcome     TEXT,
        end_reason  TEXT,
        stages      TEXT NOT NULL,
        turns       INTEGER NOT NULL,
        barge_ins   INTEGER NOT NULL,
        recording   TEXT,
        lost_events INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX calls_by_start ON calls (started_at);
    CREATE INDEX calls_by_uuid ON calls (uuid);
    CREATE INDEX calls_open ON calls (id) WHERE state = 'open';

    CREATE TABLE turns (
        call           INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
        n              INTEGER NOT NULL,
        heard          TEXT NOT NULL DEFAULT '',
        heard_at_ms    INTEGER,
        said           TEXT NOT NULL DEFAULT '',
        said_at_ms     INTEGER,
        played         TEXT NOT NULL DEFAULT '',
        complete       INTEGER NOT NULL DEFAULT 0,
        reopened       INTEGER NOT NULL DEFAULT 0,
        response_ms    REAL,
        endpoint_ms    REAL,
        asr_ms         REAL,
        first_token_ms REAL,
        tts_ms         REAL,
        PRIMARY KEY (call, n)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE slots (
        call      INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
        slot      TEXT NOT NULL,
        value     TEXT NOT NULL,
        confirmed INTEGER NOT NULL,
        turn      INTEGER NOT NULL,
        PRIMARY KEY (call, slot)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE events (
        call  INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
        n     INTEGER NOT NULL,
        t_ms  INTEGER NOT NULL,
        event TEXT NOT NULL,
        json  TEXT NOT NULL,
        PRIMARY KEY (call, n)
    ) STRICT, WITHOUT ROWID;
"];

/// The database of the records in `folder`.
pub(super) fn path_in(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// An open database that may be written.
pub(super) struct Database {
    /// SQLite's side of it.
    pub connection: Connection,
    path: PathBuf,
    identity: Option<(u64, u64)>,
    /// Held while this lives, unless another program has it.
    lock: Option<File>,
}

/// How far a database is looked at when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Its head: a start does not wait until gigabytes of calls are read.
    Head,
    /// Every page: something in it was seen to be damaged.
    Whole,
}

impl Database {
    /// Opens or makes the database in `folder`, which is made too. A damaged file is moved aside. With `busy` the time
    /// to wait for a lock.
    ///
    /// # Errors
    /// No folder, a lock of another program, a full disk, a newer schema.
    pub(super) fn open(folder: &Path, busy: Duration, look: Look) -> Result<Self, RecordsError> {
        patter_machine::private::create_dir_all(folder).map_err(|source| RecordsError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
        let path = path_in(folder);
        let lock = take_lock(folder);
        match Self::open_file(&path, busy, true, look) {
            Err(RecordsError::Corrupt { what, .. }) if lock.is_some() => {
                let aside = move_aside(&path).map_err(|source| RecordsError::Folder {
                    folder: folder.to_owned(),
                    source,
                })?;
                patter_machine::log::warn(&format!(
                    "the records `{}` are damaged ({what}): they are now `{}`, and a new file is begun",
                    path.display(),
                    aside.display()
                ));
                Self::open_file(&path, busy, true, Look::Head)
            }
            other => other,
        }
        .map(|database| Self { lock, ..database })
    }

    /// Opens the database in `folder` to delete from it; nothing is made and nothing is moved.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub(super) fn open_existing(folder: &Path, busy: Duration) -> Result<Self, RecordsError> {
        let path = path_in(folder);
        if !path.exists() {
            return Err(RecordsError::Missing { path });
        }
        let lock = take_lock(folder);
        Self::open_file(&path, busy, false, Look::Head).map(|database| Self { lock, ..database })
    }

    fn open_file(
        path: &Path,
        busy: Duration,
        make: bool,
        look: Look,
    ) -> Result<Self, RecordsError> {
        if make {
            // SQLite gives its other files the mode of this one. Where it cannot be made, SQLite says why.
            for ending in ["", "-wal", "-shm"] {
                let file = PathBuf::from(format!("{}{ending}", path.display()));
                if ending.is_empty() || file.exists() {
                    let _ = patter_machine::private::claim(&file);
                }
            }
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, make);
        let connection = Connection::open_with_flags(path, flags)
            .and_then(|connection| {
                connection.busy_timeout(busy)?;
                // Deleted words do not stay in the file's free pages, and the pages go back to the disk.
                connection.execute_batch(
                    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
                )?;
                Ok(connection)
            })
            .map_err(|source| named(path, source))?;
        let mut database = Self {
            connection,
            path: path.to_owned(),
            identity: identity(path),
            lock: None,
        };
        if look == Look::Whole {
            check(&database.connection, path)?;
        }
        database.migrate()?;
        Ok(database)
    }

    fn migrate(&mut self) -> Result<(), RecordsError> {
        let found = version(&self.connection).map_err(|source| self.named(source))?;
        let known = known_version();
        if found > known {
            return Err(RecordsError::Newer {
                path: self.path.clone(),
                found,
                known,
            });
        }
        if found == known {
            return Ok(());
        }
        migrate(&mut self.connection).map_err(|source| named(&self.path, source))
    }

    /// True when the file is no longer the one that was opened: deleted, moved or replaced.
    pub(super) fn is_gone(&self) -> bool {
        identity(&self.path) != self.identity
    }

    /// Closes the calls that a program left open when it ended, all but `running`; how many there were.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn close_orphans(&self, running: &[i64]) -> Result<usize, RecordsError> {
        if self.lock.is_none() {
            // They may be those of the program that holds the lock.
            return Ok(0);
        }
        let close = || -> rusqlite::Result<usize> {
            let mut open = self
                .connection
                .prepare("SELECT id FROM calls WHERE state = 'open'")?;
            let ids: Vec<i64> = open
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let orphans = ids.iter().filter(|id| !running.contains(id));
            let mut closed = 0;
            for id in orphans {
                closed += self.connection.execute(
                    "UPDATE calls SET state = 'interrupted', ended_at = started_at + duration_ms WHERE id = ?1",
                    [id],
                )?;
            }
            Ok(closed)
        };
        close().map_err(|source| self.named(source))
    }

    /// Leaves the lock to another program.
    pub(super) fn unlock(&mut self) {
        self.lock = None;
    }

    /// SQLite's error with the file's name.
    pub(super) fn named(&self, source: rusqlite::Error) -> RecordsError {
        named(&self.path, source)
    }
}

/// Reads every page once.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), RecordsError> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| named(path, source))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(RecordsError::Corrupt {
        path: path.to_owned(),
        what: verdict.replace('\n', " "),
    })
}

/// SQLite's error with the file's name.
pub(super) fn named(path: &Path, source: rusqlite::Error) -> RecordsError {
    let path = path.to_owned();
    if is_corrupt(&source) {
        let what = source.to_string();
        return RecordsError::Corrupt { path, what };
    }
    RecordsError::Database { path, source }
}

/// The schema of this version of Patter.
pub(super) fn known_version() -> i64 {
    MIGRATIONS.len() as i64
}

/// The schema of a database; 0 for none.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have been faster.
    let from = usize::try_from(version(&change)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(from) {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "user_version", known_version())?;
    change.commit()
}

fn take_lock(folder: &Path) -> Option<File> {
    let file = patter_machine::private::touch(&folder.join(LOCK)).ok()?;
    file.try_lock().is_ok().then_some(file)
}

/// Moves a damaged database and its companions out of the way.
fn move_aside(path: &Path) -> std::io::Result<PathBuf> {
    let time = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let with = |ending: &str| PathBuf::from(format!("{}{ending}", path.display()));
    let aside = (1..)
        .map(|n| match n {
            1 => with(&format!(".corrupt-{time}")),
            n => with(&format!(".corrupt-{time}-{n}")),
        })
        .find(|aside| !aside.exists())
        .unwrap_or_else(|| with(".corrupt"));
    std::fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm"] {
        // Most often there is none.
        let _ = std::fs::rename(with(companion), format!("{}{companion}", aside.display()));
    }
    Ok(aside)
}

/// What tells a file from another one at the same place.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: Duration = Duration::from_millis(50);

    #[test]
    fn a_new_database_has_the_newest_schema_and_opens_again() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep/records");
        for _ in 0..2 {
            let database = Database::open(&place, BUSY, Look::Head).unwrap();
            assert_eq!(version(&database.connection).unwrap(), known_version());
            let text = |pragma: &str| -> String {
                database
                    .connection
                    .query_row(&format!("SELECT * FROM pragma_{pragma}"), [], |row| {
                        row.get::<_, rusqlite::types::Value>(0)
                    })
                    .map(|value| format!("{value:?}"))
                    .unwrap()
            };
            assert_eq!(text("journal_mode"), "Text(\"wal\")");
            assert_eq!(text("synchronous"), "Integer(1)");
            assert_eq!(text("foreign_keys"), "Integer(1)");
            assert_eq!(text("auto_vacuum"), "Integer(2)");
        }
    }

    #[test]
    fn a_newer_schema_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path(), BUSY, Look::Head).unwrap();
        database
            .connection
            .pragma_update(None, "user_version", 99)
            .unwrap();
        drop(database);
        let error = Database::open(folder.path(), BUSY, Look::Head)
            .err()
            .unwrap();
        assert!(matches!(error, RecordsError::Newer { found: 99, .. }));
        assert!(error.hint().is_some());
    }

    #[test]
    fn what_is_no_database_is_moved_aside_with_its_companions() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        std::fs::write(
            &path,
            "no database, but text that is long enough to be looked at as one by its first page"
                .repeat(90),
        )
        .unwrap();
        std::fs::write(folder.path().join("calls.db-wal"), "old").unwrap();
        Database::open(folder.path(), BUSY, Look::Head).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains(".corrupt-"))
            .collect();
        names.sort();
        assert!(names[0].starts_with("calls.db.corrupt-2"), "{names:?}");
    }

    #[test]
    fn a_start_reads_no_page_of_a_call_and_one_that_is_damaged_is_found_when_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_in(folder.path());
        let database = Database::open(folder.path(), BUSY, Look::Head).unwrap();
        database.connection.execute_batch("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
            INSERT INTO calls (uuid, state, started_at, duration_ms, transport, playbook, version, asr, llm, tts, stages, turns, barge_ins, lost_events)
            SELECT hex(randomblob(16)), 'closed', i, 0, '', hex(randomblob(200)), '', '', '', '', '', 0, 0, 0 FROM n").unwrap();
        drop(database);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8_192].fill(0xA5);
        std::fs::write(&path, bytes).unwrap();
        let count = |database: &Database| -> rusqlite::Result<i64> {
            let all = "SELECT count(*) FROM calls WHERE playbook <> ''";
            database.connection.query_row(all, [], |row| row.get(0))
        };
        let database = Database::open(folder.path(), BUSY, Look::Head).unwrap();
        assert!(count(&database).is_err_and(|e| is_corrupt(&e)));
        drop(database);
        let database = Database::open(folder.path(), BUSY, Look::Whole).unwrap();
        assert_eq!(count(&database), Ok(0));
    }

    #[test]
    fn another_programs_damaged_file_is_not_moved() {
        let folder = tempfile::tempdir().unwrap();
        let _other = take_lock(folder.path()).unwrap();
        std::fs::write(path_in(folder.path()), "x".repeat(8_192)).unwrap();
        let error = Database::open(folder.path(), BUSY, Look::Head)
            .err()
            .unwrap();
        assert!(matches!(error, RecordsError::Corrupt { .. }), "{error}");
        assert!(path_in(folder.path()).exists());
    }
}
