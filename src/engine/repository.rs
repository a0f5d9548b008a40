//! Where a workspace's repository comes from, as its git configuration says.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use url::Url;

use super::git_config::{Entry, entries};
use crate::config::open_file;

/// The most of a configuration that is read, in bytes.
const LONGEST: u64 = 256 << 10;

/// The address of the remote `origin` of the repository that a folder belongs to, without user
/// name, password and query, which may hold a key. Reads the disk.
pub fn origin_of(folder: &Path) -> Option<String> {
    let dot_git = folder.ancestors().map(|folder| folder.join(".git"));
    let dot_git = dot_git.into_iter().find(|path| path.exists())?;
    let config = read(&common_folder(&dot_git)?.join("config"))?;
    without_secrets(&origin(&config)?)
}

/// Where git keeps a repository: for a worktree or a submodule `.git` is a file that leads there.
pub(super) fn git_folder(dot_git: &Path) -> Option<PathBuf> {
    if dot_git.is_dir() {
        return Some(dot_git.to_path_buf());
    }
    let text = read(dot_git)?;
    led_to(dot_git.parent()?, text.strip_prefix("gitdir:")?)
}

/// Where git keeps what all worktrees of a repository share, such as the configuration.
pub(super) fn common_folder(dot_git: &Path) -> Option<PathBuf> {
    let own = git_folder(dot_git)?;
    let common = (own != dot_git).then(|| read(&own.join("commondir")));
    match common.flatten() {
        Some(common) => led_to(&own, &common),
        None => Some(own),
    }
}

/// The folder that one of git's files leads to, from where it lies.
fn led_to(folder: &Path, text: &str) -> Option<PathBuf> {
    let path = text.trim();
    (!is_on_another_host(path)).then(|| folder.join(path))
}

/// Whether a path may be one on another host, as on Windows: to look at one is to tell that host who
/// asks, so none is looked at that a repository names. Elsewhere two strokes are as good as one.
pub(super) fn is_on_another_host(path: &str) -> bool {
    cfg!(windows) && path.replace('\\', "/").starts_with("//")
}

/// The text of one of git's own files, if it is not too long.
pub(super) fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = open_file(path).ok()?;
    let length = file.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    (length as u64 <= LONGEST).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// The first `url` of the section `[remote "origin"]`.
fn origin(config: &str) -> Option<String> {
    let mut entries = entries(config).into_iter();
    let is_url = |it: &Entry| it.section == "remote" && it.key == "url";
    let origin = entries.find(|it| is_url(it) && it.part.as_deref() == Some("origin"));
    origin?.value.filter(|url| !url.is_empty())
}

/// `None` where nobody can tell what of it is secret.
fn without_secrets(address: &str) -> Option<String> {
    if !address.contains("://") {
        // As ssh writes it, or a path.
        return Some(address.to_owned());
    }
    let mut url = Url::parse(address).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        url.set_password(None).ok()?;
        url.set_username("").ok()?;
    }
    url.set_query(None);
    url.set_fragment(None);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_origin_is_named_without_what_may_be_secret() {
        let check = |config: &str, expected: Option<&str>| {
            let found = origin(config).and_then(|url| without_secrets(&url));
            assert_eq!(found.as_deref(), expected, "{config}");
        };
        check("", None);
        check("[core]\n\turl = no\n[remote \"fork\"]\n\turl = no\n", None);
        check(
            "[core]\n\tbare = false\n[remote \"origin\"]\n\tfetch = x\n\tURL = https://example.com/r.git\n[branch \"main\"]\n",
            Some("https://example.com/r.git"),
        );
        check(
            "[remote \"origin\"]\nurl = https://me:token@example.com/r.git?key=1#x",
            Some("https://example.com/r.git"),
        );
        check(
            "[remote \"origin\"]\nurl=git@example.com:me/r.git",
            Some("git@example.com:me/r.git"),
        );
        check(
            "[remote \"origin\"]\nurl = file:///srv/r",
            Some("file:///srv/r"),
        );
        check("[remote \"origin\"]\nurl = https://\n", None);
    }

    #[test]
    fn a_folder_within_and_a_worktree_belong_to_the_repository() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir_all(root.join("r/.git/worktrees/w")).unwrap();
        fs::create_dir_all(root.join("r/src/deep")).unwrap();
        fs::create_dir_all(root.join("w")).unwrap();
        let config = "[remote \"origin\"]\n\turl = https://example.com/r.git\n";
        fs::write(root.join("r/.git/config"), config).unwrap();
        let own = root.join("r/.git/worktrees/w");
        fs::write(own.join("commondir"), "../..\n").unwrap();
        fs::write(root.join("w/.git"), format!("gitdir: {}\n", own.display())).unwrap();
        for folder in ["r", "r/src/deep", "w"] {
            let found = origin_of(&root.join(folder));
            assert_eq!(
                found.as_deref(),
                Some("https://example.com/r.git"),
                "{folder}"
            );
        }
        // Another host, which only Windows has in a path, is not told who asks.
        let expected = (!cfg!(windows)).then(|| "https://example.com/r.git".to_owned());
        let foreign = |path: &Path| format!("/{}\n", path.display());
        fs::write(root.join("w/.git"), format!("gitdir: {}", foreign(&own))).unwrap();
        assert_eq!(origin_of(&root.join("w")), expected);
        fs::write(root.join("w/.git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("commondir"), foreign(&root.join("r/.git"))).unwrap();
        assert_eq!(origin_of(&root.join("w")), expected);
    }
}
