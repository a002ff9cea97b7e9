//! `patter playbook show`: a playbook as a graph, as the language model sees it, and as the voice reads it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use patter_config::Loaded;
use patter_dialogue::Dialogue;
use patter_dialogue::knowledge::Knowledge;
use patter_engine::chat::LlmError;
use patter_language::text::count_words;
use patter_llm::prompt;
use patter_llm::prompt::PromptReader;
use patter_playbook::Playbook;
use patter_types::chat::ChatMessage;

/// Prints where a call can go (`mermaid`, `dot`), what every prompt begins with, exactly as the model reads it
/// (`prompt`), both (`json`), or the lines that are read aloud otherwise than they are written
/// (`spoken`). A playbook that breaks a rule is shown too.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The playbook; the config's if there is none
    file: Option<PathBuf>,
    /// What to print
    #[arg(long, value_enum, default_value = "mermaid")]
    format: Format,
    /// Write the caller's phrases out in the graph, in place of their number
    #[arg(long)]
    phrases: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    Mermaid,
    Dot,
    Prompt,
    Json,
    Spoken,
}

/// What every prompt begins with.
#[derive(serde::Serialize)]
struct Prompt {
    /// The file whose template and tokens these are; none when it is not there.
    model: Option<PathBuf>,
    text: String,
    tokens: usize,
    words: usize,
}

pub(crate) fn run(loaded: &Loaded, options: &Options) -> anyhow::Result<ExitCode> {
    let configured = loaded.resolve(&loaded.config.dialogue.playbook);
    let path = options.file.as_ref().unwrap_or(&configured);
    let text = Playbook::read_text(path)?;
    let playbook = Playbook::parse(&text, &path.display().to_string())?;
    let graph = playbook.graph();
    match options.format {
        Format::Mermaid => print!("{}", graph.mermaid(options.phrases)),
        Format::Dot => print!("{}", graph.dot(options.phrases)),
        Format::Prompt => {
            let prompt = prompt_of(loaded, playbook)?;
            println!("{}", prompt.text);
            let (tokens, words) = (prompt.tokens, prompt.words);
            match prompt.model {
                Some(model) => eprintln!("{tokens} tokens of `{}`", model.display()),
                None => eprintln!(
                    "about {tokens} tokens, estimated from {words} words: the model is not here, so its template is left out too"
                ),
            }
        }
        Format::Spoken => {
            let language = super::voice_language(loaded, &playbook);
            for line in playbook.readings(&language) {
                println!("`{}`", line.place);
                println!("    written: {}", line.written);
                println!("    spoken:  {}", line.spoken);
            }
        }
        Format::Json => {
            let prompt = prompt_of(loaded, playbook)?;
            patter_lab::report::print_json(
                &serde_json::json!({ "graph": graph, "prompt": prompt }),
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn prompt_of(loaded: &Loaded, playbook: Playbook) -> anyhow::Result<Prompt> {
    let turns = loaded.config.dialogue.history_turns as usize;
    let messages = Dialogue::new(Arc::new(Knowledge::new(playbook)), turns)
        .answering(loaded.config.dialogue.free_replies.or_brief())
        .shared_prefix();
    let words = |message: &ChatMessage| count_words(&message.text);
    let words = messages.iter().map(words).sum();
    let model = &loaded.config.llm.model;
    let (model, text, tokens) = match PromptReader::load(&loaded.model(model)) {
        Ok(reader) => {
            let read = reader.read(&messages, false)?;
            (Some(model.clone()), read.text, read.tokens)
        }
        Err(LlmError::Missing { .. }) => {
            let texts: Vec<&str> = messages.iter().map(|m| m.text.as_str()).collect();
            (None, texts.join("\n"), prompt::estimate(&messages))
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Prompt {
        model,
        text,
        tokens,
        words,
    })
}
