//! How likely the model finds words that somebody else chose.
//!
//! Thread: `llm`. In: the model's logits before each token. Out: a [`Score`] a part. Memory: one number a token. When
//! late: scoring has no limit of its own; who waits may cancel.
//!
//! The words are prefilled like a prompt, with logits on each token that one of them follows; the last token is not
//! read at all. Afterwards their cells are removed, so that the next request finds the context alone. Source: the chain
//! rule, log P(w1…wn | c) = Σ log P(wi | c, w1…wi-1), over the model's own distribution: no temperature, no penalty.

use llama_cpp_2::token::LlamaToken;

use crossbeam_channel::Sender;
use patter_engine::chat::{LlmError, Score, Scores};

/// Words that are being scored.
pub(super) struct ScoreTask {
    /// Tokens of the context: these stay in the cache.
    context: usize,
    /// The words as tokens, without a break.
    words: Vec<LlamaToken>,
    /// Tokens of each part.
    parts: Vec<usize>,
    /// What was found so far, in order.
    found: Vec<f64>,
    answer: Sender<Scores>,
}

impl ScoreTask {
    /// `parts`, after a context of `context` tokens.
    pub(super) fn new(context: usize, parts: Vec<Vec<LlamaToken>>, answer: Sender<Scores>) -> Self {
        Self {
            context,
            parts: parts.iter().map(Vec::len).collect(),
            words: parts.into_iter().flatten().collect(),
            found: Vec::new(),
            answer,
        }
    }

    /// Tokens of the context.
    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// What must be read for it beyond the context: nothing follows the last token.
    pub(super) fn to_read(&self) -> &[LlamaToken] {
        self.words.split_last().map_or(&[], |(_, before)| before)
    }

    /// True where the next token is one of the words.
    pub(super) fn wants_logits(&self, position: usize) -> bool {
        position + 1 >= self.context
    }

    /// Takes the model's opinion of the next of the words.
    pub(super) fn push(&mut self, logits: &[f32]) {
        if let Some(token) = self.words.get(self.found.len()) {
            self.found.push(log_probability(logits, *token));
        }
    }

    /// Sends what was found, if it is all.
    pub(super) fn end(self) {
        if self.found.len() == self.words.len() {
            let mut found = self.found.iter();
            let scores = self.parts.iter().map(|tokens| Score {
                log_probability: found.by_ref().take(*tokens).sum(),
                tokens: *tokens,
            });
            let _ = self.answer.send(Ok(scores.collect()));
        }
    }

    /// Sends why there is nothing.
    pub(super) fn fail(self, error: LlmError) {
        let _ = self.answer.send(Err(error));
    }
}

/// The natural logarithm of `token`'s share of the softmax.
fn log_probability(logits: &[f32], token: LlamaToken) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits
        .iter()
        .map(|logit| f64::from((logit - highest).exp()))
        .sum();
    let own = usize::try_from(token.0).ok().and_then(|at| logits.get(at));
    own.map_or(f64::NEG_INFINITY, |own| f64::from(own - highest) - sum.ln())
}

#[cfg(test)]
mod tests {
    use super::*;
    use llama_cpp_2::context::params::LlamaContextParams;
    use llama_cpp_2::llama_batch::LlamaBatch;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;
    use patter_engine::chat::ChatModel;
    use std::num::NonZeroU32;

    use crate::engine::{Engine, Plain, backend, render, tokenize};
    use patter_config::LlmConfig;
    use patter_machine::cores::Cores;
    use patter_types::chat::{ChatMessage, Role};
    use patter_types::priority::Priority;

    #[test]
    fn all_shares_add_up_to_one_and_extremes_stay_numbers() {
        let logits = [1.0, -3.0, 80.0, 79.5, f32::NEG_INFINITY, -1_000.0];
        let sum: f64 = (0..6)
            .map(|n| log_probability(&logits, LlamaToken(n)).exp())
            .sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert_eq!(log_probability(&[0.0; 4], LlamaToken(3)), 0.25f64.ln());
        assert_eq!(log_probability(&logits, LlamaToken(-1)), f64::NEG_INFINITY);
        assert_eq!(log_probability(&logits, LlamaToken(6)), f64::NEG_INFINITY);
    }

