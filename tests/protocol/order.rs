//! Messages take effect in the order they came, whatever else is going on.

use serde_json::{Value, json};

use super::api::Api;
use super::editor::{Editor, Setup, range};
use super::lifetime::usage;

/// A function whose name is the text's last word.
fn function(name: &str) -> String {
    format!("fn {name}() {{}}\n")
}

#[tokio::test]
async fn two_hundred_changes_apply_in_order_and_each_request_sees_its_own_place() {
    let api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", &function("f0")).await;
    let mut asked = Vec::new();
    for n in 0..200 {
        let old = format!("f{n}").len() as u32;
        editor
            .type_at(&uri, (0, 3), (0, 3 + old), &format!("f{}", n + 1))
            .await;
        let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 4), (0, 4)), "context": { "diagnostics": [] } });
        asked.push((n + 1, editor.ask("textDocument/codeAction", params).await));
    }
    for (n, id) in asked {
        let actions = editor.answer(id).await.unwrap();
        let title = actions[0]["title"].as_str().unwrap();
        // A parse that took too long falls back on the paragraph, which has no name; what
        // may never be seen is another place's name.
        assert!(
            [format!("Explain `f{n}`"), "Explain selection".into()].contains(&title.to_owned()),
            "{n}: {title}"
        );
    }
}

#[tokio::test]
async fn a_job_sees_the_text_as_of_its_command() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", &function("before")).await;
    let params = json!({ "command": "gloss.explain", "arguments": [{ "uri": uri, "range": range((0, 4), (0, 4)) }] });
    let id = editor.ask("workspace/executeCommand", params).await;
    editor.type_at(&uri, (0, 3), (0, 9), "after").await;
    let held = api.next().await;
    assert!(held.prompt().contains("fn before()") && !held.prompt().contains("fn after()"));
    held.text("It was.");
    let id = editor.answer(id).await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(editor.finished(&id).await["result"]["markdown"], "It was.");
}

#[tokio::test]
async fn nothing_that_carries_the_id_is_sent_before_the_answer() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", &function("f")).await;
    for n in 0..50 {
        let token = format!("own-{n}");
        let argument = json!({ "uri": uri, "range": range((0, 4), (0, 4)), "workDoneToken": token, "again": true });
        let params = json!({ "command": "gloss.explain", "arguments": [argument] });
        let id = editor.ask("workspace/executeCommand", params).await;
        let first = editor
            .wait(|message| message.to_string().contains(&token))
            .await;
        assert_eq!(
            (&first["id"], &first["result"]["id"]),
            (&json!(id), &json!(token))
        );
        api.next().await.text("Yes.");
        editor.finished(&token).await;
    }
}

#[tokio::test]
async fn jobs_that_wait_hold_up_nothing() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "concurrency": 64 });
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", &function("f")).await;
    let mut held = Vec::new();
    for _ in 0..64 {
        editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
        held.push(api.next().await);
    }
    // All 64 are under way, and every one of these is answered.
    assert_eq!(editor.hover(&uri, 0, 4).await, None);
    assert!(
        editor
            .titles(&uri, (0, 4), (0, 4))
            .await
            .contains(&"Cancel: Explain".to_owned())
    );
    editor.type_at(&uri, (0, 3), (0, 4), "g").await;
    editor.titles_with(&uri, (0, 4), "Explain `g`").await;
    for held in held {
        held.text("Done.");
    }
    for _ in 0..64 {
        editor
            .wait(|message| message["method"] == "gloss/finished")
            .await;
    }
}

