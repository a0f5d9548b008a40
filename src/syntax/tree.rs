//! Parses a text within bounds, and keeps its tree and what it declares.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::symbol::{self, Symbol};
use super::{Language, outline};

/// Texts with more bytes are not parsed.
pub const MAX_BYTES: usize = 1 << 20;

/// How long [`Syntax::parse`] and [`parses`] work on one text.
pub const PARSE_LIMIT: Duration = Duration::from_secs(2);

/// A parsed text: its tree and its symbols. It holds nothing of the text itself.
///
/// Methods that take a text want the one that was parsed. With another they
/// answer nonsense, but do not panic.
#[derive(Clone, Debug)]
pub struct Syntax {
    language: Language,
    pub(super) tree: Tree,
    symbols: Vec<Symbol>,
}

impl Syntax {
    /// Parses `text`; `None` where it has over [`MAX_BYTES`] or takes over [`PARSE_LIMIT`].
    pub fn parse(language: Language, text: &Rope) -> Option<Self> {
        Self::parse_within(language, text, PARSE_LIMIT)
    }

    /// Like [`Syntax::parse`], with another limit of time.
    pub fn parse_within(language: Language, text: &Rope, limit: Duration) -> Option<Self> {
        let tree = tree(language, text.len_bytes(), limit, |offset| {
            let (chunk, start, ..) = text.get_chunk_at_byte(offset)?;
            chunk.as_bytes().get(offset - start..)
        })?;
        let symbols = symbol::symbols(&tree, text);
        Some(Self {
            language,
            tree,
            symbols,
        })
    }

    pub fn language(&self) -> Language {
        self.language
    }

    /// All that the text declares by name, in the order of the text; what stands inside another
    /// symbol follows it, one deeper.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The number of errors that `range` touches: what the grammar could not read, and what it
    /// misses.
    pub fn errors_in(&self, range: Range<usize>) -> usize {
        let mut cursor = self.tree.walk();
        let mut errors = 0;
        loop {
            let node = cursor.node();
            let inside = node.has_error() && touches(node, &range);
            if inside && (node.is_error() || node.is_missing()) {
                errors += 1;
            }
            if inside && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return errors;
                }
            }
        }
    }

    /// The comment around the byte at `offset`, with the marks that begin and end it.
    pub fn comment_at(&self, offset: usize) -> Option<Range<usize>> {
        let root = self.tree.root_node();
        let node = root.descendant_for_byte_range(offset, offset.saturating_add(1))?;
        // Some grammars have nodes inside of comments: marks, and what is documented.
        let mut around = std::iter::successors(Some(node), Node::parent).take(3);
        let comment = around.find(|node| symbol::is_comment(*node))?;
        Some(comment.byte_range())
    }

    /// The lines, counted from 0, that begin inside a string of several lines.
    pub fn lines_in_strings(&self) -> BTreeSet<usize> {
        let mut cursor = self.tree.walk();
        let mut lines = BTreeSet::new();
        loop {
            let node = cursor.node();
            let (first, last) = (node.start_position().row, node.end_position().row);
            // `string`, `string_literal`, `raw_string_literal`, `template_string`, …
            let is_string =
                node.kind().contains("string") && !node.kind().contains("interpolation");
            if is_string {
                lines.extend(first + 1..=last);
            }
            if !is_string && first < last && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return lines;
                }
            }
        }
    }

    /// The signatures of the text, one a line, indented as they are nested; what stands inside
    /// functions is left out.
    pub fn outline(&self, text: &Rope) -> String {
        outline::outline(&self.symbols, text)
    }

    /// The statements that import from elsewhere, verbatim, one after the other.
    pub fn imports(&self, text: &Rope) -> String {
        outline::imports(&self.tree, text)
    }
}

/// Whether all of `text` fits the grammar of `language`; `false` too where it has over
/// [`MAX_BYTES`] or takes over [`PARSE_LIMIT`].
pub fn parses(language: Language, text: &str) -> bool {
    tree(language, text.len(), PARSE_LIMIT, |offset| {
        text.as_bytes().get(offset..)
    })
    .is_some_and(|tree| !tree.root_node().has_error())
}

fn touches(node: Node, range: &Range<usize>) -> bool {
    node.start_byte() <= range.end && range.start <= node.end_byte()
}

