//! Takes the agent's own voice out of what the microphone hears, so that open speakers do not make it interrupt itself.
//!
//! ```text
//! frames to the speaker ─► render ─┐
//!                                  ├─ high-pass ─ AEC3 ─ residual gate ─► cleaned frames
//! frames from the microphone ──────┘
//! ```
//! Thread: `device-pump`. In: the [`Frame`]s handed to the speaker, and those of the microphone. Out: one cleaned
//! [`Frame`] for each of the microphone's, 4 ms late (AEC3 works in blocks of 64 samples). Memory: ours is made in
//! [`EchoCanceller::new`]; the library allocates about 90 small blocks a frame, which the pump may. Time: about 0.11 ms
//! a frame on one core of a server. The library's parts cannot move between threads: make it where it runs. When late:
//! the library finds the delay between both sides by itself, up to about 500 ms, and follows drift and jumps of it.
//! Source: WebRTC's AEC3 in the pure-Rust port `aec3`: linear filter, then suppressor with comfort noise. [`gate`] is
//! ours.

use aec3::api::{EchoCanceller3Config, EchoControl};
use aec3::audio_processing::aec3::echo_canceller3::EchoCanceller3;
use aec3::audio_processing::audio_buffer::AudioBuffer;
use aec3::audio_processing::high_pass_filter::HighPassFilter;

use patter_audio::level::dbfs;
use patter_audio::{Frame, SAMPLE_RATE_HZ, SILENCE};

pub mod gate;
#[cfg(test)]
mod room;

use gate::{Duplex, ResidualGate};

/// What the library takes at a time: 10 ms.
const BLOCK_SAMPLES: usize = SAMPLE_RATE_HZ as usize / 100;

/// The echo canceller of one call.
pub struct EchoCanceller {
    aec: EchoCanceller3,
    high_pass: HighPassFilter,
    /// One channel, [`BLOCK_SAMPLES`] long; the high-pass wants a list of channels.
    filtered: [Vec<f32>; 1],
    render: AudioBuffer,
    capture: AudioBuffer,
    gate: ResidualGate,
    muted: u64,
    /// State of the noise that stands for muted frames.
    noise: u32,
}

impl EchoCanceller {
    /// A canceller that has heard nothing. `initial_delay_ms`: the least time that a frame needs from
    /// [`EchoCanceller::render`] through speaker, room and microphone to [`EchoCanceller::capture`], as far as it is
    /// known. Too small is mended by the filter's own length (52 ms) or the delay's estimate; too large costs the first
    /// second.
    pub fn new(initial_delay_ms: u32) -> Self {
        let rate_hz = SAMPLE_RATE_HZ as usize;
        let buffer = || AudioBuffer::from_sample_rates(rate_hz, 1, rate_hz, 1, rate_hz);
        let config = EchoCanceller3Config::default();
        let mut aec = EchoCanceller3::new(config, SAMPLE_RATE_HZ as i32, 1, 1);
        aec.set_audio_buffer_delay(initial_delay_ms as i32);
        Self {
            aec,
            high_pass: HighPassFilter::new(SAMPLE_RATE_HZ as i32, 1),
            filtered: [vec![0.0; BLOCK_SAMPLES]],
            render: buffer(),
            capture: buffer(),
            gate: ResidualGate::new(),
            muted: 0,
            noise: 1,
        }
    }

    /// Takes a frame that is handed to the speaker; silence counts too, for it keeps both sides in step.
    pub fn render(&mut self, frame: &Frame) {
        for block in frame.as_chunks::<BLOCK_SAMPLES>().0 {
            widen(block, self.render.channel_mut(0));
            self.render.split_into_frequency_bands();
            self.aec.analyze_render(&mut self.render);
        }
        self.gate.rendered(dbfs(frame));
    }

