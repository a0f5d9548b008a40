//! What `workspace/executeCommand` takes: arguments checked before anything begins.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::argument::Argument;
use super::job::Kind;
use super::state::{Server, place};
use super::{
    alt_text, configuration, context, explain_file, links, note_commands, protocol as lsp, run,
    transport,
};
use crate::document::Snapshot;
use crate::engine::{CodeJob, Engine, Estimate, JobError, State, work};
use crate::llm::models::dollars;
use crate::prompt::Prompt;
use crate::store::{By, Query};

/// The commands, as `executeCommandProvider` lists them.
pub const NAMES: [&str; 15] = [
    "gloss.cancel",
    "gloss.clearNotes",
    "gloss.describeImage",
    "gloss.doctor",
    "gloss.explain",
    "gloss.explainFile",
    "gloss.fix",
    "gloss.noteToComment",
    "gloss.notes",
    "gloss.preview",
    "gloss.refactor",
    "gloss.run",
    "gloss.usage",
    "gloss.writeAllAltText",
    "gloss.writeAltText",
];

/// Runs a command, or begins the job it stands for. Everything up to the first await
/// happens in the order of the messages.
pub async fn execute(
    server: &Server,
    command: &str,
    arguments: Vec<Value>,
) -> lsp::Result<Option<Value>> {
    if !NAMES.contains(&command) {
        return Err(lsp::Error::invalid_params(format!(
            "unknown command `{command}`; Gloss has {}",
            NAMES.join(", ")
        )));
    }
    let argument = Argument::of(arguments)?.for_command(command);
    if let Some(kind) = kind(server, command, &argument)? {
        return run::start(server, kind, argument, transport::answered()).map(Some);
    }
    match command {
        "gloss.cancel" => {
            server.jobs.cancel(argument.id.as_deref());
            Ok(None)
        }
        "gloss.doctor" => Ok(Some(doctor(server).await)),
        "gloss.clearNotes" => note_commands::clear(server, &argument).await.map(|()| None),
        "gloss.notes" => note_commands::list(server, &argument).await.map(Some),
        "gloss.usage" => usage(server).await.map(Some),
        "gloss.preview" => preview(server, argument).await.map(Some),
        _ => Err(lsp::Error::internal_error()),
    }
}

fn kind(server: &Server, command: &str, argument: &Argument) -> lsp::Result<Option<Kind>> {
    let state = server.state();
    let own = argument
        .uri
        .as_deref()
        .and_then(|uri| state.engine_for(uri));
    let engine = own.as_ref().map_or(&state.engine, |own| &own.engine);
    Kind::of(command, argument, engine.settings())
}

/// What would be sent, for a person to read before anything is.
async fn preview(server: &Server, argument: Argument) -> lsp::Result<Value> {
    let command = argument.command.clone().unwrap_or_default();
    let inner = Argument::of(argument.previewed.into_iter().collect())?.for_command(&command);
    let kind = kind(server, &command, &inner)?.ok_or_else(|| {
        lsp::Error::invalid_params(
            "`command` should be one that asks a model, such as gloss.explain, gloss.refactor or gloss.describeImage",
        )
    })?;
    let (snapshot, selection) = inner.subject(server)?;
    let (own, folders, encoding) = {
        let state = server.state();
        (
            state.engine_for(&snapshot.uri),
            state.folders.clone(),
            state.traits.encoding,
        )
    };
    let engine = configuration::engine_at(server, &snapshot.uri, own).await;
    if kind == Kind::ExplainFile {
        return explain_file::preview(server, &engine, snapshot, folders).await;
    }
    if matches!(kind, Kind::WriteAltText | Kind::WriteAllAltText) {
        let all = kind == Kind::WriteAllAltText;
        return alt_text::preview(server, &engine, &snapshot, &selection, all).await;
    }
    let settings = engine.settings();
    let (prompt, model) = match kind {
        Kind::Describe => (
            image_prompt(server, &engine, &snapshot, selection.start, folders).await,
            settings.vision_model(),
        ),
        Kind::NoteToComment | Kind::ExplainFile | Kind::WriteAltText | Kind::WriteAllAltText => {
            return Err(lsp::Error::invalid_params(
                "gloss.noteToComment sends nothing, so there is nothing to preview",
            ));
        }
        Kind::Code(task) => {
            let open = context::open_beside(server, &snapshot);
            let hints = context::hints(server, &engine, &snapshot, &selection).await;
            let syntax = server.trees.known(&snapshot);
            let job = move || {
                let place = place(&snapshot.uri, &folders);
                CodeJob {
                    syntax,
                    open: context::neighbours(open, &folders),
                    hints,
                    ..inner.code_job(task, snapshot, selection, place, encoding)
                }
            };
            (code_prompt(&engine, job).await, &*settings.model)
        }
    };
    let prompt = prompt.map_err(|error| lsp::failed(&error.to_string()))?;
    engine.load_prices().await;
    let estimate = engine.estimate(model, &prompt, 0);
    Ok(previewed([&prompt], &estimate))
}

