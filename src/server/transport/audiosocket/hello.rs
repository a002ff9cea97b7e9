//! Which call a connection is: it says so first.
//!
//! Thread: the call's own `socket-in`. In: a fresh connection. Out: the id of its call, or a hang-up that is counted
//! and told of. Memory: a few hundred bytes a connection. When late: a connection that says nothing for
//! [`HELLO_TIMEOUT`] is no call. When full: of those that say nothing, the one that has done so longest is refused.
//! Source: Asterisk's res_audiosocket.c, which sends the UUID first.

use std::collections::VecDeque;
use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::codec::{Decoder, Message};
use super::connection::{Connection, Limits, would_block};
use crate::session::call_id::CallId;
use crate::session::{Refused, SessionOptions, Sessions};

/// The first message must have come by then.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);
/// The socket is looked at this often when nothing comes.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// A peer that takes nothing for this long is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Connections that have not said yet which call they are.
const MAX_STRANGERS: usize = 256;

/// The connections that have not said yet which call they are. A call says so in the moment that it comes: where there
/// are too many, the one that has been silent longest goes, and a call gets in through any number of them.
#[derive(Default)]
pub(super) struct Strangers {
    waiting: Mutex<VecDeque<Weak<AtomicBool>>>,
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

/// Which call a connection is; None for one that is none, and is refused.
pub(super) fn greet(
    stream: TcpStream,
    limits: Limits,
    stranger: Stranger,
    sessions: &Sessions,
    options: &SessionOptions,
) -> Option<(CallId, Connection)> {
    let mut connection = Connection {
        stream,
        decoder: Decoder::new(),
        limits,
    };
    let wanted = || !stranger.has_to_go() && !sessions.is_stopped();
    if let Some(uuid) = first_message(&mut connection, &wanted) {
        return Some((uuid, connection));
    }
    if stranger.has_to_go() {
        let why = "too many connections that do not say which call they are";
        sessions.refuse(connection, options, Refused::Flood, why);
    } else {
        let why = "it did not begin as AudioSocket does, with a UUID";
        sessions.refuse_later(connection, options, Refused::WrongProtocol, why);
    }
    None
}

fn first_message(connection: &mut Connection, wanted: &dyn Fn() -> bool) -> Option<CallId> {
    let Connection {
        stream, decoder, ..
    } = connection;
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
) -> Option<CallId> {
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
