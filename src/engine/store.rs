//! Lines as sound on the disk: a voice that takes long speaks each line of a playbook once, not once a start.
//!
//! Thread: any. In: text as the voice gets it. Out: 16 kHz samples. Memory: one line. A folder for each voice with its
//! settings, a WAV file for each line, named by what is said; each is there whole or not at all. A file that cannot be
//! read is spoken again. When full: the files that were made longest ago leave.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use patter_audio::wav::WavError;
use patter_audio::{SAMPLE_RATE_HZ, wav};
use patter_machine::private;
use sha2::{Digest, Sha256};

/// Letters of a digest that name a file: no two texts of a playbook share them.
const NAME_LETTERS: usize = 24;

/// The lines of one voice.
#[derive(Debug)]
pub struct LineStore {
    /// Of all voices.
    root: PathBuf,
    folder: PathBuf,
    most_bytes: u64,
}

impl LineStore {
    /// In `root`, for the voice that `identity` tells from all others; all voices together take at most `most_bytes`.
    pub fn new(root: &Path, identity: &str, most_bytes: u64) -> Self {
        Self {
            root: root.to_owned(),
            folder: root.join(name_of(identity)),
            most_bytes,
        }
    }

    /// The sound of `text`, if it is there.
    pub fn get(&self, text: &str) -> Option<Vec<i16>> {
        let path = self.path_of(text);
        // Until a line is spoken ahead its file is missing, which is no error of the reader's.
        let clip = path.is_file().then(|| wav::read(&path).ok()).flatten()?;
        (clip.rate_hz == SAMPLE_RATE_HZ && !clip.truncated).then_some(clip.samples)
    }

    /// Whether the sound of `text` is there.
    pub fn has(&self, text: &str) -> bool {
        self.path_of(text).is_file()
    }

    /// Keeps the sound of `text`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, text: &str, samples: &[i16]) -> Result<(), WavError> {
        let path = self.path_of(text);
        let fail = |error: std::io::Error| WavError::Write {
            path: path.clone(),
            reason: error.to_string(),
        };
        private::create_dir_all(&self.folder).map_err(fail)?;
        let beside = private::beside(&path);
        wav::write(&beside, samples, SAMPLE_RATE_HZ)?;
        std::fs::rename(beside, &path).map_err(fail)
    }

    /// Makes room: where all lines together are too long, those that were made longest ago leave, but none of `texts`.
    pub fn tidy<'a>(&self, texts: impl Iterator<Item = &'a str>) {
        let wanted: HashSet<PathBuf> = texts.map(|text| self.path_of(text)).collect();
        let inside = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<(SystemTime, u64, PathBuf)> = inside(&self.root)
            .flat_map(|folder| inside(&folder.path()).collect::<Vec<_>>())
            .filter_map(|file| {
                let about = file.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), file.path()))
            })
            .collect();
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, length, path) in files {
            if bytes <= self.most_bytes {
                return;
            }
            if !wanted.contains(&path) && std::fs::remove_file(&path).is_ok() {
                bytes -= length;
            }
        }
    }

    fn path_of(&self, text: &str) -> PathBuf {
        self.folder.join(format!("{}.wav", name_of(text)))
    }
}

fn name_of(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    name.truncate(NAME_LETTERS);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_kept_for_its_voice_and_a_damaged_file_is_none() {
        let root = tempfile::tempdir().unwrap();
        let store = LineStore::new(root.path(), "joe", 1 << 20);
        let samples: Vec<i16> = (0..999).collect();
        assert_eq!(store.get("Hello."), None);
        store.put("Hello.", &samples).unwrap();
        assert_eq!(store.get("Hello."), Some(samples.clone()));
        let other = LineStore::new(root.path(), "joe, slower", 1 << 20);
        assert!(!other.has("Hello.") && store.has("Hello."));
        let path = store.path_of("Hello.");
        let bytes = std::fs::read(&path).unwrap();
        for end in [0, 10, 44, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..end]).unwrap();
            assert_eq!(store.get("Hello."), None, "{end} bytes");
        }
        store.put("Hello.", &samples).unwrap();
        assert_eq!(store.get("Hello."), Some(samples));
    }

    #[test]
    fn the_oldest_lines_leave_and_never_those_in_use() {
        let root = tempfile::tempdir().unwrap();
        let old = LineStore::new(root.path(), "an old voice", 0);
        old.put("one", &[1; 500]).unwrap();
        let store = LineStore::new(root.path(), "joe", 2_200);
        for text in ["two", "three", "four"] {
            store.put(text, &[1; 500]).unwrap();
        }
        let stamp = |store: &LineStore, text: &str, seconds: u64| {
            let file = std::fs::File::options()
                .write(true)
                .open(store.path_of(text))
                .unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            file.set_modified(time).unwrap();
        };
        stamp(&old, "one", 1);
        stamp(&store, "two", 2);
        stamp(&store, "three", 3);
        store.tidy(["two"].into_iter());
        assert!(!old.has("one") && store.has("two") && !store.has("three") && store.has("four"));
    }
}
