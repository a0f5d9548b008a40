//! Cuts from an answer for a selection the lines that stand right above and right below it.

use std::ops::Range;

use super::Refusal;
use super::code::{Asked, is_blank};
use super::layout::{only_first_is_flush, opens};

/// The block without the lines around the selection, and whether it had any.
///
/// A line is one of those around only where it is as far in as they are: an answer that ends in
/// a brace of its own stands above a brace as well.
///
/// # Errors
/// When the lines around were sent back, and it is not certain which are the selection's.
pub(super) fn without_surroundings(
    block: String,
    asked: &Asked<'_>,
) -> Result<(String, bool), Refusal> {
    let around = asked.lines_around(block.lines().count() * 2 + 20);
    let around = Around {
        above: lines(&around.0),
        old: lines(&asked.old),
        below: lines(&around.1),
        own: columns(asked.indentation()),
    };
    let all: Vec<&str> = block.lines().collect();
    let sent = lines(&block);
    let inner = around.selection_of(&sent, &all, asked)?;
    if inner.len() == sent.len() {
        return if around.is_within(&sent) {
            Err(Refusal::Wrapped)
        } else {
            Ok((block, false))
        };
    }
    let inner = sent.get(inner).unwrap_or_default();
    let numbers = inner.first().zip(inner.last());
    let numbers = numbers.map_or(0..0, |(first, last)| first.number..last.number + 1);
    Ok((all.get(numbers).unwrap_or_default().join("\n"), true))
}

/// What stands in the document, line by line, without the blank ones.
struct Around<'a> {
    above: Vec<Line<'a>>,
    old: Vec<Line<'a>>,
    below: Vec<Line<'a>>,
    /// How far in the selection begins.
    own: isize,
}

