//! What the benchmarks share: an editor that drives a server over stdio, texts, and how figures are
//! taken.

#![allow(dead_code, reason = "each benchmark uses a part")]

pub mod editor;
pub mod measure;
pub mod texts;
