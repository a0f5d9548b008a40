//! Text put together from ranges of another, like the lines of a comment, and the way back.

use std::ops::Range;

use super::ImageLink;

/// Ranges of a source as one text.
#[derive(Debug, Default)]
pub(super) struct Stitched {
    pub text: String,
    /// Where each range begins, here and in the source.
    begins: Vec<(usize, usize)>,
}

impl Stitched {
    pub fn push(&mut self, source: &str, range: Range<usize>) {
        let part = source.get(range.clone()).unwrap_or_default();
        if !part.is_empty() {
            self.begins.push((self.text.len(), range.start));
            self.text.push_str(part);
        }
    }

    /// `link`, found in this text, with its places in the source.
    pub fn unstitched(&self, mut link: ImageLink) -> ImageLink {
        link.range = self.source_range(&link.range);
        link.alt_range = self.source_range(&link.alt_range);
        if let Some(edit) = link.slot.as_mut().and_then(|slot| slot.and.as_mut()) {
            edit.range = self.source_range(&edit.range);
        }
        link
    }

    fn source_range(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.in_source(range.start, range.start);
        // What ends where a part ends does not reach to the next one's beginning.
        let last = range.end.saturating_sub(1).max(range.start);
        start..self.in_source(last, range.end)
    }

    /// The place in the source of `offset`, which belongs to the part that holds `inside`.
    fn in_source(&self, inside: usize, offset: usize) -> usize {
        let next = self.begins.partition_point(|(here, _)| *here <= inside);
        let part = next.checked_sub(1).and_then(|part| self.begins.get(part));
        part.map_or(offset, |(here, there)| there + (offset - here))
    }
}
