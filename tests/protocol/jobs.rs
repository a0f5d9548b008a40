//! The three actions from command to outcome: what is sent, what comes back, what it costs.

use gloss::llm::Wire;
use serde_json::{Value, json};

use super::WIRE;
use super::api::{Answer, Api};
use super::editor::{Editor, Setup, range};
use super::lifetime::usage;

const CODE: &str = "use std::fs;\n\n/// Doubles.\nfn double(n: u32) -> u32 {\n    return n * 2;\n}\n\nfn other() {}\n";
const ANSWER: &str =
    "Dropped the `return`.\n\n```rust\nfn double(n: u32) -> u32 {\n    n * 2\n}\n```";

#[tokio::test]
async fn explain_streams_and_stays_as_hover_text() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("src/a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    let held = api.next().await;
    let (prompt, body) = (held.prompt(), held.body.clone());
    held.text("Doubles `n`. <b>Overflows</b> above half.");
    let finished = editor.finished(&id).await;
    let markdown = "Doubles `n`. &lt;b>Overflows&lt;/b> above half.";
    assert_eq!(finished["result"]["markdown"], markdown);
    assert_eq!(finished["result"]["summary"], "Doubles `n`.");
    assert_eq!(finished["result"]["usage"]["total_tokens"], 125);
    assert_eq!(finished["command"], "gloss.explain");
    assert_eq!(finished["uri"], uri.as_str());
    let deltas = editor
        .heard
        .iter()
        .filter(|message| message["method"] == "gloss/stream");
    let joined: String = deltas
        .map(|message| message["params"]["delta"].as_str().unwrap())
        .collect();
    assert_eq!(joined, markdown);
    // The function, its doc comment as context, its file, and no more than was allowed.
    assert!(
        prompt.contains("<range-") && prompt.contains("Doubles."),
        "{prompt}"
    );
    assert_eq!(
        (&body["model"], &body["stream"]),
        (&json!("grok-4.3"), &json!(true))
    );
    match WIRE {
        Wire::Chat => assert_eq!(body["stream_options"]["include_usage"], true),
        Wire::Responses => assert_eq!(body["store"], false),
    }
    // On the line of the name, and nowhere else.
    assert!(
        editor
            .hover(&uri, 3, 0)
            .await
            .unwrap()
            .contains("Doubles `n`.")
    );
    for line in [0, 2, 4, 5, 7] {
        assert_eq!(editor.hover(&uri, line, 0).await, None, "line {line}");
    }
    // It moves with edits above, turns stale with one inside, and is fresh again without it.
    editor.type_at(&uri, (0, 0), (0, 0), "// top\n").await;
    assert!(!editor.hover(&uri, 4, 3).await.unwrap().contains("changed"));
    editor.type_at(&uri, (5, 4), (5, 4), "/**/").await;
    assert!(
        editor
            .hover(&uri, 4, 3)
            .await
            .unwrap()
            .contains("has changed")
    );
    editor.type_at(&uri, (5, 4), (5, 8), "").await;
    assert!(
        !editor
            .hover(&uri, 4, 3)
            .await
            .unwrap()
            .contains("has changed")
    );
}

#[tokio::test]
async fn a_question_is_asked_and_leaves_no_note() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let history = json!([{ "question": "Who calls it?", "answer": "Nobody." }]);
    let argument = json!({ "uri": uri, "range": range((4, 6), (4, 6)), "question": "Does it overflow?", "history": history });
    let id = editor.execute("gloss.explain", argument).await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let held = api.next().await;
    for told in ["Does it overflow?", "Who calls it?", "Nobody."] {
        assert!(held.prompt().contains(told), "{told}");
    }
    held.text("Yes.");
    assert_eq!(editor.finished(&id).await["result"]["markdown"], "Yes.");
    assert_eq!(editor.hover(&uri, 3, 3).await, None);
}

#[tokio::test]
async fn refactor_ends_as_the_smallest_versioned_edit() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.refactor", &uri, (4, 6), (4, 6)).await;
    let held = api.next().await;
    assert!(held.prompt().contains("fenced code block"));
    held.text(ANSWER);
    let request = editor
        .wait(|message| message["method"] == "workspace/applyEdit")
        .await;
    let change = &request["params"]["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({ "uri": uri, "version": 1 }));
    let edits = change["edits"].as_array().unwrap();
    assert!(
        edits.iter().all(|edit| edit["range"]["start"]["line"] == 4),
        "{edits:?}"
    );
    editor.ended(&id).await;
    assert_eq!(editor.text(&uri), CODE.replace("return n * 2;", "n * 2"));
}

