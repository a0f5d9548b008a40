//! Every function of a file is explained, many in one request, and each is noted as it comes.

use serde_json::{Value, json};

use super::api::{Answer, Api, schema};
use super::editor::{Editor, Setup, range};
use super::lifetime::usage;
use super::notes::refreshed_until;

const CODE: &str = "\
struct A;

impl A {
    fn one(&self) -> u8 {
        1
    }
}

fn two() -> u8 {
    fn inner() {}
    2
}
";

fn setup(api: &Api) -> Setup {
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"]["inlayHint"] = json!({ "refreshSupport": true });
    setup
}

async fn begun(editor: &mut Editor, uri: &str) -> String {
    let begun = editor
        .execute("gloss.explainFile", json!({ "uri": uri }))
        .await;
    begun.unwrap()["id"].as_str().unwrap().to_owned()
}

fn said(functions: &[(usize, &str)]) -> String {
    let all = functions
        .iter()
        .map(|(id, said)| json!({ "id": id, "explanation": said }));
    json!({ "functions": all.collect::<Vec<_>>() }).to_string()
}

async fn labels(editor: &mut Editor, uri: &str) -> Vec<String> {
    let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 0), (1_000, 0)) });
    let hints = editor
        .request("textDocument/inlayHint", params)
        .await
        .unwrap();
    let hints = hints.as_array().unwrap().iter();
    hints
        .map(|hint| {
            format!(
                "{} {}",
                hint["position"]["line"],
                hint["label"].as_str().unwrap()
            )
        })
        .collect()
}

/// Once they are these: what the tree says of a changed text comes once typing rests.
async fn assert_labels(editor: &mut Editor, uri: &str, expected: &[&str]) {
    let ask = async |editor: &mut Editor| labels(editor, uri).await;
    refreshed_until(editor, ask, |told| told == expected).await;
}

#[tokio::test]
async fn all_functions_are_asked_about_at_once_and_unchanged_ones_not_again() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let offered = "Explain every function in this file";
    editor.titles_with(&uri, (0, 0), offered).await;
    let argument = json!({ "uri": uri, "workDoneToken": "mine" });
    editor.execute("gloss.explainFile", argument).await.unwrap();
    let held = api.next().await;
    let schema = schema(&held.body);
    assert!(
        schema["properties"]["functions"].is_object(),
        "{}",
        held.body
    );
    let prompt = held.prompt();
    for told in [
        "id=\\\"1\\\"",
        "id=\\\"2\\\"",
        "fn one",
        "fn two",
        "struct A",
    ] {
        assert!(prompt.contains(told), "{told}: {prompt}");
    }
    assert!(!prompt.contains("id=\\\"3\\\""), "{prompt}");
    held.text(&said(&[
        (1, "Is one.\n\nAlways."),
        (2, "Is <b>two</b>."),
        (9, "Is none."),
    ]));
    let finished = editor.finished("mine").await;
    assert_eq!(
        finished["result"]["summary"], "Explained 2 functions.",
        "{finished}"
    );
    assert_eq!(finished["result"]["usage"]["total_tokens"], 125);
    editor.ended("mine").await;
    let begin = editor
        .wait(|message| message["params"]["value"]["kind"] == "begin")
        .await;
    assert_eq!(begin["params"]["value"]["percentage"], 0);
    assert_labels(&mut editor, &uri, &["3 Is one.", "8 Is <b>two</b>."]).await;
    let hover = editor.hover(&uri, 8, 4).await.unwrap();
    assert!(hover.starts_with("Is &lt;b>two"), "{hover}");
    assert!(
        hover.ends_with("*Gloss: just now, grok-4.3, $0.0001*"),
        "{hover}"
    );
    // Either answers for the other.
    let argument = json!({ "uri": uri, "range": range((4, 8), (4, 8)) });
    let id = editor.execute("gloss.explain", argument).await.unwrap();
    let finished = editor.finished(id["id"].as_str().unwrap()).await;
    assert_eq!(finished["result"]["markdown"], "Is one.\n\nAlways.");
    editor.type_at(&uri, (4, 8), (4, 9), "7").await;
    let id = begun(&mut editor, &uri).await;
    let held = api.next().await;
    assert!(!held.prompt().contains("id=\\\"2\\\""), "{}", held.prompt());
    held.text(&said(&[(1, "Is seven.")]));
    let finished = editor.finished(&id).await;
    assert_eq!(
        finished["result"]["summary"],
        "Explained 1 function; 1 known and unchanged."
    );
    let id = begun(&mut editor, &uri).await;
    let finished = editor.finished(&id).await;
    assert_eq!(
        finished["result"]["summary"],
        "All 2 functions are explained already, and unchanged since."
    );
    assert!(api.is_quiet());
    let usage = usage(&editor).await;
    assert_eq!(usage["total"]["requests"], 2, "{usage}");
    assert_eq!(usage["total"]["from_store"], 2, "{usage}");
    assert_eq!(usage["rows"][0]["action"], "explain_file", "{usage}");
}

