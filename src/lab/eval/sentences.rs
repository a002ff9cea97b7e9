//! Sentences that are known, as text or as recordings: a line each, cells separated by tabs.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use patter_audio::{SAMPLE_RATE_HZ, resample, wav};

/// One line of the data.
pub(super) struct Sentence {
    pub(super) kind: String,
    pub(super) words: String,
    pub(super) names: Vec<String>,
    pub(super) recording: Option<(String, PathBuf)>,
}

/// Every `every`th sentence of the file: kind, words, names in them (by `;`), and for recordings voice and WAV file.
///
/// # Errors
/// No such file, a line that is none, no sentences.
pub(super) fn load(path: &Path, every: u32) -> anyhow::Result<Vec<Sentence>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let sentences = read(&text, folder).with_context(|| format!("`{name}`"))?;
    Ok(sentences.into_iter().step_by(every as usize).collect())
}

/// A recording at 16 kHz.
///
/// # Errors
/// No WAV file.
pub(super) fn recorded(file: &Path) -> anyhow::Result<Vec<i16>> {
    let clip = wav::read(file)?;
    Ok(resample::convert(
        &clip.samples,
        clip.rate_hz,
        SAMPLE_RATE_HZ,
    )?)
}

fn read(text: &str, folder: &Path) -> anyhow::Result<Vec<Sentence>> {
    let mut sentences = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
        let (kind, words) = match cells[..] {
            [kind, words, ..] if !kind.is_empty() && !words.is_empty() => (kind, words),
            _ => bail!("line {number}: a kind, a tab and words are expected"),
        };
        let names = cells.get(2).unwrap_or(&"").split(';');
        let recording = match cells[..] {
            [_, _, _, voice, file] => Some((voice.to_owned(), folder.join(file))),
            [_, _, _, _] => bail!("line {number}: a voice, a tab and its WAV file are expected"),
            [_, _, _, _, _, ..] => bail!("line {number}: too many cells"),
            _ => None,
        };
        sentences.push(Sentence {
            kind: kind.to_owned(),
            words: words.to_owned(),
            names: names
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect(),
            recording,
        });
    }
    ensure!(!sentences.is_empty(), "it holds no sentences");
    Ok(sentences)
}
