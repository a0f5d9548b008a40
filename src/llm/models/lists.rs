//! What the endpoint itself says of its models: `/models` and `/language-models`, joined.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::price::{Price, Rates};
use crate::llm::get::fetched;
use crate::llm::{ApiError, Client, Endpoint};

/// How long both lists may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The most models that are kept of a list.
const MOST_MODELS: usize = 2_000;

/// What an endpoint says of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedModel {
    pub id: String,
    pub aliases: Vec<String>,
    /// The most tokens that prompt and answer may have, where said.
    pub context: Option<u64>,
    /// Whether it takes images, where said.
    pub sees_images: Option<bool>,
    /// `None` where none is said, or all of it is 0.
    pub price: Option<Price>,
}

/// The models of an endpoint, in the order of its list. Either list alone is enough: some keys
/// may see only one, and most compatible servers have only the first.
///
/// # Errors
/// When neither list could be had.
pub async fn fetch(client: &Client, endpoint: &Endpoint) -> Result<Vec<ListedModel>, ApiError> {
    let (plain, detailed) = futures::join!(
        fetched(client, endpoint, "models", PATIENCE),
        fetched(client, endpoint, "language-models", PATIENCE)
    );
    match (plain, detailed) {
        (Err(error), Err(_)) => Err(error),
        (plain, detailed) => Ok(joined(
            plain.map(|list| read(&list)).unwrap_or_default(),
            detailed.map(|list| read(&list)).unwrap_or_default(),
        )),
    }
}

/// The models that a list names; what is of another shape is passed over.
fn read(list: &Value) -> Vec<ListedModel> {
    let models = ["data", "models"].iter().find_map(|name| list.get(name));
    let models = models.and_then(Value::as_array).into_iter().flatten();
    models.filter_map(model).take(MOST_MODELS).collect()
}

fn model(entry: &Value) -> Option<ListedModel> {
    let texts = |name: &str| {
        let list = entry.get(name).and_then(Value::as_array)?;
        Some(list.iter().filter_map(Value::as_str))
    };
    Some(ListedModel {
        id: entry.get("id")?.as_str()?.to_owned(),
        aliases: texts("aliases").map_or_else(Vec::new, |all| all.map(Into::into).collect()),
        context: entry.get("context_length").and_then(Value::as_u64),
        sees_images: texts("input_modalities").map(|mut all| all.any(|one| one == "image")),
        price: price(entry),
    })
}

fn price(entry: &Value) -> Option<Price> {
    let rates = rates(entry, "")?;
    let from = entry
        .get("long_context_threshold")
        .and_then(Value::as_u64)
        .filter(|from| *from > 0);
    let long = || {
        let long = self::rates(entry, "_long_context")?;
        // What the list leaves out of the long price stays as it is.
        let or = |long: u64, usual: u64| if long > 0 { long } else { usual };
        Some(Rates {
            input: or(long.input, rates.input),
            cached: or(long.cached, rates.cached),
            image: or(long.image, rates.image),
            output: or(long.output, rates.output),
        })
    };
    Some(Price {
        rates,
        long: from.and_then(|from| Some((from, long()?))),
    })
}

/// The rates with names that end so. The lists carry ticks per token, which are the 10,000th
/// part of a dollar per million. A price that is missing for the cache or for images is the
/// prompt's.
fn rates(entry: &Value, ending: &str) -> Option<Rates> {
    let rate = |name: &str| {
        let value = entry.get(format!("{name}_token_price{ending}"))?;
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
        super::ticks(number / 1e4).filter(|rate| *rate > 0)
    };
    let (input, output) = (rate("prompt_text"), rate("completion_text"));
    if input.is_none() && output.is_none() {
        return None;
    }
    let input = input.unwrap_or(0);
    Some(Rates {
        input,
        cached: rate("cached_prompt_text").unwrap_or(input),
        image: rate("prompt_image").unwrap_or(input),
        output: output.unwrap_or(0),
    })
}

