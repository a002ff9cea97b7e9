//! What is written, as a voice has to get it to read it right: "$29.50" is "29 dollars and 50 cents".
//!
//! Thread: any · In: a written text, the language of the voice · Out: [`Spoken`] · Memory: the text, and a number for
//! each byte of it when something changed.
//!
//! Figures stay figures where voices read them right, with the words around them that a voice leaves out; so nothing
//! has to be known here of how numbers are declined. Only years, and what is read digit by digit, are taken apart.
//! Where two readings are possible, that one is taken which a caller understands in both, which mostly is digits, or
//! the text stays; such places are [`Doubt`]s, which `patter playbook lint` names. Acronyms and Roman numerals are left
//! to the voice. A language without a `[spoken]` table loses marks that nobody says, and nothing else changes.

use std::ops::Range;

use crate::pack::{self, Pack};
use crate::tables::SpokenWords;
use crate::text::is_ideograph;
use written::{Said, Written};

mod abbreviations;
mod addresses;
mod codes;
mod dates;
mod figures;
mod markup;
mod money;
mod phones;
mod quantities;
mod signs;
#[cfg(test)]
mod tests;
mod times;
mod written;

/// What turns up when something was dropped is read in turn, at most so often.
const MOST_PASSES: usize = 8;

/// A text to be spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// What the voice gets.
    pub text: String,
    /// Where each byte of it comes from, and its end; empty if nothing changed. What was read anew comes from its
    /// beginning.
    origins: Vec<usize>,
    /// Length of the written text.
    written: usize,
    /// Places that can be read otherwise too.
    pub doubts: Vec<Doubt>,
}

/// A place that can be read otherwise too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Its bytes in the written text.
    pub written: Range<usize>,
    /// What is not certain.
    pub why: &'static str,
}

impl Spoken {
    /// The byte in the written text that byte `at` of the spoken one stands for. It never goes back, and never falls
    /// inside a letter.
    pub fn written_at(&self, at: usize) -> usize {
        if self.origins.is_empty() {
            at.min(self.written)
        } else {
            self.origins.get(at).copied().unwrap_or(self.written)
        }
    }

    /// Whether the voice gets another text than the written one.
    pub fn is_changed(&self) -> bool {
        !self.origins.is_empty()
    }
}

/// What a voice of `language` (such as `en-us`) has to get for `text`.
pub fn spoken(text: &str, language: &str) -> Spoken {
    let tongue = Tongue::of(language);
    let mut spoken = Spoken {
        text: text.to_owned(),
        origins: Vec::new(),
        written: text.len(),
        doubts: Vec::new(),
    };
    for pass in 0..MOST_PASSES {
        let read = read(&spoken.text, &tongue);
        if pass == 0 {
            spoken.doubts = read.doubts;
        }
        if read.text == spoken.text {
            break;
        }
        let end = [spoken.text.len()];
        let origins = read.origins.iter().chain(&end);
        spoken.origins = origins.map(|&at| spoken.written_at(at)).collect();
        spoken.text = read.text;
    }
    spoken
}

/// A language with the region it is spoken in.
struct Tongue {
    pack: Option<&'static Pack>,
    regions: Vec<String>,
}

impl Tongue {
    /// Takes the names of espeak-ng's voices too: `gmw/en-US`, `en-us+f3`, `cmn`.
    fn of(language: &str) -> Self {
        let name = language.rsplit('/').next().unwrap_or_default();
        let name = name.split('+').next().unwrap_or_default().to_lowercase();
        let mut parts = name.split(['-', '_']);
        let base = match parts.next().unwrap_or_default() {
            "cmn" | "yue" => "zh",
            base => base,
        };
        Self {
            pack: pack::of(base),
            regions: parts.map(str::to_owned).collect(),
        }
    }
}

/// One pass over a text.
struct Reading {
    text: String,
    origins: Vec<usize>,
    doubts: Vec<Doubt>,
    /// The last of it was read, not copied.
    is_read: bool,
}

/// What reads the text from one of its tokens on, if it knows how.
type Reader = fn(&Written, &SpokenWords, usize) -> Option<Said>;

/// The first that knows a place is asked alone.
const READERS: [Reader; 11] = [
    addresses::read,
    signs::fixed,
    dates::read,
    phones::read,
    codes::groups,
    times::read,
    money::read,
    quantities::read,
    codes::read,
    abbreviations::read,
    signs::read,
];

fn read(text: &str, tongue: &Tongue) -> Reading {
    let written = Written::new(text, tongue);
    let mut out = Reading {
        text: String::with_capacity(text.len()),
        origins: Vec::with_capacity(text.len()),
        doubts: Vec::new(),
        is_read: false,
    };
    let words = tongue.pack.and_then(|pack| pack.spoken.as_ref());
    let mut at = 0;
    while at < written.len() {
        let said = markup::read(&written, at).or_else(|| {
            let words = words?;
            READERS
                .iter()
                .find_map(|reader| reader(&written, words, at))
        });
        let Some(said) = said.filter(|said| said.end > at) else {
            out.copy(written.get(at), written.place(at));
            at += 1;
            continue;
        };
        let range = written.place(at)..written.place(said.end);
        if let Some(why) = said.doubt {
            let written = range.clone();
            out.doubts.push(Doubt { written, why });
        }
        if said.is_as_written {
            let tokens = at..said.end;
            tokens.for_each(|at| out.copy(written.get(at), written.place(at)));
        } else {
            let parts = said.parts.iter();
            parts.for_each(|part| out.say(&part.text, written.place(part.start)));
        }
        at = said.end;
    }
    out
}

impl Reading {
    /// Takes over what is read as it stands, whose first byte is at `origin` in the written text.
    fn copy(&mut self, token: &str, origin: usize) {
        if self.is_read {
            self.part(token, origin);
        }
        self.is_read = false;
        self.origins.extend(origin..origin + token.len());
        self.text.push_str(token);
    }

    /// Adds what is read for the text that begins at `origin`.
    fn say(&mut self, text: &str, origin: usize) {
        if text.is_empty() {
            return;
        }
        self.part(text, origin);
        self.is_read = true;
        self.origins.extend(text.bytes().map(|_| origin));
        self.text.push_str(text);
    }

    /// Keeps words apart that were joined in writing: "R&D".
    fn part(&mut self, next: &str, origin: usize) {
        let needs_space = |letter: char| letter.is_alphanumeric() && !is_ideograph(letter);
        if self.text.ends_with(needs_space) && next.starts_with(needs_space) {
            self.text.push(' ');
            self.origins.push(origin);
        }
    }
}
