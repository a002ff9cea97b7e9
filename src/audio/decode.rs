//! Sound files of all kinds to mono samples: the packets and codecs by symphonia, WAV's chunks by [`riff`].
//!
//! Thread: ordinary ones only. In: a file, or bytes. Out: mono samples at the file's rate. Memory: the samples and one
//! packet. What a header claims is never allocated; what lasts for hours is refused. When a packet is damaged: it is
//! left out, and [`Sound::truncated`] says so.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known as codec;
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::{Packet, PacketRef};
use symphonia::core::units::{Duration, Timestamp};

use super::mix::{Mixer, Pick};
use super::opus::{self, Opus};
use super::riff::{self, Coding, Form, Place};

/// Why a file gives no sound.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is none of the kinds that are read, or it is damaged.
    Form(String),
    /// It is of a kind that is known, but not read: its name.
    Kind(String),
    /// It is longer than this many hours.
    TooLong(f64),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Form(reason)
    }
}

/// What was in a file.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) samples: Vec<i16>,
    pub(super) rate_hz: u32,
    /// It ends before its header says it would, or is damaged somewhere.
    pub(super) truncated: bool,
    /// The loudest channel, where what was picked has lost the sound.
    pub(super) lost: Option<usize>,
}

/// What is said of a file that nothing recognizes.
const UNKNOWN: &str = "it begins like none of them";
/// About as many bytes as are decoded at once.
const BLOCK_BYTES: usize = 16_384;

/// The most that may stand before the sound, tags not counted. Farther on, a program or a picture soon has bytes that
/// look like MP3.
const MOST_JUNK_BYTES: u32 = 64 * 1024;

/// What knows a file by its bytes.
static PROBE: LazyLock<Probe> = LazyLock::new(|| {
    let mut probe = Probe::new_with_options(&ProbeOptions {
        max_probe_depth: MOST_JUNK_BYTES,
        ..ProbeOptions::default()
    });
    symphonia::default::register_enabled_formats(&mut probe);
    probe
});

/// Reads a whole file from its beginning.
pub(super) fn read(mut file: Box<dyn MediaSource>, pick: Pick) -> Result<Sound, Trouble> {
    let mut mixer = Mixer::new(pick);
    let truncated = match riff::find(&mut file)? {
        Some(place) => wave(file, &place, &mut mixer)?,
        None => {
            let head = head(&mut file)?;
            if let Some(name) = unread(&head) {
                return Err(Trouble::Kind(name.into()));
            }
            if head.is_empty() {
                return Err(Trouble::Form("it is empty".into()));
            }
            match stream(file, &mut mixer) {
                // Symphonia reads nothing of an MP4 file that is cut short; which box it missed helps nobody.
                Ok(_) | Err(Trouble::Form(_))
                    if mixer.rate_hz == 0 && head.get(4..8) == Some(b"ftyp") =>
                {
                    let reason = "it is MP4, but cut short, damaged or without sound";
                    return Err(Trouble::Form(reason.into()));
                }
                read => read?,
            }
        }
    };
    if mixer.samples.is_empty() && (truncated || mixer.rate_hz == 0) {
        return Err(Trouble::Form("it ends before the first sample".into()));
    }
    Ok(Sound {
        lost: mixer.lost(),
        samples: mixer.samples,
        rate_hz: mixer.rate_hz,
        truncated,
    })
}

/// The first bytes, as many as [`unread`] looks at.
fn head(file: &mut Box<dyn MediaSource>) -> Result<Vec<u8>, String> {
    let mut head = Vec::new();
    file.rewind()
        .and_then(|()| file.take(12).read_to_end(&mut head))
        .and_then(|_| file.rewind())
        .map_err(|e| e.to_string())?;
    Ok(head)
}

/// The name of a kind that is known by its first bytes, but not read.
fn unread(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [b'R', b'I', b'F', b'X', ..] => "big-endian WAV (RIFX)",
        [b'r', b'i', b'f', b'f', 0x2E, 0x91, 0xCF, 0x11, ..] => "Wave64 (W64)",
        [b'F', b'O', b'R', b'M', .., b'A', b'I', b'F', b'F' | b'C'] => "AIFF",
        [b'.', b's', b'n', b'd', ..] => "AU",
        [b'c', b'a', b'f', b'f', ..] => "Core Audio (CAF)",
        [b'#', b'!', b'A', b'M', b'R', ..] => "AMR",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "Matroska or WebM",
        [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, ..] => "Windows Media Audio",
        _ => return None,
    })
}

