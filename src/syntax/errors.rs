//! Where a text's syntax errors lie, before and after an edit, without parsing all of it again.

use std::ops::Range;

use ropey::Rope;
use tree_sitter::{InputEdit, Node, Point, Tree};

use super::{Language, Syntax, rope, tree};
use crate::text::Edit;

/// How many errors a text has, by where they lie to a range of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    /// Wholly inside.
    pub within: usize,
    /// Partly inside, or around all of it.
    pub across: usize,
    /// Nowhere near.
    pub beyond: usize,
}

impl Errors {
    /// Those that the range has a part in.
    pub fn touching(self) -> usize {
        self.within + self.across
    }

    pub fn all(self) -> usize {
        self.touching() + self.beyond
    }
}

/// How many more brackets of each kind are opened in a stretch of text than closed, and which
/// quotes stand in it an odd number of times. Errors around do not change it, where they do change
/// what other errors can be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    brackets: [isize; 3],
    quotes: [bool; 3],
}

impl Open {
    /// Whether a text that has `self` open in all has more open, or closed too often, once a part
    /// of it with `old` open becomes one with `new`.
    pub fn grows(self, old: Self, new: Self) -> bool {
        let parts = old.brackets.into_iter().zip(new.brackets);
        let mut all = self.brackets.into_iter().zip(parts);
        all.any(|(all, (old, new))| (all - old + new).abs() > all.abs())
    }
}

/// A text's tree, which says where its errors lie.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub(super) tree: Tree,
}

impl Parsed {
    /// Whether there is any error, a hidden one too: a line end, say, that is missing and that no
    /// node shows, so that it is in no count.
    pub fn has_errors(&self) -> bool {
        self.tree.root_node().has_error()
    }

    /// What the grammar could not read, and what it misses.
    pub fn errors_around(&self, range: &Range<usize>) -> Errors {
        errors_around(&self.tree, range)
    }

    /// What stays open at the end of `range`, and what is closed in it that began before.
    pub fn open_in(&self, range: &Range<usize>) -> Open {
        open_in(&self.tree, range)
    }

    /// Whether a comment or a string reaches out of `range`, over more than blanks.
    pub fn reaches_out(&self, text: &Rope, range: &Range<usize>) -> bool {
        reaches_out(&self.tree, text, range)
    }
}

impl Syntax {
    /// The tree, without what it declares.
    pub fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// The tree of `new`, which `edits` (ascending, not overlapping) make of `old`, the text that
    /// was parsed. Only what they touch is read anew, unless either text has errors: what a grammar
    /// makes of those depends on the way it came to them.
    ///
    /// `None` where `new` is too large, or takes too long.
    pub fn reparsed(&self, old: &Rope, edits: &[Edit], new: &Rope) -> Option<Parsed> {
        if self.parsed.has_errors() {
            return parsed(self.language(), new);
        }
        let mut known = self.parsed.tree.clone();
        for edit in input_edits(old, edits).iter().rev() {
            known.edit(edit);
        }
        let language = self.language();
        let tree = tree::of_rope(language, new, tree::PARSE_LIMIT, Some(&known))?;
        if tree.root_node().has_error() {
            return parsed(language, new);
        }
        Some(Parsed { tree })
    }
}

/// The tree of `text` alone.
fn parsed(language: Language, text: &Rope) -> Option<Parsed> {
    let tree = tree::of_rope(language, text, tree::PARSE_LIMIT, None)?;
    Some(Parsed { tree })
}

/// How many errors a text has; `None` where it is too large to tell.
pub fn count_errors(language: Language, text: &str) -> Option<usize> {
    let text = Rope::from_str(text);
    let parsed = parsed(language, &text)?;
    let shown = parsed.errors_around(&(0..text.len_bytes())).all();
    Some(shown.max(usize::from(parsed.has_errors())))
}

fn errors_around(tree: &Tree, range: &Range<usize>) -> Errors {
    let mut errors = Errors::default();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            let found = node.byte_range();
            if range.start <= found.start && found.end <= range.end {
                errors.within += 1;
            } else if found.start < range.end && range.start < found.end {
                errors.across += 1;
            } else {
                errors.beyond += 1;
            }
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return errors;
            }
        }
    }
}

