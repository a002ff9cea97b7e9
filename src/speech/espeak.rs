//! espeak-ng, linked in: a voice with nothing to download but its phoneme data.
//!
//! Thread: any; the library has one global state, so a lock lets one sentence through at a time (a sentence takes a few
//! ms). In: text in UTF-8. Out: 22,050 Hz. Memory: the sentence. It also turns text into phonemes for [`super::piper`].
//! Source: espeak-ng's speak_lib.h.

#![expect(
    unsafe_code,
    reason = "espeak-ng is a C library and its crate has no safe layer for synthesis"
)]

use std::ffi::{CStr, CString, c_int, c_short, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use espeak_rs_sys as sys;

use patter_config::EspeakConfig;
use patter_engine::marks::WordMark;
use patter_engine::voice::{Sound, TtsError, Voice};

/// The folder of phoneme data inside the models folder.
pub const DATA_FOLDER: &str = "espeak-ng-data";

/// The library's one state, once it is initialised.
static LIBRARY: Mutex<Option<Library>> = Mutex::new(None);

struct Library {
    rate_hz: u32,
    /// The voice that is set. Setting one reads its files, so that is done when another is wanted.
    voice: Option<CString>,
}

/// A voice of espeak-ng.
#[derive(Debug)]
pub struct Espeak {
    voice: CString,
    /// The same name: espeak-ng calls its voices by their language.
    language: String,
    words_per_minute: u32,
    pitch: u32,
    rate_hz: u32,
}

fn load_error(name: &str, reason: impl Into<String>) -> TtsError {
    TtsError::Load {
        name: name.to_owned(),
        reason: reason.into(),
    }
}

/// Takes the library, initialised with the data in `models`.
fn library(models: &Path) -> Result<(MutexGuard<'static, Option<Library>>, u32), TtsError> {
    let mut state = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(rate_hz) = state.as_ref().map(|library| library.rate_hz) {
        return Ok((state, rate_hz));
    }
    let data: PathBuf = models.join(DATA_FOLDER);
    for file in ["phontab", "phonindex", "phondata", "intonations"] {
        if !data.join(file).is_file() {
            return Err(TtsError::Missing {
                path: data.join(file),
            });
        }
    }
    let path = CString::new(models.to_string_lossy().as_bytes())
        .map_err(|_| load_error("espeak", "the path of the models folder holds a zero byte"))?;
    // SAFETY: the path lives through the call; DONT_EXIT keeps the library from ending the process.
    let rate = unsafe {
        sys::espeak_Initialize(
            sys::espeak_AUDIO_OUTPUT_AUDIO_OUTPUT_SYNCHRONOUS,
            0,
            path.as_ptr(),
            sys::espeakINITIALIZE_DONT_EXIT as c_int,
        )
    };
    let rate_hz = u32::try_from(rate).ok().filter(|r| *r > 0).ok_or_else(|| {
        load_error(
            "espeak",
            format!(
                "its data in `{}` does not fit (code {rate})",
                data.display()
            ),
        )
    })?;
    // SAFETY: `collect` has the signature that the header asks for and lives for ever.
    unsafe { sys::espeak_SetSynthCallback(Some(collect)) };
    *state = Some(Library {
        rate_hz,
        voice: None,
    });
    Ok((state, rate_hz))
}

/// What a synthesis has brought so far.
#[derive(Default)]
struct Collected {
    samples: Vec<i16>,
    /// Of each word: its letter in the text, from 0, and its sample.
    words: Vec<(usize, usize)>,
}

/// Called by the library with each buffer of sound; `user_data` is the [`Collected`] that `speak` handed in.
unsafe extern "C" fn collect(
    wav: *mut c_short,
    count: c_int,
    events: *mut sys::espeak_EVENT,
) -> c_int {
    if wav.is_null() || events.is_null() || count <= 0 {
        return 0;
    }
    // SAFETY: the library hands `count` samples at `wav` and a list of events that ends with LIST_TERMINATED; each
    // carries our pointer; `speak` is still running, so what is behind it is alive and nobody else touches it.
    unsafe {
        let Some(out) = (*events).user_data.cast::<Collected>().as_mut() else {
            return 0;
        };
        out.samples
            .extend_from_slice(std::slice::from_raw_parts(wav, count as usize));
        let mut event = events;
        while (*event).type_ != sys::espeak_EVENT_TYPE_espeakEVENT_LIST_TERMINATED {
            if (*event).type_ == sys::espeak_EVENT_TYPE_espeakEVENT_WORD {
                let letter = (*event).text_position.max(1) as usize - 1;
                out.words.push((letter, (*event).sample.max(0) as usize));
            }
            event = event.add(1);
        }
    }
    0
}

impl Espeak {
    /// Loads the voice; `models` holds the folder `espeak-ng-data`.
    ///
    /// # Errors
    /// No data, no such voice.
    pub fn load(models: &Path, config: &EspeakConfig) -> Result<Self, TtsError> {
        let (mut guard, rate_hz) = library(models)?;
        let voice = CString::new(config.voice.as_str())
            .map_err(|_| load_error("espeak", "its name holds a zero byte"))?;
        want_voice(&mut guard, &voice)?;
        drop(guard);
        Ok(Self {
            voice,
            language: config.voice.clone(),
            words_per_minute: config.words_per_minute,
            pitch: config.pitch,
            rate_hz,
        })
    }
}

/// Selects `voice` if another one is set.
fn want_voice(library: &mut Option<Library>, voice: &CStr) -> Result<(), TtsError> {
    let Some(library) = library else {
        return Err(load_error("espeak", "the library is not initialised"));
    };
    if library.voice.as_deref() != Some(voice) {
        library.voice = None;
        set_voice(voice)?;
        library.voice = Some(voice.to_owned());
    }
    Ok(())
}

/// Selects a voice by its name (`en-us`, `cmn`) or, as `en-gb` wants, by its language; `+f3` and the like choose a
/// variant.
fn set_voice(voice: &CStr) -> Result<(), TtsError> {
    // SAFETY: the caller holds the library's lock; the name is a C string.
    let by_name = |name: &CStr| unsafe { sys::espeak_SetVoiceByName(name.as_ptr()) } == sys::espeak_ERROR_EE_OK;
    if by_name(voice) {
        return Ok(());
    }
    let typed = voice.to_string_lossy();
    let (language, variant) = typed
        .split_once('+')
        .map_or((typed.as_ref(), ""), |(l, v)| (l, v));
    let found = file_for_language(language).map(|file| match variant {
        "" => file,
        variant => format!("{file}+{variant}"),
    });
    if let Some(name) = found.and_then(|name| CString::new(name).ok())
        && by_name(&name)
    {
        return Ok(());
    }
    Err(load_error(
        &typed,
        "espeak-ng has no such voice; `en-us`, `en-gb`, `cmn` and variants such as `en-us+f3` are some",
    ))
}

/// The voice file (such as `gmw/en`) that speaks `language`. The caller holds the library's lock.
fn file_for_language(language: &str) -> Option<String> {
    // SAFETY: the library returns an array of voices that ends with null and stays valid until the next call;
    // `languages` is a list of (priority byte, C string) that ends with a zero byte.
    unsafe {
        let mut voices = sys::espeak_ListVoices(std::ptr::null_mut());
        while !voices.is_null() && !(*voices).is_null() {
            let voice = &**voices;
            let mut at = voice.languages;
            while !at.is_null() && *at != 0 {
                let name = CStr::from_ptr(at.add(1));
                if name.to_bytes() == language.as_bytes() {
                    return Some(
                        CStr::from_ptr(voice.identifier)
                            .to_string_lossy()
                            .into_owned(),
                    );
                }
                at = at.add(1 + name.to_bytes_with_nul().len());
            }
            voices = voices.add(1);
        }
    }
    None
}

/// A text of so many letters lasts longer than 50 ms.
const FEWEST_LETTERS: usize = 4;

impl Voice for Espeak {
    fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    fn language(&self) -> &str {
        &self.language
    }

    fn speak(&self, text: &str) -> Result<Sound, TtsError> {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        let text = CString::new(text.replace('\0', " ")).map_err(|_| TtsError::Speak {
            reason: "the text holds a zero byte".into(),
        })?;
        let mut out = Collected::default();
        let mut guard = LIBRARY.lock().unwrap_or_else(PoisonError::into_inner);
        want_voice(&mut guard, &self.voice)?;
        // SAFETY: the lock is held; the text and `out` outlive the call, which is synchronous
        // (AUDIO_OUTPUT_SYNCHRONOUS).
        let code = unsafe {
            sys::espeak_SetParameter(
                sys::espeak_PARAMETER_espeakRATE,
                self.words_per_minute as c_int,
                0,
            );
            sys::espeak_SetParameter(sys::espeak_PARAMETER_espeakPITCH, self.pitch as c_int, 0);
            sys::espeak_Synth(
                text.as_ptr().cast::<c_void>(),
                text.as_bytes_with_nul().len(),
                0,
                sys::espeak_POSITION_TYPE_POS_CHARACTER,
                0,
                sys::espeakCHARS_UTF8,
                std::ptr::null_mut(),
                (&raw mut out).cast::<c_void>(),
            )
        };
        drop(guard);
        if letters >= FEWEST_LETTERS && out.samples.len() < self.rate_hz as usize / 20 {
            // It tells of no error when it cannot read what it needs.
            return Err(TtsError::Speak {
                reason: "espeak-ng made no sound; is its data still there?".into(),
            });
        }
        if code == sys::espeak_ERROR_EE_OK {
            let cut = trim_silence(&mut out.samples, self.rate_hz);
            let mark = |(letter, sample): (usize, usize)| {
                let at = *places.get(letter)?;
                let sample = sample.saturating_sub(cut);
                Some(WordMark { at, sample })
            };
            Ok(Sound {
                words: out.words.into_iter().filter_map(mark).collect(),
                samples: out.samples,
            })
        } else {
            Err(TtsError::Speak {
                reason: format!("espeak-ng gave code {code}"),
            })
        }
    }
}

/// espeak-ng begins with silence, which a caller would wait through, and ends with more of it than a pause between
/// sentences needs. Returns how many samples were cut off at the beginning.
fn trim_silence(samples: &mut Vec<i16>, rate_hz: u32) -> usize {
    const QUIET: i16 = 60;
    let pause = rate_hz as usize / 8;
    let loud = |s: &i16| s.saturating_abs() > QUIET;
    let Some(last) = samples.iter().rposition(loud) else {
        return 0;
    };
    samples.truncate(last + 1 + pause);
    samples.resize(last + 1 + pause, 0);
    let first = samples.iter().position(loud).unwrap_or(0);
    let cut = first.saturating_sub(rate_hz as usize / 200);
    samples.drain(..cut);
    cut
}

/// The phonemes (IPA) of `text` in `voice`, clause by clause, joined as Piper's training joined them.
///
/// # Errors
/// No data, no such voice.
pub fn phonemes(models: &Path, voice: &str, text: &str) -> Result<String, TtsError> {
    let (mut guard, _) = library(models)?;
    let name = CString::new(voice).map_err(|_| load_error(voice, "its name holds a zero byte"))?;
    want_voice(&mut guard, &name)?;
    let text = CString::new(text.replace(['\0', '\n'], " ")).map_err(|_| TtsError::Speak {
        reason: "the text holds a zero byte".into(),
    })?;
    let mut at: *const c_void = text.as_ptr().cast();
    let mut out = String::new();
    while !at.is_null() {
        // SAFETY: the lock is held, `at` walks through `text` and becomes null at its end; the result is valid until
        // the next call.
        let clause = unsafe {
            let clause = sys::espeak_TextToPhonemes(
                &raw mut at,
                sys::espeakCHARS_UTF8 as c_int,
                sys::espeakPHONEMES_IPA as c_int,
            );
            if clause.is_null() {
                break;
            }
            CStr::from_ptr(clause).to_string_lossy().into_owned()
        };
        if !out.is_empty() && !clause.is_empty() {
            out.push(' ');
        }
        out.push_str(&without_language_marks(&clause));
    }
    drop(guard);
    Ok(out)
}

/// espeak-ng marks words of another language as `(en)`; they are no sounds.
fn without_language_marks(clause: &str) -> String {
    let mut depth = 0usize;
    clause
        .chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => {
                    depth = depth.saturating_sub(1);
                    return false;
                }
                _ => {}
            }
            depth == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_around_speech_is_trimmed() {
        let mut samples = vec![0; 5_000];
        samples.extend([900; 1_000]);
        samples.extend([0; 20_000]);
        assert_eq!(trim_silence(&mut samples, 22_050), 5_000 - 110);
        assert_eq!(samples.len(), 110 + 1_000 + 22_050 / 8);
        let mut nothing = vec![0; 10];
        trim_silence(&mut nothing, 22_050);
        assert_eq!(nothing.len(), 10);
    }

    #[test]
    fn language_marks_are_no_sounds() {
        assert_eq!(without_language_marks("(fr)bɔ̃(en) deɪ"), "bɔ̃ deɪ");
    }

    #[test]
    fn missing_data_is_an_error_that_names_the_file() {
        if LIBRARY.lock().unwrap().is_none() {
            let error = Espeak::load(Path::new("/nowhere"), &EspeakConfig::default()).unwrap_err();
            assert!(error.to_string().contains("phontab"), "{error}");
        }
    }
}
