//! Whole files: our own fixtures in the format, and arbitrary text.

use proptest::prelude::*;

use super::*;
use patter_dialogue::Dialogue;
use patter_dialogue::knowledge::Knowledge;
use patter_playbook::MatchKind;

const FIXTURES: &[(&str, &str)] = &[
    (
        "task-1-1-1-1",
        include_str!("../../../tests/fixtures/outbound/task-1-1-1-1.md"),
    ),
    (
        "task-2-3-1-3",
        include_str!("../../../tests/fixtures/outbound/task-2-3-1-3.md"),
    ),
    (
        "task-5-2-1-5",
        include_str!("../../../tests/fixtures/outbound/task-5-2-1-5.md"),
    ),
    (
        "task-6-1-1-4",
        include_str!("../../../tests/fixtures/outbound/task-6-1-1-4.md"),
    ),
    (
        "broken",
        include_str!("../../../tests/fixtures/outbound/broken.md"),
    ),
];

fn fixture(stem: &str) -> Imported {
    let (_, text) = FIXTURES.iter().find(|(name, _)| *name == stem).unwrap();
    import(stem, text).unwrap()
}

fn notes(imported: &Imported) -> String {
    let lines = imported
        .notes
        .iter()
        .map(|note| format!("{}{note}\n", if note.loses { "loss: " } else { "" }));
    lines.collect()
}

#[test]
fn each_fixture_becomes_the_playbook_the_persona_and_the_notes_of_its_snapshot() {
    for (stem, _) in FIXTURES {
        let imported = fixture(stem);
        insta::with_settings!({
            snapshot_path => "../../../tests/fixtures/outbound/snapshots",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(format!("{stem}.playbook"), imported.playbook.to_toml().unwrap());
            insta::assert_snapshot!(format!("{stem}.persona"), imported.persona.to_toml().unwrap());
            insta::assert_snapshot!(format!("{stem}.notes"), notes(&imported));
        });
    }
}

#[test]
fn counts_are_those_of_the_files() {
    let counts = |stem| {
        let imported = fixture(stem);
        (imported.steps, imported.spoken_steps, imported.questions)
    };
    assert_eq!(counts("task-1-1-1-1"), (5, 5, 3));
    assert_eq!(counts("task-2-3-1-3"), (5, 4, 4));
    assert_eq!(counts("task-5-2-1-5"), (5, 4, 3));
    assert_eq!(counts("task-6-1-1-4"), (3, 3, 2));
    assert_eq!(counts("broken"), (2, 0, 2));
}

#[test]
fn both_files_read_back_the_same_and_the_playbook_keeps_its_rules() {
    for (stem, _) in FIXTURES {
        let imported = fixture(stem);
        let playbook = Playbook::parse(&imported.playbook.to_toml().unwrap(), stem).unwrap();
        assert_eq!(playbook, imported.playbook);
        assert_eq!(playbook.validate(), [], "{stem}");
        let persona: CustomerPersona =
            toml::from_str(&imported.persona.to_toml().unwrap()).unwrap();
        assert_eq!(persona, imported.persona);
    }
}

#[test]
fn no_section_is_lost_and_neither_side_sees_the_other() {
    for (stem, text) in FIXTURES.iter().filter(|(stem, _)| *stem != "broken") {
        let imported = fixture(stem);
        let agent = imported.playbook.source.clone().unwrap().sections;
        let customer = imported.persona.source.clone().unwrap().sections;
        let (before, after) = text.split_once("## 电话接听方").unwrap();
        for (part, sections) in [(before, &agent), (after, &customer)] {
            let kept: String = sections
                .iter()
                .map(|section| format!("{}\n{}\n", section.title, section.text))
                .collect();
            let lines = part
                .lines()
                .map(str::trim_end)
                .filter(|line| !line.is_empty() && !line.starts_with("## "));
            for line in lines {
                assert!(
                    kept.contains(line.trim_start_matches("### ")),
                    "{stem}: {line}"
                );
            }
        }
    }
}

