//! The links to images in a document, whatever its markup.

mod alt;
mod asciidoc;
mod comments;
mod css;
mod html;
mod jsx;
mod latex;
mod lines;
mod markdown;
mod org;
mod rst;
mod stitched;
mod tag;
mod typst;

use std::ops::Range;
use std::path::Path;

pub use alt::{as_decorative, with_alt};

pub(super) use markdown::html_alone;

use alt::Slot;

use crate::text::is_hidden;

/// A link to an image. Ranges are in bytes of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLink {
    /// What the link itself is written in: HTML also where it stands in Markdown.
    pub markup: Markup,
    /// All of the link, from its first to its last sign.
    pub range: Range<usize>,
    /// What is linked, with the markup's own escapes and entities undone and nothing else.
    pub target: String,
    pub alt: Alt,
    /// Where the alternative text stands, as it is written and without what encloses it; empty
    /// where it would be inserted.
    pub alt_range: Range<usize>,
    /// The title, where there is one.
    pub title: Option<String>,
    /// The markup of the whole document.
    document: Markup,
    /// How alternative text is written at `alt_range`; `None` where there is no place for one.
    slot: Option<Slot>,
}

/// What stands for an image where it cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alt {
    /// Nothing, though there is a place for it.
    Missing,
    /// This, without markup.
    Text(String),
    /// Nothing, on purpose: the document marks the image as decorative.
    Decorative,
    /// What an expression gives when the document is rendered.
    Computed,
    /// The markup has no place for it here: CSS, `<source>`.
    Nowhere,
}

impl ImageLink {
    /// Whether its markup has a place for alternative text here.
    pub fn takes_alt(&self) -> bool {
        self.slot.is_some()
    }

    /// The name of the linked file, as a title has it: in one line, of at most 60 characters. Of data
    /// the type, as `data:image/png`.
    pub fn file_name(&self) -> String {
        let scheme = self.target.get(.."data:".len()).unwrap_or_default();
        let name = if scheme.eq_ignore_ascii_case("data:") {
            self.target.split([';', ',']).next()
        } else {
            let path = self.target.split(['?', '#']).next();
            path.and_then(|path| path.rsplit(['/', '\\']).find(|name| !name.is_empty()))
        };
        let signs = name.unwrap_or("image").chars();
        signs.filter(|sign| !is_hidden(*sign)).take(60).collect()
    }
}

impl Alt {
    /// The text, where there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `text`, unless it is blank.
    fn of(text: String, is_marked_decorative: bool) -> Self {
        if !text.trim().is_empty() {
            Self::Text(text)
        } else if is_marked_decorative {
            Self::Decorative
        } else {
            Self::Missing
        }
    }
}

/// What a link says in brackets is not longer, in bytes: what ends them is not looked for farther
/// away, or a text of nothing but beginnings would take a time that grows with its square.
const LONGEST: usize = 2 * 1024;

/// A way to write links to images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Markup {
    Markdown,
    Html,
    /// HTML whose attributes may hold expressions in braces: Svelte, Astro.
    Component,
    Css,
    /// Elements in JavaScript, and Markdown in its doc comments.
    Jsx,
    Rst,
    AsciiDoc,
    Latex,
    Typst,
    Org,
    /// Markdown in the doc comments of Rust.
    Rust,
    /// Markdown in doc comments that are written as in Java.
    Commented,
}

