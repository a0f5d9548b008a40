//! What the commands share: an engine by the configuration, a runtime, and a word on progress.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::AskArgs;
use crate::config::{self, Layers};
use crate::engine::{Engine, Heard};
use crate::llm::{Usage, models};
use crate::prompt::Prompt;
use crate::store::{Store, data_folder};

/// How long the ledger may take for the last row.
const LAST_ROW: Duration = Duration::from_secs(2);

/// The layers as they stand outside of any editor.
pub fn layers(flags: Vec<(&'static str, Value)>) -> Layers {
    Layers {
        user_file: config::user_file(),
        editor: Value::Null,
        // Values that are no Unicode are none of ours.
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect::<BTreeMap<_, _>>(),
        flags,
    }
}

/// An engine by the configuration and these flags; what is wrong with them is said.
pub fn engine(ask: &AskArgs) -> Engine {
    let flags = ask
        .model
        .iter()
        .map(|model| ("model", json!(model)))
        .collect();
    let layers = layers(flags);
    let resolved = layers.resolve();
    for notice in &resolved.notices {
        note(&format!("gloss: {notice}"));
    }
    Engine::new(
        resolved.settings,
        &layers.environment,
        Store::new(data_folder()),
    )
}

/// Runs one job to its end, or until the person interrupts it; its row is written either way.
///
/// # Errors
/// The job's own, or that it was interrupted.
pub fn run<T>(engine: &Engine, job: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = job => done,
            _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
        }
    });
    engine.store().flush(LAST_ROW);
    for notice in engine.store().take_notices() {
        note(&format!("gloss: {notice}"));
    }
    done
}

/// What is said on standard error while a job runs, on a terminal only.
pub fn say_progress(heard: &Heard) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    match heard {
        Heard::Queued => note("waiting for a turn…"),
        Heard::Asked { prompt_tokens } => note(&format!("asked, about {prompt_tokens} tokens…")),
        Heard::Waiting { seconds, why } => note(&format!("{why}; trying again in {seconds} s…")),
        Heard::Text(_) => {}
    }
}

/// A line on standard error.
pub fn note(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// What would be sent, with tokens and price.
pub fn show_prompt(engine: &Engine, model: &str, prompt: &Prompt) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", prompt.to_plain_text())?;
    let tokens = prompt.tokens();
    let usage = Usage {
        prompt_tokens: tokens,
        ..Usage::default()
    };
    let price = models::cost_usd(model, &usage, &engine.prices()).map_or_else(
        || "no price known".into(),
        |usd| format!("${usd:.5} for the prompt"),
    );
    writeln!(
        out,
        "\n---\n{model}: about {tokens} tokens, {price}; nothing was sent."
    )?;
    Ok(())
}