#[test]
fn placeholders_wait_in_slots_and_are_never_said() {
    let imported = fixture("task-1-1-1-1");
    let playbook = &imported.playbook;
    let open: Vec<&str> = playbook
        .slots
        .iter()
        .filter(|(_, slot)| slot.default.is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(open, ["单号", "印刷或运输", "订单号"]);
    let mut dialogue = Dialogue::new(std::sync::Arc::new(Knowledge::new(playbook.clone())), 6);
    let mut said: Vec<String> = dialogue
        .opening()
        .lines
        .into_iter()
        .map(|line| line.text)
        .collect();
    for _ in 0..playbook.flow.len() {
        said.extend(
            dialogue
                .reply("好的。")
                .lines
                .into_iter()
                .map(|line| line.text),
        );
    }
    let said = said.join("\n");
    assert!(
        said.contains("请问是赵敏女士吗") && said.contains("再见"),
        "{said}"
    );
    assert!(
        !said.contains(['{', '[', '【', 'X']) && !said.contains("单号"),
        "{said}"
    );
}

#[test]
fn questions_of_the_scenario_find_their_answers() {
    let playbook = fixture("task-1-1-1-1").playbook;
    let found = playbook.matches("那我问一下，退款要多久呢？").unwrap();
    assert_eq!((found.kind, found.id), (MatchKind::Fact, "question_02"));
    let playbook = fixture("task-2-3-1-3").playbook;
    assert_eq!(
        playbook.matches("以后别给我打电话了").unwrap().kind,
        MatchKind::OptOut
    );
    assert_eq!(
        playbook.matches("我再想想吧").unwrap().kind,
        MatchKind::Objection
    );
}

#[test]
fn names_of_both_sides_are_known() {
    for (stem, name, company, customer) in [
        ("task-1-1-1-1", "王芳", "青山书店公司", Some("赵敏")),
        ("task-2-3-1-3", "小林", "绿野健身俱乐部", Some("孙涛")),
        ("task-5-2-1-5", "何静", "城北市政调查中心", None),
        ("task-6-1-1-4", "郭晴", "河湾社区医院", Some("周立")),
    ] {
        let playbook = fixture(stem).playbook;
        assert_eq!(
            (playbook.role.name.as_str(), playbook.role.company.as_str()),
            (name, company)
        );
        assert_eq!(
            playbook
                .slots
                .get("customer")
                .map(|slot| slot.default.as_str()),
            customer
        );
    }
}

#[test]
fn what_is_no_scenario_is_refused() {
    assert!(matches!(
        import("x", "# 标题\n文字"),
        Err(ImportError::NoAgent)
    ));
    let large = "字".repeat(MAX_FILE_BYTES as usize);
    assert!(matches!(
        import("x", &large),
        Err(ImportError::TooLarge { .. })
    ));
}

const PIECES: &[&str] = &[
    "## 电话拨打方",
    "## 电话接听方",
    "### 角色",
    "### 分步流程和话术",
    "### 问答知识库",
    "### 开场白",
    "### 结束条件与结束语",
    "### 核心关切点",
    "### 回复风格示例",
    "#### ",
    "1. ",
    "2. **",
    "**",
    "- ",
    "  - ",
    "*",
    "“",
    "”",
    "「",
    "\"",
    "【如忙】",
    "[区间]",
    "[",
    "]",
    "XX",
    "××元",
    "${a_b}",
    "{",
    "}",
    "……",
    "...",
    "？？",
    "？",
    "。",
    "，",
    "Q:",
    "A：",
    "答：",
    "客户问：",
    "结束语：",
    "首要：",
    "正面教材",
    "您好",
    "我是李明",
    "2025-01-01",
    "3-5天",
    "400-8-1",
    "/",
    "（旁白",
    "）",
    "(",
    "__",
    "1、",
    "①",
    "todo",
    "|",
    "# ",
    "--- ",
    "可以吗",
    "再见",
    "\t",
    "\u{feff}",
    "🙂",
    "é",
    "ש",
];

/// A line as people write them, or nearly.
fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,300}") {
        let _ = import("task-1-1-1-1", &text);
        let _ = import("x", &format!("## 拨打\n### 分步流程\n{text}\n### 问答知识库\n{text}\n### 开场白\n{text}"));
    }

    #[test]
    fn whatever_the_lines_the_playbook_can_be_read_and_spoken(lines in prop::collection::vec(line(), 0..30)) {
        let text = format!("## 电话拨打方\n### 分步流程和话术\n{}", lines.join("\n"));
        let imported = import("task-1-1-1-1", &text).unwrap();
        let playbook = Playbook::parse(&imported.playbook.to_toml().unwrap(), "x").unwrap();
        prop_assert_eq!(&playbook, &imported.playbook);
        let problems = playbook.validate();
        // A forgotten word such as TODO is nothing that can be mended without knowing better; it is reported.
        prop_assert!(problems.iter().all(|problem| problem.message.contains("todo")), "{:?}", problems);
    }
}
