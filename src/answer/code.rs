//! From an answer to the code that may replace a range, or to the reason why it may not.

use std::ops::Range;

use ropey::Rope;
use thiserror::Error;

use super::layout;
use crate::syntax::{self, Language, Syntax};

/// The text an edit would replace.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// The whole document.
    pub text: &'a str,
    /// The bytes that were asked to be rewritten.
    pub range: &'a Range<usize>,
    pub language: Option<Language>,
    /// Doc comments and attributes above the range, which are not part of it.
    pub leading: &'a str,
    /// What the range is called, if it is a function or a type.
    pub name: Option<&'a str>,
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
    #[error("the answer held more than the part that was asked for, so nothing was changed")]
    Wrapped,
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
    if block
        .trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
        .is_empty()
    {
        return Err(Refusal::Empty);
    }
    let block = without_blank_edges(block.trim_start_matches('\u{feff}'));
    let block = the_item_alone(&block, original)?;
    let new = layout::in_the_manner_of(original, old, &block);
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
        [] if language.is_some_and(|language| is_code(language, answer)) => Ok(answer.to_owned()),
        [] => Err(Refusal::NoBlock),
        many => Err(Refusal::ManyBlocks(many.len())),
    }
}

/// Whether a text without a fence is code, and cannot be prose.
fn is_code(language: Language, text: &str) -> bool {
    !language.takes_prose() && syntax::parses(language, text)
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

/// The block without the doc comment and attributes that stand above the range already.
fn the_item_alone(block: &str, original: Original<'_>) -> Result<String, Refusal> {
    let block = without_leading(block, original.leading);
    let (Some(name), Some(language)) = (original.name, original.language) else {
        return Ok(block);
    };
    let Some(syntax) = Syntax::parse(language, &Rope::from_str(&block)) else {
        return Ok(block);
    };
    let named = |outermost: bool| {
        let mut symbols = syntax.symbols().iter();
        symbols.find(|symbol| symbol.name == name && (symbol.depth == 0) == outermost)
    };
    let Some(item) = named(true) else {
        // Inside of what it stands in: a method with its class around it once more.
        let wrapped = named(false).is_some();
        return if wrapped {
            Err(Refusal::Wrapped)
        } else {
            Ok(block)
        };
    };
    let before = block.get(..item.range.start).unwrap_or_default();
    if language == Language::Go && before.lines().any(|line| line.starts_with("package ")) {
        return Err(Refusal::Wrapped);
    }
    let above = block.get(..item.leading.start).unwrap_or_default();
    let repeats =
        !item.leading.is_empty() && above.trim().is_empty() && !original.leading.trim().is_empty();
    if !repeats {
        return Ok(block);
    }
    let line = before.rsplit('\n').next().unwrap_or_default();
    let indentation = line
        .get(..line.len() - line.trim_start().len())
        .unwrap_or_default();
    Ok(format!(
        "{indentation}{}",
        block.get(item.range.start..).unwrap_or_default()
    ))
}

/// The block without what it repeats of the lines above the range: all of them, or the last few.
fn without_leading(block: &str, leading: &str) -> String {
    fn written(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
    let above: Vec<&str> = written(leading).collect();
    for skipped in 0..above.len() {
        let repeated = above.get(skipped..).unwrap_or_default();
        if written(block)
            .take(repeated.len())
            .eq(repeated.iter().copied())
        {
            let mut left = repeated.len();
            let rest = block.lines().skip_while(|line| {
                let skip = left > 0;
                left -= usize::from(skip && !line.trim().is_empty());
                skip
            });
            return without_blank_edges(&rest.collect::<Vec<_>>().join("\n"));
        }
    }
    block.to_owned()
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
    let counts = errors(language, original.text).zip(errors(language, &changed));
    // A document that is too large to parse is judged by the range alone.
    let old = original
        .text
        .get(original.range.clone())
        .unwrap_or_default();
    counts
        .or_else(|| errors(language, old).zip(errors(language, new)))
        .is_some_and(|(old, new)| new > old)
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
            leading: "",
            name: None,
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
            leading: "",
            name: None,
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
    fn what_stands_above_the_range_is_cut_from_an_answer_that_repeats_it() {
        let text = "@cache\n# why\n@log\ndef a():\n    pass\n";
        let start = text.find("def").unwrap();
        let range = start..text.len();
        let leading = text.get(..start).unwrap();
        let original = Original {
            text,
            range: &range,
            language: Some(Language::Python),
            leading,
            name: Some("a"),
        };
        for repeated in ["", "@log\n", "@cache\n# why\n@log\n", "# why\n\n@log\n\n"] {
            let answer = format!("```python\n{repeated}def a():\n    return\n```");
            assert_eq!(
                code(original, &answer, Some("stop")).as_deref(),
                Ok("def a():\n    return\n"),
                "{repeated:?}"
            );
        }
        for repeated in ["@cache\n", "@log()\n@cache\n", "# reworded\n"] {
            let answer = format!("```python\n{repeated}def a():\n    return\n```");
            let found = code(original, &answer, Some("stop"));
            assert_eq!(
                found.as_deref(),
                Ok("def a():\n    return\n"),
                "{repeated:?}"
            );
        }
    }

    #[test]
    fn an_answer_that_wraps_the_range_in_what_it_stands_in_is_refused() {
        let check = |language: Language, text: &str, item: &str, name: &str, answer: &str| {
            let start = text.find(item).unwrap();
            let range = start..start + item.len();
            let original = Original {
                text,
                range: &range,
                language: Some(language),
                leading: "",
                name: Some(name),
            };
            let answer = format!("```\n{answer}\n```");
            assert_eq!(
                code(original, &answer, Some("stop")),
                Err(Refusal::Wrapped),
                "{answer}"
            );
        };
        let rust = "impl K {\n    fn y() {}\n}\n";
        check(
            Language::Rust,
            rust,
            "fn y() {}",
            "y",
            "impl K {\n    fn y() { 1; }\n}",
        );
        let python = "class K:\n    def y(self):\n        pass\n";
        check(
            Language::Python,
            python,
            "def y(self):\n        pass",
            "y",
            "class K:\n    def y(self):\n        return",
        );
        let go = "package a\n\nfunc y() {}\n";
        check(
            Language::Go,
            go,
            "func y() {}",
            "y",
            "package a\n\nfunc y() { z() }",
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

    #[test]
    fn prose_is_no_code_in_a_language_that_takes_it() {
        for language in Language::ALL {
            let answer = "Sorry, I cannot help with that";
            let found = rewritten("|a|\n", answer, Some(language));
            assert_eq!(found, Err(Refusal::NoBlock), "{language:?}");
        }
    }
}
