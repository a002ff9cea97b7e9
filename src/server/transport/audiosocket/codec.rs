//! The AudioSocket wire format: bytes to messages and back, with no socket and no clock.
//!
//! One frame is `kind: u8 | length: u16 big-endian | payload`; sound is signed 16-bit little-endian mono.
//!
//! Thread: `socket-in` owns a [`Decoder`]; `socket-out` owns the buffer it passes to [`encode_audio`].
//! In: bytes as TCP delivered them, split anywhere; to encode, a rate in Hz and its samples.
//! Out: [`Message`], sound at the rate its kind names; encoded, one whole frame for a single write.
//! Memory: the decoder holds at most one frame and one read; each message with sound owns its samples.
//!   Encoding reuses the caller's buffer and allocates only while that buffer grows to its working size.
//! When late or full: nothing waits and nothing valid is dropped. A payload nobody reads (unknown kind,
//!   hang-up, wrong length) is passed over as it arrives, never stored.
//! Source: Asterisk `include/asterisk/res_audiosocket.h`, `res/res_audiosocket.c` (master `f0c1c1a7`).

/// Bytes before each payload: the kind, then the payload's length.
pub const HEADER_LEN: usize = 3;

/// Longest payload in bytes: what the header's 16-bit length can say.
pub const MAX_PAYLOAD: usize = 65_535;

const KIND_HANG_UP: u8 = 0x00;
const KIND_UUID: u8 = 0x01;
const KIND_DTMF: u8 = 0x03;
const KIND_ERROR: u8 = 0xFF;

/// Kind of the first entry in [`RATES_HZ`]; the rest follow in order.
const KIND_AUDIO_FIRST: u8 = 0x10;

/// Rates of kinds 0x10 to 0x18. Asterisk before 20.17, 21.12, 22.7 and 23.1 knows only the first.
const RATES_HZ: [u32; 9] = [
    8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000,
];

const UUID_LEN: usize = 16;
const DTMF_LEN: usize = 1;
const SAMPLE_LEN: usize = 2;

/// Room for a 20 ms frame at up to 48 kHz, so that a usual call never grows its buffer.
const INITIAL_CAPACITY: usize = 2_048;

/// One message of the protocol, as received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// End the call. We send it; Asterisk itself hangs up by closing the connection.
    HangUp,
    /// Which call this is; always the first message from Asterisk.
    Uuid([u8; 16]),
    /// One key the caller pressed, as ASCII. Any byte is passed on as it came.
    Dtmf(u8),
    /// Sound, mono.
    Audio {
        /// Samples per second, as the frame's kind says.
        rate_hz: u32,
        /// The samples in order; empty when the frame was.
        samples: Vec<i16>,
    },
    /// The peer reports an error, in a form of its own. Never send it to Asterisk: it ends the call.
    Error(Vec<u8>),
    /// A frame of a kind this codec does not know; its payload is not kept.
    Unknown {
        /// The first header byte.
        kind: u8,
        /// Payload length in bytes.
        length: usize,
    },
}

/// What can be wrong with a frame, received or to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// A received frame has a length its kind does not allow. The frame is consumed; decoding may go on.
    #[error("frame kind `{kind:#04x}` has a payload of {length} bytes, expected {expected}")]
    Malformed {
        /// The first header byte.
        kind: u8,
        /// Payload length in bytes, as received.
        length: usize,
        /// The only length this kind allows, in bytes.
        expected: usize,
    },
    /// No kind carries this rate.
    #[error(
        "cannot send sound at {rate_hz} Hz, the protocol carries 8000, 12000, 16000, 24000, 32000, \
         44100, 48000, 96000 and 192000 Hz"
    )]
    UnsupportedRate {
        /// Samples per second, as asked.
        rate_hz: u32,
    },
    /// Asterisk tears the call down on a sound frame without samples, so none is built.
    #[error("cannot send a sound frame without samples at {rate_hz} Hz")]
    EmptyAudio {
        /// Samples per second, as asked.
        rate_hz: u32,
    },
    /// The payload does not fit the header's length.
    #[error("cannot send a payload of {length} bytes, the longest is {maximum}")]
    TooLong {
        /// Payload length in bytes, as asked.
        length: usize,
        /// Longest payload in bytes.
        maximum: usize,
    },
    /// [`Message::Unknown`] names a kind that has a message of its own.
    #[error("cannot send kind `{kind:#04x}` as an unknown kind, it has a message of its own")]
    KnownKind {
        /// The kind, as asked.
        kind: u8,
    },
}

