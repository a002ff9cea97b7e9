//! The speech model's training runs from texts to a model that the engine loads; what it understands is `patter eval asr`'s business.

use std::process::Command;

use patter::asr::whisper::Model;
use patter::cores::{Cores, Urgency};

use crate::support::{loaded, one_at_a_time, root, voice};

#[test]
fn a_toy_is_trained_stopped_gone_on_with_and_loaded() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("toy.bin");
    let train = || {
        let done = Command::new("bash")
            .arg(root().join("scripts/train_asr/train.sh"))
            .args(["--toy", "--work"])
            .arg(folder.path())
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{told}");
        told
    };
    assert!(train().contains("from step 0"));
    // What is there is not made again.
    let again = train();
    assert!(again.contains("from step 20"), "{again}");
    let config = loaded().config.asr;
    let model = Model::load(&out, &config, &Cores::of_machine()).unwrap();
    let spoken = voice("en-us+f3")
        .speak("Hello, who is this?", false)
        .unwrap();
    let heard = model
        .session()
        .transcribe(&spoken.samples, Urgency::Now, || false)
        .unwrap();
    assert!((0.0..=1.0).contains(&heard.no_speech), "{heard:?}");
}

/// Twenty of each: what comes up less often is put together from what does, or from letters.
const PIECES: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import ggml, tokens
pieces = tokens.Tokens(ggml.read(sys.argv[2]).tokens)
pieces.limit(["The order is late.", "It is hot."] * 20 + ["Theodora called."], 20)
for text in ["The order is late.", "Theodora called.", "Is it 7 9?"]:
    numbers = pieces.encode(text)
    assert pieces.decode(numbers) == text
    print("|".join(pieces.bytes[number].decode() for number in numbers))
"#;

#[test]
fn rare_words_are_spelled_by_frequent_tokens() {
    let done = Command::new("/usr/bin/python3")
        .args(["-c", PIECES])
        .arg(root().join("scripts/train_asr"))
        .arg(root().join("models/patter-asr-v1.bin"))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    insta::assert_snapshot!(String::from_utf8_lossy(&done.stdout), @r"
     The| order| is| late|.
     The|o|d|o|r|a| c|a|l|l|e|d|.
     I|s| i|t| 7| 9|?
    ");
}
