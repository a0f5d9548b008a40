//! An address that stands in a text by itself: renderers make a link of it, so the host that it
//! shows has to be the one it leads to.

/// What of an address stands at the end of the text that was given.
#[derive(Debug, Default)]
pub(super) struct Address {
    /// The last signs, by which one begins.
    recent: String,
    /// What stands behind an `&` so far, which may be the name of a sign: some renderers look for
    /// addresses in what those mean.
    entity: Option<String>,
    /// Only its host is due by now, or what passes for one: a name before an `@`, by RFC 3986,
    /// section 3.2.1.
    at_host: bool,
}

/// What renderers make links of by themselves.
const BEGINNINGS: [&str; 5] = ["https://", "http://", "ftp://", "ftps://", "www."];

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
        *self = Self::default();
        code.to_owned()
    }

    /// Whether a sign makes a name of what was a host until now: `&#64;` and `&commat;` are an `@`.
    fn makes_a_name(&self, sign: char) -> bool {
        let entity = self.entity.as_deref();
        match sign {
            '@' => true,
            '#' => entity == Some(""),
            ';' => entity.is_some_and(|name| name.eq_ignore_ascii_case("commat")),
            _ => false,
        }
    }

    fn follow(&mut self, sign: char) {
        match (self.entity.take(), sign) {
            // The sign behind it stands for itself.
            (entity, '\\') => self.entity = entity,
            (Some(name), _) if goes_on(&name, sign) => {
                self.entity = Some(name + sign.encode_utf8(&mut [0; 4]));
            }
            (Some(name), ';') => {
                // One ends none, for in code it means nothing.
                let at_host = self.at_host;
                self.take(meant(&name).unwrap_or(sign));
                self.at_host |= at_host;
            }
            (entity, _) => {
                // It was no name.
                if let Some(signs) = entity {
                    self.take('&');
                    signs.chars().for_each(|sign| self.take(sign));
                }
                if sign == '&' {
                    self.entity = Some(String::new());
                } else {
                    self.take(sign);
                }
            }
        }
    }

    fn take(&mut self, sign: char) {
        if self.recent.chars().count() == RECENT {
            self.recent.remove(0);
        }
        self.recent.push(sign.to_ascii_lowercase());
        let begins = BEGINNINGS.iter().any(|it| self.recent.ends_with(it));
        let ends = sign.is_whitespace() || matches!(sign, '<' | '/' | '?' | '#');
        self.at_host = begins || (self.at_host && !ends);
    }
}

/// The longest name of a sign that an address could begin with: `#0000058`.
const LONGEST_NAME: usize = 8;

/// Whether a sign can be the next of such a name.
fn goes_on(name: &str, sign: char) -> bool {
    let is_of_name = sign.is_ascii_alphanumeric() || sign == '#' && name.is_empty();
    is_of_name && name.len() < LONGEST_NAME
}

/// The sign of which this is the name between `&` and `;`, if an address could begin with it.
fn meant(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "colon" => Some(':'),
            "sol" => Some('/'),
            "period" => Some('.'),
            _ => None,
        };
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => number.parse(),
    };
    number.ok().and_then(char::from_u32)
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
        check("ftps://good@evil", "ftps://good @evil");
        for begin in [
            "h&#116;tps://",
            "https&colon;//",
            "https:&#47;&sol;",
            "http&#x3A;/&#X2f;",
            "&#119;w&#00119;.",
            "www&period;",
            "a&b&#104;ttp://",
            "x&&#x68;ttp://",
        ] {
            check(&format!("{begin}good@evil"), &format!("{begin}good @evil"));
        }
        // In code, and behind a backslash, it means nothing.
        for also in ["good&sol;", "good\\&sol;", "good&sol;\\"] {
            let address = format!("https://{also}");
            check(&format!("{address}@evil"), &format!("{address} @evil"));
        }
        for same in [
            "https://medium.com/@me?a&b",
            "https://x.ai, me@x.ai",
            "https://x.ai#me@x.ai",
            "http://localhost:8080&debug=1",
            "https://a.b&lt;c",
            "h&t;tps://good@x.ai",
            "https:&/x@x.ai &#47;@ &# &; &#x;@ &colon;",
            "postgres://app:pw@db.local/main",
            "git clone ssh://git@github.com/x/y.git",
            "me@x.ai & you &#64;",
        ] {
            check(same, same);
        }
    }
}
