//! Files that only the program's own user may read: what callers said and who they are.
//!
//! Thread: ordinary ones only. In: paths. Out: files of mode 0600, folders of mode 0700, whatever the umask. A file
//! that was there before is narrowed to it; a folder that was there is its owner's business, and so is what is no file
//! (a pipe, `/dev/stdout`). Elsewhere than on Unix files are what the system makes them.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// Makes a file, or empties the one that is there.
///
/// # Errors
/// It cannot be made, or not be kept from others.
pub fn create(path: &Path) -> Result<File> {
    open(
        path,
        OpenOptions::new().write(true).create(true).truncate(true),
    )
}

/// Makes an empty file where there is none.
///
/// # Errors
/// There is one; or as [`create`].
pub fn create_new(path: &Path) -> Result<()> {
    open(path, OpenOptions::new().write(true).create_new(true)).map(drop)
}

/// Makes a file, or leaves the one that is there as it is; for writing.
///
/// # Errors
/// As [`create`].
pub fn touch(path: &Path) -> Result<File> {
    open(
        path,
        OpenOptions::new().write(true).create(true).truncate(false),
    )
}

/// Makes a file that holds `bytes`.
///
/// # Errors
/// As [`create`]; the disk is full.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    create(path)?.write_all(bytes)
}

/// Puts a file that holds `bytes` in the place of another, whole or not at all.
///
/// # Errors
/// As [`create`]; the disk is full.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = beside(path);
    write(&beside, bytes)?;
    std::fs::rename(beside, path)
}

/// Where [`replace`] writes what is to take the place of `path`.
pub fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    beside.into()
}

/// Makes an empty file where there is none, and narrows the one that is there without opening it: a process that closes
/// a database's file loses its locks on it.
///
/// # Errors
/// As [`create`].
pub fn claim(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) => narrow(path, &metadata),
        Err(_) => touch(path).map(drop),
    }
}

/// Makes a folder and those above it that are missing.
///
/// # Errors
/// One cannot be made.
pub fn create_dir_all(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    let file = options.open(path)?;
    narrow(path, &file.metadata()?)?;
    Ok(file)
}

#[cfg(unix)]
fn narrow(path: &Path, metadata: &Metadata) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    if metadata.is_file() && mode & 0o077 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
    options.open(path)
}

#[cfg(not(unix))]
fn narrow(_: &Path, _: &Metadata) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_files_and_folders_are_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        create_dir_all(&inner).unwrap();
        assert_eq!([mode(&folder.path().join("a")), mode(&inner)], [0o700; 2]);
        let path = inner.join("words.jsonl");
        write(&path, b"hello").unwrap();
        assert_eq!(mode(&path), 0o600);
        touch(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello");
        create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn a_file_that_others_could_read_is_narrowed_and_a_device_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.db");
        std::fs::write(&path, "before").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        claim(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        create(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        let device = Path::new("/dev/null");
        let before = mode(device);
        create(device).unwrap();
        assert_eq!(mode(device), before);
    }
}
