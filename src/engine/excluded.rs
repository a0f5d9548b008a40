//! Which files the setting `exclude` names. Where that cannot be told, it is all of them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use serde_json::json;

use super::Place;
use crate::config::{ConfigFile, DEFAULT_EXCLUDE, Layers};

/// So many bytes of globs are compiled together: more might be too many for one search.
const TOGETHER: usize = 8 << 10;

/// No file's path has more bytes. A link or a uri may, and each of them is searched by every glob.
const LONGEST_PATH: usize = 4 << 10;

/// The globs of the setting, compiled.
pub(super) struct Excluded(Vec<Part>);

struct Part {
    /// Those that are there from the start, asked of names alone: a folder `credentials` holds code. One
    /// that is hidden holds none, as `.envs` does not, so that the like mean all that is in it.
    files: GlobSet,
    /// Asked of names in small letters, wherever a file is, and of paths from a workspace, or of whole
    /// ones that lead into none: what lies around a workspace makes nothing in it secret.
    names: GlobSet,
    /// Those with a `/`, asked of whole paths, too.
    paths: GlobSet,
    /// Asked of paths from the workspace, each glob being a line of a `.gitignore` there.
    inside: Gitignore,
}

impl Excluded {
    /// # Errors
    /// When there is a glob that cannot be searched by: in words what keeps all from being sent.
    pub(super) fn by(globs: &[String]) -> Result<Self, String> {
        Self::by_at(globs, dirs::home_dir)
    }

