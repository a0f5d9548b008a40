//! What is written down of a document's changes while somebody waits for an answer.

use std::ops::Range;

use ropey::Rope;

use crate::text::{self, Change, Shifted};

/// A text that the document should come to be.
#[derive(Debug)]
pub(super) struct Expected {
    text: Rope,
    met: bool,
}

impl Expected {
    pub(super) fn to_be(text: Rope) -> Self {
        Self { text, met: false }
    }

    pub(super) fn look_at(&mut self, text: &Rope) {
        // The length first: it costs nothing, and most often it tells.
        self.met |= text.len_bytes() == self.text.len_bytes() && *text == self.text;
    }

    pub(super) fn is_met(&self) -> bool {
        self.met
    }
}

/// The changes since a moment, in order.
#[derive(Debug, Default)]
pub(super) struct Journal {
    changes: Vec<Change>,
    /// More came than are kept, so that nothing is known of any range any more.
    full: bool,
}

/// Most changes that a journal keeps: hours of typing.
const LONGEST_JOURNAL: usize = 50_000;

impl Journal {
    pub(super) fn pass(&mut self, change: &Change) {
        self.full |= self.changes.len() >= LONGEST_JOURNAL;
        if !self.full {
            self.changes.push(change.clone());
        }
    }

    /// Where a range of the text it began with stands now.
    pub(super) fn moved(&self, range: &Range<usize>) -> Shifted {
        let unmoved = Shifted::Outside(range.clone());
        let moved = self.changes.iter().fold(unmoved, |at, change| match at {
            Shifted::Outside(range) => text::shift(&range, change),
            Shifted::Touched(range) => Shifted::Touched(text::spanned(&range, change)),
        });
        match moved {
            Shifted::Outside(range) if self.full => Shifted::Touched(range),
            moved => moved,
        }
    }
}
