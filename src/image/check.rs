//! What is wrong with links to images: files that are not there, alternative text that is missing.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Alt, Hints, ImageLink, Markup, TargetError, resolve_with};

/// Something wrong with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// All of the link, in bytes.
    pub range: Range<usize>,
    pub problem: Problem,
}

/// What is wrong, with the target as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    MissingFile(String),
    MissingAlt(String),
}

impl Problem {
    /// The problem's name for editors and scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingFile(_) => "missing-file",
            Self::MissingAlt(_) => "missing-alt-text",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::MissingFile(target) => {
                write!(formatter, "the file `{}` does not exist", shown(target))
            }
            Self::MissingAlt(target) if target.trim().is_empty() => {
                write!(formatter, "the image has no alternative text")
            }
            Self::MissingAlt(target) => {
                write!(
                    formatter,
                    "the image `{}` has no alternative text",
                    shown(target)
                )
            }
        }
    }
}

/// The most of a target that stands in a message, in characters.
const LONGEST: usize = 120;

/// A target in one line; data is not shown whole.
fn shown(target: &str) -> String {
    let is_short = target.chars().count() <= LONGEST;
    let signs = target.chars().filter(|sign| !sign.is_control());
    let shown: String = signs.take(LONGEST).collect();
    if is_short {
        shown
    } else {
        format!("{shown}…")
    }
}

/// What is wrong with `links` of the document at the absolute path `document`, among the absolute
/// workspace folders `roots`, looked for by its `hints`. Files that `is_excluded` are not told of. Looks at the disk.
///
/// Nothing is said of what only a site's own tools know: template syntax and aliases; nor of
/// files that a style sheet or a component names, which a bundler may put there.
pub fn check(
    links: &[ImageLink],
    document: Option<&Path>,
    roots: &[PathBuf],
    hints: &Hints,
    is_excluded: &dyn Fn(&Path) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for link in links {
        let file = file(link, document, roots, hints, is_excluded);
        let problems = match file {
            FileIs::Unknown => continue,
            FileIs::Missing => Some(Problem::MissingFile(link.target.clone())),
            FileIs::Fine => None,
        };
        let alt = (link.alt == Alt::Missing).then(|| Problem::MissingAlt(link.target.clone()));
        findings.extend(problems.into_iter().chain(alt).map(|problem| Finding {
            range: link.range.clone(),
            problem,
        }));
    }
    findings
}

/// Those of `links` that lack alternative text and can have it, but for those of whose files nothing
/// can be known; of a document as [`check`] has it. Looks at the disk.
pub fn lacking_alt(
    links: &[ImageLink],
    document: Option<&Path>,
    roots: &[PathBuf],
    hints: &Hints,
) -> Vec<ImageLink> {
    let is_lacking = |link: &&ImageLink| {
        let file = || file(link, document, roots, hints, &|_| false);
        link.alt == Alt::Missing && link.takes_alt() && !matches!(file(), FileIs::Unknown)
    };
    links.iter().filter(is_lacking).cloned().collect()
}

enum FileIs {
    Missing,
    /// There, or none of ours: remote, outside, excluded.
    Fine,
    /// Only the site's own tools know which file is meant.
    Unknown,
}

fn file(
    link: &ImageLink,
    document: Option<&Path>,
    roots: &[PathBuf],
    hints: &Hints,
    is_excluded: &dyn Fn(&Path) -> bool,
) -> FileIs {
    let target = link.target.trim();
    let begins = |scheme: &str| {
        let start = target.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    // Data may be large, and is there.
    if begins("data:") {
        return FileIs::Fine;
    }
    let is_template = ["{{", "${", "{%", "<%", "<?", "#{"]
        .iter()
        .any(|sign| target.contains(sign));
    // An attribute of AsciiDoc that the document may get from elsewhere.
    if is_template || (link.markup == Markup::AsciiDoc && target.contains('{')) {
        return FileIs::Unknown;
    }
    match resolve_with(target, document, roots, hints) {
        Err(TargetError::Template(_) | TargetError::Alias(_)) => FileIs::Unknown,
        Err(TargetError::Missing(path)) => {
            let is_of_a_bundler = matches!(link.markup, Markup::Css | Markup::Jsx);
            if is_of_a_bundler || is_excluded(&path) {
                FileIs::Fine
            } else {
                FileIs::Missing
            }
        }
        _ => FileIs::Fine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::links;

    /// The codes of what is wrong with the images of a document `docs/a`, beside `b.png`.
    fn check(markup: Markup, text: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir(root.join("docs")).unwrap();
        std::fs::write(root.join("docs/b.png"), "b").unwrap();
        let is_excluded = |path: &Path| path.ends_with(".env.png");
        let document = root.join("docs/a");
        let hints = Hints::of(markup, || text.to_owned());
        let links = links(markup, text);
        let found = super::check(&links, Some(&document), &[root], &hints, &is_excluded);
        let codes: Vec<_> = found.iter().map(|finding| finding.problem.code()).collect();
        assert_eq!(codes, expected, "{text}");
    }

    const FILE: &str = "missing-file";
    const ALT: &str = "missing-alt-text";

    #[test]
    fn a_missing_file_and_a_missing_text_are_found() {
        let check = |text, expected| check(Markup::Markdown, text, expected);
        check("![a](b.png)", &[]);
        check("![](b.png)", &[ALT]);
        check("![a](c.png) ![](c.png)", &[FILE, FILE, ALT]);
        check("![a](/docs/b.png?c#d)", &[]);
        check("<img src=c.png alt=''>", &[FILE]);
        check("![a]() ![]()", &[ALT]);
        check(
            "![](https://a.example/b.png) ![c](https://a.example/b.png)",
            &[ALT],
        );
        check("![](data:,x)", &[ALT]);
        check("<!-- gloss: decorative -->\n![](b.png)", &[]);
    }

    #[test]
    fn nothing_is_said_of_what_cannot_be_known() {
        for target in [
            "{{ a }}/b.png",
            "${a}/b.png",
            "{%a%}",
            "@site/b.png",
            "~/b.png",
        ] {
            check(Markup::Markdown, &format!("![](<{target}>)"), &[]);
        }
        check(
            Markup::Markdown,
            "![a](../../b.png) ![a](file:///b.png) ![a](.env.png)",
            &[],
        );
        check(Markup::AsciiDoc, "image:{a}/b.png[]", &[]);
        check(
            Markup::AsciiDoc,
            ":imagesdir: /docs\n\nimage::b.png[a]",
            &[],
        );
        check(Markup::Latex, r"\includegraphics[alt={a}]{b}", &[]);
        check(Markup::Css, "a{b:url(c.png)}", &[]);
        check(Markup::Jsx, "a = <img src=\"c.png\" alt=\"d\" />", &[]);
        check(Markup::Jsx, "a = <img src=\"c.png\" />", &[ALT]);
    }

    #[test]
    fn a_message_is_short_and_in_one_line() {
        let long = format!("a\n{}", "b".repeat(500));
        let message = Problem::MissingFile(long).to_string();
        assert!(
            message.chars().count() < 200 && !message.contains('\n'),
            "{message}"
        );
    }
}
