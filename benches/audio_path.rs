//! What is done for every 20 ms of sound, against the 20 ms there are for it. Whole steps and calls: `patter bench`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use patter_audio::resample::Resampler;
use patter_audio::vad::{Vad, VoiceActivity};
use patter_audio::{Frame, SILENCE};
use patter_call::line::{SpokenFrame, line};
use patter_config::{TurnConfig, VadConfig};
use patter_server::transport::audiosocket::codec::{Decoder, encode_audio};
use patter_turn::agent::Agent;
use patter_turn::endpointing::Delays;
use patter_turn::taking::TurnTaking;
use patter_types::expect::Expect;
use patter_types::turn::TurnNumber;
use ringbuf::traits::Producer;

fn speech_like() -> Frame {
    let mut frame = SILENCE;
    for (n, sample) in frame.iter_mut().enumerate() {
        let t = n as f32 / 16_000.0 * std::f32::consts::TAU;
        *sample = (((t * 140.0).sin() + (t * 700.0).sin() + (t * 1_800.0).sin()) * 4_000.0) as i16;
    }
    frame
}

fn frames(c: &mut Criterion) {
    let frame = speech_like();
    let mut vad = Vad::new(&VadConfig::default());
    let mut turns = TurnTaking::new(&TurnConfig::default());
    let delays = Delays::new(&TurnConfig::default().endpointing, Expect::Any);
    let agent = Agent::Speaking {
        interruptible: true,
        left_ms: None,
    };
    c.bench_function("vad and turn, one frame", |b| {
        b.iter(|| turns.step(vad.is_speech(black_box(&frame)), agent, &delays));
    });
    let mut resampler = Resampler::live(16_000, 8_000).expect("both rates are in range");
    let mut out = Vec::with_capacity(1_024);
    c.bench_function("resample 16 to 8 kHz, one frame", |b| {
        b.iter(|| {
            out.clear();
            resampler.push(black_box(&frame), &mut out);
        });
    });
    let (mut transport, mut call) = line();
    call.line.set_gate(TurnNumber(1), TurnNumber(0));
    c.bench_function("ring and playback, one frame", |b| {
        b.iter(|| {
            let spoken = SpokenFrame {
                turn: TurnNumber(1),
                index: 0,
                samples: frame,
            };
            let _ = call.speech.try_push(black_box(spoken));
            transport.playback.next_frame()
        });
    });
    let mut bytes = Vec::with_capacity(1_024);
    let mut decoder = Decoder::new();
    c.bench_function("audiosocket encode and decode, one frame", |b| {
        b.iter(|| {
            let _ = encode_audio(16_000, black_box(&frame), &mut bytes);
            decoder.feed(&bytes);
            decoder.next()
        });
    });
}

criterion_group!(benches, frames);
criterion_main!(benches);