    fn by_at(globs: &[String], home: impl FnOnce() -> Option<PathBuf>) -> Result<Self, String> {
        let mut globs = Cow::Borrowed(globs);
        let at_home = at_home(&globs, home)?;
        if !at_home.is_empty() {
            globs.to_mut().extend(at_home);
        }
        let compiled = parts(&globs).into_iter().map(|part| {
            Part::of(part).map_err(|error| {
                let is_at_fault = |glob: &&String| Part::of(std::slice::from_ref(*glob)).is_err();
                let at_fault = part.iter().find(is_at_fault);
                unusable(at_fault.map_or("", String::as_str), &error)
            })
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// What a workspace's own file excludes. Reads the disk.
    ///
    /// # Errors
    /// When that cannot be told: in words what keeps all in it from being sent.
    pub(super) fn by_workspace(root: &Path) -> Result<Self, String> {
        // Without what is built in, which the person may have let out.
        let layers = Layers {
            flags: vec![("exclude", json!([]))],
            ..Layers::default()
        };
        let own = layers.resolve_in(&ConfigFile::of_workspace(root)).settings;
        match own.blocked {
            Some(why) => Err(why),
            None => Self::by(&own.exclude),
        }
    }

    /// Whether one of the names of a file is meant, or a folder of the workspace that it is in.
    pub(super) fn holds(&self, place: &Place) -> bool {
        let mut names = place.names();
        names.any(|name| self.holds_file(name, &place.workspaces))
            || place.inside().any(|path| self.holds_inside(path))
            || place.named.iter().any(|path| self.may_mean_a_file(path))
    }

    /// The same of the file at a path, where these folders are workspaces.
    pub(super) fn holds_file(&self, path: &Path, workspaces: &[impl AsRef<Path>]) -> bool {
        let inside = workspaces.iter().map(|it| path.strip_prefix(it.as_ref()));
        let mut inside = inside.flatten().peekable();
        self.holds_name(path, inside.peek().is_some())
            || inside.any(|path| self.holds_name(path, false) || self.holds_inside(path))
    }

    /// Whether a path is meant, or its last name; `is_held` if it leads into a workspace, whose path
    /// from there is asked by itself.
    fn holds_name(&self, path: &Path, is_held: bool) -> bool {
        if path.as_os_str().len() > LONGEST_PATH {
            return true;
        }
        let path = in_small_letters(path);
        self.0.iter().any(|part| {
            let is_named = |path: &Path| part.names.is_match(path) || part.paths.is_match(path);
            let is_meant = if is_held {
                part.paths.is_match(&path)
            } else {
                is_named(&path)
            };
            let is_file = |name: &Path| part.files.is_match(name) || is_named(name);
            is_meant || path.file_name().map(Path::new).is_some_and(is_file)
        })
    }

    /// Whether a path begins with a file that is meant: behind it a uri may say which version.
    fn may_mean_a_file(&self, path: &Path) -> bool {
        let path = in_small_letters(path);
        self.0.iter().any(|part| part.files.is_match(&path))
    }

    /// Whether a path from the workspace is meant, or a folder that it leads through.
    fn holds_inside(&self, path: &Path) -> bool {
        let around = path.ancestors().take_while(|it| it.parent().is_some());
        let mut around = around.enumerate();
        around.any(|(above, path)| {
            let is_meant = |part: &Part| part.inside.matched(path, above > 0).is_ignore();
            self.0.iter().any(is_meant)
        })
    }
}

/// What the folders of a workspace exclude that have a `.gloss.toml` of their own, and so may be
/// workspaces themselves; read when first asked for.
pub(super) struct Inner<'a> {
    workspace: &'a Path,
    by_folder: HashMap<PathBuf, Option<Result<Excluded, String>>>,
}

impl<'a> Inner<'a> {
    pub(super) fn of(workspace: &'a Path) -> Self {
        Self {
            workspace,
            by_folder: HashMap::new(),
        }
    }

    /// Whether one of them keeps a file from being sent. Reads the disk.
    pub(super) fn holds(&mut self, file: &Path) -> bool {
        let around = file.ancestors().skip(1);
        let mut inner = around.take_while(|it| *it != self.workspace);
        inner.any(|folder| {
            let excluded = self.by_folder.entry(folder.to_path_buf());
            let has_own = || folder.join(".gloss.toml").symlink_metadata().is_ok();
            let excluded =
                excluded.or_insert_with(|| has_own().then(|| Excluded::by_workspace(folder)));
            match excluded {
                Some(Ok(excluded)) => excluded.holds_file(file, &[folder]),
                Some(Err(_)) => true,
                None => false,
            }
        })
    }
}

fn in_small_letters(path: &Path) -> PathBuf {
    path.to_string_lossy().to_lowercase().into()
}

impl Part {
    /// `.ENV` is as secret as `.env`, so case does not count.
    ///
    /// # Errors
    /// When one of the globs cannot be searched by.
    fn of(globs: &[String]) -> Result<Self, ignore::Error> {
        let mut files = GlobSetBuilder::new();
        let mut names = GlobSetBuilder::new();
        let mut paths = GlobSetBuilder::new();
        let mut inside = GitignoreBuilder::new("");
        inside.case_insensitive(true)?;
        let mut add = |glob: &str| -> Result<(), ignore::Error> {
            let glob = compiled(glob).map_err(no_glob)?;
            if glob.glob().contains(std::path::is_separator) {
                paths.add(glob);
            } else {
                names.add(glob);
            }
            Ok(())
        };
        for glob in globs {
            if DEFAULT_EXCLUDE.contains(&&**glob) && !glob.starts_with('.') {
                files.add(compiled(glob).map_err(no_glob)?);
                continue;
            }
            add(glob)?;
            let folder = glob.trim_end_matches('/');
            if Path::new(folder).has_root() {
                add(&format!("{folder}/**"))?;
            }
            inside.add_line(None, &as_rule(glob))?;
        }
        Ok(Self {
            files: files.build().map_err(no_glob)?,
            names: names.build().map_err(no_glob)?,
            paths: paths.build().map_err(no_glob)?,
            inside: inside.build()?,
        })
    }
}

/// What those globs mean that begin in the home folder, by the path it is known by and by its own.
/// Reads the disk if there is one.
///
/// # Errors
/// When nobody knows where that is: in words what keeps all from being sent.
fn at_home(
    globs: &[String],
    home: impl FnOnce() -> Option<PathBuf>,
) -> Result<Vec<String>, String> {
    let inside = globs.iter().filter_map(|it| it.strip_prefix("~/"));
    let mut inside = inside.peekable();
    if inside.peek().is_none() {
        return Ok(Vec::new());
    }
    let home = home().ok_or(
        "`exclude` has a glob in the home folder, and no such folder is known, so nothing is sent: set HOME, or write the whole path",
    )?;
    let own = home.canonicalize().ok();
    let homes: Vec<_> = own.into_iter().chain([home]).collect();
    let homes = homes.iter().map(|it| it.to_string_lossy());
    let homes = homes.map(|it| globset::escape(it.trim_end_matches(std::path::is_separator)));
    let homes: BTreeSet<_> = homes.collect();
    let meant = inside.flat_map(|glob| homes.iter().map(move |home| format!("{home}/{glob}")));
    Ok(meant.collect())
}

/// A glob that is asked of small letters. Most are looked up as they are then, and need no regular
/// expression, which takes memory.
fn compiled(glob: &str) -> Result<Glob, globset::Error> {
    // A range like `[Z-a]` would be none in small letters.
    if glob.contains('[') {
        GlobBuilder::new(glob).case_insensitive(true).build()
    } else {
        GlobBuilder::new(&glob.to_lowercase()).build()
    }
}

fn no_glob(error: globset::Error) -> ignore::Error {
    ignore::Error::Glob {
        glob: None,
        err: error.kind().to_string(),
    }
}

/// A glob as a `.gitignore` says the same.
fn as_rule(glob: &str) -> Cow<'_, str> {
    let glob = glob.trim_start_matches("./");
    if glob.starts_with(['!', '#']) {
        return format!("\\{glob}").into();
    }
    // There it is what keeps the next letter from meaning anything.
    if cfg!(windows) {
        return glob.replace('\\', "/").into();
    }
    glob.into()
}

/// The globs in parts that are small enough to be compiled together.
fn parts(globs: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let mut rest = globs;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |glob: &&String| {
            bytes += glob.len();
            bytes <= TOGETHER
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (part, others) = rest.split_at(count);
        parts.push(part);
        rest = others;
    }
    parts
}

fn unusable(glob: &str, error: &ignore::Error) -> String {
    let shown: String = glob.chars().take(60).collect();
    format!(
        "`exclude` has a glob that nothing can be searched by, so nothing is sent: `{shown}` ({error}); write it more simply (`gloss config show` says where it is set)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_and_long_globs_hold_beside_each_other() {
        let longest = |piece: &str| format!("x{}z", piece.repeat(498 / piece.len()));
        for piece in [
            "*?",
            "?",
            "*",
            "*a",
            "**/",
            "/**/a",
            "*?*?é",
            "[acegikmoqsuwy]",
            "{a,b}",
            "{*,?}",
            "*.{a,b}",
            "[!é]",
            "日",
        ] {
            let mut globs = vec![longest(piece); 200];
            globs.extend(DEFAULT_EXCLUDE.iter().copied().map(String::from));
            let excluded = Excluded::by(&globs).unwrap();
            let check = |path: &str, expected: bool| {
                let found = excluded.holds_name(Path::new(path), false);
                assert_eq!(found, expected, "{path} by {piece}");
            };
            check("/w/src/.env", true);
            check("/w/src/lib.rs", false);
        }
    }

    #[test]
    fn a_folder_means_what_is_in_it_as_in_a_gitignore() {
        let check = |glob: &str, yes: &[&str], no: &[&str]| {
            let excluded = Excluded::by(&[glob.to_owned()]).unwrap();
            let check = |file: &str, expected: bool| {
                let file = Path::new("/home/secrets").join(file);
                let found = excluded.holds_file(&file, &["/home/secrets/w"]);
                assert_eq!(found, expected, "{} by {glob}", file.display());
            };
            yes.iter().for_each(|file| check(file, true));
            no.iter().for_each(|file| check(file, false));
        };
        let at_the_top = ["w/secrets/a.rs", "w/Secrets/b/c.rs"];
        let below = ["w/src/secrets/a.rs"];
        // What lies around the workspace makes nothing in it secret.
        let others = ["w/a.rs", "w/secret/a.rs", "w/secrets.rs", "a.rs", "v/a.rs"];
        for anywhere in ["secrets", "secrets/", "././secrets", "SECRETS"] {
            check(anywhere, &[&at_the_top[..], &below].concat(), &others);
        }
        let others = [&others[..], &below].concat();
        for at_top in [
            "/secrets/",
            "/secrets",
            "secrets/**",
            "./secrets/*",
            "secrets/*",
        ] {
            check(at_top, &at_the_top, &others);
        }
        check("src/secrets/", &below, &at_the_top);
        check(
            "**/secrets/**",
            &["w/secrets/a.rs", "w/a.rs", "v/a.rs"],
            &[],
        );
        check(
            "/home/secrets/w/private",
            &["w/private/a/b.rs"],
            &["w/a.rs"],
        );
        check(
            "/home/secrets/w/private/",
            &["w/private/a/b.rs"],
            &["w/a.rs"],
        );
        check("*.own", &["w/a.own", "w/a.own/b.rs"], &["w/a.owns"]);
        check(
            "*secret*",
            // What is not in the workspace is asked by its whole path.
            &["w/my-secret.rs", "w/b/old-secrets/c.rs", "v/a.rs"],
            &["w/a.rs"],
        );
        // Those of the start name files.
        check("*.key", &["w/a.key"], &["w/a.key/b.rs"]);
        check(
            "credentials*",
            &["w/a/credentials.json", "w/credentials", "v/credentials.py"],
            &["w/a/credentials/b.rs", "w/credentials/b.rs"],
        );
        check(
            ".env*",
            &["w/.env", "w/a/.ENV.b", "w/.envs/.live/.db", "w/a/.env/live"],
            &["w/env.rs", "w/a.env"],
        );
        check("A*.[P-R]x", &["w/ab.Qx", "w/AB.qX"], &["w/ab.sx"]);
        check("Ä*.px", &["w/äb.Px", "w/ÄB.pX"], &["w/ab.px"]);
        check("[Z-a]b", &["w/_b"], &["w/b"]);
        check("!a*", &["w/!a.rs", "w/!a/b.rs"], &["w/a.rs", "w/b.rs"]);
        check("#a#", &["w/#a#", "w/#a#/b.rs"], &["w/b.rs"]);
        // A file is no folder.
        check("secrets/", &[], &["w/secrets"]);
        check("/", &[], &["w/a.rs"]);
        check("", &[], &["w/a.rs"]);
        check("{,a}", &["w/a/b.rs"], &["w/b.rs"]);
        // What no disk holds is no file's.
        check("x", &[&"a/".repeat(3_000)], &[&"a/".repeat(500)]);
    }

    #[cfg(unix)]
    #[test]
    fn the_home_folder_is_meant_by_either_of_its_paths() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("Me [x]")).unwrap();
        std::os::unix::fs::symlink(root.join("Me [x]"), root.join("link")).unwrap();
        let check = |glob: &str, file: &str, expected: bool| {
            let home = || Some(root.join("link"));
            let excluded = Excluded::by_at(&[glob.to_owned()], home).unwrap();
            for home in ["link", "Me [x]"] {
                let file = root.join(home).join(file);
                let found = excluded.holds_file(&file, &[root.join(home).join("w")]);
                assert_eq!(found, expected, "{} by {glob}", file.display());
            }
        };
        for folder in ["~/w/acme", "~/w/acme/", "~/w/acme/**", "~/W/A*/**"] {
            check(folder, "w/acme/b/a.rs", true);
            check(folder, "w/other/a.rs", false);
        }
        check("~/w/*.own", "w/a.own", true);
        check("~/", "w/a.rs", true);
        check("~", "w/a.rs", false);
        // And as it is written.
        check("~/w/acme/**", "w/~/w/acme/a.rs", true);
        for (home, file) in [
            (root.join("link/"), root.join("link/w/a.rs")),
            ("/".into(), "/w/a.rs".into()),
        ] {
            let excluded = Excluded::by_at(&["~/w/".to_owned()], || Some(home)).unwrap();
            assert!(
                excluded.holds_file(&file, &[file.parent().unwrap()]),
                "{}",
                file.display()
            );
        }
        let nowhere = Excluded::by_at(&["~/w/**".to_owned()], || None).err();
        assert!(nowhere.unwrap().contains("so nothing is sent"));
    }

    #[test]
    fn where_one_cannot_be_searched_by_that_is_said() {
        let deep = format!("{}a{}", "{".repeat(249), "}".repeat(249));
        let vast = "*?".repeat(100_000);
        for glob in [deep.as_str(), &vast, "a["] {
            let globs = [".env", glob, "b"].map(String::from);
            let why = Excluded::by(&globs).err().unwrap();
            let begins: String = glob.chars().take(60).collect();
            assert!(
                why.contains(&format!("so nothing is sent: `{begins}` (")),
                "{why}"
            );
            assert!(why.len() < 1_000, "{why}");
        }
    }
}
