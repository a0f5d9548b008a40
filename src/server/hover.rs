//! Hover: the explanation that stays with a line, and what an image link shows.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::jobs::Job;
use super::state::{Server, place};
use super::{convert, protocol as lsp};
use crate::config::HoverImages;
use crate::document::Snapshot;
use crate::engine::{Description, Ear, Engine, ImageJob, ImageSource, JobError, Place};
use crate::image::{self, ImageLink, Markup};

/// How long a hover must last before anything is sent: a mouse that passes over spends nothing.
const MEANT: Duration = Duration::from_millis(600);

/// A description on its way, for everyone who waits for it.
type OnItsWay = Shared<BoxFuture<'static, Result<String, String>>>;

/// The descriptions that were asked for by hovers and are not there yet.
#[derive(Clone, Default)]
pub struct Descriptions {
    on_their_way: Arc<Mutex<HashMap<String, OnItsWay>>>,
}

/// What to show at a position; `None` where Gloss has nothing to say.
pub async fn hover(
    server: &Server,
    uri: &str,
    position: lsp::Position,
) -> lsp::Result<Option<lsp::Hover>> {
    let asked = Instant::now();
    let (snapshot, offset, glosses, engine, folders, encoding) = {
        let state = server.state();
        let Some(snapshot) = state.snapshot(uri) else {
            return Ok(None);
        };
        let at = lsp::Range {
            start: position,
            end: position,
        };
        let offset = convert::bytes(&snapshot.text, at, state.traits.encoding).start;
        let line = snapshot.text.try_byte_to_line(offset).unwrap_or(0);
        let glosses = state.glosses.on_line(&state.documents, uri, line);
        (
            snapshot,
            offset,
            glosses,
            state.engine.clone(),
            state.folders.clone(),
            state.traits.encoding,
        )
    };
    if let Some(link) = link_at(&snapshot, offset).await {
        let range = convert::range(&snapshot.text, &link.range, encoding);
        let job = image_job(&snapshot, &link, folders).await;
        let markdown = over_image(server, &engine, &link, job, asked).await;
        return Ok(markdown.map(|markdown| convert::hover(markdown, Some(range))));
    }
    let shown: Vec<_> = glosses.into_iter().map(|(markdown, _)| markdown).collect();
    Ok((!shown.is_empty()).then(|| convert::hover(shown.join("\n\n---\n\n"), None)))
}

/// The image link at a place, in documents of a markup that has them.
pub async fn link_at(snapshot: &Snapshot, offset: usize) -> Option<ImageLink> {
    let path = convert::file_path(&snapshot.uri);
    let markup = Markup::from_language(&snapshot.language_id, path.as_deref())?;
    let text = snapshot.text.clone();
    tokio::task::spawn_blocking(move || {
        let links = image::links(markup, &text.to_string());
        links
            .into_iter()
            .find(|link| link.range.contains(&offset) || link.range.end == offset)
    })
    .await
    .ok()
    .flatten()
}

/// Describes the image that a command points at.
///
/// # Errors
/// A [`JobError`], whose text is for the person.
pub async fn describe(
    server: &Server,
    job: &Job,
    place: Place,
    ear: Ear<'_>,
) -> Result<Description, JobError> {
    let link = link_at(&job.snapshot, job.selection.start)
        .await
        .ok_or(JobError::NoImage)?;
    let folders = server.state().folders.clone();
    let source = linked(&job.snapshot, &link, folders, &place);
    job.engine
        .describe(
            ImageJob {
                source,
                place,
                again: job.argument.again,
            },
            ear,
        )
        .await
}

/// A link's file as a title names it.
pub fn file_name(target: &str) -> String {
    if target.starts_with("data:") {
        return "in the text".into();
    }
    let path = target.split(['?', '#']).next().unwrap_or(target);
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.chars().filter(|c| !c.is_control()).take(60).collect()
}