fn tree<'t>(
    language: Language,
    bytes: usize,
    limit: Duration,
    mut chunk_at: impl FnMut(usize) -> Option<&'t [u8]>,
) -> Option<Tree> {
    if bytes > MAX_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let deadline = Instant::now() + limit;
    let mut progress = |_: &ParseState| {
        if Instant::now() < deadline {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    parser.parse_with_options(
        &mut |offset, _| chunk_at(offset).unwrap_or_default(),
        None,
        Some(ParseOptions::new().progress_callback(&mut progress)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_parses_if_all_of_it_does() {
        for (language, text, expected) in [
            (Language::Rust, "fn a() {}", true),
            (Language::Rust, "fn a() {", false),
            (Language::Rust, "", true),
            (Language::Rust, "\u{feff}fn a() {}\r\n", true),
            (Language::Rust, "Here is the code:", false),
            (Language::Python, "def a():\n    return 1\n", true),
            (Language::Python, "def a(:\n", false),
            (Language::Go, "package a\n\nfunc b() {}\n", true),
            (Language::JavaScript, "const a = <b>c</b>", true),
            (Language::TypeScript, "const a: number = <number>b", true),
            (Language::Tsx, "const a: number = <number>b", false),
            (Language::Tsx, "const a = <b>c</b>", true),
        ] {
            assert_eq!(parses(language, text), expected, "{language:?} {text:?}");
        }
    }

    #[test]
    fn errors_are_counted_where_they_are() {
        let text = "fn a() { let x = ; }\n\nfn b() {}\n\nfn c() {";
        let syntax = Syntax::parse(Language::Rust, &Rope::from_str(text)).unwrap();
        let (b, c) = (text.find("fn b").unwrap(), text.find("fn c").unwrap());
        assert!(syntax.errors_in(0..b - 2) > 0);
        assert_eq!(syntax.errors_in(b..c - 2), 0);
        assert!(syntax.errors_in(c..text.len()) > 0);
        assert!(syntax.errors_in(0..usize::MAX) > syntax.errors_in(c..text.len()));
    }

    #[test]
    fn a_comment_is_found_around_any_of_its_bytes() {
        for (language, marked, expected) in [
            (Language::Rust, "a(); $0// é b\nc();\n", Some("// é b")),
            (Language::Rust, "a(); // é $0b\nc();\n", Some("// é b")),
            (Language::Rust, "a(); // é b\n$0c();\n", None),
            (Language::Rust, "a($0); // b\n", None),
            (
                Language::Rust,
                "/* a\n $0/* b */ */ c();",
                Some("/* a\n /* b */ */"),
            ),
            (Language::Rust, "//$0/ Doc.\nfn a() {}", Some("/// Doc.\n")),
            (Language::Rust, "let a = \"// $0b\";", None),
            (Language::Python, "a = 1  # $0b", Some("# b")),
            (Language::Python, "a = '# $0b'", None),
            (Language::Go, "// a$0", None),
        ] {
            let at = marked.find("$0").unwrap();
            let text = marked.replace("$0", "");
            let syntax = Syntax::parse(language, &Rope::from_str(&text)).unwrap();
            let found = syntax.comment_at(at).map(|comment| &text[comment]);
            assert_eq!(found, expected, "{language:?} {marked:?}");
            assert_eq!(syntax.comment_at(usize::MAX), None);
        }
    }

    #[test]
    fn a_text_over_the_limits_is_not_parsed() {
        let long = "// a\n".repeat(MAX_BYTES / 5 + 1);
        assert!(Syntax::parse(Language::Rust, &Rope::from_str(&long)).is_none());
        assert!(!parses(Language::Rust, &long));
        let slow = Rope::from_str(&"fn a() { b(c); }\n".repeat(5_000));
        assert!(Syntax::parse_within(Language::Rust, &slow, Duration::ZERO).is_none());
    }

    #[test]
    fn a_deep_text_is_walked_without_recursion() {
        let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
        let syntax = Syntax::parse(Language::Python, &Rope::from_str(&deep)).unwrap();
        assert!(syntax.symbols().is_empty());
    }

    #[test]
    fn chunks_of_a_rope_are_read_as_one_text() {
        let text = Rope::from_str(&"fn größe() -> &'static str { \"\u{1f600}\" }\n".repeat(2_000));
        assert!(text.chunks().count() > 10);
        let syntax = Syntax::parse(Language::Rust, &text).unwrap();
        assert_eq!(syntax.symbols().len(), 2_000);
        assert_eq!(syntax.errors_in(0..text.len_bytes()), 0);
    }
}
