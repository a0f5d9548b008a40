//! `gloss usage`: the ledger for people and for scripts.

mod csv;
mod html;
mod prune;
mod since;
mod table;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::store::{By, Key, Query, Report, Store};
use crate::text::visible_lines;

pub use prune::PruneArgs;

/// What requests were made, and what they cost
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UsageArgs {
    #[command(subcommand)]
    pub command: Option<UsageCommand>,
    /// Only this workspace and those below it
    #[arg(long, value_name = "PATH")]
    pub workspace: Option<PathBuf>,
    /// Only requests since then: 24h, 7d, 4w, or a date such as 2026-01-31
    #[arg(long, value_name = "WHEN", value_parser = since::since, allow_hyphen_values = true)]
    pub since: Option<Timestamp>,
    /// What makes one line
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Clone, Debug, clap::Subcommand)]
pub enum UsageCommand {
    /// Deletes old requests from the ledger, for good
    Prune(PruneArgs),
}

impl UsageArgs {
    /// The requests of one workspace, as a table.
    pub fn by_request(workspace: &Path) -> Self {
        Self {
            command: None,
            workspace: Some(workspace.to_path_buf()),
            since: None,
            by: By::Request,
            format: Format::Table,
        }
    }
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned, for reading
    #[default]
    Table,
    /// For scripts
    Json,
    /// For spreadsheets; without the line of totals
    Csv,
    /// One self-contained page with charts
    Html,
}

impl ValueEnum for By {
    fn value_variants<'a>() -> &'a [By] {
        &[By::Workspace, By::Day, By::Model, By::Action, By::Request]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            By::Workspace => "workspace",
            By::Day => "day",
            By::Model => "model",
            By::Action => "action",
            By::Request => "request",
        }))
    }
}

/// Prints the ledger. Only the table has styles: `out` drops them where they have no place. It is
/// kept within `room`, in columns, where that is known.
///
/// # Errors
/// When the ledger cannot be read, the workspace is neither there nor in the
/// ledger, or `out` fails.
pub fn run(
    args: UsageArgs,
    store: &Store,
    out: &mut dyn Write,
    room: Option<usize>,
) -> anyhow::Result<()> {
    if let Some(UsageCommand::Prune(args)) = &args.command {
        return prune::run(args, store, out);
    }
    let query = Query {
        workspace: args.workspace.as_deref().map(canonical).transpose()?,
        since: args.since,
        by: args.by,
    };
    let report = store.usage(&query)?;
    if report.rows.is_empty() {
        check_workspace(&query, store)?;
    }
    // What is printed comes in small pieces, and there may be hundreds of thousands.
    let mut out = BufWriter::new(out);
    match args.format {
        Format::Table if report.rows.is_empty() => write!(out, "{}", nothing(&query, store)?)?,
        Format::Table => write!(
            out,
            "{}",
            table::text(&report, query.by, &TimeZone::system(), room)
        )?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &report).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Csv => write!(out, "{}", csv::text(&report, query.by)?)?,
        Format::Html => write!(out, "{}", page(&report, &query, store)?)?,
    }
    Ok(out.flush()?)
}

fn page(report: &Report, query: &Query, store: &Store) -> anyhow::Result<String> {
    Ok(html::page(
        &scope(query),
        report,
        query.by,
        &store.overview(query)?,
        &TimeZone::system(),
    ))
}

/// The path as the ledger has it. A workspace may be gone and still be in the ledger.
fn canonical(path: &Path) -> anyhow::Result<PathBuf> {
    match path.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => Ok(std::path::absolute(path)?),
    }
}

/// Fails for a workspace that is neither on the disk nor in the ledger.
fn check_workspace(query: &Query, store: &Store) -> anyhow::Result<()> {
    let Some(workspace) = query.workspace.as_deref().filter(|path| !path.exists()) else {
        return Ok(());
    };
    let whole = Query {
        since: None,
        ..query.clone()
    };
    if store.usage(&whole)?.rows.is_empty() {
        anyhow::bail!(
            "there is no folder {}, and the ledger knows none: {}",
            workspace.display(),
            advice(workspace, store)?
        );
    }
    Ok(())
}

/// What a person reads instead of an empty table.
fn nothing(query: &Query, store: &Store) -> anyhow::Result<String> {
    let words = match (&query.workspace, query.since) {
        (None, None) => format!(
            "The ledger is empty: no request was made yet.\n\
             Make one with `gloss explain FILE`, or by an action in your editor, and it is listed here.\n{}",
            store
                .path()
                .map(|path| format!("({})\n", path.display()))
                .unwrap_or_default()
        ),
        (None, Some(_)) => {
            format!(
                "{}: none.\n`gloss usage` without --since lists all.\n",
                scope(query)
            )
        }
        (Some(workspace), _) => {
            format!(
                "{}: none.\n{}\n",
                scope(query),
                capitalised(&advice(workspace, store)?)
            )
        }
    };
    Ok(visible_lines(&words).into_owned())
}

/// Which workspaces one may have meant.
fn advice(workspace: &Path, store: &Store) -> anyhow::Result<String> {
    const SHOWN: usize = 5;
    let known: Vec<String> = store
        .usage(&Query::default())?
        .rows
        .into_iter()
        .filter_map(|line| match line.key {
            Key::Workspace(workspace) => Some(workspace),
            _ => None,
        })
        .collect();
    let around = known.iter().filter(|known| workspace.starts_with(known));
    Ok(
        match (around.max_by_key(|known| known.len()), known.len()) {
            (Some(around), _) => format!("it belongs to the workspace {around}"),
            (None, 0) => "the ledger is empty".into(),
            (None, count) => {
                let names: Vec<&str> = known.iter().take(SHOWN).map(String::as_str).collect();
                let more = if count > SHOWN { ", …" } else { "" };
                format!("the ledger has {}{more}", names.join(", "))
            }
        },
    )
}

