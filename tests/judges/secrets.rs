//! Masking: no secret that was found is sent, and what is put back is what was taken.

use gloss::prompt::{Secrets, secrets_in};

/// The input is the texts of a prompt.
pub fn judge(input: &[u8]) {
    let texts: Vec<String> = super::parts(input)
        .into_iter()
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    are_masked_and_come_back(&texts);
}

pub fn are_masked_and_come_back(texts: &[&str]) {
    let mut secrets = Secrets::default();
    let mut found = Vec::new();
    for text in texts {
        let mut done = 0;
        for secret in secrets_in(text) {
            assert!(
                done <= secret.start && secret.start < secret.end,
                "{text:?}"
            );
            done = secret.end;
            found.push(&text[secret]);
        }
        secrets.learn(text);
    }
    let sent: Vec<String> = texts.iter().map(|text| secrets.mask(text)).collect();
    assert!(found.is_empty() || secrets.count() > 0);
    for (text, sent) in texts.iter().zip(&sent) {
        assert_eq!(secrets.restore(text, sent).as_deref(), Ok(*text), "{sent}");
        for secret in secrets_in(sent) {
            assert!(!found.contains(&&sent[secret]), "{sent}");
        }
        assert_eq!(secrets.mask(text), *sent);
    }
}
