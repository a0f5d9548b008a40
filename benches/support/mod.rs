//! What the benchmarks share: an editor that drives a server over stdio, texts, and how figures are
//! taken.

#![allow(dead_code, reason = "each benchmark uses a part")]

pub mod editor;
pub mod measure;
pub mod texts;

/// The program that is measured: the one built for this, or that of `GLOSS_PROGRAM`, as `cargo build
/// --release` or an installation made it. What tests need gives its functions other names than the
/// order of linking knows them by, so that only the latter holds as little memory as it is to.
pub fn program() -> std::ffi::OsString {
    std::env::var_os("GLOSS_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_gloss").into())
}
