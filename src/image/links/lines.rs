//! The lines of a text with their places.

use std::ops::Range;

/// A line without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub text: &'a str,
    /// Where it begins.
    pub start: usize,
}

impl<'a> Line<'a> {
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The white space that it begins with.
    pub fn indent(&self) -> &'a str {
        let length = self.text.len() - self.text.trim_start().len();
        self.text.get(..length).unwrap_or_default()
    }

    /// Where a part of it, cut out of its text, stands.
    pub fn range_of(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.text.as_ptr() as usize;
        self.start + start..self.start + start + part.len()
    }
}

/// The lines of `text`.
pub(super) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let ended = text.split_inclusive('\n').map(|whole| {
        let line = Line {
            text: whole.trim_end_matches(['\n', '\r']),
            start,
        };
        start += whole.len();
        line
    });
    ended.collect()
}

/// How the lines of `text` end.
pub(super) fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
        _ => "\n",
    }
}
