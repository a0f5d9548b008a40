//! What is known of xAI's models without asking: prices, context, effort.

mod lists;
mod price;

use super::Effort;

pub use lists::ListedModel;
pub(super) use lists::fetch;
pub use price::{OwnPrice, Price, Rates, TICKS_PER_USD, dollars, ticks};

/// The month in which the table below was drawn up.
pub const AS_OF: &str = "2026-10";

/// From this many prompt tokens on, xAI bills the whole request at double the price.
pub const LONG_PROMPT: u64 = 200_000;

/// What is known of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        [200, 50, 600],
        UP_TO_XHIGH,
    ),
    model(
        "grok-4.6",
        None,
        "2026-08",
        500_000,
        [200, 50, 600],
        UP_TO_XHIGH,
    ),
    model(
        "grok-4.5",
        None,
        "2026-07",
        500_000,
        [200, 30, 600],
        UP_TO_HIGH,
    ),
    model(
        "grok-4.3",
        None,
        "2026-04",
        1_000_000,
        [125, 20, 250],
        FROM_NONE,
    ),
    model(
        "grok-4.20-0309-non-reasoning",
        None,
        "2026-03",
        1_000_000,
        [125, 20, 250],
        &[],
    ),
    model(
        "grok-4.20-0309-reasoning",
        None,
        "2026-03",
        1_000_000,
        [125, 20, 250],
        &[],
    ),
    model(
        "grok-build-0.1",
        Some("grok-code-fast-1"),
        "2026-04",
        256_000,
        [100, 20, 200],
        &[],
    ),
];

const fn model(
    id: &'static str,
    alias: Option<&'static str>,
    since: &'static str,
    context: u64,
    cents: [u64; 3],
    efforts: &'static [Effort],
) -> Model {
    Model {
        id,
        alias,
        since,
        context,
        price: Price {
            rates: rates(cents, 1),
            long: Some((LONG_PROMPT, rates(cents, 2))),
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

/// From US cents per million tokens: of the prompt, of what is cached in it, of the answer.
const fn rates([input, cached, output]: [u64; 3], times: u64) -> Rates {
    let ticks = times * TICKS_PER_USD / 100;
    Rates {
        input: input * ticks,
        cached: cached * ticks,
        image: input * ticks,
        output: output * ticks,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::Usage;

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
    fn the_list_says_what_a_request_costs_to_the_tick() {
        let check = |id: &str, prompt: u64, cached: u64, output: u64, expected: u64| {
            let usage = Usage {
                prompt_tokens: prompt,
                cached_tokens: cached,
                completion_tokens: output,
                ..Usage::default()
            };
            assert_eq!(known(id).unwrap().price.ticks(&usage), expected, "{id}");
        };
        check(
            "grok-4.7",
            1_000,
            400,
            10,
            20_000 * 600 + 5_000 * 400 + 60_000 * 10,
        );
        check("grok-4.6", 1_000, 0, 0, 20_000_000);
        check("grok-4.5", 1_000, 1_000, 0, 3_000_000);
        check("grok-4.3", 199_999, 0, 0, 12_500 * 199_999);
        check(
            "grok-4.3",
            200_000,
            100_000,
            1,
            25_000 * 100_000 + 4_000 * 100_000 + 50_000,
        );
        check("grok-4.20-0309-reasoning", 0, 0, 1, 25_000);
        check("grok-code-fast-1", 0, 0, 1_000_000, 2 * TICKS_PER_USD);
    }
}
