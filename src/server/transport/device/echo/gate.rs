//! What is left of the echo after the canceller, and whether the caller may be heard over it.
//!
//! Thread: `device-pump`. In: levels in dBFS of a frame to the speaker, of one from the microphone, and of the same one
//! cleaned. Out: pass or mute. Memory: fixed arrays. A pure function of its inputs: time is the count of frames.
//!
//! **Residual gate.** While the agent speaks, a frame may be heard for either of two reasons. The canceller found little to take
//! away, so it was not echo. Or it stands out from the *leak*: the level of a cleaned frame relative to the loudest
//! render of the last 300 ms, of which the 95th percentile is learnt from echo. All other frames are muted. A wrong
//! pass costs the agent its sentence, a wrong mute a syllable of a caller who is not yet understood: so the leak is
//! taken to be high until proven low.
//!
//! **Half duplex.** Echo return loss enhancement (ERLE) is the energy of the microphone over that of the cleaned frames. If it stays
//! below 6 dB for 3 s of echo, nothing that comes while the agent speaks can be trusted, and the gate mutes all of it.
//! The caller's own voice also lowers ERLE, above all with a headset; so what is heard must move with what is played.

use patter_audio::level::FLOOR_DBFS;
use patter_audio::vad::noise::Floor;

/// Longest way from [`ResidualGate::rendered`] through speaker, room and microphone, in frames (300 ms: the speaker's
/// ring, the devices' buffers, and reverberation).
const PATH_FRAMES: usize = 15;
/// How much longer half duplex stays muted, in frames (200 ms).
const TAIL_FRAMES: usize = 10;
/// Render below this is no speech, in dBFS.
const ACTIVE_DBFS: f32 = -60.0;
/// The leak before anything is known, in dB: a loud, distorting speaker with the suppressor at work.
const FIRST_LEAK_DB: f32 = -18.0;
/// The leak is never taken to be less, in dB.
const LEAST_LEAK_DB: f32 = -70.0;
/// Step of the leak's percentile, in dB a frame; four times that until [`LEARNING_FRAMES`] are heard.
const LEAK_STEP_DB: f32 = 0.5;
/// Share of audible echo frames whose leak lies below what is learnt.
const LEAK_PERCENTILE: f32 = 0.95;
/// Share of the step that a frame without audible echo takes the leak down: most frames are such, even where the few
/// others are loud.
const SILENT_SHARE: f32 = 0.01;
/// What the canceller took less than this from is not echo, in dB; from echo it takes 12 dB and more.
const UNTOUCHED_DB: f32 = 4.0;
/// A frame this far above the leak is more likely the caller than echo, in dB: it moves the leak little.
const CALLER_DB: f32 = 8.0;
/// How little: enough to get over a change of the volume in a few seconds. In dB a frame.
const CALLER_STEP_DB: f32 = 0.05;
/// What stands out from the leak by this is heard, in dB.
const MARGIN_DB: f32 = 4.0;
/// Sound this near to the room's noise says nothing of the leak, in dB.
const NOISE_MARGIN_DB: f32 = 6.0;
/// Frames that must stand out in a row for the gate to stay open through what is quieter in a word.
const OPENING_FRAMES: u32 = 2;
/// How long it stays open then, in frames (120 ms: the gap of a plosive, but less than a barge-in needs).
const HOLD_FRAMES: u32 = 6;
/// Echo that a judgement of the canceller takes, in frames (3 s).
const LEARNING_FRAMES: u32 = 150;
/// A microphone frame counts for it when it stands this far above the room's noise, in dB: else ERLE has no room to
/// show.
const AUDIBLE_DB: f32 = 10.0;
/// ERLE below which cancellation does not work, in dB.
const POOR_ERLE_DB: f32 = 6.0;
/// ERLE above which it works again, in dB.
const GOOD_ERLE_DB: f32 = 10.0;
/// Correlation of levels from which the microphone is taken to hear the speaker. Two voices reach
/// less than 0.5 in 3 s at the best lag, an echo 0.75 to 0.9.
const ECHO_CORRELATION: f64 = 0.65;

/// Whether caller and agent can speak at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplex {
    /// The caller is heard at any time.
    Full,
    /// The canceller does not work here: the caller is heard only while the agent is silent.
    Half,
}

/// Sums for the correlation of render levels at one lag with microphone levels.
#[derive(Clone, Copy, Default)]
struct LagSums {
    render: f64,
    squares: f64,
    products: f64,
}

/// The evidence on the canceller since the last judgement.
#[derive(Clone, Copy, Default)]
struct Evidence {
    frames: u32,
    mic_energy: f64,
    clean_energy: f64,
    mic: f64,
    mic_squares: f64,
    lags: [LagSums; PATH_FRAMES],
}

impl Evidence {
    fn erle_db(&self) -> f32 {
        (10.0 * (self.mic_energy / self.clean_energy.max(1e-12)).log10()) as f32
    }

