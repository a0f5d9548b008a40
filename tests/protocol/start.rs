//! What a start opens, maps and runs: what `initialize` needs, and nothing besides.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use rustix::pipe::{PipeFlags, pipe_with};
use serde_json::{Value, json};

/// The main thread, two workers, one that reads standard input, one that writes to standard output, and
/// one that did so a moment ago.
const THREADS: usize = 6;

/// How long an editor that is busy with its own start may take to answer.
const SLOW: Duration = Duration::from_millis(1_500);

/// A server with a key for https, whose certificates are behind a pipe: who reads them waits there.
struct Started {
    folder: tempfile::TempDir,
    child: Child,
    output: File,
}

impl Started {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = folder.path().join("certificates.pem");
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, &certificates, FileType::Fifo, mode, 0).unwrap();
        // It keeps writes apart: each is read by itself.
        let (output, their_output) = pipe_with(PipeFlags::DIRECT | PipeFlags::CLOEXEC).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_gloss"))
            .arg("lsp")
            .env_clear()
            .env("HOME", folder.path().join("home"))
            .env("GLOSS_DATA_DIR", folder.path().join("data"))
            .env("XAI_API_KEY", "xai-4f0c2a9e8b7d6c5b4a39281706f5e4d3")
            .env("XAI_BASE_URL", "https://localhost:9/v1")
            .env("SSL_CERT_FILE", &certificates)
            .stdin(Stdio::piped())
            .stdout(their_output)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            folder,
            child,
            output: output.into(),
        }
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        let input = self.child.stdin.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    fn initialize(&mut self) -> String {
        self.initialize_with(&json!({}))
    }

    fn initialize_with(&mut self, capabilities: &Value) -> String {
        let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities });
        self.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }));
        self.read()
    }

    /// The next message, as it is written.
    fn read(&mut self) -> String {
        let mut piece = vec![0; 64 * 1024];
        let length = self.output.read(&mut piece).unwrap();
        String::from_utf8(piece[..length].to_vec()).unwrap()
    }

    fn proc(&self, name: &str) -> PathBuf {
        Path::new("/proc")
            .join(self.child.id().to_string())
            .join(name)
    }

    /// The first message with this in it.
    fn read_until(&mut self, wanted: &str) -> Value {
        loop {
            let message = self.read();
            let body = message.split_once("\r\n\r\n").unwrap().1;
            if body.contains(wanted) {
                return serde_json::from_str(body).unwrap();
            }
        }
    }

    fn certificates(&self) -> PathBuf {
        self.folder.path().join("certificates.pem")
    }

    /// A pipe that nobody has opened to read cannot be opened to write, without waiting.
    fn assert_nobody_reads_certificates(&self) {
        let flags = OFlags::WRONLY | OFlags::NONBLOCK;
        let opened = open(self.certificates(), flags, Mode::empty());
        assert_eq!(opened.unwrap_err(), rustix::io::Errno::NXIO);
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_answer_to_initialize_is_one_write() {
    let answer = Started::begin().initialize();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(head, format!("Content-Length: {}", body.len()));
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["result"]["serverInfo"]["name"], "gloss");
}

#[test]
fn nothing_is_open_but_the_conversation() {
    let mut started = Started::begin();
    started.initialize();
    let targets = fs::read_dir(started.proc("fd")).unwrap();
    for link in targets.map(|entry| entry.unwrap().path()) {
        let target = fs::read_link(&link).unwrap();
        let target = target.to_string_lossy();
        let is_no_file = ["pipe:", "socket:", "anon_inode:"]
            .iter()
            .any(|kind| target.starts_with(kind));
        assert!(is_no_file || target == "/dev/null", "{target}");
    }
    let kept: Vec<_> = fs::read_dir(started.folder.path()).unwrap().collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

#[test]
fn nothing_is_mapped_but_the_program_and_its_libraries() {
    let mut started = Started::begin();
    started.initialize();
    let maps = fs::read_to_string(started.proc("maps")).unwrap();
    let files = maps
        .lines()
        .filter_map(|line| line.find('/').map(|at| &line[at..]));
    let files: BTreeSet<_> = files
        .map(|path| Path::new(path).file_name().unwrap())
        .collect();
    for file in files {
        let name = file.to_string_lossy();
        let is_own = name == "gloss" || name.contains(".so");
        assert!(is_own, "{name}");
    }
}

#[test]
fn no_thread_runs_that_has_nothing_to_do() {
    let mut started = Started::begin();
    started.initialize();
    let threads = fs::read_dir(started.proc("task")).unwrap().count();
    assert!(threads <= THREADS, "{threads} threads");
}

#[test]
fn certificates_are_read_after_the_start() {
    let mut started = Started::begin();
    started.initialize();
    started.assert_nobody_reads_certificates();
    // Once there is time, for the connection that is warmed. This waits until somebody reads.
    started.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
    File::options()
        .write(true)
        .open(started.certificates())
        .unwrap();
}

#[test]
fn an_editor_that_wants_no_connection_warmed_may_take_its_time_to_say_so() {
    for wants in [false, true] {
        let mut started = Started::begin();
        started.initialize_with(&json!({ "workspace": { "configuration": true } }));
        started.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));
        let asked = started.read_until("workspace/configuration");
        std::thread::sleep(SLOW);
        started.assert_nobody_reads_certificates();
        let settings = json!([{ "warm_connection": wants }]);
        started.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": settings }));
        if wants {
            // This waits until somebody reads.
            let mut pipe = File::options();
            pipe.write(true).open(started.certificates()).unwrap();
            continue;
        }
        let usage = json!({ "command": "gloss.usage", "arguments": [] });
        started.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "workspace/executeCommand", "params": usage }));
        started.read_until("\"id\":2");
        started.assert_nobody_reads_certificates();
    }
}
