//! The server against good, strange and hostile peers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use patter_audio::FRAME_SAMPLES;
use patter_lab::caller::trim;
use patter_server::session::{Control, call_id};
use patter_server::transport::audiosocket::codec;
use patter_server::transport::audiosocket::codec::{Decoder, Message};
use patter_types::event::{Event, Stamped};
use patter_types::outcome::Outcome;

use crate::support::{one_at_a_time, server, voice, wait_until};

pub(crate) fn connect(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    stream
}

pub(crate) fn hello(stream: &mut TcpStream, id: u8) {
    let mut bytes = Vec::new();
    codec::encode(&Message::Uuid([id; 16]), &mut bytes).unwrap();
    stream.write_all(&bytes).unwrap();
}

/// Reads messages for `time`; None marks the peer's end of file.
pub(crate) fn listen(stream: &mut TcpStream, time: Duration) -> Vec<Option<Message>> {
    let mut decoder = Decoder::new();
    let mut out = Vec::new();
    let mut bytes = [0; 8_192];
    let end = Instant::now() + time;
    while Instant::now() < end {
        match stream.read(&mut bytes) {
            Ok(0) => {
                out.push(None);
                break;
            }
            Ok(count) => decoder.feed(&bytes[..count]),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {
                out.push(None);
                break;
            }
            Err(_) => {}
        }
        while let Some(message) = decoder.next().unwrap() {
            out.push(Some(message));
        }
    }
    out
}

#[test]
fn each_rate_is_answered_in_kind_with_whole_frames_of_20_ms() {
    let _turn = one_at_a_time();
    let (server, _events) = server(4, None);
    for rate_hz in [8_000u32, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000] {
        let mut stream = connect(server.address());
        hello(&mut stream, 9);
        let size = (rate_hz / 50) as usize;
        let mut bytes = Vec::new();
        codec::encode_audio(rate_hz, &vec![0; size], &mut bytes).unwrap();
        for _ in 0..5 {
            stream.write_all(&bytes).unwrap();
        }
        let messages = listen(&mut stream, Duration::from_millis(700));
        let right = messages
            .iter()
            .filter(|m| matches!(m, Some(Message::Audio { rate_hz: r, samples }) if *r == rate_hz && samples.len() == size))
            .count();
        assert!(
            right >= 15,
            "{rate_hz} Hz: {right} right frames of {}",
            messages.len()
        );
        drop(stream);
        assert!(wait_until(|| server.active_calls() == 0));
    }
}

#[test]
fn frames_flow_from_accept_to_close_though_the_caller_sends_none_and_then_the_call_times_out() {
    let _turn = one_at_a_time();
    let (server, events) = server(4, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 3);
    let messages = listen(&mut stream, Duration::from_secs(8));
    let frames = messages
        .iter()
        .filter(|m| matches!(m, Some(Message::Audio { .. })))
        .count();
    assert!(
        (120..=175).contains(&frames),
        "{frames} frames in three seconds"
    );
    assert_eq!(messages.last(), Some(&None), "the idle call was not closed");
    assert!(
        messages.contains(&Some(Message::HangUp)),
        "no hang-up before the end of file"
    );
    drop(server);
    let told = events
        .iter()
        .any(|e| matches!(&e.event, Event::Error { message } if message.contains("nothing came")));
    assert!(told);
}

#[test]
fn one_call_too_many_hears_a_hang_up() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    // Those that do not say which call they are keep nobody out.
    let _mute: Vec<TcpStream> = (0..20).map(|_| connect(server.address())).collect();
    let mut first = connect(server.address());
    hello(&mut first, 1);
    assert!(wait_until(|| server.active_calls() == 1));
    let mut second = connect(server.address());
    hello(&mut second, 2);
    let answer = listen(&mut second, Duration::from_secs(1));
    assert_eq!(answer, [Some(Message::HangUp), None]);
    let busy = events
        .try_iter()
        .find(|e| matches!(e.event, Event::Busy { max_calls: 1 }))
        .expect("no word of the refused call");
    assert_eq!(busy.call, call_id::format_uuid(&[2; 16]));
    drop(first);
    assert!(wait_until(|| server.active_calls() == 0));
    let mut third = connect(server.address());
    hello(&mut third, 3);
    assert!(!listen(&mut third, Duration::from_millis(500)).is_empty());
}

