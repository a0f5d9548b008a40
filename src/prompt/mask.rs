//! Takes secrets out of what is sent, and puts them back into what becomes an edit.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;
use thiserror::Error;

use super::secret::secrets_in;
use crate::text;

/// Why masked text could not be put back.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the answer lost, altered or doubled a masked secret, so it was not applied")]
pub struct Lost;

/// What was masked in one prompt, so that an edit can have it back. Prints no secret.
#[derive(Clone, Default)]
pub struct Secrets {
    /// What is known to be one, wherever it stands: a name may tell so elsewhere alone. The longest
    /// are first, since one may be a part of another. Shared by all copies: of a document with many
    /// images each is asked about with its own.
    known: Arc<BTreeSet<(Reverse<usize>, String)>>,
    /// The numbers of what looks like a token in a text that is to be rewritten.
    taken: Arc<BTreeSet<u64>>,
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

    /// Remembers the secrets of a text, to mask them where nothing tells what they are. All texts
    /// are to be learned before the first is masked, so that what is put back is what was taken.
    /// What looks like a token in it is none, and no secret goes by that name.
    ///
    /// Gives where they stand.
    pub fn learn(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut taken = numbers_of_tokens(text).peekable();
        if taken.peek().is_some() {
            Arc::make_mut(&mut self.taken).extend(taken);
        }
        self.learn_secrets(text)
    }

    /// The same of a text that is told, but not rewritten. It may hold the tokens of another prompt,
    /// as the history of a conversation does.
    pub(super) fn learn_secrets(&mut self, text: &str) -> Vec<Range<usize>> {
        let found = secrets_in(text);
        if !found.is_empty() {
            let secrets = found.iter().filter_map(|secret| text.get(secret.clone()));
            let secrets = secrets.map(|secret| (Reverse(secret.len()), secret.to_owned()));
            Arc::make_mut(&mut self.known).extend(secrets);
        }
        found
    }

    /// The same for the document that a range stands in.
    pub fn learn_around(&mut self, text: &Rope, range: &Range<usize>) {
        self.learn(&around(text, range, FAR).1);
    }

    /// `text` with each secret replaced by a token that stands for it alone.
    pub fn mask(&mut self, text: &str) -> String {
        let found = self.found(text);
        for secret in &found {
            self.name(text.get(secret.clone()).unwrap_or_default());
        }
        self.with_tokens(text, found)
    }

    /// `text` with tokens for the secrets found in it, of those that have one.
    fn with_tokens(&self, text: &str, found: Vec<Range<usize>>) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut done = 0;
        for secret in found {
            masked.push_str(text.get(done..secret.start).unwrap_or_default());
            done = secret.end;
            let secret = text.get(secret).unwrap_or_default();
            masked.push_str(self.token_of(secret).unwrap_or(secret));
        }
        masked.push_str(text.get(done..).unwrap_or_default());
        masked
    }

    /// The code of an answer with each secret of `original` back in its place.
    ///
    /// # Errors
    /// [`Lost`] when a token that stands for a secret in `original` does not stand in
    /// `answer` just as often, or the answer holds a token that was never given.
    pub fn restore(&self, original: &str, answer: &str) -> Result<String, Lost> {
        let mut whole = answer.to_owned();
        let sent = self.with_tokens(original, self.found(original));
        for (token, secret) in &self.masked {
            let count = |text: &str| text.matches(token.as_str()).count();
            // Where a name or another token went on right behind it, it may do so again.
            let must_stand_alone = stands_alone(token, &sent);
            if count(&sent) != count(answer) || must_stand_alone && !stands_alone(token, answer) {
                return Err(Lost);
            }
            whole = whole.replace(token, secret);
        }
        if whole.contains(TOKEN) && !original.contains(TOKEN) {
            return Err(Lost);
        }
        Ok(whole)
    }

    /// Where secrets stand: those that show, and those that are known from elsewhere.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = secrets_in(text);
        let no_longer = (Reverse(text.len()), String::new());
        for (_, known) in self.known.range(no_longer..) {
            for (at, _) in text.match_indices(known.as_str()) {
                let it = at..at + known.len();
                let is_apart =
                    |other: &Range<usize>| other.end <= it.start || it.end <= other.start;
                if is_a_word(text, &it, is_of_code) && found.iter().all(is_apart) {
                    found.push(it);
                }
            }
        }
        found.sort_by_key(|range| range.start);
        found
    }

    fn token_of(&self, secret: &str) -> Option<&str> {
        let known = self.masked.iter().find(|(_, known)| known == secret);
        known.map(|(token, _)| token.as_str())
    }

    /// Gives a secret a token, unless it has one.
    fn name(&mut self, secret: &str) {
        if self.token_of(secret).is_some() {
            return;
        }
        let mut free = (1..).filter(|number| !self.taken.contains(number));
        let number = free.nth(self.masked.len()).unwrap_or_default();
        let token = format!("{TOKEN}{number}_");
        self.masked.push((token, secret.to_owned()));
    }
}

