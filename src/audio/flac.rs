//! FLAC files out: recordings in about half the room of WAV, with nothing lost, by flacenc.
//!
//! Thread: ordinary ones only. In: frames, or a clip. Out: a file, or its bytes. Memory: a recording holds one block of
//! 256 ms, a clip all its bytes. When the disk is full: the error says so and the file up to then stays playable: each
//! block is whole, and the header leaves the length open until the end.
//! Source: RFC 9639.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr, Stream, StreamInfo};
use flacenc::config::Encoder;
use flacenc::error::{Verified, Verify};
use flacenc::source::{Fill, FrameBuf};

use super::SAMPLE_RATE_HZ;
use super::wav::WavError;

/// Samples of each side in a block: 256 ms, the most that a kill may lose.
const BLOCK: usize = 4_096;
/// The fewest that are encoded: the last block is filled up to it with silence.
const MIN_BLOCK: usize = 32;
const SIDES: usize = 2;

/// Turns blocks of samples into frames.
struct Blocks {
    channels: usize,
    config: Verified<Encoder>,
    info: StreamInfo,
    blocks: usize,
    samples: usize,
}

impl Blocks {
    fn new(channels: usize, rate_hz: u32) -> Result<Self, String> {
        let config = Encoder::default()
            .into_verified()
            .map_err(|(_, e)| e.to_string())?;
        let mut info =
            StreamInfo::new(rate_hz as usize, channels, 16).map_err(|e| e.to_string())?;
        info.set_block_sizes(BLOCK, BLOCK)
            .map_err(|e| e.to_string())?;
        Ok(Self {
            channels,
            config,
            info,
            blocks: 0,
            samples: 0,
        })
    }

    /// The file's first bytes.
    fn header(&self) -> Result<Vec<u8>, String> {
        let mut sink = ByteSink::new();
        Stream::with_stream_info(self.info.clone())
            .write(&mut sink)
            .map_err(|e| e.to_string())?;
        Ok(sink.into_inner())
    }

    /// The same, with the length: as many bytes.
    fn last_header(&mut self) -> Result<Vec<u8>, String> {
        self.info.set_total_samples(self.samples);
        self.header()
    }

    /// The next block's bytes. `waiting` is empty after it.
    fn next(&mut self, waiting: &mut Vec<i32>) -> Result<Vec<u8>, String> {
        let fewest = self.channels * MIN_BLOCK;
        waiting.resize(waiting.len().max(fewest), 0);
        let size = waiting.len() / self.channels;
        let frame = self.frame(waiting, size);
        self.samples += size;
        self.blocks += 1;
        waiting.clear();
        frame
    }

    fn frame(&self, waiting: &[i32], size: usize) -> Result<Vec<u8>, String> {
        let mut buffer = FrameBuf::with_size(self.channels, size).map_err(|e| e.to_string())?;
        buffer
            .fill_interleaved(waiting)
            .map_err(|e| e.to_string())?;
        let frame =
            flacenc::encode_fixed_size_frame(&self.config, &buffer, self.blocks, &self.info)
                .map_err(|e| e.to_string())?;
        let mut sink = ByteSink::new();
        frame.write(&mut sink).map_err(|e| e.to_string())?;
        Ok(sink.into_inner())
    }
}

/// A mono clip as the bytes of a FLAC file; one of less than 2 ms is filled up with silence.
pub(super) fn encoded(samples: &[i16], rate_hz: u32) -> Result<Vec<u8>, String> {
    let mut blocks = Blocks::new(1, rate_hz)?;
    let mut bytes = blocks.header()?;
    for block in samples.chunks(BLOCK) {
        let mut waiting = block.iter().map(|&sample| sample.into()).collect();
        bytes.extend(blocks.next(&mut waiting)?);
    }
    let header = blocks.last_header()?;
    bytes.splice(..header.len(), header);
    Ok(bytes)
}

/// A growing stereo recording at 16 kHz: caller left, agent right.
pub struct StereoWriter {
    /// None after a write has failed.
    file: Option<std::fs::File>,
    path: PathBuf,
    blocks: Blocks,
    /// Both sides by turns, not yet a block.
    waiting: Vec<i32>,
}

