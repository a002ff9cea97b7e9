//! The calling party's document as a playbook.
//!
//! Steps become stages in their order, one stage for each question; steps about objections become objections; questions
//! become facts; what must be said in every call and is not in the scenario gets a plain Chinese default. What the
//! agent is told to do, and lines for certain cases only, are in the `steps` of a stage, which are never spoken.
//!
//! Thread: any · In: a [`Document`] · Out: a [`Playbook`] that keeps its own rules · Memory: the texts ·
//! Source: the mapping is ours; the fixed lines too.

use std::collections::BTreeMap;

use super::agent::{Closing, Step, Use};
use super::faq::Pair;
use super::fixed::{GOODBYES, OBJECTIONS, OPT_OUTS, ROBOT, RULES};
use super::identity::Identity;
use super::notes::Notes;
use super::phrases::Phrases;
use super::sentences::{asks, paragraphs, pieces, sentences, shortened};
use super::speech::Slots;
use patter_language::text::{find_formatting, find_placeholder, spoken_length};
use patter_playbook::{
    Compliance, Fact, Lines, MAX_TEXT_CHARACTERS, Objection, Persona, Playbook, Role, Slot, Stage,
    Terminology, Unknown,
};

/// Longest line of a stage (see [`spoken_length`]): about 19 seconds.
pub(super) const MAX_ASK: usize = 200;

/// Longest task and longest goal; both stand in every prompt.
const MAX_TASK: usize = 160;

/// All that the calling party's document says.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) stem: String,
    /// Line of the first section, for notes about the whole.
    pub(super) line: usize,
    pub(super) identity: Identity,
    pub(super) role: String,
    pub(super) task: String,
    pub(super) customer: Vec<(usize, String)>,
    pub(super) steps: Vec<Step>,
    pub(super) pairs: Vec<Pair>,
    pub(super) opening: Vec<(usize, String)>,
    pub(super) closing: Closing,
}

/// Builds one playbook.
pub(super) struct Builder<'a> {
    pub(super) slots: Slots,
    pub(super) phrases: Phrases,
    pub(super) notes: &'a mut Notes,
    pub(super) flow: Vec<Stage>,
    pub(super) objections: Vec<Objection>,
    /// Guidance that waits for a stage.
    pub(super) guidance: Vec<String>,
}

/// The playbook of a document.
pub(super) fn build(document: &Document, notes: &mut Notes) -> Playbook {
    let mut builder = Builder {
        slots: Slots::default(),
        phrases: Phrases::default(),
        notes,
        flow: Vec::new(),
        objections: Vec::new(),
        guidance: Vec::new(),
    };
    if let Some(name) = &document.identity.customer {
        builder.slots.call_customer(name);
    }
    let goodbye_on = builder.phrases.take(GOODBYES.iter().copied());
    let opt_out_on = builder.phrases.take(OPT_OUTS.iter().copied());
    let facts = builder.facts(&document.pairs);
    for (line, text) in &document.customer {
        builder.guide("客户", text, *line);
    }
    let opening = builder.opening(document);
    builder.steps(document);
    let goodbye = builder.closing(document);
    builder.finish(document);
    let style = [
        shortened(&Slots::complete(&style_of(&document.role)), 60),
        "一次只问一个问题".to_owned(),
    ];
    Playbook {
        keys: BTreeMap::new(),
        title: document.stem.clone(),
        language: "zh".to_owned(),
        role: Role {
            name: document.identity.name.clone(),
            company: document.identity.company.clone(),
            task: shortened(
                &Slots::complete(or(&document.role, "给客户打电话。")),
                MAX_TASK,
            ),
            goal: shortened(
                &Slots::complete(or(&document.task, "完成这次通话。")),
                MAX_TASK,
            ),
        },
        persona: Persona {
            tone: "亲切、专业、自然".to_owned(),
            style: style
                .into_iter()
                .filter(|text| text.chars().count() > 1)
                .collect(),
            ..Persona::default()
        },
        flow: builder.flow,
        objections: builder.objections,
        facts,
        terminology: Terminology::default(),
        examples: Vec::new(),
        compliance: Compliance {
            rules: RULES.iter().map(|&rule| rule.to_owned()).collect(),
            opening_notice: "我是智能语音助理，本次通话可能会被录音。".to_owned(),
            uninterruptible: Vec::new(),
            goodbye_on,
            opt_out_on,
            goodbye_examples: Vec::new(),
            opt_out_examples: Vec::new(),
        },
        slots: with_defaults(&builder.slots.values),
        script: Vec::new(),
        intents: Vec::new(),
        unknown: Unknown::default(),
        success: None,
        lines: Lines {
            opening,
            repeat: "不好意思，我没听清，您能再说一遍吗？".to_owned(),
            silence: "您好，您还在听吗？".to_owned(),
            gone: "我听不到您的声音，先不打扰了，再见。".to_owned(),
            filler: "请您稍等。".to_owned(),
            trouble: "抱歉，我这边出了点问题，稍后会有同事联系您，再见。".to_owned(),
            goodbye,
            fallback: "好的，我明白了。".to_owned(),
            not_known: "这一点我需要核实，之后给您答复。".to_owned(),
            ..Lines::default()
        },
        source: None,
    }
}

