//! Turns line and character in three encodings into byte offsets and back.
//!
//! Everything here descends the rope's tree by its own counts of bytes, chars,
//! UTF-16 units and line breaks, so that the cost grows with the log of the
//! text's size and not with the length of a line.

use std::ops::Range;

use ropey::{Rope, RopeSlice};

/// The unit in which [`Position::character`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    Utf8,
    /// What the protocol assumes when nothing was agreed on.
    #[default]
    Utf16,
    Utf32,
}

/// A place in a text: a line and, within it, a number of code units of an [`Encoding`].
///
/// Both count from zero. Lines end at `\n`, `\r\n` and `\r` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u32,
    pub character: u32,
}

/// The byte offset of `position`, clamped.
///
/// A line past the end is the end of the text; a character past its line is the
/// place before that line's terminator; one inside a surrogate pair or a UTF-8
/// sequence is the place before the char.
pub fn offset(text: &Rope, position: Position, encoding: Encoding) -> usize {
    let line = position.line as usize;
    if line >= text.len_lines() {
        return text.len_bytes();
    }
    let Range { start, end } = line_chars(text, line);
    let units = units_before(text, start, encoding).saturating_add(position.character as usize);
    let char = char_at_units(text, units.min(units_before(text, end, encoding)), encoding);
    text.char_to_byte(char)
}

/// The position of the byte at `offset`, clamped.
///
/// An offset past the end is the end, one inside a char is the place before it.
/// Between the `\r` and the `\n` of one terminator lies no position; such an
/// offset is the place before both.
pub fn position(text: &Rope, offset: usize, encoding: Encoding) -> Position {
    let char = before_terminator(text, text.byte_to_char(offset.min(text.len_bytes())));
    let line = text.char_to_line(char);
    let start = text.line_to_char(line);
    let character = units_before(text, char, encoding) - units_before(text, start, encoding);
    Position {
        line: saturated(line),
        character: saturated(character),
    }
}

/// The bytes between two positions; empty at `end` where `start` lies after it.
pub fn byte_range(text: &Rope, start: Position, end: Position, encoding: Encoding) -> Range<usize> {
    let end = offset(text, end, encoding);
    offset(text, start, encoding).min(end)..end
}

/// The last char boundary at or before `offset`; the end of the text for one past it.
pub fn floor(text: &Rope, offset: usize) -> usize {
    text.char_to_byte(text.byte_to_char(offset.min(text.len_bytes())))
}

/// The bytes of `range`, both ends taken as [`floor`] takes them; empty where start lies after end.
pub fn slice(text: &Rope, range: Range<usize>) -> RopeSlice<'_> {
    let end = floor(text, range.end);
    text.byte_slice(floor(text, range.start).min(end)..end)
}

/// The line, counted from zero, that holds the byte at `offset`; the last one past the end.
///
/// A terminator belongs to the line it ends, both bytes of a `\r\n` to the same.
pub fn line_of(text: &Rope, offset: usize) -> usize {
    let char = text.byte_to_char(offset.min(text.len_bytes()));
    text.char_to_line(before_terminator(text, char))
}

/// The bytes of a line without its terminator; empty at the end for a line past it.
pub fn line_range(text: &Rope, line: usize) -> Range<usize> {
    if line >= text.len_lines() {
        return text.len_bytes()..text.len_bytes();
    }
    let chars = line_chars(text, line);
    text.char_to_byte(chars.start)..text.char_to_byte(chars.end)
}

/// The byte at which a line ends, before its terminator, and its position; the end of the text for
/// a line past it.
pub fn end_of_line(text: &Rope, line: usize, encoding: Encoding) -> (usize, Position) {
    if line >= text.len_lines() {
        return (text.len_bytes(), position(text, text.len_bytes(), encoding));
    }
    let Range { start, end } = line_chars(text, line);
    let position = Position {
        line: saturated(line),
        character: saturated(
            units_before(text, end, encoding) - units_before(text, start, encoding),
        ),
    };
    (text.char_to_byte(end), position)
}

/// The bytes of all lines that `range` has a part in, terminators included.
///
/// A range that ends where a line begins has no part in that line, as when whole
/// lines are selected in an editor. An empty range has a part in the line it stands on.
pub fn whole_lines(text: &Rope, range: Range<usize>) -> Range<usize> {
    let first = line_of(text, range.start);
    let last = if range.end > range.start {
        line_of(text, range.end.min(text.len_bytes()).saturating_sub(1))
    } else {
        first
    };
    text.line_to_byte(first)..text.line_to_byte(last.max(first) + 1)
}

