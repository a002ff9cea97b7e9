//! Between the words of a call and the bytes of a model's tokens.
//!
//! Thread: `llm`. In: what somebody said; bytes of tokens. Out: text that is safe in a chat template; whole letters.
//! Memory: the spelling of a model's control tokens. Source: llama.cpp's tokenizer, which takes the spelling of a
//! control or user-defined token for that token wherever it stands; the chat templates of the models that it knows.

use aho_corasick::{AhoCorasick, MatchKind};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token_type::LlamaTokenAttr;

/// What chat templates write between messages, of models whose vocabulary has no token for it, too.
const MARKS: [&str; 20] = [
    "<|",
    "|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<start_of_turn>",
    "<end_of_turn>",
    "[AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "### Instruction",
    "### Response",
];

/// Keeps what somebody says from being read as a part of the chat template.
pub(crate) struct Plain {
    marks: Option<AhoCorasick>,
}

impl Plain {
    /// For `model`: its control tokens, and what templates write.
    pub(crate) fn of(model: &LlamaModel) -> Self {
        let vocab = model.vocab();
        let spelled = vocab.tokens().filter_map(|token| {
            let attr = vocab.attr(token);
            let control = attr.contains(LlamaTokenAttr::Control) || vocab.is_eog(token);
            let special = attr.intersects(LlamaTokenAttr::UserDefined | LlamaTokenAttr::Unknown);
            let text = vocab.text(token)?.to_str().ok()?;
            (control || (special && is_markup(text))).then(|| text.to_owned())
        });
        Self::new(spelled)
    }

    fn new(spelled: impl Iterator<Item = String>) -> Self {
        let marks = spelled.chain(MARKS.map(str::to_owned));
        // One that is a single letter cannot be broken, one of blanks is nobody's command, and a blank before it is no
        // help.
        let marks = marks.map(|mark| mark.trim().to_owned());
        let marks = marks.filter(|mark| mark.chars().count() > 1);
        let marks = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(marks);
        Self { marks: marks.ok() }
    }

    /// `text` with a blank in everything that could be taken for a control token, and nothing that ends a C string.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.replace('\0', " ");
        let Some(marks) = &self.marks else {
            return text;
        };
        // A blank may leave another one whole; each round breaks one at least.
        while let Some(broken) = broken(marks, &text) {
            text = broken;
        }
        text
    }
}

/// `text` with a blank after the first letter of each mark; None when there is none.
fn broken(marks: &AhoCorasick, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for found in marks.find_iter(text) {
        let first = text[found.start()..]
            .chars()
            .next()
            .map_or(1, char::len_utf8);
        out.push_str(&text[done..found.start() + first]);
        out.push(' ');
        done = found.start() + first;
    }
    (done > 0).then(|| out + &text[done..])
}

/// Looks like a mark and not like words: `<tool_call>`, `[IMG]`.
fn is_markup(text: &str) -> bool {
    let ends = |open, close| text.starts_with(open) && text.ends_with(close);
    ends('<', '>') || ends('[', ']')
}

/// Takes complete UTF-8 off the front; bytes that can never become any are dropped.
pub(super) fn take_whole_letters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    loop {
        match std::str::from_utf8(bytes) {
            Ok(all) => {
                text.push_str(all);
                bytes.clear();
                return text;
            }
            Err(e) => {
                let good = e.valid_up_to();
                text.push_str(&String::from_utf8_lossy(&bytes[..good]));
                match e.error_len() {
                    Some(bad) => drop(bytes.drain(..good + bad)),
                    None => {
                        bytes.drain(..good);
                        return text;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_wait_until_they_are_whole() {
        let mut bytes = "né".as_bytes()[..2].to_vec();
        assert_eq!(take_whole_letters(&mut bytes), "n");
        bytes.push(0xa9);
        assert_eq!(take_whole_letters(&mut bytes), "é");
        let mut bytes = vec![b'a', 0xff, b'b'];
        assert_eq!(take_whole_letters(&mut bytes), "ab");
    }

    fn plain() -> Plain {
        let llama = [
            "<|eot_id|>",
            "<|begin_of_text|>",
            "▁",
            "<0x0A>",
            "<unk>",
            " <x>",
        ];
        Plain::new(llama.map(str::to_owned).into_iter())
    }

    #[test]
    fn a_caller_cannot_say_control_tokens() {
        let plain = plain();
        for mark in MARKS
            .into_iter()
            .chain(["<|eot_id|>", "<|im_start|>", "<unk>", "<x>"])
        {
            for text in [
                mark.to_owned(),
                format!("a{mark}{mark}b"),
                format!("<{mark}>"),
            ] {
                let safe = plain.text(&text);
                assert!(!safe.contains(mark), "{text}: {safe}");
                let letters = |text: &str| text.replace(' ', "");
                assert_eq!(letters(&safe), letters(&text), "nothing else is changed");
            }
        }
        let usual = "It's 5 > 3, [sic] and a <- b; 10 | 20.";
        assert_eq!(plain.text(usual), usual);
        assert_eq!(plain.text("a\0b"), "a b");
    }

    #[test]
    fn no_control_token_of_the_shipped_model_can_be_reached() {
        use crate::engine::{backend, tokenize};
        let path = patter_config::Config::default().llm.model;
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../models")
            .join(path);
        let parameters =
            llama_cpp_2::model::params::LlamaModelParams::default().with_vocab_only(true);
        let model = LlamaModel::load_from_file(backend().unwrap(), path, &parameters).unwrap();
        let vocab = model.vocab();
        let plain = Plain::of(&model);
        let controls = vocab.tokens().filter(|token| vocab.is_control(*token));
        let spelled: Vec<String> = controls
            .filter_map(|token| Some(vocab.text(token)?.to_str().ok()?.to_owned()))
            .collect();
        assert!(
            spelled.iter().any(|text| text == "<|im_start|>"),
            "{spelled:?}"
        );
        let has_control = |text: &str| {
            let tokens = tokenize(&model, text);
            tokens.iter().any(|token| vocab.is_control(*token))
        };
        for text in spelled {
            assert!(has_control(&text), "{text}");
            for said in [
                text.clone(),
                format!("I say {text}{text}."),
                format!("<{text}>"),
            ] {
                let safe = plain.text(&said);
                assert!(!has_control(&safe), "{said}: {safe}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_holds_a_mark_after_it(
            parts in proptest::collection::vec(
                proptest::sample::select(
                    vec!["<", "|", ">", "[", "]", "/", "INST", "eot_id", "s", " ", "<|", "im_end"],
                ),
                0..30,
            ),
        ) {
            let plain = plain();
            let safe = plain.text(&parts.concat());
            for mark in MARKS.into_iter().chain(["<|eot_id|>", "<unk>"]) {
                proptest::prop_assert!(!safe.contains(mark), "{}", safe);
            }
            proptest::prop_assert_eq!(plain.text(&safe), safe);
        }
    }
}
