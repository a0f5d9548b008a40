//! The model's text made safe: the code in it, and the Markdown in it.

mod code;
mod comment;
#[cfg(test)]
mod corpus;
mod cut;
mod ending;
mod fences;
mod item;
mod layout;
mod markdown;
mod numbered;
mod patch;
mod placeholder;
#[cfg(test)]
mod properties;
mod prose;
mod repeated;
mod sentence;

pub use code::{Original, Refusal, code, edits};
pub use comment::{Purpose, comment, line_mark};
pub use cut::{BEFORE_CUT, cut, shown};
pub use markdown::{Defanged, Defanger, code_span, defanged, escaped, fence_around, named};
pub use prose::words;
pub use sentence::{cut_at_word, first_sentence};
