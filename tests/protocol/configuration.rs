//! Configuration while the server runs: each workspace's own file, changes without a restart, what
//! the editor is asked, and which model answers.

use serde_json::{Value, json};

use super::api::{Answer, Api, Held, effort};
use super::editor::{Editor, Setup, uri};
use super::lifetime::usage;

const CODE: &str = "fn a() {\n    b();\n}\n";

/// Asks to explain the code, and hands over what reaches the API.
async fn asked(editor: &mut Editor, api: &mut Api, uri: &str) -> (String, Held) {
    let id = editor.job("gloss.explain", uri, (0, 3), (0, 3)).await;
    (id, api.next().await)
}

/// The same, answered to its end; gives what was asked.
async fn explained(editor: &mut Editor, api: &mut Api, uri: &str) -> Value {
    let (id, held) = asked(editor, api, uri).await;
    let body = held.body.clone();
    held.text("It calls `b`.");
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["markdown"], "It calls `b`.");
    body
}

fn write(editor: &Editor, name: &str, text: &str) {
    let path = editor.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// How many messages of this text came so far, and were not waited for.
fn heard(editor: &Editor, text: &str) -> usize {
    let messages = editor.heard.iter();
    messages
        .filter(|message| message["params"]["message"].to_string().contains(text))
        .count()
}

/// Waits for a message with this text.
async fn said(editor: &mut Editor, text: &str) {
    let is_it = |message: &Value| {
        let words = message["params"]["message"].as_str();
        message["method"] == "window/showMessage" && words.is_some_and(|words| words.contains(text))
    };
    editor.wait(is_it).await;
}

#[tokio::test]
async fn a_workspaces_own_file_counts_for_its_own_files_only() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let own = "answer_language = 'Latin'\nmax_prompt_tokens = 20000\nbase_url = 'http://127.0.0.1:1'\n\
               [[actions]]\nname = 'praise'\ntitle = 'Praise'\nprompt = 'Praise {selection}'\noutcome = 'explain'\n";
    write(&editor, "one/.gloss.toml", own);
    write(&editor, "two/.gloss.toml", "answer_language = 'Greek'\n");
    let folder = |name: &str| json!({ "uri": uri(&editor.path(name)), "name": name });
    let added = json!({ "event": { "added": [folder("one"), folder("two")], "removed": [] } });
    editor
        .notify("workspace/didChangeWorkspaceFolders", added)
        .await;
    let one = editor.open("one/a.rs", "rust", CODE).await;
    let two = editor.open("two/a.rs", "rust", CODE).await;
    let outside = editor.open("a.rs", "rust", CODE).await;

    let body = explained(&mut editor, &mut api, &one).await;
    assert!(body.to_string().contains("Latin"), "{body}");
    let body = explained(&mut editor, &mut api, &two).await;
    assert!(body.to_string().contains("Greek"), "{body}");
    let body = explained(&mut editor, &mut api, &outside).await;
    assert!(body.to_string().contains("English"), "{body}");

    let own = "Praise (this repository)";
    editor.titles_with(&one, (0, 3), own).await;
    let titles = editor.titles(&two, (0, 3), (0, 3)).await;
    assert!(titles.iter().all(|title| !title.contains("Praise")));

    // What does not count is said by name and place, once.
    explained(&mut editor, &mut api, &one).await;
    let file = editor.path("one/.gloss.toml");
    for (line, key) in [(2, "max_prompt_tokens"), (3, "base_url")] {
        let text = format!("{}:{line}: `{key}`", file.display());
        assert_eq!(heard(&editor, &text), 1, "{text}: {:?}", editor.heard);
    }
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn files_that_change_count_from_the_next_job_on() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let (first, running) = asked(&mut editor, &mut api, &uri).await;
    assert_eq!(running.body["model"], "grok-4.3");

    write(
        &editor,
        "home/.config/gloss/config.toml",
        "model = 'grok-4.5'\nconcurency = 2\n",
    );
    assert_eq!(
        explained(&mut editor, &mut api, &uri).await["model"],
        "grok-4.5"
    );
    said(
        &mut editor,
        "config.toml:2: unknown key `concurency`; did you mean `concurrency`?",
    )
    .await;
    write(&editor, ".gloss.toml", "model = 'grok-build-0.1'\n");
    assert_eq!(
        explained(&mut editor, &mut api, &uri).await["model"],
        "grok-build-0.1"
    );
    // What the repository excludes is not sent from the very next job on.
    write(&editor, ".gloss.toml", "exclude = ['*.rs']\n");
    let id = editor.job("gloss.explain", &uri, (0, 3), (0, 3)).await;
    let error = editor.finished(&id).await["error"]["message"].to_string();
    assert!(error.contains("is never sent"), "{error}");
    std::fs::remove_file(editor.path(".gloss.toml")).unwrap();
    std::fs::remove_file(editor.path("home/.config/gloss/config.toml")).unwrap();
    assert_eq!(
        explained(&mut editor, &mut api, &uri).await["model"],
        "grok-4.3"
    );

    // What runs is left alone.
    running.text("Done.");
    assert_eq!(editor.finished(&first).await["result"]["markdown"], "Done.");
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn the_editor_is_asked_for_its_section_and_to_watch() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"]["configuration"] = json!(true);
    setup.capabilities["workspace"]["didChangeConfiguration"] =
        json!({ "dynamicRegistration": true });
    setup.capabilities["workspace"]["didChangeWatchedFiles"] =
        json!({ "dynamicRegistration": true });
    setup.options = json!({ "temperature": 0.5 });
    let mut editor = Editor::start(&setup).await;
    // The wrong key is for the test: it is said once the section is in force.
    editor.settings = json!({ "model": "grok-4.5", "modle": 1 });
    let registered = editor
        .wait(|message| {
            let id = &message["params"]["registrations"][0]["id"];
            message["method"] == "client/registerCapability" && id != "gloss-images"
        })
        .await;
    let methods: Vec<_> = registered["params"]["registrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|registration| registration["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods,
        [
            "workspace/didChangeWatchedFiles",
            "workspace/didChangeConfiguration"
        ]
    );
    said(&mut editor, "`modle`").await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let body = explained(&mut editor, &mut api, &uri).await;
    assert_eq!(
        (&body["model"], &body["temperature"]),
        (&json!("grok-4.5"), &json!(0.5))
    );

    editor.settings = json!({ "model": "grok-4.6", "mdoel": 1 });
    editor
        .notify(
            "workspace/didChangeConfiguration",
            json!({ "settings": null }),
        )
        .await;
    said(&mut editor, "`mdoel`").await;
    let body = explained(&mut editor, &mut api, &uri).await;
    assert_eq!(body["model"], "grok-4.6");

    // What is told need not be asked for.
    let told = json!({ "settings": { "gloss": { "model": "grok-4.7" } } });
    editor
        .notify("workspace/didChangeConfiguration", told)
        .await;
    let body = explained(&mut editor, &mut api, &uri).await;
    assert_eq!(body["model"], "grok-4.7");
    let asked = editor
        .heard
        .iter()
        .filter(|m| m["method"] == "workspace/configuration");
    assert_eq!(asked.count(), 2);

    // The editor saw a file change: what is wrong with it is said before any job begins.
    write(&editor, ".gloss.toml", "answer_langauge = 'Latin'\n");
    let changes = json!({ "changes": [{ "uri": format!("{uri}/../.gloss.toml"), "type": 1 }] });
    editor
        .notify("workspace/didChangeWatchedFiles", changes)
        .await;
    said(
        &mut editor,
        ".gloss.toml:1: unknown key `answer_langauge`; did you mean `answer_language`?",
    )
    .await;
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_model_that_is_gone_is_replaced_and_that_is_said_once() {
    let mut api = Api::start().await;
    let mut setup = Setup::new(&api.url);
    setup.options = json!({ "model": "grok-2-latest", "explainOpens": "none" });
    setup.environment = vec![(
        "GLOSS_ALLOWED_MODELS",
        r#"["grok-2-latest", "grok-build-0.1"]"#.into(),
    )];
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let (id, held) = asked(&mut editor, &mut api, &uri).await;
    assert_eq!(held.body["model"], "grok-2-latest");
    let gone = r#"{"code":"Some requested entity was not found","error":"The model grok-2-latest does not exist or your team 1 does not have access to it."}"#;
    held.answer(Answer::Status(404, gone.into()));
    // The next of the list that is allowed.
    let held = api.next().await;
    assert_eq!(held.body["model"], "grok-build-0.1");
    let answer = "It calls `b`.".to_owned();
    held.answer(Answer::TextOf("grok-4.3", answer));
    editor.ended(&id).await;
    let said = editor.message().await;
    assert!(
        said.contains("grok-2-latest is gone") && said.contains("grok-build-0.1 is asked instead"),
        "{said}"
    );
    let said = editor.message().await;
    assert!(
        said.contains("grok-build-0.1 was asked, and grok-4.3 answered"),
        "{said}"
    );
    // It is remembered, and said no more.
    let (id, held) = asked(&mut editor, &mut api, &uri).await;
    assert_eq!(held.body["model"], "grok-build-0.1");
    held.text("It calls `b`.");
    editor.ended(&id).await;
    assert_eq!(heard(&editor, "grok-build-0.1"), 0);
    let rows = usage(&editor).await;
    assert_eq!(rows["total"]["requests"], 3);
    assert_eq!(rows["total"]["errors"], 1);
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_asked_once_more_with_less_around_it() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let around: String = (0..400)
        .map(|n| format!("/// Number {n} of many.\nfn f{n}() {{\n    g({n});\n}}\n\n"))
        .collect();
    let text = format!("{CODE}\n{around}");
    let uri = editor.open("a.rs", "rust", &text).await;
    let too_long = |limit: u64, sent: u64| {
        let said = format!(
            "This model's maximum prompt length is {limit} but the request contains {sent} tokens."
        );
        Answer::Status(400, json!({ "code": "400", "error": said }).to_string())
    };
    let (id, held) = asked(&mut editor, &mut api, &uri).await;
    let whole = held.prompt().len();
    held.answer(too_long(4000, 8000));
    let held = api.next().await;
    let less = held.prompt();
    assert!(less.len() < whole / 2, "{} of {whole}", less.len());
    assert!(less.contains("b();"), "{less}");
    held.text("It calls `b`.");
    assert!(editor.finished(&id).await["result"]["markdown"].is_string());

    // Once: a second refusal is the end.
    let (id, held) = asked(&mut editor, &mut api, &uri).await;
    held.answer(too_long(4000, 8000));
    api.next().await.answer(too_long(10, 4000));
    let error = editor.finished(&id).await["error"]["message"].to_string();
    assert!(error.contains("too long"), "{error}");
    assert!(api.is_quiet());
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_parameter_that_a_model_refuses_is_left_out_and_remembered() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let (id, held) = asked(&mut editor, &mut api, &uri).await;
    assert_eq!(effort(&held.body), Some("low"));
    let refused = json!({ "code": "Client specified an invalid argument",
        "error": "Model grok-4.3 does not support parameter reasoningEffort." });
    held.answer(Answer::Status(400, refused.to_string()));
    let held = api.next().await;
    assert_eq!(effort(&held.body), None);
    held.text("It calls `b`.");
    assert!(editor.finished(&id).await["result"]["markdown"].is_string());
    let body = explained(&mut editor, &mut api, &uri).await;
    assert_eq!(effort(&body), None);
    // Also by other settings.
    let settings = json!({ "settings": { "gloss": { "temperature": 0.5 } } });
    editor
        .notify("workspace/didChangeConfiguration", settings)
        .await;
    let body = explained(&mut editor, &mut api, &uri).await;
    assert_eq!((effort(&body), &body["temperature"]), (None, &json!(0.5)));
    assert!(editor.stop().await.success());
}

/// What the editor shows is by the files as they are, before any job begins.
#[tokio::test]
async fn the_persons_own_file_is_watched_and_what_is_shown_follows_it() {
    let api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    let workspace = &mut setup.capabilities["workspace"];
    workspace["didChangeWatchedFiles"] =
        json!({ "dynamicRegistration": true, "relativePatternSupport": true });
    workspace["codeLens"] = json!({ "refreshSupport": true });
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".config/gloss");
    std::fs::create_dir_all(&folder).unwrap();
    let own = home.path().display().to_string();
    setup.environment.push(("HOME", own));
    let mut editor = Editor::start(&setup).await;
    let registered = editor
        .wait(|message| {
            let options = &message["params"]["registrations"][0]["registerOptions"];
            options["watchers"].to_string().contains(".gloss.toml")
        })
        .await;
    let options = &registered["params"]["registrations"][0]["registerOptions"];
    let base = format!("{}/", uri(&folder));
    let watcher = json!({ "globPattern": { "baseUri": base, "pattern": "config.toml" } });
    assert_eq!(options["watchers"][1], watcher);

    let file = editor.open("a.rs", "rust", CODE).await;
    let params = json!({ "textDocument": { "uri": file } });
    let lenses = editor
        .request("textDocument/codeLens", params.clone())
        .await;
    assert_eq!(lenses.unwrap(), Value::Null);
    std::fs::write(folder.join("config.toml"), "code_lens = true\n").unwrap();
    let changes = json!({ "changes": [{ "uri": format!("{base}config.toml"), "type": 1 }] });
    editor
        .notify("workspace/didChangeWatchedFiles", changes)
        .await;
    let is_refresh = |message: &Value| message["method"] == "workspace/codeLens/refresh";
    editor.wait(is_refresh).await;
    let lenses = editor.request("textDocument/codeLens", params).await;
    assert_eq!(lenses.unwrap().as_array().unwrap().len(), 2);
    assert!(editor.stop().await.success());
}
