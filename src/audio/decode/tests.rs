use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::{flac, wav};

/// 250 ms of 440 Hz at 16 kHz, made for these tests.
const MP3: &[u8] = include_bytes!("../fixtures/tone.mp3");
const VORBIS: &[u8] = include_bytes!("../fixtures/tone.ogg");
const M4A: &[u8] = include_bytes!("../fixtures/tone.m4a");

fn tone(rate_hz: u32) -> Vec<i16> {
    let step = 440.0 * std::f32::consts::TAU / rate_hz as f32;
    (0..rate_hz / 4)
        .map(|n| ((n as f32 * step).sin() * 8_192.0) as i16)
        .collect()
}

fn sound(bytes: &[u8]) -> Result<Sound, Trouble> {
    read(Box::new(Cursor::new(bytes.to_vec())), Pick::Mixed)
}

/// A WAV file whose `data` chunk claims `claimed` bytes.
fn wave(number: u16, channels: u16, block: u16, bits: u16, data: &[u8], claimed: u32) -> Vec<u8> {
    let mut bytes = b"RIFF\xFF\xFF\xFF\xFFWAVEfmt \x12\0\0\0".to_vec();
    bytes.extend(
        [number, channels, 16_000, 0]
            .map(u16::to_le_bytes)
            .as_flattened(),
    );
    bytes.extend([0, 0, block, bits, 0].map(u16::to_le_bytes).as_flattened());
    bytes.extend(b"data".iter().chain(&claimed.to_le_bytes()).chain(data));
    bytes
}

fn whole(number: u16, channels: u16, block: u16, bits: u16, data: &[u8]) -> Vec<i16> {
    let bytes = wave(number, channels, block, bits, data, data.len() as u32);
    let sound = sound(&bytes).unwrap();
    assert_eq!((sound.rate_hz, sound.truncated), (16_000, false));
    sound.samples
}

/// A page of an Ogg stream.
fn page(flags: u8, position: u64, number: u32, packet: &[u8]) -> Vec<u8> {
    let mut page = [
        b"OggS\0",
        &[flags][..],
        &position.to_le_bytes(),
        &[7, 0, 0, 0],
    ]
    .concat();
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    page.push((packet.len() / 255 + 1) as u8);
    page.extend(std::iter::repeat_n(255, packet.len() / 255));
    page.push((packet.len() % 255) as u8);
    page.extend(packet);
    let sum = page.iter().fold(0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            (sum << 1) ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    });
    page[22..26].copy_from_slice(&sum.to_le_bytes());
    page
}

/// The tone as an Opus file, of which `skipped` samples at its beginning are not sound.
fn opus_file(channels: u8, skipped: u16) -> Vec<u8> {
    use ropus::{Application, Channels, Encoder};
    let layout = if channels == 1 {
        Channels::Mono
    } else {
        Channels::Stereo
    };
    let mut encoder = Encoder::builder(opus::RATE_HZ, layout, Application::Voip)
        .build()
        .unwrap();
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(skipped.to_le_bytes());
    head.extend([0x80, 0xBB, 0, 0, 0, 0, 0]);
    let mut bytes = page(2, 0, 0, &head);
    bytes.extend(page(0, 0, 1, b"OpusTags\0\0\0\0\0\0\0\0"));
    let tone = tone(opus::RATE_HZ);
    let frames = tone.chunks_exact(960);
    let last = frames.len() as u64;
    for (number, frame) in (1..).zip(frames) {
        let frame: Vec<i16> = frame
            .iter()
            .flat_map(|&sample| std::iter::repeat_n(sample, channels.into()))
            .collect();
        let mut packet = [0; 1_500];
        let length = encoder.encode(&frame, &mut packet).unwrap();
        let flags = if number == last { 4 } else { 0 };
        bytes.extend(page(
            flags,
            960 * number,
            number as u32 + 1,
            &packet[..length],
        ));
    }
    bytes
}