#[tokio::test]
async fn apply_false_hands_the_edit_over() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let argument = json!({ "uri": uri, "range": range((4, 6), (4, 6)), "apply": false, "instruction": "Make it short." });
    let id = editor.execute("gloss.refactor", argument).await.unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let held = api.next().await;
    assert!(held.prompt().contains("Make it short."));
    // What is typed meanwhile moves what is handed over as well.
    editor.type_at(&uri, (0, 0), (0, 0), "// top\n").await;
    editor.drain().await;
    held.text(ANSWER);
    let result = editor.finished(&id).await["result"].clone();
    assert_eq!(result["applied"], false);
    let code = format!("// top\n{CODE}");
    assert_eq!(editor.text(&uri), code);
    assert!(editor.apply(&result["edit"]).await);
    assert_eq!(editor.text(&uri), code.replace("return n * 2;", "n * 2"));
    assert!(editor.asked_to_apply.is_empty());
}

#[tokio::test]
async fn a_selection_is_rewritten_and_nothing_beside_it() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor
        .open("notes.txt", "plaintext", "first line\nsecond line\nthird\n")
        .await;
    let id = editor.job("gloss.refactor", &uri, (1, 0), (2, 0)).await;
    api.next().await.text("```\nthe second\n```");
    assert_eq!(editor.finished(&id).await["result"]["applied"], true);
    assert_eq!(editor.text(&uri), "first line\nthe second\nthird\n");
}

#[tokio::test]
async fn an_answer_that_could_hurt_is_refused_and_shown() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for answer in [
        "Sorry, no.",
        "```rust\nfn double(\n```",
        "```\na\n```\n```\nb\n```",
        "```rust\nfn double() {}",
    ] {
        let id = editor.job("gloss.refactor", &uri, (4, 6), (4, 6)).await;
        api.next().await.text(answer);
        let finished = editor.finished(&id).await;
        assert_eq!(finished["error"]["code"], -32803, "{answer}");
        assert!(finished["result"]["answer"].is_string(), "{answer}");
        assert_eq!(editor.text(&uri), CODE);
    }
}

#[tokio::test]
async fn cancel_closes_the_connection_and_says_nothing() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for how in ["progress", "command", "latest"] {
        let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
        api.next()
            .await
            .answer(Answer::Stall(vec!["It ".into(), "is".into()]));
        editor
            .wait(|message| message["method"] == "gloss/stream")
            .await;
        match how {
            "progress" => {
                editor
                    .notify("window/workDoneProgress/cancel", json!({ "token": id }))
                    .await;
            }
            "command" => assert_eq!(
                editor.execute("gloss.cancel", json!({ "id": id })).await,
                Ok(Value::Null)
            ),
            _ => assert_eq!(
                editor.execute("gloss.cancel", Value::Null).await,
                Ok(Value::Null)
            ),
        }
        api.all_closed().await;
        let finished = editor.finished(&id).await;
        assert_eq!(finished["error"]["code"], -32800, "{how}");
        editor.ended(&id).await;
    }
    assert!(
        editor
            .heard
            .iter()
            .all(|message| message["method"] != "window/showMessage")
    );
    let usage = usage(&editor).await;
    let statuses: Vec<_> = usage["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].clone())
        .collect();
    assert_eq!(statuses, ["cancelled", "cancelled", "cancelled"]);
    assert!(
        usage["rows"][0]["prompt_tokens"].as_u64().unwrap() > 100,
        "{usage}"
    );
}

#[tokio::test]
async fn the_menu_names_the_symbol_and_offers_to_cancel() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let whole = "Explain every function in this file";
    assert_eq!(
        editor.titles_with(&uri, (4, 6), whole).await,
        ["Explain `double`", "Refactor `double`", whole]
    );
    assert_eq!(
        editor.titles(&uri, (4, 4), (4, 5)).await,
        ["Explain `double`", "Refactor `double`", whole]
    );
    assert_eq!(
        editor.titles(&uri, (4, 4), (4, 10)).await,
        ["Explain selection", "Refactor selection", whole]
    );
    assert_eq!(editor.titles(&uri, (6, 0), (6, 0)).await, [whole]);
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    let held = api.next().await;
    assert_eq!(
        editor.titles(&uri, (4, 6), (4, 6)).await[0],
        "Cancel: Explain `double`"
    );
    held.text("Done.");
    editor.finished(&id).await;
    editor.drain().await;
    assert_eq!(
        editor.titles(&uri, (4, 6), (4, 6)).await[0],
        "Explain `double`"
    );

    let mut ask = async |context: Value| {
        let params = json!({ "textDocument": { "uri": uri }, "range": range((4, 6), (4, 6)), "context": context });
        editor
            .request("textDocument/codeAction", params)
            .await
            .unwrap()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(
        ask(json!({ "diagnostics": [], "only": ["refactor"] })).await,
        1
    );
    assert_eq!(
        ask(json!({ "diagnostics": [], "only": ["quickfix"] })).await,
        0
    );
    assert_eq!(ask(json!({ "diagnostics": [], "triggerKind": 2 })).await, 0);
    assert!(api.is_quiet());
}

