//! How long an answer takes to become edits: `cargo bench --bench edits`.
//!
//! Beside each figure stands one parse of the range alone, as a floor: whoever judges the new code
//! without the tree of the old pays that at least twice.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says so by panicking"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use gloss::answer::{self, Original};
use gloss::prompt::Secrets;
use gloss::syntax::{Language, Syntax};
use gloss::text::apply;
use ropey::Rope;

const RUNS: usize = 60;
const LINES: usize = 2_000;
const HOLD: Duration = Duration::from_millis(5);

fn main() {
    let text = document();
    let rope = Rope::from_str(&text);
    let syntax = Syntax::parse(Language::Rust, &rope).unwrap();
    let start = text.find("    fn reckon").unwrap() + 4;
    let range = start..text.rfind("    fn after").unwrap() - 2;
    let old = text.get(range.clone()).unwrap();
    let original = Original {
        text: &rope,
        range: &range,
        language: Some(Language::Rust),
        syntax: Some(&syntax),
        leading: "",
        name: Some("reckon"),
    };
    let secrets = Secrets::default();
    let floor = quickest(|| {
        black_box(Syntax::parse(
            Language::Rust,
            &Rope::from_str(black_box(old)),
        ));
    });
    println!(
        "a range of {} lines, {} kB, in a document of {} lines",
        old.lines().count(),
        old.len() / 1000,
        text.lines().count()
    );
    println!("what                               time      edits   one parse  ratio   hold");
    for (what, new) in [
        ("nothing changed", old.to_owned()),
        (
            "one line changed",
            old.replacen("step_1000(", "stride_1000(", 1),
        ),
        ("every 10th line changed", every(old, 10)),
        ("every line changed", every(old, 1)),
        ("every 10th, sent flush left", flush_left(&every(old, 10))),
    ] {
        let answer = format!("I made it clearer.\n\n```rust\n    {new}\n```\n");
        let answer = if what.ends_with("left") {
            answer.replacen("```rust\n    ", "```rust\n", 1)
        } else {
            answer
        };
        let edits = edits(original, &secrets, &answer);
        let changed = apply(&text, &edits);
        assert_eq!(changed.lines().count(), text.lines().count(), "{what}");
        let took = quickest(|| {
            black_box(self::edits(original, &secrets, black_box(&answer)));
        });
        println!(
            "{what:<32} {:>6.2} ms {:>7} {:>8.2} ms {:>6.2}   {:.0} ms",
            milliseconds(took),
            edits.len(),
            milliseconds(floor),
            took.as_secs_f64() / floor.as_secs_f64(),
            milliseconds(HOLD),
        );
    }
}

/// All that lies between an answer and the edits that are sent for it.
fn edits(original: Original<'_>, secrets: &Secrets, answer: &str) -> Vec<gloss::text::Edit> {
    let new = answer::code(original, answer, Some("stop")).unwrap();
    let old = gloss::text::slice(original.text, original.range.clone()).to_string();
    let new = secrets.restore(&old, &new).unwrap();
    answer::edits(original, &new).unwrap()
}

/// One long method, and a few around it.
fn document() -> String {
    let mut body = String::new();
    for n in 0..(LINES - 2) / 4 {
        let n = n * 4;
        body.push_str(&format!(
            "        let value_{n} = self.step_{n}(first, \"a text of some words\")?;\n        if value_{n} > limit {{\n            return Err(Failure::Over(value_{n}, limit));\n        }}\n"
        ));
    }
    let around = |name: &str| {
        format!("    fn {name}(&self) -> usize {{\n        self.first.len() + 1\n    }}\n\n")
            .repeat(20)
    };
    format!(
        "impl Ledger {{\n{}    fn reckon(&self, first: &str, limit: u64) -> Result<(), Failure> {{\n{body}        Ok(())\n    }}\n\n{}}}\n",
        around("before"),
        around("after"),
    )
}

/// Every `nth` line with another name in it.
fn every(code: &str, nth: usize) -> String {
    let lines = code.lines().enumerate().map(|(at, line)| {
        if at % nth == 0 && at > 0 {
            line.replace("value_", "found_")
                .replace("return Err", "break Err")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn flush_left(code: &str) -> String {
    let lines = code
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// The quickest of many runs: what else the machine does can only add.
fn quickest(mut work: impl FnMut()) -> Duration {
    let times = (0..RUNS).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    times.min().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
