//! Whether a file is ignored, by the rules of the folders around it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::git_config::{Ignoring, Person};
use super::repository::common_folder;
use crate::config::open_file;

/// More than any file of rules has, in bytes. A stranger's takes its time: each line is a glob.
const LONGEST: u64 = 256 << 10;

/// More folders than any file lies in: a uri may name what no disk holds.
const DEEPEST: usize = 1_000;

/// What a walk reads of each folder.
const OF_WALKS: [&str; 4] = [".glossignore", ".gitignore", ".ignore", ".git/info/exclude"];

/// What is ignored of a workspace.
pub struct Ignored(Vec<Rules>);

/// Rules of one kind, of the folders around what is asked about, read when first asked for.
struct Rules {
    /// The files that hold them; of two that disagree the later one counts.
    names: &'static [&'static str],
    /// Those of git count within its repository, the others from the root of the disk on.
    of_git: Option<Ignoring>,
    /// The folder of the workspace's repository, else the workspace.
    top: PathBuf,
    by_folder: HashMap<PathBuf, Inside>,
}

/// What decides of what is in a folder.
#[derive(Clone)]
enum Inside {
    /// All of it is ignored.
    Nothing,
    /// What the folders around it say, the nearest last.
    By(Vec<Arc<Said>>),
}

/// What one folder says of what is in it.
struct Said {
    rules: Gitignore,
    /// Whether it is a repository, or the workspace.
    is_top: bool,
}

impl Ignored {
    /// What must not be sent in any way. Reads the disk, as the others do.
    pub(super) fn never_sent(workspace: &Path) -> Self {
        Self(vec![Rules::of_gloss(top_of(workspace))])
    }

    /// What is not drawn in as context. Reads the user's git configuration.
    pub(super) fn not_drawn_in(workspace: &Path) -> Self {
        Self::not_drawn_in_by(&Person::here(), workspace)
    }

    /// What a repository's own `info/exclude` names.
    pub fn by_exclude(workspace: &Path) -> Self {
        Self(vec![Rules::of_git(
            &[],
            Ignoring::default(),
            top_of(workspace),
        )])
    }

    fn not_drawn_in_by(person: &Person, workspace: &Path) -> Self {
        let top = top_of(workspace);
        let of_git = Rules::of_git(&[".gitignore", ".ignore"], person.ignoring(top), top);
        Self(vec![Rules::of_gloss(top), of_git])
    }

    /// Whether a rule ignores this file, or a folder that it is in. The path is canonical. Reads
    /// the disk.
    pub fn holds(&mut self, file: &Path) -> bool {
        self.0.iter_mut().any(|rules| rules.hold(file, false))
    }

    /// The same of a folder.
    pub(super) fn holds_folder(&mut self, folder: &Path) -> bool {
        self.0.iter_mut().any(|rules| rules.hold(folder, true))
    }
}

impl Rules {
    fn of_gloss(top: &Path) -> Self {
        Self {
            names: &[".glossignore"],
            of_git: None,
            top: top.to_path_buf(),
            by_folder: HashMap::new(),
        }
    }

