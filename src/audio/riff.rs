//! Where the sound lies in a WAV file, and in what form: RIFF, RF64 and BW64, as programs really write them.
//!
//! Thread: ordinary ones only. In: a file. Out: the place of the `data` chunk and what `fmt ` says. Memory: some bytes,
//! whatever sizes the file claims. When it ends too soon: an error, unless the sound has begun.
//! Source: RIFF (Microsoft, 1991), mmreg.h, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64).

use std::io::{Read, Seek, SeekFrom};

/// What a format number of `fmt ` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Pcm,
    Float,
    ALaw,
    MuLaw,
    MsAdpcm,
    ImaAdpcm,
    /// A stream of MP3 frames.
    Mp3,
    /// One that nothing here reads: its name.
    Named(&'static str),
    /// One that is not known by name.
    Other(u16),
}

/// What `fmt ` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) coding: Coding,
    pub(super) channels: u16,
    pub(super) rate_hz: u32,
    /// Bytes in a frame of all channels, or in a block of ADPCM.
    pub(super) block_bytes: u16,
    /// Bits in a sample, those that are always 0 left out.
    pub(super) bits: u16,
}

/// Where the sound is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) form: Form,
    /// Bytes from the beginning of the file.
    pub(super) start: u64,
    /// Bytes of sound that the file says it has; `None` where its writer did not know, which means up to the end.
    pub(super) length: Option<u64>,
}

/// The most chunks before the sound.
const MOST_CHUNKS: usize = 10_000;
/// The part of `fmt ` that is looked at.
const FMT_BYTES: u64 = 40;
/// Sizes of writers to a pipe that cannot come back to fill in the true one: ffmpeg writes 0xFFFFFFFF, some subtract a
/// header from it, sox writes 0x7FFFF000, arecord 0x7FFFFF00 or 0x80000000. A recorder that was killed leaves 0.
const UNKNOWN: [std::ops::RangeInclusive<u64>; 3] =
    [0..=0, 0x7FFF_F000..=0x8000_0000, 0xFFFF_F000..=0xFFFF_FFFF];

/// What may follow the sound: a `data` chunk of no size before it is empty, and not of unknown size.
const AFTER_SOUND: [&[u8; 4]; 5] = [b"LIST", b"id3 ", b"bext", b"fact", b"cue "];

/// Looks for the sound in a file from its beginning; `None` when it is no RIFF file.
///
/// # Errors
/// It is RIFF, but not a WAV file whose sound could be found.
pub(super) fn find(file: &mut (impl Read + Seek + ?Sized)) -> Result<Option<Place>, String> {
    let Some([kind, _, wave]) = quads(file)? else {
        return Ok(None);
    };
    if !matches!(&kind, b"RIFF" | b"RF64" | b"BW64") {
        return Ok(None);
    }
    if &wave != b"WAVE" {
        return Err("it is RIFF, but not WAVE".into());
    }
    let mut form = None;
    let mut long_size = None;
    let mut at = 12;
    for _ in 0..MOST_CHUNKS {
        let Some((begin, id, size)) = chunk(file, at)? else {
            break;
        };
        match &id {
            b"ds64" => long_size = ds64(file)?,
            b"fmt " => form = Some(fmt(file, size)?),
            b"data" => {
                let form = form.ok_or("its `data` chunk comes before its `fmt ` chunk")?;
                let size = match long_size {
                    Some(long) if size == u64::from(u32::MAX) && kind != *b"RIFF" => long,
                    _ => size,
                };
                if size == 0
                    && chunk(file, begin)?.is_some_and(|(_, id, _)| AFTER_SOUND.contains(&&id))
                {
                    return Err("it holds no sound".into());
                }
                let known = !UNKNOWN.iter().any(|sizes| sizes.contains(&size)) && size != u64::MAX;
                return Ok(Some(Place {
                    form,
                    start: begin,
                    length: known.then_some(size),
                }));
            }
            _ => {}
        }
        at = begin + size;
    }
    Err(match form {
        None => "it has no `fmt ` chunk".into(),
        Some(_) => "it ends before the first sample".into(),
    })
}

/// The next chunk's first byte, its name and its size. A chunk of odd size is followed by a pad byte, which some
/// writers forget.
fn chunk(
    file: &mut (impl Read + Seek + ?Sized),
    at: u64,
) -> Result<Option<(u64, [u8; 4], u64)>, String> {
    let mut at = at;
    if at % 2 == 1 {
        let unpadded = head(file, at)?;
        if !unpadded.is_some_and(|(id, _)| matches!(&id, b"data" | b"fmt " | b"fact" | b"LIST")) {
            at += 1;
        }
    }
    Ok(head(file, at)?.map(|(id, size)| (at + 8, id, size)))
}

fn head(file: &mut (impl Read + Seek + ?Sized), at: u64) -> Result<Option<([u8; 4], u64)>, String> {
    file.seek(SeekFrom::Start(at)).map_err(|e| e.to_string())?;
    let head = quads::<2>(file)?;
    Ok(head.map(|[id, size]| (id, u64::from(u32::from_le_bytes(size)))))
}

