//! Carries messages between the editor and the service: in order, past panics, to a right end.
//!
//! The framework's own loop is not used, for three reasons its tests show: a message that
//! is no JSON ends it, its answers and its own requests leave in no fixed order, and a
//! reader that waits for a writer stands still. `tests/transport.rs` and
//! `tests/protocol/` hold each promise.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::oneshot;
use tower::Service;
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};
use tower_lsp::{ClientSocket, LanguageServer, LspService};

use super::frames;
use super::lenient;
pub use super::outbox::Outbox;

/// How long calls that are under way may take to answer once the input has ended.
const GRACE: Duration = Duration::from_millis(500);

tokio::task_local! {
    static CALL: RefCell<Handled>;
}

/// What a handler leaves for whoever called it.
#[derive(Default)]
struct Handled {
    /// Told once the answer stands in line.
    answered: Option<oneshot::Sender<()>>,
    /// The result as JSON, in the place of the one that the handler gives back.
    written: Option<Vec<u8>>,
}

/// Resolves once the answer to the call that is being handled stands in line to be written.
/// Whatever is sent after that reaches the editor after the answer.
///
/// Must be asked for before the handler's first await.
pub fn answered() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    let _ = CALL.try_with(|call| call.borrow_mut().answered.replace(sender));
    receiver
}

/// Writes the result of the call that is being handled as JSON; gives back an empty one, for the
/// framework, which makes a tree of values of it before that is written. Of a long list this is
/// most of its time.
pub fn written<T: Serialize + Default>(result: T) -> T {
    let Ok(bytes) = serde_json::to_vec(&result) else {
        return result;
    };
    match CALL.try_with(|call| call.borrow_mut().written.replace(bytes)) {
        Ok(_) => T::default(),
        Err(_) => result,
    }
}

/// Why the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The editor said `exit`; whether it had said `shutdown` before.
    Exit { after_shutdown: bool },
    /// The input ended or broke, or nobody reads the output.
    Gone { after_shutdown: bool },
    /// Somebody else asked the process to end, which does so with this code.
    Stopped { code: u8 },
}

impl End {
    /// 0 after `shutdown`, else 1 (LSP 3.17, "Exit Notification"), where it is the editor's to say.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Exit { after_shutdown } | Self::Gone { after_shutdown } => {
                u8::from(!after_shutdown)
            }
            Self::Stopped { code } => code,
        }
    }
}

/// Serves until the editor says `exit` or is gone; what is for it waits in `outbox`.
///
/// Each message's handler is polled once before the next message is read. So a handler that
/// changes state, or takes its snapshot, before its first await sees exactly the messages
/// that came before its own; what it does after that runs beside the others.
pub async fn serve<S: LanguageServer>(
    mut service: LspService<S>,
    socket: ClientSocket,
    outbox: Outbox,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> End {
    let mut writer = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.write_to(output).await }
    });
    let (mut requests, responses) = socket.split();
    let sender = tokio::spawn({
        let outbox = outbox.clone();
        async move {
            while let Some(request) = requests.next().await {
                outbox.comfortable().await;
                if !send(&outbox, &request) {
                    break;
                }
            }
        }
    });
    let mut calls = tokio::task::JoinSet::new();
    let end = tokio::select! {
        end = receive(&mut service, responses, input, &outbox, &mut calls) => end,
        _ = &mut writer => End::Gone {
            after_shutdown: false,
        },
    };
    // What is under way may still answer; nothing waits for an editor that is not there.
    let _ = tokio::time::timeout(GRACE, async {
        while calls.join_next().await.is_some() {}
        outbox.empty().await;
    })
    .await;
    calls.abort_all();
    sender.abort();
    // What listens at the other end hears that this was all.
    writer.abort();
    end
}

async fn receive<S: LanguageServer>(
    service: &mut LspService<S>,
    mut responses: impl futures::Sink<Response> + Unpin,
    input: impl AsyncRead + Unpin,
    outbox: &Outbox,
    calls: &mut tokio::task::JoinSet<()>,
) -> End {
    let mut input = BufReader::with_capacity(16 * 1024, input);
    let mut after_shutdown = false;
    loop {
        let body = match frames::read(&mut input).await {
            Ok(Some(body)) => body,
            Ok(None) => return End::Gone { after_shutdown },
            Err(error) => {
                tracing::error!("the editor's messages cannot be read any more: {error}");
                return End::Gone { after_shutdown };
            }
        };
        while calls.try_join_next().is_some() {}
        match parsed(&body) {
            Message::Request(request) if is_optional(&request) => {
                let id = request.id().cloned().unwrap_or_default();
                send(outbox, &Response::from_error(id, Error::method_not_found()));
            }
            Message::Request(request) => {
                let leaves = request.method() == "exit";
                after_shutdown |= request.method() == "shutdown";
                handle(service, *request, outbox, calls).await;
                if leaves {
                    return End::Exit { after_shutdown };
                }
            }
            Message::Response(response) => {
                let _ = responses.send(*response).await;
            }
            Message::Broken(id, error) => {
                send(outbox, &Response::from_error(id, error));
            }
        }
    }
}

