//! What is done with calls, whatever brings their sound.

use std::sync::Arc;

use super::Refused;
use super::call_id::CallId;
use patter_call::CallContext;
use patter_call::playbooks::PlaybookRegistry;
use patter_config::Loaded;
use patter_records::Store;
use patter_types::event::Stamped;

/// Told of a call's UUID.
pub type Over = Arc<dyn Fn(&CallId) + Send + Sync>;

/// What is known of a call by its UUID, or why it is refused. It runs on the call's own thread, and may take its time.
pub type Admit =
    Arc<dyn Fn(&CallId, &PlaybookRegistry) -> Result<CallContext, String> + Send + Sync>;

/// What is done with calls.
#[derive(Clone)]
pub struct SessionOptions {
    /// Calls at once.
    pub max_calls: u32,
    /// Where calls are recorded, and the folder for their sound; None keeps none.
    pub records: Option<Arc<Store>>,
    /// Keep the sound as well, and what is needed to play the call again: these settings.
    pub record_audio: Option<Arc<Loaded>>,
    /// Asked about each call before anything is started for it.
    pub admit: Admit,
    /// Told of each call that got no place.
    pub refused: Arc<dyn Fn(Refused) + Send + Sync>,
    /// Told when a call has no thread left.
    pub over: Over,
    /// Shown every event of every call.
    pub watch: Arc<dyn Fn(&Stamped) + Send + Sync>,
}

impl SessionOptions {
    /// What the config says of calls, but for their records: the calls of a demo or a bench are none of the service's.
    pub fn of(loaded: &Loaded) -> Self {
        let config = &loaded.config.serve;
        Self {
            max_calls: config.max_calls,
            records: None,
            record_audio: config.record_audio.then(|| Arc::new(loaded.clone())),
            admit: Arc::new(|_, _| Ok(CallContext::default())),
            refused: Arc::new(|_| ()),
            over: Arc::new(|_| ()),
            watch: Arc::new(|_| ()),
        }
    }
}
