//! What is known of xAI's models without asking: prices, context, effort.

use std::collections::BTreeMap;

use super::{Effort, Usage};

mod lists;

pub use lists::ListedModel;
pub(super) use lists::fetch;

/// The month in which the table below was drawn up.
pub const AS_OF: &str = "2026-10";

/// From this many prompt tokens on, xAI bills the whole request at double the price.
pub const LONG_PROMPT: u64 = 200_000;

/// 10^10 ticks are one US dollar; the API's own unit, in which sums stay exact.
pub const TICKS_PER_USD: u64 = 10_000_000_000;

/// US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(try_from = "Given")]
pub struct Price {
    pub input: f64,
    /// For prompt tokens that were found in the cache.
    pub cached: f64,
    /// For all that the model writes, reasoning included.
    pub output: f64,
}

/// A price as a person gives it: without one for the cache, what is found there costs the same.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    input: f64,
    cached: Option<f64>,
    output: f64,
}

impl TryFrom<Given> for Price {
    type Error = &'static str;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        let price = Self {
            input: given.input,
            cached: given.cached.unwrap_or(given.input),
            output: given.output,
        };
        let is_sensible = |usd: f64| usd.is_finite() && usd >= 0.0;
        if [price.input, price.cached, price.output]
            .into_iter()
            .all(is_sensible)
        {
            Ok(price)
        } else {
            Err("a price is a number of US dollars, not below 0")
        }
    }
}

/// What is known of one model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    pub id: &'static str,
    /// Another name of the same model.
    pub alias: Option<&'static str>,
    /// Year and month in which it came out.
    pub since: &'static str,
    /// The most tokens that prompt and answer may have; the lower figure where pages differ.
    pub context: u64,
    pub price: Price,
    /// The efforts it takes, lowest first; none if it rejects the parameter.
    pub efforts: &'static [Effort],
}

const UP_TO_HIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];
const UP_TO_XHIGH: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh];
const FROM_NONE: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High];

/// xAI's models as of [`AS_OF`], the newest first. All of them take images.
pub const MODELS: [Model; 7] = [
    model(
        "grok-4.7",
        None,
        "2026-09",
        500_000,
        [2.00, 0.50, 6.00],
        UP_TO_XHIGH,
    ),
    model(
        "grok-4.6",
        None,
        "2026-08",
        500_000,
        [2.00, 0.50, 6.00],
        UP_TO_XHIGH,
    ),
    model(
        "grok-4.5",
        None,
        "2026-07",
        500_000,
        [2.00, 0.30, 6.00],
        UP_TO_HIGH,
    ),
    model(
        "grok-4.3",
        None,
        "2026-04",
        1_000_000,
        [1.25, 0.20, 2.50],
        FROM_NONE,
    ),
    model(
        "grok-4.20-0309-non-reasoning",
        None,
        "2026-03",
        1_000_000,
        [1.25, 0.20, 2.50],
        &[],
    ),
    model(
        "grok-4.20-0309-reasoning",
        None,
        "2026-03",
        1_000_000,
        [1.25, 0.20, 2.50],
        &[],
    ),
    model(
        "grok-build-0.1",
        Some("grok-code-fast-1"),
        "2026-04",
        256_000,
        [1.00, 0.20, 2.00],
        &[],
    ),
];

const fn model(
    id: &'static str,
    alias: Option<&'static str>,
    since: &'static str,
    context: u64,
    [input, cached, output]: [f64; 3],
    efforts: &'static [Effort],
) -> Model {
    Model {
        id,
        alias,
        since,
        context,
        price: Price {
            input,
            cached,
            output,
        },
        efforts,
    }
}

/// Whether what stands behind an id names a version of the same model.
fn is_version(rest: &str) -> bool {
    rest.strip_prefix(['-', ':']).is_some_and(|version| {
        version == "latest"
            || version.len() >= 4 && version.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    })
}

