//! A playbook as a graph, as Mermaid or DOT: where a call can go, and what is said there.
//!
//! Thread: any · In: a parsed [`Playbook`], also one that breaks rules · Out: text ·
//! Memory: short strings · Source: Mermaid's flowcharts, Graphviz's DOT.

use std::fmt::Write;

use serde::Serialize;

use super::{Playbook, ScriptLine, Then};
use patter_types::intent::IntentId;

/// Characters of a label's line after which the next word begins a new one.
const LINE_CHARACTERS: usize = 44;

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// The call begins.
    Start,
    /// A stage.
    Stage,
    /// Where objections, facts and ends can be reached from: everywhere.
    AnyStage,
    /// A worry, with its answers.
    Objection,
    /// A question, with its answer.
    Fact,
    /// The call ends.
    End,
}

impl NodeKind {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stage => "stage",
            Self::AnyStage => "at any stage",
            Self::Objection => "objection",
            Self::Fact => "fact",
            Self::End => "end",
        }
    }
}

/// A place of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Unique in the graph: a letter and a number.
    pub key: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// Its id in the playbook; empty where there is none.
    pub id: String,
    /// What the agent says there, one line after the other.
    pub says: Vec<String>,
    /// Phrases of the caller that lead there from everywhere; those that only agree lead to a stage from the ones
    /// before it.
    pub phrases: Vec<String>,
}

/// A way from one node to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// Key of its beginning.
    pub from: String,
    /// Key of its end.
    pub to: String,
    /// When it is taken; empty for the phrases of the node it leads to.
    pub label: String,
}

/// Where a call can go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// Title of the playbook.
    pub title: String,
    /// The places, in the order of the file.
    pub nodes: Vec<Node>,
    /// The ways.
    pub edges: Vec<Edge>,
}

impl Playbook {
    /// The playbook as a graph. A plain yes follows the edges between stages; phrases lead to the nodes that hold them.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph {
            title: self.title.clone(),
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        let one = |text: &String| vec![text.clone()];
        let opening = [&self.lines.opening, &self.compliance.opening_notice];
        let opening = opening.into_iter().cloned().collect();
        graph.node("start", NodeKind::Start, "", opening, &[]);
        for (index, stage) in self.flow.iter().enumerate() {
            let (key, says) = (format!("s{index}"), one(&stage.ask));
            graph.node(&key, NodeKind::Stage, &stage.id, says, &stage.enter_on);
        }
        graph.node("any", NodeKind::AnyStage, "", Vec::new(), &[]);
        for (index, objection) in self.objections.iter().enumerate() {
            let (key, says) = (format!("o{index}"), objection.say.clone());
            let (id, when) = (&objection.id, &objection.when);
            graph.node(&key, NodeKind::Objection, id, says, when);
        }
        for (index, fact) in self.facts.iter().enumerate() {
            let key = format!("f{index}");
            let intent = IntentId::Fact(fact.id.clone());
            let says = self.with_script(&fact.say, &intent);
            graph.node(&key, NodeKind::Fact, &fact.id, says, &fact.when);
        }
        let compliance = &self.compliance;
        for (key, id, phrases) in [
            ("goodbye", "goodbye", &compliance.goodbye_on),
            ("optout", "opt_out", &compliance.opt_out_on),
        ] {
            graph.node(key, NodeKind::End, id, one(&self.lines.goodbye), phrases);
        }
        self.add_edges(&mut graph);
        graph
    }

    /// A line, and those of the script for the same intent.
    fn with_script(&self, say: &str, intent: &IntentId) -> Vec<String> {
        let answers = |line: &&ScriptLine| line.answers().as_ref() == Some(intent);
        let script = self
            .script
            .iter()
            .filter(answers)
            .map(|line| match &line.stage {
                Some(stage) => format!("in {stage}: {}", line.say),
                None => line.say.clone(),
            });
        std::iter::once(say.to_owned()).chain(script).collect()
    }

    fn add_edges(&self, graph: &mut Graph) {
        if !self.flow.is_empty() {
            graph.edge("start", "s0", "");
        }
        for (index, stage) in self.flow.iter().enumerate() {
            let next = self
                .stage_after(&stage.id)
                .and_then(|next| self.flow.iter().position(|other| other.id == next.id));
            let is_last = index + 1 == self.flow.len();
            let (to, label) = match next {
                // The engine ends the call at the last stage, whatever `next` says there.
                Some(next) if !is_last => (format!("s{next}"), "yes"),
                _ if is_last => ("goodbye".to_owned(), "yes, no"),
                _ => ("goodbye".to_owned(), "yes"),
            };
            graph.edge(&format!("s{index}"), &to, label);
            for id in stage.to.iter().flatten() {
                if let Some(to) = self.flow.iter().position(|other| other.id == *id) {
                    graph.edge(&format!("s{index}"), &format!("s{to}"), "phrases");
                }
            }
        }
        for (index, objection) in self.objections.iter().enumerate() {
            let key = format!("o{index}");
            graph.edge("any", &key, "");
            let label = format!("after {} answers", objection.say.len());
            graph.edge(&key, "goodbye", &label);
        }
        for (index, fact) in self.facts.iter().enumerate() {
            let key = format!("f{index}");
            graph.edge("any", &key, "");
            match fact.then {
                Some(Then::HandOver) => graph.edge(&key, "goodbye", "to a human"),
                Some(Then::End) => graph.edge(&key, "goodbye", "ends"),
                None => {}
            }
        }
        graph.edge("any", "goodbye", "");
        graph.edge("any", "optout", "");
    }
}

