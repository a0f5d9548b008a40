//! How many secrets the masking finds, and how often it takes something else for one.
//!
//! `cargo bench --bench masking` makes secrets of every kind, in what they are usually written in,
//! and counts those that are masked. `cargo bench --bench masking -- FOLDER…` goes through source
//! that holds no secrets to speak of, and counts what would be masked a thousand lines; with
//! `--show` it prints each, to be judged by eye.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says so by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use gloss::prompt::{Secrets, secrets_in};

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let shows = arguments.iter().any(|argument| argument == "--show");
    let folders: Vec<&String> = arguments
        .iter()
        .filter(|it| !it.starts_with("--"))
        .collect();
    if folders.is_empty() {
        detection(shows);
    }
    for folder in folders {
        alarms(Path::new(folder), shows);
    }
}

/// What would be masked in the text files below a folder.
fn alarms(folder: &Path, shows: bool) {
    let mut files = Vec::new();
    gather(folder, &mut files);
    let (mut lines, mut bytes, mut found) = (0, 0, 0);
    let mut taken = std::time::Duration::ZERO;
    for file in &files {
        let Ok(text) = std::fs::read_to_string(file) else {
            continue;
        };
        // What tools wrote in one line is nothing that anybody asks about.
        if text.lines().any(|line| line.len() > 2_000) {
            continue;
        }
        lines += text.lines().count();
        bytes += text.len();
        let since = Instant::now();
        let secrets = secrets_in(&text);
        taken += since.elapsed();
        found += secrets.len();
        for secret in secrets.into_iter().filter(|_| shows) {
            let start = text[..secret.start].rfind('\n').map_or(0, |at| at + 1);
            let end = text[secret.end..]
                .find('\n')
                .map_or(text.len(), |at| secret.end + at);
            let line: String = text[start..end].trim().chars().take(160).collect();
            println!("{}: {:.60} | {line}", file.display(), &text[secret]);
        }
    }
    println!(
        "{}: {found} in {lines} lines of {} files, {:.3} a thousand lines, {:.0} MB/s",
        folder.display(),
        files.len(),
        found as f64 * 1e3 / (lines as f64).max(1.0),
        bytes as f64 / 1e6 / taken.as_secs_f64().max(1e-9),
    );
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    const ENDINGS: [&str; 18] = [
        "rs", "py", "js", "mjs", "cjs", "ts", "tsx", "go", "java", "rb", "php", "c", "h", "json",
        "toml", "yaml", "yml", "md",
    ];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            gather(&path, files);
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            files.push(path);
        }
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &str = "0123456789";
const EACH: usize = 200;

/// Chance that is the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }

    fn of(&mut self, signs: &str, count: usize) -> String {
        let signs: Vec<char> = signs.chars().collect();
        (0..count).map(|_| signs[self.below(signs.len())]).collect()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A kind of secret, how one is made, and what it is written in.
type Kind = (
    &'static str,
    fn(&mut Dice) -> String,
    &'static [&'static str],
);

/// Wherever a key with a shape of its own may stand.
const ANYWHERE: &[&str] = &[
    "let client = Client::new(\"@@\");",
    "# old one was @@, do not use",
    "https://example.com/hook?k=@@&x=1",
    "x: @@",
    "run --with @@",
];

/// Where a name tells that it is a secret.
const NAMED: &[&str] = &[
    "password = \"@@\"",
    "DB_PASSWORD=@@",
    "  client_secret: @@",
    "const apiKey = '@@';",
    "let token: &str = \"@@\";",
    "{\"access_key\": \"@@\"}",
    "os.environ['SECRET_KEY'] = '@@'",
    "export API_TOKEN=\"@@\"",
    "private String password = \"@@\";",
    "passphrase := `@@`",
    "<password>@@</password>",
    "'auth_key' => '@@',",
    "-H \"Authorization: Bearer @@\"",
    "Server=db;Uid=sa;Pwd=@@;",
];

