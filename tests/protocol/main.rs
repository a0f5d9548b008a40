//! Conversations with the real `gloss lsp`: what an editor says, and what comes back.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod alt_text;
mod api;
mod budget;
mod configuration;
mod confirm;
mod context;
mod crash;
mod deltas;
mod diagnostics;
mod documents;
mod editor;
mod explain_file;
mod hover;
mod jobs;
mod keys;
mod ledger;
mod lifetime;
mod moving;
mod notes;
mod order;
mod policy;
mod prefix;
mod problems;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod soak;
#[cfg(target_os = "linux")]
mod start;
mod strangers;
mod written;

use gloss::llm::Wire;

/// The wire that all of it goes by: these files are compiled once for each.
const WIRE: Wire = match env!("CARGO_CRATE_NAME").as_bytes() {
    b"protocol" => Wire::Chat,
    _ => Wire::Responses,
};
