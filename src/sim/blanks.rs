//! Takes white space away that means nothing: at the ends of lines, and blank lines in a row.

use std::ops::Range as Span;

use super::cleanups::{self, Cleanup};
use super::parse::Parsed;
use crate::syntax::Language;

/// Spans of the code, counted from its beginning, in which white space may mean something.
/// They come in order, and none holds another.
fn closed_spans(parsed: &Parsed, code: &str) -> Vec<Span<usize>> {
    let shift = |at: usize| at.saturating_sub(parsed.start);
    let nodes = parsed
        .nodes_unless(cleanups::is_closed)
        .filter(|node| cleanups::is_closed(node.kind()))
        .map(|node| match node.kind() {
            // The blanks after its last letter are its own, though not its node's.
            "block_scalar" => shift(node.start_byte())..end_of_line(code, shift(node.end_byte())),
            _ => shift(node.start_byte())..shift(node.end_byte()),
        });
    match parsed.language {
        // An element may be preformatted, by its name or by a style.
        Language::Html => std::iter::once(0..code.len()).collect(),
        Language::Php => joined(nodes.chain(outside_of_php(parsed, code)).collect()),
        _ => nodes.collect(),
    }
}

fn end_of_line(code: &str, at: usize) -> usize {
    let rest = code.get(at..).unwrap_or_default();
    at + rest.find('\n').unwrap_or(rest.len())
}

/// What stands outside of PHP's tags is printed as it is, blanks and all.
fn outside_of_php(parsed: &Parsed, code: &str) -> Vec<Span<usize>> {
    let mut spans = Vec::new();
    // Where a tag was put before the code, it begins inside.
    let mut open = (parsed.start == 0).then_some(0);
    for node in parsed.nodes() {
        match node.kind() {
            "php_tag" => spans.extend(open.take().map(|start| start..node.end_byte())),
            "php_end_tag" | "?>" => open = open.or(Some(node.start_byte())),
            _ => {}
        }
    }
    let last = open.map(|start| start..parsed.start + code.len());
    let shift = |at: usize| at.saturating_sub(parsed.start);
    let all = spans.into_iter().chain(last);
    all.map(|span| shift(span.start)..shift(span.end)).collect()
}

/// The spans in order, those that touch as one.
fn joined(mut spans: Vec<Span<usize>>) -> Vec<Span<usize>> {
    spans.sort_by_key(|span| span.start);
    let mut joined: Vec<Span<usize>> = Vec::new();
    for span in spans {
        match joined.last_mut().filter(|last| span.start <= last.end) {
            Some(last) => last.end = last.end.max(span.end),
            None => joined.push(span),
        }
    }
    joined
}

/// Takes blanks off the ends of lines, and all but one of the blank lines in a row. What has
/// no newline after it may go on behind the range, and stays. `parsed` is the tree of `code`.
pub fn trimmed(parsed: &Parsed, code: &str) -> (String, [(Cleanup, usize); 2]) {
    let language = parsed.language;
    let closed = closed_spans(parsed, code);
    let is_closed = |span: Span<usize>| {
        // They come in order and hold no others, so the last that begins before the end decides.
        let before = closed.partition_point(|other| other.start < span.end);
        let last = before.checked_sub(1).and_then(|index| closed.get(index));
        last.is_some_and(|other| other.end > span.start)
    };
    let mut result = String::with_capacity(code.len());
    let (mut trimmed_lines, mut dropped_lines, mut blank_lines) = (0, 0, 0);
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some(content) = line.strip_suffix('\n') else {
            result.push_str(line);
            continue;
        };
        let content = content.strip_suffix('\r').unwrap_or(content);
        let kept = content.trim_end_matches([' ', '\t']);
        let span = start + kept.len()..start + content.len();
        // A backslash is about what follows it: the line's end, or a blank.
        if is_closed(span.start..at) || kept.ends_with('\\') {
            blank_lines = 0;
            result.push_str(line);
            continue;
        }
        // In YAML such a line may end a text that keeps it.
        if language == Language::Yaml && kept.is_empty() {
            result.push_str(line);
            continue;
        }
        blank_lines = if kept.is_empty() { blank_lines + 1 } else { 0 };
        if blank_lines > allowed_blank_lines(language, code.get(at..).unwrap_or_default()) {
            dropped_lines += 1;
            continue;
        }
        trimmed_lines += usize::from(!span.is_empty());
        result.push_str(kept);
        result.push_str(line.get(content.len()..).unwrap_or_default());
    }
    let done = [
        (Cleanup::TrailingBlanks, trimmed_lines),
        (Cleanup::BlankLines, dropped_lines),
    ];
    (result, done)
}

/// One; in Python two before what stands on the outermost level, as its style guide (PEP 8) has it.
fn allowed_blank_lines(language: Language, after: &str) -> usize {
    let next = after.lines().find(|line| !line.trim().is_empty());
    let is_outermost = next.is_none_or(|line| !line.starts_with([' ', '\t']));
    if language == Language::Python && is_outermost {
        2
    } else {
        1
    }
}
