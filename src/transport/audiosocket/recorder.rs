//! The sound of a call into a file, caller on the left, agent on the right.
//!
//! Thread: `record`. In: frames from two rings, one filled by each socket thread. Out: a WAV or FLAC file. Memory: the rings, ten seconds each. When late: frames
//! that find a ring full are missing in the recording; the call is not held up.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use ringbuf::traits::{Consumer, Observer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use crate::audio::recording::Recording;
use crate::audio::{Frame, SILENCE};
use crate::call::line::Line;
use crate::priority::{self, Class};

/// Frames that may wait for the recorder.
const RECORD_RING_FRAMES: usize = 500;
/// Frames of the caller that a recording may lag behind the agent's.
const RECORD_SLACK_FRAMES: usize = 50;

/// Where the sound of the call `id` goes. Two calls may bring the same UUID, at once too; neither recording may be lost.
/// The file is there when this returns, unless the folder cannot be written to.
pub(super) fn path_for(folder: &Path, id: &str, format: &str) -> PathBuf {
    let taken = |path: &PathBuf| {
        let made = crate::private::create_new(path);
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

/// Where the two sides go in: the caller's and the agent's.
pub(super) type Taps = (HeapProd<Frame>, HeapProd<Frame>);

/// Starts the thread, which writes what the two taps bring.
pub(super) fn start(path: PathBuf, line: &Arc<Line>) -> Result<(Taps, JoinHandle<()>), String> {
    let mut writer = Recording::create(&path).map_err(|e| e.to_string())?;
    let (heard_in, mut heard): (_, HeapCons<Frame>) = HeapRb::new(RECORD_RING_FRAMES).split();
    let (spoken_in, mut spoken): (_, HeapCons<Frame>) = HeapRb::new(RECORD_RING_FRAMES).split();
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
                    // A peer whose clock runs fast, or a burst: the two sides must not drift apart.
                    let over = heard.occupied_len().saturating_sub(RECORD_SLACK_FRAMES);
                    heard.skip(over);
                    let caller = heard.try_pop().unwrap_or(SILENCE);
                    if let Err(error) = writer.write(&caller, &agent) {
                        crate::log::warn(&error.to_string());
                        return;
                    }
                }
                if closed {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            if let Err(error) = writer.finish() {
                crate::log::warn(&error.to_string());
            }
        })
        .map_err(|e| e.to_string())?;
    Ok(((heard_in, spoken_in), thread))
}

#[cfg(test)]
mod tests {
    use super::*;

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
