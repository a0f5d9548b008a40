//! What git's configuration says of what git ignores. No git is asked: it would run what a hostile
//! repository's configuration names.
//!
//! Left out are what few have: `onbranch:` and `hasconfig:` as conditions, a worktree's own
//! configuration, other users' home folders, and the variables that hold settings themselves.

use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

use globset::{GlobBuilder, GlobSet};

use super::repository::{common_folder, git_folder, is_on_another_host, read};

/// No more files than these are read for one question, nor any that are included more deeply.
const MOST_FILES: usize = 50;
const DEEPEST: usize = 10;

/// What git ignores by its configuration.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ignoring {
    /// The file with more rules, if any.
    pub excludes_file: Option<PathBuf>,
    /// Whether names are ignored in capitals or not.
    pub in_any_case: bool,
}

/// Where a person's own configuration is.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub home: Option<PathBuf>,
    /// Of two that disagree the later one counts.
    pub files: Vec<PathBuf>,
    /// What holds rules where no configuration says what does.
    pub excludes_file: Option<PathBuf>,
}

impl Person {
    /// The one who runs this.
    pub(super) fn here() -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let named = |name: &str| set(name).map(PathBuf::from);
        let home = dirs::home_dir();
        let folder = named("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let folder = folder.map(|folder| folder.join("git"));
        let system = named("GIT_CONFIG_SYSTEM").or_else(|| Some("/etc/gitconfig".into()));
        let system = system.filter(|_| set("GIT_CONFIG_NOSYSTEM").is_none());
        let usual = || {
            let in_folder = folder.iter().map(|folder| folder.join("config"));
            let in_home = home.iter().map(|home| home.join(".gitconfig"));
            in_folder.chain(in_home).collect()
        };
        let own = named("GIT_CONFIG_GLOBAL").map_or_else(usual, |file| vec![file]);
        Self {
            files: system.into_iter().chain(own).collect(),
            excludes_file: folder.map(|folder| folder.join("ignore")),
            home,
        }
    }

    /// What is ignored in the repository at this folder, if there is one. Reads the disk.
    pub(super) fn ignoring(&self, top: &Path) -> Ignoring {
        let mut reading = Reading {
            home: self.home.as_deref(),
            top,
            git_folder: git_folder(&top.join(".git")).and_then(|it| it.canonicalize().ok()),
            is_strangers: false,
            files_left: MOST_FILES,
            excludes_file: self.excludes_file.clone(),
            in_any_case: false,
        };
        for file in &self.files {
            reading.read(file, 0);
        }
        if let Some(common) = common_folder(&top.join(".git")) {
            reading.is_strangers = true;
            reading.read(&common.join("config"), 0);
        }
        Ignoring {
            excludes_file: reading.excludes_file,
            in_any_case: reading.in_any_case,
        }
    }
}

/// What was said so far; what is said later counts.
struct Reading<'a> {
    home: Option<&'a Path>,
    top: &'a Path,
    git_folder: Option<PathBuf>,
    /// Whether it is the repository that speaks.
    is_strangers: bool,
    files_left: usize,
    excludes_file: Option<PathBuf>,
    in_any_case: bool,
}

impl Reading<'_> {
    fn read(&mut self, file: &Path, depth: usize) {
        if depth > DEEPEST || self.files_left == 0 {
            return;
        }
        self.files_left -= 1;
        let folder = file.parent().unwrap_or(file);
        for entry in entries(&read(file).unwrap_or_default()) {
            let value = entry.value.as_deref();
            match (&*entry.section, entry.part.as_deref(), &*entry.key) {
                ("core", None, "excludesfile") => {
                    let value = value.filter(|value| !value.is_empty());
                    self.excludes_file = value.and_then(|value| self.path(value, self.top));
                }
                ("core", None, "ignorecase") => self.in_any_case = is_yes(value),
                ("include", None, "path") => self.include(value, folder, depth),
                ("includeif", Some(condition), "path") if self.holds(condition, folder) => {
                    self.include(value, folder, depth);
                }
                _ => {}
            }
        }
    }

    fn include(&mut self, value: Option<&str>, folder: &Path, depth: usize) {
        if let Some(file) = value.and_then(|value| self.path(value, folder)) {
            self.read(&file, depth + 1);
        }
    }

    /// The file that a value names, relative to a folder.
    fn path(&self, value: &str, folder: &Path) -> Option<PathBuf> {
        if self.is_strangers && is_on_another_host(value) {
            return None;
        }
        match value.strip_prefix("~/") {
            Some(rest) => Some(self.home?.join(rest)),
            None => Some(folder.join(value)),
        }
    }

    /// Whether a condition is one on where the repository is, and met.
    fn holds(&self, condition: &str, folder: &Path) -> bool {
        let (pattern, in_any_case) = match condition.split_once(':') {
            Some(("gitdir", pattern)) => (pattern, false),
            Some(("gitdir/i", pattern)) => (pattern, true),
            _ => return false,
        };
        let Some(git_folder) = &self.git_folder else {
            return false;
        };
        let within = |folder: &Path, rest: &str| format!("{}/{rest}", written(folder));
        let mut pattern = match (pattern.strip_prefix("~/"), pattern.strip_prefix("./")) {
            (Some(rest), _) => match self.home {
                Some(home) => within(&home.canonicalize().unwrap_or_else(|_| home.into()), rest),
                None => return false,
            },
            (_, Some(rest)) => within(folder, rest),
            _ if Path::new(pattern).is_absolute() => pattern.to_owned(),
            _ => format!("**/{pattern}"),
        };
        if pattern.ends_with('/') {
            pattern.push_str("**");
        }
        is_matched(&pattern, in_any_case, &written(git_folder))
    }
}

