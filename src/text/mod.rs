//! Positions, ranges and differences of text; knows nothing of documents or protocols.
//!
//! Inside Gloss a place in a text is a byte offset into UTF-8. Line and
//! character exist only at the border, in the encoding that was agreed on.

mod cut;
mod edits;
mod found;
mod middle;
mod position;
mod shift;
mod visible;

pub use cut::{one_line, shortened, shortened_to_words, up_to_line_end};
pub use edits::{Edit, apply, edits};
pub use found::only_place;
pub use middle::{Middle, middle};
pub use position::{
    Encoding, Position, byte_range, end_of_line, floor, line_of, line_range, offset, position,
    slice, whole_lines,
};
pub use shift::{Change, Shifted, shift, spanned};
pub use visible::{is_hidden, visible, visible_lines, visible_message};
