//! Finds secrets in text: by their shape, by the name they are given to, and in addresses.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::Regex;

use super::random::{OF_A_MACHINE, SHORTEST, is_bare_secret, is_jumble, is_random, is_template};
use super::shape::shaped;
use super::value::{Way, bare, quoted, up_to};

/// A name that tells of a secret, and what `Bearer` and `Basic` stand before.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x-u)
        (?: (?i: (?:api|access|account|secret|private|auth|encryption|signing|master|session|app
                |application|client|consumer|licen[cs]e|shared|storage|webhook|jwt|hmac|cookie)
              [_\-]?key
            | (?:api|access|secret|account) \ key
            | pass(?:word|wd|phrase|code) | pwd | secret | token | credentials? | creds
            | authorization | identified\ by
            | (?: \b | [_\-] ) (?: pass | auth | jwt ) )
          | [a-z0-9] (?: Pass | Auth | Jwt ) )
        (?i: [_\-]? (?: base | prod(?:uction)? | dev(?:elopment)? | stag(?:e|ing) | test | live
            | local | old | new | value | default | primary | secondary ) )?
        [0-9_]{0,3}
        | (?i: \b (?: bearer | basic ) )
        ",
    )
    .ok()
});

/// What stands between a name and its value, in whatever way languages give one to the other:
/// `password = "…"`, `"token": "…"`, `API_KEY=…`, `<secret>…</secret>`, `let pwd: &str = "…"`,
/// `char pwd[] = "…"`, `("token", "…")`, `setApiKey("…")`, `TOKEN || "…"`, `--password …`,
/// `**Password:** …`, `**Password** - …`, `| Password | … |`, `name: DB_PASS` with `value: …`. Apart
/// from the name, since both together would be twice as large in memory.
static GIVEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?x-u)
        ^ \\{0,3} ["'`]? (?: \[[A-Za-z0-9_+]*\] | \] | \*{1,3} (?: [\ \t](?:-|–|—) )? )? [\ \t]*
        (?: ["'`]?,?\s*["'`]?value["'`]?[\ \t]*[:=]
          | \??:[\ \t]*[&A-Za-z0-9_<>?|.\[\]]*(?:'static\ )?[A-Za-z0-9_<>?|.\[\]]*[\ \t]+
              (?: == | != | => | := | = )
          | \??:[\ \t]* (?: &?str | [Ss]tring ) =
          | string [\ \t]* =
          | ===? | !==? | => | := | :- | \?= | -> | = | : | > | , | \( | \{
          | \)? [\ \t]* (?: \?\?=? | \|\|=? | or\b )
          | \|
          | [\ \t] )
        (?: \*{2,3} | [*_]_?[\ \t] )? [\ \t]*
        "#,
    )
    .ok()
});

/// The next name that something is given to, from there on, up to where its value begins.
fn named(text: &str, from: usize) -> Option<Range<usize>> {
    let mut from = from;
    loop {
        let name = NAME.as_ref()?.find_at(text.as_bytes(), from)?.range();
        let behind = text.as_bytes().get(name.end..)?;
        if let Some(given) = GIVEN.as_ref()?.find(behind) {
            return Some(name.start..name.end + given.end());
        }
        // A name may begin within what is none: `_pass` of `_password`.
        from = name.start + 1;
    }
}

/// Passwords in addresses, `postgres://name:password@host`, and those that `curl -u name:password`
/// is given.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let places = ["://", " -u", " --user"].into_iter().flat_map(|sign| {
        memmem::find_iter(text.as_bytes(), sign).map(move |at| (sign, at + sign.len()))
    });
    let passwords = places.filter_map(|(sign, at)| {
        let behind = text.get(at..)?;
        let unquoted = if sign == "://" {
            behind
        } else {
            behind.trim_start_matches([' ', '=', '"', '\''])
        };
        let name = up_to(unquoted, LONGEST_IN_ADDRESS, |c| {
            ends_address(c) || "/@:".contains(c)
        });
        let run = unquoted.get(name.len()..)?.strip_prefix(':')?;
        let start = text.len() - run.len();
        let run = up_to(run, LONGEST_IN_ADDRESS, ends_address);
        let password = if sign == "://" {
            let password = run.get(..up_to_host(run)?)?;
            is_password(name, password).then_some(password)
        } else {
            (!name.is_empty() && is_random(run)).then_some(run)
        };
        password.map(|password| start..start + password.len())
    });
    passwords.collect()
}

