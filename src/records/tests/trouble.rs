//! What goes wrong with the disk, or with the program, stays there.

use std::process::{Command, Stdio};

use super::*;
use crate::store::MOST_WAITING;

/// What a killed program leaves: the files as they are at this moment, with nobody who holds them.
fn left_behind(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["calls.db", "calls.db-wal"] {
        std::fs::copy(folder.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

#[test]
fn calls_cut_off_are_marked_and_end_with_their_last_event() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "0d");
    record.event(&stamped(1_234, Event::SpeechStart));
    assert!(wait_for(
        || whole(folder.path(), "0d").is_some_and(|call| call.events.len() == 2)
    ));
    let copy = left_behind(folder.path());
    drop(Store::open_at(copy.path(), 0, FAST).unwrap());
    let call = whole(copy.path(), "0d").unwrap().call;
    assert_eq!(call.state, "interrupted");
    assert_eq!(call.ended_at, Some(1_795_512_600_000 + 1_234));
    assert_eq!(call.end_reason, None);

    // A second program in the same folder leaves the running call alone.
    let second = Store::open_at(folder.path(), 0, FAST).unwrap();
    assert_eq!(whole(folder.path(), "0d").unwrap().call.state, "open");
    let error = Remover::open(folder.path()).unwrap().remove(&[1]);
    assert!(matches!(error, Err(RecordsError::Open { id: 1 })));
    drop(begin(&second, "0e"));
    drop(second);
    drop(record);
    drop(store);
    assert_eq!(whole(folder.path(), "0d").unwrap().call.state, "closed");
    assert_eq!(whole(folder.path(), "0e").unwrap().call.state, "closed");
}

const CHILD_FOLDER: &str = "PATTER_TEST_RECORDS";

#[test]
fn a_killed_program_loses_no_more_than_its_last_second() {
    if let Ok(folder) = std::env::var(CHILD_FOLDER) {
        return write_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "tests::trouble::a_killed_program_loses_no_more_than_its_last_second";
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let sent = folder.path().join("sent");
    let count = || -> usize {
        let text = std::fs::read_to_string(&sent).unwrap_or_default();
        text.lines().count()
    };
    assert!(wait_for(|| count() > 150), "the child does not write");
    let before = count();
    std::thread::sleep(Duration::from_millis(1_000));
    child.kill().unwrap();
    child.wait().unwrap();

    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let seen = whole(folder.path(), "0f").unwrap();
    assert_eq!(seen.call.state, "interrupted");
    assert!(
        seen.events.len() > before,
        "{} of {before} events that were older than a second",
        seen.events.len()
    );
    drop(store);
}

fn write_until_killed(folder: &Path) {
    use std::io::Write;
    let store = Store::open(folder, 0).unwrap();
    let mut record = begin(&store, "0f");
    let mut sent = std::fs::File::create(folder.join("sent")).unwrap();
    for n in 0..6_000 {
        record.event(&stamped(n * 10, Event::SpeechStart));
        writeln!(sent, "{n}").unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_locked_database_is_written_when_it_is_free_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let other = Connection::open(schema::path_in(folder.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let since = Instant::now();
    let mut record = begin(&store, "10");
    record.event(&stamped(9, call_end("agent")));
    drop(record);
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "a call does not wait for the disk"
    );
    std::thread::sleep(Duration::from_millis(200));
    assert!(whole(folder.path(), "10").is_none());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(wait_for(|| whole(folder.path(), "10").is_some_and(
        |call| call.call.state == "closed" && call.events.len() == 2
    )));
}

#[test]
fn a_database_locked_at_the_start_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = schema::path_in(folder.path());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    drop(begin(&store, "11"));
    std::thread::sleep(Duration::from_millis(100));
    other.execute_batch("ROLLBACK").unwrap();
    drop(other);
    assert!(wait_for(|| whole(folder.path(), "11").is_some()));
}

#[test]
fn more_events_than_there_is_room_for_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let other = Connection::open(schema::path_in(folder.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut record = begin(&store, "12");
    for n in 0..MOST_WAITING as u64 + 6 {
        record.event(&stamped(n, Event::SpeechStart));
    }
    drop(record);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(wait_for(
        || whole(folder.path(), "12").is_some_and(|call| call.call.state == "closed")
    ));
    let seen = whole(folder.path(), "12").unwrap();
    assert_eq!(seen.call.lost_events, 7);
    assert_eq!(seen.events.len(), MOST_WAITING);
}

#[test]
fn a_folder_that_vanishes_in_a_call_comes_back_with_the_rest_of_it() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("records");
    let store = Store::open_at(&folder, 0, FAST).unwrap();
    drop(begin(&store, "13"));
    let mut record = begin(&store, "14");
    assert!(wait_for(|| whole(&folder, "14").is_some()));
    std::fs::remove_dir_all(&folder).unwrap();
    record.event(&stamped(700, spoken(1, "Still here.")));
    drop(record);
    assert!(wait_for(
        || whole(&folder, "14").is_some_and(|call| call.call.state == "closed")
    ));
    let seen = whole(&folder, "14").unwrap();
    assert_eq!(seen.call.playbook, "Fitness");
    assert_eq!(seen.turns[0].said, "Still here.");
    assert!(whole(&folder, "13").is_none());
}

#[test]
fn a_call_deleted_while_it_runs_gets_a_new_row() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "15");
    assert!(wait_for(|| whole(folder.path(), "15").is_some()));
    let other = Connection::open(schema::path_in(folder.path())).unwrap();
    other.pragma_update(None, "foreign_keys", true).unwrap();
    other.busy_timeout(Duration::from_secs(1)).unwrap();
    other.execute("DELETE FROM calls", []).unwrap();
    record.event(&stamped(800, spoken(1, "Hello again.")));
    drop(record);
    drop(store);
    let seen = whole(folder.path(), "15").unwrap();
    assert_eq!(seen.turns[0].said, "Hello again.");
    assert_eq!(seen.call.state, "closed");
}

#[cfg(unix)]
#[test]
fn a_place_that_takes_nothing_ends_no_call() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", schema::path_in(folder.path())).unwrap();
    let store = Store::open_at(folder.path(), 0, FAST).unwrap();
    let mut record = begin(&store, "16");
    record.event(&stamped(9, Event::SpeechStart));
    drop(record);
    std::thread::sleep(Duration::from_millis(100));
    drop(store);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_with_a_hint() {
    let error = Store::open(Path::new("/dev/null/records"), 0)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .starts_with("cannot make the folder for records `/dev/null/records`"),
        "{error}"
    );
    assert!(error.hint().is_some());
    let error = Reader::open(Path::new("/nowhere")).err().unwrap();
    assert_eq!(
        error.to_string(),
        "there are no records of calls: `/nowhere/calls.db` does not exist"
    );
    assert!(error.hint().is_some());
}
