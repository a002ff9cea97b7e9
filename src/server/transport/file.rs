//! A call from a WAV file into a WAV file, in real time.
//!
//! Thread: the one that carries the call. In: a clip at 16 kHz. Out: a stereo WAV, caller left, agent right. Memory:
//! the clip. When late: it catches up, as the clock is absolute. After the clip the line stays open until the agent has
//! said nothing for [`QUIET_END_MS`].

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use patter_audio::level::dbfs;
use patter_audio::recording::Recording;
use patter_audio::wav::WavError;
use patter_audio::{FRAME_MS, FRAME_SAMPLES, Frame, SILENCE, ms_to_frames};
use patter_call::line::LineEnds;
use patter_turn::conversation::Closed;

use crate::session::{Surroundings, Transport};

/// Silence of both sides after the clip that ends the call, in ms.
pub const QUIET_END_MS: u32 = 4_000;
/// Longest time that the line stays open after the clip, in ms.
pub const AFTER_CLIP_MS: u32 = 30_000;
/// Below this level the agent counts as silent, in dBFS.
const AGENT_SILENT_DBFS: f32 = -60.0;

/// A sound file that calls.
pub struct FileCall<'a> {
    /// What the caller says, at 16 kHz.
    pub clip: &'a [i16],
    /// Where both sides are recorded.
    pub out: Option<Recording>,
    /// Gets the error when the recording cannot be written; the call is ended then.
    pub failed: &'a mut Option<WavError>,
}

impl Transport for FileCall<'_> {
    const NAME: &'static str = "file";

    fn carry(self, mut ends: LineEnds, mut around: Surroundings<'_>) {
        let Self {
            clip,
            mut out,
            failed,
        } = self;
        let started = Instant::now();
        let frames = clip.chunks(FRAME_SAMPLES);
        let count = frames.len();
        let mut quiet = 0;
        let longest = count + ms_to_frames(AFTER_CLIP_MS) as usize;
        for (number, chunk) in frames
            .chain(std::iter::repeat(&[][..]))
            .take(longest)
            .enumerate()
        {
            if around.stop.load(Ordering::Acquire) {
                ends.line.close(Closed::Stopped);
            }
            if ends.line.is_closed() {
                break;
            }
            let mut heard: Frame = SILENCE;
            heard[..chunk.len()].copy_from_slice(chunk);
            ends.hear(heard);
            around.taps.heard.push(heard);
            let spoken = ends.playback.next_frame();
            around.taps.spoken.push(spoken);
            if let Some(writer) = &mut out
                && let Err(error) = writer.write(&heard, &spoken)
            {
                *failed = Some(error);
                break;
            }
            let silent = dbfs(&spoken) < AGENT_SILENT_DBFS;
            quiet = if silent && number >= count {
                quiet + 1
            } else {
                0
            };
            if quiet >= ms_to_frames(QUIET_END_MS) {
                break;
            }
            let due = started + Duration::from_millis(u64::from(FRAME_MS)) * (number as u32 + 1);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        ends.line.close(Closed::Caller);
        if let Some(writer) = out
            && let Err(error) = writer.finish()
        {
            failed.get_or_insert(error);
        }
    }

    fn refuse(self) {}
}
