//! An address that stands in a text by itself: renderers make a link of it, so the host that it
//! shows has to be the one it leads to.

/// What of an address stands at the end of the text that was given.
#[derive(Debug, Default)]
pub(super) struct Address {
    /// Its last signs, by which one begins.
    recent: String,
    /// Only its host is due by now, or what passes for one: a name before an `@`, by RFC 3986,
    /// section 3.2.1.
    at_host: bool,
}

impl Address {
    /// What comes next of the text, in which no `@` follows what looks like a host: not as it is,
    /// and not as an entity.
    pub(super) fn parted(&mut self, text: &str) -> String {
        let mut parted = String::with_capacity(text.len());
        for sign in text.chars() {
            if self.at_host && matches!(sign, '@' | '&') {
                parted.push(' ');
                self.follow(' ');
            }
            parted.push(sign);
            self.follow(sign);
        }
        parted
    }

    fn follow(&mut self, sign: char) {
        if self.recent.chars().count() == BEGIN.len() {
            self.recent.remove(0);
        }
        self.recent.push(sign.to_ascii_lowercase());
        let begins = self.recent.ends_with("://") || self.recent == BEGIN;
        let ends = sign.is_whitespace() || matches!(sign, '<' | '/' | '?' | '#');
        self.at_host = begins || (self.at_host && !ends);
    }
}

/// What begins an address without a scheme.
const BEGIN: &str = "www.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_before_the_host_of_an_address() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Address::default().parted(text), expected);
            let mut address = Address::default();
            let pieces = text
                .chars()
                .map(|sign| address.parted(sign.encode_utf8(&mut [0; 4])));
            assert_eq!(pieces.collect::<String>(), expected);
        };
        check(
            "https://good.com@evil.example",
            "https://good.com @evil.example",
        );
        check("https://a:b@c@d", "https://a:b @c@d");
        check(
            "WWW.good.com@evil.example/x",
            "WWW.good.com @evil.example/x",
        );
        check(
            "https://good.com\\@evil.example",
            "https://good.com\\ @evil.example",
        );
        check(
            "https://good.com&#64;evil.example",
            "https://good.com &#64;evil.example",
        );
        check("https://medium.com/@me?a&b", "https://medium.com/@me?a&b");
        check("https://x.ai, me@x.ai", "https://x.ai, me@x.ai");
        check("me@x.ai & you", "me@x.ai & you");
    }
}
