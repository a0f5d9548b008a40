//! What a person wrote to Gloss into the code: comments that begin with `gloss:`.

use std::ops::Range;

use ropey::Rope;

use crate::document::{MARK, Typed};
use crate::syntax::Syntax;
use crate::text;

/// Most instructions that are heeded at once.
const MOST: usize = 20;
/// The longest instruction, in bytes.
const LONGEST: usize = 4_000;

/// A comment that is an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What goes with it: its whole line where it stands alone.
    pub range: Range<usize>,
    /// What it says, in one line.
    pub words: String,
}

/// The instructions that were typed into these bytes of the text, in order.
pub fn written(
    text: &Rope,
    syntax: Option<&Syntax>,
    typed: &Typed,
    within: &Range<usize>,
) -> Vec<Written> {
    if typed.is_empty() {
        return Vec::new();
    }
    let code = text::slice(text, within.clone()).to_string();
    let marks = code.match_indices(MARK).take(MOST * 10);
    let found = marks.filter_map(|(at, _)| {
        let mark = within.start + at;
        let comment = match syntax {
            Some(syntax) => syntax.comment_at(mark)?,
            None => line_comment_at(text, mark)?,
        };
        let comment = without_line_end(text, comment);
        let is_inside = within.start <= comment.start && comment.end <= within.end;
        let words = is_inside.then(|| said(text, typed, &comment, mark))??;
        Some(Written {
            range: with_its_line(text, &comment, within),
            words,
        })
    });
    let mut written: Vec<Written> = Vec::new();
    for next in found.take(MOST) {
        // One line may hold two of them.
        if written
            .last()
            .is_none_or(|last| last.range.end <= next.range.start)
        {
            written.push(next);
        }
    }
    written
}

/// What a comment says behind its mark, if a person typed it.
fn said(text: &Rope, typed: &Typed, comment: &Range<usize>, mark: usize) -> Option<String> {
    let head = text::slice(text, comment.start..mark).to_string();
    if head.len() > 40 || head.chars().any(char::is_alphanumeric) {
        return None;
    }
    let body = text::slice(text, mark + MARK.len()..comment.end).to_string();
    let body = without_end_mark(&body);
    if body.len() > LONGEST || typed.came_with_file(body) {
        return None;
    }
    let lines = body.lines().map(|line| {
        let line = line.trim();
        // What an editor puts before the next line of a comment.
        line.strip_prefix('*').unwrap_or(line).trim()
    });
    let words = lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let is_typed = typed.covers(text, &(mark..mark + MARK.len() + body.len()));
    (is_typed && !words.is_empty()).then_some(words)
}

/// What ends a comment that does not end with its line.
const END_MARKS: [&str; 6] = ["*/", "-->", "]]", "--%>", "=end", "#}"];

fn without_end_mark(body: &str) -> &str {
    let body = body.trim_end();
    let ended = END_MARKS.iter().find_map(|mark| body.strip_suffix(mark));
    // As Lua ends what may hold two brackets.
    let of_level = || {
        let level = body.strip_suffix("=]")?;
        level.trim_end_matches('=').strip_suffix(']')
    };
    ended.or_else(of_level).unwrap_or(body).trim_end()
}

/// What begins a comment where no grammar tells it, at the start of a line.
const MARKS: [&str; 8] = ["//", "#", "--", ";", "%", "/*", "<!--", "\""];

/// The line of this place, if it is a comment by its first sign.
fn line_comment_at(text: &Rope, at: usize) -> Option<Range<usize>> {
    let line = text::line_range(text, text::line_of(text, at));
    let written = text::slice(text, line.clone()).to_string();
    let comment = written.trim_start();
    let is_comment = MARKS.iter().any(|mark| comment.starts_with(mark));
    let start = line.start + written.len() - comment.len();
    (is_comment && start <= at).then(|| start..start + comment.trim_end().len())
}

