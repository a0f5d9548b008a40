//! What a call used, as the API reports it, each token counted once.

use serde_json::Value;

/// The tokens of one answer. What the API did not report is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Usage {
    pub prompt_tokens: u64,
    /// As reported: whether reasoning is inside differs, see [`Usage::output_tokens`].
    pub completion_tokens: u64,
    /// As reported, else the sum of prompt and output.
    pub total_tokens: u64,
    pub text_tokens: u64,
    pub image_tokens: u64,
    pub audio_tokens: u64,
    /// Those of the prompt that were billed at the cached rate.
    pub cached_tokens: u64,
    pub reasoning_tokens: u64,
    pub num_sources_used: u64,
    /// The cost by the API's own account, 10^10 to the US dollar; `None` when it named none.
    pub cost_in_usd_ticks: Option<u64>,
}

impl Usage {
    /// Reads a `usage` object by the names of either wire; anything missing, null or of another
    /// type counts as 0.
    pub fn read(usage: &Value) -> Self {
        let top = |name: &str| count(usage.get(name));
        let either = |names: [&str; 2]| {
            let mut values = names.iter().filter_map(|name| usage.get(*name));
            values.find(|value| !value.is_null())
        };
        let prompt = |name: &str| {
            let details = either(["prompt_tokens_details", "input_tokens_details"]);
            count(details.and_then(|details| details.get(name)))
        };
        let completion = |name: &str| {
            let details = either(["completion_tokens_details", "output_tokens_details"]);
            count(details.and_then(|details| details.get(name)))
        };
        let mut read = Self {
            prompt_tokens: count(either(["prompt_tokens", "input_tokens"])),
            completion_tokens: count(either(["completion_tokens", "output_tokens"])),
            total_tokens: top("total_tokens"),
            text_tokens: prompt("text_tokens"),
            image_tokens: prompt("image_tokens"),
            audio_tokens: prompt("audio_tokens"),
            cached_tokens: prompt("cached_tokens"),
            reasoning_tokens: completion("reasoning_tokens"),
            num_sources_used: top("num_sources_used"),
            cost_in_usd_ticks: Some(top("cost_in_usd_ticks")).filter(|ticks| *ticks > 0),
        };
        // More of the prompt than there was cannot have been in the cache.
        read.cached_tokens = read.cached_tokens.min(read.prompt_tokens);
        if read.total_tokens == 0 {
            read.total_tokens = read.prompt_tokens.saturating_add(read.completion_tokens);
        }
        read
    }

    /// Both together.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let sum = u64::saturating_add;
        let ticks = [self.cost_in_usd_ticks, other.cost_in_usd_ticks];
        Self {
            prompt_tokens: sum(self.prompt_tokens, other.prompt_tokens),
            completion_tokens: sum(self.completion_tokens, other.completion_tokens),
            total_tokens: sum(self.total_tokens, other.total_tokens),
            text_tokens: sum(self.text_tokens, other.text_tokens),
            image_tokens: sum(self.image_tokens, other.image_tokens),
            audio_tokens: sum(self.audio_tokens, other.audio_tokens),
            cached_tokens: sum(self.cached_tokens, other.cached_tokens),
            reasoning_tokens: sum(self.reasoning_tokens, other.reasoning_tokens),
            num_sources_used: sum(self.num_sources_used, other.num_sources_used),
            cost_in_usd_ticks: ticks.into_iter().flatten().reduce(sum),
        }
    }

    /// Did the API report anything?
    pub fn is_reported(&self) -> bool {
        *self != Self::default()
    }

    /// Did the API say how much went in or came out? A total alone has no price.
    pub fn has_counts(&self) -> bool {
        self.prompt_tokens > 0 || self.completion_tokens > 0
    }

    /// All tokens the model wrote, reasoning counted once.
    ///
    /// At xAI `total = prompt + completion + reasoning`: reasoning lies outside of
    /// completion. Elsewhere `total = prompt + completion` says that it lies inside.
    pub fn output_tokens(&self) -> u64 {
        let outside = self.completion_tokens.saturating_add(self.reasoning_tokens);
        if self.total_tokens >= self.prompt_tokens.saturating_add(outside) {
            outside
        } else {
            self.completion_tokens
        }
    }
}

