//! Explanations stay with the code: shown, kept, shared, listed, forgotten, copied into it.

use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::editor::{Editor, Setup, range, uri};
use super::lifetime::usage;

const CODE: &str = "\
struct Basket;

impl Basket {
    fn double(n: u32) -> u32 {
        n * 2
    }
}

fn other() {}
";

const SAID: &str = "Doubles the number that it is given, and nothing else.\n\nIt may overflow.";

/// One that asks for hints again when it is told to.
fn setup(api: &Api) -> Setup {
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"]["inlayHint"] = json!({ "refreshSupport": true });
    setup.capabilities["workspace"]["codeLens"] = json!({ "refreshSupport": true });
    setup
}

/// Two editors on one machine: one store and one workspace.
fn together(api: &Api, shared: &tempfile::TempDir) -> Setup {
    let mut setup = setup(api);
    let data = shared.path().join("data").display().to_string();
    setup.environment.push(("GLOSS_DATA_DIR", data));
    setup
}

/// The folder of a repository in which several editors work.
fn repository(shared: &tempfile::TempDir) -> std::path::PathBuf {
    let root = shared.path().canonicalize().unwrap().join("work");
    std::fs::create_dir_all(root.join(".git")).unwrap();
    root
}

async fn explained(editor: &mut Editor, api: &mut Api, uri: &str, at: (u32, u32), said: &str) {
    let id = editor.job("gloss.explain", uri, at, at).await;
    api.next().await.text(said);
    assert_eq!(editor.finished(&id).await["error"], Value::Null);
}

/// Line, character and label of each hint.
async fn hints(editor: &mut Editor, uri: &str) -> Vec<(u64, u64, String)> {
    let hints = raw_hints(editor, uri).await;
    let hints = hints.as_array().unwrap().iter().map(|hint| {
        (
            hint["position"]["line"].as_u64().unwrap(),
            hint["position"]["character"].as_u64().unwrap(),
            hint["label"].as_str().unwrap().to_owned(),
        )
    });
    hints.collect()
}

/// The hints once they are these: what is read of the store, and found in a text that was just opened,
/// is waited for only a moment.
async fn assert_hinted(editor: &mut Editor, uri: &str, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, label)| (*line, (*label).to_owned()))
        .collect();
    let ask = async |editor: &mut Editor| -> Vec<_> {
        let hints = hints(editor, uri).await.into_iter();
        hints.map(|(line, _, label)| (line, label)).collect()
    };
    refreshed_until(editor, ask, |hints| *hints == expected).await;
}

/// Opens a document whose hints are found only afterwards, as the editor is told.
async fn open_hinted(
    editor: &mut Editor,
    name: &str,
    text: &str,
    expected: &[(u64, &str)],
) -> String {
    editor.drain().await;
    editor.heard.retain(|message| !is_refresh(message));
    let uri = editor.open(name, "rust", text).await;
    refreshed(editor).await;
    assert_hinted(editor, &uri, expected).await;
    uri
}

async fn raw_hints(editor: &mut Editor, uri: &str) -> Value {
    let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 0), (1_000, 0)) });
    let hints = editor.request("textDocument/inlayHint", params).await;
    hints.unwrap()
}

fn is_refresh(message: &Value) -> bool {
    message["method"] == "workspace/inlayHint/refresh"
}

async fn refreshed(editor: &mut Editor) {
    editor.wait(is_refresh).await;
}

/// Asks until it fits, and again only when told to, as editors do.
pub async fn refreshed_until<T>(
    editor: &mut Editor,
    mut ask: impl AsyncFnMut(&mut Editor) -> T,
    fits: impl Fn(&T) -> bool,
) {
    loop {
        // What was told before is seen by this one.
        editor.heard.retain(|message| !is_refresh(message));
        if fits(&ask(editor).await) {
            return;
        }
        refreshed(editor).await;
    }
}

/// Half an answer, and how it ended.
const HALF: &str = "Doubles the number that it is given, unless it is";

