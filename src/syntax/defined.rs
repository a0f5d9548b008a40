//! What a text tells of the names that it defines: signatures, doc comments, fields; no bodies.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::Node;

use super::grammar::Rules;
use super::symbol::{Symbol, SymbolKind, is_comment};
use super::{Syntax, rope};
use crate::text::shortened_to_words;

/// The most that is told of one definition, in bytes: about 400 tokens.
pub const MAX_DEFINITION: usize = 1_300;
/// A doc comment beyond this is cut to its first paragraph.
const LONG_DOC: usize = 300;
/// Less room than this is not worth beginning a doc comment in, in bytes.
const LEAST_DOC: usize = 40;
/// The most that is told of what a definition is in.
const LONG_HEAD: usize = 160;
/// The most that is told of a constant, whose value may be a table.
const MAX_CONSTANT: usize = 300;

/// What a text tells of a name that it defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defined {
    pub name: String,
    /// Of a function the doc comment and the signature, of a type its fields and the signatures
    /// in it too, of a constant its line.
    pub text: String,
    /// The bytes of the item, with what stands above it.
    pub range: Range<usize>,
    /// Where the name stands.
    pub at: usize,
    /// The signature of the type or class around it, on one line.
    pub of: Option<String>,
    /// What stands before a function's name in its signature, as `int Square::` in C++ and
    /// `func (s *Square) ` in Go.
    pub before: String,
}

impl Syntax {
    /// What `text`, which is the one that was parsed, tells of the names that are wanted, in the
    /// order of the text; what is local to a function is left out.
    pub fn defined(&self, text: &Rope, is_wanted: impl Fn(&str) -> bool) -> Vec<Defined> {
        let source = Source { syntax: self, text };
        let mut found = Vec::new();
        let mut around: Vec<&Symbol> = Vec::new();
        let mut local_until = 0;
        for symbol in self.symbols() {
            around.retain(|outer| symbol.range.start < outer.range.end);
            let is_local = symbol.range.start < local_until;
            if !is_local && source.is_told(symbol) && is_wanted(&symbol.name) {
                found.push(source.symbol(symbol, around.last().copied()));
            }
            if is_function(symbol.kind) {
                local_until = local_until.max(symbol.range.end);
            }
            around.push(symbol);
        }
        let is_symbol = |at: usize, found: &[Defined]| found.iter().any(|known| known.at == at);
        for constant in source.constants(is_wanted) {
            if !is_symbol(constant.at, &found) {
                found.push(constant);
            }
        }
        found.sort_by_key(|defined| defined.at);
        found
    }
}

/// What has members, and so may be what a name is of.
fn is_type(symbol: &Symbol) -> bool {
    !is_function(symbol.kind) && !matches!(symbol.kind, SymbolKind::Macro | SymbolKind::TypeAlias)
}

fn is_function(kind: SymbolKind) -> bool {
    matches!(kind, SymbolKind::Function | SymbolKind::Method)
}

struct Source<'a> {
    syntax: &'a Syntax,
    text: &'a Rope,
}

