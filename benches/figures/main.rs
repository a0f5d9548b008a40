//! Every figure that Gloss is to hold, as one table: `cargo bench --bench figures`.
//!
//! Each stands beside what cannot be beaten, measured by turns in the same run, so that whatever else
//! the machine does falls on both: a server on the same framework with nothing in it, an HTTP client
//! alone. The release binary is driven over stdio, against a stand-in for the API that knows when
//! each of its bytes left. With `GLOSS_PEER=…/lsp-ai`, or an `lsp-ai` on the path, the same work is
//! done by that beside it (`cargo install lsp-ai --version 0.7.0 --locked`), and with
//! `GLOSS_PROGRAM=…/gloss` that program is measured instead of one that was built with what tests
//! need (`support::program`). It takes some two minutes; names of groups behind `--`, as `load`, take
//! these alone. `--profile dev` is quick to build, and has other figures.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

mod api;
mod bench;
mod cancel;
mod document;
mod floor;
mod folder;
mod hover;
mod latency;
mod load;
mod prefix;
mod start;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod trees;

use bench::Bench;
use table::Row;

type Group = fn(&Bench) -> Vec<Row>;

/// What is measured together, in the order of the table.
const GROUPS: [(&str, Group); 8] = [
    ("start", start::rows),
    ("document", document::rows),
    ("latency", latency::rows),
    ("cancel", cancel::rows),
    ("hover", hover::rows),
    ("load", load::rows),
    ("prefix", prefix::rows),
    ("folder", folder::rows),
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == floor::ARGUMENT
    {
        return floor::serve(rest);
    }
    let wanted = arguments.iter().filter(|it| !it.starts_with("--"));
    let wanted: Vec<_> = wanted.collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| *it == name);
    let bench = Bench::new();
    table::head(bench.peer.is_some());
    // Looked at again at the end: a minute passes meanwhile.
    let trees = is_wanted("trees").then(|| trees::grown(&bench));
    for (name, rows) in GROUPS {
        if is_wanted(name) {
            rows(&bench).iter().for_each(table::print);
        }
    }
    if let Some(trees) = trees {
        table::print(&trees.row(&bench));
    }
    if is_wanted("binary") {
        table::print(&start::binary(&bench));
    }
    table::legend(bench.peer.is_some());
}