/// Whether two ids name the same model: one may carry a version, a vendor before a slash, or be
/// the other's alias.
pub fn is_same(one: &str, other: &str) -> bool {
    let bare = |id: &str| {
        let id = id.rsplit('/').next().unwrap_or(id);
        id.to_ascii_lowercase()
    };
    let (one, other) = (bare(one), bare(other));
    let is_version_of = |long: &str, short: &str| long.strip_prefix(short).is_some_and(is_version);
    let is_alias = || {
        let known = known(&one);
        known.is_some() && known.map(|model| model.id) == self::known(&other).map(|model| model.id)
    };
    one == other || is_version_of(&one, &other) || is_version_of(&other, &one) || is_alias()
}

/// What is known of the model `id`, also under its alias, `-latest` or a date after its id.
pub fn known(id: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| {
        [Some(model.id), model.alias]
            .into_iter()
            .flatten()
            .any(|name| {
                id.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || is_version(rest))
            })
    })
}

/// Is this one of xAI's models, so that what only xAI takes may be sent?
pub fn is_grok(id: &str) -> bool {
    id.starts_with("grok")
}

/// The effort to send for `wanted`: the highest the model takes that is not above it, else
/// its lowest. `None`: the parameter is not for this model, or it is not known.
pub fn effort(id: &str, wanted: Effort) -> Option<Effort> {
    let efforts = known(id)?.efforts;
    let below = efforts.iter().rev().find(|effort| **effort <= wanted);
    below.or(efforts.first()).copied()
}

/// The price of `id`: out of `overrides`, else the built-in list.
pub fn price(id: &str, overrides: &BTreeMap<String, Price>) -> Option<Price> {
    let listed = || known(id).map(|model| model.price);
    overrides.get(id).copied().or_else(listed)
}