impl Source<'_> {
    /// An `impl` defines no name, and a module is all that is in it, unless it has methods.
    fn is_told(&self, symbol: &Symbol) -> bool {
        let has_methods = || {
            let rules = Rules::of(self.syntax.language());
            let mut inner = self.syntax.symbols().iter();
            rules.modules_have_methods
                && inner.any(|inner| {
                    inner.kind == SymbolKind::Method
                        && inner.depth == symbol.depth + 1
                        && symbol.range.contains(&inner.range.start)
                })
        };
        match symbol.kind {
            SymbolKind::Impl => false,
            SymbolKind::Module => has_methods(),
            _ => true,
        }
    }

    fn symbol(&self, symbol: &Symbol, around: Option<&Symbol>) -> Defined {
        let is_body_told = !is_function(symbol.kind) && symbol.kind != SymbolKind::Macro;
        let item = if is_body_told {
            self.without_bodies(symbol)
        } else {
            self.signature(symbol)
        };
        let room = MAX_DEFINITION.saturating_sub(item.len());
        let doc = doc(&self.slice(symbol.leading.clone()), room.min(2 * LONG_DOC));
        let text = if doc.is_empty() {
            item
        } else {
            format!("{doc}\n{item}")
        };
        Defined {
            name: symbol.name.clone(),
            text: shortened_to_words(&text, MAX_DEFINITION),
            range: symbol.with_leading(),
            at: symbol.name_range.start,
            of: around.map(|around| self.head(around)),
            before: if is_function(symbol.kind) {
                self.slice(symbol.range.start..symbol.name_range.start)
            } else {
                String::new()
            },
        }
    }

    /// A symbol's signature on one line.
    fn head(&self, symbol: &Symbol) -> String {
        one_line(&self.slice(symbol.signature.clone()))
    }

    /// A function's head, with the doc comment that Python keeps below it.
    fn signature(&self, symbol: &Symbol) -> String {
        let signature = self.slice(symbol.signature.clone());
        match self.docstring(symbol) {
            Some(docstring) => {
                let words = doc(&self.slice(docstring), LONG_DOC);
                format!("{signature}\n    {words}")
            }
            None => signature,
        }
    }

    /// A type with all that is in it but the bodies of functions; without the comments in it too,
    /// where it is long.
    fn without_bodies(&self, symbol: &Symbol) -> String {
        let whole = self.left_out(symbol, false);
        if whole.len() <= MAX_DEFINITION {
            return whole;
        }
        shortened_to_words(&self.left_out(symbol, true), MAX_DEFINITION)
    }

    fn left_out(&self, symbol: &Symbol, comments_too: bool) -> String {
        let mut out: Vec<Range<usize>> = Vec::new();
        let inner = self.syntax.symbols().iter().filter(|inner| {
            symbol.range.start < inner.range.start && inner.range.end <= symbol.range.end
        });
        let mut local_until = symbol.range.start;
        for inner in inner.filter(|inner| is_function(inner.kind)) {
            if inner.range.start < local_until {
                continue;
            }
            local_until = inner.range.end;
            if comments_too {
                out.push(inner.leading.clone());
            }
            out.push(inner.signature.end..inner.range.end);
        }
        if comments_too && let Some(docstring) = self.docstring(symbol) {
            out.push(docstring);
            out.sort_by_key(|range| range.start);
        }
        let mut told = String::new();
        let mut at = symbol.range.start;
        for range in out.into_iter().filter(|range| !range.is_empty()) {
            told.push_str(&self.slice(at..range.start.max(at)));
            let is_body = !told.trim_end().is_empty() && !told.ends_with(char::is_whitespace);
            told.push_str(if is_body { " …" } else { "" });
            at = range.end.max(at);
        }
        told.push_str(&self.slice(at..symbol.range.end));
        without_blank_lines(&told)
    }

    /// The string that begins the body of one of Python's functions or classes.
    fn docstring(&self, symbol: &Symbol) -> Option<Range<usize>> {
        let root = self.syntax.parsed.tree.root_node();
        let node = root.descendant_for_byte_range(symbol.range.start, symbol.range.end)?;
        if !matches!(node.kind(), "function_definition" | "class_definition") {
            return None;
        }
        let body = node.child_by_field_name("body")?;
        let first = body.named_child(0)?;
        let string = match first.kind() {
            "expression_statement" => first.named_child(0)?,
            _ => first,
        };
        (string.kind() == "string").then(|| string.byte_range())
    }

    /// Constants and variables that are not local to a function.
    fn constants(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Defined> {
        let rules = Rules::of(self.syntax.language());
        let mut found = Vec::new();
        let mut cursor = self.syntax.parsed.tree.walk();
        loop {
            let node = cursor.node();
            (rules.constants)(node, self.text, &mut |name| {
                let text = self.slice(name.byte_range());
                // Ruby's attributes are named by symbols.
                let text = text.trim_start_matches(':');
                if is_wanted(text) {
                    found.push(self.constant(node, name, text));
                }
            });
            let is_root = cursor.depth() == 0;
            if (is_root || (rules.holds_constants)(node.kind())) && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return found;
                }
            }
        }
    }

    /// The line that a constant stands on, with the comment above it.
    fn constant(&self, node: Node, name: Node, text: &str) -> Defined {
        let start = self.line_start(node.start_byte());
        let line = self.slice(start..node.end_byte());
        let row = node.start_position().row;
        let mut statement = node;
        while let Some(parent) = statement.parent()
            && parent.parent().is_some()
            && parent.start_position().row == row
        {
            statement = parent;
        }
        let above = statement.prev_named_sibling();
        let comment = above.filter(|above| {
            is_comment(*above)
                && above.end_position().row + 1 >= row
                && rope::begins_line(self.text, above.start_byte())
        });
        let doc = comment.map(|comment| doc(&self.slice(comment.byte_range()), LONG_DOC));
        let told = doc
            .into_iter()
            .chain([shortened_to_words(line.trim(), MAX_CONSTANT)]);
        let at = name.start_byte();
        let around = self.syntax.symbols().iter().rev();
        let around = around
            .filter(|symbol| symbol.range.contains(&at))
            .find(|symbol| is_type(symbol));
        Defined {
            name: text.to_owned(),
            text: told.collect::<Vec<_>>().join("\n"),
            range: node.byte_range(),
            at,
            of: around.map(|around| self.head(around)),
            before: String::new(),
        }
    }

    fn line_start(&self, at: usize) -> usize {
        let line = self.text.try_byte_to_line(at).unwrap_or(0);
        self.text.try_line_to_byte(line).unwrap_or(at)
    }

    fn slice(&self, range: Range<usize>) -> String {
        rope::slice(self.text, range).unwrap_or_default()
    }
}

