//! Who gets in: which call a connection is, what is known of it, and whether there is a place for it.
//!
//! Thread: the call's own `socket-in`. In: a fresh connection. Out: a [`Welcome`], or a hang-up that is counted and
//! told of. Memory: a few hundred bytes a connection. When late: a connection that says nothing for [`HELLO_TIMEOUT`]
//! is no call. When full: refused, with an event; of those that say nothing, the one that has done so longest. Source:
//! Asterisk's res_audiosocket.c, which sends the UUID first.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::Refused;
use super::codec::{self, Decoder, Message};
use super::connection::would_block;
use super::server::{ServerOptions, State};
use crate::session::call_id;
use patter_call::{CallContext, Engines};
use patter_types::event::{Event, Stamped};

/// Whoever is no caller waits so long for the hang-up: a client that tries again and again takes less of the machine.
const UNWELCOME: Duration = Duration::from_secs(1);
/// So many refusals are told of one by one in each stretch of time; the others are counted.
const TELL_MOST: u32 = 5;
const TELL_EVERY: Duration = Duration::from_secs(10);
/// The first message must have come by then.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);
/// The socket is looked at this often when nothing comes.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// A peer that takes nothing for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Connections that have not said yet which call they are.
const MAX_STRANGERS: usize = 256;
/// So many that are unwelcome wait at once; more are hung up on at once.
const MAX_UNWELCOME: u32 = 64;

/// The connections that have not said yet which call they are. A call says so in the moment that it comes: where there
/// are too many, the one that has been silent longest goes, and a call gets in through any number of them.
#[derive(Default)]
pub(super) struct Strangers {
    waiting: Mutex<VecDeque<Weak<AtomicBool>>>,
    unwelcome: AtomicU32,
}

/// One of [`Strangers`] until it is dropped.
pub(super) struct Stranger(Arc<AtomicBool>);

impl Strangers {
    /// One more; the one that has waited longest may have to go for it.
    pub(super) fn come(&self) -> Stranger {
        let goes = Arc::new(AtomicBool::new(false));
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MAX_STRANGERS {
            waiting.retain(|stranger| stranger.strong_count() > 0);
        }
        if waiting.len() >= MAX_STRANGERS
            && let Some(longest) = waiting.pop_front().and_then(|stranger| stranger.upgrade())
        {
            longest.store(true, Ordering::Release);
        }
        waiting.push_back(Arc::downgrade(&goes));
        Stranger(goes)
    }
}

