//! Where models lie.

use std::path::PathBuf;

use crate::rules::section;

section!(
    /// `[models]`
    ModelsConfig {
        /// Folder of the model files, relative to the config file.
        folder: PathBuf = "models".into(),
    }
);