#[tokio::test]
async fn an_explanation_that_is_cut_short_says_so_and_leaves_no_note() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    for (why, line) in [
        (
            "length",
            "\n\n*Cut: the answer reached its greatest length. Ask about less, or raise `max_output_tokens`.*",
        ),
        (
            "content_filter",
            "\n\n*Cut: the API's filter stopped the answer. Ask in other words, or about something else.*",
        ),
    ] {
        editor.heard.clear();
        // Asked anew each time, for nothing is kept of the one before.
        let id = editor.job("gloss.explain", &uri, (4, 9), (4, 9)).await;
        api.next().await.answer(Answer::Ended(why, HALF.to_owned()));
        let result = editor.finished(&id).await["result"].clone();
        assert_eq!(result["markdown"], format!("{HALF}{line}"));
        assert_eq!(result["summary"], format!("{HALF} (cut short)"));
        let streamed = editor
            .heard
            .iter()
            .filter(|it| it["method"] == "gloss/stream");
        let deltas: String = streamed
            .filter_map(|it| it["params"]["delta"].as_str())
            .collect();
        assert_eq!(deltas, format!("{HALF}{line}"));
        assert_eq!(editor.hover(&uri, 3, 9).await, None);
        assert_eq!(hints(&mut editor, &uri).await, []);
        let notes = editor.execute("gloss.notes", json!({})).await;
        assert_eq!(notes.unwrap(), json!([]));
    }
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    // One that is cut does not take the place of one that is whole.
    let argument = json!({ "uri": uri, "range": range((4, 9), (4, 9)), "again": true });
    let begun = editor.execute("gloss.explain", argument).await.unwrap();
    api.next()
        .await
        .answer(Answer::Ended("length", HALF.to_owned()));
    editor.finished(begun["id"].as_str().unwrap()).await;
    assert!(editor.hover(&uri, 3, 9).await.unwrap().starts_with(SAID));
    assert!(api.is_quiet());

    // Without a window of its own all of it is a message: no hover has the rest.
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.job("gloss.explain", &uri, (4, 9), (4, 9)).await;
    api.next()
        .await
        .answer(Answer::Ended("length", HALF.to_owned()));
    let said = editor.message().await;
    assert!(said.contains(HALF) && said.contains("Cut: "), "{said}");
    assert_eq!(editor.hover(&uri, 3, 9).await, None);
}

const LABEL: &str = "Doubles the number that it is given,…";

#[tokio::test]
async fn a_hint_stands_at_the_end_of_its_line_until_the_text_is_another() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    assert_eq!(hints(&mut editor, &uri).await, []);
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    refreshed(&mut editor).await;
    let at_line = |line| vec![(line, 30, LABEL.to_owned())];
    assert_eq!(hints(&mut editor, &uri).await, at_line(3));
    let raw = raw_hints(&mut editor, &uri).await;
    assert_eq!(
        raw[0]["tooltip"],
        json!({ "kind": "markdown", "value": SAID })
    );
    assert_eq!(raw[0]["paddingLeft"], true);
    // Only what is asked for.
    let params = json!({ "textDocument": { "uri": uri }, "range": range((5, 0), (8, 0)) });
    let elsewhere = editor.request("textDocument/inlayHint", params).await;
    assert_eq!(elsewhere.unwrap(), json!([]));
    let hover = editor.hover(&uri, 3, 4).await.unwrap();
    assert!(hover.starts_with(SAID), "{hover}");
    let last = hover.lines().last().unwrap();
    assert_eq!(last, "*Gloss: just now, grok-4.3, $0.0001*", "{hover}");
    // It moves with what is typed above.
    editor.type_at(&uri, (0, 0), (0, 0), "// top\n").await;
    assert_eq!(hints(&mut editor, &uri).await, at_line(4));
    // Stale, and fresh again.
    editor.type_at(&uri, (5, 8), (5, 9), "m").await;
    assert_eq!(hints(&mut editor, &uri).await, []);
    let hover = editor.hover(&uri, 4, 4).await.unwrap();
    let last = hover.lines().last().unwrap();
    assert!(
        last.ends_with("; stale, the code has changed since*"),
        "{hover}"
    );
    editor.type_at(&uri, (5, 8), (5, 9), "n").await;
    assert_eq!(hints(&mut editor, &uri).await, at_line(4));
}

