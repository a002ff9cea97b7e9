//! A clip of speech into a file, a pipe or stdout, in the format that its name asks for.
//!
//! Thread: ordinary ones only. In: samples. Out: a WAV or FLAC file, of mode 0600; to what is no file, its bytes in one
//! go. Memory: the encoded clip. When the disk is full or nobody reads: the error says so.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::wav::WavError;
use super::{flac, wav};

/// Where a clip goes, and as what.
pub struct Target {
    path: PathBuf,
    format: Format,
    place: Place,
}

enum Format {
    Wav,
    Flac,
}

enum Place {
    /// A file, there or not.
    File,
    Stdout,
    /// A pipe or a device, which cannot be emptied or gone back in.
    Stream,
}

impl Target {
    /// What `path` asks for: `-` and `/dev/stdout` are stdout. What is no file gets a WAV, unless its name ends in
    /// `.flac`; a file must say by its name what it gets. Nothing is opened yet.
    ///
    /// # Errors
    /// A file whose name ends in neither `.wav` nor `.flac`.
    pub fn of(path: &Path) -> Result<Self, WavError> {
        let place = if path == Path::new("-") || path == Path::new("/dev/stdout") {
            Place::Stdout
        } else if std::fs::metadata(path).is_ok_and(|kind| !kind.is_file() && !kind.is_dir()) {
            Place::Stream
        } else {
            Place::File
        };
        let ends = |wanted| {
            path.extension()
                .is_some_and(|ending| ending.eq_ignore_ascii_case(wanted))
        };
        let format = match place {
            _ if ends("flac") => Format::Flac,
            Place::File if !ends("wav") => {
                return Err(WavError::Ending {
                    path: path.to_owned(),
                });
            }
            _ => Format::Wav,
        };
        Ok(Self {
            path: path.to_owned(),
            format,
            place,
        })
    }

    /// False when it is a pipe, a device or stdout, which then belongs to the sound.
    pub fn is_file(&self) -> bool {
        matches!(self.place, Place::File)
    }

    /// Writes a mono clip.
    ///
    /// # Errors
    /// The file cannot be written, or nobody reads the pipe any more.
    pub fn write(&self, samples: &[i16], rate_hz: u32) -> Result<(), WavError> {
        let fail = |reason: String| WavError::Write {
            path: self.path.clone(),
            reason,
        };
        let bytes = match self.format {
            Format::Wav => wav::encoded(samples, rate_hz),
            Format::Flac => flac::encoded(samples, rate_hz),
        };
        let bytes = bytes.map_err(fail)?;
        let written = match self.place {
            Place::File => patter_machine::private::write(&self.path, &bytes),
            Place::Stream => OpenOptions::new()
                .write(true)
                .open(&self.path)
                .and_then(|mut stream| stream.write_all(&bytes)),
            Place::Stdout => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(&bytes).and_then(|()| stdout.flush())
            }
        };
        written.map_err(|e| fail(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip() -> Vec<i16> {
        (0..9_001)
            .map(|n| ((n as f32 * 0.05).sin() * 9_000.0) as i16)
            .collect()
    }

    #[test]
    fn the_ending_says_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for (name, magic) in [("a.wav", b"RIFF"), ("a.WAV", b"RIFF"), ("a.flac", b"fLaC")] {
            let path = folder.path().join(name);
            let target = Target::of(&path).unwrap();
            assert!(target.is_file());
            target.write(&clip(), 16_000).unwrap();
            assert!(std::fs::read(&path).unwrap().starts_with(magic));
            let read = wav::read(&path).unwrap();
            assert!(read.samples == clip() && !read.truncated, "{name}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let mode = std::fs::metadata(&path).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn other_endings_are_refused_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.mp3", "a.ogg", "a", "wav", "a.wav.bak"] {
            let error = Target::of(&folder.path().join(name)).err().unwrap();
            assert!(error.to_string().contains(".wav or .flac"), "{error}");
            assert!(error.hint().unwrap().contains(".flac"));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_gets_a_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["pipe", "pipe.flac"] {
            let path = folder.path().join(name);
            let made = std::process::Command::new("mkfifo").arg(&path).status();
            assert!(made.unwrap().success());
            let target = Target::of(&path).unwrap();
            assert!(!target.is_file());
            let writer = std::thread::spawn(move || target.write(&clip(), 22_050));
            let clip_read = wav::read(&path).unwrap();
            writer.join().unwrap().unwrap();
            assert_eq!((clip_read.rate_hz, clip_read.truncated), (22_050, false));
            assert!(clip_read.samples == clip(), "{name}");
        }
        assert!(!Target::of(Path::new("-")).unwrap().is_file());
        assert!(!Target::of(Path::new("/dev/stdout")).unwrap().is_file());
    }

    #[test]
    fn no_room_is_told() {
        let error = Target::of(Path::new("/dev/full"))
            .unwrap()
            .write(&clip(), 16_000)
            .unwrap_err();
        assert!(error.to_string().contains("cannot write `/dev/full`"));
    }
}
