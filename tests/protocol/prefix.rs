//! Prompts about one document begin alike, for the API bills what it has read before at a fifth.

use std::fmt::Write as _;

use serde_json::json;

use super::api::{Api, Held};
use super::editor::{Editor, Setup, range, until};

/// How many functions the document has, and how many of them are asked about.
const FUNCTIONS: usize = 60;
const ASKED: usize = 30;

/// The most tokens of a prompt that tells the whole file, and of one that tells its outline.
const WHOLE: u64 = 12_000;
const OUTLINE: u64 = 5_000;

/// A file of functions that call each other and what `helpers.rs` has.
fn code() -> String {
    let mut code = String::from("use crate::helpers::*;\n\n");
    for n in 0..FUNCTIONS {
        let _ = write!(
            code,
            "/// Works on number {n}.\nfn own_{n}(value: u64) -> u64 {{\n    let mut sum = value;\n    \
             for step in 0..{n} {{\n        sum = sum.wrapping_mul(step);\n        sum += helper_{}(sum) + helper_3(helper_4(step));\n    \
             }}\n    if sum > 1000 {{\n        return own_{}(sum % 7);\n    }}\n    sum\n}}\n\n",
            n % 3,
            (n + 1) % FUNCTIONS,
        );
    }
    code
}

fn helpers() -> String {
    let helper = |n| {
        format!("/// Helps with {n}.\npub fn helper_{n}(of: u64) -> u64 {{\n    of + {n}\n}}\n\n")
    };
    (0..5).map(helper).collect()
}

/// An editor with both files open, and their addresses.
async fn editing(most: u64) -> (Editor, String, String) {
    let mut setup = Setup::streaming("http://127.0.0.1:9/v1");
    setup.options = json!({ "maxPromptTokens": most });
    let mut editor = Editor::start(&setup).await;
    let helpers = editor.open("helpers.rs", "rust", &helpers()).await;
    let code = editor.open("code.rs", "rust", &code()).await;
    (editor, code, helpers)
}

/// Where `needle` begins in the text as it is.
fn place(editor: &Editor, uri: &str, needle: &str) -> (u32, u32) {
    let text = editor.text(uri);
    let before = &text[..text.find(needle).unwrap()];
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    (line.try_into().unwrap(), column.try_into().unwrap())
}

/// What would be sent about the function of this number.
async fn prompt(editor: &mut Editor, uri: &str, function: usize) -> String {
    let at = place(editor, uri, &format!("own_{function}(value"));
    let argument = json!({ "uri": uri, "range": range(at, at) });
    let preview = json!({ "command": "gloss.explain", "argument": argument });
    let ask = async || {
        let preview = editor.execute("gloss.preview", preview.clone()).await;
        preview.unwrap()["prompt"].as_str().unwrap().to_owned()
    };
    // On a busy machine neither the parse nor the search for definitions may be done in time.
    let helpers = [function % 3, 3, 4].map(|n| format!("pub fn helper_{n}("));
    let range = format!(">\nfn own_{function}(");
    let is_whole =
        |told: &String| told.contains(&range) && helpers.iter().all(|it| told.contains(it));
    let prompt = until(ask, is_whole).await;
    assert!(is_whole(&prompt), "{prompt}");
    prompt
}

/// How many bytes two prompts begin with alike.
fn alike(one: &str, other: &str) -> usize {
    let bytes = one.bytes().zip(other.bytes());
    bytes.take_while(|(a, b)| a == b).count()
}

#[tokio::test]
async fn thirty_explanations_of_a_file_share_four_fifths_of_each_prompt() {
    for (most, told) in [(WHOLE, "<file-"), (OUTLINE, "<outline-")] {
        let (mut editor, code, _) = editing(most).await;
        let mut before = prompt(&mut editor, &code, 0).await;
        assert!(before.contains(told), "{before}");
        for function in 1..ASKED {
            let now = prompt(&mut editor, &code, function).await;
            let share = alike(&before, &now) * 100 / now.len();
            assert!(share >= 80, "{told} {function}: {share} %\n{now}");
            before = now;
        }
    }
}

