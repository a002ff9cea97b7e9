//! How many calls at once this machine carries: measured with callers of its own, and kept.
//!
//! Threads: those of [`callers`]. In: the config. Out: a finding, a file. Memory: the calls of one round.

use std::time::Duration;

use patter_config::Loaded;
use patter_machine::capacity::Capacity;

use super::Report;
use patter_lab::bench::callers::{self, Round};
use patter_lab::report::Machine;

/// Share of the time that callers speak; an ordinary call has less.
const TALK: f32 = 0.4;
/// From a caller's last word to the agent's first sound, p95, in ms: beyond it callers ask whether anybody is there.
const ANSWER_P95_MS: f32 = 1_200.0;
/// From an interruption to silence, p95, in ms.
const SILENCE_P95_MS: f32 = 350.0;
/// Callers of the rounds. The first that is not carried ends them.
const ROUNDS: [u32; 12] = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];

fn is_carried(round: &Round) -> bool {
    round.answer_ms.n > 0
        && round.answer_ms.p95 <= ANSWER_P95_MS
        // No interruption came about: then none was slow.
        && (round.silence_ms.n == 0 || round.silence_ms.p95 <= SILENCE_P95_MS)
        && round.lost == 0
}

/// Puts more and more callers on a server of its own, and writes down how many it carried.
pub(super) fn measure(loaded: &Loaded, seconds: u32, report: &mut Report) -> anyhow::Result<()> {
    let lines = callers::lines(loaded, TALK)?;
    let limit = Duration::from_secs(u64::from(seconds));
    let mut carried = 0;
    for calls in ROUNDS {
        let own = callers::server(loaded, calls)?;
        patter_machine::log::info(&format!("{calls} callers, {seconds} s in real time"));
        let round = callers::round(own.server.address(), calls, limit, &lines);
        patter_machine::log::info(&format!(
            "{calls} callers: answers p95 {:.0} ms, silence p95 {:.0} ms, {} lost",
            round.answer_ms.p95, round.silence_ms.p95, round.lost
        ));
        if !is_carried(&round) {
            break;
        }
        carried = calls;
    }
    let machine = Machine::of(loaded);
    let capacity = Capacity {
        calls: carried,
        p95_ms: ANSWER_P95_MS,
        talk: TALK,
        machine: machine.processor,
        cores: machine.cores,
        models: machine.models,
        day: jiff::Zoned::now().date().to_string(),
        version: env!("CARGO_PKG_VERSION").into(),
    };
    let path = loaded.resolve(&loaded.config.serve.capacity_file);
    let written = capacity
        .write(&path)
        .map(|()| format!("written to `{}`", path.display()));
    report.result("capacity", written);
    Ok(())
}

/// What was measured, and whether the config asks for more.
pub(super) fn report(loaded: &Loaded, report: &mut Report) {
    let path = loaded.resolve(&loaded.config.serve.capacity_file);
    let measured = match Capacity::read(&path) {
        Ok(Some(capacity)) => capacity,
        Ok(None) => {
            return report.add(
                "capacity",
                "note",
                "never measured",
                Some("`patter doctor --capacity` takes some minutes on a machine that does nothing else".into()),
            );
        }
        Err(error) => return report.result("capacity", Err::<String, _>(error)),
    };
    let machine = Machine::of(loaded);
    if !measured.holds_for(&machine.processor, machine.cores, &machine.models) {
        return report.add(
            "capacity",
            "note",
            format!(
                "{} calls were measured on another machine or with other models ({})",
                measured.calls, measured.day
            ),
            Some("measure again with `patter doctor --capacity`".into()),
        );
    }
    let message = format!(
        "{} calls at once, callers speaking {:.0} % of the time, are answered within {:.0} ms (p95; {})",
        measured.calls,
        measured.talk * 100.0,
        measured.p95_ms,
        measured.day
    );
    let wanted = loaded.config.serve.max_calls;
    if wanted > measured.calls {
        let hint = format!(
            "set `serve.max_calls` to {}, or to 0",
            measured.calls.max(1)
        );
        let more = format!(
            "{message}, and `serve.max_calls` is {wanted}: beyond that, answers get slow and shorter"
        );
        report.add("capacity", "note", more, Some(hint));
    } else {
        report.add("capacity", "ok", message, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_lab::bench::callers::Times;

    #[test]
    fn slow_or_lost_calls_are_not_carried() {
        let times = |n, p95| Times {
            n,
            median: 300.0,
            p95,
        };
        let round = |answer, silence, lost| Round {
            calls: 4,
            talk: 0.4,
            answer_ms: answer,
            approved_ms: times(0, f32::NAN),
            silence_ms: silence,
            set_up_ms: times(6, 10.0),
            unanswered: 0,
            lost,
            agent: None,
            memory_mb: 400.0,
        };
        assert!(is_carried(&round(times(30, 1_200.0), times(20, 350.0), 0)));
        assert!(is_carried(&round(times(30, 900.0), times(0, f32::NAN), 0)));
        assert!(!is_carried(&round(times(30, 1_201.0), times(20, 150.0), 0)));
        assert!(!is_carried(&round(times(30, 900.0), times(20, 351.0), 0)));
        assert!(!is_carried(&round(times(30, 900.0), times(20, 150.0), 1)));
        assert!(!is_carried(&round(
            times(0, f32::NAN),
            times(0, f32::NAN),
            0
        )));
    }
}
