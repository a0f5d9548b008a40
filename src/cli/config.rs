//! `gloss config`: what is in force and where it came from, the files that count, the schema.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};
use url::Url;

use super::arguments::{ConfigArgs, ConfigCommand, Shown};
use super::{columns, face, output};
use crate::config::{self, ConfigFile, Content, Layer, Layers, Origin, Resolved};
use crate::engine::workspace_of;

/// The longest value in a table, in characters.
const LONGEST_VALUE: usize = 48;

pub fn run(arguments: ConfigArgs) -> anyhow::Result<u8> {
    let mut out = output::plain();
    match arguments.command {
        ConfigCommand::Schema => {
            writeln!(out, "{}", serde_json::to_string_pretty(&config::schema())?)?;
        }
        ConfigCommand::Path { workspace } => {
            let workspace = root(workspace.as_deref())?;
            columns::write(&mut out, &files(&face::layers(Vec::new()), &workspace))?;
        }
        ConfigCommand::Show { format, workspace } => {
            let workspace = root(workspace.as_deref())?;
            let own = ConfigFile::of_workspace(&workspace);
            let resolved = face::layers(Vec::new()).resolve_in(&own);
            match format {
                Shown::Json => {
                    let report = to_json(&workspace, &resolved);
                    writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
                }
                Shown::Table => {
                    columns::write(&mut out, &rows(&resolved))?;
                    writeln!(out, "\nWorkspace: {}", workspace.display())?;
                    if !resolved.notices.is_empty() {
                        writeln!(out, "\nIgnored, or wrong:")?;
                    }
                    for notice in &resolved.notices {
                        writeln!(out, "  {}", crate::text::visible(&notice.to_string()))?;
                    }
                }
            }
        }
    }
    out.flush()?;
    Ok(0)
}

/// The workspace that is named, else the one of the working directory.
fn root(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(named) = named else {
        let here = std::env::current_dir()?;
        return Ok(workspace_of(&here.join("file"), &[]));
    };
    let path = named
        .canonicalize()
        .with_context(|| format!("{} cannot be read", named.display()))?;
    Ok(if path.is_dir() {
        path
    } else {
        workspace_of(&path, &[])
    })
}

fn files(layers: &Layers, workspace: &Path) -> Vec<Vec<String>> {
    let row = |layer: Layer, file: &ConfigFile| {
        let state = match &file.content {
            Content::Absent => "not there".to_owned(),
            Content::Text(_) => "read".to_owned(),
            Content::Refused(why) | Content::Unreadable(why) => why.clone(),
        };
        vec![layer.name().into(), file.path.display().to_string(), state]
    };
    vec![
        row(Layer::UserFile, &layers.user_file),
        row(Layer::Repository, &ConfigFile::of_workspace(workspace)),
        row(Layer::Policy, &layers.policy),
    ]
}

fn rows(resolved: &Resolved) -> Vec<Vec<String>> {
    let head = ["Key", "Value", "From"].map(str::to_owned).to_vec();
    let row = |name: &'static str| {
        let value = value(resolved, name);
        let from: Vec<_> = origins(resolved, name)
            .iter()
            .map(ToString::to_string)
            .collect();
        vec![name.to_owned(), in_a_cell(&value), from.join(", ")]
    };
    std::iter::once(head)
        .chain(config::names().map(row))
        .collect()
}

fn to_json(workspace: &Path, resolved: &Resolved) -> Value {
    let settings: Vec<_> = config::names()
        .map(|name| {
            let origins = origins(resolved, name);
            json!({
                "key": name,
                "value": value(resolved, name),
                "origin": origins.first().map(Origin::to_json),
                "joined": origins.iter().skip(1).map(Origin::to_json).collect::<Vec<_>>(),
                "locked": origins.iter().any(|origin| origin.layer == Layer::Policy),
            })
        })
        .collect();
    let ignored: Vec<_> = resolved
        .notices
        .iter()
        .map(|notice| json!({ "key": notice.key, "origin": notice.origin.to_json(), "why": notice.what }))
        .collect();
    json!({
        "workspace": workspace,
        "settings": settings,
        "ignored": ignored,
        "blocked": resolved.settings.blocked,
    })
}

/// The value in force; null for what is not set.
fn value(resolved: &Resolved, name: &str) -> Value {
    let given = resolved.values.get(name).cloned();
    without_password(given.or_else(|| config::built_in(name)).unwrap_or_default())
}

fn origins(resolved: &Resolved, name: &str) -> Vec<Origin> {
    let found = resolved.origins.get(name).cloned();
    found.unwrap_or_else(|| vec![Origin::BUILT_IN])
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

fn in_a_cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    let head: String = text.chars().take(LONGEST_VALUE - 1).collect();
    format!("{head}…")
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
}
