//! The slots of a playbook: what the call knows when it begins, and what it asks the caller for.
//!
//! In: TOML through serde. Out: [`Slot`]s, their broken rules, lines that read a value back. Memory: all at load.
//! Source: ours.
//!
//! A slot is a string, its default, or a table. The string came first and stays: most slots are call data.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Playbook;
use patter_language::tables as language;
use patter_language::values::SlotKind;
use patter_types::expect::Expect;

mod rules;

/// What type of value a slot takes, by its name in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotType {
    /// The words themselves.
    #[default]
    Text,
    /// The name of a person.
    Name,
    /// A day.
    Date,
    /// A time of the day.
    Time,
    /// A sum of money.
    Money,
    /// A phone number.
    Phone,
    /// Digits of a code or a number.
    Digits,
    /// An e-mail address.
    Email,
    /// A yes or a no.
    YesNo,
    /// A number.
    Number,
    /// One of `choices`.
    Choice,
}

/// Who gives the value of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The data of the call, before it begins.
    #[default]
    Call,
    /// The caller, who is asked.
    Caller,
}

/// One slot.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(with = "Written")]
pub struct Slot {
    /// What it takes.
    pub slot_type: SlotType,
    /// Who gives it.
    pub from: Origin,
    /// The value is read back, and counts after a yes.
    pub confirm: bool,
    /// What it is called when it is read back; its name when absent.
    pub label: Option<String>,
    /// Asks for it alone; the stage's question when absent.
    pub ask: Option<String>,
    /// Value until another is known; empty for unknown.
    pub default: String,
    /// What a [`SlotType::Choice`] chooses from.
    pub choices: Vec<String>,
    /// How many digits a [`SlotType::Digits`] has, when that is known.
    pub digits: Option<u32>,
}

/// A slot as a table of the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Table {
    /// What it takes.
    #[serde(rename = "type")]
    slot_type: SlotType,
    /// Who gives it.
    from: Origin,
    /// The value is read back, and counts after a yes.
    #[serde(skip_serializing_if = "is_default")]
    confirm: bool,
    /// What it is called when it is read back; its name when absent.
    #[serde(skip_serializing_if = "is_default")]
    label: Option<String>,
    /// Asks for it alone; the stage's question when absent.
    #[serde(skip_serializing_if = "is_default")]
    ask: Option<String>,
    /// Value until another is known; empty for unknown.
    #[serde(skip_serializing_if = "is_default")]
    default: String,
    /// What a `choice` chooses from.
    #[serde(skip_serializing_if = "is_default")]
    choices: Vec<String>,
    /// How many digits it has, when that is known.
    #[serde(skip_serializing_if = "is_default")]
    digits: Option<u32>,
}

/// A slot as the file writes it, for the schema alone: reading it this way would give poor errors.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Written {
    /// The default.
    Default(String),
    /// All there is to say.
    Table(Table),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl From<Table> for Slot {
    fn from(table: Table) -> Self {
        Self {
            slot_type: table.slot_type,
            from: table.from,
            confirm: table.confirm,
            label: table.label,
            ask: table.ask,
            default: table.default,
            choices: table.choices,
            digits: table.digits,
        }
    }
}

impl From<&str> for Slot {
    fn from(default: &str) -> Self {
        Self {
            default: default.to_owned(),
            ..Self::default()
        }
    }
}

// An untagged enum would say only "did not match any variant", without the key.
impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Slot;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string (the default), or a table with `type`")
            }

            fn visit_str<E>(self, default: &str) -> Result<Slot, E> {
                Ok(default.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Slot, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(Slot::from)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if *self == Self::from(self.default.as_str()) {
            return serializer.serialize_str(&self.default);
        }
        let table = Table {
            slot_type: self.slot_type,
            from: self.from,
            confirm: self.confirm,
            label: self.label.clone(),
            ask: self.ask.clone(),
            default: self.default.clone(),
            choices: self.choices.clone(),
            digits: self.digits,
        };
        table.serialize(serializer)
    }
}

impl Slot {
    /// What [`patter_language::values::capture`] looks for.
    pub fn kind(&self) -> SlotKind {
        match self.slot_type {
            SlotType::Text => SlotKind::Text,
            SlotType::Name => SlotKind::Name,
            SlotType::Date => SlotKind::Date,
            SlotType::Time => SlotKind::Time,
            SlotType::Money => SlotKind::Money,
            SlotType::Phone => SlotKind::Phone,
            SlotType::Digits => SlotKind::Digits { count: self.digits },
            SlotType::Email => SlotKind::Email,
            SlotType::YesNo => SlotKind::YesNo,
            SlotType::Number => SlotKind::Number,
            SlotType::Choice => SlotKind::Choice(self.choices.clone()),
        }
    }

    /// What the caller is asked for when this is asked: how long to wait for them to finish.
    pub fn expect(&self) -> Expect {
        match self.slot_type {
            SlotType::Name => Expect::Name,
            SlotType::Phone => Expect::Number { digits: None },
            SlotType::Digits => Expect::Number {
                digits: self.digits,
            },
            SlotType::Email => Expect::Email,
            SlotType::YesNo => Expect::YesNo,
            _ => Expect::Any,
        }
    }

    /// What the slot that stands as `name` in the file is called when it is read back.
    pub fn label(&self, name: &str) -> String {
        self.label.clone().unwrap_or_else(|| name.replace('_', " "))
    }
}

impl Playbook {
    /// The line that reads a value back: `lines.confirm`, else the one of the language. None when there is neither.
    pub fn read_back(&self, label: &str, spoken: &str) -> Option<String> {
        let line = self.confirm_line()?;
        // The value last, so that nothing in it is taken for a slot.
        Some(
            line.replace("{label}", label)
                .replacen("{value}", spoken, 1),
        )
    }

    fn confirm_line(&self) -> Option<&str> {
        let own = self.lines.confirm.as_deref();
        own.or_else(|| language::of(&self.language).map(|language| language.talk.confirm))
    }
}
