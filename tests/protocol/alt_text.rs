//! Alternative text is written in the syntax of the document: for one link, or for all that lack it.

use serde_json::{Value, json};

use super::api::{Answer, Api, schema};
use super::editor::{Editor, Setup, range, reply_to};
use super::lifetime::usage;
use super::order::png;

async fn with_image(setup: &Setup, name: &str, language: &str, text: &str) -> (Editor, String) {
    let mut editor = Editor::start(setup).await;
    std::fs::write(editor.path("a.png"), png()).unwrap();
    let uri = editor.open(name, language, text).await;
    (editor, uri)
}

async fn begin(editor: &mut Editor, command: &str, argument: Value) -> String {
    let begun = editor.execute(command, argument).await;
    begun.unwrap()["id"].as_str().unwrap().to_owned()
}

fn said(alt: &str) -> String {
    json!({ "decorative": false, "alt": alt }).to_string()
}

fn at(uri: &str, line: u32, character: u32) -> Value {
    json!({ "uri": uri, "range": range((line, character), (line, character)) })
}

#[tokio::test]
async fn one_links_text_is_asked_with_what_stands_around_it_and_written() {
    let mut api = Api::start().await;
    let text =
        "---\nlang: de\n---\n# Haus\n\nVon vorn: ![](a.png), xai-abcdefghijklmnopqrstuvwxyz.\n";
    let setup = Setup::streaming(&api.url);
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", text).await;
    for title in [
        "Write alt text for a.png",
        "Write missing alt text in this file",
    ] {
        editor.titles_with(&uri, (5, 13), title).await;
    }
    let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 5, 13)).await;
    let held = api.next().await;
    let prompt = held.body.to_string();
    for told in [
        "Von vorn: ",
        "in this language: de.",
        "GLOSS_MASKED_SECRET",
        "data:image/png",
    ] {
        assert!(prompt.contains(told), "{told}: {prompt}");
    }
    assert!(!prompt.contains("xai-abcdef"), "{prompt}");
    let schema = &schema(&held.body)["properties"];
    assert!(schema["alt"].is_object() && schema["decorative"].is_object());
    held.text(&said("Bild [1] mit *Tür*"));
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    assert_eq!(
        finished["result"]["summary"],
        "Wrote the alternative text of a.png: Bild [1] mit *Tür*."
    );
    assert!(
        editor
            .text(&uri)
            .contains("![Bild \\[1\\] mit \\*Tür\\*](a.png)"),
        "{}",
        editor.text(&uri)
    );
    let usage = usage(&editor).await;
    assert_eq!(usage["rows"][0]["action"], "alt_text");
    assert_eq!(usage["rows"][0]["masked"], 1);
    // It does not lack one any more, and can still be replaced.
    let wanted = "Write alt text for a.png";
    let titles = editor.titles_with(&uri, (5, 13), wanted).await;
    assert!(!titles.iter().any(|title| title.contains("missing")));
}

#[tokio::test]
async fn a_refused_text_is_shown_without_what_a_renderer_would_load() {
    let mut api = Api::start().await;
    let token = format!("ghp_{}", "Zz9".repeat(12));
    let text = format!("See ![]({token}.png) there\n");
    for setup in [Setup::streaming(&api.url), Setup::new(&api.url)] {
        let streams = !setup.capabilities["experimental"].is_null();
        let (mut editor, _) = with_image(&setup, "a.md", "markdown", "").await;
        std::fs::write(editor.path(&format!("{token}.png")), png()).unwrap();
        let uri = editor.open("b.md", "markdown", &text).await;
        let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 0, 7)).await;
        let held = api.next().await;
        // A name is masked, too.
        assert!(!held.body.to_string().contains(&token), "{}", held.body);
        held.text(&said("GLOSS_MASKED_SECRET_1_ <img src=https://evil.example/t.png> ![p](https://evil.example/p.png)"));
        let shown = if streams {
            editor.finished(&id).await["result"]["answer"].clone()
        } else {
            editor
                .wait(|it| {
                    it["method"] == "window/showMessage"
                        && it.to_string().contains("to read the answer")
                })
                .await;
            json!(editor.hover(&uri, 0, 1).await)
        };
        let shown = shown.as_str().unwrap();
        assert!(!shown.contains("<img") && !shown.contains("!["), "{shown}");
        assert!(shown.contains("evil.example"), "{shown}");
    }
}

