//! A keystroke: what a document does with it, beside the edit of the rope alone; and positions.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use gloss::document::{ContentChange, Documents};
use gloss::text::{self, Encoding, Position};
use ropey::Rope;

use super::support::texts;

pub fn group(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("keystroke");
    for lines in [1_000, 100_000] {
        let code = texts::code(lines);
        let at = Position {
            line: u32::try_from(lines / 2 + 2).unwrap(),
            character: 4,
        };
        group.bench_function(BenchmarkId::new("floor", lines), |bencher| {
            let mut rope = Rope::from_str(&code);
            bencher.iter(|| type_into(&mut rope, black_box(at)));
        });
        group.bench_function(BenchmarkId::new("document", lines), |bencher| {
            let mut documents = Documents::default();
            documents.open("a", "rust", 1, &code);
            let change = ContentChange {
                range: Some((at, at)),
                text: "x".to_owned(),
            };
            bencher.iter(|| {
                documents.change(
                    "a",
                    2,
                    black_box(std::slice::from_ref(&change)),
                    Encoding::Utf16,
                )
            });
        });
    }
    group.finish();
    positions(criterion);
}

/// A letter put where an editor that counts in UTF-16 says.
fn type_into(rope: &mut Rope, at: Position) {
    let line = rope.line_to_char(at.line as usize);
    let units = rope.char_to_utf16_cu(line) + at.character as usize;
    let char = rope.utf16_cu_to_char(units);
    rope.insert(char, "x");
}

/// In a document of many lines, and in a line of many characters.
fn positions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("positions");
    let line = "größer 😀 ".repeat(100_000);
    for (what, text, line) in [
        ("of 100000 lines", texts::code(100_000), 50_002),
        ("in a line of 1.5 MB", line, 0),
    ] {
        let rope = Rope::from_str(&text);
        let at = Position { line, character: 9 };
        let offset = text::offset(&rope, at, Encoding::Utf16);
        group.bench_function(BenchmarkId::new("to a byte", what), |bencher| {
            bencher.iter(|| text::offset(&rope, black_box(at), Encoding::Utf16));
        });
        group.bench_function(BenchmarkId::new("of a byte", what), |bencher| {
            bencher.iter(|| text::position(&rope, black_box(offset), Encoding::Utf16));
        });
    }
    group.finish();
}
