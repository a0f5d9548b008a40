//! The pure core, by criterion: `cargo bench --bench core`, with a word after `--` those whose names
//! hold it. What cannot be beaten stands in the same group, under the name `floor`.

#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

mod answer;
mod context;
mod document;
mod edits;
#[path = "../support/jobs.rs"]
mod jobs;
mod links;
mod mask;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
        .configure_from_args();
    for group in [
        document::group,
        mask::group,
        context::group,
        answer::group,
        edits::group,
        links::group,
    ] {
        group(&mut criterion);
    }
    criterion.final_summary();
}
