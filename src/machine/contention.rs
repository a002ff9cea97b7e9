//! Who has the processor's time: this program, its neighbours, or a hypervisor that keeps it back.
//!
//! Thread: `machine`, one for a server ([`Watch`]); whoever wants two readings for itself takes them ([`Reading`]). In:
//! the system's counters. Out: [`Shares`] of the time of all cores. Memory: a few numbers. When late: the shares are
//! those of a longer time. Where the system tells nothing (all but Linux), there are none. Source: proc(5),
//! `/proc/stat`; the kernel's "PSI - Pressure Stall Information" and "Control Group v2", `cpu.stat`.

use patter_types::load::Shares;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender};

/// Time between two readings: counters go in steps of 10 ms.
const EVERY: Duration = Duration::from_millis(500);
/// And before the first: a rough one is there at once.
const FIRST: Duration = Duration::from_millis(100);

/// The system's counters at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    at: Instant,
    machine: Machine,
    own_s: f64,
    pressure: f32,
    throttled_s: f64,
}

/// Seconds since the start, of all cores together.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Machine {
    busy_s: f64,
    polite_s: f64,
    stolen_s: f64,
    total_s: f64,
}

impl Reading {
    /// Reads them; None where the system tells nothing.
    pub fn now() -> Option<Self> {
        let read = |path: &str| std::fs::read_to_string(path).ok();
        Some(Self {
            at: Instant::now(),
            machine: machine(&read("/proc/stat")?)?,
            own_s: own_s()?,
            pressure: read("/proc/pressure/cpu").map_or(0.0, |text| pressure(&text)),
            throttled_s: read("/proc/self/cgroup")
                .and_then(|groups| read(&statistics_of(&groups)?))
                .map_or(0.0, |text| throttled_s(&text)),
        })
    }

    /// What happened since `before`.
    pub fn since(&self, before: &Self) -> Shares {
        let total_s = self.machine.total_s - before.machine.total_s;
        let wall_s = (self.at - before.at).as_secs_f64();
        let part = |s: f64, of_s: f64| {
            if of_s > 0.0 {
                (s / of_s).clamp(0.0, 1.0) as f32
            } else {
                0.0
            }
        };
        let own_s = self.own_s - before.own_s;
        let busy_s = self.machine.busy_s - before.machine.busy_s;
        Shares {
            own: part(own_s, total_s),
            neighbours: part(busy_s - own_s, total_s),
            polite: part(self.machine.polite_s - before.machine.polite_s, total_s),
            stolen: part(self.machine.stolen_s - before.machine.stolen_s, total_s),
            pressure: self.pressure,
            throttled: part(self.throttled_s - before.throttled_s, wall_s),
        }
    }
}

/// Linux counts in hundredths of a second for programs, whatever the kernel's own tick.
const TICKS_PER_S: f64 = 100.0;

/// The first line of `/proc/stat`: `cpu user nice system idle iowait irq softirq steal guest guest_nice`; guests' time
/// is within user's and nice's.
fn machine(stat: &str) -> Option<Machine> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<f64> = fields
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    let [user, nice, system, idle, waiting, hard, soft, stolen, ..] = fields[..] else {
        return None;
    };
    let busy = user + system + hard + soft;
    Some(Machine {
        busy_s: busy / TICKS_PER_S,
        polite_s: nice / TICKS_PER_S,
        stolen_s: stolen / TICKS_PER_S,
        total_s: (busy + nice + idle + waiting + stolen) / TICKS_PER_S,
    })
}

/// `some avg10=12.34 …`, in percent.
fn pressure(text: &str) -> f32 {
    let value = text
        .split_whitespace()
        .find_map(|word| word.strip_prefix("avg10="));
    value
        .and_then(|value| value.parse::<f32>().ok())
        .map_or(0.0, |percent| (percent / 100.0).clamp(0.0, 1.0))
}

