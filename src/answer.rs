//! The model's text made safe: the code in it, and the Markdown in it.

mod code;
#[cfg(test)]
mod corpus;
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

pub use code::{Original, Refusal, code, edits};
pub use markdown::{Defanger, defanged, escaped, first_sentence};
pub use prose::words;