#[tokio::test]
async fn a_kept_text_is_paid_for_once_and_another_is_asked_for_where_it_stands() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", "![](a.png)\n").await;
    let here = at(&uri, 0, 2);
    let id = begin(&mut editor, "gloss.writeAltText", here.clone()).await;
    api.next().await.text(&said("One"));
    editor.finished(&id).await;
    editor.type_at(&uri, (0, 2), (0, 5), "").await;
    let id = begin(&mut editor, "gloss.writeAltText", here.clone()).await;
    let finished = editor.finished(&id).await;
    assert_eq!(
        finished["result"]["usage"]["from_store"], true,
        "{finished}"
    );
    assert_eq!(editor.text(&uri), "![One](a.png)\n");
    assert!(api.is_quiet());
    let id = begin(&mut editor, "gloss.writeAltText", here.clone()).await;
    api.next().await.text(&said("Two"));
    editor.finished(&id).await;
    assert_eq!(editor.text(&uri), "![Two](a.png)\n");
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_not_written_and_not_kept() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", "![](a.png)\n").await;
    for (why, answer) in [
        ("length", "A red do"),
        ("content_filter", ""),
        ("length", "{\"alt\""),
    ] {
        let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 0, 2)).await;
        api.next()
            .await
            .answer(Answer::Ended(why, answer.to_owned()));
        let finished = editor.finished(&id).await;
        let message = finished["error"]["message"].as_str().unwrap();
        assert!(message.contains("broke off"), "{message}");
        assert_eq!(editor.text(&uri), "![](a.png)\n");
    }
    let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 0, 2)).await;
    api.next().await.text(&said("A red door"));
    editor.finished(&id).await;
    assert_eq!(editor.text(&uri), "![A red door](a.png)\n");
}

#[tokio::test]
async fn each_markup_has_its_own_way() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let mut editor = Editor::start(&setup).await;
    std::fs::write(editor.path("a.png"), png()).unwrap();
    for (name, language, text, answer, expected) in [
        (
            "b.html",
            "html",
            "<img src=a.png>",
            said("A \"b\" & <c>"),
            "<img src=a.png alt=\"A &quot;b&quot; &amp; &lt;c>\">",
        ),
        (
            "c.html",
            "html",
            "<p><img src=a.png>",
            json!({ "decorative": true, "alt": "x" }).to_string(),
            "<p><img src=a.png alt=\"\">",
        ),
        (
            "d.md",
            "markdown",
            "a ![](a.png)\n",
            json!({ "decorative": true, "alt": "" }).to_string(),
            "a <!-- gloss: decorative --> ![](a.png)\n",
        ),
        (
            "e.rst",
            "restructuredtext",
            ".. image:: a.png\n",
            said("B"),
            ".. image:: a.png\n   :alt: B\n",
        ),
        // What is not JSON is the text itself.
        (
            "f.typ",
            "typst",
            "#image(\"a.png\")\n",
            "Image of a \"b\"".to_owned(),
            "#image(\"a.png\", alt: \"A \\\"b\\\"\")\n",
        ),
        (
            "g.tex",
            "latex",
            "\\includegraphics{a}\n",
            said("50 %"),
            "\\includegraphics[alt={50 \\%}]{a}\n",
        ),
    ] {
        let uri = editor.open(name, language, text).await;
        let column = u32::try_from(text.find("a.png").or(text.find("{a}")).unwrap()).unwrap();
        let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 0, column)).await;
        api.next().await.text(&answer);
        let finished = editor.finished(&id).await;
        assert_eq!(finished["result"]["applied"], true, "{name}: {finished}");
        assert_eq!(editor.text(&uri), expected);
    }
    for (name, language, text, words) in [
        (
            "h.css",
            "css",
            "b { background: url(a.png) }",
            "no place for alternative text",
        ),
        ("i.md", "markdown", "a b c\n", "no image link here"),
        ("j.md", "markdown", "a b ![](nowhere.png)\n", "nowhere.png"),
    ] {
        let uri = editor.open(name, language, text).await;
        let column = u32::try_from(text.find("a.png").unwrap_or(5)).unwrap();
        let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 0, column)).await;
        let finished = editor.finished(&id).await;
        let message = finished["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    // The model has it decorative, and Typst cannot say so.
    let uri = editor
        .open("k.typ", "typst", "= K\n#image(\"a.png\")")
        .await;
    let id = begin(&mut editor, "gloss.writeAltText", at(&uri, 1, 8)).await;
    api.next().await.text("{\"decorative\": true}");
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], false);
    assert!(
        finished["result"]["summary"]
            .as_str()
            .unwrap()
            .contains("decorative")
    );
    assert!(api.is_quiet());
}