    fn of_git(names: &'static [&'static str], ignoring: Ignoring, top: &Path) -> Self {
        Self {
            names,
            of_git: Some(ignoring),
            ..Self::of_gloss(top)
        }
    }

    fn hold(&mut self, path: &Path, is_folder: bool) -> bool {
        let Some(folder) = path.parent() else {
            return false;
        };
        if folder.components().nth(DEEPEST).is_some() {
            return true;
        }
        self.inside(folder).ignores(path, is_folder)
    }

    /// What decides of what is in a folder, by those around it that were not asked about before.
    fn inside(&mut self, folder: &Path) -> Inside {
        let mut inside = Inside::By(Vec::new());
        let mut new = Vec::new();
        for folder in folder.ancestors().take_while(|it| self.count_in(it)) {
            if let Some(known) = self.by_folder.get(folder) {
                inside = known.clone();
                break;
            }
            new.push(folder);
        }
        for folder in new.into_iter().rev() {
            inside = self.further_inside(folder, inside);
            self.by_folder.insert(folder.to_path_buf(), inside.clone());
        }
        inside
    }

    /// Whether rules that a folder holds count.
    fn count_in(&self, folder: &Path) -> bool {
        self.of_git.is_none() || folder.starts_with(&self.top)
    }

    /// What decides in a folder, by what does around it.
    fn further_inside(&self, folder: &Path, around: Inside) -> Inside {
        // Git looks into no folder that is ignored, so the outermost decides first.
        if around.ignores(folder, true) {
            return Inside::Nothing;
        }
        let (Inside::By(mut all), Ok(rules)) = (around, self.read(folder)) else {
            return Inside::Nothing;
        };
        let is_top = |folder: &Path| folder == self.top || folder.join(".git").exists();
        let is_top = !all.is_empty() && is_top(folder);
        if is_top || !rules.is_empty() {
            all.push(Arc::new(Said { rules, is_top }));
        }
        Inside::By(all)
    }

    /// The rules that a folder holds, in all the files that count.
    ///
    /// # Errors
    /// When something is in the place of one that cannot be read: all may be meant.
    fn read(&self, folder: &Path) -> io::Result<Gitignore> {
        let of_git = self.of_git.as_ref();
        let everywhere = of_git.filter(|_| folder == self.top);
        let everywhere = everywhere.and_then(|git| git.excludes_file.clone());
        let of_repository = of_git.and_then(|_| common_folder(&folder.join(".git")));
        let own = self.names.iter().map(|name| folder.join(name));
        // This one says nothing where it cannot be read, as of git's `/dev/null`.
        let files = everywhere.into_iter().filter(|file| file.is_file());
        let files = files.chain(of_repository.map(|git| git.join("info/exclude")));
        let mut rules = GitignoreBuilder::new(folder);
        for file in files.chain(own) {
            let text = text_of(&file)?;
            for line in text.iter().flat_map(|text| text.lines()) {
                self.add(&mut rules, line)?;
            }
        }
        rules.build().map_err(io::Error::other)
    }

    fn add(&self, rules: &mut GitignoreBuilder, line: &str) -> io::Result<()> {
        // A name that is private is so however a disk that knows no capitals spells it; one that
        // is not is named exactly.
        let in_any_case = match &self.of_git {
            Some(git) => git.in_any_case,
            None => !line.starts_with('!'),
        };
        let rules = rules.case_insensitive(in_any_case);
        let added = rules.and_then(|rules| rules.add_line(None, line).map(|_| ()));
        match added {
            // What git makes of a line that is no glob is its own affair; the others count.
            Err(error) if self.of_git.is_none() => Err(io::Error::other(error)),
            _ => Ok(()),
        }
    }
}

