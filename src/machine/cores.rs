//! The models share few cores: a fair budget of threads.
//!
//! Thread: `transcriber` and `llm`, around each pass of a model. In: how many threads a pass uses. Out: a permit, held
//! while it runs, which says how many it gets. Memory: a counter. When full: waits, first come first served, but work
//! that somebody waits for goes before speculative work. How much of the cores' time is taken can be read at any
//! moment, without a lock.
//!
//! A pass gets as many threads as it asks for. With [`Cores::share_with_neighbours`], as a call in real time wants it,
//! it gets fewer where cores are short: no more than neighbours leave, and its fair part where other passes wait. On
//! two cores one thread beside a busy neighbour is faster than two that wait for each other, and two passes of one
//! thread are more than one after the other of two. Replays and measurements do without: the number of threads changes
//! the last bits of a result.

use patter_types::priority::Priority;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::contention::Watch;
use patter_types::load::Shares;

/// How often waiting work is asked whether it has become urgent.
const HURRY: Duration = Duration::from_millis(5);

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Cores {
    shared: Arc<Shared>,
}

/// What was long ago counts less for how busy the cores are, by this time constant.
const MEMORY_S: f32 = 4.0;

/// The share of the cores' time that was taken lately: an exponential mean, up to this moment. Written under the
/// budget's lock, read without it.
struct Meter {
    began: Instant,
    /// The mean and the share that is taken since (each as 16 bits), and since when, in ms after `began`.
    packed: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            packed: AtomicU64::new(0),
        }
    }

    fn mean_at(&self, at_ms: u32) -> f32 {
        let packed = self.packed.load(Ordering::Relaxed);
        let share = |bits: u64| (bits & 0xffff) as f32 / 65_535.0;
        let (mean, taken, since_ms) = (share(packed >> 48), share(packed >> 32), packed as u32);
        let passed_s = at_ms.wrapping_sub(since_ms) as f32 / 1_000.0;
        let kept = (-passed_s / MEMORY_S).exp();
        mean * kept + taken * (1.0 - kept)
    }

    /// From now on this share is taken, from 0 to 1.
    fn take(&self, share: f32, at_ms: u32) {
        let bits = |share: f32| (share.clamp(0.0, 1.0) * 65_535.0).round() as u64;
        let packed = bits(self.mean_at(at_ms)) << 48 | bits(share) << 32 | u64::from(at_ms);
        self.packed.store(packed, Ordering::Relaxed);
    }

    fn now_ms(&self) -> u32 {
        self.began.elapsed().as_millis() as u32
    }
}

struct Shared {
    total: u32,
    meter: Meter,
    state: Mutex<State>,
    changed: Condvar,
    neighbours: OnceLock<Watch>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, state: &State) {
        let taken = (self.total - state.free) as f32 / self.total as f32;
        self.meter.take(taken, self.meter.now_ms());
    }

    /// Threads for a pass that asks for `wanted`, where `others` wait too.
    fn part_of(&self, wanted: u32, others: usize) -> u32 {
        let Some(watch) = self.neighbours.get() else {
            return wanted;
        };
        threads_for(wanted, self.total, watch.shares().by_others(), others)
    }
}

/// Threads for a pass that asks for `wanted` on a machine of `total` cores, of which others take the share `by_others`,
/// and where `waiting` other passes wait.
fn threads_for(wanted: u32, total: u32, by_others: f32, waiting: usize) -> u32 {
    let left = (total as f32 * (1.0 - by_others)).round() as u32;
    let part = left / u32::try_from(waiting + 1).unwrap_or(u32::MAX);
    wanted.min(part).max(1)
}

struct State {
    free: u32,
    tickets: u64,
    /// Waiting tickets: of [`Priority::Interactive`], and of [`Priority::Speculative`].
    waiting: [VecDeque<u64>; 2],
}

impl State {
    fn first(&self) -> Option<u64> {
        self.waiting.iter().find_map(|queue| queue.front().copied())
    }
}

/// Tells the models' library how many threads the passes may have that the calling thread begins; 0 for no limit.
static LIMIT: OnceLock<fn(u32)> = OnceLock::new();

/// Has `limit` called with the number of threads whenever a thread gets a permit, and with 0 when that ends: for a
/// library whose number of threads is not asked for anew at each pass. The first one stays.
pub fn limit_passes_by(limit: fn(u32)) {
    LIMIT.get_or_init(|| limit);
}

fn limit_passes(threads: u32) {
    if let Some(limit) = LIMIT.get() {
        limit(threads);
    }
}

/// The right of the thread that took it to run some threads; given back when dropped.
pub struct Permit {
    shared: Arc<Shared>,
    threads: u32,
}

