//! Every figure that Gloss is to hold, as one table: `cargo bench --bench figures`.
//!
//! Each stands beside what cannot be beaten, measured by turns in the same run, so that whatever else
//! the machine does falls on both: a server on the same framework with nothing in it, an HTTP client
//! alone. The release binary is driven over stdio, against a stand-in for the API that knows when
//! each of its bytes left. With `GLOSS_PEER=…/lsp-ai`, or an `lsp-ai` on the path, the same work is
//! done by that beside it (`cargo install lsp-ai --version 0.7.0 --locked`). It takes some three
//! minutes; `cargo bench --profile dev --bench figures` is quick to build and has other figures.

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

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some(floor::ARGUMENT) {
        return floor::serve(&arguments.collect::<Vec<_>>());
    }
    let bench = Bench::new();
    table::head(bench.peer.is_some());
    // It is looked at again at the end: a minute passes meanwhile.
    let trees = trees::grown(&bench);
    let groups = [
        start::rows,
        document::rows,
        latency::rows,
        cancel::rows,
        hover::rows,
        load::rows,
        prefix::rows,
        folder::rows,
    ];
    for rows in groups {
        for row in rows(&bench) {
            table::print(&row);
        }
    }
    for row in [trees.row(&bench), start::binary(&bench)] {
        table::print(&row);
    }
    table::legend(bench.peer.is_some());
}