#[test]
fn hostile_peers_end_their_own_calls_only() {
    let _turn = one_at_a_time();
    let (server, events) = server(8, None);
    let mut good = connect(server.address());
    hello(&mut good, 1);
    let attacks: [&[u8]; 7] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0xff; 4_000],
        &[0x01, 0x00, 0x10, 1, 2, 3],
        &[0x01, 0xff, 0xff],
        &[0x10, 0x01, 0x40, 0, 0],
        &[0x00, 0x00, 0x00],
        &[],
    ];
    for attack in attacks {
        let mut stream = connect(server.address());
        let _ = stream.write_all(attack);
        drop(stream);
    }
    // These begin well, and then: garbage; a huge frame cut short; half a frame and silence; odd, empty and DTMF
    // frames.
    let mut told = Vec::new();
    codec::encode(&Message::Dtmf(b'5'), &mut told).unwrap();
    let odd = [
        &[0x10u8, 0, 3, 1, 2, 3, 0x10, 0, 0][..],
        &told,
        &[0x03, 0, 2, 1, 1, 0x42, 0, 1, 9],
    ]
    .concat();
    for (number, attack) in [
        &[0xa5; 60_000][..],
        &[0x10, 0xff, 0xff, 1, 2],
        &[0x12, 2, 0x80, 7, 7, 7],
        &odd,
    ]
    .into_iter()
    .enumerate()
    {
        let mut stream = connect(server.address());
        hello(&mut stream, 10 + number as u8);
        let _ = stream.write_all(attack);
        std::thread::sleep(Duration::from_millis(150));
        drop(stream);
    }
    // One says nothing at all.
    let mut mute = connect(server.address());
    let silence = listen(&mut mute, Duration::from_secs(4));
    assert_eq!(
        silence.last(),
        Some(&None),
        "a peer without a UUID was kept"
    );

    // Nothing of that reached the good call; keep it alive and listen.
    let mut bytes = Vec::new();
    codec::encode_audio(8_000, &[0; 160], &mut bytes).unwrap();
    good.write_all(&bytes).unwrap();
    let messages = listen(&mut good, Duration::from_millis(600));
    assert!(
        messages
            .iter()
            .filter(|m| matches!(m, Some(Message::Audio { .. })))
            .count()
            > 20
    );
    drop(good);
    assert!(
        wait_until(|| server.active_calls() == 0),
        "{} calls hang",
        server.active_calls()
    );
    drop(server);
    let events: Vec<_> = events.iter().collect();
    assert!(
        events
            .iter()
            .any(|e| matches!(&e.event, Event::Dtmf { key } if key == "5"))
    );
    let begun = events
        .iter()
        .filter(|e| matches!(e.event, Event::CallStart { .. }))
        .count();
    let ended = events
        .iter()
        .filter(|e| matches!(e.event, Event::CallEnd { .. }))
        .count();
    assert_eq!(begun, ended, "a call has no end in its record");
}

#[test]
fn on_hold_nothing_is_said_and_then_the_call_goes_on_where_it_was() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 6);
    let loudest = |messages: &[Option<Message>]| -> i16 {
        let sound = messages
            .iter()
            .flatten()
            .filter_map(|message| match message {
                Message::Audio { samples, .. } => samples.iter().map(|s| s.saturating_abs()).max(),
                _ => None,
            });
        sound.max().unwrap_or(-1)
    };
    assert!(loudest(&listen(&mut stream, Duration::from_millis(1_500))) > 1_000);
    let controls = server.controls();
    assert!(!controls(&[7; 16], Control::Hold), "there is no such call");
    assert!(controls(&[6; 16], Control::Hold));
    // What is on its way.
    listen(&mut stream, Duration::from_millis(300));
    assert_eq!(loudest(&listen(&mut stream, Duration::from_secs(1))), 0);
    assert!(controls(&[6; 16], Control::Resume));
    assert!(loudest(&listen(&mut stream, Duration::from_secs(1))) > 1_000);
    drop(stream);
    drop(server);
    let events: Vec<Event> = events.iter().map(|stamped| stamped.event).collect();
    let at = |wanted: &Event| events.iter().position(|e| e == wanted);
    assert!(at(&Event::OnHold).is_some() && at(&Event::OnHold) < at(&Event::OffHold));
    let played = events.iter().find_map(|e| match e {
        Event::PlayedUntil { played_ms, .. } => Some(*played_ms),
        _ => None,
    });
    // Of about four seconds, one and a third was on hold.
    assert!(played.is_some_and(|ms| ms < 3_300), "{played:?}");
}

