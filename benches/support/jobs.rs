//! What jobs about code are made of, without an editor.

use std::sync::Arc;

use gloss::config::{Environment, Settings};
use gloss::document::Snapshot;
use gloss::engine::Engine;
use gloss::store::Store;
use gloss::syntax::Language;
use ropey::Rope;

pub fn engine(max_prompt_tokens: u64) -> Engine {
    let settings = Settings {
        max_prompt_tokens,
        ..Settings::default()
    };
    Engine::new(settings, &Environment::new(), Store::new(None))
}

pub fn snapshot(text: &str, language: Language) -> Snapshot {
    Snapshot {
        uri: Arc::from(""),
        language_id: Arc::from(language.fence()),
        language: Some(language),
        version: 0,
        text: Rope::from_str(text),
        typed: Arc::default(),
    }
}
