//! Bodies of errors: whatever a server says becomes one short line, in which no key stands.

use std::time::Duration;

use gloss::llm::{ApiError, Key, Refusal, Said, classify};

/// The input is a status and a body, in which `KEY` stands for the key.
pub fn judge(input: &[u8]) {
    let (status, body) = match super::parts(input).split_first() {
        Some((status, rest)) => (
            String::from_utf8_lossy(status).parse().ok(),
            rest.join(&0xff),
        ),
        None => return,
    };
    becomes_one_short_line(status, &body);
    tells_nothing_of_the_key(status, &body);
}

pub fn becomes_one_short_line(status: Option<u16>, body: &[u8]) {
    let said = Said::from_body(body);
    let parameter = said.parameter.as_deref().unwrap_or_default();
    for words in [&said.text, &said.code, parameter] {
        super::judge_message(words, 330);
    }
    let error = refused(status, body, None);
    super::judge_message(&error.to_string(), 1_000);
    assert!(!error.class().is_empty());
}

/// With another key in the same places the same is said, and nothing of what the two begin with.
fn tells_nothing_of_the_key(status: Option<u16>, body: &[u8]) {
    // xAI's are known by how they begin, others by nothing.
    for prefix in ["xai-", ""] {
        let begins = format!("{prefix}{}", letters(0, body, 8));
        let [one, other] = [1, 2].map(|seed| {
            let key = Key::new(&format!("{begins}{}", letters(seed, body, 20))).unwrap();
            let body = with_key(body, key.expose().as_bytes());
            refused(status, &body, Some(&key))
        });
        assert_eq!(one, other);
        let begins = &begins[..7];
        let stood_there = String::from_utf8_lossy(body).contains(begins);
        assert!(stood_there || !one.to_string().contains(begins), "{one}");
    }
}

fn refused(status: Option<u16>, body: &[u8], key: Option<&Key>) -> ApiError {
    let refusal = Refusal {
        status,
        said: &Said::from_body(body),
        model: "grok-x",
        bytes: 50_000_000,
        wait: Some(Duration::from_secs(7)),
        key,
    };
    classify(&refusal)
}

/// A part of a key that no input can know, of letters that are in no word that tells errors apart, and in
/// no escape of JSON: what a `\b` before the rest of a key was is told by nobody. All
/// keys for one body begin alike: what stands before a cut may be a letter or two of one by chance.
fn letters(seed: u64, body: &[u8], count: usize) -> String {
    let mut state = body.iter().fold(seed, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let letters = (0..count).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(2 * seed + 1);
        let at = usize::try_from(state >> 60).unwrap();
        char::from(b"GgHhJjKkQqVvWwXx"[at])
    });
    letters.collect()
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
