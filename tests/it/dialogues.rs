//! Scripted dialogues: what the engine answers to `tests/fixtures/dialogues/PLAYBOOK-STORY.txt`, without a model, is
//! compared with the `.snap` beside it. After a wanted change look at the difference and run the test once with
//! `INSTA_UPDATE=always`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{patter, root};

fn folder() -> PathBuf {
    root().join("tests/fixtures/dialogues")
}

fn dialogue(config: &Path, story: &str, more: &[&str]) -> (i32, String, String) {
    let file = folder().join(format!("{story}.txt"));
    let playbook = story.split('-').next().unwrap();
    let playbook = root().join(format!("playbooks/{playbook}.toml"));
    let paths = [file.as_path(), &playbook, config].map(|path| path.to_str().unwrap());
    let mut arguments = vec!["dialogue", "--file", paths[0], "--playbook", paths[1]];
    arguments.extend(["--config", paths[2]]);
    arguments.extend(more);
    patter(root(), &arguments)
}

fn turns(json: &str) -> Vec<Value> {
    let lines = json.lines();
    lines.map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn each_story_goes_as_it_went_before() {
    let mut stories: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    stories.sort();
    assert!(stories.len() >= 12, "{stories:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // On a Saturday, "Saturday" would be today or in a week. Sentence vectors differ a little from processor to
    // processor.
    let config = tempfile::tempdir().unwrap();
    let config = config.path().join("config.toml");
    std::fs::write(
        &config,
        "[dialogue]\ntoday = \"2026-11-18\"\nembedding_model = \"\"\nfree_replies = \"brief\"\n",
    )
    .unwrap();
    settings.bind(|| {
        for story in stories {
            let (code, out, errors) = dialogue(&config, &story, &["--no-model", "--trace"]);
            assert_eq!((code, errors.as_str()), (0, ""), "{story}");
            insta::assert_snapshot!(story.as_str(), out);
        }
    });
}

#[test]
fn the_same_seed_makes_the_same_words() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    let models = root().join("models");
    let text = format!(
        "[models]\nfolder = {models:?}\n[llm]\nmax_reply_tokens = 12\n\
         [dialogue]\nfree_replies = \"brief\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let run = || {
        let result = dialogue(&config, "fitness-off_topic", &["--json"]);
        assert_eq!(result.0, 0, "{result:?}");
        result.1
    };
    let first = run();
    assert_eq!(first, run());
    let turns = turns(&first);
    let made: Vec<&Value> = turns.iter().filter(|t| !t["generated"].is_null()).collect();
    assert!(made.len() >= 2, "{first}");
    for turn in made {
        let figures = &turn["generated"];
        let tokens = |key: &str| figures[key].as_u64().unwrap();
        // The system prompt, the history and the goal were there before the caller's words.
        assert!(tokens("prefilled_tokens") * 4 < tokens("prompt_tokens"));
        assert!(turn["said"][0]["text"].as_str().is_some());
        assert_eq!(turn["stage"], turn["stage_before"]);
    }
}

#[test]
fn typed_lines_are_answered_until_they_end_or_the_call_does() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let talk = |typed: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_patter"))
            .current_dir(root())
            .args(["dialogue", "--no-model", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).unwrap();
        drop(stdin);
        let out = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            out.status.code(),
            turns(&text(out.stdout)),
            text(out.stderr),
        )
    };
    let (code, all, errors) = talk("yes\n!wait\n\nhow much is it");
    assert_eq!((code, all.len()), (Some(0), 3));
    assert!(errors.contains("unknown command `!wait`"), "{errors}");
    assert_eq!(all[1]["expects"], "any");
    assert_eq!(all[2]["matched"]["intent"], "facts.price");
    assert_eq!(all[2]["said"][0]["source"], "line:facts.price");
    let (code, all, _) = talk("stop calling me\n");
    assert_eq!((code, all.len()), (Some(0), 2));
    assert_eq!(all[1]["ends_call"], true);
}

#[test]
fn a_dialogue_that_cannot_be_held_says_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    let missing = patter(folder.path(), &["dialogue", "--file", "none.txt"]);
    assert_eq!(missing.0, 2);
    assert!(missing.2.contains("cannot read `none.txt`"), "{missing:?}");
    std::fs::write(folder.path().join("s.txt"), "hello\n!jump\n").unwrap();
    let command = patter(folder.path(), &["dialogue", "--file", "s.txt"]);
    assert_eq!(command.0, 2);
    assert!(command.2.contains("`s.txt` line 2: unknown"), "{command:?}");
    let playbook = root().join("playbooks/fitness.toml");
    let arguments = ["dialogue", "--playbook", playbook.to_str().unwrap()];
    let model = patter(folder.path(), &arguments);
    assert_eq!(model.0, 2);
    assert!(model.2.contains("is not there"), "{model:?}");
}