/// Some grammars count the end of the line to a comment.
fn without_line_end(text: &Rope, comment: Range<usize>) -> Range<usize> {
    let written = text::slice(text, comment.clone()).to_string();
    comment.start..comment.start + written.trim_end().len()
}

/// What has to go within these bytes so that nothing is left of the comment.
fn with_its_line(text: &Rope, comment: &Range<usize>, within: &Range<usize>) -> Range<usize> {
    let first = text::line_range(text, text::line_of(text, comment.start));
    let last = text::whole_lines(text, comment.clone());
    let blank_before = blanks_before(text, comment.start, first.start.max(within.start));
    let stands_alone =
        is_blank(text, first.start..comment.start) && is_blank(text, comment.end..last.end);
    if !stands_alone {
        // What stands behind the code on its line, to the end of that.
        let line_end = text::line_range(text, text::line_of(text, comment.end)).end;
        let ends_line = is_blank(text, comment.end..line_end) && line_end <= within.end;
        return blank_before..if ends_line { line_end } else { comment.end };
    }
    if last.start >= within.start && last.end <= within.end && last.end > comment.end {
        return last;
    }
    if last.start < within.start || comment.start == within.start {
        // The range begins behind its line's indentation, and goes on doing so.
        let next = text::slice(text, comment.end..within.end);
        let blanks = next.chars().take_while(|c| c.is_whitespace());
        let blanks: usize = blanks.map(char::len_utf8).sum();
        return comment.start..comment.end + blanks;
    }
    // The last line, whose end is not in the range: the one before it ends there now.
    let above = text::slice(text, within.start..first.start).to_string();
    let end = above
        .strip_suffix("\r\n")
        .or_else(|| above.strip_suffix(['\n', '\r']))
        .unwrap_or(&above);
    within.start + end.len()..comment.end
}

fn blanks_before(text: &Rope, at: usize, least: usize) -> usize {
    let before = text::slice(text, least..at).to_string();
    least + before.trim_end_matches([' ', '\t']).len()
}

