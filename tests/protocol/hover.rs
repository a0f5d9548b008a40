//! Hovering an image link describes the image, once, and only when it is meant.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Answer, Api, image, messages};
use super::editor::{Editor, Setup};
use super::lifetime::usage;
use super::order::png;

const TEXT: &str =
    "# Title\n\nSee ![a square](square.png) and ![again][ref].\n\n[ref]: square.png \"title\"\n";

async fn with_image(setup: &Setup) -> (Editor, String) {
    let mut editor = Editor::start(setup).await;
    std::fs::write(editor.path("square.png"), png()).unwrap();
    let uri = editor.open("README.md", "markdown", TEXT).await;
    (editor, uri)
}

#[tokio::test]
async fn hovering_an_image_describes_it_once() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::new(&api.url)).await;
    let position = json!({ "line": 2, "character": 8 });
    let params = json!({ "textDocument": { "uri": uri }, "position": position });
    let first = editor.ask("textDocument/hover", params.clone()).await;
    let second = editor.ask("textDocument/hover", params).await;
    let held = api.next().await;
    let parts = messages(&held.body)[1]["content"]
        .as_array()
        .unwrap()
        .clone();
    let url = parts.iter().find_map(image).unwrap();
    assert!(url.starts_with("data:image/png;base64,"), "{}", &url[..40]);
    held.text("A small square, blue to green.");
    for id in [first, second] {
        let hover = editor.answer(id).await.unwrap();
        let markdown = hover["contents"]["value"].as_str().unwrap();
        assert_eq!(
            markdown,
            "**square.png**: PNG, 32 x 32 pixels, 1.5 kB\n\nA small square, blue to green."
                .replace("1.5 kB", weight(markdown))
        );
        assert_eq!(
            hover["range"]["start"],
            json!({ "line": 2, "character": 4 })
        );
    }
    // The other link leads to the same image: known by now, and nothing is asked.
    assert!(
        editor
            .hover(&uri, 2, 40)
            .await
            .unwrap()
            .contains("blue to green")
    );
    assert_eq!(editor.hover(&uri, 0, 3).await, None);
    assert!(api.is_quiet());
    let usage = usage(&editor).await;
    assert_eq!(usage["total"]["requests"], 1, "{usage}");
    assert_eq!(usage["rows"][0]["action"], "describe");
}

fn weight(markdown: &str) -> &str {
    markdown
        .lines()
        .next()
        .unwrap()
        .rsplit(", ")
        .next()
        .unwrap()
}

fn at(uri: &str, line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    json!({ "textDocument": { "uri": uri }, "position": position })
}

#[tokio::test]
async fn a_hover_that_does_not_last_sends_nothing() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::new(&api.url)).await;
    std::fs::write(editor.path("round.svg"), CIRCLE).unwrap();
    let other = editor
        .open("b.md", "markdown", "![a circle](round.svg)\n")
        .await;
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    editor.notify("$/cancelRequest", json!({ "id": id })).await;
    assert_eq!(editor.answer(id).await.unwrap_err()["code"], -32800);
    // One that began later, and lasts: by the time it has sent, the first would have, too.
    let lasting = editor.ask("textDocument/hover", at(&other, 0, 4)).await;
    api.next().await.text("A circle.");
    let hover = editor.answer(lasting).await.unwrap();
    let markdown = hover["contents"]["value"].as_str().unwrap();
    assert!(
        markdown.starts_with("**round.svg**: SVG, 20 x 10 pixels"),
        "{markdown}"
    );
    assert!(markdown.ends_with("A circle."), "{markdown}");
    assert!(api.is_quiet());
}

const CIRCLE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'>\
                      <circle cx='9' cy='5' r='4'/></svg>";

#[tokio::test]
async fn what_a_cancelled_hover_has_asked_for_is_kept() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::new(&api.url)).await;
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    let held = api.next().await;
    editor.notify("$/cancelRequest", json!({ "id": id })).await;
    assert_eq!(editor.answer(id).await.unwrap_err()["code"], -32800);
    held.text("A square.");
    let known = editor.hover(&uri, 2, 8).await.unwrap();
    assert!(known.ends_with("A square."), "{known}");
    assert!(api.is_quiet());
    assert_eq!(usage(&editor).await["total"]["requests"], 1);
}