impl Graph {
    fn node(&mut self, key: &str, kind: NodeKind, id: &str, says: Vec<String>, phrases: &[String]) {
        self.nodes.push(Node {
            key: key.to_owned(),
            kind,
            id: id.to_owned(),
            says,
            phrases: phrases.to_vec(),
        });
    }

    fn edge(&mut self, from: &str, to: &str, label: &str) {
        self.edges.push(Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            label: label.to_owned(),
        });
    }

    /// As a Mermaid flowchart. `list_phrases` writes the caller's phrases out; else they are counted.
    pub fn mermaid(&self, list_phrases: bool) -> String {
        let title = serde_json::Value::from(self.title.as_str());
        let mut out = format!("---\ntitle: {title}\n---\nflowchart TD\n");
        for node in &self.nodes {
            let label: Vec<String> = node
                .lines(list_phrases)
                .iter()
                .map(|l| mermaid(l))
                .collect();
            let label = label.join("<br/>");
            let (open, close) = match node.kind {
                NodeKind::Start | NodeKind::End => ("([", "])"),
                NodeKind::Stage => ("[", "]"),
                NodeKind::AnyStage => ("{{", "}}"),
                NodeKind::Objection => ("[/", "/]"),
                NodeKind::Fact => ("(", ")"),
            };
            let _ = writeln!(out, "  {}{open}\"{label}\"{close}", node.key);
        }
        for edge in &self.edges {
            let arrow = if edge.from == "any" { "-.->" } else { "-->" };
            let label = match edge.label.as_str() {
                "" => String::new(),
                label => format!("|\"{}\"|", mermaid(label)),
            };
            let _ = writeln!(out, "  {} {arrow}{label} {}", edge.from, edge.to);
        }
        out
    }

    /// As a DOT digraph. `list_phrases` writes the caller's phrases out; else they are counted.
    pub fn dot(&self, list_phrases: bool) -> String {
        let mut out = format!("digraph \"{}\" {{\n", dot(&self.title));
        out.push_str("  node [fontname=\"sans-serif\"]\n  edge [fontname=\"sans-serif\"]\n");
        for node in &self.nodes {
            let label: Vec<String> = node.lines(list_phrases).iter().map(|l| dot(l)).collect();
            let label = label.join("\\n");
            let shape = match node.kind {
                NodeKind::Start | NodeKind::End => "oval",
                NodeKind::Stage => "box",
                NodeKind::AnyStage => "hexagon",
                NodeKind::Objection => "parallelogram",
                NodeKind::Fact => "note",
            };
            let _ = writeln!(out, "  {} [shape={shape}, label=\"{label}\"]", node.key);
        }
        for edge in &self.edges {
            let style = if edge.from == "any" {
                "dotted"
            } else {
                "solid"
            };
            let label = dot(&edge.label);
            let (from, to) = (&edge.from, &edge.to);
            let _ = writeln!(out, "  {from} -> {to} [style={style}, label=\"{label}\"]");
        }
        out.push_str("}\n");
        out
    }
}

impl Node {
    /// The label, line by line.
    fn lines(&self, list_phrases: bool) -> Vec<String> {
        let mut lines = vec![
            format!("{} {}", self.kind.name(), self.id)
                .trim()
                .to_owned(),
        ];
        lines.extend(self.says.iter().flat_map(|text| wrap(text)));
        match self.phrases.len() {
            0 => {}
            count if !list_phrases => lines.push(format!("({count} phrases)")),
            _ => lines.extend(wrap(&format!("({})", self.phrases.join(", ")))),
        }
        lines
    }
}

