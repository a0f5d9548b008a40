//! What each key means and which values it takes, as a JSON Schema that editors use for `config.toml`.

use serde_json::{Map, Value, json};

use super::keys::{LONGEST_GLOB, MOST_GLOBS};
use super::names;
use super::own_actions::schema as action;

/// The dialect that the schema is written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A JSON Schema (draft 2020-12) for `config.toml`, of the keys in force.
pub fn schema() -> Value {
    let properties: Map<String, Value> = names()
        .map(|name| (name.to_owned(), property(name)))
        .collect();
    json!({
        "$schema": DIALECT,
        "title": "Gloss",
        "description": "Configuration of the language server Gloss: config.toml, and as far as a repository may set it .gloss.toml.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

/// The value that is built in; `None` for a key that is not set.
pub fn built_in(name: &str) -> Option<Value> {
    property(name).get("default").cloned()
}

/// What stands in the schema for a key; `true`, which allows everything, for one not written up.
fn property(name: &str) -> Value {
    let found = KEYS.iter().find(|(key, ..)| *key == name);
    found.map_or(Value::Bool(true), |(_, about, values)| {
        let mut property = json!({ "description": about });
        if let (Value::Object(property), Value::Object(values)) = (&mut property, values()) {
            property.extend(values);
        }
        property
    })
}

type Row = (&'static str, &'static str, fn() -> Value);

/// Every key: what it is for, and which values it takes.
const KEYS: &[Row] = &[
    (
        "actions",
        "Your own actions: each a prompt that stands in the menu.",
        || json!({ "type": "array", "maxItems": 50, "items": action(), "default": [] }),
    ),
    (
        "allowed_models",
        "The models that a workspace or an editor may choose from, and that one falls back to.",
        || {
            json!({
                "anyOf": [{ "const": "any" }, { "type": "array", "items": id(), "maxItems": 100 }],
                "default": "any",
            })
        },
    ),
    (
        "answer_language",
        "The language of explanations and descriptions; `auto` is the editor's locale, else English.",
        || json!({ "type": "string", "maxLength": 40, "default": "auto" }),
    ),
    (
        "api_key_command",
        "Prints the key, where the environment has none: a program and its arguments, or a shell's line.",
        || {
            json!({
                "anyOf": [
                    { "type": "array", "items": { "type": "string" } },
                    { "type": "string" },
                    {
                        "type": "object",
                        "properties": { "shell": { "type": "string" } },
                        "additionalProperties": false,
                    },
                ],
                "default": [],
            })
        },
    ),
    (
        "base_url",
        "Where the API is: any server that speaks chat/completions, or what `wire` says.",
        || json!({ "type": "string", "pattern": "^https?://", "default": "https://api.x.ai/v1" }),
    ),
    (
        "budget",
        "What may be spent, in a day or a month, in each workspace, and with `total_` before it in all; past it a request is refused before it is sent.",
        || {
            let usd = || json!({ "type": "number", "minimum": 0 });
            let tokens = || json!({ "type": "integer", "minimum": 0 });
            json!({
                "type": "object",
                "properties": {
                    "daily_usd": usd(), "monthly_usd": usd(), "daily_tokens": tokens(),
                    "total_daily_usd": usd(), "total_monthly_usd": usd(), "total_daily_tokens": tokens(),
                },
                "additionalProperties": false,
                "default": {},
            })
        },
    ),
    (
        "ca_file",
        "A PEM file with certificates to trust besides the system's.",
        || json!({ "type": "string" }),
    ),
    (
        "code_lens",
        "Explain and Refactor above each function and type, as code lenses.",
        || json!({ "type": "boolean", "default": false }),
    ),
    (
        "concurrency",
        "Requests in flight at once; the rest wait in order.",
        || whole(1, 64, 4),
    ),
    (
        "confirm_above_usd",
        "A job of many requests that is estimated to cost more asks first.",
        || json!({ "type": "number", "minimum": 0, "default": 0.1 }),
    ),
    (
        "context",
        "How far around the range text may be taken from.",
        || one_of(&["selection", "file", "workspace"], "workspace"),
    ),
    (
        "diagnostics",
        "Missing files and missing alternative text of image links, as problems in the editor.",
        || json!({ "type": "boolean", "default": true }),
    ),
    (
        "exclude",
        "Globs of files, and of folders with all that is in them, that are never sent in any way, in capitals or not.",
        || {
            json!({
                "type": "array",
                "items": { "type": "string", "maxLength": LONGEST_GLOB },
                "maxItems": MOST_GLOBS,
                "default": super::DEFAULT_EXCLUDE,
            })
        },
    ),
    (
        "explain_opens",
        "What an editor shows of an explanation besides its hover text.",
        || one_of(&["auto", "document", "none"], "auto"),
    ),
    (
        "fallback_models",
        "Asked in this order when a model is gone.",
        || {
            json!({
                "type": "array",
                "items": id(),
                "maxItems": 100,
                "default": ["grok-4.20-0309-non-reasoning", "grok-build-0.1"],
            })
        },
    ),
    (
        "hover_images",
        "Whether hovering an image has it described, shows only what is known, or nothing.",
        || one_of(&["auto", "cached", "off"], "auto"),
    ),
    (
        "hover_wait_ms",
        "How long a hover may wait for a description, in milliseconds.",
        || whole(0, 60_000, 3000),
    ),
    (
        "image_detail",
        "How finely the model looks at images.",
        || one_of(&["low", "high", "auto"], "high"),
    ),
    (
        "inlay_hints",
        "What a note says in a few words, at the end of its line.",
        || json!({ "type": "boolean", "default": true }),
    ),
    (
        "instructions",
        "Your own guidance on style: a text, or names of files in the workspace.",
        || {
            json!({
                "anyOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "type": "string" } },
                ],
            })
        },
    ),
    (
        "max_output_tokens",
        "The most tokens of an answer; `auto` fits them to the task.",
        || {
            json!({
                "anyOf": [
                    { "const": "auto" },
                    { "type": "integer", "minimum": 16, "maximum": 1_000_000 },
                ],
                "default": "auto",
            })
        },
    ),
    (
        "max_prompt_tokens",
        "The most tokens of a prompt; context is left out to fit.",
        || whole(500, 2_000_000, 12_000),
    ),
    (
        "model",
        "The model that is asked.",
        || json!({ "type": "string", "minLength": 1, "default": "grok-4.3" }),
    ),
    (
        "otlp_endpoint",
        "A collector of OpenTelemetry (OTLP over HTTP) that is told of usage: tokens, cost and times, never code.",
        || json!({ "type": "string", "pattern": "^https?://" }),
    ),
    (
        "otlp_workspace",
        "What the collector is told of the workspace: its path, digits that stand for it, or nothing.",
        || one_of(&["path", "hash", "off"], "path"),
    ),
    (
        "prices",
        "USD per million tokens by model, over the lists.",
        || {
            let usd = || json!({ "type": "number", "minimum": 0 });
            json!({
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "properties": { "input": usd(), "cached": usd(), "output": usd() },
                    "required": ["input", "output"],
                    "additionalProperties": false,
                },
                "default": {},
            })
        },
    ),
    (
        "proxy",
        "The proxy's URL; without it the environment's.",
        || json!({ "type": "string" }),
    ),
    (
        "reasoning_effort",
        "How much a model thinks; `auto` goes by the action.",
        || one_of(&["auto", "none", "low", "medium", "high", "xhigh"], "auto"),
    ),
    (
        "redact_secrets",
        "Whether tokens and private keys in what is sent are masked.",
        || json!({ "type": "boolean", "default": true }),
    ),
    (
        "refactor_confirm",
        "Ask before an edit is applied: by the editor where it can show edits for approval, else by a message.",
        || json!({ "type": "boolean", "default": false }),
    ),
    (
        "remote_images",
        "What becomes of an image that is linked by URL: it is downloaded here, the API gets the URL, or nothing.",
        || one_of(&["fetch", "url", "off"], "fetch"),
    ),
    (
        "temperature",
        "From 0, the same answer every time, to 2.",
        || json!({ "type": "number", "minimum": 0, "maximum": 2, "default": 0.0 }),
    ),
    (
        "vision_model",
        "The model that looks at images; without it the one that is asked about code.",
        || id(),
    ),
    (
        "warm_connection",
        "Whether a connection to the API is opened as the editor starts, so that the first answer waits for none. It asks for the list of models, which is not billed.",
        || json!({ "type": "boolean", "default": true }),
    ),
    (
        "wire",
        "How the API is spoken to: chat/completions, which every server has, or responses.",
        || one_of(&["chat", "responses"], "chat"),
    ),
];

fn id() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn one_of(values: &[&str], default: &str) -> Value {
    json!({ "enum": values, "default": default })
}

fn whole(least: u64, most: u64, default: u64) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most, "default": default })
}

