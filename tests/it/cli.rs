//! The program as a user runs it: exit codes, one-line errors, machine-readable output.

use std::path::Path;

use patter_audio::wav;
use serde_json::Value;

use crate::support::{one_at_a_time, patter, root, voice};

fn config() -> String {
    root().join("config.toml").display().to_string()
}

/// An error is one line with the program's name, and perhaps a hint.
fn assert_error(result: &(i32, String, String), code: i32, part: &str) {
    assert_eq!(result.0, code, "{result:?}");
    assert!(result.2.contains(part), "{result:?}");
    let lines: Vec<&str> = result
        .2
        .lines()
        .filter(|l| !l.starts_with("ALSA"))
        .collect();
    assert!(
        lines.len() <= 2 && lines[0].starts_with("patter: "),
        "{result:?}"
    );
    assert!(!result.2.contains("panicked"), "{result:?}");
}

#[test]
fn bad_input_is_one_line_with_a_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    std::fs::write(here.join("typo.toml"), "[vad]\nagressiveness = 1\n").unwrap();
    let result = patter(here, &["--config", "typo.toml", "devices"]);
    assert_eq!(result.0, 0, "devices needs no config: {result:?}");
    let result = patter(here, &["--config", "typo.toml", "models", "list"]);
    assert_error(
        &result,
        2,
        "config `typo.toml` line 2, column 1: unknown field `agressiveness`",
    );
    assert!(result.2.contains("hint: "));
    let config = config();
    std::fs::write(here.join("bad.wav"), b"RIFF\x10\0\0\0WAVEgarbage").unwrap();
    assert_error(
        &patter(here, &["--config", &config, "transcribe", "bad.wav"]),
        2,
        "`bad.wav` is not a WAV or FLAC file",
    );
    assert_error(
        &patter(here, &["--config", &config, "transcribe", "none.wav"]),
        2,
        "cannot open `none.wav`",
    );
    assert_error(
        &patter(here, &["--config", &config, "call", "--wav", "none.wav"]),
        2,
        "cannot open `none.wav`",
    );
    assert_error(
        &patter(here, &["--config", &config, "models", "fetch", "gpt-9"]),
        2,
        "gpt-9",
    );
    assert_error(
        &patter(
            here,
            &[
                "--config",
                &config,
                "say",
                "hi",
                "--out",
                "no/such/folder.wav",
            ],
        ),
        2,
        "no/such/folder.wav",
    );
    assert_error(
        &patter(
            here,
            &[
                "--config", &config, "say", "hi", "--out", "a.wav", "--engine", "festival",
            ],
        ),
        2,
        "espeak, piper",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let result = patter(here, &["--config", &config, "serve", "--listen", &address]);
    assert_error(&result, 2, &format!("cannot listen on {address}"));
    assert!(result.2.contains("hint: another program listens there"));
}

#[test]
fn a_machine_without_a_sound_card_is_told_so() {
    if !Path::new("/dev/snd").exists() {
        let result = patter(root(), &["chat"]);
        assert_error(&result, 2, "no microphone");
    }
}

#[test]
fn say_and_transcribe_understand_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    let said = patter(
        folder.path(),
        &[
            "--config",
            &config,
            "say",
            "How much is the gym membership?",
            "--out",
            "a.wav",
            "--json",
        ],
    );
    assert_eq!(said.0, 0, "{said:?}");
    let figures: Value = serde_json::from_str(&said.1).unwrap();
    assert!(figures["audio_ms"].as_u64().unwrap() > 800);
    let heard = patter(
        folder.path(),
        &[
            "--config",
            &config,
            "transcribe",
            "a.wav",
            "--json",
            "--partials",
        ],
    );
    assert_eq!(heard.0, 0, "{heard:?}");
    let lines: Vec<Value> = heard
        .1
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(lines.iter().any(|l| l["event"] == "partial"), "{lines:?}");
    let last = lines.last().unwrap();
    assert_eq!(last["event"], "final");
    assert!(
        last["text"]
            .as_str()
            .unwrap()
            .to_lowercase()
            .contains("how much"),
        "{last}"
    );
}

#[test]
fn a_piper_voice_speaks_without_a_word_on_stderr() {
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    let voice = root().join("tests/fixtures/test-voice.onnx");
    let said = patter(
        folder.path(),
        &[
            "--config",
            &config,
            "say",
            "Hello.",
            "--engine",
            "piper",
            "--voice",
            voice.to_str().unwrap(),
            "--out",
            "a.wav",
        ],
    );
    assert_eq!((said.0, said.2.as_str()), (0, ""));
    assert!(folder.path().join("a.wav").is_file());
}