#[tokio::test]
async fn only_so_many_requests_are_in_flight_and_the_rest_wait_in_order() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "concurrency": 2 });
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", &function("f")).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let argument = json!({ "uri": uri, "range": range((0, 4), (0, 4)), "question": format!("question {n}") });
        let begun = editor.execute("gloss.explain", argument).await.unwrap();
        ids.push(begun["id"].as_str().unwrap().to_owned());
    }
    let mut flying = vec![api.next().await, api.next().await];
    editor.drain().await;
    assert!(api.is_quiet());
    for _ in 2..5 {
        flying.remove(0).text("Answered.");
        flying.push(api.next().await);
    }
    for held in flying {
        held.text("Answered.");
    }
    for id in ids {
        assert_eq!(
            editor.finished(&id).await["result"]["markdown"],
            "Answered."
        );
    }
}

#[tokio::test]
async fn a_burst_of_jobs_that_ask_the_client_does_not_lock_up() {
    let api = Api::start().await;
    let mut setup = Setup::new(&api.url);
    setup.options = json!({ "concurrency": 64 });
    api.answer_all(|_| "Fine.".to_owned());
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", &function("f")).await;
    let mut asked = Vec::new();
    for _ in 0..40 {
        let params = json!({ "command": "gloss.explain", "arguments": [{ "uri": uri, "range": range((0, 4), (0, 4)), "again": true }] });
        asked.push(editor.ask("workspace/executeCommand", params).await);
    }
    // Each job asks for its progress to be created; none of that was answered while they came.
    for id in asked {
        let id = editor.answer(id).await.unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        editor.ended(&id).await;
    }
    let usage = usage(&editor).await;
    let total = &usage["total"];
    assert_eq!(
        (&total["requests"], &total["errors"]),
        (&json!(40), &json!(0)),
        "{usage}"
    );
}

#[tokio::test]
async fn a_cancelled_request_is_answered_and_a_late_reply_hurts_nothing() {
    let api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    std::fs::write(editor.path("a.png"), png()).unwrap();
    let uri = editor.open("a.md", "markdown", "![x](a.png)\n").await;
    let params =
        json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 3 } });
    let id = editor.ask("textDocument/hover", params).await;
    editor.notify("$/cancelRequest", json!({ "id": id })).await;
    assert_eq!(editor.answer(id).await.unwrap_err()["code"], -32800);
    // Replies to requests that nobody made are passed over.
    editor
        .send(json!({ "jsonrpc": "2.0", "id": 4711, "result": null }))
        .await;
    editor
        .send(json!({ "jsonrpc": "2.0", "id": "x", "error": { "code": 1, "message": "no" } }))
        .await;
    let offered = "Describe image a.png";
    let titles = editor.titles_with(&uri, (0, 3), offered).await;
    assert_eq!(titles.len(), 4, "{titles:?}");
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_the_conversation_goes_on() {
    let api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", &function("f")).await;
    let broken: [(&[u8], i64); 5] = [
        (b"{\"jsonrpc\": \"2.0\", ", -32700),
        (b"\xff\xfe", -32700),
        (b"", -32700),
        (b"[]", -32600),
        (b"{\"hello\": 1}", -32600),
    ];
    for (body, code) in broken {
        editor
            .send_bytes(&gloss::server::frames::framed(body))
            .await;
        let answer = editor.wait(|message| message.get("error").is_some()).await;
        assert_eq!(
            (&answer["id"], &answer["error"]["code"]),
            (&Value::Null, &json!(code)),
            "{body:?}"
        );
    }
    for method in ["gloss/unknown", "$/unknown", "$/cancelRequest"] {
        let unknown = editor.request(method, json!({})).await.unwrap_err();
        assert_eq!(unknown["code"], -32601, "{method}");
    }
    let null = editor
        .request("textDocument/hover", Value::Null)
        .await
        .unwrap_err();
    assert_eq!(null["code"], -32602);
    editor.notify("textDocument/didChange", Value::Null).await;
    editor.notify("$/unknown", json!({})).await;
    assert!(!editor.titles(&uri, (0, 3), (0, 3)).await.is_empty());
}

/// The smallest picture that the API takes: 32 by 32 pixels.
pub fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture =
        image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 8, y as u8 * 8, 90]));
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}
