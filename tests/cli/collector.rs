//! A collector is told of a command's usage before the command ends, or the command says it was not.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Shell, said};

/// How long a command waits for its collector when all else is done.
const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn a_collector_gets_what_a_command_used() {
    let shell = Shell::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/otlp", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let one = || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            let mut some = [0; 4096];
            loop {
                let count = socket.read(&mut some).unwrap_or(0);
                if count == 0 {
                    return None;
                }
                bytes.extend_from_slice(&some[..count]);
                let text = String::from_utf8_lossy(&bytes).to_lowercase();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let end = text.find("\r\n\r\n").map(|at| at + 4);
                if let (Some(length), Some(end)) = (length, end)
                    && bytes.len() >= end + length.parse::<usize>().unwrap()
                {
                    break;
                }
            }
            let agreed = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = socket.write_all(agreed);
            let has = |word: &[u8]| bytes.windows(word.len()).any(|some| some == word);
            assert!(has(b"gen_ai.provider.name") && has(b"explain"));
            assert!(!has(b"total.py") && !has(b"SKIP"));
            let head = String::from_utf8_lossy(&bytes);
            Some(head.split(' ').nth(1).unwrap().to_owned())
        };
        let mut paths = BTreeSet::new();
        while paths.len() < 2 {
            paths.extend(one());
        }
        let _ = tell.send(paths);
    });
    // A command waits only a moment for its collector, which may be too short once.
    let paths = (0..5).find_map(|_| {
        let mut command = shell.command(&["explain", "total.py"]);
        command.env("GLOSS_OTLP_ENDPOINT", &endpoint);
        let (code, _, err) = said(command.output().unwrap());
        assert_eq!(code, 0, "{err}");
        let paths = told.recv_timeout(Duration::from_secs(5)).ok()?;
        assert!(!err.contains("otlp"), "{err}");
        Some(paths)
    });
    let both = ["/otlp/v1/metrics", "/otlp/v1/traces"].map(str::to_owned);
    assert_eq!(paths, Some(BTreeSet::from(both)));
}

#[test]
fn a_collector_that_is_away_costs_a_word_and_no_answer() {
    let shell = Shell::new();
    let is_said = (0..5).any(|_| {
        let mut command = shell.command(&["explain", "total.py"]);
        command.env("GLOSS_OTLP_ENDPOINT", "http://127.0.0.1:1");
        let began = Instant::now();
        let (code, out, err) = said(command.output().unwrap());
        let was_waited_out = began.elapsed() >= PATIENCE;
        assert_eq!((code, out.contains("total")), (0, true), "{err}");
        let words = err.matches("`otlp_endpoint`").count();
        // Only one that gave up on a busy machine may end without a word.
        assert!(words == 1 || words == 0 && was_waited_out, "{err}");
        words == 1
    });
    assert!(is_said);
}