/// Breaks a text into lines at its spaces; a text without any, at a length twice as long.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for character in text.chars() {
        let long = length >= LINE_CHARACTERS && character.is_whitespace();
        if long || length >= 2 * LINE_CHARACTERS {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if !(line.is_empty() && character.is_whitespace()) {
            line.push(character);
            length += 1;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Text inside a quoted Mermaid label: whatever of ASCII could mean something there becomes a character reference.
fn mermaid(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if character.is_control() || character.is_whitespace() => out.push(' '),
            ',' | '.' | '?' | '!' | '\'' | '-' | '_' => out.push(character),
            _ if character.is_ascii() && !character.is_ascii_alphanumeric() => {
                let _ = write!(out, "#{};", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

/// Text inside a quoted DOT string.
fn dot(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            // Graphviz reads character references.
            '&' => out.push_str("&amp;"),
            _ if character.is_control() || character.is_whitespace() => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FITNESS: &str = include_str!("../../playbooks/fitness.toml");

    fn fitness() -> Playbook {
        Playbook::parse(FITNESS, "fitness").unwrap()
    }

    fn ways(graph: &Graph, from: &str) -> Vec<(String, String)> {
        let edges = graph.edges.iter().filter(|edge| edge.from == from);
        edges.map(|e| (e.to.clone(), e.label.clone())).collect()
    }

    #[test]
    fn edges_are_the_ways_of_a_plain_yes() {
        let graph = fitness().graph();
        let way = |to: &str, label: &str| vec![(to.to_owned(), label.to_owned())];
        assert_eq!(ways(&graph, "start"), way("s0", ""));
        assert_eq!(ways(&graph, "s0"), way("s1", "yes"));
        // `next` skips the stage for objections.
        assert_eq!(ways(&graph, "s2"), way("s4", "yes"));
        assert_eq!(ways(&graph, "s5"), way("goodbye", "yes, no"));
        assert_eq!(ways(&graph, "o0"), way("goodbye", "after 2 answers"));
    }

    #[test]
    fn everything_of_the_playbook_has_a_node() {
        let playbook = fitness();
        let graph = playbook.graph();
        let of_kind = |kind| graph.nodes.iter().filter(|n| n.kind == kind).count();
        assert_eq!(of_kind(NodeKind::Stage), playbook.flow.len());
        assert_eq!(of_kind(NodeKind::Objection), playbook.objections.len());
        assert_eq!(of_kind(NodeKind::Fact), playbook.facts.len());
        assert_eq!(of_kind(NodeKind::End), 2);
        assert!(graph.mermaid(true).contains("sign me up"));
        assert!(!graph.mermaid(false).contains("sign me up"));
        assert!(graph.dot(false).contains("(12 phrases)"));
    }

    #[test]
    fn texts_cannot_break_out_of_their_label() {
        let mut playbook = fitness();
        playbook.title = "a \"b\"\n---\n%%{init: {}}%%".into();
        playbook.flow[0].ask = "\"]; end & <b>#1</b> `x` {slot} \\\" | 价格？ 😀 %% שלום".into();
        let graph = playbook.graph();
        let text = graph.mermaid(true);
        assert!(text.starts_with("---\ntitle: \"a \\\"b\\\"\\n---\\n%%{init: {}}%%\"\n---\n"));
        let line = text.lines().find(|l| l.starts_with("  s0[")).unwrap();
        assert_eq!(
            line,
            "  s0[\"stage opening<br/>#34;#93;#59; end #38; #60;b#62;#35;1#60;#47;b#62; #96;x#96; #123;slot#125; #92;#34; #124; 价格？ 😀 #37;#37;<br/>שלום\"]"
        );
        let text = graph.dot(true);
        assert!(text.starts_with("digraph \"a \\\"b\\\" --- %%{init: {}}%%\" {\n"));
        let line = text.lines().find(|l| l.starts_with("  s0 [")).unwrap();
        assert_eq!(
            line,
            "  s0 [shape=box, label=\"stage opening\\n\\\"]; end &amp; <b>#1</b> `x` {slot} \\\\\\\" | 价格？ 😀 %%\\nשלום\"]"
        );
    }

    #[test]
    fn a_playbook_without_stages_has_a_graph_too() {
        let mut playbook = fitness();
        playbook.flow.clear();
        assert!(ways(&playbook.graph(), "start").is_empty());
    }

    proptest! {
        #[test]
        fn each_node_and_edge_stays_on_its_line(text in "\\PC{0,80}", control in "[\n\r\t\"\\\\]{0,8}") {
            let mut playbook = fitness();
            playbook.title = format!("{text}{control}");
            playbook.flow[0].ask = format!("{control}{text}");
            playbook.flow[0].id = format!("{text}{control}");
            playbook.objections[0].say = vec![format!("{text}{control}"), text];
            let graph = playbook.graph();
            let lines = graph.nodes.len() + graph.edges.len();
            prop_assert_eq!(graph.mermaid(true).lines().count(), lines + 4);
            prop_assert_eq!(graph.dot(true).lines().count(), lines + 4);
            for line in graph.mermaid(true).lines().skip(4) {
                prop_assert!(line.matches('"').count() % 2 == 0 && line.matches('"').count() <= 2);
            }
        }

        #[test]
        fn wrapping_loses_no_letter(text in "\\PC{0,300}") {
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            let lines = wrap(&text);
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(lines.iter().all(|line| line.chars().count() <= 2 * LINE_CHARACTERS));
        }
    }
}
