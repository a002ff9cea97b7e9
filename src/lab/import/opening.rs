//! How a call begins: the opening line, what is asked after the notice, and the first step, which must not greet again.
//!
//! Thread: any · In: a [`Document`] · Out: the opening line, the first stages · Memory: the texts · Source: ours.

use super::agent::Step;
use super::playbook::{Builder, Document, MAX_ASK, or};
use super::sentences::{asks, begun, pieces, sentences};
use patter_language::text::spoken_length;
use patter_playbook::MAX_TEXT_CHARACTERS;

impl Builder<'_> {
    /// The opening line without its last question, which the first stage asks right after the notice.
    pub(super) fn opening(&mut self, document: &Document) -> String {
        let mut texts = document.opening.iter();
        let Some((line, text)) = texts.next() else {
            self.notes.loss(
                document.line,
                "there is no opening line",
                "the agent says 您好",
            );
            return "您好。".to_owned();
        };
        for (line, text) in texts {
            self.guide("另一句开场白", text, *line);
        }
        let whole = text;
        let mut text = self.slots.spoken(whole, *line, self.notes);
        if self.slots.waits(&text) {
            self.guide("开场白", whole, *line);
            self.notes.add(
                *line,
                "the opening line waits for a slot",
                "it is said without that clause; the whole guides the first stage",
            );
            text = self.said_at_once(&text);
        }
        let (first, ask) = opening_and_ask(&text);
        if !ask.is_empty() {
            self.opening_stages(document, &ask);
        } else if let Some(step) =
            first_speaking(document).filter(|step| step.said().any(|line| greets(&line.text)))
        {
            // The greeting must not be said twice: of the first step only the rest follows.
            let mut rest = String::new();
            for line in step.said() {
                let spoken = self.slots.spoken(&line.text, line.line, self.notes);
                rest.extend(
                    sentences(&spoken)
                        .into_iter()
                        .filter(|sentence| !greets(sentence)),
                );
            }
            self.opening_stages(document, or(&rest, "您现在方便说话吗？"));
        }
        or(begun(&first), "您好。").to_owned()
    }

    /// A text without the clauses that wait for a slot.
    pub(super) fn said_at_once(&self, text: &str) -> String {
        let mut said = String::new();
        for clause in text.split_inclusive(['。', '！', '？', '!', '?', '，', ',']) {
            if !self.slots.waits(clause) {
                said.push_str(clause);
            } else if clause.ends_with(['。', '！', '？', '!', '?']) && said.ends_with(['，', ','])
            {
                said.pop();
                said.push('。');
            }
        }
        said
    }

    fn opening_stages(&mut self, document: &Document, text: &str) {
        let goal = first_speaking(document).map_or("开场", |step| step.title.as_str());
        let goal = self.goal(goal, document.line);
        for (index, ask) in pieces(text, MAX_ASK, &self.slots).into_iter().enumerate() {
            let id = if index == 0 {
                "opening".to_owned()
            } else {
                format!("opening_{}", index + 1)
            };
            self.stage(id, &goal, ask, Vec::new());
        }
    }

    /// Whether the first step that speaks greets as the opening line has done: then its lines are guidance.
    pub(super) fn greets_again(&mut self, step: &Step) -> bool {
        let again = !self.flow.is_empty() && step.said().any(|line| greets(&line.text));
        if again {
            let waiting = std::mem::take(&mut self.guidance);
            for line in step.said() {
                self.guide("话术", &line.text, line.line);
            }
            let mut steps = std::mem::replace(&mut self.guidance, waiting);
            steps.append(&mut self.guidance);
            if let Some(stage) = self.flow.first_mut() {
                stage.steps.append(&mut steps);
            }
            self.notes.add(
                step.line,
                "the first step greets as the opening line does",
                "the opening line is said, the step guides its stage",
            );
        }
        again
    }
}

/// The first step with something to say.
fn first_speaking(document: &Document) -> Option<&Step> {
    document
        .steps
        .iter()
        .find(|step| step.said().next().is_some())
}

/// What is said first, with one question at most, and what is asked after the notice: the rest, or a question at the
/// end.
fn opening_and_ask(text: &str) -> (String, String) {
    let all = sentences(text);
    let mut count = 0;
    let mut length = 0;
    for sentence in &all {
        length += spoken_length(sentence);
        let second_question = asks(sentence) && all[..count].iter().any(|earlier| asks(earlier));
        if second_question || length > MAX_TEXT_CHARACTERS {
            break;
        }
        count += 1;
    }
    if count == all.len() && all.last().is_some_and(|last| asks(last)) {
        count -= 1;
    }
    let (first, ask) = (all[..count].concat(), all[count..].concat());
    // One sentence that greets and asks: its last clause is the question.
    if first.is_empty()
        && let Some((greeting, question)) = ask.rsplit_once('，')
        && spoken_length(greeting) < MAX_TEXT_CHARACTERS
        && !asks(greeting)
    {
        return (format!("{greeting}。"), question.to_owned());
    }
    (first, ask)
}

/// Words of a greeting: who speaks, and who is called.
fn greets(text: &str) -> bool {
    ["您好", "你好", "喂", "请问是", "我是", "先生吗", "女士吗"]
        .iter()
        .any(|sign| text.contains(sign))
}
