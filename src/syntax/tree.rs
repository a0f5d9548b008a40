//! Parses a text within bounds, and keeps its tree and what it declares.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, ParseState, Parser, Point, Tree};

use super::errors::Parsed;
use super::symbol::{self, Symbol};
use super::{Language, depth, outline};

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
    pub(super) parsed: Parsed,
    symbols: Vec<Symbol>,
}

impl Syntax {
    /// Parses `text`; `None` where it has over [`MAX_BYTES`] or takes over [`PARSE_LIMIT`].
    pub fn parse(language: Language, text: &Rope) -> Option<Self> {
        Self::parse_within(language, text, PARSE_LIMIT)
    }

    /// Like [`Syntax::parse`], with another limit of time.
    pub fn parse_within(language: Language, text: &Rope, limit: Duration) -> Option<Self> {
        let tree = of_rope(language, text, limit, None)?;
        let symbols = symbol::symbols(language, &tree, text);
        Some(Self {
            language,
            parsed: Parsed { tree },
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
        let mut cursor = self.parsed.tree.walk();
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
        let root = self.parsed.tree.root_node();
        let node = root.descendant_for_byte_range(offset, offset.saturating_add(1))?;
        // Some grammars have nodes inside of comments: marks, and what is documented.
        let mut around = std::iter::successors(Some(node), Node::parent).take(3);
        let comment = around.find(|node| symbol::is_comment(*node))?;
        Some(comment.byte_range())
    }

    /// The lines, counted from 0, whose indentation is content: those that begin inside a string
    /// of several lines, and others that must stand where they are.
    ///
    /// The block scalars of YAML are none of them: they are indented with what they stand in.
    pub fn lines_in_strings(&self) -> BTreeSet<usize> {
        let mut cursor = self.parsed.tree.walk();
        let mut lines = BTreeSet::new();
        loop {
            let node = cursor.node();
            let (first, last) = (node.start_position().row, node.end_position().row);
            let verbatim = verbatim(self.language, node);
            match verbatim {
                Some(Verbatim::AfterFirstLine) => lines.extend(first + 1..=last),
                Some(Verbatim::Whole) => lines.extend(first..=last),
                None => {}
            }
            if verbatim.is_none() && first < last && cursor.goto_first_child() {
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
        outline::imports(self.language, &self.parsed.tree, text)
    }
}

/// Whether all of `text` fits the grammar of `language`; `false` too where it has over
/// [`MAX_BYTES`] or takes over [`PARSE_LIMIT`].
pub fn parses(language: Language, text: &str) -> bool {
    tree(language, text.len(), PARSE_LIMIT, None, |offset| {
        text.as_bytes().get(offset..)
    })
    .is_some_and(|tree| !tree.root_node().has_error())
}

/// Which lines of a node have an indentation that means something.
enum Verbatim {
    /// Those that begin inside of it.
    AfterFirstLine,
    /// The first one too: it has to begin its line.
    Whole,
}

fn verbatim(language: Language, node: Node) -> Option<Verbatim> {
    let is_text = match node.kind() {
        // Of most languages.
        "string" | "string_literal" | "raw_string_literal" | "raw_string" => true,
        // JavaScript, TypeScript, Go, C# and CSS.
        "template_string"
        | "template_literal_type"
        | "interpreted_string_literal"
        | "verbatim_string_literal"
        | "interpolated_string_expression"
        | "string_value" => true,
        // PHP.
        "encapsed_string" | "heredoc" | "nowdoc" | "shell_command_expression" => true,
        // Bash.
        "heredoc_redirect" | "ansi_c_string" | "translated_string" => true,
        // HTML, and PHP outside of its tags: it may be preformatted.
        "text" | "raw_text" | "text_interpolation" => true,
        // Ruby; what follows `__END__`, and what `=begin` begins, stands at the start of a line.
        "heredoc_body" | "string_array" | "symbol_array" | "subshell" | "regex"
        | "uninterpreted" => language == Language::Ruby,
        "comment" if language == Language::Ruby && is_multiline(node) => {
            return Some(Verbatim::Whole);
        }
        _ => false,
    };
    is_text.then_some(Verbatim::AfterFirstLine)
}

fn is_multiline(node: Node) -> bool {
    node.start_position().row < node.end_position().row
}

fn touches(node: Node, range: &Range<usize>) -> bool {
    node.start_byte() <= range.end && range.start <= node.end_byte()
}

/// The tree of `text`; only what `known`, an edited tree of the text before, does not hold is read.
pub(super) fn of_rope(
    language: Language,
    text: &Rope,
    limit: Duration,
    known: Option<&Tree>,
) -> Option<Tree> {
    tree(language, text.len_bytes(), limit, known, |offset| {
        let (chunk, start, ..) = text.get_chunk_at_byte(offset)?;
        chunk.as_bytes().get(offset - start..)
    })
}

fn tree<'t>(
    language: Language,
    bytes: usize,
    limit: Duration,
    known: Option<&Tree>,
    mut chunk_at: impl FnMut(usize) -> Option<&'t [u8]>,
) -> Option<Tree> {
    if bytes > MAX_BYTES {
        return None;
    }
    if !depth::is_bearable(language, &mut chunk_at) {
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
    let lead = lead(language, &mut chunk_at);
    let mut tree = parser.parse_with_options(
        &mut |offset, _| match lead.as_bytes().get(offset..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => chunk_at(offset - lead.len()).unwrap_or_default(),
        },
        // Its places are those of the text without a lead.
        known.filter(|_| lead.is_empty()),
        Some(ParseOptions::new().progress_callback(&mut progress)),
    )?;
    if !lead.is_empty() {
        tree.edit(&without(lead));
    }
    Some(tree)
}

/// What has to stand before a text so that it is code: PHP without any tag is a part of a file.
fn lead<'t>(
    language: Language,
    chunk_at: &mut impl FnMut(usize) -> Option<&'t [u8]>,
) -> &'static str {
    if language != Language::Php {
        return "";
    }
    let (mut offset, mut last) = (0, 0);
    while let Some(chunk) = chunk_at(offset).filter(|chunk| !chunk.is_empty()) {
        for byte in chunk {
            if (last, *byte) == (b'<', b'?') {
                return "";
            }
            last = *byte;
        }
        offset += chunk.len();
    }
    "<?php "
}

/// The change that takes a lead of one line off a text, so that places are those of the text.
fn without(lead: &str) -> InputEdit {
    InputEdit {
        start_byte: 0,
        old_end_byte: lead.len(),
        new_end_byte: 0,
        start_position: Point::default(),
        old_end_position: Point::new(0, lead.len()),
        new_end_position: Point::default(),
    }
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
            (Language::Java, "\u{feff}class A { void b() {} }\r\n", true),
            (Language::Java, "class A { void b( {} }", false),
            (Language::C, "int *a(void) { return 0; }", true),
            (Language::C, "int a(void) { return 0 }", false),
            (
                Language::Cpp,
                "template <class T> T A<T>::b() { return {}; }",
                true,
            ),
            (Language::Cpp, "class A { void b( }", false),
            (Language::CSharp, "record A(int B) { int C => B; }", true),
            (Language::CSharp, "class A { int B => ; }", false),
            (Language::Ruby, "def a = 1\n", true),
            (Language::Ruby, "def a\n", false),
            (Language::Php, "<p>a</p>\n<?php function b() {}\n", true),
            (Language::Php, "<?php function b( {}\n", false),
            (
                Language::Php,
                "public function b(): int { return 1; }",
                false,
            ),
            (Language::Php, "function b(): int { return 1; }", true),
            (Language::Bash, "a() { b \"$@\"; }\n", true),
            (Language::Bash, "if a; then b\n", false),
            (Language::Lua, "local function a() return 1 end", true),
            (Language::Lua, "local function a( end", false),
            (Language::Json, "{\"a\": [1, null]}", true),
            (Language::Json, "{\"a\": }", false),
            (Language::Html, "<p>a<br>b</p>", true),
            (Language::Html, "<p class=\"a>b", false),
            (Language::Css, "a > b { c: d }", true),
            (Language::Css, "a { b: c", false),
            (Language::Toml, "[a]\nb = 1\n", true),
            (Language::Toml, "a = \n", false),
            (Language::Yaml, "a:\n  - b\n", true),
            (Language::Yaml, "a: [b\n", false),
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
            (Language::Java, "/** $0a */ class B {}", Some("/** a */")),
            (Language::C, "int a; /* $0b */", Some("/* b */")),
            (Language::C, "char *a = \"/* $0b */\";", None),
            (Language::Cpp, "// $0a\n", Some("// a")),
            (
                Language::CSharp,
                "/// <b>$0a</b>\nclass B {}",
                Some("/// <b>a</b>"),
            ),
            (Language::Ruby, "a # $0b\n", Some("# b")),
            (Language::Ruby, "a = \"#{$0b}\"", None),
            (Language::Php, "<?php # $0a\n", Some("# a")),
            (Language::Php, "// $0a\nb();", Some("// a")),
            (Language::Php, "<?php ?># $0a", None),
            (Language::Bash, "a # $0b", Some("# b")),
            (Language::Bash, "echo ${#$0b}", None),
            (Language::Lua, "--[[ a\n$0b ]]", Some("--[[ a\nb ]]")),
            (Language::Lua, "a() -- $0b", Some("-- b")),
            (Language::Json, "{} // $0a", Some("// a")),
            (Language::Html, "<!-- $0a --><p>b</p>", Some("<!-- a -->")),
            (Language::Html, "<p>// $0a</p>", None),
            (Language::Css, "/* $0a */", Some("/* a */")),
            (Language::Toml, "a = 1 # $0b", Some("# b")),
            (Language::Toml, "a = \"# $0b\"", None),
            (Language::Yaml, "a: b # $0c", Some("# c")),
            (Language::Yaml, "a: |\n  # $0c\n", None),
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
    fn a_line_whose_indentation_is_content_is_known() {
        for (language, text, expected) in [
            (
                Language::Rust,
                "a(\n  \"b\n  c\",\n  r#\"\n\"#)",
                &[2, 4][..],
            ),
            (Language::Python, "a = (\"b\"\n  'c')\nd = '''\n'''", &[3]),
            (Language::JavaScript, "a(`\n  ${b}\n`,\n  'c')", &[1, 2]),
            (Language::TypeScript, "type A = `\n`;", &[1]),
            (Language::Go, "var a = `\nb` + \"c\" +\n \"d\"", &[1]),
            (
                Language::Java,
                "class A {\n  String b = \"\"\"\n  c\n  \"\"\";\n}",
                &[2, 3],
            ),
            (Language::C, "char *a =\n  \"b\"\n  \"c\\\n  d\";", &[3]),
            (Language::Cpp, "auto a = R\"x(\n  b)x\"\n  \"c\";", &[1]),
            (
                Language::CSharp,
                "var a = @\"\n b\";\nvar c = $\"\"\"\n  {d}\n  \"\"\";",
                &[1, 3, 4],
            ),
            (Language::CSharp, "var a =\n  \"b\" +\n  \"c\";", &[]),
            (
                Language::Ruby,
                "a(<<~B, 1)\n  c #{d}\nB\ne = 'f' \\\n  'g'",
                &[1, 2],
            ),
            (
                Language::Ruby,
                "a\n=begin\nb\n=end\nc\n__END__\nd\n",
                &[1, 2, 3, 6, 7],
            ),
            (
                Language::Php,
                "<?php\n$a = <<<B\n  c\n  B;\n$d = 'e\nf';",
                &[2, 3, 5],
            ),
            (Language::Php, "$a = <<<'B'\n  c\n  B;\n", &[1, 2]),
            (
                Language::Php,
                "<?php a(); ?>\n <p>\n </p>\n<?php b();",
                &[1, 2, 3],
            ),
            (
                Language::Bash,
                "cat <<A | b\n\n  c $d\nA\ne 'f\ng'",
                &[1, 2, 3, 5],
            ),
            (
                Language::Bash,
                "cat <<-A\n\tb\n\tA\nc \"d\n$e\"",
                &[1, 2, 4],
            ),
            (
                Language::Lua,
                "a = [[\n b]]\nc = [==[\n]==]\n--[[\nd]]",
                &[1, 3],
            ),
            (Language::Json, "{\n  \"a\":\n  \"b\"\n}", &[]),
            (
                Language::Html,
                "<p>\n  a\n  b</p>\n<script>\n  `c\n`</script>",
                &[2, 4, 5],
            ),
            (Language::Css, "a {\n  b: \"c\";\n}", &[]),
            (
                Language::Toml,
                "a = \"\"\"\nb\n\"\"\"\nc = '''\nd'''\ne = [\n  1]",
                &[1, 2, 4],
            ),
            (Language::Yaml, "a: |\n  b\nc: \"d\n  e\"\n", &[]),
        ] {
            let syntax = Syntax::parse(language, &Rope::from_str(text)).unwrap();
            let found: Vec<_> = syntax.lines_in_strings().into_iter().collect();
            assert_eq!(found, expected, "{language:?} {text:?}");
        }
    }

    #[test]
    fn places_in_a_part_of_a_php_file_are_those_of_the_part() {
        let text = "/** Ä */\nfunction größe() { return 'é'; }\nfunction b( {}";
        let syntax = Syntax::parse(Language::Php, &Rope::from_str(text)).unwrap();
        let first = &syntax.symbols()[0];
        assert_eq!(&text[first.name_range.clone()], "größe");
        assert_eq!(&text[first.leading.clone()], "/** Ä */");
        let broken = text.find("function b").unwrap();
        assert_eq!(syntax.errors_in(0..broken - 2), 0);
        assert!(syntax.errors_in(broken..text.len()) > 0);
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
