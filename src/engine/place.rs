//! Where a document stands: its workspace, and its path as people write it.

use std::path::{Path, PathBuf};

use super::repository::origin_of;

/// A document's place in the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The workspace, as canonical absolute path.
    pub workspace: PathBuf,
    /// The document's own path; `None` for one that is no file.
    pub path: Option<PathBuf>,
    /// The path from the workspace, with `/`, as prompts and the ledger name it.
    pub shown: String,
    /// The path as it was given, before links were followed.
    pub given: PathBuf,
    /// Where the workspace's repository comes from, if that is known.
    pub repository: Option<String>,
}

impl Place {
    /// All paths that it goes by.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        let path = self.path.as_deref().into_iter();
        path.chain([self.given.as_path(), Path::new(&self.shown)])
    }

    /// The place of a file among these workspace folders. Reads the disk.
    pub fn of(path: &Path, folders: &[PathBuf]) -> Self {
        let given = path.to_path_buf();
        let path = canonical(path);
        let workspace = workspace_of(&path, folders);
        let shown = shown(path.strip_prefix(&workspace).unwrap_or(&path));
        Self {
            repository: origin_of(&workspace),
            workspace,
            path: Some(path),
            shown,
            given,
        }
    }

    /// The place of a text that is no file, such as an untitled document.
    pub fn untitled(name: &str, folders: &[PathBuf]) -> Self {
        let workspace = folders
            .first()
            .map_or_else(|| PathBuf::from("/"), |folder| canonical(folder));
        Self {
            repository: origin_of(&workspace),
            workspace,
            path: None,
            shown: name.to_owned(),
            given: name.into(),
        }
    }
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
    own.ancestors()
        .find(|folder| folder.join(".gloss.toml").exists() || folder.join(".git").exists())
        .unwrap_or(own)
        .to_path_buf()
}

/// The canonical path, also of a file that is not there yet: its folder's, and its name.
fn canonical(path: &Path) -> PathBuf {
    let of_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize()
        .ok()
        .or_else(of_folder)
        .unwrap_or_else(|| path.to_path_buf())
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