/// What a call cost, in US dollars: by the API's own account where it gave one, else by
/// price. `None` if neither is known.
pub fn cost_usd(id: &str, usage: &Usage, overrides: &BTreeMap<String, Price>) -> Option<f64> {
    if let Some(ticks) = usage.cost_in_usd_ticks.filter(|ticks| *ticks > 0) {
        return Some(float(ticks) / float(TICKS_PER_USD));
    }
    let Price {
        input,
        cached,
        output,
    } = price(id, overrides)?;
    let from_cache = usage.cached_tokens.min(usage.prompt_tokens);
    let millionths = float(usage.prompt_tokens - from_cache) * input
        + float(from_cache) * cached
        + float(usage.output_tokens()) * output;
    // A person's own price is meant as it stands; the doubling is the list's rule.
    let doubled = usage.prompt_tokens >= LONG_PROMPT && !overrides.contains_key(id);
    Some(millionths / 1e6 * if doubled { 2.0 } else { 1.0 })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of tokens lie far below 2^52"
)]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_id_alias_and_version() {
        let check = |id: &str, expected: Option<&str>| {
            assert_eq!(known(id).map(|model| model.id), expected, "{id}");
        };
        check("grok-4.3", Some("grok-4.3"));
        check("grok-4.3-latest", Some("grok-4.3"));
        check("grok-4.3-0415", Some("grok-4.3"));
        check("grok-4.7-2026-09-01", Some("grok-4.7"));
        check("grok-code-fast-1", Some("grok-build-0.1"));
        check("grok-4.20-0309-reasoning", Some("grok-4.20-0309-reasoning"));
        check("grok-4.3-mini", None);
        check("grok-4.31", None);
        check("grok-4", None);
        check("grok-2-latest", None);
        check("x-ai/grok-4.3", None);
        check("", None);
    }

    #[test]
    fn two_names_of_one_model_are_the_same() {
        let check = |one: &str, other: &str, expected: bool| {
            assert_eq!(is_same(one, other), expected, "{one} {other}");
            assert_eq!(is_same(other, one), expected, "{other} {one}");
        };
        check("grok-4.3", "grok-4.3", true);
        check("grok-4.3", "grok-4.3-latest", true);
        check("grok-4.3", "grok-4.3-0415", true);
        check("grok-4.3-latest", "grok-4.3-0415", true);
        check("grok-code-fast-1", "grok-build-0.1", true);
        check("x-ai/grok-4.3", "grok-4.3", true);
        check("gpt-4o", "gpt-4o-2024-08-06", true);
        check("llama3", "llama3:latest", true);
        check("grok-4.3", "grok-4.5", false);
        check("grok-4.3", "grok-4.3-mini", false);
        check("llama3", "llama3.1", false);
        check("a", "b", false);
    }

    #[test]
    fn effort_fits_the_model() {
        let check = |id: &str, wanted: Effort, expected: Option<Effort>| {
            assert_eq!(effort(id, wanted), expected, "{id} {wanted:?}");
        };
        check("grok-4.7", Effort::Xhigh, Some(Effort::Xhigh));
        check("grok-4.6", Effort::Medium, Some(Effort::Medium));
        check("grok-4.6", Effort::None, Some(Effort::Low));
        check("grok-4.5", Effort::Xhigh, Some(Effort::High));
        check("grok-4.3", Effort::None, Some(Effort::None));
        check("grok-4.3", Effort::Xhigh, Some(Effort::High));
        check("grok-4.20-0309-reasoning", Effort::Low, None);
        check("grok-4.20-0309-non-reasoning", Effort::Low, None);
        check("grok-build-0.1", Effort::Low, None);
        check("grok-code-fast-1", Effort::Low, None);
        check("grok-9", Effort::Low, None);
        check("llama3", Effort::Low, None);
    }

    #[test]
    fn cost_is_the_ticks_else_the_price() {
        let own: BTreeMap<String, Price> = [(
            "mine".to_owned(),
            Price {
                input: 10.0,
                cached: 1.0,
                output: 100.0,
            },
        )]
        .into();
        let check = |id: &str, usage: Usage, expected: Option<f64>| {
            let cost = cost_usd(id, &usage, &own);
            let near = match (cost, expected) {
                (Some(cost), Some(expected)) => (cost - expected).abs() < 1e-12,
                (cost, expected) => cost == expected,
            };
            assert!(near, "{id}: {cost:?}, not {expected:?}");
        };
        let usage = |prompt: u64, cached: u64, completion: u64, reasoning: u64| Usage {
            prompt_tokens: prompt,
            cached_tokens: cached,
            completion_tokens: completion,
            reasoning_tokens: reasoning,
            total_tokens: prompt + completion + reasoning,
            ..Usage::default()
        };
        // (1000 - 400) * 1.25 + 400 * 0.20 + (100 + 50) * 2.50
        check("grok-4.3", usage(1000, 400, 100, 50), Some(1205e-6));
        check("grok-4.7", usage(1_000, 0, 0, 0), Some(0.002));
        check("grok-4.3", usage(199_999, 0, 0, 0), Some(0.249_998_75));
        check("grok-4.3", usage(200_000, 0, 0, 0), Some(0.5));
        check("grok-code-fast-1", usage(0, 0, 1_000_000, 0), Some(2.0));
        check("mine", usage(100, 50, 10, 0), Some(1550e-6));
        check("mine", usage(300_000, 0, 0, 0), Some(3.0));
        check("unheard-of", usage(1000, 0, 0, 0), None);
        // More from the cache than there was: never negative.
        check("grok-4.3", usage(100, 500, 0, 0), Some(20e-6));
        // Reasoning inside of completion is not counted again.
        let inside = Usage {
            total_tokens: 1100,
            ..usage(1000, 0, 100, 50)
        };
        check("grok-4.3", inside, Some(1500e-6));
        let ticks = Usage {
            cost_in_usd_ticks: Some(37_756_000),
            ..usage(1000, 0, 0, 0)
        };
        check("unheard-of", ticks, Some(0.003_775_6));
        let unreported = Usage {
            cost_in_usd_ticks: Some(0),
            ..usage(1000, 0, 0, 0)
        };
        check("grok-4.3", unreported, Some(0.001_25));
    }
}