#[cfg(test)]
mod tests {
    use super::super::keys::KEYS as IN_FORCE;
    use super::super::{Content, Layers, Settings};
    use super::*;
    use crate::config::ConfigFile;

    fn set(name: &str, value: &Value) -> Option<Settings> {
        let key = IN_FORCE.iter().find(|key| key.name == name).unwrap();
        let mut settings = Settings::default();
        (key.set)(&mut settings, value).ok()?;
        Some(settings)
    }

    #[test]
    fn every_key_in_force_is_written_up_and_its_default_is_what_is_built_in() {
        let schema = schema();
        for key in &IN_FORCE {
            let property = &schema["properties"][key.name];
            assert!(
                property["description"].as_str().is_some(),
                "{} is missing in KEYS of src/config/schema.rs",
                key.name
            );
            if let Some(default) = built_in(key.name) {
                assert_eq!(
                    set(key.name, &default),
                    Some(Settings::default()),
                    "{}",
                    key.name
                );
                assert!(is_valid(property, &default), "{}", key.name);
            }
        }
    }

    #[test]
    fn the_bounds_of_the_schema_are_those_of_the_keys() {
        for key in &IN_FORCE {
            let property = property(key.name);
            for value in property["enum"].as_array().into_iter().flatten() {
                assert!(set(key.name, value).is_some(), "{} = {value}", key.name);
            }
            if property.get("enum").is_some() {
                assert_eq!(set(key.name, &json!("no such word")), None, "{}", key.name);
            }
            if let Some([least, most]) = bounds(&property) {
                assert!(set(key.name, &json!(least)).is_some(), "{}", key.name);
                assert!(set(key.name, &json!(most)).is_some(), "{}", key.name);
                assert_eq!(set(key.name, &json!(most + 1)), None, "{}", key.name);
                if let Some(less) = least.checked_sub(1) {
                    assert_eq!(set(key.name, &json!(less)), None, "{}", key.name);
                }
            }
        }
    }

