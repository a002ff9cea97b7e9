//! Who else wants the cores, and which of this program's threads go before them.
//!
//! Thread: main; a moment each for threads that try what the system grants. In: the system's counters. Out: findings.

use std::time::Duration;

use patter_machine::contention::Reading;
use patter_machine::priority;
use patter_types::load::Shares;

use super::Report;

/// The machine is watched for so long; counters go in steps of 10 ms.
const WATCHED: Duration = Duration::from_secs(1);
/// From this share on, what others take is worth a note.
const NOTABLE: f32 = 0.25;

pub(super) fn report(report: &mut Report) {
    let granted = priority::probe();
    let told = priority::told(&granted);
    if priority::is_preferred(&granted) {
        report.add("priority", "ok", told, None);
    } else if cfg!(target_os = "linux") {
        let message = format!("calls go behind other programs that are busy ({told})");
        let hint = "the systemd unit grants it (LimitRTPRIO=10, LimitNICE=-11); in a container `--ulimit rtprio=10 \
                    --ulimit nice=31`; by hand `setcap cap_sys_nice+ep` on the program";
        report.add("priority", "note", message, Some(hint.into()));
    }
    if let Some(before) = Reading::now() {
        std::thread::sleep(WATCHED);
        if let Some(now) = Reading::now() {
            shares(&now.since(&before), report);
        }
    }
}

/// What was seen while this program did nothing.
fn shares(shares: &Shares, report: &mut Report) {
    let hint = if shares.throttled >= NOTABLE {
        "the quota of the control group (CPUQuota, `docker --cpus`) holds the program up: raise it"
    } else if shares.stolen >= NOTABLE {
        "the hypervisor gives the cores to other machines: ask for cores of your own"
    } else if shares.neighbours >= NOTABLE {
        "calls share the cores with them: move them elsewhere, or start them with `nice -n 19`"
    } else {
        return report.add("neighbours", "ok", shares.to_string(), None);
    };
    report.add("neighbours", "note", shares.to_string(), Some(hint.into()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_neighbour_gets_its_own_advice() {
        let hint = |seen: Shares| {
            let mut report = Report::default();
            shares(&seen, &mut report);
            report.findings.remove(0).hint.unwrap_or_default()
        };
        let quiet = Shares::default();
        assert_eq!(hint(quiet), "");
        let busy = Shares {
            neighbours: 0.5,
            ..quiet
        };
        assert!(hint(busy).contains("nice -n 19"));
        let polite = Shares {
            polite: 0.9,
            ..quiet
        };
        assert_eq!(hint(polite), "", "who stands back is no trouble");
        let stolen = Shares {
            stolen: 0.3,
            ..busy
        };
        assert!(hint(stolen).contains("hypervisor"));
        let throttled = Shares {
            throttled: 0.3,
            ..stolen
        };
        assert!(hint(throttled).contains("quota"));
    }
}