/// The sound of a WAV file, and whether some of it is missing.
fn wave(mut file: Box<dyn MediaSource>, place: &Place, mixer: &mut Mixer) -> Result<bool, Trouble> {
    let end = file
        .seek(SeekFrom::End(0))
        .and_then(|end| file.seek(SeekFrom::Start(place.start)).map(|_| end))
        .map_err(|e| e.to_string())?;
    let there = end.saturating_sub(place.start);
    let truncated = place.length.is_some_and(|length| length > there);
    let bytes = file.take(place.length.unwrap_or(u64::MAX));
    if place.form.coding == Coding::Mp3 {
        return Ok(stream(Box::new(ReadOnlySource::new(bytes)), mixer)? || truncated);
    }
    let (block_bytes, block_frames, mut decoder) = wave_decoder(&place.form)?;
    mixer.add(&[], place.form.channels.into(), place.form.rate_hz)?;
    let blocks = (BLOCK_BYTES / block_bytes).max(1);
    let mut bytes = BufReader::with_capacity(blocks * block_bytes, bytes);
    let mut coded = Vec::new();
    let mut block = Vec::new();
    let mut damaged = false;
    loop {
        coded.clear();
        (&mut bytes)
            .take((blocks * block_bytes) as u64)
            .read_to_end(&mut coded)
            .map_err(|e| e.to_string())?;
        // What is left over at the end is no whole block: nothing can be made of it.
        let whole = coded.len() / block_bytes;
        if whole == 0 {
            return Ok(truncated || damaged);
        }
        let frames = Duration::new(whole as u64 * block_frames);
        let packet = PacketRef::new(0, Timestamp::ZERO, frames, &coded[..whole * block_bytes]);
        damaged |= !decoded(decoder.as_mut(), &packet, &mut block, mixer)?;
    }
}

/// The bytes and the frames of a block, and what decodes it.
fn wave_decoder(form: &Form) -> Result<(usize, u64, Box<dyn AudioDecoder>), Trouble> {
    let channels = usize::from(form.channels);
    if channels == 0 {
        return Err(Trouble::Form("it has 0 channels".into()));
    }
    // Bits that are always 0 fill up the bytes of a sample: 20 bits lie in the upper ones of 24.
    let sample_bytes = match usize::from(form.block_bytes) / channels {
        0 => usize::from(form.bits).div_ceil(8),
        bytes => bytes,
    };
    let block_bytes = usize::from(form.block_bytes);
    // Each channel has its own beginning in a block of ADPCM, which holds the first samples.
    let adpcm = |head_bytes: usize, head_frames: usize| {
        let coded = block_bytes.checked_sub(head_bytes * channels);
        coded.map_or(0, |coded| 2 * coded / channels + head_frames)
    };
    let (codec, block_bytes, frames) = match (form.coding, sample_bytes) {
        (Coding::Pcm, 1) => (codec::CODEC_ID_PCM_U8, channels, 1),
        (Coding::Pcm, 2) => (codec::CODEC_ID_PCM_S16LE, 2 * channels, 1),
        (Coding::Pcm, 3) => (codec::CODEC_ID_PCM_S24LE, 3 * channels, 1),
        (Coding::Pcm, 4) => (codec::CODEC_ID_PCM_S32LE, 4 * channels, 1),
        (Coding::Float, 4) => (codec::CODEC_ID_PCM_F32LE, 4 * channels, 1),
        (Coding::Float, 8) => (codec::CODEC_ID_PCM_F64LE, 8 * channels, 1),
        (Coding::ALaw, _) => (codec::CODEC_ID_PCM_ALAW, channels, 1),
        (Coding::MuLaw, _) => (codec::CODEC_ID_PCM_MULAW, channels, 1),
        (Coding::MsAdpcm, _) => (codec::CODEC_ID_ADPCM_MS, block_bytes, adpcm(7, 2)),
        (Coding::ImaAdpcm, _) => (codec::CODEC_ID_ADPCM_IMA_WAV, block_bytes, adpcm(4, 1)),
        (Coding::Named(name), _) => return Err(Trouble::Kind(name.into())),
        (Coding::Other(number), _) => {
            return Err(Trouble::Kind(format!("WAV format 0x{number:04X}")));
        }
        (coding, bytes) => {
            return Err(Trouble::Form(format!(
                "{bytes} bytes in a sample of {coding:?} are not supported"
            )));
        }
    };
    if frames == 0 || block_bytes == 0 {
        return Err(Trouble::Form("its `fmt ` chunk contradicts itself".into()));
    }
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(form.rate_hz)
        .with_channels(Channels::Discrete(form.channels))
        .with_frames_per_block(frames as u64)
        .with_max_frames_per_packet((frames * (BLOCK_BYTES / block_bytes).max(1)) as u64);
    Ok((block_bytes, frames as u64, decoder_for(&parameters)?))
}

fn decoder_for(parameters: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Trouble> {
    symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| match (error, name_of(parameters.codec)) {
            (Error::Unsupported(_), Some(name)) => Trouble::Kind(name.into()),
            // MP1 is what programs and pictures look like; nobody has such sound.
            (Error::Unsupported(_), None) => Trouble::Form(UNKNOWN.into()),
            (error, _) => Trouble::Form(said(&error)),
        })
}

