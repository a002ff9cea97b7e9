//! What the wire tells: when the agent is heard, when it falls silent, and whether it goes on with the same line after
//! a gap.
//!
//! In: sound, 16 kHz; places in it as sample numbers. Out: places, levels, likeness. Memory: a copy of what is
//! compared. Sound is looked for on a grid of 5 ms; audible is what is above [`AUDIBLE_DBFS`]. Pure functions.

use patter_audio::level::{FLOOR_DBFS, dbfs};
use patter_audio::{SAMPLE_RATE_HZ, ms_to_samples};

/// Sound above this level is audible, in dBFS.
pub const AUDIBLE_DBFS: f32 = -45.0;
/// The grid on which sound is looked for, in samples: 5 ms.
pub const GRID: usize = SAMPLE_RATE_HZ as usize / 200;
/// Two pieces of speech this alike are the same: normalised cross-correlation. Measured on half a second over a
/// telephone line, the same words of a voice reach 0.99, other words of it at most 0.68.
pub const SAME_SOUND: f32 = 0.8;

/// Silence that ends what the agent says, in ms: longer than its own pauses.
const SILENCE_MS: u32 = 250;
/// Silence that is looked at as a possible stop, in ms.
const STOP_MS: u32 = 100;
/// Without a reference of the line: silence that is no pause of its own, in ms.
const LONG_PAUSE_MS: u32 = 350;
/// A stop begins within this time after the sound that caused it, in ms.
const STOP_WITHIN_MS: u32 = 1_500;
/// What is compared after a gap, in ms: with less, one long vowel is like another one.
const TEMPLATE_MS: u32 = 500;
/// Without a reference only the repeated words can be compared, which are fewer, in ms.
const REPEATED_MS: u32 = 300;
/// Less sound than that between two stops tells nothing, in ms.
const SHORT_MS: u32 = 200;
/// How far back playback may go, in ms.
const BACK_MS: u32 = 1_500;
/// How far it may skip, in ms.
const AHEAD_MS: u32 = 500;
/// What is compared to find a place in the reference, in ms.
const ALIGN_MS: u32 = 500;

/// Milliseconds of `samples`.
pub fn ms(samples: usize) -> f32 {
    samples as f32 * 1000.0 / SAMPLE_RATE_HZ as f32
}

fn audible(sound: &[i16], at: usize) -> bool {
    sound
        .get(at..at + GRID)
        .is_some_and(|cell| dbfs(cell) > AUDIBLE_DBFS)
}

/// The first audible place from `from` to before `until`.
pub fn first_sound(sound: &[i16], from: usize, until: usize) -> Option<usize> {
    let until = until.min(sound.len());
    (from..until.saturating_sub(GRID - 1))
        .step_by(GRID)
        .find(|&at| audible(sound, at))
}

/// The end of the last audible place from `from` to before `until`.
pub fn last_sound(sound: &[i16], from: usize, until: usize) -> Option<usize> {
    let until = until.min(sound.len());
    (from..until.saturating_sub(GRID - 1))
        .step_by(GRID)
        .rfind(|&at| audible(sound, at))
        .map(|at| at + GRID)
}

/// The first silence of at least `ms` that begins in `from..until`: its first sample and that of the next sound (or the
/// sound's end).
pub fn silence(sound: &[i16], from: usize, until: usize, ms: u32) -> Option<(usize, usize)> {
    let mut at = from;
    while at < until.min(sound.len()) {
        if audible(sound, at) {
            at += GRID;
            continue;
        }
        let end = first_sound(sound, at, sound.len()).unwrap_or(sound.len());
        if end - at >= ms_to_samples(ms) {
            return Some((at, end));
        }
        at = end.max(at + GRID);
    }
    None
}

/// Where an agent that is interrupted by a line at `start..end` falls silent: its last audible sample before the
/// silence of at least 250 ms that outlasts the line. An agent that stops and goes on while the line lasts has not
/// fallen silent yet; one that did not speak cannot fall silent.
pub fn silenced(agent: &[i16], start: usize, end: usize) -> Option<usize> {
    let mut from = start;
    while let Some((quiet, next)) = silence(agent, from, agent.len(), SILENCE_MS) {
        if next > end {
            let before = start.saturating_sub(ms_to_samples(SILENCE_MS));
            return last_sound(agent, before, quiet).map(|_| quiet);
        }
        from = next;
    }
    None
}

