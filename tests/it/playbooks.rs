//! `patter playbook`: graphs, prompts, faults by line, and the schema.

use std::path::Path;

use serde_json::Value;

use crate::support::{patter, root};

const SHIPPED: [&str; 5] = [
    "appointment_confirmation",
    "bank_complaint",
    "fitness",
    "interview_scheduling",
    "satisfaction_survey",
];

fn playbook(arguments: &[&str]) -> (i32, String, String) {
    let config = root().join("config.toml");
    let mut all = vec!["--config", config.to_str().unwrap(), "playbook"];
    all.extend(arguments);
    patter(root(), &all)
}

/// The playbook of the fitness club, changed in some places, as a file.
fn changed(folder: &Path, changes: &[(&str, &str)]) -> String {
    let mut text = std::fs::read_to_string(root().join("playbooks/fitness.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let path = folder.join("changed.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn the_flow_is_shown_as_a_graph() {
    let (code, mermaid, _) = playbook(&["show"]);
    assert_eq!(code, 0);
    assert!(mermaid.starts_with("---\ntitle: \"Fitness membership\"\n---\nflowchart TD\n"));
    assert!(mermaid.contains("  s2 -->|\"yes\"| s4\n"), "{mermaid}");
    let (code, dot, _) = playbook(&["show", "playbooks/bank_complaint.toml", "--format", "dot"]);
    assert_eq!(code, 0);
    assert!(dot.starts_with("digraph \"Bank complaint\" {\n") && dot.ends_with("}\n"));
    let listed = playbook(&["show", "--format", "dot", "--phrases"]).1;
    assert!(listed.contains("go ahead") && !dot.contains("go ahead"));
}

#[test]
fn the_prompt_is_shown_as_the_model_reads_it() {
    let (code, prompt, figures) = playbook(&["show", "--format", "prompt"]);
    assert_eq!(code, 0, "{figures}");
    assert!(
        prompt.starts_with("<|im_start|>system\nYou are Alex"),
        "{prompt}"
    );
    assert!(figures.contains(" tokens of `SmolLM2"), "{figures}");
    let json = playbook(&["show", "--format", "json"]).1;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["prompt"]["text"], prompt.strip_suffix('\n').unwrap());
    let tokens = json["prompt"]["tokens"].to_string();
    assert!(
        figures.starts_with(&format!("{tokens} tokens of")),
        "{figures}"
    );
    assert_eq!(json["graph"]["nodes"][1]["id"], "opening");
}

#[test]
fn without_a_model_tokens_are_estimated() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "").unwrap();
    let file = changed(folder.path(), &[]);
    let result = patter(
        folder.path(),
        &["playbook", "show", &file, "--format", "prompt"],
    );
    assert_eq!(result.0, 0);
    assert!(
        result.1.starts_with("You are Alex") && result.2.contains("estimated"),
        "{result:?}"
    );
    let result = patter(folder.path(), &["playbook", "lint", &file, "--json"]);
    let reports: Value = serde_json::from_str(&result.1).unwrap();
    assert_eq!(result.0, 0, "{reports}");
    assert_eq!(reports[0]["prompt_tokens"]["estimated"], true);
}

