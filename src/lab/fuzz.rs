//! Whatever comes from outside: AudioSocket, HTTP, config, playbooks, scenario files. Nothing panics, hangs or
//! contradicts itself.
//!
//! Each target is a test of a few seconds on random input, and one for libFuzzer, which follows the branches:
//! `scripts/fuzz.sh 60 http`. What once failed lies in `__fuzz__` beside this file and is tried first.
//!
//! They are tests of the library and not of the program: built for libFuzzer, a binary needs it, and the program that
//! stands by for integration tests has none.

mod hostile;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::fuzz::hostile::{look_at, read_it, talk_to};
use crate::import::import;
use patter_config as config;
use patter_config::{Config, ConfigError, HttpConfig};
use patter_server::http::Shared;
use patter_server::http::server::{Http, Limits};
use patter_server::transport::audiosocket::codec::{Decoder, Message, encode};

/// How long each target runs as a test.
const TIME: Duration = Duration::from_secs(3);
/// Longest sample with all that is put into it.
const MAX_BYTES: usize = 64 << 10;
/// A server that does not answer in this time hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// `sample` with changes that `input` tells: parts cut out, repeated elsewhere, bytes put in or put over. Random bytes
/// alone are refused at once by every parser; a damaged file gets further.
fn altered(sample: &[u8], input: &[u8]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    let mut input = input.iter().copied();
    let mut next = || input.next();
    while let (Some(what), Some(high), Some(low), Some(count)) = (next(), next(), next(), next()) {
        let scaled =
            |most: usize| (usize::from(u16::from_be_bytes([high, low])) * (most + 1)) >> 16;
        let at = scaled(bytes.len());
        let count = usize::from(count);
        match what % 5 {
            0 => drop(bytes.drain(at..bytes.len().min(at + count))),
            1 => {
                let part = bytes[at..bytes.len().min(at + count)].to_vec();
                let to = usize::from(next().unwrap_or(0)) * bytes.len() / 255;
                bytes.splice(to..to, part);
            }
            2 => bytes.truncate(at),
            3 => {
                let part: Vec<u8> = (0..count % 16).map_while(|_| next()).collect();
                bytes.splice(at..at, part);
            }
            _ => {
                if let (Some(byte), Some(by)) = (bytes.get_mut(at), next()) {
                    *byte = by;
                }
            }
        }
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

/// The same as text: what is no UTF-8 is refused before any parser sees it.
fn altered_text(sample: &str, input: &[u8]) -> Option<String> {
    String::from_utf8(altered(sample.as_bytes(), input)).ok()
}

fn heard(decoder: &mut Decoder, bytes: &[u8], messages: &mut Vec<Option<Message>>) {
    decoder.feed(bytes);
    while let Some(message) = decoder.next().transpose() {
        messages.push(message.ok());
    }
}

#[test]
fn audiosocket() {
    let mut call = Vec::new();
    let mut frame = Vec::new();
    for message in [
        Message::Uuid([7; 16]),
        Message::Audio {
            rate_hz: 8_000,
            samples: vec![1_000; 160],
        },
        Message::Dtmf(b'5'),
        Message::Audio {
            rate_hz: 16_000,
            samples: vec![-5; 320],
        },
        Message::Error(vec![1]),
        Message::Unknown {
            kind: 0x77,
            length: 3,
        },
        Message::HangUp,
    ] {
        encode(&message, &mut frame).unwrap();
        call.extend_from_slice(&frame);
    }
    bolero::check!()
        .with_test_time(TIME)
        .for_each(|input: &[u8]| {
            let bytes = altered(&call, input);
            let mut whole = Vec::new();
            heard(&mut Decoder::new(), &bytes, &mut whole);
            // However the stream is cut, it says the same.
            let reads = bytes.chunks(1 + usize::from(input.first().copied().unwrap_or(0)));
            let mut in_reads = Vec::new();
            let mut decoder = Decoder::new();
            reads.for_each(|read| heard(&mut decoder, read, &mut in_reads));
            assert_eq!(whole, in_reads);
            assert!(decoder.buffered() < 3 + 65_536);
            for message in whole.into_iter().flatten() {
                let mut again = Vec::new();
                if encode(&message, &mut frame).is_ok() {
                    heard(&mut Decoder::new(), &frame, &mut again);
                    assert_eq!(again, [Some(message)]);
                }
            }
        });
}

/// What a client does after its request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Listens,
    SaysNoMore,
}

#[test]
fn http() {
    const SAMPLE: &str = "GET /calls HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n\
        PUT /calls/40325ec2-5efd-4bd3-805f-53576e581d13 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 85\r\n\r\n\
        {\"number\":\"+15550100\",\"campaign\":\"spring\",\"playbook\":\"a.toml\",\"slots\":{\"name\":\"Ada\"}}\
        GET /calls/40325ec2-5efd-4bd3-805f-53576e581d13/slots/na%6De?x=1 HTTP/1.1\r\nHost: [::1]:8090\r\nAccept: */*\r\n\r\n\
        POST /calls/40325ec2-5efd-4bd3-805f-53576e581d13 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n2\r\n{}\r\n0\r\n\r\n\
        DELETE /calls/40325ec2-5efd-4bd3-805f-53576e581d13 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n\
        GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n\r\nHEAD /readyz HTTP/1.0\r\n\r\n\
        GET /calls/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    let shared = Shared::new(&HttpConfig::default(), 2).unwrap();
    let limits = Limits {
        max_connections: 64,
        client_timeout: PATIENCE,
    };
    let server = Http::start("127.0.0.1:0", None, limits, Arc::clone(&shared)).unwrap();
    let address = server.address();
    let ask = |request: &[u8], then: Then| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(2 * PATIENCE)).unwrap();
        let mut answer = Vec::new();
        // One that was refused may be closed before it is written to its end.
        let _ = stream.write_all(request);
        if then == Then::SaysNoMore {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let late = Instant::now() + 2 * PATIENCE;
        let mut bytes = [0; 4096];
        while Instant::now() < late
            && let Ok(count @ 1..) = stream.read(&mut bytes)
        {
            answer.extend_from_slice(&bytes[..count]);
            // Events go on for as long as somebody listens.
            if answer.windows(12).any(|part| part == b"event-stream") {
                break;
            }
        }
        assert!(
            Instant::now() < late,
            "no end after {}",
            String::from_utf8_lossy(request)
        );
        answer
    };
    bolero::check!()
        .with_test_time(TIME)
        .for_each(|input: &[u8]| {
            // What is cut off would wait for its rest.
            let answer = ask(&altered(SAMPLE.as_bytes(), input), Then::SaysNoMore);
            let status = answer
                .strip_prefix(b"HTTP/1.1 ")
                .or(answer.strip_prefix(b"HTTP/1.0 "));
            let known = status.is_some_and(|status| matches!(status.first(), Some(b'1'..=b'5')));
            assert!(
                answer.is_empty() || known && !status.is_some_and(|s| s.starts_with(b"500")),
                "{}",
                String::from_utf8_lossy(&answer)
            );
            assert!(ask(HEALTH, Then::Listens).starts_with(b"HTTP/1.1 200"));
        });
}

