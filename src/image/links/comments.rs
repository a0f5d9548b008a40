//! Finds the images of Markdown in the doc comments of code.

use std::ops::Range;

use super::stitched::Stitched;
use super::{ImageLink, markdown};

/// How a language writes its texts, which may look like comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strings {
    /// Over many lines, and raw ones between hashes; a quote before a name is a lifetime.
    Rust,
    /// To the end of the line at most, in one quote or two; over many between three.
    Lines,
}

/// The images in the doc comments of `text`: `///`, `//!`, `/** */` and `/*! */`.
pub(super) fn links(text: &str, strings: Strings) -> Vec<ImageLink> {
    if !text.contains("![") && !text.contains("<img") {
        return Vec::new();
    }
    let docs = docs(text, strings);
    docs.iter().flat_map(links_in).collect()
}

/// The images in the block comment at `range`, if that is documentation.
pub(super) fn links_of_block(text: &str, range: Range<usize>) -> Vec<ImageLink> {
    let is_doc = is_block_doc(text.get(range.clone()).unwrap_or_default());
    let doc = is_doc.then(|| block(text, &range));
    doc.iter().flat_map(links_in).collect()
}

fn links_in(doc: &Stitched) -> Vec<ImageLink> {
    let found = markdown::links(&doc.text).into_iter();
    found.map(|link| doc.unstitched(link)).collect()
}

/// Each doc comment without what makes it one; the lines of one stand together.
fn docs(text: &str, strings: Strings) -> Vec<Stitched> {
    let mut docs = Vec::new();
    let mut lines: Option<(Stitched, &str, usize)> = None;
    let mut at = 0;
    while let Some(found) = rest(text, at).find(['/', '"', '\'']) {
        at += found;
        let from = rest(text, at);
        if from.starts_with("//") {
            let line = line_length(from);
            let kind = from
                .get(..3)
                .filter(|kind| (*kind == "///" && !from.starts_with("////")) || *kind == "//!");
            if let Some(kind) = kind {
                let follows =
                    |end: usize| text.get(end..at).is_some_and(|gap| gap.trim().is_empty());
                let open = lines.take_if(|(_, other, end)| *other != kind || !follows(*end));
                docs.extend(open.map(|(doc, ..)| doc));
                let (doc, _, end) = lines.get_or_insert((Stitched::default(), kind, 0));
                doc.push(text, after_blank(text, at + kind.len())..at + line);
                *end = at + line;
            }
            at += line;
        } else if from.starts_with("/*") {
            let length = block_length(from, strings);
            if is_block_doc(from.get(..length).unwrap_or_default()) {
                docs.push(block(text, &(at..at + length)));
            }
            at += length;
        } else if from.starts_with('/') {
            at += 1;
        } else {
            at += string_length(text, at, strings);
        }
    }
    docs.extend(lines.map(|(doc, ..)| doc));
    docs
}

fn rest(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// With its end.
fn line_length(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |end| end + 1)
}

/// Past one blank: what is set off from the sign of a comment is not indented.
fn after_blank(text: &str, at: usize) -> usize {
    at + usize::from(rest(text, at).starts_with(' '))
}

fn is_block_doc(comment: &str) -> bool {
    let inner = comment.strip_prefix("/*").unwrap_or_default();
    inner.starts_with('!')
        || (inner.starts_with('*') && !inner.starts_with("**") && !inner.starts_with("*/"))
}