#[tokio::test]
async fn whoever_asks_about_one_image_asks_once() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::streaming(&api.url)).await;
    std::fs::copy(editor.path("square.png"), editor.path("copy.png")).unwrap();
    let other = editor
        .open("sub/b.md", "markdown", "![the same](../copy.png)\n")
        .await;
    let command = "gloss.describeImage";
    let first = editor.job(command, &uri, (2, 8), (2, 8)).await;
    let held = api.next().await;
    let second = editor.job(command, &other, (0, 4), (0, 4)).await;
    let hovers = [
        editor.ask("textDocument/hover", at(&uri, 2, 8)).await,
        editor.ask("textDocument/hover", at(&other, 0, 4)).await,
    ];
    held.text("A square.");
    for id in [first, second] {
        let finished = editor.finished(&id).await;
        assert_eq!(finished["result"]["markdown"], "A square.", "{finished}");
    }
    for id in hovers {
        let hover = editor.answer(id).await.unwrap();
        let markdown = hover["contents"]["value"].as_str().unwrap();
        assert!(markdown.ends_with("A square."), "{markdown}");
    }
    assert!(api.is_quiet());
    assert_eq!(usage(&editor).await["total"]["requests"], 1);
}

#[tokio::test]
async fn a_command_that_is_cancelled_leaves_the_asking_to_the_next() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::streaming(&api.url)).await;
    let command = "gloss.describeImage";
    let first = editor.job(command, &uri, (2, 8), (2, 8)).await;
    let held = api.next().await;
    let second = editor.job(command, &uri, (2, 8), (2, 8)).await;
    editor
        .execute("gloss.cancel", json!({ "id": first }))
        .await
        .unwrap();
    assert_eq!(editor.finished(&first).await["error"]["code"], -32800);
    drop(held);
    api.next().await.text("A square.");
    let finished = editor.finished(&second).await;
    assert_eq!(finished["result"]["markdown"], "A square.");
}

#[tokio::test]
async fn a_description_is_there_for_other_processes_and_after_a_restart() {
    let mut api = Api::start().await;
    let shared = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(&api.url);
    let data = shared.path().join("data").display().to_string();
    setup.environment.push(("GLOSS_DATA_DIR", data));
    let (mut first, uri) = with_image(&setup).await;
    let (mut beside, beside_uri) = with_image(&setup).await;
    let id = first.ask("textDocument/hover", at(&uri, 2, 8)).await;
    api.next().await.text("A square.");
    first.answer(id).await.unwrap();
    let hover = beside.hover(&beside_uri, 2, 8).await.unwrap();
    assert!(hover.ends_with("A square."), "{hover}");
    assert!(first.message().await.contains("hover_images"));
    assert!(first.stop().await.success());
    let (mut later, later_uri) = with_image(&setup).await;
    let hover = later.hover(&later_uri, 2, 8).await.unwrap();
    assert!(hover.ends_with("A square."), "{hover}");
    assert!(api.is_quiet());
}

#[tokio::test]
async fn the_setting_is_named_once_on_a_machine() {
    let mut api = Api::start().await;
    let shared = tempfile::tempdir().unwrap();
    let mut setup = Setup::new(&api.url);
    let data = shared.path().join("data").display().to_string();
    setup.environment.push(("GLOSS_DATA_DIR", data));
    for is_first in [true, false] {
        let (mut editor, _) = with_image(&setup).await;
        let circle = CIRCLE.replace("'9'", if is_first { "'8'" } else { "'7'" });
        std::fs::write(editor.path("round.svg"), circle).unwrap();
        let uri = editor.open("b.md", "markdown", "![o](round.svg)\n").await;
        let id = editor.ask("textDocument/hover", at(&uri, 0, 2)).await;
        api.next().await.text("A circle.");
        editor.answer(id).await.unwrap();
        editor.drain().await;
        assert_eq!(editor.was_told("hover_images"), is_first);
    }
}

#[tokio::test]
async fn what_is_linked_by_url_is_treated_as_the_setting_says() {
    let mut api = Api::start().await;
    for (mode, target, words) in [
        ("fetch", "http://example.com/a.png", "only over https"),
        ("fetch", "https://127.0.0.1:1/a.png", "no public address"),
        (
            "fetch",
            "https://[::ffff:10.0.0.1]/a.png",
            "no public address",
        ),
        ("fetch", "https://a:b@example.com/a.png", "password"),
        ("url", "http://example.com/a.png", "only over https"),
        ("off", "https://example.com/a.png", "`remote_images`"),
    ] {
        let mut setup = Setup::new(&api.url);
        setup.options = json!({ "remoteImages": mode });
        let mut editor = Editor::start(&setup).await;
        let text = format!("![x]({target})\n");
        let uri = editor.open("a.md", "markdown", &text).await;
        let hover = editor.hover(&uri, 0, 2).await.unwrap();
        assert!(hover.contains(words), "{mode} {target}: {hover}");
    }
    // What is only looked at is not downloaded.
    let mut setup = Setup::new(&api.url);
    setup.options = json!({ "hoverImages": "cached" });
    let mut editor = Editor::start(&setup).await;
    let text = "![x](https://127.0.0.1:1/a.png)\n";
    let uri = editor.open("a.md", "markdown", text).await;
    let hover = editor.hover(&uri, 0, 2).await.unwrap();
    assert_eq!(hover, "**a.png**: linked by URL");
    assert!(api.is_quiet());

    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "remoteImages": "url" });
    let mut editor = Editor::start(&setup).await;
    let text = "![x](https://Example.com/a%20b.png?c=d#e)\n";
    let uri = editor.open("a.md", "markdown", text).await;
    let id = editor
        .job("gloss.describeImage", &uri, (0, 2), (0, 2))
        .await;
    let held = api.next().await;
    assert!(
        held.prompt()
            .contains("\"https://Example.com/a%20b.png?c=d#e\"")
    );
    held.text("A square.");
    editor.finished(&id).await;
}