#[test]
fn a_wav_file_calls_and_both_sides_are_recorded() {
    let _turn = one_at_a_time();
    let folder = tempfile::tempdir().unwrap();
    let mut clip = vec![0i16; 16_000];
    clip.extend_from_slice(
        &voice("en-us+f3")
            .speak("Thanks, bye.", false)
            .unwrap()
            .samples,
    );
    wav::write(&folder.path().join("in.wav"), &clip, 16_000).unwrap();
    let result = patter(
        folder.path(),
        &[
            "--config",
            &config(),
            "call",
            "--wav",
            "in.wav",
            "--out",
            "out.wav",
            "--events",
            "e.jsonl",
        ],
    );
    assert_eq!(result.0, 0, "{result:?}");
    let events = std::fs::read_to_string(folder.path().join("e.jsonl")).unwrap();
    let events: Vec<Value> = events
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(events[0]["event"], "call_start");
    assert_eq!(events.last().unwrap()["reason"], "agent");
    assert!(
        events.iter().any(|e| e["event"] == "barge_in"),
        "the clip speaks over the greeting"
    );
    let times: Vec<u64> = events.iter().map(|e| e["t_ms"].as_u64().unwrap()).collect();
    assert!(times.is_sorted());
    let reader = hound::WavReader::open(folder.path().join("out.wav")).unwrap();
    assert_eq!(
        (reader.spec().channels, reader.spec().sample_rate),
        (2, 16_000)
    );
    assert!(reader.duration() > 3 * 16_000);

    // The recording and its call file play the call again: the same words, and every time exactly the same events.
    let replay = || {
        let arguments = ["--config", &config(), "replay", "out.call.json", "--json"];
        let result = patter(folder.path(), &arguments);
        assert_eq!(result.0, 0, "{result:?}");
        result.1
    };
    let first = replay();
    assert_eq!(first, replay());
    let texts = |events: &[Value], kind: &str| -> Vec<String> {
        let of_kind = events.iter().filter(|e| e["event"] == kind);
        of_kind.map(|e| e["text"].to_string()).collect()
    };
    let replayed: Vec<Value> = first
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    for kind in ["final", "spoken"] {
        assert_eq!(texts(&replayed, kind), texts(&events, kind), "{kind}");
    }
    let last = |events: &[Value]| events.last().unwrap()["reason"].clone();
    assert_eq!(last(&replayed), last(&events));
}

#[test]
fn doctor_and_lists_are_for_people_and_for_programs() {
    let config = config();
    let result = patter(root(), &["--config", &config, "doctor", "--json"]);
    assert_eq!(result.0, 0, "{result:?}");
    let findings: Value = serde_json::from_str(&result.1).unwrap();
    for part in ["config", "playbook", "asr", "llm", "tts", "network"] {
        let fine = findings
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["part"] == part && f["state"] == "ok");
        assert!(fine, "{part}: {findings}");
    }
    let models: Value =
        serde_json::from_str(&patter(root(), &["--config", &config, "models", "list", "--json"]).1)
            .unwrap();
    assert!(
        models
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["name"] == "whisper-base.en")
    );
    let devices: Value = serde_json::from_str(&patter(root(), &["devices", "--json"]).1).unwrap();
    assert!(devices.is_array());
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            patter(root(), &["completions", shell])
                .1
                .contains("transcribe")
        );
    }
}

#[test]
fn doctor_finds_what_is_wrong_and_says_how_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("models")).unwrap();
    std::fs::copy(
        root().join("models/manifest.toml"),
        folder.path().join("models/manifest.toml"),
    )
    .unwrap();
    std::fs::write(
        folder.path().join("config.toml"),
        "[dialogue]\nplaybook = \"p.toml\"\n[asr]\nmodel = \"ggml-base.en.bin\"\ntimestamps = true\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("p.toml"), "title = 3\n").unwrap();
    let result = patter(folder.path(), &["doctor", "--json"]);
    assert_eq!(result.0, 1, "{result:?}");
    let findings: Vec<Value> = serde_json::from_str(&result.1).unwrap();
    let wrong = |part: &str| {
        findings
            .iter()
            .find(|f| f["part"] == part && f["state"] == "wrong")
            .unwrap()
    };
    for part in ["playbook", "asr", "llm", "tts"] {
        assert!(wrong(part)["hint"].is_string(), "{part}");
    }
    assert!(
        wrong("playbook")["message"]
            .as_str()
            .unwrap()
            .contains("line 1")
    );
    let repeats = findings
        .iter()
        .find(|f| f["part"] == "asr" && f["state"] == "note")
        .unwrap();
    assert_eq!(repeats["hint"], "set `asr.min_audio_ctx` to 512 or more");
}

