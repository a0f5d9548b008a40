//! The hover of what was explained: while the server runs, and first of all after a restart.

use serde_json::{Value, json};

use super::bench::{Bench, FLOOR, GLOSS};
use super::floor;
use super::support::editor::{Editor, at, range};
use super::support::measure::milliseconds;
use super::support::texts;
use super::table::{Floor, Hold, Row};

/// Of the file. The first hover waits for its tree, by which its notes are found.
const LINES: usize = 300;
const RUNS: usize = 200;
const RESTARTS: usize = 30;

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(LINES);
    let uri = bench.file("hover.rs", &text);
    let line = texts::line_of(LINES / 20);
    let hover = at(&uri, line, 4);
    let folder = bench.workspace();
    let start = |n: usize| {
        let mut editor = if n == GLOSS {
            bench.start("hover", &Value::Null)
        } else {
            Editor::start(floor::server(), Some(&folder), &Value::Null)
        };
        editor.open(&uri, "rust", &text);
        editor
    };
    let timed = |editor: &mut Editor| {
        let (answer, took) = editor.ask("textDocument/hover", &hover);
        assert!(answer.to_string().contains("and then it does"), "{answer}");
        milliseconds(took)
    };
    let mut both = [GLOSS, FLOOR].map(start);
    let argument = json!({ "uri": uri, "range": range((line, 4), (line, 4)) });
    let id = both[GLOSS].job("gloss.explain", &argument);
    both[GLOSS].finished(&id);
    let mut known: [Vec<f64>; 3] = Default::default();
    for _ in 0..RUNS {
        for (n, editor) in both.iter_mut().enumerate() {
            known[n].push(timed(editor));
        }
    }
    both.into_iter().for_each(Editor::leave);
    let mut restarted: [Vec<f64>; 3] = Default::default();
    for _ in 0..RESTARTS {
        for n in [GLOSS, FLOOR] {
            restarted[n].push(timed(&mut start(n)));
        }
    }
    let row = |what: &str, figures, most| Row {
        peer: bench.none(),
        ..Row::of(what, "ms", figures, Floor::Bare).holds_to(Hold::Most(most))
    };
    vec![
        row("a known hover", known, 0.5),
        row(
            &format!("  as the first after a restart, {LINES} lines"),
            restarted,
            5.0,
        ),
    ]
}