    /// Takes a frame of the microphone and gives it back without the agent's voice; where that is in doubt, with noise
    /// of the room's level in its place.
    pub fn capture(&mut self, frame: &Frame) -> Frame {
        let (mut heard, mut clean) = (SILENCE, SILENCE);
        let outs = heard.as_chunks_mut::<BLOCK_SAMPLES>().0.iter_mut();
        let outs = outs.zip(clean.as_chunks_mut::<BLOCK_SAMPLES>().0);
        for (block, (heard, clean)) in frame.as_chunks::<BLOCK_SAMPLES>().0.iter().zip(outs) {
            widen(block, &mut self.filtered[0]);
            self.high_pass.process(&mut self.filtered);
            narrow(&self.filtered[0], heard);
            self.capture
                .channel_mut(0)
                .copy_from_slice(&self.filtered[0]);
            self.aec.analyze_capture(&mut self.capture);
            self.capture.split_into_frequency_bands();
            self.aec.process_capture(&mut self.capture, false);
            self.capture.merge_frequency_bands();
            narrow(self.capture.channel(0), clean);
        }
        if self.gate.passes(dbfs(&heard), dbfs(&clean)) {
            return clean;
        }
        self.muted += 1;
        self.room_noise()
    }

    /// Whether caller and agent can speak at once.
    pub fn duplex(&self) -> Duplex {
        self.gate.duplex()
    }

    /// Microphone frames that were muted so far.
    pub fn muted_frames(&self) -> u64 {
        self.muted
    }

    /// Even noise at the room's own level: digital silence would pull the noise floor of the voice activity detection
    /// down, and the room itself would then stand out from it.
    fn room_noise(&mut self) -> Frame {
        let rms = 32_768.0 * 10_f32.powf(self.gate.noise_dbfs() / 20.0);
        // The root mean square of even noise is its peak over √3.
        let peak = rms * 3_f32.sqrt();
        let mut frame = SILENCE;
        for sample in &mut frame {
            self.noise = self
                .noise
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            *sample = (peak * (self.noise as i32 as f32 / 2_147_483_648.0)) as i16;
        }
        frame
    }
}

/// The library's floating point has the range of 16 bits.
fn widen(from: &[i16], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from(*from);
    }
}

