//! Moves a range through changes made elsewhere in its text.

use std::ops::Range;

/// One replacement in a text: these bytes went, so many came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub range: Range<usize>,
    pub inserted: usize,
}

/// Where a range stands after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shifted {
    /// The change lay outside; the text in the range is what it was.
    Outside(Range<usize>),
    /// The change reached into the range, which now spans what is left of it and what came.
    Touched(Range<usize>),
}

/// `range` as it stands after `change`.
pub fn shift(_range: &Range<usize>, _change: &Change) -> Shifted {
    unimplemented!()
}
