//! Lines of the playbooks, spoken before a call needs them, where the voice takes long and keeps them on the disk.
//!
//! Thread: `lines`, in the background. In: playbooks. Out: files ([`patter_engine::store`]). Memory: one line, and
//! until all lines are there the voice once more, so that no call waits for it. When calls speak: it waits until they
//! do not, for a while; what a call says meanwhile it speaks itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::behind::BehindCalls;
use super::playbooks::CompiledPlaybook;
use patter_engine::voice::Speaker;
use patter_language::sentence::Sentences;
use patter_playbook::{Playbook, Use};

/// A call that spoke within this time may speak again soon.
const REST: Duration = Duration::from_secs(5);
/// On a machine that never rests one line is spoken each time this has passed.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// Begins to speak the lines of `playbooks` ahead, in their order; None where the voice keeps no lines.
///
/// # Errors
/// No thread.
pub(super) fn speak(
    speaker: &Speaker,
    playbooks: &[Arc<CompiledPlaybook>],
) -> std::io::Result<Option<BehindCalls>> {
    if !speaker.keeps_lines() {
        return Ok(None);
    }
    let lines: Vec<String> = playbooks
        .iter()
        .flat_map(|compiled| sentences(&compiled.knowledge.playbook))
        .collect();
    let speaker = speaker.clone();
    BehindCalls::start("lines", move |wanted| speak_each(&speaker, &lines, wanted)).map(Some)
}

/// Every sentence of the playbook's lines that can be said without a value of the call's.
fn sentences(playbook: &Playbook) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let texts = playbook.texts();
    let spoken = texts
        .iter()
        .filter(|(_, _, purpose)| matches!(purpose, Use::Spoken | Use::SpokenAlways))
        .filter_map(|(_, text, _)| playbook.fill(text, &Default::default()));
    spoken
        .flat_map(|line| Sentences::whole(&line))
        .filter(|sentence| seen.insert(sentence.clone()))
        .collect()
}

fn speak_each(speaker: &Speaker, lines: &[String], wanted: &dyn Fn() -> bool) {
    let started = Instant::now();
    let mut count = 0;
    let mut aside = None;
    for line in lines.iter().filter(|line| !speaker.has_line(line)) {
        let since = Instant::now();
        while speaker.spoke_within(REST) && since.elapsed() < PATIENCE && wanted() {
            std::thread::sleep(POLL);
        }
        if !wanted() {
            return;
        }
        let spoken = match &aside {
            Some(aside) => Speaker::speak_ahead(aside, line),
            None => (speaker.aside()).and_then(|voice| aside.insert(voice).speak_ahead(line)),
        };
        if let Err(error) = spoken {
            let why = format!("lines are not spoken ahead: {error}");
            return patter_machine::log::warn(&why);
        }
        count += 1;
    }
    speaker.tidy_lines(lines.iter().map(String::as_str));
    if count > 0 {
        patter_machine::log::info(&format!(
            "{count} lines of the playbooks are spoken ahead, after {:.0} s",
            started.elapsed().as_secs_f32()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_spoken_ahead_but_those_that_wait_for_a_value() {
        let text = include_str!("../../playbooks/satisfaction_survey.toml");
        let playbook = Playbook::parse(text, "survey").unwrap();
        let spoken = sentences(&playbook);
        for line in [
            &playbook.lines.repeat,
            &playbook.flow[1].ask,
            &playbook.facts[0].say,
        ] {
            for sentence in Sentences::whole(line) {
                assert!(spoken.contains(&sentence), "{sentence}");
            }
        }
        assert!(spoken.len() > 30 && spoken.iter().all(|sentence| !sentence.contains('{')));
    }
}
