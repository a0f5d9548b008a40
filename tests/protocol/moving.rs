//! Edits while the text moves: typed past, stopped, dropped by an editor, refused by a person.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::{Api, Held};
use super::editor::{Change, Editor, Setup, range, reply_to, until};

/// A no that takes longer counts as a person's.
const BY_PROGRAM: Duration = Duration::from_secs(1);

const OLD: &str = "fn double(n: u32) -> u32 {\n    return n * 2;\n}";
const NEW: &str = "fn double(n: u32) -> u32 {\n    n * 2\n}";
const CODE: &str =
    "use std::fs;\n\nfn double(n: u32) -> u32 {\n    return n * 2;\n}\n\nfn other() {}\n";

fn answer(held: Held) {
    held.text(&format!("Dropped the `return`.\n\n```rust\n{NEW}\n```"));
}

/// The text once the edit is in it.
fn edited(text: &str) -> String {
    assert_eq!(text.matches(OLD).count(), 1, "{text}");
    text.replace(OLD, NEW)
}

/// A job whose edit is on its way, in an editor that answers it by hand.
async fn under_way(setup: &Setup, api: &mut Api) -> (Editor, String, String, Value) {
    let mut editor = Editor::start(setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.apply_answers.push_back(json!("silence"));
    let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    answer(api.next().await);
    let asked = editor.asked().await;
    editor.apply_answers.clear();
    (editor, uri, id, asked)
}

/// What comes of an editor's own no: played again where that took the time of a person's, and was
/// taken for one.
async fn by_program<T>(mut play: impl AsyncFnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    let timed = async || {
        let began = Instant::now();
        (play().await, began.elapsed())
    };
    let is_told = |(told, took): &(T, Duration)| *took < BY_PROGRAM || is_right(told);
    until(timed, is_told).await.0
}

#[tokio::test]
async fn what_is_typed_meanwhile_moves_the_edit_or_stops_it() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let at = |start, end, text| (Some((start, end)), text);
    let whole = |text| (None, text);
    let both = "mod bb;\n\nfn double(n: u32) -> u32 {\n    return n * 2;\n}\n\nmod zz;\n";
    let twice = format!("mod bb;\n\n{OLD}\n\n{OLD}\n\nmod zz;\n");
    let else_inside = both.replace("n * 2", "2 * n");
    // What stands before and after the function, what is typed, and whether the edit may come.
    let cases: Vec<(&str, &str, Vec<Vec<Change<'_>>>, bool)> = vec![
        // Before it on the same line, and above it with lines joined.
        ("mod a; ", "\n", vec![vec![at((0, 4), (0, 5), "é😀")]], true),
        ("mod a;\n\n", "\n", vec![vec![at((0, 6), (2, 0), "")]], true),
        // Several changes in one notification, and several notifications.
        (
            "mod a;\n",
            "\nmod z;\n",
            vec![
                vec![
                    at((0, 0), (0, 0), "// one\n"),
                    at((0, 0), (0, 0), "// two\n// three\n"),
                    at((7, 0), (7, 3), "pub mod"),
                ],
                vec![at((0, 0), (1, 0), "")],
            ],
            true,
        ),
        // The very borders are outside.
        ("", "\n", vec![vec![at((0, 0), (0, 0), "pub ")]], true),
        ("", "\n", vec![vec![at((2, 1), (2, 1), " // end")]], true),
        ("\n", "\n", vec![vec![at((0, 0), (1, 1), "\nf")]], true),
        ("\n", "\n", vec![vec![at((0, 0), (1, 1), "F")]], false),
        // Inside.
        ("", "\n", vec![vec![at((1, 4), (1, 4), "1 + ")]], false),
        ("", "\n", vec![vec![at((0, 0), (2, 1), "")]], false),
        // Inside, and taken back: the text is what it was.
        (
            "",
            "\n",
            vec![vec![at((1, 4), (1, 4), "1")], vec![at((1, 4), (1, 5), "")]],
            true,
        ),
        // The whole document anew, as formatters send it.
        ("mod a;\n\n", "\n\nmod z;\n", vec![vec![whole(both)]], true),
        (
            "mod a;\n\n",
            "\n\nmod z;\n",
            vec![vec![whole(&else_inside)]],
            false,
        ),
        // Emptied and refilled in one notification.
        (
            "mod a;\n\n",
            "\n\nmod z;\n",
            vec![vec![whole(""), whole(both)]],
            true,
        ),
        // Two of them now: nobody knows which one was meant.
        (
            "mod a;\n\n",
            "\n\nmod z;\n",
            vec![vec![whole(&twice)]],
            false,
        ),
    ];
    for (n, (before, after, typed, comes)) in cases.into_iter().enumerate() {
        let name = format!("{n}.rs");
        let uri = editor
            .open(&name, "rust", &format!("{before}{OLD}{after}"))
            .await;
        let line = u32::try_from(before.matches('\n').count()).unwrap() + 1;
        let id = editor
            .job("gloss.refactor", &uri, (line, 8), (line, 8))
            .await;
        let held = api.next().await;
        for changes in &typed {
            let message = editor.changed(&uri, changes);
            editor.send(message).await;
        }
        editor.drain().await;
        let text = editor.text(&uri);
        answer(held);
        let finished = editor.finished(&id).await;
        if comes {
            assert_eq!(finished["result"]["applied"], true, "{typed:?}: {finished}");
            assert_eq!(editor.text(&uri), edited(&text), "{typed:?}");
        } else {
            assert_eq!(finished["error"]["code"], -32801, "{typed:?}: {finished}");
            let kept = finished["result"]["answer"].as_str().unwrap();
            assert!(kept.contains(NEW), "{kept}");
            assert_eq!(editor.text(&uri), text);
        }
    }
}

