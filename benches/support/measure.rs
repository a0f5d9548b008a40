//! Figures of many runs.

use std::time::Duration;

/// The figure that half of the runs stay below.
pub fn median(figures: Vec<f64>) -> f64 {
    percentile(figures, 50)
}

/// The figure that 99 of 100 runs stay below.
pub fn p99(figures: Vec<f64>) -> f64 {
    percentile(figures, 99)
}

fn percentile(mut figures: Vec<f64>, percent: usize) -> f64 {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().saturating_sub(1);
    figures[(last * percent + 50) / 100]
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
