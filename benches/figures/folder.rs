//! `gloss describe --check` of a folder of documents, beside reading them one after the other.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::bench::{Bench, FLOOR, GLOSS};
use super::support::texts;
use super::table::{Floor, Hold, Row};
use crate::support;
use crate::support::measure::milliseconds;

const FILES: usize = 2_000;
const RUNS: usize = 10;

pub fn rows(bench: &Bench) -> Vec<Row> {
    let folder = bench.data("documents");
    let names: Vec<_> = (0..FILES)
        .map(|file| folder.join(format!("{}/{file}.md", file % 50)))
        .collect();
    for name in &names {
        std::fs::create_dir_all(name.parent().unwrap()).unwrap();
        std::fs::write(name, texts::prose(100, 5)).unwrap();
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..RUNS {
        let began = Instant::now();
        check(&folder, &bench.data("check"));
        times[GLOSS].push(milliseconds(began.elapsed()));
        let began = Instant::now();
        for name in &names {
            black_box(std::fs::read(name).unwrap());
        }
        times[FLOOR].push(milliseconds(began.elapsed()));
    }
    let what = format!("`describe --check` of {FILES} documents");
    let row = Row::of(&what, "ms", times, Floor::Read).holds_to(Hold::Most(1000.0));
    vec![Row {
        peer: bench.none(),
        ..row
    }]
}

fn check(folder: &Path, data: &Path) {
    let mut command = Command::new(support::program());
    command
        .args(["describe", "--check", "."])
        .current_dir(folder)
        .env_clear()
        .env("HOME", data)
        .env("GLOSS_DATA_DIR", data);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(
        status.unwrap().code(),
        Some(1),
        "the documents link what is missing"
    );
}
