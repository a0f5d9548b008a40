//! What surrounds a place in a text: function, type, paragraph; and whether a text parses.

mod language;

pub use language::Language;
