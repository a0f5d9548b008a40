//! A large document: what its text takes, and how long edits in it do.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bench::{Bench, FLOOR, GLOSS, PEER};
use super::floor;
use super::support::editor::{Editor, menu};
use super::support::measure::{mebibytes, median, milliseconds};
use super::support::texts;
use super::table::{Floor, Hold, Peer, Row};

const LINES: usize = 50_000;
const EDITS: usize = 2_000;
const EDIT_RUNS: usize = 5;
const MEMORY_RUNS: usize = 3;
const KEYSTROKES: usize = 200;
/// Lines of the documents that are typed into.
const SIZES: [usize; 2] = [1_000, 100_000];

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
            // The allocator's own rest.
            .holds_to(Hold::Most(round(0.2 * size))),
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
            let is_peer = n == PEER;
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
        row.peer = Peer::Cannot("not in 60 s");
    }
    row
}

/// A letter typed in the middle of a document, and a menu right after it; how that grows. No
/// grammar, for its parse grows with the text.
fn keystroke(bench: &Bench) -> Vec<Row> {
    let mut servers: Vec<_> = SIZES.map(|lines| typists(bench, lines)).into();
    let mut times: [[Vec<f64>; 3]; 2] = Default::default();
    for _ in 0..KEYSTROKES {
        for (servers, times) in servers.iter_mut().zip(&mut times) {
            for (typist, times) in servers.iter_mut().zip(times) {
                times.push(typist.keystroke());
            }
        }
    }
    let [small, large] = times;
    let growth = [GLOSS, FLOOR, PEER].map(|n| {
        let is_there = !small[n].is_empty();
        let growth = is_there.then(|| median(large[n].clone()) / median(small[n].clone()));
        growth.into_iter().collect::<Vec<_>>()
    });
    let what = format!("a keystroke in {} lines, then a codeAction", SIZES[1]);
    let log = (SIZES[1] as f64).ln() / (SIZES[0] as f64).ln();
    vec![
        Row::of(&what, "ms", large, Floor::Bare).holds_to(Hold::Most(1.0)),
        Row::of(
            &format!("  as many times that in {} lines", SIZES[0]),
            "times",
            growth,
            Floor::Bare,
        )
        .holds_to(Hold::Most(round(log))),
    ]
}

/// A server with a document open, where somebody types.
struct Typist {
    editor: Editor,
    uri: String,
    line: usize,
}

/// One of each server, with a document of so many lines.
fn typists(bench: &Bench, lines: usize) -> Vec<Typist> {
    let text = texts::code(lines);
    let uri = bench.file(&format!("{lines}.txt"), &text);
    let typist = |mut editor: Editor| {
        editor.open(&uri, "plaintext", &text);
        editor.ask("textDocument/codeAction", &menu(&uri, 1, 4));
        Typist {
            editor,
            uri: uri.clone(),
            line: texts::line_of(lines / 20),
        }
    };
    warm(bench).into_iter().map(typist).collect()
}

impl Typist {
    /// From a letter to the answer after it, in milliseconds.
    fn keystroke(&mut self) -> f64 {
        let keystroke = self.editor.typed(&self.uri, self.line + 1, 4, 4, "x");
        let menu = menu(&self.uri, self.line, 4);
        let began = Instant::now();
        self.editor.send(&keystroke);
        let (id, _) = self.editor.begin("textDocument/codeAction", &menu);
        milliseconds(self.editor.answer(id).at.duration_since(began))
    }
}
