//! The image link at a place of a document, and what it is described as.

use std::path::PathBuf;
use std::time::Duration;

use super::convert;
use super::job::Job;
use super::state::{Server, place};
use crate::document::Snapshot;
use crate::engine::{Description, Ear, ImageJob, ImageSource, JobError, Place, work};
use crate::image::{self, Hints, ImageLink, Markup};

/// As long as a person waits who asked for it.
pub const LONG: Duration = Duration::from_secs(5);
/// Larger documents are not searched for links.
const LARGEST: usize = 8 * 1024 * 1024;

/// All image links of a document, if its markup has them.
pub fn of(snapshot: &Snapshot) -> Option<Vec<ImageLink>> {
    let markup = markup(snapshot)?;
    (snapshot.text.len_bytes() <= LARGEST).then(|| image::links(markup, &snapshot.text.to_string()))
}

/// The image link at a place, if it can be found within `patience`.
pub async fn link_at(
    server: &Server,
    snapshot: &Snapshot,
    offset: usize,
    patience: Duration,
) -> Option<ImageLink> {
    markup(snapshot)?;
    let links = server.links.of(snapshot, patience).await?;
    innermost(&links, offset).cloned()
}

/// The link at a place. One may lie in another; where two meet, it is the one that begins here.
pub fn innermost(links: &[ImageLink], offset: usize) -> Option<&ImageLink> {
    let here = links
        .iter()
        .filter(|link| link.range.contains(&offset) || link.range.end == offset);
    here.min_by_key(|link| (link.range.end == offset, link.range.len()))
}

/// Whether a document may have image links.
pub fn may_have(snapshot: &Snapshot) -> bool {
    markup(snapshot).is_some()
}

/// The folders that the images of a document at this place may lie in.
pub fn roots(folders: &[PathBuf], place: &Place) -> Vec<PathBuf> {
    let mut roots = folders.to_vec();
    if !roots.contains(&place.workspace) {
        roots.push(place.workspace.clone());
    }
    roots
}

/// The markup of a document, if it may have image links.
pub fn markup(snapshot: &Snapshot) -> Option<Markup> {
    let path = convert::file_path(&snapshot.uri);
    Markup::from_language(&snapshot.language_id, path.as_deref())
}

/// What a document says of where its images are.
pub fn hints(snapshot: &Snapshot) -> Hints {
    let text = || snapshot.text.to_string();
    markup(snapshot).map_or_else(Hints::default, |markup| Hints::of(markup, text))
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
    let link = link_at(server, &job.snapshot, job.selection.start, LONG)
        .await
        .ok_or(JobError::NoImage)?;
    let folders = server.state().folders.clone();
    let (snapshot, at) = (job.snapshot.clone(), place.clone());
    let source = work::for_job(move || linked(&snapshot, &link, folders, &at))
        .await
        .ok_or(JobError::Internal)?;
    let image = ImageJob {
        source,
        place,
        again: job.argument.again,
    };
    job.engine.describe(image, ear).await
}

/// What describing a link takes. Reads the disk, elsewhere than on the threads that answer.
pub async fn image_job(
    snapshot: &Snapshot,
    link: &ImageLink,
    folders: Vec<PathBuf>,
) -> Option<ImageJob> {
    let (snapshot, link) = (snapshot.clone(), link.clone());
    work::for_answer(move || {
        let place = place(&snapshot.uri, &folders);
        ImageJob {
            source: linked(&snapshot, &link, folders, &place),
            place,
            again: false,
        }
    })
    .await
}

fn linked(
    snapshot: &Snapshot,
    link: &ImageLink,
    folders: Vec<PathBuf>,
    place: &Place,
) -> ImageSource {
    let folders = roots(&folders, place);
    ImageSource::Linked {
        target: link.target.clone(),
        document: convert::file_path(&snapshot.uri),
        folders,
        hints: hints(snapshot),
    }
}