/// Where the program's control group has its figures, by `/proc/self/cgroup`, whose line of version 2 is `0::/path`.
fn statistics_of(groups: &str) -> Option<String> {
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let path = path.trim_end_matches('/');
    (!path.contains("..")).then(|| format!("/sys/fs/cgroup{path}/cpu.stat"))
}

/// `throttled_usec 123`.
fn throttled_s(text: &str) -> f64 {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("throttled_usec "));
    value
        .and_then(|value| value.trim().parse::<f64>().ok())
        .map_or(0.0, |us| us / 1e6)
}

/// Processor time of this program, all threads, in s.
#[cfg(target_os = "linux")]
fn own_s() -> Option<f64> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9)
}

#[cfg(not(target_os = "linux"))]
fn own_s() -> Option<f64> {
    None
}

/// The shares of the last half second, read again and again. Dropping it ends its thread.
pub struct Watch {
    shared: Arc<Shared>,
    /// Nothing is sent: the thread ends when this is dropped.
    _wanted: Sender<()>,
}

/// Read by threads of sound: no lock.
#[derive(Default)]
struct Shared {
    /// Four shares of 16 bits: own, neighbours, polite, stolen.
    taken: AtomicU64,
    /// Two: pressure, throttled.
    held_up: AtomicU64,
}

impl Shared {
    fn store(&self, shares: &Shares) {
        let pack = |all: &[f32]| {
            let bits = |share: &f32| (share.clamp(0.0, 1.0) * 65_535.0).round() as u64;
            all.iter()
                .fold(0, |packed, share| packed << 16 | bits(share))
        };
        let taken = [shares.own, shares.neighbours, shares.polite, shares.stolen];
        self.taken.store(pack(&taken), Ordering::Relaxed);
        let held_up = pack(&[shares.pressure, shares.throttled]);
        self.held_up.store(held_up, Ordering::Relaxed);
    }

    fn load(&self) -> Shares {
        let taken = self.taken.load(Ordering::Relaxed);
        let held_up = self.held_up.load(Ordering::Relaxed);
        let share = |packed: u64, place: u32| (packed >> (16 * place) & 0xffff) as f32 / 65_535.0;
        Shares {
            own: share(taken, 3),
            neighbours: share(taken, 2),
            polite: share(taken, 1),
            stolen: share(taken, 0),
            pressure: share(held_up, 1),
            throttled: share(held_up, 0),
        }
    }
}

