//! `gloss config`: what is in force and where it came from, the files that count, the schema.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::arguments::{ConfigArgs, ConfigCommand, Shown};
use super::{columns, face, output};
use crate::config::{self, ConfigFile, Content, Layer, Layers, Resolved};
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
                    let report = resolved.to_json(Some(&workspace));
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
pub fn root(named: Option<&Path>) -> anyhow::Result<PathBuf> {
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

pub fn rows(resolved: &Resolved) -> Vec<Vec<String>> {
    let head = ["Key", "Value", "From"].map(str::to_owned).to_vec();
    let row = |name: &'static str| {
        let value = resolved.shown(name);
        let from: Vec<_> = resolved
            .origins_of(name)
            .iter()
            .map(ToString::to_string)
            .collect();
        vec![name.to_owned(), in_a_cell(&value), from.join(", ")]
    };
    std::iter::once(head)
        .chain(config::names().map(row))
        .collect()
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
