//! Sets of models that go together: what `patter setup` offers.
//!
//! Pure. In: the `[[set]]` tables of the manifest. Out: what a set costs, whether a machine carries it, and the
//! settings that use it.

use std::path::Path;

use serde::Deserialize;

use super::manifest::{Manifest, Model, Source};
use super::{Status, status};

/// Models that go together, and the settings that use them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What the user types.
    pub name: String,
    /// Who it is for, in one line.
    pub purpose: String,
    /// Names of its models.
    pub models: Vec<String>,
    /// Codes of the languages that it hears and speaks.
    pub languages: Vec<String>,
    /// Fewer cores than this are too few.
    pub min_cores: u32,
    /// Memory of the program with all of them loaded, in MB.
    pub memory_mb: u32,
    /// It wants a GPU.
    #[serde(default)]
    pub gpu: bool,
    /// What goes into `config.toml`, as that has it.
    pub settings: toml::Table,
}

/// What a machine brings, as far as a set asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Cores that the program may use.
    pub cores: u32,
    /// Memory that it may use, in MB.
    pub memory_mb: u64,
    /// There is a GPU, and this build uses it.
    pub gpu: bool,
}

impl Set {
    /// Why `machine` does not carry the set, if it does not.
    pub fn misfit(&self, machine: &Machine) -> Option<String> {
        // The system and the page cache want their part.
        let wanted_mb = u64::from(self.memory_mb) * 3 / 2;
        if self.gpu && !machine.gpu {
            Some("wants a GPU, and a build that uses it".into())
        } else if machine.cores < self.min_cores {
            Some(format!(
                "wants {} cores, here are {}",
                self.min_cores, machine.cores
            ))
        } else if machine.memory_mb < wanted_mb {
            Some(format!(
                "wants {wanted_mb} MB of memory, here are {}",
                machine.memory_mb
            ))
        } else {
            None
        }
    }

    /// Its models.
    pub fn models<'a>(&'a self, manifest: &'a Manifest) -> impl Iterator<Item = &'a Model> {
        let named = |model: &&Model| self.models.contains(&model.name);
        manifest.models.iter().filter(named)
    }

    /// Bytes that its models take on the disk.
    pub fn size_bytes(&self, manifest: &Manifest) -> u64 {
        self.models(manifest).map(|model| model.size_bytes).sum()
    }

    /// Those of its models that are not in `folder` yet, by their size.
    pub fn missing<'a>(&'a self, manifest: &'a Manifest, folder: &Path) -> Vec<&'a Model> {
        let is_there = |model: &&Model| matches!(status(model, folder), Ok(Status::Present));
        let models = self.models(manifest);
        models.filter(|model| !is_there(model)).collect()
    }

    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), String> {
        let is_known = |name: &&String| manifest.models.iter().any(|model| model.name == **name);
        if let Some(unknown) = self.models.iter().find(|name| !is_known(name)) {
            return Err(format!("no model is named `{unknown}`"));
        }
        if self.models.is_empty() || self.languages.is_empty() {
            return Err("it has no models, or no language".into());
        }
        if self.settings.values().any(|table| !table.is_table()) {
            return Err("`settings` holds tables, as `config.toml` does".into());
        }
        Ok(())
    }
}

/// The set to take where nobody says which: the last of the manifest that `machine` carries and that knows `language`.
///
/// One that wants a model hub is taken only by its name: not every machine reaches one.
pub fn recommended<'a>(
    manifest: &'a Manifest,
    machine: &Machine,
    language: &str,
) -> Option<&'a Set> {
    let wants_a_hub = |set: &Set| {
        let mut models = set.models(manifest);
        models.any(|model| {
            model
                .sources
                .iter()
                .all(|s| matches!(s, Source::Url { .. }))
        })
    };
    let fits =
        |set: &&Set| set.misfit(machine).is_none() && set.knows(language) && !wants_a_hub(set);
    manifest.sets.iter().rev().find(fits)
}

impl Set {
    /// Whether it hears and speaks `language`.
    pub fn knows(&self, language: &str) -> bool {
        self.languages.iter().any(|known| known == language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Manifest {
        Manifest::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/manifest.toml"))
            .unwrap()
    }

    fn machine(cores: u32, memory_mb: u64) -> Machine {
        Machine {
            cores,
            memory_mb,
            gpu: false,
        }
    }

    #[test]
    fn a_machine_gets_the_best_set_that_it_carries() {
        let manifest = shipped();
        let chosen = |cores, memory_mb| {
            let set = recommended(&manifest, &machine(cores, memory_mb), "en");
            set.map(|set| set.name.as_str())
        };
        assert_eq!(chosen(2, 4_000), Some("people"));
        assert_eq!(chosen(1, 1_000), Some("tiny"));
        assert_eq!(chosen(4, 8_000), Some("people-plus"));
        // The larger ones are on a model hub alone.
        assert_eq!(chosen(16, 32_000), Some("people-plus"));
        assert_eq!(chosen(1, 100), None);
        let chinese = recommended(&manifest, &machine(2, 4_000), "zh").unwrap();
        assert!(chinese.knows("zh"));
        assert_eq!(recommended(&manifest, &machine(2, 4_000), "tlh"), None);
    }

    #[test]
    fn a_misfit_says_what_is_wanted() {
        let sets = shipped().sets;
        let large = sets.iter().find(|set| set.name == "large").unwrap();
        let misfit = large.misfit(&machine(2, 64_000)).unwrap();
        assert_eq!(misfit, "wants 8 cores, here are 2");
        assert!(large.misfit(&machine(8, 1_000)).unwrap().contains("memory"));
    }

    #[test]
    fn what_is_missing_is_counted() {
        let manifest = shipped();
        let set = &manifest.sets[0];
        let folder = tempfile::tempdir().unwrap();
        let missing = set.missing(&manifest, folder.path());
        assert_eq!(missing.len(), set.models.len());
        let bytes: u64 = missing.iter().map(|model| model.size_bytes).sum();
        assert_eq!(bytes, set.size_bytes(&manifest));
    }
}