const MANY: &str = "![](a.png)\n\n![there](a.png) ![](b.png)\n\n![](gone.png)\n\n<!-- gloss: decorative -->\n![](a.png)\n\n![]({{ c }}.png)\n\n![d][]\n\n[d]: a.png\n\n![](c.png)\n";

#[tokio::test]
async fn all_that_is_missing_is_written_by_one_edit() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let mut editor = Editor::start(&setup).await;
    for name in ["a.png", "b.png", "c.png"] {
        std::fs::write(editor.path(name), png()).unwrap();
    }
    let uri = editor.open("a.md", "markdown", MANY).await;
    let preview = json!({ "command": "gloss.writeAllAltText", "argument": { "uri": uri } });
    let preview = editor.execute("gloss.preview", preview).await.unwrap();
    let prompt = preview["prompt"].as_str().unwrap();
    assert!(
        prompt.contains("a.png") && prompt.contains("c.png"),
        "{prompt}"
    );
    assert!(preview["tokens"].as_u64().unwrap() > 300);
    let id = begin(
        &mut editor,
        "gloss.writeAllAltText",
        json!({ "uri": uri, "workDoneToken": "mine" }),
    )
    .await;
    let mut asked = vec![api.next().await, api.next().await, api.next().await];
    // One is typed into meanwhile, and what stands elsewhere is moved.
    editor.type_at(&uri, (0, 2), (0, 2), "mine").await;
    editor.type_at(&uri, (1, 0), (1, 0), "é").await;
    editor.drain().await;
    while let Some(held) = asked.pop() {
        let name = ["a.png", "b.png", "c.png"]
            .into_iter()
            .find(|name| {
                held.body
                    .to_string()
                    .contains(&format!(": \\\"{name}\\\"."))
            })
            .unwrap();
        held.text(&said(&format!("Of {name}")));
    }
    let report = |message: &Value| {
        let said = message["params"]["value"]["message"].as_str();
        said.is_some_and(|said| said.starts_with("4 of 4 images"))
    };
    editor.wait(report).await;
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    let summary = finished["result"]["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("Wrote alternative text for 3 images; left out 1 image (")
            && summary.contains("gone.png")
            && summary.ends_with("; 1 of these was changed meanwhile, and is left as it is."),
        "{summary}"
    );
    let expected = MANY
        .replacen("![](a.png)\n", "![mine](a.png)\né", 1)
        .replacen("![](b.png)", "![Of b.png](b.png)", 1)
        .replacen("![](c.png)", "![Of c.png](c.png)", 1);
    assert_eq!(editor.text(&uri), expected);
}

#[tokio::test]
async fn an_edit_counts_as_seen_by_the_parts_that_it_was_made_of() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let (mut editor, uri) =
        with_image(&setup, "a.md", "markdown", "![](a.png)\n\n![](b.png)\n").await;
    std::fs::write(editor.path("b.png"), png()).unwrap();
    let id = begin(&mut editor, "gloss.writeAllAltText", json!({ "uri": uri })).await;
    let asked = [api.next().await, api.next().await];
    editor.type_at(&uri, (0, 2), (0, 2), "mine").await;
    editor.drain().await;
    editor.apply_answers.push_back(json!("silence"));
    for held in asked {
        held.text(&said("B"));
    }
    let asked = editor.asked().await;
    // A letter comes with the edit, so that the text is not the one that was expected.
    let changes = [(Some(((0, 0), (0, 0))), "é"), (Some(((2, 2), (2, 2))), "B")];
    let message = editor.changed(&uri, &changes);
    let taken = reply_to(&asked, json!({ "applied": true }));
    editor.send_together(&[message, taken]).await;
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    assert_eq!(editor.asked_to_apply.len(), 1);
    assert_eq!(editor.text(&uri), "é![mine](a.png)\n\n![B](b.png)\n");
}

