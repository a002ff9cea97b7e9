//! Whether an agent goes on with its line, told from the sound of real voices.

use patter_audio::{FRAME_SAMPLES, SAMPLE_RATE_HZ, ms_to_samples, resample};
use patter_lab::caller::measure::{Effect, SAME_SOUND, effect, likeness, ms};
use patter_language::sentence::Sentences;
use patter_playbook::Playbook;

use crate::support::{root, voice};

/// What a telephone line leaves of a sound.
fn narrow(sound: &[i16]) -> Vec<i16> {
    let low = resample::convert(sound, SAMPLE_RATE_HZ, 8_000).unwrap();
    resample::convert(&low, 8_000, SAMPLE_RATE_HZ).unwrap()
}

fn lines() -> Vec<Vec<i16>> {
    let playbook = Playbook::load(&root().join("playbooks/fitness.toml")).unwrap();
    let voice = voice("en-us");
    let mut texts: Vec<&str> = playbook.facts.iter().map(|f| f.say.as_str()).collect();
    texts.push(&playbook.lines.repeat);
    texts.push(&playbook.lines.fallback);
    let spoken = texts.iter().map(|text| {
        // As in a call: sentence by sentence, in whole frames.
        let mut sound = Vec::new();
        for sentence in Sentences::whole(text) {
            sound.extend_from_slice(&voice.speak(&sentence, false).unwrap().samples);
            sound.resize(sound.len().next_multiple_of(FRAME_SAMPLES), 0);
        }
        narrow(&sound)
    });
    spoken.collect()
}

#[test]
fn a_line_that_goes_on_is_told_from_every_other_line() {
    let lines = lines();
    let stop = ms_to_samples(1_800);
    let gap = vec![0; ms_to_samples(500)];
    let mut highest = 0.0f32;
    let mut lowest = 1.0f32;
    let mut pairs = 0;
    for (number, line) in lines.iter().enumerate() {
        if line.len() < stop + ms_to_samples(1_000) {
            continue;
        }
        for back_ms in [0, 120, 400, 900] {
            let agent = [
                &line[..stop],
                &gap[..],
                &line[stop - ms_to_samples(back_ms)..],
                &gap[..],
            ]
            .concat();
            let onset = stop - ms_to_samples(150);
            let found = effect(&agent, onset, stop, agent.len(), Some(line));
            let Effect::Resumed {
                stopped,
                resumed,
                likeness,
            } = found
            else {
                panic!("line {number}, {back_ms} ms back: {found:?}");
            };
            lowest = lowest.min(likeness);
            // The agent may have stopped in a pause of its own.
            assert!((450.0..850.0).contains(&ms(resumed - stopped)), "{found:?}");
        }
        // The next eight lines: all pairs would take a minute.
        for step in 1..=8 {
            let other = (number + step) % lines.len();
            let begun = &lines[other];
            let agent = [&line[..stop], &gap[..], &begun[..], &gap[..]].concat();
            let onset = stop - ms_to_samples(150);
            let found = effect(&agent, onset, stop, agent.len(), Some(line));
            let Effect::Cut { likeness, .. } = found else {
                panic!("line {other} after line {number}: {found:?}");
            };
            highest = highest.max(likeness);
            pairs += 1;
        }
        let piece = &line[stop..stop + ms_to_samples(300)];
        assert!(likeness(piece, line).0 > 0.99);
    }
    println!("same line: at least {lowest:.2}; other lines: at most {highest:.2} of {pairs} pairs");
    assert!(lowest > SAME_SOUND && highest < SAME_SOUND);
}