#[tokio::test]
async fn a_description_that_takes_long_is_there_for_the_next_hover() {
    // What an editor sets is longer than what goes without saying: no machine is too slow to tell.
    let play = async |options, wait_ms| {
        let mut api = Api::start().await;
        let mut setup = Setup::new(&api.url);
        setup.is_patient = false;
        setup.options = options;
        let (mut editor, uri) = with_image(&setup).await;
        let asked = Instant::now();
        let first = editor.hover(&uri, 2, 8).await.unwrap();
        let took = asked.elapsed();
        assert!(first.contains("on its way"), "{first}");
        assert!(took >= Duration::from_millis(wait_ms), "{took:?}");
        api.next().await.text("A square.");
        // Kept although nobody waits for it any more: hovers ask no second time.
        while !editor
            .hover(&uri, 2, 8)
            .await
            .unwrap()
            .contains("A square.")
        {}
        assert!(api.is_quiet());
        let said = editor.message().await;
        assert!(said.contains("hover_images"), "{said}");
    };
    tokio::join!(
        play(Value::Null, 3_000),
        play(json!({ "hoverWaitMs": 4_000 }), 4_000)
    );
}

#[tokio::test]
async fn the_setting_keeps_hovers_from_asking() {
    let mut api = Api::start().await;
    for (mode, expected) in [("cached", Some("PNG, 32 x 32 pixels")), ("off", None)] {
        let mut setup = Setup::new(&api.url);
        setup.options = json!({ "hoverImages": mode });
        let (mut editor, uri) = with_image(&setup).await;
        // As eglot does: no section of ours is no change.
        for settings in [json!({}), json!({ "gloss": {} }), json!(null)] {
            editor
                .notify(
                    "workspace/didChangeConfiguration",
                    json!({ "settings": settings }),
                )
                .await;
        }
        let hover = editor.hover(&uri, 2, 8).await;
        match expected {
            Some(words) => assert!(hover.unwrap().contains(words)),
            None => assert_eq!(hover, None),
        }
    }
    assert!(api.is_quiet());
}

