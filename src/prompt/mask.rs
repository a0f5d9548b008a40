//! Takes secrets out of what is sent, and puts them back into what becomes an edit.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use ropey::Rope;
use thiserror::Error;

use crate::text;

/// Shapes that are secrets wherever they stand: keys of known providers, tokens, private keys.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        -----BEGIN\ (?:[A-Z]+\ )*PRIVATE\ KEY-----[\s\S]*?-----END\ (?:[A-Z]+\ )*PRIVATE\ KEY-----
        # One that was cut: what may be its lines, in whatever quotes.
        | -----BEGIN\ (?:[A-Z]+\ )*PRIVATE\ KEY-----(?:(?:\\[nrt]|[\s"'`+,;.\\*/\#!>])*[A-Za-z0-9+/=]{20,})*(?:(?:\\[nrt]|[\s"'`+,;.\\*/\#!>])*[A-Za-z0-9+/=]+…)?
        | (?:[A-Za-z0-9+/=]{20,}[\s"'`+,;.\\*/\#!>]*)+(?:[A-Za-z0-9+/=]+[\s"'`+,;.\\*/\#!>]*)?-----END\ (?:[A-Z]+\ )*PRIVATE\ KEY-----
        | \b(?:xai|sk|pk|rk)-[A-Za-z0-9_\-]{20,}              # xAI, OpenAI, Anthropic, …
        | \b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}        # Stripe
        | \bgh[pousr]_[A-Za-z0-9]{30,}                         # GitHub
        | \bgithub_pat_[A-Za-z0-9_]{30,}
        | \bglpat-[A-Za-z0-9_\-]{20,}                          # GitLab
        | \b(?:AKIA|ASIA)[A-Z0-9]{16}\b                        # AWS
        | \bAIza[A-Za-z0-9_\-]{35}                             # Google
        | \bxox[abposr]-[A-Za-z0-9\-]{10,}                     # Slack
        | \bnpm_[A-Za-z0-9]{36}\b
        | \bpypi-[A-Za-z0-9_\-]{50,}
        | \bhf_[A-Za-z0-9]{30,}                                # Hugging Face
        | \beyJ[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}  # JWT
        "#,
    )
    .ok()
});

/// Why masked text could not be put back.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the answer lost, altered or doubled a masked secret, so it was not applied")]
pub struct Lost;

/// What was masked in one prompt, so that an edit can have it back. Prints no secret.
#[derive(Default)]
pub struct Secrets {
    masked: Vec<(String, String)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.masked.len())
    }
}

impl Secrets {
    /// How many secrets were masked.
    pub fn count(&self) -> usize {
        self.masked.len()
    }

    /// `text` with each secret replaced by a token that stands for it alone.
    pub fn mask(&mut self, text: &str) -> String {
        let Some(secret) = SECRET.as_ref() else {
            return text.to_owned();
        };
        secret
            .replace_all(text, |found: &regex::Captures<'_>| {
                self.token_for(found.get(0).map_or("", |whole| whole.as_str()))
            })
            .into_owned()
    }

    /// The code of an answer with each secret of `original` back in its place.
    ///
    /// # Errors
    /// [`Lost`] when a token that stands for a secret in `original` does not stand in
    /// `answer` just as often, or the answer holds a token that was never given.
    pub fn restore(&self, original: &str, answer: &str) -> Result<String, Lost> {
        let mut whole = answer.to_owned();
        let found: Vec<&str> = SECRET
            .as_ref()
            .map(|secret| {
                secret
                    .find_iter(original)
                    .map(|found| found.as_str())
                    .collect()
            })
            .unwrap_or_default();
        for (token, secret) in &self.masked {
            // One may be the start of another, and is not to be counted in that.
            let stood = found.iter().filter(|found| *found == secret).count();
            if stood != answer.matches(token.as_str()).count() || !stands_alone(token, answer) {
                return Err(Lost);
            }
            whole = whole.replace(token, secret);
        }
        if whole.contains(TOKEN) && !original.contains(TOKEN) {
            return Err(Lost);
        }
        Ok(whole)
    }

    fn token_for(&mut self, secret: &str) -> String {
        if let Some((token, _)) = self.masked.iter().find(|(_, known)| known == secret) {
            return token.clone();
        }
        let token = format!("{TOKEN}{}_", self.masked.len() + 1);
        self.masked.push((token.clone(), secret.to_owned()));
        token
    }
}

/// Whether no sign of a name stands right beside a token: then it is another word.
fn stands_alone(token: &str, text: &str) -> bool {
    let is_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(token).all(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text
            .get(at + token.len()..)
            .and_then(|after| after.chars().next());
        !before.is_some_and(is_of_a_name) && !after.is_some_and(is_of_a_name)
    })
}