/// Rust's block comments nest.
fn block_length(text: &str, strings: Strings) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = rest(text, at).find(['/', '*']) {
        at += found;
        if rest(text, at).starts_with("*/") {
            at += 2;
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        } else if rest(text, at).starts_with("/*") {
            at += 2;
            if depth == 0 || strings == Strings::Rust {
                depth += 1;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The lines of the block comment at `range` without the stars before them, and without what
/// `@example` shows.
fn block(text: &str, range: &Range<usize>) -> Stitched {
    let end = range.end - usize::from(rest(text, range.end - 2).starts_with("*/")) * 2;
    let mut doc = Stitched::default();
    let mut at = range.start + "/**".len();
    let mut is_example = false;
    while at < end {
        let line_end = (at + line_length(rest(text, at))).min(end);
        let line = text.get(at..line_end).unwrap_or_default();
        let bare = line.trim_start();
        let mut start = at;
        if let Some(inner) = bare
            .strip_prefix('*')
            .filter(|_| at > range.start + "/**".len())
        {
            start = line_end - inner.len();
        }
        start = after_blank(text, start).min(line_end);
        let inner = text.get(start..line_end).unwrap_or_default().trim_start();
        if inner.starts_with('@') {
            is_example = inner.starts_with("@example");
        }
        if !is_example {
            doc.push(text, start..line_end);
        }
        at = line_end;
    }
    doc
}

/// How long the text is that begins with the quote at `at`; the quote alone where it begins none.
fn string_length(text: &str, at: usize, strings: Strings) -> usize {
    let from = rest(text, at);
    let quote = if from.starts_with('"') { '"' } else { '\'' };
    match strings {
        Strings::Rust if quote == '\'' => character_length(from),
        Strings::Rust => {
            let before = text.get(..at).unwrap_or_default();
            let bare = before.trim_end_matches('#');
            if bare.ends_with('r') {
                let end = format!("\"{}", "#".repeat(before.len() - bare.len()));
                let inside = rest(from, 1);
                return inside
                    .find(&end)
                    .map_or(from.len(), |found| 1 + found + end.len());
            }
            quoted_length(from, quote, true)
        }
        Strings::Lines if from.starts_with("\"\"\"") => {
            let inside = rest(from, 3);
            inside.find("\"\"\"").map_or(from.len(), |found| found + 6)
        }
        Strings::Lines => quoted_length(from, quote, false),
    }
}

/// A character of Rust; one quote alone is a lifetime.
fn character_length(from: &str) -> usize {
    let mut signs = from.char_indices().skip(1);
    match signs.next() {
        Some((_, '\\')) => quoted_length(from, '\'', false),
        Some(_) => match signs.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

fn quoted_length(from: &str, quote: char, may_break: bool) -> usize {
    let mut is_escaped = false;
    for (at, sign) in from.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if !may_break => return 1,
            _ if sign == quote => return at + 1,
            _ => {}
        }
    }
    if may_break { from.len() } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each image as its whole text and its target.
    fn check(strings: Strings, text: &str, expected: &[(&str, &str)]) {
        let links = links(text, strings);
        let found: Vec<_> = links
            .iter()
            .map(|link| (&text[link.range.clone()], &*link.target))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn doc_comments_hold_markdown_and_others_do_not() {
        for strings in [Strings::Rust, Strings::Lines] {
            let one = &[("![a](b.png)", "b.png")];
            check(strings, "/// ![a](b.png)\nfn f() {}\n", one);
            check(strings, "    //! ![a](b.png)\r\n", one);
            check(strings, "/** ![a](b.png) */", one);
            check(strings, "/*! ![a](b.png) */", one);
            check(strings, "/**\n * ![a](b.png)\n */", one);
            check(strings, "/**\n![a](b.png)\n*/", one);
            check(
                strings,
                "/// ![a\n    /// c](b.png)\n",
                &[("![a\n    /// c](b.png)", "b.png")],
            );
            check(
                strings,
                "/// <img src=\"b.png\"\n///  alt=\"a\">\n",
                &[("<img src=\"b.png\"\n///  alt=\"a\">", "b.png")],
            );
            check(
                strings,
                "/// ![a][c]\n///\n/// [c]: b.png\n",
                &[("![a][c]", "b.png")],
            );
            check(strings, "/// ![a][c]\nx\n/// [c]: b.png\n", &[]);
            for text in [
                "// ![a](b.png)\n",
                "//// ![a](b.png)\n",
                "/* ![a](b.png) */",
                "/*** ![a](b.png) */",
                "/**/ ![a](b.png) /**/",
                "/// ```\n/// ![a](b.png)\n/// ```\n",
                "/// `![a](b.png)`\n",
                "let a = \"/// ![a](b.png)\";\n",
                "let a = \"\\\"/// ![a](b.png)\";\n",
                "/// @x\n![a](b.png)",
                "/**\n * @example\n * ![a](b.png)\n */",
            ] {
                check(strings, text, &[]);
            }
        }
    }

    #[test]
    fn texts_end_where_the_language_ends_them() {
        let one = &[("![a](b.png)", "b.png")];
        for before in [
            "let a = '\"';",
            "let a = '\\'';",
            "fn f<'a>(b: &'a str) {}",
            "let a = r#\"\\\"#;",
            "let a = b\"\\\\\";",
            "let a = \"\n\";",
            "/* /* */ \" */",
        ] {
            check(Strings::Rust, &format!("{before}\n/// ![a](b.png)\n"), one);
        }
        check(Strings::Rust, "let a = \"\n/// ![a](b.png)\n\";", &[]);
        check(
            Strings::Rust,
            "let a = r#\"\n\"\n/// ![a](b.png)\n\"#;",
            &[],
        );
        for before in [
            "a = 'it\\'s'",
            "a = \"\"\"\n\"\n\"\"\"",
            "a = '\"'",
            "// don't",
            "x = 1'000",
        ] {
            check(Strings::Lines, &format!("{before}\n/// ![a](b.png)\n"), one);
        }
        check(Strings::Lines, "a = \"\"\"\n/// ![a](b.png)\n\"\"\"", &[]);
    }

    proptest! {
        #[test]
        fn ranges_lie_in_the_text(text in "(///|//!|/\\*\\*|\\*/|!\\[a\\]\\(b\\)|<img src=a>|[ é\"'#r\n*/!]){0,20}") {
            for strings in [Strings::Rust, Strings::Lines] {
                for link in links(&text, strings) {
                    prop_assert!(text.get(link.range.clone()).is_some());
                    prop_assert!(text.get(link.alt_range.clone()).is_some());
                }
            }
        }
    }
}
