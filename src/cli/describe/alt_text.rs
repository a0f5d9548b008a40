//! Alternative text for the links of documents that lack it: as a diff, or written.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;

use super::counted;
use super::documents::{self, Document};
use crate::action::alt_text::MAX_OUTPUT_TOKENS;
use crate::cli::arguments::DescribeArgs;
use crate::cli::bar::Bar;
use crate::cli::{diff, face, write};
use crate::engine::{AltJob, Engine, Estimate, Heard, JobError, Place, Rewriting, usd};
use crate::image::{self, Alt};
use crate::text;

/// A document with links that lack alternative text.
pub struct Lacking {
    job: AltJob,
    engine: Engine,
}

impl Lacking {
    /// The document's own path.
    pub fn path(&self) -> PathBuf {
        let place = &self.job.place;
        place.path.clone().unwrap_or_else(|| place.given.clone())
    }
}

/// The documents of a target that lack any, by path, each by the settings of its own workspace, and
/// whether all of it could be read.
///
/// # Errors
/// When the target cannot be read.
pub fn lacking(
    engine: &Engine,
    arguments: &DescribeArgs,
    target: &Path,
) -> anyhow::Result<(Vec<Lacking>, bool)> {
    let found = Mutex::new(Vec::new());
    let is_whole = documents::each(target, &|document| {
        if let Some(job) = job(document, arguments.again) {
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.push(job);
        }
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by(|one, other| one.place.given.cmp(&other.place.given));
    let mut all: Vec<Lacking> = Vec::new();
    for job in found {
        let workspace = &job.place.workspace;
        let known = all.last().filter(|it| it.job.place.workspace == *workspace);
        let engine = match known {
            Some(known) => known.engine.clone(),
            None => face::engine_in(engine, &arguments.ask, "vision_model", workspace),
        };
        // What a folder holds beside documents that may be sent is passed over, as what is ignored.
        let is_named = job.place.given == target;
        if is_named || !engine.excludes(&job.place) {
            all.push(Lacking { job, engine });
        }
    }
    if all.is_empty() {
        let of = if is_whole { "" } else { " of the rest" };
        face::note(&format!(
            "{}: no image{of} lacks alternative text.",
            target.display()
        ));
    }
    Ok((all, is_whole))
}

fn job(document: Document, again: bool) -> Option<AltJob> {
    let mut links = image::links(document.markup, &document.text);
    links.retain(|link| link.alt == Alt::Missing);
    if links.is_empty() {
        return None;
    }
    let place = Place::of(&document.path, &[]);
    let job = AltJob {
        text: Arc::from(document.text),
        markup: document.markup,
        links,
        document: place.path.clone(),
        folders: vec![place.workspace.clone()],
        place,
        again,
    };
    let job = job.lacking();
    (!job.links.is_empty()).then_some(job)
}

/// Shows what would be sent; the exit code.
///
/// # Errors
/// When it cannot be printed.
pub async fn show_prompts(all: Vec<Lacking>, arguments: &DescribeArgs) -> anyhow::Result<u8> {
    let mut code = 0;
    for Lacking { job, engine } in all {
        engine.load_prices().await;
        for prompt in engine.prepare_alt_text(job).await? {
            let prompt = match prompt {
                Ok(prompt) => prompt,
                Err(error) => {
                    face::say_error(&error.into());
                    code = 1;
                    continue;
                }
            };
            let model = engine.settings().vision_model();
            let count = face::count(&engine, &arguments.ask, model, &prompt).await;
            face::show_prompt(&engine, model, &prompt, MAX_OUTPUT_TOKENS, &count)?;
        }
    }
    Ok(code)
}

/// Asks about all of them, once the person agreed where it is to be asked; the exit code.
///
/// # Errors
/// When nobody can be asked, or the output cannot be written.
pub async fn write(all: Vec<Lacking>, arguments: &DescribeArgs) -> anyhow::Result<u8> {
    if all.is_empty() {
        return Ok(0);
    }
    if arguments.write {
        // Before anything is paid for.
        all.iter()
            .try_for_each(|it| write::check(&it.job.place.given))?;
    }
    if !agreed(&all, arguments).await? {
        face::note("Nothing was sent.");
        return Ok(0);
    }
    let bar = &Bar::of(all.iter().map(|it| it.job.links.len()).sum());
    let asked = all.into_iter().map(|it| ask(it, bar));
    // Each takes as many requests at once as the engine lets it have.
    let mut asked = futures::stream::iter(asked).buffered(DOCUMENTS_AT_ONCE);
    bar.show();
    let mut code = 0;
    while let Some(Asked {
        place,
        old,
        written,
    }) = asked.next().await
    {
        bar.hide();
        let written = written.map_err(anyhow::Error::from);
        match written.and_then(|written| show(&written, &place, &old, arguments.write)) {
            Ok(is_whole) => code |= u8::from(!is_whole),
            Err(error) => {
                let is_last = super::stops(&error);
                face::say_error(&error.context(place.given.display().to_string()));
                code = 1;
                if is_last {
                    break;
                }
            }
        }
        bar.show();
    }
    Ok(code)
}

/// So many documents are asked about at once: most have few images.
const DOCUMENTS_AT_ONCE: usize = 8;

/// What came of a document.
struct Asked {
    place: Place,
    old: Arc<str>,
    written: Result<Rewriting, JobError>,
}

async fn ask(Lacking { job, engine }: Lacking, bar: &Bar) -> Asked {
    let (place, old, links) = (job.place.clone(), job.text.clone(), job.links.len());
    let mut done = 0;
    let mut hear = |heard| match heard {
        Heard::Done { count, .. } => {
            bar.step(count - done, &place.shown);
            done = count;
        }
        Heard::Waiting { .. } => {
            bar.hide();
            face::say_progress(&heard);
        }
        _ => {}
    };
    let written = engine.write_alt_text(job, &mut hear).await;
    bar.step(links - done, &place.shown);
    Asked {
        place,
        old,
        written,
    }
}

/// Prints the diff, or writes the file; whether nothing was left out.
fn show(written: &Rewriting, place: &Place, old: &str, to_write: bool) -> anyhow::Result<bool> {
    let path = &place.given;
    face::note(&format!(
        "{}: {} {}",
        path.display(),
        written.summary,
        written.spent.in_words()
    ));
    let new = text::apply(old, &written.edits());
    if to_write && !written.parts.is_empty() {
        let diff = |_: &_| {
            // It is paid for: what cannot be written is shown.
            let _ = diff::print(&diff::name_of(place), old, &new);
        };
        write::replace(path, old, &new).inspect_err(diff)?;
    } else if !written.parts.is_empty() {
        diff::print(&diff::name_of(place), old, &new)?;
    }
    Ok(written.left_out == 0)
}

/// Whether the person agrees: they are asked before files are written, and where it comes to much.
async fn agreed(all: &[Lacking], arguments: &DescribeArgs) -> anyhow::Result<bool> {
    let mut estimate = Estimate::default();
    for Lacking { job, engine } in all {
        engine.load_prices().await;
        // One that may not be sent is told when its turn comes.
        if let Ok(one) = engine.estimate_alt_text(job.clone()).await {
            estimate = estimate.and(one);
        }
    }
    let links: usize = all.iter().map(|it| it.job.links.len()).sum();
    let price = match (estimate.requests, estimate.ticks) {
        (0, _) => "for nothing".to_owned(),
        (_, None) => "at no known price".to_owned(),
        (_, Some(ticks)) => format!("for about {}", usd(ticks)),
    };
    let what = format!(
        "{} alternative text for {} in {}, {price}",
        if arguments.write { "write" } else { "ask for" },
        counted(links, "image"),
        counted(all.len(), "document"),
    );
    let asks_first = |it: &Lacking| it.engine.asks_first(&estimate);
    let is_to_be_asked = arguments.write || all.iter().any(asks_first);
    if arguments.yes || !is_to_be_asked {
        face::note(&format!("To {what}."));
        return Ok(true);
    }
    // Elsewhere, so that an interrupt is heard meanwhile.
    tokio::task::spawn_blocking(move || face::agreed(&what)).await?
}
