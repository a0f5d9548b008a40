//! What a text declares by name, and what stands directly above it.

use std::collections::HashSet;
use std::ops::Range;

use ropey::Rope;
use tree_sitter::{Node, Tree};

use super::grammar::{Declaration, MOST_WRAPPERS, Rules};
use super::{Language, rope};

/// Names longer than this, in bytes, are computed keys rather than names.
const MAX_NAME: usize = 256;

/// What a [`Symbol`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    Function,
    /// A function that belongs to a type, or to an object.
    Method,
    Class,
    /// A struct, or a union.
    Struct,
    Enum,
    Interface,
    Trait,
    /// Rust's `impl` block, named by the type it is for.
    Impl,
    TypeAlias,
    Macro,
    /// A module with a body, or a namespace.
    Module,
}

impl SymbolKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Impl => "impl",
            Self::TypeAlias => "type",
            Self::Macro => "macro",
            Self::Module => "module",
        }
    }

    /// Whether functions directly inside it are its methods.
    fn has_methods(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Struct | Self::Enum | Self::Interface | Self::Trait | Self::Impl
        )
    }
}

/// Something declared by name. All ranges are in bytes, on char boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    pub kind: SymbolKind,
    /// The bare name, without quotes: `area` for Go's `func (s Square) area()`.
    pub name: String,
    /// The item alone, with `export` or `const` before it, without what is in `leading`.
    pub range: Range<usize>,
    /// The comments, attributes and decorators directly above; empty at the item's start if none.
    pub leading: Range<usize>,
    pub name_range: Range<usize>,
    /// The item from its start to where its body begins: what its users must know.
    pub signature: Range<usize>,
    /// How many other symbols are around it.
    pub depth: usize,
}

impl Symbol {
    /// The item together with what stands directly above it.
    pub fn with_leading(&self) -> Range<usize> {
        self.leading.start.min(self.range.start)..self.range.end
    }
}

/// All symbols of a text, what is around others before them.
///
/// One walk without recursion: trees of hostile texts are as deep as the texts are long.
pub(super) fn symbols(language: Language, tree: &Tree, text: &Rope) -> Vec<Symbol> {
    let mut walk = Walk {
        rules: Rules::of(language),
        text,
        found: Vec::new(),
        open: Vec::new(),
        named: HashSet::new(),
    };
    let mut cursor = tree.walk();
    // What stands above the next node, for each level from the root down to the cursor.
    let mut levels: Vec<Option<Range<usize>>> = vec![None];
    // The kinds of the nodes around the cursor.
    let mut around: Vec<&str> = Vec::new();
    loop {
        let node = cursor.node();
        let above = levels.pop().flatten();
        if is_leading(walk.rules, node) {
            levels.push(lead(text, above, node));
        } else {
            let above = above.filter(|above| is_adjacent(text, above.end, node.start_byte()));
            walk.visit(node, around.last().unwrap_or(&""), above.clone());
            levels.push(None);
            if cursor.goto_first_child() {
                around.push(node.kind());
                // Python's comments stand before the block whose first statement they are about.
                levels.push(above);
                continue;
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return walk.found;
            }
            levels.pop();
            around.pop();
        }
    }
}

pub(super) fn is_comment(node: Node) -> bool {
    matches!(
        node.kind(),
        "comment" | "line_comment" | "block_comment" | "html_comment" | "js_comment"
    )
}

struct Walk<'a> {
    rules: &'static Rules,
    text: &'a Rope,
    found: Vec<Symbol>,
    /// Where the symbols around the current node end, and what they are.
    open: Vec<(usize, SymbolKind)>,
    /// Where the names of the symbols found so far start: a wrapper and what it wraps are one.
    named: HashSet<usize>,
}