/// Whether 440 Hz is nearly all that is in the middle of a clip, at the tone's level.
fn is_tone(sound: &Sound) -> bool {
    let middle = &sound.samples[sound.samples.len() / 4..sound.samples.len() * 3 / 4];
    let step = 440.0 * std::f64::consts::TAU / f64::from(sound.rate_hz);
    let (mut sine, mut cosine, mut energy) = (0.0, 0.0, 0.0);
    for (n, &sample) in middle.iter().enumerate() {
        let (sin, cos) = (n as f64 * step).sin_cos();
        sine += sin * f64::from(sample);
        cosine += cos * f64::from(sample);
        energy += f64::from(sample).powi(2);
    }
    let count = middle.len() as f64;
    let share = (sine.powi(2) + cosine.powi(2)) * 2.0 / count / energy;
    let level = (energy / count).sqrt() * std::f64::consts::SQRT_2;
    share > 0.98 && (7_500.0..9_000.0).contains(&level)
}

#[test]
fn the_same_tone_comes_out_of_every_kind_of_file() {
    let kinds: [(&str, &[u8], u32); 6] = [
        ("MP3", MP3, 16_000),
        ("Vorbis", VORBIS, 16_000),
        ("M4A", M4A, 16_000),
        (
            "FLAC",
            &flac::encoded(&tone(44_100), 44_100).unwrap(),
            44_100,
        ),
        ("Opus", &opus_file(1, 312), 48_000),
        ("Opus in stereo", &opus_file(2, 0), 48_000),
    ];
    for (kind, bytes, rate_hz) in kinds {
        let sound = sound(bytes).unwrap();
        assert_eq!((sound.rate_hz, sound.truncated), (rate_hz, false), "{kind}");
        assert!(is_tone(&sound), "{kind}");
        let ms = sound.samples.len() as u32 * 1_000 / rate_hz;
        assert!((230..=330).contains(&ms), "{kind}: {ms} ms");
    }
}

#[test]
fn what_an_opus_file_says_is_not_sound_is_left_out() {
    let lengths = [0, 312].map(|skipped| sound(&opus_file(1, skipped)).unwrap().samples.len());
    assert_eq!(lengths, [11_520, 11_520 - 312]);
}

#[test]
fn a_tag_before_the_sound_is_stepped_over() {
    let flac = flac::encoded(&tone(16_000), 16_000).unwrap();
    let tag = [&b"ID3\x04\0\0\0\0\x02\0"[..], &[0; 256]].concat();
    for file in [&flac[..], MP3] {
        let file = [&tag, file].concat();
        assert!(is_tone(&sound(&file).unwrap()));
    }
}

#[test]
fn every_form_of_wav_gives_its_samples() {
    assert_eq!(whole(1, 1, 1, 8, &[128, 0, 255]), [0, -32_768, 32_512]);
    assert_eq!(whole(1, 2, 4, 16, &[100, 0, 44, 1]), [200]);
    // 20 bits lie in the upper ones of 24.
    assert_eq!(whole(1, 1, 3, 20, &[0xF0, 0x34, 0x12]), [0x1234]);
    assert_eq!(whole(1, 1, 4, 32, &[0xFF, 0xFF, 0x01, 0x80]), [-32_767]);
    assert_eq!(whole(3, 1, 4, 32, &0.5f32.to_le_bytes()), [16_384]);
    assert_eq!(whole(3, 1, 8, 64, &(-2.0f64).to_le_bytes()), [-32_768]);
    assert_eq!(whole(6, 1, 1, 8, &[0xAA, 0x2A]), [32_256, -32_256]);
    assert_eq!(whole(7, 1, 1, 8, &[0x80, 0x00]), [32_124, -32_124]);
    // What is left over at the end is no whole sample.
    assert_eq!(whole(1, 1, 2, 16, &[1, 0, 2]), [1]);
}