fn ends_address(c: char) -> bool {
    c.is_whitespace() || "\"'`<>\\".contains(c)
}

/// The most signs of a password and a host.
const LONGEST_IN_ADDRESS: usize = 256;

/// How far it is to the `@` that a host stands behind. A password may hold one itself.
fn up_to_host(run: &str) -> Option<usize> {
    let run = run.split("://").next().unwrap_or_default();
    let is_host = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !".-_".contains(c));
        end.is_none_or(|end| end > 0 && !rest.get(end..).is_some_and(|it| it.starts_with('@')))
    };
    let mut ats = run.match_indices('@').map(|(at, _)| at);
    let first = ats.clone().next()?;
    Some(
        ats.find(|at| run.get(at + 1..).is_some_and(is_host))
            .unwrap_or(first),
    )
}

/// Where secrets stand in `text`: bytes, in order, apart from each other.
pub fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut found = shaped(text);
    found.retain(|shaped| !text.get(shaped.clone()).is_some_and(speaks_of_keys));
    found.extend(values(text));
    found.extend(passwords(text));
    apart(found)
}

/// Whether this is code that looks for the first and the last line of a private key, or puts them
/// around one: nothing in it is a line of that, and little in it could be one.
fn speaks_of_keys(shaped: &str) -> bool {
    let is_line = |run: &&str| run.len() >= LINE || run.len() >= OF_A_MACHINE && is_jumble(run);
    let runs = shaped.split(|c| !is_of_key(c));
    let of_lines: usize = runs.filter(is_line).map(str::len).sum();
    shaped.contains(['(', ')', '"', '\'', '{'])
        && !holds_a_key(shaped)
        && of_lines * LEAST_OF_KEY < shaped.len()
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/=".contains(c)
}

/// Whether there are pieces of a private key in a text, whatever stands beside them: a long one, or
/// some that are short, in quotes or each on its line, where names of code are not.
fn holds_a_key(text: &str) -> bool {
    let is_edge = |c: char| "\"'`\\\r\n".contains(c);
    let (mut before, mut short, mut length) = ('\n', Vec::new(), 0);
    for run in text.split_inclusive(|c| !is_of_key(c)) {
        let piece = run.trim_end_matches(|c| !is_of_key(c));
        let after = run.get(piece.len()..).and_then(|it| it.chars().next());
        let after = after.unwrap_or('\n');
        let is_apart = is_edge(before) && is_edge(after);
        before = after;
        if !may_be_of_key(piece) {
            continue;
        }
        if is_apart && !short.contains(&piece) {
            short.push(piece);
            length += piece.len();
        }
        if piece.len() >= PIECE || length >= SHORTEST_KEY {
            return true;
        }
    }
    false
}

/// The shortest private key, one of 32 bytes in PKCS #8, has 64 signs; of some of its pieces nobody
/// can tell that they are made by chance.
const SHORTEST_KEY: usize = 48;

/// Whether a run of signs could be a piece of a private key. A path is none: its parts
/// are short or words, or the number of a commit.
fn may_be_of_key(run: &str) -> bool {
    let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit());
    let is_made_by_chance =
        |part: &str| part.len() >= SHORT_PIECE && is_jumble(part) && !is_number(part);
    run.len() >= OF_A_MACHINE && run.split(['/', '=']).any(is_made_by_chance)
}

/// From so many bytes on a run that is none of words is a piece of a key.
const PIECE: usize = 21;

/// The least of such a piece between two `/`, which base64 has as well as a path.
const SHORT_PIECE: usize = 12;

/// So much of a private key is lines, at least, whatever quotes and calls stand around each: a fourth.
const LEAST_OF_KEY: usize = 4;

/// From so many bytes on a word is none of a language, but a line of a key.
const LINE: usize = 40;

/// Values that are random under names that tell of secrets.
fn values(text: &str) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut from = 0;
    let mut spare = LOOKED_AT * text.len().max(LINE);
    while let Some(name) = named(text, from) {
        let (value, is_secret) = value_of(text, &name);
        let is_secret = is_secret && !counts_pages(text, name.start);
        // What is none may hold the name of the next.
        let goes_within = !is_secret && value.len() <= spare;
        from = if goes_within { name.end } else { value.end }.max(from + 1);
        spare = spare.saturating_sub(value.len());
        if is_secret {
            values.push(value);
        }
    }
    values
}

