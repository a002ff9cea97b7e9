//! Which thread runs before which, where the system lets a program say so.
//!
//! Thread: each calls [`enter`] for itself, as the first thing that it does. In: its [`Class`]. Out: what the system
//! granted. Memory: the settings. When the system refuses: everything stays as it was, and works. Sound goes before the
//! models (a frame is due every 20 ms, and takes microseconds), the models before what nobody waits for. A thread
//! starts with what the thread had that spawned it, and ggml's workers with what the pass's thread has. Source:
//! sched(7), setpriority(2): on Linux a nice value belongs to a thread.

use std::sync::{Mutex, PoisonError};

use patter_config::PriorityConfig;

/// What a thread is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Sound in and out, voice activity, turns: short work that is due at once.
    Sound,
    /// Passes of models, and what waits for them to speak.
    Model,
    /// What nobody waits for: learning, records, recordings.
    Background,
}

impl Class {
    /// All, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Sound, Self::Model, Self::Background];

    /// What an operator calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Model => "models",
            Self::Background => "background",
        }
    }
}

/// What a thread got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// `SCHED_RR`: before every thread that is not real-time.
    RealTime,
    /// A nice value, from -20 to 19.
    Nice(i32),
    /// The system does not tell.
    Unknown,
}

impl std::fmt::Display for Granted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RealTime => f.write_str("real-time"),
            Self::Nice(nice) => write!(f, "nice {nice}"),
            Self::Unknown => f.write_str("as the system likes"),
        }
    }
}

#[derive(Clone, Default)]
struct Settings {
    config: PriorityConfig,
    /// The nice value that the program was started with; values of the config are added to it. 0 where nobody
    /// configured.
    base: i32,
}

static SETTINGS: Mutex<Option<Settings>> = Mutex::new(None);

/// Sets what [`enter`] asks for, in threads that begin from now on; to be called by the main thread.
pub fn configure(config: &PriorityConfig) {
    *SETTINGS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Settings {
        config: config.clone(),
        base: system::nice().unwrap_or(0),
    });
}

/// Lets all other programs go first: the calling thread has nice 19 from now on.
pub fn stand_back() {
    system::set_nice(19);
}

/// Makes the calling thread one of `class`, as far as the system allows it.
pub fn enter(class: Class) -> Granted {
    let settings = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
    let settings = settings.clone().unwrap_or_default();
    let config = &settings.config;
    if class == Class::Sound && config.real_time_sound && system::real_time() {
        return Granted::RealTime;
    }
    let wanted = match class {
        Class::Sound => config.sound_nice,
        Class::Model => config.models_nice,
        Class::Background => config.background_nice,
    };
    system::set_nice((settings.base + wanted).clamp(-20, 19));
    system::nice().map_or(Granted::Unknown, Granted::Nice)
}

/// What threads of each class get here: tried in threads of their own, which end at once.
pub fn probe() -> Vec<(Class, Granted)> {
    let ask = |class| {
        let thread = std::thread::spawn(move || enter(class));
        (class, thread.join().unwrap_or(Granted::Unknown))
    };
    Class::ALL.into_iter().map(ask).collect()
}

/// What was granted, in words.
pub fn told(granted: &[(Class, Granted)]) -> String {
    let each = granted
        .iter()
        .map(|(class, granted)| format!("{}: {granted}", class.name()));
    each.collect::<Vec<String>>().join(", ")
}

/// Whether threads of sound and of models go before those of other programs.
pub fn is_preferred(granted: &[(Class, Granted)]) -> bool {
    let before = |class: Class| {
        granted.iter().any(|(of, got)| {
            let first = matches!(got, Granted::RealTime) || matches!(got, Granted::Nice(..0));
            *of == class && first
        })
    };
    before(Class::Sound) && before(Class::Model)
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::process::{Resource, getpriority_process, getrlimit, setpriority_process};
    use thread_priority::unix::{set_thread_priority_and_policy, thread_native_id};
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    };

    /// Among real-time threads a low one: those of drivers and of the sound server go before ours.
    const REAL_TIME_PRIORITY: u8 = 10;

    pub(super) fn real_time() -> bool {
        let Ok(value) = ThreadPriorityValue::try_from(REAL_TIME_PRIORITY) else {
            return false;
        };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let priority = ThreadPriority::Crossplatform(value);
        set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok()
    }

    pub(super) fn nice() -> Option<i32> {
        getpriority_process(None).ok()
    }

    /// As near to `wanted` as the system allows.
    pub(super) fn set_nice(wanted: i32) {
        if setpriority_process(None, wanted).is_ok() {
            return;
        }
        // RLIMIT_NICE of 25 allows nice values from 20 - 25 = -5 on.
        let limit = getrlimit(Resource::Nice).current.unwrap_or(40).min(40) as i32;
        let lowest = (20 - limit).max(wanted);
        if nice().is_some_and(|now| lowest < now) {
            let _ = setpriority_process(None, lowest);
        }
    }
}

/// Elsewhere a nice value belongs to the whole program, and threads are left as they are.
#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn real_time() -> bool {
        false
    }

    pub(super) fn nice() -> Option<i32> {
        None
    }

    pub(super) fn set_nice(_: i32) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_background_stands_behind_the_models_whoever_starts_the_program() {
        let granted = probe();
        let nice_of = |class: Class| {
            let found = granted.iter().find(|(of, _)| *of == class);
            match found.map(|(_, got)| *got) {
                Some(Granted::RealTime) => -100,
                Some(Granted::Nice(nice)) => nice,
                _ => 0,
            }
        };
        let all = Class::ALL.map(nice_of);
        assert!(all.is_sorted(), "{granted:?}");
        if system::nice().is_some_and(|nice| nice < 19) {
            assert!(all[2] > all[1], "{granted:?}");
        }
    }

    #[test]
    fn a_thread_that_enters_a_class_leaves_the_others_alone() {
        let before = system::nice();
        probe();
        assert_eq!(system::nice(), before);
    }

    #[test]
    fn preferred_is_who_has_both_sound_and_models_first() {
        use Granted::{Nice, RealTime};
        let all = |sound, models| [(Class::Sound, sound), (Class::Model, models)];
        assert!(is_preferred(&all(RealTime, Nice(-5))));
        assert!(is_preferred(&all(Nice(-11), Nice(-5))));
        assert!(!is_preferred(&all(RealTime, Nice(0))));
        assert!(!is_preferred(&all(Nice(0), Nice(0))));
        assert!(!is_preferred(&[]));
    }
}