async fn image_job(
    snapshot: &Snapshot,
    link: &ImageLink,
    folders: Vec<PathBuf>,
) -> Option<ImageJob> {
    let (snapshot, link) = (snapshot.clone(), link.clone());
    tokio::task::spawn_blocking(move || {
        let place = place(&snapshot.uri, &folders);
        ImageJob {
            source: linked(&snapshot, &link, folders, &place),
            place,
            again: false,
        }
    })
    .await
    .ok()
}

fn linked(
    snapshot: &Snapshot,
    link: &ImageLink,
    mut folders: Vec<PathBuf>,
    place: &Place,
) -> ImageSource {
    if !folders.contains(&place.workspace) {
        folders.push(place.workspace.clone());
    }
    ImageSource::Linked {
        target: link.target.clone(),
        document: convert::file_path(&snapshot.uri),
        folders,
    }
}

/// The hover of an image: at once when all is known, else as long as a hover may wait.
async fn over_image(
    server: &Server,
    engine: &Engine,
    link: &ImageLink,
    job: Option<ImageJob>,
    asked: Instant,
) -> Option<String> {
    let mode = engine.settings().hover_images;
    if mode == HoverImages::Off {
        return None;
    }
    let job = job?;
    let name = file_name(&link.target);
    let known = match engine.known(job.clone()).await {
        Ok(known) => known,
        Err(error) => return Some(format!("**{name}**: {error}")),
    };
    let head = format!("**{name}**: {}", known.facts);
    if let Some(markdown) = known.markdown {
        return Some(format!("{head}\n\n{markdown}"));
    }
    if mode == HoverImages::Cached {
        return Some(head);
    }
    tokio::time::sleep_until(asked + MEANT).await;
    let description = server.descriptions.ask(server, engine, job, &head);
    let patience = engine.settings().hover_wait.max(MEANT);
    Some(
        match tokio::time::timeout_at(asked + patience, description).await {
            Ok(Ok(markdown)) => format!("{head}\n\n{markdown}"),
            Ok(Err(error)) => format!("{head}\n\n*No description: {error}*"),
            Err(_) => format!("{head}\n\n*A description is on its way; hover again in a moment.*"),
        },
    )
}

impl Descriptions {
    /// The description of an image: asked for once, however many wait, and finished even if
    /// none of them does any more.
    fn ask(&self, server: &Server, engine: &Engine, job: ImageJob, facts: &str) -> OnItsWay {
        let key = format!("{:?} {facts}", job.source);
        let mut on_their_way = self
            .on_their_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = on_their_way.get(&key) {
            return waiting.clone();
        }
        let (own, engine, server, own_key) =
            (self.clone(), engine.clone(), server.clone(), key.clone());
        let work = tokio::spawn(async move {
            name_the_setting_once(&server).await;
            let described = engine.describe(job, &mut |_| {}).await;
            own.on_their_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&own_key);
            described
                .map(|description| description.markdown)
                .map_err(|error| error.to_string())
        });
        let waiting = async move {
            work.await
                .unwrap_or_else(|_| Err(JobError::Internal.to_string()))
        };
        let waiting = waiting.boxed().shared();
        on_their_way.insert(key, waiting.clone());
        waiting
    }
}

/// A hover that spends money says so the first time on a machine, and how to stop it.
async fn name_the_setting_once(server: &Server) {
    let told = tokio::task::spawn_blocking(|| {
        let Some(folder) = crate::store::data_folder() else {
            return false;
        };
        let mark = folder.join("hover-images-told");
        let marked =
            std::fs::create_dir_all(&folder).and_then(|()| std::fs::File::create_new(mark));
        marked.is_ok()
    });
    if told.await.unwrap_or(false) {
        let message = "Gloss describes images when you hover them, which asks the API once for each image. \
                       The setting `hover_images` (`cached`, `off`) stops that.";
        server
            .client
            .show_message(lsp::MessageType::INFO, message)
            .await;
    }
}
