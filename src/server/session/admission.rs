//! Who gets in: what is known of a call, and whether there is a place for it.
//!
//! Thread: the call's own. In: the id of a call. Out: [`Admitted`], or why there is no place. Memory: what is known of
//! the call. When late: what is asked bounds its own time. When full: no place, with an event.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::call_id::{CallId, format_uuid};
use super::{Refused, Sessions, Setup};
use patter_call::CallContext;
use patter_types::event::{Event, Stamped};

/// A call's place, until it is dropped.
pub(super) struct Place(Arc<Sessions>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A call that has a place.
pub(super) struct Admitted {
    /// Which call.
    pub uuid: CallId,
    /// What is known of it.
    pub context: CallContext,
    /// Its place.
    pub place: Place,
}

impl Sessions {
    /// A place among `most`.
    fn place(self: &Arc<Self>, most: u32) -> Option<Place> {
        let one_more = |active: u32| (active < most).then_some(active + 1);
        self.active
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()?;
        Some(Place(Arc::clone(self)))
    }

    /// What is known of a call, and its place.
    ///
    /// # Errors
    /// All places are taken, or the call is not to be taken: why, and in words.
    pub(super) fn admit(
        self: &Arc<Self>,
        setup: &Setup,
        uuid: &CallId,
    ) -> Result<Admitted, (Refused, String)> {
        let Setup { engines, options } = setup;
        let call = format_uuid(uuid);
        let busy = || {
            let max_calls = options.max_calls;
            (options.watch)(&Stamped {
                t_ms: 0,
                call: call.clone(),
                event: Event::Busy { max_calls },
            });
            let why = format!("{call}: `serve.max_calls` is reached");
            (Refused::MaxCalls, why)
        };
        // Asked first, so that what was registered for the call is still there when it is tried again.
        if self.active_calls() >= options.max_calls {
            return Err(busy());
        }
        let context = (options.admit)(uuid, &engines.playbooks)
            .map_err(|why| (Refused::Unknown, format!("{call}: {why}")))?;
        let place = self.place(options.max_calls).ok_or_else(busy)?;
        Ok(Admitted {
            uuid: *uuid,
            context,
            place,
        })
    }
}
