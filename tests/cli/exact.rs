//! `--exact`: a dry run whose tokens the API counts.

use std::io::{Read as _, Write as _};

use super::{Shell, said};

/// An API that answers one request with this status and body, and gives what it was asked.
fn once(status: &str, body: &str) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let api = format!("http://{}/v1", listener.local_addr().unwrap());
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    let asked = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut chunk = [0; 4096];
        let is_whole = |asked: &[u8]| {
            let text = String::from_utf8_lossy(asked).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                return false;
            };
            let length = head.lines().find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            body.len() >= length.unwrap_or(0)
        };
        while !is_whole(&asked) {
            let count = socket.read(&mut chunk).unwrap();
            asked.extend_from_slice(&chunk[..count]);
        }
        socket.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (api, asked)
}

#[test]
fn an_exact_count_is_the_apis_own_of_the_masked_text() {
    let shell = Shell::new();
    let key = format!("xai-{}", "k3Y".repeat(10));
    std::fs::write(shell.path("key.py"), format!("KEY = '{key}'\n")).unwrap();
    let (api, asked) = once(
        "200 OK",
        r#"{"token_ids":[{"token_id":1},{"token_id":2},{}]}"#,
    );
    let mut command = shell.command(&["refactor", "key.py", "--dry-run", "--exact"]);
    let (code, out, err) = said(command.env("XAI_BASE_URL", api).output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("grok-4.3: 3 tokens by the API's tokenizer, $0.0000 for the prompt, about $0.0007 with the answer; nothing was sent but the text"),
        "{out}"
    );
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST /v1/tokenize-text "), "{asked}");
    assert!(
        asked.contains("GLOSS_MASKED_SECRET_1_") && !asked.contains(&key),
        "{asked}"
    );

    // The stand-in has a tokenizer of its own, and an image is estimated in any case.
    for arguments in [["explain", "total.py"], ["describe", "red.png"]] {
        let (code, out, err) = shell.run(&[&arguments[..], &["--dry-run", "--exact"]].concat());
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("by the API's tokenizer"), "{out}");
        assert_eq!(
            out.contains("its image about 4"),
            arguments[0] == "describe",
            "{out}"
        );
    }
    assert_eq!(shell.usage()["rows"], serde_json::json!([]));
}

#[test]
fn an_endpoint_without_a_tokenizer_is_said_and_the_estimate_given() {
    let shell = Shell::new();
    let run = |status: &str, body: &str| {
        let (api, asked) = once(status, body);
        let mut command = shell.command(&["explain", "total.py", "--dry-run", "--exact"]);
        let ran = said(command.env("XAI_BASE_URL", api).output().unwrap());
        asked.join().unwrap();
        ran
    };
    for (status, body) in [
        ("404 Not Found", "<html>nothing here</html>"),
        ("405 Method Not Allowed", ""),
        ("200 OK", r#"{"tokens": 3}"#),
        ("200 OK", "hello"),
    ] {
        let (code, out, err) = run(status, body);
        assert_eq!(code, 0, "{status}: {err}");
        assert!(err.starts_with("gloss: no exact count"), "{status}: {err}");
        assert_eq!(err.trim().lines().count(), 1, "{err}");
        assert!(out.contains("grok-4.3: about "), "{out}");
    }
    let (code, _, err) = shell.run(&["explain", "total.py", "--exact"]);
    assert_eq!(code, 2);
    assert!(err.contains("--dry-run"), "{err}");
}
