//! `wire`: the same commands over both, with the same outcome.

use serde_json::Value;

use super::{Shell, said};

/// What a command prints over this wire.
fn printed(shell: &Shell, wire: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = shell.command(arguments);
    command.env("GLOSS_WIRE", wire);
    said(command.output().unwrap())
}

#[test]
fn the_same_comes_of_both_wires() {
    for arguments in [
        &["explain", "total.py:1"][..],
        &["explain", "total.py", "--question", "Why the loop?"],
        &["refactor", "total.py:1"],
        &["describe", "red.png"],
        &["describe", "lack.md"],
    ] {
        let shells = [Shell::new(), Shell::new()];
        let [chat, responses] = &shells;
        for shell in &shells {
            std::fs::write(shell.path("lack.md"), "![](red.png)\n").unwrap();
        }
        let (code, out, err) = printed(chat, "chat", arguments);
        assert!(code == 0 && !out.is_empty(), "{arguments:?}: {err}");
        let (code, by_responses, err) = printed(responses, "responses", arguments);
        assert_eq!((code, &by_responses), (0, &out), "{arguments:?}: {err}");
        // The stand-in was told apart, and each request was booked.
        let booked = |shell: &Shell| {
            let rows = shell.usage()["rows"].clone();
            let row = |row: &Value| {
                let fields = ["action", "status", "finish_reason", "prompt_tokens"];
                let more = [
                    "total_tokens",
                    "cached_tokens",
                    "reasoning_tokens",
                    "cost_usd",
                ];
                fields
                    .into_iter()
                    .chain(more)
                    .map(|name| row[name].clone())
                    .collect()
            };
            let rows: Vec<Vec<Value>> = rows.as_array().unwrap().iter().map(row).collect();
            rows
        };
        assert_eq!(booked(responses), booked(chat), "{arguments:?}");
        assert!(!booked(chat).is_empty());
    }
}

#[test]
fn a_wire_that_is_none_is_said_and_the_usual_one_is_spoken() {
    let shell = Shell::new();
    let (code, out, err) = printed(&shell, "smoke", &["explain", "total.py:1"]);
    assert_eq!(code, 0, "{out}{err}");
    let words = "GLOSS_WIRE: `wire` should be \"chat\" or \"responses\"";
    assert!(err.contains(words), "{err}");
}
