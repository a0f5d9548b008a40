//! The server begins, serves and ends with its editor, and never outlives it.

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use super::api::{Answer, Api};
use super::editor::{Editor, Setup, range, wire};

#[tokio::test]
async fn shutdown_then_exit_ends_with_zero() {
    let editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    assert_eq!(editor.stop().await.code(), Some(0));
}

#[tokio::test]
async fn shutdown_takes_null_absent_and_empty_params() {
    for params in [Some(Value::Null), None] {
        let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
        let mut request = json!({ "jsonrpc": "2.0", "id": 77, "method": "shutdown" });
        if let Some(params) = params {
            request["params"] = params;
        }
        editor.send(request).await;
        assert_eq!(editor.answer(77).await, Ok(Value::Null));
        editor.notify("exit", Value::Null).await;
        assert_eq!(editor.exited().await.code(), Some(0));
    }
}

#[tokio::test]
async fn exit_alone_ends_with_one_even_while_the_input_stays_open() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    editor.notify("exit", Value::Null).await;
    assert_eq!(editor.exited().await.code(), Some(1));
}

/// What is logged for each of these, and more than a pipe holds.
const WARNINGS: usize = 5_000;

#[tokio::test]
async fn an_editor_that_leaves_standard_error_unread_is_served_to_the_end() {
    let mut setup = Setup::new("http://127.0.0.1:9/v1");
    setup.leaves_errors = true;
    let mut editor = Editor::start(&setup).await;
    let document = json!({ "uri": "file:///not-open", "version": 1 });
    let change = json!({ "textDocument": document, "contentChanges": [{ "text": "" }] });
    for _ in 0..WARNINGS {
        editor
            .notify("textDocument/didChange", change.clone())
            .await;
    }
    editor.request("shutdown", Value::Null).await.unwrap();
    editor.notify("exit", Value::Null).await;
    assert_eq!(editor.exited().await.code(), Some(0));
    // The file has them all the same, as far as they came no faster than they could be written.
    let log = std::fs::read_to_string(editor.path("data/gloss.log")).unwrap();
    let last = log.lines().next_back().unwrap();
    let is_known = ["not open was ignored", "lines are missing here"];
    assert!(is_known.iter().any(|words| last.contains(words)), "{last}");
    assert!(log.lines().count() > 1_000);
}