impl Watch {
    /// Begins to watch. Where the system tells nothing or has no thread left, all shares stay 0.
    pub fn start() -> Self {
        let (wanted, over) = crossbeam_channel::bounded(0);
        let watch = Self {
            shared: Arc::default(),
            _wanted: wanted,
        };
        let shared = Arc::clone(&watch.shared);
        if let Some(mut before) = Reading::now() {
            let run = move || {
                let mut every = FIRST;
                while over.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                    let Some(now) = Reading::now() else { return };
                    shared.store(&now.since(&before));
                    before = now;
                    every = EVERY;
                }
            };
            let thread = std::thread::Builder::new().name("machine".into());
            if let Err(error) = thread.spawn(run) {
                crate::log::warn(&format!("neighbours cannot be watched: {error}"));
            }
        }
        watch
    }

    /// The shares of the last half second.
    pub fn shares(&self) -> Shares {
        self.shared.load()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(stat: &str, own_s: f64, after_s: u64) -> Reading {
        static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        Reading {
            at: *BEGAN.get_or_init(Instant::now) + Duration::from_secs(after_s),
            machine: machine(stat).unwrap(),
            own_s,
            pressure: pressure(
                "some avg10=25.00 avg60=1.00 avg300=0.00 total=7\nfull avg10=9.00 avg60=0.00 avg300=0.00 total=0\n",
            ),
            throttled_s: throttled_s("usage_usec 9\nthrottled_usec 500000\n") * after_s as f64,
        }
    }

    #[test]
    fn own_time_neighbours_and_the_hypervisor_are_told_apart() {
        // Two cores, one second: 200 ticks, of which 90 busy (50 of them ours), 30 of who stands back, 20 stolen, 60
        // idle or waiting for a disk.
        let before = reading("cpu  1000 0 500 4000 0 0 0 100 0 0\ncpu0 1 2 3 4\n", 3.0, 0);
        let after = reading("cpu  1060 30 520 4050 10 5 5 120 0 0\n", 3.5, 1);
        let shares = after.since(&before);
        let percent = |share: f32| (share * 100.0).round() as i32;
        assert_eq!(percent(shares.own), 25);
        assert_eq!(percent(shares.neighbours), 20);
        assert_eq!(percent(shares.polite), 15);
        assert_eq!(percent(shares.stolen), 10);
        assert_eq!(percent(shares.pressure), 25);
        assert_eq!(percent(shares.throttled), 50);
        assert_eq!(percent(shares.by_others()), 50, "the quota is the tightest");
        let taken = |neighbours| Shares {
            neighbours,
            ..Shares::default()
        };
        let contended = [0.2, 0.3, 0.2, 0.05, 0.2].map({
            let mut was = false;
            move |share| {
                was = taken(share).is_contended(was);
                was
            }
        });
        assert_eq!(contended, [false, true, true, false, false]);
        assert_eq!(
            shares.to_string(),
            "of the cores' time this program took 25 %, other programs 20 % and 15 % that stand back, \
             the hypervisor 10 %, its quota held it up 50 %"
        );
    }

    #[test]
    fn no_time_between_two_readings_is_no_share_of_anything() {
        let same = reading("cpu  1 2 3 4 5 6 7 8 9 10\n", 1.0, 5);
        let shares = same.since(&same);
        assert_eq!(
            (shares.own, shares.neighbours, shares.stolen),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn what_is_no_statistic_is_none() {
        for text in [
            "",
            "cpu",
            "cpu  1 2 3",
            "cpu  a b c d e f g h",
            "intr 1 2 3 4 5 6 7 8",
        ] {
            assert_eq!(machine(text), None, "{text}");
        }
        let place = |groups| statistics_of(groups).unwrap_or_default();
        let service = "1:name=systemd:/\n0::/system.slice/patter.service\n";
        assert_eq!(
            place(service),
            "/sys/fs/cgroup/system.slice/patter.service/cpu.stat"
        );
        assert_eq!(place("0::/\n"), "/sys/fs/cgroup/cpu.stat");
        assert_eq!(place("3:cpu:/\n"), "", "version 1 is not read");
        assert_eq!(pressure("some avg10=x"), 0.0);
        assert_eq!(throttled_s("nr_throttled 3\n"), 0.0);
    }

    #[test]
    fn shares_are_read_as_they_were_stored() {
        let shares = Shares {
            own: 0.0,
            neighbours: 1.0,
            polite: 0.25,
            stolen: 0.5,
            pressure: 0.75,
            throttled: 1.0,
        };
        let shared = Shared::default();
        assert_eq!(shared.load(), Shares::default());
        shared.store(&shares);
        let read = shared.load();
        let all = |s: &Shares| {
            [
                s.own,
                s.neighbours,
                s.polite,
                s.stolen,
                s.pressure,
                s.throttled,
            ]
        };
        for (stored, read) in all(&shares).into_iter().zip(all(&read)) {
            assert!((stored - read).abs() < 1e-4, "{read:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_of_this_program_is_its_own() {
        let before = Reading::now().unwrap();
        let until = Instant::now() + Duration::from_millis(300);
        let mut sum = 0u64;
        while Instant::now() < until {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let shares = Reading::now().unwrap().since(&before);
        assert!(shares.own > 0.0, "{shares:?}");
        assert!(shares.own + shares.neighbours <= 1.2, "{shares:?}");
    }
}
