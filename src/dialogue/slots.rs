//! What a call knows and what it still has to ask: the state of all its slots.
//!
//! Thread: `responder`, once per turn. In: the playbook's slots, call data, the caller's words. Out: what is missing,
//! what awaits confirmation, values for lines. Memory: two short strings a slot. A pure state machine. Source: ours.

use std::collections::BTreeMap;

use jiff::civil::Date;
use thiserror::Error;

use patter_language::values::{
    Entity, SlotKind, YES, capture, continue_digits, correct, is_only_yes, speakable, takes_back,
};
use patter_playbook::{Origin, Playbook, Slot};

/// How far a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotStatus {
    /// The first digits of a number are there.
    Begun,
    /// The value must be read back, and agreed to.
    Awaiting,
    /// The value counts.
    Known,
}

/// Why a slot was not filled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SlotError {
    /// The playbook has no such slot.
    #[error("there is no slot `{name}`; known: {known}", known = known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The value has nothing in it that can be spoken.
    #[error("slot `{name}` cannot take an empty value")]
    Empty {
        /// The slot.
        name: String,
    },
}

impl SlotError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { .. } => "add it to `[slots]` of the playbook".to_owned(),
            Self::Empty { .. } => "leave the slot out until its value is known".to_owned(),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Filled {
    captured: Entity,
    standing: SlotStatus,
}

/// The slots of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slots {
    definitions: BTreeMap<String, Slot>,
    language: String,
    filled: BTreeMap<String, Filled>,
}

impl Slots {
    /// The slots of `playbook`, with nothing filled but their defaults.
    pub fn new(playbook: &Playbook) -> Self {
        Self {
            definitions: playbook.slots.clone(),
            language: playbook.language.clone(),
            filled: BTreeMap::new(),
        }
    }

    fn definition(&self, name: &str) -> Result<&Slot, SlotError> {
        self.definitions
            .get(name)
            .ok_or_else(|| SlotError::Unknown {
                name: name.to_owned(),
                known: self.definitions.keys().cloned().collect(),
            })
    }

