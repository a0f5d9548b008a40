//! Finds secrets in text: by their shape, by the name they are given to, and in addresses.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::random::{OF_A_MACHINE, entropy, in_words, is_jumble, is_jumbled};
use super::shape::shaped;

/// A value under a name that tells of a secret, in whatever way languages give one to the other:
/// `password = "…"`, `"token": "…"`, `API_KEY=…`, `<secret>…</secret>`, `let pwd: &str = "…"`,
/// `("token", "…")`, `apiKey: String::from("…")`; and what follows `Bearer` and `Basic`.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        (?: (?i: pass(?:word|wd|phrase) | pwd | secret | token | credentials?
            | (?:api|access|account|secret|private|auth|encryption|signing|master)[_\-]?key )
            [0-9_]{0,3}
            (?: ["'`]?\]?[\ \t]*
                (?: :[\ \t]*[&A-Za-z0-9_<>?|.\[\]]*(?:'static\ )?[A-Za-z0-9_<>?|.\[\]]*[\ \t]* )?
                (?: == | != | => | := | = | : | > )
              | ["'`][\ \t]*, )
            [\ \t]*
          | (?i: \b (?: bearer | basic ) )\ +
        )
        (?: (?: [A-Za-z0-9_.:]+ \( )? [a-z]{0,2}
            (?: "(?P<double>[^"\s\x80-\xff]+)" | '(?P<single>[^'\s\x80-\xff]+)' | `(?P<tick>[^`\s\x80-\xff]+)` )
          | (?P<bare>[A-Za-z0-9+/_\-=!@\#%^*~.]+) )
        "#,
    )
    .ok()
});

/// A password in an address: `postgres://name:password@host`.
static IN_ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?-u)\b[a-zA-Z][a-zA-Z0-9+.\-]+://(?P<name>[^\s:/@"'`<>]*):(?P<password>[^\s/@"'`<>]+)@"#,
    )
    .ok()
});

/// Where secrets stand in `text`: bytes, in order, apart from each other.
pub fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut found = shaped(text);
    found.retain(|shaped| !text.get(shaped.clone()).is_some_and(speaks_of_keys));
    found.extend(values(text));
    if let Some(address) = IN_ADDRESS.as_ref() {
        let passwords = address.captures_iter(text.as_bytes()).filter_map(|parts| {
            let part = |name| Some(parts.name(name)?.range());
            let (name, password) = (part("name")?, part("password")?);
            is_password(text.get(name)?, text.get(password.clone())?).then_some(password)
        });
        found.extend(passwords);
    }
    apart(found)
}

/// Whether this is code that looks for the first and the last line of a private key, or puts them
/// around one: no word in it could be a line of that.
fn speaks_of_keys(shaped: &str) -> bool {
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let is_line = |run: &str| run.len() >= LINE || run.len() >= OF_A_MACHINE && is_jumble(run);
    shaped.contains(['(', ')', '"', '\'', '{']) && !shaped.split(|c| !is_of_key(c)).any(is_line)
}

/// From so many bytes on a word is none of a language, but a line of a key.
const LINE: usize = 40;

/// Values that are random under names that tell of secrets.
fn values(text: &str) -> Vec<Range<usize>> {
    let Some(named) = NAMED.as_ref() else {
        return Vec::new();
    };
    let mut values = Vec::new();
    let mut from = 0;
    while let Some(parts) = named.captures_at(text.as_bytes(), from) {
        let part = |name: &str| {
            let range = parts.name(name)?.range();
            Some((range.clone(), text.get(range)?))
        };
        let quoted = ["double", "single", "tick"].into_iter().find_map(part);
        let bare = part("bare");
        let whole = parts.get(0).map_or(from..text.len(), |whole| whole.range());
        // What is none may hold the name of the next.
        from = quoted
            .as_ref()
            .or(bare.as_ref())
            .map_or(whole.end, |(value, _)| value.start)
            .max(from + 1);
        if counts_pages(text.get(..whole.start).unwrap_or_default()) {
            continue;
        }
        let value = match (quoted, bare) {
            (Some((range, value)), _) if is_random(value) => range,
            (None, Some((range, value))) => {
                let follows = text.get(range.end..).and_then(|rest| rest.chars().next());
                let is_all = follows.is_none_or(|c| c.is_whitespace() || "\"'`;,&<\\".contains(c));
                if !is_all || is_of_code(value) || !is_random(value) {
                    continue;
                }
                range
            }
            _ => continue,
        };
        from = value.end;
        values.push(value);
    }
    values
}

