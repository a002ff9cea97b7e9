//! Turns a scenario file of the OutboundEval benchmark into a playbook and a customer for simulated calls.
//!
//! ```text
//! Markdown ─ markdown ┬─ agent, faq, identity ─► playbook (speech, opening, phrases) ─► playbook TOML
//!                     └─ receiver ────────────────────────────────────────────► persona TOML
//! ```
//!
//! Each TOML also holds, in `[source]`, the sections that it was made from, untouched: nothing of the file is lost, and
//! neither side holds what the other must not know. What is not as usual is told by line ([`Note`]).
//!
//! Thread: any, offline · In: the text of a file · Out: [`Imported`] · Memory: a few times the file ·
//! When late or full: a file over [`MAX_FILE_BYTES`] is refused · Source: the scenario format of arXiv 2510.21244.

mod agent;
mod faq;
mod fixed;
mod identity;
mod markdown;
mod notes;
mod opening;
mod phrases;
mod playbook;
mod reading;
mod receiver;
mod sentences;
mod speech;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use notes::Note;
pub use patter_playbook::MAX_FILE_BYTES;
pub use receiver::{Archetype, Concerns, CustomerPersona, Style};

use identity::Identity;
use markdown::{Item, Part, Section, Topic};
use notes::Notes;
use patter_playbook::{Playbook, Source, SourceSection};

/// What a file was turned into.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The calling party.
    pub playbook: Playbook,
    /// The called party.
    pub persona: CustomerPersona,
    /// Steps of the file's flow.
    pub steps: usize,
    /// Those with something to say.
    pub spoken_steps: usize,
    /// Questions with their answers.
    pub questions: usize,
    /// What was not as usual, by line.
    pub notes: Vec<Note>,
}

/// Why a file cannot be imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Over [`MAX_FILE_BYTES`].
    #[error("the file has {bytes} bytes or more, at most {most} are read", most = MAX_FILE_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No section of the calling party.
    #[error("there is no part `## 电话拨打方` with sections, so this is no scenario")]
    NoAgent,
}

impl ImportError {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        Some("scenario files look like those in `tests/fixtures/outbound/`".into())
    }
}

/// Imports the scenario in `text`; `stem` is the file's name without folder and ending, which tells the persona's
/// archetype.
///
/// # Errors
/// When the text is too large, or no scenario at all; everything else is imported as far as it goes, with notes.
pub fn import(stem: &str, text: &str) -> Result<Imported, ImportError> {
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge { bytes: text.len() });
    }
    let mut notes = Notes::default();
    let sections = markdown::sections(text, &mut notes);
    let of = |part: Part| {
        sections
            .iter()
            .filter(|section| section.part == part)
            .collect::<Vec<_>>()
    };
    let (agent, customer) = (of(Part::Agent), of(Part::Customer));
    let first_line = agent
        .first()
        .map(|section| section.line)
        .ok_or(ImportError::NoAgent)?;
    missing(&agent, &customer, first_line, &mut notes);

    let mut persona = receiver::persona(&customer, stem, &mut notes);
    let mut document = playbook::Document {
        stem: stem.to_owned(),
        line: first_line,
        ..Default::default()
    };
    for section in &agent {
        match section.topic {
            Topic::Role => document.role.push_str(&paragraph(section)),
            Topic::Task => document.task.push_str(&paragraph(section)),
            Topic::Customer => document.customer.extend(
                section
                    .filled()
                    .map(|line| (line.number, Item::of(line).text)),
            ),
            Topic::Steps => document.steps.extend(agent::steps(section, &mut notes)),
            Topic::Questions => document.pairs.extend(faq::pairs(section, &mut notes)),
            Topic::Opening => document.opening.extend(agent::opening(section)),
            Topic::Closing => {
                let found = agent::closing(section, &mut notes);
                document.closing.conditions.extend(found.conditions);
                document.closing.lines.extend(found.lines);
            }
            _ => {}
        }
    }
    let texts: String = agent.iter().map(|section| section.text()).collect();
    let opening = document
        .opening
        .first()
        .map_or("", |(_, text)| text.as_str());
    document.identity = Identity::find(
        opening,
        &document.role,
        &persona.role,
        &texts,
        first_line,
        &mut notes,
    );

    let mut playbook = playbook::build(&document, &mut notes);
    for problem in playbook.validate() {
        notes.loss(
            first_line,
            &format!("the playbook breaks a rule, {problem}"),
            &problem.hint,
        );
    }
    playbook.source = Some(source(stem, &agent));
    persona.source = Some(source(stem, &customer));
    Ok(Imported {
        playbook,
        persona,
        steps: document.steps.len(),
        spoken_steps: document
            .steps
            .iter()
            .filter(|step| {
                step.lines
                    .iter()
                    .any(|line| line.purpose != agent::Use::Done)
            })
            .count(),
        questions: document.pairs.len(),
        notes: notes.finish(),
    })
}

/// Sections that every scenario should have.
fn missing(agent: &[&Section], customer: &[&Section], line: usize, notes: &mut Notes) {
    let expected = [
        (agent, Topic::Role, "角色"),
        (agent, Topic::Task, "核心任务"),
        (agent, Topic::Customer, "目标客户画像"),
        (agent, Topic::Steps, "分步流程和话术"),
        (agent, Topic::Questions, "问答知识库"),
        (agent, Topic::Opening, "开场白"),
        (agent, Topic::Closing, "结束条件与结束语"),
        (customer, Topic::Role, "角色"),
        (customer, Topic::Background, "背景信息"),
        (customer, Topic::Concerns, "核心关切点"),
        (customer, Topic::Behaviour, "对话中的典型行为模式"),
        (customer, Topic::Style, "回复风格示例"),
        (customer, Topic::End, "结束条件"),
    ];
    for (sections, topic, title) in expected {
        let of_topic = sections.iter().filter(|section| section.topic == topic);
        let line = sections.first().map_or(line, |section| section.line);
        match of_topic.clone().count() {
            1 => {}
            0 => notes.add(
                line,
                &format!("this part has no section `{title}`"),
                "what comes from it is empty or a default",
            ),
            _ => notes.add(
                line,
                &format!("this part has several sections `{title}`"),
                "they were joined",
            ),
        }
        for section in of_topic.filter(|section| section.filled().next().is_none()) {
            notes.add(
                section.line,
                &format!("the section `{title}` is empty"),
                "what comes from it is empty or a default",
            );
        }
    }
}

/// The lines of a section as one text.
fn paragraph(section: &Section) -> String {
    let lines: Vec<String> = section.filled().map(|line| Item::of(line).text).collect();
    lines.join("")
}

fn source(stem: &str, sections: &[&Section]) -> Source {
    Source {
        file: format!("{stem}.md"),
        sections: sections
            .iter()
            .map(|section| SourceSection {
                title: section.title.to_owned(),
                line: section.line,
                text: section.text(),
            })
            .collect(),
    }
}