/// Whether a path is meant by a pattern; not by one that cannot be searched by.
fn is_matched(pattern: &str, in_any_case: bool, path: &str) -> bool {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .case_insensitive(in_any_case)
        .build();
    glob.and_then(|glob| GlobSet::new([glob]))
        .is_ok_and(|glob| glob.is_match(path))
}

/// A path as patterns in a configuration are written.
fn written(path: &Path) -> String {
    let path = path.to_string_lossy();
    if cfg!(windows) {
        return path.trim_start_matches(r"\\?\").replace('\\', "/");
    }
    path.into_owned()
}

fn is_yes(value: Option<&str>) -> bool {
    value.is_none_or(|value| {
        let is_number = || value.parse::<i64>().is_ok_and(|number| number != 0);
        let yes = ["true", "yes", "on"];
        yes.iter().any(|yes| value.eq_ignore_ascii_case(yes)) || is_number()
    })
}

/// One thing that a configuration says: `[section "part"] key = value`.
#[derive(Debug)]
pub(super) struct Entry {
    /// In small letters.
    pub section: String,
    pub part: Option<String>,
    /// In small letters.
    pub key: String,
    /// `None` of a key alone, which is a yes.
    pub value: Option<String>,
}

/// What a configuration says, up to where git would understand it no more.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut signs = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut entries = Vec::new();
    let mut around = (String::new(), None);
    while let Some(sign) = signs.next() {
        match sign {
            '#' | ';' => end_line(&mut signs),
            '[' => match heading(&mut signs) {
                Some(heading) => around = heading,
                None => break,
            },
            _ if sign.is_ascii_alphabetic() => {
                let mut key = String::from(sign.to_ascii_lowercase());
                while let Some(sign) = signs.next_if(|it| it.is_ascii_alphanumeric() || *it == '-')
                {
                    key.push(sign.to_ascii_lowercase());
                }
                let Ok(value) = value(&mut signs) else {
                    break;
                };
                let (section, part) = around.clone();
                entries.push(Entry {
                    section,
                    part,
                    key,
                    value,
                });
            }
            _ if sign.is_whitespace() => {}
            _ => break,
        }
    }
    entries
}

type Signs<'t> = Peekable<Chars<'t>>;

fn end_line(signs: &mut Signs<'_>) {
    while signs.next_if(|sign| *sign != '\n').is_some() {}
}

fn skip_blanks(signs: &mut Signs<'_>) {
    while signs
        .next_if(|sign| matches!(sign, ' ' | '\t' | '\r'))
        .is_some()
    {}
}

/// A section and its part, behind `[`.
fn heading(signs: &mut Signs<'_>) -> Option<(String, Option<String>)> {
    let mut section = String::new();
    while let Some(sign) = signs.next_if(|it| it.is_ascii_alphanumeric() || ".-".contains(*it)) {
        section.push(sign.to_ascii_lowercase());
    }
    skip_blanks(signs);
    let part = match signs.next()? {
        ']' => {
            let parts = section.split_once('.');
            let parts = parts.map(|(section, part)| (section.to_owned(), Some(part.to_owned())));
            return Some(parts.unwrap_or((section, None)));
        }
        '"' => quoted(signs)?,
        _ => return None,
    };
    signs.next_if_eq(&']')?;
    Some((section, Some(part)))
}

