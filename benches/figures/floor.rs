//! What cannot be beaten: the framework with next to nothing in it, and an HTTP client alone.
//!
//! The bare servers are this very program, started again with `--floor`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ropey::Rope;
use serde_json::{Value, json};
use tower_lsp::ls_types::{
    CodeAction, CodeActionOrCommand, CodeActionParams, CodeActionProviderCapability,
    CodeActionResponse, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, ExecuteCommandParams, Hover, HoverContents, HoverParams,
    HoverProviderCapability, InitializeParams, InitializeResult, MarkedString, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind,
};
use tower_lsp::{LanguageServer, LspService, Server, jsonrpc};

/// The argument that makes a bare server of this program.
pub const ARGUMENT: &str = "--floor";

/// A server on the same framework that keeps the text, and answers hover and codeAction with the
/// same words each time.
pub fn server() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(ARGUMENT).env_clear();
    command
}

/// The same, which asks an API once by TLS and books that in a store when it is told a command.
pub fn server_with_client(url: &str, authority: &Path, data: &Path) -> Command {
    let mut command = server();
    command.arg(url).arg(authority).arg(data);
    command
}

/// Serves standard input until its end.
pub fn serve(arguments: &[String]) {
    let client = match arguments {
        [url, authority, data] => Some(Client {
            url: url.clone(),
            authority: authority.into(),
            data: data.into(),
        }),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (service, socket) = LspService::new(|_| Bare {
            text: Mutex::new(Rope::new()),
            client,
        });
        Server::new(tokio::io::stdin(), tokio::io::stdout(), socket)
            .serve(service)
            .await;
    });
}

struct Bare {
    text: Mutex<Rope>,
    client: Option<Client>,
}

/// An API, and where what it cost is booked.
struct Client {
    url: String,
    authority: PathBuf,
    data: PathBuf,
}

impl LanguageServer for Bare {
    async fn initialize(&self, _: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let sync = TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL);
        let capabilities = ServerCapabilities {
            text_document_sync: Some(sync),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
            ..ServerCapabilities::default()
        };
        Ok(InitializeResult {
            capabilities,
            ..InitializeResult::default()
        })
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        *self.text.lock().unwrap() = Rope::from_str(&params.text_document.text);
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let mut text = self.text.lock().unwrap();
        for change in params.content_changes {
            let range = change.range.unwrap();
            let [start, end] = [range.start, range.end].map(|at| {
                let line = text.line_to_char(at.line as usize);
                let units = text.char_to_utf16_cu(line) + at.character as usize;
                text.utf16_cu_to_char(units)
            });
            text.remove(start..end);
            text.insert(start, &change.text);
        }
    }

    async fn did_close(&self, _: DidCloseTextDocumentParams) {
        *self.text.lock().unwrap() = Rope::new();
    }

    async fn hover(&self, _: HoverParams) -> jsonrpc::Result<Option<Hover>> {
        let words = " and then it does what is left".repeat(super::api::PIECES);
        Ok(Some(Hover {
            contents: HoverContents::Scalar(MarkedString::String(words)),
            range: None,
        }))
    }

    async fn code_action(
        &self,
        _: CodeActionParams,
    ) -> jsonrpc::Result<Option<CodeActionResponse>> {
        let titles = ["Explain `own_1`", "Refactor `own_1`"];
        let action = |title: &str| {
            CodeActionOrCommand::CodeAction(CodeAction {
                title: title.to_owned(),
                ..CodeAction::default()
            })
        };
        Ok(Some(titles.map(action).to_vec()))
    }

    async fn execute_command(&self, _: ExecuteCommandParams) -> jsonrpc::Result<Option<Value>> {
        let Some(client) = &self.client else {
            return Ok(None);
        };
        let said = client.ask().await;
        let store = rusqlite::Connection::open(client.data.join("bare.db")).unwrap();
        store.pragma_update(None, "journal_mode", "wal").unwrap();
        store
            .execute_batch("create table if not exists ledger (said text)")
            .unwrap();
        store
            .execute("insert into ledger values (?1)", [&said[..9]])
            .unwrap();
        // Held on to, as by whoever asks again.
        std::mem::forget(store);
        Ok(Some(json!(said.len())))
    }
}

impl Client {
    async fn ask(&self) -> String {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let extra = CertificateDer::pem_file_iter(&self.authority).unwrap();
        let extra = extra.map(Result::unwrap);
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
            extra.collect::<Vec<_>>(),
            provider.clone(),
        );
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier.unwrap()))
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .build()
            .unwrap();
        let answer = client
            .post(format!("{}/chat/completions", self.url))
            .header("content-type", "application/json")
            .body(json!({ "stream": true }).to_string())
            .send()
            .await
            .unwrap();
        std::mem::forget(client);
        answer.text().await.unwrap()
    }
}

/// An HTTP client that does nothing else: its connection is open already, and it looks at what comes
/// only to know the first piece and the end.
pub struct Http {
    socket: TcpStream,
}

/// When what a bare client asked for came.
pub struct Came {
    pub asked: Instant,
    pub first: Instant,
    pub last: Instant,
}

impl Http {
    pub fn to(url: &str) -> Self {
        let port = url.rsplit(':').next().unwrap().trim_end_matches("/v1");
        let socket = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket }
    }

    pub fn ask(&mut self) {
        let body = json!({ "stream": true }).to_string();
        let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ";
        let request = format!("{head}{}\r\n\r\n{body}", body.len());
        self.socket.write_all(request.as_bytes()).unwrap();
    }

    /// Waits for the first piece of an answer.
    pub fn first(&mut self) -> Vec<u8> {
        let mut seen = Vec::new();
        while !contains(&seen, b"\"content\"") {
            self.more(&mut seen);
        }
        seen
    }

    /// Asks, and reads the answer to its end.
    pub fn whole(&mut self) -> Came {
        let asked = Instant::now();
        self.ask();
        let mut seen = self.first();
        let first = Instant::now();
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            self.more(&mut seen);
        }
        Came {
            asked,
            first,
            last: Instant::now(),
        }
    }

    fn more(&mut self, seen: &mut Vec<u8>) {
        let mut piece = [0; 8 * 1024];
        let count = self.socket.read(&mut piece).unwrap();
        assert!(count > 0, "the API closed the connection");
        seen.extend_from_slice(&piece[..count]);
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