#[tokio::test]
async fn the_command_describes_and_asks_again_when_told() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::streaming(&api.url)).await;
    let offered = "Describe image square.png";
    editor.titles_with(&uri, (2, 8), offered).await;
    let id = editor
        .job("gloss.describeImage", &uri, (2, 8), (2, 8))
        .await;
    api.next().await.text("A square.");
    assert_eq!(
        editor.finished(&id).await["result"]["markdown"],
        "A square."
    );
    let id = editor
        .job("gloss.describeImage", &uri, (2, 8), (2, 8))
        .await;
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["usage"]["from_store"], true);
    let argument =
        json!({ "uri": uri, "range": super::editor::range((2, 8), (2, 8)), "again": true });
    let id = editor
        .execute("gloss.describeImage", argument)
        .await
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    api.next().await.text("A small square.");
    assert_eq!(
        editor.finished(&id).await["result"]["markdown"],
        "A small square."
    );
    let inner = json!({ "uri": uri, "range": super::editor::range((2, 8), (2, 8)) });
    let preview = json!({ "command": "gloss.describeImage", "argument": inner });
    let preview = editor.execute("gloss.preview", preview).await.unwrap();
    assert!(
        preview["prompt"]
            .as_str()
            .unwrap()
            .contains("[the image, 32 x 32 pixels"),
        "{preview}"
    );
    assert!(preview["cost_usd"].as_f64().unwrap() > 0.0, "{preview}");
    let nowhere = editor
        .job("gloss.describeImage", &uri, (0, 0), (0, 0))
        .await;
    assert_eq!(editor.finished(&nowhere).await["error"]["code"], -32803);
    let usage = usage(&editor).await;
    assert_eq!(
        (&usage["total"]["requests"], &usage["total"]["from_store"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn what_is_no_image_or_not_in_the_workspace_is_said_and_not_sent() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.png"), png()).unwrap();
    std::fs::write(editor.path("text.png"), "hello").unwrap();
    std::fs::write(editor.path(".env.png"), png()).unwrap();
    for (target, words) in [
        ("missing.png", "does not exist"),
        ("text.png", "not an image"),
        ("../../../../etc/passwd", "outside the workspace"),
        (
            &format!("file://{}", outside.path().join("x.png").display()),
            "outside the workspace",
        ),
        (".env.png", "never sent"),
    ] {
        let uri = editor
            .open("a.md", "markdown", &format!("![x](<{target}>)\n"))
            .await;
        let hover = editor.hover(&uri, 0, 2).await.unwrap();
        assert!(hover.contains(words), "{target}: {hover}");
    }
    assert!(api.is_quiet());
}

#[tokio::test]
async fn a_failed_description_says_why_in_the_hover_and_is_not_asked_for_by_each() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::new(&api.url)).await;
    let error = r#"{"code":"invalid-argument","error":"Incorrect API key provided: xa***."}"#;
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    api.next().await.answer(Answer::Status(400, error.into()));
    let hover = editor.answer(id).await.unwrap();
    let markdown = hover["contents"]["value"].as_str().unwrap();
    assert!(markdown.contains("XAI_API_KEY"), "{markdown}");
    // By whichever link to it.
    for place in [(2, 8), (2, 40)] {
        let again = editor.hover(&uri, place.0, place.1).await;
        assert_eq!(again.as_deref(), Some(markdown));
    }
    assert!(api.is_quiet());
    // By other settings, it is another question.
    let settings = json!({ "gloss": { "answerLanguage": "Latin" } });
    editor.settings = settings["gloss"].clone();
    let changed = json!({ "settings": settings });
    editor
        .notify("workspace/didChangeConfiguration", changed)
        .await;
    editor.drain().await;
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    api.next().await.text("Quadratum.");
    let hover = editor.answer(id).await.unwrap();
    assert!(hover.to_string().contains("Quadratum."), "{hover}");
}

#[tokio::test]
async fn what_was_refused_before_it_was_sent_is_asked_for_as_soon_as_it_may_be() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::new(&api.url)).await;
    let own = editor.path(".gloss.toml");
    std::fs::write(&own, "budget = { daily_tokens = 1 }\n").unwrap();
    let refused = editor.hover(&uri, 2, 8).await.unwrap();
    assert!(refused.contains("daily_tokens"), "{refused}");
    std::fs::remove_file(own).unwrap();
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    api.next().await.text("A small square.");
    let hover = editor.answer(id).await.unwrap();
    assert!(hover.to_string().contains("A small square."), "{hover}");
}

#[tokio::test]
async fn a_description_that_is_cut_short_says_so_and_is_not_kept() {
    let mut api = Api::start().await;
    let (mut editor, uri) = with_image(&Setup::streaming(&api.url)).await;
    let half = || Answer::Ended("length", "A small square on a".into());
    let cut = "A small square on a\n\n*Cut: the answer reached its greatest length. \
               Ask about less, or raise `max_output_tokens`.*";
    for _ in 0..2 {
        let id = editor
            .job("gloss.describeImage", &uri, (2, 8), (2, 8))
            .await;
        api.next().await.answer(half());
        let result = editor.finished(&id).await["result"].clone();
        assert_eq!(result["markdown"], cut);
        assert_eq!(result["summary"], "A small square on a (cut short)");
    }
    // A hover asks once, and not each time.
    let id = editor.ask("textDocument/hover", at(&uri, 2, 8)).await;
    api.next().await.answer(half());
    let hover = editor.answer(id).await.unwrap();
    let markdown = hover["contents"]["value"].as_str().unwrap();
    assert!(markdown.ends_with(cut), "{markdown}");
    let again = editor.hover(&uri, 2, 8).await;
    assert_eq!(again.as_deref(), Some(markdown));
    assert!(api.is_quiet());
    // Who asks by command has it whole, and so has the next hover.
    let id = editor
        .job("gloss.describeImage", &uri, (2, 8), (2, 8))
        .await;
    api.next().await.text("A small square.");
    editor.finished(&id).await;
    let whole = editor.hover(&uri, 2, 8).await.unwrap();
    assert!(whole.ends_with("A small square."), "{whole}");
    assert!(api.is_quiet());
}
