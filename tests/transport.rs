//! What the transport promises for any service: here one whose handlers do what ours must not.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::sync::{Arc, Mutex};

use gloss::server::frames;
use gloss::server::transport::{self, End, Outbox};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::sync::Notify;
use tower_lsp::ls_types::{
    DidChangeTextDocumentParams, DidOpenTextDocumentParams, Hover, HoverParams, InitializeParams,
    InitializeResult,
};
use tower_lsp::{LanguageServer, LspService, jsonrpc};

/// Handlers that panic, wait, and remember in which order they were begun.
#[derive(Clone, Default)]
struct Unruly {
    begun: Arc<Mutex<Vec<i32>>>,
    released: Arc<Notify>,
}

impl LanguageServer for Unruly {
    async fn initialize(&self, _: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }

    async fn did_open(&self, _: DidOpenTextDocumentParams) {
        panic!("in a notification");
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        self.begun
            .lock()
            .unwrap()
            .push(params.text_document.version);
        self.released.notified().await;
    }

    async fn hover(&self, params: HoverParams) -> jsonrpc::Result<Option<Hover>> {
        match params.text_document_position_params.position.line {
            0 => panic!("at once"),
            1 => {
                tokio::task::yield_now().await;
                panic!("later: {}", "with words");
            }
            2 => std::future::pending().await,
            _ => Ok(None),
        }
    }
}

struct Conversation {
    input: DuplexStream,
    output: BufReader<DuplexStream>,
    serving: tokio::task::JoinHandle<End>,
    unruly: Unruly,
}

impl Conversation {
    async fn begin() -> Self {
        let unruly = Unruly::default();
        let (service, socket) = LspService::new(|_| unruly.clone());
        let (input, far_input) = tokio::io::duplex(1024);
        let (far_output, output) = tokio::io::duplex(1024);
        let serving = tokio::spawn(transport::serve(
            service,
            socket,
            Outbox::default(),
            far_input,
            far_output,
        ));
        let mut conversation = Self {
            input,
            output: BufReader::new(output),
            serving,
            unruly,
        };
        conversation
            .ask(
                0,
                "initialize",
                json!({ "processId": null, "rootUri": null, "capabilities": {} }),
            )
            .await;
        conversation.next().await;
        conversation.say("initialized", json!({})).await;
        conversation
    }

    async fn ask(&mut self, id: i64, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
    }

    async fn say(&mut self, method: &str, params: Value) {
        self.send(json!({ "jsonrpc": "2.0", "method": method, "params": params }))
            .await;
    }

    async fn hover(&mut self, id: i64, line: u32) {
        let position = json!({ "line": line, "character": 0 });
        self.ask(
            id,
            "textDocument/hover",
            json!({ "textDocument": { "uri": "file:///a" }, "position": position }),
        )
        .await;
    }

    async fn change(&mut self, version: i32) {
        let versioned = json!({ "uri": "file:///a", "version": version });
        self.say(
            "textDocument/didChange",
            json!({ "textDocument": versioned, "contentChanges": [] }),
        )
        .await;
    }

    async fn send(&mut self, message: Value) {
        self.input
            .write_all(&frames::framed(message.to_string().as_bytes()))
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Value {
        serde_json::from_slice(&frames::read(&mut self.output).await.unwrap().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_panic_is_answered_and_the_conversation_goes_on() {
    let mut conversation = Conversation::begin().await;
    let document = json!({ "uri": "file:///a", "languageId": "x", "version": 1, "text": "" });
    conversation
        .say("textDocument/didOpen", json!({ "textDocument": document }))
        .await;
    for (id, line) in [(1, 0), (2, 1)] {
        conversation.hover(id, line).await;
        let answer = conversation.next().await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(id), &json!(-32603))
        );
        assert!(!answer.to_string().contains("words"), "{answer}");
    }
    conversation.hover(3, 9).await;
    assert_eq!(conversation.next().await["result"], Value::Null);
}

#[tokio::test]
async fn slow_notifications_begin_in_order_and_hold_up_nothing() {
    let mut conversation = Conversation::begin().await;
    for version in 0..200 {
        conversation.change(version).await;
    }
    conversation.hover(1, 9).await;
    assert_eq!(conversation.next().await["id"], 1);
    let begun = conversation.unruly.begun.lock().unwrap().clone();
    assert_eq!(begun, (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn waiting_calls_hold_up_neither_others_nor_their_cancel() {
    let mut conversation = Conversation::begin().await;
    for id in 1..=64 {
        conversation.hover(id, 2).await;
    }
    conversation.hover(65, 9).await;
    assert_eq!(conversation.next().await["id"], 65);
    for id in 1..=64 {
        conversation
            .say("$/cancelRequest", json!({ "id": id }))
            .await;
        let answer = conversation.next().await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&json!(id), &json!(-32800))
        );
    }
}

#[tokio::test]
async fn the_end_of_the_input_waits_for_no_call() {
    let mut conversation = Conversation::begin().await;
    conversation.hover(1, 2).await;
    drop(conversation.input);
    assert_eq!(
        conversation.serving.await.unwrap(),
        End::Gone {
            after_shutdown: false
        }
    );
}

#[tokio::test]
async fn exit_ends_it_with_a_call_under_way_and_the_input_open() {
    let mut conversation = Conversation::begin().await;
    conversation.hover(1, 2).await;
    conversation.ask(2, "shutdown", Value::Null).await;
    while conversation.next().await["id"] != 2 {}
    conversation.say("exit", Value::Null).await;
    assert_eq!(
        conversation.serving.await.unwrap(),
        End::Exit {
            after_shutdown: true
        }
    );
}

#[tokio::test]
async fn a_reader_that_never_reads_does_not_stop_what_is_read_from_it() {
    let mut conversation = Conversation::begin().await;
    // The pipe back holds 1 KiB; each of these is answered with a hundred bytes or so.
    for id in 1..=1_000 {
        conversation.hover(id, 9).await;
    }
    conversation.change(7).await;
    while conversation.unruly.begun.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    for id in 1..=1_000 {
        assert_eq!(conversation.next().await["id"], id);
    }
}
