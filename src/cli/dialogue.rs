//! `patter dialogue`: the dialogue of a call in writing.
//!
//! The engine is that of a call; the sound is left out. Each reply counts as heard to its end, and the history is
//! prefilled before the caller's next words, as it is in a call while the agent speaks; so `prefilled` tells what a
//! caller would wait for.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use patter_config::Loaded;
use patter_dialogue::draft::{Draft, Judged};
use patter_dialogue::guard::{Guard, Limits, Verdict};
use patter_dialogue::knowledge::Knowledge;
use patter_dialogue::{Dialogue, Matched, Plan, SlotUpdate};
use patter_engine::chat::Piece;
use patter_engine::chat::{ChatModel, ChatSession};
use patter_machine::cores::Cores;
use patter_playbook::Playbook;
use patter_types::chat::{ChatMessage, Finish};
use patter_types::expect::Expect;
use patter_types::outcome::Outcome;
use patter_types::priority::Priority;
use patter_types::reason::Reason;
use patter_types::source::Source;

/// Stands for a reply of the model that `--no-model` leaves out.
const UNMADE: &str = "(to be generated)";

/// You type what the caller says, one line a turn, and read what the agent says. `!silence` is a caller who says
/// nothing, `!unclear` one who is not understood. Exits with 1 when the language model failed.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Playbook in place of the config's
    #[arg(long, value_name = "FILE")]
    playbook: Option<PathBuf>,
    /// Take the caller's lines from a file; those that begin with `#` are comments
    #[arg(long, value_name = "SCRIPT")]
    file: Option<PathBuf>,
    /// Show the intent, slots, the stage, where each line is from, the prompt's tokens, what the guard refused, and
    /// what the caller is asked for
    #[arg(long)]
    trace: bool,
    /// Approved lines only: a reply that would be generated says so
    #[arg(long)]
    no_model: bool,
    /// One JSON object a turn, with all that `--trace` shows
    #[arg(long)]
    json: bool,
}

/// A line of the agent.
#[derive(serde::Serialize)]
struct Line {
    text: String,
    source: Source,
}

/// Figures of a generated reply.
#[derive(serde::Serialize)]
struct Generated {
    finish: Finish,
    prompt_tokens: usize,
    prefilled_tokens: usize,
    tokens: usize,
}

/// A sentence of the model's that was not said.
#[derive(serde::Serialize)]
struct Refused {
    text: String,
    reason: Reason,
    offending: String,
}

/// The caller's words and what came of them.
#[derive(serde::Serialize)]
struct Turn {
    turn: usize,
    caller: Option<String>,
    matched: Option<Matched>,
    stage_before: String,
    stage: String,
    why: Option<String>,
    said: Vec<Line>,
    generated: Option<Generated>,
    refused: Vec<Refused>,
    learnt: Vec<SlotUpdate>,
    outcome: Option<Outcome>,
    expects: Expect,
    ends_call: bool,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let loaded = patter_lab::report::with_playbook(loaded, options.playbook.as_ref())?;
    let script = options.file.as_deref().map(read_script).transpose()?;
    // Who types at a terminal sees it there already.
    let echo = script.is_some() || !std::io::stdin().is_terminal();
    let mut lines: Box<dyn Iterator<Item = anyhow::Result<Caller>>> = match script {
        Some(lines) => Box::new(lines.into_iter().map(Ok)),
        None => Box::new(std::iter::from_fn(read_typed)),
    };
    let mut talk = Talk::new(&loaded, !options.no_model)?;
    let mut turn = talk.open();
    loop {
        if options.json {
            patter_lab::report::print_json(&turn)?;
        } else {
            print(&turn, echo, options.trace);
        }
        if turn.ends_call {
            break;
        }
        match lines.next() {
            Some(line) => turn = talk.take(&line?),
            None => break,
        }
    }
    if options.file.is_some() {
        let left = lines.count();
        if left > 0 {
            patter_machine::log::warn(&format!("the call had ended before the last {left} lines"));
        }
    }
    Ok(ExitCode::from(u8::from(talk.failed)))
}

