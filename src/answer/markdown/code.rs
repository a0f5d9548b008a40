//! Where code begins and ends in a model's Markdown: fences by CommonMark, spans on one line.

use super::{Fence, LONGEST_HELD, Step, held};
use crate::text::visible_lines;

/// What to do with a line that closes the block, or may; `None` for one that does not.
/// CommonMark 4.5: at most three spaces before it, and nothing but blanks behind it.
pub(super) fn closing(rest: &str, fence: Fence, last: bool) -> Option<Step> {
    let window = held(rest);
    let marks = window.trim_start_matches(' ');
    let indentation = window.len() - marks.len();
    let behind = marks.trim_start_matches(fence.mark);
    let is_long_enough = marks.len() - behind.len() >= fence.length;
    if indentation > 3 || !(is_long_enough || behind.is_empty()) {
        return None;
    }
    let end = behind.trim_start_matches([' ', '\t']);
    if end.starts_with('\n') {
        return Some(Step::Turn(window.len() - end.len() + 1, None));
    }
    let misread = behind.trim_start_matches(['`', '~', ' ', '\t']);
    if !misread.is_empty() && !misread.starts_with('\n') {
        return None;
    }
    if misread.is_empty() && !last && rest.len() < LONGEST_HELD {
        return Some(Step::Wait);
    }
    // Marked ends a block with marks of either kind behind the first; not so far to the right.
    if !end.is_empty() {
        let taken = window.len() - misread.len();
        let line = window.get(..taken).unwrap_or_default();
        return Some(Step::Done(taken, format!("    {line}")));
    }
    is_long_enough.then_some(Step::Turn(window.len(), None))
}

/// What to do with a line that opens a fence, by the rules of CommonMark 4.5; `None` for
/// one that does not. Deeper than three spaces it opens none, nor does one that is very long.
pub(super) fn fence(rest: &str, last: bool) -> Option<Step> {
    let window = held(rest);
    let line = window.split('\n').next().unwrap_or_default();
    let is_long = rest.len() >= LONGEST_HELD && line.len() == window.len();
    let undecided = !last && !is_long && line.len() == window.len();
    let marks = line.trim_start_matches(' ');
    let indentation = line.len() - marks.len();
    if indentation > 3 {
        return None;
    }
    let Some(mark) = marks.chars().next() else {
        return undecided.then_some(Step::Wait);
    };
    if !matches!(mark, '`' | '~') {
        return None;
    }
    let info = marks.trim_start_matches(mark);
    let length = marks.len() - info.len();
    if length < 3 {
        return (undecided && info.is_empty()).then_some(Step::Wait);
    }
    // A line with a `|` may be the head of a table to some renderers; to none it opens a block.
    let opens_none = is_long || info.contains('|');
    if mark == '`' && (opens_none || info.contains('`')) {
        return None;
    }
    if opens_none {
        return Some(Step::Done(indentation + length, "\\~".repeat(length)));
    }
    if undecided {
        return Some(Step::Wait);
    }
    let taken = (line.len() + 1).min(rest.len());
    Some(Step::Turn(taken, Some(Fence { mark, length })))
}

/// A run of backticks: a code span if it is closed on the same line, else only backticks.
///
/// A span over several lines can be cut by the beginning of a block; what Gloss takes for code
/// would then be rendered. So one line it is, and where renderers may disagree about it, it is
/// code only if its content could do no harm as text.
pub(super) fn span(rest: &str, puzzled: bool, last: bool) -> Step {
    let window = held(rest);
    let after = window.trim_start_matches('`');
    let length = window.len() - after.len();
    let line = after.split('\n').next().unwrap_or_default();
    let may_go_on = !last && line.len() == after.len();
    let could_harm = |content: &str| {
        let is_plain = length == 1 && !puzzled && !content.contains(['|', '@', '`']);
        content.contains(['<', '[', '\\']) && !is_plain
    };
    let as_words = || Step::Words(length, "\\`".repeat(length), Some(length));
    let mut from = 0;
    while let Some(start) = line.get(from..).and_then(|rest| rest.find('`')) {
        let start = from + start;
        let run = line.get(start..).unwrap_or_default();
        let run = run.len() - run.trim_start_matches('`').len();
        let may_grow = may_go_on && start + run == line.len();
        if run == length && !may_grow {
            if could_harm(line.get(..start).unwrap_or_default()) {
                return as_words();
            }
            let end = length + start + run;
            return Step::Done(
                end,
                visible_lines(rest.get(..end).unwrap_or_default()).into_owned(),
            );
        }
        from = start + run;
    }
    // The last backtick may be the one that closes it.
    if could_harm(line.strip_suffix('`').unwrap_or(line)) {
        return as_words();
    }
    if may_go_on && rest.len() < LONGEST_HELD {
        return Step::Wait;
    }
    Step::Done(length, "\\`".repeat(length))
}
