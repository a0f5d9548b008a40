//! The setting `budget`: how much may be spent in a day or a month, in a workspace and in all.

use serde_json::{Map, Value, json};

use super::keys::{Expected, map};
use super::notice::begun;
use super::source::snake_case;
use crate::llm::models::{dollars, ticks};

/// What may be spent. A limit that is not set is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Of each workspace.
    pub workspace: Limits,
    /// Of all workspaces together: the keys with `total_` before them.
    pub machine: Limits,
}

/// The limits of one scope. Days and months are those of the local calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// See [`TICKS_PER_USD`](crate::llm::models::TICKS_PER_USD).
    pub daily_ticks: Option<u64>,
    pub monthly_ticks: Option<u64>,
    pub daily_tokens: Option<u64>,
}

const KEYS: &str = "a map with daily_usd, monthly_usd, daily_tokens, total_daily_usd, total_monthly_usd \
                    or total_daily_tokens, each a number not below 0";

impl Budget {
    /// Whether anything is limited.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }

    /// Whether this allows nothing that `other` does not: each limit of `other` is set here, and
    /// no higher.
    pub fn is_within(&self, other: &Self) -> bool {
        self.narrowed_by(other) == *self
    }

    /// The lower of the two, limit by limit.
    #[must_use]
    pub fn narrowed_by(&self, other: &Self) -> Self {
        let lower = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let both = |one: &Limits, other: &Limits| Limits {
            daily_ticks: lower(one.daily_ticks, other.daily_ticks),
            monthly_ticks: lower(one.monthly_ticks, other.monthly_ticks),
            daily_tokens: lower(one.daily_tokens, other.daily_tokens),
        };
        Self {
            workspace: both(&self.workspace, &other.workspace),
            machine: both(&self.machine, &other.machine),
        }
    }

    /// As the setting is written, of the limits that are set.
    pub(super) fn to_json(self) -> Value {
        let mut set = Map::new();
        for (before, limits) in [("", self.workspace), ("total_", self.machine)] {
            for (name, limit) in [
                (
                    "daily_usd",
                    limits.daily_ticks.map(|ticks| json!(dollars(ticks))),
                ),
                (
                    "monthly_usd",
                    limits.monthly_ticks.map(|ticks| json!(dollars(ticks))),
                ),
                (
                    "daily_tokens",
                    limits.daily_tokens.map(|tokens| json!(tokens)),
                ),
            ] {
                set.extend(limit.map(|limit| (format!("{before}{name}"), limit)));
            }
        }
        Value::Object(set)
    }

    /// Reads the setting; names may be in `snake_case` or in camelCase.
    pub(super) fn read(value: &Value) -> Result<Self, Expected> {
        let mut budget = Self::default();
        if value.is_null() {
            return Ok(budget);
        }
        for (name, value) in map(value).map_err(|_| KEYS)? {
            let name = snake_case(name);
            let (limits, of_scope) = match name.strip_prefix("total_") {
                Some(rest) => (&mut budget.machine, rest),
                None => (&mut budget.workspace, name.as_str()),
            };
            let usd = || value.as_f64().and_then(ticks);
            let (limit, most) = match of_scope {
                "daily_usd" => (&mut limits.daily_ticks, usd()),
                "monthly_usd" => (&mut limits.monthly_ticks, usd()),
                "daily_tokens" => (&mut limits.daily_tokens, value.as_u64()),
                _ => return Err(format!("{KEYS}; it has no `{}`", begun(&name)).into()),
            };
            *limit = Some(most.ok_or_else(|| format!("{KEYS}; `{name}` is none"))?);
        }
        Ok(budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(value: Value) -> Budget {
        Budget::read(&value).unwrap()
    }

    #[test]
    fn every_limit_is_read_in_either_way_of_writing() {
        let expected = Budget {
            workspace: Limits {
                daily_ticks: Some(5_000_000_000),
                monthly_ticks: Some(100_000_000_000),
                daily_tokens: Some(1_000),
            },
            machine: Limits {
                daily_ticks: Some(10_000_000_000),
                monthly_ticks: Some(0),
                daily_tokens: Some(2_000),
            },
        };
        let snake = json!({"daily_usd": 0.5, "monthly_usd": 10, "daily_tokens": 1000,
            "total_daily_usd": 1, "total_monthly_usd": 0, "total_daily_tokens": 2000});
        let camel = json!({"dailyUsd": 0.5, "monthlyUsd": 10, "dailyTokens": 1000,
            "totalDailyUsd": 1, "totalMonthlyUsd": 0, "totalDailyTokens": 2000});
        assert_eq!((budget(snake), budget(camel)), (expected, expected));
        assert_eq!(budget(expected.to_json()), expected);
        for nothing in [json!({}), json!([]), json!(null)] {
            assert!(!budget(nothing).is_set());
        }
    }

    #[test]
    fn what_is_no_budget_says_which_part_of_it() {
        let check = |value: Value, ending: &str| {
            let expected = Budget::read(&value).unwrap_err();
            assert!(expected.ends_with(ending), "{value}: {expected}");
        };
        check(json!(5), "not below 0");
        check(json!([1]), "not below 0");
        check(json!({"daly_usd": 1}), "it has no `daly_usd`");
        let (long, begun) = ("x".repeat(500), "x".repeat(40));
        check(json!({long: 1}), &format!("it has no `{begun}…`"));
        check(json!({"monthly_tokens": 1}), "it has no `monthly_tokens`");
        check(json!({"daily_usd": -1}), "`daily_usd` is none");
        check(json!({"dailyUsd": "5"}), "`daily_usd` is none");
        check(json!({"daily_tokens": 1.5}), "`daily_tokens` is none");
        check(
            json!({"total_daily_usd": null}),
            "`total_daily_usd` is none",
        );
    }

    #[test]
    fn a_budget_is_within_another_where_it_allows_nothing_more() {
        let check = |one: Value, other: Value, is_within: bool| {
            let (one, other) = (budget(one), budget(other));
            assert_eq!(one.is_within(&other), is_within, "{one:?} {other:?}");
            assert!(one.narrowed_by(&other).is_within(&one));
            assert!(one.narrowed_by(&other).is_within(&other));
        };
        check(json!({}), json!({}), true);
        check(json!({"daily_usd": 1}), json!({}), true);
        check(json!({}), json!({"daily_usd": 1}), false);
        check(json!({"daily_usd": 1}), json!({"daily_usd": 1}), true);
        check(json!({"daily_usd": 2}), json!({"daily_usd": 1}), false);
        check(
            json!({"daily_usd": 0.5}),
            json!({"total_daily_usd": 1}),
            false,
        );
        check(
            json!({"daily_usd": 0.5, "total_daily_usd": 1, "daily_tokens": 1}),
            json!({"total_daily_usd": 1}),
            true,
        );
    }
}
