//! An answer on its way to edits, beside one parse of the range alone: whoever judges the new code
//! without the tree of the old pays that at least twice.

use std::hint::black_box;

use criterion::Criterion;
use gloss::answer::{self, Original};
use gloss::prompt::Secrets;
use gloss::syntax::{Language, Syntax};
use gloss::text::apply;
use ropey::Rope;

const LINES: usize = 2_000;

pub fn group(criterion: &mut Criterion) {
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
    let mut group = criterion.benchmark_group("edits of 2000 lines");
    group.bench_function("floor, one parse", |bencher| {
        bencher.iter(|| Syntax::parse(Language::Rust, &Rope::from_str(black_box(old))));
    });
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
        let indent = if what.ends_with("left") { "" } else { "    " };
        let answer = format!("I made it clearer.\n\n```rust\n{indent}{new}\n```\n");
        let changed = apply(&text, &edits(original, &secrets, &answer));
        assert_eq!(changed.lines().count(), text.lines().count(), "{what}");
        group.bench_function(what, |bencher| {
            bencher.iter(|| edits(original, &secrets, black_box(&answer)));
        });
    }
    group.finish();
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
