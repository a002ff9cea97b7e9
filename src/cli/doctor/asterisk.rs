//! What an Asterisk of this version needs of its dialplan.
//!
//! Thread: main. In: what `asterisk -V` prints. Out: findings. Source: Asterisk's change log, app_audiosocket.c and
//! res_audiosocket.c by release.

use std::process::Command;

use super::Report;

/// The first releases of each branch that go on in the dialplan when we end a call, and pass keys on.
const GOES_ON: [(u32, u32); 3] = [(20, 14), (21, 9), (22, 4)];
/// The first that name the rate of the sound that they send; those before send 16 kHz as 8.
const NAMES_RATES: [(u32, u32); 4] = [(20, 17), (21, 12), (22, 7), (23, 1)];
/// The first that put a header together that the network cut in two.
const WHOLE_HEADERS: [(u32, u32); 3] = [(20, 19), (22, 9), (23, 3)];

/// Branch and release of "Asterisk 20.9.3" or "Asterisk certified/18.9-cert5".
fn version(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let mut numbers = text[start..].split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Whether `version` has what came with `first`; a branch newer than all of them has.
fn has(first: &[(u32, u32)], (branch, release): (u32, u32)) -> bool {
    let newest = first.iter().map(|(branch, _)| *branch).max().unwrap_or(0);
    branch > newest || first.iter().any(|f| f.0 == branch && release >= f.1)
}

/// What to know of `version`: the state, and in words.
fn advice(version: (u32, u32)) -> (&'static str, &'static str) {
    if version.0 < 20 || !has(&GOES_ON, version) {
        (
            "note",
            "it passes no keys on, and hangs up when Patter ends a call: nothing after AudioSocket() in the dialplan \
             is done. Take 20.17, 21.12, 22.7, 23.1 or later",
        )
    } else if !has(&NAMES_RATES, version) {
        (
            "note",
            "keys and hand-over work; with `c(slin16)` it names 16 kHz sound 8 kHz: Patter notices, hears it rightly \
             and answers in 8 kHz. Take 20.17, 21.12, 22.7, 23.1 or later",
        )
    } else if !has(&WHOLE_HEADERS, version) {
        (
            "ok",
            "keys and hand-over work; a network that cuts messages may end calls: keep Patter on the same machine or network, or take 20.19, 22.9, 23.3 or later",
        )
    } else {
        ("ok", "all that Patter uses works")
    }
}

pub(super) fn report(report: &mut Report) {
    let printed = Command::new("asterisk").arg("-V").output();
    let found = printed
        .ok()
        .and_then(|out| version(&String::from_utf8_lossy(&out.stdout)));
    match found {
        Some(version) => {
            let (state, text) = advice(version);
            let message = format!("Asterisk {}.{}: {text}", version.0, version.1);
            report.add("asterisk", state, message, None);
        }
        None => report.add(
            "asterisk",
            "note",
            "no Asterisk on this machine; on its own it should be 20.17, 21.12, 22.7, 23.1 or later",
            Some(
                "`asterisk -V` tells; `scripts/asterisk/extensions.conf` is an example dialplan"
                    .into(),
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_asterisk_prints_them() {
        assert_eq!(version("Asterisk 20.9.3\n"), Some((20, 9)));
        assert_eq!(version("Asterisk certified/18.9-cert5"), Some((18, 9)));
        assert_eq!(version("Asterisk 22.4.1~dfsg-1"), Some((22, 4)));
        assert_eq!(version("Asterisk GIT-master"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn each_branch_has_its_own_first_release() {
        for old in [(18, 26), (19, 8), (20, 13), (21, 8), (22, 3)] {
            assert!(advice(old).1.contains("no keys"), "{old:?}");
        }
        for misnamed in [
            (20, 14),
            (20, 16),
            (21, 9),
            (21, 11),
            (22, 4),
            (22, 6),
            (23, 0),
        ] {
            let (state, text) = advice(misnamed);
            assert!(
                state == "note" && text.contains("16 kHz sound 8 kHz"),
                "{misnamed:?}"
            );
        }
        for middle in [(20, 17), (21, 12), (22, 7), (22, 8), (23, 1), (23, 2)] {
            assert!(advice(middle).1.contains("cuts messages"), "{middle:?}");
        }
        for new in [(20, 19), (22, 9), (23, 3), (24, 0)] {
            assert_eq!(advice(new).1, "all that Patter uses works", "{new:?}");
        }
    }
}
