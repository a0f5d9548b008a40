//! Documents as the editor has them: encodings, wild positions, odd documents, closing.

use serde_json::{Value, json};

use super::api::Api;
use super::editor::{Editor, Setup, range};

/// What the server holds, seen through what it would send.
pub async fn text_in_server(editor: &mut Editor, uri: &str) -> String {
    let inner = json!({ "uri": uri, "range": range((0, 0), (100_000, 0)) });
    let preview = editor
        .execute(
            "gloss.preview",
            json!({ "command": "gloss.explain", "argument": inner }),
        )
        .await
        .unwrap();
    let prompt = preview["prompt"].as_str().unwrap().to_owned();
    let marked = prompt.rsplit("\n<range-").next().unwrap();
    let body = marked.split_once(">\n").unwrap().1;
    body.rsplit_once("</range-").unwrap().0.to_owned()
}

#[tokio::test]
async fn positions_count_in_the_encoding_that_was_agreed_on() {
    for (offered, agreed, after_emoji) in [
        (json!(["utf-8", "utf-16"]), "utf-8", 5),
        (json!(["utf-32", "utf-16"]), "utf-32", 2),
        (json!(["utf-7"]), "utf-16", 3),
        (Value::Null, "utf-16", 3),
    ] {
        let mut setup = Setup::new("http://127.0.0.1:9/v1");
        if !offered.is_null() {
            setup.capabilities["general"] = json!({ "positionEncodings": offered });
        }
        let mut editor = Editor::spawn(&setup);
        let params =
            json!({ "processId": null, "rootUri": null, "capabilities": setup.capabilities });
        let result = editor.request("initialize", params).await.unwrap();
        assert_eq!(result["capabilities"]["positionEncoding"], agreed);
        editor.notify("initialized", json!({})).await;
        let uri = "untitled:Untitled-1";
        editor.open_uri(uri, "plaintext", "a😀b\n").await;
        let change = json!({ "range": range((0, after_emoji), (0, after_emoji + 1)), "text": "c" });
        let versioned = json!({ "uri": uri, "version": 2 });
        editor
            .notify(
                "textDocument/didChange",
                json!({ "textDocument": versioned, "contentChanges": [change] }),
            )
            .await;
        assert_eq!(text_in_server(&mut editor, uri).await, "a😀c\n", "{agreed}");
    }
}

#[tokio::test]
async fn wild_positions_are_clamped() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let uri = editor.open("a.txt", "plaintext", "ab\r\nc😀d\r\n").await;
    for (start, end, text, expected) in [
        ((0, 99), (0, 99), "!", "ab!\r\nc😀d\r\n"),
        ((99, 0), (99, 5), "end", "ab!\r\nc😀d\r\nend"),
        ((1, 2), (1, 2), "x", "ab!\r\ncx😀d\r\nend"),
        ((2, 1), (0, 1), "y", "ayb!\r\ncx😀d\r\nend"),
        (
            (u32::MAX >> 1, u32::MAX >> 1),
            (0, 0),
            "z",
            "zayb!\r\ncx😀d\r\nend",
        ),
    ] {
        editor.type_at(&uri, start, end, text).await;
        // What is sent carries `\n` alone only where the document does.
        let held = text_in_server(&mut editor, &uri).await;
        let expected = if expected.ends_with('\n') {
            expected.to_owned()
        } else {
            format!("{expected}\n")
        };
        assert_eq!(held, expected);
        assert_eq!(
            format!(
                "{}{}",
                editor.text(&uri),
                if held.ends_with("end\n") { "\n" } else { "" }
            ),
            held
        );
    }
}

#[tokio::test]
async fn several_changes_in_one_message_and_a_whole_new_text_apply_in_order() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let uri = editor.open("a.txt", "plaintext", "one\n").await;
    let changes = json!([
        { "range": range((0, 0), (0, 3)), "text": "two" },
        { "range": range((0, 3), (0, 3)), "text": " three" },
        { "text": "new\nwhole\n" },
        { "range": range((1, 0), (1, 5)), "text": "text" },
    ]);
    let versioned = json!({ "uri": uri, "version": -7 });
    editor
        .notify(
            "textDocument/didChange",
            json!({ "textDocument": versioned, "contentChanges": changes }),
        )
        .await;
    assert_eq!(text_in_server(&mut editor, &uri).await, "new\ntext\n");
}