impl Stranger {
    fn has_to_go(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A connection that is a call.
pub(super) struct Welcome {
    pub uuid: [u8; 16],
    pub context: CallContext,
    pub place: Place,
    pub stream: TcpStream,
    pub decoder: Decoder,
}

/// A call's place.
pub(super) struct Place(Arc<State>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

impl State {
    /// A place among `most`, until it is dropped.
    fn place(self: &Arc<Self>, most: u32) -> Option<Place> {
        let one_more = |active: u32| (active < most).then_some(active + 1);
        self.active
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()?;
        Some(Place(Arc::clone(self)))
    }

    pub(super) fn refuse(
        &self,
        stream: TcpStream,
        options: &ServerOptions,
        reason: Refused,
        why: &str,
    ) {
        self.count_refused(options, reason, why);
        hang_up(stream);
    }

    /// [`State::refuse`], after [`UNWELCOME`], unless too many wait for that. It is nobody's call.
    fn refuse_later<T>(
        &self,
        stream: TcpStream,
        options: &ServerOptions,
        reason: Refused,
        why: &str,
    ) -> Option<T> {
        let unwelcome = &self.strangers.unwelcome;
        if unwelcome.fetch_add(1, Ordering::AcqRel) < MAX_UNWELCOME {
            let until = Instant::now() + UNWELCOME;
            while Instant::now() < until && !self.stop.load(Ordering::Acquire) {
                std::thread::sleep(UNWELCOME / 20);
            }
        }
        unwelcome.fetch_sub(1, Ordering::AcqRel);
        self.refuse(stream, options, reason, why);
        None
    }

    pub(super) fn count_refused(&self, options: &ServerOptions, reason: Refused, why: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        (options.refused)(reason);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.1.elapsed() >= TELL_EVERY {
            if told.2 > 0 {
                patter_machine::log::warn(&format!("{} more calls were refused", told.2));
            }
            *told = (0, Instant::now(), 0);
        }
        if told.0 < TELL_MOST {
            told.0 += 1;
            patter_machine::log::warn(&format!("a call was refused: {why}"));
        } else {
            told.2 += 1;
        }
    }
}

/// Which call a connection is, what is known of it, and its place.
pub(super) fn greet(
    mut stream: TcpStream,
    stranger: Stranger,
    engines: &Engines,
    options: &ServerOptions,
    state: &Arc<State>,
) -> Option<Welcome> {
    let mut decoder = Decoder::new();
    let wanted = || !stranger.has_to_go() && !state.stop.load(Ordering::Acquire);
    let Some(uuid) = first_message(&mut stream, &mut decoder, &wanted) else {
        if stranger.has_to_go() {
            let why = "too many connections that do not say which call they are";
            state.refuse(stream, options, Refused::Flood, why);
            return None;
        }
        let why = "it did not begin as AudioSocket does, with a UUID";
        return state.refuse_later(stream, options, Refused::NotAudioSocket, why);
    };
    drop(stranger);
    let call = call_id::format_uuid(&uuid);
    let busy = || {
        let max_calls = options.max_calls;
        (options.watch)(&Stamped {
            t_ms: 0,
            call: call.clone(),
            event: Event::Busy { max_calls },
        });
        format!("{call}: `serve.max_calls` is reached")
    };
    // Asked first, so that what was registered for the call is still there when it is tried again.
    if state.active.load(Ordering::Acquire) >= options.max_calls {
        state.refuse(stream, options, Refused::MaxCalls, &busy());
        return None;
    }
    let context = match (options.admit)(&uuid, &engines.playbooks) {
        Ok(context) => context,
        Err(why) => {
            let why = format!("{call}: {why}");
            return state.refuse_later(stream, options, Refused::Unknown, &why);
        }
    };
    let Some(place) = state.place(options.max_calls) else {
        state.refuse(stream, options, Refused::MaxCalls, &busy());
        return None;
    };
    Some(Welcome {
        uuid,
        context,
        place,
        stream,
        decoder,
    })
}

fn first_message(
    stream: &mut TcpStream,
    decoder: &mut Decoder,
    wanted: &dyn Fn() -> bool,
) -> Option<[u8; 16]> {
    stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_nodelay(true))
        .and_then(|()| stream.set_read_timeout(Some(READ_TIMEOUT)))
        .and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)))
        .ok()?;
    hello(stream, decoder, wanted)
}

/// Waits for the UUID, which is always the first message.
fn hello(
    stream: &mut TcpStream,
    decoder: &mut Decoder,
    wanted: &dyn Fn() -> bool,
) -> Option<[u8; 16]> {
    let deadline = Instant::now() + HELLO_TIMEOUT;
    let mut bytes = [0; 512];
    loop {
        match decoder.next() {
            Ok(Some(Message::Uuid(uuid))) => return Some(uuid),
            Ok(None) => {}
            Ok(Some(_)) | Err(_) => return None,
        }
        if Instant::now() >= deadline || !wanted() {
            return None;
        }
        match stream.read(&mut bytes) {
            Ok(0) => return None,
            Ok(count) => decoder.feed(&bytes[..count]),
            Err(e) if would_block(&e) => {}
            Err(_) => return None,
        }
    }
}

fn hang_up(mut stream: TcpStream) {
    let _ = stream.set_nonblocking(true);
    let _ = stream.write_all(&codec::hang_up());
    let _ = stream.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_has_been_silent_longest_goes_when_there_are_too_many() {
        let strangers = Strangers::default();
        let mut silent: Vec<Stranger> = (0..MAX_STRANGERS).map(|_| strangers.come()).collect();
        assert!(silent.iter().all(|stranger| !stranger.has_to_go()));
        let newest = strangers.come();
        let gone = |all: &[Stranger]| all.iter().filter(|stranger| stranger.has_to_go()).count();
        assert!(silent[0].has_to_go() && !newest.has_to_go());
        assert_eq!(gone(&silent), 1);
        // Whoever has said which call it is, or went, makes place.
        silent.truncate(10);
        drop(strangers.come());
        assert_eq!(gone(&silent), 1);
    }
}