#[tokio::test]
async fn what_the_tree_says_counts_once_typing_rests() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor
        .open("a.py", "python", "def f(n):\n    return n\n")
        .await;
    explained(&mut editor, &mut api, &uri, (0, 4), "Gives it back.").await;
    refreshed(&mut editor).await;
    assert_eq!(hints(&mut editor, &uri).await.len(), 1);
    // A statement behind the last belongs to the function.
    editor.type_at(&uri, (1, 12), (1, 12), "\n    more()").await;
    while !hints(&mut editor, &uri).await.is_empty() {
        refreshed(&mut editor).await;
    }
    assert!(editor.hover(&uri, 0, 5).await.unwrap().contains("stale"));
    // The whole function goes elsewhere, as it was: a cut, and a paste.
    editor.type_at(&uri, (1, 12), (2, 10), "").await;
    assert_eq!(hints(&mut editor, &uri).await.len(), 1);
    let moved = editor.changed(
        &uri,
        &[(
            None,
            "import os\n\n\ndef g():\n    pass\n\n\ndef f(n):\n    return n\n",
        )],
    );
    editor.send(moved).await;
    while hints(&mut editor, &uri).await.first().map(|hint| hint.0) != Some(7) {
        refreshed(&mut editor).await;
    }
}

/// A function that is told apart from others by its text.
fn long(name: &str) -> String {
    format!(
        "fn {name}(n: u32) -> u32 {{\n    // What is said of {name} is said of no other.\n    n * 2\n}}\n"
    )
}

async fn close(editor: &mut Editor, uri: &str) {
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed).await;
}

#[tokio::test]
async fn notes_go_with_a_file_that_another_program_renamed() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let folder = editor.folder.path().canonicalize().unwrap();
    let code = CODE.replace("n * 2", "n.checked_mul(2).unwrap_or(u32::MAX)");
    std::fs::write(folder.join("a.rs"), &code).unwrap();
    let old = editor.open("a.rs", "rust", &code).await;
    explained(&mut editor, &mut api, &old, (4, 9), SAID).await;
    refreshed(&mut editor).await;
    // While the old one is still shown; in one of another kind, and in one that holds something else.
    std::fs::rename(folder.join("a.rs"), folder.join("b.rs")).unwrap();
    let copy = editor.open("b.rs", "rust", &code).await;
    assert_eq!(hints(&mut editor, &copy).await, []);
    for uri in [&old, &copy] {
        close(&mut editor, uri).await;
    }
    for (name, language, text) in [
        ("c.txt", "plaintext", code.as_str()),
        ("d.rs", "rust", "fn other() {}\n"),
    ] {
        let other = editor.open(name, language, text).await;
        assert_eq!(hints(&mut editor, &other).await, [], "{name}");
    }
    // Renamed, and changed a little at that.
    let text = code.replace("other", "another");
    let new = open_hinted(&mut editor, "b.rs", &text, &[(3, LABEL)]).await;
    let noted = editor.execute("gloss.notes", json!({})).await.unwrap();
    assert_eq!(noted[0]["uri"], new, "{noted}");
    assert_eq!(noted.as_array().unwrap().len(), 1, "{noted}");
}

#[tokio::test]
async fn of_a_file_that_is_gone_each_takes_the_notes_on_what_it_holds_and_gives_them_back() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let folder = editor.folder.path().canonicalize().unwrap();
    let (f, g, main) = (long("f"), long("g"), "fn main() {}\n");
    let code = format!("{f}{g}{main}");
    std::fs::write(folder.join("a.rs"), &code).unwrap();
    let old = editor.open("a.rs", "rust", &code).await;
    for (line, said) in [(0, "Of f."), (4, "Of g."), (8, "Of main.")] {
        explained(&mut editor, &mut api, &old, (line, 4), said).await;
        refreshed(&mut editor).await;
    }
    // Another branch, on which the file is three.
    close(&mut editor, &old).await;
    std::fs::remove_file(folder.join("a.rs")).unwrap();
    let (b, c) = (format!("{main}{f}"), g);
    // What may stand in any file tells nothing of it.
    let any = editor.open("any.rs", "rust", main).await;
    assert_hinted(&mut editor, &any, &[]).await;
    let mut opened = vec![("any.rs", any)];
    for (name, text, expected) in [
        ("c.rs", c.as_str(), vec![(0, "Of g.")]),
        ("b.rs", b.as_str(), vec![(0, "Of main."), (1, "Of f.")]),
    ] {
        let uri = open_hinted(&mut editor, name, text, &expected).await;
        opened.push((name, uri));
    }
    // And back: from two files at once.
    for (name, uri) in opened {
        close(&mut editor, &uri).await;
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    let all = [(0, "Of f."), (4, "Of g."), (8, "Of main.")];
    open_hinted(&mut editor, "a.rs", &code, &all).await;
}