#[tokio::test]
async fn a_document_closed_meanwhile_is_said_so_also_when_it_is_open_again() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    for reopened in [false, true] {
        let uri = editor.open("a.rs", "rust", CODE).await;
        let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
        let held = api.next().await;
        let closed = json!({ "textDocument": { "uri": uri } });
        editor.notify("textDocument/didClose", closed).await;
        if reopened {
            editor.open("a.rs", "rust", CODE).await;
        }
        editor.drain().await;
        answer(held);
        let finished = editor.finished(&id).await;
        assert_eq!(finished["error"]["code"], -32801);
        let message = finished["error"]["message"].as_str().unwrap();
        assert!(message.contains("was closed"), "{message}");
        assert!(finished["result"]["answer"].as_str().unwrap().contains(NEW));
        assert_eq!(editor.text(&uri), CODE);
    }
    assert!(editor.asked_to_apply.is_empty());
}

#[tokio::test]
async fn two_jobs_on_one_document_move_each_other_and_on_one_range_stop_the_second() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let code = format!("{CODE}\nfn third() {{\n    return;\n}}\n");
    let uri = editor.open("a.rs", "rust", &code).await;
    let third = editor.job("gloss.refactor", &uri, (9, 6), (9, 6)).await;
    let of_third = api.next().await;
    let first = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    let of_first = api.next().await;
    // The same would share the answer.
    let other = json!({ "uri": uri, "range": range((3, 6), (3, 6)), "instruction": "Add." });
    let begun = editor.execute("gloss.refactor", other).await.unwrap();
    let again = begun["id"].as_str().unwrap().to_owned();
    let of_again = api.next().await;
    answer(of_first);
    assert_eq!(editor.finished(&first).await["result"]["applied"], true);
    of_third.text("```rust\nfn third() {\n    // Nothing.\n}\n```");
    assert_eq!(editor.finished(&third).await["result"]["applied"], true);
    of_again.text("```rust\nfn double(n: u32) -> u32 {\n    n + n\n}\n```");
    assert_eq!(editor.finished(&again).await["error"]["code"], -32801);
    let expected = edited(&code).replace("    return;", "    // Nothing.");
    assert_eq!(editor.text(&uri), expected);
}

#[tokio::test]
async fn who_asks_for_the_same_edit_meanwhile_has_it_too_and_it_is_applied_once() {
    let mut api = Api::start().await;
    let said = format!("```\n{NEW}\n```");
    let text = "one\ntwo\n\nthree\n";
    let cases = [
        ("rust", CODE, (3, 6), &*said, edited(CODE)),
        // What is added to the range's end stands outside of it.
        (
            "plaintext",
            text,
            (1, 1),
            "```\none\ntwo\nmore\n```",
            text.replace("two", "two\nmore"),
        ),
    ];
    for (language, code, at, said, expected) in cases {
        let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
        let uri = editor.open("a.rs", language, code).await;
        for id in ["a", "b"] {
            let asked = json!({ "uri": uri, "range": range(at, at), "workDoneToken": id });
            editor.execute("gloss.refactor", asked).await.unwrap();
        }
        let held = api.next().await;
        editor
            .wait(|message| {
                let said = message["params"]["value"]["message"].as_str();
                said.is_some_and(|said| said.starts_with("waiting for its turn"))
            })
            .await;
        held.text(said);
        for id in ["a", "b"] {
            let finished = editor.finished(id).await;
            assert_eq!(
                finished["result"]["applied"], true,
                "{language}: {finished}"
            );
        }
        assert_eq!(editor.text(&uri), expected);
        assert_eq!(editor.asked_to_apply.len(), 1, "{language}");
        assert!(api.is_quiet());
    }
}

