//! Conversations with the real `gloss lsp`: what an editor says, and what comes back.

mod api;
mod documents;
mod editor;
mod hover;
mod jobs;
mod lifetime;
mod order;