#[tokio::test]
async fn what_is_not_open_is_the_commands_own_error() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let uri = editor.open("a.rs", "rust", "fn f() {}\n").await;
    let at = range((0, 3), (0, 3));
    for (argument, code) in [
        (
            json!({ "uri": "file:///never/opened.rs", "range": at }),
            -32602,
        ),
        (json!({ "range": at }), -32602),
        (json!({ "uri": uri }), -32602),
        (json!({ "uri": 7, "range": at }), -32602),
        (json!({ "uri": uri, "range": "all" }), -32602),
        (json!("explain"), -32602),
        (Value::Null, -32602),
        (json!({ "uri": uri, "range": at, "version": 99 }), -32801),
    ] {
        for command in ["gloss.explain", "gloss.refactor", "gloss.describeImage"] {
            let error = editor.execute(command, argument.clone()).await.unwrap_err();
            assert_eq!(error["code"], code, "{command} {argument}");
        }
    }
    let unknown = editor
        .execute("gloss.nothing", json!({}))
        .await
        .unwrap_err();
    assert_eq!(unknown["code"], -32602);
    assert!(
        unknown["message"]
            .as_str()
            .unwrap()
            .contains("gloss.explain"),
        "{unknown}"
    );

    let none = editor
        .request(
            "workspace/executeCommand",
            json!({ "command": "gloss.explain" }),
        )
        .await
        .unwrap_err();
    assert_eq!(none["code"], -32602);
    assert_eq!(editor.hover("file:///never/opened.rs", 0, 0).await, None);
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed.clone()).await;
    editor.notify("textDocument/didClose", closed).await;
    let error = editor
        .execute("gloss.explain", json!({ "uri": uri, "range": at }))
        .await
        .unwrap_err();
    assert_eq!(error["code"], -32602);
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_workspace_without_folders_and_an_untitled_document_are_fine() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let mut editor = Editor::spawn(&setup);
    let params = json!({ "processId": null, "rootUri": null, "workspaceFolders": null, "capabilities": setup.capabilities });
    editor.request("initialize", params).await.unwrap();
    editor.notify("initialized", json!({})).await;
    let uri = "untitled:Untitled-1";
    editor.open_uri(uri, "rust", "fn f() {}\n").await;
    let id = editor.job("gloss.explain", uri, (0, 4), (0, 4)).await;
    api.next().await.text("Does nothing.");
    assert_eq!(
        editor.finished(&id).await["result"]["summary"],
        "Does nothing."
    );
}

#[tokio::test]
async fn large_and_binary_documents_are_held_and_refused_in_words() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let large = "0123456789abcdef\n".repeat(3 * 1024 * 1024);
    editor.open_uri("untitled:large", "plaintext", &large).await;
    let id = editor
        .job("gloss.explain", "untitled:large", (0, 0), (9_999_999, 0))
        .await;
    let finished = editor.finished(&id).await;
    let message = finished["error"]["message"].as_str().unwrap();
    assert!(message.contains("max_prompt_tokens"), "{message}");
    assert!(api.is_quiet());
    editor
        .notify(
            "textDocument/didClose",
            json!({ "textDocument": { "uri": "untitled:large" } }),
        )
        .await;

    editor
        .open_uri(
            "untitled:binary",
            "plaintext",
            "\u{0}\u{1}\u{fffd}\u{7f}\u{202e}",
        )
        .await;
    let id = editor
        .job("gloss.explain", "untitled:binary", (0, 0), (0, 5))
        .await;
    api.next().await.text("Bytes.");
    assert_eq!(editor.finished(&id).await["result"]["markdown"], "Bytes.");
}

