//! A syntax tree of a file as large as is parsed: what it takes, and that it goes when nobody uses it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::bench::Bench;
use super::support::editor::{Editor, menu};
use super::support::measure::mebibytes;
use super::support::texts;
use super::table::{Figure, Hold, Row};

/// A minute, and the moment until what is free is given back.
const UNUSED: Duration = Duration::from_secs(63);

pub struct Trees {
    editor: Editor,
    before: f64,
    grown: f64,
    since: Instant,
}

/// Has a file of nearly 1 MiB parsed.
pub fn grown(bench: &Bench) -> Trees {
    let mut text = texts::code(50_000);
    text.truncate(text[..(1 << 20)].rfind("///").unwrap());
    let uri = bench.file("trees.rs", &text);
    let mut editor = bench.start("trees", &Value::Null);
    editor.open(&uri, "plaintext", &text);
    let menu = menu(&uri, 1, 4);
    editor.ask("textDocument/codeAction", &menu);
    std::thread::sleep(Duration::from_secs(1));
    let before = mebibytes(editor.anonymous());
    editor.close(&uri);
    editor.open(&uri, "rust", &text);
    // Not there within the moment that a menu waits; asked again until it is.
    loop {
        let (answer, _) = editor.ask("textDocument/codeAction", &menu);
        if answer.to_string().contains("Explain every function") {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Trees {
        before,
        grown: mebibytes(editor.anonymous()) - before,
        editor,
        since: Instant::now(),
    }
}

impl Trees {
    /// What is left of it once a minute has passed.
    pub fn row(&self, bench: &Bench) -> Row {
        std::thread::sleep(UNUSED.saturating_sub(self.since.elapsed()));
        let left = mebibytes(self.editor.anonymous()) - self.before;
        Row {
            what: format!(
                "left of a tree's {:.1} MiB after a minute unused",
                self.grown
            ),
            gloss: Figure::new(left.max(0.0), "MiB"),
            floor: None,
            hold: Hold::Most((5.0 * self.grown).round() / 100.0),
            peer: bench.none(),
        }
    }
}