impl StereoWriter {
    /// Creates the file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn create(path: &Path) -> Result<Self, WavError> {
        let fail = |reason: String| WavError::Write {
            path: path.to_owned(),
            reason,
        };
        let blocks = Blocks::new(SIDES, SAMPLE_RATE_HZ).map_err(fail)?;
        let header = blocks.header().map_err(fail)?;
        let file = patter_machine::private::create(path).map_err(|e| fail(e.to_string()))?;
        let mut writer = Self {
            file: Some(file),
            path: path.to_owned(),
            blocks,
            waiting: Vec::with_capacity(SIDES * BLOCK),
        };
        writer.put(&header)?;
        Ok(writer)
    }

    /// Appends sound of both sides; the shorter one is filled with silence.
    ///
    /// # Errors
    /// The disk is full or gone. Later calls then do nothing.
    pub fn write(&mut self, caller: &[i16], agent: &[i16]) -> Result<(), WavError> {
        if self.file.is_none() {
            return Ok(());
        }
        for n in 0..caller.len().max(agent.len()) {
            let side = |samples: &[i16]| i32::from(samples.get(n).copied().unwrap_or(0));
            self.waiting.push(side(caller));
            self.waiting.push(side(agent));
            if self.waiting.len() == SIDES * BLOCK {
                self.block()?;
            }
        }
        Ok(())
    }

    /// Writes what waits, and the length into the header.
    ///
    /// # Errors
    /// The last samples could not be written.
    pub fn finish(mut self) -> Result<(), WavError> {
        if self.file.is_none() {
            return Ok(());
        }
        if !self.waiting.is_empty() {
            self.block()?;
        }
        let header = self.blocks.last_header().map_err(|e| self.failed(e))?;
        let begin = |file: &mut std::fs::File| file.seek(SeekFrom::Start(0)).map(drop);
        self.on_disk(begin)?;
        self.put(&header)
    }

    fn block(&mut self) -> Result<(), WavError> {
        let encoded = self.blocks.next(&mut self.waiting);
        self.put(&encoded.map_err(|e| self.failed(e))?)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WavError> {
        self.on_disk(|file| file.write_all(bytes))
    }

    fn on_disk(
        &mut self,
        work: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>,
    ) -> Result<(), WavError> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        work(file).map_err(|e| {
            self.file = None;
            self.failed(e.to_string())
        })
    }

    fn failed(&self, reason: String) -> WavError {
        WavError::Write {
            path: self.path.clone(),
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wav;
    use crate::wav::Side;

    fn tone(n: usize, step: f32) -> i16 {
        ((n as f32 * step).sin() * 9_000.0) as i16
    }

    fn written(path: &Path, samples: usize) {
        let caller: Vec<i16> = (0..samples).map(|n| tone(n, 0.05)).collect();
        let agent: Vec<i16> = (0..samples).map(|n| tone(n, 0.11)).collect();
        let mut writer = StereoWriter::create(path).unwrap();
        for (caller, agent) in caller.chunks(320).zip(agent.chunks(320)) {
            writer.write(caller, agent).unwrap();
        }
        writer.finish().unwrap();
    }

    #[test]
    fn each_length_is_read_back_to_the_sample_in_less_room() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.flac");
        for samples in [1, 319, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 777] {
            written(&path, samples);
            let clip = wav::read(&path).unwrap();
            assert_eq!((clip.rate_hz, clip.truncated), (16_000, false), "{samples}");
            let caller = wav::read_16k(&path, Side::Caller).unwrap();
            let wanted: Vec<i16> = (0..samples).map(|n| tone(n, 0.05)).collect();
            let (sound, filled) = caller.split_at(samples);
            assert!(sound == wanted && filled.len() < MIN_BLOCK, "{samples}");
            assert!(filled.iter().all(|&s| s == 0));
        }
        let size = std::fs::metadata(&path).unwrap().len();
        assert!(size < (3 * BLOCK as u64 + 777) * 4 * 3 / 4, "{size} bytes");
    }

    #[test]
    fn an_unfinished_recording_is_readable_up_to_its_last_block() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.flac");
        let mut writer = StereoWriter::create(&path).unwrap();
        for _ in 0..150 {
            writer.write(&[100; 320], &[300; 320]).unwrap();
        }
        // What is on disk now is what a kill would leave.
        let copy = folder.path().join("b.flac");
        std::fs::copy(&path, &copy).unwrap();
        let clip = wav::read(&copy).unwrap();
        assert!(
            clip.samples.len() > 150 * 320 - BLOCK,
            "{}",
            clip.samples.len()
        );
        assert!(clip.samples.iter().all(|&s| s == 200));
    }

    #[test]
    fn every_prefix_and_damage_is_an_error_or_a_clip_and_never_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.flac");
        written(&path, BLOCK + 50);
        let bytes = std::fs::read(&path).unwrap();
        for length in (0..bytes.len()).step_by(7) {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let _ = wav::read(&path);
            let mut damaged = bytes.clone();
            damaged[length] ^= 0x55;
            std::fs::write(&path, &damaged).unwrap();
            let _ = wav::read(&path);
        }
    }

    #[test]
    fn a_full_disk_is_told_once() {
        let mut writer = match StereoWriter::create(Path::new("/dev/full")) {
            // The header is small enough to be refused at once.
            Err(error) => return assert!(error.to_string().contains("cannot write")),
            Ok(writer) => writer,
        };
        let told = (0..100).filter(|_| writer.write(&[1; 320], &[2; 320]).is_err());
        assert_eq!(told.count(), 1);
    }
}