/// Whether a value without quotes is rather the name of something, or a part of it.
fn is_of_code(value: &str) -> bool {
    let is_name = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_spoken = value.contains('_') || in_words(value) * 3 >= value.len();
    let has_digit = value.bytes().any(|b| b.is_ascii_digit());
    value.contains('.') || is_name && is_spoken || !has_digit && !is_jumbled(value, 3)
}

/// Whether the name that ends here is that of a token which opens nothing: `nextToken`.
fn counts_pages(before: &str) -> bool {
    let name: String = before
        .chars()
        .rev()
        .take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
        .filter(char::is_ascii_alphanumeric)
        .take(16)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // Read from its end.
    [
        "txen",
        "egap",
        "noitaunitnoc",
        "egnahc",
        "tseuqer",
        "cnys",
        "noitca",
        "rosruc",
    ]
    .iter()
    .any(|word| name.starts_with(word))
}

/// In order; of those that overlap, one that spans them.
fn apart(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// What stands where a secret would, in manuals and templates.
const PLACEHOLDERS: [&str; 22] = [
    "pass",
    "password",
    "passwd",
    "pwd",
    "secret",
    "user",
    "username",
    "name",
    "token",
    "key",
    "example",
    "postgres",
    "root",
    "admin",
    "guest",
    "test",
    "changeme",
    "foo",
    "bar",
    "xxx",
    "mypassword",
    "yourpassword",
];

fn is_password(name: &str, password: &str) -> bool {
    let plain = password.trim_end_matches(']').to_ascii_lowercase();
    let holds_blank = [name, password]
        .iter()
        .any(|it| it.contains(char::is_whitespace));
    password.len() >= 4
        && !holds_blank
        && password != name
        && !is_template(password)
        && !PLACEHOLDERS.contains(&plain.as_str())
        // A port, or a part of one.
        && !password.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a value is yet to be filled in, or was made unreadable.
fn is_template(value: &str) -> bool {
    [
        "${",
        "{{",
        "{}",
        "%s",
        "%(",
        "$(",
        "<",
        "...",
        "…",
        "***",
        "xxxx",
        "XXXX",
        "://",
        super::mask::TOKEN,
    ]
    .iter()
    .any(|mark| value.contains(mark))
        || value.starts_with(['$', '%', '{', '[', '#', '@', '/', '.'])
}

/// The fewest bytes of a secret that is not known by its shape.
const SHORTEST: usize = 8;
/// Whether nobody would give a value like this one to a name unless it were secret: it has digits
/// and letters, and few of these stand in words.
fn is_random(value: &str) -> bool {
    let length = value.len();
    if !(SHORTEST..=512).contains(&length) || !value.is_ascii() || is_template(value) {
        return false;
    }
    let has = |is: fn(&u8) -> bool| usize::from(value.bytes().any(|b| is(&b)));
    let digits = has(u8::is_ascii_digit);
    let letters = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase);
    let marks = has(|b| b.is_ascii_punctuation() && !b"-_.:/".contains(b));
    let is_number = value.starts_with("0x") && length < 2 * OF_A_MACHINE;
    let in_words = in_words(value);
    if letters == 0 || is_number || is_spelled(value) {
        return false;
    }
    if digits == 0 {
        let is_mixed = letters + marks == 3 || letters == 2 && is_jumbled(value, 4);
        return is_mixed && in_words * 2 < length;
    }
    if length >= OF_A_MACHINE {
        (in_words * 2 < length || is_jumbled(value, 4)) && entropy(value) >= 2.5
    } else {
        // A person's password has a bit of everything.
        letters + digits + marks >= 3 && in_words * 4 < length * 3
    }
}

/// A version, a date, a name with its namespace: made of parts, as no key is.
fn is_spelled(value: &str) -> bool {
    let parts = value.split(['.', ':', '(', ')', '[', ']']);
    parts.clone().count() > 2 && parts.into_iter().all(|part| part.len() < OF_A_MACHINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = secrets_in(text)
            .into_iter()
            .map(|range| &text[range])
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_random_value_under_a_telling_name_is_a_secret() {
        let key = "q7Rz2Lk9Xw4Tn8Vb";
        for written in [
            "password = \"KEY\"",
            "let password: &'static str = \"KEY\";",
            "const apiKey: string = 'KEY';",
            "{\"client_secret\": \"KEY\", \"a\": 1}",
            "DB_PASSWORD=KEY\nPORT=1",
            "export TOKEN='KEY'",
            "  access-key: KEY\n",
            "config[\"token\"] = \"KEY\"",
            "os.environ.setdefault('DB_TOKEN', 'KEY')",
            "api_key: String::from(\"KEY\"),",
            "if token == \"KEY\" {}",
            "<password>KEY</password>",
            "\"Server=db;User=sa;Pwd=KEY;\"",
            "$password2 = `KEY`;",
            "secret => b'KEY'",
            "curl -H 'Authorization: Bearer KEY' x",
            "password: KEY = \"a\u{a0}b\"",
            "passphrase := \"KEY\"",
        ] {
            check(&written.replace("KEY", key), &[key]);
        }
        for person in ["Tr0ub4dor&3", "hunter2!X", "MyPassw0rd123", "Sommer2024!"] {
            check(&format!("password: '{person}'"), &[person]);
        }
        // Letters alone, which change as in no name.
        for letters in ["zRkPqBwLmXtD", "aQlqmRsoOZiBvKsh"] {
            check(&format!("password: '{letters}'"), &[letters]);
            check(&format!("PASSWORD={letters}\n"), &[letters]);
        }
        for number in [
            "0f3a9c51be7d2468",
            "ccdead92421cdacafb0ca761",
            "141830795aefaba70a7fcaf9",
        ] {
            check(
                &format!("token = \"{number}\" and key = \"{number}\""),
                &[number],
            );
            check(&format!("TOKEN={number}\n"), &[number]);
        }
    }

    #[test]
    fn what_is_read_from_elsewhere_named_or_spelled_is_none() {
        for text in [
            "password = os.environ[\"DB_PASSWORD_2\"]",
            "let token = next_token2(input1, MAX_8);",
            "token: Token2<'a, Utf8Error>,",
            "token_type = \"urn:ietf:params:oauth:token-type:jwt2\"",
            "password = \"{password123A}\"",
            "secret = \"${SECRET_V2}\"",
            "TOKEN = \"<your-token-here-123>\"",
            "token = 'csrf_token_v2_cookie'",
            "api_key = \"YOUR_API_KEY_1234\"",
            "password=\"please enter 8 characters\"",
            "tokenizer = \"cl100k_base_v2XyZ9q\"",
            "secret: \"short1A\"",
            "password = 'aaaaaaaa'",
            "token = \"application/x-www-form-urlencoded2\"",
            "access_key = self.config.keyV2.primary0",
            "token = \"GLOSS_MASKED_SECRET_1_\"",
            "if token == TokenKind::LParen2 {",
            "assert token != x9",
            "if( nToken>FTS5_MAX_TOKEN_SIZE ) nToken = 1;",
            "token: \"https://discord.com/api/oauth2/token\"",
            "type Token = XOAuth2Token;",
            "password: \"password-for-30001\"",
            "token = \"getXMLHttpRequest\"",
            "secret = readSecretFromVault;",
            "secret: 'DatabasePassword'",
            "\"secret:MyTestDatabaseSecret-a1b2c3\"",
            "conf.get('token', 's3_secret_access_key')",
            "/// Begins with `-----BEGIN PRIVATE KEY-----`.\n///\n/// # Example",
            "sha256_password: require('./sha256_password'),",
            "nextToken: \"abcd12f2-46da-4fdb-b8d5-fbd4c466928f\"",
            "STATUS_INVALID_TOKEN: NTSTATUS = 0xC0000465_u32",
            "!pem.starts_with(\"-----BEGIN PRIVATE KEY-----\") || !pem.ends_with(\"-----END PRIVATE KEY-----\")",
            "\"-----BEGIN EC PRIVATE KEY-----\\n\" + strings.TrimSpace(privateKeyContents) + \"\\n-----END EC PRIVATE KEY-----\"",
            "`-----BEGIN PRIVATE KEY-----\\n${body}\\n-----END PRIVATE KEY-----`",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn a_password_in_an_address_is_a_secret() {
        check("postgres://app:s3cr3tpw@db:5432/x", &["s3cr3tpw"]);
        check("url = 'redis://:longerone@127.0.0.1'", &["longerone"]);
        check("mongodb+srv://a:b%40cd@host/?x", &["b%40cd"]);
        for text in [
            "postgres://user:password@localhost/db",
            "postgres://postgres:postgres@localhost",
            "https://{user}:{password}@host",
            "http://${USER}:${PASS}@host",
            "http://host:8080/a@b",
            "git@github.com:a/b.git",
            "ssh://git@host:22/x",
            "http://a:1234@host",
            "postgresql://[user[:password]@][host][:port]",
            "http://localhost:8080\u{3000}管理者@社内",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn secrets_that_overlap_are_one() {
        let token = format!("ghp_{}", "x9".repeat(18));
        check(&format!("token = \"{token}\""), &[&token]);
        check(&format!("https://oauth2:{token}@github.com"), &[&token]);
    }
}
