//! Lays the sources of configuration over each other, lowest first, key by key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::keys::{KEYS, Key, NOT_YET, Trust};
use super::{DEFAULT_EXCLUDE, Notice, Settings};

/// Where a value came from, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    UserFile(PathBuf),
    Editor,
    Environment,
    Flags,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::UserFile(path) => write!(f, "{}", path.display()),
            Self::Editor => f.write_str("the editor's settings"),
            Self::Environment => f.write_str("environment"),
            Self::Flags => f.write_str("command line"),
        }
    }
}

/// The process's environment as a plain value, read once at start.
pub type Environment = BTreeMap<String, String>;

/// The sources as they were read.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Path and contents of the user's `config.toml`, where there is one.
    pub user_file: Option<(PathBuf, String)>,
    /// `initializationOptions` or the section `gloss`, names in camelCase.
    pub editor: Value,
    pub environment: Environment,
    pub flags: Vec<(&'static str, Value)>,
}

/// What the layers come to.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub settings: Settings,
    pub origins: BTreeMap<&'static str, Origin>,
    pub notices: Vec<Notice>,
}

/// Path and contents of `config.toml` in the user's configuration folder, if it can be read.
pub fn user_file() -> Option<(PathBuf, String)> {
    let path = dirs::config_dir()?.join("gloss").join("config.toml");
    let text = std::fs::read_to_string(&path).ok()?;
    Some((path, text))
}

impl Layers {
    /// The settings in force. Whatever cannot be applied becomes a notice; the rest applies.
    pub fn resolve(&self) -> Resolved {
        let mut resolved = Resolved {
            settings: Settings::default(),
            origins: BTreeMap::new(),
            notices: Vec::new(),
        };
        if let Some((path, text)) = &self.user_file {
            let origin = Origin::UserFile(path.clone());
            match toml::from_str::<Map<String, Value>>(text) {
                Ok(table) => resolved.lay(&table, &origin),
                Err(error) => resolved.notice(&origin, in_one_line(&error, text)),
            }
        }
        match &self.editor {
            Value::Object(table) => resolved.lay(&in_snake_case(table), &Origin::Editor),
            Value::Null => {}
            Value::Array(list) if list.is_empty() => {}
            _ => resolved.notice(&Origin::Editor, "expected a map of settings".into()),
        }
        resolved.lay(&from_environment(&self.environment), &Origin::Environment);
        for (name, value) in &self.flags {
            resolved.set(name, value, &Origin::Flags);
        }
        resolved
    }
}

impl Resolved {
    fn lay(&mut self, table: &Map<String, Value>, origin: &Origin) {
        for (name, value) in table {
            self.set(name, value, origin);
        }
    }

    fn set(&mut self, name: &str, value: &Value, origin: &Origin) {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return self.notice(origin, unknown(name));
        };
        if let Some(why) = untrusted(key, value, origin) {
            return self.notice(origin, why);
        }
        match (key.set)(&mut self.settings, value) {
            Ok(()) => {
                self.origins.insert(key.name, origin.clone());
            }
            Err(expected) => self.notice(origin, format!("`{name}` should be {expected}")),
        }
    }

    fn notice(&mut self, origin: &Origin, what: String) {
        self.notices.push(Notice {
            origin: origin.clone(),
            what,
        });
    }
}

/// Why this value may not come from there, if so.
fn untrusted(key: &Key, value: &Value, origin: &Origin) -> Option<String> {
    if *origin != Origin::Editor {
        return None;
    }
    let narrower = match key.name {
        "redact_secrets" => value == &Value::Bool(false),
        "exclude" => DEFAULT_EXCLUDE.iter().any(|glob| {
            !value
                .as_array()
                .is_some_and(|list| list.iter().any(|g| g == glob))
        }),
        _ => key.trust == Trust::UserOnly,
    };
    narrower.then(|| {
        format!(
            "`{}` is not taken from the editor, since a repository can set those; set it in config.toml or as GLOSS_{}",
            key.name,
            key.name.to_uppercase()
        )
    })
}

fn unknown(name: &str) -> String {
    if NOT_YET.contains(&name) {
        return format!("`{name}` is not in force in this version");
    }
    match nearest(name) {
        Some(near) => format!("unknown key `{name}`; did you mean `{near}`?"),
        None => format!("unknown key `{name}`"),
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    super::names()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| known)
}

