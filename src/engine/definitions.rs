//! What the names in a range mean: their definitions in the file, in open documents and in the
//! workspace, and what the editor's other language servers know.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ignored::{Ignored, NOT_DRAWN_IN};
use super::search::{Nearby, Nearness, Search, Source};
use super::workspace::{self, Deadline, Limits};
use super::{CodeJob, Engine, Place, place};
use crate::action::{Definition, Subject, Worth};
use crate::config::Scope;
use crate::document::Snapshot;
use crate::syntax::{self, Language, MAX_DEFINITION, Name, Syntax};
use crate::text;

/// A document that is open beside the one that a job is about.
#[derive(Clone, Debug)]
pub struct Neighbour {
    pub place: Place,
    pub snapshot: Snapshot,
}

/// What the editor's other language servers say of a name in the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub place: Place,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    pub text: String,
    /// A place that uses what the range defines, rather than a definition.
    pub is_use: bool,
}

impl Engine {
    /// What may be told of the names in the range: first what is certain, then of the names that
    /// are the most common in the file, uses of the range last. Reads the disk, within bounds.
    pub(super) fn definitions(
        &self,
        job: &CodeJob,
        syntax: Option<&Syntax>,
        subject: &Subject,
        limits: Limits,
    ) -> Vec<Definition> {
        let scope = self.settings.context;
        if scope == Scope::Selection {
            return Vec::new();
        }
        let names = names(job, syntax, subject);
        let imports = syntax.map(|syntax| syntax.imports(&job.snapshot.text));
        let nearby = Nearby::of(&job.place.given, &imports.unwrap_or_default(), &names);
        let mut search = Search::of(names);
        if let Some(syntax) = syntax {
            let source = Source {
                shown: job.place.shown.clone(),
                language: syntax.language(),
                nearness: Nearness::Own,
            };
            search.take_parsed(&source, syntax, &job.snapshot.text, &subject.range);
        }
        if scope != Scope::Workspace {
            return search.chosen();
        }
        self.look_elsewhere(&mut search, job, &nearby, limits);
        let (uses, mut told): (Vec<_>, Vec<_>) = self
            .hinted(job, subject)
            .into_iter()
            .partition(|hinted| hinted.worth == Worth::Use);
        for found in search.chosen() {
            if !told.iter().any(|known| covers(known, &found)) {
                told.push(found);
            }
        }
        told.extend(uses);
        told
    }

    /// Looks into open documents, then into the files of the workspace, the nearest first.
    fn look_elsewhere(&self, search: &mut Search, job: &CodeJob, nearby: &Nearby, limits: Limits) {
        let Some(family) = family(job.snapshot.language, &job.snapshot.language_id) else {
            return;
        };
        if search.is_over() {
            return;
        }
        let deadline = Deadline::in_(limits.time);
        let mut ignored = Ignored::by(NOT_DRAWN_IN);
        let mut open: Vec<(Source, &Snapshot)> = Vec::new();
        let mut known: HashSet<&Path> = job.place.path.as_deref().into_iter().collect();
        for neighbour in &job.open {
            known.extend(neighbour.place.path.as_deref());
            if neighbour.snapshot.text.len_bytes() <= limits.file_bytes
                && let Some(language) = neighbour.snapshot.language
                && self::family(Some(language), "") == Some(family)
                && self.may_draw_in(&neighbour.place, job, &mut ignored)
            {
                let source = Source {
                    shown: neighbour.place.shown.clone(),
                    language: read_as(language, job.snapshot.language),
                    nearness: nearby.nearness(&neighbour.place.given),
                };
                open.push((source, &neighbour.snapshot));
            }
        }
        open.sort_by(|(a, _), (b, _)| (a.nearness, &a.shown).cmp(&(b.nearness, &b.shown)));
        for (source, snapshot) in open {
            if search.is_over() || deadline.is_over() {
                break;
            }
            search.look_into(source, snapshot.text.to_string());
        }
        for (path, source) in self.files(job, family, &known, nearby, limits, deadline) {
            if search.is_over() || deadline.is_over() {
                break;
            }
            if let Some(text) = workspace::read(&path, limits.file_bytes) {
                search.look_into(source, text);
            }
        }
        search.look_again(deadline);
    }