#[tokio::test]
async fn what_came_is_written_where_the_rest_fails_and_nothing_where_it_is_cancelled() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "concurrency": 1 });
    let text = "![](a.png)\n![](b.png)\n![](c.png)\n";
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", text).await;
    for name in ["b.png", "c.png"] {
        std::fs::write(editor.path(name), png()).unwrap();
    }
    let all = json!({ "uri": uri });
    let id = begin(&mut editor, "gloss.writeAllAltText", all.clone()).await;
    api.next().await.text(&said("A"));
    api.next().await.answer(Answer::Stall(vec!["B".to_owned()]));
    editor
        .execute("gloss.cancel", json!({ "id": id }))
        .await
        .unwrap();
    assert_eq!(editor.finished(&id).await["error"]["code"], -32800);
    assert_eq!(editor.text(&uri), text);
    // The first is kept, and not asked about again.
    let id = begin(&mut editor, "gloss.writeAllAltText", all.clone()).await;
    api.next().await.text(&said("B"));
    api.next().await.answer(Answer::Status(
        401,
        json!({ "error": "Incorrect API key provided" }).to_string(),
    ));
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    let summary = finished["result"]["summary"].as_str().unwrap();
    assert!(
        summary.starts_with("Wrote alternative text for 2 images; left 1 image for later: "),
        "{summary}"
    );
    assert_eq!(editor.text(&uri), "![A](a.png)\n![B](b.png)\n![](c.png)\n");
}

#[tokio::test]
async fn what_comes_to_much_is_asked_first_and_a_file_without_a_lack_is_said_to_have_none() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.options = json!({ "confirmAboveUsd": 0 });
    let text = "![](a.png)\n\nb ![](a.png)\n";
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", text).await;
    let id = begin(&mut editor, "gloss.writeAllAltText", json!({ "uri": uri })).await;
    let question = editor.question().await;
    let message = question["message"].as_str().unwrap();
    assert!(
        message.contains("ask about 2 images, about $0."),
        "{message}"
    );
    assert_eq!(editor.finished(&id).await["error"]["code"], -32800);
    let full = editor.open("b.md", "markdown", "![a](a.png)\n").await;
    let id = begin(&mut editor, "gloss.writeAllAltText", json!({ "uri": full })).await;
    let finished = editor.finished(&id).await;
    let message = finished["error"]["message"].as_str().unwrap();
    assert!(message.contains("no image here lacks"), "{message}");
    assert!(api.is_quiet());
}

#[tokio::test]
async fn a_missing_text_is_fixed_at_its_own_diagnostic_and_handed_over_unapplied() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let (mut editor, uri) = with_image(&setup, "a.md", "markdown", "![](a.png)\n").await;
    let published = editor
        .wait(|message| message["method"] == "textDocument/publishDiagnostics")
        .await;
    let diagnostics = published["params"]["diagnostics"].clone();
    let params = |only: Value, trigger: u8| {
        json!({
            "textDocument": { "uri": uri },
            "range": range((0, 3), (0, 3)),
            "context": { "diagnostics": diagnostics, "only": only, "triggerKind": trigger },
        })
    };
    for trigger in [1, 2] {
        let offered = editor
            .request(
                "textDocument/codeAction",
                params(json!(["quickfix"]), trigger),
            )
            .await
            .unwrap();
        let [fix] = &offered.as_array().unwrap()[..] else {
            panic!("{offered}");
        };
        assert_eq!(fix["title"], "Write alt text for a.png");
        assert_eq!(fix["diagnostics"], diagnostics);
    }
    let argument = json!({ "uri": uri, "range": range((0, 3), (0, 3)), "apply": false });
    let id = begin(&mut editor, "gloss.writeAltText", argument).await;
    api.next().await.text(&said("A"));
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], false);
    assert!(
        finished["result"]["edit"]["documentChanges"].is_array(),
        "{finished}"
    );
    assert_eq!(editor.text(&uri), "![](a.png)\n");
}
