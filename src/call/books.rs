//! The playbooks that calls may follow, each made ready: learnt, and with its notices as sound.
//!
//! Thread: the one that loads or reloads; then shared, read only. In: playbook files, the engines that learn and speak. Out: [`Book`]s by name.
//! Memory: that of [`Knowledge`], and a few seconds of sound, per playbook. When late or full: loading takes seconds where sentences are new to the
//! embedding model; calls under way keep the book that they began with.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::CallError;
use super::floor::Notice;
use super::listen::Notices;
use crate::config::Loaded;
use crate::cores::Cores;
use crate::dialogue::Dialogue;
use crate::dialogue::intent::Embed;
use crate::dialogue::knowledge::Knowledge;
use crate::dialogue::playbook::Playbook;
use crate::dialogue::sentence::Sentences;
use crate::llm::embedder::Embedder;
use crate::tts::Speaker;

/// A playbook that is ready for calls.
pub struct Book {
    /// What it says and means.
    pub knowledge: Arc<Knowledge>,
    /// Its lines that need no engine.
    pub notices: Arc<Notices>,
}

/// All of them.
pub struct Books {
    /// The one of calls that name none.
    pub default: Arc<Book>,
    by_name: BTreeMap<String, Arc<Book>>,
    /// Shared by all, and by the next generation of books.
    embed: Option<Arc<dyn Embed>>,
}

impl Books {
    /// Loads what the config names; `before` lends its embedding model.
    ///
    /// # Errors
    /// A file is missing or faulty, the embedding model cannot be loaded, a line cannot be spoken.
    pub fn load(
        loaded: &Loaded,
        tts: &Speaker,
        cores: &Cores,
        before: Option<&Self>,
    ) -> Result<Self, CallError> {
        let config = &loaded.config;
        let mut embed = before.and_then(|before| before.embed.clone());
        let mut read = |path: &Path| -> Result<Arc<Book>, CallError> {
            let playbook = Playbook::load(&loaded.resolve(path))?;
            let knows = Embedder::is_wanted(&config.dialogue, &playbook.language);
            if knows && embed.is_none() {
                embed = Embedder::of_config(loaded, &playbook.language, cores)?;
            }
            let embed = embed.clone().filter(|_| knows);
            let knowledge = Arc::new(Knowledge::sensing(playbook, embed));
            book(loaded, knowledge, tts).map(Arc::new)
        };
        let default = read(&config.dialogue.playbook)?;
        let mut by_name = BTreeMap::new();
        for path in &config.serve.playbooks {
            by_name.insert(name_of(path), read(path)?);
        }
        by_name
            .entry(name_of(&config.dialogue.playbook))
            .or_insert_with(|| Arc::clone(&default));
        Ok(Self {
            default,
            by_name,
            embed,
        })
    }

    /// The playbook of that name: its file's, without the ending.
    pub fn get(&self, name: &str) -> Option<&Arc<Book>> {
        self.by_name.get(name)
    }

    /// The names there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// What calls a playbook's file by.
pub fn name_of(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Speaks into the cache what each call begins with, and what must be there at once.
fn book(loaded: &Loaded, knowledge: Arc<Knowledge>, tts: &Speaker) -> Result<Book, CallError> {
    let playbook = &knowledge.playbook;
    let turns = loaded.config.dialogue.history_turns as usize;
    for line in Dialogue::new(Arc::clone(&knowledge), turns).opening().lines {
        for sentence in Sentences::whole(&line.text) {
            tts.speak(&sentence, true)?;
        }
    }
    // What takes the place of a reply that may not be said is there at once.
    for line in [&playbook.lines.fallback, &playbook.lines.not_known] {
        let text = playbook.fill(line, &Default::default()).unwrap_or_default();
        for sentence in Sentences::whole(&text) {
            tts.speak(&sentence, true)?;
        }
    }
    let notice = |text: &str| -> Result<Notice, CallError> {
        let text = playbook.fill(text, &Default::default()).unwrap_or_default();
        let spoken = tts.speak(&text, true)?;
        Ok(Notice { text, spoken })
    };
    let lines = &playbook.lines;
    let notices = Arc::new(Notices {
        bridge: notice(&lines.bridge)?,
        apology: notice(&lines.trouble)?,
        time_up: notice(lines.time_up.as_ref().unwrap_or(&lines.trouble))?,
    });
    Ok(Book { knowledge, notices })
}