/// A doc comment, cut to its first paragraph where it is long, and to so many bytes.
fn doc(comment: &str, most: usize) -> String {
    let comment = comment.trim();
    if comment.len() <= LONG_DOC.min(most) {
        return comment.to_owned();
    }
    let end = end_mark(comment);
    let Some(most) = most.checked_sub(LEAST_DOC + end.len()) else {
        return String::new();
    };
    let most = most + LEAST_DOC;
    let marks = ['/', '*', '!', '#', '"', '\'', ' ', '\t'];
    let mut told = Vec::new();
    let mut has_words = false;
    for line in comment.lines() {
        let is_blank = line.trim_matches(marks).is_empty();
        if is_blank && has_words {
            break;
        }
        has_words |= !is_blank;
        told.push(line);
    }
    let told = shortened_to_words(&told.join("\n"), most.saturating_sub(" … ".len()));
    match end {
        "" => told,
        _ if told.ends_with(end) => told,
        _ if told.ends_with('…') => format!("{told} {end}"),
        _ => format!("{told} … {end}"),
    }
}

/// What a comment of several lines, or a string that serves as one, ends with, if with anything.
fn end_mark(comment: &str) -> &'static str {
    let quoted = comment.trim_start_matches(char::is_alphabetic);
    let ends = [
        ("/*", "*/"),
        ("--[[", "]]"),
        ("<!--", "-->"),
        ("\"\"\"", "\"\"\""),
        ("'''", "'''"),
        ("\"", "\""),
        ("'", "'"),
    ];
    let end = ends.iter().find(|(begin, _)| quoted.starts_with(begin));
    end.map_or("", |(_, end)| end)
}

