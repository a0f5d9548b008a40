//! What the page draws: days by model, shares, and how long answers took.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::report::Totals;
use super::row::{Row, Status};

/// The rows of a query, grouped in the ways that charts need.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// By local day, and in each by model.
    pub days: BTreeMap<Date, BTreeMap<String, Totals>>,
    pub workspaces: BTreeMap<String, Totals>,
    pub actions: BTreeMap<String, Totals>,
    pub models: BTreeMap<String, Totals>,
    /// Of each model's answers that came to their end.
    pub latencies: BTreeMap<String, Latency>,
}

/// How long answers took, in milliseconds, each list in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    first_token: Vec<u64>,
    total: Vec<u64>,
}

impl Overview {
    /// Days are those of `zone`.
    pub(super) fn add(&mut self, row: &Row, zone: &TimeZone) {
        let sums = Totals::of(row);
        let day = row.time.to_zoned(zone.clone()).date();
        let models = self.days.entry(day).or_default();
        for (group, name) in [
            (models, &row.model),
            (&mut self.workspaces, &row.workspace),
            (&mut self.actions, &row.action),
            (&mut self.models, &row.model),
        ] {
            group.entry(name.clone()).or_default().add(&sums);
        }
        if row.status == Status::Ok {
            let latency = self.latencies.entry(row.model.clone()).or_default();
            latency.first_token.extend(row.first_token_ms);
            latency.total.extend(row.total_ms);
        }
    }

    /// After the last row.
    pub(super) fn sort(&mut self) {
        for latency in self.latencies.values_mut() {
            latency.first_token.sort_unstable();
            latency.total.sort_unstable();
        }
    }
}

impl Latency {
    /// The time that so many of a hundred first tokens took at most; `None` where none is known.
    pub fn first_token(&self, percentile: usize) -> Option<u64> {
        nearest_rank(&self.first_token, percentile)
    }

    /// The time that so many of a hundred whole answers took at most; `None` where none is known.
    pub fn total(&self, percentile: usize) -> Option<u64> {
        nearest_rank(&self.total, percentile)
    }

    /// Of these times, in milliseconds and in any order.
    #[cfg(test)]
    pub(crate) fn of(first_token: &[u64], total: &[u64]) -> Latency {
        let sorted = |times: &[u64]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times
        };
        Latency {
            first_token: sorted(first_token),
            total: sorted(total),
        }
    }
}

/// The smallest of these ordered numbers that so many of a hundred do not exceed.
fn nearest_rank(ordered: &[u64], percentile: usize) -> Option<u64> {
    let rank = (ordered.len() * percentile).div_ceil(100);
    ordered.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_number_that_was_seen() {
        let check = |count: u64, percentile: usize, expected: Option<u64>| {
            let ordered: Vec<u64> = (1..=count).collect();
            assert_eq!(nearest_rank(&ordered, percentile), expected, "{count}");
        };
        check(0, 50, None);
        check(1, 50, Some(1));
        check(1, 95, Some(1));
        check(4, 50, Some(2));
        check(5, 50, Some(3));
        check(20, 95, Some(19));
        check(100, 95, Some(95));
        check(100, 100, Some(100));
    }

    #[test]
    fn rows_are_grouped_by_day_and_model_and_only_answers_have_a_latency() {
        let row = |time: &str, model: &str, status: Status, total_ms: u64| Row {
            time: time.parse().unwrap(),
            workspace: "/w".into(),
            action: "explain".into(),
            model: model.into(),
            status,
            cost_ticks: Some(5),
            total_ms: Some(total_ms),
            ..Row::default()
        };
        let mut overview = Overview::default();
        for row in [
            row("2026-11-22T14:59:00Z", "a", Status::Ok, 30),
            row("2026-11-22T15:00:00Z", "a", Status::Ok, 10),
            row("2026-11-22T16:00:00Z", "b", Status::Error, 99),
        ] {
            overview.add(&row, &TimeZone::get("Asia/Tokyo").unwrap());
        }
        overview.sort();
        let days: Vec<String> = overview
            .days
            .iter()
            .map(|(day, models)| {
                let models = models
                    .iter()
                    .map(|(model, sums)| format!(" {model} {}", sums.cost_ticks));
                format!("{day}{}", models.collect::<String>())
            })
            .collect();
        assert_eq!(days, ["2026-11-22 a 5", "2026-11-23 a 5 b 5"]);
        assert_eq!(overview.workspaces["/w"].cost_ticks, 15);
        assert_eq!(overview.models["b"].errors, 1);
        let latency = &overview.latencies["a"];
        assert_eq!((latency.total(50), latency.total(95)), (Some(10), Some(30)));
        assert_eq!(latency.first_token(50), None);
        assert!(!overview.latencies.contains_key("b"));
    }
}