#[tokio::test]
async fn a_note_survives_closing_and_a_restart_and_is_there_for_other_editors() {
    let mut api = Api::start().await;
    let shared = tempfile::tempdir().unwrap();
    let root = repository(&shared);
    let file = root.join("a.rs");
    std::fs::write(&file, CODE).unwrap();
    let setup = together(&api, &shared);
    let mut first = Editor::start(&setup).await;
    let mut beside = Editor::start(&setup).await;
    let uri = uri(&file);
    first.open_uri(&uri, "rust", CODE).await;
    beside.open_uri(&uri, "rust", CODE).await;
    assert_eq!(hints(&mut beside, &uri).await, []);
    explained(&mut first, &mut api, &uri, (4, 9), SAID).await;
    // Seen by the other with its next request, or told to it where that could not wait for it.
    assert_hinted(&mut beside, &uri, &[(3, LABEL)]).await;
    assert!(beside.hover(&uri, 3, 4).await.unwrap().starts_with(SAID));
    explained(&mut beside, &mut api, &uri, (8, 4), "Does nothing.").await;
    let said = "Does nothing.";
    assert_hinted(&mut first, &uri, &[(3, LABEL), (8, said)]).await;
    let hover = first.hover(&uri, 8, 4).await.unwrap();
    assert!(hover.starts_with(said), "{hover}");
    // Closed and opened again, with its functions in another order.
    let closed = json!({ "textDocument": { "uri": uri } });
    first.notify("textDocument/didClose", closed).await;
    assert_eq!(first.hover(&uri, 3, 4).await, None);
    let other_order = format!(
        "fn other() {{}}\n\n{}",
        CODE.replace("\nfn other() {}\n", "")
    );
    first.open_uri(&uri, "rust", &other_order).await;
    assert_hinted(&mut first, &uri, &[(0, said), (5, LABEL)]).await;
    assert!(first.stop().await.success());
    assert!(beside.stop().await.success());
    let mut later = Editor::start(&setup).await;
    later
        .open_uri(&uri, "rust", &CODE.replace("n * 2", "n + n"))
        .await;
    assert_hinted(&mut later, &uri, &[(8, said)]).await;
    assert!(later.hover(&uri, 3, 4).await.unwrap().contains("stale"));
    // What one forgets, the others do.
    let argument = json!({ "uri": uri, "range": range((8, 0), (8, 0)) });
    assert_eq!(
        later.execute("gloss.clearNotes", argument).await.unwrap(),
        Value::Null
    );
    assert_eq!(later.hover(&uri, 8, 4).await, None);
    let mut last = Editor::start(&setup).await;
    last.open_uri(&uri, "rust", CODE).await;
    assert_hinted(&mut last, &uri, &[(3, LABEL)]).await;
    last.execute("gloss.clearNotes", json!({ "uri": uri }))
        .await
        .unwrap();
    assert_eq!(hints(&mut last, &uri).await, []);
    assert_eq!(
        last.execute("gloss.notes", json!({})).await.unwrap(),
        json!([])
    );
    assert_hinted(&mut later, &uri, &[]).await;
    // No code is in the store.
    for name in ["gloss.db", "gloss.db-wal"] {
        let bytes = std::fs::read(shared.path().join("data").join(name)).unwrap_or_default();
        let holds = |words: &str| bytes.windows(words.len()).any(|it| it == words.as_bytes());
        assert!(!holds("n * 2") && !holds("u32"), "{name}");
    }
}