/// The same in more ways: quotes of all kinds, calls, defaults, lists, command lines.
const WRITTEN: &[&str] = &[
    "password = \"\"\"@@\"\"\"",
    "string Password = @\"@@\";",
    "let token = r#\"@@\"#;",
    "String SECRET = new String(\"@@\");",
    "secret?: string = \"@@\"",
    "body = \"{\\\"password\\\": \\\"@@\\\"}\"",
    "{password: @@}",
    "[a](https://h/?api_key=@@)",
    "#define API_KEY \"@@\"",
    "STRIPE_SECRET_PROD=@@",
    "secret_key_base: @@",
    "smtpPass = \"@@\"",
    "Authorization: @@",
    "- name: DB_PASSWORD\n  value: @@",
    "token = process.env.TOKEN || \"@@\"",
    "client.withToken(\"@@\")",
    "ENV DB_PASSWORD @@",
    "mysql --password @@ db",
    "curl -u admin:@@ https://h/",
    "url: ${DB_PASSWORD:-@@}",
];

const QUOTED: &[&str] = &[
    "password = \"@@\"",
    "SECRET_KEY = '@@'",
    "{\"client_secret\": \"@@\"}",
];

/// Without quotes, to the end of the line.
const BARE: &[&str] = &["  password: @@", "DB_PASSWORD=@@", "- API_TOKEN=@@"];

const CONNECTIONS: &[&str] = &[
    "\"Server=db;User Id=sa;Password=@@;Encrypt=true\"",
    "\"AccountEndpoint=https://x;AccountKey=@@;\"",
];

const IN_ADDRESSES: &[&str] = &[
    "DATABASE_URL=postgres://app:@@@db.example.com:5432/app",
    "url: mysql://root2:@@@localhost/x",
    "amqps://worker:@@@queue/vhost",
    "client = MongoClient(\"mongodb+srv://svc:@@@cluster0.example.net/?w=1\")",
    "redis://:@@@cache:6379/0",
    "proxy = \"http://me:@@@proxy:3128\"",
];