#[tokio::test]
async fn requests_before_initialize_and_after_shutdown_are_refused() {
    let mut editor = Editor::spawn(&Setup::new("http://127.0.0.1:9/v1"));
    let params = json!({ "textDocument": { "uri": "file:///a" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(
        editor
            .request("textDocument/hover", params.clone())
            .await
            .unwrap_err()["code"],
        -32002
    );
    editor
        .request(
            "initialize",
            json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        )
        .await
        .unwrap();
    editor.notify("initialized", json!({})).await;
    assert_eq!(
        editor.request("textDocument/hover", params.clone()).await,
        Ok(Value::Null)
    );
    editor.request("shutdown", Value::Null).await.unwrap();
    assert_eq!(
        editor
            .request("textDocument/hover", params)
            .await
            .unwrap_err()["code"],
        -32600
    );
}

#[tokio::test]
async fn the_end_of_the_input_ends_it_and_drops_what_runs() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", "fn f() {}\n").await;
    editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    let held = api.next().await;
    held.answer(Answer::Stall(vec!["It ".into()]));
    let began = std::time::Instant::now();
    editor.close_input();
    assert_eq!(editor.exited().await.code(), Some(1));
    assert!(began.elapsed().as_secs() < 5, "took {:?}", began.elapsed());
    api.all_closed().await;
    let usage = usage(&editor).await;
    assert_eq!(usage["rows"][0]["status"], "cancelled", "{usage}");
}

#[tokio::test]
async fn what_was_asked_before_the_input_ended_is_answered() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let uri = editor.open("a.rs", "rust", "fn f() {}\n").await;
    let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 4), (0, 4)), "context": { "diagnostics": [] } });
    let id = editor.ask("textDocument/codeAction", params).await;
    editor.close_input();
    assert!(editor.answer(id).await.is_ok());
    editor.exited().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_death_of_the_editor_ends_it() {
    let mut process = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .unwrap();
    let mut editor = Editor::spawn(&Setup::new("http://127.0.0.1:9/v1"));
    let params = json!({ "processId": process.id(), "rootUri": null, "capabilities": {} });
    editor.request("initialize", params).await.unwrap();
    editor.notify("initialized", json!({})).await;
    process.kill().unwrap();
    process.wait().unwrap();
    editor.exited().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_signal_ends_it_and_books_what_runs() {
    use rustix::process::{Pid, Signal, kill_process};
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        // A child inherits what is ignored, and keeps to it, as under `nohup`.
        if ignored >> (signal.as_raw() - 1) & 1 == 1 {
            continue;
        }
        let mut api = Api::start().await;
        let mut editor = Editor::start(&Setup::new(&api.url)).await;
        let uri = editor.open("a.rs", "rust", "fn f() {}\n").await;
        editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
        let held = api.next().await;
        held.answer(Answer::Stall(vec!["It ".into()]));
        let process = i32::try_from(editor.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
        let code = editor.exited().await.code();
        assert_eq!(code, Some(128 + signal.as_raw()));
        api.all_closed().await;
        let usage = usage(&editor).await;
        assert_eq!(usage["rows"][0]["status"], "cancelled", "{usage}");
    }
}

#[tokio::test]
async fn a_process_that_was_never_there_does_not_end_it() {
    let mut process = std::process::Command::new("true").spawn().unwrap();
    process.wait().unwrap();
    let mut editor = Editor::spawn(&Setup::new("http://127.0.0.1:9/v1"));
    let params = json!({ "processId": process.id(), "rootUri": null, "capabilities": {} });
    editor.request("initialize", params).await.unwrap();
    assert_eq!(editor.stop().await.code(), Some(0));
}

#[tokio::test]
async fn an_unread_stdout_does_not_stop_the_reader() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_gloss"))
        .arg("lsp")
        .env("XAI_BASE_URL", &setup.api)
        .env("GLOSS_WIRE", wire())
        .env("GLOSS_DATA_DIR", tempfile::tempdir().unwrap().path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut say = async |message: Value| {
        use tokio::io::AsyncWriteExt as _;
        let frame = gloss::server::frames::framed(message.to_string().as_bytes());
        input.write_all(&frame).await.unwrap();
        input.flush().await.unwrap();
    };
    let uri = "untitled:a.rs";
    let initialize =
        json!({ "processId": null, "rootUri": null, "capabilities": setup.capabilities });
    say(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize })).await;
    say(json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} })).await;
    let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": "fn f() {}\n" });
    say(json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument": document } })).await;
    // Far more answers than a pipe holds (64 KiB), none of them read.
    for id in 2..3000 {
        let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 4), (0, 4)), "context": { "diagnostics": [] } });
        say(json!({ "jsonrpc": "2.0", "id": id, "method": "textDocument/codeAction", "params": params })).await;
    }
    let argument = json!({ "uri": uri, "range": range((0, 4), (0, 4)) });
    let params = json!({ "command": "gloss.explain", "arguments": [argument] });
    say(json!({ "jsonrpc": "2.0", "id": 3000, "method": "workspace/executeCommand", "params": params })).await;
    // The command behind all of them is read, and its job begins.
    assert!(api.next().await.prompt().contains("fn f()"));
    let mut some = [0; 1024];
    assert!(child.stdout.take().unwrap().read(&mut some).await.unwrap() > 0);
}

#[cfg(unix)]
#[tokio::test]
async fn it_connects_to_an_editor_that_listens() {
    use tokio::io::{AsyncWriteExt as _, BufReader};
    async fn speak(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin) {
        let mut stream = BufReader::new(stream);
        let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "processId": null, "rootUri": null, "capabilities": {} } });
        for message in [
            initialize,
            json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }),
            json!({ "jsonrpc": "2.0", "method": "exit" }),
        ] {
            stream
                .write_all(&gloss::server::frames::framed(
                    message.to_string().as_bytes(),
                ))
                .await
                .unwrap();
        }
        let answer = gloss::server::frames::read(&mut stream)
            .await
            .unwrap()
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["result"]["serverInfo"]["name"], "gloss");
    }
    let start = |arguments: [&str; 2]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_gloss"));
        command
            .arg("lsp")
            .args(arguments)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    };
    let folder = tempfile::tempdir().unwrap();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for flag in ["--socket", "--port"] {
        let mut child = start([flag, &port]);
        speak(listener.accept().await.unwrap().0).await;
        assert_eq!(child.wait().await.unwrap().code(), Some(0), "{flag}");
    }
    let pipe = folder.path().join("pipe");
    let listener = tokio::net::UnixListener::bind(&pipe).unwrap();
    let mut child = start(["--pipe", pipe.to_str().unwrap()]);
    speak(listener.accept().await.unwrap().0).await;
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

/// What `gloss usage` says of the editor's ledger, by request.
pub async fn usage(editor: &Editor) -> Value {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_gloss"))
        .args(["usage", "--by", "request", "--format", "json"])
        .env("GLOSS_DATA_DIR", editor.folder.path().join("data"))
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}