#[test]
fn config() {
    const SAMPLE: &str = include_str!("../../config.toml");
    let path = Path::new("config.toml");
    // Without the comments, changes hit what counts.
    let short: String = SAMPLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{}\n", line.split(" #").next().unwrap_or(line)))
        .collect();
    assert_eq!(config::parse(&short, path).unwrap(), Config::default());
    bolero::check!()
        .with_test_time(TIME)
        .for_each(|input: &[u8]| {
            let Some(text) = altered_text(&short, input) else {
                return;
            };
            match config::parse(&text, path) {
                Ok(config) => {
                    let written = toml::to_string(&config).unwrap();
                    config::parse(&written, path).unwrap();
                }
                Err(error) => {
                    let told = error.to_string();
                    assert!(
                        told.contains("config.toml") && !told.contains('\n'),
                        "{told}"
                    );
                    if let ConfigError::Parse { line, .. } = error {
                        assert!((1..=text.matches('\n').count() + 1).contains(&line));
                    }
                }
            }
        });
}

fn one_in_thirty(input: &[u8]) -> bool {
    input
        .iter()
        .map(|byte| u32::from(*byte))
        .sum::<u32>()
        .is_multiple_of(30)
}

#[test]
fn playbook() {
    static SAMPLE: LazyLock<String> = LazyLock::new(|| {
        let bank = include_str!("../../playbooks/satisfaction_survey.toml");
        let lines = bank.lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| format!("{line}\n")).collect()
    });
    bolero::check!()
        .with_test_time(TIME)
        .for_each(|input: &[u8]| {
            let Some(text) = altered_text(&SAMPLE, input) else {
                return;
            };
            if let Ok(playbook) = read_it(&text)
                && one_in_thirty(input)
            {
                talk_to(playbook, &text);
            }
        });
}

#[test]
fn scenario() {
    const SAMPLE: &str = include_str!("../../tests/fixtures/outbound/task-2-3-1-3.md");
    bolero::check!()
        .with_test_time(TIME)
        .for_each(|input: &[u8]| {
            // A letter of three bytes is cut more often than not.
            let bytes = altered(SAMPLE.as_bytes(), input);
            let text = String::from_utf8_lossy(&bytes);
            if let Ok(imported) = import("task-2-3-1-3", &text) {
                let lines = text.matches('\n').count() + 1;
                assert!(
                    imported
                        .notes
                        .iter()
                        .all(|note| (1..=lines).contains(&note.line))
                );
                imported.persona.to_toml().unwrap();
                look_at(&imported.playbook, &text);
                if one_in_thirty(input) {
                    talk_to(imported.playbook, &text);
                }
            }
        });
}
