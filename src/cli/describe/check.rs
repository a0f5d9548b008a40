//! `gloss describe --check`: what is wrong with image links, asking nobody.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ropey::Rope;
use serde::Serialize;

use super::counted;
use super::documents::{self, Document};
use crate::cli::arguments::{CheckFormat, DescribeArgs};
use crate::cli::{face, output};
use crate::engine::Engine;
use crate::image::{self, Hints, Problem};
use crate::text::{self, Encoding, visible};

/// What is wrong at a place of a document.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row {
    path: String,
    /// From 1.
    line: u32,
    /// From 1, in characters.
    column: u32,
    end_line: u32,
    end_column: u32,
    code: &'static str,
    message: String,
    target: String,
}

/// What a document or a folder of them came to.
#[derive(Debug, Default)]
struct Tally {
    documents: usize,
    images: usize,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Row],
    documents: usize,
    images: usize,
}

/// Checks every target; the exit code is 1 if anything is wrong, or could not be looked at.
pub fn run(engine: &Engine, arguments: &DescribeArgs) -> anyhow::Result<u8> {
    let mut tally = Tally::default();
    let mut is_whole = true;
    let run = Run {
        engine,
        arguments,
        engines: Mutex::default(),
        documents: Mutex::default(),
    };
    for target in &arguments.targets {
        match run.check(target) {
            Ok((found, is_all)) => {
                tally.add(found);
                is_whole &= is_all;
            }
            Err(error) => {
                face::say_error(&error);
                is_whole = false;
            }
        }
    }
    tally.rows.sort();
    print(&tally, arguments.format.unwrap_or_default())?;
    face::note(&tally.in_words());
    Ok(u8::from(!is_whole || !tally.rows.is_empty()))
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.images += other.images;
        self.rows.extend(other.rows);
    }

    fn in_words(&self) -> String {
        let count = |problem: &str| self.rows.iter().filter(|row| row.code == problem).count();
        let missing = |what: &str, code| match count(code) {
            0 => format!("no {what} is missing"),
            1 => format!("1 {what} is missing"),
            many => format!("{many} {what}s are missing"),
        };
        format!(
            "{} in {}: {}, {}.",
            counted(self.images, "image link"),
            counted(self.documents, "document"),
            missing("file", Problem::MissingFile(String::new()).code()),
            missing(
                "alternative text",
                Problem::MissingAlt(String::new()).code()
            ),
        )
    }
}

/// What one run has met so far.
struct Run<'a> {
    engine: &'a Engine,
    arguments: &'a DescribeArgs,
    /// By the settings of each workspace.
    engines: Mutex<HashMap<PathBuf, Engine>>,
    /// A document may be named twice, by itself and by its folder.
    documents: Mutex<HashSet<PathBuf>>,
}

impl Run<'_> {
    fn is_new(&self, document: &Document) -> bool {
        let mut known = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = document.canonical.clone();
        path.is_none_or(|path| known.insert(path))
    }

    fn engine_in(&self, workspace: &Path) -> Engine {
        let mut known = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let engine = known.entry(workspace.to_path_buf());
        let ask = &self.arguments.ask;
        let resolved = || face::engine_in(self.engine, ask, "vision_model", workspace);
        engine.or_insert_with(resolved).clone()
    }

    /// What a target came to, and whether all of it could be looked at.
    fn check(&self, target: &OsString) -> anyhow::Result<(Tally, bool)> {
        let tally = Mutex::new(Tally::default());
        let is_all = documents::each(Path::new(target), &|document| {
            if self.is_new(&document) {
                let found = found(&self.engine_in(&document.workspace), &document);
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.add(found);
            }
        })?;
        let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((tally, is_all))
    }
}

fn found(engine: &Engine, document: &Document) -> Tally {
    let text = &document.text;
    let links = image::links(document.markup, text);
    let roots: [PathBuf; 1] = [document.workspace.clone()];
    let is_excluded = |path: &Path| engine.excludes_file(path, &roots);
    let hints = Hints::of(document.markup, || text.clone());
    let path_of_it = document.canonical.as_deref();
    let findings = image::check(&links, path_of_it, &roots, &hints, &is_excluded);
    // Lines as editors count them; only where there is something to say.
    let rope = Rope::from_str(if findings.is_empty() { "" } else { text });
    let at = |offset| text::position(&rope, offset, Encoding::Utf32);
    let shown = document.path.display().to_string();
    let rows = findings.into_iter().map(|finding| {
        let (start, end) = (at(finding.range.start), at(finding.range.end));
        let message = finding.problem.to_string();
        let code = finding.problem.code();
        let (Problem::MissingFile(target) | Problem::MissingAlt(target)) = finding.problem;
        Row {
            path: shown.clone(),
            line: start.line + 1,
            column: start.character + 1,
            end_line: end.line + 1,
            end_column: end.character + 1,
            code,
            message,
            target,
        }
    });
    Tally {
        documents: 1,
        images: links.len(),
        rows: rows.collect(),
    }
}

fn print(tally: &Tally, format: CheckFormat) -> anyhow::Result<()> {
    let mut out = std::io::BufWriter::new(output::plain());
    match format {
        CheckFormat::Text => {
            for row in &tally.rows {
                let (path, message) = (visible(&row.path), visible(&row.message));
                let Row {
                    line, column, code, ..
                } = row;
                writeln!(out, "{path}:{line}:{column}: warning: {message} [{code}]")?;
            }
        }
        CheckFormat::Json => {
            let report = Report {
                findings: &tally.rows,
                documents: tally.documents,
                images: tally.images,
            };
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    Ok(())
}