fn open_in(tree: &Tree, range: &Range<usize>) -> Open {
    let mut open = Open::default();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let is_in = node.start_byte() < range.end && range.start < node.end_byte();
        if is_in && cursor.goto_first_child() {
            continue;
        }
        if is_in {
            match node.kind() {
                "(" => open.brackets[0] += 1,
                ")" => open.brackets[0] -= 1,
                "[" => open.brackets[1] += 1,
                "]" => open.brackets[1] -= 1,
                "{" => open.brackets[2] += 1,
                "}" => open.brackets[2] -= 1,
                "\"" => open.quotes[0] ^= true,
                "'" => open.quotes[1] ^= true,
                "`" => open.quotes[2] ^= true,
                _ => {}
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return open;
            }
        }
    }
}

fn reaches_out(tree: &Tree, text: &Rope, range: &Range<usize>) -> bool {
    let at = |at: usize, others: usize| {
        let spans = |node: Node| {
            let kind = node.kind();
            ["comment", "string", "heredoc", "regex"]
                .iter()
                .any(|taken| kind.contains(taken))
                && !kind.contains("interpolation")
        };
        let found = tree
            .root_node()
            .descendant_for_byte_range(at.min(others), at.max(others) + 1);
        found.is_some_and(|node| spans(node) || node.parent().is_some_and(spans) && leaf(node))
    };
    let first = rope::skip(text, rope::clamp(text, range.start), rope::is_blank);
    let last = rope::skip_back(text, rope::clamp(text, range.end), rope::is_blank);
    if last <= first {
        return false;
    }
    let before = rope::skip_back(text, rope::clamp(text, range.start), rope::is_blank);
    let after = rope::skip(text, rope::clamp(text, range.end), rope::is_blank);
    before > 0 && at(first, before - 1) || after < text.len_bytes() && at(last - 1, after)
}

fn leaf(node: Node) -> bool {
    node.child_count() == 0
}

/// The edits as the grammar's runtime wants them, in bytes and points of the old text.
fn input_edits(old: &Rope, edits: &[Edit]) -> Vec<InputEdit> {
    let mut points = Points::of(old);
    let mut found = Vec::with_capacity(edits.len());
    for edit in edits {
        let start_position = points.at(edit.range.start);
        let old_end_position = points.at(edit.range.end);
        found.push(InputEdit {
            start_byte: edit.range.start,
            old_end_byte: edit.range.end,
            new_end_byte: edit.range.start + edit.text.len(),
            start_position,
            old_end_position,
            new_end_position: moved_past(start_position, edit.text.as_bytes()),
        });
    }
    found
}

/// Rows (ended by `\n` alone, as tree-sitter counts) and columns of ascending offsets.
struct Points<'a> {
    chunks: ropey::iter::Chunks<'a>,
    chunk: &'a [u8],
    /// Where what is left of the chunk begins.
    offset: usize,
    point: Point,
}

impl<'a> Points<'a> {
    fn of(text: &'a Rope) -> Self {
        Self {
            chunks: text.chunks(),
            chunk: &[],
            offset: 0,
            point: Point::new(0, 0),
        }
    }

    fn at(&mut self, offset: usize) -> Point {
        while self.offset < offset {
            if self.chunk.is_empty() {
                match self.chunks.next() {
                    Some(chunk) => self.chunk = chunk.as_bytes(),
                    None => break,
                }
            }
            let wanted = (offset - self.offset).min(self.chunk.len());
            let (passed, rest) = self.chunk.split_at(wanted);
            self.point = moved_past(self.point, passed);
            self.offset += wanted;
            self.chunk = rest;
        }
        self.point
    }
}

