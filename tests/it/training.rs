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