fn without_blank_lines(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shortened_to_words(&line, LONG_HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Language;
    use crate::syntax::grammar::testing;

    fn check(language: Language, text: &str, names: &[&str], expected: &[&str]) {
        let found = testing::told(language, text, names);
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_long_doc_comment_is_cut_at_a_word_and_still_ends() {
        let words = "word ".repeat(200);
        let check = |language: Language, text: String, begin: &str, end: &str| {
            let told = testing::told(language, &text, &["f"]);
            let told = &told[0];
            assert!(told.contains(begin) && told.len() > LONG_DOC, "{told}");
            assert!(told.contains(&format!("word …{end}")), "{told}");
        };
        let python = format!("def f():\n    \"\"\"{words}\"\"\"\n    pass\n");
        check(Language::Python, python, "def f():", " \"\"\"");
        let java = format!("class A {{\n/** {words} */\nint f() {{}}\n}}");
        check(Language::Java, java, "/** word", " */");
        let rust = format!("/// {words}\nfn f() {{}}");
        check(Language::Rust, rust, "/// word", "\nfn f()");
        let text = format!("/** One.\n *\n * {words} */\nfunction f() {{}}");
        let told = testing::told(Language::JavaScript, &text, &["f"]);
        assert_eq!(told, ["/** One. … */\nfunction f()"]);
    }

    #[test]
    fn functions_are_told_without_bodies() {
        check(
            Language::Rust,
            "/// Doc.\n#[x]\nfn a<T>(\n    b: T,\n) -> u8 {\n    fn c() {}\n    0\n}\nimpl B for C {\n    fn d(&self) {}\n}\n",
            &["a", "c", "d", "C"],
            &[
                "/// Doc.\n#[x]\nfn a<T>(\n    b: T,\n) -> u8",
                "(impl B for C) fn d(&self)",
            ],
        );
        check(
            Language::Python,
            "class A:\n    def b(self) -> int:\n        \"\"\"Doc.\"\"\"\n        return 1\n",
            &["b"],
            &["(class A:) def b(self) -> int:\n    \"\"\"Doc.\"\"\""],
        );
        check(
            Language::Go,
            "package p\n\n// Area is.\nfunc (s Square) Area() int {\n\treturn 1\n}\n",
            &["Area"],
            &["// Area is.\nfunc (s Square) Area() int"],
        );
    }

    #[test]
    fn types_are_told_with_fields_and_signatures() {
        check(
            Language::Rust,
            "/// A.\nstruct A {\n    /// Of b.\n    b: u8,\n}\ntrait T {\n    fn c(&self) -> u8 {\n        1\n    }\n\n    fn d();\n}\n",
            &["A", "T"],
            &[
                "/// A.\nstruct A {\n    /// Of b.\n    b: u8,\n}",
                "trait T {\n    fn c(&self) -> u8 …\n    fn d();\n}",
            ],
        );
        check(
            Language::Python,
            "class A:\n    \"\"\"Doc.\"\"\"\n    x: int = 1\n\n    def b(self):\n        return 1\n\n    def c(self): pass\n",
            &["A"],
            &[
                "class A:\n    \"\"\"Doc.\"\"\"\n    x: int = 1\n    def b(self): …\n    def c(self): …",
            ],
        );
        check(
            Language::TypeScript,
            "export interface A {\n  b: string;\n  c(): void;\n}\n",
            &["A"],
            &["export interface A {\n  b: string;\n  c(): void;\n}"],
        );
    }

    #[test]
    fn constants_are_told_with_their_line() {
        check(
            Language::Rust,
            "// Most.\npub const MOST: usize = 3;\nimpl A { const B: u8 = 1; }\nfn f() { const C: u8 = 1; }\n",
            &["MOST", "B", "C"],
            &[
                "// Most.\npub const MOST: usize = 3;",
                "(impl A) impl A { const B: u8 = 1;",
            ],
        );
        check(
            Language::Python,
            "if x:\n    A = 1\nB: int = [\n    2,\n]\ndef f():\n    C = 1\n",
            &["A", "B", "C"],
            &["A = 1", "B: int = [\n    2,\n]"],
        );
        check(
            Language::JavaScript,
            "// Of a.\nexport const a = {\n  b: 1,\n};\nvar c = require('d');\n",
            &["a", "b", "c"],
            &[
                "// Of a.\nexport const a = {\n  b: 1,\n}",
                "var c = require('d')",
            ],
        );
        check(
            Language::Go,
            "package p\n\nconst (\n\tA = iota\n\tB\n)\n\nvar C, D = 1, 2\n",
            &["B", "D"],
            &["B", "var C, D = 1, 2"],
        );
    }

    #[test]
    fn what_is_long_is_cut() {
        let fields = "    field: u8,\n".repeat(400);
        let text = format!("struct A {{\n{fields}}}\n");
        let rope = Rope::from_str(&text);
        let syntax = Syntax::parse(Language::Rust, &rope).unwrap();
        let found = syntax.defined(&rope, |name| name == "A");
        assert!(found[0].text.len() <= MAX_DEFINITION);
        assert!(found[0].text.ends_with("    field: u8,\n…"));
        let doc = "/// First.\n/// Still.\n///\n".to_owned() + &"/// More.\n".repeat(60);
        check(
            Language::Rust,
            &format!("{doc}fn a() {{}}\n"),
            &["a"],
            &["/// First.\n/// Still.\nfn a()"],
        );
    }
}