    /// Correlation at the best lag, -1 to 1.
    fn correlation(&self) -> f64 {
        let n = f64::from(self.frames);
        let mic_variance = n * self.mic_squares - self.mic * self.mic;
        let at = |lag: &LagSums| {
            let variance = n * lag.squares - lag.render * lag.render;
            let covariance = n * lag.products - lag.render * self.mic;
            covariance / (variance * mic_variance).max(1e-12).sqrt()
        };
        self.lags.iter().map(at).fold(-1.0, f64::max)
    }
}

/// The gate of one call.
pub struct ResidualGate {
    /// Levels of the last render frames in dBFS, the newest at `newest`.
    render: [f32; PATH_FRAMES],
    newest: usize,
    /// Frames since render was last active.
    silent_frames: usize,
    /// Keeps the microphone's noise floor.
    floor: Floor,
    leak_db: f32,
    /// Frames that the leak was learnt from, up to [`LEARNING_FRAMES`].
    learnt: u32,
    standing_out: u32,
    hold: u32,
    evidence: Evidence,
    duplex: Duplex,
}

impl Default for ResidualGate {
    fn default() -> Self {
        Self::new()
    }
}

impl ResidualGate {
    /// A gate that knows nothing of the room.
    pub fn new() -> Self {
        Self {
            render: [FLOOR_DBFS; PATH_FRAMES],
            newest: 0,
            silent_frames: PATH_FRAMES + TAIL_FRAMES,
            floor: Floor::default(),
            leak_db: FIRST_LEAK_DB,
            learnt: 0,
            standing_out: 0,
            hold: 0,
            evidence: Evidence::default(),
            duplex: Duplex::Full,
        }
    }

    /// Takes the level of a frame handed to the speaker.
    pub fn rendered(&mut self, render_dbfs: f32) {
        self.newest = (self.newest + 1) % PATH_FRAMES;
        self.render[self.newest] = render_dbfs;
        if render_dbfs >= ACTIVE_DBFS {
            self.silent_frames = 0;
        } else {
            self.silent_frames = self.silent_frames.saturating_add(1);
        }
    }

    /// Takes the levels of a microphone frame and of the same one cleaned, both high-passed; true when it may be heard.
    pub fn passes(&mut self, mic_dbfs: f32, clean_dbfs: f32) -> bool {
        self.floor.hear(mic_dbfs);
        if self.silent_frames < PATH_FRAMES {
            self.weigh(mic_dbfs, clean_dbfs);
        }
        match self.duplex {
            Duplex::Half => self.silent_frames >= PATH_FRAMES + TAIL_FRAMES,
            Duplex::Full if self.silent_frames < PATH_FRAMES => {
                self.stands_out(mic_dbfs, clean_dbfs)
            }
            Duplex::Full => true,
        }
    }

    /// Whether caller and agent can speak at once.
    pub fn duplex(&self) -> Duplex {
        self.duplex
    }

    /// The room's own noise, in dBFS.
    pub fn noise_dbfs(&self) -> f32 {
        let floor = self.floor.dbfs();
        if floor.is_finite() { floor } else { FLOOR_DBFS }
    }

    /// Level of the cleaned frame relative to render below which it is taken for echo, in dB.
    pub fn leak_db(&self) -> f32 {
        self.leak_db
    }

    fn stands_out(&mut self, mic_dbfs: f32, clean_dbfs: f32) -> bool {
        let loudest = self.render.iter().copied().fold(f32::MIN, f32::max);
        let leak_db = clean_dbfs - loudest;
        let untouched = mic_dbfs - clean_dbfs < UNTOUCHED_DB;
        let audible = clean_dbfs > self.noise_dbfs() + NOISE_MARGIN_DB;
        let heard = untouched || leak_db > self.leak_db + MARGIN_DB;
        if !untouched {
            self.learn_leak(leak_db, audible);
        }
        if heard && audible {
            self.standing_out += 1;
            if self.standing_out >= OPENING_FRAMES {
                self.hold = HOLD_FRAMES;
            }
            return true;
        }
        self.standing_out = 0;
        let held = self.hold > 0;
        self.hold = self.hold.saturating_sub(1);
        heard || held
    }

    fn learn_leak(&mut self, leak_db: f32, audible: bool) {
        let step_db = if self.learnt < LEARNING_FRAMES {
            self.learnt += 1;
            4.0 * LEAK_STEP_DB
        } else {
            LEAK_STEP_DB
        };
        let change_db = if !audible {
            -step_db * SILENT_SHARE
        } else if leak_db <= self.leak_db {
            -step_db * (1.0 - LEAK_PERCENTILE)
        } else if leak_db <= self.leak_db + CALLER_DB {
            step_db * LEAK_PERCENTILE
        } else {
            CALLER_STEP_DB
        };
        self.leak_db = (self.leak_db + change_db).clamp(LEAST_LEAK_DB, 0.0);
    }

