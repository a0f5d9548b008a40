//! The documents that a target stands for: itself, or all of a folder that are not ignored.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow};
use ignore::{WalkBuilder, WalkState};

use crate::cli::{face, place, read};
use crate::config::open_file;
use crate::engine::{Ignored, Place, unreadable_rules};
use crate::image::Markup;

/// Larger documents in a folder are passed over.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Names what is passed over, beside `.gitignore` and `.ignore`.
const IGNORED: &str = ".glossignore";

/// A document that may link images.
#[derive(Debug)]
pub struct Document {
    /// As it was named, or as the walk came to it.
    pub path: PathBuf,
    pub markup: Markup,
    pub text: String,
    pub workspace: PathBuf,
    /// `None` where it has gone meanwhile.
    pub canonical: Option<PathBuf>,
}

/// Whether a target is a document or a folder.
pub fn is_one(path: &Path) -> bool {
    path.is_dir() || Markup::from_language(&place::language_id(path), Some(path)).is_some()
}

/// Hands over the document at `path`, or each of the folder there, from several threads, and gives
/// whether that was all of it: what cannot be read of a folder is said. An image is no document, and
/// nothing comes of it.
///
/// # Errors
/// When there is nothing at `path`, or it cannot be read.
pub fn each(path: &Path, take: &(dyn Fn(Document) + Sync)) -> anyhow::Result<bool> {
    let name = path.display();
    let about = std::fs::metadata(path).with_context(|| format!("{name} cannot be read"))?;
    if about.is_dir() {
        return Ok(each_of_folder(path, take));
    }
    let markup = Markup::from_language(&place::language_id(path), Some(path));
    if let Some(markup) = markup {
        let text = read::file(path)?;
        let place = Place::of(path, &[]);
        take(Document {
            path: path.to_path_buf(),
            markup,
            text,
            workspace: place.workspace,
            canonical: place.path,
        });
    }
    Ok(true)
}

/// The workspaces of folders that were seen.
#[derive(Default)]
struct Workspaces(Mutex<HashMap<PathBuf, PathBuf>>);

impl Workspaces {
    /// That of a document.
    fn of(&self, document: &Path) -> PathBuf {
        let folder = document.parent().unwrap_or(document).to_path_buf();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = seen.entry(folder);
        found
            .or_insert_with(|| Place::of(document, &[]).workspace)
            .clone()
    }
}

/// Gives whether all could be read. Links of the file system are not followed.
fn each_of_folder(path: &Path, take: &(dyn Fn(Document) + Sync)) -> bool {
    let workspaces = Workspaces::default();
    let whole = path.canonicalize();
    let whole = whole.as_deref().unwrap_or(path);
    // The walker reads the rules of all folders around, too.
    if !whole.ancestors().all(has_readable_rules) {
        return false;
    }
    let is_whole = Arc::new(AtomicBool::new(true));
    let is_walked = Arc::clone(&is_whole);
    let walk = WalkBuilder::new(path)
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_open = !is_folder || has_readable_rules(entry.path());
            is_walked.fetch_and(is_open, Ordering::Relaxed);
            is_open
        })
        .add_custom_ignore_filename(IGNORED)
        .require_git(false)
        // Found by what a repository's `.git` says, be it a pipe: asked of `Ignored` instead.
        .git_exclude(false)
        .threads(std::thread::available_parallelism().map_or(1, usize::from))
        .build_parallel();
    walk.run(|| {
        let (workspaces, is_whole) = (&workspaces, &is_whole);
        let mut ignored: HashMap<PathBuf, Ignored> = HashMap::new();
        Box::new(move |entry| {
            let found = match entry {
                Ok(entry) => listed(&entry, workspaces),
                Err(error) => Err(error.into()),
            };
            let mut is_excluded = |document: &Document| {
                let ignored = ignored.entry(document.workspace.clone());
                let ignored = ignored.or_insert_with(|| Ignored::by_exclude(&document.workspace));
                let path = document.canonical.as_deref();
                path.is_some_and(|path| ignored.holds(path))
            };
            match found {
                Ok(Some(document)) if !is_excluded(&document) => take(document),
                Ok(_) => {}
                Err(error) => {
                    face::say_error(&error);
                    is_whole.store(false, Ordering::Relaxed);
                }
            }
            WalkState::Continue
        })
    });
    is_whole.load(Ordering::Relaxed)
}

/// Whether a folder may be walked through, by what says what is passed over in it; says so if not.
fn has_readable_rules(folder: &Path) -> bool {
    let unreadable = unreadable_rules(folder);
    if let Some(name) = unreadable {
        let folder = folder.display();
        face::say_error(&anyhow!(
            "{folder} is passed over: its {name} cannot be read, or is longer than 256 KiB"
        ));
    }
    unreadable.is_none()
}

/// The file that a walk came to, if it is a document.
fn listed(entry: &ignore::DirEntry, workspaces: &Workspaces) -> anyhow::Result<Option<Document>> {
    let path = entry.path();
    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
    let markup = Markup::from_language("", Some(path)).filter(|_| is_file);
    let Some(markup) = markup else {
        return Ok(None);
    };
    if entry.metadata()?.len() > LARGEST {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    open_file(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    // What is no text links nothing.
    let text = String::from_utf8(bytes).ok();
    Ok(text.map(|text| Document {
        markup,
        text,
        workspace: workspaces.of(path),
        canonical: path.canonicalize().ok(),
        path: path.strip_prefix("./").unwrap_or(path).to_path_buf(),
    }))
}
