//! The image link at a place of a document, and what it is described as.

use std::path::PathBuf;

use super::convert;
use super::job::Job;
use super::state::{Server, place};
use crate::document::Snapshot;
use crate::engine::{Description, Ear, ImageJob, ImageSource, JobError, Place};
use crate::image::{self, ImageLink, Markup};

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

/// What describing a link takes. Reads the disk, elsewhere than on the threads that answer.
pub async fn image_job(
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
