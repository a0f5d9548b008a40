//! An answer on its way to the editor: defanged piece by piece, beside a copy of it.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use gloss::answer::Defanger;

/// A paragraph, a list, a link and a block of code, as models write them.
const ANSWER: &str = "The function `own_7` walks over **every** step below its number and adds what \
    [`helper`](https://docs.example.com/helper) makes of the sum so far.\n\n\
    - It *wraps* where the product grows too large, so `sum` may be smaller than before.\n\
    - Nothing is allocated & no <b>lock</b> is held.\n\n\
    ```rust\nlet sum = own_7(3);\nassert_eq!(sum, 12);\n```\n\n";

pub fn group(criterion: &mut Criterion) {
    let answer = ANSWER.repeat(20);
    let pieces: Vec<_> = answer.split_inclusive([' ', '\n']).collect();
    let mut group = criterion.benchmark_group("an answer");
    group.throughput(Throughput::Bytes(answer.len() as u64));
    group.bench_function("floor", |bencher| {
        bencher.iter(|| black_box(&pieces).concat());
    });
    group.bench_function("defanged", |bencher| {
        bencher.iter(|| {
            let mut defanger = Defanger::default();
            let mut said = String::new();
            for piece in black_box(&pieces) {
                said.push_str(&defanger.push(piece));
            }
            said.push_str(&defanger.finish());
            said
        });
    });
    group.finish();
}
