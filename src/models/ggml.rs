//! A Whisper model's file, looked at before whisper.cpp does: absurd sizes make that load for minutes or abort, and of
//! a file that ends within its last tensor it takes what is there.
//!
//! Thread: whoever loads. In: a file in whisper.cpp's ggml format. Out: whether it is whole. Memory: a read buffer;
//! weights are skipped. Source: whisper.cpp, `whisper_model_load`, and ggml's `type_traits` for the sizes of blocks.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// First four bytes of a ggml file, little-endian.
pub const MAGIC: u32 = 0x6767_6d6c;
/// Vocabulary, audio context, state, heads and layers, text context, state, heads and layers, mel bands.
const LIMITS: [i32; 10] = [
    100_000, 10_000, 8_192, 256, 256, 10_000, 8_192, 256, 256, 256,
];
const MAX_TOKEN_BYTES: i32 = 1_000;
const MAX_NAME_BYTES: i32 = 1_000;
const MAX_ROW: i32 = 1 << 28;

/// Whether `path` is a whole model.
///
/// # Errors
/// What is wrong with it.
pub fn check(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let length = file.metadata().map_err(|e| e.to_string())?.len();
    let mut walk = Walk {
        file: BufReader::new(file),
        at: 0,
        length,
    };
    let magic = walk
        .bytes()
        .map_err(|_| "it is too short to be a model".to_owned())?;
    if u32::from_le_bytes(magic) != MAGIC {
        return Err("it is not in ggml format".into());
    }
    for limit in LIMITS {
        walk.number(limit)?;
    }
    walk.bytes()?; // what most weights are stored as
    let bands = walk.number(256)?;
    let bins = walk.number(10_000)?;
    walk.skip(bands * bins * 4)?;
    for _ in 0..walk.number(100_000)? {
        let size = i32::from_le_bytes(walk.bytes()?);
        if !(0..=MAX_TOKEN_BYTES).contains(&size) {
            return Err(impossible(size));
        }
        walk.skip(size.unsigned_abs().into())?;
    }
    if walk.at == length {
        // whisper.cpp would take it, for tests of its own.
        return Err("it holds no weights".into());
    }
    while walk.at < length {
        let dimensions = walk.number(4)?;
        let name = walk.number(MAX_NAME_BYTES)?;
        let kind = i32::from_le_bytes(walk.bytes()?);
        let mut values = 1_u64;
        for _ in 0..dimensions {
            values = values.saturating_mul(walk.number(MAX_ROW)?);
        }
        walk.skip(name)?;
        // A kind that came later than this table: the engine knows it or says that it does not.
        let Some((block, bytes)) = block(kind) else {
            return Ok(());
        };
        walk.skip((values / block).saturating_mul(bytes))?;
    }
    Ok(())
}

/// Values in a block of a kind of tensor, and its bytes.
fn block(kind: i32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),
        1 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    })
}

fn impossible(size: i32) -> String {
    format!("it holds an impossible size ({size})")
}

struct Walk {
    file: BufReader<File>,
    at: u64,
    length: u64,
}

impl Walk {
    fn bytes(&mut self) -> Result<[u8; 4], String> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes).map_err(|_| self.cut(4))?;
        self.at += 4;
        Ok(bytes)
    }

    /// A number from 1 to `most`.
    fn number(&mut self, most: i32) -> Result<u64, String> {
        let number = i32::from_le_bytes(self.bytes()?);
        if (1..=most).contains(&number) {
            Ok(number.unsigned_abs().into())
        } else {
            Err(impossible(number))
        }
    }

    fn skip(&mut self, bytes: u64) -> Result<(), String> {
        if bytes > self.length.saturating_sub(self.at) {
            return Err(self.cut(bytes));
        }
        let distance = i64::try_from(bytes).map_err(|_| self.cut(bytes))?;
        self.file
            .seek_relative(distance)
            .map_err(|e| e.to_string())?;
        self.at += bytes;
        Ok(())
    }

    fn cut(&self, bytes: u64) -> String {
        let wanted = self.at.saturating_add(bytes);
        format!(
            "it is cut short: {} bytes, of at least {wanted}",
            self.length
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of one token and two tensors, of which nothing is true but the sizes.
    fn model() -> Vec<u8> {
        let mut bytes = MAGIC.to_le_bytes().to_vec();
        let mut put = |numbers: &[i32], more: &[u8]| {
            bytes.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
            bytes.extend(more);
        };
        put(&[1, 10, 8, 1, 1, 10, 8, 1, 1, 2, 8], &[]);
        put(&[2, 3], &[0; 24]);
        put(&[1, 2], b"ab");
        put(&[2, 3, 8, 32, 2], b"one");
        put(&[], &[0; 68]);
        put(&[1, 3, 0, 5], b"two");
        put(&[], &[0; 20]);
        bytes
    }

    fn checked(bytes: &[u8]) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        check(file.path())
    }

    #[test]
    fn a_whole_model_passes_and_one_that_ends_anywhere_else_does_not() {
        let whole = model();
        assert_eq!(checked(&whole), Ok(()));
        // Between two tensors nothing shows; the engine counts them.
        let between = whole.len() - 20 - 3 - 16;
        for end in (0..whole.len()).filter(|&end| end != between) {
            let told = checked(&whole[..end]);
            assert!(told.is_err(), "{end}");
        }
    }

    #[test]
    fn impossible_sizes_and_other_files_are_told() {
        for at in [4, 8, 40, 48, 52] {
            let mut bytes = model();
            bytes[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes());
            assert!(checked(&bytes).unwrap_err().contains("impossible"), "{at}");
        }
        let mut other = model();
        other[0] = b'G';
        assert!(checked(&other).unwrap_err().contains("not in ggml format"));
    }
}