/// So often each byte may be looked at, on average, for values that begin within others: in a text
/// that is made for it, each name would have a long value.
const LOOKED_AT: usize = 8;

/// What is given to a name, and whether it is a secret.
fn value_of(text: &str, name: &Range<usize>) -> (Range<usize>, bool) {
    let given = text.get(name.clone()).unwrap_or_default();
    let at = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
    let way = Way::of(given);
    let value = quoted(text, name.end, way).unwrap_or(name.end..name.end);
    if is_random(at(&value)) {
        return (value, true);
    }
    let bare_value = bare(text, name.start, name.end, way);
    if is_bare_secret(at(&bare_value)) {
        return (bare_value, true);
    }
    // What looked like the type of a variable may be all that there is.
    let typed = given
        .split_once(':')
        .map_or("", |(_, typed)| typed.trim_start());
    let typed = bare(text, name.start, name.end - typed.len(), Way::Assigned);
    if typed.start < name.end && is_bare_secret(at(&typed)) {
        return (typed, true);
    }
    (value.start..value.end.max(bare_value.end), false)
}

/// Whether a name of which a part begins here is that of a token which opens nothing: `nextToken`.
fn counts_pages(text: &str, at: usize) -> bool {
    const TOKEN: &str = "token";
    let (before, part) = text.split_at_checked(at).unwrap_or_default();
    let is_token = part
        .get(..TOKEN.len())
        .is_some_and(|it| it.eq_ignore_ascii_case(TOKEN));
    let name: String = before
        .chars()
        .rev()
        .take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c))
        .filter(char::is_ascii_alphanumeric)
        .take(16)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // Read from its end.
    let counts = [
        "txen",
        "egap",
        "noitaunitnoc",
        "egnahc",
        "tseuqer",
        "cnys",
        "noitca",
        "rosruc",
    ];
    is_token && counts.iter().any(|word| name.starts_with(word))
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
    // A port, or a part of one, perhaps before a path that holds an `@`.
    let digits = password.split(['/', '?', '#']).next().unwrap_or_default();
    let is_port = digits.len() < SHORTEST && digits.bytes().all(|b| b.is_ascii_digit());
    // Before a path stands no password but in an address that was written wrong.
    let is_apart = !password.contains(['/', '?', '#']) || is_random(password);
    password.len() >= 4
        && !holds_blank
        && password != name
        && !is_template(password)
        && !PLACEHOLDERS.contains(&plain.as_str())
        && !is_port
        && is_apart
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
            "password = \"@@\"",
            "let password: &'static str = \"@@\";",
            "const apiKey: string = '@@';",
            "{\"client_secret\": \"@@\", \"a\": 1}",
            "DB_PASSWORD=@@\nPORT=1",
            "export TOKEN='@@'",
            "  access-key: @@\n",
            "config[\"token\"] = \"@@\"",
            "os.environ.setdefault('DB_TOKEN', '@@')",
            "api_key: String::from(\"@@\"),",
            "if token == \"@@\" {}",
            "<password>@@</password>",
            "\"Server=db;User=sa;Pwd=@@;\"",
            "$password2 = `@@`;",
            "secret => b'@@'",
            "curl -H 'Authorization: Bearer @@' x",
            "password: @@ = \"a\u{a0}b\"",
            "passphrase := \"@@\"",
            "password = \"\"\"@@\"\"\"",
            "token = \'\'\'\n  @@\n\'\'\'",
            "Password = @\"@@\";",
            "password = L\"@@\";",
            "password = u8\"@@\";",
            "let token = r#\"@@\"#;",
            "String TOKEN = new String(\"@@\");",
            "token = [\"@@\"]",
            "password = (\n    \"@@\"\n)",
            "apiKey:\n  \"@@\"",
            "secret?: string = \"@@\"",
            "secret:string=\"@@\"",
            "\"{\\\"password\\\": \\\"@@\\\", \\\"a\\\": 1}\"",
            "{password: @@}",
            "{password:@@, user: a}",
            "[a](https://h/?api_key=@@)",
            "`https://h/?token=@@&x=1`",
            "f(password=@@)",
            "#define API_KEY \"@@\"",
            "#define PASSWORD @@\n",
            "API_KEY_PROD=@@",
            "STRIPE_SECRET_PROD = \"@@\"",
            "SECRET_KEY_BASE=@@",
            "secret_key_base: @@",
            "SESSION_KEY=@@",
            "x-api-key: @@",
            "tokenValue = \"@@\"",
            "SYNC_PASSWORD=@@",
            "char password[] = \"@@\";",
            "const char PASSWORD[MAX_LEN+1] = \"@@\";",
            "token := []byte(\"@@\")",
            "{\"key\":\"API_TOKEN\",\"value\":\"@@\"}",
            "**Password:** @@\n",
            "**Password**: @@\n",
            "__Password__: @@\n",
            "__Password:__ @@\n",
            "*Password:* @@\n",
            "*Password*: @@\n",
            "_Password:_ @@\n",
            "- **Password** - @@\n",
            "- **API token**: `@@`\n",
            "- **API token:** `@@`\n",
            "**`API_TOKEN`**: `@@`\n",
            "| **Token** | x |\n**Secret** = @@\n",
            "API key: @@\n",
            "- **Access Key:** `@@`\n",
            "| Password | @@\n",
            "> | Password | @@ |\n",
            "<password> @@ </password>",
            "Secret Access Key: @@\n",
            "c = \"Password=@@;Encrypt=true;TrustServerCertificate=true\"",
            "\"Pwd=@@;Encrypt=true;TrustServerCertificate=true;Pooling=false\"",
            "\"apiKey=@@,environment=production,region=europe\"",
            "f'token=@@;user={user}'",
            "'token=@@,{}'.format(x)",
            "'AccountKey=@@;EndpointSuffix=core.windows.net'",
            "\"SharedAccessKey=@@;EntityPath=my-event-hub-name-production\"",
            "\"token=@@;Path=/;HttpOnly;SameSite=Strict;Secure;Domain=example.com\"",
            "//password=@@;Encrypt=true;TrustServerCertificate=true",
            "#password=@@;Encrypt=true;TrustServerCertificate=true",
            "password=@@;Encrypt=true;TrustServerCertificate=true \n",
            "password=@@;Encrypt=true;TrustServerCertificate=true\n",
            "**Password**: @@,administrator,everything\n",
            "var password string = \"@@\"",
            "const token string=\"@@\"",
            "std::string password{\"@@\"};",
            "CREATE USER a IDENTIFIED BY '@@';",
            "| Password | @@ |\n",
            "|**API token**|`@@`| x |\n",
            "  | token   | @@   | x |\n",
            "***Password:*** @@\n",
            "***Password***: @@\n",
            "**Password** @@\n",
            "**Password** – @@\n",
            "request_secret = \"@@\"",
            "changePassword: '@@'",
            "encryption_passcode = \"@@\"",
            "DB_PASS=@@",
            "smtpPass = \"@@\"",
            "pass: \"@@\"",
            "AUTH = \"@@\"",
            "_auth=@@",
            "JWT = \"@@\"",
            "creds = \"@@\"",
            "Authorization: @@",
            "\"Authorization\": \"@@\"",
            "Authorization: Token @@",
            "- name: DB_PASSWORD\n  value: @@\n",
            "{\"name\": \"DB_PASSWORD\", \"value\": \"@@\"}",
            "<add key=\"Password\" value=\"@@\"/>",
            "process.env.TOKEN || \"@@\"",
            "process.env.TOKEN ?? '@@'",
            "os.environ.get(\"API_TOKEN\") or \"@@\"",
            "os.getenv(\"TOKEN\", \"@@\")",
            "${TOKEN:-@@}",
            "${DB_PASSWORD:@@}",
            "client.withToken(\"@@\")",
            "config.setApiKey(\"@@\");",
            "ENV DB_PASSWORD @@\n",
            "mysql --password @@ db",
            "machine h login me password @@\n",
            "(setq token \"@@\")",
            "passwd -> \"@@\"",
            "curl -u admin:@@ https://h/",
            "curl --user 'admin:@@' https://h/",
            "password: \"{noop}@@\"",
        ] {
            for key in [key, "Xk9mQ2vL7pR4tZ8w"] {
                let found = &written.replace("@@", key);
                let whole = format!("{{noop}}{key}");
                let is_whole = written.contains("{noop}");
                check(found, &[if is_whole { &whole } else { key }]);
            }
        }
        // A quote that is escaped ends none, and where nothing is escaped, a backslash is a sign.
        let escaped = r#"Xk9mQ2vL7p\"R4tZ8wB1yN6"#;
        check(&format!("password = \"{escaped}\""), &[escaped]);
        check(r"password = 'Xk9mQ2vL7p\' # a", &[r"Xk9mQ2vL7p\"]);
        let long = key.repeat(100);
        check(&format!("AWS_SESSION_TOKEN={long}\n"), &[&long]);
        let path = "a/path/of/it/".repeat(20);
        check(
            &format!("secret = \"https://h/{path}?api_key={key}\""),
            &[key],
        );
        check(
            &format!("SECRET=https://h/{path}?api_key={key}&x=1\n"),
            &[key],
        );
        check(&format!("\"session_token\": \"{long}\""), &[&long]);
        for person in [
            "Tr0ub4dor&3",
            "hunter2!X",
            "MyPassw0rd123",
            "Sommer2024!",
            "Grüße2024!Xk9",
        ] {
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
    fn passwords_may_hold_marks() {
        for value in [
            "%1+mnyo@unii5wc-erkh24rn0y%75*u-$2uecr#c*-r!wt^!b^",
            "django-insecure-u06x%$(@qfjx1b2#i@-27fguqo@gcjz3pj!$ku*byvyj8=h=!7",
            "P*<I-5.3}DFKrTGGQJux",
            "~C3sy>{<f}g{zCySMwC[",
            "7W]DbJF<wa*^K6.-Cq<s",
        ] {
            check(&format!("password = \"{value}\""), &[value]);
            check(&format!("SECRET_KEY = '{value}'\n"), &[value]);
        }
        for value in [
            "P]sJsHk{yf2/!G]Rka%{",
            "qG:q!ZwQL-ex)wB9c^RG",
            "#?rOs:Nf9ZA8!P+_zy{L",
            "9?=.2bN9!:|lX^>#SQLj",
            "&LdkGJOz$mkb@c#Y7",
        ] {
            check(&format!("a:\n  password: {value}\nb: 1"), &[value]);
            check(&format!("- DB_PASSWORD={value} # old"), &[value]);
            check(&format!("+ then set password: {value}\n"), &[value]);
        }
        // In patches, also of merges, indented and quoted.
        let value = "7xQ(m2,Wk8$Lp4!Zr";
        for before in [
            "+", "-", " +", " -", "+ ", "- ", "++", "--", "+-", "> +", "> -", "> > ++", "    +",
            "\t-", ">+",
        ] {
            check(
                &format!("@@ -1 +1 @@\n{before}DB_PASSWORD={value}\n"),
                &[value],
            );
            check(&format!("{before}password: {value}\n"), &[value]);
        }
        // In bold and in code, and with blanks behind it, which nobody sees.
        for written in [
            "**Password:** @@\n",
            "**Password**: @@  \n",
            "- **Password** - @@\n",
            "1. ***Token***: @@\n",
            "> *Token:* @@\n",
            "| **Token** | @@ |\n",
            "| a | Token | `@@`\n",
            "- `DB_PASSWORD`: @@\n",
            "- **`DB_PASSWORD`**: @@\n",
            "#DB_PASSWORD=@@\n",
            ";password = @@ ; old\n",
            "  //password: @@\n",
            "<server><password>@@</password></server>",
            "<property name=\"password\">@@</property>",
            "  - \"DB_PASSWORD=@@\"\n",
            "f('a', 'password: @@', 1)",
            "DB_PASSWORD=@@ \nPORT=1",
            "DB_PASSWORD=@@ \r\nPORT=1",
            "  password: @@ \t",
            "<password>@@\n</password>",
            "/* password: @@ */",
            "<!-- password: @@ -->",
            "password: @@ // c\n",
            "password: @@\t# old\n",
            "password: @@  # old\n",
        ] {
            check(&written.replace("@@", value), &[value]);
        }
        for value in ["Xn!mM^!#yZo9b@ru", "ii*bQ&eXlk4UN%Mk", "NXF7UQ^ZvyBoQoVX"] {
            check(
                &format!("\"Server=db;Password={value};Encrypt=true\""),
                &[value],
            );
        }
    }

    #[test]
    fn what_is_filled_in_later_is_none() {
        for value in [
            "${DB_PASSWORD_2}",
            "$DB_PASSWORD_2",
            "$config['key2Ab']",
            "$this->token2Ab",
            "{{ .Values.password2 }}",
            "{{password2Ab}}",
            "#{password2Ab}",
            "$(cat_/run/secrets/Db2)",
            "%(password2Ab)s",
            "%PASSWORD_2b%",
            "user-%s-password2",
            "@Value(Db2Key)",
            "@string/db2Key",
            "#/components/Db2Key",
            "<your-key-2-Here>",
            "[YOUR-KEY-2-here]",
            "{0}-password-{1}",
            "prefix2-${SECRET}-Ab",
            "^[A-Za-z0-9+/]{32,}$",
            "../keys/Db2Key.pem",
            "/run/secrets/db2Password",
        ] {
            check(&format!("password = \"{value}\""), &[]);
            check(&format!("password: {value}\n"), &[]);
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
            "Token* Xk9mQ2vL7pR4tZ8w = 1;",
            "f(token, **Xk9mQ2vL7pR4tZ8w)",
            "f(token, *Xk9mQ2vL7pR4tZ8w)",
            "a = token * Xk9mQ2vL7pR4tZ8w",
            "a = token ** Xk9mQ2vL7pR4tZ8w",
            "    *token = make(x1, Y2); ",
            "type A = Token | Xk9mQ2vL7pR4tZ8w;",
            "type A = Token | \"fooBar2Baz9\";",
            "type Mode = 'password' | 'webAuthn2FIDO';",
            "private key: Ed25519/X25519\n",
            "flags = TOKEN | Xk9mQ2vL7pR4tZ8w",
            "|token| Xk9mQ2vL7pR4tZ8w.of(token)",
            "| token | `Vec<Token2>` |",
            "| token | TokenKind::LParen2 |",
            "| token || Xk9mQ2vL7pR4tZ8w |",
            "    **token = make(x1,Y2)[3] ",
            "- `token`: what `make(x1, Y2)` gave ",
            "<Token>{make(x1, Y2)}</Token>",
            "//token: make(x1,Y2)[3] ; ",
            "Made `basic::Utf8Error` smaller",
            "f('token=', x9[Y2,z(1)], 'a')",
            "private key: &PKey<Private>,",
            "func f(token string, Xk9mQ2vL7pR4tZ8w string) {",
            "if token { Xk9mQ2vL7pR4tZ8w() }",
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
            "nToken = sqlite3Strlen30NN(p->u.zToken)+1;",
            "assert( pToken->pDeferred==0 || pToken->pSegcsr2==0 );",
            "static void sqlite3Fts5Parser(void*, int, Fts5Token, Fts5Parse*);",
            "fts5BufferGrow(&p->rc, &token, nToken+1);",
            "token = self.tokens[i+1].next2Of(X9)\n",
            "secret_key = OPENSSL_hexstr2buf(opt_arg(), &ltmp);",
            "password = sha2::Sha256::digest(x9.Y2)\n",
            "token: Option<Token2<X9>>,\n",
            "PrivateKey(include_bytes!(\"testdata/nistp256key.pkcs8.der\").to_vec())",
            "('CreateOAuth2Token', '-'): 'create-oauth2-token',\n('CreateOAuth2TokenWithIAM', '_')",
            "# pass -march=x86-64 to it",
            "password: \"请输入密码Abc123\"",
            "password: \"Пароль2Б\"",
            "password = \"Abc12345\u{a0}x\"",
            "fn a() -> Result<(), basic::Utf8Error>;\n",
            "let a = Vec::<(Command, job_token::JobToken2)>::new());\n",
            "# pass `SSL_OP_NO_TLSv1`, too",
            "/// Pass `&IntSet::all2()` to get",
            "#define OBJ_server_auth2 OBJ_id_kp,1L\n",
            "LABEL_SECRET \"\\x73\\x68\\x61\\x72\\x65\"",
            "secret = \"\"\"Of one Kind, 2 words\"\"\"",
            "docker run -u 1000:1000 -u user2Name:group2 x",
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
        check("mysql://root:837465928374@db", &["837465928374"]);
        check("postgres://u:p@ssW0rd9XkZq@db/x?a=b@c", &["p@ssW0rd9XkZq"]);
        check("postgres://u:Xk9/mQ2vL7p@db", &["Xk9/mQ2vL7p"]);
        check(
            "postgresql+psycopg_async://u:%u6H*k0w24@db",
            &["%u6H*k0w24"],
        );
        for text in [
            "postgres://user:password@localhost/db",
            "postgres://postgres:postgres@localhost",
            "https://{user}:{password}@host",
            "http://${USER}:${PASS}@host",
            "http://host:8080/a@b",
            "git@github.com:a/b.git",
            "ssh://git@host:22/x",
            "http://a:1234@host",
            "http://host:8080/npm/a2B@1.2.3/x?y=9Z@w",
            "https://host:path/of/it@host",
            "postgresql://[user[:password]@][host][:port]",
            "http://localhost:8080\u{3000}管理者@社内",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn names_in_one_run_take_no_longer_than_names_apart() {
        for run in [
            "+token=[",
            "+token=a(b)",
            "-token=(",
            "token:+token=[",
            "*token:*[",
            "\"token=a,b",
            "<token>a</",
            "| token | a",
            "\n//token=a;b",
        ] {
            let time = |unit: &str| {
                let text = unit.repeat(60_000 / unit.len());
                let began = std::time::Instant::now();
                secrets_in(&text);
                began.elapsed()
            };
            // If each looked ahead for itself, it would be five hundred times as long. On a busy
            // machine a time may say nothing, so that it is taken again.
            let is_as_fast = || {
                let (apart, together) = (time(&format!("{run} ")), time(run));
                together < apart * 20 + std::time::Duration::from_millis(500)
            };
            assert!((0..5).any(|_| is_as_fast()), "{run}");
        }
    }

    #[test]
    fn code_that_speaks_of_private_keys_is_none_up_to_the_next_one() {
        let begin = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
        let end = ["-----END ", "PRIVATE KEY-----"].concat();
        let lines = format!(
            "{}\n",
            "MIIEpAIBAAKCAQEA7bq3cX0Yk2Vt9wJd5sRu8ZfGh1LnPo4a".repeat(3)
        );
        let key = format!("{begin}\n{lines}{end}");
        let code = format!("fn is_key(text: &str) -> bool {{ text.contains(\"{begin}\") }}\n");
        check(
            &format!("{code}fn f() {{}}\nconst KEY: &str = \"{key}\";\n"),
            &[&key],
        );
        let in_diff = key.replace('\n', "\n-");
        check(&format!("-{in_diff}"), &[&in_diff]);
        // A long word somewhere between is no key.
        let between = "fn f() { g(1); }\n".repeat(20);
        let path = "use/of/a/path/that/is/as/long/as/a/line/of/a/key/would/be";
        let ends = format!("text.ends_with(\"{end}\")");
        check(&format!("{code}// {path}\n{between}{ends}"), &[]);
        let commit = "/commit/5d41402abc4b2a76b9719d911017c592aaf4c61d/src/tls/v2";
        check(&format!("{code}// {commit}\n{between}{ends}"), &[]);
        let id = "let id = \"Xk9mQ2vL7pR4tZ8w\";";
        check(&format!("{code}{id}{id}\n{between}{ends}"), &[]);
        let names = "let of = { rsaSha256Pkcs1v15: 1, aes256CbcHmacSha512: ed25519X25519Kem768 };";
        check(&format!("{code}{id}{names}\n{between}{ends}"), &[]);
    }

    #[test]
    fn no_comment_beside_a_private_key_hides_it() {
        let begin = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
        let end = ["-----END ", "PRIVATE KEY-----"].concat();
        let told = "// Rolled over by hand each spring; ask the platform team before you change it, \
            since\n// the partners pin its public half and take a day or two to follow us.\n";
        let of_one_line = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF";
        let of_pieces =
            "MHcCAQEEIIhV3q+Tz8LwRk5Y7tQp0sXd2Nf9AbJ4uGm6ZoC1eKvWaTjHyB3gPxUqE5oAoGCCqGSM49AwEH";
        let mut bodies = vec![format!("{told}const BODY = \"{of_one_line}\";\n")];
        for length in [16, 20, 21] {
            let pieces = of_pieces
                .as_bytes()
                .chunks(length)
                .map(String::from_utf8_lossy);
            bodies.push(pieces.map(|it| format!("  \"{it}\" + {told}")).collect());
        }
        for body in bodies {
            let key = format!("{begin}\";\n{body}const END = \"{end}");
            check(&format!("const BEGIN = \"{key}\";\n"), &[&key]);
        }
    }

    #[test]
    fn secrets_that_overlap_are_one() {
        let token = format!("ghp_{}", "x9".repeat(18));
        check(&format!("token = \"{token}\""), &[&token]);
        check(&format!("https://oauth2:{token}@github.com"), &[&token]);
    }
}
