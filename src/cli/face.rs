//! What the commands share: an engine by the configuration, a runtime, and a word on progress.

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::{AskArgs, WrongUsage};
use super::{output, signals};
use crate::config::{ConfigFile, Layers, Notice, Resolved};
use crate::engine::{Engine, Heard, JobError, Prepared, usd};
use crate::prompt::Prompt;
use crate::store::{Store, data_folder};
use crate::text::{visible, visible_lines};

/// How long the ledger may take for the last row: as long as a program that copies it may lock it.
const LAST_ROW: Duration = Duration::from_secs(6);

/// How long closing the ledger may hold up the end, for which a person waits. What is in its log is
/// as safe.
const CLOSING: Duration = Duration::from_millis(100);

/// How long what goes on in the background may hold up the end.
const BACKGROUND: Duration = Duration::from_secs(1);

/// The layers as they stand outside of any editor.
pub fn layers(flags: Vec<(&'static str, Value)>) -> Layers {
    Layers {
        policy: ConfigFile::of_administrator(),
        user_file: ConfigFile::of_user(),
        editor: Value::Null,
        // Values that are no Unicode are none of ours.
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        flags,
    }
}

/// An engine by the configuration and these flags, `--model` for the setting of that name;
/// what is wrong with them is said.
pub fn engine(ask: &AskArgs, model: &'static str) -> Engine {
    let layers = layers(flags(ask, model));
    let resolved = layers.resolve();
    say_faults(&resolved);
    Engine::new(
        resolved.settings,
        &layers.environment,
        Store::new(data_folder()),
    )
}

/// An engine by the configuration alone.
pub fn plain_engine() -> Engine {
    let none = AskArgs {
        model: None,
        dry_run: false,
        exact: false,
    };
    engine(&none, "model")
}

/// An engine for one workspace, and what it was made of. Nothing is said of what is wrong.
pub fn engine_of(workspace: &Path) -> (Engine, Resolved) {
    let layers = layers(Vec::new());
    let resolved = layers.resolve_in(&ConfigFile::of_workspace(workspace));
    let settings = resolved.settings.clone();
    let engine = Engine::new(settings, &layers.environment, Store::new(data_folder()));
    (engine, resolved)
}

/// The same engine by what the workspace's own file says as well.
pub fn engine_in(engine: &Engine, ask: &AskArgs, model: &'static str, workspace: &Path) -> Engine {
    let own = ConfigFile::of_workspace(workspace);
    let resolved = layers(flags(ask, model)).resolve_in(&own);
    say_faults(&resolved);
    engine.for_workspace(resolved.settings)
}

fn flags(ask: &AskArgs, model: &'static str) -> Vec<(&'static str, Value)> {
    ask.model.iter().map(|id| (model, json!(id))).collect()
}

/// What was said of the configuration.
static SAID: Mutex<BTreeSet<Notice>> = Mutex::new(BTreeSet::new());

/// What is wrong with the configuration, each thing once.
fn say_faults(resolved: &Resolved) {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    for notice in &resolved.notices {
        if said.insert(notice.clone()) {
            note(&format!("gloss: {notice}"));
        }
    }
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
            _ = signals::asked_to_end() => Err(anyhow::anyhow!("interrupted")),
        }
    });
    // What was asked for has been shown; the list of prices comes once a day.
    runtime.block_on(async {
        tokio::select! {
            () = engine.settle(BACKGROUND) => {}
            _ = signals::asked_to_end() => {}
        }
    });
    // An image that is still being decoded is not waited for.
    runtime.shutdown_background();
    if !engine.store().flush(LAST_ROW) {
        note("gloss: this request is missing from the ledger");
    }
    engine.store().close(CLOSING);
    say_notices(engine.store());
    for notice in engine.take_notices() {
        note(&format!("gloss: {notice}"));
    }
    done
}

/// What the ledger has to say.
pub fn say_notices(store: &Store) {
    for notice in store.take_notices() {
        note(&format!("gloss: {notice}"));
    }
}

