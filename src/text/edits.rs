//! The smallest edits that turn one text into another.

use std::ops::Range;

/// Replace these bytes of the old text by this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

/// Edits in ascending order, not overlapping, that turn `old` into `new`.
pub fn edits(_old: &str, _new: &str) -> Vec<Edit> {
    unimplemented!()
}

/// `old` with `edits` (ascending, not overlapping) applied.
pub fn apply(_old: &str, _edits: &[Edit]) -> String {
    unimplemented!()
}