/// What stands up to the next quotation mark.
fn quoted(signs: &mut Signs<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match signs.next()? {
            '"' => return Some(text),
            '\n' => return None,
            '\\' => text.push(signs.next()?),
            sign => text.push(sign),
        }
    }
}

/// What git does not understand.
struct NoValue;

/// What follows a key, up to the end of its line.
fn value(signs: &mut Signs<'_>) -> Result<Option<String>, NoValue> {
    skip_blanks(signs);
    if signs.next_if_eq(&'=').is_none() {
        let is_end = matches!(signs.peek(), None | Some('\n' | '#' | ';'));
        return if is_end { Ok(None) } else { Err(NoValue) };
    }
    skip_blanks(signs);
    let mut text = String::new();
    // As far as blanks are not just what ends the line.
    let mut length = 0;
    let mut is_quoted = false;
    while let Some(sign) = signs.next() {
        match sign {
            '\n' if is_quoted => return Err(NoValue),
            '\n' => break,
            '#' | ';' if !is_quoted => {
                end_line(signs);
                break;
            }
            '"' => is_quoted = !is_quoted,
            '\\' => text.extend(escaped(signs)?),
            sign => text.push(sign),
        }
        if is_quoted || !sign.is_whitespace() {
            length = text.len();
        }
    }
    text.truncate(length);
    Ok(Some(text))
}

