//! A collector is told of a command's usage before the command ends, or the command says it was not.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::{Shell, said};

#[test]
fn a_collector_gets_what_a_command_used() {
    let shell = Shell::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/otlp", listener.local_addr().unwrap());
    let collecting = std::thread::spawn(move || {
        let one = |_| {
            let (mut socket, _) = listener.accept().unwrap();
            let mut bytes = Vec::new();
            let mut some = [0; 4096];
            loop {
                let count = socket.read(&mut some).unwrap();
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
            socket
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .unwrap();
            let has = |word: &[u8]| bytes.windows(word.len()).any(|some| some == word);
            assert!(has(b"gen_ai.provider.name") && has(b"explain"));
            assert!(!has(b"total.py") && !has(b"SKIP"));
            let head = String::from_utf8_lossy(&bytes);
            head.split(' ').nth(1).unwrap().to_owned()
        };
        (0..2).map(one).collect::<BTreeSet<_>>()
    });
    let mut command = shell.command(&["explain", "total.py"]);
    let (code, _, err) = said(
        command
            .env("GLOSS_OTLP_ENDPOINT", endpoint)
            .output()
            .unwrap(),
    );
    assert_eq!((code, err.contains("otlp")), (0, false), "{err}");
    let paths: Vec<_> = collecting.join().unwrap().into_iter().collect();
    assert_eq!(paths, ["/otlp/v1/metrics", "/otlp/v1/traces"]);
}

#[test]
fn a_collector_that_is_away_costs_a_word_and_no_answer() {
    let shell = Shell::new();
    let mut command = shell.command(&["explain", "total.py"]);
    command.env("GLOSS_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let (code, out, err) = said(command.output().unwrap());
    assert_eq!((code, out.contains("total")), (0, true), "{err}");
    assert_eq!(err.matches("`otlp_endpoint`").count(), 1, "{err}");
}
