//! The user's own actions: each entry checked, so that a mistake is named where it stands.

use serde_json::{Map, Value, json};

use super::notice::begun;
use crate::prompt::Template;

/// An action that the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAction {
    /// What `gloss.run` and the ledger call it.
    pub name: String,
    /// What the menu calls it.
    pub title: String,
    pub prompt: Template,
    pub outcome: Outcome,
    /// The languages it is offered in, by the editor's names; in all where there is none.
    pub languages: Vec<String>,
    /// The kind of code action, as the protocol has them.
    pub kind: Option<String>,
}

/// What an answer becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Words to read.
    Explain,
    /// New text for the range.
    Edit,
}

/// Kinds that editors are told to run by themselves.
const ON_SAVE: [&str; 2] = ["source.fixAll", "source.organizeImports"];

/// Whether a kind of code action is `above` or below it: kinds form a hierarchy by dots.
pub fn is_kind_below(kind: &str, above: &str) -> bool {
    let rest = kind.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// More would be no menu.
const MOST: usize = 50;
/// How many faults are told at once.
const MOST_NAMED: usize = 5;
const LONGEST_PROMPT: usize = 16 * 1024;
const FIELDS: [&str; 6] = ["kind", "languages", "name", "outcome", "prompt", "title"];

/// What the ledger calls Gloss's own actions.
const TAKEN: [&str; 6] = [
    "alt_text",
    "describe",
    "explain",
    "explain_file",
    "fix",
    "refactor",
];

/// One of them, as a JSON Schema.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": "^[a-z0-9_-]{1,40}$" },
            "title": { "type": "string", "minLength": 1, "maxLength": 80 },
            "prompt": { "type": "string", "minLength": 1, "maxLength": LONGEST_PROMPT },
            "outcome": { "enum": ["explain", "edit"] },
            "languages": { "type": "array", "items": { "type": "string" } },
            "kind": { "type": "string" },
        },
        "required": ["name", "title", "prompt", "outcome"],
        "additionalProperties": false,
    })
}

/// The entries that are right, and in words what is wrong with those that are not.
pub(super) fn own_actions(value: &Value) -> (Vec<OwnAction>, Option<String>) {
    const LIST: &str = "a list of { name, title, prompt, outcome }";
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Object(map) if map.is_empty() => &[],
        Value::Null => &[],
        _ => return (Vec::new(), Some(LIST.into())),
    };
    let mut actions: Vec<OwnAction> = Vec::new();
    let mut faults = Vec::new();
    if list.len() > MOST {
        faults.push(format!("{MOST} at most"));
    }
    for (at, entry) in list.iter().take(MOST).enumerate() {
        let read = own_action(entry).and_then(|action| {
            if actions.iter().any(|known| known.name == action.name) {
                Err(format!("the name `{}` is given twice", action.name))
            } else {
                Ok(action)
            }
        });
        match read {
            Ok(action) => actions.push(action),
            Err(why) => {
                let named = entry.get("name").and_then(Value::as_str);
                let named = named.map_or_else(String::new, |name| format!(" (`{}`)", begun(name)));
                faults.push(format!("entry {}{named}: {why}", at + 1));
            }
        }
    }
    let more = faults.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        faults.truncate(MOST_NAMED);
        faults.push(format!("and {more} more"));
    }
    let fault = (!faults.is_empty()).then(|| format!("{LIST}; {}", faults.join("; ")));
    (actions, fault)
}

fn own_action(entry: &Value) -> Result<OwnAction, String> {
    let entry = entry.as_object().ok_or("it is no map")?;
    if let Some(unknown) = entry.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(unknown_field(unknown));
    }
    let name = required(
        entry,
        "name",
        is_name,
        "lower-case letters, digits, - and _, 40 at most",
    )?;
    if TAKEN.contains(&name.as_str()) {
        return Err(format!("the name `{name}` is Gloss's own; choose another"));
    }
    let title = required(
        entry,
        "title",
        is_title,
        "a text in one line, 80 characters at most",
    )?;
    let prompt = required(entry, "prompt", is_prompt, "a text, 16 KiB at most")?;
    let prompt =
        Template::parse(&prompt).map_err(|unknown| format!("`prompt` has an {unknown}"))?;
    let outcome = match entry.get("outcome") {
        Some(Value::String(text)) if text == "explain" => Outcome::Explain,
        Some(Value::String(text)) if text == "edit" => Outcome::Edit,
        None => return Err("`outcome` is missing: \"explain\" or \"edit\"".into()),
        Some(_) => return Err("`outcome` should be \"explain\" or \"edit\"".into()),
    };
    let kind = match entry.get("kind") {
        None | Some(Value::Null) => None,
        Some(Value::String(kind)) if ON_SAVE.iter().any(|run| is_kind_below(kind, run)) => {
            return Err(format!(
                "`kind` should not be `{kind}`: editors run that by themselves when a file is saved, and each run costs money"
            ));
        }
        Some(Value::String(kind)) if is_kind(kind) => Some(kind.clone()),
        Some(_) => {
            return Err("`kind` should be a kind of code action, like \"refactor.rewrite\"".into());
        }
    };
    Ok(OwnAction {
        name,
        title,
        prompt,
        outcome,
        languages: languages(entry)?,
        kind,
    })
}

