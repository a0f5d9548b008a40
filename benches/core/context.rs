//! The context of a function in a file of 10,000 lines with 20 open documents, whose definitions it
//! names, beside one parse of that file.

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use gloss::engine::{CodeJob, Neighbour, Place, Task};
use gloss::syntax::{Language, Syntax};

use super::jobs::{engine, snapshot};

pub fn group(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    let mut large = String::from("use std::fmt;\n\n");
    for n in 0..1_120 {
        let _ = write!(
            large,
            "/// Works on {n}.\nfn own_{n}(value: u64) -> u64 {{\n    let mut sum = value;\n    \
             for step in 0..{n} {{\n        sum = sum.wrapping_mul(step);\n    }}\n    \
             sum + open_{}(sum) + elsewhere(own_{}(sum))\n}}\n\n",
            n % 20,
            (n + 1) % 1_120
        );
    }
    let asked = "fn asked(value: Kind3) -> u64 {\n    open_0(1) + open_5(2) + open_7(3) + open_12(4) \
                 + open_19(5) + own_500(Kind11::of(value))\n}\n";
    let at = large.len() / 2;
    let at = at + large[at..].find("\n\n").unwrap() + 2;
    large.insert_str(at, &format!("{asked}\n"));
    let neighbour = |n: usize| {
        let mut text = String::new();
        for m in 0..60 {
            let _ = write!(
                text,
                "/// Of {m}.\npub struct Part{n}x{m} {{\n    pub field: u64,\n}}\n\nimpl Part{n}x{m} {{\n    \
                 pub fn get(&self) -> u64 {{\n        self.field\n    }}\n}}\n\n",
            );
        }
        let _ = write!(
            text,
            "pub enum Kind{n} {{\n    One,\n}}\n\n/// Opens {n}.\npub fn open_{n}(value: u64) -> u64 {{\n    value\n}}\n"
        );
        let path = root.join(format!("open_{n}.rs"));
        fs::write(&path, &text).unwrap();
        Neighbour {
            place: Place::of(&path, &[]),
            snapshot: snapshot(&text, Language::Rust),
        }
    };
    let path = root.join("large.rs");
    fs::write(&path, &large).unwrap();
    let snapshot = snapshot(&large, Language::Rust);
    let parse = || Syntax::parse(Language::Rust, &snapshot.text).map(Arc::new);
    let mut group = criterion.benchmark_group("context in 10000 lines, 20 documents open");
    group.bench_function("floor, one parse", |bencher| bencher.iter(parse));
    let job = CodeJob {
        syntax: parse(),
        open: (0..20).map(neighbour).collect(),
        ..CodeJob::new(
            Task::Refactor,
            snapshot.clone(),
            at..at + asked.len() - 1,
            Place::of(&path, &[]),
        )
    };
    let engine = engine(12_000);
    let prepared = engine.prepared(&job).expect("a prompt");
    assert_eq!(
        prepared.context_files,
        7,
        "{}",
        prepared.prompt.to_plain_text()
    );
    group.bench_function("prompt", |bencher| {
        bencher.iter(|| engine.prepared(black_box(&job)));
    });
    group.finish();
}
