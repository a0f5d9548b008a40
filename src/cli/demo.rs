//! `gloss demo`: the main job on this program's own source, through a real child process.

mod editor;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{diff, face, output, usage};
use crate::engine::Engine;
use crate::sim::Sim;
use crate::store::Store;
use editor::Editor;

/// Files of this repository, as they were when the program was built.
const FILES: [(&str, &[u8]); 4] = [
    ("README.md", include_bytes!("../../README.md")),
    ("src/text/shift.rs", include_bytes!("../text/shift.rs")),
    (
        "tests/fixtures/basket.py",
        include_bytes!("../../tests/fixtures/basket.py"),
    ),
    (
        "editors/gloss.png",
        include_bytes!("../../editors/gloss.png"),
    ),
];

/// A function worth explaining, and how it begins.
const EXPLAINED: (&str, &str) = ("src/text/shift.rs", "pub fn shift");
const REFACTORED: (&str, &str) = ("tests/fixtures/basket.py", "def total");
const DESCRIBED: (&str, &str) = ("README.md", "editors/gloss.png");

pub fn run() -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let workspace = folder.path().canonicalize()?.join("gloss");
        lay_out(&workspace)?;
        let engine = face::plain_engine();
        if has_key(&engine).await {
            let settings = engine.settings();
            print_head(
                &format!(
                    "{} at {}, with your key: three small requests, booked in your ledger",
                    settings.model, settings.base_url
                ),
                &workspace,
            )?;
            return show(&workspace, &Surroundings::default(), engine.store()).await;
        }
        let sim = Sim::bind(0)?;
        let data = folder.path().join("data");
        let nobody = folder.path().join("home").display().to_string();
        let around = Surroundings {
            // Nobody's own settings, which could lead elsewhere than what is said here.
            without: std::env::vars_os()
                .filter_map(|(name, _)| name.into_string().ok())
                .filter(|name| name.starts_with("GLOSS_") || name == "XAI_API_KEY")
                .collect(),
            with: vec![
                ("XAI_BASE_URL", sim.url()),
                ("GLOSS_DATA_DIR", data.display().to_string()),
                ("HOME", nobody.clone()),
                ("XDG_CONFIG_HOME", nobody.clone()),
                ("APPDATA", nobody),
            ],
        };
        print_head(
            "the offline stand-in: rules, no model. With a key (XAI_API_KEY, or `gloss auth login`) this asks Grok",
            &workspace,
        )?;
        let serving = tokio::spawn(sim.serve());
        let shown = show(&workspace, &around, &Store::new(data)).await;
        serving.abort();
        shown
    })
}

/// Whether there is a key that may be used, wherever it is kept. Why one cannot be had is said.
async fn has_key(engine: &Engine) -> bool {
    // What is wrong with the configuration was said.
    if engine.base_url().is_err() {
        return false;
    }
    match engine.keys().find().await {
        Ok(search) => search.found.is_some(),
        Err(fault) => {
            face::note(&format!("gloss: {fault}"));
            false
        }
    }
}