/// Whether it is a request that need not be known, which is answered all the same (LSP 3.17, "$
/// Notifications and Requests"); the framework answers none of them. Notifications go on to it.
fn is_optional(request: &Request) -> bool {
    request.id().is_some() && request.method().starts_with("$/")
}

enum Message {
    Request(Box<Request>),
    Response(Box<Response>),
    Broken(Id, Error),
}

fn parsed(body: &[u8]) -> Message {
    if let Some(message) = request_or_response(body) {
        return message;
    }
    let mended = lenient::mend_surrogates(body);
    if let Some(message) = request_or_response(mended.as_bytes()) {
        return message;
    }
    match serde_json::from_str::<Value>(&mended) {
        Ok(value) => {
            let id = value
                .get("id")
                .and_then(|id| serde_json::from_value(id.clone()).ok());
            Message::Broken(id.unwrap_or_default(), Error::invalid_request())
        }
        Err(_) => Message::Broken(Id::Null, Error::parse_error()),
    }
}

fn request_or_response(body: &[u8]) -> Option<Message> {
    // The framework reads a response, too, as a request: one without a method.
    let request: Option<Request> = serde_json::from_slice(body).ok();
    match request {
        Some(request) if !request.method().is_empty() => {
            Some(Message::Request(Box::new(with_sound_numbers(request))))
        }
        _ => Some(Message::Response(serde_json::from_slice(body).ok()?)),
    }
}

fn with_sound_numbers(request: Request) -> Request {
    let (method, id, params) = request.into_parts();
    let mut sound = Request::build(method);
    if let Some(mut params) = params {
        lenient::mend_params(&mut params);
        sound = sound.params(params);
    }
    match id {
        Some(id) => sound.id(id).finish(),
        None => sound.finish(),
    }
}

/// Calls the handler, polls it once, and leaves the rest of it to run beside the others.
async fn handle<S: LanguageServer>(
    service: &mut LspService<S>,
    request: Request,
    outbox: &Outbox,
    calls: &mut tokio::task::JoinSet<()>,
) {
    let id = request.id().cloned();
    let method = request.method().to_owned();
    if futures::future::poll_fn(|context| service.poll_ready(context))
        .await
        .is_err()
    {
        return;
    }
    let outbox = outbox.clone();
    let called = AssertUnwindSafe(service.call(request)).catch_unwind();
    let mut handling = Box::pin(CALL.scope(RefCell::default(), async move {
        let called = called.await;
        let call = CALL.try_with(RefCell::take).unwrap_or_default();
        match called {
            Ok(Ok(Some(response))) => match call.written.filter(|_| response.is_ok()) {
                Some(result) => send_written(&outbox, response.id(), &result),
                None => {
                    send(&outbox, &response);
                }
            },
            Ok(_) => {}
            Err(_) => {
                // The panic's own words can quote the document; its place is in the log already.
                tracing::error!("a handler of {method} panicked");
                if let Some(id) = id {
                    send(&outbox, &Response::from_error(id, internal_error()));
                }
            }
        }
        if let Some(waiting) = call.answered {
            let _ = waiting.send(());
        }
    }));
    if futures::poll!(handling.as_mut()).is_pending() {
        calls.spawn(handling);
    }
}

fn internal_error() -> Error {
    Error {
        code: ErrorCode::InternalError,
        message: "Gloss made a mistake here; its log has the place. The document is as it was."
            .into(),
        data: None,
    }
}

/// The answer to a call whose result is written already.
fn send_written(outbox: &Outbox, id: &Id, result: &[u8]) {
    let Ok(id) = serde_json::to_string(id) else {
        return;
    };
    let head = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":");
    outbox.put(&[head.as_bytes(), result, b"}"].concat());
}

fn send(outbox: &Outbox, message: &impl Serialize) -> bool {
    match serde_json::to_vec(message) {
        Ok(body) => outbox.put(&body),
        Err(error) => {
            tracing::error!("a message cannot be written as JSON: {error}");
            true
        }
    }
}
