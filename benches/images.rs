//! What finding image links costs, beside what it cannot cost less than, in one run:
//! `cargo bench --bench images`.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gloss::image::{Markup, links};
use pulldown_cmark::{Options, Parser};
use ropey::Rope;

const RUNS: usize = 200;
const LINES: usize = 5000;
const IMAGES: usize = 500;
const FILES: usize = 2000;

fn main() {
    keystroke();
    folder();
}

/// A letter typed into a long document, and its links found; beside a parse alone.
fn keystroke() {
    let mut rope = Rope::from_str(&document(LINES, IMAGES));
    assert_eq!(links(Markup::Markdown, &rope.to_string()).len(), IMAGES);
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let middle = rope.line_to_char(LINES / 2);
    for _ in 0..RUNS {
        let began = Instant::now();
        rope.insert(middle, "a");
        black_box(links(Markup::Markdown, &rope.to_string()));
        ours.push(began.elapsed());
        let text = rope.to_string();
        let began = Instant::now();
        black_box(Parser::new_ext(&text, Options::ENABLE_GFM).count());
        floor.push(began.elapsed());
    }
    let (ours, floor) = (median(ours), median(floor));
    println!("what                                  gloss       floor  ratio   hold");
    println!(
        "a letter in {LINES} lines, {IMAGES} images   {:>6.2} ms  {:>6.2} ms   {:>5.2}   2 ms",
        milliseconds(ours),
        milliseconds(floor),
        ours.as_secs_f64() / floor.as_secs_f64(),
    );
}

/// `describe --check` of a folder of documents; beside reading them one after the other.
fn folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.png"), "a").unwrap();
    let names: Vec<_> = (0..FILES)
        .map(|file| format!("{}/{file}.md", file % 50))
        .collect();
    for name in &names {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, document(100, 5)).unwrap();
    }
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let began = Instant::now();
        check(folder.path());
        ours.push(began.elapsed());
        let began = Instant::now();
        for name in &names {
            black_box(std::fs::read(folder.path().join(name)).unwrap());
        }
        floor.push(began.elapsed());
    }
    let (ours, floor) = (median(ours), median(floor));
    println!(
        "describe --check, {FILES} documents     {:>6.0} ms  {:>6.0} ms   {:>5.2}   1000 ms",
        milliseconds(ours),
        milliseconds(floor),
        ours.as_secs_f64() / floor.as_secs_f64(),
    );
}

fn check(folder: &Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gloss"));
    command
        .args(["describe", "--check", "."])
        .current_dir(folder);
    command.env("GLOSS_DATA_DIR", folder.join("data"));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(
        status.unwrap().code(),
        Some(1),
        "the documents link what is missing"
    );
}

/// Prose with lists, code and links, and images spread over it.
fn document(lines: usize, images: usize) -> String {
    let mut text = String::from("# A document\n\n");
    let every = lines / images;
    for line in 2..lines {
        let written = match line % every {
            0 => writeln!(
                text,
                "![An image of number {line}](images/{line}.png \"Title\")\n"
            ),
            2 => writeln!(
                text,
                "- an item with *emphasis*, `code` and [a link](https://a.example/{line})"
            ),
            3 => writeln!(text, "  and its second line"),
            4 | 7 => writeln!(text),
            5 => writeln!(
                text,
                "Plain words that go on for a while, as prose does, with a number {line},"
            ),
            _ => writeln!(
                text,
                "and some more of them on the next line, <b>bold</b> &amp; so on."
            ),
        };
        written.unwrap();
    }
    for image in images_in(&text)..images {
        writeln!(text, "\n![The last](images/last-{image}.png)").unwrap();
    }
    text
}

fn images_in(text: &str) -> usize {
    text.matches("![").count()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