/// Whether any of these names, in camelCase, is a key of ours.
pub fn knows_any<'a>(keys: impl Iterator<Item = &'a String>) -> bool {
    keys.map(|key| snake_case(key))
        .any(|key| super::names().any(|name| name == key))
}

fn in_snake_case(table: &Map<String, Value>) -> Map<String, Value> {
    table
        .iter()
        .map(|(name, value)| (snake_case(name), value.clone()))
        .collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// `XAI_BASE_URL`, and every key as `GLOSS_` and its name in capitals. Values are read as
/// JSON where they are JSON, so that numbers and lists can be given, else as text.
fn from_environment(environment: &Environment) -> Map<String, Value> {
    let mut table = Map::new();
    if let Some(url) = environment.get("XAI_BASE_URL") {
        table.insert("base_url".into(), Value::String(url.clone()));
    }
    for name in super::names() {
        if let Some(text) = environment.get(&format!("GLOSS_{}", name.to_uppercase())) {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            table.insert(name.into(), value);
        }
    }
    table
}

fn in_one_line(error: &toml::de::Error, text: &str) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    format!("line {line}: {}", error.message().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn layers(toml: &str, editor: Value, environment: &[(&str, &str)]) -> Resolved {
        Layers {
            user_file: Some(("config.toml".into(), toml.into())),
            editor,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            flags: Vec::new(),
        }
        .resolve()
    }

    #[test]
    fn a_higher_layer_wins_key_by_key() {
        let resolved = layers(
            "model = 'a'\nconcurrency = 2\nbase_url = 'http://127.0.0.1:1/v1/'",
            json!({"model": "b"}),
            &[
                ("GLOSS_CONCURRENCY", "7"),
                ("XAI_BASE_URL", "http://127.0.0.1:2/v1"),
            ],
        );
        assert_eq!(resolved.notices, []);
        assert_eq!(resolved.settings.model, "b");
        assert_eq!(resolved.settings.concurrency, 7);
        assert_eq!(resolved.settings.base_url, "http://127.0.0.1:2/v1");
        assert_eq!(resolved.origins.get("model"), Some(&Origin::Editor));
        assert_eq!(resolved.origins.get("base_url"), Some(&Origin::Environment));
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_applies() {
        let check = |toml: &str, editor: Value, notice: &str| {
            let resolved = layers(toml, editor, &[]);
            let said: Vec<_> = resolved.notices.iter().map(ToString::to_string).collect();
            assert_eq!(said, [notice], "{toml}");
        };
        check(
            "modle = 'a'",
            json!({}),
            "config.toml: unknown key `modle`; did you mean `model`?",
        );
        check(
            "zzzzzzzzzzzz = 1",
            json!({}),
            "config.toml: unknown key `zzzzzzzzzzzz`",
        );
        check(
            "concurrency = 0",
            json!([]),
            "config.toml: `concurrency` should be a whole number in range",
        );
        check(
            "temperature = 'hot'",
            json!(null),
            "config.toml: `temperature` should be a number from 0 to 2",
        );
        check(
            "\nmodel = ",
            json!({}),
            "config.toml: line 2: string values must be quoted, expected literal string",
        );
        check(
            "budget = {}",
            json!({}),
            "config.toml: `budget` is not in force in this version",
        );
        check(
            "",
            json!("x"),
            "the editor's settings: expected a map of settings",
        );
    }

    #[test]
    fn the_editor_cannot_move_data_or_the_key() {
        for (name, value) in [
            ("baseUrl", json!("https://evil.example/v1")),
            ("proxy", json!("http://evil.example")),
            ("caFile", json!("/tmp/evil.pem")),
            ("redactSecrets", json!(false)),
            ("exclude", json!([])),
        ] {
            let resolved = layers("", json!({name: value}), &[]);
            assert_eq!(resolved.settings, Settings::default(), "{name}");
            assert_eq!(resolved.notices.len(), 1, "{name}");
        }
        let wider: Vec<_> = DEFAULT_EXCLUDE.iter().copied().chain(["*.sql"]).collect();
        let resolved = layers("", json!({"exclude": wider, "redactSecrets": true}), &[]);
        assert_eq!(resolved.notices, []);
        assert_eq!(resolved.settings.exclude.len(), DEFAULT_EXCLUDE.len() + 1);
    }

    #[test]
    fn an_empty_lua_table_is_an_empty_map() {
        assert_eq!(layers("", json!({"prices": []}), &[]).notices, []);
    }
}