fn capitalised(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// `Requests in /w since 2026-01-31 00:00`
fn scope(query: &Query) -> String {
    let inside = query
        .workspace
        .as_ref()
        .map(|path| format!(" in {}", path.display()));
    let since = query.since.map(|since| {
        format!(
            " since {}",
            since
                .to_zoned(TimeZone::system())
                .strftime("%Y-%m-%d %H:%M")
        )
    });
    if inside.is_none() && since.is_none() {
        return "All requests".into();
    }
    format!(
        "Requests{}{}",
        inside.unwrap_or_default(),
        since.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tempfile::TempDir;

    use crate::store::{Row, Status};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        usage: UsageArgs,
    }

    fn args(line: &[&str]) -> UsageArgs {
        Line::try_parse_from([&["usage"], line].concat())
            .unwrap()
            .usage
    }

    fn store() -> (TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("data"));
        (folder, store)
    }

    fn printed(line: &[&str], store: &Store) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(args(line), store, &mut out, None)?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn record(store: &Store, workspace: &Path, time: Timestamp) {
        store.record(Row {
            time,
            workspace: workspace.to_str().unwrap().into(),
            action: "explain".into(),
            model: "grok-4.3".into(),
            status: Status::Ok,
            total_tokens: 1_234,
            cost_ticks: Some(5_000_000_000),
            ..Row::default()
        });
    }

    #[test]
    fn wrong_arguments_are_wrong_usage() {
        for line in [
            ["--since", "2999-01-01"],
            ["--since", "soon"],
            ["--by", "moon"],
            ["--format", "pdf"],
        ] {
            let error = Line::try_parse_from([&["usage"], &line[..]].concat()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
        }
    }

    #[test]
    fn an_empty_ledger_says_what_to_do() {
        let (_folder, store) = store();
        let text = printed(&[], &store).unwrap();
        assert!(
            text.contains("empty") && text.contains("gloss explain FILE"),
            "{text}"
        );
        let json: serde_json::Value =
            serde_json::from_str(&printed(&["--format", "json"], &store).unwrap()).unwrap();
        assert_eq!(
            (&json["rows"], &json["total"]["requests"]),
            (&serde_json::json!([]), &0.into())
        );
        let csv = printed(&["--format", "csv", "--by", "model"], &store).unwrap();
        assert!(
            csv.starts_with("model,requests,from_store,errors,prompt_tokens"),
            "{csv}"
        );
        assert_eq!(csv.lines().count(), 1);
        assert!(
            printed(&["--format", "html"], &store)
                .unwrap()
                .ends_with("</html>\n")
        );
    }

    #[test]
    fn a_workspace_is_found_by_any_name_for_it() {
        let (folder, store) = store();
        let workspace = folder.path().join("w");
        std::fs::create_dir_all(workspace.join("src")).unwrap();
        record(&store, &workspace.canonicalize().unwrap(), Timestamp::now());
        for name in ["w", "w/", "w/src/..", "."] {
            let path = folder.path().join(name);
            let text = printed(&["--workspace", path.to_str().unwrap()], &store).unwrap();
            assert!(text.contains("1,234"), "{name}: {text}");
        }
    }

    #[test]
    fn a_workspace_without_requests_names_those_that_have_some() {
        let (folder, store) = store();
        let root = folder.path().canonicalize().unwrap();
        let workspace = root.join("w");
        std::fs::create_dir_all(workspace.join("src")).unwrap();
        std::fs::create_dir_all(root.join("other")).unwrap();
        record(&store, &workspace, Timestamp::now());
        let ask = |name: &str| printed(&["--workspace", root.join(name).to_str().unwrap()], &store);
        let text = ask("other").unwrap();
        assert!(
            text.contains(&format!("The ledger has {}", workspace.display())),
            "{text}"
        );
        let text = ask("w/src").unwrap();
        assert!(
            text.contains(&format!("belongs to the workspace {}", workspace.display())),
            "{text}"
        );
        let error = ask("nowhere").unwrap_err().to_string();
        assert!(
            error.contains("no folder") && error.contains("the ledger has"),
            "{error}"
        );
    }

    #[test]
    fn a_workspace_that_is_gone_can_still_be_asked_for() {
        let (folder, store) = store();
        let gone = folder.path().join("gone");
        record(&store, &gone, "2020-01-01T00:00:00Z".parse().unwrap());
        let line = ["--workspace", gone.to_str().unwrap()];
        assert!(printed(&line, &store).unwrap().contains("1,234"));
        let text = printed(&[&line[..], &["--since", "1d"]].concat(), &store).unwrap();
        assert!(text.contains("none"), "{text}");
    }

    /// Counts how often it is written to.
    struct Counting(usize);

    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn many_rows_are_printed_in_few_writes() {
        let (folder, store) = store();
        for _ in 0..100 {
            record(&store, folder.path(), Timestamp::now());
        }
        for format in ["table", "json", "csv", "html"] {
            let mut out = Counting(0);
            let line = ["--by", "request", "--format", format];
            run(args(&line), &store, &mut out, None).unwrap();
            assert!(out.0 < 30, "{format}: {} writes", out.0);
        }
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_an_error_with_what_to_do() {
        let error = printed(&[], &Store::new(None)).unwrap_err();
        assert!(error.to_string().contains("GLOSS_DATA_DIR"), "{error}");
    }
}
