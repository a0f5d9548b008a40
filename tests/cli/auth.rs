//! The key: kept, named, removed, found by a command, and written nowhere else.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Shell, said};

const KEY: &str = "xai-0a1b2c3d4e5f60718293a4b5c6d7e8f9";

/// Runs `gloss` with this on standard input.
fn fed(shell: &Shell, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = shell.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    said(child.wait_with_output().unwrap())
}

fn status(shell: &Shell) -> Value {
    let (_, out, _) = shell.run(&["auth", "status", "--format", "json"]);
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_key_is_checked_kept_named_and_removed() {
    let shell = Shell::new();
    let (code, out, err) = shell.run(&["auth", "status"]);
    assert_eq!((code, out.contains("No key")), (1, true), "{out}{err}");

    // Nobody is there to agree to the file.
    let (code, _, err) = fed(&shell, &["auth", "login"], KEY);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("--yes") && err.contains("credentials.toml"),
        "{err}"
    );
    let (code, out, err) = fed(&shell, &["auth", "login", "--yes"], &format!("{KEY}\n"));
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("team 0000") && out.contains("Kept in the file"),
        "{out}"
    );
    let file = shell.path("data/credentials.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    }
    let found = status(&shell);
    assert_eq!(
        (&found["source"], &found["ending"], &found["host"]),
        (&json!("file"), &json!("e8f9"), &json!("127.0.0.1"))
    );
    let (code, out, _) = shell.run(&["auth", "status"]);
    assert_eq!(
        (code, out.contains("…e8f9 from the file")),
        (0, true),
        "{out}"
    );

    // The environment comes first.
    let mut command = shell.command(&["auth", "status"]);
    let (_, out, _) = said(
        command
            .env("XAI_API_KEY", "xai-of-the-environment")
            .output()
            .unwrap(),
    );
    assert!(out.contains("…ment from the environment"), "{out}");

    // It is for its host, and for no other.
    let mut command = shell.command(&["auth", "status"]);
    let output = command.env("XAI_BASE_URL", "https://api.x.ai/v1").output();
    let (code, out, _) = said(output.unwrap());
    assert_eq!((code, out.as_str()), (1, "No key for api.x.ai.\n"));

    let (code, out, err) = shell.run(&["auth", "logout"]);
    assert_eq!(
        (code, out.contains("Removed from the file")),
        (0, true),
        "{err}"
    );
    assert!(!file.exists());
    let (code, out, _) = shell.run(&["auth", "logout"]);
    assert_eq!((code, out.contains("none to remove")), (0, true));
}

#[test]
fn what_is_no_key_or_is_not_taken_is_not_kept() {
    let shell = Shell::new();
    let endless = "x".repeat(20_000);
    for (input, words) in [
        ("", "no key"),
        (&endless, "no key"),
        ("two words\n", "no key"),
        // The word that the stand-in takes for a wrong key.
        ("incorrect", "was not accepted"),
    ] {
        let (code, _, err) = fed(&shell, &["auth", "login", "--yes"], input);
        assert_eq!((code, err.contains(words)), (1, true), "{input}: {err}");
        assert_eq!(status(&shell)["source"], json!(null), "{input}");
    }
}

#[cfg(unix)]
#[test]
fn a_command_gives_the_key_and_says_why_it_does_not() {
    let shell = Shell::new();
    let explain = |command: &str| {
        let mut gloss = shell.command(&["explain", "total.py"]);
        said(
            gloss
                .env("GLOSS_API_KEY_COMMAND", command)
                .output()
                .unwrap(),
        )
    };
    let (code, _, err) = explain(r#"["echo", "xai-good-enough"]"#);
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = explain("echo incorrect");
    assert_eq!((code, err.contains("was not accepted")), (1, true), "{err}");
    let (code, _, err) = explain(r#"{"shell": "echo the vault is closed >&2; exit 2"}"#);
    assert_eq!(code, 1);
    assert!(
        err.contains("`api_key_command`") && err.contains("the vault is closed"),
        "{err}"
    );
    // Words are no shell's.
    let (code, _, err) = explain("echo incorrect; echo xai-good-enough");
    assert_eq!((code, err.contains("no key")), (1, true), "{err}");
    let (code, _, err) = explain("7");
    assert_eq!((code, err.contains("nothing is sent")), (1, true), "{err}");
}

#[test]
fn the_key_is_written_nowhere() {
    let shell = Shell::new();
    let run = |arguments: &[&str], api: &str| {
        let mut command = shell.command(arguments);
        command
            .env("XAI_API_KEY", KEY)
            .env("XAI_BASE_URL", api)
            .env("GLOSS_LOG", "trace");
        let output = command.output().unwrap();
        assert_no_key(arguments.join(" ").as_str(), &output.stdout);
        assert_no_key(arguments.join(" ").as_str(), &output.stderr);
        (output.status.code(), output.stdout)
    };
    std::fs::write(shell.path("key.py"), format!("KEY = '{KEY}'\n")).unwrap();
    let jobs: [&[&str]; 6] = [
        &["explain", "total.py"],
        &["explain", "key.py", "--dry-run"],
        &["refactor", "total.py"],
        &["describe", "red.png"],
        &["models"],
        &["auth", "status"],
    ];
    for job in jobs {
        assert_eq!(run(job, &shell.api).0, Some(0), "{job:?}");
    }
    // What fails is told and booked, without the key.
    for api in ["http://127.0.0.1:1/v1", "nowhere", "https://x.invalid/v1"] {
        assert_eq!(run(&["explain", "total.py"], api).0, Some(1), "{api}");
    }
    run(&["config", "show"], &shell.api);
    run(&["config", "show", "--format", "json"], &shell.api);
    run(&["doctor"], &shell.api);
    run(&["doctor", "--format", "json"], &shell.api);
    for format in ["table", "json", "csv", "html"] {
        let (_, report) = run(
            &["usage", "--by", "request", "--format", format],
            &shell.api,
        );
        assert!(!report.is_empty());
    }
    let mut seen = 0;
    for folder in ["data", "home"] {
        search(&shell.path(folder), &mut seen);
    }
    assert!(seen > 0);
}

fn assert_no_key(place: &str, bytes: &[u8]) {
    let has = |word: &str| {
        bytes
            .windows(word.len())
            .any(|window| window == word.as_bytes())
    };
    // All of it, and its middle alone.
    assert!(!has(KEY) && !has(&KEY[4..24]), "the key stands in {place}");
}

fn search(folder: &Path, seen: &mut usize) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, seen);
        } else {
            *seen += 1;
            assert_no_key(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}
