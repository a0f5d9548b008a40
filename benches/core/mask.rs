//! Masking of what is sent, beside a walk over its bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use gloss::prompt::{Secrets, secrets_in};

use super::support::texts;

pub fn group(criterion: &mut Criterion) {
    let mut text = texts::code(2_000);
    text.insert_str(
        text.len() / 2,
        "let client = Client::new(\"ghp_0123456789abcdefghijABCDEFGHIJ012345\");\n",
    );
    assert_eq!(secrets_in(&text).len(), 1);
    let mut group = criterion.benchmark_group("masking");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("floor", |bencher| {
        bencher.iter(|| memchr::memchr_iter(b'-', black_box(text.as_bytes())).count());
    });
    group.bench_function("secrets found", |bencher| {
        bencher.iter(|| secrets_in(black_box(&text)));
    });
    group.bench_function("found and masked", |bencher| {
        bencher.iter(|| Secrets::default().mask(black_box(&text)));
    });
    group.finish();
}
