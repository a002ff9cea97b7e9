//! A prompt as the model reads it, without running the model: to show it and to count its tokens.
//!
//! In: chat messages. Out: the text that the model's chat template makes of them, and its length in tokens. Memory: the
//! model's vocabulary, not its weights: a tenth of a second to load. Without the file: an estimate.

use std::path::Path;

use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaChatTemplate, LlamaModel};

use super::engine;
use patter_config::LlmConfig;
use patter_engine::chat::LlmError;
use patter_types::chat::ChatMessage;

/// Tokens that a chat template adds to a message, in the estimate: ChatML takes 5.
const TEMPLATE_TOKENS: usize = 5;

/// Tokens of the context that one call has for itself, beside the `prefix_tokens` that all share.
pub fn share(config: &LlmConfig, calls: usize, prefix_tokens: usize) -> usize {
    (config.context_tokens as usize).saturating_sub(prefix_tokens) / calls.max(1)
}

/// About how many tokens `messages` have, when the model is not there to tell: four ASCII characters a token, one token
/// each other character.
pub fn estimate(messages: &[ChatMessage]) -> usize {
    let of_text = |text: &str| {
        let ascii = text.chars().filter(char::is_ascii).count();
        ascii.div_ceil(4) + (text.chars().count() - ascii)
    };
    let texts = messages.iter().map(|message| of_text(&message.text));
    texts.map(|tokens| tokens + TEMPLATE_TOKENS).sum()
}

/// A model's vocabulary and chat template.
pub struct PromptReader {
    model: LlamaModel,
    template: LlamaChatTemplate,
    plain: engine::Plain,
}

/// A prompt as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPrompt {
    /// The text, with the template's control words.
    pub text: String,
    /// Its length.
    pub tokens: usize,
}

impl PromptReader {
    /// Reads the vocabulary of the model at `path`.
    ///
    /// # Errors
    /// Missing or damaged file, no chat template.
    pub fn load(path: &Path) -> Result<Self, LlmError> {
        if !path.is_file() {
            return Err(LlmError::Missing {
                path: path.to_owned(),
            });
        }
        let load = |reason: String| LlmError::Load {
            path: path.to_owned(),
            reason,
        };
        let backend = engine::backend().map_err(load)?;
        let parameters = LlamaModelParams::default().with_vocab_only(true);
        let model = LlamaModel::load_from_file(backend, path, &parameters)
            .map_err(|e| load(e.to_string()))?;
        let template = model
            .chat_template(None)
            .map_err(|_| load("it has no chat template; an instruct model is wanted".into()))?;
        let plain = engine::Plain::of(&model);
        Ok(Self {
            model,
            template,
            plain,
        })
    }

    /// `messages` as the model reads them. `open_turn` adds the header of the agent's turn, as for a reply.
    ///
    /// # Errors
    /// The template refuses them.
    pub fn read(&self, messages: &[ChatMessage], open_turn: bool) -> Result<ReadPrompt, LlmError> {
        let text = engine::render(
            &self.model,
            &self.template,
            &self.plain,
            messages,
            open_turn,
        )
        .map_err(|reason| LlmError::Engine { reason })?;
        let tokens = engine::tokenize(&self.model, &text).len();
        Ok(ReadPrompt { text, tokens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patter_types::chat::Role;

    #[test]
    fn the_context_is_divided_after_what_all_share() {
        let config = LlmConfig {
            context_tokens: 8_192,
            ..LlmConfig::default()
        };
        assert_eq!(share(&config, 8, 192), 1_000);
        assert_eq!(share(&config, 8, 9_000), 0);
        assert_eq!(share(&config, 0, 0), 8_192);
    }

    #[test]
    fn an_estimate_counts_letters_that_are_not_ascii_as_tokens() {
        let message = |text: &str| ChatMessage {
            role: Role::User,
            text: text.into(),
        };
        assert_eq!(estimate(&[message("Sure, go ahead.")]), 4 + TEMPLATE_TOKENS);
        assert_eq!(estimate(&[message("价格?")]), 3 + TEMPLATE_TOKENS);
        assert_eq!(estimate(&[]), 0);
    }

    #[test]
    fn a_missing_or_damaged_model_has_no_vocabulary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.gguf");
        let error = || PromptReader::load(&path).err().unwrap().to_string();
        assert!(error().contains("is not there"));
        std::fs::write(&path, b"GGUF but no more").unwrap();
        assert!(error().contains("cannot be loaded"));
    }
}
