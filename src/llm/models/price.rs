//! What tokens cost, in whole numbers, so that sums are exact.

use serde::{Deserialize, Serialize};

use crate::llm::Usage;

/// 10^10 ticks are one US dollar; the API's own unit.
pub const TICKS_PER_USD: u64 = 10_000_000_000;

const MILLION: u64 = 1_000_000;

/// What a model bills, in ticks for a million tokens of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    pub input: u64,
    /// For prompt tokens that were found in the cache.
    pub cached: u64,
    /// For prompt tokens that stand for an image.
    pub image: u64,
    /// For all that the model writes, reasoning included.
    pub output: u64,
}

/// The price of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub rates: Rates,
    /// What the whole request is billed at from so many prompt tokens on.
    pub long: Option<(u64, Rates)>,
}

/// A price as a person gives it, in US dollars per million tokens, and as it then stands, however
/// long the prompt. Without one for the cache, what is found there costs the same.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Given")]
pub struct OwnPrice(pub Price);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    input: f64,
    cached: Option<f64>,
    output: f64,
}

impl TryFrom<Given> for OwnPrice {
    type Error = &'static str;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        const WRONG: &str = "a price is a number of US dollars, not below 0";
        let input = ticks(given.input).ok_or(WRONG)?;
        let rates = Rates {
            input,
            cached: ticks(given.cached.unwrap_or(given.input)).ok_or(WRONG)?,
            image: input,
            output: ticks(given.output).ok_or(WRONG)?,
        };
        Ok(Self(Price { rates, long: None }))
    }
}

impl Price {
    /// What a request cost at this price, in ticks, rounded once, to the nearest.
    pub fn ticks(&self, usage: &Usage) -> u64 {
        let rates = match self.long {
            Some((from, rates)) if usage.prompt_tokens >= from => rates,
            _ => self.rates,
        };
        // More from the cache, or of images, than there was cannot be billed.
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let fresh = usage.prompt_tokens - cached;
        let image = usage.image_tokens.min(fresh);
        let millionths: u128 = [
            (fresh - image, rates.input),
            (image, rates.image),
            (cached, rates.cached),
            (usage.output_tokens(), rates.output),
        ]
        .into_iter()
        .map(|(tokens, rate)| u128::from(tokens) * u128::from(rate))
        .sum();
        let ticks = (millionths + u128::from(MILLION / 2)) / u128::from(MILLION);
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }
}

/// US dollars in ticks, to the nearest; `None` for what is no sensible amount.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "finite and not negative; what exceeds the range is cut"
)]
pub fn ticks(usd: f64) -> Option<u64> {
    (usd.is_finite() && usd >= 0.0).then(|| (usd * TICKS_PER_USD as f64).round() as u64)
}

/// Ticks in US dollars.
#[expect(clippy::cast_precision_loss, reason = "exact to 900,000 dollars")]
pub fn dollars(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_USD as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usage(prompt: u64, cached: u64, completion: u64, reasoning: u64) -> Usage {
        Usage {
            prompt_tokens: prompt,
            cached_tokens: cached,
            completion_tokens: completion,
            reasoning_tokens: reasoning,
            total_tokens: prompt + completion + reasoning,
            ..Usage::default()
        }
    }

    /// Rates in ticks a token.
    fn rates(input: u64, cached: u64, image: u64, output: u64) -> Rates {
        Rates {
            input: input * MILLION,
            cached: cached * MILLION,
            image: image * MILLION,
            output: output * MILLION,
        }
    }

    #[test]
    fn a_request_is_billed_to_the_tick() {
        let price = Price {
            rates: rates(12_500, 2_000, 12_500, 25_000),
            long: Some((200_000, rates(25_000, 4_000, 25_000, 50_000))),
        };
        let check =
            |usage: Usage, expected: u64| assert_eq!(price.ticks(&usage), expected, "{usage:?}");
        check(usage(0, 0, 0, 0), 0);
        check(usage(1, 0, 0, 0), 12_500);
        check(
            usage(1_000, 400, 100, 50),
            600 * 12_500 + 400 * 2_000 + 150 * 25_000,
        );
        // Reasoning inside of completion is not counted again.
        let inside = Usage {
            total_tokens: 1_100,
            ..usage(1_000, 0, 100, 50)
        };
        check(inside, 1_000 * 12_500 + 100 * 25_000);
        check(usage(100, 500, 0, 0), 100 * 2_000);
        check(
            usage(199_999, 100_000, 10, 0),
            99_999 * 12_500 + 100_000 * 2_000 + 10 * 25_000,
        );
        check(
            usage(200_000, 100_000, 10, 5),
            100_000 * 25_000 + 100_000 * 4_000 + 15 * 50_000,
        );
        check(usage(u64::MAX, 0, 0, 0), u64::MAX);
    }

    #[test]
    fn image_tokens_are_a_part_of_the_prompt_with_a_price_of_their_own() {
        let price = Price {
            rates: rates(10, 1, 7, 100),
            long: None,
        };
        let check = |image: u64, cached: u64, expected: u64| {
            let usage = Usage {
                image_tokens: image,
                ..usage(100, cached, 0, 0)
            };
            assert_eq!(price.ticks(&usage), expected, "{image} {cached}");
        };
        check(60, 0, 40 * 10 + 60 * 7);
        check(60, 50, 50 * 7 + 50);
        check(1_000, 0, 100 * 7);
    }

    #[test]
    fn a_persons_price_is_read_exactly_and_stands_however_long_the_prompt() {
        let price =
            |text: &str| serde_json::from_str::<OwnPrice>(text).map(|OwnPrice(price)| price);
        let check = |text: &str, usage: Usage, expected: u64| {
            assert_eq!(price(text).unwrap().ticks(&usage), expected, "{text}");
        };
        let own = r#"{"input": 10, "cached": 1, "output": 100}"#;
        check(own, usage(100, 50, 10, 0), 15_500_000);
        check(own, usage(300_000, 0, 0, 0), 3 * TICKS_PER_USD);
        check(
            r#"{"input": 0.075, "output": 0.3}"#,
            usage(3, 1, 1, 0),
            3 * 750 + 3_000,
        );
        // A third of a tick is none; two thirds are one.
        check(
            r#"{"input": 0.00003333, "output": 0}"#,
            usage(1, 0, 0, 0),
            0,
        );
        check(
            r#"{"input": 0.00006667, "output": 0}"#,
            usage(1, 0, 0, 0),
            1,
        );
        for wrong in [
            r#"{"input": -1, "output": 1}"#,
            r#"{"input": 1, "cached": -0.5, "output": 1}"#,
            r#"{"input": 1}"#,
            r#"{"input": 1, "output": 2, "inptu": 3}"#,
        ] {
            assert!(price(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_sensible_amount_is_none() {
        for (usd, expected) in [
            (f64::NAN, None),
            (f64::INFINITY, None),
            (-0.5, None),
            (0.0, Some(0)),
            (0.000_000_000_1, Some(1)),
            (1.25, Some(12_500_000_000)),
            (1e300, Some(u64::MAX)),
        ] {
            assert_eq!(ticks(usd), expected, "{usd:?}");
        }
    }

    proptest! {
        #[test]
        fn ticks_to_a_hundred_thousand_dollars_survive_the_way_through_them(some in 0..1_u64 << 50) {
            prop_assert_eq!(ticks(dollars(some)), Some(some));
        }
    }
}
