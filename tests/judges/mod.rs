//! What has to hold for any input whatever: the judges that properties, fuzzing and the replay of
//! its corpus share.
//!
//! They know the library by its public face alone, and are compiled three times: into the
//! library's own tests, into `tests/corpus.rs`, and, as `fuzz/`'s library, for libFuzzer.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a judge says what is wrong by panicking"
)]

pub mod answer;
pub mod config;
pub mod documents;
pub mod edits;
pub mod errors;
pub mod frames;
pub mod image;
pub mod links;
pub mod markdown;
pub mod messages;
pub mod secrets;
pub mod stream;

/// Judges any input, and panics where a rule is broken.
pub type Judge = fn(&[u8]);

/// Every target of fuzzing by its name, and what judges an input of it.
pub const TARGETS: [(&str, Judge); 11] = [
    ("answer", answer::judge),
    ("config", config::judge),
    ("edits", edits::judge),
    ("errors", errors::judge),
    ("frames", frames::judge),
    ("image", image::judge),
    ("links", links::judge),
    ("markdown", markdown::judge),
    ("messages", messages::judge),
    ("secrets", secrets::judge),
    ("stream", stream::judge),
];

/// The parts of an input. A byte that no text holds keeps them apart, so that inputs can be read
/// and a part be of any length.
fn parts(input: &[u8]) -> Vec<&[u8]> {
    input.split(|byte| *byte == 0xff).collect()
}

/// The parts as texts, as many as there are; where one is missing it is empty.
fn texts<const N: usize>(input: &[u8]) -> [String; N] {
    let mut parts = parts(input).into_iter();
    std::array::from_fn(|_| String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned())
}

/// Holds a message for people to what all of them keep: short, and on one line in which nothing
/// steers a terminal or turns the text around.
fn judge_message(message: &str, most: usize) {
    let length = message.chars().count();
    assert!(length <= most, "{length} characters: {message}");
    let hidden = message.chars().find(|sign| gloss::text::is_hidden(*sign));
    assert_eq!(hidden, None, "{message:?}");
}