    #[test]
    fn parts_share_what_was_found_and_half_of_it_is_no_answer() {
        let (answer, scores) = crossbeam_channel::bounded(1);
        let token = |n| LlamaToken(n);
        let parts = vec![vec![token(0), token(1)], Vec::new(), vec![token(0)]];
        let mut work = ScoreTask::new(7, parts, answer.clone());
        assert_eq!(work.to_read(), [token(0), token(1)]);
        assert!(!work.wants_logits(5) && work.wants_logits(6));
        for _ in 0..5 {
            work.push(&[0.0, 0.0]);
        }
        work.end();
        let scores: Vec<Score> = scores.recv().unwrap().unwrap();
        assert_eq!(
            scores.iter().map(|s| s.tokens).collect::<Vec<_>>(),
            [2, 0, 1]
        );
        assert!((scores[0].log_probability - 2.0 * 0.5f64.ln()).abs() < 1e-9);
        let (answer, none) = crossbeam_channel::bounded(1);
        ScoreTask::new(1, vec![vec![token(0)]], answer).end();
        assert!(none.recv().is_err());
    }

    /// Reads the text token by token in a context of its own, each in a pass of its own, and sums naive softmax values.
    fn one_by_one(
        model: &LlamaModel,
        context: &[LlamaToken],
        words: &[LlamaToken],
        cells: u32,
    ) -> f64 {
        let parameters = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(cells))
            .with_n_threads(1)
            .with_n_threads_batch(1);
        let mut llama = model.new_context(backend().unwrap(), parameters).unwrap();
        let mut batch = LlamaBatch::new(1, 1);
        let mut sum = 0.0;
        for (position, token) in context.iter().chain(words).enumerate() {
            if position >= context.len() {
                let logits = llama.get_logits_ith(0);
                let all: f64 = logits.iter().map(|l| f64::from(*l).exp()).sum();
                sum += (f64::from(logits[token.0 as usize]).exp() / all).ln();
            }
            batch.clear();
            batch.add(*token, position as i32, &[0], true).unwrap();
            llama.decode(&mut batch).unwrap();
        }
        sum
    }

    #[test]
    fn a_score_is_the_sum_of_what_single_steps_give() {
        let config = LlmConfig {
            context_tokens: 1_024,
            // So that the words fall into several passes.
            prefill_chunk_tokens: 8,
            threads: 1,
            ..LlmConfig::default()
        };
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../models")
            .join(&config.model);
        if !path.is_file() {
            eprintln!("skipped: `{}` is not there", path.display());
            return;
        }
        let message = |role, text: &str| ChatMessage {
            role,
            text: text.into(),
        };
        let chat = vec![
            message(Role::System, "You sell memberships of a fitness club."),
            message(Role::User, "How much is it a month?"),
        ];
        let parts = [
            "The caller asks for the price.\n",
            "It's 29 dollars a month.",
        ];

        let engine = Engine::start(&path, &config, 2, &Cores::new(2)).unwrap();
        let session = engine.session().unwrap();
        let found = session
            .score(
                chat.clone(),
                parts.iter().map(|p| (*p).to_owned()).collect(),
                Priority::Interactive,
            )
            .wait()
            .unwrap();
        drop(session);
        drop(engine);

        let model = LlamaModel::load_from_file(
            backend().unwrap(),
            &path,
            &LlamaModelParams::default().with_n_gpu_layers(0),
        )
        .unwrap();
        let template = model.chat_template(None).unwrap();
        let context = tokenize(
            &model,
            &render(&model, &template, &Plain::of(&model), &chat, true).unwrap(),
        );
        let part = |n: usize| model.vocab().tokenize(parts[n].as_bytes(), false, false);
        let with_thought = [context.clone(), part(0)].concat();
        for (score, context, words) in [
            (&found[0], &context, part(0)),
            (&found[1], &with_thought, part(1)),
        ] {
            let expected = one_by_one(&model, context, &words, 512);
            assert_eq!(score.tokens, words.len());
            // Quantised weights: passes of another shape add up in another order.
            let error = (score.log_probability - expected).abs() / words.len() as f64;
            assert!(
                error < 0.02,
                "{} instead of {expected}",
                score.log_probability
            );
        }
    }
}
