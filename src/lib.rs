//! Gloss puts a language model into any editor that speaks the language server
//! protocol. This page is the crate's map; `ARCHITECTURE.md` has the long form.
//!
//! Arrows point one way, and `tests/architecture.rs` holds them:
//!
//! ```text
//! server, cli → engine → auth, telemetry, action, store, config → llm
//!             → prompt, answer, document, syntax, image → text
//! ```
//!
//! - [`text`] knows positions, ranges and differences, and nothing of documents.
//! - [`document`], [`syntax`], [`image`], [`prompt`] and [`answer`] are the pure
//!   core. None of them knows tokio; only [`image`] reads files.
//! - [`action`] holds one file an action: what it asks, what its answer becomes.
//! - [`auth`] finds the key when it is first needed, and keeps it where it is told to.
//! - [`llm`] is a prompt in, a stream of text and a usage out.
//! - [`store`] keeps the ledger and the descriptions; no text of the user's code.
//! - [`telemetry`] tells a company's own collector of usage, where one is set.
//! - [`engine`] takes one job from request to outcome, for both faces.
//! - [`server`] alone names the protocol; [`cli`] alone prints to a terminal.
//! - [`sim`] is the offline stand-in that speaks the same API on loopback.

#![cfg_attr(
    test,
    allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::float_cmp,
        clippy::items_after_statements,
        clippy::needless_for_each,
        reason = "tests are written for reading"
    )
)]
// Clippy knows no exception of these for tests.
#![cfg_attr(not(test), warn(clippy::string_slice, clippy::unreachable))]

// What judges the library's properties knows it as everybody does.
#[cfg(test)]
extern crate self as gloss;

pub mod action;
pub mod answer;
pub mod auth;
pub mod cli;
pub mod config;
pub mod document;
pub mod engine;
pub mod image;
#[cfg(test)]
#[path = "../tests/judges/mod.rs"]
pub mod judges;
pub mod llm;
pub mod prompt;
pub mod server;
pub mod sim;
pub mod store;
pub mod syntax;
pub mod telemetry;
pub mod text;