#[test]
fn shipped_playbooks_have_no_fault() {
    let (code, out, errors) = playbook(&["lint"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    // And the conversation about anything.
    assert_eq!(out.lines().count(), SHIPPED.len() + 1, "{out}");
    assert!(out.lines().all(|line| line.starts_with("ok ")), "{out}");
}

#[test]
fn what_can_be_read_in_two_ways_is_a_note_and_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [(
        "It's 29 dollars a month. There",
        "It's $29.00 until 5/8. There",
    )];
    let file = changed(folder.path(), &changes);
    let (code, out, _) = playbook(&["lint", &file]);
    assert_eq!(code, 0, "{out}");
    assert!(out.starts_with("note ") && out.contains("`5/8`"), "{out}");
    let (code, out, _) = playbook(&["show", &file, "--format", "spoken"]);
    assert_eq!(code, 0);
    assert!(out.contains("It's 29 dollars until May 8th."), "{out}");
}

#[test]
fn faults_are_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [
        ("Do you have a minute?", "- Do you have XX minutes?"),
        ("29 dollars a month, with no", "31 dollars a month, with no"),
        ("\"is there parking\"", "\"scam\""),
        (
            "[\"it depends\", \"actually no\", \"actually i changed my mind\"]",
            "[]",
        ),
    ];
    let file = changed(folder.path(), &changes);
    let (code, out, _) = playbook(&["lint", &file, "--json"]);
    assert_eq!(code, 1, "{out}");
    let reports: Value = serde_json::from_str(&out).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let line_of = |part: &str| {
        let at = text.lines().position(|line| line.contains(part));
        at.unwrap_or_else(|| panic!("{part}")) + 1
    };
    let ask = line_of("XX minutes");
    let found: Vec<(String, String, usize)> = reports[0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let word = |key: &str| f[key].as_str().unwrap().to_owned();
            assert!(!word("hint").is_empty());
            (
                word("level"),
                word("place"),
                f["line"].as_u64().unwrap() as usize,
            )
        })
        .collect();
    let expected = [
        ("wrong", "flow.opening.ask", ask),
        ("wrong", "flow.opening.ask", ask),
        (
            "wrong",
            "objections.trust.when",
            line_of("when = [\"scam\", \"i don't"),
        ),
        ("doubt", "flow.objection", line_of("id = \"objection\"") - 1),
        ("doubt", "examples[0].agent", line_of("31 dollars")),
    ];
    let expected = expected.map(|(l, p, n)| (l.to_owned(), p.to_owned(), n));
    assert_eq!(found, expected);
    let (code, out, _) = playbook(&["lint", &file]);
    assert_eq!(code, 1);
    assert!(
        out.contains(&format!("changed.toml:{ask} `flow.opening.ask`: ")),
        "{out}"
    );
}

#[test]
fn a_former_name_of_a_key_is_a_doubt_and_both_names_are_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let changes = [("goodbye_examples = [", "goodbye_like = [")];
    let file = changed(folder.path(), &changes);
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().position(|line| line == "goodbye_like = [");
    let (code, out, _) = playbook(&["lint", &file]);
    assert_eq!(code, 1, "{out}");
    let line = line.unwrap() + 1;
    let expected = format!("doubt   {file}:{line} `compliance.goodbye_like`: ");
    assert!(out.starts_with(&expected), "{out}");
    assert!(
        out.contains("`goodbye_like` is called `goodbye_examples` now"),
        "{out}"
    );
    let both = [(
        "goodbye_examples = [",
        "goodbye_like = []\ngoodbye_examples = [",
    )];
    let (code, out, _) = playbook(&["lint", &changed(folder.path(), &both)]);
    assert_eq!(code, 1, "{out}");
    assert!(
        out.starts_with("wrong ") && out.contains("`compliance` has both"),
        "{out}"
    );
}

#[test]
fn a_prompt_that_has_no_room_is_a_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.toml");
    std::fs::write(&config, "[llm]\ncontext_tokens = 2048\n").unwrap();
    let file = changed(folder.path(), &[]);
    let result = patter(folder.path(), &["playbook", "lint", &file]);
    assert_eq!(result.0, 1, "{result:?}");
    assert!(
        result.1.contains("with 6 exchanges a prompt has about "),
        "{result:?}"
    );
    assert!(
        result.1.contains("hint: raise `llm.context_tokens`"),
        "{result:?}"
    );
}

