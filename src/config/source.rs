//! What a source says, as entries that know their place: from TOML, from JSON, from variables.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::names;
use super::origin::{Layer, Origin, Place};
use crate::llm::{Key, UnfitKey};

/// The process's environment as a plain value, read once at start; the key apart from the rest, in
/// a type that is not printed.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    key: Option<Result<Key, UnfitKey>>,
}

/// The variable that holds the key.
const KEY: &str = "XAI_API_KEY";

impl Environment {
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a variable; never the key's.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// What `XAI_API_KEY` holds, if it is there.
    pub fn key(&self) -> Option<&Result<Key, UnfitKey>> {
        self.key.as_ref()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        let mut variables: BTreeMap<_, _> = variables.into_iter().collect();
        let key = variables.remove(KEY).map(|text| Key::new(&text));
        Self { variables, key }
    }
}

impl<const N: usize> From<[(String, String); N]> for Environment {
    fn from(variables: [(String, String); N]) -> Self {
        variables.into_iter().collect()
    }
}

/// Other variables hold secrets, too, so names alone are printed.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// What a source says about one key.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub value: Value,
    pub origin: Origin,
}

/// What is wrong with a source where it cannot be read as entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub origin: Origin,
    pub what: String,
}

/// The entries of a file, and every error of its syntax. What stands on a line with an error is
/// not taken.
pub(super) fn from_toml(layer: Layer, path: &Path, text: &str) -> (Vec<Entry>, Vec<Fault>) {
    let lines = Lines { text };
    let at = |line| Origin {
        layer,
        place: Place::Line(path.to_path_buf(), line),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: BTreeMap<usize, String> = BTreeMap::new();
    for error in &errors {
        let line = error.span().map_or(1, |span| lines.of(&span));
        faults
            .entry(line)
            .or_insert_with(|| error.message().replace('\n', " "));
    }
    let mut entries = Vec::new();
    for (name, value) in table.into_inner() {
        let line = lines.of(&name.span());
        if faults.contains_key(&line) {
            continue;
        }
        match plain(value) {
            Ok(value) => entries.push((line, name.into_inner().into_owned(), value)),
            Err(what) => {
                faults.entry(line).or_insert(what);
            }
        }
    }
    entries.sort_by_key(|(line, ..)| *line);
    let entries = entries.into_iter().map(|(line, name, value)| Entry {
        name,
        value,
        origin: at(line),
    });
    let faults = faults.into_iter().map(|(line, what)| Fault {
        origin: at(line),
        what,
    });
    (entries.collect(), faults.collect())
}

fn plain(value: Spanned<DeValue<'_>>) -> Result<Value, String> {
    Value::deserialize(ValueDeserializer::from(value))
        .map_err(|error| error.message().replace('\n', " "))
}

struct Lines<'a> {
    text: &'a str,
}

impl Lines<'_> {
    /// The line on which a span begins, counted from 1.
    fn of(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or_default();
        1 + before.matches('\n').count()
    }
}

/// The entries of the editor's settings. A null is a setting that is not set.
pub(super) fn from_editor(settings: &Value) -> Result<Vec<Entry>, Fault> {
    let origin = Origin::whole(Layer::Editor);
    let entry = |(name, value): (&String, &Value)| Entry {
        name: snake_case(name),
        value: value.clone(),
        origin: origin.clone(),
    };
    match settings {
        Value::Object(table) => {
            let set = table.iter().filter(|(_, value)| !value.is_null());
            Ok(set.map(entry).collect())
        }
        Value::Null => Ok(Vec::new()),
        // Lua cannot tell an empty map from an empty list.
        Value::Array(list) if list.is_empty() => Ok(Vec::new()),
        _ => Err(Fault {
            origin,
            what: "expected a map of settings".into(),
        }),
    }
}

/// Whether any of these names, in camelCase, is a key of ours.
pub fn knows_any<'a>(keys: impl Iterator<Item = &'a String>) -> bool {
    keys.map(|key| snake_case(key))
        .any(|key| names().any(|name| name == key))
}

pub(super) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// `XAI_BASE_URL`, and `GLOSS_` and a name in capitals for every key. Values are read as JSON where
/// they are JSON, so that numbers and lists can be given, else as text. An empty variable is how
/// a shell unsets one for a single command.
pub(super) fn from_environment(environment: &Environment) -> Vec<Entry> {
    const NO_KEYS: [&str; 2] = ["data_dir", "log"];
    let own = environment.variables.iter().filter_map(|(variable, text)| {
        let name = match variable.strip_prefix("GLOSS_") {
            Some(name) => name.to_lowercase(),
            None if variable == "XAI_BASE_URL" => "base_url".to_owned(),
            None => return None,
        };
        let is_meant = !text.trim().is_empty() && !NO_KEYS.contains(&name.as_str());
        is_meant.then(|| Entry {
            value: if variable == "XAI_BASE_URL" {
                Value::String(text.clone())
            } else {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()))
            },
            name,
            origin: Origin::variable(variable),
        })
    });
    let mut entries: Vec<_> = own.collect();
    // The one that is Gloss's own lies above the one that others read as well.
    entries.sort_by_key(|entry| entry.origin.place != Place::Named("XAI_BASE_URL".into()));
    entries
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_know_their_line_and_every_error_is_told() {
        let text = "# mine\nmodel = 'a'\n\nexclude = [\n  'x',\n]\ntemperature = \nconcurrency = 4\n[[actions]]\nname = 'n'\n\n[prices.m]\ninput = 1\nhover_images = oops\n";
        let (entries, faults) = from_toml(Layer::UserFile, Path::new("c.toml"), text);
        let told: Vec<_> = entries
            .iter()
            .map(|entry| format!("{} {} {}", entry.origin, entry.name, entry.value))
            .collect();
        assert_eq!(
            told[..3],
            [
                r#"c.toml:2 model "a""#,
                r#"c.toml:4 exclude ["x"]"#,
                "c.toml:8 concurrency 4"
            ]
        );
        assert_eq!(told[3], r#"c.toml:9 actions [{"name":"n"}]"#);
        let faults: Vec<_> = faults.iter().map(|f| f.origin.to_string()).collect();
        assert_eq!(faults, ["c.toml:7", "c.toml:14"]);
    }

    #[test]
    fn names_are_ours_and_a_null_sets_nothing() {
        let settings = json!({ "maxPromptTokens": 1, "model": null, "prices": { "myModel": 1 } });
        let entries = from_editor(&settings).unwrap();
        let told: Vec<_> = entries
            .iter()
            .map(|entry| format!("{} {}", entry.name, entry.value))
            .collect();
        assert_eq!(told, ["max_prompt_tokens 1", r#"prices {"myModel":1}"#]);
        assert!(from_editor(&json!([])).unwrap().is_empty());
        assert!(from_editor(&json!("x")).is_err());
    }
}