#[tokio::test]
async fn a_plain_client_is_told_by_message_and_progress() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    api.next().await.text("Doubles it. More follows.");
    editor.ended(&id).await;
    assert_eq!(
        editor.message().await,
        "Gloss: Doubles it. Hover over line 4 to read on."
    );
    let begun = editor
        .wait(|message| message["params"]["value"]["kind"] == "begin")
        .await;
    assert_eq!(begun["params"]["value"]["cancellable"], true);
    assert!(editor.heard.iter().all(|message| {
        !message["method"]
            .as_str()
            .unwrap_or("")
            .starts_with("gloss/")
    }));

    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    let error = json!({ "code": "Some resource has been exhausted", "error": "Your team has used all available credits." });
    api.next()
        .await
        .answer(Answer::Status(429, error.to_string()));
    editor.ended(&id).await;
    let message = editor.message().await;
    assert!(message.contains("credit"), "{message}");

    let mut setup = Setup::new(&api.url);
    setup.capabilities = json!({});
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    assert_eq!(editor.message().await, "Explain…");
    api.next().await.text("Doubles it.");
    assert_eq!(
        editor.message().await,
        "Gloss: Doubles it. Hover over line 4 to read on."
    );
}

#[tokio::test]
async fn without_a_key_the_message_says_how_to_set_one_and_nothing_is_sent() {
    let mut editor = Editor::start(&Setup::streaming("https://api.x.ai/v1")).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    let message = editor.finished(&id).await["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("XAI_API_KEY") && message.contains("gloss auth login"),
        "{message}"
    );
}

#[tokio::test]
async fn the_key_goes_along_and_is_nowhere_else() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.key = Some("xai-0123456789abcdefghij");
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    let held = api.next().await;
    assert!(
        held.head
            .to_lowercase()
            .contains("authorization: bearer xai-0123456789abcdefghij")
    );
    held.answer(Answer::Status(
        401,
        r#"{"code":"x","error":"Bad key xai-0123456789abcdefghij"}"#.into(),
    ));
    let finished = editor.finished(&id).await;
    assert!(
        !finished.to_string().contains("0123456789abcdefghij"),
        "{finished}"
    );
    let usage = usage(&editor).await;
    assert_eq!(usage["rows"][0]["status"], "error");
    assert!(!usage.to_string().contains("0123456789abcdefghij"));
    let data = std::fs::read(editor.path("data/gloss.db")).unwrap_or_default();
    let wal = std::fs::read(editor.path("data/gloss.db-wal")).unwrap_or_default();
    for bytes in [data, wal] {
        assert!(!bytes.windows(8).any(|window| window == b"01234567"));
    }
}

#[tokio::test]
async fn secrets_in_the_code_are_masked_and_come_back_in_the_edit() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let secret = format!("ghp_{}", "Zz9".repeat(12));
    let code = format!("fn token() -> &'static str {{\n    return \"{secret}\";\n}}\n");
    let uri = editor.open("a.rs", "rust", &code).await;
    let id = editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
    let held = api.next().await;
    assert!(!held.prompt().contains(&secret) && held.prompt().contains("GLOSS_MASKED_SECRET_1_"));
    held.text("```rust\nfn token() -> &'static str {\n    \"GLOSS_MASKED_SECRET_1_\"\n}\n```");
    assert_eq!(editor.finished(&id).await["result"]["applied"], true);
    assert_eq!(
        editor.text(&uri),
        code.replace("return ", "").replace(';', "")
    );
    assert_eq!(usage(&editor).await["rows"][0]["masked"], 1);
}

