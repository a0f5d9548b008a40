//! The key: how it is kept from being printed, and to whom it may be shown.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

/// An API key. It has no `Display`, and its `Debug` tells nothing.
#[derive(Clone)]
pub struct Key(SecretString);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitKey {
    #[error("the API key is empty: set XAI_API_KEY, or run `gloss auth login`")]
    Empty,
    #[error(
        "the API key holds a space, a line break or a character outside ASCII, so it cannot be \
         sent: copy it again, then set XAI_API_KEY or run `gloss auth login`"
    )]
    Unsendable,
}

impl Key {
    /// The key in `text`, white space around it cut off.
    pub fn new(text: &str) -> Result<Self, UnfitKey> {
        let text = text.trim();
        if text.is_empty() {
            return Err(UnfitKey::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UnfitKey::Unsendable);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// Its last four characters, to know it by; `None` of one that is too short to tell so much.
    pub fn ending(&self) -> Option<&str> {
        let key = self.expose();
        let start = key.len().checked_sub(4).filter(|start| *start >= 8)?;
        key.get(start..)
    }

    /// The key itself, for the store that keeps it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value of the `Authorization` header, marked so that nothing logs it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// May the key that is configured for `base` go along with a request to `target`?
///
/// Only to the very same scheme, host and port, only over https or to loopback, and
/// never where either address carries a user name: `https://api.x.ai@evil.example`.
pub(super) fn may_see_key(target: &Url, base: &Url) -> bool {
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none();
    let origin = |url: &Url| {
        let host = url.host().map(|host| host.to_owned());
        (url.scheme().to_owned(), host, url.port_or_known_default())
    };
    plain(target)
        && plain(base)
        && origin(target) == origin(base)
        && (target.scheme() == "https" || target.scheme() == "http" && is_loopback(target))
}

/// Does this address name this very machine, by its exact host?
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// `text` without the key, and without what looks like any xAI key or bearer token.
pub(super) fn scrub(text: &str, key: Option<&Key>) -> String {
    // Below that length it is a dummy such as `x`, and would garble any text.
    let text = match key.map(Key::expose).filter(|key| key.len() >= 4) {
        Some(key) => without_cut(&text.replace(key, "[key]"), key),
        None => text.to_owned(),
    };
    let text = mask_after(&text, "xai-", 16);
    mask_after(&text, "Bearer ", 8)
}

/// `text` without the beginning of `key`, where it was cut short within it.
fn without_cut(text: &str, key: &str) -> String {
    let Some(cut) = text.strip_suffix('…') else {
        return text.to_owned();
    };
    let longest = (1..key.len())
        .rev()
        .find_map(|length| cut.strip_suffix(key.get(..length)?));
    longest.map_or_else(|| text.to_owned(), |before| format!("{before}[key]…"))
}

/// `text` without what looks like any xAI key or bearer token.
pub fn scrubbed(text: &str) -> String {
    scrub(text, None)
}

/// An answer without the key. Only the very key is looked for, and only one that is long enough
/// to be no word: an answer may be code, in which nothing else may change.
pub(super) fn scrub_answer(text: String, key: Option<&Key>) -> String {
    match key.map(Key::expose).filter(|key| key.len() >= 16) {
        Some(key) if text.contains(key) => text.replace(key, "[key]"),
        _ => text,
    }
}

/// Masks each run of key characters after `prefix` that is at least `shortest` long.
fn mask_after(text: &str, prefix: &str, shortest: usize) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(prefix) {
        let of_key = |c: char| c.is_ascii_alphanumeric() || "-_.~+/=".contains(c);
        let end = after.find(|c| !of_key(c)).unwrap_or(after.len());
        let (run, after) = after.split_at(end);
        masked.push_str(before);
        if run.len() >= shortest {
            masked.push_str("[key]");
        } else {
            masked.push_str(prefix);
            masked.push_str(run);
        }
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trimmed_and_must_be_sendable() {
        let check = |text: &str, expected: Result<&str, UnfitKey>| {
            let key = Key::new(text);
            assert_eq!(key.as_ref().map(Key::expose).map_err(|e| *e), expected);
        };
        check("  xai-abc\r\n", Ok("xai-abc"));
        check("", Err(UnfitKey::Empty));
        check(" \n", Err(UnfitKey::Empty));
        check("xai-a\nb", Err(UnfitKey::Unsendable));
        check("xai-a b", Err(UnfitKey::Unsendable));
        check("schlüssel", Err(UnfitKey::Unsendable));
        check("a\0b", Err(UnfitKey::Unsendable));
    }

    #[test]
    fn a_key_is_known_by_its_end_if_it_is_long_enough() {
        let ending = |text: &str| Key::new(text).unwrap().ending().map(str::to_owned);
        assert_eq!(ending("xai-0123456789abcdef").as_deref(), Some("cdef"));
        assert_eq!(ending("0123456789ab").as_deref(), Some("89ab"));
        assert_eq!(ending("0123456789a"), None);
        assert_eq!(ending("ollama"), None);
    }

    #[test]
    fn a_key_does_not_print() {
        let key = Key::new("xai-secret").unwrap();
        assert_eq!(format!("{key:?} {:?}", Some(&key)), "Key(…) Some(Key(…))");
        let header = key.header().unwrap();
        assert!(!format!("{header:?}").contains("secret"));
        assert_eq!(header, "Bearer xai-secret");
    }

    #[test]
    fn the_key_goes_only_to_the_configured_host() {
        let check = |target: &str, base: &str, expected: bool| {
            let (target, base) = (Url::parse(target).unwrap(), Url::parse(base).unwrap());
            assert_eq!(may_see_key(&target, &base), expected, "{target} for {base}");
        };
        let xai = "https://api.x.ai/v1";
        check("https://api.x.ai/v1/chat/completions", xai, true);
        check("https://API.X.AI:443/v1/chat/completions", xai, true);
        check("https://api.x.ai:8443/v1/chat/completions", xai, false);
        check("http://api.x.ai/v1/chat/completions", xai, false);
        check("https://us.api.x.ai/v1/chat/completions", xai, false);
        check("https://api.x.ai.evil.example/v1", xai, false);
        check("https://api.x.ai./v1", xai, false);
        check("https://evil.example/v1", xai, false);
        // Userinfo gets nothing, not even when it is what was configured.
        check("https://api.x.ai@evil.example/v1", xai, false);
        check(
            "https://api.x.ai@evil.example/v1/chat/completions",
            "https://api.x.ai@evil.example/v1",
            false,
        );
        check("https://user:pass@api.x.ai/v1", xai, false);
        check("https://api.x.ai/v1", "https://:pass@api.x.ai/v1", false);
        // Plain http: loopback alone, and by its exact name.
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0x7f.1"] {
            let url = format!("http://{host}:11434/v1");
            check(&url, &url, true);
        }
        for host in [
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "ollama",
        ] {
            let url = format!("http://{host}:11434/v1");
            check(&url, &url, false);
        }
        check("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", false);
        check("http://localhost:1/v1", "http://127.0.0.1:1/v1", false);
        check("https://localhost:1/v1", "http://localhost:1/v1", false);
        check("ftp://localhost/v1", "ftp://localhost/v1", false);
    }

    #[test]
    fn an_answer_loses_the_very_key_and_nothing_else() {
        let check = |key: &str, text: &str, expected: &str| {
            let key = Key::new(key).unwrap();
            assert_eq!(scrub_answer(text.to_owned(), Some(&key)), expected);
        };
        let key = "xai-0123456789abcdef";
        check(key, &format!("It says {key}."), "It says [key].");
        let code = "auth = \"Bearer abcdefghijkl\"; other = \"xai-fedcba9876543210\"";
        check(key, code, code);
        check("ollama", "ollama runs", "ollama runs");
        assert_eq!(scrub_answer(key.to_owned(), None), key);
    }

    #[test]
    fn keys_are_scrubbed_from_texts() {
        let key = Key::new("s3cr3t").unwrap();
        let check = |text: &str, expected: &str| assert_eq!(scrub(text, Some(&key)), expected);
        check(
            "you sent s3cr3t, twice: s3cr3t",
            "you sent [key], twice: [key]",
        );
        check("got Bearer s3cr3t", "got Bearer [key]");
        check("you sent s3cr3…", "you sent [key]…");
        check("you sent s3c…", "you sent [key]…");
        check("you sent s…", "you sent [key]…");
        check("you sent 3…", "you sent 3…");
        check("another xai-0123456789abcdefgh.", "another [key]");
        check("Bearer abcdefghijkl is wrong", "[key] is wrong");
        check(
            "xai-user and xai- and Bearer x",
            "xai-user and xai- and Bearer x",
        );
        check("ünïcode xai-💡", "ünïcode xai-💡");
        assert_eq!(scrub("s3cr3t", None), "s3cr3t");
    }
}