fn fmt(file: &mut (impl Read + ?Sized), size: u64) -> Result<Form, String> {
    let mut bytes = Vec::new();
    file.take(size.min(FMT_BYTES))
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    let u16_at = |n: usize| match bytes.get(n..n + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    if bytes.len() < 16 {
        return Err("its `fmt ` chunk is too short".into());
    }
    // WAVE_FORMAT_EXTENSIBLE has the number at the beginning of its GUID.
    let number = match u16_at(0) {
        0xFFFE => u16_at(24),
        number => number,
    };
    Ok(Form {
        coding: coding(number),
        channels: u16_at(2),
        rate_hz: u32::from(u16_at(4)) | u32::from(u16_at(6)) << 16,
        block_bytes: u16_at(12),
        bits: u16_at(14),
    })
}

fn coding(number: u16) -> Coding {
    match number {
        0x0001 => Coding::Pcm,
        0x0003 => Coding::Float,
        0x0006 => Coding::ALaw,
        0x0007 => Coding::MuLaw,
        0x0002 => Coding::MsAdpcm,
        0x0011 => Coding::ImaAdpcm,
        0x0055 => Coding::Mp3,
        0x0022 => Coding::Named("TrueSpeech"),
        0x0031 => Coding::Named("GSM 6.10"),
        0x0038 => Coding::Named("NMS ADPCM"),
        0x0040 => Coding::Named("G.721 ADPCM"),
        0x0042 => Coding::Named("G.723.1"),
        0x0045 | 0x0064 => Coding::Named("G.726 ADPCM"),
        0x0065 | 0x028F => Coding::Named("G.722"),
        0x0050 => Coding::Named("MPEG audio"),
        0x0083 => Coding::Named("G.729"),
        0x00FF | 0x1600 | 0x1601 | 0x1610 => Coding::Named("AAC"),
        0x0160..=0x0163 => Coding::Named("Windows Media Audio"),
        0xA109 => Coding::Named("Speex"),
        0xF1AC => Coding::Named("FLAC"),
        other => Coding::Other(other),
    }
}

/// The size of `data` where 32 bits are too few for it.
fn ds64(file: &mut (impl Read + ?Sized)) -> Result<Option<u64>, String> {
    Ok(quads::<4>(file)?.map(|[_, _, low, high]| {
        u64::from(u32::from_le_bytes(low)) | u64::from(u32::from_le_bytes(high)) << 32
    }))
}

/// The next groups of four bytes; `None` where the file ends before that.
fn quads<const N: usize>(file: &mut (impl Read + ?Sized)) -> Result<Option<[[u8; 4]; N]>, String> {
    let mut all = [[0; 4]; N];
    match file.read_exact(all.as_flattened_mut()) {
        Ok(()) => Ok(Some(all)),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(e) => Err(e.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const FMT: [u8; 16] = [1, 0, 1, 0, 0x80, 0x3E, 0, 0, 0, 0x7D, 0, 0, 2, 0, 16, 0];

    fn file(kind: &[u8; 4], chunks: &[(&[u8; 4], u32, &[u8])]) -> Cursor<Vec<u8>> {
        let mut bytes = [*kind, [0; 4], *b"WAVE"].concat();
        for (id, size, body) in chunks {
            bytes.extend(id.iter().chain(&size.to_le_bytes()).chain(*body));
        }
        Cursor::new(bytes)
    }

    #[test]
    fn chunks_of_odd_size_are_stepped_over_with_and_without_their_pad_byte() {
        for body in [&b"abc\0"[..], b"abc"] {
            let chunks = [
                (b"junk", 3, body),
                (b"fmt ", 16, &FMT[..]),
                (b"data", 6, &[0; 6]),
            ];
            let place = find(&mut file(b"RIFF", &chunks)).unwrap().unwrap();
            assert_eq!(place.start, 12 + 8 + body.len() as u64 + 8 + 16 + 8);
            assert_eq!((place.length, place.form.rate_hz), (Some(6), 16_000));
        }
    }

    #[test]
    fn a_size_that_the_writer_did_not_know_means_up_to_the_end() {
        for size in [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFDB, 0xFFFF_FFFF] {
            let chunks = [(b"fmt ", 16, &FMT[..]), (b"data", size, &[0; 6])];
            let place = find(&mut file(b"RIFF", &chunks)).unwrap().unwrap();
            assert_eq!((place.start, place.length), (44, None), "{size:x}");
        }
    }

    #[test]
    fn rf64_and_bw64_have_their_size_in_ds64() {
        let mut ds64 = [0; 28];
        ds64[8..16].copy_from_slice(&5_000_000_000u64.to_le_bytes());
        for kind in [b"RF64", b"BW64"] {
            let chunks = [
                (b"ds64", 28, &ds64[..]),
                (b"fmt ", 16, &FMT),
                (b"data", u32::MAX, &[0; 6]),
            ];
            let place = find(&mut file(kind, &chunks)).unwrap().unwrap();
            assert_eq!(place.length, Some(5_000_000_000));
        }
    }

    #[test]
    fn an_extensible_form_is_known_by_its_guid() {
        let mut fmt = [0; 40];
        fmt[..16].copy_from_slice(&FMT);
        fmt[..2].copy_from_slice(&0xFFFEu16.to_le_bytes());
        fmt[24] = 7;
        let chunks = [(b"fmt ", 40, &fmt[..]), (b"data", 6, &[0; 6])];
        let place = find(&mut file(b"RIFF", &chunks)).unwrap().unwrap();
        assert_eq!(place.form.coding, Coding::MuLaw);
    }

    #[test]
    fn what_is_no_riff_is_left_to_others_and_what_has_no_sound_is_told() {
        assert_eq!(find(&mut Cursor::new(b"fLaC and so on")), Ok(None));
        assert_eq!(find(&mut Cursor::new(b"RIFF")), Ok(None));
        type Chunk<'a> = (&'a [u8; 4], u32, &'a [u8]);
        let cases: [(&[Chunk<'_>], _); 3] = [
            (&[(b"LIST", 0xFFFF_0000, b"")], "no `fmt ` chunk"),
            (&[(b"data", 2, b"ab")], "before its `fmt `"),
            (&[(b"fmt ", 16, &FMT)], "before the first sample"),
        ];
        for (chunks, said) in cases {
            let error = find(&mut file(b"RIFF", chunks)).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