    /// Whether another document may be told of: it is in the same workspace, and neither excluded
    /// nor ignored.
    fn may_draw_in(&self, other: &Place, job: &CodeJob, ignored: &mut Ignored) -> bool {
        let workspace = &job.place.workspace;
        let is_ignored = |path: &Path| ignored.holds(path, workspace);
        other.workspace == *workspace
            && other.path != job.place.path
            && self.permit(other).is_ok()
            && !other.path.as_deref().is_some_and(is_ignored)
    }

    /// The files of the workspace that may define the names, the nearest first.
    fn files(
        &self,
        job: &CodeJob,
        family: &str,
        known: &HashSet<&Path>,
        nearby: &Nearby,
        limits: Limits,
        deadline: Deadline,
    ) -> Vec<(PathBuf, Source)> {
        let root = &job.place.workspace;
        let near = job.place.path.as_deref().unwrap_or(root);
        let is_wanted = |path: &Path| {
            let language = Language::from_path(path);
            language.is_some_and(|language| self::family(Some(language), "") == Some(family))
                && !known.contains(path)
        };
        // The other half is for what is in them.
        let found = workspace::files(root, near, is_wanted, limits.files, deadline.half());
        let files = found.into_iter().filter_map(|path| {
            let shown = place::shown(path.strip_prefix(root).ok()?);
            // Its folders are no links, so these are all the names that it has.
            let is_excluded = self.is_excluded([&*path, Path::new(&shown)].into_iter());
            let source = Source {
                shown,
                language: read_as(Language::from_path(&path)?, job.snapshot.language),
                nearness: nearby.nearness(&path),
            };
            (!is_excluded).then_some((path, source))
        });
        let mut files: Vec<_> = files.collect();
        // A header says what there is to know of many sources.
        files.sort_by_key(|(path, source)| (source.nearness, !is_header(path)));
        files
    }

    /// What the editor's other language servers said, as far as it may be told.
    fn hinted(&self, job: &CodeJob, subject: &Subject) -> Vec<Definition> {
        let own_lines = text::line_of(&job.snapshot.text, subject.range.start) + 1
            ..=text::line_of(&job.snapshot.text, subject.range.end) + 1;
        let mut ignored = Ignored::by(NOT_DRAWN_IN);
        let mut told: Vec<Definition> = Vec::new();
        for hint in &job.hints {
            let is_in_this_file = hint.place.path.is_some() && hint.place.path == job.place.path;
            let is_in_range = is_in_this_file && own_lines.contains(&hint.line);
            let mut may_tell =
                || is_in_this_file || self.may_draw_in(&hint.place, job, &mut ignored);
            if is_in_range || hint.text.trim().is_empty() || !may_tell() {
                continue;
            }
            let definition = Definition {
                path: hint.place.shown.clone(),
                line: hint.line,
                of: None,
                text: text::up_to_line_end(hint.text.trim_end(), MAX_DEFINITION).to_owned(),
                worth: if hint.is_use {
                    Worth::Use
                } else {
                    Worth::Certain
                },
                is_in_this_file,
            };
            if !told.iter().any(|known| covers(known, &definition)) {
                told.push(definition);
            }
        }
        told
    }
}

/// The names that the range uses, with `self` replaced by what that is.
fn names(job: &CodeJob, syntax: Option<&Syntax>, subject: &Subject) -> Vec<Name> {
    let text = &job.snapshot.text;
    let mut names = match syntax {
        Some(syntax) => syntax.names_used(text, &subject.range),
        None => syntax::words(&text::slice(text, subject.range.clone()).to_string()),
    };
    let is_self =
        |word: &str| matches!(word, "self" | "Self" | "this" | "cls" | "$this" | "static");
    // One letter is a local or a type parameter.
    names.retain(|name| name.text.chars().nth(1).is_some() && !is_self(&name.text));
    let own = syntax.and_then(|syntax| syntax.type_around(&subject.range));
    for name in &mut names {
        if name.of.as_deref().is_some_and(is_self) {
            name.of = own.map(str::to_owned);
        }
    }
    most_common_first(&mut names, &text.to_string());
    names
}

