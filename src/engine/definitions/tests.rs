//! Definitions are looked for in small workspaces on the disk.

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
        CodeJob::new(
            Task::Explain,
            snapshot(file, text),
            0..text.len(),
            self.place(file),
        )
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
fn globs_that_take_their_time_take_no_more_than_there_is() {
    // Of no two places the same, so that no search is spared by an earlier one.
    let name = |seed: u64| {
        (0..64).map(move |at| {
            if seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> at & 1 == 0 {
                'a'
            } else {
                'b'
            }
        })
    };
    let folder = |n: u64| {
        (0..14)
            .map(|at| name(n * 14 + at + 1).collect())
            .collect::<Vec<String>>()
            .join("/")
    };
    let files: Vec<String> = (0..40).map(|n| folder(n) + "/a.rs").collect();
    let texts: Vec<_> = files.iter().map(|file| (&**file, "fn far() {}")).collect();
    let folder = Folder::with(&texts);
    let globs = (0..30).map(|n| format!("*a{}{n}", "?".repeat(490)));
    let settings = Settings {
        exclude: globs.collect(),
        ..Settings::default()
    };
    let engine = Engine::new(settings.clone(), &Environment::new(), Store::new(None));
    let took = |ask: &dyn Fn() -> bool| {
        let began = std::time::Instant::now();
        assert!(!ask());
        began.elapsed()
    };
    let asks = |n: usize| engine.excludes_file(&folder.root.join(&files[n]), &[&folder.root]);
    took(&|| asks(0));
    let job = folder.job("a.rs", "fn own() { far(); }");
    let time = Duration::from_millis(100);
    // On a busy machine a time may say nothing, so that it is taken again.
    let is_in_time = |n: usize| {
        let one = took(&|| asks(n));
        let all = took(&|| !told(settings.clone(), &job, Limits { time, ..LONG }).is_empty());
        all < one * 20 + Duration::from_millis(500)
    };
    assert!((1..6).any(is_in_time));
}

#[test]
fn rules_are_read_once_for_all_open_documents() {
    let rules = "*a*b[cd]?\n".repeat(3_000);
    let folder = Folder::with(&[(".glossignore", &*rules)]);
    let mut job = folder.job("a.rs", "fn own() { far(); }");
    let open = (0..40).map(|n| Neighbour {
        place: folder.place(&format!("{n}.rs")),
        snapshot: snapshot("b.rs", "fn near() {}"),
    });
    job.open = open.collect();
    // On a busy machine a time may say nothing, so that it is taken again.
    let is_read_once = || {
        let began = std::time::Instant::now();
        assert!(!Ignored::never_sent(&folder.root).holds(&folder.root.join("a.rs")));
        let once = began.elapsed();
        let began = std::time::Instant::now();
        told(Settings::default(), &job, LONG);
        began.elapsed() < once * 20 + Duration::from_millis(500)
    };
    assert!((0..5).any(|_| is_read_once()));
}

#[test]
fn what_is_no_file_is_drawn_in_by_nobody() {
    let inner = ("inner/.gloss.toml", "exclude = ['b.rs']");
    let folder = Folder::with(&[("src/a.rs", ""), ("src/b.rs", ""), inner]);
    let root = &folder.root;
    let mut job = folder.job("src/a.rs", "fn own() { helper(); Far; }");
    let mut drawn_in = |place: Place| {
        let hint = Hint {
            place: place.clone(),
            line: 9,
            text: "struct Far;".into(),
            is_use: false,
        };
        let snapshot = snapshot("src/b.rs", "fn helper() {}");
        job.open = vec![Neighbour { place, snapshot }];
        job.hints = vec![hint];
        told(Settings::default(), &job, LONG).len()
    };
    assert_eq!(drawn_in(folder.place("src/b.rs")), 2);
    let of_root = |file: &str| Place::of(&root.join(file), std::slice::from_ref(root));
    assert_eq!(drawn_in(of_root("inner/c.rs")), 2);
    assert_eq!(drawn_in(of_root("inner/b.rs")), 0);
    for name in ["Untitled-1", "ROOT/src/b.rs?{}", "ROOT/src/b.rs#c", "/b.rs"] {
        let name = name.replace("ROOT", &root.to_string_lossy());
        let place = Place::untitled(&name, std::slice::from_ref(root));
        assert_eq!(drawn_in(place), 0, "{name}");
    }
}

#[test]
fn what_any_open_folder_that_holds_it_excludes_is_not_drawn_in() {
    let folder = Folder::with(&[
        ("in/src/a.rs", ""),
        ("in/src/b.rs", "fn helper() {}"),
        ("in/private/c.rs", "fn hidden() {}"),
    ]);
    let inner = folder.root.join("in");
    let check = |folders: &[&PathBuf], expected: &[&str]| {
        let folders: Vec<PathBuf> = folders.iter().copied().cloned().collect();
        let mut job = folder.job("in/src/a.rs", "fn own() { helper(); hidden() }");
        job.place = Place::of(&inner.join("src/a.rs"), &folders);
        let settings = Settings {
            exclude: vec!["in/private/".into()],
            ..Settings::default()
        };
        assert_eq!(told(settings, &job, LONG), expected, "{folders:?}");
    };
    let both = ["src/b.rs:1 fn helper()", "private/c.rs:1 fn hidden()"];
    check(&[&inner], &both);
    check(&[&inner, &folder.root], &both[..1]);
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
        ("inner/.gloss.toml", "exclude = ['kept']\n"),
        ("inner/kept/a.rs", "fn inner_kept() {}\n"),
        ("broken/.gloss.toml", "exclude = [\n"),
        ("broken/a.rs", "fn broken() {}\n"),
        ("src/binary.rs", "\0 fn binary() {}\n"),
    ]);
    let text = "fn own() { helper(); Far::new(); python(); excluded(); made(); private(); binary(); inner_kept(); broken(); }";
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