    /// Gathers evidence on the canceller; with enough of it, judges.
    fn weigh(&mut self, mic_dbfs: f32, clean_dbfs: f32) {
        if mic_dbfs < self.noise_dbfs() + AUDIBLE_DB {
            return;
        }
        let evidence = &mut self.evidence;
        let mic = f64::from(mic_dbfs);
        evidence.frames += 1;
        evidence.mic_energy += 10_f64.powf(mic / 10.0);
        evidence.clean_energy += 10_f64.powf(f64::from(clean_dbfs) / 10.0);
        evidence.mic += mic;
        evidence.mic_squares += mic * mic;
        for (lag, sums) in evidence.lags.iter_mut().enumerate() {
            let place = (self.newest + PATH_FRAMES - lag) % PATH_FRAMES;
            let render = f64::from(self.render[place].max(ACTIVE_DBFS));
            sums.render += render;
            sums.squares += render * render;
            sums.products += render * mic;
        }
        if evidence.frames < LEARNING_FRAMES {
            return;
        }
        let (erle_db, correlation) = (evidence.erle_db(), evidence.correlation());
        self.evidence = Evidence::default();
        if correlation >= ECHO_CORRELATION && erle_db < POOR_ERLE_DB {
            self.duplex = Duplex::Half;
        } else if erle_db > GOOD_ERLE_DB {
            self.duplex = Duplex::Full;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames of one of the agent's syllables.
    const AGENT: u32 = 10;

    /// Levels of a voice: syllables of `length` frames, each as loud as it happens, with gaps between some.
    fn voice_dbfs(frame: u32, length: u32) -> f32 {
        let mut x = u64::from(frame / length + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^= x >> 29;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9 ^ u64::from(length));
        let loudness = (x >> 40) % 24;
        if loudness < 3 {
            -90.0
        } else {
            -16.0 - loudness as f32
        }
    }

    /// Plays `frames` of the agent's voice into a room 100 ms long; the canceller takes `erle_db` off. Returns how many
    /// frames passed.
    fn play(gate: &mut ResidualGate, frames: std::ops::Range<u32>, erle_db: f32) -> usize {
        frames
            .filter(|&n| {
                gate.rendered(voice_dbfs(n, AGENT));
                let echo = (voice_dbfs(n.wrapping_sub(5), AGENT) - 10.0).max(-75.0);
                gate.passes(echo, (echo - erle_db).max(-75.0))
            })
            .count()
    }

    #[test]
    fn echo_is_muted_and_silence_of_the_agent_opens_again() {
        let mut gate = ResidualGate::new();
        for _ in 0..200 {
            gate.rendered(-96.0);
            assert!(
                gate.passes(-20.0, -20.0),
                "nothing is muted before the agent speaks"
            );
        }
        let mut gate = ResidualGate::new();
        play(&mut gate, 0..150, 25.0);
        gate.rendered(-20.0);
        assert!(!gate.passes(-30.0, -55.0));
        for frame in 0..PATH_FRAMES {
            gate.rendered(-96.0);
            assert_eq!(gate.passes(-30.0, -55.0), frame == PATH_FRAMES - 1);
        }
    }

    #[test]
    fn a_caller_louder_than_the_residual_is_heard_within_two_frames() {
        let mut gate = ResidualGate::new();
        play(&mut gate, 0..500, 25.0);
        assert_eq!(gate.duplex(), Duplex::Full);
        // What the canceller leaves alone, and what it cut but still stands out.
        for (mic, clean) in [(-30.0, -31.0), (-20.0, -34.0)] {
            gate.rendered(-20.0);
            assert!(gate.passes(mic, clean), "{mic} {clean}");
        }
    }

    #[test]
    fn half_duplex_comes_after_three_seconds_of_echo_and_goes_when_it_works() {
        let mut gate = ResidualGate::new();
        play(&mut gate, 0..100, 3.0);
        assert_eq!(gate.duplex(), Duplex::Full);
        play(&mut gate, 100..300, 3.0);
        assert_eq!(gate.duplex(), Duplex::Half);
        gate.rendered(-20.0);
        assert!(!gate.passes(-10.0, -10.0), "half duplex mutes everybody");
        for frame in 0..PATH_FRAMES + TAIL_FRAMES {
            gate.rendered(-96.0);
            let open = frame + 1 == PATH_FRAMES + TAIL_FRAMES;
            assert_eq!(gate.passes(-20.0, -20.0), open, "{frame}");
        }
        play(&mut gate, 300..900, 20.0);
        assert_eq!(gate.duplex(), Duplex::Full);
    }

    #[test]
    fn a_caller_on_a_headset_is_no_poor_room() {
        let mut gate = ResidualGate::new();
        for n in 0..3_000 {
            gate.rendered(voice_dbfs(n, AGENT));
            let caller = voice_dbfs(n, 7).max(-75.0);
            let passed = gate.passes(caller, caller - 0.5);
            assert!(passed, "the caller was muted at {n}");
            assert_eq!(gate.duplex(), Duplex::Full, "frame {n}");
        }
    }

    proptest! {
        #[test]
        fn any_levels_leave_a_leak_in_range(levels in proptest::collection::vec((-96.0_f32..0.0, -96.0_f32..0.0, -96.0_f32..0.0), 0..2_000)) {
            let mut gate = ResidualGate::new();
            for (render, mic, clean) in levels {
                gate.rendered(render);
                gate.passes(mic, clean);
                prop_assert!((LEAST_LEAK_DB..=0.0).contains(&gate.leak_db()));
            }
        }
    }
}
