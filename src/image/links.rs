//! The links to images in a document, whatever its markup.

use std::ops::Range;
use std::path::Path;

use super::markdown;

/// A link to an image. Ranges are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLink {
    /// All of the link, from its first to its last sign.
    pub range: Range<usize>,
    /// What is linked, with the markup's own escapes and entities undone and nothing else.
    pub target: String,
    /// The alternative text without markup; empty where it is missing.
    pub alt: String,
    /// Where the alternative text stands, or would stand.
    pub alt_range: Range<usize>,
    /// The title, where there is one.
    pub title: Option<String>,
}

/// A way to write links to images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Markup {
    Markdown,
}

impl Markup {
    /// The markup of a document, by the editor's name for its language, else by its file's name.
    pub fn from_language(language_id: &str, path: Option<&Path>) -> Option<Self> {
        Self::from_id(language_id).or_else(|| Self::from_extension(path?))
    }

    fn from_id(id: &str) -> Option<Self> {
        match id.to_ascii_lowercase().as_str() {
            "markdown" | "markdown.mdx" | "md" | "mdx" | "rmd" | "rmarkdown" | "quarto" => {
                Some(Self::Markdown)
            }
            _ => None,
        }
    }

    fn from_extension(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mkd" | "mdx" | "rmd" | "qmd" => Some(Self::Markdown),
            _ => None,
        }
    }
}

/// The links to images in `text`, in order.
pub fn links(markup: Markup, text: &str) -> Vec<ImageLink> {
    match markup {
        Markup::Markdown => markdown::links(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_markup_is_known_by_language_or_by_path() {
        for (id, path, expected) in [
            ("markdown", None, Some(Markup::Markdown)),
            ("MDX", None, Some(Markup::Markdown)),
            ("quarto", Some("a.qmd"), Some(Markup::Markdown)),
            ("", Some("docs/README.MD"), Some(Markup::Markdown)),
            ("vimwiki", Some("a.md"), Some(Markup::Markdown)),
            ("rust", Some("a.rs"), None),
            ("plaintext", None, None),
        ] {
            assert_eq!(
                Markup::from_language(id, path.map(Path::new)),
                expected,
                "{id} {path:?}"
            );
        }
    }
}
