//! `gloss notes`: the notes in the margin, exported or deleted.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{face, output};
use crate::answer::{code_span, escaped, named};
use crate::engine::{Listed, Place, listed};
use crate::llm::models::dollars;
use crate::store::{Store, data_folder};
use crate::text::{Encoding, position, visible, visible_lines};

/// The notes in the margin: what was explained, and whether it still holds
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct NotesArgs {
    #[command(subcommand)]
    pub command: Option<NotesCommand>,
    /// Only those of this workspace
    #[arg(long, value_name = "PATH")]
    pub workspace: Option<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum NotesCommand {
    /// Deletes all notes of a workspace, for good
    Clear(ClearArgs),
}

/// Whose notes to delete
#[derive(Clone, Debug, clap::Args)]
pub struct ClearArgs {
    /// The workspace; that of the working directory when not given
    #[arg(long, value_name = "PATH")]
    pub workspace: Option<PathBuf>,
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
}

/// How notes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A document, by workspace and file
    #[default]
    Markdown,
    /// [{"uri", "range", "summary", "markdown", "stale", "time", "workspace", "file", "action",
    /// "model", "cost_usd"}]; lines and characters count from 0, characters in UTF-16
    Json,
}

pub fn run(arguments: &NotesArgs) -> anyhow::Result<u8> {
    let store = Store::new(data_folder());
    let mut out = output::plain();
    let done = match &arguments.command {
        Some(NotesCommand::Clear(clear)) => self::clear(clear, &store, &mut out),
        None => show(arguments, &store, &mut out),
    };
    face::say_notices(&store);
    done.map(|()| 0)
}

fn show(arguments: &NotesArgs, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    let workspace = arguments.workspace.as_deref().map(canonical).transpose()?;
    let notes = store.notes(workspace.clone()).wait()?;
    let listed = listed(notes, &|_| None);
    let mut out = BufWriter::new(out);
    match arguments.format {
        Format::Json => {
            let all: Vec<_> = listed.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut out, &all).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Markdown if listed.is_empty() => {
            let place =
                workspace.map_or_else(String::new, |path| format!(" on {}", visible(&path)));
            writeln!(
                out,
                "There are no notes{place} yet. Explain something in your editor, or by `gloss explain FILE:LINE`."
            )?;
        }
        Format::Markdown => write!(out, "{}", as_markdown(&listed))?,
    }
    Ok(out.flush()?)
}

fn as_json(listed: &Listed) -> Value {
    let at = |offset| {
        let at = position(&listed.text, offset, Encoding::Utf16);
        json!({ "line": at.line, "character": at.character })
    };
    let note = &listed.note;
    json!({
        "uri": url::Url::from_file_path(&listed.path).map_or_else(|()| String::new(), String::from),
        "range": { "start": at(listed.range.start), "end": at(listed.range.end) },
        "summary": note.summary,
        "markdown": note.markdown,
        "stale": listed.stale,
        "time": note.time.to_string(),
        "workspace": note.workspace,
        "file": note.file,
        "action": note.action,
        "model": note.model,
        "cost_usd": note.cost_ticks.map(dollars),
    })
}

fn as_markdown(listed: &[Listed]) -> String {
    let mut text = String::new();
    let (mut workspace, mut file) = ("", "");
    for entry in listed {
        let note = &entry.note;
        if note.workspace != workspace {
            text.push_str(&format!("# Notes on {}\n\n", named(&note.workspace)));
            (workspace, file) = (&note.workspace, "");
        }
        if note.file != file {
            text.push_str(&format!("## {}\n\n", named(&note.file)));
            file = &note.file;
        }
        let line = crate::text::line_of(&entry.text, entry.range.start) + 1;
        let what = match (&note.anchor.part, entry.range.is_empty()) {
            (_, true) => "No longer found".to_owned(),
            (None, false) => format!("Line {line}"),
            (Some(_), false) => format!("From line {line} on"),
        };
        let symbol = match note.anchor.symbol.as_str() {
            "" => String::new(),
            symbol => format!(", {}", code_span(symbol)),
        };
        let stale = if entry.stale { " (stale)" } else { "" };
        let cost = note
            .cost_ticks
            .map_or_else(String::new, |ticks| format!(", ${:.4}", dollars(ticks)));
        text.push_str(&format!(
            "### {what}{symbol}{stale}\n\n{}\n\n*{}{cost}, {}*\n\n",
            visible_lines(note.markdown.trim()),
            escaped(&note.model),
            note.time.strftime("%Y-%m-%d %H:%M UTC"),
        ));
    }
    text
}

fn clear(arguments: &ClearArgs, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    let workspace = match &arguments.workspace {
        Some(path) => canonical(path)?,
        // As of a file that stood there.
        None => Place::of(&std::env::current_dir()?.join("x"), &[])
            .workspace
            .display()
            .to_string(),
    };
    let count = store.notes(Some(workspace.clone())).wait()?.len();
    let what = match count {
        1 => format!("1 note on {}", visible(&workspace)),
        _ => format!("{count} notes on {}", visible(&workspace)),
    };
    if count == 0 {
        writeln!(out, "Nothing to delete: there are {what}.")?;
        return Ok(out.flush()?);
    }
    if !arguments.yes && !face::agreed(&format!("delete {what} for good"))? {
        writeln!(out, "Nothing was deleted.")?;
        return Ok(out.flush()?);
    }
    store.forget_workspace(workspace).wait()?;
    writeln!(out, "Deleted {what}.")?;
    Ok(out.flush()?)
}

/// The path as the store has it. A workspace may be gone and still have notes.
fn canonical(path: &Path) -> anyhow::Result<String> {
    let path = match path.canonicalize() {
        Ok(path) => path,
        Err(_) => std::path::absolute(path)?,
    };
    Ok(path.display().to_string())
}
