//! The called party's document: the customer whom a simulation plays, as a file of its own, since the agent must not
//! see it.
//!
//! Thread: any · In: sections · Out: a [`CustomerPersona`] and its TOML · Memory: the texts · Source: OutboundEval
//! (arXiv 2510.21244): role, background, concerns of three depths, behaviour, style by good and bad examples, ends.

use serde::{Deserialize, Serialize};

use super::markdown::{Item, Marker, Section, Topic, after_label, unquoted};
use super::notes::Notes;
use patter_playbook::Source;

/// How a customer meets a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Archetype {
    /// Goes along.
    Cooperative,
    /// Wants figures and reasons.
    Analytical,
    /// Cannot decide.
    Hesitant,
    /// Wants the call to end.
    Resistant,
    /// Wants the result, now.
    Efficient,
}

impl Archetype {
    /// The last number of a file name `task-D-S-C-P`.
    pub(super) fn of_file(stem: &str) -> Option<Self> {
        let numbers = stem.strip_prefix("task-")?;
        let last = numbers.rsplit_once('-')?.1;
        Some(match last {
            "1" => Self::Cooperative,
            "2" => Self::Analytical,
            "3" => Self::Hesitant,
            "4" => Self::Resistant,
            "5" => Self::Efficient,
            _ => return None,
        })
    }
}

/// A customer for a simulated call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerPersona {
    /// Name for people.
    pub title: String,
    /// Language of every text.
    pub language: String,
    /// How this customer meets a call, when the file's name says it.
    pub archetype: Option<Archetype>,
    /// Who and where the customer is when the telephone rings.
    pub role: String,
    /// Identity, key experiences, character, the moment before the call; one text each.
    #[serde(default)]
    pub background: Vec<String>,
    /// What the customer does in the conversation: moods, doubts, disturbances; in the order of the file.
    #[serde(default)]
    pub behaviour: Vec<String>,
    /// When the customer ends the call.
    #[serde(default)]
    pub ends: Vec<String>,
    /// What the customer cares for.
    pub concerns: Concerns,
    /// How the customer talks.
    pub style: Style,
    /// Where it is from.
    pub source: Option<Source>,
}

/// What a customer cares for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concerns {
    /// Raised first.
    #[serde(default)]
    pub primary: Vec<String>,
    /// Raised next.
    #[serde(default)]
    pub secondary: Vec<String>,
    /// Told only when asked.
    #[serde(default)]
    pub latent: Vec<String>,
}

/// How a customer talks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// Lines to sound like.
    #[serde(default)]
    pub good: Vec<String>,
    /// Lines never to sound like.
    #[serde(default)]
    pub bad: Vec<String>,
    /// What the file says about the examples.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl CustomerPersona {
    /// The persona as TOML.
    ///
    /// # Errors
    /// Never for texts; the writer's own.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string_pretty(self)
    }
}

/// The persona of the customer's sections.
pub(super) fn persona(sections: &[&Section], stem: &str, notes: &mut Notes) -> CustomerPersona {
    let archetype = Archetype::of_file(stem);
    if archetype.is_none() {
        notes.add(
            1,
            "the file's name does not end in the number of a persona, 1 to 5",
            "`archetype` is left out",
        );
    }
    let mut persona = CustomerPersona {
        title: stem.to_owned(),
        language: "zh".to_owned(),
        archetype,
        role: String::new(),
        background: Vec::new(),
        behaviour: Vec::new(),
        ends: Vec::new(),
        concerns: Concerns::default(),
        style: Style::default(),
        source: None,
    };
    for section in sections {
        match section.topic {
            Topic::Role => persona.role.push_str(&list(section).join("\n")),
            Topic::Background => persona.background.extend(list(section)),
            Topic::Behaviour => persona.behaviour.extend(list(section)),
            Topic::End => persona.ends.extend(list(section)),
            Topic::Concerns => concerns(section, &mut persona.concerns, notes),
            Topic::Style => style(section, &mut persona.style),
            _ => {}
        }
    }
    persona
}

/// One text per bullet or paragraph; a deeper line without a marker belongs to the one above.
fn list(section: &Section) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for line in section.filled() {
        let item = Item::of(line);
        match texts.last_mut() {
            Some(last) if item.marker == Marker::None && item.indent > 0 => {
                last.push_str(&item.text)
            }
            _ => texts.push(item.text),
        }
    }
    texts
}

fn concerns(section: &Section, concerns: &mut Concerns, notes: &mut Notes) {
    let mut depth = 0;
    for line in section.filled() {
        let item = Item::of(line);
        let text = item.text.as_str();
        let labels = [(1, "首要"), (2, "次要"), (3, "潜在")];
        let mut rest = text;
        if let Some((number, tail)) = labels
            .iter()
            .find_map(|(number, label)| Some((*number, text.strip_prefix(label)?)))
        {
            depth = number;
            // 首要, 首要问题, 首要关切点, 潜在需求, 潜在问题（潜在需求）.
            rest = tail
                .split_once(['：', ':'])
                .map_or(tail, |(_, after)| after)
                .trim();
            if tail.trim_end_matches(['：', ':']).chars().count() <= 3 {
                rest = "";
            }
        }
        let group = match depth {
            1 => &mut concerns.primary,
            2 => &mut concerns.secondary,
            3 => &mut concerns.latent,
            _ => {
                notes.add(
                    item.line,
                    "a concern before 首要, 次要 or 潜在",
                    "it is taken as primary",
                );
                &mut concerns.primary
            }
        };
        if !rest.is_empty() {
            group.push(rest.to_owned());
        }
    }
}

fn style(section: &Section, style: &mut Style) {
    let mut good = None;
    for line in section.filled() {
        let item = Item::of(line);
        let text = item.text.as_str();
        let label = [(true, "正面教材"), (false, "反面教材")]
            .into_iter()
            .find(|(_, label)| text.starts_with(label));
        if let Some((is_good, label)) = label {
            good = Some(is_good);
            let rest = after_label(text, &[label]).unwrap_or_default();
            if rest.is_empty() {
                continue;
            }
        }
        let said = unquoted(label.map_or(text, |(_, label)| {
            after_label(text, &[label]).unwrap_or(text)
        }))
        .to_owned();
        match good {
            None => style.notes.push(said),
            Some(true) => style.good.push(said),
            Some(false) => style.bad.push(said),
        }
    }
}