impl Walk<'_> {
    fn visit(&mut self, node: Node, parent: &str, above: Option<Range<usize>>) {
        while self
            .open
            .last()
            .is_some_and(|(end, _)| *end <= node.start_byte())
        {
            self.open.pop();
        }
        let Some(declared) = self.rules.declaration(node, parent) else {
            return;
        };
        let around = self.open.last().map(|(_, kind)| *kind);
        let Some(kind) = kind_within(self.rules, declared.kind, around) else {
            return;
        };
        if !self.named.insert(declared.name.start) {
            return;
        }
        self.named.extend(declared.own_name);
        if let Some(symbol) = self.symbol(kind, node, &declared, above) {
            self.open.push((symbol.range.end, kind));
            self.found.push(symbol);
        }
    }

    fn symbol(
        &self,
        kind: SymbolKind,
        node: Node,
        declared: &Declaration,
        above: Option<Range<usize>>,
    ) -> Option<Symbol> {
        let name_range = declared.name.clone();
        if name_range.is_empty() || name_range.len() > MAX_NAME {
            return None;
        }
        let name = rope::slice(self.text, name_range.clone())?;
        let (within, start) = leading_within(self.rules, node);
        let end = self.end_of(node, declared);
        // A line of C's preprocessor reaches over its end.
        let range = start..rope::skip_back(self.text, end, rope::is_blank).max(name_range.end);
        let body = declared
            .body
            .unwrap_or(range.end)
            .clamp(range.start, range.end);
        Some(Symbol {
            kind,
            name: name.trim_matches(['"', '\'']).to_owned(),
            leading: self.leading(above, within, start),
            signature: start..rope::skip_back(self.text, body, rope::is_blank).max(start),
            name_range,
            range,
            depth: self.open.len(),
        })
    }

    fn end_of(&self, node: Node, declared: &Declaration) -> usize {
        let after = rope::skip(self.text, node.end_byte(), rope::is_blank);
        if declared.takes_semicolon && rope::char_at(self.text, after) == Some(';') {
            after + 1
        } else {
            let end = end_of(node);
            let is_without_body = declared.body == Some(node.end_byte());
            if is_without_body && end > 0 && rope::char_at(self.text, end - 1) == Some(':') {
                self.end_of_comments(node.start_byte(), end)
            } else {
                end
            }
        }
    }

    /// Where the comments end that are all that Python's item has for a body; its grammar leaves
    /// them outside.
    fn end_of_comments(&self, start: usize, head_end: usize) -> usize {
        let lines = crate::text::line_of(self.text, head_end) + 1..self.text.len_lines();
        let own = self.indentation(crate::text::line_of(self.text, start));
        let mut end = head_end;
        for line in lines {
            let place = crate::text::line_range(self.text, line);
            let written = rope::slice(self.text, place.clone()).unwrap_or_default();
            if !written.trim_start().starts_with('#') || self.indentation(line) <= own {
                break;
            }
            end = place.start + written.trim_end().len();
        }
        end
    }

    fn indentation(&self, line: usize) -> usize {
        let place = crate::text::line_range(self.text, line);
        rope::skip(self.text, place.start, rope::is_inline_blank) - place.start
    }

    /// What stands above the item at `start`, outside and inside its node, as one range.
    fn leading(
        &self,
        above: Option<Range<usize>>,
        within: Option<Range<usize>>,
        start: usize,
    ) -> Range<usize> {
        let Some(last) = within.as_ref().or(above.as_ref()) else {
            return start..start;
        };
        // Rust's doc comments reach over the end of their line.
        let end = rope::skip_back(self.text, last.end, rope::is_blank);
        let first = above.as_ref().or(within.as_ref()).unwrap_or(last);
        first.start..end.max(first.start)
    }
}

/// What a declaration is where `around` is the symbol around it; `None` if it is no symbol there.
fn kind_within(rules: &Rules, kind: SymbolKind, around: Option<SymbolKind>) -> Option<SymbolKind> {
    let has_methods = |around: SymbolKind| {
        around.has_methods() || rules.modules_have_methods && around == SymbolKind::Module
    };
    match (kind, around) {
        (SymbolKind::Function, Some(around)) if has_methods(around) => Some(SymbolKind::Method),
        // An associated type says nothing without the block around it.
        (SymbolKind::TypeAlias, Some(SymbolKind::Impl | SymbolKind::Trait)) => None,
        _ => Some(kind),
    }
}

/// The attributes that the grammar puts inside the item's node, and where the item itself starts.
fn leading_within(rules: &Rules, node: Node) -> (Option<Range<usize>>, usize) {
    let mut cursor = node.walk();
    let mut leading: Option<Range<usize>> = None;
    let mut found = cursor.goto_first_child();
    while found {
        let part = cursor.node();
        if is_leading(rules, part) {
            let first = leading.map_or(part.start_byte(), |leading| leading.start);
            leading = Some(first..part.end_byte());
            found =
                cursor.goto_next_sibling() || cursor.goto_parent() && cursor.goto_next_sibling();
        } else if part.kind() == "modifiers" {
            // Java's annotations stand among `public` and its like.
            found = cursor.goto_first_child();
        } else {
            return (leading, part.start_byte());
        }
    }
    (leading, node.start_byte())
}

/// Where `node` ends, without the comment behind it that JavaScript's grammar counts in while it
/// looks for a semicolon.
fn end_of(node: Node) -> usize {
    let mut node = node;
    // A Python block may well end in a comment.
    for _ in 0..MOST_WRAPPERS {
        let mut cursor = node.walk();
        let children = node.children(&mut cursor);
        let last = children
            .filter(|child| !is_comment(*child) && !child.byte_range().is_empty())
            .last();
        match last {
            Some(last) if last.kind() != "block" => node = last,
            _ => break,
        }
    }
    node.end_byte()
}

/// What stands above the next node once `node` is passed, a comment, attribute or decorator.
fn lead(text: &Rope, above: Option<Range<usize>>, node: Node) -> Option<Range<usize>> {
    let above = above.filter(|above| is_adjacent(text, above.end, node.start_byte()));
    match above {
        Some(above) => Some(above.start..node.end_byte()),
        // A comment at the end of a line of code is about that code.
        None if is_comment(node) && !rope::begins_line(text, node.start_byte()) => None,
        // What runs the file is about no item in it.
        None if rope::starts_with(text, node.start_byte(), "#!") => None,
        None => Some(node.byte_range()),
    }
}

