//! The command that prints the key: a program and its arguments, no shell unless asked for.

use std::fmt;

use serde_json::Value;

use super::keys::Expected;

/// A program and its arguments. What they are is not printed, for a careless one holds a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyCommand {
    pub program: String,
    pub arguments: Vec<String>,
}

const EXPECTED: &str = "a program and its arguments, as [\"pass\", \"show\", \"xai\"] or \"pass show xai\", or { shell = \"…\" }";

impl KeyCommand {
    /// Reads a list of words, a text of words as a shell would split it, or `{ shell = "…" }`. An
    /// empty one is none.
    pub(super) fn read(value: &Value) -> Result<Option<Self>, Expected> {
        let words = match value {
            Value::Null => Vec::new(),
            Value::String(text) => shlex::split(text).ok_or(EXPECTED)?,
            Value::Array(list) => list
                .iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or(EXPECTED)?,
            Value::Object(map) if map.is_empty() => Vec::new(),
            Value::Object(map) => match map.get("shell").and_then(Value::as_str) {
                Some(line) if map.len() == 1 => in_a_shell(line),
                _ => return Err(EXPECTED.into()),
            },
            _ => return Err(EXPECTED.into()),
        };
        let mut words = words.into_iter();
        match words.next() {
            None => Ok(None),
            Some(program) if program.trim().is_empty() => Err(EXPECTED.into()),
            Some(program) => Ok(Some(Self {
                program,
                arguments: words.collect(),
            })),
        }
    }
}

fn in_a_shell(line: &str) -> Vec<String> {
    let [shell, flag] = if cfg!(windows) {
        ["cmd", "/C"]
    } else {
        ["/bin/sh", "-c"]
    };
    [shell, flag, line].map(str::to_owned).to_vec()
}

impl fmt::Debug for KeyCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyCommand({} …)", self.program)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_is_words_and_a_shell_is_asked_for() {
        let check = |value: Value, expected: &[&str]| {
            let found = KeyCommand::read(&value).unwrap().map(|command| {
                let mut words = vec![command.program];
                words.extend(command.arguments);
                words
            });
            let expected = expected.iter().map(|word| (*word).to_owned()).collect();
            let expected = Some(expected).filter(|words: &Vec<_>| !words.is_empty());
            assert_eq!(found, expected, "{value}");
        };
        check(json!(["pass", "show", "x ai"]), &["pass", "show", "x ai"]);
        check(
            json!("pass show 'x ai' | head; $(id)"),
            &["pass", "show", "x ai", "|", "head;", "$(id)"],
        );
        check(json!(""), &[]);
        check(json!([]), &[]);
        check(json!({}), &[]);
        check(json!(null), &[]);
        #[cfg(unix)]
        check(json!({ "shell": "a | b" }), &["/bin/sh", "-c", "a | b"]);
        for wrong in [
            json!(1),
            json!([1]),
            json!("'open"),
            json!([""]),
            json!({ "shel": "a" }),
            json!({ "shell": "a", "b": 1 }),
        ] {
            assert!(KeyCommand::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn its_arguments_are_not_printed() {
        let command = KeyCommand::read(&json!(["echo", "hunter2"])).unwrap();
        assert_eq!(format!("{command:?}"), "Some(KeyCommand(echo …))");
    }
}
