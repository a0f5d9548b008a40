//! Steps over the blanks of a rope from a byte offset, without copying a line.

use std::ops::Range;

use ropey::Rope;

/// The text of `range`, or `None` where it does not lie in `text` on char boundaries.
pub(super) fn slice(text: &Rope, range: Range<usize>) -> Option<String> {
    text.get_byte_slice(range).map(String::from)
}

/// `at` moved back to the nearest char boundary in `text`.
pub(super) fn clamp(text: &Rope, at: usize) -> usize {
    let at = at.min(text.len_bytes());
    text.char_to_byte(text.byte_to_char(at))
}

/// The char that ends at `at`.
pub(super) fn char_before(text: &Rope, at: usize) -> Option<char> {
    backwards(text, at).next()
}

/// The char that starts at `at`.
pub(super) fn char_at(text: &Rope, at: usize) -> Option<char> {
    forwards(text, at).next()
}

/// Whether `start` stands at `at`.
pub(super) fn starts_with(text: &Rope, at: usize, start: &str) -> bool {
    forwards(text, clamp(text, at))
        .take(start.len())
        .eq(start.chars())
}

/// `at` moved back over the blanks before it that `keep_going` takes.
pub(super) fn skip_back(text: &Rope, at: usize, keep_going: fn(char) -> bool) -> usize {
    at - backwards(text, at)
        .take_while(|c| keep_going(*c))
        .map(char::len_utf8)
        .sum::<usize>()
}

/// `at` moved on over the chars that `keep_going` takes.
pub(super) fn skip(text: &Rope, at: usize, keep_going: fn(char) -> bool) -> usize {
    at + forwards(text, at)
        .take_while(|c| keep_going(*c))
        .map(char::len_utf8)
        .sum::<usize>()
}

/// Whether only blanks stand between the start of the line and `at`.
pub(super) fn begins_line(text: &Rope, at: usize) -> bool {
    char_before(text, skip_back(text, at, is_inline_blank)).is_none_or(is_line_break)
}

/// Whether only blanks stand between `at` and the end of the line.
pub(super) fn ends_line(text: &Rope, at: usize) -> bool {
    char_at(text, skip(text, at, is_inline_blank)).is_none_or(is_line_break)
}

/// The number of line breaks in `range`, up to two; `None` if anything but blanks is in it.
pub(super) fn breaks_between(text: &Rope, range: Range<usize>) -> Option<usize> {
    let mut breaks = 0;
    let mut previous = None;
    for c in text.get_byte_slice(range)?.chars() {
        if !is_blank(c) {
            return None;
        }
        if is_line_break(c) && (previous, c) != (Some('\r'), '\n') {
            breaks += 1;
        }
        if breaks == 2 {
            break;
        }
        previous = Some(c);
    }
    Some(breaks)
}

pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

pub(super) fn is_inline_blank(c: char) -> bool {
    is_blank(c) && !is_line_break(c)
}

/// White space, and the byte order mark, which Unicode does not count as such.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn forwards(text: &Rope, at: usize) -> impl Iterator<Item = char> {
    text.chars_at(text.byte_to_char(at))
}

fn backwards(text: &Rope, at: usize) -> impl Iterator<Item = char> {
    text.chars_at(text.byte_to_char(at)).reversed()
}
