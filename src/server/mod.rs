//! The language server: the only room that knows the protocol.
//!
//! A message's way: [`transport`] reads it and polls its handler in [`service`] once, the
//! handler takes what it needs from [`state`] before its first await, and what takes its
//! time becomes a job in [`run`]. No lock is held across an await, nothing on that way
//! reads a disk, and no handler waits for the editor.

mod alt_text;
mod answers;
mod apply;
mod argument;
mod capabilities;
mod code_actions;
mod code_lens;
mod commands;
mod configuration;
mod confirm;
mod connect;
mod context;
mod convert;
mod descriptions;
mod diagnostics;
mod explain_file;
mod explanation_document;
pub mod frames;
mod glosses;
mod hover;
mod inlay_hints;
mod job;
mod jobs;
mod lenient;
mod links;
mod memory;
mod moved;
mod note_commands;
mod notes;
mod outbox;
mod outcome;
mod parses;
mod process;
mod progress;
mod protocol;
mod renamed;
mod run;
mod say;
mod service;
mod state;
mod told;
mod traits;
pub mod transport;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

pub use connect::{Connection, Kind};
pub use transport::End;

use crate::config::Layers;
use crate::engine::work;
use crate::store::Store;
use service::Gloss;
use state::Shared;

/// How long the collector may take for what it was not told yet when the editor is gone.
const LAST_TOLD: Duration = Duration::from_secs(1);

/// How long the ledger may take for its last rows. They are written at once, unless another program
/// locks it, as one that copies it does for some seconds; nobody waits for this any more.
const LAST_ROWS: Duration = Duration::from_secs(10);

/// How long closing the ledger may hold up the end. What is in its log is as safe.
const CLOSING: Duration = Duration::from_secs(1);

/// Serves one editor until it leaves, or until `asked_to_end` resolves, to the exit code of a process
/// that was; returns the process's exit code.
///
/// # Errors
/// When the editor cannot be reached where it said it listens.
pub fn run(
    connection: &Connection,
    layers: Layers,
    asked_to_end: impl Future<Output = u8>,
) -> std::io::Result<u8> {
    memory::keep_little();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("gloss")
        .thread_keep_alive(work::KEEP_ALIVE)
        .enable_all()
        .build()?;
    let end = runtime.block_on(async {
        let (input, output) = connection.open().await?;
        let store = Store::new(crate::store::data_folder());
        let process = connection.client_process();
        let end = serve(layers, store, process, input, output, asked_to_end).await;
        Ok::<_, std::io::Error>(end)
    });
    // A blocking read of standard input cannot be interrupted, so nothing is waited for.
    runtime.shutdown_background();
    end.map(End::exit_code)
}

/// Serves one editor over any pair of streams until it leaves, jobs cancelled and booked.
pub async fn serve(
    layers: Layers,
    store: Store,
    client_process: Option<u32>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    asked_to_end: impl Future<Output = u8>,
) -> End {
    let outbox = transport::Outbox::default();
    let mut shared = None;
    let (service, socket) = tower_lsp::LspService::build(|client| {
        let made = Arc::new(Shared::new(client, outbox.clone(), layers, store.clone()));
        shared = Some(made.clone());
        Gloss::new(made)
    })
    .custom_method("window/workDoneProgress/cancel", Gloss::cancel_progress)
    .finish();
    let Some(shared) = shared else {
        return End::Gone {
            after_shutdown: false,
        };
    };
    if let Some(process) = client_process {
        shared.watch_editor(process);
    }
    let end = tokio::select! {
        end = transport::serve(service, socket, outbox, input, output) => end,
        () = shared.editor_died() => End::Gone { after_shutdown: false },
        code = shared.when_initialized(asked_to_end) => End::Stopped { code },
    };
    shared.jobs.cancel_all();
    shared.descriptions.cancel_all().await;
    shared.jobs.ended().await;
    let engine = shared.state().engine.clone();
    engine.tell_collector(LAST_TOLD).await;
    write_last_rows(&store).await;
    end
}

/// Waits until all rows are written and lie in the file itself, and says in the log how many could
/// not be.
async fn write_last_rows(store: &Store) {
    let _ = tokio::time::timeout(LAST_ROWS, store.flushed()).await;
    let lost = store.unwritten_rows();
    if lost > 0 {
        tracing::error!(
            "{lost} requests are missing from the ledger, which could not be written to the end"
        );
    }
    let _ = tokio::time::timeout(CLOSING, store.closed()).await;
}
