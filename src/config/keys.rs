//! Every key by name: how its value is read, and who may set it.

use std::borrow::Cow;
use std::time::Duration;

use globset::Glob;
use serde::Deserialize as _;
use serde_json::Value;
use url::Url;

use super::budget::Budget;
use super::key_command::KeyCommand;
use super::notice::begun;
use super::own_actions::own_actions;
use super::{
    ExplainOpens, HoverImages, Instructions, RemoteImages, Scope, Settings, ToldWorkspace,
};
use crate::llm::models::{OwnPrice, ticks};
use crate::llm::{self, Wire};
use crate::prompt::{Detail, Effort};

/// Who may set a key. An editor's settings can come with a repository, unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Anyone,
    /// Moves data, money or the key, so never from the editor.
    UserOnly,
}

pub(super) struct Key {
    pub name: &'static str,
    pub trust: Trust,
    /// Puts the value into the settings, or says what it should have been.
    pub set: fn(&mut Settings, &Value) -> Result<(), Expected>,
}

/// What a value should have been, in words.
pub(super) type Expected = Cow<'static, str>;

/// Keys that say where data may go, or how much money. Where one of them cannot be read, what is built in is not
/// what the person meant, so nothing may be sent.
const GUARDS: [&str; 8] = [
    "allowed_models",
    "api_key_command",
    "base_url",
    "budget",
    "ca_file",
    "exclude",
    "proxy",
    "redact_secrets",
];

/// Whether this key says where data may go, or how much of it.
pub(super) fn is_guard(name: &str) -> bool {
    GUARDS.contains(&name)
}

use Trust::{Anyone, UserOnly};