/// Turns a byte stream into messages, however the stream was split.
///
/// After each [`feed`](Self::feed), call [`next`](Self::next) until it returns `Ok(None)`. Used so, it
/// never holds more than one incomplete frame (65,537 bytes) and one read.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes at the buffer's front that are already decoded; removed by the next `feed`.
    consumed: usize,
    /// Payload bytes still to come that nobody will read.
    unread: usize,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self {
            buffer: Vec::with_capacity(INITIAL_CAPACITY),
            consumed: 0,
            unread: 0,
        }
    }

    /// Adds what one read returned. An empty slice changes nothing.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        // `unread` is only left over once the buffer is used up, so these bytes continue that payload.
        let passed_over = self.unread.min(bytes.len());
        self.unread -= passed_over;
        self.buffer.extend_from_slice(&bytes[passed_over..]);
    }

    /// The next whole message; `Ok(None)` means not enough bytes yet.
    ///
    /// A hang-up, an unknown kind and a wrong length are reported as soon as their header is complete. A
    /// sound payload of odd length loses its last byte, as in Asterisk, which counts `length / 2` samples.
    ///
    /// # Errors
    ///
    /// [`CodecError::Malformed`] for a UUID that is not 16 bytes or a DTMF that is not 1. The frame is
    /// consumed: the caller may go on with the following one or end the call.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` means `not yet`, an iterator's `None` means the end"
    )]
    pub fn next(&mut self) -> Result<Option<Message>, CodecError> {
        let waiting = &self.buffer[self.consumed..];
        let Some((&[kind, length_high, length_low], rest)) =
            waiting.split_first_chunk::<HEADER_LEN>()
        else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let payload = if needs_payload(kind, length) {
            let Some(payload) = rest.get(..length) else {
                return Ok(None);
            };
            payload
        } else {
            &[]
        };
        let outcome = decode(kind, length, payload);

        let present = rest.len().min(length);
        self.consumed += HEADER_LEN + present;
        self.unread = length - present;
        outcome.map(Some)
    }

    /// Bytes held that are not decoded yet.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.consumed
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the message is made from its payload; if not, the header says it all.
fn needs_payload(kind: u8, length: usize) -> bool {
    match kind {
        KIND_UUID => length == UUID_LEN,
        KIND_DTMF => length == DTMF_LEN,
        KIND_ERROR => true,
        kind => rate_for_kind(kind).is_some(),
    }
}

/// One frame's message. `payload` is empty where [`needs_payload`] says no; `length` is the header's.
fn decode(kind: u8, length: usize, payload: &[u8]) -> Result<Message, CodecError> {
    let malformed = |expected| CodecError::Malformed {
        kind,
        length,
        expected,
    };
    match kind {
        KIND_HANG_UP => Ok(Message::HangUp),
        KIND_UUID => match payload.try_into() {
            Ok(uuid) => Ok(Message::Uuid(uuid)),
            Err(_) => Err(malformed(UUID_LEN)),
        },
        KIND_DTMF => match payload {
            &[key] => Ok(Message::Dtmf(key)),
            _ => Err(malformed(DTMF_LEN)),
        },
        KIND_ERROR => Ok(Message::Error(payload.to_vec())),
        kind => Ok(match rate_for_kind(kind) {
            Some(rate_hz) => Message::Audio {
                rate_hz,
                samples: samples_of(payload),
            },
            None => Message::Unknown { kind, length },
        }),
    }
}