#[tokio::test]
async fn of_many_documents_opened_at_once_each_shows_its_notes() {
    let mut api = Api::start().await;
    let shared = tempfile::tempdir().unwrap();
    let root = repository(&shared);
    let setup = together(&api, &shared);
    let mut editor = Editor::start(&setup).await;
    // More than trees are kept, each of which takes its time.
    let more: String = (0..300).map(|n| format!("fn f{n}() {{}}\n")).collect();
    let text = format!("{CODE}{more}");
    let uris: Vec<String> = (0..12)
        .map(|n| uri(&root.join(format!("{n}.rs"))))
        .collect();
    for (n, uri) in uris.iter().enumerate() {
        std::fs::write(root.join(format!("{n}.rs")), &text).unwrap();
        editor.open_uri(uri, "rust", &text).await;
        explained(&mut editor, &mut api, uri, (4, 9), SAID).await;
    }
    assert!(editor.stop().await.success());
    let mut again = Editor::start(&setup).await;
    for uri in &uris {
        again.open_uri(uri, "rust", &text).await;
        let params = json!({ "textDocument": { "uri": uri }, "range": range((0, 0), (1_000, 0)) });
        again.ask("textDocument/inlayHint", params).await;
    }
    for uri in &uris {
        assert_hinted(&mut again, uri, &[(3, LABEL)]).await;
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_parsed_shows_the_notes_on_its_lines() {
    let mut api = Api::start().await;
    let shared = tempfile::tempdir().unwrap();
    let root = repository(&shared);
    let setup = together(&api, &shared);
    let mut editor = Editor::start(&setup).await;
    // Deeper than its grammar can bear.
    let deep: String = (0..300)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    let text = format!("first: 1\nsecond: 2\n{deep}");
    let uri = uri(&root.join("deep.yaml"));
    editor.open_uri(&uri, "yaml", &text).await;
    let id = editor.job("gloss.explain", &uri, (1, 0), (1, 9)).await;
    api.next().await.text(SAID);
    assert_eq!(editor.finished(&id).await["error"], Value::Null);
    assert_hinted(&mut editor, &uri, &[(1, LABEL)]).await;
    editor.type_at(&uri, (0, 0), (0, 0), "zeroth: 0\n").await;
    assert_hinted(&mut editor, &uri, &[(2, LABEL)]).await;
    assert!(editor.stop().await.success());
    let mut again = Editor::start(&setup).await;
    again.open_uri(&uri, "yaml", &text).await;
    assert_hinted(&mut again, &uri, &[(1, LABEL)]).await;
}

#[tokio::test]
async fn an_unchanged_text_is_explained_from_the_store_unless_it_is_asked_again() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    let argument = json!({ "uri": uri, "range": range((3, 8), (3, 8)) });
    let begun = editor.execute("gloss.explain", argument).await.unwrap();
    let finished = editor.finished(begun["id"].as_str().unwrap()).await;
    assert_eq!(finished["result"]["markdown"], SAID);
    assert_eq!(finished["result"]["usage"]["from_store"], true);
    let streamed = |message: &Value| {
        message["method"] == "gloss/stream" && message["params"]["id"] == begun["id"]
    };
    let delta = editor.wait(streamed).await;
    assert_eq!(delta["params"]["delta"], SAID);
    assert!(api.is_quiet());
    let argument = json!({ "uri": uri, "range": range((4, 9), (4, 9)), "again": true });
    let begun = editor.execute("gloss.explain", argument).await.unwrap();
    api.next().await.text("Twice as much.");
    let id = begun["id"].as_str().unwrap();
    assert_eq!(
        editor.finished(id).await["result"]["markdown"],
        "Twice as much."
    );
    assert!(editor.hover(&uri, 3, 4).await.unwrap().starts_with("Twice"));
    // Another text is asked about, and the first one's note comes back with it.
    editor.type_at(&uri, (4, 8), (4, 13), "n + n").await;
    explained(&mut editor, &mut api, &uri, (4, 9), "Adds it to itself.").await;
    assert!(editor.hover(&uri, 3, 4).await.unwrap().starts_with("Adds"));
    editor.type_at(&uri, (4, 8), (4, 13), "n * 2").await;
    while !editor.hover(&uri, 3, 4).await.unwrap().starts_with("Twice") {
        refreshed(&mut editor).await;
    }
    let usage = usage(&editor).await;
    assert_eq!(usage["total"]["requests"], 3, "{usage}");
    assert_eq!(usage["total"]["from_store"], 1, "{usage}");
}

#[tokio::test]
async fn notes_are_listed_with_where_they_stand() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let other = editor
        .open("sub/b.py", "python", "def f():\n    pass\n")
        .await;
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    explained(&mut editor, &mut api, &other, (0, 4), "Does nothing.").await;
    let closed = json!({ "textDocument": { "uri": other } });
    editor.notify("textDocument/didClose", closed).await;
    std::fs::write(editor.path("sub/b.py"), "\ndef f():\n    return 1\n").unwrap();
    let listed = editor.execute("gloss.notes", json!({})).await.unwrap();
    let times = [0, 1].map(|at| listed[at]["time"].as_str().unwrap().to_owned());
    assert!(times.iter().all(|time| time.ends_with('Z')), "{times:?}");
    assert_eq!(
        listed,
        json!([
            { "uri": uri, "range": range((3, 4), (5, 5)), "summary": "Doubles the number that it is given, and nothing else.",
              "markdown": SAID, "stale": false, "time": times[0] },
            { "uri": other, "range": range((1, 0), (2, 12)), "summary": "Does nothing.",
              "markdown": "Does nothing.", "stale": true, "time": times[1] },
        ])
    );
    let nowhere = json!({ "workspace": editor.path("sub").display().to_string() });
    assert_eq!(
        editor.execute("gloss.notes", nowhere).await.unwrap(),
        json!([])
    );
    let error = editor
        .execute("gloss.clearNotes", json!({ "uri": "file:///never.rs" }))
        .await;
    assert_eq!(error.unwrap_err()["code"], -32602);
}

