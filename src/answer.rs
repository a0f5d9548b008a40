//! The model's text made safe: the code in it, and the Markdown in it.

mod code;
mod layout;
mod markdown;

pub use code::{Original, Refusal, code};
pub use markdown::{Defanger, defanged, escaped, first_sentence};