/// Cuts inaudible edges off a line, so that its first and last samples are what a listener would call them.
pub fn trim(samples: &[i16]) -> Vec<i16> {
    let loud = |chunk: &[i16]| dbfs(chunk) > AUDIBLE_DBFS;
    let first = samples.chunks(GRID).position(loud);
    let last = samples.chunks(GRID).rposition(loud);
    match (first, last) {
        (Some(first), Some(last)) => {
            samples[first * GRID..((last + 1) * GRID).min(samples.len())].to_vec()
        }
        _ => Vec::new(),
    }
}

/// Level of speech where there is any, in dBFS: root mean square over the 20 ms pieces that are at most 20 dB below the
/// loudest.
pub fn active_dbfs(speech: &[i16]) -> f32 {
    let piece = ms_to_samples(20);
    let loudest = speech.chunks(piece).map(dbfs).fold(FLOOR_DBFS, f32::max);
    let active: Vec<i16> = speech
        .chunks(piece)
        .filter(|chunk| dbfs(chunk) > loudest - 20.0)
        .flatten()
        .copied()
        .collect();
    dbfs(&active)
}

/// The sound, louder by `gain_db`; what does not fit in 16 bits is cut off.
pub fn scale(sound: &[i16], gain_db: f32) -> Vec<i16> {
    let gain = 10f32.powf(gain_db / 20.0);
    sound
        .iter()
        .map(|&s| (f32::from(s) * gain).clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

/// Half the rate, each pair of samples as its mean: the comparison needs no more than what a phone line carries.
fn halved(sound: &[i16]) -> Vec<f32> {
    sound
        .chunks_exact(2)
        .map(|pair| (f32::from(pair[0]) + f32::from(pair[1])) / 2.0)
        .collect()
}

/// The sum of the products, in eight parts: as one sum, the processor could not add several at once.
fn product(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = (a.remainder().iter().zip(b.remainder()))
        .map(|(a, b)| a * b)
        .sum();
    let mut parts = [0.0f32; 8];
    for (a, b) in a.zip(b) {
        for (part, (a, b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part += a * b;
        }
    }
    parts.iter().sum::<f32>() + rest
}

/// How alike `template` is to the place in `within` that is most like it: normalised cross-correlation (-1 to 1) and
/// where that place begins. Inaudible places are like nothing.
pub fn likeness(template: &[i16], within: &[i16]) -> (f32, usize) {
    let (template, within) = (halved(template), halved(within));
    let energy = |s: &[f32]| s.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>();
    let own = energy(&template);
    let length = template.len();
    if length == 0 || within.len() < length || own <= 0.0 {
        return (0.0, 0);
    }
    let floor = 32_768.0 * 10f64.powf(f64::from(AUDIBLE_DBFS) / 20.0);
    let audible = floor * floor * length as f64;
    let mut there = energy(&within[..length]);
    let mut best = (0.0f32, 0);
    for at in 0..=within.len() - length {
        if at > 0 {
            let (new, old) = (within[at + length - 1], within[at - 1]);
            there += f64::from(new) * f64::from(new) - f64::from(old) * f64::from(old);
        }
        if there < audible {
            continue;
        }
        let product = product(&template, &within[at..at + length]);
        let alike = (f64::from(product) / (own * there).sqrt()) as f32;
        if alike > best.0 {
            best = (alike, at * 2);
        }
    }
    best
}

/// What a sound of the caller did to the agent's line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// The agent never stopped.
    None,
    /// It stopped, and went on with the same line.
    Resumed {
        /// Its last audible sample.
        stopped: usize,
        /// Its first audible one after the gap; of several gaps, the longest one's.
        resumed: usize,
        /// Likeness of what came after the gap to the line; the least of several.
        likeness: f32,
    },
    /// It stopped, and said something else or nothing.
    Cut {
        /// Its last audible sample.
        stopped: usize,
        /// The first audible sample of what it said next.
        next: Option<usize>,
        /// Likeness of that to the line.
        likeness: f32,
    },
}

/// Whether a sound of the caller at `start..end` stopped the agent, and whether the agent went on with its line.
///
/// A gap is a stop when the line itself, as `reference` has it, is not silent there. What comes after it is the same
/// line when its first 500 ms are like ([`SAME_SOUND`]) a place in the reference from 1.5 s before the stop to 0.5 s
/// after it: the agent may repeat words or leave some out. Without a reference, or when the line is another one, only a
/// silence of 350 ms is a stop, and the first 300 ms after it must be like a place in the 1.5 s before it. Nothing
/// after `until` counts.
pub fn effect(
    agent: &[i16],
    start: usize,
    end: usize,
    until: usize,
    reference: Option<&[i16]>,
) -> Effect {
    let agent = &agent[..until.min(agent.len())];
    let mut place = reference.and_then(|line| place_in(agent, start, line));
    let last_stop = end + ms_to_samples(STOP_WITHIN_MS);
    let mut from = start;
    let mut effect = Effect::None;
    while let Some((stopped, next)) = silence(agent, from, last_stop, STOP_MS) {
        from = next;
        let own_pause = match (reference, place) {
            (Some(line), Some(place)) => {
                if next as isize + place >= line.len() as isize
                    && pauses(line, place, stopped, next)
                {
                    // The line was over.
                    break;
                }
                pauses(line, place, stopped, next) && goes_on(agent, next, line, place)
            }
            _ => next - stopped < ms_to_samples(LONG_PAUSE_MS),
        };
        if own_pause {
            continue;
        }
        if next >= agent.len() {
            return Effect::Cut {
                stopped,
                next: None,
                likeness: 0.0,
            };
        }
        let template = |ms| &agent[next..(next + ms_to_samples(ms)).min(agent.len())];
        let alike = match (reference, place) {
            (Some(line), Some(old)) => {
                let at = (stopped as isize + old).max(0) as usize;
                let near = at.saturating_sub(ms_to_samples(BACK_MS)).min(line.len());
                let far = (at + ms_to_samples(AHEAD_MS + TEMPLATE_MS)).min(line.len());
                let place_there = &line[near..far];
                let (mut alike, mut offset) =
                    likeness(fitting(template(TEMPLATE_MS), place_there), place_there);
                if alike <= SAME_SOUND {
                    let short = until_silence(template(TEMPLATE_MS));
                    if short.len() >= ms_to_samples(SHORT_MS) {
                        (alike, offset) = likeness(fitting(short, place_there), place_there);
                    }
                }
                place = Some((near + offset) as isize - next as isize);
                alike
            }
            _ => {
                let from = stopped.saturating_sub(ms_to_samples(BACK_MS));
                likeness(template(REPEATED_MS), &agent[from..stopped]).0
            }
        };
        if alike <= SAME_SOUND {
            return Effect::Cut {
                stopped,
                next: Some(next),
                likeness: alike,
            };
        }
        effect = match effect {
            Effect::Resumed {
                stopped: old_stop,
                resumed: old_next,
                likeness,
            } if old_next - old_stop > next - stopped => Effect::Resumed {
                stopped: old_stop,
                resumed: old_next,
                likeness: likeness.min(alike),
            },
            Effect::Resumed { likeness, .. } => Effect::Resumed {
                stopped,
                resumed: next,
                likeness: likeness.min(alike),
            },
            _ => Effect::Resumed {
                stopped,
                resumed: next,
                likeness: alike,
            },
        };
    }
    effect
}

/// What to add to a place on the wire to get the place in the line, by the sound before `at`.
fn place_in(agent: &[i16], at: usize, line: &[i16]) -> Option<isize> {
    let from = at.saturating_sub(ms_to_samples(ALIGN_MS));
    let (alike, found) = likeness(&agent[from..at], line);
    (alike > SAME_SOUND).then_some(found as isize - from as isize)
}

/// What is heard from `at` on is the line at its place, to 100 ms.
fn goes_on(agent: &[i16], at: usize, line: &[i16], place: isize) -> bool {
    let template = &agent[at..(at + ms_to_samples(TEMPLATE_MS)).min(agent.len())];
    let there = (at as isize + place).max(0) as usize;
    let near = there.saturating_sub(ms_to_samples(100)).min(line.len());
    let far = (there + ms_to_samples(100 + TEMPLATE_MS)).min(line.len());
    let line = &line[near..far];
    // The agent may be stopped again right after its pause.
    [template, until_silence(template)]
        .iter()
        .any(|piece| likeness(fitting(piece, line), line).0 > SAME_SOUND)
}

/// As much of `template` as can be found in `within`: the rest of a line may be shorter than what is compared.
fn fitting<'a>(template: &'a [i16], within: &[i16]) -> &'a [i16] {
    &template[..template.len().min(within.len())]
}

