//! What runs in a sound card's callback, or is asked for a frame every 20 ms, never allocates and never frees.

#![expect(
    unsafe_code,
    reason = "an allocator that counts is the only way to see allocations"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use patter_audio::SILENCE;
use patter_audio::vad::{Vad, VoiceActivity};
use patter_call::line::{SpokenFrame, line};
use patter_config::VadConfig;
use patter_server::transport::device::{capture_into_ring, play_from_ring};
use patter_types::turn::TurnNumber;
use ringbuf::HeapRb;
use ringbuf::traits::{Producer, Split};

struct Watching;

thread_local! {
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
    // Of this thread alone: the other tests run beside it.
    static SEEN: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all work is the system allocator's; only a flag is read and a counter added to.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        note();
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn note() {
    if FORBIDDEN.try_with(Cell::get).unwrap_or(false) {
        let _ = SEEN.try_with(|seen| seen.set(seen.get() + 1));
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// Allocations and frees of this thread during `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = SEEN.get();
    FORBIDDEN.set(true);
    work();
    FORBIDDEN.set(false);
    SEEN.get() - before
}

#[test]
fn the_watch_sees_an_allocation() {
    assert!(allocations(|| drop(std::hint::black_box(vec![1u8; 100]))) >= 2);
}

#[test]
fn the_microphone_callback_allocates_nothing_even_when_its_ring_is_full() {
    let (mut ring, _reader) = HeapRb::<i16>::new(1_000).split();
    let dropped = AtomicU64::new(0);
    let (float, int) = (vec![0.25f32; 960], vec![1_000i16; 960]);
    let count = allocations(|| {
        for _ in 0..20 {
            capture_into_ring(&float, 2, &mut ring, &dropped);
            capture_into_ring(&int, 1, &mut ring, &dropped);
        }
    });
    assert_eq!(count, 0);
    assert!(dropped.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_speaker_callback_allocates_nothing_even_when_its_ring_is_empty() {
    let (mut writer, mut ring) = HeapRb::<i16>::new(1_000).split();
    writer.push_slice(&[500; 700]);
    let underruns = AtomicU64::new(0);
    let (mut float, mut int) = (vec![1.0f32; 960], vec![1i16; 960]);
    let count = allocations(|| {
        for _ in 0..20 {
            play_from_ring(&mut float, 2, &mut ring, &underruns);
            play_from_ring(&mut int, 1, &mut ring, &underruns);
        }
    });
    assert_eq!(count, 0);
    assert!(underruns.load(Ordering::Relaxed) > 0);
    assert!(float.iter().all(|&s| s == 0.0) && int.iter().all(|&s| s == 0));
}

#[test]
fn a_frame_for_the_line_and_a_barge_in_allocate_nothing() {
    let (mut transport, mut call) = line();
    for index in 0..200 {
        let frame = SpokenFrame {
            turn: TurnNumber(1 + u32::from(index >= 100)),
            index,
            samples: [5; 320],
        };
        assert!(call.speech.try_push(frame).is_ok());
    }
    call.line.set_gate(TurnNumber(1), TurnNumber(0));
    let count = allocations(|| {
        for number in 0..300 {
            transport.hear(SILENCE);
            match number {
                20 => call.line.pause(),
                40 => call.line.resume(Some(12)),
                60 => call.line.set_gate(TurnNumber(0), TurnNumber(2)),
                80 => call.line.set_gate(TurnNumber(2), TurnNumber(0)),
                _ => {}
            }
            std::hint::black_box(transport.playback.next_frame());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn speech_or_not_allocates_nothing() {
    let mut vad = Vad::new(&VadConfig::default());
    let mut frame = SILENCE;
    let count = allocations(|| {
        for number in 0..300usize {
            for (n, sample) in frame.iter_mut().enumerate() {
                *sample = ((n * n + number * 977) % 8_001) as i16 - 4_000;
            }
            std::hint::black_box(vad.is_speech(&frame));
            std::hint::black_box((vad.speech_probability(), vad.noise_dbfs()));
        }
    });
    assert_eq!(count, 0);
}
