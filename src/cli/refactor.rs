//! `gloss refactor`: a diff to standard output, or the file changed in one step.

use std::path::Path;

use super::arguments::{RefactorArgs, WrongUsage};
use super::{diff, face, place, write};
use crate::engine::{JobError, Rewriting, Task};
use crate::text;

pub fn run(arguments: RefactorArgs) -> anyhow::Result<u8> {
    if arguments.place == "-" {
        return Err(WrongUsage(
            "a file is needed to refactor; standard input has no name for the diff".into(),
        )
        .into());
    }
    let named = place::read(&arguments.place, None)?;
    let to_write = named.path.filter(|_| arguments.write);
    if let Some(path) = &to_write {
        // Before anything is paid for.
        write::check(path)?;
    }
    let mut job = named.job;
    job.task = Task::Refactor;
    job.wish = arguments.instruction;
    let name = diff::name_of(&job.place);
    let engine = face::engine(&arguments.ask, "model");
    let engine = face::engine_in(&engine, &arguments.ask, "model", &job.place.workspace);
    if arguments.ask.dry_run {
        let prepared = engine.prepared(&job)?;
        face::show_dry_run(&engine, &arguments.ask, &prepared)?;
        return Ok(0);
    }
    face::run(&engine, async {
        let rewriting = engine
            .rewrite(job, &mut |heard| face::say_progress(&heard))
            .await?;
        // Within the job, for more may go on after it.
        show(rewriting, &named.text, &name, to_write.as_deref())
    })
    .inspect_err(show_refused)
}

/// Prints the diff, or writes the file at `to_write`.
fn show(
    rewriting: Rewriting,
    old: &str,
    name: &Path,
    to_write: Option<&Path>,
) -> anyhow::Result<u8> {
    face::note(&format!(
        "{}\n{}",
        rewriting.summary,
        rewriting.spent.in_words()
    ));
    if rewriting.parts.is_empty() {
        return Ok(0);
    }
    let new = text::apply(old, &rewriting.edits());
    let Some(path) = to_write else {
        diff::print(name, old, &new)?;
        return Ok(0);
    };
    write::replace(path, old, &new).inspect_err(|_| {
        // It is paid for: what cannot be written is shown. Why it cannot is said in any case.
        let _ = diff::print(name, old, &new);
    })?;
    face::note(&format!("{} is changed.", path.display()));
    Ok(0)
}

/// An answer that may not become an edit was paid for as well.
fn show_refused(error: &anyhow::Error) {
    if let Some(answer) = error.downcast_ref().and_then(JobError::answer) {
        face::note(&format!("{}\n", answer.as_str().trim_end()));
    }
}
