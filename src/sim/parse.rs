//! Parses code that was cut out of a file, by putting around it what it was cut from.

use tree_sitter::{Node, Parser, Tree};

use crate::syntax::Language;

/// A syntax tree of a piece of code, perhaps within something put around it.
pub struct Parsed {
    pub language: Language,
    tree: Tree,
    /// What was parsed: the code with what stands around it.
    pub source: String,
    /// Where the code begins in `source`.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// What a piece may have been cut from: statements out of a body, members out of a type.
fn surroundings(language: Language, code: &str) -> Vec<(String, &'static str)> {
    let fixed: &[(&str, &str)] = match language {
        Language::Rust => &[
            ("", ""),
            ("fn x() {\n", "\n}"),
            ("impl X {\n", "\n}"),
            ("match x {\n", "\n}"),
        ],
        Language::Go => &[("", ""), ("func x() {\n", "\n}")],
        Language::Python => &[("", "")],
        Language::JavaScript | Language::Tsx | Language::TypeScript => &[
            ("", ""),
            ("class X {\n", "\n}"),
            ("async function x() {\n", "\n}"),
            ("x = {\n", "\n}"),
        ],
        // A method could be a function on top too, but seldom is.
        Language::Java | Language::CSharp => &[
            ("class X {\n", "\n}"),
            ("", ""),
            ("class X { void x() {\n", "\n} }"),
        ],
        Language::C => &[("", ""), ("void x() {\n", "\n}"), ("struct x {\n", "\n};")],
        Language::Cpp => &[("", ""), ("class x {\n", "\n};"), ("void x() {\n", "\n}")],
        // A part of a file has no tag of its own.
        Language::Php if !code.contains("<?") => &[
            (
                "<?php
", "",
            ),
            (
                "<?php
class X {
",
                "
}",
            ),
            (
                "<?php
switch ($x) {
",
                "
}",
            ),
        ],
        Language::Php => &[("", "")],
        Language::Css => &[("", ""), ("x {\n", "\n}")],
        Language::Json => &[("", ""), ("{\n", "\n}"), ("[\n", "\n]")],
        Language::Ruby => &[("", ""), ("def x\n", "\nend"), ("case x\n", "\nend")],
        Language::Bash | Language::Html | Language::Lua | Language::Toml | Language::Yaml => {
            &[("", "")]
        }
    };
    let mut all: Vec<(String, &str)> = fixed
        .iter()
        .map(|(before, after)| ((*before).to_owned(), *after))
        .collect();
    if language == Language::Python {
        all.push((format!("if x:\n{}", missing_indentation(code)), ""));
    }
    all
}

/// The indentation of Python's later lines, where the first was cut off from its own.
fn missing_indentation(code: &str) -> &str {
    if code.starts_with([' ', '\t', '\n', '\r']) {
        return "";
    }
    code.lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .filter_map(|line| line.get(..line.len() - line.trim_start().len()))
        .min_by_key(|indentation| indentation.len())
        .filter(|indentation| !indentation.is_empty())
        .unwrap_or("    ")
}

/// The tree of `code` in the first surroundings that leave no error in it, else as it stands.
pub fn parse(language: Language, code: &str) -> Option<Parsed> {
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let mut bare = None;
    for (before, after) in surroundings(language, code) {
        let source = format!("{before}{code}{after}");
        let tree = parser.parse(&source, None)?;
        let parsed = Parsed {
            language,
            tree,
            start: before.len(),
            end: before.len() + code.len(),
            source,
        };
        if parsed.is_clean() {
            return Some(parsed);
        }
        bare.get_or_insert(parsed);
    }
    bare
}

impl Parsed {
    /// Whether the tree holds no error.
    pub fn is_clean(&self) -> bool {
        !self.tree.root_node().has_error()
    }

    /// All nodes of the code, parents before children, those of the surroundings left out.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        preorder(self.tree.root_node()).filter(|node| self.holds(*node))
    }

