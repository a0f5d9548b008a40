//! Bodies of errors: whatever a server says becomes one short line, in which no key stands.

use std::time::Duration;

use gloss::llm::{Key, Refusal, Said, classify};

/// The input is a status, a key and a body; in the body `KEY` stands for the key.
pub fn judge(input: &[u8]) {
    let mut parts = super::parts(input).into_iter();
    let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let status: Option<u16> = text().parse().ok();
    let key = Key::new(&text()).ok();
    let body = parts.collect::<Vec<_>>().join(&0xff);
    let body = match &key {
        Some(key) => with_key(&body, key.expose().as_bytes()),
        None => body,
    };
    becomes_one_short_line(status, key.as_ref(), &body);
}

fn with_key(body: &[u8], key: &[u8]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(3).position(|window| window == b"KEY") {
        filled.extend_from_slice(&rest[..at]);
        filled.extend_from_slice(key);
        rest = &rest[at + 3..];
    }
    filled.extend_from_slice(rest);
    filled
}

pub fn becomes_one_short_line(status: Option<u16>, key: Option<&Key>, body: &[u8]) {
    let said = Said::from_body(body);
    let parameter = said.parameter.as_deref().unwrap_or_default();
    for words in [&said.text, &said.code, parameter] {
        super::judge_message(words, 330);
    }
    let error = classify(&Refusal {
        status,
        said: &said,
        model: "grok-x",
        bytes: 50_000_000,
        wait: Some(Duration::from_secs(7)),
    });
    let error = error.without_key(key);
    let line = error.to_string();
    super::judge_message(&line, 1_000);
    assert!(!error.class().is_empty());
    // What is shorter is a dummy, and may be a word of ours.
    if let Some(key) = key.filter(|key| key.expose().len() >= 16) {
        let debug = format!("{error:?}");
        // Of a key that was cut, too, no more is left than tells nothing.
        let part = &key.expose()[..12];
        assert!(!line.contains(part) && !debug.contains(part), "{line}");
    }
}