/// A count, however the server spells numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie within bounds"
)]
fn count(value: Option<&Value>) -> u64 {
    let Some(value) = value else { return 0 };
    let from_float = |number: f64| (0.0..1e18).contains(&number).then_some(number as u64);
    value
        .as_u64()
        .or_else(|| value.as_f64().and_then(from_float))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_field_is_read() {
        let usage = Usage::read(&json!({
            "prompt_tokens": 199, "completion_tokens": 10, "total_tokens": 239,
            "prompt_tokens_details": {
                "text_tokens": 20, "audio_tokens": 3, "image_tokens": 176, "cached_tokens": 163
            },
            "completion_tokens_details": {"reasoning_tokens": 30, "audio_tokens": 0},
            "num_sources_used": 2, "cost_in_usd_ticks": 15_000_000
        }));
        assert_eq!(
            usage,
            Usage {
                prompt_tokens: 199,
                completion_tokens: 10,
                total_tokens: 239,
                text_tokens: 20,
                image_tokens: 176,
                audio_tokens: 3,
                cached_tokens: 163,
                reasoning_tokens: 30,
                num_sources_used: 2,
                cost_in_usd_ticks: Some(15_000_000),
            }
        );
    }

    #[test]
    fn the_names_of_the_other_wire_are_known() {
        let usage = Usage::read(&json!({
            "input_tokens": 216, "input_tokens_details": {"cached_tokens": 192},
            "output_tokens": 831, "output_tokens_details": {"reasoning_tokens": 253},
            "total_tokens": 1047, "prompt_tokens": null, "num_sources_used": 0,
            "num_server_side_tools_used": 0, "cost_in_usd_ticks": 177_640_000
        }));
        assert_eq!(
            usage,
            Usage {
                prompt_tokens: 216,
                completion_tokens: 831,
                total_tokens: 1047,
                cached_tokens: 192,
                reasoning_tokens: 253,
                cost_in_usd_ticks: Some(177_640_000),
                ..Usage::default()
            }
        );
        assert_eq!(usage.output_tokens(), 831);
    }

    #[test]
    fn reasoning_is_counted_once_whichever_way_it_is_reported() {
        let check = |completion: u64, reasoning: u64, total: Value, expected: u64| {
            let usage = Usage::read(&json!({
                "prompt_tokens": 100, "completion_tokens": completion, "total_tokens": total,
                "completion_tokens_details": {"reasoning_tokens": reasoning}
            }));
            assert_eq!(usage.output_tokens(), expected, "{usage:?}");
        };
        check(10, 30, json!(140), 40); // outside, as xAI counts
        check(40, 30, json!(140), 40); // inside
        check(10, 0, json!(110), 10);
        check(40, 30, json!(null), 40); // no total: as most count
    }

    #[test]
    fn what_is_missing_null_or_odd_counts_nothing() {
        let check = |usage: Value, expected: Usage| assert_eq!(Usage::read(&usage), expected);
        check(json!(null), Usage::default());
        check(json!([1, 2]), Usage::default());
        check(
            json!({"prompt_tokens": null, "prompt_tokens_details": null, "total_tokens": "many"}),
            Usage::default(),
        );
        check(
            json!({"prompt_tokens": -5, "completion_tokens": 1e300}),
            Usage::default(),
        );
        check(json!({"cost_in_usd_ticks": 0}), Usage::default());
        check(
            json!({"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 9}}),
            Usage {
                prompt_tokens: 7,
                cached_tokens: 7,
                total_tokens: 7,
                ..Usage::default()
            },
        );
        check(
            json!({"prompt_tokens": 7.0, "completion_tokens": 2}),
            Usage {
                prompt_tokens: 7,
                completion_tokens: 2,
                total_tokens: 9,
                ..Usage::default()
            },
        );
        assert!(!Usage::default().is_reported());
        let total_alone = Usage::read(&json!({"total_tokens": 1}));
        assert!(total_alone.is_reported() && !total_alone.has_counts());
        assert!(Usage::read(&json!({"completion_tokens": 1})).has_counts());
    }
}