/// Whether no blank line and nothing else stands between two places.
fn is_adjacent(text: &Rope, end: usize, start: usize) -> bool {
    let end = rope::skip_back(text, end, rope::is_blank);
    end <= start && rope::breaks_between(text, end..start).is_some_and(|breaks| breaks < 2)
}

fn is_leading(rules: &Rules, node: Node) -> bool {
    // `//!` is about what is around it.
    let is_about_the_next = is_comment(node) && node.child_by_field_name("inner").is_none();
    is_about_the_next || (rules.is_attribute)(node)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::syntax::Syntax;

    /// Each symbol as its depth, kind, name, what stands above it, and its text.
    fn check(language: Language, text: &str, expected: &[(usize, &str, &str, &str, &str)]) {
        let syntax = Syntax::parse(language, &Rope::from_str(text)).unwrap();
        let found: Vec<_> = syntax
            .symbols()
            .iter()
            .map(|symbol| {
                let leading = &text[symbol.leading.clone()];
                (
                    symbol.depth,
                    symbol.kind.word(),
                    &*symbol.name,
                    leading,
                    &text[symbol.range.clone()],
                )
            })
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn an_item_is_alone_and_what_is_above_it_is_leading() {
        check(
            Language::Rust,
            "/// A.\r\n#[x]\r\npub struct A;\r\n\r\nimpl A {\r\n    // b\r\n\r\n    // c\r\n    fn d() {}\r\n}\r\n",
            &[
                (0, "struct", "A", "/// A.\r\n#[x]", "pub struct A;"),
                (
                    0,
                    "impl",
                    "A",
                    "",
                    "impl A {\r\n    // b\r\n\r\n    // c\r\n    fn d() {}\r\n}",
                ),
                (1, "method", "d", "// c", "fn d() {}"),
            ],
        );
        check(
            Language::Python,
            "# a\n@b\n# c\n@d(e)\ndef f(): pass\n",
            &[(0, "function", "f", "# a\n@b\n# c\n@d(e)", "def f(): pass")],
        );
        check(
            Language::TypeScript,
            "/** A */\n@b()\nexport default class A {\n  @c d() {}\n}\n",
            &[
                (
                    0,
                    "class",
                    "A",
                    "/** A */\n@b()",
                    "export default class A {\n  @c d() {}\n}",
                ),
                (1, "method", "d", "@c", "d() {}"),
            ],
        );
        check(
            Language::Go,
            "package p\n\n// A does.\n//\n// And more.\nfunc A() {}\n",
            &[(
                0,
                "function",
                "A",
                "// A does.\n//\n// And more.",
                "func A() {}",
            )],
        );
    }

    #[test]
    fn what_ends_the_line_of_other_code_is_not_leading() {
        check(
            Language::JavaScript,
            "let x; // x\nfunction a() {} // a\n// b\nfunction b() {}\nconst c = () => 1 // c\n",
            &[
                (0, "function", "a", "", "function a() {}"),
                (0, "function", "b", "// b", "function b() {}"),
                (0, "function", "c", "", "const c = () => 1"),
            ],
        );
    }

    #[test]
    fn a_comment_at_the_end_of_a_block_is_in_it() {
        check(
            Language::Python,
            "def a():\n    pass\n    # end\nb = 1\n",
            &[(0, "function", "a", "", "def a():\n    pass\n    # end")],
        );
    }

    #[test]
    fn comments_that_are_all_of_a_body_are_in_it() {
        check(
            Language::Python,
            "class A:\n    def f():\n        # a\n        # b\n\n    # c\n    def g():\n        # e",
            &[
                (
                    0,
                    "class",
                    "A",
                    "",
                    "class A:\n    def f():\n        # a\n        # b\n\n    # c\n    def g():\n        # e",
                ),
                (1, "method", "f", "", "def f():\n        # a\n        # b"),
                (1, "method", "g", "# c", "def g():\n        # e"),
            ],
        );
        check(
            Language::Python,
            "def f():\n# a\nb = 1\n",
            &[(0, "function", "f", "", "def f():")],
        );
    }

    /// Each of these would take minutes if the way to a parent or a sibling began at the root.
    #[test]
    fn a_walk_takes_no_longer_for_each_symbol_where_there_are_many() {
        const MANY: usize = 50_000;
        let check = |language: Language, one: &str, symbols: usize| {
            let text = Rope::from_str(&one.repeat(MANY));
            let syntax = Syntax::parse_within(language, &text, Duration::from_secs(600)).unwrap();
            assert_eq!(syntax.symbols().len(), symbols * MANY, "{one}");
        };
        check(Language::JavaScript, "function f() {}\n", 1);
        check(Language::C, "int f(int a);\n", 1);
        check(Language::Cpp, "struct A { };\n", 1);
        check(Language::Ruby, "def a() 1 end\n", 1);
        check(Language::Python, "def a(): 1\n", 1);
    }

    #[test]
    fn a_wrapper_and_what_it_wraps_are_one_symbol() {
        check(
            Language::JavaScript,
            "export const a = function b() {};\n",
            &[(0, "function", "a", "", "export const a = function b() {};")],
        );
    }
}
