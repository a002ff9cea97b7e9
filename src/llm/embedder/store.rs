//! Vectors of learnt texts, kept from one start to the next.
//!
//! Threads: `embed`, `learn`. In: texts and their vectors. Out: the same. Memory: 1.5 KB per text; the file is as
//! large. When full: of more than [`MOST`] texts, those that were not asked for since the start are left out of the
//! next file. A file of another model, a damaged or an unwritable one only costs the time to make its vectors again.
//!
//! The file: [`MAGIC`], the numbers of a vector (u32), the vector of a probe text, then records of [`KEY`] bytes of
//! SHA-256 of a text and its vector; all little-endian, f32.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use patter_engine::embed::Vector;

const MAGIC: &[u8; 8] = b"PATTERV1";

/// Enough that two texts never share one.
const KEY: usize = 16;

/// Texts in a file, before old ones are left out: 30 MB, some ten playbooks.
const MOST: usize = 20_000;

type Key = [u8; KEY];

/// The vectors.
pub(super) struct Store {
    path: Option<PathBuf>,
    /// The probe's vector tells models apart.
    probe: Vector,
    vectors: HashMap<Key, Held>,
    /// There are vectors that the file does not hold.
    is_dirty: bool,
    /// When the file was last written or read.
    saved: Instant,
}

struct Held {
    vector: Vector,
    used: bool,
}

impl Store {
    /// Reads the file at `path`, if it is one of the model that makes `probe`.
    pub(super) fn open(path: Option<PathBuf>, probe: &[f32]) -> Self {
        let read = path.as_ref().and_then(|path| std::fs::read(path).ok());
        Self {
            vectors: read.map_or_else(HashMap::new, |bytes| parse(&bytes, probe)),
            path,
            probe: probe.into(),
            is_dirty: false,
            saved: Instant::now(),
        }
    }

    pub(super) fn get(&self, text: &str) -> Option<&Vector> {
        self.vectors.get(&key(text)).map(|held| &held.vector)
    }

    pub(super) fn put(&mut self, text: &str, vector: Vector) {
        let held = Held { vector, used: true };
        self.vectors.insert(key(text), held);
        self.is_dirty = true;
    }

    /// Marks a text as in use: when there are too many, the others are not written again.
    pub(super) fn keep(&mut self, text: &str) {
        if let Some(held) = self.vectors.get_mut(&key(text)) {
            held.used = true;
        }
    }

    /// Writes them, if that was not done for `age`.
    pub(super) fn save_if_older(&mut self, age: Duration) {
        if self.saved.elapsed() >= age {
            self.save();
        }
    }

    /// Writes them, if there are new ones; a reader sees the old file or the new one, never half of it.
    pub(super) fn save(&mut self) {
        if !std::mem::take(&mut self.is_dirty) {
            return;
        }
        self.saved = Instant::now();
        let Some(path) = &self.path else { return };
        if let Err(error) = self.write(path) {
            patter_machine::log::warn(&format!(
                "cannot keep sentence vectors in `{}`: {error}; the next start makes them again (`dialogue.embedding_store`)",
                path.display()
            ));
        }
    }

    fn write(&self, path: &std::path::Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            patter_machine::private::create_dir_all(folder)?;
        }
        let half = path.with_extension(format!("{}.part", std::process::id()));
        let mut file = std::io::BufWriter::new(patter_machine::private::create(&half)?);
        file.write_all(MAGIC)?;
        file.write_all(&(self.probe.len() as u32).to_le_bytes())?;
        write_vector(&mut file, &self.probe)?;
        let is_full = self.vectors.len() > MOST;
        let kept = |held: &Held| held.used || !is_full;
        for (key, held) in self.vectors.iter().filter(|(_, held)| kept(held)) {
            file.write_all(key)?;
            write_vector(&mut file, &held.vector)?;
        }
        let written = file.into_inner().map_err(|e| e.into_error());
        written
            .and_then(|_| std::fs::rename(&half, path))
            .inspect_err(|_| {
                let _ = std::fs::remove_file(&half);
            })
    }
}

