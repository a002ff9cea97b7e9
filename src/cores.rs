//! The models share few cores: a fair budget of threads.
//!
//! Thread: `hear` and `llm`, around each pass of a model. In: how many threads a pass uses. Out: a permit, held while it runs. Memory: a counter. When
//! full: waits, first come first served, but work that somebody waits for goes before work done ahead. ggml's threads spin at barriers: with more of them
//! than cores a short pass takes ten times as long, so two models must not run at once unless the cores suffice for both. How much of the cores' time
//! is taken can be read at any moment, without a lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Who waits for a pass of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A caller.
    Now,
    /// Nobody yet: it may turn out to be of no use.
    Ahead,
}

/// How often waiting work is asked whether it has become urgent.
const HURRY: Duration = Duration::from_millis(5);

/// The budget. Clones share it.
#[derive(Clone)]
pub struct Cores {
    shared: Arc<Shared>,
}

/// What was long ago counts less for how busy the cores are, by this time constant.
const MEMORY_S: f32 = 4.0;

/// The share of the cores' time that was taken lately: an exponential mean. Written under the budget's lock, read without it.
struct Meter {
    began: Instant,
    /// The share's bits, and when it was that, in ms since `began`.
    packed: AtomicU64,
}

impl Meter {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            packed: AtomicU64::new(0),
        }
    }

    fn share_at(&self, at_ms: u32) -> f32 {
        let packed = self.packed.load(Ordering::Relaxed);
        let (share, then_ms) = (f32::from_bits((packed >> 32) as u32), packed as u32);
        let passed_s = at_ms.wrapping_sub(then_ms) as f32 / 1_000.0;
        share * (-passed_s / MEMORY_S).exp()
    }

    /// `taken_s` of the time of all cores has just been taken.
    fn add(&self, taken_s: f32, at_ms: u32) {
        let share = self.share_at(at_ms) + taken_s / MEMORY_S;
        let packed = u64::from(share.min(1.0).to_bits()) << 32 | u64::from(at_ms);
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
}

struct State {
    free: u32,
    tickets: u64,
    /// Waiting tickets: of [`Urgency::Now`], and of [`Urgency::Ahead`].
    waiting: [VecDeque<u64>; 2],
}

impl State {
    fn first(&self) -> Option<u64> {
        self.waiting.iter().find_map(|queue| queue.front().copied())
    }
}

/// The right to run some threads; given back when dropped.
pub struct Permit {
    shared: Arc<Shared>,
    threads: u32,
    since: Instant,
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

    /// Share of the cores' time that was taken in the last seconds, from 0 to 1; what runs now counts when it is over.
    pub fn busy(&self) -> f32 {
        let meter = &self.shared.meter;
        meter.share_at(meter.now_ms())
    }

    /// Waits for `threads` cores; more than there are count as all.
    pub fn take(&self, threads: u32, urgency: Urgency) -> Permit {
        self.take_or_hurry(threads, urgency, || false)
    }

    /// [`Cores::take`], for work whose urgency may grow while it waits: `hurry` is asked every few ms.
    pub fn take_or_hurry(
        &self,
        threads: u32,
        urgency: Urgency,
        hurry: impl Fn() -> bool,
    ) -> Permit {
        let threads = threads.clamp(1, self.shared.total);
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ticket = state.tickets;
        state.tickets += 1;
        let mut queue = urgency as usize;
        state.waiting[queue].push_back(ticket);
        while state.first() != Some(ticket) || state.free < threads {
            let ahead = Urgency::Ahead as usize;
            if queue == ahead && hurry() {
                queue = Urgency::Now as usize;
                state.waiting[ahead].retain(|other| *other != ticket);
                state.waiting[queue].push_back(ticket);
                continue;
            }
            state = self
                .shared
                .changed
                .wait_timeout(state, HURRY)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.waiting[queue].pop_front();
        state.free -= threads;
        drop(state);
        self.shared.changed.notify_all();
        Permit {
            shared: Arc::clone(&self.shared),
            threads,
            since: Instant::now(),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        state.free += self.threads;
        let share = self.threads as f32 / self.shared.total as f32;
        let meter = &self.shared.meter;
        meter.add(self.since.elapsed().as_secs_f32() * share, meter.now_ms());
        drop(state);
        self.shared.changed.notify_all();
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
                        let _permit = cores.take(threads, Urgency::Now);
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
            meter.add(0.1, pass * 200);
        }
        let half = meter.share_at(199 * 200);
        assert!((0.48..0.53).contains(&half), "{half}");
        assert!(meter.share_at(199 * 200 + 4_000) < half * 0.4);
        assert!(meter.share_at(199 * 200 + 60_000) < 0.001);
        for pass in 0..200 {
            meter.add(0.1, 100_000 + pass * 90);
        }
        assert!(meter.share_at(100_000 + 199 * 90) <= 1.0);
    }

    #[test]
    fn a_permit_counts_by_its_share_of_the_cores() {
        let cores = Cores::new(4);
        assert_eq!(cores.busy(), 0.0);
        let permit = cores.take(2, Urgency::Now);
        std::thread::sleep(Duration::from_millis(40));
        drop(permit);
        let busy = cores.busy();
        assert!((0.004..0.1).contains(&busy), "{busy}");
    }

    #[test]
    fn who_asks_first_is_served_first_and_work_ahead_last() {
        let cores = Cores::new(1);
        let held = cores.take(1, Urgency::Now);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (cores, sender) = (cores.clone(), sender.clone());
                let urgency = if number == 0 {
                    Urgency::Ahead
                } else {
                    Urgency::Now
                };
                scope.spawn(move || {
                    let _permit = cores.take(99, urgency);
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
        let held = cores.take(1, Urgency::Now);
        let urgent = std::sync::atomic::AtomicBool::new(false);
        let (sender, order) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            for number in 0..2 {
                let (cores, sender, urgent) = (cores.clone(), sender.clone(), &urgent);
                scope.spawn(move || {
                    let hurry = || number == 1 && urgent.load(Ordering::Acquire);
                    let _permit = cores.take_or_hurry(1, Urgency::Ahead, hurry);
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
