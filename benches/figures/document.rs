//! A large document: what its text takes, and how long edits in it do.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bench::Bench;
use super::floor;
use super::support::editor::{Editor, menu};
use super::support::measure::{mebibytes, median, milliseconds};
use super::support::texts;
use super::table::{Figure, Floor, Hold, Peer, Row};

const LINES: usize = 50_000;
const EDITS: usize = 2_000;
const EDIT_RUNS: usize = 5;
const MEMORY_RUNS: usize = 3;
const KEYSTROKES: usize = 100;

/// How long the peer may take for an answer.
const PEER_PATIENCE: Duration = Duration::from_secs(60);

/// Longer than Gloss waits before it gives back what is free.
const REST: Duration = Duration::from_secs(1);

pub fn rows(bench: &Bench) -> Vec<Row> {
    let mut rows = memory(bench);
    rows.push(many_edits(bench));
    rows.extend(keystroke(bench));
    rows
}

/// Servers that have been asked something already, so that what a first question costs is in none of
/// the figures. The peer's is the last.
fn warm(bench: &Bench) -> Vec<Editor> {
    let folder = bench.workspace();
    let bare = Editor::start(floor::server(), Some(&folder), &Value::Null);
    let gloss = bench.start("documents", &Value::Null);
    let mut all: Vec<_> = [gloss, bare]
        .into_iter()
        .chain(bench.start_peer())
        .collect();
    let text = texts::code(100);
    let uri = bench.file("warm.rs", &text);
    for editor in &mut all {
        editor.open(&uri, "rust", &text);
        editor.ask("textDocument/codeAction", &menu(&uri, 1, 4));
        editor.close(&uri);
    }
    all
}

/// What the text takes while it is open, and what stays when it is closed.
fn memory(bench: &Bench) -> Vec<Row> {
    let text = texts::code(LINES);
    let size = mebibytes(text.len() as u64);
    let uri = bench.file("large.rs", &text);
    let mut open: [Vec<f64>; 3] = Default::default();
    let mut closed: [Vec<f64>; 3] = Default::default();
    for _ in 0..MEMORY_RUNS {
        for (n, mut editor) in warm(bench).into_iter().enumerate() {
            std::thread::sleep(REST);
            let before = mebibytes(editor.anonymous());
            editor.open(&uri, "rust", &text);
            editor.ask("textDocument/codeAction", &menu(&uri, 20_001, 4));
            std::thread::sleep(REST);
            open[n].push(mebibytes(editor.anonymous()) - before);
            editor.close(&uri);
            editor.ask("textDocument/codeAction", &menu(&uri, 20_001, 4));
            std::thread::sleep(REST);
            closed[n].push((mebibytes(editor.anonymous()) - before).max(0.0));
        }
    }
    let what = format!("{LINES} lines open, {size:.2} MiB of text");
    vec![
        Row::of(&what, "MiB", open, Floor::Bare).holds_to(Hold::Most(round(2.0 * size))),
        Row::of("left of that when it is closed", "MiB", closed, Floor::Bare)
            .holds_to(Hold::Most(0.1)),
    ]
}

fn round(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

/// Edits all over a large document, sent as fast as they are taken, and a menu after them.
fn many_edits(bench: &Bench) -> Row {
    let text = texts::code(LINES);
    let uri = bench.file("large.rs", &text);
    let mut all = warm(bench);
    let mut times: [Vec<f64>; 3] = Default::default();
    for editor in &mut all {
        editor.open(&uri, "rust", &text);
        editor.ask("textDocument/codeAction", &menu(&uri, 1, 4));
    }
    for run in 0..EDIT_RUNS {
        for (n, editor) in all.iter_mut().enumerate() {
            // Once is enough of what takes seconds.
            let is_peer = n == 2;
            if is_peer && run > 0 {
                continue;
            }
            let edit = |edit: usize| {
                let line = texts::line_of(edit * 7 % (LINES / 10)) + 1;
                editor.typed(&uri, line, 4, 4, "x")
            };
            let edits: Vec<u8> = (0..EDITS).flat_map(edit).collect();
            let began = Instant::now();
            editor.send(&edits);
            let menu = menu(&uri, texts::line_of(2_000), 4);
            let patience = if is_peer {
                PEER_PATIENCE
            } else {
                PEER_PATIENCE * 2
            };
            let answer = editor.ask_within(patience, "textDocument/codeAction", &menu);
            if answer.is_some() {
                times[n].push(milliseconds(began.elapsed()));
            }
        }
    }
    let what = format!("{EDITS} edits in it, then an answered codeAction");
    let mut row = Row::of(&what, "ms", times, Floor::Bare).holds_to(Hold::Most(100.0));
    if bench.peer.is_some() && matches!(row.peer, Peer::Absent) {
        row.peer = Peer::Cannot("never");
    }
    row
}

/// A letter typed in the middle of a document, and a menu right after it; how that grows.
fn keystroke(bench: &Bench) -> Vec<Row> {
    let [small, large] = [1_000, 100_000].map(|lines| keystroke_in(bench, lines));
    let log = 100_000_f64.ln() / 1_000_f64.ln();
    let growth = |n: usize| Figure::new(large[n] / small[n], "times");
    let figure = |n: usize| Figure::new(large[n], "ms");
    let peer = |of: &dyn Fn(usize) -> Figure| {
        bench
            .peer
            .as_ref()
            .map_or(Peer::Absent, |_| Peer::Figure(of(2)))
    };
    vec![
        Row {
            what: "a keystroke in 100000 lines, then a codeAction".to_owned(),
            gloss: figure(0),
            floor: Some((figure(1), Floor::Bare)),
            hold: Hold::Most(1.0),
            peer: peer(&figure),
        },
        Row {
            what: "  as many times that in 1000 lines".to_owned(),
            gloss: growth(0),
            floor: Some((growth(1), Floor::Bare)),
            hold: Hold::Most(round(log)),
            peer: peer(&growth),
        },
    ]
}

/// The time of each server, in milliseconds. No grammar, for its parse grows with the text.
fn keystroke_in(bench: &Bench, lines: usize) -> Vec<f64> {
    let text = texts::code(lines);
    let uri = bench.file("large.txt", &text);
    let mut all = warm(bench);
    for editor in &mut all {
        editor.open(&uri, "plaintext", &text);
        editor.ask("textDocument/codeAction", &menu(&uri, 1, 4));
    }
    let mut times = vec![Vec::new(); all.len()];
    let line = texts::line_of(lines / 20);
    for _ in 0..KEYSTROKES {
        for (editor, times) in all.iter_mut().zip(&mut times) {
            let keystroke = editor.typed(&uri, line + 1, 4, 4, "x");
            let began = Instant::now();
            editor.send(&keystroke);
            let (id, _) = editor.begin("textDocument/codeAction", &menu(&uri, line, 4));
            let heard = editor.answer(id);
            times.push(milliseconds(heard.at.duration_since(began)));
        }
    }
    times.into_iter().map(median).collect()
}