/// How editors name the languages of each markup, and how their files' names end.
const LANGUAGES: [(Markup, &[&str], &[&str]); 12] = [
    (
        Markup::Markdown,
        &[
            "markdown",
            "markdown.mdx",
            "md",
            "mdx",
            "rmd",
            "rmarkdown",
            "quarto",
        ],
        &["md", "markdown", "mkd", "mdx", "rmd", "qmd"],
    ),
    (
        Markup::Html,
        &[
            "html",
            "xhtml",
            "htm",
            "vue",
            "vue-html",
            "handlebars",
            "htmldjango",
            "django-html",
            "jinja",
            "jinja-html",
            "liquid",
            "twig",
            "erb",
            "eruby",
            "heex",
            "angular",
            "htmlangular",
        ],
        &[
            "html", "htm", "xhtml", "vue", "hbs", "liquid", "twig", "erb", "heex", "njk", "j2",
        ],
    ),
    (
        Markup::Component,
        &["svelte", "astro"],
        &["svelte", "astro"],
    ),
    (
        Markup::Css,
        &["css", "scss", "less", "postcss"],
        &["css", "scss", "less", "pcss"],
    ),
    (
        Markup::Jsx,
        &[
            "javascript",
            "javascriptreact",
            "javascript.jsx",
            "jsx",
            "typescript",
            "typescriptreact",
            "typescript.tsx",
            "tsx",
        ],
        &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts"],
    ),
    (Markup::Rst, &["restructuredtext", "rst"], &["rst", "rest"]),
    (
        Markup::AsciiDoc,
        &["asciidoc", "asciidoctor", "adoc"],
        &["adoc", "asciidoc", "asc"],
    ),
    (
        Markup::Latex,
        &["latex", "tex", "plaintex"],
        &["tex", "ltx"],
    ),
    (Markup::Typst, &["typst", "typ"], &["typ"]),
    (Markup::Org, &["org"], &["org"]),
    (Markup::Rust, &["rust"], &["rs"]),
    (
        Markup::Commented,
        &[
            "c",
            "cpp",
            "java",
            "kotlin",
            "swift",
            "dart",
            "scala",
            "zig",
            "objective-c",
            "objc",
            "groovy",
        ],
        &[
            "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "java", "kt", "kts", "swift", "dart",
            "scala", "zig", "m", "mm",
        ],
    ),
];

impl Markup {
    /// The markup of a document, by the editor's name for its language, else by its file's name.
    pub fn from_language(language_id: &str, path: Option<&Path>) -> Option<Self> {
        let id = language_id.to_ascii_lowercase();
        let by_id = LANGUAGES.iter().find(|(_, ids, _)| ids.contains(&&*id));
        if let Some((markup, ..)) = by_id {
            return Some(*markup);
        }
        let end = path?.extension()?.to_str()?.to_ascii_lowercase();
        let by_end = LANGUAGES.iter().find(|(.., ends)| ends.contains(&&*end));
        by_end.map(|(markup, ..)| *markup)
    }
}

