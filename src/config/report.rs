//! What is in force as reports have it: each key with its value and where that came from.

use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::{Layer, Origin, Resolved, built_in, names};
use crate::llm::scrubbed;

impl Resolved {
    /// All of it, for this workspace if it is for one, and what was ignored and why.
    pub fn to_json(&self, workspace: Option<&Path>) -> Value {
        let settings: Vec<_> = names()
            .map(|name| {
                let origins = self.origins_of(name);
                json!({
                    "key": name,
                    "value": self.shown(name),
                    "origin": origins.first().map(Origin::to_json),
                    "joined": origins.iter().skip(1).map(Origin::to_json).collect::<Vec<_>>(),
                    "locked": origins.iter().any(|origin| origin.layer == Layer::Policy),
                })
            })
            .collect();
        let ignored: Vec<_> = self
            .notices
            .iter()
            .map(|notice| json!({ "key": notice.key, "origin": notice.origin.to_json(), "why": notice.what }))
            .collect();
        json!({
            "workspace": workspace,
            "settings": settings,
            "ignored": ignored,
            "blocked": self.settings.blocked,
        })
    }

    /// The value in force as it may be shown, without password and key; null for what is not set.
    pub fn shown(&self, name: &str) -> Value {
        let given = self.values.get(name).cloned();
        let value = given.or_else(|| built_in(name)).unwrap_or_default();
        if name == "api_key_command" {
            return without_keys(value);
        }
        without_password(value)
    }

    /// Where the value came from; more than one place where it was put together.
    pub fn origins_of(&self, name: &str) -> Vec<Origin> {
        let found = self.origins.get(name).cloned();
        found.unwrap_or_else(|| vec![Origin::BUILT_IN])
    }
}

/// The words of a command, should one of them be a key.
fn without_keys(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(scrubbed(&text)),
        Value::Array(list) => list.into_iter().map(without_keys).collect(),
        Value::Object(map) => {
            let entries = map.into_iter();
            entries
                .map(|(name, value)| (name, without_keys(value)))
                .collect()
        }
        other => other,
    }
}

/// An address without the password that it may carry.
fn without_password(value: Value) -> Value {
    let address = value.as_str().and_then(|text| Url::parse(text).ok());
    let Some(mut url) = address.filter(|url| url.password().is_some()) else {
        return value;
    };
    match url.set_password(Some("...")) {
        Ok(()) => Value::String(url.into()),
        Err(()) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_password(json!(text)), json!(expected));
        };
        check("http://me:secret@proxy:3128/", "http://me:...@proxy:3128/");
        check("http://proxy:3128", "http://proxy:3128");
        check("grok-4.3", "grok-4.3");
    }

    #[test]
    fn a_key_in_a_command_is_not_shown() {
        let shown = without_keys(json!(["echo", "xai-0123456789abcdef", { "shell": "a" }]));
        assert_eq!(shown, json!(["echo", "[key]", { "shell": "a" }]));
    }
}