/// The sound up to its first silence that may be a stop.
fn until_silence(sound: &[i16]) -> &[i16] {
    match silence(sound, 0, sound.len(), STOP_MS) {
        Some((quiet, _)) => &sound[..quiet],
        None => sound,
    }
}

/// The line itself is silent there, but for 60 ms: the agent pauses or is done.
fn pauses(line: &[i16], place: isize, from: usize, until: usize) -> bool {
    let cells = (from..until)
        .step_by(GRID)
        .filter(|&at| usize::try_from(at as isize + place).is_ok_and(|there| audible(line, there)));
    cells.count() * GRID <= ms_to_samples(60)
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    /// Something like speech: "syllables" of noise through moving resonances, each another one, with pauses.
    fn speech(seed: u64, length_ms: u32) -> Vec<i16> {
        let mut random = Random::new(seed);
        let mut out = Vec::new();
        while out.len() < ms_to_samples(length_ms) {
            let hz = random.between(200.0, 900.0);
            let pitch = random.between(95.0, 140.0);
            let length = random.between(90.0, 220.0) as u32;
            for n in 0..ms_to_samples(length) {
                let t = n as f32 / 16_000.0;
                let pulse = (std::f32::consts::TAU * pitch * t).sin().powi(3);
                let tone = (std::f32::consts::TAU * hz * t).sin();
                out.push((pulse * tone * 9_000.0 + random.noise() * 400.0) as i16);
            }
            if random.unit() < 0.2 {
                out.extend(vec![0; ms_to_samples(60)]);
            }
        }
        out.truncate(ms_to_samples(length_ms));
        out
    }

    fn join(parts: &[&[i16]]) -> Vec<i16> {
        parts.concat()
    }

    fn quiet(ms: u32) -> Vec<i16> {
        vec![0; ms_to_samples(ms)]
    }

    const AT: fn(u32) -> usize = ms_to_samples;

    #[test]
    fn places_of_sound_are_found_on_the_grid() {
        let sound = join(&[&quiet(100), &speech(1, 200), &quiet(300), &speech(2, 50)]);
        assert_eq!(first_sound(&sound, 0, sound.len()), Some(AT(100)));
        assert_eq!(last_sound(&sound, 0, AT(500)), Some(AT(300)));
        assert_eq!(first_sound(&sound, AT(300), AT(600)), None);
        assert_eq!(
            silence(&sound, AT(100), sound.len(), 250),
            Some((AT(300), AT(600)))
        );
        assert_eq!(silence(&sound, AT(100), sound.len(), 350), None);
    }

    #[test]
    fn an_agent_that_goes_on_within_the_line_has_not_fallen_silent() {
        // Stops at 1.1 s, goes on at 1.5 s, stops for good at 1.7 s; the caller's line ends at 2 s.
        let agent = join(&[
            &speech(1, 1_100),
            &quiet(400),
            &speech(2, 200),
            &quiet(900),
            &speech(3, 500),
        ]);
        let at = |end| silenced(&agent, AT(1_000), AT(end)).unwrap();
        assert!(at(2_000).abs_diff(AT(1_700)) <= GRID * 2);
        assert!(at(1_400).abs_diff(AT(1_100)) <= GRID * 2);
        assert_eq!(silenced(&quiet(3_000), AT(1_000), AT(2_000)), None);
        assert_eq!(silenced(&speech(1, 3_000), AT(1_000), AT(2_000)), None);
    }

    #[test]
    fn level_of_speech_leaves_its_pauses_out() {
        let spoken = speech(1, 1_000);
        let with_pauses = join(&[&quiet(500), &spoken, &quiet(1_500)]);
        assert!((active_dbfs(&with_pauses) - active_dbfs(&spoken)).abs() < 0.3);
        assert!((active_dbfs(&scale(&spoken, -6.0)) - active_dbfs(&spoken) + 6.0).abs() < 0.1);
    }

    #[test]
    fn the_same_sound_is_found_where_it_is_and_other_sound_is_not() {
        let line = speech(5, 3_000);
        let piece = scale(&line[AT(1_204)..AT(1_504)], -3.0);
        let (alike, at) = likeness(&piece, &line);
        assert!(alike > 0.98, "{alike}");
        assert!(at.abs_diff(AT(1_204)) <= 2);
        for other in 10..20 {
            let (alike, _) = likeness(&speech(other, 300), &line);
            assert!(alike < 0.6, "{alike}");
        }
        assert_eq!(likeness(&piece, &quiet(2_000)).0, 0.0);
    }

    /// The line is stopped at 2 s on the wire, 1.5 s into itself; after `gap_ms` playback goes on from `from_ms` of the
    /// line.
    fn stopped_line(gap_ms: u32, from_ms: u32) -> (Vec<i16>, Vec<i16>) {
        let line = speech(7, 5_000);
        let agent = join(&[
            &quiet(500),
            &line[..AT(1_500)],
            &quiet(gap_ms),
            &line[AT(from_ms)..],
            &quiet(3_000),
        ]);
        (line, agent)
    }

    #[test]
    fn a_line_that_goes_on_is_resumed_with_or_without_repeating() {
        for (gap, from) in [
            (600, 1_100),
            (600, 1_400),
            (600, 1_500),
            (150, 1_380),
            (1_000, 700),
        ] {
            let (line, agent) = stopped_line(gap, from);
            let effect = effect(&agent, AT(1_900), AT(2_200), agent.len(), Some(&line));
            let Effect::Resumed {
                stopped,
                resumed,
                likeness,
            } = effect
            else {
                panic!("{gap} {from}: {effect:?}");
            };
            assert!(stopped.abs_diff(AT(2_000)) <= GRID * 2);
            assert!(
                ms(resumed - stopped) >= gap as f32 - 1.0
                    && ms(resumed - stopped) < gap as f32 + 80.0
            );
            assert!(likeness > 0.9);
        }
    }

    #[test]
    fn a_repeated_word_shows_without_a_reference() {
        let (_, agent) = stopped_line(600, 1_000);
        assert!(matches!(
            effect(&agent, AT(1_900), AT(2_200), agent.len(), None),
            Effect::Resumed { .. }
        ));
    }

    #[test]
    fn another_line_or_none_is_a_cut() {
        let line = speech(7, 5_000);
        let other = join(&[
            &quiet(500),
            &line[..AT(1_500)],
            &quiet(700),
            &speech(8, 2_000),
            &quiet(3_000),
        ]);
        for reference in [Some(&line[..]), None] {
            let Effect::Cut { stopped, next, .. } =
                effect(&other, AT(1_900), AT(2_200), other.len(), reference)
            else {
                panic!();
            };
            assert!(stopped.abs_diff(AT(2_000)) <= GRID * 2);
            assert!(next.unwrap().abs_diff(AT(2_700)) <= GRID * 2);
        }
        let nothing = join(&[&quiet(500), &line[..AT(1_500)], &quiet(4_000)]);
        let found = effect(&nothing, AT(1_900), AT(2_200), nothing.len(), Some(&line));
        assert!(matches!(found, Effect::Cut { next: None, .. }), "{found:?}");
    }

    #[test]
    fn pauses_of_the_line_and_its_end_are_no_stops() {
        let line = join(&[&speech(7, 1_500), &quiet(400), &speech(8, 600)]);
        let agent = join(&[&quiet(500), &line, &quiet(3_000)]);
        assert_eq!(
            effect(&agent, AT(1_700), AT(2_000), agent.len(), Some(&line)),
            Effect::None
        );
    }

    #[test]
    fn a_stop_right_after_a_pause_of_the_line_is_a_stop_of_its_own() {
        let line = join(&[&speech(7, 1_500), &quiet(130), &speech(8, 2_000)]);
        let again = AT(1_630);
        let agent = join(&[
            &line[..again + AT(80)],
            &quiet(600),
            &line[again..],
            &quiet(900),
        ]);
        let found = effect(&agent, AT(1_400), AT(1_750), agent.len(), Some(&line));
        let Effect::Resumed {
            stopped, resumed, ..
        } = found
        else {
            panic!("{found:?}");
        };
        assert!(stopped.abs_diff(again + AT(80)) <= GRID * 4, "{found:?}");
        assert!((ms(resumed - stopped) - 600.0).abs() < 80.0);
    }

    #[test]
    fn of_two_gaps_the_longer_one_counts() {
        let line = speech(7, 5_000);
        let agent = join(&[
            &line[..AT(1_500)],
            &quiet(300),
            &line[AT(1_300)..AT(1_900)],
            &quiet(500),
            &line[AT(1_800)..],
        ]);
        let found = effect(&agent, AT(1_400), AT(2_300), agent.len(), Some(&line));
        let Effect::Resumed {
            stopped, resumed, ..
        } = found
        else {
            panic!("{found:?}");
        };
        assert!((ms(resumed - stopped) - 500.0).abs() < 80.0);
    }
}