#[tokio::test]
async fn functions_that_only_moved_are_not_asked_about_again() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = begun(&mut editor, &uri).await;
    let whole = said(&[(1, "Is one."), (2, "Is two.")]);
    api.next().await.text(&whole);
    editor.finished(&id).await;
    // What is around one has another name, and another of the same name stands before the other.
    let text = CODE
        .replace("impl A", "impl B")
        .replace("fn two", "#[cfg(test)]\nfn two() {}\n\nfn two");
    let changed = editor.changed(&uri, &[(None, &text)]);
    editor.send(changed).await;
    let id = begun(&mut editor, &uri).await;
    let held = api.next().await;
    let asked = held.prompt();
    assert!(
        asked.contains("id=\\\"2\\\"") && !asked.contains("id=\\\"1\\\""),
        "{asked}"
    );
    assert!(!asked.contains("id=\\\"3\\\""), "{asked}");
    held.text(&said(&[(2, "Does nothing.")]));
    editor.finished(&id).await;
    assert_labels(
        &mut editor,
        &uri,
        &["3 Is one.", "9 Does nothing.", "11 Is two."],
    )
    .await;
    // Nor by itself.
    let argument = json!({ "uri": uri, "range": range((4, 8), (4, 8)) });
    let id = editor.execute("gloss.explain", argument).await.unwrap();
    let finished = editor.finished(id["id"].as_str().unwrap()).await;
    assert_eq!(finished["result"]["markdown"], "Is one.");
    assert!(api.is_quiet());
}

#[tokio::test]
async fn a_cancel_keeps_what_has_come() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let argument = json!({ "uri": uri, "workDoneToken": "mine" });
    editor.execute("gloss.explainFile", argument).await.unwrap();
    let whole = said(&[(1, "Is one."), (2, "Is two.")]);
    let (first, rest) = whole.split_at(whole.find("\"Is two").unwrap() + 4);
    assert!(!rest.is_empty());
    api.next()
        .await
        .answer(Answer::Stall(vec![first.to_owned()]));
    let told = |message: &Value| {
        let said = message["params"]["value"]["message"]
            .as_str()
            .unwrap_or_default();
        said.starts_with("1 of 2 functions")
    };
    let report = editor.wait(told).await;
    assert_eq!(report["params"]["value"]["percentage"], 50);
    editor
        .execute("gloss.cancel", json!({ "id": "mine" }))
        .await
        .unwrap();
    let finished = editor.finished("mine").await;
    assert_eq!(finished["error"]["code"], -32800);
    assert_labels(&mut editor, &uri, &["3 Is one."]).await;
    let id = begun(&mut editor, &uri).await;
    let held = api.next().await;
    assert!(!held.prompt().contains("id=\\\"1\\\""), "{}", held.prompt());
    held.text(&said(&[(2, "Is two.")]));
    editor.finished(&id).await;
    assert_labels(&mut editor, &uri, &["3 Is one.", "8 Is two."]).await;
}

#[tokio::test]
async fn of_an_answer_that_is_cut_short_what_is_whole_is_kept_and_the_rest_is_told() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let whole = said(&[(1, "Is one."), (2, "Is two.")]);
    let (first, _) = whole.split_at(whole.find("\"Is two").unwrap() + 4);
    for (why, summary) in [
        (
            "length",
            "Explained 1 function; 1 left out, for the answer was cut short: run it again.",
        ),
        (
            "content_filter",
            "Explained 0 functions; 1 known and unchanged; 1 left out, for the answer was cut short: run it again.",
        ),
    ] {
        let id = begun(&mut editor, &uri).await;
        api.next()
            .await
            .answer(Answer::Ended(why, first.to_owned()));
        assert_eq!(editor.finished(&id).await["result"]["summary"], summary);
        assert_labels(&mut editor, &uri, &["3 Is one."]).await;
    }
}

#[tokio::test]
async fn a_large_file_takes_several_requests_and_asks_first_where_that_is_dear() {
    let mut api = Api::start().await;
    let mut setup = setup(&api);
    setup.options = json!({ "confirmAboveUsd": 0 });
    let mut editor = Editor::start(&setup).await;
    let lines = (1..=25).map(|n| format!("fn f{n}() {{ {n} }}\n"));
    let uri = editor
        .open("a.rs", "rust", &lines.collect::<String>())
        .await;
    let preview = json!({ "command": "gloss.explainFile", "argument": { "uri": uri } });
    let preview = editor.execute("gloss.preview", preview).await.unwrap();
    assert!(preview["prompt"].as_str().unwrap().contains("fn f25()"));
    assert!(preview["cost_usd"].as_f64().unwrap() > 0.0);
    let id = begun(&mut editor, &uri).await;
    let question = editor.question().await;
    let message = question["message"].as_str().unwrap();
    assert!(
        message.contains("25 functions in 2 requests, about $0."),
        "{message}"
    );
    assert_eq!(editor.finished(&id).await["error"]["code"], -32800);
    assert!(api.is_quiet());
    editor.chosen.push_back(json!({ "title": "Go on" }));
    let id = begun(&mut editor, &uri).await;
    editor.question().await;
    for batch in [1..=20_usize, 21..=25] {
        let words: Vec<_> = batch.map(|n| (n, format!("Is {n}."))).collect();
        let words: Vec<_> = words.iter().map(|(n, said)| (*n, said.as_str())).collect();
        api.next().await.text(&said(&words));
    }
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["summary"], "Explained 25 functions.");
    assert_eq!(finished["result"]["usage"]["total_tokens"], 250);
    assert_eq!(labels(&mut editor, &uri).await.len(), 25);
}

#[tokio::test]
async fn a_file_without_functions_is_said_to_have_none() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    for (name, language, text) in [
        ("a.rs", "rust", "struct A;\n"),
        ("a.txt", "plaintext", "a\n"),
    ] {
        let uri = editor.open(name, language, text).await;
        let id = begun(&mut editor, &uri).await;
        let finished = editor.finished(&id).await;
        let message = finished["error"]["message"].as_str().unwrap();
        assert!(message.contains("no functions"), "{message}");
    }
    assert!(api.is_quiet());
}