const KINDS: &[Kind] = &[
    ("xAI", |d| format!("xai-{}", alphanumeric(d, 80)), ANYWHERE),
    (
        "OpenAI",
        |d| format!("sk-proj-{}", alphanumeric(d, 48)),
        ANYWHERE,
    ),
    (
        "Anthropic",
        |d| format!("sk-ant-api03-{}", alphanumeric(d, 90)),
        ANYWHERE,
    ),
    (
        "GitHub",
        |d| {
            format!(
                "{}_{}",
                d.one(&["ghp", "gho", "ghs", "ghr", "ghu"]),
                alphanumeric(d, 36)
            )
        },
        ANYWHERE,
    ),
    (
        "GitHub, fine-grained",
        |d| format!("github_pat_{}_{}", alphanumeric(d, 22), alphanumeric(d, 59)),
        ANYWHERE,
    ),
    (
        "GitLab",
        |d| format!("glpat-{}", alphanumeric(d, 20)),
        ANYWHERE,
    ),
    (
        "AWS key id",
        |d| format!("AKIA{}", d.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        ANYWHERE,
    ),
    (
        "AWS secret key",
        |d| {
            let signs = [LETTERS, DIGITS, "+/"].concat();
            d.of(&signs, 40)
        },
        &[
            "aws_secret_access_key = @@",
            "AWS_SECRET_ACCESS_KEY=@@",
            "secretAccessKey: \"@@\"",
        ],
    ),
    (
        "Google API",
        |d| format!("AIza{}", alphanumeric(d, 35)),
        ANYWHERE,
    ),
    (
        "Slack",
        |d| format!("xoxb-{}-{}", d.of(DIGITS, 12), alphanumeric(d, 24)),
        ANYWHERE,
    ),
    (
        "Stripe",
        |d| format!("sk_live_{}", alphanumeric(d, 24)),
        ANYWHERE,
    ),
    ("npm", |d| format!("npm_{}", alphanumeric(d, 36)), ANYWHERE),
    (
        "PyPI",
        |d| format!("pypi-AgEIcHlwaS5vcmc{}", alphanumeric(d, 120)),
        ANYWHERE,
    ),
    (
        "Hugging Face",
        |d| format!("hf_{}", alphanumeric(d, 34)),
        ANYWHERE,
    ),
    (
        "SendGrid",
        |d| format!("SG.{}.{}", alphanumeric(d, 22), alphanumeric(d, 43)),
        ANYWHERE,
    ),
    (
        "DigitalOcean",
        |d| format!("dop_v1_{}", d.of("0123456789abcdef", 64)),
        ANYWHERE,
    ),
    (
        "Telegram",
        |d| format!("{}:AA{}", d.of("123456789", 10), alphanumeric(d, 33)),
        ANYWHERE,
    ),
    (
        "JWT",
        |d| {
            format!(
                "eyJ{}.eyJ{}.{}",
                alphanumeric(d, 33),
                alphanumeric(d, 60),
                alphanumeric(d, 43)
            )
        },
        ANYWHERE,
    ),
    (
        "private key",
        |d| {
            let lines: Vec<_> = (0..12).map(|_| alphanumeric(d, 64)).collect();
            format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
                lines.join("\n")
            )
        },
        &["@@", "pem = \"\"\"@@\"\"\""],
    ),
    (
        "password in an address",
        |d| alphanumeric(d, 12),
        IN_ADDRESSES,
    ),
    (
        "password in an address, of letters",
        |d| d.of(&LETTERS[26..], 10),
        IN_ADDRESSES,
    ),
    (
        "named, 32 hexadecimal digits",
        |d| d.of("0123456789abcdef", 32),
        NAMED,
    ),
    (
        "named, 40 of base64",
        |d| {
            let signs = [LETTERS, DIGITS, "+/"].concat();
            d.of(&signs, 40)
        },
        NAMED,
    ),
    (
        "named, 20 letters and digits",
        |d| alphanumeric(d, 20),
        NAMED,
    ),
    (
        "named, 12 letters, digits and marks",
        |d| {
            let signs = [LETTERS, DIGITS, "!#%+*"].concat();
            d.of(&signs, 12)
        },
        NAMED,
    ),
    (
        "named, a UUID",
        |d| {
            let hex = "0123456789abcdef";
            format!(
                "{}-{}-4{}-a{}-{}",
                d.of(hex, 8),
                d.of(hex, 4),
                d.of(hex, 3),
                d.of(hex, 3),
                d.of(hex, 12)
            )
        },
        NAMED,
    ),
    (
        "named, a person's password",
        |d| {
            let word = d.one(&["Sommer", "Tiger", "Dragon", "Winter", "Monkey", "Falcon"]);
            format!("{word}{}{}", d.of(DIGITS, 4), d.one(&["!", "#", "+", "*"]))
        },
        NAMED,
    ),
    ("named, 12 letters", |d| d.of(LETTERS, 12), NAMED),
    ("named, 16 letters", |d| d.of(LETTERS, 16), NAMED),
    (
        "PGP, PuTTY and SSH2 keys",
        |d| {
            let lines: Vec<_> = (0..6).map(|_| alphanumeric(d, 64)).collect();
            let (first, last) = [
                (
                    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
                    "-----END PGP PRIVATE KEY BLOCK-----",
                ),
                (
                    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
                    "---- END SSH2 ENCRYPTED PRIVATE KEY ----",
                ),
                ("Private-Lines: 6", "Private-MAC: 0a1b2c3d"),
            ][d.below(3)];
            format!("{first}\n{}\n{last}", lines.join("\n"))
        },
        &["@@"],
    ),
    ("20 more providers", provided, ANYWHERE),
    (
        "named, a session's token of AWS",
        |d| {
            let signs = [LETTERS, DIGITS, "+/"].concat();
            let length = 400 + d.below(1_000);
            d.of(&signs, length)
        },
        NAMED,
    ),
    (
        "named in more ways, 16 letters and digits",
        |d| alphanumeric(d, 16),
        WRITTEN,
    ),
    (
        "named in more ways, 32 hexadecimal digits",
        |d| d.of("0123456789abcdef", 32),
        WRITTEN,
    ),
    (
        "Django's key",
        |d| d.of("abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)", 50),
        QUOTED,
    ),
    (
        "quoted, 20 of all ASCII but quotes",
        |d| of_all(d, 20),
        QUOTED,
    ),
    ("bare, 20 of all ASCII but quotes", |d| of_all(d, 20), BARE),
    ("quoted, 16 with !@#$%^&*", with_marks, QUOTED),
    ("bare, 16 with !@#$%^&*", with_marks, BARE),
    ("in a connection, 16 with !@#$%^&*", with_marks, CONNECTIONS),
    (
        "password in an address, of digits",
        |d| d.of(DIGITS, 12),
        IN_ADDRESSES,
    ),
    (
        "password in an address, with !$%^&*",
        |d| {
            let signs = [LETTERS, DIGITS, "!$%^&*"].concat();
            d.of(&signs, 16)
        },
        IN_ADDRESSES,
    ),
];