#[tokio::test]
async fn after_an_edit_no_byte_differs_before_the_first_part_whose_source_changed() {
    let check = async |most: u64, file: &str, place_of: &str, typed: &str, changed: &str| {
        let (mut editor, code, helpers) = editing(most).await;
        let before = prompt(&mut editor, &code, 20).await;
        let edited = if file == "code.rs" { &code } else { &helpers };
        let at = place(&editor, edited, place_of);
        editor.type_at(edited, at, at, typed).await;
        let after = prompt(&mut editor, &code, 20).await;
        // A tag's name ends in a hash of what it marks.
        let from = before
            .find(changed)
            .unwrap_or_else(|| panic!("{changed}: {before}"));
        let same = alike(&before, &after);
        assert!(
            same >= from,
            "{typed:?} before {place_of:?}: {}\n-- became\n{}",
            &before[same..],
            &after[same..]
        );
    };
    // A body above what is asked about moves it down, which its own lines tell; nothing else.
    check(
        OUTLINE,
        "code.rs",
        "let mut sum",
        "let a = 1;\n    ",
        "<range-",
    )
    .await;
    // Nor does it count that a name is used once more.
    check(
        OUTLINE,
        "code.rs",
        "let mut sum",
        "let a = helper_4(1);\n    ",
        "<range-",
    )
    .await;
    check(OUTLINE, "code.rs", "fn own_9(", "// More.\n\n", "<range-").await;
    check(
        OUTLINE,
        "code.rs",
        "Works on number 20",
        "Only ",
        "<above-the-range-",
    )
    .await;
    check(OUTLINE, "code.rs", "value: u64", "also: u8, ", "<outline-").await;
    check(OUTLINE, "helpers.rs", "of: u64", "a: u8, ", "<definition-").await;
    check(WHOLE, "helpers.rs", "of: u64", "a: u8, ", "<definition-").await;
    check(
        WHOLE,
        "code.rs",
        "let mut sum",
        "let a = 1;\n    ",
        "<file-",
    )
    .await;
    // What is not told changes nothing, wherever it moves the rest to.
    for most in [OUTLINE, WHOLE] {
        check(most, "helpers.rs", "of + 0", "1 + ", "\n</range-").await;
        check(
            most,
            "helpers.rs",
            "/// Helps with 0",
            "// New.\n\n\n",
            "\n</range-",
        )
        .await;
    }
}

#[tokio::test]
async fn requests_about_one_document_are_one_conversation_whatever_is_typed() {
    let mut api = Api::start().await;
    let mut editor = Editor::start(&Setup::streaming(&api.url)).await;
    let one = editor
        .open("a.rs", "rust", "fn a() {}\n\nfn b() {}\n")
        .await;
    let other = editor.open("b.rs", "rust", "fn a() {}\n").await;
    let mut named = Vec::new();
    for (uri, line) in [(&one, 0), (&one, 2), (&other, 0), (&one, 0)] {
        editor.type_at(uri, (0, 8), (0, 8), " ").await;
        let id = editor.job("gloss.explain", uri, (line, 4), (line, 4)).await;
        let held = api.next().await;
        named.push(conversation(&held));
        held.text("It does nothing.");
        editor.finished(&id).await;
    }
    assert!(named[0].len() > 10, "{named:?}");
    assert_eq!([&named[1], &named[3]], [&named[0]; 2]);
    assert_ne!(named[2], named[0]);
}

/// What a request says of the conversation that it belongs to.
fn conversation(held: &Held) -> String {
    let header = held
        .head
        .lines()
        .find_map(|line| line.strip_prefix("x-grok-conv-id: "));
    let header = header.unwrap_or_else(|| panic!("{}", held.head));
    if let Some(key) = held.body["prompt_cache_key"].as_str() {
        assert_eq!(key, header);
    }
    header.to_owned()
}
