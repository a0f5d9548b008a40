//! What a document says of where its images are: AsciiDoc's `imagesdir`, LaTeX's
//! `\graphicspath`, and that endings may be left out.

use super::Markup;

/// Where the images of a document are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// Folders in which relative links begin, in order: from the document's own folder, which is
    /// `""`, or from the workspace's root where they begin with `/`. May be a URL.
    pub folders: Vec<String>,
    /// What a link may leave out at its end, as `.png`, in order.
    pub extensions: Vec<String>,
}

impl Default for Hints {
    fn default() -> Self {
        Self {
            folders: vec![String::new()],
            extensions: Vec::new(),
        }
    }
}

/// The endings that LaTeX adds, those first that can be read here.
const LATEX_EXTENSIONS: [&str; 7] = [".png", ".jpg", ".jpeg", ".PNG", ".JPG", ".pdf", ".eps"];

impl Hints {
    /// What a document in `markup` says; its text is asked for only where the markup can say so.
    pub fn of(markup: Markup, text: impl FnOnce() -> String) -> Self {
        match markup {
            Markup::AsciiDoc => Self::from_asciidoc(&text()),
            Markup::Latex => Self::from_latex(&text()),
            _ => Self::default(),
        }
    }

    /// What an AsciiDoc document says with `:imagesdir:`. Where it says so more than once, each
    /// folder counts, for what follows it.
    pub fn from_asciidoc(text: &str) -> Self {
        let mut folders: Vec<String> = Vec::new();
        for line in text.lines() {
            let Some(value) = line.strip_prefix(":imagesdir:") else {
                continue;
            };
            let value = value.trim().trim_end_matches('/');
            let value = value
                .strip_prefix("{docdir}")
                .map_or(value, |below| below.trim_start_matches('/'));
            // What another attribute fills in is not known here.
            if !value.contains('{') && !folders.iter().any(|folder| folder == value) {
                folders.push(value.to_owned());
            }
        }
        // The renderer looks nowhere else, but a target may be written for another one.
        if !folders.iter().any(String::is_empty) {
            folders.push(String::new());
        }
        Self {
            folders,
            extensions: Vec::new(),
        }
    }

    /// What a LaTeX document says with `\graphicspath`, and the endings that LaTeX adds.
    pub fn from_latex(text: &str) -> Self {
        let mut hints = Self {
            extensions: LATEX_EXTENSIONS.map(str::to_owned).to_vec(),
            ..Self::default()
        };
        for line in text.lines() {
            let code = line.split('%').next().unwrap_or_default();
            let Some((_, after)) = code.split_once("\\graphicspath") else {
                continue;
            };
            let listed = after.trim_start().strip_prefix('{').unwrap_or_default();
            let folders = listed.split('{').skip(1);
            let folders = folders.filter_map(|rest| Some(rest.split_once('}')?.0.trim()));
            hints.folders.extend(folders.map(str::to_owned));
        }
        hints
    }

    /// The URL in which relative links begin, where that is no folder.
    pub(super) fn web_folder(&self) -> Option<&str> {
        let first = self.folders.first()?;
        let is_url = first.starts_with("https://") || first.starts_with("http://");
        is_url.then_some(first.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asciidoc_says_where_images_are() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(Hints::from_asciidoc(text).folders, expected, "{text}");
        };
        check("= Title\n\nText.", &[""]);
        check("= Title\n:imagesdir: ./img/\n:toc:\n", &["./img", ""]);
        check(":imagesdir: {docdir}/../media", &["../media", ""]);
        check(":imagesdir: {partials}/x", &[""]);
        check(":imagesdir:\n", &[""]);
        check(
            ":imagesdir: a\n:imagesdir: b\n:imagesdir: a\n",
            &["a", "b", ""],
        );
        check(
            ":imagesdir: https://x.example/img",
            &["https://x.example/img", ""],
        );
    }

    #[test]
    fn latex_says_where_images_are_and_what_is_left_out() {
        let check = |text: &str, expected: &[&str]| {
            let hints = Hints::from_latex(text);
            assert_eq!(hints.folders, expected, "{text}");
            assert!(hints.extensions.contains(&".png".to_owned()));
        };
        check("\\documentclass{article}", &[""]);
        check(
            "\\graphicspath{{figures/}{../img/}}",
            &["", "figures/", "../img/"],
        );
        check("\\graphicspath { {a b/} }\n", &["", "a b/"]);
        check("% \\graphicspath{{old/}}\n\\graphicspath{", &[""]);
    }
}