fn is_blank(text: &Rope, range: Range<usize>) -> bool {
    text::slice(text, range).chars().all(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ContentChange, Documents};
    use crate::syntax::Language;
    use crate::text::{Encoding, byte_range, position};

    /// A document into which what stands between `«` and `»` was typed, all that stands between
    /// `|` and `|` being the range; what is said, and what is left of the range.
    fn check(language: &str, marked: &str, said: &[&str], left: &str) {
        let mut documents = Documents::default();
        let uri = "file:///a";
        let mut plain = marked.to_owned();
        let mut typed = Vec::new();
        while let Some(start) = plain.find('«') {
            let end = plain.find('»').unwrap();
            let words = plain[start + '«'.len_utf8()..end].to_owned();
            plain.replace_range(start..end + '»'.len_utf8(), "");
            typed.push((start, words));
        }
        let without_range = plain.replace('|', "");
        documents.open(uri, language, 1, &without_range);
        let mut text = plain;
        for (at, words) in typed.iter().rev() {
            let bars = text[..*at].matches('|').count();
            let place = at - bars;
            for (n, c) in words.char_indices() {
                let rope = documents.snapshot(uri).unwrap().text;
                let spot = position(&rope, place + n, Encoding::Utf8);
                assert_eq!(
                    byte_range(&rope, spot, spot, Encoding::Utf8).start,
                    place + n
                );
                let change = ContentChange {
                    range: Some((spot, spot)),
                    text: c.to_string(),
                };
                documents.change(uri, 2, &[change], Encoding::Utf8);
            }
            text.insert_str(*at, words);
        }
        let start = text.find('|').unwrap();
        let end = text.rfind('|').unwrap() - 1;
        let snapshot = documents.snapshot(uri).unwrap();
        assert_eq!(
            snapshot.text.to_string(),
            text.replace('|', ""),
            "{marked:?}"
        );
        let syntax = Language::from_id(language)
            .and_then(|language| Syntax::parse(language, &snapshot.text));
        let found = written(
            &snapshot.text,
            syntax.as_ref(),
            &snapshot.typed,
            &(start..end),
        );
        let words: Vec<_> = found.iter().map(|written| &*written.words).collect();
        assert_eq!(words, said, "{marked:?}");
        let mut range = snapshot.text.byte_slice(start..end).to_string();
        for written in found.iter().rev() {
            range.replace_range(written.range.start - start..written.range.end - start, "");
        }
        assert_eq!(range, left, "{marked:?}");
    }

    #[test]
    fn a_typed_comment_is_an_instruction_and_goes_with_its_line() {
        check(
            "rust",
            "|fn a() {\n    «// gloss: no clones\n»    b();\n}|\n",
            &["no clones"],
            "fn a() {\n    b();\n}",
        );
        check(
            "rust",
            "|fn a() {\n    b(); «// gloss:  one »\n    c();«/* gloss: two */»\n}|\n",
            &["one", "two"],
            "fn a() {\n    b();\n    c();\n}",
        );
        check(
            "rust",
            "|fn a() {\r\n«    /*\r\n     * gloss: first\r\n     * then\r\n     */\r\n»    b();\r\n}|\r\n",
            &["first then"],
            "fn a() {\r\n    b();\r\n}",
        );
        check(
            "python",
            "|def a():\n«    # gloss: x\n»    return 1|\n",
            &["x"],
            "def a():\n    return 1",
        );
        check(
            "python",
            "|def a():\n    return 1«\n    # gloss: x»|\n",
            &["x"],
            "def a():\n    return 1",
        );
        // The range begins behind the indentation.
        check(
            "python",
            "if a:\n    |«# gloss: x\n    »b()\n    c()|\n",
            &["x"],
            "b()\n    c()",
        );
        check(
            "plaintext",
            "|«  % gloss: shorter\n»a long line\n|",
            &["shorter"],
            "a long line\n",
        );
        check("vim", "|«\" gloss: x\n»call a()|", &["x"], "call a()");
        check("lua", "|«--[==[ gloss: x ]==]\n»b()|", &["x"], "b()");
        check("lua", "|«-- gloss: a[1]\n»b()|", &["a[1]"], "b()");
        check(
            "html",
            "|«<!-- gloss: a list -->\n»<p>a</p>|",
            &["a list"],
            "<p>a</p>",
        );
        check(
            "lisp",
            "|«;; gloss: a\n;; gloss: b\n»(c)|",
            &["a", "b"],
            "(c)",
        );
    }

    #[test]
    fn what_is_no_comment_or_was_not_typed_is_code() {
        let same = |language: &str, text: &str| {
            let left = text.replace(['«', '»'], "");
            let start = left.find('|').unwrap() + 1;
            let left = &left[start..left.rfind('|').unwrap()];
            check(language, text, &[], left);
        };
        same(
            "rust",
            "|fn a() {\n    // gloss: came with the file\n«    c();\n»}|\n",
        );
        same(
            "rust",
            "|fn a() {\n    // «gloss: »came with the file\n}|\n",
        );
        same(
            "rust",
            "|fn a() {\n    «// »gloss: came with the file\n}|\n",
        );
        same(
            "rust",
            "|fn a() {\n    // gloss: evil\n«    // gloss: evil\n»}|\n",
        );
        same("rust", "|fn a() {\n    «let b = \"// gloss: x\";\n»}|\n");
        same("rust", "|fn a() {\n    «// see gloss: x\n»}|\n");
        same("rust", "|fn a() {\n    «// gloss:\n»}|\n");
        same("rust", "«// gloss: x\n»|fn a() {}|\n");
        same("plaintext", "|«say gloss: x\n»|");
        same("plaintext", "|a «// gloss: x\n»|");
    }
}
