//! `refactor_confirm`: a person is asked before an edit is applied, by the editor or by a message.

use serde_json::{Value, json};

use super::api::Api;
use super::editor::{Editor, Setup, range};

const CODE: &str = "fn double(n: u32) -> u32 {\n    return n * 2;\n}\n";
const ANSWER: &str =
    "Dropped the `return`.\n\n```rust\nfn double(n: u32) -> u32 {\n    n * 2\n}\n```";

fn setup(api: &Api, annotations: bool) -> Setup {
    let mut setup = Setup::new(&api.url);
    setup.options = json!({ "refactorConfirm": true });
    if annotations {
        setup.capabilities["workspace"]["workspaceEdit"]["changeAnnotationSupport"] = json!({});
    }
    setup
}

fn edited(text: &str) -> String {
    text.replace("return n * 2;", "n * 2")
}

#[tokio::test]
async fn an_editor_with_annotations_asks_by_itself() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api, true)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
    api.next().await.text(ANSWER);
    editor.ended(&id).await;
    assert_eq!(editor.text(&uri), edited(CODE));
    let edit = &editor.asked_to_apply[0];
    let (name, annotation) = edit["changeAnnotations"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert_eq!(annotation["needsConfirmation"], true);
    assert_eq!(annotation["description"], "Dropped the `return`.");
    let edits = edit["documentChanges"][0]["edits"].as_array().unwrap();
    assert!(
        edits
            .iter()
            .all(|edit| edit["annotationId"] == name.as_str())
    );

    // A no is final and says nothing.
    editor.apply_answers.push_back(json!({ "applied": false }));
    let id = editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
    api.next()
        .await
        .text("```rust\nfn double(n: u32) -> u32 {\n    n + n\n}\n```");
    editor.ended(&id).await;
    assert_eq!(editor.asked_to_apply.len(), 2);
    assert_eq!(editor.text(&uri), edited(CODE));
    assert!(is_silent(&editor));
}

#[tokio::test]
async fn any_other_editor_asks_by_a_message() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api, false)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for (chosen, applies) in [
        (json!({ "title": "Discard" }), false),
        (Value::Null, false),
        (json!({ "title": "Apply" }), true),
    ] {
        editor.chosen.push_back(chosen);
        let id = editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
        api.next().await.text(ANSWER);
        let question = editor.question().await;
        assert_eq!(
            question["message"],
            "Gloss, Refactor `double`: Dropped the `return` (3 lines, then 3). Apply it?"
        );
        let titles = json!([{ "title": "Apply" }, { "title": "Discard" }]);
        assert_eq!(question["actions"], titles);
        editor.ended(&id).await;
        assert_eq!(editor.asked_to_apply.len(), usize::from(applies));
        assert!(is_silent(&editor));
    }
    assert!(editor.asked_to_apply[0].get("changeAnnotations").is_none());
    assert_eq!(editor.text(&uri), edited(CODE));
}

#[tokio::test]
async fn the_edit_is_made_for_the_text_after_the_answer() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api, false)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for (typed_at, comes) in [((0, 0), true), ((2, 4), false)] {
        editor.chosen.push_back(json!("silence"));
        let at = if comes { 1 } else { 2 };
        let id = editor.job("gloss.refactor", &uri, (at, 6), (at, 6)).await;
        let new = if comes { "n * 2" } else { "n + n" };
        api.next().await.text(&format!(
            "```rust\nfn double(n: u32) -> u32 {{\n    {new}\n}}\n```"
        ));
        let asked = editor
            .wait(|message| message["method"] == "window/showMessageRequest")
            .await;
        editor.chosen.clear();
        editor.type_at(&uri, typed_at, typed_at, "// typed\n").await;
        let apply = super::editor::reply_to(&asked, json!({ "title": "Apply" }));
        editor.send(apply).await;
        editor.ended(&id).await;
        assert_eq!(editor.text(&uri).contains(new), comes);
    }
    let message = editor.message().await;
    assert!(message.contains("the text was changed"), "{message}");
}

#[tokio::test]
async fn nobody_is_asked_where_nothing_is_applied() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api, false)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let argument = json!({ "uri": uri, "range": range((1, 6), (1, 6)), "apply": false });
    let begun = editor.execute("gloss.refactor", argument).await.unwrap();
    api.next().await.text(ANSWER);
    editor.ended(begun["id"].as_str().unwrap()).await;
    // Nor where the editor cannot ask: that is said, and the answer kept.
    let asked = |message: &Value| message["method"] == "window/showMessageRequest";
    assert!(!editor.heard.iter().any(asked));
    let unknown = json!({ "error": { "code": -32601, "message": "Method not found" } });
    editor.chosen.push_back(unknown);
    editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
    api.next().await.text(ANSWER);
    let message = editor.message().await;
    assert!(message.contains("`refactor_confirm`"), "{message}");
    assert!(editor.asked_to_apply.is_empty());
    assert_eq!(editor.text(&uri), CODE);
}

fn is_silent(editor: &Editor) -> bool {
    let mut messages = editor.heard.iter();
    !messages.any(|message| message["method"] == "window/showMessage")
}
