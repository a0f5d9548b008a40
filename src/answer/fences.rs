//! Finds the fenced code blocks of an answer, by the rules of CommonMark 0.31, 4.5.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use super::Refusal;

/// A fenced block: what stands behind its opening fence, and its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub info: String,
    pub text: String,
}

/// The blocks of an answer whose lines end in `\n`.
///
/// # Errors
/// When one is left open, seems to begin inside another, or is quoted.
pub(super) fn fences(answer: &str) -> Result<Vec<Block>, Refusal> {
    let mut blocks = Vec::new();
    let mut quoted = 0;
    let mut open: Option<(Fence<'_>, Block)> = None;
    for line in answer.split('\n') {
        match open.take() {
            Some((fence, block)) if fence.is_closed_by(line) => blocks.push(block),
            // For CommonMark a line of the block; but then the next fence closes the wrong one.
            Some((fence, _)) if fence.seems_opened_again_by(line) => {
                return Err(Refusal::ManyBlocks(blocks.len() + 2));
            }
            Some((fence, mut block)) => {
                block.text.push_str(fence.unindented(line));
                block.text.push('\n');
                open = Some((fence, block));
            }
            None => {
                open = Fence::opened_by(line).map(|fence| {
                    let info = fence.info.trim().to_owned();
                    let text = String::new();
                    (fence, Block { info, text })
                });
                quoted += usize::from(open.is_none() && is_quoted_fence(line));
            }
        }
    }
    if open.is_some() {
        return Err(Refusal::OpenBlock);
    }
    if blocks.len() == 1 {
        let seen = seen_by_commonmark(answer);
        if seen > 1 {
            return Err(Refusal::ManyBlocks(seen));
        }
    }
    match blocks.len() {
        _ if quoted == 0 => Ok(blocks),
        0 => Err(Refusal::NoBlock),
        many => Err(Refusal::ManyBlocks(many + 1)),
    }
}

/// What is said before the first fence; nothing where there is none.
pub(super) fn before_the_first(answer: &str) -> &str {
    let mut end = 0;
    for line in answer.split_inclusive('\n') {
        if Fence::opened_by(line.trim_end()).is_some() {
            return answer.get(..end).unwrap_or_default();
        }
        end += line.len();
    }
    ""
}

/// How many fences a parser of CommonMark finds, where it could find others than we do: we take a
/// fence at any indentation, and do not know where a list ends.
fn seen_by_commonmark(answer: &str) -> usize {
    let is_mark = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("```") || line.starts_with("~~~")
    };
    let mut marks = answer.split('\n').filter(is_mark);
    let is_plain = |line: &str| !line.starts_with([' ', '\t']);
    if marks.next().is_some_and(is_plain) && marks.nth(1).is_none() {
        return 1;
    }
    let fenced = |event: &Event<'_>| {
        matches!(
            event,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
        )
    };
    Parser::new(answer).filter(fenced).count()
}

/// Whether a fence opens behind the mark of a quotation or a list: whose content it is, is not
/// worth knowing for an answer that was to be one plain block.
fn is_quoted_fence(line: &str) -> bool {
    let is_mark =
        |c: char| matches!(c, '>' | '-' | '*' | '+' | '.' | ')' | ' ' | '\t') || c.is_ascii_digit();
    let inner = line.trim_start_matches(is_mark);
    inner.len() < line.len() && Fence::opened_by(inner).is_some()
}

#[derive(Clone, Copy)]
struct Fence<'a> {
    indentation: &'a str,
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn opened_by(line: &'a str) -> Option<Self> {
        // Models indent a fence under a list by more than the three spaces of CommonMark.
        let rest = line.trim_start_matches([' ', '\t']);
        let indentation = line.get(..line.len() - rest.len())?;
        let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = rest.trim_start_matches(mark);
        let length = rest.len() - info.len();
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self {
            indentation,
            mark,
            length,
            info,
        })
    }

    /// Four spaces further in than the opening fence a line of marks is code.
    fn is_closed_by(&self, line: &str) -> bool {
        let marks = line.trim();
        marks.len() >= self.length
            && marks.chars().all(|c| c == self.mark)
            && columns(line) < columns(self.indentation) + 4
    }

    fn seems_opened_again_by(&self, line: &str) -> bool {
        Fence::opened_by(line).is_some_and(|inner| {
            inner.mark == self.mark
                && inner
                    .info
                    .starts_with(|c: char| c.is_alphanumeric() || c == '{')
                && inner.length >= self.length
                && columns(line) < columns(self.indentation) + 4
        })
    }

    /// A fence's own indentation is not its content's.
    fn unindented<'l>(&self, line: &'l str) -> &'l str {
        let own = self.indentation.len();
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        line.strip_prefix(self.indentation)
            .or_else(|| line.get(own.min(blank)..))
            .unwrap_or(line)
    }
}

/// How far in a line begins, with a tab stop every four columns.
fn columns(line: &str) -> usize {
    let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    blanks.fold(0, |at, c| if c == '\t' { (at / 4 + 1) * 4 } else { at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(answer: &str, expected: Result<&[&str], Refusal>) {
        let found = fences(answer);
        let found: Result<Vec<_>, _> =
            found.map(|blocks| blocks.into_iter().map(|block| block.text).collect());
        assert_eq!(
            found,
            expected.map(|texts| texts.iter().map(ToString::to_string).collect()),
            "{answer:?}"
        );
    }

    #[test]
    fn fences_close_as_commonmark_says() {
        check("", Ok(&[]));
        check("```\na\n```", Ok(&["a\n"]));
        check("~~~ x ` y\na\n~~~~\n", Ok(&["a\n"]));
        check("````\n```\na\n```\n````", Ok(&["```\na\n```\n"]));
        check("```\n~~~\n```", Ok(&["~~~\n"]));
        check("```\n    ```\na\n```", Ok(&["    ```\na\n"]));
        check("```\na\n   ```", Ok(&["a\n"]));
        check(
            "- x\n\n    ```\n    a\n      b\n  c\n    ```",
            Ok(&["a\n  b\nc\n"]),
        );
        check("\t```\n\ta\n\t```", Ok(&["a\n"]));
        check("- x\n  ```\na\n  ```", Err(Refusal::ManyBlocks(2)));
        check("```a```\n``` b ` c\n", Ok(&[]));
        check("```\n```\n```\n```", Ok(&["", ""]));
    }

    #[test]
    fn what_is_open_or_opens_twice_is_refused() {
        check("```\na", Err(Refusal::OpenBlock));
        check("```\na\n~~~", Err(Refusal::OpenBlock));
        check("````\na\n```", Err(Refusal::OpenBlock));
        check("```\na\n```.", Err(Refusal::OpenBlock));
        check("```md\n```sh\na\n```\n```", Err(Refusal::ManyBlocks(2)));
        check("> ```\n> a\n> ```", Err(Refusal::NoBlock));
        check(
            "```\na\n```\n> ~~~\n> b\n> ~~~",
            Err(Refusal::ManyBlocks(2)),
        );
        check("- ```\n  a\n  ```", Err(Refusal::OpenBlock));
    }

    #[test]
    fn a_block_knows_what_it_was_opened_with() {
        let found = fences("```rust src/a.rs\n```").unwrap();
        assert_eq!(found[0].info, "rust src/a.rs");
    }
}
