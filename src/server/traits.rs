//! What the client can do, as plain values.

use serde_json::Value;

use super::{convert, protocol as lsp};
use crate::text::Encoding;

/// What this client can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    pub encoding: Encoding,
    /// Takes `window/workDoneProgress/create`.
    pub progress: bool,
    /// Takes versioned `documentChanges`.
    pub document_changes: bool,
    /// Shows an edit that wants to be confirmed before it applies it.
    pub change_annotations: bool,
    /// Takes `workspace/applyEdit` at all.
    pub apply_edit: bool,
    /// Takes outcomes as data: `gloss/stream`, `gloss/finished`, `gloss/status`.
    pub stream: bool,
    /// Answers `gloss/context`.
    pub context: bool,
    /// Answers `workspace/configuration`.
    pub tells_configuration: bool,
    /// Tells of changes of its configuration once it is asked to.
    pub registers_configuration: bool,
    /// Watches files once it is asked to.
    pub watches_files: bool,
    /// Watches files outside of its workspace folders, too.
    pub watches_elsewhere: bool,
    /// Takes `window/showDocument`.
    pub shows_documents: bool,
    /// Takes `workspace/inlayHint/refresh`.
    pub refreshes_hints: bool,
    /// Takes `workspace/codeLens/refresh`.
    pub refreshes_lenses: bool,
}

impl Traits {
    pub fn of(capabilities: &lsp::ClientCapabilities) -> Self {
        let window = capabilities.window.as_ref();
        let workspace = capabilities.workspace.as_ref();
        Self {
            encoding: convert::encoding(
                capabilities
                    .general
                    .as_ref()
                    .and_then(|general| general.position_encodings.as_deref()),
            ),
            progress: window
                .and_then(|window| window.work_done_progress)
                .unwrap_or(false),
            document_changes: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref()?.document_changes)
                .unwrap_or(false),
            change_annotations: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .is_some_and(|edit| edit.change_annotation_support.is_some()),
            apply_edit: workspace
                .and_then(|workspace| workspace.apply_edit)
                .unwrap_or(false),
            stream: is_offered(capabilities, "/gloss/stream"),
            context: is_offered(capabilities, "/gloss/context"),
            tells_configuration: workspace
                .and_then(|workspace| workspace.configuration)
                .unwrap_or(false),
            registers_configuration: workspace
                .and_then(|workspace| workspace.did_change_configuration?.dynamic_registration)
                .unwrap_or(false),
            watches_files: workspace
                .and_then(|workspace| workspace.did_change_watched_files?.dynamic_registration)
                .unwrap_or(false),
            watches_elsewhere: workspace
                .and_then(|workspace| {
                    let watching = workspace.did_change_watched_files?;
                    watching.relative_pattern_support
                })
                .unwrap_or(false),
            shows_documents: window
                .and_then(|window| window.show_document.as_ref())
                .is_some_and(|show| show.support),
            refreshes_hints: workspace
                .and_then(|workspace| workspace.inlay_hint.as_ref()?.refresh_support)
                .unwrap_or(false),
            refreshes_lenses: workspace
                .and_then(|workspace| workspace.code_lens.as_ref()?.refresh_support)
                .unwrap_or(false),
        }
    }
}

/// Whether the client says that it has what only Gloss asks for.
fn is_offered(capabilities: &lsp::ClientCapabilities, pointer: &str) -> bool {
    let experimental = capabilities.experimental.as_ref();
    experimental.and_then(|experimental| experimental.pointer(pointer)) == Some(&Value::Bool(true))
}