/// What is found in other files than WAV, but not always decoded.
fn name_of(id: AudioCodecId) -> Option<&'static str> {
    Some(match id {
        codec::CODEC_ID_AAC => "AAC of a rare profile or of more than two channels",
        codec::CODEC_ID_AC3 | codec::CODEC_ID_EAC3 => "Dolby Digital (AC-3)",
        codec::CODEC_ID_ALAC => "Apple Lossless (ALAC)",
        codec::CODEC_ID_MP2 => "MPEG audio layer 2",
        codec::CODEC_ID_SPEEX => "Speex",
        codec::CODEC_ID_ADPCM_IMA_WAV => "IMA ADPCM of more than two channels",
        codec::CODEC_ID_ADPCM_MS => "MS ADPCM of more than two channels",
        _ => return None,
    })
}

/// The sound of any other file, and whether some of it is missing or damaged.
fn stream(file: Box<dyn MediaSource>, mixer: &mut Mixer) -> Result<bool, Trouble> {
    let stream = MediaSourceStream::new(file, Default::default());
    let mut format = PROBE
        .probe(
            &Hint::new(),
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .map_err(|error| match error {
            Error::Unsupported(_) => Trouble::Form(UNKNOWN.into()),
            error => Trouble::Form(said(&error)),
        })?;
    let mut damaged = false;
    // A file may be several streams, one after the other.
    while let Some(track) = format.default_track(TrackType::Audio).cloned() {
        let before = mixer.samples.len();
        let again = part(format.as_mut(), &track, mixer, &mut damaged)?;
        let frames = (mixer.samples.len() - before) as u64;
        // Others estimate their length; an MP3 says it only where it also says its encoder's delay.
        let knows_length = match format.format_info().short_name {
            "flac" => true,
            "mp3" => track.delay.is_some(),
            _ => false,
        };
        damaged |= knows_length && track.num_frames.is_some_and(|wanted| frames < wanted);
        if !again {
            return Ok(damaged);
        }
    }
    Err(Trouble::Form("it holds no sound".into()))
}

enum Decoder {
    Own(Box<Opus>),
    Symphonia(Box<dyn AudioDecoder>),
}

/// Reads up to the end of a stream, and says whether another one follows.
fn part(
    format: &mut dyn FormatReader,
    track: &Track,
    mixer: &mut Mixer,
    damaged: &mut bool,
) -> Result<bool, Trouble> {
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio());
    let parameters = parameters.ok_or_else(|| "its header is incomplete".to_owned())?;
    let mut decoder = if parameters.codec == codec::CODEC_ID_OPUS {
        let channels = parameters.channels.as_ref().map_or(0, Channels::count);
        let skip = track.delay.unwrap_or(0) as usize;
        Decoder::Own(Box::new(Opus::new(channels, skip).map_err(Trouble::Kind)?))
    } else {
        Decoder::Symphonia(decoder_for(parameters)?)
    };
    let mut block = Vec::new();
    loop {
        let packet: Packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(false),
            Err(Error::ResetRequired) => return Ok(true),
            Err(_) => {
                *damaged = true;
                return Ok(false);
            }
        };
        if packet.track_id != track.id {
            continue;
        }
        match &mut decoder {
            Decoder::Own(own) => {
                let channels = own.channels;
                match own.decode(&packet) {
                    Ok(sound) => mixer.add(sound, channels, opus::RATE_HZ)?,
                    Err(_) => *damaged = true,
                }
            }
            Decoder::Symphonia(decoder) => {
                let packet = packet.as_packet_ref();
                *damaged |= !decoded(decoder.as_mut(), &packet, &mut block, mixer)?;
            }
        }
    }
}

/// Decodes a packet into the mixer; false when it is damaged.
fn decoded(
    decoder: &mut dyn AudioDecoder,
    packet: &PacketRef<'_>,
    block: &mut Vec<i16>,
    mixer: &mut Mixer,
) -> Result<bool, Trouble> {
    // Damaged MS ADPCM overflows in symphonia 0.6.1, which ends a build with checks.
    let result = catch_unwind(AssertUnwindSafe(|| {
        decoder.decode_ref(packet).map(|sound| {
            sound.copy_to_vec_interleaved(block);
            (sound.spec().channels().count(), sound.spec().rate())
        })
    }));
    match result {
        Ok(Ok((channels, rate_hz))) => {
            mixer.add(block, channels, rate_hz)?;
            Ok(true)
        }
        Ok(Err(Error::DecodeError(_) | Error::IoError(_))) | Err(_) => Ok(false),
        Ok(Err(error)) => Err(Trouble::Form(said(&error))),
    }
}

fn said(error: &Error) -> String {
    match error {
        Error::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "it ends before the first sample".into()
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
