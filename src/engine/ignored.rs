//! Whether a file is ignored, by the rules of the folders around it.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

use super::repository::common_folder;
use crate::config::open_file;

/// More than any file of rules has, in bytes.
const LONGEST: u64 = 4 << 20;

/// What a walk reads of each folder.
const OF_WALKS: [&str; 4] = [".glossignore", ".gitignore", ".ignore", ".git/info/exclude"];

/// The rules of some folders, read when first asked for.
pub struct Ignored {
    /// The files that hold rules; of two that disagree the later one counts.
    names: &'static [&'static str],
    of_git: Option<GitsOwn>,
    by_folder: HashMap<PathBuf, Rules>,
}

/// What a folder's files say of what is in it.
enum Rules {
    Nothing,
    These(Gitignore),
    /// Something is in the place of one that cannot be read: all may be meant.
    Unreadable,
}

/// What git ignores by other files than those among a repository's own.
struct GitsOwn {
    /// What a person has git ignore everywhere, if anything.
    everywhere: Option<PathBuf>,
}

impl Ignored {
    /// What must not be sent in any way.
    pub(super) fn never_sent() -> Self {
        Self {
            names: &[".glossignore"],
            of_git: None,
            by_folder: HashMap::new(),
        }
    }

    /// What is not drawn in as context. Reads the user's git configuration.
    pub(super) fn not_drawn_in() -> Self {
        Self::not_drawn_in_by(gitconfig_excludes_path())
    }

    /// What a repository's own `info/exclude` names.
    pub fn by_exclude() -> Self {
        Self {
            names: &[],
            of_git: Some(GitsOwn { everywhere: None }),
            by_folder: HashMap::new(),
        }
    }

    fn not_drawn_in_by(everywhere: Option<PathBuf>) -> Self {
        Self {
            names: &[".gitignore", ".ignore", ".glossignore"],
            of_git: Some(GitsOwn { everywhere }),
            by_folder: HashMap::new(),
        }
    }

    /// Whether a rule of the workspace, or of the repository around it, ignores this file, or a
    /// folder that it is in. Both paths are canonical. Reads the disk.
    pub fn holds(&mut self, file: &Path, workspace: &Path) -> bool {
        self.holds_path(file, false, workspace)
    }

    /// The same of a folder.
    pub(super) fn holds_folder(&mut self, folder: &Path, workspace: &Path) -> bool {
        self.holds_path(folder, true, workspace)
    }

    fn holds_path(&mut self, file: &Path, is_folder: bool, workspace: &Path) -> bool {
        let top = top_of(workspace);
        let Ok(inside) = file.strip_prefix(top) else {
            return false;
        };
        // Git looks into no folder that is ignored, so the outermost decides first.
        let mut path = top.to_path_buf();
        let depth = inside.components().count();
        inside.components().enumerate().any(|(at, part)| {
            path.push(part);
            self.is_ignored_itself(&path, is_folder || at + 1 < depth, top)
        })
    }

    /// The nearest rule that says anything of this very path decides.
    fn is_ignored_itself(&mut self, path: &Path, is_folder: bool, top: &Path) -> bool {
        let folders = path.ancestors().skip(1);
        for folder in folders.take_while(|folder| folder.starts_with(top)) {
            if !self.by_folder.contains_key(folder) {
                let rules = self.rules_in(folder, folder == top);
                self.by_folder.insert(folder.to_path_buf(), rules);
            }
            let rules = match self.by_folder.get(folder) {
                Some(Rules::These(rules)) => rules,
                Some(Rules::Unreadable) => return true,
                Some(Rules::Nothing) | None => continue,
            };
            match rules.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    /// The rules that a folder holds, in all the files that count.
    fn rules_in(&self, folder: &Path, is_top: bool) -> Rules {
        let of_git = self.of_git.as_ref();
        let everywhere = of_git.filter(|_| is_top);
        let everywhere = everywhere.and_then(|git| git.everywhere.clone());
        let of_repository = of_git.and_then(|_| common_folder(folder.join(".git")));
        let own = self.names.iter().map(|name| folder.join(name));
        // The person's own says nothing where it cannot be read, as of git's `/dev/null`.
        let files = everywhere.into_iter().filter(|file| file.is_file());
        let files = files.chain(of_repository.map(|git| git.join("info/exclude")));
        let mut rules = GitignoreBuilder::new(folder);
        let mut has_any = false;
        for file in files.chain(own) {
            let Ok(text) = text_of(&file) else {
                return Rules::Unreadable;
            };
            let lines = text.iter().flat_map(|text| text.lines());
            for line in lines {
                has_any = true;
                // Those that are no globs are left out; the others count.
                let _ = rules.add_line(Some(file.clone()), line);
            }
        }
        if !has_any {
            return Rules::Nothing;
        }
        rules.build().map_or(Rules::Unreadable, Rules::These)
    }
}

/// The text of a file of rules; `None` where there is none.
fn text_of(file: &Path) -> io::Result<Option<String>> {
    if file.symlink_metadata().is_err() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let length = open_file(file)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if length as u64 > LONGEST {
        return Err(io::Error::other("it is too large"));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_start_matches('\u{feff}').to_owned()))
}

/// A file of rules of this folder that cannot be read, such as a pipe: no walk may go there, which
/// would wait for it, or find what it ignores. Reads the disk.
pub fn unreadable_rules(folder: &Path) -> Option<&'static str> {
    let is_unreadable = |name: &&str| {
        let file = folder.join(name);
        file.symlink_metadata().is_ok() && open_file(&file).is_err()
    };
    OF_WALKS.into_iter().find(is_unreadable)
}