fn moved_past(point: Point, text: &[u8]) -> Point {
    match text.iter().rposition(|byte| *byte == b'\n') {
        None => Point::new(point.row, point.column + text.len()),
        Some(last) => {
            let rows = text
                .iter()
                .map(|byte| usize::from(*byte == b'\n'))
                .sum::<usize>();
            Point::new(point.row + rows, text.len() - last - 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use crate::text::{self, apply};

    #[test]
    fn errors_are_told_by_where_they_lie() {
        let text = "fn a() { let x = ; }\n\nfn b() {}\n\nfn c() { let = 1; }\n";
        let syntax = Syntax::parse(Language::Rust, &Rope::from_str(text)).unwrap();
        let check = |range: Range<usize>, touching: bool, beyond: bool| {
            let errors = syntax.parsed().errors_around(&range);
            assert_eq!(
                (errors.touching() > 0, errors.beyond > 0),
                (touching, beyond),
                "{errors:?}"
            );
            assert_eq!(errors.all(), syntax.errors_in(0..text.len()));
        };
        let (b, c) = (text.find("fn b").unwrap(), text.find("fn c").unwrap());
        check(0..text.len(), true, false);
        check(0..b, true, true);
        check(b..c, false, true);
        check(c..text.len(), true, true);
    }

    #[test]
    fn a_comment_or_a_string_that_reaches_out_is_seen() {
        let check = |text: &str, expected: bool| {
            let start = text.find('«').unwrap();
            let text = text.replacen('«', "", 1);
            let end = text.find('»').unwrap();
            let text = Rope::from_str(&text.replacen('»', "", 1));
            let syntax = Syntax::parse(Language::JavaScript, &text).unwrap();
            assert_eq!(
                syntax.parsed().reaches_out(&text, &(start..end)),
                expected,
                "{text}"
            );
        };
        check("«a()»\nb()", false);
        check("«a() // c»\nb()", false);
        check("[«a // »b\n]", true);
        check("«a() /* »\nb() */", true);
        check("a = `«b»`", true);
        check("a = `${«b»}`", false);
        check("«»", false);
        check("a\n«  »\nb", false);
    }

    /// Programs of each language, and what is put into them.
    const PROGRAMS: &[(Language, &str)] = &[
        (
            Language::Rust,
            "//! A.\nfn a(b: u8) -> u8 {\n    let c = r#\"d\"#; // é\n    if b > 1 { c() } else { 'x: loop {} }\n}\n\nimpl E { fn f(&self) {} }\n",
        ),
        (
            Language::Python,
            "class A:\n    \"\"\"B.\"\"\"\n    def c(self, *d):\n        if d:\n            return f\"{d} é\"\n        for e in d: pass\n\nf = [1,\n  2]\n",
        ),
        (
            Language::JavaScript,
            "const a = (b) => `c ${d} é`;\nclass E { f() { return /g/ } }\nif (h) { i() } else j\n",
        ),
        (
            Language::TypeScript,
            "interface A<B> { c?: D }\nfunction e(f: string): f is 'g' { return true }\n",
        ),
        (Language::Tsx, "const a = () => <b c={d}>é {e} <f/></b>\n"),
        (
            Language::Go,
            "package a\n\nfunc (b *C) d() (e error) {\n\tf := `g`\n\treturn h(f)\n}\n",
        ),
    ];

    const PIECES: &[&str] = &[
        "",
        "{",
        "}",
        "(",
        ")",
        "\"",
        "\"\"\"",
        "'",
        "`",
        "/*",
        "*/",
        "//",
        "#",
        "\n",
        "    ",
        "\t",
        "\r\n",
        "é",
        "x",
        " = 1",
        ";",
        "fn z() {}\n",
        "def z():\n    pass\n",
        "<",
        ">",
        ":",
        "${",
        "\r",
    ];

    fn changed(text: &str, changes: &[(prop::sample::Index, u8, &'static str)]) -> String {
        changes
            .iter()
            .fold(text.to_owned(), |text, (at, gone, came)| {
                let starts: Vec<usize> = text
                    .char_indices()
                    .map(|(at, _)| at)
                    .chain([text.len()])
                    .collect();
                let start = at.index(starts.len());
                let end = (start + usize::from(gone % 8)).min(starts.len() - 1);
                format!("{}{came}{}", &text[..starts[start]], &text[starts[end]..])
            })
    }

    fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, &'static str)>> {
        let change = (
            any::<prop::sample::Index>(),
            any::<u8>(),
            prop::sample::select(PIECES),
        );
        prop::collection::vec(change, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(17), ..Default::default() })]

        #[test]
        fn a_tree_brought_up_to_date_has_the_errors_of_a_new_one(
            (language, program) in prop::sample::select(PROGRAMS),
            before in changes(),
            since in changes(),
        ) {
            let old = changed(program, &before);
            let new = changed(&old, &since);
            let edits = text::edits(&old, &new);
            prop_assert_eq!(&apply(&old, &edits), &new);
            let (old, new) = (Rope::from_str(&old), Rope::from_str(&new));
            let known = Syntax::parse(language, &old).unwrap();
            let all = 0..new.len_bytes();
            let reparsed = known.reparsed(&old, &edits, &new).unwrap().errors_around(&all);
            let fresh = Syntax::parse(language, &new).unwrap().parsed().errors_around(&all);
            prop_assert_eq!(reparsed, fresh, "{:?}\n{:?}", old.to_string(), new.to_string());
        }
    }
}