#[tokio::test]
async fn what_was_not_applied_is_read_by_hover_until_the_next_job_there() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    // Changed inside.
    editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    let held = api.next().await;
    editor.type_at(&uri, (3, 4), (3, 4), "1 + ").await;
    editor.drain().await;
    answer(held);
    let message = editor.message().await;
    assert!(
        message.ends_with("nothing was changed; hover over line 3 to read the answer"),
        "{message}"
    );
    // It moves with the code.
    editor.type_at(&uri, (0, 0), (0, 0), "// top\n").await;
    let hover = editor.hover(&uri, 3, 4).await.unwrap();
    assert!(
        hover.starts_with("*An answer of Gloss that was not applied: the text was changed"),
        "{hover}"
    );
    assert!(hover.contains(NEW), "{hover}");
    assert_eq!(editor.hover(&uri, 4, 4).await, None);
    // The next job there takes its place: this one is refused, and defanged.
    editor.job("gloss.refactor", &uri, (4, 6), (4, 6)).await;
    assert_eq!(editor.hover(&uri, 3, 4).await, None);
    api.next()
        .await
        .text("<b>Two</b>:\n\n```\na\n```\n\n```\nb\n```");
    let message = editor.message().await;
    assert!(message.contains("2 code blocks"), "{message}");
    assert!(
        message.ends_with("hover over line 4 to read the answer"),
        "{message}"
    );
    let hover = editor.hover(&uri, 3, 4).await.unwrap();
    assert!(hover.contains("&lt;b>Two"), "{hover}");
    // Closing forgets it.
    let closed = json!({ "textDocument": { "uri": uri } });
    editor.notify("textDocument/didClose", closed).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    assert_eq!(editor.hover(&uri, 2, 4).await, None);
}

#[tokio::test]
async fn an_empty_answer_is_nothing_to_be_read() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    api.next().await.text("\n");
    let message = editor.message().await;
    assert!(
        message.ends_with("the answer was empty, so nothing was changed; run it again"),
        "{message}"
    );
    assert_eq!(editor.hover(&uri, 2, 4).await, None);
}

#[tokio::test]
async fn an_editor_that_cannot_apply_is_no_person_and_the_answer_is_kept() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let reason = json!({ "applied": false, "failureReason": "Cannot edit in read-only editor" });
    let play = async || {
        editor.apply_answers.push_back(reason.clone());
        editor.asked_to_apply.clear();
        editor.heard.clear();
        let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
        answer(api.next().await);
        editor.ended(&id).await;
        assert_eq!(editor.asked_to_apply.len(), 1);
        editor.was_told("the editor refused the edit") && editor.was_told("to read the answer")
    };
    assert!(by_program(play, |is_told| *is_told).await);
}

#[tokio::test]
async fn a_persons_no_is_final_and_says_nothing() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::new(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    // With the text as it was; and eglot's word for it, even after the text moved on.
    let cancelled = json!({ "error": { "code": 32000, "message": "User cancelled server edit" } });
    for answered in [json!({ "applied": false }), cancelled] {
        editor.apply_answers.push_back(json!("silence"));
        let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
        answer(api.next().await);
        let asked = editor.asked().await;
        let reply = reply_to(&asked, answered.clone());
        if answered.get("error").is_some() {
            let typed = editor.changed(&uri, &[(Some(((0, 0), (0, 0))), "// top\n")]);
            editor.send_together(&[typed, reply]).await;
        } else {
            editor.send(reply).await;
        }
        editor.ended(&id).await;
        editor.apply_answers.clear();
    }
    assert_eq!(editor.asked_to_apply.len(), 2);
    let messages = editor.heard.iter();
    assert!(
        !messages
            .clone()
            .any(|message| message["method"] == "window/showMessage")
    );
    assert_eq!(editor.text(&uri), format!("// top\n{CODE}"));
    assert_eq!(editor.hover(&uri, 3, 4).await, None);
}