fn unknown_field(name: &str) -> String {
    let nearest = FIELDS
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3);
    let name = begun(name);
    match nearest {
        Some((_, known)) => format!("unknown field `{name}`; did you mean `{known}`?"),
        None => format!("unknown field `{name}`"),
    }
}

fn required(
    entry: &Map<String, Value>,
    field: &str,
    fits: fn(&str) -> bool,
    expected: &str,
) -> Result<String, String> {
    match entry.get(field) {
        None | Some(Value::Null) => Err(format!("`{field}` is missing: {expected}")),
        Some(Value::String(text)) if fits(text.trim()) => Ok(text.trim().to_owned()),
        Some(_) => Err(format!("`{field}` should be {expected}")),
    }
}

fn languages(entry: &Map<String, Value>) -> Result<Vec<String>, String> {
    const LIST: &str = "`languages` should be a list like [\"rust\", \"python\"]";
    match entry.get("languages") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(map)) if map.is_empty() => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|item| item.as_str().map(str::to_owned).ok_or(LIST.to_owned()))
            .collect(),
        Some(_) => Err(LIST.into()),
    }
}

fn is_name(text: &str) -> bool {
    let may_stand = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    (1..=40).contains(&text.len()) && text.bytes().all(may_stand)
}

fn is_title(text: &str) -> bool {
    (1..=80).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

fn is_prompt(text: &str) -> bool {
    (1..=LONGEST_PROMPT).contains(&text.len())
}

fn is_kind(text: &str) -> bool {
    (1..=80).contains(&text.len())
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_the_rest_applies() {
        let good =
            json!({ "name": "tidy", "title": "Tidy", "prompt": "Tidy {file}", "outcome": "edit" });
        let check = |with: Value, fault: Option<&str>| {
            let mut entry = json!({ "name": "own", "title": "Own", "prompt": "Do {selection}", "outcome": "explain" });
            for (key, value) in with.as_object().unwrap() {
                entry[key] = value.clone();
            }
            let (actions, found) = own_actions(&json!([good, entry]));
            let expected = fault.map(|fault| {
                format!("a list of {{ name, title, prompt, outcome }}; entry 2 {fault}")
            });
            assert_eq!(found, expected);
            assert_eq!(actions.len(), if fault.is_some() { 1 } else { 2 }, "{with}");
        };
        check(json!({}), None);
        check(json!({ "kind": "source.own", "languages": ["rust"] }), None);
        check(json!({ "languages": {} }), None);
        check(json!({ "kind": "source.fixAllOfMine" }), None);
        check(
            json!({ "kind": "source.fixAll.own" }),
            Some(
                "(`own`): `kind` should not be `source.fixAll.own`: editors run that by themselves when a file is saved, and each run costs money",
            ),
        );
        check(
            json!({ "outcom": "edit" }),
            Some("(`own`): unknown field `outcom`; did you mean `outcome`?"),
        );
        check(
            json!({ "outcome": "replace" }),
            Some("(`own`): `outcome` should be \"explain\" or \"edit\""),
        );
        check(
            json!({ "prompt": "{selecton}" }),
            Some(
                "(`own`): `prompt` has an unknown placeholder {selecton}; did you mean {selection}?",
            ),
        );
        check(
            json!({ "name": "fix" }),
            Some("(`fix`): the name `fix` is Gloss's own; choose another"),
        );
        check(
            json!({ "name": "tidy" }),
            Some("(`tidy`): the name `tidy` is given twice"),
        );
        check(
            json!({ "title": null }),
            Some("(`own`): `title` is missing: a text in one line, 80 characters at most"),
        );
        check(
            json!({ "kind": "a..b" }),
            Some("(`own`): `kind` should be a kind of code action, like \"refactor.rewrite\""),
        );
    }

    #[test]
    fn all_entries_that_are_wrong_are_named() {
        let wrong = |name: &str| json!({ "name": name });
        let told = |names: &[&str]| {
            let list: Vec<Value> = names.iter().copied().map(wrong).collect();
            own_actions(&Value::Array(list)).1.unwrap()
        };
        let two = told(&["one", "two"]);
        assert!(two.contains("entry 1 (`one`): `title` is missing"), "{two}");
        assert!(
            two.contains("; entry 2 (`two`): `title` is missing"),
            "{two}"
        );
        let many = told(&["a"; 9]);
        assert!(
            many.contains("entry 5") && !many.contains("entry 6"),
            "{many}"
        );
        assert!(many.ends_with("; and 4 more"), "{many}");
    }

    #[test]
    fn a_list_is_wanted() {
        assert_eq!(own_actions(&json!({})), (Vec::new(), None));
        assert_eq!(own_actions(&json!([])), (Vec::new(), None));
        assert!(own_actions(&json!("tidy")).1.is_some());
        assert!(own_actions(&json!(["tidy"])).1.is_some());
        assert!(own_actions(&Value::Array(vec![json!({}); 51])).1.is_some());
    }
}
