//! The models the stand-in pretends to be: those of xAI's price list, with their limits.

use serde_json::{Value, json};

/// One model. Prices are in ticks per token, of which 10^10 make a US dollar;
/// the API's lists carry the very same numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    pub id: &'static str,
    pub aliases: &'static [&'static str],
    /// Seconds since 1970 of its release, to the month.
    created: u64,
    /// The longest prompt, in tokens.
    pub context: u64,
    prompt_price: u64,
    cached_price: u64,
    completion_price: u64,
    /// The values of `reasoning_effort` it takes; none where it rejects the parameter.
    pub efforts: &'static [&'static str],
    /// Whether it reasons where nothing is said about effort.
    pub reasons: bool,
}

/// Prices double for prompts of this many tokens and more.
const LONG_CONTEXT: u64 = 200_000;

const MODELS: &[Model] = &[
    Model {
        id: "grok-4.7",
        aliases: &[],
        created: 1_788_220_800,
        context: 500_000,
        prompt_price: 20_000,
        cached_price: 5_000,
        completion_price: 60_000,
        efforts: &["low", "medium", "high", "xhigh"],
        reasons: true,
    },
    Model {
        id: "grok-4.6",
        aliases: &[],
        created: 1_785_542_400,
        context: 500_000,
        prompt_price: 20_000,
        cached_price: 5_000,
        completion_price: 60_000,
        efforts: &["low", "medium", "high", "xhigh"],
        reasons: true,
    },
    Model {
        id: "grok-4.5",
        aliases: &[],
        created: 1_782_864_000,
        context: 500_000,
        prompt_price: 20_000,
        cached_price: 3_000,
        completion_price: 60_000,
        efforts: &["low", "medium", "high"],
        reasons: true,
    },
    Model {
        id: "grok-4.3",
        aliases: &["grok-4.3-latest"],
        created: 1_775_001_600,
        context: 1_000_000,
        prompt_price: 12_500,
        cached_price: 2_000,
        completion_price: 25_000,
        efforts: &["none", "low", "medium", "high"],
        reasons: true,
    },
    Model {
        id: "grok-4.20-0309-non-reasoning",
        aliases: &[],
        created: 1_772_323_200,
        context: 1_000_000,
        prompt_price: 12_500,
        cached_price: 2_000,
        completion_price: 25_000,
        efforts: &[],
        reasons: false,
    },
    Model {
        id: "grok-4.20-0309-reasoning",
        aliases: &[],
        created: 1_772_323_200,
        context: 1_000_000,
        prompt_price: 12_500,
        cached_price: 2_000,
        completion_price: 25_000,
        efforts: &[],
        reasons: true,
    },
    Model {
        id: "grok-build-0.1",
        aliases: &["grok-code-fast-1"],
        created: 1_775_001_600,
        context: 256_000,
        prompt_price: 10_000,
        cached_price: 2_000,
        completion_price: 20_000,
        efforts: &[],
        reasons: true,
    },
];

impl Model {
    /// The model behind an id or an alias.
    pub fn find(name: &str) -> Option<&'static Self> {
        MODELS
            .iter()
            .find(|model| model.id == name || model.aliases.contains(&name))
    }

    /// The cost in ticks. `cached` is part of `prompt`; `reasoning` stands beside `completion`.
    pub fn cost(&self, prompt: u64, cached: u64, completion: u64, reasoning: u64) -> u64 {
        let once = prompt.saturating_sub(cached) * self.prompt_price
            + cached * self.cached_price
            + (completion + reasoning) * self.completion_price;
        if prompt >= LONG_CONTEXT {
            once * 2
        } else {
            once
        }
    }

    fn prices(&self) -> Value {
        json!({
            "prompt_text_token_price": self.prompt_price,
            "cached_prompt_text_token_price": self.cached_price,
            "prompt_image_token_price": self.prompt_price,
            "completion_text_token_price": self.completion_price,
            "long_context_threshold": LONG_CONTEXT,
            "prompt_text_token_price_long_context": self.prompt_price * 2,
            "cached_prompt_text_token_price_long_context": self.cached_price * 2,
            "completion_text_token_price_long_context": self.completion_price * 2,
        })
    }
}

/// The answer to `GET /models`: with context lengths, without modalities.
pub fn models() -> Value {
    let data: Vec<Value> = MODELS
        .iter()
        .map(|model| {
            let head = json!({
                "id": model.id,
                "created": model.created,
                "object": "model",
                "owned_by": "xai",
                "aliases": model.aliases,
                "context_length": model.context,
            });
            joined(head, model.prices())
        })
        .collect();
    json!({ "object": "list", "data": data })
}

/// The answer to `GET /language-models`: with modalities, without context lengths.
pub fn language_models() -> Value {
    let models: Vec<Value> = MODELS
        .iter()
        .map(|model| {
            let head = json!({
                "id": model.id,
                "fingerprint": super::FINGERPRINT,
                "created": model.created,
                "object": "model",
                "owned_by": "xai",
                "version": "1.0",
                "input_modalities": ["text", "image"],
                "output_modalities": ["text"],
                "aliases": model.aliases,
            });
            joined(head, model.prices())
        })
        .collect();
    json!({ "models": models })
}

fn joined(mut head: Value, tail: Value) -> Value {
    if let (Value::Object(head), Value::Object(tail)) = (&mut head, tail) {
        head.extend(tail);
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_by_id_and_by_alias_and_the_retired_are_gone() {
        let id = |name| Model::find(name).map(|model| model.id);
        assert_eq!(id("grok-4.3"), Some("grok-4.3"));
        assert_eq!(id("grok-code-fast-1"), Some("grok-build-0.1"));
        assert_eq!(id("grok-2-latest"), None);
        assert_eq!(id(""), None);
    }

    #[test]
    fn cost_counts_cached_tokens_at_their_own_price_and_doubles_for_long_prompts() {
        let model = Model::find("grok-4.3").unwrap();
        assert_eq!(model.cost(1_000_000 / 10, 0, 0, 0), 1_250_000_000);
        assert_eq!(
            model.cost(100, 40, 7, 3),
            60 * 12_500 + 40 * 2_000 + 10 * 25_000
        );
        assert_eq!(model.cost(200_000, 0, 0, 0), 200_000 * 25_000);
    }

    #[test]
    fn the_two_lists_split_what_is_known_as_the_api_does() {
        let plain = models();
        let first = &plain["data"][0];
        assert_eq!(plain["object"], "list");
        assert!(first["context_length"].is_u64() && first["input_modalities"].is_null());
        let detailed = language_models();
        let first = &detailed["models"][0];
        assert!(first["context_length"].is_null() && first["input_modalities"].is_array());
        assert_eq!(first["prompt_text_token_price"], 20_000);
    }
}