#[tokio::test]
async fn an_editor_that_drops_an_edit_gets_it_again() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let said = |applied: bool| json!({ "applied": applied });
    let version = json!({ "error": { "code": 32000, "message": "Edits on a.rs require version 1, you have 2" } });
    // Neovim says that it applied what it dropped, VS Code that it did not, eglot why; each may
    // tell of the change before or after that.
    for (reply, change_first) in [
        (said(true), true),
        (said(true), false),
        (said(false), true),
        (said(false), false),
        (version.clone(), true),
        (version, false),
    ] {
        let play = async || {
            let (mut editor, uri, id, asked) = under_way(&setup, &mut api).await;
            let typed = editor.changed(&uri, &[(Some(((0, 0), (0, 0))), "// top\n")]);
            let answered = reply_to(&asked, reply.clone());
            let both = if change_first {
                [typed, answered]
            } else {
                [answered, typed]
            };
            editor.send_together(&both).await;
            let finished = editor.finished(&id).await;
            let asked = editor.asked_to_apply.len();
            (finished["result"].clone(), editor.text(&uri), asked)
        };
        let is_applied = |told: &(Value, String, usize)| told.0["applied"] == true;
        let (result, text, asked) = by_program(play, is_applied).await;
        assert_eq!(result["applied"], true, "{reply} {result}");
        assert_eq!(text, format!("// top\n{}", edited(CODE)));
        assert_eq!(asked, 2, "{reply}");
    }
}

#[tokio::test]
async fn what_is_only_added_is_seen_beside_a_letter_that_came_with_it() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let added = CODE.replacen(OLD, &format!("{OLD}\n\nfn halve() {{}}"), 1);
    let sent_anew = format!("a{added}");
    let letter = (Some(((0, 0), (0, 0))), "a");
    let edit = (Some(((4, 1), (4, 1))), "\n\nfn halve() {}");
    for changes in [vec![letter, edit], vec![(None, sent_anew.as_str())]] {
        let uri = editor.open("a.rs", "rust", CODE).await;
        editor.asked_to_apply.clear();
        editor.apply_answers.push_back(json!("silence"));
        let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
        let held = api.next().await;
        held.text(&format!("```rust\n{OLD}\n\nfn halve() {{}}\n```"));
        let asked = editor.asked().await;
        let message = editor.changed(&uri, &changes);
        let taken = reply_to(&asked, json!({ "applied": true }));
        editor.send_together(&[message, taken]).await;
        let finished = editor.finished(&id).await;
        assert_eq!(finished["result"]["applied"], true, "{finished}");
        assert_eq!(editor.asked_to_apply.len(), 1);
        assert_eq!(editor.text(&uri), sent_anew);
    }
}

#[tokio::test]
async fn what_a_refused_edit_was_for_is_not_said_to_be_there() {
    let mut api = Api::start().await;
    let setup = Setup::streaming(&api.url);
    let play = async || {
        let (mut editor, uri, id, asked) = under_way(&setup, &mut api).await;
        let typed = editor.changed(&uri, &[(Some(((3, 4), (3, 4))), "x")]);
        let refused = reply_to(&asked, json!({ "applied": false }));
        editor.send_together(&[typed, refused]).await;
        editor.finished(&id).await["error"].clone()
    };
    let error = by_program(play, |error| error["code"] == -32801).await;
    assert_eq!(error["code"], -32801);
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("so nothing was changed"), "{message}");
}

/// Waits for so many reports of progress, which come once a second.
async fn seconds(editor: &mut Editor, count: usize) {
    let is_report = |message: &Value| message["params"]["value"]["kind"] == "report";
    editor.heard.retain(|message| !is_report(message));
    for _ in 0..count {
        editor.wait(is_report).await;
    }
}