#[tokio::test]
async fn a_note_becomes_a_comment_in_the_code() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor
        .job("gloss.noteToComment", &uri, (4, 9), (4, 9))
        .await;
    let message = editor.finished(&id).await["error"]["message"].to_string();
    assert!(message.contains("no note here"), "{message}");
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    let id = editor
        .job("gloss.noteToComment", &uri, (4, 9), (4, 9))
        .await;
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    let comment = "    /// Doubles the number that it is given, and nothing else.\n    ///\n    /// It may overflow.\n";
    assert_eq!(
        editor.text(&uri),
        CODE.replace("    fn double", &format!("{comment}    fn double"))
    );
    // The function is as it was.
    let lines: Vec<_> = hints(&mut editor, &uri)
        .await
        .iter()
        .map(|hint| hint.0)
        .collect();
    assert_eq!(lines, [6]);
    editor.type_at(&uri, (7, 8), (7, 9), "m").await;
    let id = editor
        .job("gloss.noteToComment", &uri, (7, 9), (7, 9))
        .await;
    let message = editor.finished(&id).await["error"]["message"].to_string();
    assert!(message.contains("explain it again"), "{message}");
    assert!(api.is_quiet());
}

#[tokio::test]
async fn a_docstring_that_came_of_a_note_leaves_it_fresh() {
    let code = "def f(n):\n    return n\n";
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.py", "python", code).await;
    explained(&mut editor, &mut api, &uri, (0, 4), "Gives it back.").await;
    let id = editor
        .job("gloss.noteToComment", &uri, (1, 4), (1, 4))
        .await;
    let finished = editor.finished(&id).await;
    assert_eq!(finished["result"]["applied"], true, "{finished}");
    let copied = "def f(n):\n    \"\"\"Gives it back.\"\"\"\n    return n\n";
    assert_eq!(editor.text(&uri), copied);
    let at_first = [(0, 9, "Gives it back.".to_owned())];
    assert_eq!(hints(&mut editor, &uri).await, at_first);
    // Another editor looks for it by the tree.
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed.clone()).await;
    editor.open_uri(&uri, "python", copied).await;
    assert_hinted(&mut editor, &uri, &[(0, "Gives it back.")]).await;
    // Taken back.
    editor.type_at(&uri, (1, 0), (2, 0), "").await;
    assert_eq!(hints(&mut editor, &uri).await, at_first);
    editor.notify("textDocument/didClose", closed).await;
    editor.open_uri(&uri, "python", code).await;
    assert_hinted(&mut editor, &uri, &[(0, "Gives it back.")]).await;
}