/// What a backslash and the next letter stand for: nothing at the end of a line, which goes on.
fn escaped(signs: &mut Signs<'_>) -> Result<Option<char>, NoValue> {
    signs.next_if_eq(&'\r');
    match signs.next() {
        Some('\n') => Ok(None),
        Some('n') => Ok(Some('\n')),
        Some('t') => Ok(Some('\t')),
        Some('b') => Ok(Some('\u{8}')),
        Some(sign @ ('"' | '\\')) => Ok(Some(sign)),
        _ => Err(NoValue),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_configuration_is_read_as_git_reads_it() {
        let check = |text: &str, expected: &str| {
            let entries = entries(text);
            let shown = entries.iter().map(|it| {
                let part = it.part.as_ref().map(|part| format!("<{part}>"));
                let value = it.value.as_ref().map(|value| format!("={value}"));
                let (part, value) = (part.unwrap_or_default(), value.unwrap_or_default());
                format!("{}{part}.{}{value}", it.section, it.key)
            });
            assert_eq!(shown.collect::<Vec<_>>().join("|"), expected, "{text}");
        };
        check("", "");
        check("[core]\n\tA = b\n", "core.a=b");
        check("\u{feff}[Core] a-B=b c\t \n", "core.a-b=b c");
        check("[core] excludesFile = x\n", "core.excludesfile=x");
        check("[a]\nb = c # d\ne = f;g\n# h\n;i = j\n", "a.b=c|a.e=f");
        check("[a]\nb = \"c # d\" # e\n", "a.b=c # d");
        check("[a]\nb = \" c \" d \n", "a.b= c  d");
        check("[a]\nb = \"\"\nc =\nd\ne # f\n", "a.b=|a.c=|a.d|a.e");
        check("[a]\nb = c\\\n d\\\\e\\\"\\t\n", "a.b=c d\\e\"\t");
        check("[a]\r\nb = c\r\nd = e\\\r\nf\r\n", "a.b=c|a.d=ef");
        check("[a \"B\\\"\\\\C]\"]\nb = c\n", "a<B\"\\C]>.b=c");
        check("[a.B]c=d\n[e \t\"f\"] g = h", "a<b>.c=d|e<f>.g=h");
        check("b = c\n", ".b=c");
        // Up to where git would understand no more.
        check("[a]\nb = c\n[d\ne = f\n", "a.b=c");
        check("[a]\nb = c\nd = \"e\nf = g\n", "a.b=c");
        check("[a]\nb = c\nd = \\x\nf = g\n", "a.b=c");
        check("[a]\nb = c\nd e\nf = g\n", "a.b=c");
        check("[a \"b\nc\"]\nd = e\n", "");
        check("[a]\nb = c\n= d\n", "a.b=c");
    }

    #[test]
    fn what_is_ignored_is_said_by_the_last_that_says_it() {
        let check_at = |at: &str, files: &[(&str, &str)], excludes_file: &str, in_any_case| {
            let root = tempfile::tempdir().unwrap();
            let root = root.path().canonicalize().unwrap();
            fs::create_dir_all(root.join("home/code/w/.git/modules/m")).unwrap();
            fs::create_dir_all(root.join("home/code/w/lib/m")).unwrap();
            let of_submodule = root.join("home/code/w/lib/m/.git");
            fs::write(of_submodule, "gitdir: ../../.git/modules/m\n").unwrap();
            for (file, text) in files {
                let text = text.replace("ROOT", &root.to_string_lossy());
                fs::write(root.join("home").join(file), text).unwrap();
            }
            let home = root.join("home");
            let person = Person {
                files: ["system", ".gitconfig"].map(|file| home.join(file)).into(),
                excludes_file: Some(home.join("default")),
                home: Some(home.clone()),
            };
            let found = person.ignoring(&home.join(at));
            let expected = Ignoring {
                excludes_file: (!excludes_file.is_empty()).then(|| home.join(excludes_file)),
                in_any_case,
            };
            assert_eq!(found, expected, "{files:?}");
        };
        let check = |files: &[(&str, &str)], excludes_file: &str, in_any_case| {
            check_at("code/w", files, excludes_file, in_any_case);
        };
        const OWN: &str = "code/w/.git/config";
        let says_x = "[core]\nexcludesFile = ~/x\n";
        check(&[], "default", false);
        check(&[("system", says_x)], "x", false);
        check(&[(".gitconfig", says_x)], "x", false);
        check(
            &[
                ("system", "[core]\nexcludesfile=/y"),
                (".gitconfig", says_x),
            ],
            "x",
            false,
        );
        check(
            &[(".gitconfig", "[core] excludesFile = ~/x # mine\n")],
            "x",
            false,
        );
        check(
            &[(".gitconfig", "[core]\nexcludesFile = \"ROOT/home/x y\"\n")],
            "x y",
            false,
        );
        check(
            &[
                (".gitconfig", says_x),
                (OWN, "[core]\nexcludesFile = ~/y\n"),
            ],
            "y",
            false,
        );
        check(
            &[(OWN, "[core]\nexcludesFile = in/x\n")],
            "code/w/in/x",
            false,
        );
        check(&[(OWN, "[core]\nexcludesFile =\n")], "", false);
        check(
            &[
                (".gitconfig", says_x),
                (OWN, "[core]\nexcludesFile = //evil/x\n"),
            ],
            if cfg!(windows) { "" } else { "//evil/x" },
            false,
        );
        check(&[(OWN, "[core]\nignoreCase = true\n")], "default", true);
        check(&[(".gitconfig", "[core]\nignoreCase\n")], "default", true);
        check(
            &[
                (".gitconfig", "[core]\nignoreCase\n"),
                (OWN, "[core]\nignorecase = no"),
            ],
            "default",
            false,
        );
        // What is included counts from there on.
        check(
            &[(".gitconfig", "[include]\npath = inc\n"), ("inc", says_x)],
            "x",
            false,
        );
        check(
            &[
                (
                    ".gitconfig",
                    "[include]\npath = ~/inc\n[core]\nexcludesfile = ~/y",
                ),
                ("inc", says_x),
            ],
            "y",
            false,
        );
        check(
            &[(OWN, "[include]\npath = ROOT/home/inc\n"), ("inc", says_x)],
            "x",
            false,
        );
        check(
            &[(
                ".gitconfig",
                "[include]\npath = .gitconfig\npath = gone\n[core]\nexcludesfile = ~/x",
            )],
            "x",
            false,
        );
        let condition = |condition: &str, holds: bool| {
            let including = format!("[includeIf \"{condition}\"]\npath = inc\n");
            let expected = if holds { "x" } else { "default" };
            check(
                &[(".gitconfig", &including), ("inc", says_x)],
                expected,
                false,
            );
        };
        condition("gitdir:~/code/", true);
        condition("gitdir:./code/", true);
        condition("gitdir:ROOT/home/code/w/.git", true);
        condition("gitdir:ROOT/home/*/w/.git", true);
        condition("gitdir:code/", true);
        condition("gitdir/i:CODE/", true);
        condition("gitdir:CODE/", false);
        condition("gitdir:~/cod/", false);
        condition("gitdir:~/w*", false);
        condition("gitdir:w", false);
        condition("onbranch:main", false);
        // Where it really is, which is elsewhere of a submodule.
        let submodule = |pattern: &str, expected: &str| {
            let config = format!("[includeIf \"gitdir:{pattern}\"]\npath = inc\n");
            let files = [(".gitconfig", &*config), ("inc", says_x)];
            check_at("code/w/lib/m", &files, expected, false);
        };
        submodule("~/code/w/.git/", "x");
        submodule("~/code/w/lib/", "default");
        let deep = format!("gitdir:{}{}", "{".repeat(300), "}".repeat(300));
        condition(&deep, false);
    }
}
