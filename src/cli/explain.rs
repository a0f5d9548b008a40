//! `gloss explain`: Markdown to standard output, as it comes.

use std::io::{self, Stdout, Write as _};

use tokio::sync::oneshot;

use super::arguments::ExplainArgs;
use super::output::{self, Output};
use super::{face, place};
use crate::answer::{BEFORE_CUT, Defanger};
use crate::engine::{CodeJob, Engine, Explanation, Heard};

pub fn run(arguments: ExplainArgs) -> anyhow::Result<u8> {
    let named = place::read(&arguments.place, arguments.language.as_deref())?;
    let mut job = named.job;
    job.wish = arguments.question;
    let engine = face::engine(&arguments.ask, "model");
    let engine = face::engine_in(&engine, &arguments.ask, "model", &job.place.workspace);
    if arguments.ask.dry_run {
        let prepared = engine.prepared(&job)?;
        face::show_dry_run(&engine, &arguments.ask, &prepared)?;
        return Ok(0);
    }
    let mut page = Page::new();
    let explained = face::run(&engine, explain(&engine, job, &mut page));
    // Whatever came is shown to its end, also when the job was interrupted.
    let ended = page.end();
    let explanation = explained?;
    ended?;
    face::note(&format!("\n{}", explanation.spent.in_words()));
    if explanation.is_cut_short {
        face::note("gloss: the explanation is cut short, as its last line says");
        return Ok(1);
    }
    Ok(0)
}

async fn explain(engine: &Engine, job: CodeJob, page: &mut Page) -> anyhow::Result<Explanation> {
    let (failed, failure) = oneshot::channel();
    let mut failed = Some(failed);
    let mut hear = |heard| {
        face::say_progress(&heard);
        let written = match heard {
            Heard::Text(text) => page.push(&text),
            Heard::Cut(line) => page.cut(&line),
            _ => Ok(()),
        };
        if let Err(error) = written
            && let Some(failed) = failed.take()
        {
            let _ = failed.send(error);
        }
    };
    let explained = tokio::select! {
        explained = engine.explain(job, &mut hear) => explained,
        // Nobody reads on, as after `| head`: nothing more is asked for.
        Ok(error) = failure => return Err(error.into()),
    };
    page.end()?;
    Ok(explained?)
}

/// The answer on its way to standard output.
struct Page {
    defanger: Defanger,
    out: Output<Stdout>,
    is_begun: bool,
}

impl Page {
    fn new() -> Self {
        Self {
            defanger: Defanger::default(),
            out: output::plain(),
            is_begun: false,
        }
    }

    fn push(&mut self, text: &str) -> io::Result<()> {
        self.is_begun = true;
        let text = self.defanger.push(text);
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Says behind all that came that it is not whole.
    fn cut(&mut self, line: &str) -> io::Result<()> {
        let rest = std::mem::take(&mut self.defanger).finish();
        write!(self.out, "{rest}{BEFORE_CUT}{line}")?;
        self.out.flush()
    }

    /// Ends the page, once.
    fn end(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_begun) {
            let rest = std::mem::take(&mut self.defanger).finish();
            writeln!(self.out, "{rest}")?;
        }
        self.out.flush()
    }
}
