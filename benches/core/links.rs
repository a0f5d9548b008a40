//! The image links of a long document found anew after a letter was typed, beside a parse alone.

use std::hint::black_box;

use criterion::Criterion;
use gloss::image::{Markup, links};
use pulldown_cmark::{Options, Parser};
use ropey::Rope;

use super::support::texts;

const LINES: usize = 5_000;
const IMAGES: usize = 500;

pub fn group(criterion: &mut Criterion) {
    let mut rope = Rope::from_str(&texts::prose(LINES, IMAGES));
    let text = rope.to_string();
    assert_eq!(links(Markup::Markdown, &text).len(), IMAGES);
    let mut group = criterion.benchmark_group("500 image links of 5000 lines");
    group.bench_function("floor, one parse", |bencher| {
        bencher.iter(|| Parser::new_ext(black_box(&text), Options::ENABLE_GFM).count());
    });
    let middle = rope.line_to_char(LINES / 2);
    group.bench_function("after a keystroke", |bencher| {
        bencher.iter(|| {
            rope.insert(middle, "a");
            links(Markup::Markdown, &rope.to_string())
        });
    });
    group.finish();
}