impl Permit {
    /// How many: as many as were asked for, or fewer.
    pub fn threads(&self) -> u32 {
        self.threads
    }
}

impl Cores {
    /// A budget of `total` threads, at least one.
    pub fn new(total: u32) -> Self {
        let total = total.max(1);
        Self {
            shared: Arc::new(Shared {
                total,
                meter: Meter::new(),
                state: Mutex::new(State {
                    free: total,
                    tickets: 0,
                    waiting: Default::default(),
                }),
                changed: Condvar::new(),
                neighbours: OnceLock::new(),
            }),
        }
    }

    /// This machine's cores.
    pub fn of_machine() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, |n| n.get() as u32))
    }

    /// How many threads may run.
    pub fn total(&self) -> u32 {
        self.shared.total
    }

    /// From now on passes get fewer threads than they ask for where neighbours or other passes need the cores.
    pub fn share_with_neighbours(&self) {
        self.shared.neighbours.get_or_init(Watch::start);
    }

    /// Who had the processor's time in the last half second; None before [`Cores::share_with_neighbours`].
    pub fn shares(&self) -> Option<Shares> {
        self.shared.neighbours.get().map(Watch::shares)
    }

    /// Share of the cores' time that was taken in the last seconds, from 0 to 1, by passes that ended and by those that
    /// run.
    pub fn busy(&self) -> f32 {
        let meter = &self.shared.meter;
        meter.mean_at(meter.now_ms())
    }

    /// Waits for `threads` cores; more than there are count as all. The pass is to run on the thread that asks.
    pub fn take(&self, threads: u32, priority: Priority) -> Permit {
        self.take_or_hurry(threads, priority, || false)
    }

    /// [`Cores::take`], for work whose priority may grow while it waits: `hurry` is asked every few ms.
    pub fn take_or_hurry(
        &self,
        threads: u32,
        priority: Priority,
        hurry: impl Fn() -> bool,
    ) -> Permit {
        let wanted = threads.clamp(1, self.shared.total);
        let mut state = self.shared.state();
        let ticket = state.tickets;
        state.tickets += 1;
        let mut queue = priority as usize;
        state.waiting[queue].push_back(ticket);
        let threads = loop {
            // Who waits with less right does not count.
            let others = state.waiting[..=queue].iter().map(VecDeque::len);
            let others = others.sum::<usize>().saturating_sub(1);
            let threads = self.shared.part_of(wanted, others);
            if state.first() == Some(ticket) && state.free >= threads {
                break threads;
            }
            let speculative = Priority::Speculative as usize;
            if queue == speculative && hurry() {
                queue = Priority::Interactive as usize;
                state.waiting[speculative].retain(|other| *other != ticket);
                state.waiting[queue].push_back(ticket);
                continue;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, HURRY)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        };
        state.waiting[queue].pop_front();
        state.free -= threads;
        self.shared.note(&state);
        drop(state);
        self.shared.changed.notify_all();
        limit_passes(threads);
        Permit {
            shared: Arc::clone(&self.shared),
            threads,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.free += self.threads;
        self.shared.note(&state);
        drop(state);
        self.shared.changed.notify_all();
        limit_passes(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn no_more_threads_run_than_there_are_cores_and_nobody_starves() {
        let cores = Cores::new(3);
        let (running, most) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for worker in 0..6u32 {
                let (cores, running, most) = (&cores, &running, &most);
                scope.spawn(move || {
                    let threads = worker % 3 + 1;
                    for _ in 0..200 {
                        let _permit = cores.take(threads, Priority::Interactive);
                        most.fetch_max(
                            running.fetch_add(threads, Ordering::AcqRel) + threads,
                            Ordering::AcqRel,
                        );
                        running.fetch_sub(threads, Ordering::AcqRel);
                    }
                });
            }
        });
        assert!(most.load(Ordering::Acquire) <= 3);
    }

    #[test]
    fn the_share_of_taken_time_is_met_and_forgotten() {
        let meter = Meter::new();
        // Half of the time, in passes of 100 ms.
        for pass in 0..200 {
            meter.take(1.0, pass * 200);
            meter.take(0.0, pass * 200 + 100);
        }
        let end = 199 * 200 + 100;
        let half = meter.mean_at(end);
        assert!((0.48..0.53).contains(&half), "{half}");
        assert!(meter.mean_at(end + 4_000) < half * 0.4);
        assert!(meter.mean_at(end + 60_000) < 0.001);
    }

    #[test]
    fn a_pass_that_does_not_end_counts_while_it_runs() {
        let meter = Meter::new();
        meter.take(0.5, 1_000);
        let means = [1_000, 3_000, 9_000, 60_000].map(|at| meter.mean_at(at));
        assert!(means.is_sorted() && means[0] == 0.0, "{means:?}");
        assert!((0.18..0.22).contains(&means[1]), "{means:?}");
        assert!((0.49..0.51).contains(&means[3]), "{means:?}");
    }

    #[test]
    fn a_permit_counts_by_its_share_of_the_cores() {
        let cores = Cores::new(4);
        assert_eq!(cores.busy(), 0.0);
        let permit = cores.take(2, Priority::Interactive);
        assert_eq!(permit.threads(), 2);
        std::thread::sleep(Duration::from_millis(40));
        assert!((0.004..0.5).contains(&cores.busy()));
        drop(permit);
        let busy = cores.busy();
        assert!((0.004..0.5).contains(&busy), "{busy}");
    }

    #[test]
    fn a_pass_gets_what_neighbours_and_other_passes_leave() {
        // Two cores: quiet, two light neighbours, one endless loop, two.
        let two = [0.0, 0.1, 0.2, 0.5, 1.0].map(|others| threads_for(2, 2, others, 0));
        assert_eq!(two, [2, 2, 2, 1, 1]);
        // Eight cores, of which two are taken; one, two and nine passes wait besides.
        let eight = [0, 1, 2, 9].map(|waiting| threads_for(4, 8, 0.25, waiting));
        assert_eq!(eight, [4, 3, 2, 1]);
        assert_eq!(threads_for(1, 64, 0.0, 0), 1, "never more than asked for");
    }

    #[test]
    fn without_neighbours_to_share_with_every_pass_gets_what_it_asks_for() {
        let cores = Cores::new(2);
        let held = cores.take(2, Priority::Interactive);
        std::thread::scope(|scope| {
            let ask = || cores.take(2, Priority::Interactive).threads();
            let waiters = [scope.spawn(ask), scope.spawn(ask)];
            while waiting(&held) < 2 {
                std::thread::yield_now();
            }
            drop(held);
            assert_eq!(waiters.map(|waiter| waiter.join().unwrap()), [2, 2]);
        });
        assert_eq!(cores.shares(), None);
    }

    #[test]
    fn passes_that_wait_for_each_other_run_side_by_side() {
        let cores = Cores::new(2);
        cores.share_with_neighbours();
        let held = cores.take(2, Priority::Interactive);
        let both = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                let permit = cores.take(2, Priority::Interactive);
                // The other one gets its permit while this one is held.
                both.wait();
                permit.threads()
            });
            while waiting(&held) < 1 {
                std::thread::yield_now();
            }
            let second = scope.spawn(|| {
                let permit = cores.take(1, Priority::Interactive);
                both.wait();
                permit.threads()
            });
            while waiting(&held) < 2 {
                std::thread::yield_now();
            }
            drop(held);
            assert_eq!([first.join().unwrap(), second.join().unwrap()], [1, 1]);
        });
    }

    #[test]
    fn who_asks_first_is_served_first_and_speculative_work_last() {
        let cores = Cores::new(1);
        let held = cores.take(1, Priority::Interactive);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (cores, sender) = (cores.clone(), sender.clone());
                let priority = if number == 0 {
                    Priority::Speculative
                } else {
                    Priority::Interactive
                };
                scope.spawn(move || {
                    let _permit = cores.take(99, priority);
                    let _ = sender.send(number);
                });
                // Each must have taken its ticket before the next one comes.
                while waiting(&held) < number + 1 {
                    std::thread::yield_now();
                }
            }
            drop(held);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<_>>(), [1, 2, 3, 0]);
    }

    #[test]
    fn work_that_becomes_urgent_overtakes_the_rest() {
        let cores = Cores::new(1);
        let held = cores.take(1, Priority::Interactive);
        let urgent = std::sync::atomic::AtomicBool::new(false);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..2 {
                let (cores, sender, urgent) = (cores.clone(), sender.clone(), &urgent);
                scope.spawn(move || {
                    let hurry = || number == 1 && urgent.load(Ordering::Acquire);
                    let _permit = cores.take_or_hurry(1, Priority::Speculative, hurry);
                    let _ = sender.send(number);
                });
                while waiting(&held) < number + 1 {
                    std::thread::yield_now();
                }
            }
            urgent.store(true, Ordering::Release);
            while held.shared.state.lock().unwrap().waiting[0].is_empty() {
                std::thread::yield_now();
            }
            drop(held);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<_>>(), [1, 0]);
    }

    fn waiting(permit: &Permit) -> usize {
        let state = permit.shared.state.lock().unwrap();
        state.waiting.iter().map(VecDeque::len).sum()
    }
}
