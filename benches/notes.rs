//! What notes cost on the way of a message: `cargo bench --bench notes`.
//!
//! A document of 10,000 lines has a note on each of 300 functions. Hints are asked for right after
//! a keystroke, for the lines of a screen and for the whole document, and compared with a server
//! that has no notes. An open document is followed by a request that needs nothing of it, so that
//! the time to its answer is what opening holds up.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

#[path = "support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gloss::action::Subject;
use gloss::engine::anchor;
use gloss::store::{Note, Store};
use gloss::syntax::{Language, Syntax};
use ropey::Rope;
use serde_json::{Value, json};
use support::editor::{Editor, range};
use support::measure::{median, milliseconds};

const RUNS: usize = 200;
const OPENED: usize = 30;
const LINES: usize = 10_000;
const NOTES: usize = 300;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir(root.join(".git")).unwrap();
    let text = document();
    let path = root.join("large.rs");
    std::fs::write(&path, &text).unwrap();
    let (with, without) = (root.join("with"), root.join("without"));
    keep_notes(&text, &root, &with);
    keep_notes("", &root, &without);
    let uri = url::Url::from_file_path(&path).unwrap().to_string();

    let mut server = start(&with);
    server.open(&uri, "rust", &text);
    // Found in the text behind the answers; asked again until they are.
    let found = loop {
        let (found, _) = server.ask("textDocument/inlayHint", &all_of(&uri, LINES));
        if found["result"]
            .as_array()
            .is_some_and(|hints| hints.len() == NOTES)
        {
            break found;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    println!(
        "{} lines, {} kB, {} hints of {} kB",
        text.lines().count(),
        text.len() / 1000,
        found["result"].as_array().unwrap().len(),
        found.to_string().len() / 1000
    );
    let mut bare = start(&without);
    bare.open(&uri, "rust", &text);
    hints(&mut bare, &uri, LINES);
    println!("median of {RUNS}                                  with notes    without     hold");
    for (what, lines, hold) in [
        ("hints of a screen after a keystroke", 60, "2 ms"),
        ("hints of the document after a keystroke", LINES, "2 ms"),
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for n in 0..RUNS {
            for (server, times) in [&mut server, &mut bare].into_iter().zip(&mut times) {
                // In a function with a note.
                let keystroke = server.typed(&uri, 4_000 + n % 20, 8, 8, "x");
                server.send(&keystroke);
                times.push(milliseconds(hints(server, &uri, lines)));
            }
        }
        print(what, times, hold);
    }
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..OPENED {
        for (data, times) in [&with, &without].into_iter().zip(&mut times) {
            let mut server = start(data);
            server.ask("gloss/none", &Value::Null);
            let began = Instant::now();
            server.open(&uri, "rust", &text);
            server.ask("gloss/none", &Value::Null);
            times.push(milliseconds(began.elapsed()));
        }
    }
    print("an open document, to the next answer", times, "");
}

fn print(what: &str, times: [Vec<f64>; 2], hold: &str) {
    let [with, without] = times.map(median);
    println!("{what:<44} {with:>8.3} ms {without:>8.3} ms   {hold}");
}

/// Functions of some thirty lines each.
fn document() -> String {
    let mut text = String::new();
    let mut n = 0;
    while text.lines().count() < LINES - 1 {
        let _ = write!(
            text,
            "/// Works on {n}.\nfn function_{n}(value: u64) -> u64 {{\n"
        );
        for step in 0..28 {
            let _ = writeln!(text, "    let value = value.wrapping_mul({step}) + {n};");
        }
        text.push_str("    value\n}\n\n");
        n += 1;
    }
    text
}

fn keep_notes(text: &str, root: &Path, data: &Path) {
    let store = Store::new(data.to_path_buf());
    let rope = Rope::from_str(text);
    let syntax = Syntax::parse(Language::Rust, &rope).unwrap();
    for symbol in syntax.symbols().iter().take(NOTES) {
        let subject = Subject {
            range: symbol.range.clone(),
            leading: symbol.leading.clone(),
            name: Some(symbol.name.clone()),
            shown_at: symbol.name_range.start,
        };
        let note = |text: &str| Note {
            workspace: root.display().to_string(),
            file: "large.rs".into(),
            action: "explain".into(),
            anchor: anchor(&rope, Some(&syntax), &subject),
            summary: format!("Works on the value of {} again and again.", symbol.name),
            markdown: text.to_owned(),
            model: "grok-4.3".into(),
            cost_ticks: Some(1_000_000),
            asked: None,
            time: jiff::Timestamp::now(),
        };
        store.keep_note(note(
            &"It multiplies, adds, and gives back what is left. ".repeat(12),
        ));
        assert!(store.flush(Duration::from_secs(20)));
    }
    // So that there is a file to look into.
    store.keep_models(
        "none",
        gloss::store::ModelList {
            tried: jiff::Timestamp::now(),
            models: Vec::new(),
        },
    );
    assert!(store.flush(Duration::from_secs(20)));
}

/// A server with what it keeps in `data`, and the document open.
fn start(data: &Path) -> Editor {
    let mut command = Command::new(support::program());
    command.arg("lsp").env("GLOSS_DATA_DIR", data);
    Editor::start(command, None, &Value::Null)
}

/// From asking for the hints of so many lines to the answer's last byte; to read it as JSON is the
/// editor's own time.
fn hints(server: &mut Editor, uri: &str, lines: usize) -> Duration {
    let (id, began) = server.begin("textDocument/inlayHint", &all_of(uri, lines));
    server.answer(id).at.duration_since(began)
}

fn all_of(uri: &str, lines: usize) -> Value {
    let first = if lines < LINES { 4_000 } else { 0 };
    json!({ "textDocument": { "uri": uri }, "range": range((first, 0), (first + lines, 0)) })
}
