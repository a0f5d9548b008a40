//! Where a document stands: its workspace, and its path as people write it.

use std::path::{Path, PathBuf};

use super::named;
use super::repository::origin_of;

/// A document's place in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The workspace, as canonical absolute path.
    pub workspace: PathBuf,
    /// Each folder that is a workspace, canonical and as it was named; what lies around the one that
    /// holds the document makes nothing in it secret.
    pub workspaces: Vec<PathBuf>,
    /// The document's own path; `None` for one that is no file.
    pub path: Option<PathBuf>,
    /// The path from the workspace, with `/`, as prompts and the ledger name it.
    pub shown: String,
    /// The path as it was given, before links were followed.
    pub given: PathBuf,
    /// What files the uri of a document that is no file may speak of.
    pub named: Vec<PathBuf>,
    /// Where the workspace's repository comes from, if that is known.
    pub repository: Option<String>,
}

impl Place {
    /// All paths that it goes by.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        let own = self.path.iter().chain(&self.named);
        own.map(PathBuf::as_path)
            .chain([self.given.as_path(), Path::new(&self.shown)])
    }

    /// Its paths from the workspace, of those that lead into it.
    pub fn inside(&self) -> impl Iterator<Item = &Path> {
        let own = self.path.iter().chain([&self.given]);
        let own = own.filter_map(|path| path.strip_prefix(&self.workspace).ok());
        let named = self.named.iter();
        own.chain(named.map(|path| path.strip_prefix(&self.workspace).unwrap_or(path)))
    }

    /// The folders that it is asked from whether a file beside this one is excluded: its workspace, and
    /// what else is one.
    pub fn folders(&self) -> Vec<PathBuf> {
        let others = self.workspaces.iter();
        let others = others.filter(|folder| **folder != self.workspace);
        std::iter::once(&self.workspace)
            .chain(others)
            .cloned()
            .collect()
    }

    /// The paths of the files that it is, or may speak of; also by links that lead to them.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let own = self.path.iter().chain(&self.named);
        let given = self.path.as_ref().map(|_| std::path::absolute(&self.given));
        own.map(|path| self.workspace.join(path))
            .chain(given.and_then(Result::ok))
    }

    /// The place of a file among these workspace folders. Reads the disk.
    pub fn of(path: &Path, folders: &[PathBuf]) -> Self {
        let given = path.to_path_buf();
        let path = canonical(path);
        let workspace = workspace_of(&path, folders);
        let shown = shown(path.strip_prefix(&workspace).unwrap_or(&path));
        let mut workspaces = workspaces(&workspace, folders);
        if workspaces.contains(&workspace) {
            workspaces.extend(as_spelled(&workspace, &path, &given));
        }
        Self {
            repository: origin_of(&workspace),
            workspace,
            workspaces,
            path: Some(path),
            shown,
            given,
            named: Vec::new(),
        }
    }

    /// The place of a text that is no file, such as an untitled document or a file as it once was:
    /// where that file stands, if its uri names one, else in the first folder. `name` is what
    /// follows the scheme in the uri. Reads the disk.
    pub fn untitled(name: &str, folders: &[PathBuf]) -> Self {
        let mut named = named::paths(name);
        let given = named.first().cloned().unwrap_or_default();
        let on_disk = canonical(&given);
        let workspace = if is_near_something(&given) {
            workspace_of(&on_disk, folders)
        } else {
            let first = folders.first();
            first.map_or_else(|| PathBuf::from("/"), |folder| canonical(folder))
        };
        let inside = on_disk.strip_prefix(&workspace).unwrap_or(&given);
        let shown = shown(inside).trim_start_matches('/').to_owned();
        named.push(on_disk);
        Self {
            repository: origin_of(&workspace),
            workspaces: workspaces(&workspace, folders),
            workspace,
            path: None,
            shown,
            given,
            named,
        }
    }
}

/// Whether something on this machine's disk leads to this path, but the root.
fn is_near_something(path: &Path) -> bool {
    let mut around = path.ancestors().skip(1);
    path.is_absolute() && around.any(|folder| folder.parent().is_some() && folder.exists())
}

/// The workspace of a file: the longest of `folders` that holds it; without one the nearest
/// ancestor with `.gloss.toml` or `.git`, else the file's own folder.
pub fn workspace_of(path: &Path, folders: &[PathBuf]) -> PathBuf {
    let holding = folders
        .iter()
        .map(|folder| canonical(folder))
        .filter(|folder| path.starts_with(folder));
    if let Some(longest) = holding.max_by_key(|folder| folder.components().count()) {
        return longest;
    }
    let own = path.parent().unwrap_or(path);
    let marked = own.ancestors().find(|folder| is_marked(folder));
    marked.unwrap_or(own).to_path_buf()
}

