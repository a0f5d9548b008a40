//! The protocol's frames: any bytes are read to an end, and what is well-formed among junk is answered.

use gloss::server::frames;
use gloss::server::transport;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tower_lsp::ls_types::{InitializeParams, InitializeResult};
use tower_lsp::{LanguageServer, LspService, jsonrpc};

/// The input is bytes as an editor could send them; and its parts are bodies of messages.
pub fn judge(input: &[u8]) {
    let runtime = runtime();
    runtime.block_on(async {
        read_the_same_however_cut(input).await;
        let bodies: Vec<&[u8]> = super::parts(input);
        let said = converse(&bodies, |input, output| async move {
            let (service, socket) = LspService::new(|_| Quiet);
            transport::serve(service, socket, input, output).await;
        });
        every_probe_is_answered(&bodies, &said.await);
    });
    runtime.shutdown_background();
}

pub fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// A service that has nothing to say.
struct Quiet;

impl LanguageServer for Quiet {
    async fn initialize(&self, _: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        Ok(())
    }
}

async fn read_the_same_however_cut(bytes: &[u8]) {
    let (bodies, end) = read(bytes, 64 * 1024).await;
    assert_eq!(read(bytes, 1).await, (bodies.clone(), end), "byte by byte");
    let all = bodies.iter().map(Vec::len).sum::<usize>();
    assert!(all <= bytes.len());
    for body in bodies {
        let (again, _) = read(&frames::framed(&body), 7).await;
        assert_eq!(again, [body]);
    }
}

/// The bodies, and how the input ended.
async fn read(bytes: &[u8], at_once: usize) -> (Vec<Vec<u8>>, Result<(), String>) {
    let mut input = BufReader::with_capacity(at_once, bytes);
    let mut bodies = Vec::new();
    loop {
        match frames::read(&mut input).await {
            Ok(Some(body)) => bodies.push(body),
            Ok(None) => return (bodies, Ok(())),
            Err(error) => return (bodies, Err(error.to_string())),
        }
    }
}

/// What is asked after each body: a method that no service has.
const PROBE: &str = "gloss/probe";

/// Says each body to a server, and asks it something after each; gives all that it says until it
/// has ended, as it must once the input does.
pub async fn converse<F: Future<Output = ()>>(
    bodies: &[&[u8]],
    serve: impl FnOnce(DuplexStream, DuplexStream) -> F,
) -> Vec<Value> {
    let (mut input, far_input) = tokio::io::duplex(1 << 16);
    let (far_output, mut output) = tokio::io::duplex(1 << 16);
    let speak = async move {
        for (number, body) in bodies.iter().enumerate() {
            let probe =
                json!({ "jsonrpc": "2.0", "id": format!("probe {number}"), "method": PROBE });
            let probe = probe.to_string();
            for body in [body, probe.as_bytes()] {
                // It may have been told to leave.
                let _ = input.write_all(&frames::framed(body)).await;
            }
        }
    };
    let listen = async move {
        let mut said = Vec::new();
        output.read_to_end(&mut said).await.unwrap();
        said
    };
    let ((), said, ()) = tokio::join!(speak, listen, serve(far_input, far_output));
    let (messages, _) = read(&said, 64 * 1024).await;
    messages
        .iter()
        .map(|message| serde_json::from_slice(message).unwrap())
        .collect()
}

/// Each question is answered, once and in order, unless the editor said `exit` before.
pub fn every_probe_is_answered(bodies: &[&[u8]], said: &[Value]) {
    let answered: Vec<&str> = said
        .iter()
        .filter(|message| message.get("method").is_none())
        .filter_map(|message| message["id"].as_str())
        .filter(|id| id.starts_with("probe "))
        .collect();
    let asked: Vec<String> = (0..bodies.len())
        .map(|number| format!("probe {number}"))
        .collect();
    let may_leave = bodies
        .iter()
        .any(|body| body.windows(4).any(|window| window == b"exit"));
    let copies_probe = bodies
        .iter()
        .any(|body| body.windows(5).any(|window| window == b"probe"));
    if !may_leave && !copies_probe {
        assert_eq!(answered, asked);
    }
}
