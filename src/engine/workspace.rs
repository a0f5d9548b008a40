//! Which files of a workspace a search looks into, nearest first, within bounds.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ignore::WalkBuilder;

use super::ignored::{self, Ignored, unreadable_rules};
use crate::config::open_file;

/// How much of a workspace is searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub time: Duration,
    pub files: usize,
    /// Files with more bytes are left out.
    pub file_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(100),
            files: 2_000,
            file_bytes: 512 * 1024,
        }
    }
}

/// The moment at which a search ends, whatever it has found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn in_(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The middle of the time that is left.
    pub(super) fn half(self) -> Self {
        let now = Instant::now();
        Self(now + self.0.saturating_duration_since(now) / 2)
    }

    pub(super) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// The files below `root` that are wanted, those near `file` first: what is in its own folder,
/// then what is around that, each by name. Hidden files, ignored ones and links are left out.
pub(super) fn files(
    root: &Path,
    file: &Path,
    is_wanted: impl Fn(&Path) -> bool,
    most: usize,
    deadline: Deadline,
) -> Vec<PathBuf> {
    // A home folder is no project, and the disk even less.
    let is_home =
        |home: PathBuf| home == root || home.canonicalize().is_ok_and(|home| home == root);
    let is_project = root.parent().is_some() && !dirs::home_dir().is_some_and(is_home);
    if !is_project {
        return Vec::new();
    }
    let mut ignored = Ignored::not_drawn_in(root);
    let around = file.ancestors().skip(1).filter(|it| it.starts_with(root));
    let around = around.filter(|folder| {
        let inside = folder.strip_prefix(root).unwrap_or(folder);
        let is_hidden = inside
            .components()
            .any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
        *folder == root || !is_hidden && !ignored.holds_folder(folder)
    });
    let mut around: Vec<&Path> = around.collect();
    if around.is_empty() {
        around.push(root);
    }
    // The walker reads the rules of all folders around, too.
    around.retain(|folder| folder.ancestors().all(|it| unreadable_rules(it).is_none()));
    let mut found = Vec::new();
    let mut within: Option<PathBuf> = None;
    for folder in around {
        let mut ring: Vec<PathBuf> = entries(folder, root, within.take())
            .take_while(|_| !deadline.is_over())
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .map(ignore::DirEntry::into_path)
            .filter(|path| is_wanted(path) && !ignored.holds(path))
            .take(most - found.len())
            .collect();
        // Sorted only now: the walker would read all of a folder first, however many are in it.
        ring.sort();
        found.extend(ring);
        within = Some(folder.to_path_buf());
    }
    found
}

/// What is in a folder but not in the one of its folders that was looked into.
fn entries(folder: &Path, root: &Path, but: Option<PathBuf>) -> ignore::Walk {
    WalkBuilder::new(folder)
        .require_git(false)
        // Found by what a repository's `.git` says, be it a pipe: asked of [`Ignored`] instead.
        .git_exclude(false)
        // What git ignores everywhere is anchored where the repository is.
        .current_dir(ignored::top_of(root))
        .follow_links(false)
        .add_custom_ignore_filename(".glossignore")
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            but.as_deref() != Some(entry.path())
                && !(is_folder && unreadable_rules(entry.path()).is_some())
        })
        .build()
}

/// The text of a file; `None` where it is too long, no text, or cannot be read.
pub(super) fn read(path: &Path, most: usize) -> Option<String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let file = open_file(path).ok()?;
    let length = file.metadata().ok()?.len();
    if length > most {
        return None;
    }
    file.take(most).read_to_end(&mut bytes).ok()?;
    let is_binary = bytes.iter().take(1_024).any(|byte| *byte == 0);
    (!is_binary)
        .then(|| String::from_utf8(bytes).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (folder, root)
    }

    fn found(root: &Path, near: &str, most: usize, time: Duration) -> Vec<String> {
        let is_rust = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
        let found = files(root, &root.join(near), is_rust, most, Deadline::in_(time));
        let names = found.iter().map(|path| path.strip_prefix(root).unwrap());
        names
            .map(|path| path.display().to_string().replace('\\', "/"))
            .collect()
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn files_come_nearest_first_and_ignored_ones_not_at_all() {
        let (_folder, root) = workspace(&[
            (".gitignore", "target\n"),
            (".glossignore", "b/private.rs\n"),
            (".hidden/a.rs", ""),
            ("a/x.rs", ""),
            ("a/z/x.rs", ""),
            ("b/c/near.rs", ""),
            ("b/c/own.rs", ""),
            ("b/c/own.txt", ""),
            ("b/private.rs", ""),
            ("b/x.rs", ""),
            ("lib.rs", ""),
            ("target/x.rs", ""),
        ]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(root.join("lib.rs"), root.join("b/link.rs")).unwrap();
        let all = [
            "b/c/near.rs",
            "b/c/own.rs",
            "b/x.rs",
            "a/x.rs",
            "a/z/x.rs",
            "lib.rs",
        ];
        assert_eq!(found(&root, "b/c/own.rs", 100, LONG), all);
        assert_eq!(found(&root, "b/c/own.rs", 2, LONG), all[..2]);
        assert!(found(&root, "b/c/own.rs", 100, Duration::ZERO).is_empty());
        assert!(found(Path::new("/"), "own.rs", 100, LONG).is_empty());
    }

    #[test]
    fn what_is_around_a_hidden_or_ignored_file_is_left_out_all_the_same() {
        let (_folder, root) = workspace(&[
            (".gitignore", "target/\n"),
            (".hidden/a/own.rs", ""),
            ("target/own.rs", ""),
            ("lib.rs", ""),
        ]);
        for own in [".hidden/a/own.rs", "target/own.rs", "lib.rs"] {
            assert_eq!(found(&root, own, 100, LONG), ["lib.rs"], "{own}");
        }
        assert_eq!(found(&root, "/elsewhere/own.rs", 100, LONG), ["lib.rs"]);
    }

    #[test]
    fn only_texts_that_are_not_too_long_are_read() {
        let (_folder, root) = workspace(&[("a", "text"), ("b", "te\0xt"), ("c", "longer")]);
        let check = |file: &str, expected: Option<&str>| {
            assert_eq!(read(&root.join(file), 5).as_deref(), expected, "{file}");
        };
        check("a", Some("text"));
        check("b", None);
        check("c", None);
        check("none", None);
    }
}