#[tokio::test]
async fn an_edit_is_sent_three_times_at_most() {
    let mut api = Api::start().await;
    let (mut editor, uri, id, mut asked) = under_way(&Setup::streaming(&api.url), &mut api).await;
    editor.apply_answers.push_back(json!("silence"));
    for time in 1..=3 {
        // Typed at the very end each time, and the edit dropped for that.
        let typed = editor.changed(&uri, &[(Some(((7, 0), (7, 0))), "// end\n")]);
        let taken = reply_to(&asked, json!({ "applied": true }));
        editor.send_together(&[typed, taken]).await;
        if time < 3 {
            asked = editor.asked().await;
        }
    }
    let finished = editor.finished(&id).await;
    assert_eq!(editor.asked_to_apply.len(), 3);
    assert_eq!(finished["error"]["code"], -32803);
    assert_eq!(finished["result"]["applied"], false);
    assert!(finished["result"]["answer"].as_str().unwrap().contains(NEW));
}

#[tokio::test]
async fn an_edit_that_was_taken_is_not_sent_again_however_late_it_shows() {
    let play = async |shows: bool| {
        let mut api = Api::start().await;
        let (mut editor, uri, id, asked) = under_way(&Setup::streaming(&api.url), &mut api).await;
        let taken = reply_to(&asked, json!({ "applied": true }));
        editor.send(taken).await;
        if shows {
            seconds(&mut editor, 3).await;
            assert!(editor.apply(&asked["params"]["edit"]).await);
        }
        let finished = editor.finished(&id).await;
        assert_eq!(editor.asked_to_apply.len(), 1, "{finished}");
        if shows {
            assert_eq!(finished["result"]["applied"], true, "{finished}");
            assert_eq!(editor.text(&uri), edited(CODE));
        } else {
            let message = finished["error"]["message"].as_str().unwrap();
            assert!(message.contains("never showed the edit"), "{message}");
            assert!(finished["result"]["answer"].as_str().unwrap().contains(NEW));
        }
    };
    tokio::join!(play(true), play(false));
}

#[tokio::test]
async fn what_was_sent_first_may_come_after_it_was_sent_again() {
    let mut api = Api::start().await;
    let (mut editor, uri, id, first) = under_way(&Setup::streaming(&api.url), &mut api).await;
    editor.apply_answers.push_back(json!("silence"));
    let typed = editor.changed(&uri, &[(Some(((7, 0), (7, 0))), "// end\n")]);
    let taken = reply_to(&first, json!({ "applied": true }));
    editor.send_together(&[typed, taken]).await;
    let second = editor.asked().await;
    // An editor that does not look at versions, and is slow.
    let mut late = first["params"]["edit"].clone();
    let of = "/documentChanges/0/textDocument/version";
    *late.pointer_mut(of).unwrap() = second["params"]["edit"].pointer(of).unwrap().clone();
    assert!(editor.apply(&late).await);
    editor.type_at(&uri, (3, 4), (3, 4), "/* typed */ ").await;
    editor
        .send(reply_to(&second, json!({ "applied": false })))
        .await;
    assert_eq!(editor.finished(&id).await["result"]["applied"], true);
    assert_eq!(editor.asked_to_apply.len(), 2);
}

#[tokio::test]
async fn a_no_that_takes_longer_than_a_program_does_is_a_persons() {
    let mut api = Api::start().await;
    let (mut editor, uri, id, asked) = under_way(&Setup::streaming(&api.url), &mut api).await;
    seconds(&mut editor, 3).await;
    let typed = editor.changed(&uri, &[(Some(((0, 0), (0, 0))), "// top\n")]);
    let no = reply_to(&asked, json!({ "applied": false }));
    editor.send_together(&[typed, no]).await;
    assert_eq!(editor.finished(&id).await["result"]["applied"], false);
    assert_eq!(editor.asked_to_apply.len(), 1);
}

#[tokio::test]
async fn a_client_without_versions_is_asked_again_only_after_a_no() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"] = json!({ "applyEdit": true });
    for (says, times) in [(false, 2), (true, 1)] {
        let play = async || {
            let (mut editor, uri, id, asked) = under_way(&setup, &mut api).await;
            let typed = editor.changed(&uri, &[(Some(((0, 0), (0, 0))), "// top\n")]);
            let reply = reply_to(&asked, json!({ "applied": says }));
            editor.send_together(&[typed, reply]).await;
            let finished = editor.finished(&id).await;
            let is_applied = finished["result"]["applied"] == true;
            (is_applied, editor.asked_to_apply.len())
        };
        let expected = (!says, times);
        assert_eq!(by_program(play, |told| *told == expected).await, expected);
    }
}