fn key(text: &str) -> Key {
    let digest = Sha256::digest(text.as_bytes());
    std::array::from_fn(|at| digest[at])
}

fn write_vector(file: &mut impl Write, vector: &[f32]) -> std::io::Result<()> {
    vector
        .iter()
        .try_for_each(|x| file.write_all(&x.to_le_bytes()))
}

/// What a file holds; nothing, if it is of another model or no such file. What is cut short is left out.
fn parse(bytes: &[u8], probe: &[f32]) -> HashMap<Key, Held> {
    let mut head = MAGIC.to_vec();
    head.extend((probe.len() as u32).to_le_bytes());
    head.extend(probe.iter().flat_map(|x| x.to_le_bytes()));
    let Some(records) = bytes.strip_prefix(head.as_slice()) else {
        return HashMap::new();
    };
    let record = |bytes: &[u8]| {
        let (key, numbers) = bytes.split_first_chunk::<KEY>()?;
        let number = |four: &[u8]| four.try_into().map(f32::from_le_bytes).ok();
        let vector: Option<Vector> = numbers.chunks(4).map(number).collect();
        let vector = vector.filter(|vector| vector.iter().all(|x| x.is_finite()))?;
        Some((
            *key,
            Held {
                vector,
                used: false,
            },
        ))
    };
    records
        .chunks_exact(KEY + 4 * probe.len())
        .filter_map(record)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PROBE: [f32; 2] = [0.6, 0.8];

    #[test]
    fn vectors_outlive_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("vectors");
        let mut first = Store::open(Some(path.clone()), &PROBE);
        first.put("hello", [1.0, 0.0].into());
        first.save();
        let mut second = Store::open(Some(path.clone()), &PROBE);
        assert_eq!(second.get("hello").unwrap()[..], [1.0, 0.0]);
        assert!(second.get("thanks").is_none());
        second.put("thanks", [0.8, 0.6].into());
        second.save();
        let third = Store::open(Some(path.clone()), &PROBE);
        assert_eq!(third.get("thanks").unwrap()[..], [0.8, 0.6]);
        assert!(third.get("hello").is_some());
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            1
        );
    }

    #[test]
    fn of_too_many_those_out_of_use_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        let mut first = Store::open(Some(path.clone()), &PROBE);
        for number in 0..=MOST {
            first.put(&number.to_string(), PROBE.into());
        }
        first.save();
        let mut second = Store::open(Some(path.clone()), &PROBE);
        second.keep("7");
        second.put("new", PROBE.into());
        second.save();
        let third = Store::open(Some(path), &PROBE);
        assert!(third.get("7").is_some() && third.get("8").is_none());
    }

    #[test]
    fn a_file_of_another_model_or_a_damaged_one_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors");
        let mut store = Store::open(Some(path.clone()), &PROBE);
        store.put("hello", [1.0, 0.0].into());
        store.put("goodbye", [0.0, 1.0].into());
        store.save();
        let whole = std::fs::read(&path).unwrap();
        assert!(
            Store::open(Some(path.clone()), &[0.8, 0.6])
                .get("hello")
                .is_none()
        );
        assert!(
            Store::open(Some(path.clone()), &[1.0])
                .get("hello")
                .is_none()
        );
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let cut = Store::open(Some(path.clone()), &PROBE);
            let left = ["hello", "goodbye"].map(|text| cut.get(text));
            assert!(left.iter().any(Option::is_none), "{length} bytes");
            assert!(left.iter().flatten().all(|vector| vector.len() == 2));
        }
        let mut not_numbers = whole.clone();
        let end = not_numbers.len();
        not_numbers[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        std::fs::write(&path, &not_numbers).unwrap();
        let damaged = Store::open(Some(path), &PROBE);
        assert!(
            ["hello", "goodbye"]
                .iter()
                .any(|text| damaged.get(text).is_none())
        );
    }
}
