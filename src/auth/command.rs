//! Runs `api_key_command`: no shell of its own, nothing to read, a bounded time.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::config::KeyCommand;
use crate::llm::{Key, scrubbed};

/// How long the command may take: a person may have to unlock a password manager.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The most that is kept of what it prints, and of its complaints, in bytes.
const LONGEST: usize = 16 << 10;
const LONGEST_SHOWN: usize = 500;

/// How long what the command left running may hold its output open, once it has ended itself.
const LEFTOVERS: Duration = Duration::from_millis(250);

/// The key on the first line of what the command prints.
///
/// # Errors
/// In words that name the setting, with what the command said on its standard error.
pub(super) async fn run(command: &KeyCommand, patience: Duration) -> Result<Key, String> {
    let failed = |why: String| format!("`api_key_command`: {} {why}", command.program);
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        // Where the editor stands a repository may lie.
        .current_dir(neutral_folder())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            failed(format!(
                "cannot be run ({error}); name a program that is there"
            ))
        })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = async {
        let mut reading = pin!(futures::future::join(
            read(stdout, &mut out),
            read(stderr, &mut err)
        ));
        tokio::select! {
            _ = &mut reading => child.wait().await,
            // An agent that it started may have its output for as long as it lives.
            status = child.wait() => {
                let _ = tokio::time::timeout(LEFTOVERS, reading).await;
                status
            }
        }
    };
    let Ok(status) = tokio::time::timeout(patience, ended).await else {
        let seconds = patience.as_secs();
        return Err(failed(format!(
            "took longer than {seconds} s and was ended; run it by hand to see what it waits for"
        )));
    };
    let said = said(&err);
    let status = status.map_err(|error| failed(format!("cannot be waited for ({error})")))?;
    if !status.success() {
        return Err(failed(format!("failed ({status}){said}; run it by hand")));
    }
    let text = String::from_utf8_lossy(&out);
    let first = text.trim_start().lines().next().unwrap_or_default();
    Key::new(first).map_err(|_| {
        failed(format!(
            "printed no key on its first line{said}; run it by hand"
        ))
    })
}

/// Reads to the end, and keeps the beginning. What was read is kept, should nobody wait for more.
async fn read(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else {
        return;
    };
    let mut piece = Vec::with_capacity(4 << 10);
    while from.read_buf(&mut piece).await.is_ok_and(|count| count > 0) {
        let room = LONGEST.saturating_sub(kept.len());
        kept.extend(piece.drain(..).take(room));
    }
}

/// What the command said on its standard error, on one line, without what looks like a key.
fn said(err: &[u8]) -> String {
    let text = scrubbed(&String::from_utf8_lossy(err));
    let words: Vec<_> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(LONGEST_SHOWN).collect();
    if line.is_empty() {
        String::new()
    } else {
        format!(": {}", crate::text::visible(&line))
    }
}

fn neutral_folder() -> PathBuf {
    let home = dirs::home_dir().filter(|home| home.is_dir());
    home.unwrap_or_else(|| Path::new("/").to_path_buf())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(line: &str) -> KeyCommand {
        KeyCommand {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), line.into()],
        }
    }

    #[tokio::test]
    async fn the_key_is_what_stands_on_the_first_line() {
        let check = async |line: &str, expected: Result<&str, &str>| {
            let found = run(&shell(line), Duration::from_secs(20)).await;
            match expected {
                Ok(key) => assert_eq!(found.unwrap().expose(), key, "{line}"),
                Err(words) => {
                    let error = found.unwrap_err();
                    assert!(error.contains(words), "{line}: {error}");
                    assert!(
                        !error.contains('\n') && !error.contains("0123456789"),
                        "{error}"
                    );
                }
            }
        };
        check("echo xai-a", Ok("xai-a")).await;
        check("printf 'xai-a\\nlogin: me\\n'", Ok("xai-a")).await;
        check("printf '\\n xai-a \\n'", Ok("xai-a")).await;
        check("cat; echo xai-a", Ok("xai-a")).await;
        check("echo is locked >&2; exit 3", Err("is locked")).await;
        check("echo bad xai-0123456789abcdefgh >&2; exit 3", Err("[key]")).await;
        check("exit 3", Err("exit status: 3")).await;
        check("true", Err("printed no key")).await;
        check("echo two words", Err("printed no key")).await;
        // What stays behind, as an agent, has the output open.
        check("sleep 100 & echo xai-a", Ok("xai-a")).await;
        check("yes xai-a | head -c 300000", Ok("xai-a")).await;
    }

    #[tokio::test]
    async fn one_that_hangs_is_ended_and_one_that_is_not_there_is_named() {
        let error = run(&shell("sleep 1000"), Duration::from_millis(50)).await;
        assert!(error.unwrap_err().contains("took longer"));
        let nowhere = KeyCommand {
            program: "gloss-no-such-program".into(),
            arguments: Vec::new(),
        };
        let error = run(&nowhere, PATIENCE).await.unwrap_err();
        assert!(
            error.contains("gloss-no-such-program cannot be run"),
            "{error}"
        );
    }
}