/// Prompts as `gloss.preview` answers them, and what they come to.
pub fn previewed<'p>(prompts: impl IntoIterator<Item = &'p Prompt>, estimate: &Estimate) -> Value {
    let prompts = prompts.into_iter().map(Prompt::to_plain_text);
    json!({
        "prompt": prompts.collect::<Vec<_>>().join("\n\n"),
        "tokens": estimate.prompt_tokens,
        "cost_usd": estimate.prompt_ticks.map(dollars),
    })
}

async fn code_prompt(
    engine: &Engine,
    job: impl FnOnce() -> CodeJob + Send + 'static,
) -> Result<Prompt, JobError> {
    let engine = engine.clone();
    // Not soon done: it parses, and looks through the workspace.
    let prepared = work::for_job(move || engine.heeding(job()));
    let prepared = prepared.await.ok_or(JobError::Internal)?;
    let (_, prepared) = prepared?;
    Ok(prepared.prompt)
}

async fn image_prompt(
    server: &Server,
    engine: &Engine,
    snapshot: &Snapshot,
    offset: usize,
    folders: Vec<PathBuf>,
) -> Result<Prompt, JobError> {
    let link = links::link_at(server, snapshot, offset, links::LONG).await;
    let link = link.ok_or(JobError::NoImage)?;
    let job = links::image_job(snapshot, &link, folders).await;
    engine
        .prepare_description(job.ok_or(JobError::Internal)?)
        .await
}

/// What stands between a person and an answer, as on the command line; in a line, too, for a client
/// that shows no data.
async fn doctor(server: &Server) -> Value {
    let (engine, resolved, stream) = {
        let state = server.state();
        let resolved = state.configuration.resolved();
        (state.engine.clone(), resolved, state.traits.stream)
    };
    let diagnosis = engine.diagnose(resolved).await;
    if !stream {
        let failed = diagnosis
            .checks
            .iter()
            .filter(|check| check.state == State::Failure);
        let failed: Vec<_> = failed.map(|check| check.told.as_str()).collect();
        let (kind, line) = if failed.is_empty() {
            (
                lsp::MessageType::INFO,
                "Gloss: all is well. `gloss doctor` says more.".into(),
            )
        } else {
            (
                lsp::MessageType::WARNING,
                format!("Gloss: {}", failed.join("; ")),
            )
        };
        let server = server.clone();
        tokio::spawn(async move { server.say(kind, &line).await });
    }
    diagnosis.to_json()
}

/// The ledger as on the command line; in a line, too, for a client that shows no data.
async fn usage(server: &Server) -> lsp::Result<Value> {
    let (store, stream) = {
        let state = server.state();
        (state.engine.store().clone(), state.traits.stream)
    };
    let query = Query {
        workspace: None,
        since: None,
        by: By::Workspace,
    };
    let report = store
        .report(query)
        .await
        .map_err(|error| lsp::failed(&error.to_string()))?;
    let report = serde_json::to_value(report).map_err(|_| lsp::Error::internal_error())?;
    if !stream {
        let total = |name: &str| {
            report
                .pointer(&format!("/total/{name}"))
                .cloned()
                .unwrap_or_default()
        };
        let line = format!(
            "Gloss so far: {} requests, {} tokens, ${:.4}. `gloss usage` has it by workspace, day, model and action.",
            total("requests"),
            total("total_tokens"),
            total("cost_usd").as_f64().unwrap_or(0.0)
        );
        let server = server.clone();
        tokio::spawn(async move { server.say(lsp::MessageType::INFO, &line).await });
    }
    Ok(report)
}
