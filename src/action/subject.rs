//! What an action works on: the selection, else the innermost symbol, else the paragraph.

use std::ops::Range;

use ropey::Rope;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::answer;
use crate::syntax::{self, Symbol, Syntax};
use crate::text::visible;

/// The part of a document that an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The bytes themselves: for a symbol the item alone, without what stands above it.
    pub range: Range<usize>,
    /// Doc comments and attributes directly above; empty where there are none.
    pub leading: Range<usize>,
    /// The symbol's name; `None` for a selection or a paragraph.
    pub name: Option<String>,
    /// The bytes whose line shows the result: the name, else the first of the range.
    pub shown_at: usize,
}

impl Subject {
    /// How a title speaks of it, which is no Markdown.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("`{}`", visible(name)),
            None => "selection".into(),
        }
    }

    /// The same as Markdown.
    pub fn heading(&self) -> String {
        let name = self.name.as_deref();
        name.map_or_else(|| self.title(), answer::code_span)
    }
}

/// Whether a selection is meant as one. Helix always has at least one character selected,
/// so a single grapheme counts as a cursor.
pub fn selects_something(text: &Rope, selection: &Range<usize>) -> bool {
    let Some(selected) = text.get_byte_slice(selection.clone()) else {
        return false;
    };
    if selected.chars().all(char::is_whitespace) {
        return false;
    }
    // Longer than any one grapheme that a person types.
    selected.len_bytes() > 256 || selected.to_string().graphemes(true).nth(1).is_some()
}

/// The subject at `selection`; `None` where there is nothing but white space.
pub fn subject(text: &Rope, syntax: Option<&Syntax>, selection: &Range<usize>) -> Option<Subject> {
    if selects_something(text, selection) {
        return Some(of_range(text, selection.clone()));
    }
    if let Some(symbol) = syntax.and_then(|syntax| syntax.enclosing(text, selection.clone())) {
        return Some(of_symbol(symbol));
    }
    let paragraph = syntax::paragraph(text, selection.start);
    (!paragraph.is_empty()).then(|| of_range(text, paragraph))
}

fn of_symbol(symbol: Symbol) -> Subject {
    Subject {
        range: symbol.range,
        leading: symbol.leading,
        name: Some(symbol.name),
        shown_at: symbol.name_range.start,
    }
}

fn of_range(text: &Rope, range: Range<usize>) -> Subject {
    let blank = text.get_byte_slice(range.clone()).map_or(0, |slice| {
        slice
            .chars()
            .take_while(|c| c.is_whitespace())
            .map(char::len_utf8)
            .sum()
    });
    Subject {
        leading: range.start..range.start,
        name: None,
        shown_at: range.start + blank,
        range,
    }
}
