//! Shapes that are secrets wherever they stand: keys of known providers, tokens, private keys.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

/// What one kind of secret looks like.
struct Shape {
    /// One of these stands in each.
    signs: &'static [&'static str],
    form: Form,
    /// Made when a text first holds a sign: all of them would take a third of a mebibyte, and of most
    /// texts none is wanted.
    regex: OnceLock<Option<Regex>>,
}

/// Regular expressions.
enum Form {
    /// What follows a sign that begins a word.
    Rest(&'static str),
    /// All of it.
    Whole(&'static str),
}

/// What the lines of a private key are apart by, in whatever quotes and comments.
macro_rules! apart {
    () => {
        r#"[\s"'`+,;.\\*/#!>]"#
    };
}

static SHAPES: [Shape; 32] = [
    Shape::whole(
        &["-----BEGIN "],
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z]+ )*PRIVATE KEY-----",
    ),
    // One that was cut behind.
    Shape::whole(
        &["-----BEGIN "],
        concat!(
            r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
            r"(?:(?:\\[nrt]|",
            apart!(),
            r")*[A-Za-z0-9+/=]{20,})+",
            r"(?:(?:\\[nrt]|",
            apart!(),
            r")*[A-Za-z0-9+/=]+…)?",
        ),
    ),
    // And before.
    Shape::whole(
        &["-----END "],
        concat!(
            r"(?:[A-Za-z0-9+/=]{20,}",
            apart!(),
            r"*)+",
            r"(?:[A-Za-z0-9+/=]+",
            apart!(),
            r"*)?",
            r"-----END (?:[A-Z]+ )*PRIVATE KEY-----",
        ),
    ),
    // xAI, OpenAI, Anthropic, …
    Shape::word(&["xai-", "sk-", "pk-", "rk-"], r"[A-Za-z0-9_\-]{20,}"),
    // Stripe
    Shape::word(
        &[
            "sk_live_", "sk_test_", "pk_live_", "pk_test_", "rk_live_", "rk_test_",
        ],
        r"[A-Za-z0-9]{16,}",
    ),
    // GitHub
    Shape::word(
        &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
        r"[A-Za-z0-9]{30,}",
    ),
    Shape::word(&["github_pat_"], r"[A-Za-z0-9_]{30,}"),
    // GitLab
    Shape::word(
        &["glpat-", "gldt-", "glrt-", "glsoat-", "glptt-"],
        r"[A-Za-z0-9_\-]{20,}",
    ),
    // AWS
    Shape::word(&["AKIA", "ASIA"], r"[A-Z0-9]{16}(?-u:\b)"),
    // Google
    Shape::word(&["AIza"], r"[A-Za-z0-9_\-]{35}"),
    Shape::word(&["GOCSPX-"], r"[A-Za-z0-9_\-]{20,}"),
    Shape::word(&["ya29."], r"[A-Za-z0-9_\-]{30,}"),
    // Slack
    Shape::word(
        &["xoxa-", "xoxb-", "xoxp-", "xoxo-", "xoxs-", "xoxr-"],
        r"[A-Za-z0-9\-]{10,}",
    ),
    Shape::word(&["xapp-"], r"[A-Za-z0-9\-]{30,}"),
    Shape::word(&["hooks.slack.com/services/"], r"[A-Za-z0-9/]{30,}"),
    Shape::word(&["npm_"], r"[A-Za-z0-9]{36}(?-u:\b)"),
    Shape::word(&["pypi-"], r"[A-Za-z0-9_\-]{50,}"),
    Shape::word(&["rubygems_"], r"[a-f0-9]{40,}"),
    // Docker
    Shape::word(&["dckr_pat_"], r"[A-Za-z0-9_\-]{20,}"),
    // Hugging Face
    Shape::word(&["hf_"], r"[A-Za-z0-9]{30,}"),
    // Groq
    Shape::word(&["gsk_"], r"[A-Za-z0-9]{30,}"),
    // Replicate
    Shape::word(&["r8_"], r"[A-Za-z0-9]{30,}"),
    // SendGrid
    Shape::word(&["SG."], r"[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{30,}"),
    // DigitalOcean
    Shape::word(&["doo_v1_", "dop_v1_", "dor_v1_"], r"[a-f0-9]{40,}"),
    // Shopify
    Shape::word(
        &["shpat_", "shpca_", "shppa_", "shpss_"],
        r"[a-fA-F0-9]{30,}",
    ),
    // Grafana
    Shape::word(&["glsa_"], r"[A-Za-z0-9_]{30,}"),
    Shape::word(&["whsec_"], r"[A-Za-z0-9+/=]{24,}"),
    // Linear
    Shape::word(&["lin_api_"], r"[A-Za-z0-9]{30,}"),
    // Atlassian
    Shape::word(&["ATATT3"], r"[A-Za-z0-9_=\-]{30,}"),
    // Telegram
    Shape::whole(&[":AA"], r"(?-u:\b)[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,}"),
    Shape::word(&["AGE-SECRET-KEY-1"], r"[A-Z0-9]{40,}"),
    // JSON web tokens
    Shape::word(
        &["eyJ"],
        r"[A-Za-z0-9_\-]{10,}\.eyJ[A-Za-z0-9_\-]{10,}\.[A-Za-z0-9_\-]{10,}",
    ),
];

impl Shape {
    const fn word(signs: &'static [&'static str], rest: &'static str) -> Self {
        Self::of(signs, Form::Rest(rest))
    }

    const fn whole(signs: &'static [&'static str], whole: &'static str) -> Self {
        Self::of(signs, Form::Whole(whole))
    }

    const fn of(signs: &'static [&'static str], form: Form) -> Self {
        Self {
            signs,
            form,
            regex: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| Regex::new(&self.pattern()).ok())
            .as_ref()
    }

    fn pattern(&self) -> String {
        match self.form {
            Form::Whole(pattern) => pattern.to_owned(),
            Form::Rest(rest) => {
                let signs: Vec<String> = self.signs.iter().map(|it| regex::escape(it)).collect();
                format!(r"(?-u:\b)(?:{}){rest}", signs.join("|"))
            }
        }
    }
}

/// Looks for the signs of all shapes at once, and tells of each where its shape stands in the list.
static SIGNS: LazyLock<Option<(AhoCorasick, Vec<usize>)>> = LazyLock::new(|| {
    let signs_of =
        |(at, shape): (usize, &'static Shape)| shape.signs.iter().map(move |it| (*it, at));
    let (signs, shapes): (Vec<&str>, Vec<usize>) =
        SHAPES.iter().enumerate().flat_map(signs_of).unzip();
    let signs = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(signs);
    Some((signs.ok()?, shapes))
});

/// Where something of such a shape stands in `text`: bytes, in no order.
pub fn shaped(text: &str) -> Vec<Range<usize>> {
    let Some((signs, shapes)) = SIGNS.as_ref() else {
        return Vec::new();
    };
    let held: BTreeSet<usize> = signs
        .find_overlapping_iter(text)
        .filter_map(|sign| shapes.get(sign.pattern().as_usize()).copied())
        .collect();
    held.into_iter()
        .filter_map(|at| SHAPES.get(at)?.regex())
        .flat_map(|regex| regex.find_iter(text))
        .map(|found| found.range())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_signs_and_is_a_regular_expression() {
        for shape in &SHAPES {
            assert!(shape.regex().is_some(), "{}", shape.pattern());
            assert!(!shape.signs.is_empty(), "{}", shape.pattern());
        }
        assert!(SIGNS.is_some());
    }
}
