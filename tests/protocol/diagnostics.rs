//! What is wrong with image links is told once typing rests, and taken back when it is mended.

use serde_json::{Value, json};

use super::editor::{Editor, Setup, range};

/// Nobody is asked anything here.
fn setup() -> Setup {
    Setup::new("http://127.0.0.1:9")
}

/// The next diagnostics of a document, as code, severity and range, and their version.
async fn told(editor: &mut Editor, uri: &str) -> (Vec<(String, i64, Value)>, Value) {
    let uri = uri.to_owned();
    let message = editor
        .wait(move |message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == *uri
        })
        .await;
    let diagnostics = message["params"]["diagnostics"].as_array().unwrap().iter();
    let told = diagnostics.map(|diagnostic| {
        assert_eq!(diagnostic["source"], "gloss");
        assert!(!diagnostic["message"].as_str().unwrap().is_empty());
        (
            diagnostic["code"].as_str().unwrap().to_owned(),
            diagnostic["severity"].as_i64().unwrap(),
            diagnostic["range"].clone(),
        )
    });
    (told.collect(), message["params"]["version"].clone())
}

fn missing_file(start: (u32, u32), end: (u32, u32)) -> (String, i64, Value) {
    ("missing-file".into(), 2, range(start, end))
}

fn missing_alt(start: (u32, u32), end: (u32, u32)) -> (String, i64, Value) {
    ("missing-alt-text".into(), 4, range(start, end))
}

async fn changed_on_disk(editor: &mut Editor, name: &str) {
    let uri = super::editor::uri(&editor.path(name));
    let changes = json!({ "changes": [{ "uri": uri, "type": 1 }] });
    editor
        .notify("workspace/didChangeWatchedFiles", changes)
        .await;
}

#[tokio::test]
async fn a_missing_file_and_a_missing_text_are_told_and_taken_back() {
    let mut editor = Editor::start(&setup()).await;
    let uri = editor
        .open("a.md", "markdown", "ä🙂 ![b](c.png)\n\n![](c.png)\n")
        .await;
    let all = vec![
        missing_file((0, 4), (0, 15)),
        missing_file((2, 0), (2, 10)),
        missing_alt((2, 0), (2, 10)),
    ];
    assert_eq!(told(&mut editor, &uri).await, (all, json!(1)));
    // A line typed above moves them; the version is that of the text they are about.
    editor.type_at(&uri, (0, 0), (0, 0), "\n").await;
    editor.type_at(&uri, (3, 2), (3, 2), "d").await;
    let both = vec![missing_file((1, 4), (1, 15)), missing_file((3, 0), (3, 11))];
    let mut last = told(&mut editor, &uri).await;
    while last.1 != json!(3) {
        last = told(&mut editor, &uri).await;
    }
    assert_eq!(last, (both, json!(3)));
    std::fs::write(editor.path("c.png"), "c").unwrap();
    changed_on_disk(&mut editor, "c.png").await;
    assert_eq!(told(&mut editor, &uri).await, (vec![], json!(3)));
    // An editor that watches no files for others says at least when it saved one.
    std::fs::remove_file(editor.path("c.png")).unwrap();
    let saved = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didSave", saved).await;
    assert_eq!(told(&mut editor, &uri).await.0.len(), 2);
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed).await;
    assert_eq!(told(&mut editor, &uri).await, (vec![], Value::Null));
    editor.open_uri(&uri, "markdown", "![](c.png)\n").await;
    assert_eq!(told(&mut editor, &uri).await.0.len(), 2);
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn what_is_fine_or_cannot_be_known_is_passed_over() {
    let mut editor = Editor::start(&setup()).await;
    let fine = "![a]({{ b }}) ![](@site/c.png) ![d](https://e.example/f.png) ![g](../../h.png)\n\n\
                <!-- gloss: decorative -->\n![](https://e.example/f.png) <img src=\"data:,i\" alt=\"\">\n";
    let quiet = editor.open("a.md", "markdown", fine).await;
    let plain = editor.open("a.txt", "plaintext", "![](b.png)").await;
    let sheet = editor.open("a.css", "css", "a { b: url(c.png) }").await;
    let told_of = editor.open("b.md", "markdown", "![](c.png)").await;
    assert_eq!(told(&mut editor, &told_of).await.0.len(), 2);
    // Each document's look ends by itself; one that comes after the others' ends says so.
    editor.type_at(&quiet, (0, 0), (0, 0), "![](c.png)").await;
    let first = told(&mut editor, &quiet).await;
    assert_eq!(first.1, json!(2));
    assert_eq!(first.0.len(), 2);
    for uri in [plain, sheet] {
        let is_told = |message: &Value| message["params"]["uri"] == *uri;
        assert!(!editor.heard.iter().any(is_told), "{uri}");
    }
}

#[tokio::test]
async fn globs_that_take_their_time_hold_up_nobody() {
    let mut setup = setup();
    let globs: Vec<_> = (0..30)
        .map(|n| format!("*a{}{n}", "?".repeat(490)))
        .collect();
    setup.options = json!({ "exclude": globs });
    let mut editor = Editor::start(&setup).await;
    // Of no two places the same, so that no search is spared by an earlier one.
    let mut state = 1_u64;
    let mut name = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let bits = state >> 8;
        (0..50)
            .map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' })
            .collect::<String>()
    };
    let mut link = || format!("![x]({}/a.png)\n", [(); 20].map(|()| name()).join("/"));
    let links: String = (0..2_000).map(|_| link()).collect();
    let uri = editor.open("a.md", "markdown", &links).await;
    let found = told(&mut editor, &uri).await.0.len();
    // As many as there was time for, and no more.
    assert!((1..1_000).contains(&found), "{found}");
}

#[tokio::test]
async fn the_setting_turns_them_off_and_on() {
    let mut setup = setup();
    setup.options = json!({ "diagnostics": false });
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.md", "markdown", "![](b.png)").await;
    let settings = |on: bool| json!({ "settings": { "gloss": { "diagnostics": on } } });
    editor
        .notify("workspace/didChangeConfiguration", settings(true))
        .await;
    assert_eq!(told(&mut editor, &uri).await.0.len(), 2);
    editor
        .notify("workspace/didChangeConfiguration", settings(false))
        .await;
    assert_eq!(told(&mut editor, &uri).await.0, vec![]);
    let is_told = |message: &Value| message["method"] == "textDocument/publishDiagnostics";
    assert!(!editor.heard.iter().any(is_told));
}

#[tokio::test]
async fn an_editor_that_can_watch_images_is_asked_to() {
    let mut setup = setup();
    setup.capabilities["workspace"]["didChangeWatchedFiles"] =
        json!({ "dynamicRegistration": true });
    let mut editor = Editor::start(&setup).await;
    let asked = editor
        .wait(|message| {
            let id = &message["params"]["registrations"][0]["id"];
            message["method"] == "client/registerCapability" && id == "gloss-images"
        })
        .await;
    let registration = &asked["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeWatchedFiles");
    let glob = registration["registerOptions"]["watchers"][0]["globPattern"].as_str();
    assert!(glob.unwrap().contains("png"));
    assert!(editor.stop().await.success());
}