/// What went wrong, in one line. What is wrong with the configuration may have been said before.
pub fn say_error(error: &anyhow::Error) {
    if let Some(JobError::Configuration(why)) = error.downcast_ref() {
        let said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        if said.iter().any(|notice| notice.to_string() == *why) {
            return note("gloss: nothing was sent");
        }
    }
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
        Heard::Text(_) | Heard::Kept(_) | Heard::Cut(_) | Heard::StandIn | Heard::Done { .. } => {}
    }
}

/// Which of many is worked on now, on a terminal only.
pub fn say_place(number: usize, count: usize, name: &str) {
    if std::io::stderr().is_terminal() {
        note(&format!("{number} of {count}: {}", visible(name)));
    }
}

/// Whether the person agrees to what would be done, such as `delete 3 requests`. Waits for them.
///
/// # Errors
/// When there is nobody to ask.
pub fn agreed(what: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let words = format!("this would {what}: repeat it with --yes");
        return Err(WrongUsage(words).into());
    }
    let mut error = std::io::stderr();
    write!(error, "Really {what}? [y/N] ")?;
    error.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Words on standard error, in which nothing steers a terminal.
pub fn note(words: &str) {
    let _ = writeln!(std::io::stderr(), "{}", visible_lines(words));
}

/// How many tokens a prompt is.
pub enum Count {
    Estimated(u64),
    /// By the API's tokenizer; images are estimated in any case.
    Exact(u64),
}

/// The tokens of a prompt, counted by the API where that is asked for and can be done.
pub async fn count(engine: &Engine, ask: &AskArgs, model: &str, prompt: &Prompt) -> Count {
    if ask.exact {
        match engine.count_tokens(model, prompt).await {
            Ok(tokens) => return Count::Exact(tokens),
            Err(error) => note(&format!(
                "gloss: no exact count, so the figure is an estimate: {}",
                visible(&error.to_string())
            )),
        }
    }
    Count::Estimated(prompt.tokens())
}

/// What would be sent, with tokens and price; `most` is what the answer may have, in tokens.
pub fn show_prompt(
    engine: &Engine,
    model: &str,
    prompt: &Prompt,
    most: u32,
    count: &Count,
) -> anyhow::Result<()> {
    let mut out = output::plain();
    writeln!(out, "{}", visible_lines(&prompt.to_plain_text()))?;
    let (Count::Estimated(tokens) | Count::Exact(tokens)) = count;
    let estimate = engine.estimate_of(model, *tokens, most);
    let price = match (estimate.prompt_ticks, estimate.ticks) {
        (Some(prompt), Some(both)) => format!(
            "{} for the prompt, about {} with the answer",
            usd(prompt),
            usd(both)
        ),
        _ => "no price known".into(),
    };
    let (counted, sent) = match (count, prompt.image_tokens()) {
        (Count::Estimated(_), _) => (format!("about {tokens} tokens"), "nothing was sent"),
        (Count::Exact(_), 0) => (
            format!("{tokens} tokens by the API's tokenizer"),
            "nothing was sent but the text, to be counted",
        ),
        (Count::Exact(_), images) => (
            format!("{tokens} tokens, the text by the API's tokenizer, its image about {images}"),
            "nothing was sent but the text, to be counted",
        ),
    };
    writeln!(out, "\n---\n{model}: {counted}, {price}; {sent}.")?;
    Ok(out.flush()?)
}

/// Shows what a job on code would send.
///
/// # Errors
/// When it cannot be printed, or was interrupted.
pub fn show_dry_run(engine: &Engine, ask: &AskArgs, prepared: &Prepared) -> anyhow::Result<()> {
    let (model, prompt) = (&engine.settings().model, &prepared.prompt);
    engine.prices().load_now(engine.store());
    let count = if ask.exact {
        run(engine, async {
            Ok(count(engine, ask, model, prompt).await)
        })?
    } else {
        Count::Estimated(prompt.tokens())
    };
    show_prompt(engine, model, prompt, prepared.max_output_tokens, &count)
}
