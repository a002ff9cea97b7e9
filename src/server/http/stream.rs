//! Events as they happen, to one listener: server-sent events.
//!
//! Thread: `http`. In: [`LiveEvent`]s. Out: `event:` and `data:` lines, a comment when nothing happens, `event: lagged`
//! with the number of lost events. Memory: [`WAITING`] events beside those that all listeners share. When the listener
//! is slow: it loses events; one that takes nothing is cut off. Source: WHATWG HTML, "Server-sent events".

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::Shared;
use super::connections::Listening;
use super::live::LiveEvent;

/// Events on their way to a listener's socket.
const WAITING: usize = 16;
/// Something is sent this often, so that both ends see when the other is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The body of an answer that does not end.
pub(super) struct EventStream {
    chunks: mpsc::Receiver<Bytes>,
    /// The place is given back when the body goes.
    _listening: Listening,
}

impl EventStream {
    /// Begins to forward; the first bytes go out at once.
    pub(super) fn start(shared: &Arc<Shared>, listening: Listening) -> Self {
        let (sender, chunks) = mpsc::channel(WAITING);
        let events = shared.live.listen();
        tokio::spawn(forward(events, sender, Arc::clone(shared)));
        Self {
            chunks,
            _listening: listening,
        }
    }
}

async fn forward(
    mut events: Receiver<Arc<LiveEvent>>,
    sender: mpsc::Sender<Bytes>,
    shared: Arc<Shared>,
) {
    let mut chunk = Bytes::from_static(b": patter\n\n");
    while sender.send(chunk).await.is_ok() {
        chunk = match tokio::time::timeout(KEEP_ALIVE, events.recv()).await {
            Err(_) => Bytes::from_static(b": nothing happened\n\n"),
            Ok(Ok(event)) => format!("event: {}\ndata: {}\n\n", event.name, event.json).into(),
            Ok(Err(RecvError::Lagged(lost))) => {
                shared.metrics.lost_events(lost);
                format!("event: lagged\ndata: {{\"lost\":{lost}}}\n\n").into()
            }
            Ok(Err(RecvError::Closed)) => break,
        };
    }
}

impl Body for EventStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.chunks
            .poll_recv(context)
            .map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes))))
    }
}