/// The folder of the repository that a workspace is in, else the workspace. Reads the disk.
pub(super) fn top_of(workspace: &Path) -> &Path {
    let mut around = workspace.ancestors();
    let top = around.find(|folder| folder.join(".git").exists());
    top.unwrap_or(workspace)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_rule_decides_and_what_is_in_an_ignored_folder_is_ignored() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in [".git/info", "app/build/deep", "app/src", "app/module"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let write = |file: &str, text: &str| fs::write(root.join(file), text).unwrap();
        write(".gitignore", "build/\n*.gen.rs\n!wanted.rs\n");
        write("app/.gitignore", "!kept.gen.rs\n");
        write("app/.glossignore", "secret.rs\n");
        write(
            ".git/info/exclude",
            "/app/own.rs\n/own.rs\nwanted.rs\n!again.rs\n",
        );
        write("everywhere", "/app/src/mine.rs\n*.bak.rs\nagain.rs\n");
        // As in a worktree or a submodule.
        fs::create_dir_all(root.join(".git/modules/module/info")).unwrap();
        write("app/module/.git", "gitdir: ../../.git/modules/module\n");
        write(".git/modules/module/info/exclude", "/own.rs\n");
        let check = |file: &str, not_drawn_in: bool, never_sent: bool| {
            let (file, workspace) = (root.join(file), root.join("app"));
            let everywhere = Some(root.join("everywhere"));
            for (mut ignored, expected) in [
                (Ignored::not_drawn_in_by(everywhere), not_drawn_in),
                (Ignored::never_sent(), never_sent),
            ] {
                let holds = ignored.holds(&file, &workspace);
                assert_eq!(holds, expected, "{} {:?}", file.display(), ignored.names);
            }
        };
        check("app/src/a.rs", false, false);
        check("app/src/a.gen.rs", true, false);
        check("app/src/kept.gen.rs", false, false);
        check("app/build/deep/a.rs", true, false);
        check("app/src/secret.rs", true, true);
        check("elsewhere/secret.rs", false, false);
        check("app/own.rs", true, false);
        check("app/src/own.rs", false, false);
        check("app/src/wanted.rs", false, false);
        check("app/src/mine.rs", true, false);
        check("app/src/a.bak.rs", true, false);
        check("app/src/again.rs", false, false);
        check("app/module/own.rs", true, false);
        check("app/module/src/own.rs", false, false);
    }

    #[cfg(unix)]
    #[test]
    fn where_rules_cannot_be_read_all_of_the_folder_is_ignored() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let pipe = root.join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        let check = |name: &str, put: &dyn Fn(&Path), expected: (bool, bool)| {
            let folder = root.join("a");
            fs::create_dir_all(folder.join(".git/info")).unwrap();
            put(&folder.join(name));
            let holds = |mut ignored: Ignored| ignored.holds(&folder.join("b/c.rs"), &root);
            let found = (
                holds(Ignored::not_drawn_in_by(Some(pipe.clone()))),
                holds(Ignored::never_sent()),
            );
            assert_eq!(found, expected, "{name}");
            assert_eq!(unreadable_rules(&folder), expected.0.then_some(name));
            // What is beside is not meant.
            assert!(!Ignored::not_drawn_in().holds(&root.join("d.rs"), &root));
            fs::remove_dir_all(&folder).unwrap();
        };
        let link = |at: &Path| std::os::unix::fs::symlink(&pipe, at).unwrap();
        let fifo = |at: &Path| rustix::fs::mkfifoat(rustix::fs::CWD, at, mode).unwrap();
        let nowhere = |at: &Path| std::os::unix::fs::symlink(root.join("none"), at).unwrap();
        let endless = |at: &Path| std::os::unix::fs::symlink("/dev/zero", at).unwrap();
        let puts: [&dyn Fn(&Path); 4] = [&link, &fifo, &nowhere, &endless];
        for put in puts {
            check(".glossignore", put, (true, true));
            for name in [".gitignore", ".ignore", ".git/info/exclude"] {
                check(name, put, (true, false));
            }
        }
        check(
            ".glossignore",
            &|at| fs::write(at, "").unwrap(),
            (false, false),
        );
    }
}
