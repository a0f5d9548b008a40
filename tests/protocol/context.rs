//! What a prompt tells of other files: open documents, the workspace, the editor's other servers.

use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::editor::{Editor, Setup, range, until, uri};
use super::lifetime::usage;

const CODE: &str = "fn a() {\n    open(1);\n    on_disk(2);\n    told(3);\n}\n";

fn asking(api: &str) -> Setup {
    let mut setup = Setup::streaming(api);
    setup.capabilities["experimental"]["gloss"]["context"] = json!(true);
    setup
}

async fn preview(editor: &mut Editor, uri: &str) -> String {
    let argument = json!({ "uri": uri, "range": range((1, 4), (1, 4)) });
    let preview = json!({ "command": "gloss.explain", "argument": argument });
    let preview = editor.execute("gloss.preview", preview).await.unwrap();
    preview["prompt"].as_str().unwrap().to_owned()
}

fn asked(editor: &Editor) -> Vec<&Value> {
    let heard = editor.heard.iter();
    heard
        .filter(|message| message["method"] == "gloss/context")
        .collect()
}

#[tokio::test]
async fn a_job_tells_what_is_open_what_is_on_disk_and_what_others_know() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&asking(&api.url)).await;
    std::fs::write(editor.path("disk.rs"), "fn on_disk(n: u8) {}\n").unwrap();
    std::fs::write(editor.path("open.rs"), "fn open() {}\n").unwrap();
    let opened = uri(&editor.path("open.rs"));
    editor
        .open_uri(&opened, "rust", "/// Newer.\nfn open(n: u8) {}\n")
        .await;
    let code = editor.open("a.rs", "rust", CODE).await;
    let hint = |name: &str, text: &str| json!({ "uri": uri(&editor.path(name)), "range": range((4, 0), (4, 3)), "text": text });
    editor.context_answer = json!({
        "definitions": [hint("b.rs", "fn told(n: u8)"), null, hint(".env", "KEY=1")],
        "types": null,
        "references": [hint("c.rs", "a();")],
    });
    let ask = async || {
        let id = editor.job("gloss.explain", &code, (1, 4), (1, 4)).await;
        let asked = editor
            .wait(|message| message["method"] == "gloss/context")
            .await;
        // About the whole function, which the cursor stands in.
        let about = json!({ "uri": code, "range": range((0, 0), (4, 1)) });
        assert_eq!(asked["params"], about);
        let held = api.next().await;
        let prompt = held.prompt();
        held.answer(Answer::Text("Calls three.".into()));
        editor.finished(&id).await;
        prompt
    };
    // On a busy machine neither the search nor the editor may be done in time.
    let wanted = [
        "/// Newer.\\nfn open(n: u8)",
        "fn on_disk(n: u8)",
        "fn told(n: u8)",
        "a();",
    ];
    let prompt = until(ask, |told| wanted.iter().all(|it| told.contains(it))).await;
    for told in wanted {
        assert!(prompt.contains(told), "{told} is not in {prompt}");
    }
    assert!(!prompt.contains("KEY=1"));
    // A preview asks as the job does, and comes to the same prompt.
    let ask = async || preview(&mut editor, &code).await;
    let previewed = until(ask, |told| told.contains("fn told(n: u8)")).await;
    assert!(previewed.contains("fn told(n: u8)"), "{previewed}");
    let rows = usage(&editor).await;
    assert_eq!(rows["rows"][0]["context_files"], 4, "{rows}");
}

#[tokio::test]
async fn an_editor_that_tells_nothing_holds_nothing_up() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&asking(&api.url)).await;
    let code = editor.open("a.rs", "rust", CODE).await;
    for answer in [json!("silence"), json!(7), Value::Null] {
        editor.context_answer = answer;
        let id = editor.job("gloss.explain", &code, (1, 4), (1, 4)).await;
        api.next().await.answer(Answer::Text("Calls.".into()));
        assert_eq!(editor.finished(&id).await["error"], Value::Null);
    }
}

#[tokio::test]
async fn nobody_is_asked_who_does_not_offer_it_or_where_nothing_else_may_be_told() {
    let api = Api::start().await;
    let mut narrow = asking(&api.url);
    narrow.options = json!({ "context": "file" });
    for setup in [Setup::streaming(&api.url), narrow] {
        let mut editor = Editor::start(&setup).await;
        let code = editor.open("a.rs", "rust", CODE).await;
        editor.context_answer = json!("silence");
        preview(&mut editor, &code).await;
        editor.drain().await;
        assert_eq!(asked(&editor).len(), 0);
    }
}