/// The numbers of what looks like a token; those too large to read are none that any has.
fn numbers_of_tokens(text: &str) -> impl Iterator<Item = u64> {
    let behind = text
        .match_indices(TOKEN)
        .filter_map(|(at, _)| text.get(at + TOKEN.len()..));
    let digits = behind.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.filter_map(|number| number.parse().ok())
}

/// A sign that makes another word of a secret. Where people write without blanks, other letters
/// stand right beside one.
fn is_of_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether no such sign stands right beside a place.
fn is_a_word(text: &str, at: &Range<usize>, is_of_word: fn(char) -> bool) -> bool {
    let before = text
        .get(..at.start)
        .and_then(|text| text.chars().next_back());
    let after = text.get(at.end..).and_then(|text| text.chars().next());
    !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
}

/// Whether no sign of a name stands right beside a token: then it is another word.
fn stands_alone(token: &str, text: &str) -> bool {
    text.match_indices(token)
        .all(|(at, _)| is_a_word(text, &(at..at + token.len()), is_of_a_name))
}

/// How far around a range it is looked for secrets that reach into it, in bytes.
const NEAR: usize = 64 * 1024;

/// How far around it for those that may stand in it once more: in a file of a mebibyte everywhere.
const FAR: usize = 1024 * 1024;

/// A range with so many bytes before and behind it, and where that begins.
fn around(text: &Rope, range: &Range<usize>, far: usize) -> (usize, String) {
    let start = text::floor(text, range.start.saturating_sub(far));
    let around = text::slice(text, start..range.end.saturating_add(far));
    (start, around.to_string())
}

/// Whether a secret stands partly inside the range and partly outside of it: what is inside
/// has no shape of its own, and would be sent.
pub fn cuts_secret(text: &Rope, range: &Range<usize>) -> bool {
    let (start, around) = around(text, range, NEAR);
    let within = range.start.saturating_sub(start)..range.end.saturating_sub(start);
    cuts_one_of(&secrets_in(&around), &within)
}

/// The same where all secrets of the text are known.
pub fn cuts_one_of(secrets: &[Range<usize>], range: &Range<usize>) -> bool {
    secrets.iter().any(|secret| {
        let meets = secret.start < range.end && range.start < secret.end;
        meets && (secret.start < range.start || range.end < secret.end)
    })
}

