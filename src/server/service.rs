//! The protocol's methods, each a thin line to where the work is done.
//!
//! Notifications change the state without an await; requests take their snapshot before
//! their first one. [`super::transport`] explains why that keeps the order.

use serde_json::Value;
use tower_lsp::LanguageServer;

use super::protocol as lsp;
use super::state::{self, Server};
use super::{
    capabilities, code_actions, code_lens, commands, configuration, convert, diagnostics, hover,
    inlay_hints, memory, notes, outcome, transport,
};

/// The service that the framework routes to.
pub struct Gloss {
    server: Server,
}

impl Gloss {
    pub fn new(server: Server) -> Self {
        Self { server }
    }

    /// `window/workDoneProgress/cancel`, which the framework does not route by itself.
    #[allow(
        clippy::unused_async,
        reason = "the framework takes async handlers only"
    )]
    pub async fn cancel_progress(&self, params: lsp::WorkDoneProgressCancelParams) {
        let id = match params.token {
            lsp::NumberOrString::String(id) => id,
            lsp::NumberOrString::Number(id) => id.to_string(),
        };
        self.server.jobs.cancel(Some(&id));
    }
}

impl LanguageServer for Gloss {
    async fn initialize(
        &self,
        params: lsp::InitializeParams,
    ) -> lsp::Result<lsp::InitializeResult> {
        let traits = {
            let mut state = self.server.state();
            state.initialize(&params);
            state.traits
        };
        if let Some(process) = params.process_id {
            self.server.watch_editor(process);
        }
        Ok(lsp::InitializeResult {
            capabilities: capabilities::offered(traits),
            server_info: Some(lsp::ServerInfo {
                name: "gloss".into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
            ..lsp::InitializeResult::default()
        })
    }

    async fn initialized(&self, _: lsp::InitializedParams) {
        self.server.initialized();
        if self.server.state().traits.stream {
            tokio::spawn(outcome::follow_status(self.server.clone()));
        }
        let server = self.server.clone();
        tokio::spawn(async move {
            // However long it takes: its settings may say that no connection is to be warmed.
            configuration::begin(server.clone()).await;
            let engine = server.state().engine.clone();
            engine.warm().await;
        });
        if self.server.state().traits.watches_files {
            tokio::spawn(diagnostics::watch_images(self.server.clone()));
        }
        self.server.say_notices().await;
    }

    async fn shutdown(&self) -> lsp::Result<()> {
        self.server.jobs.cancel_all();
        self.server.descriptions.cancel_all().await;
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        let mut state = self.server.state();
        // One that is open already is closed by it.
        state.answers.close(document.uri.as_str());
        state.glosses.close(document.uri.as_str());
        state.documents.open(
            document.uri.as_str(),
            &document.language_id,
            document.version,
            &document.text,
        );
        drop(state);
        diagnostics::opened(&self.server, document.uri.as_str());
        notes::opened(&self.server, document.uri.as_str());
        // So that the menu knows what the workspace's own file says.
        let server = self.server.clone();
        tokio::spawn(async move {
            configuration::engine_at(&server, document.uri.as_str(), None).await;
        });
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let changes: Vec<_> = params
            .content_changes
            .into_iter()
            .map(convert::content_change)
            .collect();
        let uri = params.text_document.uri;
        let mut state = self.server.state();
        let encoding = state.traits.encoding;
        if !state.documents.change(
            uri.as_str(),
            params.text_document.version,
            &changes,
            encoding,
        ) {
            tracing::warn!("a change of a document that is not open was ignored");
        }
        let now = state.snapshot(uri.as_str());
        drop(state);
        self.server.jobs.document_changed();
        if let Some(now) = now.filter(|now| now.typed.is_unchecked()) {
            state::compare_soon(&self.server, now);
        }
        diagnostics::changed(&self.server, uri.as_str());
        notes::changed(&self.server, uri.as_str());
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        let mut state = self.server.state();
        state.documents.close(uri.as_str());
        state.glosses.close(uri.as_str());
        state.answers.close(uri.as_str());
        state.configuration.forget(uri.as_str());
        drop(state);
        self.server.trees.forget(uri.as_str());
        self.server.links.forget(uri.as_str());
        self.server.jobs.document_changed();
        diagnostics::closed(&self.server, uri.as_str());
        memory::give_back_soon();
    }

    async fn did_save(&self, _: lsp::DidSaveTextDocumentParams) {
        diagnostics::all_changed(&self.server);
    }

    async fn did_change_watched_files(&self, _: lsp::DidChangeWatchedFilesParams) {
        tokio::spawn(configuration::refresh(self.server.clone()));
        diagnostics::all_changed(&self.server);
    }

    async fn hover(&self, params: lsp::HoverParams) -> lsp::Result<Option<lsp::Hover>> {
        let at = params.text_document_position_params;
        hover::hover(&self.server, at.text_document.uri.as_str(), at.position).await
    }

    async fn code_lens(
        &self,
        params: lsp::CodeLensParams,
    ) -> lsp::Result<Option<Vec<lsp::CodeLens>>> {
        code_lens::lenses(&self.server, params.text_document.uri.as_str()).await
    }

    async fn inlay_hint(
        &self,
        params: lsp::InlayHintParams,
    ) -> lsp::Result<Option<Vec<lsp::InlayHint>>> {
        let hints = inlay_hints::hints(&self.server, params).await?;
        Ok(transport::written(hints))
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> lsp::Result<Option<lsp::CodeActionResponse>> {
        code_actions::offered(&self.server, params).await
    }

    async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> lsp::Result<Option<Value>> {
        commands::execute(&self.server, &params.command, params.arguments).await
    }

    async fn did_change_configuration(&self, params: lsp::DidChangeConfigurationParams) {
        configuration::changed(&self.server, state::section(params.settings)).await;
        configuration::redraw(&self.server);
    }

    async fn did_change_workspace_folders(&self, params: lsp::DidChangeWorkspaceFoldersParams) {
        self.server.state().change_folders(&params.event);
        diagnostics::all_changed(&self.server);
    }
}