#[tokio::test]
async fn an_answer_that_lost_altered_or_doubled_a_secret_is_refused() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let (one, two) = (
        format!("ghp_{}", "Zz9".repeat(12)),
        format!("xai-{}", "q7R".repeat(10)),
    );
    let code = format!("fn keys() {{\n    a(\"{one}\", \"{two}\");\n    b(\"{one}\");\n}}\n");
    let uri = editor.open("a.rs", "rust", &code).await;
    let (first, second) = ("GLOSS_MASKED_SECRET_1_", "GLOSS_MASKED_SECRET_2_");
    for (statements, comes) in [
        (format!("a(\"{first}\", \"{second}\");"), false),
        (format!("a(\"{first}\", \"\"); b(\"{first}\");"), false),
        (
            format!("a(\"{first}\", \"{second}\"); b(\"{second}\");"),
            false,
        ),
        (
            format!("a(\"{first}\", \"{second}\"); b(\"{first}{first}\");"),
            false,
        ),
        (
            format!("a(\"{first}\", \"{second}\"); b(\"GLOSS_MASKED_SECRET_3_\");"),
            false,
        ),
        (
            format!("a(\"{first}\", \"{second}\"); b(\"gloss_masked_secret_1_\");"),
            false,
        ),
        (
            format!("b(\"{first}\"); a(\"{first}\", \"{second}\");"),
            true,
        ),
    ] {
        let id = editor.job("gloss.refactor", &uri, (1, 5), (1, 5)).await;
        let held = api.next().await;
        assert!(!held.prompt().contains(&one) && !held.prompt().contains(&two));
        held.text(&format!("```rust\nfn keys() {{\n    {statements}\n}}\n```"));
        let finished = editor.finished(&id).await;
        if comes {
            assert_eq!(finished["result"]["applied"], true, "{finished}");
            let whole = statements.replace(first, &one).replace(second, &two);
            assert!(editor.text(&uri).contains(&whole), "{}", editor.text(&uri));
        } else {
            let message = finished["error"]["message"].as_str().unwrap();
            assert!(
                message.contains("masked secret"),
                "{statements}: {finished}"
            );
            assert!(finished["result"]["answer"].is_string());
            assert_eq!(editor.text(&uri), code);
        }
    }
}

#[tokio::test]
async fn files_that_are_kept_private_are_never_sent() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    for name in [".env", "deploy/.env.production", "server.pem", "id_rsa"] {
        let uri = editor.open(name, "plaintext", "PASSWORD=hunter2\n").await;
        let id = editor.job("gloss.explain", &uri, (0, 0), (0, 0)).await;
        let finished = editor.finished(&id).await;
        assert!(
            finished["error"]["message"]
                .as_str()
                .unwrap()
                .contains("exclude"),
            "{name}: {finished}"
        );
    }
    assert!(api.is_quiet());
    assert_eq!(usage(&editor).await["rows"][0]["status"], "refused");
}

#[tokio::test]
async fn the_ledger_has_every_field_of_usage_by_workspace() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("src/a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    api.next().await.text("Doubles it.");
    editor.finished(&id).await;
    let row = usage(&editor).await["rows"][0].clone();
    let workspace = editor.folder.path().canonicalize().unwrap();
    // As each wire reports them.
    let (completion_tokens, text_tokens) = match WIRE {
        Wire::Chat => (20, 100),
        Wire::Responses => (25, 0),
    };
    for (name, value) in [
        ("workspace", json!(workspace)),
        ("file", json!("src/a.rs")),
        ("lines", json!("4-6")),
        ("action", json!("explain")),
        ("model", json!("grok-4.3")),
        ("status", json!("ok")),
        ("finish_reason", json!("stop")),
        ("prompt_tokens", json!(100)),
        ("completion_tokens", json!(completion_tokens)),
        ("total_tokens", json!(125)),
        ("text_tokens", json!(text_tokens)),
        ("cached_tokens", json!(40)),
        ("reasoning_tokens", json!(5)),
        ("cost_usd", json!(0.00015)),
        ("request_id", json!("r-1")),
        ("requests", json!(1)),
    ] {
        assert_eq!(row[name], value, "{name}: {row}");
    }
    let by_command = editor.execute("gloss.usage", json!({})).await.unwrap();
    assert_eq!(by_command["total"]["total_tokens"], 125);
}