/// Sorts names by how often they stand in the file. Those that the next range of the file names
/// too are mostly the common ones, and what stands first in both prompts is billed at the cached
/// rate.
fn most_common_first(names: &mut [Name], file: &str) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in file.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')) {
        *counts.entry(word).or_default() += 1;
    }
    let count = |name: &Name| counts.get(&*name.text).copied().unwrap_or_default();
    names.sort_by(|a, b| (count(b), &a.text).cmp(&(count(a), &b.text)));
}

fn is_header(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    matches!(extension, Some("h" | "hh" | "hpp" | "hxx"))
}

/// What a file is parsed as when it is looked into from another: from C++, C is C++ too, for a
/// header does not say which it is.
fn read_as(language: Language, from: Option<Language>) -> Language {
    match (language, from) {
        (Language::C, Some(Language::Cpp)) => Language::Cpp,
        _ => language,
    }
}

/// Whether one definition tells what another would.
fn covers(known: &Definition, other: &Definition) -> bool {
    let lines = known.text.lines().count().max(1);
    known.path == other.path && (known.line..known.line + lines).contains(&other.line)
}

/// The languages that can name what is defined in each other; none for those that define nothing.
fn family(language: Option<Language>, language_id: &str) -> Option<&'static str> {
    Some(match language.map(Language::fence) {
        Some("json" | "html" | "css" | "toml" | "yaml") => return None,
        Some("typescript" | "tsx") => "javascript",
        Some("cpp") => "c",
        Some(own) => own,
        None => match language_id {
            "vue" | "svelte" | "astro" => "javascript",
            "objective-c" | "objective-cpp" | "cuda-cpp" => "c",
            "kotlin" | "scala" | "groovy" => "java",
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    use ropey::Rope;

    use super::*;
    use crate::config::{Environment, Settings};
    use crate::engine::Task;
    use crate::store::Store;

    const LONG: Limits = Limits {
        time: Duration::from_secs(60),
        files: 1_000,
        file_bytes: 10_000,
    };

    struct Folder {
        root: PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Folder {
        fn with(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            fs::create_dir(root.join(".git")).unwrap();
            for (file, text) in files {
                let path = root.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self {
                root,
                _folder: folder,
            }
        }

        fn place(&self, file: &str) -> Place {
            Place::of(&self.root.join(file), &[])
        }

        fn job(&self, file: &str, text: &str) -> CodeJob {
            CodeJob {
                task: Task::Explain,
                snapshot: snapshot(file, text),
                selection: 0..text.len(),
                place: self.place(file),
                wish: None,
                history: Vec::new(),
                problems: Vec::new(),
                whole: None,
                syntax: None,
                open: Vec::new(),
                hints: Vec::new(),
            }
        }
    }

    fn snapshot(file: &str, text: &str) -> Snapshot {
        let language = Language::from_path(Path::new(file));
        Snapshot {
            uri: file.into(),
            language_id: language.map_or("", Language::fence).into(),
            language,
            version: 0,
            text: Rope::from_str(text),
            typed: std::sync::Arc::default(),
        }
    }

    /// What is told of the names in all of a text: `path:line text`.
    fn told(settings: Settings, job: &CodeJob, limits: Limits) -> Vec<String> {
        let engine = Engine::new(settings, &Environment::new(), Store::new(None));
        let text = &job.snapshot.text;
        let syntax = job
            .snapshot
            .language
            .and_then(|language| Syntax::parse(language, text));
        let subject = Subject {
            range: job.selection.clone(),
            leading: 0..0,
            name: None,
            shown_at: 0,
        };
        let found = engine.definitions(job, syntax.as_ref(), &subject, limits);
        let lines = found.iter().map(|told| {
            let text = told.text.lines().collect::<Vec<_>>().join(" ");
            format!("{}:{} {text}", told.path, told.line)
        });
        lines.collect()
    }

    #[test]
    fn what_is_nearest_is_told_and_what_is_hidden_is_not() {
        let folder = Folder::with(&[
            ("src/a.rs", ""),
            (
                "src/near.rs",
                "\n/// Near.\npub fn helper() -> u8 {\n    1\n}\n",
            ),
            (
                "far/away.rs",
                "pub fn helper() {}\npub struct Far {\n    pub a: u8,\n}\nfn never() {}\n",
            ),
            ("far/script.py", "def python(): pass\n"),
            (".env.rs", "fn excluded() {}\n"),
            (".gitignore", "build/\n"),
            (".glossignore", "private.rs\n"),
            ("build/made.rs", "fn made() {}\n"),
            ("src/private.rs", "fn private() {}\n"),
            ("src/binary.rs", "\0 fn binary() {}\n"),
        ]);
        let text =
            "fn own() { helper(); Far::new(); python(); excluded(); made(); private(); binary(); }";
        let job = folder.job("src/a.rs", text);
        let all = [
            "far/away.rs:2 pub struct Far {     pub a: u8, }",
            "src/near.rs:3 /// Near. pub fn helper() -> u8",
        ];
        assert_eq!(told(Settings::default(), &job, LONG), all);
        let limited = |time: Duration, files| Limits {
            time,
            files,
            ..LONG
        };
        let none: [&str; 0] = [];
        assert_eq!(
            told(Settings::default(), &job, limited(Duration::ZERO, 1_000)),
            none
        );
        assert_eq!(
            told(Settings::default(), &job, limited(LONG.time, 2)),
            all[1..]
        );
        for context in [Scope::File, Scope::Selection] {
            let settings = Settings {
                context,
                ..Settings::default()
            };
            assert_eq!(told(settings, &job, LONG), none, "{context:?}");
        }
    }

    #[test]
    fn each_language_finds_what_other_files_define() {
        let check = |file: &str, text: &str, other: &[(&str, &str)], expected: &[&str]| {
            let folder = Folder::with(other);
            let told = told(Settings::default(), &folder.job(file, text), LONG);
            assert_eq!(told, expected, "{file}");
        };
        check(
            "a/A.java",
            "class A { int run(Bee bee) { return Limits.MOST + bee.fly(1); } }",
            &[
                (
                    "b/Bee.java",
                    "class Bee {\n  /** Flies. */\n  int fly(int far) {\n    return far;\n  }\n}\n",
                ),
                (
                    "b/Limits.java",
                    "class Limits {\n  static final int MOST = 3;\n}\n",
                ),
            ],
            &[
                "b/Bee.java:1 class Bee {   /** Flies. */   int fly(int far) … }",
                "b/Limits.java:1 class Limits {   static final int MOST = 3; }",
            ],
        );
        check(
            "src/a.c",
            "#include \"b.h\"\nint run(node_t *node) { counter = MAX(LIMIT, RED); return helper(node); }",
            &[
                (
                    "inc/b.h",
                    "#define LIMIT 3\n#define MAX(a, b) ((a) > (b))\ntypedef struct node {\n  int value;\n} node_t;\nenum color {\n  RED,\n};\nextern int counter;\n/* Helps. */\nint helper(node_t *a);\n",
                ),
                (
                    "src/b.c",
                    "#include \"b.h\"\nint helper(node_t *a) {\n  return LIMIT;\n}\n",
                ),
            ],
            &[
                "inc/b.h:1 #define LIMIT 3",
                "inc/b.h:2 #define MAX(a, b)",
                "inc/b.h:7 RED",
                "inc/b.h:9 extern int counter;",
                "inc/b.h:11 /* Helps. */ int helper(node_t *a);",
                "inc/b.h:5 typedef struct node {   int value; } node_t;",
            ],
        );
        check(
            "src/square.cc",
            "#include \"square.h\"\nint run(Square &s) { return s.area(kMost) + geo::twice(1); }",
            &[
                (
                    "inc/square.h",
                    "namespace geo {\nconstexpr int kMost = 3;\nclass Square {\n public:\n  /// The area.\n  int area(int a) const;\n};\n}\n",
                ),
                (
                    "src/geo.hpp",
                    "namespace geo {\ntemplate <typename T> T twice(T a) {\n  return 2 * a;\n}\n}\n",
                ),
            ],
            &[
                "inc/square.h:3 class Square {  public:   /// The area.   int area(int a) const; };",
                "inc/square.h:2 constexpr int kMost = 3;",
                "src/geo.hpp:2 template <typename T> T twice(T a)",
            ],
        );
        check(
            "inc/square.hpp",
            "class Square { int area() const; int near() { return helper(); } };",
            &[("src/square.cc", "static int helper() {\n  return 1;\n}\n")],
            &["src/square.cc:1 static int helper()"],
        );
        check(
            "A.cs",
            "class A { int Run(Bee bee) { return Limits.Most + bee.Wings; } }",
            &[
                (
                    "B/Bee.cs",
                    "namespace B {\n  class Bee {\n    public int Wings { get; set; }\n  }\n}\n",
                ),
                (
                    "B/Limits.cs",
                    "static class Limits {\n  public const int Most = 3;\n}\n",
                ),
            ],
            &[
                "B/Bee.cs:2 class Bee {     public int Wings { get; set; }   }",
                "B/Limits.cs:1 static class Limits {   public const int Most = 3; }",
            ],
        );
        check(
            "lib/a.rb",
            "def run(bee)\n  Geo::Square.make(bee.wings) + Utils.escape(MOST)\nend",
            &[
                (
                    "lib/geo.rb",
                    "module Geo\n  MOST = 3\n  class Square\n    attr_reader :wings\n    def self.make(a)\n      new(a)\n    end\n  end\nend\n",
                ),
                (
                    "lib/utils.rb",
                    "module Utils\n  def self.escape(a)\n    a\n  end\nend\n",
                ),
            ],
            &[
                "lib/geo.rb:2 MOST = 3",
                "lib/geo.rb:3 class Square     attr_reader :wings     def self.make(a) …   end",
                "lib/utils.rb:1 module Utils   def self.escape(a) … end",
            ],
        );
        check(
            "a.php",
            "function run(Bee $bee) { return Limits::MOST + $bee->fly(LEAST); }",
            &[
                (
                    "b/Bee.php",
                    "<?php\nclass Bee {\n    /** Flies. */\n    public function fly(int $far): int {\n        return $far;\n    }\n}\n",
                ),
                (
                    "b/Limits.php",
                    "<?php\ndefine('LEAST', 1);\nclass Limits {\n    const MOST = 3;\n}\n",
                ),
            ],
            &[
                "b/Bee.php:2 class Bee {     /** Flies. */     public function fly(int $far): int … }",
                "b/Limits.php:2 define('LEAST', 1)",
                "b/Limits.php:3 class Limits {     const MOST = 3; }",
            ],
        );
        check(
            "a.sh",
            "run() { helper \"$CONFIG\"; }",
            &[(
                "lib/b.sh",
                "readonly CONFIG=/etc/x\n# Helps.\nhelper() {\n  echo \"$1\"\n}\n",
            )],
            &[
                "lib/b.sh:3 # Helps. helper()",
                "lib/b.sh:1 readonly CONFIG=/etc/x",
            ],
        );
        check(
            "a.lua",
            "function run(bee) return util.count(bee) + util.MOST end",
            &[
                (
                    "lib/other.lua",
                    "local M = {}\nfunction M.count(a, b)\n  return a\nend\nreturn M\n",
                ),
                (
                    "lib/util.lua",
                    "local M = {}\nM.MOST = 3\n--- Counts.\nfunction M.count(a)\n  return a\nend\nreturn M\n",
                ),
            ],
            &[
                "lib/util.lua:2 M.MOST = 3",
                "lib/util.lua:4 --- Counts. function M.count(a)",
            ],
        );
        check(
            "a.json",
            "{\"name\": 1}",
            &[("b.json", "{\n  \"name\": 2\n}\n")],
            &[],
        );
    }

    #[test]
    fn open_documents_come_before_their_files_unless_they_are_hidden() {
        let folder = Folder::with(&[
            ("a.rs", ""),
            ("b.rs", "fn on_disk() {}\nfn both() {}\n"),
            ("build/c.rs", ""),
            (".gitignore", "build/\n"),
        ]);
        let mut job = folder.job(
            "a.rs",
            "fn own() { on_disk(); both(5); unsaved(); ignored(); secret() }",
        );
        let open = [
            ("b.rs", "fn both(new: u8) {}\nfn unsaved() {}\n"),
            ("build/c.rs", "fn ignored() {}\n"),
            (".env.rs", "fn secret() {}\n"),
        ];
        job.open = open
            .map(|(file, text)| Neighbour {
                place: folder.place(file),
                snapshot: snapshot(file, text),
            })
            .into();
        assert_eq!(
            told(Settings::default(), &job, LONG),
            ["b.rs:1 fn both(new: u8)", "b.rs:2 fn unsaved()"]
        );
    }

    #[test]
    fn the_one_of_many_is_told_that_is_meant() {
        let many = (0..6)
            .map(|n| format!("struct T{n};\nimpl T{n} {{\n    fn new() -> T{n} {{ T{n} }}\n}}\n"));
        let folder = Folder::with(&[("a.rs", ""), ("b.rs", &many.collect::<String>())]);
        let job = folder.job("a.rs", "fn own() { T4::new(); }");
        assert_eq!(
            told(Settings::default(), &job, LONG),
            ["b.rs:17 struct T4;", "b.rs:19 fn new() -> T4"]
        );
    }

    #[test]
    fn what_others_know_comes_first_and_nothing_is_told_twice() {
        let folder = Folder::with(&[("a.rs", ""), ("b.rs", "fn helper() {}\n\nfn other() {}\n")]);
        let hint = |file: &str, line, text: &str, is_use| Hint {
            place: folder.place(file),
            line,
            text: text.into(),
            is_use,
        };
        let mut job = folder.job(
            "a.rs",
            "fn own() {\n    helper();\n    other();\n}\n\nfn main() { own() }\n",
        );
        job.selection = 0..39;
        let elsewhere = Folder::with(&[("c.rs", "")]);
        job.hints = vec![
            hint("a.rs", 6, "own()", true),
            hint("b.rs", 1, "fn helper() {}", false),
            hint("b.rs", 1, "fn helper() {}", false),
            hint("a.rs", 2, "in the range", false),
            hint(".env", 1, "KEY=1", false),
            Hint {
                place: elsewhere.place("c.rs"),
                ..hint("c.rs", 1, "of another workspace", false)
            },
        ];
        assert_eq!(
            told(Settings::default(), &job, LONG),
            ["b.rs:1 fn helper() {}", "b.rs:3 fn other()", "a.rs:6 own()"]
        );
    }

    #[test]
    fn what_glossignore_lists_is_not_sent_at_all() {
        let folder = Folder::with(&[("a.rs", "fn a() {}"), (".glossignore", "a.rs\n")]);
        let engine = Engine::new(Settings::default(), &Environment::new(), Store::new(None));
        let refused = engine.prepared(&folder.job("a.rs", "fn a() {}"));
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .starts_with("a.rs is never sent")
        );
    }

    #[test]
    fn the_tree_that_is_known_is_the_one_that_is_kept() {
        let folder = Folder::with(&[("a.rs", "")]);
        let mut job = folder.job("a.rs", "fn a() {}");
        let engine = Engine::new(Settings::default(), &Environment::new(), Store::new(None));
        let known = Syntax::parse(Language::Rust, &job.snapshot.text).map(Arc::new);
        job.syntax.clone_from(&known);
        let prepared = engine.prepared(&job).unwrap();
        assert!(Arc::ptr_eq(&prepared.syntax.unwrap(), &known.unwrap()));
    }
}
