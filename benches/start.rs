//! How long the server takes to start and how much memory it holds, beside a bare server on the
//! same framework, in one run: `cargo bench --bench start`.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tower_lsp::ls_types::{InitializeParams, InitializeResult};
use tower_lsp::{LanguageServer, LspService, Server, jsonrpc};

const RUNS: usize = 60;

fn main() {
    if std::env::args().any(|argument| argument == "--bare") {
        return bare();
    }
    let own = std::env::current_exe().unwrap();
    let data = tempfile::tempdir().unwrap();
    let gloss = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloss"));
        command.arg("lsp").env("GLOSS_DATA_DIR", data.path());
        command
    };
    let bare = || {
        let mut command = Command::new(&own);
        command.arg("--bare");
        command
    };
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let (mut our_memory, mut floor_memory) = (0, 0);
    for _ in 0..RUNS {
        // Alternating, so that whatever else the machine does falls on both.
        let (time, memory) = start(gloss());
        ours.push(time);
        our_memory = our_memory.max(memory);
        let (time, memory) = start(bare());
        floor.push(time);
        floor_memory = floor_memory.max(memory);
    }
    let (ours, floor) = (median(ours), median(floor));
    println!("what                              gloss      bare server  ratio   hold");
    println!(
        "spawn to `initialize` answered   {:>6.2} ms  {:>6.2} ms    {:>5.2}   1.3",
        milliseconds(ours),
        milliseconds(floor),
        ours.as_secs_f64() / floor.as_secs_f64()
    );
    println!(
        "resident after that              {:>6.2} MiB {:>6.2} MiB   {:>5.2}   6 MiB",
        mebibytes(our_memory),
        mebibytes(floor_memory),
        our_memory as f64 / floor_memory as f64
    );
    println!(
        "resident after the first job     {:>6.2} MiB                       12 MiB",
        mebibytes(after_a_job(gloss()))
    );
}

/// Starts a server, speaks to it, and gives the time to its answer and its memory in bytes.
fn start(mut command: Command) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = spawn(&mut command);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    initialize(&mut child, &mut output);
    let took = began.elapsed();
    let memory = resident(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    (took, memory)
}

/// Memory once a job was answered, by the offline stand-in in another process.
fn after_a_job(mut command: Command) -> u64 {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_gloss"))
        .arg("sim")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sim.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http://"))
        .unwrap()
        .trim_end_matches('.')
        .to_owned();
    let mut child = spawn(command.env("XAI_BASE_URL", url));
    let mut output = BufReader::new(child.stdout.take().unwrap());
    initialize(&mut child, &mut output);
    let text = include_str!("../src/text/shift.rs");
    let document = json!({ "uri": "untitled:a", "languageId": "rust", "version": 1, "text": text });
    let at = json!({ "line": 40, "character": 4 });
    let argument = json!({ "uri": "untitled:a", "range": { "start": at, "end": at } });
    send(
        &mut child,
        &json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
    );
    send(
        &mut child,
        &json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } }),
    );
    let params = json!({ "command": "gloss.explain", "arguments": [argument] });
    send(
        &mut child,
        &json!({ "jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": params }),
    );
    while read(&mut output)["method"] != "gloss/finished" {}
    let memory = resident(child.id());
    for mut process in [child, sim] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    memory
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn initialize(child: &mut Child, output: &mut BufReader<ChildStdout>) {
    let capabilities = json!({ "experimental": { "gloss": { "stream": true } } });
    let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
    send(
        child,
        &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }),
    );
    assert!(read(output)["result"]["capabilities"].is_object());
}

fn send(child: &mut Child, message: &Value) {
    let body = message.to_string();
    let input = child.stdin.as_mut().unwrap();
    write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    input.flush().unwrap();
}

fn read(output: &mut BufReader<ChildStdout>) -> Value {
    let mut length = 0;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        match line.trim().strip_prefix("Content-Length:") {
            Some(number) => length = number.trim().parse().unwrap(),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Resident memory in bytes, as Linux counts it.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The floor: the framework, and nothing in it.
fn bare() {
    struct Bare;
    impl LanguageServer for Bare {
        async fn initialize(&self, _: InitializeParams) -> jsonrpc::Result<InitializeResult> {
            Ok(InitializeResult::default())
        }
        async fn shutdown(&self) -> jsonrpc::Result<()> {
            Ok(())
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (service, socket) = LspService::new(|_| Bare);
        Server::new(tokio::io::stdin(), tokio::io::stdout(), socket)
            .serve(service)
            .await;
    });
}