fn samples_of(payload: &[u8]) -> Vec<i16> {
    let (pairs, _odd_byte) = payload.as_chunks::<SAMPLE_LEN>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// Writes one sound frame into `out`, replacing what was there: header and payload in one buffer.
///
/// Send it with a single write. Asterisk waits 5 ms for the rest of a payload, then ends the call.
/// Up to 32,767 samples fit.
///
/// # Errors
///
/// [`CodecError::UnsupportedRate`], [`CodecError::EmptyAudio`] or [`CodecError::TooLong`]; `out` is then
/// empty.
pub fn encode_audio(rate_hz: u32, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
    out.clear();
    let kind = kind_for_rate(rate_hz).ok_or(CodecError::UnsupportedRate { rate_hz })?;
    if samples.is_empty() {
        return Err(CodecError::EmptyAudio { rate_hz });
    }
    write_header(kind, samples.len().saturating_mul(SAMPLE_LEN), out)?;
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    Ok(())
}

/// The hang-up frame. Send it before closing: an older Asterisk keeps the call up after a bare close.
pub fn hang_up() -> [u8; HEADER_LEN] {
    [KIND_HANG_UP, 0, 0]
}

/// Writes any message into `out`, replacing what was there. [`Message::Unknown`] gets a payload of zeros.
///
/// For tests and benches that play Asterisk's part. To Asterisk itself send only sound and hang-up:
/// any other kind ends the call.
///
/// # Errors
///
/// Those of [`encode_audio`], and [`CodecError::KnownKind`]; `out` is then empty.
pub fn encode(message: &Message, out: &mut Vec<u8>) -> Result<(), CodecError> {
    out.clear();
    match message {
        Message::HangUp => out.extend_from_slice(&hang_up()),
        Message::Uuid(uuid) => write_frame(KIND_UUID, uuid, out)?,
        Message::Dtmf(key) => write_frame(KIND_DTMF, &[*key], out)?,
        Message::Audio { rate_hz, samples } => encode_audio(*rate_hz, samples, out)?,
        Message::Error(payload) => write_frame(KIND_ERROR, payload, out)?,
        Message::Unknown { kind, length } => {
            if is_known(*kind) {
                return Err(CodecError::KnownKind { kind: *kind });
            }
            write_header(*kind, *length, out)?;
            out.resize(HEADER_LEN + length, 0);
        }
    }
    Ok(())
}

fn write_frame(kind: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<(), CodecError> {
    write_header(kind, payload.len(), out)?;
    out.extend_from_slice(payload);
    Ok(())
}

fn write_header(kind: u8, length: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let wire_length = u16::try_from(length).map_err(|_| CodecError::TooLong {
        length,
        maximum: MAX_PAYLOAD,
    })?;
    out.reserve(HEADER_LEN + length);
    out.push(kind);
    out.extend_from_slice(&wire_length.to_be_bytes());
    Ok(())
}

fn is_known(kind: u8) -> bool {
    matches!(kind, KIND_HANG_UP | KIND_UUID | KIND_DTMF | KIND_ERROR)
        || rate_for_kind(kind).is_some()
}

/// The frame kind for sound at `rate_hz`, if the protocol carries that rate.
pub fn kind_for_rate(rate_hz: u32) -> Option<u8> {
    (KIND_AUDIO_FIRST..)
        .zip(RATES_HZ)
        .find_map(|(kind, rate)| (rate == rate_hz).then_some(kind))
}

/// The rate in Hz of a sound frame's kind; `None` for every other kind.
pub fn rate_for_kind(kind: u8) -> Option<u32> {
    let index = kind.checked_sub(KIND_AUDIO_FIRST)?;
    RATES_HZ.get(usize::from(index)).copied()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const UUID: [u8; 16] = [
        0x40, 0x32, 0x5E, 0xC2, 0x5E, 0xFD, 0x4B, 0xD3, 0x80, 0x5F, 0x53, 0x57, 0x6E, 0x58, 0x1D,
        0x13,
    ];

    /// Most bytes one feed adds in these tests.
    const READ_LEN: usize = 4_096;

    fn drain(decoder: &mut Decoder) -> Vec<Result<Message, CodecError>> {
        std::iter::from_fn(|| decoder.next().transpose()).collect()
    }

    fn decode_all(bytes: &[u8]) -> Vec<Result<Message, CodecError>> {
        let mut decoder = Decoder::new();
        decoder.feed(bytes);
        drain(&mut decoder)
    }

    fn encoded(message: &Message) -> Vec<u8> {
        let mut out = Vec::new();
        encode(message, &mut out).expect("message can be sent");
        out
    }

    fn audio(rate_hz: u32, samples: &[i16]) -> Message {
        Message::Audio {
            rate_hz,
            samples: samples.to_vec(),
        }
    }

    fn assert_bytes(message: Message, bytes: &[u8]) {
        assert_eq!(encoded(&message), bytes);
        assert_eq!(decode_all(bytes), [Ok(message)]);
    }

    #[test]
    fn hang_up_is_three_zero_bytes() {
        assert_eq!(hang_up(), [0, 0, 0]);
        assert_bytes(Message::HangUp, &[0, 0, 0]);
    }

    #[test]
    fn uuid_is_sixteen_raw_bytes() {
        let bytes = [&[0x01, 0x00, 0x10], UUID.as_slice()].concat();
        assert_bytes(Message::Uuid(UUID), &bytes);
    }

    #[test]
    fn dtmf_is_one_ascii_byte() {
        assert_bytes(Message::Dtmf(b'#'), &[0x03, 0x00, 0x01, 0x23]);
    }

    #[test]
    fn error_keeps_its_payload() {
        assert_bytes(Message::Error(vec![]), &[0xFF, 0x00, 0x00]);
        assert_bytes(Message::Error(vec![4, 2]), &[0xFF, 0x00, 0x02, 4, 2]);
    }

    #[test]
    fn unknown_kind_is_told_with_its_length() {
        let message = Message::Unknown {
            kind: 0x19,
            length: 2,
        };
        assert_bytes(message, &[0x19, 0x00, 0x02, 0, 0]);
    }

    #[test]
    fn audio_is_little_endian_after_a_big_endian_length() {
        assert_bytes(
            audio(16_000, &[1, -2, i16::MIN]),
            &[0x12, 0x00, 0x06, 0x01, 0x00, 0xFE, 0xFF, 0x00, 0x80],
        );
        let header = [0x12, 0x02, 0x80];
        assert_eq!(encoded(&audio(16_000, &[0; 320]))[..HEADER_LEN], header);
    }

    #[test]
    fn each_audio_kind_has_its_rate() {
        let table = [
            (0x10, 8_000),
            (0x11, 12_000),
            (0x12, 16_000),
            (0x13, 24_000),
            (0x14, 32_000),
            (0x15, 44_100),
            (0x16, 48_000),
            (0x17, 96_000),
            (0x18, 192_000),
        ];
        for (kind, rate_hz) in table {
            assert_eq!(rate_for_kind(kind), Some(rate_hz));
            assert_eq!(kind_for_rate(rate_hz), Some(kind));
            assert_bytes(audio(rate_hz, &[-1]), &[kind, 0x00, 0x02, 0xFF, 0xFF]);
        }
        for kind in (0x00..=0x0F).chain(0x19..=0xFF) {
            assert_eq!(rate_for_kind(kind), None);
        }
        assert_eq!(kind_for_rate(11_025), None);
    }

    #[test]
    fn odd_audio_length_drops_the_last_byte() {
        let bytes = [0x10, 0x00, 0x03, 0x05, 0x00, 0x77, 0x00, 0x00, 0x00];
        let expected = [Ok(audio(8_000, &[5])), Ok(Message::HangUp)];
        assert_eq!(decode_all(&bytes), expected);
    }

    #[test]
    fn empty_audio_has_no_samples() {
        assert_eq!(decode_all(&[0x10, 0, 0]), [Ok(audio(8_000, &[]))]);
    }

    #[test]
    fn hang_up_payload_is_passed_over() {
        let bytes = [0x00, 0x00, 0x02, 0x03, 0x00, 0x03, 0x00, 0x01, b'1'];
        let expected = [Ok(Message::HangUp), Ok(Message::Dtmf(b'1'))];
        assert_eq!(decode_all(&bytes), expected);
    }

    #[test]
    fn wrong_length_is_malformed_and_the_next_frame_still_decodes() {
        for (kind, length, expected) in [(1, 0, 16), (1, 15, 16), (1, 17, 16), (3, 0, 1), (3, 2, 1)]
        {
            let mut bytes = vec![kind, 0, length];
            bytes.extend(vec![0x10; usize::from(length)]);
            bytes.extend([0x03, 0x00, 0x01, b'9']);
            let malformed = CodecError::Malformed {
                kind,
                length: usize::from(length),
                expected,
            };
            assert_eq!(
                decode_all(&bytes),
                [Err(malformed), Ok(Message::Dtmf(b'9'))]
            );
        }
    }

    #[test]
    fn unread_payload_is_never_stored() {
        for kind in [0x00, 0x01, 0x03, 0x77] {
            let mut decoder = Decoder::new();
            decoder.feed(&[kind, 0xFF, 0xFF]);
            assert_eq!(drain(&mut decoder).len(), 1);
            let mut left = MAX_PAYLOAD;
            while left > 0 {
                let part = left.min(1_000);
                decoder.feed(&vec![0xAB; part]);
                left -= part;
                assert_eq!(decoder.next(), Ok(None));
                assert_eq!(decoder.buffered(), 0);
            }
            assert_eq!(decoder.buffer.capacity(), INITIAL_CAPACITY);
            decoder.feed(&[0, 0, 0]);
            assert_eq!(decoder.next(), Ok(Some(Message::HangUp)));
        }
    }

    #[test]
    fn longest_frame_passes_and_one_more_byte_does_not() {
        let longest = Message::Error(vec![7; MAX_PAYLOAD]);
        assert_eq!(decode_all(&encoded(&longest)), [Ok(longest)]);
        let most = audio(8_000, &vec![7; MAX_PAYLOAD / SAMPLE_LEN]);
        assert_eq!(decode_all(&encoded(&most)), [Ok(most)]);

        let too_long = Err(CodecError::TooLong {
            length: 65_536,
            maximum: 65_535,
        });
        let mut out = Vec::new();
        assert_eq!(encode(&Message::Error(vec![7; 65_536]), &mut out), too_long);
        assert_eq!(encode_audio(8_000, &[7; 32_768], &mut out), too_long);
        assert!(out.is_empty());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_and_leaves_nothing_to_write() {
        let mut out = vec![1, 2, 3];
        let unsupported = CodecError::UnsupportedRate { rate_hz: 22_050 };
        assert_eq!(encode_audio(22_050, &[1], &mut out), Err(unsupported));
        assert!(out.is_empty());
        let empty = CodecError::EmptyAudio { rate_hz: 16_000 };
        assert_eq!(encode_audio(16_000, &[], &mut out), Err(empty));
        for kind in [0x00, 0x01, 0x03, 0x10, 0x18, 0xFF] {
            let known = CodecError::KnownKind { kind };
            let message = Message::Unknown { kind, length: 0 };
            assert_eq!(encode(&message, &mut out), Err(known));
        }
        assert!(out.is_empty());
    }

    #[test]
    fn encoding_again_keeps_the_buffer() {
        let mut out = Vec::new();
        encode_audio(16_000, &[1; 320], &mut out).expect("frame can be sent");
        let (address, capacity) = (out.as_ptr(), out.capacity());
        encode_audio(16_000, &[2; 320], &mut out).expect("frame can be sent");
        assert_eq!(out.len(), 643);
        assert_eq!((out.as_ptr(), out.capacity()), (address, capacity));
    }

    #[test]
    fn errors_name_the_value() {
        let malformed = CodecError::Malformed {
            kind: 1,
            length: 5,
            expected: 16,
        };
        assert_eq!(
            malformed.to_string(),
            "frame kind `0x01` has a payload of 5 bytes, expected 16"
        );
        let unsupported = CodecError::UnsupportedRate { rate_hz: 22_050 }.to_string();
        for rate_hz in RATES_HZ {
            assert!(unsupported.contains(&rate_hz.to_string()), "{unsupported}");
        }
    }

    fn any_rate() -> impl Strategy<Value = u32> {
        prop::sample::select(RATES_HZ.as_slice())
    }

    fn any_message() -> impl Strategy<Value = Message> {
        prop_oneof![
            Just(Message::HangUp),
            any::<[u8; 16]>().prop_map(Message::Uuid),
            any::<u8>().prop_map(Message::Dtmf),
            (any_rate(), vec(any::<i16>(), 1..400))
                .prop_map(|(rate_hz, samples)| Message::Audio { rate_hz, samples }),
            vec(any::<u8>(), 0..50).prop_map(Message::Error),
            (any::<u8>(), 0..300_usize)
                .prop_filter("known kind", |(kind, _)| !is_known(*kind))
                .prop_map(|(kind, length)| Message::Unknown { kind, length }),
        ]
    }

    /// A frame with any kind, biased to known ones, and any payload: right, wrong or odd in length.
    fn any_frame() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![
            prop::sample::select(&[0x00, 0x01, 0x03, 0x10, 0x12, 0x18, 0xFF][..]),
            any::<u8>(),
        ];
        let payload = prop_oneof![
            vec(any::<u8>(), 0..3),
            vec(any::<u8>(), 14..18),
            vec(any::<u8>(), 0..700),
        ];
        (kind, payload).prop_map(|(kind, payload)| {
            let mut frame = Vec::new();
            write_frame(kind, &payload, &mut frame).expect("payload fits a frame");
            frame
        })
    }

    /// Bytes with headers that may promise any length, so that most frames stay unfinished.
    fn any_garbage() -> impl Strategy<Value = Vec<u8>> {
        let header = (
            prop::sample::select(&[0x00, 0x01, 0x03, 0x10, 0x12, 0x42, 0xFF][..]),
            any::<[u8; 2]>(),
        );
        (header, vec(any::<u8>(), 0..READ_LEN - HEADER_LEN)).prop_map(|((kind, length), rest)| {
            [&[kind], length.as_slice(), rest.as_slice()].concat()
        })
    }

    proptest! {
        // Each case walks every split of a stream, so few cases already cover much and stay quick.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn decoding_gives_back_what_was_encoded(message in any_message()) {
            prop_assert_eq!(decode_all(&encoded(&message)), [Ok(message)]);
        }

        #[test]
        fn splitting_at_any_byte_changes_no_message(frames in vec(any_frame(), 1..4)) {
            let bytes = frames.concat();
            let whole = decode_all(&bytes);
            prop_assert_eq!(whole.len(), frames.len());
            for split in 0..=bytes.len() {
                let mut decoder = Decoder::new();
                decoder.feed(&bytes[..split]);
                let mut messages = drain(&mut decoder);
                decoder.feed(&bytes[split..]);
                messages.extend(drain(&mut decoder));
                prop_assert_eq!(&messages, &whole, "split at {}", split);
                prop_assert_eq!(decoder.buffered(), 0);
            }
        }

        #[test]
        fn one_byte_at_a_time_changes_no_message(frames in vec(any_frame(), 1..6)) {
            let bytes = frames.concat();
            let mut decoder = Decoder::new();
            let mut messages = Vec::new();
            for byte in &bytes {
                decoder.feed(std::slice::from_ref(byte));
                messages.extend(drain(&mut decoder));
            }
            prop_assert_eq!(messages, decode_all(&bytes));
        }

        #[test]
        fn garbage_never_panics_and_memory_stays_bounded(reads in vec(any_garbage(), 1..60)) {
            let mut decoder = Decoder::new();
            for read in &reads {
                decoder.feed(read);
                prop_assert!(decoder.buffer.len() < HEADER_LEN + MAX_PAYLOAD + READ_LEN);
                drain(&mut decoder);
                prop_assert!(decoder.buffered() < HEADER_LEN + MAX_PAYLOAD);
            }
            // A growing `Vec` at most doubles.
            let most = 2 * (HEADER_LEN + MAX_PAYLOAD + READ_LEN);
            prop_assert!(decoder.buffer.capacity() <= most);
        }
    }
}