/// The links to images in `text`, by where they begin. One may lie within another: an `<img>`
/// links each file of its `srcset`, too.
pub fn links(markup: Markup, text: &str) -> Vec<ImageLink> {
    let mut links = match markup {
        Markup::Markdown => markdown::links(text),
        Markup::Html => html::links(text),
        Markup::Component => html::links_with_expressions(text),
        Markup::Css => css::links(text),
        Markup::Jsx => jsx::links(text),
        Markup::Rst => rst::links(text),
        Markup::AsciiDoc => asciidoc::links(text),
        Markup::Latex => latex::links(text),
        Markup::Typst => typst::links(text),
        Markup::Org => org::links(text),
        Markup::Rust => comments::links(text, comments::Strings::Rust),
        Markup::Commented => comments::links(text, comments::Strings::Lines),
    };
    links.sort_by_key(|link| link.range.start);
    for link in &mut links {
        link.document = markup;
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::links as judges;
    use proptest::prelude::*;

    /// Each image as its whole text, target and alternative text.
    pub(super) fn check_links(links: &[ImageLink], text: &str, expected: &[(&str, &str, Alt)]) {
        let found: Vec<_> = links
            .iter()
            .map(|link| (&text[link.range.clone()], &*link.target, link.alt.clone()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn the_markup_is_known_by_language_or_by_path() {
        for (id, path, expected) in [
            ("markdown", None, Some(Markup::Markdown)),
            ("MDX", None, Some(Markup::Markdown)),
            ("quarto", Some("a.qmd"), Some(Markup::Markdown)),
            ("", Some("docs/README.MD"), Some(Markup::Markdown)),
            ("vimwiki", Some("a.md"), Some(Markup::Markdown)),
            ("rust", Some("a.rs"), Some(Markup::Rust)),
            ("", Some("a.PY"), None),
            ("plaintext", None, None),
        ] {
            assert_eq!(
                Markup::from_language(id, path.map(Path::new)),
                expected,
                "{id} {path:?}"
            );
        }
    }

    #[test]
    fn a_link_is_named_by_its_file_or_its_data() {
        for (target, expected) in [
            ("a.png", "a.png"),
            ("../a/b%20c.png?d/e#f/g", "b%20c.png"),
            ("a\\b.png", "b.png"),
            ("https://x.example/a/?b", "a"),
            ("", "image"),
            ("data:image/png;base64,AA/BB", "data:image/png"),
            ("DATA:,a", "DATA:"),
            ("a\u{7}b\u{202e}c", "abc"),
        ] {
            let link = links(Markup::Markdown, &format!("![](<{target}>)")).remove(0);
            assert_eq!(link.file_name(), expected);
        }
    }

    #[test]
    fn what_only_begins_takes_no_longer_than_its_length() {
        for (markup, begin) in [
            (Markup::Component, "{"),
            (Markup::Org, "[["),
            (Markup::Org, "[[a]["),
            (Markup::Org, "[[./a.png]]="),
            (Markup::AsciiDoc, "image:"),
            (Markup::AsciiDoc, "image:a["),
            (Markup::AsciiDoc, "image::a[b,"),
            (Markup::Latex, "\\includegraphics["),
            (Markup::Latex, "\\includegraphics{"),
            (Markup::Latex, "\\begin{"),
            (Markup::Rst, ".. image:: a\n   "),
            (Markup::Typst, "#image("),
            (Markup::Css, "url("),
            (Markup::Css, "url('"),
        ] {
            let time = |length: usize| {
                let text = begin.repeat(length / begin.len());
                let began = std::time::Instant::now();
                links(markup, &text);
                began.elapsed()
            };
            // Four times as long; by the square of the length it would be sixteen times. On a busy
            // machine a time may say nothing, so that it is taken again.
            let is_linear = || {
                let (short, long) = (time(20_000), time(80_000));
                long < short * 10 + std::time::Duration::from_millis(500)
            };
            assert!((0..5).any(|_| is_linear()), "{begin}");
        }
    }

    proptest! {
        /// Half-typed documents are the rule in an editor.
        #[test]
        fn whatever_the_text_ranges_lie_in_it(
            parts in proptest::collection::vec(proptest::sample::select(PARTS), 0..24),
        ) {
            let text = parts.concat();
            for (markup, ..) in LANGUAGES {
                judges::lie_in_the_text(markup, &text, "a [b] \"c\" {d}");
            }
        }
    }

    /// What the markups are made of.
    const PARTS: &[&str] = &[
        "a",
        "é",
        " ",
        " ",
        "\n",
        "\r\n",
        "   ",
        "\t",
        "\\",
        "\"",
        "'",
        "`",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "<",
        ">",
        "=",
        ":",
        "#",
        "%",
        "*",
        "/",
        "//",
        "///",
        "/**",
        "*/",
        "-",
        "|",
        "!",
        ",",
        "![a](b.png)",
        "![",
        "](",
        "<img",
        " src=\"a.png\"",
        " alt=",
        "/>",
        "<!--",
        "-->",
        "<style>",
        "url(a.png)",
        "const a = <p>",
        "</p>",
        ".. image::",
        " a.png",
        ":alt:",
        "::",
        "image::a.png[",
        "image:",
        "\\includegraphics",
        "[alt={",
        "#image(\"a.png\"",
        "alt: \"",
        "[[file:a.png]]",
        "#+ATTR_HTML:",
        "#+BEGIN_SRC",
        "----",
    ];
}
