//! Shapes that are secrets wherever they stand: keys of known providers, tokens, private keys.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::Regex;

use super::random::is_jumble;

/// What one kind of secret looks like.
struct Shape {
    /// One of these stands in each.
    signs: &'static [&'static str],
    form: Form,
}

enum Form {
    /// What follows a sign that begins a word.
    Rest(&'static [Piece]),
    /// The same, but a part of it must be no name: names begin with that sign, too.
    Random(&'static [Piece]),
    /// A regular expression for all of it. Made when a text first holds a sign, since it takes
    /// memory, and of most texts none is wanted.
    Whole(&'static str, OnceLock<Option<Regex>>),
}

enum Piece {
    /// As many of these signs as there are: so many at least, and so many at most.
    Run(fn(u8) -> bool, usize, usize),
    Text(&'static str),
}

use Piece::{Run, Text};

/// No bound.
const ANY: usize = usize::MAX;

const fn digit(b: u8) -> bool {
    b.is_ascii_digit()
}

const fn hexadecimal(b: u8) -> bool {
    b.is_ascii_hexdigit()
}

const fn hexadecimal_parts(b: u8) -> bool {
    hexadecimal(b) || matches!(b, b'-' | b'_')
}

const fn capital(b: u8) -> bool {
    b.is_ascii_uppercase() || digit(b)
}

const fn capital_parts(b: u8) -> bool {
    capital(b) || matches!(b, b'-' | b'.')
}

const fn small(b: u8) -> bool {
    b.is_ascii_lowercase() || digit(b)
}

const fn letter(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

const fn base64(b: u8) -> bool {
    letter(b) || matches!(b, b'+' | b'/' | b'=')
}

/// Base64 of both kinds.
const fn encoded(b: u8) -> bool {
    base64(b) || word(b)
}

/// What base64 has for use in addresses.
const fn word(b: u8) -> bool {
    letter(b) || matches!(b, b'-' | b'_')
}

const fn dotted(b: u8) -> bool {
    word(b) || matches!(b, b'.' | b'=')
}

const fn of_path(b: u8) -> bool {
    word(b) || matches!(b, b'/' | b'@')
}

const fn of_query(b: u8) -> bool {
    base64(b) || matches!(b, b'%')
}

/// The third of each four signs in which base64 has three digits.
const fn of_digits(b: u8) -> bool {
    matches!(
        b,
        b'A' | b'E' | b'I' | b'M' | b'Q' | b'U' | b'Y' | b'c' | b'g' | b'k'
    )
}

/// The first and the last line of a private key: of PEM, OpenSSH, PGP, and SSH2 with its blanks.
macro_rules! line {
    ($side:literal) => {
        concat!(
            "(?:-----|---- )",
            $side,
            " (?:[A-Z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)?(?:-----| ----)"
        )
    };
}

/// What the lines of a private key are apart by, in whatever quotes and comments.
macro_rules! apart {
    () => {
        r#"(?:\\[nrt]|[\s"'`+,;.\\*/#!>])*"#
    };
}

/// What may stand above the first line of the key itself: `Proc-Type: 4,ENCRYPTED`.
macro_rules! headers {
    () => {
        concat!(
            "(?:",
            apart!(),
            r#"[A-Z][A-Za-z\-]{2,20}: [^\n"'`\\]{0,100})*"#
        )
    };
}

static SHAPES: [Shape; 113] = [
    Shape::whole(
        &["--BEGIN ", "-- BEGIN "],
        // Not beyond the next such line, for what speaks of one may stand far before a key.
        concat!(line!("BEGIN"), r"(?:-{0,3}[^\-])*?-{0,3}", line!("END")),
    ),
    // One that was cut behind.
    Shape::whole(
        &["--BEGIN ", "-- BEGIN "],
        concat!(
            line!("BEGIN"),
            headers!(),
            "(?:",
            apart!(),
            "[A-Za-z0-9+/=]{20,})+",
            "(?:",
            apart!(),
            "[A-Za-z0-9+/=]+…)?",
        ),
    ),
    // And before.
    Shape::whole(
        &["--END ", "-- END "],
        concat!(
            "(?:[A-Za-z0-9+/=]{20,}",
            apart!(),
            ")+",
            "(?:[A-Za-z0-9+/=]+",
            apart!(),
            "){0,2}",
            line!("END"),
        ),
    ),
    // PuTTY
    Shape::whole(
        &["Private-Lines: "],
        concat!(
            "Private-Lines: [0-9]+(?:",
            apart!(),
            "[A-Za-z0-9+/=]{20,})+",
            "(?:",
            apart!(),
            "[A-Za-z0-9+/=]*",
            apart!(),
            "Private-MAC: [0-9a-f]+)?",
        ),
    ),
    // xAI
    Shape::rest(&["xai-"], &[Run(word, 20, ANY)]),
    // OpenAI, Anthropic, DeepSeek, Langfuse, …
    Shape::random(&["sk-", "pk-", "rk-"], &[Run(word, 20, ANY)]),
    // Stripe
    Shape::rest(
        &[
            "sk_live_", "sk_test_", "sk_prod_", "pk_live_", "pk_test_", "pk_prod_", "rk_live_",
            "rk_test_", "rk_prod_",
        ],
        &[Run(letter, 16, ANY)],
    ),
    Shape::rest(&["whsec_"], &[Run(base64, 24, ANY)]),
    // GitHub
    Shape::rest(
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        &[Run(letter, 30, ANY)],
    ),
    Shape::rest(&["github_pat_"], &[Run(word, 30, ANY)]),
    // GitLab
    Shape::rest(
        &[
            "glpat-",
            "gldt-",
            "glrt-",
            "glsoat-",
            "glptt-",
            "glcbt-",
            "glft-",
            "glffct-",
            "gloas-",
            "glimt-",
            "glagent-",
            "GR1348941",
        ],
        &[Run(word, 20, ANY)],
    ),
    Shape::rest(&["_gitlab_session="], &[Run(small, 32, ANY)]),
    // Amazon
    Shape::rest(&["AKIA", "ASIA", "ABIA", "ACCA"], &[Run(capital, 16, 16)]),
    Shape::rest(&["ABSK"], &[Run(base64, 100, ANY)]),
    Shape::rest(&["bedrock-api-key-"], &[Run(base64, 40, ANY)]),
    // Google
    Shape::rest(&["AIza"], &[Run(word, 35, ANY)]),
    Shape::rest(&["GOCSPX-"], &[Run(word, 20, ANY)]),
    Shape::rest(&["ya29."], &[Run(word, 30, ANY)]),
    Shape::rest(&["1//0"], &[Run(word, 40, ANY)]),
    // Microsoft
    Shape::whole(
        &[
            "0Q~", "1Q~", "2Q~", "3Q~", "4Q~", "5Q~", "6Q~", "7Q~", "8Q~", "9Q~",
        ],
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,}",
    ),
    Shape::rest(&["sig="], &[Run(of_query, 43, ANY)]),
    Shape::rest(
        &[".webhook.office.com/webhookb2/"],
        &[Run(of_path, 100, ANY)],
    ),
    Shape::rest(&["oy2"], &[Run(small, 43, 43)]),
    // Slack
    Shape::rest(
        &[
            "xoxa-", "xoxb-", "xoxc-", "xoxd-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-",
        ],
        &[Run(word, 10, ANY)],
    ),
    Shape::rest(&["xapp-"], &[Run(word, 30, ANY)]),
    Shape::rest(
        &[
            "hooks.slack.com/services/",
            "hooks.slack.com/workflows/",
            "hooks.slack.com/triggers/",
        ],
        &[Run(of_path, 30, ANY)],
    ),
    // Discord: the number of a user in base64
    Shape::rest(
        &["MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"],
        &[
            Run(of_digits, 1, 1),
            Run(word, 19, 25),
            Text("."),
            Run(word, 6, 7),
            Text("."),
            Run(word, 27, ANY),
        ],
    ),
    Shape::rest(
        &["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
        &[Run(digit, 17, 20), Text("/"), Run(word, 60, ANY)],
    ),
    // Telegram
    Shape::whole(&[":AA"], r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,}"),
    // Facebook, Square
    Shape::rest(&["EAA"], &[Run(letter, 100, ANY)]),
    Shape::random(&["EAAA"], &[Run(word, 56, 62)]),
    Shape::rest(&["sq0atp-", "sq0csp-", "sq0idp-"], &[Run(word, 22, ANY)]),
    // Packages: npm, PyPI, RubyGems, crates.io, Clojars
    Shape::rest(&["npm_"], &[Run(letter, 36, 36)]),
    Shape::random(&["pypi-"], &[Run(word, 50, ANY)]),
    Shape::rest(&["rubygems_"], &[Run(hexadecimal, 40, ANY)]),
    Shape::random(&["cio"], &[Run(letter, 32, 32)]),
    Shape::rest(&["CLOJARS_"], &[Run(letter, 60, ANY)]),
    // Models: Hugging Face, Groq, Replicate, Perplexity, NVIDIA, LangSmith
    Shape::rest(&["hf_", "api_org_"], &[Run(letter, 30, ANY)]),
    Shape::rest(&["gsk_"], &[Run(letter, 30, ANY)]),
    Shape::rest(&["r8_"], &[Run(letter, 30, ANY)]),
    Shape::rest(&["pplx-"], &[Run(letter, 40, ANY)]),
    Shape::rest(&["nvapi-"], &[Run(word, 60, ANY)]),
    Shape::rest(
        &["lsv2_pt_", "lsv2_sk_"],
        &[Run(hexadecimal_parts, 40, ANY)],
    ),
    // Mail and messages: SendGrid, Brevo, Mailgun, Mailchimp, Resend, Twilio
    Shape::rest(
        &["SG."],
        &[Run(word, 16, ANY), Text("."), Run(word, 30, ANY)],
    ),
    Shape::rest(&["xkeysib-", "xsmtpsib-"], &[Run(word, 64, ANY)]),
    Shape::rest(&["key-"], &[Run(hexadecimal, 32, 32)]),
    Shape::whole(
        &[
            "-us1", "-us2", "-us3", "-us4", "-us5", "-us6", "-us7", "-us8", "-us9",
        ],
        r"[0-9a-f]{32}-us[0-9]{1,2}(?-u:\b)",
    ),
    Shape::rest(
        &["re_"],
        &[Run(letter, 8, 8), Text("_"), Run(letter, 24, 24)],
    ),
    Shape::rest(&["SK"], &[Run(hexadecimal, 32, 32)]),
    // Where programs run: DigitalOcean, Docker, Fly, Heroku, Netlify, OpenShift, Scalingo, Supabase
    Shape::rest(
        &["doo_v1_", "dop_v1_", "dor_v1_"],
        &[Run(hexadecimal, 40, ANY)],
    ),
    Shape::rest(&["dckr_pat_", "dckr_oat_"], &[Run(word, 20, ANY)]),
    Shape::rest(&["fo1_"], &[Run(word, 43, ANY)]),
    Shape::rest(&["fm1a_", "fm1r_", "fm2_"], &[Run(base64, 100, ANY)]),
    Shape::rest(&["HRKU-"], &[Run(word, 58, ANY)]),
    Shape::rest(&["nfp_", "nfc_", "nfo_", "nfu_"], &[Run(letter, 36, ANY)]),
    Shape::rest(&["sha256~"], &[Run(word, 43, ANY)]),
    Shape::rest(&["tk-us-"], &[Run(word, 48, ANY)]),
    Shape::rest(&["sbp_"], &[Run(hexadecimal, 40, ANY)]),
    Shape::rest(&["sb_secret_"], &[Run(word, 25, ANY)]),
    // Vault, Terraform, Doppler, Pulumi, Infracost, Octopus, Databricks, PlanetScale, Harness, Prefect
    Shape::rest(&["hvs."], &[Run(word, 24, ANY)]),
    Shape::rest(&["hvb."], &[Run(word, 100, ANY)]),
    Shape::whole(
        &[".atlasv1."],
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=\-]{60,}",
    ),
    Shape::rest(
        &[
            "dp.pt.",
            "dp.st.",
            "dp.ct.",
            "dp.sa.",
            "dp.scim.",
            "dp.audit.",
        ],
        &[Run(dotted, 40, ANY)],
    ),
    Shape::rest(&["pul-"], &[Run(hexadecimal, 40, ANY)]),
    Shape::random(&["ico-"], &[Run(letter, 32, 32)]),
    Shape::random(&["API-"], &[Run(capital, 26, 26)]),
    Shape::rest(&["dapi"], &[Run(hexadecimal, 32, 32)]),
    Shape::rest(
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        &[Run(dotted, 32, ANY)],
    ),
    Shape::rest(
        &["pat.", "sat."],
        &[
            Run(word, 22, 22),
            Text("."),
            Run(letter, 24, 24),
            Text("."),
            Run(letter, 20, 20),
        ],
    ),
    Shape::rest(&["pnu_"], &[Run(letter, 36, 36)]),
    // What watches: Grafana, Sentry, New Relic, Dynatrace, PostHog, Sonar, Sourcegraph
    Shape::rest(&["glsa_"], &[Run(word, 30, ANY)]),
    Shape::rest(&["glc_"], &[Run(base64, 32, ANY)]),
    Shape::rest(&["eyJrIjoi"], &[Run(base64, 70, ANY)]),
    Shape::rest(&["sntrys_"], &[Run(encoded, 60, ANY)]),
    Shape::rest(&["sntryu_", "sntrya_"], &[Run(hexadecimal, 64, ANY)]),
    Shape::rest(&["NRAK-"], &[Run(capital, 27, 27)]),
    Shape::rest(&["NRII-"], &[Run(word, 32, ANY)]),
    Shape::rest(
        &["dt0c01.", "dt0s01.", "dt0s16."],
        &[Run(capital_parts, 80, ANY)],
    ),
    Shape::rest(&["phc_", "phx_"], &[Run(letter, 40, ANY)]),
    Shape::rest(&["squ_", "sqp_", "sqa_"], &[Run(hexadecimal, 40, ANY)]),
    Shape::rest(&["sgp_"], &[Run(word, 40, ANY)]),
    // Shops: Shopify, Shippo, EasyPost, Duffel, Plaid, Flutterwave
    Shape::rest(
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        &[Run(hexadecimal, 30, ANY)],
    ),
    Shape::rest(
        &["shippo_live_", "shippo_test_"],
        &[Run(hexadecimal, 40, ANY)],
    ),
    Shape::rest(&["EZAK", "EZTK"], &[Run(letter, 54, 54)]),
    Shape::rest(&["duffel_live_", "duffel_test_"], &[Run(dotted, 43, ANY)]),
    Shape::rest(
        &[
            "access-sandbox-",
            "access-development-",
            "access-production-",
        ],
        &[Run(hexadecimal_parts, 36, 36)],
    ),
    Shape::rest(&["FLWSECK_TEST-", "FLWSECK-"], &[Run(word, 12, ANY)]),
    // What people work with: Linear, Atlassian, Notion, Airtable, Figma, Dropbox, Postman, Typeform, ReadMe, Adobe, Frame.io
    Shape::rest(&["lin_api_", "lin_oauth_"], &[Run(letter, 30, ANY)]),
    Shape::rest(&["ATATT3", "ATCTT3"], &[Run(dotted, 30, ANY)]),
    Shape::rest(&["ATBB"], &[Run(letter, 32, 32)]),
    Shape::rest(&["ntn_"], &[Run(letter, 40, ANY)]),
    Shape::random(&["secret_"], &[Run(letter, 43, 43)]),
    Shape::rest(
        &["pat"],
        &[Run(letter, 14, 14), Text("."), Run(hexadecimal, 64, 64)],
    ),
    Shape::rest(&["figd_"], &[Run(word, 40, ANY)]),
    Shape::rest(&["sl."], &[Run(dotted, 120, ANY)]),
    Shape::rest(&["PMAK-"], &[Run(hexadecimal_parts, 59, 59)]),
    Shape::rest(&["tfp_"], &[Run(dotted, 50, ANY)]),
    Shape::rest(&["rdme_"], &[Run(small, 70, 70)]),
    Shape::rest(&["p8e-"], &[Run(letter, 32, 32)]),
    Shape::rest(&["fio-u-"], &[Run(dotted, 64, ANY)]),
    // Networks: Cloudflare, Tailscale, Alibaba, Tencent, MaxMind, Defined
    Shape::rest(&["v1.0-"], &[Run(hexadecimal_parts, 160, ANY)]),
    Shape::rest(&["tskey-"], &[Run(word, 20, ANY)]),
    Shape::random(&["LTAI"], &[Run(letter, 16, 24)]),
    Shape::random(&["AKID"], &[Run(letter, 32, 32)]),
    Shape::whole(&["_mmk"], r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?-u:\b)"),
    Shape::rest(&["dnkey-"], &[Run(dotted, 70, ANY)]),
    // JFrog, 1Password, age, Ionic
    Shape::random(&["AKCp"], &[Run(letter, 60, ANY)]),
    Shape::random(&["cmVmd"], &[Run(letter, 59, 59)]),
    Shape::rest(&["ops_eyJ"], &[Run(base64, 200, ANY)]),
    Shape::random(&["A3-"], &[Run(capital_parts, 36, 37)]),
    Shape::rest(&["AGE-SECRET-KEY-1"], &[Run(capital, 40, ANY)]),
    Shape::random(&["ion_"], &[Run(letter, 42, 42)]),
    // JSON web tokens
    Shape::rest(
        &["eyJ"],
        &[
            Run(word, 10, ANY),
            Text(".eyJ"),
            Run(word, 10, ANY),
            Text("."),
            Run(word, 10, ANY),
        ],
    ),
];

impl Shape {
    const fn rest(signs: &'static [&'static str], rest: &'static [Piece]) -> Self {
        let form = Form::Rest(rest);
        Self { signs, form }
    }

    const fn random(signs: &'static [&'static str], rest: &'static [Piece]) -> Self {
        let form = Form::Random(rest);
        Self { signs, form }
    }

    const fn whole(signs: &'static [&'static str], whole: &'static str) -> Self {
        let form = Form::Whole(whole, OnceLock::new());
        Self { signs, form }
    }

    /// What a sign begins with. Behind one of two bytes stands what the form tells.
    fn first_three(&self, sign: &str) -> Vec<[u8; 3]> {
        let follows = |third: &u8| match (&self.form, sign.as_bytes().get(2)) {
            (_, Some(it)) => it == third,
            (Form::Rest([Run(is_of, ..), ..]) | Form::Random([Run(is_of, ..), ..]), None) => {
                is_of(*third)
            }
            _ => true,
        };
        let thirds = (0..=u8::MAX).filter(follows);
        let two: Option<[u8; 2]> = sign.as_bytes().first_chunk().copied();
        two.map_or_else(Vec::new, |[a, b]| thirds.map(|c| [a, b, c]).collect())
    }

    fn regex(&self) -> Option<&Regex> {
        match &self.form {
            Form::Whole(whole, regex) => regex.get_or_init(|| Regex::new(whole).ok()).as_ref(),
            Form::Rest(_) | Form::Random(_) => None,
        }
    }
}

/// Where what follows a sign ends, if all pieces are there; and up to where no second sign needs to
/// be looked at, since it would end there, too.
fn rest(pieces: &[Piece], text: &str, sign: &Range<usize>) -> (Option<usize>, usize) {
    let bytes = text.as_bytes();
    let (mut at, mut looked) = (sign.end, sign.end);
    for (place, piece) in pieces.iter().enumerate() {
        let behind = bytes.get(at..).unwrap_or_default();
        let (is_there, length) = match piece {
            Text(text) => (behind.starts_with(text.as_bytes()), text.len()),
            Run(is_of, least, most) => {
                let bound = most.saturating_add(1);
                let run = behind.iter().take(bound).take_while(|b| is_of(**b)).count();
                if *most == ANY && run >= *least {
                    looked = at + run;
                }
                let is_last = place + 1 == pieces.len();
                let goes_on =
                    *most != ANY && is_last && behind.get(run).is_some_and(|b| is_of_word(*b));
                ((*least..=*most).contains(&run) && !goes_on, run)
            }
        };
        if !is_there {
            return (None, looked);
        }
        at += length;
    }
    (Some(at), looked)
}

fn is_of_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// Whether a sign begins a word, or stands behind a sign that is written as `\n` or `%3D`.
fn begins_word(text: &str, sign: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    if !bytes.get(sign.start).is_some_and(|b| is_of_word(*b)) {
        return true;
    }
    match bytes.get(..sign.start).unwrap_or_default() {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] if hexadecimal(*a) && hexadecimal(*b) => true,
        [.., before] => !is_of_word(*before),
        [] => true,
    }
}

