//! The speech model's training runs from texts to a model that the engine loads; what it understands is `patter eval
//! asr`'s business.

use patter_engine::recognise::{Pass, Recogniser};
use std::process::Command;

use patter_language::text::normalise;
use patter_machine::cores::Cores;
use patter_speech::whisper::Model;
use patter_types::priority::Priority;

use crate::support::{loaded, one_at_a_time, root, voice};

#[test]
fn a_model_is_taught_stopped_gone_on_with_and_still_understands() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("toy.bin");
    let temporary = folder.path().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let train = || {
        let done = Command::new("bash")
            .arg(root().join("scripts/train_asr/train.sh"))
            .args(["--toy", "--work"])
            .arg(folder.path())
            .arg("--out")
            .arg(&out)
            .env("TMPDIR", &temporary)
            // A voice's library may wake PulseAudio's, which keeps a folder of its own among temporary ones.
            .env("PULSE_RUNTIME_PATH", folder.path().join("pulse"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{told}");
        told
    };
    assert!(train().contains("from step 0"));
    assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0);
    // What is there is not made again.
    let again = train();
    assert!(again.contains("from step 4"), "{again}");
    let config = loaded().config.asr;
    let model = Model::load(&out, &config, &Cores::of_machine()).unwrap();
    let spoken = voice("en-us+f3")
        .speak("Hello, who is this?", false)
        .unwrap();
    let heard = model
        .session()
        .transcribe(&spoken.samples, Pass::Final, Priority::Interactive, &|| {
            false
        })
        .unwrap();
    assert_eq!(normalise(&heard.text), "hello who is this", "{heard:?}");
}

/// What a script of Python prints that ends well; it is given the folder of the training and the shipped model.
fn python(script: &str) -> String {
    let done = Command::new("/usr/bin/python3")
        .args(["-c", script])
        .arg(root().join("scripts/train_asr"))
        .arg(root().join("models/patter-asr-v4.bin"))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// What the passes of the training see of a matrix is what the file holds of it, also of one that is packed already and
/// of blocks of zeros.
const PACKED: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import numpy, torch
import ggml, train
matrix = torch.randn(64, 96, generator=torch.Generator().manual_seed(1))
matrix[3, 32:64] = 0
seen = train.rounded(matrix)
held, end = ggml.unpacked(ggml.q4_0(matrix.numpy()), 0, 2, (64, 96))
assert end == 64 * 96 // 32 * 18
assert numpy.array_equal(held, seen.numpy())
assert torch.allclose(train.rounded(seen), seen, atol=1e-3)
assert 0.05 < (seen - matrix).abs().mean() < 0.1
"#;

#[test]
fn training_sees_the_weights_that_the_file_holds() {
    python(PACKED);
}

/// GPT-2's byte pairs, the longest that are in the list, as the shipped model expects them.
const PIECES: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import ggml, tokens
pieces = tokens.Tokens(ggml.read(sys.argv[2]).tokens)
for text in ["The order is late.", "Theodora didn't call.", "Is it 7 9?"]:
    numbers = pieces.encode(text)
    assert pieces.decode(numbers) == text
    print("|".join(pieces.bytes[number].decode() for number in numbers))
"#;

#[test]
fn texts_are_cut_into_whispers_tokens() {
    insta::assert_snapshot!(python(PIECES), @r"
     The| order| is| late|.
     The|od|ora| didn|'t| call|.
     Is| it| 7| 9|?
    ");
}

/// Every accent with a voice of espeak-ng's own and a drawn one speaks, each in its own way; a voice that is not there
/// is silent.
const VOICES: &str = r#"
import random, sys
sys.path.insert(0, sys.argv[1])
import engines, speak
there = engines.installed(random.Random(1))
sounds = {}
for accent in set(speak.ACCENTS):
    for variant in ["", "+f3", "+drawn0", "+drawn1"]:
        sounds[accent + variant] = there["espeak-ng"].speak(accent + variant, "Hello there.", random.Random(1))
sounds.update((name, there["flite"].speak(name, "Hello there.", random.Random(1))) for name in speak.FLITE)
assert all(0.3 < len(sound) / engines.RATE < 3 and abs(sound).max() > 3000 for sound in sounds.values())
assert len({sound.tobytes() for sound in sounds.values()}) == len(sounds)
assert not len(there["espeak-ng"].speak("nobody", "Hello there.", random.Random(1)))
"#;

#[test]
fn training_speaks_with_many_voices() {
    python(VOICES);
}

/// The sentences that measure the model, of both sets, are drawn again.
const HELD_OUT: &str = r#"
import sys
sys.path.insert(0, sys.argv[1])
import text
writer = text.Writer("1")
drawn = iter([("i never ordered that SUBSCRIPTION", "x"), ("Nobody in my family can whistle.", "x"), ("I ordered that subscription.", "y")])
writer.draw = lambda: next(drawn)
assert writer.text() == ("I ordered that subscription.", "y")
"#;

#[test]
fn held_out_sentences_are_never_drawn() {
    python(HELD_OUT);
}

/// What a model is bad at unless it meets it often: runs of one digit, and words of every day in the place of rarer
/// ones.
const DRAWN: &str = r#"
import re, sys
sys.path.insert(0, sys.argv[1])
import text
writer = text.Writer("1")
strings = [writer.digits(10) for _ in range(500)]
assert all(len(written.split()) == 10 == len(re.findall("[a-z]+", spoken)) for written, spoken in strings)
runs = sum(bool(re.search(r"(\d)( \1){2}", written)) for written, _ in strings)
assert 100 < runs < 300, runs
writer.words, writer.shares, writer.rare, writer.commonest = ["parcel"], [1.0], [], {"the", "was"}
renewed = [writer.renewed("The dog was happy-go-lucky, I don't doubt.") for _ in range(200)]
assert all(re.fullmatch(r"The \w+ was \w+-\w+-\w+, I [\w']+ \w+\.", text) for text in renewed)
assert 500 < sum(text.count("parcel") for text in renewed) < 900
"#;

#[test]
fn texts_are_of_everyday_words_and_runs_of_digits() {
    python(DRAWN);
}
