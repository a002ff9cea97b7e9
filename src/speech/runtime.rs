//! ONNX Runtime's library, for the engines that run on it.
//!
//! Thread: any. In: its path. Out: nothing; it stays loaded as long as the program. It is loaded when the first engine
//! needs it, never before.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Loads the library; once it is there, another path has no effect.
///
/// # Errors
/// It is none, or of another version.
pub(crate) fn load(path: &Path) -> Result<(), String> {
    static LOADED: Mutex<bool> = Mutex::new(false);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if *loaded {
        return Ok(());
    }
    ort::init_from(path)
        .map_err(|error| error.to_string())?
        .with_telemetry(false)
        .commit();
    *loaded = true;
    Ok(())
}
