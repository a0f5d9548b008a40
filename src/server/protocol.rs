//! The protocol's types, gathered here so that moving to another release of them is one change.

pub use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
pub use tower_lsp::ls_types::notification::Notification;
pub use tower_lsp::ls_types::request::Request;
pub use tower_lsp::ls_types::*;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `RequestFailed` (LSP 3.17, "Error Codes").
pub const REQUEST_FAILED: i64 = -32803;

/// `gloss/stream`: the next piece of an explanation.
pub enum Stream {}

#[derive(Debug, Deserialize, Serialize)]
pub struct StreamParams {
    pub id: String,
    pub delta: String,
}

impl Notification for Stream {
    type Params = StreamParams;
    const METHOD: &'static str = "gloss/stream";
}

/// `gloss/finished`: exactly one for each job.
pub enum Finished {}

#[derive(Debug, Deserialize, Serialize)]
pub struct FinishedParams {
    pub id: String,
    pub command: String,
    pub uri: String,
    pub range: Range,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FinishedError>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FinishedError {
    pub code: i64,
    pub message: String,
}

impl Notification for Finished {
    type Params = FinishedParams;
    const METHOD: &'static str = "gloss/finished";
}

/// `gloss/status`: whether anything runs, and what today came to.
pub enum Status {}

impl Notification for Status {
    type Params = Value;
    const METHOD: &'static str = "gloss/status";
}

/// `gloss/context`: what the editor's other language servers know about a range.
pub enum Context {}

#[derive(Debug, Deserialize, Serialize)]
pub struct ContextParams {
    pub uri: Uri,
    pub range: Range,
}

impl Request for Context {
    type Params = ContextParams;
    /// Read as it comes: editors leave out what they have not.
    type Result = Value;
    const METHOD: &'static str = "gloss/context";
}

/// A command that was understood and came to nothing.
pub fn failed(message: &str) -> Error {
    Error {
        code: ErrorCode::ServerError(REQUEST_FAILED),
        message: message.to_owned().into(),
        data: None,
    }
}