impl Inside {
    /// Whether something that lies here is ignored, by the nearest that says anything of it. But
    /// nothing that a stranger's repository says undoes what is said around it.
    fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        let Self::By(all) = self else {
            return true;
        };
        let mut is_undone = false;
        for said in all.iter().rev() {
            match said.rules.matched(path, is_folder) {
                Match::Ignore(_) if !is_undone => return true,
                Match::Whitelist(_) => is_undone = true,
                Match::Ignore(_) | Match::None => {}
            }
            is_undone &= !said.is_top;
        }
        false
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

/// A file of rules of this folder that cannot be read, such as a pipe, or is too long: no walk may go
/// there, which would wait for it, or find what it ignores. Reads the disk.
pub fn unreadable_rules(folder: &Path) -> Option<&'static str> {
    let is_short = |file: File| file.metadata().is_ok_and(|found| found.len() <= LONGEST);
    let is_unreadable = |name: &&str| {
        let file = folder.join(name);
        file.symlink_metadata().is_ok() && !open_file(&file).is_ok_and(is_short)
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

    fn having_ignored(file: PathBuf) -> Person {
        Person {
            excludes_file: Some(file),
            ..Person::default()
        }
    }

    #[test]
    fn what_gits_configuration_says_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("w/.git")).unwrap();
        fs::write(root.join("rules"), "*.own.rs\n").unwrap();
        fs::write(root.join("w/.gitignore"), "Made.rs\n!again.own.rs\n").unwrap();
        let check = |config: &str, ignored: &[&str], others: &[&str]| {
            let config = config.replace("ROOT", &root.to_string_lossy());
            fs::write(root.join("w/.git/config"), config).unwrap();
            let holds = |file: &&str| {
                let mut rules = Ignored::not_drawn_in_by(&Person::default(), &root.join("w"));
                rules.holds(&root.join("w").join(file))
            };
            assert_eq!(ignored.iter().find(|file| !holds(file)), None);
            assert_eq!(others.iter().find(|file| holds(file)), None);
        };
        check("", &["Made.rs"], &["made.rs", "a.own.rs", "b/a.own.rs"]);
        check(
            "[core]\n\texcludesFile = ROOT/rules\n",
            &["Made.rs", "a.own.rs", "b/a.own.rs"],
            &["made.rs", "again.own.rs", "a.OWN.rs"],
        );
        check(
            "[core]\n\texcludesFile = ROOT/rules\n\tignorecase = true\n",
            &["Made.rs", "made.rs", "a.OWN.rs"],
            &["again.own.rs", "Again.own.rs"],
        );
        // Git warns of one that it cannot read, and goes on.
        check(
            "[core]\n\texcludesFile = ROOT\n",
            &["Made.rs"],
            &["made.rs"],
        );
    }

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
            let everywhere = having_ignored(root.join("everywhere"));
            let found = (
                Ignored::not_drawn_in_by(&everywhere, &workspace).holds(&file),
                Ignored::never_sent(&workspace).holds(&file),
            );
            assert_eq!(found, (not_drawn_in, never_sent), "{}", file.display());
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

    #[test]
    fn what_is_around_the_workspace_is_never_sent_either_and_a_repository_undoes_nothing_of_it() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["plain/private/deep", "hg/.hg", "hg/sub", "outer/.git/info"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::create_dir_all(root.join("outer/vendor/mod/src")).unwrap();
        let write = |file: &str, text: &str| fs::write(root.join(file), text).unwrap();
        write(".glossignore", "top-secret.rs\n*.own.rs\n");
        write("plain/.glossignore", "private/\nSecret.rs\n!secret.rs\n");
        write("hg/.glossignore", "*.key.rs\n!a.own.rs\n");
        write("hg/sub/.gloss.toml", "");
        write("hg/sub/.glossignore", "!kept.key.rs\n!a.own.rs\n");
        write(
            "outer/.glossignore",
            "vendor/mod/secret.rs\n/vendor/*/b.rs\nc.rs\n",
        );
        write("outer/vendor/mod/.git", "gitdir: ../../.git/modules/mod\n");
        write(
            "outer/vendor/mod/.glossignore",
            "!secret.rs\n!b.rs\nd.rs\n!a.own.rs\n",
        );
        write("outer/vendor/mod/src/.glossignore", "!d.rs\n");
        fs::create_dir_all(root.join("bad")).unwrap();
        write("bad/.glossignore", "fine.rs\n{a\n");
        let check = |file: &str, workspaces: &[&str], never_sent: bool| {
            for workspace in workspaces {
                let (file, workspace) = (root.join(file), root.join(workspace));
                let about = format!("{} of {}", file.display(), workspace.display());
                let found = Ignored::never_sent(&workspace).holds(&file);
                assert_eq!(found, never_sent, "{about}");
                let found = Ignored::not_drawn_in_by(&Person::default(), &workspace).holds(&file);
                assert_eq!(found, never_sent, "{about}");
            }
        };
        // Nothing says where a project begins, or another system than git does.
        let anywhere = ["", "plain", "plain/private", "plain/private/deep"];
        check("plain/private/a.rs", &anywhere, true);
        check("plain/private/deep/a.rs", &anywhere, true);
        check("plain/a.rs", &anywhere[..2], false);
        check("plain/top-secret.rs", &anywhere[..2], true);
        check("hg/a.key.rs", &["hg", "hg/sub"], true);
        check("hg/sub/b.key.rs", &["hg", "hg/sub"], true);
        // In capitals or not; but what is wanted all the same is named exactly.
        check("plain/SECRET.rs", &["plain"], true);
        check("plain/Private/a.rs", &["plain"], true);
        check("plain/secret.rs", &["plain"], false);
        // A part of a project says what of it is wanted all the same, a part by itself does not.
        check("hg/sub/kept.key.rs", &["hg"], false);
        check("hg/sub/kept.key.rs", &["hg/sub"], true);
        // Nor does a repository, of what is said around it.
        let both = ["outer", "outer/vendor/mod"];
        check("outer/vendor/mod/secret.rs", &both, true);
        check("outer/vendor/mod/b.rs", &both, true);
        check("outer/vendor/mod/c.rs", &both, true);
        check("outer/vendor/mod/d.rs", &both, true);
        check("outer/vendor/mod/src/d.rs", &both, false);
        check("outer/vendor/mod/src/a.own.rs", &both, true);
        check("outer/vendor/mod/src/e.rs", &both, false);
        // A line that is no glob may mean anything.
        check("bad/a.rs", &["bad"], true);
        // What no disk holds is no file's.
        check(&"a/".repeat(100_000), &["plain"], true);
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
            let holds = |mut ignored: Ignored| ignored.holds(&folder.join("b/c.rs"));
            let found = (
                holds(Ignored::not_drawn_in_by(
                    &having_ignored(pipe.clone()),
                    &root,
                )),
                holds(Ignored::never_sent(&root)),
            );
            assert_eq!(found, expected, "{name}");
            assert_eq!(unreadable_rules(&folder), expected.0.then_some(name));
            // What is beside is not meant.
            assert!(!Ignored::not_drawn_in(&root).holds(&root.join("d.rs")));
            fs::remove_dir_all(&folder).unwrap();
        };
        let link = |at: &Path| std::os::unix::fs::symlink(&pipe, at).unwrap();
        let fifo = |at: &Path| rustix::fs::mkfifoat(rustix::fs::CWD, at, mode).unwrap();
        let nowhere = |at: &Path| std::os::unix::fs::symlink(root.join("none"), at).unwrap();
        let endless = |at: &Path| std::os::unix::fs::symlink("/dev/zero", at).unwrap();
        let longer = "# more than anybody writes\n".repeat(10_000);
        let too_long = |at: &Path| fs::write(at, &longer).unwrap();
        let puts: [&dyn Fn(&Path); 5] = [&link, &fifo, &nowhere, &endless, &too_long];
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