#[tokio::test]
async fn an_unreadable_store_stops_no_action() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    let file = tempfile::NamedTempFile::new().unwrap();
    setup
        .environment
        .push(("GLOSS_DATA_DIR", file.path().display().to_string()));
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    api.next().await.text("Doubles it.");
    assert_eq!(
        editor.finished(&id).await["result"]["markdown"],
        "Doubles it."
    );
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn ids_are_unique_and_strings() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let argument = json!({ "uri": uri, "range": range((4, 6), (4, 6)), "workDoneToken": "mine", "again": true });
    assert_eq!(
        editor.execute("gloss.explain", argument.clone()).await,
        Ok(json!({ "id": "mine" }))
    );
    let held = api.next().await;
    assert_eq!(
        editor
            .execute("gloss.explain", argument.clone())
            .await
            .unwrap_err()["code"],
        -32602
    );
    held.text("One.");
    editor.ended("mine").await;
    // A token of the client's own needs no leave to be used.
    assert!(
        editor
            .heard
            .iter()
            .all(|message| message["method"] != "window/workDoneProgress/create")
    );
    let status = editor
        .wait(|message| message["method"] == "gloss/status" && message["params"]["busy"] == false)
        .await;
    assert_eq!(status["params"]["today"]["requests"], 1);
    assert_eq!(
        editor.execute("gloss.explain", argument).await,
        Ok(json!({ "id": "mine" }))
    );
    api.next().await.text("Two.");
    editor.ended("mine").await;
    // An id that a client took is not drawn again, and one that is no text is refused.
    let at = range((4, 6), (4, 6));
    let taken = json!({ "uri": uri, "range": at, "workDoneToken": "gloss-1", "again": true });
    editor.execute("gloss.explain", taken).await.unwrap();
    let drawn = editor.job("gloss.explain", &uri, (4, 6), (4, 6)).await;
    assert_eq!(drawn, "gloss-2");
    for token in [json!(77), json!("")] {
        let argument = json!({ "uri": uri, "range": at, "workDoneToken": token });
        assert_eq!(
            editor.execute("gloss.explain", argument).await.unwrap_err()["code"],
            -32602
        );
    }
}

#[tokio::test]
async fn who_asks_the_same_meanwhile_shares_the_answer() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for (question, ids) in [(None, ["a", "b"]), (Some("Why?"), ["c", "d"])] {
        for id in ids {
            let argument = json!({ "uri": uri, "range": range((0, 4), (0, 4)), "question": question, "workDoneToken": id });
            editor.execute("gloss.explain", argument).await.unwrap();
        }
        // Which of them asks, and which waits, is theirs. Those before may have said so, too.
        let held = api.next().await;
        let waits = |message: &Value| {
            let said = message["params"]["value"]["message"].as_str();
            said.is_some_and(|said| said.starts_with("waiting for its turn"))
                && ids.iter().any(|id| message["params"]["token"] == *id)
        };
        editor.wait(waits).await;
        held.text("Because.");
        for id in ids {
            let finished = editor.finished(id).await;
            assert_eq!(finished["result"]["markdown"], "Because.", "{finished}");
        }
        assert!(api.is_quiet());
    }
    let usage = usage(&editor).await;
    assert_eq!(usage["total"]["requests"], 2, "{usage}");
    assert_eq!(usage["total"]["from_store"], 2, "{usage}");
}

#[tokio::test]
async fn who_waits_for_one_that_is_cancelled_asks_anew() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let begin = json!({ "uri": uri, "range": range((0, 4), (0, 4)), "workDoneToken": "first" });
    editor
        .execute("gloss.explain", begin.clone())
        .await
        .unwrap();
    let held = api.next().await;
    let second = json!({ "uri": uri, "range": range((0, 4), (0, 4)), "workDoneToken": "second" });
    editor.execute("gloss.explain", second).await.unwrap();
    editor
        .execute("gloss.cancel", json!({ "id": "first" }))
        .await
        .unwrap();
    assert_eq!(editor.finished("first").await["error"]["code"], -32800);
    drop(held);
    api.next().await.text("Because.");
    let finished = editor.finished("second").await;
    assert_eq!(finished["result"]["markdown"], "Because.");
}

#[tokio::test]
async fn a_cancel_while_the_rate_limit_is_waited_out_costs_nothing() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", "fn a() {}\n").await;
    let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
    api.next().await.answer(Answer::TooMany(25));
    editor
        .wait(|message| {
            let said = message["params"]["value"]["message"].as_str();
            said.is_some_and(|said| said.starts_with("the rate limit, trying again in 25 s"))
        })
        .await;
    editor
        .execute("gloss.cancel", json!({ "id": id }))
        .await
        .unwrap();
    assert_eq!(editor.finished(&id).await["error"]["code"], -32800);
    let row = usage(&editor).await["rows"][0].clone();
    assert_eq!(
        (&row["status"], &row["total_tokens"], &row["cost_usd"]),
        (&json!("cancelled"), &json!(0), &json!(0.0)),
        "{row}"
    );
}