/// What the caller does in a turn.
#[derive(Debug, PartialEq)]
enum Caller {
    Says(String),
    IsUnclear,
    IsSilent,
}

impl Caller {
    /// Reads one line; None for an empty one or a comment.
    fn parse(line: &str) -> anyhow::Result<Option<Self>> {
        let line = line.trim_start_matches('\u{feff}').trim();
        Ok(match line {
            "" => None,
            "!silence" => Some(Self::IsSilent),
            "!unclear" => Some(Self::IsUnclear),
            _ if line.starts_with('#') => None,
            _ if line.starts_with('!') => {
                bail!("unknown command `{line}`; known: !silence, !unclear")
            }
            _ => Some(Self::Says(line.to_owned())),
        })
    }

    fn text(&self) -> &str {
        match self {
            Self::Says(words) => words,
            Self::IsUnclear => "!unclear",
            Self::IsSilent => "!silence",
        }
    }
}

fn read_script(path: &Path) -> anyhow::Result<Vec<Caller>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{name}`"))?;
    let numbered = text.lines().enumerate();
    let lines = numbered.map(|(index, line)| {
        Caller::parse(line).with_context(|| format!("`{name}` line {}", index + 1))
    });
    lines.filter_map(Result::transpose).collect()
}

/// The next line that is typed; None at the end.
fn read_typed() -> Option<anyhow::Result<Caller>> {
    loop {
        if std::io::stdin().is_terminal() {
            eprint!("caller  ");
        }
        let mut line = String::new();
        match std::io::stdin().read_line(&mut line) {
            Ok(0) => return None,
            Ok(_) => match Caller::parse(&line) {
                Ok(Some(caller)) => return Some(Ok(caller)),
                Ok(None) => {}
                Err(error) => super::complain(&error),
            },
            Err(error) => return Some(Err(error).context("cannot read what is typed")),
        }
    }
}

/// A conversation under way.
struct Talk {
    dialogue: Dialogue,
    guard: Guard,
    /// The session first: it ends before its engine.
    llm: Option<(Box<dyn ChatSession>, Arc<dyn ChatModel>)>,
    turns: usize,
    /// The caller's silences in a row, and how many are met with a reprompt.
    silences: u32,
    reprompts: u32,
    failed: bool,
}

impl Talk {
    fn new(loaded: &Loaded, with_model: bool) -> anyhow::Result<Self> {
        let config = &loaded.config;
        let playbook = Playbook::load(&loaded.resolve(&config.dialogue.playbook))?;
        let limits = Limits::from(&config.dialogue);
        let guard = Guard::new(&playbook, &Default::default(), limits);
        let embed = patter_assembly::embedder_for(loaded, &playbook.language)?;
        let knowledge = Arc::new(Knowledge::sensing(playbook, embed));
        let turns = config.dialogue.history_turns as usize;
        let dialogue = Dialogue::on(config.dialogue.day_of_call(), knowledge, turns)
            .lost_after(config.dialogue.lost_after_turns)
            .answering(config.dialogue.free_replies);
        let start = || -> anyhow::Result<(Box<dyn ChatSession>, Arc<dyn ChatModel>)> {
            let mut settings = loaded.clone();
            // Nobody waits in real time: the seed alone decides the words.
            settings.config.llm.max_reply_ms = 120_000;
            let engine = patter_assembly::chat_model(
                &settings,
                config.serve.max_calls,
                &Cores::of_machine(),
            )?;
            engine.share_prefix(dialogue.shared_prefix());
            Ok((engine.session()?, engine))
        };
        Ok(Self {
            llm: (with_model && dialogue.asks_the_model())
                .then(start)
                .transpose()?,
            dialogue,
            guard,
            turns: 0,
            silences: 0,
            reprompts: config.turn.reprompts,
            failed: false,
        })
    }

    /// The agent's first words.
    fn open(&mut self) -> Turn {
        let plan = self.dialogue.opening();
        self.say(None, String::new(), plan)
    }

    /// One turn of the caller, and the answer to it.
    fn take(&mut self, caller: &Caller) -> Turn {
        self.turns += 1;
        self.silences += 1;
        let stage_before = self.dialogue.stage().to_owned();
        let plan = match caller {
            Caller::IsSilent if self.silences > self.reprompts => self.dialogue.give_up(),
            Caller::IsSilent => self.dialogue.reprompt(),
            Caller::Says(words) => {
                self.silences = 0;
                self.dialogue.reply(words)
            }
            Caller::IsUnclear => {
                self.silences = 0;
                self.dialogue.reply("")
            }
        };
        self.say(Some(caller.text().to_owned()), stage_before, plan)
    }

    fn say(&mut self, caller: Option<String>, stage_before: String, plan: Plan) -> Turn {
        let lines = plan.lines.into_iter();
        let mut said: Vec<Line> = lines
            .map(|line| Line {
                text: line.text,
                source: line.source,
            })
            .collect();
        let mut refused = Vec::new();
        let generated = plan
            .prompt
            .and_then(|prompt| self.generate(prompt, &mut said, &mut refused));
        let heard: Vec<&str> = said.iter().map(|line| line.text.as_str()).collect();
        self.dialogue.heard_of_reply(&heard.join(" "));
        if let Some((session, _)) = &self.llm
            && !plan.ends_call
        {
            // Hangs up when it is done.
            let _ = session.warm(self.dialogue.so_far()).recv();
        }
        Turn {
            turn: self.turns,
            caller,
            matched: plan.matched,
            stage_before,
            stage: self.dialogue.stage().to_owned(),
            why: plan.moved.map(|moved| moved.why),
            said,
            generated,
            refused,
            learnt: plan.values,
            outcome: plan.outcome,
            expects: self.dialogue.expect(),
            ends_call: plan.ends_call,
        }
    }

    /// Adds the model's reply, sentence by sentence as a call speaks it: what the guard refuses is not said, nor is
    /// what comes after it.
    fn generate(
        &mut self,
        prompt: Vec<ChatMessage>,
        said: &mut Vec<Line>,
        refused: &mut Vec<Refused>,
    ) -> Option<Generated> {
        let line = |text: String| Line {
            text,
            source: Source::Model,
        };
        let Some((session, _)) = &self.llm else {
            self.dialogue.model_said(UNMADE);
            said.push(line(UNMADE.into()));
            return None;
        };
        let generation = session.generate(prompt, Priority::Interactive);
        let mut draft = Draft::new(self.dialogue.guarded_turn());
        let mut judged = Vec::new();
        let mut stats = None;
        // A call stops a reply that is refused; here it is made to its end, so that the figures are the same every
        // time.
        for piece in &generation.pieces {
            match piece {
                Piece::Text(piece) => judged.extend(draft.push(&self.guard, &piece)),
                Piece::Done(figures) => stats = Some(figures),
            }
        }
        let finish = stats.as_ref().map(|figures| &figures.finish);
        judged.extend(draft.end(&self.guard, finish == Some(&Finish::EndOfTurn)));
        for Judged { sentence, verdict } in judged {
            match verdict {
                Verdict::Speak(text) => said.push(line(text)),
                Verdict::Refuse(why) => refused.push(Refused {
                    text: sentence,
                    reason: why.reason,
                    offending: why.offending,
                }),
            }
        }
        match finish {
            Some(Finish::Failed(reason)) => self.failed = warn(reason),
            Some(_) => {}
            None => self.failed = warn("its thread has ended"),
        }
        if let Some(words) = draft.said() {
            self.dialogue.model_said(&words);
        } else {
            let fallback = self.dialogue.fallback().into_iter();
            said.extend(fallback.map(|line| Line {
                text: line.text,
                source: line.source,
            }));
        }
        stats.map(|figures| Generated {
            finish: figures.finish,
            prompt_tokens: figures.prompt_tokens,
            prefilled_tokens: figures.prefilled_tokens,
            tokens: figures.tokens,
        })
    }
}

fn warn(reason: &str) -> bool {
    patter_machine::log::warn(&format!("the language model failed: {reason}"));
    true
}

fn print(turn: &Turn, echo: bool, trace: bool) {
    if let Some(words) = turn.caller.as_ref().filter(|_| echo) {
        println!("caller  {words}");
    }
    if trace {
        if let Some(Matched {
            intent,
            phrase,
            probability,
        }) = &turn.matched
        {
            match phrase.as_str() {
                "" => println!("        intent  {intent}: {probability:.2}"),
                _ => println!("        intent  {intent}: `{phrase}`"),
            }
        }
        for SlotUpdate {
            slot,
            value,
            confirmed,
        } in &turn.learnt
        {
            let state = if *confirmed { "" } else { ", to be confirmed" };
            println!("        slot    {slot} = `{value}`{state}");
        }
        match &turn.why {
            Some(why) => {
                let from = Some(turn.stage_before.as_str()).filter(|from| !from.is_empty());
                let from = from.unwrap_or("(none)");
                println!("        stage   {from} -> {}: {why}", turn.stage);
            }
            None => println!("        stage   {}", turn.stage),
        }
    }
    for line in &turn.said {
        if trace {
            println!("agent   {}   [{}]", line.text, line.source);
        } else {
            println!("agent   {}", line.text);
        }
    }
    if !trace {
        return;
    }
    if let Some(generated) = &turn.generated {
        println!(
            "        prompt  {} tokens, {} of them prefilled; {} made: {:?}",
            generated.prompt_tokens, generated.prefilled_tokens, generated.tokens, generated.finish
        );
    }
    for Refused {
        text,
        reason,
        offending,
    } in &turn.refused
    {
        let reason = serde_json::to_string(reason).unwrap_or_default();
        let reason = reason.trim_matches('"');
        println!("        refused {text}   [{reason}: {offending}]");
    }
    if let Some(outcome) = &turn.outcome {
        let outcome = serde_json::to_string(outcome).unwrap_or_default();
        println!("        outcome {}", outcome.trim_matches('"'));
    }
    let expects = serde_json::to_string(&turn.expects).unwrap_or_default();
    println!("        expects {}", expects.trim_matches('"'));
    if turn.ends_call {
        println!("        ends the call");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_lines_comments_and_two_commands() {
        let says = |text: &str| Some(Caller::Says(text.into()));
        for (line, expected) in [
            ("  Yes, please. ", says("Yes, please.")),
            ("I am #1!", says("I am #1!")),
            ("שלום 👋", says("שלום 👋")),
            ("\u{feff}# a comment", None),
            ("   ", None),
            ("!silence", Some(Caller::IsSilent)),
            ("!unclear", Some(Caller::IsUnclear)),
        ] {
            assert_eq!(Caller::parse(line).unwrap(), expected, "{line}");
        }
        let error = Caller::parse("!silnce").unwrap_err().to_string();
        assert!(error.contains("known: !silence, !unclear"), "{error}");
    }

    #[test]
    fn a_script_with_an_unknown_command_is_refused_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.txt");
        std::fs::write(&path, "Hello.\r\n\r\n!hangup\r\n").unwrap();
        let error = read_script(&path).unwrap_err().to_string();
        assert!(error.ends_with("s.txt` line 3"), "{error}");
        std::fs::write(&path, "Hello.\r\n# bye\r\n!silence").unwrap();
        let lines = read_script(&path).unwrap();
        assert_eq!(lines, [Caller::Says("Hello.".into()), Caller::IsSilent]);
    }
}