#[tokio::test]
async fn a_function_of_another_name_keeps_its_note_as_a_stale_one() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let code = "def f(n):\n    return n\n\n\ndef g(n):\n    return 1\n";
    let uri = editor.open("a.py", "python", code).await;
    explained(&mut editor, &mut api, &uri, (0, 4), "Gives it back.").await;
    explained(&mut editor, &mut api, &uri, (4, 4), "Is one.").await;
    while hints(&mut editor, &uri).await.len() != 2 {
        refreshed(&mut editor).await;
    }
    editor.type_at(&uri, (0, 4), (0, 5), "back").await;
    // Only a tree says that this belongs to the other.
    editor.type_at(&uri, (5, 12), (5, 12), "\n    more()").await;
    while !hints(&mut editor, &uri).await.is_empty() {
        refreshed(&mut editor).await;
    }
    let hover = editor.hover(&uri, 0, 5).await.unwrap();
    assert!(
        hover.starts_with("Gives it back.") && hover.contains("stale"),
        "{hover}"
    );
    // And fresh again when it is undone.
    editor.type_at(&uri, (0, 4), (0, 8), "f").await;
    assert_eq!(hints(&mut editor, &uri).await[0].0, 0);
}

#[tokio::test]
async fn what_is_cleared_at_a_place_is_what_stands_there() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let code = "class A:\n    def f(self):\n        return 1\n\n    x = 1\n";
    let uri = editor.open("a.py", "python", code).await;
    explained(&mut editor, &mut api, &uri, (0, 6), "Is a class.").await;
    explained(&mut editor, &mut api, &uri, (1, 8), "Is one.").await;
    let lines =
        |hints: Vec<(u64, u64, String)>| -> Vec<u64> { hints.iter().map(|hint| hint.0).collect() };
    assert_eq!(lines(hints(&mut editor, &uri).await), [0, 1]);
    let clear = |at: (u32, u32)| json!({ "uri": uri, "range": range(at, at) });
    editor
        .execute("gloss.clearNotes", clear((2, 8)))
        .await
        .unwrap();
    assert_eq!(lines(hints(&mut editor, &uri).await), [0]);
    // At once after opening, and where no other is in the way.
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed).await;
    editor.open_uri(&uri, "python", code).await;
    editor
        .execute("gloss.clearNotes", clear((4, 4)))
        .await
        .unwrap();
    assert_eq!(hints(&mut editor, &uri).await, []);
}

#[tokio::test]
async fn notes_on_a_text_that_is_no_file_live_as_long_as_it_is_open() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = "untitled:Untitled-1";
    editor.open_uri(uri, "rust", CODE).await;
    explained(&mut editor, &mut api, uri, (4, 9), SAID).await;
    assert_eq!(hints(&mut editor, uri).await, [(3, 30, LABEL.to_owned())]);
    // It is not asked about again.
    let argument = json!({ "uri": uri, "range": range((4, 9), (4, 9)) });
    let begun = editor.execute("gloss.explain", argument).await.unwrap();
    let finished = editor.finished(begun["id"].as_str().unwrap()).await;
    assert_eq!(finished["result"]["usage"]["from_store"], true);
    let begun = editor
        .execute("gloss.explainFile", json!({ "uri": uri }))
        .await
        .unwrap();
    let held = api.next().await;
    assert!(!held.prompt().contains("n * 2"), "{}", held.prompt());
    held.text("{\"functions\": [{\"id\": 2, \"explanation\": \"Is empty.\"}]}");
    editor.finished(begun["id"].as_str().unwrap()).await;
    assert_eq!(hints(&mut editor, uri).await.len(), 2);
    let everything = json!({ "workspace": "/" });
    for argument in [json!({}), everything] {
        let listed = editor.execute("gloss.notes", argument).await.unwrap();
        assert_eq!(listed, json!([]));
    }
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed).await;
    editor.open_uri(uri, "rust", CODE).await;
    assert_eq!(hints(&mut editor, uri).await, []);
    for name in ["gloss.db", "gloss.db-wal"] {
        let bytes = std::fs::read(editor.path("data").join(name)).unwrap_or_default();
        let holds = |words: &str| bytes.windows(words.len()).any(|it| it == words.as_bytes());
        assert!(!holds("overflow") && !holds("Is empty"), "{name}");
    }
}

