//! No connection but those that the config names: a whole call where there is no network.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{one_at_a_time, root};

/// Runs a script of `sh` in a network namespace of its own, which has loopback only; None where this user may make
/// none.
fn without_network(script: &str) -> Option<Output> {
    let run = |script: &str| {
        Command::new("unshare")
            .args(["--map-root-user", "--net", "bash", "-c", script])
            .env("PATTER", env!("CARGO_BIN_EXE_patter"))
            .current_dir(root())
            .output()
    };
    let may = run("ip link set lo up").is_ok_and(|out| out.status.success());
    may.then(|| run(&format!("ip link set lo up\n{script}")).unwrap())
}

/// Packets and connections for which the kernel had no way, IPv4 and IPv6 together.
const COUNT_LOST: &str = r#"
lost=$(awk '/^Ip:/ && !head {split($0, names); head = 1; next} /^Ip:/ {for (i in names) if (names[i] == "OutNoRoutes") print $i}' /proc/net/snmp)
lost6=$(awk '/^Ip6OutNoRoutes/ {print $2}' /proc/net/snmp6)
echo "lost $((lost + lost6))" >&2
"#;

fn lost(out: &Output) -> u32 {
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = told.lines().find_map(|line| line.strip_prefix("lost "));
    line.unwrap_or_else(|| panic!("{told}")).parse().unwrap()
}

#[test]
fn a_whole_call_wants_no_network() {
    let _turn = one_at_a_time();
    let Some(tried) = without_network(&format!("echo > /dev/tcp/192.0.2.1/80 || true{COUNT_LOST}"))
    else {
        eprintln!("not tested: this user may make no network namespace");
        return;
    };
    assert_eq!(lost(&tried), 1, "whoever tries is counted");
    let call = "\"$PATTER\" bench serve --calls 1 --seconds 25 --json";
    let out = without_network(&format!("{call}{COUNT_LOST}")).unwrap();
    assert_eq!(lost(&out), 0, "something was looked for outside");
    let told: Value = serde_json::from_slice(&out.stdout).unwrap();
    let round = &told["steps"][0];
    assert_eq!(round["lost"], 0, "{told}");
    assert!(round["answer_ms"]["n"].as_u64() > Some(0), "{told}");
}
