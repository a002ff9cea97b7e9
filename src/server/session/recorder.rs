//! The sound of a call into a file, caller on the left, agent on the right.
//!
//! Thread: `record`. In: frames from two rings, which the transport fills ([`Taps`]). Out: a WAV or FLAC file. Memory:
//! the rings, ten and twenty seconds. When late: frames that find a ring full are missing in the recording; the call is
//! not held up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ringbuf::traits::{Consumer, Observer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use patter_audio::level::dbfs;
use patter_audio::recording::Recording;
use patter_audio::{Frame, SILENCE};
use patter_call::line::Line;
use patter_call::record::CallFile;
use patter_machine::priority;
use patter_machine::priority::Class;

/// The agent's frames that may wait for the recorder.
const SPOKEN_RING_FRAMES: usize = 500;
/// The caller's: a network that stood still brings ten seconds at once.
const HEARD_RING_FRAMES: usize = 1_000;
/// Frames of the caller that a recording may lag behind the agent's. More leave where the caller is silent.
const SLACK_FRAMES: usize = 50;
/// And so many at the most, whatever is in them.
const MOST_SLACK_FRAMES: usize = 900;
/// A frame that is softer leaves nothing out, in dBFS.
const SILENT_DBFS: f32 = -60.0;

/// Where the sound of the call `id` goes. Two calls may bring the same UUID, at once too; neither recording may be
/// lost. The file is there when this returns, unless the folder cannot be written to.
pub(super) fn path_for(folder: &Path, id: &str, format: &str) -> PathBuf {
    let taken = |path: &PathBuf| {
        // A recording in the other format has its call file beside it, of the same name.
        if CallFile::path_for(path).exists() {
            return true;
        }
        let made = patter_machine::private::create_new(path);
        made.is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists)
    };
    (1..)
        .map(|n| match n {
            1 => folder.join(format!("{id}.{format}")),
            n => folder.join(format!("{id}-{n}.{format}")),
        })
        .find(|path| !taken(path))
        .unwrap_or_else(|| folder.join(id))
}

/// Removes what [`path_for`] has made, and the call file, of a call that never was.
pub(super) fn forget(path: &Path) {
    for path in [path, &CallFile::path_for(path)] {
        // It may not have been there.
        let _ = std::fs::remove_file(path);
    }
}

/// Where frames of one side go in to be recorded. Where nothing is recorded it takes them all the same.
pub struct Tap(Option<HeapProd<Frame>>);

impl Tap {
    /// Takes a frame; returns at once. When the recorder is too far behind, the frame is missing in the recording.
    pub fn push(&mut self, frame: Frame) {
        if let Some(ring) = &mut self.0 {
            let _ = ring.try_push(frame);
        }
    }
}

/// Where the two sides go in.
pub struct Taps {
    /// The caller's frames, as they are handed to the call.
    pub heard: Tap,
    /// The agent's, as they are sent: one every 20 ms, which is the recording's clock.
    pub spoken: Tap,
}

impl Taps {
    /// Of a call that is not recorded.
    pub(super) fn none() -> Self {
        Self {
            heard: Tap(None),
            spoken: Tap(None),
        }
    }
}

/// Starts the thread, which writes what the two taps bring.
pub(super) fn start(path: PathBuf, line: &Arc<Line>) -> Result<(Taps, JoinHandle<()>), String> {
    let mut writer = Recording::create(&path).map_err(|e| e.to_string())?;
    let (heard_in, mut heard): (_, HeapCons<Frame>) = HeapRb::new(HEARD_RING_FRAMES).split();
    let (spoken_in, mut spoken): (_, HeapCons<Frame>) = HeapRb::new(SPOKEN_RING_FRAMES).split();
    let line = Arc::clone(line);
    let thread = std::thread::Builder::new()
        .name("record".into())
        .spawn(move || {
            priority::enter(Class::Background);
            loop {
                // The line may close while this round runs: look before, and run once more.
                let closed = line.is_closed();
                // Our own clock sends a frame every 20 ms; the peer may send none. So the agent's side is the clock.
                while let Some(agent) = spoken.try_pop() {
                    catch_up(&mut heard);
                    let caller = heard.try_pop().unwrap_or(SILENCE);
                    if let Err(error) = writer.write(&caller, &agent) {
                        patter_machine::log::warn(&error.to_string());
                        return;
                    }
                }
                if closed {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            if let Err(error) = writer.finish() {
                patter_machine::log::warn(&error.to_string());
            }
        })
        .map_err(|e| e.to_string())?;
    let taps = Taps {
        heard: Tap(Some(heard_in)),
        spoken: Tap(Some(spoken_in)),
    };
    Ok((taps, thread))
}

/// After a burst, or with a peer whose clock runs fast, the caller's side lags behind: it catches up where they are
/// silent.
fn catch_up(heard: &mut HeapCons<Frame>) {
    while heard.occupied_len() > SLACK_FRAMES
        && heard
            .try_peek()
            .is_some_and(|frame| dbfs(frame) < SILENT_DBFS)
    {
        heard.skip(1);
    }
    heard.skip(heard.occupied_len().saturating_sub(MOST_SLACK_FRAMES));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_at_once_is_kept_and_caught_up_with_in_silence() {
        let (mut ring, mut heard) = HeapRb::<Frame>::new(HEARD_RING_FRAMES).split();
        let quiet = std::iter::repeat_n(SILENCE, 100);
        let words = (0..200).map(|n| [1_000 + n; 320]);
        for frame in words.clone().chain(quiet) {
            ring.try_push(frame).unwrap();
        }
        let mut recorded = Vec::new();
        while let Some(frame) = {
            catch_up(&mut heard);
            heard.try_pop()
        } {
            recorded.push(frame);
        }
        assert_eq!(
            recorded[..200],
            words.collect::<Vec<_>>()[..],
            "all of the words"
        );
        assert_eq!(recorded.len(), 200 + SLACK_FRAMES);
        for n in 0..1_000 {
            ring.try_push([n + 1_000; 320]).unwrap();
        }
        catch_up(&mut heard);
        assert_eq!(heard.occupied_len(), MOST_SLACK_FRAMES);
    }

    #[test]
    fn calls_of_one_uuid_at_once_have_a_recording_each() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = std::thread::scope(|scope| {
            let path = || path_for(folder.path(), "c1", "wav");
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(path)).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let different: std::collections::BTreeSet<&PathBuf> = paths.iter().collect();
        assert_eq!(different.len(), 8);
        assert!(paths.iter().all(|path| path.exists()));
        let nowhere = path_for(Path::new("/nowhere/at/all"), "c1", "wav");
        assert_eq!(nowhere, Path::new("/nowhere/at/all/c1.wav"));
    }
}