#[test]
fn what_is_no_playbook_is_wrong_and_what_is_not_there_cannot_be_linted() {
    let folder = tempfile::tempdir().unwrap();
    let file = changed(folder.path(), &[("tone = ", "tune = ")]);
    let (code, out, _) = playbook(&["lint", &file]);
    assert_eq!(code, 1);
    assert!(out.starts_with("wrong ") && out.contains("`tune`"), "{out}");
    let missing = playbook(&["lint", "none.toml"]);
    assert_eq!(missing.0, 2);
    assert!(
        missing.2.contains("cannot read playbook `none.toml`"),
        "{missing:?}"
    );
    let big = folder.path().join("big.toml");
    std::fs::write(&big, "# 价格 ".repeat(1_000_000)).unwrap();
    let result = playbook(&["show", big.to_str().unwrap()]);
    assert_eq!(result.0, 2);
    assert!(result.2.contains("is over 262144 bytes"), "{result:?}");
}

/// Whether `value` is what `schema` describes: the parts of JSON Schema that the playbook's has.
fn fits(schema: &Value, value: &Value, all: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = all.pointer(reference.trim_start_matches('#'));
        fits(target.ok_or(reference)?, value, all)?;
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let fitting = choices.iter().filter(|s| fits(s, value, all).is_ok());
            if fitting.count() != 1 {
                return Err(format!("{value} is none of the choices"));
            }
        }
    }
    let kind = match value {
        Value::String(_) => "string",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    let allowed = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec![kind],
    };
    let is_whole_number = kind == "integer" && allowed.contains(&"number");
    if !allowed.contains(&kind) && !is_whole_number {
        return Err(format!("{value} is no {allowed:?}"));
    }
    let named = schema["enum"].as_array().is_none_or(|e| e.contains(value));
    if !named || (!schema["const"].is_null() && schema["const"] != *value) {
        return Err(format!("{value} is not one of the words"));
    }
    for entry in value.as_array().into_iter().flatten() {
        fits(&schema["items"], entry, all)?;
    }
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    for required in schema["required"].as_array().into_iter().flatten() {
        object
            .get(required.as_str().unwrap())
            .ok_or(format!("{required} is missing"))?;
    }
    for (key, value) in object {
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => return Err(format!("`{key}` is unknown")),
            (Value::Null, other) => fits(other, value, all)?,
            (property, _) => fits(property, value, all)?,
        }
    }
    Ok(())
}

#[test]
fn the_schema_takes_the_shipped_playbooks_and_no_unknown_key() {
    let (code, out, _) = playbook(&["schema"]);
    assert_eq!(code, 0);
    let schema: Value = serde_json::from_str(&out).unwrap();
    assert!(schema["$schema"].is_string() && schema["title"].is_string());
    for name in SHIPPED {
        let text = std::fs::read_to_string(root().join(format!("playbooks/{name}.toml"))).unwrap();
        let good: Value = toml::from_str(&text).unwrap();
        assert_eq!(fits(&schema, &good, &schema), Ok(()), "{name}");
        for place in [
            "",
            "/role",
            "/persona",
            "/flow/1",
            "/objections/0",
            "/facts/0",
            "/terminology",
            "/examples/0",
            "/compliance",
            "/lines",
        ] {
            let mut bad = good.clone();
            let object = bad.pointer_mut(place).unwrap().as_object_mut().unwrap();
            object.insert("unknown_key".into(), "x".into());
            let error = fits(&schema, &bad, &schema).unwrap_err();
            assert!(
                error.contains("`unknown_key` is unknown"),
                "{place}: {error}"
            );
        }
        for (place, value) in [
            ("/title", Value::from(3)),
            ("/facts/0/value", "29".into()),
            ("/flow/0/expect", "maybe".into()),
            (
                "/flow/0/expect",
                serde_json::json!({ "number": { "digit": 4 } }),
            ),
            ("/slots/customer", 1.into()),
        ] {
            let mut bad = good.clone();
            if let Some(old) = bad.pointer_mut(place) {
                *old = value;
                assert!(fits(&schema, &bad, &schema).is_err(), "{place}");
                let text = toml::to_string(&bad).unwrap();
                let parsed = patter_playbook::Playbook::parse(&text, "test");
                assert!(parsed.is_err(), "{place}");
            }
        }
    }
}
