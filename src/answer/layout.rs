//! Gives new code the indentation, the line ends and the edges of what it replaces.

use std::collections::{BTreeSet, HashMap};

use ropey::Rope;

use super::Original;
use crate::syntax::{Language, Syntax};

const BOM: char = '\u{feff}';

/// `new` (lines ending in `\n`) as it may stand where `old`, the range's text, stands.
pub(super) fn in_the_manner_of(original: Original<'_>, old: &str, new: &str) -> String {
    let before = original
        .text
        .get(..original.range.start)
        .unwrap_or_default();
    let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let lead = before.get(line_start..).unwrap_or_default();
    let own = indentation(old);
    // The range begins behind its line's indentation, at its first letter; or with it; or in
    // the middle of other code, which counts as none.
    let behind = own.is_empty() && lead.chars().all(char::is_whitespace);
    let asked = if behind { lead } else { own };
    let lines = moved(new, asked, original.language);
    let lines = match lines.strip_prefix(lead) {
        Some(rest) if behind => rest,
        _ => &lines,
    };
    let (head, tail) = blank_edges(old);
    format!("{head}{}{tail}", with_line_ends(lines, old, original.text))
}

/// All lines moved by what the first one has to move to start at `asked`; but never those that
/// begin inside a string, whose indentation is its content.
fn moved(new: &str, asked: &str, language: Option<Language>) -> String {
    let first = indentation(new);
    if first == asked {
        return new.to_owned();
    }
    let fixed = lines_in_strings(new, language);
    let free = |at: usize, line: &str| !fixed.contains(&at) && !line.trim().is_empty();
    let rest = || {
        new.lines()
            .enumerate()
            .skip(1)
            .filter(|(at, line)| free(*at, line))
    };
    let only_first = first.is_empty() && stands_already(rest().map(|(_, line)| line), asked);
    new.lines()
        .enumerate()
        .map(|(at, line)| match line {
            line if !free(at, line) || (only_first && at > 0) => line.to_owned(),
            line => match line.strip_prefix(first) {
                Some(rest) => format!("{asked}{rest}"),
                // Further out than the first line, as a label may be.
                None => line.to_owned(),
            },
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether the lines after a first one that was sent flush left are where they belong: none
/// further out than `asked`, and on it only what closes the first line.
fn stands_already<'a>(mut rest: impl Iterator<Item = &'a str>, asked: &str) -> bool {
    !asked.is_empty()
        && rest.all(|line| {
            let closes = line.trim_start().starts_with(['}', ')', ']']);
            line.strip_prefix(asked)
                .is_some_and(|after| closes || after.starts_with([' ', '\t']))
        })
}

/// The lines, counted from 0, that begin inside a string of several lines.
fn lines_in_strings(code: &str, language: Option<Language>) -> BTreeSet<usize> {
    language
        .and_then(|language| Syntax::parse(language, &Rope::from_str(code)))
        .map(|syntax| syntax.lines_in_strings())
        .unwrap_or_default()
}

/// `lines` with the line ends of `old`: a line that stood there keeps its own, others get what
/// is most common in the range, or in the document if the range is a single line.
fn with_line_ends(lines: &str, old: &str, document: &str) -> String {
    let own: HashMap<&str, &str> = split_line_ends(old).collect();
    let common = most_common_end(old)
        .or_else(|| most_common_end(document))
        .unwrap_or("\n");
    let mut ended = String::with_capacity(lines.len());
    let mut lines = lines.split('\n').peekable();
    while let Some(line) = lines.next() {
        ended.push_str(line);
        if lines.peek().is_some() {
            let known = own.get(line).filter(|end| !end.is_empty());
            ended.push_str(known.unwrap_or(&common));
        }
    }
    ended
}

/// Each line and what it ends with.
fn split_line_ends(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        let length = match after {
            after if after.starts_with("\r\n") => 2,
            "" => 0,
            _ => 1,
        };
        let (end, next) = after.split_at(length);
        rest = next;
        Some((line, end))
    })
}

fn most_common_end(text: &str) -> Option<&str> {
    let mut counts: Vec<(usize, &str)> = Vec::new();
    for (_, end) in split_line_ends(text).filter(|(_, end)| !end.is_empty()) {
        match counts.iter_mut().find(|(_, known)| *known == end) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, end)),
        }
    }
    counts
        .into_iter()
        .max_by_key(|(count, _)| *count)
        .map(|(_, end)| end)
}

fn indentation(text: &str) -> &str {
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.get(..line.len() - line.trim_start().len())
        .unwrap_or_default()
}

/// The byte order mark and blank lines before the first letter's line, and all white space
/// after the last letter.
fn blank_edges(old: &str) -> (&str, &str) {
    let inner = old.trim_start_matches(|c: char| c.is_whitespace() || c == BOM);
    let lead = old.get(..old.len() - inner.len()).unwrap_or_default();
    let head_end = lead.rfind(['\n', '\r', BOM]).map_or(0, |at| {
        at + lead
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8)
    });
    let tail = old.trim_end().len();
    (
        lead.get(..head_end).unwrap_or_default(),
        old.get(tail..).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts `new` where `old` stands in `text`, once.
    fn check(text: &str, old: &str, new: &str, language: Option<Language>, expected: &str) {
        let start = text.find(old).unwrap();
        let range = start..start + old.len();
        let original = Original {
            text,
            range: &range,
            language,
            leading: "",
            name: None,
        };
        let changed = text.replacen(old, &in_the_manner_of(original, old, new), 1);
        assert_eq!(changed, expected, "{new:?}");
    }

    #[test]
    fn strings_of_several_lines_keep_their_content() {
        let text = "class K:\n    def y(self):\n        s = 1\n";
        let old = "def y(self):\n        s = 1";
        let expected = "class K:\n    def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"\n";
        for new in [
            "    def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"",
            "def y(self):\n        s = \"\"\"\nflush\n  in\n\"\"\"",
            "def y(self):\n    s = \"\"\"\nflush\n  in\n\"\"\"",
            "        def y(self):\n            s = \"\"\"\nflush\n  in\n\"\"\"",
        ] {
            check(text, old, new, Some(Language::Python), expected);
        }
        let text = "{\n  function y() {\n    1\n  }\n}\n";
        let expected = "{\n  function y() {\n    return `\nflush\n   in`\n  }\n}\n";
        for new in [
            "  function y() {\n    return `\nflush\n   in`\n  }",
            "function y() {\n    return `\nflush\n   in`\n  }",
            "function y() {\n  return `\nflush\n   in`\n}",
        ] {
            check(
                text,
                "function y() {\n    1\n  }",
                new,
                Some(Language::JavaScript),
                expected,
            );
        }
    }

    #[test]
    fn lines_keep_the_ends_they_had() {
        let mixed = "a\r\nb\nc\r\nd";
        check(mixed, mixed, "a\nb\nx\nc\nd", None, "a\r\nb\nx\r\nc\r\nd");
        check("a\r\nb\r\n", "b", "x\ny", None, "a\r\nx\r\ny\r\n");
        check("a", "a", "x\ny", None, "x\ny");
    }

    #[test]
    fn a_byte_order_mark_stays() {
        check(
            "\u{feff}a = 1\n",
            "\u{feff}a = 1\n",
            "a = 2",
            None,
            "\u{feff}a = 2\n",
        );
    }
}
