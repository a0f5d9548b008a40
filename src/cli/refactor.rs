//! `gloss refactor`: a diff to standard output, or the file changed in one step.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use similar::{ChangeTag, TextDiff};

use super::arguments::RefactorArgs;
use super::{face, place};
use crate::text;

pub fn run(arguments: RefactorArgs) -> anyhow::Result<u8> {
    if arguments.place == "-" {
        bail!("a file is needed to refactor; standard input has no name for the diff");
    }
    let named = place::read(&arguments.place, None)?;
    let mut job = named.job;
    job.wish = arguments.instruction;
    let shown = job.place.shown.clone();
    let engine = face::engine(&arguments.ask);
    if arguments.ask.dry_run {
        let prepared = engine.prepare_refactoring(&job)?;
        face::show_prompt(&engine, &engine.settings().model, &prepared.prompt)?;
        return Ok(0);
    }
    let rewriting = face::run(&engine, async {
        Ok(engine
            .refactor(job, &mut |heard| face::say_progress(&heard))
            .await?)
    })?;
    face::note(&format!(
        "{}\n{}",
        rewriting.summary,
        rewriting.spent.in_words()
    ));
    if rewriting.edits.is_empty() {
        return Ok(0);
    }
    let new = text::apply(&named.text, &rewriting.edits);
    match named.path {
        Some(path) if arguments.write => {
            replace(&path, &named.text, &new)?;
            face::note(&format!("{} is changed.", path.display()));
        }
        _ => print_diff(&shown, &named.text, &new)?,
    }
    Ok(0)
}

/// The change as a unified diff, which `patch -p1` and `git apply` take.
pub fn print_diff(name: &str, old: &str, new: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "--- a/{name}\n+++ b/{name}")?;
    let diff = TextDiff::from_lines(old, new);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let plain = anstyle::Style::new();
        let head = anstyle::AnsiColor::Cyan.on_default();
        writeln!(out, "{head}{}{head:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let style = match change.tag() {
                ChangeTag::Delete => anstyle::AnsiColor::Red.on_default(),
                ChangeTag::Insert => anstyle::AnsiColor::Green.on_default(),
                ChangeTag::Equal => plain,
            };
            let line = change.value();
            let body = line.strip_suffix('\n').unwrap_or(line);
            writeln!(out, "{style}{}{body}{style:#}", change.tag())?;
            if change.missing_newline() {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

/// Puts `new` in the place of the file in one step, permissions kept.
///
/// # Errors
/// When the file is not what was read any more, or cannot be written.
fn replace(path: &Path, old: &str, new: &str) -> anyhow::Result<()> {
    // A link stays a link: what it leads to is replaced.
    let path = path
        .canonicalize()
        .with_context(|| format!("{} is gone", path.display()))?;
    let name = path.display();
    if std::fs::read(&path).with_context(|| format!("{name} cannot be read"))? != old.as_bytes() {
        bail!(
            "{name} was changed while the answer was on its way, so it is left as it is; run the command again"
        );
    }
    let folder = path.parent().context("the file has no folder")?;
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("{name} cannot be written"))?;
    file.write_all(new.as_bytes())
        .with_context(|| format!("{name} cannot be written"))?;
    file.as_file()
        .set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)
        .with_context(|| format!("{name} cannot be written"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_only_as_it_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "old").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o754)).unwrap();
        }
        assert!(replace(&path, "other", "new").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        replace(&path, "old", "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o754
            );
        }
    }
}