/// How far around a range it is looked for secrets that reach into it, in bytes.
const AROUND: usize = 64 * 1024;

/// Whether a secret stands partly inside the range and partly outside of it: what is inside
/// has no shape of its own, and would be sent.
pub fn cuts_secret(text: &Rope, range: &Range<usize>) -> bool {
    let Some(secret) = SECRET.as_ref() else {
        return false;
    };
    let start = text::floor(text, range.start.saturating_sub(AROUND));
    let around = text::slice(text, start..range.end.saturating_add(AROUND)).to_string();
    secret.find_iter(&around).any(|found| {
        let found = found.start() + start..found.end() + start;
        let meets = found.start < range.end && range.start < found.end;
        meets && (found.start < range.start || range.end < found.end)
    })
}

const TOKEN: &str = "GLOSS_MASKED_SECRET_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_plain_text_is_not() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Secrets::default().mask(text), expected);
        };
        let key = format!("xai-{}", "A1b2".repeat(8));
        check(&format!("k = \"{key}\""), "k = \"GLOSS_MASKED_SECRET_1_\"");
        check(
            &format!("{key} {key}"),
            "GLOSS_MASKED_SECRET_1_ GLOSS_MASKED_SECRET_1_",
        );
        check(&format!("AKIA{}", "B2".repeat(8)), "GLOSS_MASKED_SECRET_1_");
        check(
            "a\n-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nb",
            "a\nGLOSS_MASKED_SECRET_1_\nb",
        );
        let line = "MIIEpAIBAAKCAQEA7bq9".repeat(3);
        check(
            &format!(
                "K = \"-----BEGIN PRIVATE KEY-----\\n\"\n  \"{line}\\n\"\n  \"{line}\n…\n</a>"
            ),
            "K = \"GLOSS_MASKED_SECRET_1_\n…\n</a>",
        );
        check(
            &format!("/// -----BEGIN PRIVATE KEY-----\n/// {line}\n/// {line}…"),
            "/// GLOSS_MASKED_SECRET_1_…",
        );
        check(
            &format!("// {line}\n{line}\nabc=\n-----END PRIVATE KEY-----;"),
            "// GLOSS_MASKED_SECRET_1_;",
        );
        check(
            "let task-force = sk-short; // xai-sdk",
            "let task-force = sk-short; // xai-sdk",
        );
    }

    #[test]
    fn a_range_may_not_cut_through_a_secret() {
        let text = Rope::from_str(
            "a\n-----BEGIN PRIVATE KEY-----\nMIIB\nabcd\n-----END PRIVATE KEY-----\nb\n",
        );
        let check = |range: Range<usize>, cuts: bool| {
            assert_eq!(cuts_secret(&text, &range), cuts, "{range:?}");
        };
        check(0..2, false);
        check(0..text.len_bytes(), false);
        check(30..35, true);
        check(0..35, true);
        check(35..text.len_bytes(), true);
        check(text.len_bytes() - 2..text.len_bytes(), false);
    }

    #[test]
    fn secrets_that_begin_alike_come_back_each_for_its_own_token() {
        let short = format!("sk-{}", "a1B2".repeat(6));
        let code = format!("one = \"{short}\"\ntwo = \"{short}c3\"\nthree = \"{short}\"");
        let mut secrets = Secrets::default();
        let sent = secrets.mask(&code);
        assert_eq!(secrets.count(), 2);
        assert_eq!(secrets.restore(&code, &sent), Ok(code.clone()));
        let swapped = sent.replacen("SECRET_1_", "SECRET_2_", 1);
        assert_eq!(secrets.restore(&code, &swapped), Err(Lost));
    }

    #[test]
    fn a_masked_secret_comes_back_whole_or_not_at_all() {
        let secret = format!("ghp_{}", "x9".repeat(18));
        let code = format!("let t = \"{secret}\";");
        let mut secrets = Secrets::default();
        let sent = secrets.mask(&code);
        assert!(!sent.contains(&secret));
        assert_eq!(secrets.restore(&code, &sent), Ok(code.clone()));
        assert_eq!(secrets.restore(&code, "let t = \"\";"), Err(Lost));
        assert_eq!(secrets.restore(&code, &sent.repeat(2)), Err(Lost));
        assert_eq!(
            secrets.restore(&code, &sent.replace("_1_", "_2_")),
            Err(Lost)
        );
        for glued in [
            "GLOSS_MASKED_SECRET_1__",
            "GLOSS_MASKED_SECRET_1_abc",
            "xGLOSS_MASKED_SECRET_1_",
        ] {
            let answer = sent.replace("GLOSS_MASKED_SECRET_1_", glued);
            assert_eq!(secrets.restore(&code, &answer), Err(Lost), "{glued}");
        }
        assert!(!format!("{secrets:?}").contains("x9"));
    }
}