/// The question itself, for the classifier; without what stands for something else, it would be no caller's words.
fn examples(question: &str) -> Vec<String> {
    let question = question.trim();
    let fits = !question.is_empty()
        && spoken_length(question) <= MAX_TEXT_CHARACTERS
        && find_placeholder(question).is_none()
        && find_formatting(question).is_none();
    fits.then(|| question.to_owned()).into_iter().collect()
}

/// Slots of the call's data, as the file writes them.
fn with_defaults(values: &BTreeMap<String, String>) -> BTreeMap<String, Slot> {
    let slots = values.iter();
    slots
        .map(|(name, default)| (name.clone(), default.as_str().into()))
        .collect()
}

pub(super) fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.trim().is_empty() {
        default
    } else {
        text
    }
}

/// The sentence of a role that says how to speak.
fn style_of(role: &str) -> String {
    let signs = ["语气", "风格", "强调", "态度", "耐心", "简洁", "尊重"];
    let found = sentences(role)
        .into_iter()
        .find(|sentence| signs.iter().any(|sign| sentence.contains(sign)));
    found.unwrap_or_default().to_owned()
}

impl Builder<'_> {
    /// Keeps a text that is not spoken for the next stage.
    pub(super) fn guide(&mut self, label: &str, text: &str, line: usize) {
        let text = if label.is_empty() {
            text.to_owned()
        } else {
            format!("{label}：{text}")
        };
        let text = self.slots.written(&text, line, self.notes);
        self.guidance.extend(paragraphs(&text, MAX_TEXT_CHARACTERS));
    }

    pub(super) fn stage(&mut self, id: String, goal: &str, ask: String, enter_on: Vec<String>) {
        self.flow.push(Stage {
            id,
            goal: goal.to_owned(),
            steps: std::mem::take(&mut self.guidance),
            enter_on,
            ask,
            ..Stage::default()
        });
    }

    pub(super) fn goal(&mut self, title: &str, line: usize) -> String {
        let goal = self.slots.written(title, line, self.notes);
        let short = shortened(&goal, MAX_TEXT_CHARACTERS - 4);
        or(short.trim_end_matches('。'), "继续通话").to_owned()
    }

    fn steps(&mut self, document: &Document) {
        let last = document.steps.len().saturating_sub(1);
        let speaking = document
            .steps
            .iter()
            .position(|step| step.said().next().is_some());
        for (index, step) in document.steps.iter().enumerate() {
            let number = index + 1;
            let speaks = step.said().next().is_some();
            let inside = index > 0 && index < last;
            if inside
                && is_objection(&step.title)
                && step.lines.iter().any(|line| line.purpose != Use::Done)
            {
                self.objection(step);
                continue;
            }
            for line in &step.lines {
                match &line.purpose {
                    Use::Said => {}
                    Use::SaidIf(case) => self.guide(case, &line.text, line.line),
                    Use::Done if speaks => self.guide("", &line.text, line.line),
                    Use::Done => self.guide(
                        &format!("第{number}步，{}", step.title),
                        &line.text,
                        line.line,
                    ),
                }
            }
            if !speaks {
                if step.lines.is_empty() {
                    self.guide(&format!("第{number}步"), &step.title, step.line);
                }
                self.notes.add(
                    step.line,
                    &format!("step {number}, `{}`, says nothing", step.title),
                    "it guides the next stage and is not spoken",
                );
                continue;
            }
            if Some(index) == speaking && self.greets_again(step) {
                continue;
            }
            let mut text = String::new();
            for line in step.said() {
                let spoken = self.slots.spoken(&line.text, line.line, self.notes);
                text.push_str(&spoken);
                if !spoken.is_empty() {
                    let ends = spoken.ends_with(['。', '！', '？', '!', '?', '；']);
                    text.push_str(if ends { "\n" } else { "。\n" });
                }
            }
            let goal = self.goal(&step.title, step.line);
            let mut enter_on = if Some(index) == speaking {
                Vec::new()
            } else {
                self.phrases.of_title(&step.title)
            };
            for (piece, ask) in pieces(&text, MAX_ASK, &self.slots).into_iter().enumerate() {
                let id = if piece == 0 {
                    format!("step_{number:02}")
                } else {
                    format!("step_{number:02}_{}", piece + 1)
                };
                self.stage(id, &goal, ask, std::mem::take(&mut enter_on));
            }
        }
    }

    /// A step for customers who object: their phrases by the title, its lines as tactics one after the other.
    fn objection(&mut self, step: &Step) {
        let mut say: Vec<String> = Vec::new();
        for line in &step.lines {
            if line.purpose == Use::Done {
                self.guide(&step.title, &line.text, line.line);
            } else {
                let text = self.slots.spoken(&line.text, line.line, self.notes);
                say.extend(pieces(&text, MAX_TEXT_CHARACTERS, &self.slots));
            }
        }
        if say.is_empty() {
            return;
        }
        let mut id = "";
        let mut when = Vec::new();
        let fits = |signs: &[&str]| signs.iter().any(|sign| step.title.contains(sign));
        let fitting = OBJECTIONS.iter().filter(|(_, signs, _)| fits(signs));
        let others = OBJECTIONS.iter().rev().filter(|(_, signs, _)| !fits(signs));
        for (row, signs, phrases) in fitting.chain(others) {
            if when.is_empty() || fits(signs) {
                let phrases = self.phrases.take(phrases.iter().copied());
                if when.is_empty() && !phrases.is_empty() {
                    id = *row;
                }
                when.extend(phrases);
            }
        }
        match id {
            "" => {
                self.notes.add(
                    step.line,
                    &format!("`{}` is about objections too", step.title),
                    "its lines are further tactics",
                );
                if let Some(objection) = self.objections.last_mut() {
                    objection.say.append(&mut say);
                }
            }
            _ => {
                self.notes.add(
                    step.line,
                    &format!("`{}` is about objections", step.title),
                    &format!("it is the objection `{id}`"),
                );
                self.objections.push(Objection {
                    id: id.to_owned(),
                    when,
                    say,
                    ..Objection::default()
                });
            }
        }
    }

    fn facts(&mut self, pairs: &[Pair]) -> Vec<Fact> {
        let mut facts = Vec::new();
        for (index, pair) in pairs.iter().enumerate() {
            let answer = self.slots.spoken(&pair.answer, pair.line, self.notes);
            let mut say = String::new();
            for part in pieces(&answer, MAX_TEXT_CHARACTERS, &self.slots) {
                if spoken_length(&say) + spoken_length(&part) > MAX_TEXT_CHARACTERS
                    || asks(&say) && asks(&part)
                {
                    self.notes.loss(
                        pair.line,
                        "the answer is too long, or asks more than once",
                        "its end is in `[source]` only",
                    );
                    break;
                }
                say.push_str(&part);
            }
            if say.is_empty() {
                self.notes.loss(
                    pair.line,
                    "the answer cannot be spoken",
                    "it is in `[source]` only",
                );
                continue;
            }
            let when = self
                .phrases
                .of_question(&pair.question, pair.line, self.notes);
            if when.is_empty() {
                continue;
            }
            if when
                .iter()
                .any(|phrase| OPT_OUTS.iter().any(|opt_out| phrase.contains(opt_out)))
            {
                self.notes.add(
                    pair.line,
                    &format!("`{}` asks for no more calls", pair.question),
                    "it ends the call before its answer is looked for",
                );
            }
            facts.push(Fact {
                id: format!("question_{:02}", index + 1),
                when,
                examples: examples(&pair.question),
                say,
                ..Fact::default()
            });
        }
        let when = self.phrases.take(ROBOT.iter().copied());
        if !when.is_empty() {
            facts.push(Fact {
                id: "robot".to_owned(),
                when,
                say: "是的，我是智能语音助理。".to_owned(),
                ..Fact::default()
            });
        }
        facts
    }

    /// The last line; the others and the conditions guide the last stage.
    fn closing(&mut self, document: &Document) -> String {
        let mut goodbye: Option<String> = None;
        for (line, condition) in &document.closing.conditions {
            self.guide("结束条件", condition, *line);
        }
        for (line, text) in &document.closing.lines {
            let spoken = self.slots.spoken(text, *line, self.notes);
            let fits = spoken_length(&spoken) <= MAX_TEXT_CHARACTERS
                && spoken.matches(['？', '?']).count() < 2;
            if goodbye.is_none() && fits && !spoken.is_empty() && !self.slots.waits(&spoken) {
                goodbye = Some(spoken);
            } else {
                self.guide("另一句结束语", text, *line);
                self.notes.add(
                    *line,
                    "another closing line",
                    "it guides the last stage; `lines.goodbye` is the first that needs no slot",
                );
            }
        }
        let whole = goodbye.or_else(|| {
            let (line, text) = document.closing.lines.first()?;
            let spoken = self.slots.spoken(text, *line, self.notes);
            let said = pieces(
                &self.said_at_once(&spoken),
                MAX_TEXT_CHARACTERS,
                &self.slots,
            );
            self.notes.add(
                *line,
                "every closing line waits for a slot or is too long",
                "the first is said without those clauses",
            );
            said.into_iter().next_back()
        });
        whole.unwrap_or_else(|| {
            self.notes.loss(
                document.line,
                "there is no closing line that can always be said",
                "the agent says 再见",
            );
            "感谢您的时间，祝您生活愉快，再见。".to_owned()
        })
    }

    /// Guidance that no stage took goes to the last one.
    fn finish(&mut self, document: &Document) {
        if self.flow.is_empty() {
            self.notes.loss(
                document.line,
                "no step says anything",
                "there is one stage that asks for time",
            );
            self.stage(
                "opening".to_owned(),
                "开场",
                "您现在方便说话吗？".to_owned(),
                Vec::new(),
            );
        }
        if let Some(stage) = self.flow.last_mut() {
            stage.steps.append(&mut self.guidance);
        }
    }
}

/// A step for customers who object, not one of the flow.
fn is_objection(title: &str) -> bool {
    ["异议", "应对", "特殊情况", "答疑", "解答", "疑问"]
        .iter()
        .any(|sign| title.contains(sign))
        || [
            "如",
            "若",
            "遇",
            "当客户",
            "客户如",
            "客户若",
            "用户如",
            "用户若",
        ]
        .iter()
        .any(|sign| title.starts_with(sign))
}