/// The chars of an existing line, without its terminator.
fn line_chars(text: &Rope, line: usize) -> Range<usize> {
    let start = text.line_to_char(line);
    let next = text.line_to_char(line + 1);
    let end = match next.checked_sub(1).filter(|last| *last >= start) {
        Some(last) if matches!(text.get_char(last), Some('\n' | '\r')) => {
            before_terminator(text, last)
        }
        _ => next,
    };
    start..end
}

/// `char`, or the one before it where `char` is the `\n` of a `\r\n`.
fn before_terminator(text: &Rope, char: usize) -> usize {
    match char.checked_sub(1) {
        Some(previous)
            if text.get_char(previous) == Some('\r') && text.get_char(char) == Some('\n') =>
        {
            previous
        }
        _ => char,
    }
}

/// How many code units stand before the char with this index.
fn units_before(text: &Rope, char: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => text.char_to_byte(char),
        Encoding::Utf16 => text.char_to_utf16_cu(char),
        Encoding::Utf32 => char,
    }
}

/// The index of the char that holds the code unit with this index.
fn char_at_units(text: &Rope, units: usize, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Utf8 => text.byte_to_char(units),
        Encoding::Utf16 => text.utf16_cu_to_char(units),
        Encoding::Utf32 => units,
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    use Encoding::{Utf8, Utf16, Utf32};

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    /// Clamped positions and the offsets they stand for.
    fn check(text: &str, encoding: Encoding, cases: &[(Position, usize)]) {
        let rope = Rope::from_str(text);
        for (position, expected) in cases {
            let found = offset(&rope, *position, encoding);
            assert_eq!(found, *expected, "{text:?} {encoding:?} {position:?}");
        }
    }

    #[test]
    fn a_line_past_the_end_is_the_end_of_the_text() {
        for encoding in [Utf8, Utf16, Utf32] {
            check("", encoding, &[(at(0, 0), 0), (at(0, 9), 0), (at(1, 0), 0)]);
            check(
                "ab",
                encoding,
                &[(at(1, 0), 2), (at(u32::MAX, u32::MAX), 2)],
            );
            check(
                "ab\n",
                encoding,
                &[(at(1, 0), 3), (at(1, 5), 3), (at(2, 0), 3)],
            );
            check("ab\r\n", encoding, &[(at(1, 0), 4), (at(2, 1), 4)]);
        }
    }

    #[test]
    fn a_character_past_its_line_is_the_place_before_the_terminator() {
        for encoding in [Utf8, Utf16, Utf32] {
            let text = "a\nbc\r\nd\r\rf";
            let cases = [
                (at(0, 1), 1),
                (at(0, 2), 1),
                (at(1, 2), 4),
                (at(1, 3), 4),
                (at(1, u32::MAX), 4),
                (at(2, 1), 7),
                (at(2, 2), 7),
                (at(3, 1), 8),
                (at(4, 0), 9),
                (at(4, 7), 10),
            ];
            check(text, encoding, &cases);
        }
    }

    #[test]
    fn only_three_terminators_end_a_line() {
        for encoding in [Utf8, Utf16, Utf32] {
            let text = "a\u{b}\u{c}\u{85}\u{2028}\u{2029}b";
            check(text, encoding, &[(at(1, 0), text.len())]);
        }
    }

    #[test]
    fn a_character_inside_a_char_rounds_down() {
        // One, two, three and four bytes; one, one, one and two UTF-16 units.
        let text = "aμ€😀z\nb";
        let utf8 = [0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11];
        let utf16 = [0, 1, 3, 6, 6, 10, 11, 11];
        let utf32 = [0, 1, 3, 6, 10, 11, 11];
        for (encoding, offsets) in [(Utf8, &utf8[..]), (Utf16, &utf16[..]), (Utf32, &utf32[..])] {
            let cases: Vec<_> = (0..).zip(offsets).map(|(n, o)| (at(0, n), *o)).collect();
            check(text, encoding, &cases);
        }
    }

    #[test]
    fn a_start_after_the_end_is_empty_at_the_end() {
        let rope = Rope::from_str("one\r\n😀two");
        for encoding in [Utf8, Utf16, Utf32] {
            let end = at(0, 2);
            for start in [at(0, 3), at(1, 0), at(9, 9)] {
                assert_eq!(byte_range(&rope, start, end, encoding), 2..2);
            }
            assert_eq!(
                byte_range(&rope, at(0, 1), at(9, 0), encoding),
                1..rope.len_bytes()
            );
        }
    }

    #[test]
    fn an_offset_becomes_the_position_at_or_before_it() {
        let rope = Rope::from_str("a😀b\r\nμ\r");
        let cases = [
            (0, at(0, 0)),
            (1, at(0, 1)),
            (2, at(0, 1)),
            (4, at(0, 1)),
            (5, at(0, 3)),
            (6, at(0, 4)),
            (7, at(0, 4)), // between \r and \n
            (8, at(1, 0)),
            (9, at(1, 0)),
            (10, at(1, 1)),
            (11, at(2, 0)),
            (99, at(2, 0)),
        ];
        for (offset, expected) in cases {
            assert_eq!(position(&rope, offset, Utf16), expected, "{offset}");
        }
        assert_eq!(position(&rope, 5, Utf8), at(0, 5));
        assert_eq!(position(&rope, 5, Utf32), at(0, 2));
    }

    #[test]
    fn a_byte_order_mark_is_a_char_like_any_other() {
        let rope = Rope::from_str("\u{feff}a");
        let units = [(Utf8, 3), (Utf16, 1), (Utf32, 1)];
        for (encoding, width) in units {
            assert_eq!(offset(&rope, at(0, width), encoding), 3);
            assert_eq!(position(&rope, 3, encoding), at(0, width));
        }
    }

    #[test]
    fn a_line_has_its_terminator_but_its_range_does_not() {
        let rope = Rope::from_str("ab\r\nc\r\nd");
        let lines: Vec<_> = (0..9).map(|at| line_of(&rope, at)).collect();
        assert_eq!(lines, [0, 0, 0, 0, 1, 1, 1, 2, 2]);
        let ranges: Vec<_> = (0..5).map(|line| line_range(&rope, line)).collect();
        assert_eq!(ranges, [0..2, 4..5, 7..8, 8..8, 8..8]);
        for line in 0..5 {
            let end = line_range(&rope, line).end;
            let expected = (end, position(&rope, end, Utf16));
            assert_eq!(end_of_line(&rope, line, Utf16), expected);
        }
    }

    #[test]
    fn whole_lines_leave_out_the_line_that_is_only_touched_by_the_end() {
        let rope = Rope::from_str("ab\ncd\r\nef");
        let cases = [
            (0..0, 0..3),
            (1..2, 0..3),
            (0..3, 0..3),
            (0..4, 0..7),
            (3..3, 3..7),
            (6..6, 3..7),
            (6..7, 3..7),
            (5..8, 3..9),
            (7..7, 7..9),
            (9..9, 7..9),
            (50..90, 7..9),
        ];
        for (range, expected) in cases {
            assert_eq!(whole_lines(&rope, range.clone()), expected, "{range:?}");
        }
        assert_eq!(whole_lines(&Rope::new(), 0..0), 0..0);
        let backwards = Range { start: 8, end: 1 };
        assert_eq!(whole_lines(&rope, backwards), 7..9);
    }

    #[test]
    fn a_slice_is_rounded_and_clamped() {
        let rope = Rope::from_str("a😀b");
        assert_eq!(slice(&rope, 0..3), "a");
        assert_eq!(slice(&rope, 3..99), "😀b");
        assert_eq!(slice(&rope, Range { start: 9, end: 2 }), "");
        assert_eq!(floor(&rope, 4), 1);
        assert_eq!(floor(&rope, 99), 6);
    }

    #[test]
    fn one_line_of_five_megabytes_is_as_good_as_many() {
        let text = "μ😀x".repeat(5_000_000 / 7);
        let rope = Rope::from_str(&text);
        let units = rope.len_utf16_cu();
        for step in 0..2_000 {
            let wanted = at(0, u32::try_from(units - 4 * step).unwrap());
            let found = position(&rope, offset(&rope, wanted, Utf16), Utf16);
            assert_eq!(found, wanted);
        }
    }
}