#[tokio::test]
async fn a_hover_sees_the_notes_as_of_its_place_in_the_stream() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    for line in 3..20 {
        let position = json!({ "line": line, "character": 8 });
        let params = json!({ "textDocument": { "uri": uri }, "position": position });
        let hover = json!({ "jsonrpc": "2.0", "id": line + 1_000, "method": "textDocument/hover", "params": params });
        let change = editor.changed(&uri, &[(Some(((0, 0), (0, 0))), "// top\n")]);
        editor.send_together(&[hover, change]).await;
        let answer = editor.answer(line + 1_000).await.unwrap();
        let told = answer["contents"]["value"].as_str().unwrap_or_default();
        assert!(told.starts_with(SAID), "{line}: {answer}");
    }
}

#[tokio::test]
async fn hints_are_turned_off_by_the_setting() {
    let mut api = Api::start().await;
    let mut setup = setup(&api);
    setup.options = json!({ "inlayHints": false });
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    explained(&mut editor, &mut api, &uri, (4, 9), SAID).await;
    assert_eq!(raw_hints(&mut editor, &uri).await, Value::Null);
    assert!(editor.hover(&uri, 3, 4).await.is_some());
}

#[tokio::test]
async fn lenses_stand_above_functions_and_types_where_the_setting_wants_them() {
    let api = Api::start().await;
    let mut editor = Editor::start(&setup(&api)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let params = json!({ "textDocument": { "uri": uri } });
    let none = editor
        .request("textDocument/codeLens", params.clone())
        .await;
    assert_eq!(none.unwrap(), Value::Null);
    let settings = json!({ "settings": { "gloss": { "codeLens": true } } });
    editor
        .notify("workspace/didChangeConfiguration", settings)
        .await;
    editor
        .wait(|message| message["method"] == "workspace/codeLens/refresh")
        .await;
    let lenses = editor
        .request("textDocument/codeLens", params)
        .await
        .unwrap();
    let told: Vec<_> = lenses
        .as_array()
        .unwrap()
        .iter()
        .map(|lens| {
            let title = lens["command"]["title"].as_str().unwrap();
            (lens["range"]["start"]["line"].as_u64().unwrap(), title)
        })
        .collect();
    let both = |line| [(line, "Explain"), (line, "Refactor")];
    assert_eq!(told, [both(0), both(2), both(3), both(8)].concat());
    let command = &lenses[4]["command"];
    assert_eq!(command["command"], "gloss.explain");
    assert_eq!(
        command["arguments"],
        json!([{ "uri": uri, "range": range((3, 7), (3, 7)) }])
    );
}

#[tokio::test]
async fn an_explanation_opens_as_a_document_where_the_setting_wants_that() {
    let mut api = Api::start().await;
    let mut plain = Setup::new(&api.url);
    plain.options = json!({ "explainOpens": "document" });
    plain.capabilities["window"]["showDocument"] = json!({ "support": true });
    let mut editor = Editor::start(&plain).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let mut opened = Vec::new();
    for said in ["Doubles it.", "Makes it two."] {
        let id = editor.job("gloss.explain", &uri, (4, 9), (4, 9)).await;
        api.next().await.text(said);
        let asked = editor
            .wait(|message| message["method"] == "window/showDocument")
            .await;
        editor.ended(&id).await;
        let document: url::Url = asked["params"]["uri"].as_str().unwrap().parse().unwrap();
        let path = document.to_file_path().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with(&format!("# `double`\n\n{said}\n\n---\n")),
            "{text}"
        );
        opened.push(path);
    }
    assert_eq!(opened[0], opened[1]);
    let cache = editor.path("home").join(".cache/gloss/explanations");
    assert_eq!(opened[0].parent(), Some(&*cache));
    assert!(!editor.was_told("Doubles"));
    // One that opens none gets the message.
    plain.capabilities["window"]["showDocument"] = json!({ "support": false });
    let mut editor = Editor::start(&plain).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.job("gloss.explain", &uri, (4, 9), (4, 9)).await;
    api.next().await.text("Doubles it.");
    let message = editor.message().await;
    assert!(message.starts_with("Gloss: Doubles it."), "{message}");
}