/// Whether some part is made by chance.
fn is_random(rest: &str) -> bool {
    const FEWEST: usize = 8;
    rest.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.len() >= FEWEST && is_jumble(part))
}

/// The signs of all shapes, each with the place of its shape in the list. They are looked for by
/// their first three bytes: few places in a text begin like any, and fewer where no word begins.
struct Signs {
    sorted: Vec<(&'static str, usize)>,
    /// A bit for the first three bytes of each, and of each that may stand within a word.
    all: Vec<u64>,
    within: Vec<u64>,
}

static SIGNS: LazyLock<Signs> = LazyLock::new(|| {
    let mut signs = Signs {
        sorted: Vec::new(),
        all: vec![0; (1 << 16) / 64],
        within: vec![0; (1 << 16) / 64],
    };
    for (at, shape) in SHAPES.iter().enumerate() {
        for sign in shape.signs {
            signs.sorted.push((*sign, at));
            let begins_word = sign.bytes().next().is_some_and(is_of_word);
            let stands_within = !begins_word || matches!(shape.form, Form::Whole(..));
            for three in shape.first_three(sign) {
                set(&mut signs.all, three);
                if stands_within {
                    set(&mut signs.within, three);
                }
            }
        }
    }
    signs.sorted.sort_unstable();
    signs
});

/// Where the bit of three bytes is: by a hash, since few of all threes are in use.
fn place([a, b, c]: [u8; 3]) -> (usize, u64) {
    let number = u32::from_be_bytes([0, a, b, c]);
    // Knuth's: the golden ratio.
    let hash = number.wrapping_mul(0x9E37_79B1) >> 16;
    (hash as usize / 64, 1 << (hash % 64))
}

fn set(bits: &mut [u64], three: [u8; 3]) {
    let (word, bit) = place(three);
    if let Some(word) = bits.get_mut(word) {
        *word |= bit;
    }
}

impl Signs {
    /// Tells of each sign in a text where it stands, and whose it is.
    fn each(&self, text: &str, mut tell: impl FnMut(Range<usize>, usize)) {
        let bytes = text.as_bytes();
        // What stands before: the nearest byte is the first.
        let (mut a, mut b, mut c) = (b' ', b' ', b' ');
        for (at, three) in bytes.windows(3).enumerate() {
            let &[here, second, third] = three else {
                continue;
            };
            let is_within = is_of_word(a) && b != b'\\' && c != b'%' && is_of_word(here);
            (a, b, c) = (here, a, b);
            let begins = if is_within { &self.within } else { &self.all };
            let (word, bit) = place([here, second, third]);
            if begins.get(word).is_some_and(|word| word & bit != 0) {
                let behind = bytes.get(at..).unwrap_or_default();
                let two = &[here, second][..];
                let first = self
                    .sorted
                    .partition_point(|(sign, _)| sign.as_bytes() < two);
                let alike = self.sorted.get(first..).unwrap_or_default().iter();
                alike
                    .take_while(|(sign, _)| sign.as_bytes().starts_with(two))
                    .filter(|(sign, _)| behind.starts_with(sign.as_bytes()))
                    .for_each(|(sign, shape)| tell(at..at + sign.len(), *shape));
            }
        }
    }
}

/// Where something of such a shape stands in `text`: bytes, in no order.
pub fn shaped(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut held = BTreeSet::new();
    let mut looked = [0; SHAPES.len()];
    SIGNS.each(text, |sign, at| {
        let (Some(shape), Some(looked)) = (SHAPES.get(at), looked.get_mut(at)) else {
            return;
        };
        let (Form::Rest(pieces) | Form::Random(pieces)) = shape.form else {
            held.insert(at);
            return;
        };
        if sign.end <= *looked || !begins_word(text, &sign) {
            return;
        }
        let (end, up_to) = rest(pieces, text, &sign);
        *looked = up_to;
        let is_one = |end: &usize| {
            let rest = text.get(sign.end..*end).unwrap_or_default();
            matches!(shape.form, Form::Rest(_)) || is_random(rest)
        };
        found.extend(end.filter(is_one).map(|end| sign.start..end));
    });
    let whole = held.into_iter().filter_map(|at| SHAPES.get(at)?.regex());
    found.extend(whole.flat_map(|regex| regex.find_iter(text).map(|found| found.range())));
    found
}

#[cfg(test)]
mod tests;
