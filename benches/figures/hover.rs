//! The hover of what was explained: while the server runs, and first of all after a restart.

use serde_json::{Value, json};

use super::bench::Bench;
use super::floor;
use super::support::editor::{Editor, at, range};
use super::support::measure::milliseconds;
use super::support::texts;
use super::table::{Floor, Hold, Row};

const RUNS: usize = 200;
const RESTARTS: usize = 30;

pub fn rows(bench: &Bench) -> Vec<Row> {
    let text = texts::code(1_000);
    let uri = bench.file("hover.rs", &text);
    let line = texts::line_of(50);
    let hover = at(&uri, line, 4);
    let folder = bench.workspace();
    let start = |n: usize| {
        let mut editor = if n == 0 {
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
    let mut both = [start(0), start(1)];
    let argument = json!({ "uri": uri, "range": range((line, 4), (line, 4)) });
    let id = both[0].job("gloss.explain", &argument);
    both[0].finished(&id);
    let mut known: [Vec<f64>; 3] = Default::default();
    for _ in 0..RUNS {
        for (n, editor) in both.iter_mut().enumerate() {
            known[n].push(timed(editor));
        }
    }
    both.into_iter().for_each(Editor::leave);
    let mut restarted: [Vec<f64>; 3] = Default::default();
    for _ in 0..RESTARTS {
        for n in 0..2 {
            restarted[n].push(timed(&mut start(n)));
        }
    }
    let row = |what, figures, most| Row {
        peer: bench.none(),
        ..Row::of(what, "ms", figures, Floor::Bare).holds_to(Hold::Most(most))
    };
    vec![
        row("a known hover", known, 0.5),
        row("  as the first after a restart", restarted, 5.0),
    ]
}
