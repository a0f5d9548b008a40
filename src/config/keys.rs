//! Every key by name: how its value is read, and who may set it.

use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;

use super::{ExplainOpens, HoverImages, Price, RemoteImages, Scope, Settings};
use crate::prompt::{Detail, Effort};

/// Who may set a key. An editor's settings can come with a repository, unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Anyone,
    /// Moves data or the key, so never from the editor.
    UserOnly,
}

pub(super) struct Key {
    pub name: &'static str,
    pub trust: Trust,
    /// Puts the value into the settings, or says what it should have been.
    pub set: fn(&mut Settings, &Value) -> Result<(), &'static str>,
}

use Trust::{Anyone, UserOnly};

pub(super) const KEYS: [Key; 20] = [
    key("answer_language", Anyone, |s, v| {
        s.answer_language = text(v)?.filter(|l| l != "auto");
        Ok(())
    }),
    key("base_url", UserOnly, |s, v| {
        let url = text(v)?.ok_or(TEXT)?;
        url.trim_end_matches('/').clone_into(&mut s.base_url);
        Ok(())
    }),
    key("ca_file", UserOnly, |s, v| {
        s.ca_file = text(v)?.map(Into::into);
        Ok(())
    }),
    key("concurrency", Anyone, |s, v| {
        s.concurrency = usize::try_from(within(v, 1, 64)?).map_err(|_| COUNT)?;
        Ok(())
    }),
    key("context", Anyone, |s, v| {
        s.context = match v.as_str() {
            Some("selection") => Scope::Selection,
            Some("file") => Scope::File,
            Some("workspace") => Scope::Workspace,
            _ => return Err("\"selection\", \"file\" or \"workspace\""),
        };
        Ok(())
    }),
    key("exclude", Anyone, |s, v| {
        s.exclude = texts(v)?;
        Ok(())
    }),
    key("explain_opens", Anyone, |s, v| {
        s.explain_opens = match v.as_str() {
            Some("auto") => ExplainOpens::Auto,
            Some("document") => ExplainOpens::Document,
            Some("none") => ExplainOpens::None,
            _ => return Err("\"auto\", \"document\" or \"none\""),
        };
        Ok(())
    }),
    key("hover_images", Anyone, |s, v| {
        s.hover_images = match v.as_str() {
            Some("auto") => HoverImages::Auto,
            Some("cached") => HoverImages::Cached,
            Some("off") => HoverImages::Off,
            _ => return Err("\"auto\", \"cached\" or \"off\""),
        };
        Ok(())
    }),
    key("hover_wait_ms", Anyone, |s, v| {
        s.hover_wait = Duration::from_millis(within(v, 0, 60_000)?);
        Ok(())
    }),
    key("image_detail", Anyone, |s, v| {
        s.image_detail = match v.as_str() {
            Some("low") => Detail::Low,
            Some("high") => Detail::High,
            Some("auto") => Detail::Auto,
            _ => return Err("\"low\", \"high\" or \"auto\""),
        };
        Ok(())
    }),
    key("max_output_tokens", Anyone, |s, v| {
        s.max_output_tokens = if v.as_str() == Some("auto") {
            None
        } else {
            Some(u32::try_from(within(v, 16, 1_000_000)?).map_err(|_| COUNT)?)
        };
        Ok(())
    }),
    key("max_prompt_tokens", Anyone, |s, v| {
        s.max_prompt_tokens = within(v, 500, 2_000_000)?;
        Ok(())
    }),
    key("model", Anyone, |s, v| {
        s.model = text(v)?.ok_or(TEXT)?;
        Ok(())
    }),
    key("prices", Anyone, |s, v| {
        s.prices = map(v)?
            .map(|(model, price)| {
                serde_json::from_value::<Price>(price.clone())
                    .map(|price| (model.clone(), price))
                    .map_err(|_| "a map from model to { input, cached, output } in USD per million tokens")
            })
            .collect::<Result<_, _>>()?;
        Ok(())
    }),
    key("proxy", UserOnly, |s, v| {
        s.proxy = text(v)?;
        Ok(())
    }),
    key("reasoning_effort", Anyone, |s, v| {
        s.reasoning_effort =
            match v.as_str() {
                Some("auto") => None,
                _ => Some(Effort::deserialize(v).map_err(
                    |_| "\"auto\", \"none\", \"low\", \"medium\", \"high\" or \"xhigh\"",
                )?),
            };
        Ok(())
    }),
    key("redact_secrets", Anyone, |s, v| {
        s.redact_secrets = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("remote_images", Anyone, |s, v| {
        s.remote_images = match v.as_str() {
            Some("url") => RemoteImages::Url,
            Some("off") => RemoteImages::Off,
            Some("fetch") => return Err("\"url\" or \"off\" (\"fetch\" is not in this version)"),
            _ => return Err("\"url\" or \"off\""),
        };
        Ok(())
    }),
    key("temperature", Anyone, |s, v| {
        s.temperature = v
            .as_f64()
            .filter(|t| (0.0..=2.0).contains(t))
            .ok_or("a number from 0 to 2")?;
        Ok(())
    }),
    key("vision_model", Anyone, |s, v| {
        s.vision_model = text(v)?;
        Ok(())
    }),
];

/// Keys that are promised but not in force yet. Setting one is answered plainly rather
/// than taken in silence: a budget that does not hold is worse than none.
pub(super) const NOT_YET: [&str; 13] = [
    "actions",
    "allowed_models",
    "api_key_command",
    "budget",
    "code_lens",
    "confirm_above_usd",
    "diagnostics",
    "fallback_models",
    "inlay_hints",
    "instructions",
    "otlp_endpoint",
    "refactor_confirm",
    "wire",
];

const TEXT: &str = "a text in quotes";
const COUNT: &str = "a whole number in range";

/// The names of every key in force, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

const fn key(
    name: &'static str,
    trust: Trust,
    set: fn(&mut Settings, &Value) -> Result<(), &'static str>,
) -> Key {
    Key { name, trust, set }
}

fn text(value: &Value) -> Result<Option<String>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        _ => Err(TEXT),
    }
}

fn texts(value: &Value) -> Result<Vec<String>, &'static str> {
    const LIST: &str = "a list of texts";
    value
        .as_array()
        .ok_or(LIST)?
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or(LIST))
        .collect()
}

fn within(value: &Value, least: u64, most: u64) -> Result<u64, &'static str> {
    value
        .as_u64()
        .filter(|number| (least..=most).contains(number))
        .ok_or(COUNT)
}

/// The entries of a map. Lua cannot tell an empty map from an empty list, so `[]` is one.
fn map(value: &Value) -> Result<impl Iterator<Item = (&String, &Value)>, &'static str> {
    match value {
        Value::Object(map) => Ok(Some(map).into_iter().flatten()),
        Value::Array(list) if list.is_empty() => Ok(None.into_iter().flatten()),
        _ => Err("a map"),
    }
}
