//! The bytes of a sound file, which may be read from their beginning more than once.
//!
//! Thread: ordinary ones only. In: a path. Out: readers. Memory: none for a file; what comes out of a pipe is kept, up
//! to [`MOST_PIPED_BYTES`]. When more comes: an error.

use std::fs::File;
use std::io::{Cursor, Error, ErrorKind, Read, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use symphonia::core::io::MediaSource;

/// The most that is read from what is no file: 6 hours of telephony at 16 kHz, and some.
const MOST_PIPED_BYTES: u64 = 1 << 30;

/// Where a sound file's bytes are.
pub(super) enum Source {
    File(PathBuf),
    Memory(Arc<[u8]>),
}

impl Source {
    /// Looks at what `path` is, and reads it if that can be done only once.
    ///
    /// # Errors
    /// It cannot be opened, or a pipe gives too much.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_file() {
            return Ok(Self::File(path.to_owned()));
        }
        if kind.is_dir() {
            return Err(Error::new(ErrorKind::IsADirectory, "it is a folder"));
        }
        let mut bytes = Vec::new();
        file.take(MOST_PIPED_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_PIPED_BYTES {
            return Err(Error::new(
                ErrorKind::FileTooLarge,
                "more than 1 GiB comes out of it",
            ));
        }
        Ok(Self::Memory(bytes.into()))
    }

    /// The bytes from the first one.
    ///
    /// # Errors
    /// The file is gone.
    pub(super) fn reader(&self) -> Result<Box<dyn MediaSource>> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path)?),
            Self::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }
}
