//! What a syntax tree shows of a text that is data or markup, and so has no functions.

use tree_sitter::Node;

use super::parse::{self, Parsed};
use super::words::{code, counted, list, names, one_line};
use crate::syntax::Language;

/// The first sentence of an explanation, and its points.
pub struct Shown {
    pub summary: String,
    pub points: Vec<String>,
    /// Whether the tree holds an error.
    pub broken: bool,
}

/// The things that are counted, one and many, and the names that are listed.
struct Counts {
    things: Vec<(usize, &'static str, &'static str)>,
    label: &'static str,
    names: Vec<String>,
}

/// What the tree of `text` shows; none in a language that has functions.
pub fn shown(language: Language, text: &str) -> Option<Shown> {
    let count = match language {
        Language::Css => rules,
        Language::Html => elements,
        Language::Json | Language::Toml | Language::Yaml => entries,
        _ => return None,
    };
    let parsed = parse::parse(language, text)?;
    let counts = count(&parsed);
    let comments = kinds(&parsed, &["comment", "js_comment"]);
    let things: Vec<String> = counts
        .things
        .iter()
        .chain(&[(comments, "comment", "comments")])
        .filter(|(number, _, _)| *number > 0)
        .map(|(number, one, many)| counted(*number, one, many))
        .collect();
    let summary = match (things.is_empty(), list(&things)) {
        (true, _) => format!("{} text without content.", language.name()),
        (false, things) => format!("{} text with {things}.", language.name()),
    };
    let names = (!counts.names.is_empty())
        .then(|| format!("- **{}** {}", counts.label, names(&counts.names)));
    let deepest = deepest(&parsed, language);
    let depth =
        (deepest > 1).then(|| format!("- **Nested** {} deep", counted(deepest, "level", "levels")));
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    let first = first.map(|line| format!("- **Begins with** {}", code(line)));
    Some(Shown {
        summary,
        points: names.into_iter().chain(depth).chain(first).collect(),
        broken: !parsed.is_clean(),
    })
}

/// How many nodes are of one of these kinds.
fn kinds(parsed: &Parsed, kinds: &[&str]) -> usize {
    parsed
        .nodes()
        .filter(|node| node.is_named() && kinds.contains(&node.kind()))
        .count()
}

/// The texts of the nodes that `wanted` picks, each once, in order of first appearance.
fn distinct<'p>(parsed: &'p Parsed, wanted: impl Fn(Node<'p>) -> Option<Node<'p>>) -> Vec<String> {
    let mut found = Vec::new();
    for name in parsed.nodes().filter_map(wanted) {
        let name = one_line(parsed.text(name).trim_matches(['"', '\'']));
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

fn rules(parsed: &Parsed) -> Counts {
    Counts {
        things: vec![
            (kinds(parsed, &["rule_set"]), "rule", "rules"),
            (
                kinds(parsed, &["declaration"]),
                "declaration",
                "declarations",
            ),
            (
                kinds(
                    parsed,
                    &[
                        "media_statement",
                        "supports_statement",
                        "keyframes_statement",
                        "at_rule",
                    ],
                ),
                "at-rule",
                "at-rules",
            ),
            (kinds(parsed, &["import_statement"]), "import", "imports"),
        ],
        label: "Selects",
        names: distinct(parsed, |node| (node.kind() == "selectors").then_some(node)),
    }
}

fn elements(parsed: &Parsed) -> Counts {
    Counts {
        things: vec![
            (
                kinds(parsed, &["element", "script_element", "style_element"]),
                "element",
                "elements",
            ),
            (kinds(parsed, &["attribute"]), "attribute", "attributes"),
        ],
        label: "Elements:",
        names: distinct(parsed, |node| {
            let is_start = matches!(node.kind(), "start_tag" | "self_closing_tag");
            node.named_child(0).filter(|_| is_start)
        }),
    }
}

/// Keys and values, of JSON, TOML and YAML.
fn entries(parsed: &Parsed) -> Counts {
    const PAIRS: &[&str] = &["pair", "block_mapping_pair", "flow_pair"];
    Counts {
        things: vec![
            (
                kinds(parsed, &["table", "table_array_element"]),
                "table",
                "tables",
            ),
            (kinds(parsed, PAIRS), "key", "keys"),
            (
                kinds(parsed, &["array", "block_sequence", "flow_sequence"]),
                "list",
                "lists",
            ),
        ],
        label: "Keys:",
        names: distinct(parsed, |node| {
            let is_pair = PAIRS.contains(&node.kind());
            node.child_by_field_name("key")
                .or_else(|| node.named_child(0))
                .filter(|_| is_pair)
        }),
    }
}

/// How many of the things that hold others stand in one another.
fn deepest(parsed: &Parsed, language: Language) -> usize {
    let holders: &[&str] = match language {
        Language::Css => &["block"],
        Language::Html => &["element"],
        _ => &[
            "object",
            "array",
            "block_mapping",
            "block_sequence",
            "inline_table",
        ],
    };
    let mut open: Vec<usize> = Vec::new();
    let mut deepest = 0;
    for node in parsed.nodes().filter(|node| holders.contains(&node.kind())) {
        while open.last().is_some_and(|end| *end <= node.start_byte()) {
            open.pop();
        }
        open.push(node.end_byte());
        deepest = deepest.max(open.len());
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_and_markup_are_counted() {
        let check = |language, text: &str, summary: &str, points: &[&str]| {
            let shown = shown(language, text).unwrap();
            assert_eq!(shown.summary, summary, "{text}");
            assert_eq!(shown.points, points, "{text}");
            assert!(!shown.broken, "{text}");
        };
        check(
            Language::Json,
            "{ \"a\": [1, { \"b\": 2 }], \"c\": null }",
            "JSON text with 3 keys and 1 list.",
            &[
                "- **Keys:** `a`, `b` and `c`",
                "- **Nested** 3 levels deep",
                "- **Begins with** `{ \"a\": [1, { \"b\": 2 }], \"c\": null }`",
            ],
        );
        check(
            Language::Toml,
            "# x\na = 1\n[b]\nc = []\n[[d]]\n",
            "TOML text with 2 tables, 2 keys, 1 list and 1 comment.",
            &["- **Keys:** `a` and `c`", "- **Begins with** `# x`"],
        );
        check(
            Language::Yaml,
            "a:\n  - b: 1\n  - c\n",
            "YAML text with 2 keys and 1 list.",
            &[
                "- **Keys:** `a` and `b`",
                "- **Nested** 3 levels deep",
                "- **Begins with** `a:`",
            ],
        );
        check(
            Language::Css,
            "@media (x) { a, b { c: d } }\n.e { f: g; h: i }",
            "CSS text with 2 rules, 3 declarations and 1 at-rule.",
            &[
                "- **Selects** `a, b` and `.e`",
                "- **Nested** 2 levels deep",
                "- **Begins with** `@media (x) { a, b { c: d } }`",
            ],
        );
        check(
            Language::Html,
            "<p class=\"a\">b <i>c</i></p>",
            "HTML text with 2 elements and 1 attribute.",
            &[
                "- **Elements:** `p` and `i`",
                "- **Nested** 2 levels deep",
                "- **Begins with** `<p class=\"a\">b <i>c</i></p>`",
            ],
        );
        check(Language::Json, "", "JSON text without content.", &[]);
    }

    #[test]
    fn code_is_no_data() {
        assert!(shown(Language::Rust, "fn f() {}").is_none());
        assert!(shown(Language::Json, "{").unwrap().broken);
    }
}
