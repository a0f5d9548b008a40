//! What the commands share: an engine by the configuration, a runtime, and a word on progress.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::AskArgs;
use super::{output, signals};
use crate::config::{self, Layers};
use crate::engine::{Engine, Heard};
use crate::llm::{Usage, models};
use crate::prompt::Prompt;
use crate::store::{Store, data_folder};
use crate::text::{visible, visible_lines};

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

/// An engine by the configuration and these flags, `--model` for the setting of that name;
/// what is wrong with them is said.
pub fn engine(ask: &AskArgs, model: &'static str) -> Engine {
    let flags = ask.model.iter().map(|id| (model, json!(id))).collect();
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

/// Runs a command's jobs to their end, or until it is asked to end; their rows are written
/// either way.
///
/// # Errors
/// The jobs' own, or that they were interrupted.
pub fn run<T>(engine: &Engine, job: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = job => done,
            () = signals::asked_to_end() => Err(anyhow::anyhow!("interrupted")),
        }
    });
    // An image that is still being decoded is not waited for.
    runtime.shutdown_background();
    if !engine.store().flush(LAST_ROW) {
        note("gloss: this request is missing from the ledger");
    }
    say_notices(engine.store());
    done
}

/// What the ledger has to say.
pub fn say_notices(store: &Store) {
    for notice in store.take_notices() {
        note(&format!("gloss: {notice}"));
    }
}

/// What went wrong, in one line.
pub fn say_error(error: &anyhow::Error) {
    note(&format!("gloss: {}", visible(&format!("{error:#}"))));
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

/// Words on standard error, in which nothing steers a terminal.
pub fn note(words: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible_lines(words));
}

/// What would be sent, with tokens and price.
pub fn show_prompt(engine: &Engine, model: &str, prompt: &Prompt) -> anyhow::Result<()> {
    let mut out = output::plain();
    writeln!(out, "{}", visible_lines(&prompt.to_plain_text()))?;
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
    Ok(out.flush()?)
}
