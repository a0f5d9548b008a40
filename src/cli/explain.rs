//! `gloss explain`: Markdown to standard output, as it comes.

use std::io::Write as _;

use super::arguments::ExplainArgs;
use super::{face, place};
use crate::answer::Defanger;
use crate::engine::Heard;

pub fn run(arguments: ExplainArgs) -> anyhow::Result<u8> {
    let named = place::read(&arguments.place, arguments.language.as_deref())?;
    let mut job = named.job;
    job.wish = arguments.question;
    let engine = face::engine(&arguments.ask);
    if arguments.ask.dry_run {
        let prepared = engine.prepare_explanation(&job)?;
        face::show_prompt(&engine, &engine.settings().model, &prepared.prompt)?;
        return Ok(0);
    }
    let explanation = face::run(&engine, async {
        let mut defanger = Defanger::default();
        let mut out = std::io::stdout();
        let explanation = engine
            .explain(job, &mut |heard| {
                face::say_progress(&heard);
                if let Heard::Text(text) = heard {
                    // A reader that went away, as `head` does, ends the printing and not the job.
                    let _ = out
                        .write_all(defanger.push(&text).as_bytes())
                        .and_then(|()| out.flush());
                }
            })
            .await?;
        let _ = writeln!(out, "{}", defanger.finish());
        Ok(explanation)
    })?;
    face::note(&format!("\n{}", explanation.spent.in_words()));
    Ok(0)
}
