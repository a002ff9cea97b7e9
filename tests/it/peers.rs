//! Peers that mean well and send what they should not, networks that stand still, strangers at the door.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use patter_audio::FRAME_SAMPLES;
use patter_lab::caller::trim;
use patter_server::transport::audiosocket::codec;
use patter_server::transport::audiosocket::codec::Message;
use patter_types::event::{Event, Stamped};

use crate::audiosocket::{connect, hello, listen};
use crate::support::{
    ended_by, finals, one_at_a_time, server, server_that_waits, voice, wait_until,
};

/// A second of silence, `text`, and two seconds of silence, at 16 kHz.
fn spoken(text: &str) -> Vec<i16> {
    let spoken = voice("en-us+f3").speak(text, false).unwrap();
    let mut samples = vec![0; 16_000];
    samples.extend(trim(&spoken.samples));
    samples.resize(samples.len() + 32_000, 0);
    samples
}

/// Sends `messages` every 20 ms; reads nothing.
fn send_in_time<'a>(stream: &mut TcpStream, messages: impl Iterator<Item = &'a [u8]>) {
    let started = Instant::now();
    for (number, message) in (1..).zip(messages) {
        if stream.write_all(message).is_err() {
            return;
        }
        let due = started + Duration::from_millis(20) * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Each frame of 16 kHz as a message of a kind that names `rate_hz`.
fn named(samples: &[i16], rate_hz: u32) -> Vec<Vec<u8>> {
    let frames = samples.chunks_exact(FRAME_SAMPLES);
    let message = |frame| {
        let mut bytes = Vec::new();
        codec::encode_audio(rate_hz, frame, &mut bytes).unwrap();
        bytes
    };
    frames.map(message).collect()
}

fn errors(events: &[Stamped]) -> Vec<&str> {
    let errors = events.iter().filter_map(|e| match &e.event {
        Event::Error { message } => Some(message.as_str()),
        _ => None,
    });
    errors.collect()
}

#[test]
fn sound_of_16_khz_that_names_8_is_heard_as_what_it_is_and_answered_in_8() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 1);
    // As from a phone that sends nothing in silence: the first sound is the question's.
    std::thread::sleep(Duration::from_secs(1));
    let messages = named(&spoken("How much is it?")[16_000..], 8_000);
    send_in_time(&mut stream, messages.iter().map(Vec::as_slice));
    let answer = listen(&mut stream, Duration::from_millis(300));
    let in_8_khz = |m: &Option<Message>| match m {
        Some(Message::Audio { rate_hz, samples }) => (*rate_hz, samples.len()) == (8_000, 160),
        _ => true,
    };
    assert!(answer.len() > 100 && answer.iter().all(in_8_khz));
    drop(stream);
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert_eq!(finals(&events), ["how much is it"], "{events:#?}");
    assert!(errors(&events)[0].contains("16000 Hz as 8000 Hz"));
    assert_eq!(ended_by(&events), ["caller"]);
}

#[test]
fn g711_tagged_as_pcm_is_told_with_its_cure() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 4);
    let mut bytes = Vec::new();
    codec::encode_audio(8_000, &[0x5555; 80], &mut bytes).unwrap();
    send_in_time(&mut stream, std::iter::repeat_n(bytes.as_slice(), 40));
    let last = listen(&mut stream, Duration::from_secs(3));
    assert_eq!(last.last(), Some(&None));
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert!(errors(&events).iter().any(|e| e.contains("c(slin16)")));
    assert_eq!(ended_by(&events), ["error"]);
}

#[test]
fn a_call_that_the_peer_makes_impossible_is_not_ended_by_the_caller() {
    let _turn = one_at_a_time();
    let (server, events) = server(8, None);
    let mut flood = Vec::new();
    codec::encode_audio(8_000, &[0; 8_000], &mut flood).unwrap();
    let attacks = [
        flood.repeat(12),
        [0x42, 0, 0].repeat(200),
        vec![0xff, 0, 1, 1],
        vec![0x00, 0, 0],
    ];
    for (id, bytes) in (1..).zip(attacks) {
        let mut stream = connect(server.address());
        hello(&mut stream, id);
        let _ = stream.write_all(&bytes);
        listen(&mut stream, Duration::from_secs(5));
        assert!(wait_until(|| server.active_calls() == 0));
    }
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    // The last one hung up.
    assert_eq!(
        ended_by(&events),
        ["error", "error", "error", "caller"],
        "{events:#?}"
    );
}

#[test]
fn a_kind_that_nobody_knows_beside_each_frame_is_let_be() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 2);
    let mut frame = Vec::new();
    codec::encode_audio(8_000, &[0; 160], &mut frame).unwrap();
    let both = [&frame[..], &[0x02, 0, 1, 9]].concat();
    send_in_time(&mut stream, std::iter::repeat_n(both.as_slice(), 200));
    assert_eq!(server.active_calls(), 1, "after four seconds");
    drop(stream);
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert!(errors(&events).is_empty(), "{events:#?}");
    assert_eq!(ended_by(&events), ["caller"]);
}

#[test]
fn a_rate_that_changes_with_each_message_ends_its_call() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 6);
    let message = |rate_hz: u32| {
        let mut bytes = Vec::new();
        codec::encode_audio(rate_hz, &vec![0; rate_hz as usize / 50], &mut bytes).unwrap();
        bytes
    };
    let both = [message(8_000), message(16_000)];
    send_in_time(
        &mut stream,
        both.iter().cycle().take(200).map(Vec::as_slice),
    );
    drop(stream);
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    let told = errors(&events);
    assert!(
        told.iter().any(|e| e.contains("make no sense")),
        "{events:#?}"
    );
}

#[test]
fn what_a_network_kept_back_for_four_seconds_is_heard() {
    let _turn = one_at_a_time();
    let (server, events) = server_that_waits(1, None, Duration::from_secs(60));
    let mut stream = connect(server.address());
    hello(&mut stream, 3);
    let quiet = named(&[0; 16_000 * 4], 16_000);
    send_in_time(&mut stream, quiet.iter().map(Vec::as_slice));
    let kept_back = named(&spoken("How much is it?"), 16_000);
    std::thread::sleep(Duration::from_millis(20) * kept_back.len() as u32);
    assert!(kept_back.len() > 180, "{}", kept_back.len());
    stream.write_all(&kept_back.concat()).unwrap();
    send_in_time(&mut stream, quiet.iter().take(150).map(Vec::as_slice));
    drop(stream);
    drop(server);
    let events: Vec<Stamped> = events.iter().collect();
    assert_eq!(finals(&events), ["how much is it"], "{events:#?}");
    let dropped = events.iter().find_map(|e| match e.event {
        Event::CallEnd { dropped_frames, .. } => Some(dropped_frames),
        _ => None,
    });
    assert_eq!(dropped, Some(0));
    // Nobody has waited, however many frames there were at once.
    let waited = |e: &Stamped| matches!(e.event, Event::Filler { .. } | Event::Reprompt { .. });
    assert!(!events.iter().any(waited), "{events:#?}");
}

#[test]
fn strangers_who_say_nothing_keep_no_call_out() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let _strangers: Vec<TcpStream> = (0..300).map(|_| connect(server.address())).collect();
    let mut call = connect(server.address());
    hello(&mut call, 5);
    assert!(!listen(&mut call, Duration::from_millis(500)).contains(&None));
    assert_eq!(server.active_calls(), 1);
    drop(call);
    drop(server);
    assert_eq!(ended_by(&events.iter().collect::<Vec<_>>()), ["caller"]);
}
