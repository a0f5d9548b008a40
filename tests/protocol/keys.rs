//! The key in a running server: looked for when first needed, and told where there is none.

use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::editor::{Editor, Setup};

const CODE: &str = "fn twice(x: u32) -> u32 {\n    x * 2\n}\n";

#[cfg(unix)]
#[tokio::test]
async fn the_command_is_run_by_the_first_job_and_again_once_its_key_is_refused() {
    let mut api = Api::start().await;
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let mut setup = Setup::streaming(&api.url);
    let line = format!("echo x >> {0}; echo key-$(wc -l < {0})", runs.display());
    let command = json!({ "shell": line }).to_string();
    setup.environment.push(("GLOSS_API_KEY_COMMAND", command));
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.titles(&uri, (0, 4), (0, 4)).await;
    editor.hover(&uri, 0, 4).await;
    assert!(!runs.exists());
    for (key, is_taken) in [("key-1", true), ("key-1", false), ("key-2", true)] {
        let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
        let held = api.next().await;
        let sent = format!("authorization: bearer {key}\r\n");
        assert!(held.head.to_lowercase().contains(&sent), "{}", held.head);
        if is_taken {
            held.text("Doubles it.");
        } else {
            let refused = r#"{"code":"invalid-argument","error":"Incorrect API key provided."}"#;
            held.answer(Answer::Status(400, refused.into()));
        }
        let finished = editor.finished(&id).await;
        assert_eq!(finished["error"].is_null(), is_taken, "{finished}");
    }
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_missing_key_is_told_once_with_what_to_do() {
    let mut editor = Editor::start(&Setup::new("https://api.x.ai/v1")).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    editor.ended(&id).await;
    let said = editor.message().await;
    assert!(
        said.contains("XAI_API_KEY") && said.contains("gloss auth login"),
        "{said}"
    );
    editor.drain().await;
    assert!(!editor.was_told("key"));
    assert!(editor.stop().await.success());
}

/// Lets go who reads the pipe, and whoever comes later does not wait: a job that begins slowly may
/// look for the key once more.
#[cfg(unix)]
fn open_for_good(gate: std::path::PathBuf) {
    // This waits until somebody reads.
    let pipe = std::fs::File::options().write(true).open(&gate).unwrap();
    let open = gate.with_extension("open");
    std::fs::write(&open, "").unwrap();
    std::fs::rename(open, gate).unwrap();
    drop(pipe);
}

#[cfg(unix)]
#[tokio::test]
async fn jobs_that_fail_for_one_reason_tell_it_once_and_a_later_one_tells_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("gate");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &gate, mode).unwrap();
    let mut setup = Setup::new("https://api.x.ai/v1");
    // The key is looked for until the gate is opened, so that all of them have begun by then.
    let command = json!({ "shell": format!("cat {}; exit 3", gate.display()) });
    let environment = ("GLOSS_API_KEY_COMMAND", command.to_string());
    setup.environment.push(environment);
    let mut editor = Editor::start(&setup).await;
    let one = editor.open("a.rs", "rust", CODE).await;
    let other = editor.open("b.rs", "rust", CODE).await;
    for (uris, told) in [(vec![&one, &other, &one, &other], 1), (vec![&one], 2)] {
        let mut jobs = Vec::new();
        for uri in uris {
            jobs.push(editor.job("gloss.explain", uri, (0, 4), (0, 4)).await);
        }
        if told == 1 {
            let gate = gate.clone();
            tokio::task::spawn_blocking(|| open_for_good(gate))
                .await
                .unwrap();
        }
        for id in &jobs {
            editor.ended(id).await;
        }
        editor.drain().await;
        let is_it = |message: &&serde_json::Value| {
            message["params"]["message"]
                .as_str()
                .is_some_and(|said| said.contains("exit status: 3"))
        };
        assert_eq!(editor.heard.iter().filter(is_it).count(), told);
    }
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn the_doctor_looks_at_what_the_server_has_in_force() {
    let sim = gloss::sim::Sim::bind(0).unwrap();
    let mut setup = Setup::new(&sim.url());
    tokio::spawn(sim.serve());
    setup.options = json!({ "temperature": 0.5 });
    let mut editor = Editor::start(&setup).await;
    let report = editor.execute("gloss.doctor", json!({})).await.unwrap();
    assert_eq!(report["ok"], true, "{report}");
    let settings = report["configuration"]["settings"].as_array().unwrap();
    let temperature = settings
        .iter()
        .find(|it| it["key"] == "temperature")
        .unwrap();
    assert_eq!(temperature["value"], 0.5);
    assert_eq!(temperature["origin"]["layer"], "editor");
    assert!(editor.message().await.contains("all is well"));
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn logs_hold_no_prompt_no_answer_and_no_key_and_only_the_user_can_read_what_is_there() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.key = Some("xai-0123456789abcdefghij");
    setup.environment.push(("GLOSS_LOG", "trace".into()));
    let mut editor = Editor::start(&setup).await;
    let code = CODE.replace("x * 2", "x * said_in_the_code");
    let uri = editor.open("a.rs", "rust", &code).await;
    let hostile = r#"{"code":"c","error":"said_by_the_api xai-0123456789abcdefghij"}"#;
    for (command, answer) in [
        ("gloss.explain", Answer::Text("said_by_the_model".into())),
        (
            "gloss.refactor",
            Answer::Text("```\nsaid_by_the_model".into()),
        ),
        ("gloss.explain", Answer::Status(500, hostile.into())),
        ("gloss.explain", Answer::Status(400, hostile.into())),
    ] {
        let id = editor.job(command, &uri, (0, 4), (0, 4)).await;
        let is_passing = matches!(answer, Answer::Status(500, _));
        api.next().await.answer(answer);
        for _ in 0..if is_passing { 2 } else { 0 } {
            api.next().await.answer(Answer::Status(500, hostile.into()));
        }
        editor.finished(&id).await;
    }
    // Something that is noted in any case, with a stranger's words beside it.
    let change = json!({ "uri": "file:///said_in_the_code", "version": 1 });
    let change =
        json!({ "textDocument": change, "contentChanges": [{ "text": "said_in_the_code" }] });
    editor.notify("textDocument/didChange", change).await;
    editor.request("shutdown", Value::Null).await.unwrap();
    editor.notify("exit", Value::Null).await;
    assert!(editor.exited().await.success());
    let data = editor.path("data");
    let log = std::fs::read_to_string(data.join("gloss.log")).unwrap();
    assert!(
        log.contains("a change of a document that is not open"),
        "{log}"
    );
    for secret in ["said_in", "said_by", "0123456789abcdefghij"] {
        assert!(!log.contains(secret), "{log}");
    }
    #[cfg(unix)]
    for (path, expected) in everything(&data) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{}", path.display());
    }
}

/// A folder and all below it, and the modes that they should have.
#[cfg(unix)]
fn everything(path: &std::path::Path) -> Vec<(std::path::PathBuf, u32)> {
    if !path.is_dir() {
        return vec![(path.to_owned(), 0o600)];
    }
    let entries = std::fs::read_dir(path).unwrap();
    let below = entries.flat_map(|entry| everything(&entry.unwrap().path()));
    std::iter::once((path.to_owned(), 0o700))
        .chain(below)
        .collect()
}