#[tokio::test]
async fn settings_change_while_it_runs_and_mistakes_are_said_once() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options =
        json!({ "model": "grok-4.5", "modle": "x", "baseUrl": "http://127.0.0.1:1/v1" });
    let mut editor = Editor::start(&setup).await;
    let first = editor.message().await;
    assert!(first.contains("did you mean `model`"), "{first}");
    let second = editor.message().await;
    assert!(
        second.contains("`base_url` is not taken from the editor"),
        "{second}"
    );
    let uri = editor.open("a.rs", "rust", "fn f() {}\n").await;
    for (settings, model) in [
        (json!({ "gloss": { "model": "grok-4.6" } }), "grok-4.6"),
        (json!({ "model": "grok-4.7" }), "grok-4.7"),
        (json!({ "rust-analyzer": { "model": "x" } }), "grok-4.7"),
        (json!({ "gloss": {} }), "grok-4.5"),
    ] {
        editor
            .notify(
                "workspace/didChangeConfiguration",
                json!({ "settings": settings }),
            )
            .await;
        let id = editor.job("gloss.explain", &uri, (0, 4), (0, 4)).await;
        let held = api.next().await;
        assert_eq!(held.body["model"], model);
        held.text("Done.");
        editor.finished(&id).await;
    }
    // Said at the start, and not again with each change.
    assert!(
        editor
            .heard
            .iter()
            .all(|message| message["method"] != "window/showMessage")
    );
}

#[tokio::test]
async fn wild_numbers_and_half_characters_lose_no_change() {
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let uri = editor.open("a.txt", "plaintext", "ab\ncd\n").await;
    for (start, version, text, expected) in [
        (
            r#"{"line":4294967296,"character":0}"#,
            "null",
            "e",
            "ab\ncd\ne\n",
        ),
        (
            r#"{"line":0.0,"character":1e300}"#,
            "99999999999",
            "!",
            "ab!\ncd\ne\n",
        ),
        (
            r#"{"line":-3,"character":-1}"#,
            "-1",
            r"\ud83d",
            "\u{fffd}ab!\ncd\ne\n",
        ),
    ] {
        let body = format!(
            r#"{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{{"textDocument":{{"uri":"{uri}","version":{version}}},"contentChanges":[{{"range":{{"start":{start},"end":{start}}},"text":"{text}"}}]}}}}"#
        );
        editor
            .send_bytes(&gloss::server::frames::framed(body.as_bytes()))
            .await;
        assert_eq!(text_in_server(&mut editor, &uri).await, expected);
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn closing_documents_gives_their_memory_back() {
    const MEBIBYTE: u64 = 1024;
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    let before = editor.own_kib();
    // Small enough for a tree on a slow machine.
    let text = "fn add(a: u32, b: u32) -> u32 { let c = a + b; c * 2 }\n".repeat(2_000);
    let mut open = Vec::new();
    for number in 0..20 {
        let uri = editor.open(&format!("a{number}.rs"), "rust", &text).await;
        editor.titles_with(&uri, (5, 4), "Explain `add`").await;
        open.push(uri);
    }
    assert!(editor.own_kib() > before + 10 * MEBIBYTE);
    for uri in open {
        let closed = json!({ "textDocument": { "uri": uri } });
        editor.notify("textDocument/didClose", closed).await;
    }
    holds(&editor, before + 8 * MEBIBYTE).await;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[tokio::test]
async fn a_large_document_takes_twice_its_text_at_most_and_leaves_nothing() {
    const MEBIBYTE: u64 = 1024;
    let mut editor = Editor::start(&Setup::new("http://127.0.0.1:9/v1")).await;
    // Too large for a tree.
    let text = "fn add(a: u32, b: u32) -> u32 { let c = a + b; c * 2 }\n".repeat(50_000);
    let size = text.len() as u64 / 1024;
    let warm = editor.open("small.rs", "rust", "fn a() {}\n").await;
    editor.titles_with(&warm, (0, 4), "Explain `a`").await;
    let before = editor.own_kib();
    // Each time another thread may read it.
    for _ in 0..6 {
        let uri = editor.open("large.rs", "rust", &text).await;
        editor.titles(&uri, (5, 4), (5, 4)).await;
        holds(&editor, before + 2 * size).await;
        let closed = json!({ "textDocument": { "uri": uri } });
        editor.notify("textDocument/didClose", closed).await;
        editor.drain().await;
    }
    // Less than one text, but more than the stacks of threads that began since.
    holds(&editor, before + 2 * MEBIBYTE).await;
}

/// Waits until the server holds no more than so many KiB of its own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
async fn holds(editor: &Editor, most: u64) {
    let gives_back = async {
        while editor.own_kib() > most {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let patience = std::time::Duration::from_secs(60);
    let in_time = tokio::time::timeout(patience, gives_back).await;
    let held = editor.own_kib();
    in_time.unwrap_or_else(|_| panic!("{held} KiB are held, not {most}"));
}