impl Around<'_> {
    /// Which of the lines sent are not those above and below.
    ///
    /// # Errors
    /// When some of them are, and what is left cannot be the selection.
    fn selection_of(
        &self,
        sent: &[Line<'_>],
        all: &[&str],
        asked: &Asked<'_>,
    ) -> Result<Range<usize>, Refusal> {
        let Some(first) = sent.first() else {
            return Ok(0..0);
        };
        let (above, moved) = self
            .sent_of_above(sent)
            .unwrap_or((0, self.own - first.column));
        let below = self.sent_of_below(sent, above, moved);
        // From the document's begin on, all of it was sent: then it ends as that does.
        let is_document = above > 0 && above == self.above.len() && !self.below.is_empty();
        if above + below == sent.len() || is_document && below == 0 {
            return Err(Refusal::Wrapped);
        }
        let mut inner = above..sent.len() - below;
        let mut moved = moved;
        if inner.len() == sent.len() && first.column == 0 && self.own > 0 {
            // The first line alone may be flush left, and the rest where it belongs.
            let end = sent.len() - self.sent_of_below(sent, 0, 0);
            let last = end.checked_sub(1).and_then(|at| sent.get(at));
            let is_flush = last.is_some_and(|last| {
                let rest = all.get(..=last.number).unwrap_or_default();
                !opens(last.says) && only_first_is_flush(rest, asked)
            });
            if is_flush {
                (inner, moved) = (0..end, 0);
            }
        }
        if inner.len() == sent.len() {
            return Ok(inner);
        }
        // What is further out than all that stood there belongs to something else.
        let rest = self.old.iter().skip(1).map(|line| line.column);
        let furthest = rest.fold(self.own, isize::min);
        let skipped = usize::from(moved == 0 && inner.start == 0);
        let mut kept = sent.get(inner.clone()).unwrap_or_default().iter();
        if kept
            .by_ref()
            .skip(skipped)
            .all(|line| line.column + moved >= furthest)
        {
            Ok(inner)
        } else {
            Err(Refusal::Wrapped)
        }
    }

    /// How many lines are sent first that stand right above, and how much further in they stand
    /// there; none where the old text begins so, too.
    fn sent_of_above(&self, sent: &[Line<'_>]) -> Option<(usize, isize)> {
        let first = sent.first()?;
        let is_of_old = |many: usize| {
            let mut both = self.old.iter().zip(sent).take(many);
            both.all(|(old, sent)| old.says == sent.says)
        };
        let most = self.above.len().min(sent.len() - 1);
        (1..=most).rev().find_map(|many| {
            let there = self.above.get(self.above.len() - many..)?;
            let moved = there.first()?.column - first.column;
            let mut both = there.iter().zip(sent);
            let is_same = both.all(|(there, sent)| there.is(sent, moved));
            (is_same && there.iter().any(Line::tells) && !is_of_old(many)).then_some((many, moved))
        })
    }

    /// How many lines are sent last that stand right below; none where the old text ends so, too.
    fn sent_of_below(&self, sent: &[Line<'_>], above: usize, moved: isize) -> usize {
        let is_of_old = |many: usize| {
            let mut both = self.old.iter().enumerate().rev().zip(sent.iter().rev());
            both.by_ref().take(many).all(|((at, old), sent)| {
                let column = if at == 0 { self.own } else { old.column };
                old.says == sent.says && column == sent.column + moved
            })
        };
        let most = self.below.len().min(sent.len() - above);
        let is_sent = |many: &usize| {
            let tail = sent.get(sent.len() - many..).unwrap_or_default();
            let ends_more = tail.first().is_some_and(|line| {
                line.column + moved < self.own || line.column + moved == self.own && line.closes()
            });
            let mut both = tail.iter().zip(&self.below);
            both.all(|(sent, there)| there.is(sent, moved))
                && (above > 0 || ends_more || tail.iter().any(Line::tells))
                && !is_of_old(*many)
        };
        (1..=most).rev().find(is_sent).unwrap_or(0)
    }

    /// Whether the lines right above and right below were sent with others around them.
    fn is_within(&self, sent: &[Line<'_>]) -> bool {
        let is_new =
            |line: &&Line<'_>| line.tells() && !self.old.iter().any(|old| old.says == line.says);
        let above = self.above.last().filter(is_new);
        let Some((above, below)) = above.zip(self.below.first().filter(is_new)) else {
            return false;
        };
        let mut sent = sent.iter();
        sent.any(|line| line.says == above.says) && sent.any(|line| line.says == below.says)
    }
}

/// A line that is not blank: its number in its text, how far in it begins, and what it says.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    column: isize,
    says: &'a str,
}

/// Words that say nothing of the place where they stand alone on a line.
const COMMON: [&str; 21] = [
    "begin", "break", "catch", "continue", "default", "do", "done", "else", "end", "ensure",
    "esac", "false", "fi", "finally", "loop", "null", "pass", "rescue", "return", "true", "try",
];

impl Line<'_> {
    /// Whether another line is this one, once it is moved.
    fn is(&self, other: &Line<'_>, moved: isize) -> bool {
        self.says == other.says && self.column == other.column + moved
    }

    /// Whether it is known again by what it says, or is a rule or an empty line of a comment.
    fn tells(&self) -> bool {
        let word = self.says.trim_matches(|c: char| !c.is_alphanumeric());
        word.contains(char::is_alphabetic) && !COMMON.contains(&word)
            || word.is_empty() && !self.says.contains(['(', ')', '[', ']', '{', '}'])
    }

    /// Whether it ends what began as far in as it is.
    fn closes(&self) -> bool {
        self.says.starts_with(['}', ')', ']'])
            || matches!(self.says, "end" | "fi" | "done" | "esac")
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let lines = text.split('\n').enumerate();
    let lines = lines.map(|(number, line)| Line {
        number,
        column: columns(line),
        says: line.trim_matches(is_blank),
    });
    lines.filter(|line| !line.says.is_empty()).collect()
}

/// How far in a line begins, with a tab stop every four columns.
fn columns(line: &str) -> isize {
    let blanks = line.chars().take_while(|c| matches!(c, ' ' | '\t'));
    blanks.fold(0, |at, c| if c == '\t' { (at / 4 + 1) * 4 } else { at + 1 })
}
