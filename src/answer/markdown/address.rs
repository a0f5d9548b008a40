//! An address that stands in a text by itself: renderers make a link of it, so the host that it
//! shows has to be the one it leads to.

/// What of an address stands at the end of the text that was given.
#[derive(Debug, Default)]
pub(super) struct Address {
    /// The last signs, by which one begins.
    recent: String,
    /// Only its host is due by now, or what passes for one: a name before an `@`, by RFC 3986,
    /// section 3.2.1.
    at_host: bool,
}

/// What renderers make links of by themselves.
const BEGINNINGS: [&str; 4] = ["https://", "http://", "ftp://", "www."];

/// So many signs are kept in mind: those of the longest beginning.
const RECENT: usize = 8;

impl Address {
    /// What comes next of the text, in which no `@` follows what looks like a host: not as it is,
    /// and not as an entity.
    pub(super) fn parted(&mut self, text: &str) -> String {
        let mut parted = String::with_capacity(text.len());
        for sign in text.chars() {
            if self.at_host && self.makes_a_name(sign) {
                parted.push(' ');
                self.follow(' ');
            }
            parted.push(sign);
            self.follow(sign);
        }
        parted
    }

    /// The same of code, which is left as it is unless an address goes on in it.
    pub(super) fn parted_code(&mut self, code: &str) -> String {
        if self.at_host {
            return self.parted(code);
        }
        self.recent.clear();
        code.to_owned()
    }

    /// Whether a sign makes a name of what was a host until now: `&#64;` and `&commat;` are an `@`.
    fn makes_a_name(&self, sign: char) -> bool {
        match sign {
            '@' => true,
            '#' => self.recent.ends_with('&'),
            ';' => self.recent.ends_with("&commat"),
            _ => false,
        }
    }

    fn follow(&mut self, sign: char) {
        // The sign behind it stands for itself.
        if sign == '\\' {
            return;
        }
        if self.recent.chars().count() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push(sign.to_ascii_lowercase());
        let begins = BEGINNINGS.iter().any(|it| self.recent.ends_with(it));
        let ends = sign.is_whitespace() || matches!(sign, '<' | '/' | '?' | '#');
        self.at_host = begins || (self.at_host && !ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_before_the_host_of_an_address() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Address::default().parted(text), expected);
            let mut address = Address::default();
            let mut signs = [0; 4];
            let pieces = text
                .chars()
                .map(|sign| address.parted(sign.encode_utf8(&mut signs)));
            assert_eq!(pieces.collect::<String>(), expected);
        };
        check("https://good@evil.example", "https://good @evil.example");
        check("https://a:b@c@d", "https://a:b @c@d");
        check("http://good,@evil.example", "http://good, @evil.example");
        check("WWW.good@evil.example/x", "WWW.good @evil.example/x");
        check(
            "https://good\\@evil.example",
            "https://good\\ @evil.example",
        );
        check(
            "ftp://good&#64;evil.example",
            "ftp://good& #64;evil.example",
        );
        check("https://good&commat;evil", "https://good&commat ;evil");
        for same in [
            "https://medium.com/@me?a&b",
            "https://x.ai, me@x.ai",
            "https://x.ai#me@x.ai",
            "http://localhost:8080&debug=1",
            "https://a.b&lt;c",
            "postgres://app:pw@db.local/main",
            "git clone ssh://git@github.com/x/y.git",
            "me@x.ai & you &#64;",
        ] {
            check(same, same);
        }
    }
}
