//! Turns line and character in three encodings into byte offsets and back.

use std::ops::Range;

use ropey::Rope;

/// The unit in which [`Position::character`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// What the protocol assumes when nothing was agreed on.
    #[default]
    Utf16,
    Utf32,
}

/// A place in a text: a line and, within it, a number of code units of an [`Encoding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub character: u32,
}

/// The byte offset of `position`, clamped.
pub fn offset(_text: &Rope, _position: Position, _encoding: Encoding) -> usize {
    unimplemented!()
}

/// The position of the byte at `offset`, clamped.
pub fn position(_text: &Rope, _offset: usize, _encoding: Encoding) -> Position {
    unimplemented!()
}

/// The bytes between two positions; empty at `end` where `start` lies after it.
pub fn byte_range(_text: &Rope, _start: Position, _end: Position, _encoding: Encoding) -> Range<usize> {
    unimplemented!()
}