/// In order. A key stands in the tables of `schema.rs` and `trust/tests.rs` as well, and what a
/// repository may do with it in `trust.rs`: nothing, unless it says so.
pub(super) const KEYS: [Key; 35] = [
    key("actions", Anyone, |s, v| {
        let (actions, fault) = own_actions(v);
        s.actions = actions;
        fault.map_or(Ok(()), |fault| Err(fault.into()))
    }),
    key("allowed_models", UserOnly, |s, v| {
        s.allowed_models = match v.as_str() {
            Some("any") => None,
            _ => Some(models(v)?),
        };
        Ok(())
    }),
    key("answer_language", Anyone, |s, v| {
        let language = text(v)?.filter(|language| language != "auto");
        if language
            .as_deref()
            .is_some_and(|name| !names_a_language(name))
        {
            return Err(LANGUAGE.into());
        }
        s.answer_language = language;
        Ok(())
    }),
    key("api_key_command", UserOnly, |s, v| {
        s.api_key_command = KeyCommand::read(v)?;
        Ok(())
    }),
    key("base_url", UserOnly, |s, v| {
        let url = text(v)?.filter(|url| is_web_address(url)).ok_or(ADDRESS)?;
        url.trim_end_matches('/').clone_into(&mut s.base_url);
        Ok(())
    }),
    key("budget", UserOnly, |s, v| {
        s.budget = Budget::read(v)?;
        Ok(())
    }),
    key("ca_file", UserOnly, |s, v| {
        s.ca_file = text(v)?.map(Into::into);
        Ok(())
    }),
    key("code_lens", Anyone, |s, v| {
        s.code_lens = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("concurrency", Anyone, |s, v| {
        s.concurrency = usize::try_from(within(v, 1, 64)?).map_err(|_| "a smaller number")?;
        Ok(())
    }),
    key("confirm_above_usd", Anyone, |s, v| {
        let usd = v.as_f64().and_then(ticks);
        s.confirm_above_ticks = usd.ok_or("a number of US dollars, not below 0")?;
        Ok(())
    }),
    key("context", Anyone, |s, v| {
        s.context = match v.as_str() {
            Some("selection") => Scope::Selection,
            Some("file") => Scope::File,
            Some("workspace") => Scope::Workspace,
            _ => return Err("\"selection\", \"file\" or \"workspace\"".into()),
        };
        Ok(())
    }),
    key("diagnostics", Anyone, |s, v| {
        s.diagnostics = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("exclude", Anyone, |s, v| {
        s.exclude = globs(v)?;
        Ok(())
    }),
    key("explain_opens", Anyone, |s, v| {
        s.explain_opens = match v.as_str() {
            Some("auto") => ExplainOpens::Auto,
            Some("none") => ExplainOpens::None,
            Some("document") => ExplainOpens::Document,
            _ => return Err("\"auto\", \"document\" or \"none\"".into()),
        };
        Ok(())
    }),
    key("fallback_models", Anyone, |s, v| {
        s.fallback_models = models(v)?;
        Ok(())
    }),
    key("hover_images", Anyone, |s, v| {
        s.hover_images = match v.as_str() {
            Some("auto") => HoverImages::Auto,
            Some("cached") => HoverImages::Cached,
            Some("off") => HoverImages::Off,
            _ => return Err("\"auto\", \"cached\" or \"off\"".into()),
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
            _ => return Err("\"low\", \"high\" or \"auto\"".into()),
        };
        Ok(())
    }),
    key("inlay_hints", Anyone, |s, v| {
        s.inlay_hints = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("instructions", UserOnly, |s, v| {
        const EXPECTED: &str =
            "a text, or a list of names of files in the workspace, like [\"AGENTS.md\"]";
        s.instructions = match list(v) {
            Some(names) => names
                .iter()
                .map(|name| Some(Instructions::File(name.as_str()?.to_owned())))
                .collect::<Option<_>>()
                .ok_or(EXPECTED)?,
            None => text(v)
                .map_err(|_| EXPECTED)?
                .map(Instructions::TextOrFile)
                .into_iter()
                .collect(),
        };
        Ok(())
    }),
    key("max_output_tokens", Anyone, |s, v| {
        s.max_output_tokens = if v.as_str() == Some("auto") {
            None
        } else {
            Some(u32::try_from(within(v, 16, 1_000_000)?).map_err(|_| "a smaller number")?)
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
    key("otlp_endpoint", UserOnly, |s, v| {
        let url = text(v)?;
        if url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return Err("an address like http://localhost:4318".into());
        }
        s.otlp_endpoint = url;
        Ok(())
    }),
    key("otlp_workspace", UserOnly, |s, v| {
        s.otlp_workspace = match v.as_str() {
            Some("path") => ToldWorkspace::Path,
            Some("hash") => ToldWorkspace::Hash,
            Some("off") => ToldWorkspace::Off,
            _ => return Err("\"path\", \"hash\" or \"off\"".into()),
        };
        Ok(())
    }),
    // A price that is too low would let a budget in dollars through.
    key("prices", UserOnly, |s, v| {
        s.prices = map(v)?
            .map(|(model, price)| {
                serde_json::from_value(price.clone())
                    .map(|OwnPrice(price)| (model.clone(), price))
                    .map_err(|_| "a map from model to { input, cached, output } in USD per million tokens, none below 0")
            })
            .collect::<Result<_, &'static str>>()?;
        Ok(())
    }),
    key("proxy", UserOnly, |s, v| {
        let address = text(v)?;
        if address
            .as_deref()
            .is_some_and(|it| !llm::is_usable_proxy(it))
        {
            return Err(llm::PROXY_EXPECTED.into());
        }
        s.proxy = address;
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
    key("refactor_confirm", Anyone, |s, v| {
        s.refactor_confirm = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("remote_images", Anyone, |s, v| {
        s.remote_images = match v.as_str() {
            Some("fetch") => RemoteImages::Fetch,
            Some("url") => RemoteImages::Url,
            Some("off") => RemoteImages::Off,
            _ => return Err("\"fetch\", \"url\" or \"off\"".into()),
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
    key("warm_connection", Anyone, |s, v| {
        s.warm_connection = v.as_bool().ok_or("true or false")?;
        Ok(())
    }),
    key("wire", UserOnly, |s, v| {
        s.wire = match v.as_str() {
            Some("chat") => Wire::Chat,
            Some("responses") => Wire::Responses,
            _ => return Err("\"chat\" or \"responses\"".into()),
        };
        Ok(())
    }),
];

/// Why this build cannot do what a key is for, though it knows the key.
pub(super) fn not_built_in(name: &str) -> Option<&'static str> {
    (name == "otlp_endpoint" && !cfg!(feature = "otlp")).then_some(
        "`otlp_endpoint` does nothing here: this Gloss was built without the feature `otlp`",
    )
}

const TEXT: &str = "a text in quotes";
const ADDRESS: &str = "an address like https://api.x.ai/v1";
const LANGUAGE: &str =
    "the name of a language: letters, digits, spaces and -, at most 40 characters";

/// The names of every key in force, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

const fn key(
    name: &'static str,
    trust: Trust,
    set: fn(&mut Settings, &Value) -> Result<(), Expected>,
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

/// What stands in a prompt's instructions must not be able to be more than a name there.
fn names_a_language(name: &str) -> bool {
    let may_stand = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-');
    name.chars().count() <= 40 && name.chars().all(may_stand)
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The items of a list; an empty map is one, too, since Lua cannot tell them apart.
fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(list) => Some(list),
        Value::Object(map) if map.is_empty() => Some(&[]),
        _ => None,
    }
}

/// More models to choose from are no choice, and each that is gone costs a request.
const MOST_MODELS: usize = 100;

fn models(value: &Value) -> Result<Vec<String>, Expected> {
    const LIST: &str = "a list of ids of models, like [\"grok-4.3\", \"grok-build-0.1\"]";
    let ids = list(value).filter(|ids| ids.len() <= MOST_MODELS);
    let ids = ids.ok_or(LIST)?.iter();
    ids.map(|id| Ok(text(id).ok().flatten().ok_or(LIST)?))
        .collect()
}

/// More globs than anybody writes, and longer ones: each file is asked by all of them.
pub(super) const MOST_GLOBS: usize = 1_000;
pub(super) const LONGEST_GLOB: usize = 500;

fn globs(value: &Value) -> Result<Vec<String>, Expected> {
    const LIST: &str = "a list of globs, like [\"*.sql\", \"secrets/**\"]";
    let globs = list(value).ok_or(LIST)?;
    if globs.len() > MOST_GLOBS {
        let count = globs.len();
        return Err(
            format!("{LIST}; these are {count}, and {MOST_GLOBS} are taken at most").into(),
        );
    }
    globs
        .iter()
        .map(|item| {
            let glob = item.as_str().ok_or(LIST)?;
            let wrong = if glob.chars().nth(LONGEST_GLOB).is_some() {
                format!("is longer than {LONGEST_GLOB} letters")
            } else if let Err(error) = Glob::new(glob) {
                format!("is none: {}", error.kind())
            } else {
                return Ok(glob.to_owned());
            };
            Err(format!("{LIST}; `{}` {wrong}", begun(glob)).into())
        })
        .collect()
}

fn within(value: &Value, least: u64, most: u64) -> Result<u64, Expected> {
    value
        .as_u64()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("a whole number from {least} to {most}").into())
}

/// The entries of a map. Lua cannot tell an empty map from an empty list, so `[]` is one.
pub(super) fn map(value: &Value) -> Result<impl Iterator<Item = (&String, &Value)>, &'static str> {
    match value {
        Value::Object(map) => Ok(Some(map).into_iter().flatten()),
        Value::Array(list) if list.is_empty() => Ok(None.into_iter().flatten()),
        _ => Err("a map"),
    }
}