/// What one list leaves out the other says.
fn joined(mut plain: Vec<ListedModel>, detailed: Vec<ListedModel>) -> Vec<ListedModel> {
    for more in detailed {
        let Some(model) = plain.iter_mut().find(|model| model.id == more.id) else {
            plain.push(more);
            continue;
        };
        model.context = model.context.or(more.context);
        model.sees_images = model.sees_images.or(more.sees_images);
        model.price = model.price.or(more.price);
        for alias in more.aliases {
            if !model.aliases.contains(&alias) {
                model.aliases.push(alias);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::llm::models::{MODELS, ticks};

    #[test]
    fn the_two_lists_come_to_one() {
        let plain = read(&json!({ "object": "list", "data": [
            { "id": "grok-4.3", "context_length": 1_000_000, "aliases": ["a"],
              "prompt_text_token_price": 12_500, "completion_text_token_price": 25_000 },
            { "id": "llama3" },
        ]}));
        let detailed = read(&json!({ "models": [
            { "id": "grok-4.3", "input_modalities": ["text", "image"], "aliases": ["a", "b"] },
            { "id": "grok-4.5", "input_modalities": ["text"] },
        ]}));
        let both = joined(plain, detailed);
        let ids: Vec<_> = both.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["grok-4.3", "llama3", "grok-4.5"]);
        assert_eq!(both[0].aliases, ["a", "b"]);
        assert_eq!(both[0].context, Some(1_000_000));
        assert_eq!(both[0].price.map(|price| price.rates.input), ticks(1.25));
        let sees: Vec<_> = both.iter().map(|model| model.sees_images).collect();
        assert_eq!(sees, [Some(true), None, Some(false)]);
    }

    #[test]
    fn the_lists_of_the_api_come_to_the_built_in_prices() {
        let plain = read(&crate::sim::models());
        let both = joined(plain.clone(), read(&crate::sim::language_models()));
        for known in &MODELS {
            let listed = both.iter().find(|model| model.id == known.id).unwrap();
            assert_eq!(listed.price, Some(known.price), "{}", known.id);
            assert_eq!(listed.context, Some(known.context), "{}", known.id);
            assert_eq!(listed.sees_images, Some(true), "{}", known.id);
        }
        assert!(plain.iter().all(|model| model.sees_images.is_none()));
        let fast = both.iter().find(|model| model.id == "grok-build-0.1");
        assert_eq!(fast.unwrap().aliases, ["grok-code-fast-1"]);
    }

    #[test]
    fn a_price_is_read_from_whatever_of_it_is_there() {
        let check = |entry: Value, expected: Option<[u64; 4]>| {
            let found = price(&entry).map(|price| price.rates);
            let found = found.map(|rates| [rates.input, rates.cached, rates.image, rates.output]);
            assert_eq!(found, expected, "{entry}");
        };
        let usd = |usd: f64| ticks(usd).unwrap();
        check(json!({}), None);
        check(
            json!({"prompt_text_token_price": 0, "completion_text_token_price": 0}),
            None,
        );
        check(
            json!({"prompt_text_token_price": 12500, "completion_text_token_price": 25000}),
            Some([usd(1.25), usd(1.25), usd(1.25), usd(2.5)]),
        );
        check(
            json!({"prompt_text_token_price": "12500.5", "cached_prompt_text_token_price": 2000,
                   "prompt_image_token_price": 100, "completion_text_token_price": null}),
            Some([usd(1.25005), usd(0.2), usd(0.01), 0]),
        );
        check(
            json!({"prompt_text_token_price": -1, "completion_text_token_price": "x"}),
            None,
        );
    }

    #[test]
    fn a_long_price_needs_to_say_from_where_on() {
        let check = |more: Value, expected: Option<(u64, u64)>| {
            let mut entry = json!({"prompt_text_token_price": 1, "completion_text_token_price": 2});
            entry
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            let long = price(&entry).unwrap().long;
            assert_eq!(
                long.map(|(from, rates)| (from, rates.output)),
                expected,
                "{entry}"
            );
        };
        let long = "prompt_text_token_price_long_context";
        check(json!({}), None);
        check(json!({ long: 2 }), None);
        check(json!({"long_context_threshold": 128_000}), None);
        check(
            json!({"long_context_threshold": 128_000, long: 2}),
            Some((128_000, 2_000_000)),
        );
    }

    #[test]
    fn what_is_no_list_holds_no_models() {
        for odd in [
            json!(null),
            json!([]),
            json!({"data": 7}),
            json!({"data": [7, {}, {"id": 1}]}),
        ] {
            assert_eq!(read(&odd), [], "{odd}");
        }
        assert_eq!(read(&json!({"data": [{"id": "llama3"}]})).len(), 1);
    }
}
