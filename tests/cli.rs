//! The command line as a person or a script uses it, against the offline stand-in.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "cli/alt_text.rs"]
mod alt_text;
#[path = "cli/auth.rs"]
mod auth;
#[cfg(feature = "otlp")]
#[path = "cli/collector.rs"]
mod collector;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/exact.rs"]
mod exact;
#[path = "cli/notes.rs"]
mod notes;
#[path = "cli/strangers.rs"]
mod strangers;
#[path = "cli/wire.rs"]
mod wire;
#[path = "cli/writing.rs"]
mod writing;

use std::ffi::OsStr;
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
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
        Self::at_pace(Duration::ZERO)
    }

    /// With so much time between the pieces of an answer.
    fn at_pace(chunk_delay: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let sim = Sim::bind(0).unwrap().with(Options {
            chunk_delay,
            ..Options::default()
        });
        let api = sim.url();
        runtime.spawn(sim.serve());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        std::fs::write(folder.path().join("total.py"), CODE).unwrap();
        std::fs::write(
            folder.path().join("page.md"),
            "# P\n\n![red](red.png) and ![again](./red.png)\n",
        )
        .unwrap();
        let shell = Self {
            folder,
            api,
            _runtime: runtime,
        };
        shell.picture("red.png", 200);
        shell
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        self.run_by(Command::new(env!("CARGO_BIN_EXE_gloss")), arguments)
    }

    /// The same within a script, as root of a namespace where mounts are its own.
    #[cfg(target_os = "linux")]
    fn command_in(&self, script: &str, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut unshare = Command::new("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", script]);
        unshare.arg(env!("CARGO_BIN_EXE_gloss"));
        let mut command = self.run_by(unshare, arguments);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    fn run_by(&self, mut command: Command, arguments: &[impl AsRef<OsStr>]) -> Command {
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("GLOSS_DATA_DIR", self.folder.path().join("data"))
            .env("XAI_BASE_URL", &self.api);
        command
    }

    fn run(&self, arguments: &[impl AsRef<OsStr>]) -> (i32, String, String) {
        said(self.command(arguments).output().unwrap())
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn picture(&self, name: &str, red: u8) {
        let picture = image::RgbImage::from_pixel(64, 32, image::Rgb([red, 30, 30]));
        picture.save(self.path(name)).unwrap();
    }

    /// The status of each request, the latest first.
    fn statuses(&self) -> Vec<String> {
        let usage = self.usage();
        let rows = usage["rows"].as_array().unwrap().iter();
        rows.map(|row| row["status"].as_str().unwrap().to_owned())
            .collect()
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
    assert!(err.contains("is left as it is"), "{err}");
}

#[test]
fn an_image_is_described_and_paid_for_once() {
    let shell = Shell::new();
    let (code, out, err) = shell.run(&["describe", "red.png"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("red") && out.contains("offline stand-in"),
        "{out}"
    );
    assert!(err.contains("PNG, 64 x 32 pixels"), "{err}");
    let (code, again, err) = shell.run(&["describe", "./red.png"]);
    assert_eq!((code, again), (0, out), "{err}");
    assert!(err.contains("nothing spent"), "{err}");
    let usage = shell.usage();
    assert_eq!(
        (&usage["total"]["requests"], &usage["total"]["from_store"]),
        (&1.into(), &1.into())
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
    std::fs::write(shell.path("latin"), [b'a', 0xe9, b'b']).unwrap();
    std::fs::write(shell.path(".env"), "PASSWORD=x\n").unwrap();
    std::fs::write(shell.path("blank.txt"), "\n \n").unwrap();
    for (arguments, code, words) in [
        (
            &["explain", "nowhere.py"][..],
            1,
            "nowhere.py cannot be read",
        ),
        (&["explain", "total.py:99"], 1, "lines 1 to 6, not 99"),
        (&["explain", "total.py:3-1"], 2, "write 12 or 12-40"),
        (&["explain", "total.py:1-"], 2, "write 12 or 12-40"),
        (&["explain", "total.py:0"], 2, "counted from 1"),
        (&["explain", "binary"], 1, "is binary"),
        (&["explain", "latin"], 1, "no text"),
        (&["explain", "."], 1, "no file"),
        (&["explain", ".env"], 1, "never sent"),
        (&["explain", "blank.txt:1"], 1, "white space"),
        (&["refactor", "-"], 2, "a file is needed"),
        (&["describe", "total.py"], 1, "not an image"),
        (&["explain"], 2, "Usage"),
        (&["explian", "total.py"], 2, "explain"),
        (
            &["refactor", "total.py", "--dry-run", "--write"],
            2,
            "cannot be used with",
        ),
        (&["usage", "--by", "colour"], 2, "workspace"),
        (&["lsp", "--socket", "1"], 1, "nobody listens"),
    ] {
        let (found, _, err) = shell.run(arguments);
        assert_eq!(found, code, "{arguments:?}: {err}");
        assert!(err.contains(words), "{arguments:?}: {err}");
        assert!(
            err.contains("Usage") || err.contains("--help") || err.trim().lines().count() == 1,
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
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
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
fn the_demo_asks_the_endpoint_wherever_the_key_is_kept() {
    let shell = Shell::new();
    let key = shell.path("data/credentials.toml");
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    std::fs::write(&key, "\"127.0.0.1\" = \"xai-0123456789abcdef\"\n").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (code, out, err) = shell.run(&["demo"]);
    assert_eq!(code, 0, "{err}");
    let first = out.lines().next().unwrap();
    assert!(
        first.contains(&shell.api) && first.contains("with your key"),
        "{first}"
    );
    assert_eq!(shell.statuses(), ["ok"; 3]);

    // The command comes first, and what it cannot give is said.
    let mut command = shell.command(&["demo"]);
    command.env("GLOSS_API_KEY_COMMAND", "[\"gloss-no-such-program\"]");
    let (code, out, err) = said(command.output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert!(
        out.starts_with("Answers come from the offline stand-in"),
        "{out}"
    );
    assert_eq!(
        err.matches("gloss-no-such-program cannot be run").count(),
        1,
        "{err}"
    );
    assert_eq!(shell.statuses(), ["ok"; 3]);
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

/// A change of the file `name` with this content, applied by `git apply` and by `patch -p1`.
#[cfg(unix)]
fn check_diff(name: &[u8], content: &str) {
    use std::os::unix::ffi::OsStrExt as _;
    let shell = Shell::new();
    let name = OsStr::from_bytes(name);
    let path = shell.folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let mut command = shell.command(&[OsStr::new("refactor"), name]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let (code, _, err) = said(
        shell
            .command(&[OsStr::new("refactor"), name, OsStr::new("--write")])
            .output()
            .unwrap(),
    );
    assert_eq!(code, 0, "{err}");
    let expected = std::fs::read(&path).unwrap();
    assert_ne!(expected, content.as_bytes(), "{}", name.display());
    std::fs::write(shell.path("change.diff"), &output.stdout).unwrap();
    std::fs::remove_dir(shell.path(".git")).unwrap();
    for line in [
        "git init --quiet && git apply change.diff",
        "patch --binary -p1 < change.diff",
    ] {
        std::fs::write(&path, content).unwrap();
        let mut shown = Command::new("sh");
        shown.args(["-c", line]).current_dir(shell.folder.path());
        let applied = shown.output().unwrap();
        let diff = String::from_utf8_lossy(&output.stdout);
        assert!(applied.status.success(), "{line}: {applied:?}\n{diff}");
        assert_eq!(std::fs::read(&path).unwrap(), expected, "{line}\n{diff}");
    }
}

#[cfg(unix)]
#[test]
fn a_diff_applies_whatever_the_name_and_the_content() {
    for name in [
        &b"a b.py"[..],
        b"a\"b\\.py",
        b"a\nb.py",
        b"\ta\x1b[1m.py",
        "ä語 \u{202e}x.py".as_bytes(),
        b"\xff.py",
        b"a: 1970-01-01 00:00:00.py",
    ] {
        check_diff(name, CODE);
    }
    let coloured = CODE.replace("sum = 0;", "sum = 0;\n    red = \"\u{1b}[31m\u{9b}\"");
    check_diff(b"coloured.py", &coloured);
    check_diff(b"crlf.py", &CODE.replace('\n', "\r\n"));
    check_diff(b"lone.py", &format!("# a\rb\n{CODE}"));
    check_diff(b"no_end.py", CODE.trim_end());
}

#[test]
fn nothing_in_a_hostile_repository_steers_the_terminal() {
    let shell = Shell::new();
    let hostile = "a\u{1b}]0;owned\u{7}\u{202e}";
    std::fs::write(
        shell.path("page.md"),
        format!("![x](<{hostile}.png>) ![y](<{hostile}2.png>) ![z](red.png)\n"),
    )
    .unwrap();
    shell.picture(&format!("{hostile}.png"), 1);
    std::fs::write(
        shell.path(&format!("{hostile}.py")),
        format!("# {hostile}\n{CODE}"),
    )
    .unwrap();
    let file = format!("{hostile}.py");
    for arguments in [
        &["describe", "page.md"][..],
        &["describe", "page.md", "--dry-run"],
        &["explain", &file, "--dry-run"],
        &["explain", &file],
        &["explain", &format!("{file}:99")],
        &["refactor", &file, "--write"],
        &["usage", "--by", "request"],
        &["usage", "--by", "request", "--format", "csv"],
    ] {
        let (_, out, err) = shell.run(arguments);
        // So the lines of a CSV file end (RFC 4180).
        let shown = (out + &err).replace("\r\n", "\n");
        let steers = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
        assert!(!shown.contains(steers), "{arguments:?}: {shown:?}");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let shell = Shell::at_pace(Duration::from_millis(20));
    for arguments in [
        &["explain", "total.py"][..],
        &["refactor", "total.py"],
        &["describe", "red.png", "page.md"],
        &["usage"],
        &["completions", "bash"],
        &["explain", "total.py", "--dry-run"],
    ] {
        let mut child = shell.start(arguments);
        drop(child.stdout.take());
        let (code, _, err) = said(child.wait_with_output().unwrap());
        assert_eq!(code, 0, "{arguments:?}: {err}");
        assert!(
            !err.contains("gloss:") && !err.contains("panic"),
            "{arguments:?}: {err}"
        );
    }
    assert!(
        shell.statuses().contains(&"cancelled".into()),
        "{:?}",
        shell.statuses()
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_an_error_in_words() {
    let shell = Shell::new();
    for arguments in [
        &["explain", "total.py"][..],
        &["refactor", "total.py"],
        &["describe", "red.png"],
        &["usage"],
        &["usage", "--format", "json"],
        &["completions", "bash"],
        &["describe", "red.png", "--dry-run"],
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let (code, _, err) = said(shell.command(arguments).stdout(full).output().unwrap());
        assert_eq!(code, 1, "{arguments:?}: {err}");
        assert!(
            err.contains("standard output cannot be written"),
            "{arguments:?}: {err}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_job_and_books_it() {
    use rustix::process::{Pid, Signal, kill_process};
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .unwrap();
    let ignored = u64::from_str_radix(ignored.trim(), 16).unwrap();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        // A child inherits what is ignored, and keeps to it, as under `nohup`.
        if ignored >> (signal.as_raw() - 1) & 1 == 1 {
            continue;
        }
        let shell = Shell::at_pace(Duration::from_secs(1));
        let mut child = shell.start(&["explain", "total.py"]);
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (code, out, err) = said(child.wait_with_output().unwrap());
        assert_eq!(code, 1, "{signal:?}: {err}");
        assert!(
            out.ends_with('\n') && err.ends_with("gloss: interrupted\n"),
            "{out}{err}"
        );
        assert_eq!(shell.statuses(), ["cancelled"], "{signal:?}");

        let shell = Shell::at_pace(Duration::from_millis(20));
        let names = ["1.png", "2.png", "3.png", "4.png", "5.png"];
        for (red, name) in (1..).zip(names) {
            shell.picture(name, red * 40);
        }
        let mut child = shell.start(&[&["describe"], &names[..]].concat());
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let (code, _, err) = said(child.wait_with_output().unwrap());
        assert_eq!(code, 1, "{signal:?}: {err}");
        let asked = shell.statuses();
        assert!(asked.len() < names.len(), "{signal:?}: {asked:?}");
    }
}

#[test]
fn a_ledger_that_is_locked_or_was_damaged_is_said_once() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["explain", "total.py"]).0, 0);
    let ledger = rusqlite::Connection::open(shell.path("data/gloss.db")).unwrap();
    ledger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let (code, _, err) = shell.run(&["explain", "total.py"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("this request is missing from the ledger"),
        "{err}"
    );
    drop(ledger);

    let garbage = "no database\n".repeat(1000);
    for arguments in [&["usage"][..], &["explain", "total.py"]] {
        let shell = Shell::new();
        std::fs::create_dir(shell.path("data")).unwrap();
        std::fs::write(shell.path("data/gloss.db"), &garbage).unwrap();
        let (code, _, err) = shell.run(arguments);
        assert_eq!(code, 0, "{err}");
        assert_eq!(
            err.matches("was damaged").count(),
            1,
            "{arguments:?}: {err}"
        );
    }
}

#[test]
fn an_answer_that_is_cut_short_is_shown_and_said() {
    let shell = Shell::new();
    let cut = |arguments: &[&str]| {
        let mut command = shell.command(arguments);
        said(
            command
                .env("GLOSS_MAX_OUTPUT_TOKENS", "16")
                .output()
                .unwrap(),
        )
    };
    let (code, out, err) = cut(&["explain", "total.py"]);
    assert_eq!(code, 1, "{err}");
    assert!(out.len() > 10, "{out:?}");
    assert!(
        out.ends_with("\n\n*Cut: the answer reached its greatest length. Ask about less, or raise `max_output_tokens`.*\n"),
        "{out:?}"
    );
    assert!(err.contains("cut short"), "{err}");
    let (code, out, err) = cut(&["refactor", "total.py"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(err.lines().count() > 1, "{err}");
    assert!(err.lines().last().unwrap().starts_with("gloss: "), "{err}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let shell = Shell::new();
    let made = Command::new("mkfifo")
        .args(["pipe.py", "pipe.md"])
        .current_dir(shell.folder.path())
        .status();
    assert!(made.unwrap().success());
    for arguments in [
        ["explain", "pipe.py"],
        ["refactor", "pipe.py"],
        ["describe", "pipe.md"],
    ] {
        let (code, _, err) = shell.run(&arguments);
        assert_eq!(code, 1);
        assert!(err.contains("is no file"), "{err}");
    }
    let large = std::fs::File::create(shell.path("large.md")).unwrap();
    large.set_len(3 << 30).unwrap();
    let (_, _, err) = shell.run(&["describe", "large.md"]);
    assert!(err.contains("64 MiB"), "{err}");
}

#[cfg(unix)]
#[test]
fn pipes_in_the_place_of_rules_are_not_waited_for() {
    let pipe = |path: &std::path::Path| {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
    };
    for name in [".gitignore", ".ignore", ".glossignore", ".git/info/exclude"] {
        let shell = Shell::new();
        for folder in ["inner/.git/info", "beside"] {
            std::fs::create_dir_all(shell.path(folder)).unwrap();
        }
        std::fs::write(shell.path("inner/a.py"), CODE).unwrap();
        std::fs::write(shell.path("inner/a.md"), "![](gone.png)").unwrap();
        std::fs::write(shell.path("beside/b.md"), "![a](gone.png)").unwrap();
        pipe(&shell.path("inner").join(name));
        // Around, beside and below what is asked about.
        let (code, _, err) = shell.run(&["explain", "total.py", "--dry-run"]);
        assert_eq!(code, 0, "{name}: {err}");
        let (code, _, err) = shell.run(&["explain", "inner/a.py", "--dry-run"]);
        let is_kept = name == ".glossignore";
        assert_eq!(code, i32::from(is_kept), "{name}: {err}");
        assert_eq!(err.contains("cannot be read"), is_kept, "{name}: {err}");
        // A worktree's own is led to by what may be anywhere.
        std::fs::create_dir_all(shell.path("beside/led")).unwrap();
        std::fs::write(shell.path("beside/.git"), "gitdir: beside/led").unwrap();
        pipe(&shell.path("beside/led/commondir"));
        // Said once, and the others are looked at.
        let said = format!("inner is passed over: its {name} cannot be read");
        for (target, found) in [(".", 1), ("inner", 0)] {
            let (code, out, err) = shell.run(&["describe", "--check", target]);
            assert_eq!(out.lines().count(), found, "{name}: {out}{err}");
            assert_eq!(err.matches(&said).count(), 1, "{name}: {err}");
            // Not all is well where not all was looked at.
            assert_eq!(code, 1, "{name}: {err}");
        }
        let (code, _, err) = shell.run(&["describe", "inner"]);
        assert_eq!(code, 1, "{name}: {err}");
        assert_eq!(err.matches(&said).count(), 1, "{name}: {err}");
        assert!(err.contains("no image of the rest lacks"), "{name}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn places_are_taken_as_compilers_print_them_and_names_as_they_are() {
    use std::os::unix::ffi::OsStrExt as _;
    let shell = Shell::new();
    let (code, _, err) = shell.run(&["explain", "total.py:4:9"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(shell.usage()["rows"][0]["lines"], "1-6");
    let name = OsStr::from_bytes(b"\xff.py");
    std::fs::write(shell.folder.path().join(name), CODE).unwrap();
    let (code, _, err) = shell.run(&[OsStr::new("explain"), OsStr::from_bytes(b"\xff.py:2-3")]);
    assert_eq!(code, 0, "{err}");
    let picture = OsStr::from_bytes(b"\xff.png");
    std::fs::copy(shell.path("red.png"), shell.folder.path().join(picture)).unwrap();
    let (code, _, err) = shell.run(&[OsStr::new("describe"), picture]);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn describe_goes_on_after_what_is_wrong_and_takes_any_link() {
    let shell = Shell::new();
    shell.picture("blue.png", 3);
    let (code, out, err) = shell.run(&["describe", "red.png", "nope.png", "blue.png"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("## red.png") && out.contains("## blue.png"),
        "{out}"
    );
    assert!(err.contains("gloss: nope.png cannot be read"), "{err}");
    assert!(!err.contains("1 of 2"), "{err}");

    let bytes = std::fs::read(shell.path("red.png")).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    let link = format!("data:image/png;base64,{data}");
    let path = shell.path("red.png").canonicalize().unwrap();
    let file = format!("file://{}", path.display());
    let (code, out, err) = shell.run(&["describe", &link, &file]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("## data:image/png;base64,…\n"), "{out}");
    assert!(!(out + &err).contains(&data), "{err}");
    let (code, out, err) = shell.run(&["describe", "HTTPS://example.com/a.png", "--dry-run"]);
    assert_eq!(code, 0, "{out}{err}");
    for (url, words) in [
        ("http://example.com/a.png", "only over https"),
        ("https://127.0.0.1:1/a.png", "no public address"),
        ("https://localhost:1/a.png", "no public address"),
        ("https://[fd00::1]/a.png", "no public address"),
    ] {
        let (code, out, err) = shell.run(&["describe", url]);
        assert_eq!((code, out.as_str()), (1, ""), "{err}");
        assert!(err.contains(words), "{err}");
    }
}

#[test]
fn what_is_wrong_with_all_images_is_said_once_and_what_is_known_is_shown() {
    let shell = Shell::new();
    shell.picture("blue.png", 10);
    shell.picture("green.png", 90);
    assert_eq!(shell.run(&["describe", "green.png"]).0, 0);
    std::fs::write(shell.path("lack.md"), "![](red.png)\n").unwrap();
    let images = ["describe", "red.png", "blue.png", "green.png", "lack.md"];
    let mut command = shell.command(&images);
    command.env("GLOSS_API_KEY_COMMAND", "[\"gloss-no-such-program\"]");
    let (code, out, err) = said(command.output().unwrap());
    assert_eq!(code, 1);
    assert!(
        out.contains("green.png") && !out.contains("blue.png"),
        "{out}"
    );
    assert_eq!(err.matches("gloss-no-such-program").count(), 1, "{err}");
    assert!(
        err.contains("1 more image was not asked about for that")
            && err.contains("1 more document was not asked about for that"),
        "{err}"
    );
    // Documents alone are cut off as well.
    std::fs::write(shell.path("more.md"), "![](blue.png)\n").unwrap();
    let mut command = shell.command(&["describe", "lack.md", "more.md"]);
    command.env("GLOSS_API_KEY_COMMAND", "[\"gloss-no-such-program\"]");
    let (code, _, err) = said(command.output().unwrap());
    assert_eq!(code, 1);
    assert_eq!(err.matches("gloss-no-such-program").count(), 1, "{err}");
}

#[test]
fn the_model_that_is_named_is_asked() {
    let shell = Shell::new();
    let mut command = shell.command(&["describe", "red.png", "--model", "grok-4"]);
    let (code, _, err) = said(
        command
            .env("GLOSS_VISION_MODEL", "grok-2-vision")
            .output()
            .unwrap(),
    );
    assert!(
        shell.usage()["rows"][0]["model"]
            .as_str()
            .unwrap()
            .starts_with("grok-4"),
        "{code} {err}"
    );
}

#[test]
fn a_workspaces_own_file_counts_and_what_does_not_is_said_once() {
    let shell = Shell::new();
    let own = "answer_language = 'Latin'\nproxy = 'http://evil.example'\nexclude = ['other.py']\n";
    std::fs::write(shell.path(".gloss.toml"), own).unwrap();
    std::fs::write(shell.path("other.py"), CODE).unwrap();
    let (code, out, err) = shell.run(&["explain", "total.py", "--dry-run"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("Latin"), "{out}");
    assert_eq!(
        err.matches(".gloss.toml:2: `proxy` is not taken from a repository")
            .count(),
        1,
        "{err}"
    );
    let (code, _, err) = shell.run(&["explain", "other.py"]);
    assert_eq!(code, 1);
    assert!(err.contains("never sent"), "{err}");
    let (_, _, err) = shell.run(&["describe", "red.png"]);
    assert_eq!(err.matches("`proxy`").count(), 1, "{err}");
}

#[test]
fn the_configuration_says_where_each_value_came_from() {
    let shell = Shell::new();
    let folder = shell.path("home/.config/gloss");
    std::fs::create_dir_all(&folder).unwrap();
    let user = "model = 'grok-4.5'\nconcurency = 1\ntemperature = 'hot'\nproxy = 'http://me:hush@proxy:1'\n";
    std::fs::write(folder.join("config.toml"), user).unwrap();
    let own = "\ncontext = 'file'\nbudget = { daily_usd = 0.2, total_daily_tokens = 9 }\n";
    std::fs::write(shell.path(".gloss.toml"), own).unwrap();
    std::fs::create_dir(shell.path("deep")).unwrap();

    let mut command = shell.command(&["config", "show", "--format", "json"]);
    command.current_dir(shell.path("deep"));
    command.env("GLOSS_HOVER_WAIT_MS", "5");
    command.env("GLOSS_BUDGET", "{\"dailyUsd\": 0.5, \"monthlyUsd\": 3}");
    let (code, out, _) = said(command.output().unwrap());
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let settings = report["settings"].as_array().unwrap();
    let check = |key: &str, value: serde_json::Value, layer: &str, line: serde_json::Value| {
        let found = settings.iter().find(|setting| setting["key"] == key);
        let found = found.unwrap();
        assert_eq!(found["value"], value, "{key}");
        assert_eq!(found["origin"]["layer"], layer, "{key}");
        assert_eq!(found["origin"]["line"], line, "{key}");
    };
    let none = serde_json::Value::Null;
    check("model", "grok-4.5".into(), "user", 1.into());
    check("context", "file".into(), "repository", 2.into());
    check("hover_wait_ms", 5.into(), "environment", none.clone());
    check(
        "base_url",
        shell.api.clone().into(),
        "environment",
        none.clone(),
    );
    check("concurrency", 4.into(), "built-in", none.clone());
    check("proxy", "http://me:...@proxy:1/".into(), "user", 4.into());
    // What it comes to, not what the one or the other says.
    let budget =
        serde_json::json!({ "daily_usd": 0.2, "monthly_usd": 3.0, "total_daily_tokens": 9 });
    check("budget", budget, "environment", none.clone());
    let ignored = report["ignored"].as_array().unwrap().iter();
    let ignored: Vec<_> = ignored
        .map(|notice| notice["key"].as_str().unwrap())
        .collect();
    assert_eq!(ignored, ["concurency", "temperature"]);

    let (code, out, _) = shell.run(&["config", "show"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("config.toml:2: unknown key `concurency`; did you mean `concurrency`?")
            && out.contains("config.toml:3: `temperature` should be a number from 0 to 2")
            && !out.contains("hush"),
        "{out}"
    );
    let (code, out, _) = shell.run(&["config", "path"]);
    assert_eq!(code, 0);
    let words = |line: &str| {
        let words = line.split_whitespace();
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let lines: Vec<_> = out.lines().map(words).collect();
    assert_eq!((&*lines[0][0], &*lines[0][2]), ("user", "read"), "{out}");
    assert_eq!((&*lines[1][0], &*lines[1][2]), ("repository", "read"));
    assert_eq!(lines[2][0], "policy");

    let (code, out, _) = shell.run(&["config", "schema"]);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema["properties"]["model"]["default"], "grok-4.3");
}

#[test]
fn a_configuration_that_lets_nothing_out_is_said_once() {
    let shell = Shell::new();
    let mut command = shell.command(&["explain", "total.py"]);
    command.env("GLOSS_BUDGET", "much");
    let (code, _, err) = said(command.output().unwrap());
    assert_eq!((code, err.matches("GLOSS_BUDGET").count()), (1, 1), "{err}");
    assert!(err.ends_with("gloss: nothing was sent\n"), "{err}");
}

#[test]
fn models_are_listed_and_one_that_is_gone_is_replaced() {
    let shell = Shell::new();
    let (code, out, err) = shell.run(&["models"]);
    assert_eq!((code, &*err), (0, ""), "{out}");
    let used: Vec<_> = out.lines().filter(|line| line.starts_with('*')).collect();
    assert_eq!(used.len(), 1, "{out}");
    let words: Vec<_> = used[0].split_whitespace().collect();
    assert_eq!(
        words,
        ["*", "grok-4.3", "1,000,000", "1.25", "0.20", "2.50", "yes"]
    );
    let (code, out, _) = shell.run(&["models", "--format", "json"]);
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let models = report["models"].as_array().unwrap();
    let used = models.iter().find(|model| model["in_use"] == true).unwrap();
    assert_eq!(used["id"], "grok-4.3");
    assert_eq!(used["prices"]["output"], 2.5);

    let (code, _, err) = shell.run(&["explain", "total.py", "--model", "grok-2-latest"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(err.matches("grok-2-latest is gone").count(), 1, "{err}");
    let usage = shell.usage();
    let statuses: Vec<_> = (0..2).map(|at| &usage["rows"][at]["status"]).collect();
    assert_eq!(statuses, ["ok", "error"]);
    assert_eq!(usage["rows"][1]["model"], "grok-2-latest");
    assert_eq!(usage["rows"][1]["cost_usd"], 0.0);

    let mut command = shell.command(&["explain", "total.py", "--model", "grok-2-latest"]);
    command.env("GLOSS_FALLBACK_MODELS", "[]");
    let (code, _, err) = said(command.output().unwrap());
    assert_eq!(code, 1);
    assert!(err.contains("set `model` to another one"), "{err}");
    let (code, _, err) = said(
        shell
            .command(&["models"])
            .env_remove("XAI_BASE_URL")
            .output()
            .unwrap(),
    );
    assert_eq!(code, 1);
    assert!(err.contains("no API key"), "{err}");
}

#[test]
fn an_error_is_said_once() {
    let shell = Shell::new();
    let mut command = shell.command(&["explain", "total.py", "--model", "grok-2-latest"]);
    command.env("GLOSS_FALLBACK_MODELS", "[]");
    let (_, _, err) = said(command.output().unwrap());
    let words = err.trim().trim_start_matches("gloss: ");
    let half = words.get(..20).unwrap();
    assert_eq!(err.matches(half).count(), 1, "{err}");
}

#[test]
fn a_port_that_is_taken_is_said_in_words() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, _, err) = Shell::new().run(&["sim", "--port", &port]);
    assert_eq!(code, 1);
    assert!(
        err.contains(&port) && err.contains("choose another one with --port"),
        "{err}"
    );
}

#[test]
fn a_budget_is_held_across_processes_and_says_what_is_spent() {
    let shell = Shell::new();
    let explain = |budget: &str| {
        let mut command = shell.command(&["explain", "total.py"]);
        said(command.env("GLOSS_BUDGET", budget).output().unwrap())
    };
    let (code, _, err) = explain(r#"{"dailyTokens": 10}"#);
    assert_eq!(code, 1);
    assert!(
        err.contains("would pass the budget `daily_tokens` of 10 tokens"),
        "{err}"
    );
    assert!(
        err.contains("0 tokens spent") && err.contains("begins anew on"),
        "{err}"
    );
    let claim = err.split("add about ").nth(1).unwrap().split(' ').next();
    let claim: u64 = claim.unwrap().parse().unwrap();
    assert_eq!(explain(r#"{"daily_tokens": 1000000}"#).0, 0);
    let spent = shell.usage()["total"]["total_tokens"].as_u64().unwrap();
    let narrow = format!(r#"{{"total_daily_tokens": {spent}}}"#);
    let (code, _, err) = explain(&narrow);
    assert_eq!(code, 1);
    assert!(err.contains(&format!("{spent} tokens spent")), "{err}");
    assert_eq!(shell.statuses(), ["refused", "ok", "refused"]);
    // What the stand-in says costs nothing, so it uses up no dollars.
    assert_eq!(explain(r#"{"daily_usd": 0.05}"#).0, 0);
    assert_eq!(explain(r#"{"daily_usd": 0.05}"#).0, 0);

    // Three have spent as much; with the next it is more than four fifths, and one more fits.
    let wide = format!(r#"{{"daily_tokens": {}}}"#, spent * 4 + claim);
    let warned = |(code, _, err): (i32, String, String)| {
        assert_eq!(code, 0, "{err}");
        err.contains("is nearly used up")
    };
    assert_eq!(
        [warned(explain(&wide)), warned(explain(&wide))],
        [true, false]
    );
}

#[test]
fn with_a_budget_and_no_readable_ledger_nothing_is_sent() {
    let shell = Shell::new();
    std::fs::write(shell.path("file"), "").unwrap();
    let mut command = shell.command(&["explain", "total.py"]);
    command.env("GLOSS_DATA_DIR", shell.path("file"));
    command.env("GLOSS_BUDGET", r#"{"monthly_usd": 5}"#);
    let (code, out, err) = said(command.output().unwrap());
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("the ledger it is counted in cannot be read"),
        "{err}"
    );
}

#[test]
fn old_requests_are_deleted_when_that_is_asked_for_and_agreed() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["explain", "total.py"]).0, 0);
    let (code, _, err) = shell.run(&["usage", "prune", "--before", "0h"]);
    assert_eq!(code, 2);
    assert!(err.contains("1 request") && err.contains("--yes"), "{err}");
    let (code, out, _) = shell.run(&["usage", "prune", "--before", "1d", "--yes"]);
    assert_eq!(code, 0);
    assert!(out.contains("Nothing to delete"), "{out}");
    assert_eq!(shell.statuses(), ["ok"]);
    let (code, out, _) = shell.run(&["usage", "prune", "--before", "0h", "--yes"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "Deleted 1 request from the ledger.\n")
    );
    assert_eq!(shell.usage()["rows"], serde_json::json!([]));
}

#[test]
fn many_images_that_come_to_much_are_asked_for_first() {
    let shell = Shell::new();
    shell.picture("blue.png", 3);
    let describe = |arguments: &[&str]| {
        let mut command =
            shell.command(&[&["describe", "red.png", "blue.png"], arguments].concat());
        said(
            command
                .env("GLOSS_CONFIRM_ABOVE_USD", "0.001")
                .output()
                .unwrap(),
        )
    };
    let (code, out, err) = describe(&[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.contains("describe 2 images, for about $0.01") && err.contains("--yes"),
        "{err}"
    );
    assert_eq!(shell.statuses(), [""; 0]);
    assert_eq!(describe(&["--yes"]).0, 0);
    // What is kept costs nothing.
    assert_eq!(describe(&[]).0, 0);
    assert_eq!(shell.statuses(), ["from_store", "from_store", "ok", "ok"]);
}

/// An API that names no cost, and has a list with the price of its model.
fn priced_api() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = std::io::BufReader::new(socket.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && socket.read_line(&mut head).unwrap() > 0 {}
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            socket.read_exact(&mut body).unwrap();
            let first = head.lines().next().unwrap_or_default();
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = match path.as_str() {
                "/v1/models" => (
                    200,
                    serde_json::json!({"data": [{"id": "house-1", "aliases": ["house"],
                    "prompt_text_token_price": 10_000, "cached_prompt_text_token_price": 1_000,
                    "completion_text_token_price": 50_000}]}),
                ),
                "/v1/chat/completions" => (
                    200,
                    serde_json::json!({"model": "house-1",
                    "choices": [{"message": {"content": "It adds."}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 110,
                        "prompt_tokens_details": {"cached_tokens": 40},
                        "completion_tokens_details": {"reasoning_tokens": 3}}}),
                ),
                _ => (404, serde_json::json!({"error": "no such path"})),
            };
            seen.lock().unwrap().push(path);
            let body = body.to_string();
            let _ = write!(
                socket.get_mut(),
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    (url, asked)
}

#[test]
fn the_endpoints_prices_are_fetched_after_an_answer_and_once() {
    let shell = Shell::new();
    let (url, asked) = priced_api();
    let explain = || {
        let mut command = shell.command(&["explain", "total.py", "--model", "house"]);
        let (code, _, err) = said(command.env("XAI_BASE_URL", &url).output().unwrap());
        assert_eq!(code, 0, "{err}");
    };
    explain();
    explain();
    let costs: Vec<_> = shell.usage()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["cost_usd"].clone())
        .collect();
    // 60 x $1.00, 40 x $0.10 and 10 x $5.00 a million; before the first answer no price was known.
    assert_eq!(
        costs,
        [serde_json::json!(0.000_114), serde_json::Value::Null]
    );
    let asked = asked.lock().unwrap();
    let count = |path: &str| asked.iter().filter(|seen| *seen == path).count();
    assert_eq!(
        asked.first().map(String::as_str),
        Some("/v1/chat/completions")
    );
    assert_eq!((count("/v1/models"), count("/v1/language-models")), (1, 1));
}

#[test]
fn check_lists_what_is_wrong_with_image_links_and_asks_nobody() {
    let shell = Shell::new();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(shell.path(name).parent().unwrap()).unwrap();
        std::fs::write(shell.path(name), text).unwrap();
    };
    let (code, out, err) = shell.run(&["describe", "--check", "."]);
    assert_eq!((code, &*out), (0, ""));
    assert!(
        err.starts_with("2 image links in 1 document: no file"),
        "{err}"
    );
    write(
        "docs/a.md",
        "# ä\n\nä ![](../red.png)\n\n> ![b](gone.png)\n",
    );
    write("docs/b.rst", ".. image:: ../red.png\n");
    write(
        "docs/c.html",
        "<img src=\"../red.png\" alt=\"\"><img src=\"{{ d }}.png\">",
    );
    write("docs/e.css", "a { b: url(gone.png) }");
    for (ignore, document) in [
        (".gitignore", "build/f.md"),
        (".ignore", "vendor/g.md"),
        (".glossignore", "old/h.md"),
    ] {
        write(ignore, document.split_once('/').unwrap().0);
        write(document, "![](gone.png)");
    }
    let (code, out, err) = shell.run(&["describe", "--check", "."]);
    let expected = "docs/a.md:3:3: warning: the image `../red.png` has no alternative text [missing-alt-text]\n\
                    docs/a.md:5:3: warning: the file `gone.png` does not exist [missing-file]\n\
                    docs/b.rst:1:1: warning: the image `../red.png` has no alternative text [missing-alt-text]\n";
    assert_eq!((code, &*out), (1, expected));
    assert!(
        err.contains("1 file is missing, 2 alternative texts are missing"),
        "{err}"
    );
    // One that is named is looked at although it is ignored.
    let (code, out, _) = shell.run(&["describe", "--check", "old/h.md", "docs/e.css", "red.png"]);
    assert_eq!((code, out.lines().count()), (1, 2), "{out}");
    let (code, out, _) = shell.run(&["describe", "--check", "--format", "json", "docs"]);
    assert_eq!(code, 1);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["documents"], &report["images"]),
        (&4.into(), &6.into())
    );
    assert_eq!(
        report["findings"][1],
        serde_json::json!({
            "path": "docs/a.md", "line": 5, "column": 3, "end_line": 5, "end_column": 17,
            "code": "missing-file", "message": "the file `gone.png` does not exist",
            "target": "gone.png",
        })
    );
    // What a workspace of its own says in there counts, and what is named twice counts once.
    write("docs/own/.gloss.toml", "exclude = [\"gone.png\"]\n");
    write("docs/own/i.md", "![a](gone.png) ![b](/j.png)");
    write("docs/own/j.png", "");
    let (_, out, err) = shell.run(&["describe", "--check", "docs", "docs/own", "./docs/a.md"]);
    assert!(!out.contains("own") && out.lines().count() == 3, "{out}");
    assert!(err.starts_with("8 image links in 5 documents"), "{err}");
    let (code, _, err) = shell.run(&["describe", "--check", "nowhere", "page.md"]);
    assert_eq!(code, 1);
    assert!(err.contains("nowhere cannot be read"), "{err}");
    let (code, ..) = shell.run(&["describe", "--check", "--dry-run", "page.md"]);
    assert_eq!(code, 2);
    assert_eq!(shell.usage()["rows"].as_array().unwrap().len(), 0);
}