    /// As [`Parsed::nodes`], but nothing below a node whose kind `closed` holds for.
    pub fn nodes_unless(&self, closed: fn(&str) -> bool) -> impl Iterator<Item = Node<'_>> {
        preorder_unless(self.tree.root_node(), move |node| closed(node.kind()))
            .filter(|node| self.holds(*node))
    }

    /// The topmost nodes of the code: its items and statements.
    pub fn top(&self) -> Vec<Node<'_>> {
        let mut top = Vec::new();
        let mut open = vec![self.tree.root_node()];
        while let Some(node) = open.pop() {
            let is_container = matches!(
                node.kind(),
                "source_file"
                    | "program"
                    | "block"
                    | "statement_list"
                    | "body_statement"
                    | "global_statement"
                    | "ERROR"
            );
            if self.holds(node) && node.parent().is_some() && !is_container {
                top.push(node);
            } else {
                let count = u32::try_from(node.named_child_count()).unwrap_or(u32::MAX);
                open.extend((0..count).rev().filter_map(|index| node.named_child(index)));
            }
        }
        top
    }

    fn holds(&self, node: Node<'_>) -> bool {
        self.start <= node.start_byte() && node.end_byte() <= self.end
    }

    /// The text of a node.
    pub fn text(&self, node: Node<'_>) -> &str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }
}

/// `root` and all nodes below it, parents before children. It walks with a
/// cursor, for trees can be deeper than a stack.
pub fn preorder(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    preorder_unless(root, |_| false)
}

/// As [`preorder`], but nothing below a node for which `closed` holds.
pub fn preorder_unless(
    root: Node<'_>,
    closed: impl Fn(Node<'_>) -> bool,
) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = root.walk();
    let mut next = Some(root);
    std::iter::from_fn(move || {
        let current = next?;
        let below = !closed(current) && cursor.goto_first_child();
        let more = below
            || loop {
                if cursor.goto_next_sibling() {
                    break true;
                }
                if !cursor.goto_parent() {
                    break false;
                }
            };
        next = more.then(|| cursor.node());
        Some(current)
    })
}

/// The named children of a node.
pub fn named_children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let count = u32::try_from(node.named_child_count()).unwrap_or(u32::MAX);
    (0..count).filter_map(move |index| node.named_child(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cut_from_files_parse_as_what_they_are() {
        let check = |language: Language, code: &str, top: &[&str]| {
            let parsed = parse(language, code).unwrap();
            assert!(parsed.is_clean(), "{code}");
            let kinds: Vec<_> = parsed.top().iter().map(tree_sitter::Node::kind).collect();
            assert_eq!(kinds, top, "{code}");
            assert_eq!(&parsed.source[parsed.start..parsed.end], code);
        };
        check(Language::Rust, "fn f(&self) {}", &["function_item"]);
        check(
            Language::Rust,
            "let a = 1;\na + 1",
            &["let_declaration", "binary_expression"],
        );
        check(
            Language::Rust,
            "Some(x) => x,\nNone => 1,",
            &["match_arm", "match_arm"],
        );
        check(
            Language::Go,
            "x := 1\nreturn x",
            &["short_var_declaration", "return_statement"],
        );
        check(Language::Python, "    return 1\n", &["return_statement"]);
        check(
            Language::Python,
            "a = 1\n    b = 2",
            &["expression_statement", "expression_statement"],
        );
        check(
            Language::Python,
            "def f(self):\n        return 1",
            &["function_definition"],
        );
        check(
            Language::JavaScript,
            "get(a) {\n  return a\n}",
            &["method_definition"],
        );
        check(Language::JavaScript, "await x()", &["expression_statement"]);
        check(
            Language::TypeScript,
            "private f(a: A): B {\n  return a\n}",
            &["method_definition"],
        );
        check(
            Language::Tsx,
            "const a = <b>c</b>",
            &["lexical_declaration"],
        );
    }

    #[test]
    fn what_is_no_code_has_a_tree_with_errors() {
        let parsed = parse(Language::Rust, "this is ( no rust").unwrap();
        assert!(!parsed.is_clean());
        assert_eq!(parsed.start, 0);
    }

    #[test]
    fn deep_trees_do_not_exhaust_the_stack() {
        let code = format!("x = {}1{}", "(".repeat(50_000), ")".repeat(50_000));
        let parsed = parse(Language::Python, &code).unwrap();
        assert!(parsed.nodes().count() > 50_000);
    }
}