#[test]
fn a_call_that_is_to_end_ends_however_often_it_is_put_on_hold() {
    let _turn = one_at_a_time();
    let (server, _events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 8);
    listen(&mut stream, Duration::from_millis(500));
    let controls = server.controls();
    assert!(controls(&[8; 16], Control::Hold) && controls(&[8; 16], Control::End));
    let began = Instant::now();
    let mut hung_up = false;
    while !hung_up && began.elapsed() < Duration::from_secs(20) {
        hung_up = listen(&mut stream, Duration::from_millis(300)).contains(&None);
        controls(&[8; 16], Control::Hold);
    }
    assert!(hung_up);
}

#[test]
fn sound_that_comes_faster_than_anybody_speaks_ends_its_call() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 5);
    let mut second = Vec::new();
    codec::encode_audio(8_000, &[0; 8_000], &mut second).unwrap();
    // What was kept back for four seconds may come at once.
    for _ in 0..4 {
        stream.write_all(&second).unwrap();
    }
    assert!(!listen(&mut stream, Duration::from_millis(500)).contains(&None));
    for _ in 0..4 {
        let _ = stream.write_all(&second);
    }
    let rest = listen(&mut stream, Duration::from_secs(3));
    assert_eq!(rest.last(), Some(&None));
    drop(server);
    let told = |e: &Event| matches!(e, Event::Error { message } if message.contains("faster"));
    assert!(events.iter().any(|e| told(&e.event)));
}

#[test]
fn whoever_opts_out_and_hangs_up_at_once_is_on_record() {
    let _turn = one_at_a_time();
    let (server, events) = server(2, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 9);
    let spoken = voice("en-us+f3").speak("Please take me off your list.", false);
    let mut samples = vec![0; 16_000];
    samples.extend(trim(&spoken.unwrap().samples));
    let started = Instant::now();
    for (number, frame) in samples.chunks(FRAME_SAMPLES).enumerate() {
        let mut bytes = Vec::new();
        codec::encode_audio(16_000, frame, &mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
        let due = started + Duration::from_millis(20 * (number as u64 + 1));
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    // No pause, no wait for an answer.
    drop(stream);
    assert!(wait_until(|| server.active_calls() == 0));
    drop(server);
    let events: Vec<Event> = events.iter().map(|stamped| stamped.event).collect();
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted);
    let opted_out = place(&|e| {
        matches!(
            e,
            Event::Outcome {
                outcome: Outcome::OptOut,
                ..
            }
        )
    });
    let ended = place(&|e| matches!(e, Event::CallEnd { .. }));
    assert!(opted_out.is_some() && opted_out < ended, "{events:#?}");
}

/// Errors that a call told, and how many keys it took.
fn errors_and_keys(events: impl Iterator<Item = Stamped>) -> (Vec<String>, usize) {
    let (mut errors, mut keys) = (Vec::new(), 0);
    for event in events {
        match event.event {
            Event::Error { message } => errors.push(message),
            Event::Dtmf { .. } => keys += 1,
            _ => {}
        }
    }
    (errors, keys)
}

#[test]
fn a_flood_of_keys_ends_its_call_and_is_no_flood_of_events() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 9);
    let mut key = Vec::new();
    codec::encode(&Message::Dtmf(b'7'), &mut key).unwrap();
    // The call may be gone before all of it is taken.
    let _ = stream.write_all(&key.repeat(20_000));
    assert_eq!(
        listen(&mut stream, Duration::from_secs(10)).last(),
        Some(&None)
    );
    drop(server);
    let (errors, keys) = errors_and_keys(events.iter());
    assert!(
        errors.iter().any(|e| e.contains("make no sense")),
        "{errors:?}"
    );
    assert!((1..1_000).contains(&keys), "{keys} keys");
}

#[test]
fn sound_of_no_length_at_ever_changing_rates_ends_its_call() {
    let _turn = one_at_a_time();
    let (server, events) = server(1, None);
    let mut stream = connect(server.address());
    hello(&mut stream, 10);
    // Headers of 8 and of 16 kHz.
    let _ = stream.write_all(&[0x10, 0, 0, 0x12, 0, 0].repeat(100));
    assert_eq!(
        listen(&mut stream, Duration::from_secs(10)).last(),
        Some(&None)
    );
    drop(server);
    let (errors, _) = errors_and_keys(events.iter());
    assert!(
        errors.iter().any(|e| e.contains("make no sense")),
        "{errors:?}"
    );
}
