//! From an answer to the code that may replace a range, or to the reason why it may not.

use std::ops::Range;

use ropey::Rope;
use thiserror::Error;

use crate::syntax::{self, Language, Syntax};

/// The text an edit would replace.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The whole document.
    pub text: &'a str,
    /// The bytes that were asked to be rewritten.
    pub range: &'a Range<usize>,
    pub language: Option<Language>,
}

/// Why an answer does not become an edit. Each is shown to the person, with the answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    #[error("the answer did not end normally ({0}), so nothing was changed")]
    NotFinished(String),
    #[error("the answer was empty, so nothing was changed")]
    Empty,
    #[error("the answer held {0} code blocks where one was asked for, so nothing was changed")]
    ManyBlocks(usize),
    #[error("the answer's code block is not closed, so nothing was changed")]
    OpenBlock,
    #[error("the answer held no code block, so nothing was changed")]
    NoBlock,
    #[error("the new code would not parse where the old one did, so nothing was changed")]
    DoesNotParse,
    #[error("the range to rewrite is not in the text any more")]
    NoRange,
}

/// The text that replaces the range: the answer's code with the range's own line ends,
/// indentation and final newline.
///
/// # Errors
/// A [`Refusal`] whenever it is not certain which code was meant, or that it is whole.
pub fn code(original: Original<'_>, answer: &str, finish: Option<&str>) -> Result<String, Refusal> {
    if finish != Some("stop") {
        return Err(Refusal::NotFinished(
            finish.unwrap_or("no reason given").to_owned(),
        ));
    }
    let old = original
        .text
        .get(original.range.clone())
        .ok_or(Refusal::NoRange)?;
    let answer = answer
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let block = one_block(&answer, original.language)?;
    if block.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let new = in_the_manner_of(original, old, &without_blank_edges(&block));
    if parses_worse(original, &new) {
        return Err(Refusal::DoesNotParse);
    }
    Ok(new)
}

/// The content of the only fence, or the whole answer where it is plainly code.
fn one_block(answer: &str, language: Option<Language>) -> Result<String, Refusal> {
    if answer.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    let blocks = fences(answer)?;
    match blocks.as_slice() {
        [block] => Ok(block.clone()),
        [] if language.is_some_and(|language| syntax::parses(language, answer)) => {
            Ok(answer.to_owned())
        }
        [] => Err(Refusal::NoBlock),
        many => Err(Refusal::ManyBlocks(many.len())),
    }
}

/// The contents of the fenced blocks at the outer level, by the rules of CommonMark 4.5.
fn fences(answer: &str) -> Result<Vec<String>, Refusal> {
    let mut blocks = Vec::new();
    let mut open: Option<(Fence<'_>, String)> = None;
    for line in answer.split('\n') {
        match open.take() {
            Some((fence, block)) if fence.is_closed_by(line) => blocks.push(block),
            Some((fence, mut block)) => {
                block.push_str(fence.unindented(line));
                block.push('\n');
                open = Some((fence, block));
            }
            None => open = Fence::opened_by(line).map(|fence| (fence, String::new())),
        }
    }
    if open.is_some() {
        return Err(Refusal::OpenBlock);
    }
    Ok(blocks)
}

#[derive(Clone, Copy)]
struct Fence<'a> {
    indentation: &'a str,
    mark: char,
    length: usize,
}

impl<'a> Fence<'a> {
    fn opened_by(line: &'a str) -> Option<Self> {
        let rest = line.trim_start_matches(' ');
        let indentation = line.get(..line.len() - rest.len())?;
        let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let length = rest.len() - info.len();
        // Models indent a fence under a list by more than the three spaces of CommonMark.
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self {
            indentation,
            mark,
            length,
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// A fence's own indentation is not its content's.
    fn unindented<'l>(&self, line: &'l str) -> &'l str {
        line.strip_prefix(self.indentation).unwrap_or(line)
    }
}

fn without_blank_edges(block: &str) -> String {
    let lines: Vec<&str> = block.lines().collect();
    let first = lines
        .iter()
        .position(|line| !line.trim().is_empty())
        .unwrap_or(0);
    let last = lines
        .iter()
        .rposition(|line| !line.trim().is_empty())
        .map_or(0, |at| at + 1);
    lines.get(first..last).unwrap_or_default().join("\n")
}

