//! What benches and evaluations tell: figures, the machine they were taken on, JSON.

use std::path::PathBuf;

use anyhow::Context;
use patter_config::Loaded;

/// Prints `value` as one line of JSON.
#[expect(clippy::print_stdout, reason = "it is what commands print with")]
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// A figure of this process's memory as Linux tells it (`VmRSS`, `VmHWM`), in MB; not a number elsewhere.
pub fn memory_mb(key: &str) -> f32 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with(key))?;
            line.split_whitespace().nth(1)?.parse::<f32>().ok()
        })
        .map_or(f32::NAN, |kb| kb / 1024.0)
}

/// The median and the 95th percentile (nearest rank) of `values`.
pub fn median_p95(values: &mut [f32]) -> (f32, f32) {
    if values.is_empty() {
        return (f32::NAN, f32::NAN);
    }
    values.sort_by(f32::total_cmp);
    let rank = |share: f32| {
        values[((values.len() as f32 * share).ceil() as usize).clamp(1, values.len()) - 1]
    };
    (rank(0.5), rank(0.95))
}

/// The playbook that `--playbook` names, relative to here, in place of the config's.
pub fn with_playbook(loaded: &Loaded, playbook: Option<&PathBuf>) -> anyhow::Result<Loaded> {
    let mut loaded = loaded.clone();
    if let Some(path) = playbook {
        loaded.config.dialogue.playbook =
            std::path::absolute(path).context("the playbook's path")?;
    }
    Ok(loaded)
}

/// What was measured.
pub struct Machine {
    /// As the system names it.
    pub processor: String,
    /// How many.
    pub cores: usize,
    /// The models and the voice.
    pub models: String,
}

impl Machine {
    /// This machine, with the models that the config names.
    pub fn of(loaded: &Loaded) -> Self {
        let name = |text: String| {
            let line = text.lines().find_map(|l| l.strip_prefix("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        let config = &loaded.config;
        Self {
            processor: std::fs::read_to_string("/proc/cpuinfo")
                .ok()
                .and_then(name)
                .unwrap_or_else(|| "unknown processor".into()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            models: format!(
                "{}, {}, {}",
                config.asr.model.display(),
                config.llm.model.display(),
                config.tts.engine
            ),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} cores of {}; {}",
            self.cores, self.processor, self.models
        )
    }
}