    /// Takes what is known before the caller speaks: call data, which is spoken as it is.
    ///
    /// # Errors
    /// When there is no slot `name`, or nothing in `value` can be spoken.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SlotError> {
        self.definition(name)?;
        let captured = Entity::new(value, value, true);
        self.put(name, captured, SlotStatus::Known).map(|_| ())
    }

    /// Takes a value of the caller's. It awaits confirmation if the playbook wants that or it is not sure, and a number
    /// that is not whole is only begun.
    ///
    /// # Errors
    /// When there is no slot `name`, or the value is empty.
    pub fn fill(&mut self, name: &str, captured: Entity) -> Result<SlotStatus, SlotError> {
        let slot = self.definition(name)?;
        let standing = if !slot.kind().is_whole(&captured.value) {
            SlotStatus::Begun
        } else if slot.confirm || !captured.sure {
            SlotStatus::Awaiting
        } else {
            SlotStatus::Known
        };
        self.put(name, captured, standing)
    }

    fn put(
        &mut self,
        name: &str,
        captured: Entity,
        standing: SlotStatus,
    ) -> Result<SlotStatus, SlotError> {
        // A value that was made by hand may hold anything.
        let captured = Entity {
            value: speakable(&captured.value, false),
            spoken: speakable(&captured.spoken, true),
            sure: captured.sure,
        };
        if captured.value.is_empty() || captured.spoken.is_empty() {
            return Err(SlotError::Empty {
                name: name.to_owned(),
            });
        }
        self.filled
            .insert(name.to_owned(), Filled { captured, standing });
        Ok(standing)
    }

    /// Hears the caller's `words` as the answer to what slot `name` was asked or read back for: takes a value, the rest
    /// of a number, a yes, a correction, or a no, which forgets the value. `today` is the day of the call where the
    /// caller is. Returns how far the slot is then; None for not filled.
    ///
    /// # Errors
    /// When there is no slot `name`.
    pub fn hear(
        &mut self,
        name: &str,
        words: &str,
        today: Date,
    ) -> Result<Option<SlotStatus>, SlotError> {
        let slot = self.definition(name)?;
        let kind = slot.kind();
        let language = self.language.clone();
        let before = self.filled.get(name).cloned();
        let found = match &before {
            Some(filled) if filled.standing == SlotStatus::Awaiting => {
                return self.hear_again(name, words, today, &filled.captured);
            }
            Some(filled) if filled.standing == SlotStatus::Begun => {
                continue_digits(&filled.captured, &kind, words, &language)
                    .or_else(|| capture(&kind, words, today, &language))
            }
            // "See you on Sunday" is no correction of a day that is known, "no, Sunday" is one.
            Some(filled) if takes_back(words, &language) => {
                correct(&filled.captured, &kind, words, today, &language)
            }
            Some(_) => None,
            None => capture(&kind, words, today, &language),
        };
        match found {
            Some(found) => self.fill(name, found).map(Some),
            None => Ok(self.standing(name)),
        }
    }

    /// The answer to a value that was read back.
    fn hear_again(
        &mut self,
        name: &str,
        words: &str,
        today: Date,
        old: &Entity,
    ) -> Result<Option<SlotStatus>, SlotError> {
        let kind = self.definition(name)?.kind();
        let language = self.language.clone();
        let answer = capture(&SlotKind::YesNo, words, today, &language);
        let is_yes = answer
            .as_ref()
            .is_some_and(|answer| answer.value == YES && answer.sure);
        if is_yes && is_only_yes(words, &language) {
            return Ok(self.confirm(name, true));
        }
        let corrected = correct(old, &kind, words, today, &language);
        match corrected {
            Some(new) if new.value != old.value && kind != SlotKind::YesNo => {
                self.fill(name, new).map(Some)
            }
            // The same again is a yes.
            Some(_) if answer.as_ref().is_none_or(|answer| answer.value == YES) => {
                Ok(self.confirm(name, true))
            }
            _ if is_yes => Ok(self.confirm(name, true)),
            _ if answer.is_some_and(|answer| answer.value != YES) => Ok(self.confirm(name, false)),
            _ => Ok(self.standing(name)),
        }
    }

    /// Hears `words` for all slots that a stage collects: for the first one that is missing, and for others whose
    /// values can be nothing else. Returns those that took something, with how far they are.
    ///
    /// # Errors
    /// When one of `collect` is no slot.
    pub fn hear_all(
        &mut self,
        collect: &[String],
        words: &str,
        today: Date,
    ) -> Result<Vec<(String, SlotStatus)>, SlotError> {
        let mut taken = Vec::new();
        let first = self.missing(collect).first().map(|name| (*name).to_owned());
        for name in collect {
            let is_first = first.as_ref() == Some(name);
            let slot = self.definition(name)?;
            let is_missing = self.standing(name) != Some(SlotStatus::Known);
            let is_for_it = is_first || !slot.kind().is_open();
            if !is_missing || !is_for_it {
                continue;
            }
            let before = self.filled.get(name).cloned();
            // What awaits its yes is not asked for now, so a yes is not meant for it.
            if !is_first && before.is_some() {
                continue;
            }
            let standing = self.hear(name, words, today)?;
            if let Some(standing) = standing.filter(|_| self.filled.get(name) != before.as_ref()) {
                taken.push((name.clone(), standing));
            }
        }
        Ok(taken)
    }

    /// Takes the caller's yes or no to the value of slot `name` that was read back; a no forgets it. Returns how far
    /// the slot is then.
    pub fn confirm(&mut self, name: &str, yes: bool) -> Option<SlotStatus> {
        if !yes {
            self.filled.remove(name);
            return None;
        }
        let filled = self.filled.get_mut(name)?;
        if filled.standing == SlotStatus::Awaiting {
            filled.standing = SlotStatus::Known;
        }
        Some(filled.standing)
    }

    /// Forgets the value of slot `name`.
    pub fn forget(&mut self, name: &str) {
        self.filled.remove(name);
    }

    /// The slots of `collect` that are not known yet, in order; a default counts as known.
    pub fn missing<'a>(&self, collect: &'a [String]) -> Vec<&'a str> {
        let missing = collect.iter().filter(|name| {
            let has_default = self
                .definitions
                .get(*name)
                .is_some_and(|slot| !slot.default.trim().is_empty());
            match self.standing(name) {
                Some(standing) => standing != SlotStatus::Known,
                None => !has_default,
            }
        });
        missing.map(String::as_str).collect()
    }

    /// The slots whose values must be read back, by name.
    pub fn awaiting(&self) -> Vec<&str> {
        self.with(SlotStatus::Awaiting)
    }

    /// The slots of which only the first digits are there, by name.
    pub fn begun(&self) -> Vec<&str> {
        self.with(SlotStatus::Begun)
    }

    fn with(&self, standing: SlotStatus) -> Vec<&str> {
        let found = self
            .filled
            .iter()
            .filter(|(_, filled)| filled.standing == standing);
        found.map(|(name, _)| name.as_str()).collect()
    }

    /// How far slot `name` is; None when nothing was filled in.
    pub fn standing(&self, name: &str) -> Option<SlotStatus> {
        self.filled.get(name).map(|filled| filled.standing)
    }

    /// What was filled into slot `name`, known or not.
    pub fn captured(&self, name: &str) -> Option<&Entity> {
        self.filled.get(name).map(|filled| &filled.captured)
    }

    /// What the slot is called when it is read back.
    pub fn label(&self, name: &str) -> String {
        self.definitions
            .get(name)
            .map_or_else(|| name.to_owned(), |slot| slot.label(name))
    }

    /// The line that reads the value of slot `name` back, as `playbook` has it; None when nothing was filled in.
    pub fn read_back(&self, name: &str, playbook: &Playbook) -> Option<String> {
        playbook.read_back(&self.label(name), &self.captured(name)?.spoken)
    }

    /// Words for the lines of the playbook, ready to be spoken: defaults, call data, and what is known from the caller.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.known(|slot| &slot.default, |captured| &captured.spoken)
    }

    /// Values to hand on, in the form that [`SlotKind`] tells: defaults, call data, and what is known from the caller.
    pub fn values(&self) -> BTreeMap<String, String> {
        self.known(|slot| &slot.default, |captured| &captured.value)
    }

    fn known(
        &self,
        default: impl Fn(&Slot) -> &String,
        filled: impl Fn(&Entity) -> &String,
    ) -> BTreeMap<String, String> {
        let known = self
            .filled
            .iter()
            .filter(|(_, filled)| filled.standing == SlotStatus::Known);
        let defaults = self
            .definitions
            .iter()
            .map(|(name, slot)| (name.clone(), default(slot).clone()));
        let mut all: BTreeMap<String, String> = defaults
            .filter(|(_, value)| !value.trim().is_empty())
            .collect();
        all.extend(known.map(|(name, value)| (name.clone(), filled(&value.captured).clone())));
        all
    }

    /// The slots that are asked of the caller, by name.
    pub fn from_caller(&self) -> Vec<&str> {
        let found = self
            .definitions
            .iter()
            .filter(|(_, slot)| slot.from == Origin::Caller);
        found.map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests;