/// The environment that the server gets, besides our own.
#[derive(Default)]
struct Surroundings {
    without: Vec<String>,
    with: Vec<(&'static str, String)>,
}

/// A copy of the files, so that nothing of anybody's is changed.
fn lay_out(workspace: &Path) -> anyhow::Result<()> {
    for (name, bytes) in FILES {
        let path = workspace.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(workspace))?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

async fn show(workspace: &Path, around: &Surroundings, store: &Store) -> anyhow::Result<u8> {
    let started = Instant::now();
    let mut editor = Editor::start(workspace, around).await?;
    note(&format!(
        "gloss lsp answered `initialize` in {:.1} ms, as process {}.",
        editor.initialized.as_secs_f64() * 1e3,
        editor.process
    ))?;

    title("Explain a function: hover text that stays with it")?;
    let at = Place::find(workspace, EXPLAINED)?;
    at.say("cursor on")?;
    editor.open(&at.path, "rust", &at.text).await?;
    editor
        .run("gloss.explain", &at.path, at.line, at.character)
        .await?;
    quote(&editor.hover(&at.path, at.line, at.character).await?)?;

    title("Refactor a function: an edit of a few lines, undone in one step")?;
    let at = Place::find(workspace, REFACTORED)?;
    at.say("cursor on")?;
    editor.open(&at.path, "python", &at.text).await?;
    editor
        .run("gloss.refactor", &at.path, at.line, at.character)
        .await?;
    let new = editor.text(&at.path)?;
    if new == at.text {
        note("(left as it is: nothing worth changing)")?;
    } else {
        diff::print(Path::new(REFACTORED.0), &at.text, &new)?;
    }

    title("Describe an image: hover the link")?;
    let at = Place::find(workspace, DESCRIBED)?;
    at.say("link")?;
    editor.open(&at.path, "markdown", &at.text).await?;
    quote(&editor.hover(&at.path, at.line, at.character).await?)?;

    editor.stop().await?;
    title("The ledger: `gloss usage --by request`")?;
    let by_request = usage::UsageArgs::by_request(workspace);
    usage::run(
        by_request,
        store,
        &mut anstream::stdout().lock(),
        output::width(),
    )?;
    note(&format!(
        "\nAll of it took {:.1} s. Set up your editor: editors/README.md",
        started.elapsed().as_secs_f64()
    ))?;
    Ok(0)
}

/// A place in one of the files.
struct Place {
    name: &'static str,
    path: PathBuf,
    text: String,
    line: u32,
    character: u32,
}

impl Place {
    fn find(workspace: &Path, (name, begins): (&'static str, &str)) -> anyhow::Result<Self> {
        let path = workspace.join(name);
        let text = std::fs::read_to_string(&path)?;
        let Some(line) = text.lines().position(|line| line.contains(begins)) else {
            bail!("{name} has no `{begins}` any more; the demo has to follow");
        };
        let character = text
            .lines()
            .nth(line)
            .and_then(|line| line.find(begins))
            .unwrap_or(0);
        Ok(Self {
            name,
            path,
            text,
            line: u32::try_from(line)?,
            character: u32::try_from(character)?,
        })
    }

    fn say(&self, what: &str) -> std::io::Result<()> {
        let line = self
            .text
            .lines()
            .nth(self.line as usize)
            .unwrap_or_default();
        note(&format!(
            "{}:{}, {what}  {}\n",
            self.name,
            self.line + 1,
            line.trim()
        ))
    }
}

fn print_head(who: &str, workspace: &Path) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    let bold = anstyle::Style::new().bold();
    writeln!(out, "{bold}Answers come from {who}.{bold:#}")?;
    note(&format!(
        "Workspace: a temporary copy, {}",
        workspace.display()
    ))
}

fn title(text: &str) -> std::io::Result<()> {
    let style = anstyle::AnsiColor::Cyan.on_default().bold();
    let bar = if std::io::stdout().is_terminal() {
        "━━"
    } else {
        "=="
    };
    writeln!(anstream::stdout(), "\n{style}{bar} {text}{style:#}")
}

fn note(text: &str) -> std::io::Result<()> {
    let dim = anstyle::Style::new().dimmed();
    writeln!(anstream::stdout(), "{dim}{text}{dim:#}")
}

/// Hover text as an editor frames it.
fn quote(markdown: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    for line in markdown.lines().flat_map(|line| wrapped(line, 92)) {
        writeln!(out, "  │ {line}")?;
    }
    Ok(())
}

/// A line broken between words where it is longer than `most` characters.
fn wrapped(line: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last().map_or(0, |last| last.chars().count());
        match lines.last_mut() {
            Some(last_line) if last == 0 || last + 1 + word.chars().count() <= most => {
                if last > 0 {
                    last_line.push(' ');
                }
                last_line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What an editor says of itself here.
fn capabilities() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-8"] },
        "window": { "workDoneProgress": true },
        "workspace": { "applyEdit": true, "workspaceEdit": { "documentChanges": true } },
    })
}