#[test]
fn the_binary_runs_from_another_folder_with_an_empty_environment() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("patter");
    std::fs::copy(env!("CARGO_BIN_EXE_patter"), &program).unwrap();
    std::os::unix::fs::symlink(root().join("models"), folder.path().join("models")).unwrap();
    let out = std::process::Command::new(&program)
        .env_clear()
        .current_dir("/")
        .args(["say", "It runs anywhere.", "--out"])
        .arg(folder.path().join("a.wav"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    assert!(
        wav::read(&folder.path().join("a.wav"))
            .unwrap()
            .samples
            .len()
            > 8_000
    );
}

#[test]
fn scenarios_become_playbooks_and_personas() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let fixtures = root().join("tests/fixtures/outbound");
    let path = |name: &str| fixtures.join(name).display().to_string();
    let good = path("task-1-1-1-1.md");
    let arguments = ["playbook", "import", &good, "--out", "made", "--json"];
    let result = patter(here, &arguments);
    assert_eq!(result.0, 0, "{result:?}");
    let rows: Value = serde_json::from_str(&result.1).unwrap();
    assert_eq!(rows[0]["steps"], 5);
    assert_eq!(rows[0]["questions"], 3);
    assert!(result.2.contains("task-1-1-1-1.md:20: "), "{result:?}");
    let made = here.join("made/task-1-1-1-1.toml");
    let playbook = patter_playbook::Playbook::load(&made).unwrap();
    assert_eq!(playbook.role.name, "王芳");
    assert!(here.join("made/personas/task-1-1-1-1.toml").exists());
    let again = patter(here, &arguments);
    assert_eq!(again.0, 2);
    assert!(again.2.contains("`--force` replaces it"), "{again:?}");
    let broken = patter(here, &["playbook", "import", &path("broken.md")]);
    assert_eq!(broken.0, 1);
    assert!(
        broken.2.contains("broken.md:1: text outside any section"),
        "{broken:?}"
    );
    std::fs::write(here.join("no.md"), "# nothing").unwrap();
    let result = patter(here, &["playbook", "import", "no.md"]);
    assert_error(&result, 2, "cannot import `no.md`: there is no part");
    std::fs::write(here.join("bytes.md"), [0xff, 0xfe]).unwrap();
    let result = patter(here, &["playbook", "import", "bytes.md"]);
    assert_error(&result, 2, "`bytes.md` is not UTF-8");
}

#[test]
fn intents_are_measured_against_what_was_asked_for() {
    let file = |name: &str| root().join(name).display().to_string();
    let (playbook, data) = (
        file("playbooks/fitness.toml"),
        file("tests/fixtures/intents/dev.tsv"),
    );
    let eval = |more: &[&str]| {
        let mut arguments = vec!["eval", "intent", "--playbook", &playbook, "--data", &data];
        arguments.extend(more);
        patter(root(), &arguments)
    };
    let good = eval(&["--json", "--min-accuracy", "0.5", "--min-rejected", "0.5"]);
    assert_eq!(good.0, 0, "{good:?}");
    let rows: Value = serde_json::from_str(&good.1).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 7);
    assert!(rows[2]["kinds"][0]["accuracy"].as_f64().unwrap() > 0.5);
    let poor = eval(&["--min-accuracy", "0.99"]);
    assert_eq!(poor.0, 1, "{poor:?}");
    assert!(poor.1.contains("most confused"));
    assert_error(&eval(&["--flip", "2"]), 2, "`2` is not a share from 0 to 1");
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.tsv");
    std::fs::write(&bad, "clean\tfacts.nothing\tHello\n").unwrap();
    let arguments = ["eval", "intent", "--playbook", &playbook, "--data"];
    let mut arguments = arguments.to_vec();
    let bad = bad.display().to_string();
    arguments.push(&bad);
    assert_error(
        &patter(root(), &arguments),
        2,
        "line 1: the playbook has no intent `facts.nothing`",
    );
}

#[test]
fn a_busy_neighbour_ends_with_who_started_it() {
    let mut neighbour = std::process::Command::new(env!("CARGO_BIN_EXE_patter"))
        .args(["bench", "busy", "nice"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(neighbour.try_wait().unwrap().is_none());
    drop(neighbour.stdin.take());
    assert!(neighbour.wait().unwrap().success());
}

#[test]
fn speech_goes_into_a_pipe_and_an_ending_says_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_patter"))
        .current_dir(root())
        .args(["say", "Good morning.", "--out", "-"])
        .output()
        .unwrap();
    assert!(out.status.success());
    let (head, size) = (&out.stdout[..4], &out.stdout[40..44]);
    assert_eq!(head, b"RIFF");
    let size = u32::from_le_bytes(size.try_into().unwrap()) as usize;
    assert_eq!(size, out.stdout.len() - 44, "sound and nothing else");
    assert!(String::from_utf8_lossy(&out.stderr).contains("s of speech"));
    let (code, text, _) = patter(root(), &["say", "It's $29.50.", "--spoken"]);
    assert_eq!(
        (code, text.as_str()),
        (0, "It's 29 dollars and 50 cents.\n")
    );
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (code, _, stderr) = patter(root(), &["say", "Good morning.", "--out", &at("x.mp3")]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains(".wav or .flac"), "{stderr}");
    let (code, _, stderr) = patter(root(), &["say", "Good morning.", "--out", &at("x.flac")]);
    assert_eq!(code, 0, "{stderr}");
    let (code, text, stderr) = patter(root(), &["transcribe", &at("x.flac")]);
    assert_eq!(code, 0, "{stderr}");
    assert!(text.to_lowercase().contains("good morning"), "{text}");
}