fn narrow(from: &[f32], to: &mut [i16]) {
    for (to, from) in to.iter_mut().zip(from) {
        // A conversion that saturates.
        *to = *from as i16;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::room::{Room, Scene, placed, voice};
    use super::*;
    use patter_audio::vad::{Vad, VoiceActivity};
    use patter_audio::{FRAME_MS, FRAME_SAMPLES};
    use patter_config::{TurnConfig, VadConfig};
    use patter_turn::agent::Agent;
    use patter_turn::endpointing::Delays;
    use patter_turn::taking::{TurnEvent, TurnTaking};
    use patter_types::expect::Expect;

    const SECONDS: f32 = 14.0;
    /// The caller speaks from here, over the agent.
    const CALLER_S: f32 = 9.0;
    const CALLER_SECONDS: f32 = 1.6;

    const ROOMS: [Room; 4] = [
        room(1, 40, -10.0, 0.0),
        room(2, 90, -20.0, 0.0),
        room(3, 130, -14.0, 100.0),
        room(4, 180, -10.0, -50.0),
    ];

    const fn room(seed: u64, delay_ms: usize, echo_db: f32, drift_ppm: f64) -> Room {
        Room {
            seed,
            delay_ms,
            echo_db: Some(echo_db),
            drift_ppm,
        }
    }

    fn agent() -> Vec<i16> {
        placed(&voice(11, 105.0, SECONDS - 1.0, -20.0), 0.5, SECONDS)
    }

    fn caller() -> Vec<i16> {
        placed(&voice(23, 190.0, CALLER_SECONDS, -24.0), CALLER_S, SECONDS)
    }

    fn nobody() -> Vec<i16> {
        vec![0; caller().len()]
    }

    fn clean(canceller: &mut EchoCanceller, scene: &Scene) -> Vec<i16> {
        let render = scene.render.as_chunks::<FRAME_SAMPLES>().0;
        let mic = scene.mic.as_chunks::<FRAME_SAMPLES>().0;
        let mut out = Vec::with_capacity(scene.mic.len());
        for (render, mic) in render.iter().zip(mic) {
            canceller.render(render);
            out.extend_from_slice(&canceller.capture(mic));
        }
        out
    }

    /// Seconds at which the agent, who speaks all the time, would be interrupted.
    fn barge_ins_s(sound: &[i16]) -> Vec<f32> {
        let mut vad = Vad::new(&VadConfig::default());
        let mut turns = TurnTaking::new(&TurnConfig::default());
        let delays = Delays::new(&TurnConfig::default().endpointing, Expect::Any);
        let agent = Agent::Speaking {
            interruptible: true,
            left_ms: None,
        };
        let frames = sound.as_chunks::<FRAME_SAMPLES>().0.iter();
        frames
            .enumerate()
            .filter_map(|(n, frame)| {
                match turns.step(vad.is_speech(frame), agent, &delays) {
                    // Whatever it is, the agent would stop in mid-word.
                    Some(TurnEvent::PauseAgent { .. }) => Some(n as f32 * FRAME_MS as f32 / 1000.0),
                    _ => None,
                }
            })
            .collect()
    }

    fn level_dbfs(sound: &[i16], from_s: f32, seconds: f32) -> f32 {
        let at = |s: f32| (s * SAMPLE_RATE_HZ as f32) as usize;
        dbfs(&sound[at(from_s)..at(from_s + seconds)])
    }

    #[test]
    fn the_agent_does_not_interrupt_itself() {
        for room in ROOMS {
            let scene = room.scene(&agent(), &nobody());
            assert!(!barge_ins_s(&scene.mic).is_empty(), "{room:?} is no test");
            let mut canceller = EchoCanceller::new(60);
            let clean = clean(&mut canceller, &scene);
            let late: Vec<_> = barge_ins_s(&clean)
                .into_iter()
                .filter(|at_s| *at_s > 2.5)
                .collect();
            assert_eq!(late, [0.0; 0], "{room:?}");
            let erle_db = level_dbfs(&scene.mic, 4.0, 9.0) - level_dbfs(&clean, 4.0, 9.0);
            assert!(erle_db > 12.0, "{room:?}: {erle_db} dB");
            assert_eq!(canceller.duplex(), Duplex::Full);
        }
    }

    #[test]
    fn a_caller_over_the_agent_interrupts_and_keeps_the_level() {
        for room in ROOMS {
            let scene = room.scene(&agent(), &caller());
            let clean = clean(&mut EchoCanceller::new(60), &scene);
            let heard = barge_ins_s(&clean);
            let spoken = CALLER_S..CALLER_S + CALLER_SECONDS;
            assert!(
                heard.iter().any(|at_s| spoken.contains(at_s)),
                "{room:?}: {heard:?}"
            );
            let lost_db = level_dbfs(&caller(), CALLER_S, CALLER_SECONDS)
                - level_dbfs(&clean, CALLER_S, CALLER_SECONDS);
            assert!(lost_db.abs() < 6.0, "{room:?}: {lost_db} dB");
        }
    }

    #[test]
    fn with_a_headset_the_caller_is_left_alone() {
        let room = Room {
            echo_db: None,
            ..ROOMS[1]
        };
        let mut canceller = EchoCanceller::new(60);
        let clean = clean(&mut canceller, &room.scene(&agent(), &caller()));
        assert_eq!(barge_ins_s(&clean).len(), 1);
        let lost_db = level_dbfs(&caller(), CALLER_S, CALLER_SECONDS)
            - level_dbfs(&clean, CALLER_S, CALLER_SECONDS);
        assert!(lost_db.abs() < 2.0, "{lost_db} dB");
        assert_eq!(canceller.duplex(), Duplex::Full);
    }

    #[test]
    fn a_silent_agent_lets_every_frame_through() {
        let mut canceller = EchoCanceller::new(60);
        let scene = ROOMS[0].scene(&nobody(), &caller());
        let clean = clean(&mut canceller, &scene);
        assert_eq!(canceller.muted_frames(), 0);
        let lost_db = level_dbfs(&caller(), CALLER_S, CALLER_SECONDS)
            - level_dbfs(&clean, CALLER_S, CALLER_SECONDS);
        assert!(lost_db.abs() < 1.5, "{lost_db} dB");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn nothing_that_a_device_may_do_breaks_it(
            calls in proptest::collection::vec((any::<bool>(), prop_oneof![Just(0_i16), Just(i16::MIN), Just(i16::MAX), any::<i16>()]), 0..300),
            delay_ms in 0_u32..2_000,
        ) {
            let mut canceller = EchoCanceller::new(delay_ms);
            for (render, sample) in calls {
                if render {
                    canceller.render(&[sample; FRAME_SAMPLES]);
                } else {
                    canceller.capture(&[sample; FRAME_SAMPLES]);
                }
            }
        }
    }
}
