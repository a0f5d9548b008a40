//! Alternative text for the links that a command is about.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::commands::previewed;
use super::job::{Job, Kind};
use super::state::{Server, place};
use super::{confirm, convert, links, protocol as lsp};
use crate::document::Snapshot;
use crate::engine::{AltJob, Ear, Engine, Estimate, JobError, Place, Rewriting, work};
use crate::image::{Alt, ImageLink};

/// What a job for the link at a place is called, as far as that takes no search.
pub fn title(server: &Server, snapshot: &Snapshot, offset: usize) -> String {
    let known = server.links.known(snapshot);
    let link = known.as_deref().and_then(|it| links::innermost(it, offset));
    match link {
        Some(link) => format!("{} {}", Kind::WriteAltText.verb(), link.file_name()),
        None => "Write alt text".to_owned(),
    }
}

/// Writes what a job asks for.
///
/// # Errors
/// A [`JobError`], whose text is for the person.
pub async fn write(
    server: &Server,
    job: &Job,
    place: Place,
    ear: Ear<'_>,
) -> Result<Rewriting, JobError> {
    let all = job.kind == Kind::WriteAllAltText;
    let snapshot = &job.snapshot;
    let wanted = wanted(server, snapshot, &job.selection, all).await?;
    let folders = server.state().folders.clone();
    let alt = AltJob {
        again: job.argument.again,
        ..alt_job(snapshot, wanted, &folders, place, all).await?
    };
    if all {
        let engine = &job.engine;
        engine.load_prices().await;
        let estimate = engine.estimate_alt_text(alt.clone()).await?;
        let what = format!("ask about {} images", estimate.requests);
        confirm::spending(server, engine, &estimate, &what).await?;
    }
    job.engine.write_alt_text(alt, ear).await
}

/// What would be sent, for a person to read before anything is.
///
/// # Errors
/// When nothing can be.
pub async fn preview(
    server: &Server,
    engine: &Engine,
    snapshot: &Snapshot,
    selection: &Range<usize>,
    all: bool,
) -> lsp::Result<Value> {
    let failed = |error: JobError| lsp::failed(&error.to_string());
    let wanted = wanted(server, snapshot, selection, all).await;
    let wanted = wanted.map_err(failed)?;
    let folders = server.state().folders.clone();
    let (uri, among) = (snapshot.uri.clone(), folders.clone());
    let place = work::for_answer(move || place(&uri, &among));
    let place = place.await.ok_or_else(lsp::Error::internal_error)?;
    let job = alt_job(snapshot, wanted, &folders, place, all).await;
    let prompts = engine.prepare_alt_text(job.map_err(failed)?).await;
    let prompts = prompts.map_err(failed)?.into_iter();
    // Of many, those that cannot be asked about are left out by the job as well.
    let prompts = prompts.filter(|prompt| !all || prompt.is_ok());
    let prompts: Vec<_> = prompts.collect::<Result<_, _>>().map_err(failed)?;
    engine.load_prices().await;
    let model = engine.settings().vision_model();
    let estimates = prompts.iter().map(|it| engine.estimate(model, it, 0));
    let estimate = estimates.reduce(Estimate::and).unwrap_or_default();
    Ok(previewed(&prompts, &estimate))
}

/// The link at a place; or all those without alternative text, of the document or of a stretch of it.
async fn wanted(
    server: &Server,
    snapshot: &Snapshot,
    selection: &Range<usize>,
    all: bool,
) -> Result<Vec<ImageLink>, JobError> {
    if !all {
        let link = links::link_at(server, snapshot, selection.start, links::LONG).await;
        let link = link.ok_or(JobError::NoImage)?;
        return if link.takes_alt() {
            Ok(vec![link])
        } else {
            Err(JobError::NoAltPlace)
        };
    }
    let found = server.links.of(snapshot, links::LONG).await;
    let found = found.ok_or(JobError::NoAltMissing)?;
    let is_asked_for = |link: &&ImageLink| {
        let touches = link.range.start <= selection.end && selection.start <= link.range.end;
        link.alt == Alt::Missing && (selection.is_empty() || touches)
    };
    Ok(found.iter().filter(is_asked_for).cloned().collect())
}

/// What the engine is given. Reads the document and looks at the disk, elsewhere than on the threads
/// that answer.
async fn alt_job(
    snapshot: &Snapshot,
    wanted: Vec<ImageLink>,
    folders: &[PathBuf],
    place: Place,
    all: bool,
) -> Result<AltJob, JobError> {
    let markup = links::markup(snapshot).ok_or(JobError::NoImage)?;
    let (snapshot, folders) = (snapshot.clone(), links::roots(folders, &place));
    let made = work::for_answer(move || {
        let job = AltJob {
            text: Arc::from(snapshot.text.to_string()),
            markup,
            links: wanted,
            document: convert::file_path(&snapshot.uri),
            folders,
            place,
            again: false,
        };
        if all { job.lacking() } else { job }
    });
    made.await.ok_or(JobError::Internal)
}
