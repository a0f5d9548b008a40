//! The command line as a person or a script uses it, against the offline stand-in.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use gloss::sim::{Options, Sim};

const CODE: &str = "def total(items):\n    sum = 0;\n    for item in items:\n        if (not item in SKIP):\n            sum += item\n    return sum\n";

/// A workspace of its own, a ledger of its own, and the stand-in beside it.
struct Shell {
    folder: tempfile::TempDir,
    api: String,
    _runtime: tokio::runtime::Runtime,
}

impl Shell {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sim = Sim::bind(0).unwrap().with(Options {
            chunk_delay: std::time::Duration::ZERO,
            ..Options::default()
        });
        let api = sim.url();
        runtime.spawn(sim.serve());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        std::fs::write(folder.path().join("total.py"), CODE).unwrap();
        let picture = image::RgbImage::from_pixel(64, 32, image::Rgb([200, 30, 30]));
        picture.save(folder.path().join("red.png")).unwrap();
        std::fs::write(
            folder.path().join("page.md"),
            "# P\n\n![red](red.png) and ![again](./red.png)\n",
        )
        .unwrap();
        Self {
            folder,
            api,
            _runtime: runtime,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gloss"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("GLOSS_DATA_DIR", self.folder.path().join("data"))
            .env("XAI_BASE_URL", &self.api);
        command
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        said(self.command(arguments).output().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn usage(&self) -> serde_json::Value {
        let (code, out, _) = self.run(&["usage", "--by", "request", "--format", "json"]);
        assert_eq!(code, 0);
        serde_json::from_str(&out).unwrap()
    }
}

fn said(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn explain_prints_markdown_and_books_it() {
    let shell = Shell::new();
    for (place, lines) in [
        ("total.py", "1-6"),
        ("total.py:4", "1-6"),
        ("total.py:2-3", "2-3"),
    ] {
        let (code, out, err) = shell.run(&["explain", place]);
        assert_eq!(code, 0, "{err}");
        assert!(
            out.contains("offline stand-in") && out.contains("Python"),
            "{place}: {out}"
        );
        assert!(err.contains("tokens"), "{err}");
        assert_eq!(shell.usage()["rows"][0]["lines"], lines, "{place}");
    }
    let row = shell.usage()["rows"][0].clone();
    assert_eq!(
        (&row["action"], &row["status"], &row["file"]),
        (&"explain".into(), &"ok".into(), &"total.py".into())
    );
}

#[test]
fn explain_takes_standard_input() {
    let shell = Shell::new();
    let mut command = shell.command(&[
        "explain",
        "-",
        "--language",
        "python",
        "--question",
        "What is summed?",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(CODE.as_bytes())
        .unwrap();
    let (code, out, err) = said(child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("total"), "{out}");
}

#[test]
fn refactor_prints_a_diff_that_git_applies_or_writes_the_file() {
    let shell = Shell::new();
    let (code, diff, err) = shell.run(&["refactor", "total.py:3"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        diff.starts_with("--- a/total.py\n+++ b/total.py\n@@"),
        "{diff}"
    );
    assert_eq!(shell.read("total.py"), CODE);
    std::fs::write(shell.path("change.diff"), &diff).unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        assert!(
            command
                .args(arguments)
                .current_dir(shell.folder.path())
                .status()
                .unwrap()
                .success(),
            "{diff}"
        );
    };
    std::fs::remove_dir(shell.path(".git")).unwrap();
    git(&["init", "--quiet"]);
    git(&["apply", "--check", "change.diff"]);

    let (code, out, err) = shell.run(&["refactor", "total.py", "--write", "--instruction", "tidy"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let new = CODE
        .replace("sum = 0;", "sum = 0")
        .replace("(not item in SKIP)", "item not in SKIP");
    assert_eq!(shell.read("total.py"), new);
    let (code, out, err) = shell.run(&["refactor", "total.py", "--write"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("nothing worth changing"), "{err}");
}

#[test]
fn describe_takes_images_and_documents_and_pays_once() {
    let shell = Shell::new();
    let (code, out, err) = shell.run(&["describe", "red.png"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("red") && out.contains("offline stand-in"),
        "{out}"
    );
    assert!(err.contains("PNG, 64 x 32 pixels"), "{err}");
    let (code, out, err) = shell.run(&["describe", "page.md"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("## red.png") && err.contains("nothing spent"),
        "{out}{err}"
    );
    let usage = shell.usage();
    assert_eq!(
        (&usage["total"]["requests"], &usage["total"]["from_store"]),
        (&1.into(), &2.into())
    );
}

#[test]
fn a_dry_run_shows_what_would_be_sent_and_sends_nothing() {
    let shell = Shell::new();
    let key = format!("xai-{}", "k3Y".repeat(10));
    std::fs::write(shell.path("key.py"), format!("KEY = '{key}'\n")).unwrap();
    for arguments in [
        ["explain", "key.py"],
        ["refactor", "key.py"],
        ["describe", "red.png"],
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push("--dry-run");
        let (code, out, err) = shell.run(&arguments);
        assert_eq!(code, 0, "{err}");
        assert!(
            out.contains("tokens, $") && out.contains("nothing was sent"),
            "{out}"
        );
        assert!(!out.contains(&key), "{out}");
        assert!(
            out.contains("GLOSS_MASKED_SECRET_1_") || arguments[0] == "describe",
            "{out}"
        );
    }
    assert_eq!(shell.usage()["rows"], serde_json::json!([]));
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_the_right_code() {
    let shell = Shell::new();
    std::fs::write(shell.path("binary"), [0, 159, 146, 150]).unwrap();
    std::fs::write(shell.path(".env"), "PASSWORD=x\n").unwrap();
    std::fs::write(shell.path("blank.txt"), "\n \n").unwrap();
    for (arguments, code, words) in [
        (
            &["explain", "nowhere.py"][..],
            1,
            "nowhere.py cannot be read",
        ),
        (&["explain", "total.py:99"], 1, "lines 1 to 7"),
        (&["explain", "total.py:3-1"], 1, "lines 1 to 7"),
        (&["explain", "binary"], 1, "no text"),
        (&["explain", "."], 1, "no file"),
        (&["explain", ".env"], 1, "never sent"),
        (&["explain", "blank.txt:1"], 1, "white space"),
        (
            &["explain", "total.py", "--model", "grok-2-latest"],
            1,
            "grok-2-latest",
        ),
        (&["refactor", "-"], 1, "a file is needed"),
        (&["describe", "total.py"], 1, "not an image"),
        (&["explain"], 2, "Usage"),
        (&["explian", "total.py"], 2, "explain"),
        (&["usage", "--by", "colour"], 2, "workspace"),
        (&["lsp", "--socket", "1"], 1, "nobody listens"),
    ] {
        let (found, _, err) = shell.run(arguments);
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(words), "{arguments:?}: {err}");
        assert!(
            code == 2 || err.trim().lines().count() == 1,
            "{arguments:?}: {err}"
        );
    }
    let mut command = shell.command(&["explain", "total.py"]);
    let (code, _, err) = said(
        command
            .env("XAI_BASE_URL", "https://api.x.ai/v1")
            .output()
            .unwrap(),
    );
    assert_eq!(code, 1);
    assert!(
        err.contains("XAI_API_KEY") && err.contains("gloss auth login"),
        "{err}"
    );
}

#[test]
fn the_demo_runs_the_whole_job_without_a_key() {
    let shell = Shell::new();
    let began = std::time::Instant::now();
    let (code, out, err) = shell.run(&["demo"]);
    assert_eq!(code, 0, "{err}");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    assert!(
        out.lines().next().unwrap().contains("offline stand-in"),
        "{out}"
    );
    for part in [
        "`initialize`",
        "Rust function `shift`",
        "+        sum = 0",
        "editors/gloss.png",
        "describe",
        "refactor",
        "explain",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    // Booked where the demo lives, not in the person's ledger.
    assert!(!Path::new(&shell.path("data")).exists());
}

#[test]
fn the_stand_in_says_where_it_is_and_what_it_is() {
    use std::io::BufRead as _;
    let mut child = Command::new(env!("CARGO_BIN_EXE_gloss"))
        .arg("sim")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        line.contains("http://127.0.0.1:") && line.contains("asks no model"),
        "{line}"
    );
}

#[test]
fn completions_are_printed_for_each_shell() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = shell.run(&["completions", name]);
        assert_eq!(code, 0);
        assert!(out.contains("refactor"), "{name}");
    }
}