    fn bounds(property: &Value) -> Option<[u64; 2]> {
        let whole = match &property["anyOf"] {
            Value::Array(kinds) => kinds.iter().find(|kind| kind["type"] == "integer")?,
            _ => property,
        };
        Some([whole["minimum"].as_u64()?, whole["maximum"].as_u64()?])
    }

    /// What editors make of the schema, as far as this one goes.
    fn is_valid(schema: &Value, value: &Value) -> bool {
        let all = |key: &str, holds: &dyn Fn(&Value) -> bool| schema.get(key).is_none_or(holds);
        all("type", &|kind| match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            other => panic!("the type {other} is new here"),
        }) && all("enum", &|values| values.as_array().unwrap().contains(value))
            && all("const", &|constant| constant == value)
            && all("anyOf", &|kinds| {
                kinds
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|kind| is_valid(kind, value))
            })
            && all("minimum", &|least| value.as_f64() >= least.as_f64())
            && all("maximum", &|most| value.as_f64() <= most.as_f64())
            && all("items", &|items| {
                value
                    .as_array()
                    .is_none_or(|list| list.iter().all(|item| is_valid(items, item)))
            })
            && all("required", &|names| {
                names
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|name| value.get(name.as_str().unwrap()).is_some())
            })
            && value.as_object().is_none_or(|map| {
                map.iter()
                    .all(|(name, value)| match schema["properties"].get(name) {
                        Some(property) => is_valid(property, value),
                        None => match schema.get("additionalProperties") {
                            None | Some(Value::Bool(true)) => true,
                            Some(Value::Bool(false)) => false,
                            Some(others) => is_valid(others, value),
                        },
                    })
            })
    }

    const SAMPLE: &str = r#"
        model = "grok-4.7"
        vision_model = "grok-4.3"
        allowed_models = ["grok-4.7", "grok-4.3"]
        fallback_models = []
        concurrency = 2
        temperature = 0.5
        max_output_tokens = 800
        exclude = ["*.sql"]
        instructions = ["AGENTS.md"]
        [prices."my-model"]
        input = 1
        output = 2.5
        [[actions]]
        name = "guard"
        title = "Add guard clauses"
        prompt = "Rewrite {selection} with early returns."
        outcome = "edit"
        languages = ["rust"]
    "#;

    #[test]
    fn a_sample_is_valid_and_what_gloss_would_not_take_is_not() {
        let valid = |toml: &str| is_valid(&schema(), &toml::from_str::<Value>(toml).unwrap());
        let taken = |toml: &str| {
            let layers = Layers {
                user_file: ConfigFile::of_text("config.toml", toml),
                ..Layers::default()
            };
            assert!(matches!(layers.user_file.content, Content::Text(_)));
            layers.resolve().notices.is_empty()
        };
        let check = |toml: &str, expected: bool| {
            assert_eq!((valid(toml), taken(toml)), (expected, expected), "{toml}");
        };
        check("", true);
        check(SAMPLE, true);
        check("modle = 'a'", false);
        check("concurrency = 65", false);
        check("context = 'planet'", false);
        check("redact_secrets = 'yes'", false);
        check("prices.m = { input = 1 }", false);
        check("actions = [{ name = 'a' }]", false);
        check("allowed_models = 'grok-4.3'", false);
        check("max_output_tokens = 'automatic'", false);
    }
}