/// What every token begins with.
pub(super) const TOKEN: &str = "GLOSS_MASKED_SECRET_";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

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
    fn what_a_name_tells_elsewhere_is_masked_here_too() {
        let key = "q7Rz2Lk9Xw4Tn8Vb";
        let code = format!("PASSWORD = \"{key}\"\n\ncall(\"{key}\", {key}x)\n");
        let (_, call) = code.split_at(code.find("call").unwrap());
        let mut secrets = Secrets::default();
        assert_eq!(secrets.mask(call), call);
        let text = Rope::from_str(&code);
        secrets.learn_around(&text, &(code.len() - call.len()..code.len()));
        let sent = secrets.mask(call);
        assert_eq!(sent, format!("call(\"GLOSS_MASKED_SECRET_1_\", {key}x)\n"));
        assert_eq!(secrets.restore(call, &sent), Ok(call.to_owned()));
        assert_eq!(secrets.restore(call, call), Err(Lost));
    }

    #[test]
    fn a_secret_that_other_letters_stand_beside_is_masked() {
        let key = "q7Rz2Lk9Xw4Tn8Vb";
        let mut secrets = Secrets::default();
        secrets.learn(&format!("PASSWORD = \"{key}\"\n"));
        for text in [format!("// 密码{key}不要提交\n"), format!("пароль{key}й")] {
            let sent = secrets.mask(&text);
            assert_eq!(sent, text.replace(key, "GLOSS_MASKED_SECRET_1_"));
            assert_eq!(secrets.restore(&text, &sent).as_deref(), Ok(&*text));
        }
    }

    #[test]
    fn a_name_may_tell_at_the_other_end_of_the_file() {
        let key = "q7Rz2Lk9Xw4Tn8Vb";
        let between = "a = 1\n".repeat(150_000);
        let code = format!("PASSWORD = \"{key}\"\n{between}call(\"{key}\")\n");
        let mut secrets = Secrets::default();
        let start = code.len() - 25;
        secrets.learn_around(&Rope::from_str(&code), &(start..code.len()));
        assert!(!secrets.mask(&code[start..]).contains(key));
    }

    #[test]
    fn copies_share_what_is_known_and_name_it_each_for_itself() {
        let keys = ["q7Rz2Lk9Xw4Tn8Vb", "Xk9mQ2vL7pR4tZ8w"];
        let mut secrets = Secrets::default();
        secrets.learn(&keys.map(|key| format!("token = \"{key}\"\n")).concat());
        let mut copies = [secrets.clone(), secrets.clone()];
        for (copy, key) in copies.iter_mut().zip(keys) {
            assert_eq!(copy.mask(key), "GLOSS_MASKED_SECRET_1_");
            assert!(Arc::ptr_eq(&copy.known, &secrets.known));
            assert!(Arc::ptr_eq(&copy.taken, &secrets.taken));
        }
    }

    #[test]
    fn of_secrets_that_hold_each_other_the_whole_is_masked() {
        let key = "q7Rz2Lk9Xw4Tn8Vb";
        let code = format!("a_token = \"{key}\"\nb_token = \"{key}-{key}\"\nf(\"{key}-{key}\")\n");
        let mut secrets = Secrets::default();
        secrets.learn(&code);
        let sent = secrets.mask(&code[code.find("f(").unwrap()..]);
        assert_eq!(sent, "f(\"GLOSS_MASKED_SECRET_1_\")\n");
    }

    #[test]
    fn what_looks_like_a_token_in_a_text_is_none() {
        let key = format!("xai-{}", "A1b2".repeat(8));
        let check = |text: &str, token: &str| {
            let mut secrets = Secrets::default();
            secrets.learn(text);
            let sent = secrets.mask(text);
            assert_eq!(sent, text.replace(&key, token));
            assert_eq!(secrets.restore(text, &sent).as_deref(), Ok(text));
        };
        for (looks, token) in [
            ("SECRET", "GLOSS_MASKED_SECRET_1_"),
            ("GLOSS_MASKED_SECRET_1_", "GLOSS_MASKED_SECRET_2_"),
            ("xGLOSS_MASKED_SECRET_7_x", "GLOSS_MASKED_SECRET_1_"),
            (
                "GLOSS_MASKED_SECRET_2_ GLOSS_MASKED_SECRET_1_",
                "GLOSS_MASKED_SECRET_3_",
            ),
            ("GLOSS_MASKED_SECRET_", "GLOSS_MASKED_SECRET_1_"),
            (
                "GLOSS_MASKED_SECRET_99999999999999999999_",
                "GLOSS_MASKED_SECRET_1_",
            ),
        ] {
            check(&format!("{looks} \"{key}\""), token);
        }
    }

    #[test]
    fn a_secret_that_a_name_follows_comes_back() {
        let key = "MIIEpAIBAAKCAQEA7bq3cX0Yk2Vt9wJd5sRu8ZfGh1LnPo4";
        let code = format!(
            "a = \"-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END RSA PRIVATE KEY-----2A1b2\""
        );
        let code = code.as_str();
        let mut secrets = Secrets::default();
        let sent = secrets.mask(code);
        assert_eq!(sent, "a = \"GLOSS_MASKED_SECRET_1_2A1b2\"");
        assert_eq!(secrets.restore(code, &sent).as_deref(), Ok(code));
    }

    #[test]
    fn secrets_right_beside_each_other_come_back() {
        let text = "redis://me:!-!-@a and !-!-!-!-!-!- in a row";
        let mut secrets = Secrets::default();
        secrets.learn(text);
        let sent = secrets.mask(text);
        assert!(
            sent.contains("GLOSS_MASKED_SECRET_1_GLOSS_MASKED_SECRET_1_"),
            "{sent}"
        );
        assert_eq!(secrets.restore(text, &sent).as_deref(), Ok(text));
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

    /// A secret of any kind, in whatever it is written in.
    fn written_secret() -> impl Strategy<Value = (String, String)> {
        let secret = prop_oneof![
            "ghp_[A-Za-z0-9]{36}",
            "xai-[A-Za-z0-9]{40}",
            "AKIA[A-Z0-9]{16}",
            any::<u64>().prop_map(|seed| {
                let hash = Sha256::digest(seed.to_le_bytes());
                hash.iter()
                    .take(12)
                    .map(|byte| format!("{byte:02x}"))
                    .collect()
            }),
        ];
        let around = prop::sample::select(vec![
            "password = \"KEY\"",
            "let api_key: &str = \"KEY\";",
            "TOKEN=KEY",
            "secret: 'KEY'",
            "\"client_secret\": \"KEY\",",
            "postgres://me:KEY@db/x",
        ]);
        (secret, around).prop_map(|(secret, around)| (around.replace("KEY", &secret), secret))
    }

    proptest! {
        #[test]
        fn any_text_is_masked_whole_and_comes_back_whole(
            pieces in prop::collection::vec(prop_oneof![
                written_secret().prop_map(|(text, secret)| (text, Some(secret))),
                "[a-z(){};= äß\"']{0,12}".prop_map(|text| (text, None)),
            ], 0..8),
            range in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        ) {
            let lines: Vec<&str> = pieces.iter().map(|(text, _)| text.as_str()).collect();
            let text = lines.join("\n");
            let mut secrets = Secrets::default();
            secrets.learn(&text);
            let sent = secrets.mask(&text);
            for secret in pieces.iter().filter_map(|(_, secret)| secret.as_ref()) {
                prop_assert!(!sent.contains(secret), "{secret} in {sent}");
            }
            crate::judges::secrets::are_masked_and_come_back(&[&text]);
            // Of a part of it, too, where that cuts through none.
            let (a, b) = (range.0.index(lines.len() + 1), range.1.index(lines.len() + 1));
            let part = lines[a.min(b)..a.max(b)].join("\n");
            let sent = secrets.mask(&part);
            prop_assert_eq!(secrets.restore(&part, &sent), Ok(part));
        }
    }
}