fn is_marked(folder: &Path) -> bool {
    folder.join(".gloss.toml").exists() || folder.join(".git").exists()
}

/// The open folders, canonical and as they were named, and a document's workspace if it is marked as
/// one: a file's own folder is none.
fn workspaces(own: &Path, folders: &[PathBuf]) -> Vec<PathBuf> {
    let canonical = folders.iter().map(|folder| canonical(folder));
    let own = is_marked(own).then(|| own.to_path_buf());
    let all = canonical.chain(folders.iter().cloned()).chain(own);
    let mut all: Vec<_> = all.collect();
    // Each of them is asked by all globs.
    all.sort_unstable();
    all.dedup();
    all
}

/// The workspace as a file's path was given, through links around it or from another folder; none
/// where a link of another name leads to it, which may be what hides it.
fn as_spelled(workspace: &Path, path: &Path, given: &Path) -> Option<PathBuf> {
    let rest = path.strip_prefix(workspace).ok()?;
    let around = given.ancestors().nth(rest.components().count())?;
    let is_it = !given.starts_with(workspace)
        && given.ends_with(rest)
        && around.file_name() == workspace.file_name()
        && around.canonicalize().is_ok_and(|it| it == workspace);
    is_it.then(|| around.to_path_buf())
}

/// The canonical path, also of a file that is not there: the path of what leads to it, and the rest.
fn canonical(path: &Path) -> PathBuf {
    let mut around = path.ancestors();
    let there = around.find_map(|folder| {
        let rest = path.strip_prefix(folder).ok()?;
        let folder = folder.canonicalize().ok()?;
        // Joining nothing would end it in a separator.
        Some(if rest.as_os_str().is_empty() {
            folder
        } else {
            folder.join(rest)
        })
    });
    there.unwrap_or_else(|| path.to_path_buf())
}

/// A path as prompts and the ledger write it, with `/`.
pub(super) fn shown(path: &Path) -> String {
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_longest_folder_wins_then_the_nearest_mark_then_the_own_folder() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["a/b/c", "repo/.git", "repo/src", "marked/deep", "alone"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("marked/.gloss.toml"), "").unwrap();
        let check = |file: &str, folders: &[&str], workspace: &str, shown: &str| {
            fs::write(root.join(file), "").unwrap();
            let folders: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
            let place = Place::of(&root.join(file), &folders);
            assert_eq!(place.workspace, root.join(workspace), "{file}");
            assert_eq!(place.shown, shown, "{file}");
        };
        check("a/b/c/f.rs", &["a", "a/b"], "a/b", "c/f.rs");
        check("a/f.rs", &["a/b", "a"], "a", "f.rs");
        check("repo/src/f.rs", &["a"], "repo", "src/f.rs");
        check("marked/deep/f.rs", &[], "marked", "deep/f.rs");
        check("alone/f.rs", &[], "alone", "f.rs");
    }

    #[test]
    fn what_is_no_file_stands_where_the_file_does_that_it_speaks_of() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("b/src")).unwrap();
        let folders = [root.join("a"), root.join("b")];
        let check = |name: &str, workspace: &Path, shown: &str| {
            let name = name.replace("ROOT", &root.to_string_lossy());
            let place = Place::untitled(&name, &folders);
            assert_eq!(place.path, None, "{name}");
            assert_eq!((&*place.workspace, &*place.shown), (workspace, shown));
        };
        let (a, b) = (root.join("a"), root.join("b"));
        check("Untitled-1", &a, "Untitled-1");
        check("///no/where/on%20it.rs?ref=1#c", &a, "no/where/on it.rs");
        check("ROOT/b/src/gone.rs?{}", &b, "src/gone.rs");
        check("ROOT/b/gone/gone.rs", &b, "gone/gone.rs");
        check("//ROOT/b/.git//0/src/x.rs", &b, ".git/0/src/x.rs");
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_leads_to_the_canonical_path() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/f.rs"), "").unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let place = Place::of(&root.join("link/f.rs"), &[root.join("link")]);
        assert_eq!(
            (place.workspace, place.shown.as_str()),
            (root.join("real"), "f.rs")
        );
    }
}