#[tokio::test]
async fn nothing_is_sent_at_or_below_a_lone_carriage_return_that_came_meanwhile() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let end = u32::try_from(CODE.lines().count()).unwrap();
    // Below the edit it does no harm.
    for (line, comes) in [(end, true), (0, false)] {
        for apply in [true, false] {
            let uri = editor.open("a.rs", "rust", CODE).await;
            let place = super::editor::range((3, 6), (3, 6));
            let argument = json!({ "uri": uri, "range": place, "apply": apply });
            let begun = editor.execute("gloss.refactor", argument).await.unwrap();
            let held = api.next().await;
            editor
                .type_at(&uri, (line, 0), (line, 0), "// a\r// b\n")
                .await;
            editor.drain().await;
            let text = editor.text(&uri);
            answer(held);
            let finished = editor.finished(begun["id"].as_str().unwrap()).await;
            if comes {
                assert_eq!(finished["result"]["applied"], apply, "{finished}");
                assert_eq!(finished["result"]["edit"].is_object(), !apply);
            } else {
                let message = finished["error"]["message"].as_str().unwrap();
                assert!(message.contains("carriage return"), "{message}");
                assert!(finished["result"]["answer"].as_str().unwrap().contains(NEW));
                assert_eq!(editor.text(&uri), text);
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_takes_no_edits_is_told_before_anything_is_paid_for() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"] = json!({});
    let mut editor = Editor::start(&setup).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    let finished = editor.finished(&id).await;
    let message = finished["error"]["message"].as_str().unwrap();
    assert!(message.contains("takes no edits"), "{message}");
    assert!(api.is_quiet());
}

#[tokio::test]
async fn an_edit_that_is_applied_counts_though_a_key_is_typed_into_it_at_once() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.apply_answers.push_back(json!({ "applied": true }));
    let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    answer(api.next().await);
    let request = editor
        .wait(|message| message["method"] == "workspace/applyEdit")
        .await;
    assert!(editor.apply(&request["params"]["edit"]).await);
    editor.type_at(&uri, (3, 4), (3, 4), "/* typed */ ").await;
    assert_eq!(editor.finished(&id).await["result"]["applied"], true);
}

#[tokio::test]
async fn two_edits_of_one_document_do_not_cross_in_a_client_without_versions() {
    let mut api = Api::start().await;
    let mut setup = Setup::streaming(&api.url);
    setup.capabilities["workspace"] = json!({ "applyEdit": true });
    let mut editor = Editor::start(&setup).await;
    let code = "fn a() {\n    return;\n}\n\nfn b() {\n    return;\n}\n";
    let uri = editor.open("a.rs", "rust", code).await;
    let first = editor.job("gloss.refactor", &uri, (1, 6), (1, 6)).await;
    let second = editor.job("gloss.refactor", &uri, (5, 6), (5, 6)).await;
    for _ in 0..2 {
        let held = api.next().await;
        let name = if held.prompt().contains("fn a() {\\n    return")
            && held.prompt().contains("lines=\\\"1-3")
        {
            "a"
        } else {
            "b"
        };
        held.text(&format!(
            "```rust\nfn {name}() {{\n    // Nothing\n    // at all.\n}}\n```"
        ));
    }
    for id in [first, second] {
        assert_eq!(editor.finished(&id).await["result"]["applied"], true);
    }
    assert_eq!(
        editor.text(&uri),
        code.replace("    return;", "    // Nothing\n    // at all.")
    );
}

#[tokio::test]
async fn an_edit_that_nobody_answers_can_be_cancelled() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", CODE).await;
    editor.apply_answers.push_back(json!("silence"));
    let id = editor.job("gloss.refactor", &uri, (3, 6), (3, 6)).await;
    answer(api.next().await);
    editor
        .wait(|message| message["method"] == "workspace/applyEdit")
        .await;
    editor
        .execute("gloss.cancel", json!({ "id": id }))
        .await
        .unwrap();
    assert_eq!(editor.finished(&id).await["error"]["code"], -32800);
    assert!(editor.stop().await.success());
}

#[tokio::test]
async fn a_lone_carriage_return_is_refused_before_it_is_paid_for() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let uri = editor.open("a.rs", "rust", "fn a() {}\rfn b() {}\n").await;
    let id = editor.job("gloss.refactor", &uri, (1, 4), (1, 4)).await;
    let message = editor.finished(&id).await["error"]["message"].clone();
    assert!(
        message.as_str().unwrap().contains("carriage return"),
        "{message}"
    );
    assert!(api.is_quiet());
}