#[test]
fn a_block_of_adpcm_without_steps_holds_its_first_sample() {
    let ima = [&[0xE8, 0x03, 0, 0][..], &[0; 8]].concat();
    assert_eq!(whole(0x11, 1, 12, 4, &ima.repeat(3)), [1_000; 51]);
    let ms = [&[0, 16, 0, 0xE8, 0x03, 0xE8, 0x03][..], &[0; 8]].concat();
    assert_eq!(whole(2, 1, 15, 4, &ms.repeat(2)), [1_000; 36]);
    // Steps that grow without end are damage, and no panic.
    let wild = [&[0, 0xFF, 0x7F, 0, 0, 0, 0][..], &[0x44; 60]].concat();
    let bytes = wave(2, 1, 67, 4, &wild, 67);
    assert!(sound(&bytes).is_ok_and(|sound| sound.samples.len() <= 122) || sound(&bytes).is_err());
}

#[test]
fn sizes_that_are_unknown_are_no_damage_and_sizes_that_lie_allocate_nothing() {
    let data = [0; 2_000];
    for claimed in [0, 0x7FFF_F000, 0xFFFF_FFFF] {
        let sound = sound(&wave(1, 1, 2, 16, &data, claimed)).unwrap();
        assert_eq!((sound.samples.len(), sound.truncated), (1_000, false));
    }
    let sound = sound(&wave(1, 1, 2, 16, &data, 0x7000_0000)).unwrap();
    assert_eq!((sound.samples.len(), sound.truncated), (1_000, true));
    assert!(sound.samples.capacity() < 100_000);
}

#[test]
fn what_is_not_read_is_named() {
    let named = |bytes: &[u8]| match sound(bytes) {
        Err(Trouble::Kind(name)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&wave(0x31, 1, 65, 0, &[0; 65], 65)), "GSM 6.10");
    assert_eq!(named(&wave(0x1234, 1, 1, 8, &[0], 1)), "WAV format 0x1234");
    assert_eq!(named(b"FORM\0\0\0\x20AIFFCOMM"), "AIFF");
    assert_eq!(
        named(b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB"),
        "Wave64 (W64)"
    );
    let mut many = opus_file(1, 0);
    let head = [
        &b"OpusHead\x01\x06\0\0\x80\xBB\0\0\0\0\x01\x04\x02"[..],
        &[0, 4, 1, 2, 3, 5],
    ];
    let old = page(2, 0, 0, b"OpusHead\x01\x01\0\0\x80\xBB\0\0\0\0\0").len();
    many.splice(..old, page(2, 0, 0, &head.concat()));
    assert_eq!(named(&many), "Opus of 6 channels");
}

#[test]
fn files_that_are_cut_say_so() {
    let flac = flac::encoded(&tone(44_100), 44_100).unwrap();
    for file in [&flac[..], MP3] {
        let sound = sound(&file[..file.len() * 3 / 4]).unwrap();
        assert!(sound.truncated && !sound.samples.is_empty());
    }
    let why = |bytes: &[u8]| match sound(bytes) {
        Err(Trouble::Form(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert!(why(&M4A[..M4A.len() / 2]).contains("MP4, but cut short"));
    assert!(why(b"").contains("it is empty"));
    assert!(why(&[b'a'; 100_000]).contains("begins like none"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_does_harm(
        kind in 0usize..9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..8),
        kept in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = match kind {
            0 => MP3.to_vec(),
            1 => VORBIS.to_vec(),
            2 => M4A.to_vec(),
            3 => flac::encoded(&tone(8_000), 8_000).unwrap(),
            4 => opus_file(1, 312),
            5 => wav::encoded(&tone(4_000), 4_000).unwrap(),
            6 => wave(0x11, 2, 256, 4, &[0x11; 2_560], 2_560),
            7 => wave(2, 2, 256, 4, &[0x01; 2_560], 2_560),
            _ => wave(0x55, 1, 1, 0, MP3, MP3.len() as u32),
        };
        for (place, value, is_early) in changes {
            // Headers are short: half of the changes are in them.
            let end = if is_early { bytes.len().min(64) } else { bytes.len() };
            let place = place.index(end);
            bytes[place] = value;
        }
        if is_cut {
            bytes.truncate(kept.index(bytes.len()));
        }
        if let Ok(sound) = sound(&bytes) {
            prop_assert!(sound.rate_hz > 0);
        }
    }
}