/// What a password manager makes.
fn of_all(dice: &mut Dice, count: usize) -> String {
    let signs = [LETTERS, DIGITS, "!#$%&()*+,-./:;<=>?@[]^_{|}~"].concat();
    dice.of(&signs, count)
}

fn with_marks(dice: &mut Dice) -> String {
    let signs = [LETTERS, DIGITS, "!@#$%^&*"].concat();
    dice.of(&signs, 16)
}

/// A key of one of many providers.
fn provided(dice: &mut Dice) -> String {
    const HEX: &str = "0123456789abcdef";
    const KEYS: [(&str, &str, usize); 20] = [
        ("hvs.", "", 95),
        ("dapi", HEX, 32),
        ("SK", HEX, 32),
        ("glcbt-64_", "", 20),
        ("sk_prod_", "", 30),
        ("1//0", "", 60),
        ("dp.pt.", "", 43),
        ("pul-", HEX, 40),
        ("fo1_", "", 43),
        ("pscale_tkn_", "", 43),
        ("sntryu_", HEX, 64),
        ("ntn_", "", 46),
        ("figd_", "", 40),
        ("sbp_", HEX, 40),
        ("nfp_", "", 36),
        ("pplx-", "", 48),
        ("sha256~", "", 43),
        ("sgp_", HEX, 40),
        ("nvapi-", "", 64),
        ("squ_", HEX, 40),
    ];
    let (sign, of, count) = KEYS[dice.below(KEYS.len())];
    let rest = if of.is_empty() {
        alphanumeric(dice, count)
    } else {
        dice.of(of, count)
    };
    format!("{sign}{rest}")
}

fn alphanumeric(dice: &mut Dice, count: usize) -> String {
    let signs = [LETTERS, DIGITS].concat();
    dice.of(&signs, count)
}

/// How many of generated secrets are masked, and come back whole.
fn detection(shows: bool) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut all, mut masked_of_all) = (0, 0);
    for (kind, make, places) in KINDS {
        let mut masked = 0;
        for _ in 0..EACH {
            let secret = make(&mut dice);
            let place = dice.one(places);
            let text = format!("fn a() {{}}\n{}\nlast();\n", place.replace("@@", &secret));
            let mut secrets = Secrets::default();
            secrets.learn(&text);
            let sent = secrets.mask(&text);
            assert_eq!(secrets.restore(&text, &sent).as_deref(), Ok(&*text));
            let is_masked = !sent.contains(&secret);
            masked += usize::from(is_masked);
            if shows && !is_masked {
                println!("missed: {}", text.trim());
            }
        }
        println!("{kind:<36} {masked:>4} of {EACH}");
        all += EACH;
        masked_of_all += masked;
    }
    println!(
        "{:<36} {:>4.1} %",
        "all",
        masked_of_all as f64 * 100.0 / all as f64
    );
}
