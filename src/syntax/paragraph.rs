//! The block of lines around a place, for texts without a grammar.

use std::ops::Range;

use ropey::{Rope, RopeSlice};

use super::rope;

/// A text without blank lines is no paragraph, and is not walked from end to end.
const MOST_LINES: usize = 500;

/// The bytes of the non-blank lines around the byte at `offset`, without the last one's
/// terminator; empty at the line's start where the line itself is blank.
///
/// An `offset` past the end counts as the end.
pub fn paragraph(text: &Rope, offset: usize) -> Range<usize> {
    let line = text.byte_to_line(offset.min(text.len_bytes()));
    let start = text.line_to_byte(line);
    if is_blank(text.line(line)) {
        return start..start;
    }
    let above = text
        .lines_at(line)
        .reversed()
        .take_while(|line| !is_blank(*line))
        .take(MOST_LINES);
    let below = text
        .lines_at(line)
        .take_while(|line| !is_blank(*line))
        .take(MOST_LINES);
    let start = start - above.map(|line| line.len_bytes()).sum::<usize>();
    let end = text.line_to_byte(line) + below.map(|line| line.len_bytes()).sum::<usize>();
    start..rope::skip_back(text, end, rope::is_line_break)
}

fn is_blank(line: RopeSlice) -> bool {
    line.chars().all(rope::is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(marked: &str, expected: &str) {
        let offset = marked.find("$0").unwrap();
        let text = Rope::from_str(&marked.replace("$0", ""));
        let found = paragraph(&text, offset);
        assert_eq!(text.byte_slice(found).to_string(), expected, "{marked:?}");
    }

    #[test]
    fn a_paragraph_reaches_from_blank_line_to_blank_line() {
        check("a\n\nb\nc$0c\nd\n\ne\n", "b\ncc\nd");
        check("$0a\nb\n", "a\nb");
        check("a\nb$0", "a\nb");
        check("a\r\n\r\n  b\r\nc$0\r\n \t\r\nd", "  b\r\nc");
        check("a\r\rb$0\rc", "b\rc");
        check("\u{feff}\nü$0ü\n", "üü");
    }

    #[test]
    fn a_blank_line_is_an_empty_paragraph() {
        check("$0", "");
        check("a\n$0\nb", "");
        check("a\n  $0\nb", "");
        check("a\n$0", "");
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(paragraph(&Rope::from_str("a\n\nbc"), 99), 3..5);
    }

    proptest! {
        #[test]
        fn a_paragraph_lies_in_the_text_on_char_boundaries(text in "[a\u{e9}\u{1f600} \r\n]{0,40}", offset in 0..60usize) {
            let found = paragraph(&Rope::from_str(&text), offset);
            prop_assert!(text.get(found.clone()).is_some_and(|found| !found.ends_with(['\r', '\n'])));
        }
    }
}
