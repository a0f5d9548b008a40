//! Whether a file is ignored, by the rules of the folders around it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What must not be sent in any way.
pub(super) const NEVER_SENT: &[&str] = &[".glossignore"];
/// What is not drawn in as context.
pub(super) const NOT_DRAWN_IN: &[&str] = &[".gitignore", ".ignore", ".glossignore"];

/// The rules of some folders, read when first asked for.
pub(super) struct Ignored {
    /// The files that hold rules; of two that disagree the later one counts.
    names: &'static [&'static str],
    by_folder: HashMap<PathBuf, Option<Gitignore>>,
}

impl Ignored {
    pub(super) fn by(names: &'static [&'static str]) -> Self {
        Self {
            names,
            by_folder: HashMap::new(),
        }
    }

    /// Whether a rule of the workspace, or of the repository around it, ignores this file, or a
    /// folder that it is in. Both paths are canonical. Reads the disk.
    pub(super) fn holds(&mut self, file: &Path, workspace: &Path) -> bool {
        let mut around = workspace.ancestors();
        let top = around.find(|folder| folder.join(".git").exists());
        let top = top.unwrap_or(workspace);
        let Ok(inside) = file.strip_prefix(top) else {
            return false;
        };
        // Git looks into no folder that is ignored, so the outermost decides first.
        let mut path = top.to_path_buf();
        let depth = inside.components().count();
        inside.components().enumerate().any(|(at, part)| {
            path.push(part);
            self.is_ignored_itself(&path, at + 1 < depth, top)
        })
    }

    /// The nearest rule that says anything of this very path decides.
    fn is_ignored_itself(&mut self, path: &Path, is_folder: bool, top: &Path) -> bool {
        let folders = path.ancestors().skip(1);
        for folder in folders.take_while(|folder| folder.starts_with(top)) {
            let names = self.names;
            let rules = self
                .by_folder
                .entry(folder.to_path_buf())
                .or_insert_with(|| rules(folder, names));
            let Some(rules) = rules else { continue };
            match rules.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

fn rules(folder: &Path, names: &[&str]) -> Option<Gitignore> {
    let files = names.iter().map(|name| folder.join(name));
    let files: Vec<_> = files.filter(|file| file.is_file()).collect();
    if files.is_empty() {
        return None;
    }
    let mut rules = GitignoreBuilder::new(folder);
    for file in files {
        // Lines that are no globs are left out; the others count.
        let _ = rules.add(file);
    }
    rules.build().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_nearest_rule_decides_and_what_is_in_an_ignored_folder_is_ignored() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in [".git", "app/build/deep", "app/src"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join(".gitignore"), "build/\n*.gen.rs\n").unwrap();
        fs::write(root.join("app/.gitignore"), "!kept.gen.rs\n").unwrap();
        fs::write(root.join("app/.glossignore"), "secret.rs\n").unwrap();
        let check = |file: &str, not_drawn_in: bool, never_sent: bool| {
            let (file, workspace) = (root.join(file), root.join("app"));
            for (names, expected) in [(NOT_DRAWN_IN, not_drawn_in), (NEVER_SENT, never_sent)] {
                let holds = Ignored::by(names).holds(&file, &workspace);
                assert_eq!(holds, expected, "{} {names:?}", file.display());
            }
        };
        check("app/src/a.rs", false, false);
        check("app/src/a.gen.rs", true, false);
        check("app/src/kept.gen.rs", false, false);
        check("app/build/deep/a.rs", true, false);
        check("app/src/secret.rs", true, true);
        check("elsewhere/secret.rs", false, false);
    }
}