/// `new` with the indentation, the line ends and the edges of what it replaces.
fn in_the_manner_of(original: Original<'_>, old: &str, new: &str) -> String {
    let before = original
        .text
        .get(..original.range.start)
        .unwrap_or_default();
    let line_start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let lead = before.get(line_start..).unwrap_or_default();
    // Whether the range begins at its line's first letter, or in the middle of other code.
    let starts_line = lead.chars().all(char::is_whitespace);
    let own = indentation(old);
    let asked = if own.is_empty() && starts_line {
        lead
    } else {
        own
    };
    let mut lines = reindented(new, asked);
    if own.is_empty() && starts_line {
        lines = lines.strip_prefix(lead).unwrap_or(&lines).to_owned();
    }
    let (head, tail) = blank_edges(old);
    let ending = line_ending(original.text);
    format!("{head}{}{tail}", lines.replace('\n', ending))
}

/// Every line moved by the same amount, so that the first one starts at `asked`.
fn reindented(new: &str, asked: &str) -> String {
    let present = new
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .reduce(common_prefix)
        .unwrap_or_default();
    // A model often sends the first line flush left and leaves the rest where it stood.
    let first = indentation(new);
    let rest = new
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .reduce(common_prefix);
    let stands =
        first.is_empty() && !asked.is_empty() && rest.is_some_and(|rest| rest.starts_with(asked));
    new.lines()
        .enumerate()
        .map(|(at, line)| match line {
            line if line.trim().is_empty() => line.to_owned(),
            line if stands && at > 0 => line.to_owned(),
            line => format!("{asked}{}", line.strip_prefix(present).unwrap_or(line)),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn indentation(text: &str) -> &str {
    let line = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    line.get(..line.len() - line.trim_start().len())
        .unwrap_or_default()
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let shared: usize = a
        .chars()
        .zip(b.chars())
        .take_while(|(x, y)| x == y)
        .map(|(x, _)| x.len_utf8())
        .sum();
    a.get(..shared).unwrap_or_default()
}

/// The blank lines before the first letter's line, and all white space after the last letter.
fn blank_edges(old: &str) -> (&str, &str) {
    let inner = old.trim_start();
    let lead = old.get(..old.len() - inner.len()).unwrap_or_default();
    let head_end = lead.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let tail = old.trim_end().len();
    (
        lead.get(..head_end).unwrap_or_default(),
        old.get(tail..).unwrap_or_default(),
    )
}

/// What most lines of the document end with.
fn line_ending(text: &str) -> &'static str {
    let crlf = text.matches("\r\n").count();
    let lf = text.matches('\n').count() - crlf;
    let cr = text.matches('\r').count() - crlf;
    if crlf > lf && crlf >= cr {
        "\r\n"
    } else if cr > lf {
        "\r"
    } else {
        "\n"
    }
}

/// Whether the document would hold more syntax errors than it does.
fn parses_worse(original: Original<'_>, new: &str) -> bool {
    let Some(language) = original.language else {
        return false;
    };
    let (Some(before), Some(after)) = (
        original.text.get(..original.range.start),
        original.text.get(original.range.end..),
    ) else {
        return true;
    };
    let changed = [before, new, after].concat();
    match (errors(language, original.text), errors(language, &changed)) {
        (Some(old), Some(new)) => new > old,
        _ => false,
    }
}

/// How many syntax errors a text holds; `None` where it is too large to tell.
fn errors(language: Language, text: &str) -> Option<usize> {
    let syntax = Syntax::parse(language, &Rope::from_str(text))?;
    Some(syntax.errors_in(0..text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "mod a {\n    fn one() {\n        1;\n    }\n}\n";

    /// Rewrites what stands between the two `|` of `text`.
    fn rewritten(text: &str, answer: &str, language: Option<Language>) -> Result<String, Refusal> {
        let start = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let end = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let range = start..end;
        let original = Original {
            text: &text,
            range: &range,
            language,
        };
        code(original, answer, Some("stop"))
            .map(|new| format!("{}{new}{}", &text[..start], &text[end..]))
    }

    #[test]
    fn one_fence_is_the_code_and_prose_around_it_is_not() {
        let check = |answer: &str, expected: Result<&str, Refusal>| {
            let found = rewritten("|a = 1|\n", answer, Some(Language::Python));
            assert_eq!(
                found.as_deref().map_err(Clone::clone),
                expected.as_ref().map(|s| *s).map_err(Clone::clone),
                "{answer:?}"
            );
        };
        check("```python\na = 2\n```", Ok("a = 2\n"));
        check("~~~\na = 2\n~~~\n", Ok("a = 2\n"));
        check("Here:\n\n```py\na = 2\n```\nDone.", Ok("a = 2\n"));
        check("````\na = '''\n```\n'''\n````", Ok("a = '''\n```\n'''\n"));
        check("a = 2", Ok("a = 2\n"));
        check("- so:\n    ```\n    a = 2\n    ```", Ok("a = 2\n"));
        check("```\r\na = 2\r\n```\r\n", Ok("a = 2\n"));
        check(
            "```\na = 2\n```\n```\nb = 2\n```",
            Err(Refusal::ManyBlocks(2)),
        );
        check("```\na = 2\n", Err(Refusal::OpenBlock));
        check("I would rather not do that.", Err(Refusal::NoBlock));
        check("```\n\n```", Err(Refusal::Empty));
        check(" \n", Err(Refusal::Empty));
        check("```\na = (\n```", Err(Refusal::DoesNotParse));
    }

    #[test]
    fn bare_code_without_a_grammar_is_refused() {
        assert_eq!(rewritten("|a := 1|", "a := 2", None), Err(Refusal::NoBlock));
        assert_eq!(
            rewritten("|a := 1|", "```\na := 2\n```", None),
            Ok("a := 2".into())
        );
    }

    #[test]
    fn only_a_normal_end_counts() {
        let range = 0..RUST.len();
        let original = Original {
            text: RUST,
            range: &range,
            language: Some(Language::Rust),
        };
        for finish in [Some("length"), Some("content_filter"), None] {
            let answer = format!("```\n{RUST}```");
            assert!(
                matches!(
                    code(original, &answer, finish),
                    Err(Refusal::NotFinished(_))
                ),
                "{finish:?}"
            );
        }
    }

    #[test]
    fn indentation_line_ends_and_edges_are_kept() {
        let check = |text: &str, answer: &str, expected: &str| {
            let found = rewritten(text, answer, Some(Language::Rust));
            assert_eq!(found.as_deref(), Ok(expected), "{text:?} {answer:?}");
        };
        let two = "```rust\nfn two() {\n    2;\n}\n```";
        check(
            "mod a {\n    |fn one() {\n        1;\n    }|\n}\n",
            two,
            "mod a {\n    fn two() {\n        2;\n    }\n}\n",
        );
        check(
            "mod a {\n|    fn one() {\n        1;\n    }\n|}\n",
            two,
            "mod a {\n    fn two() {\n        2;\n    }\n}\n",
        );
        check(
            "mod a {\n\t|fn one() {}|\n}\n",
            "```\n\tfn one() {\n\t\t1;\n\t}\n```",
            "mod a {\n\tfn one() {\n\t\t1;\n\t}\n}\n",
        );
        // The first line flush left, the rest as it stood.
        check(
            "mod a {\n    |fn one() {\n    }|\n}\n",
            "```\nfn two() {\n        2;\n    }\n```",
            "mod a {\n    fn two() {\n        2;\n    }\n}\n",
        );
        check(
            "|fn one() {\r\n}|\r\n",
            two,
            "fn two() {\r\n    2;\r\n}\r\n",
        );
        check(
            "|fn one() {}\n\n|fn x() {}\n",
            two,
            "fn two() {\n    2;\n}\n\nfn x() {}\n",
        );
        check("|fn one() {}|", two, "fn two() {\n    2;\n}");
        check(
            "fn x() { let a = |(1)|; }",
            "```\n1\n```",
            "fn x() { let a = 1; }",
        );
    }

    #[test]
    fn a_text_that_did_not_parse_before_may_still_be_mended() {
        assert_eq!(
            rewritten(
                "|fn one( {}|\n",
                "```\nfn one() {}\n```",
                Some(Language::Rust)
            ),
            Ok("fn one() {}\n".into())
        );
    }
}
