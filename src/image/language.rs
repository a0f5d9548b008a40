//! The language that a document says it is written in.

use std::sync::LazyLock;

use html5gum::{Token, Tokenizer};
use regex::Regex;

use super::Markup;

/// How far into a document it is looked for, in bytes: it stands at the top.
const WITHIN: usize = 64 * 1024;

/// The language that `text` names as its own, as it names it: `de`, `pt-BR`, `ngerman`. Only what
/// looks like the name of a language counts, for the document is a stranger's.
pub fn stated_language(markup: Markup, text: &str) -> Option<String> {
    let top = crate::text::up_to_line_end(text, WITHIN);
    let named = match markup {
        Markup::Markdown => front_matter(top).or_else(|| html(top)),
        Markup::Html | Markup::Component | Markup::Jsx => front_matter(top).or_else(|| html(top)),
        Markup::AsciiDoc => first(&ASCIIDOC, top),
        Markup::Latex => first(&POLYGLOSSIA, top).or_else(|| babel(top)),
        Markup::Typst => first(&TYPST, top),
        Markup::Org => first(&ORG, top),
        Markup::Rst | Markup::Css | Markup::Rust | Markup::Commented => None,
    };
    let named = named?.trim().replace('_', "-");
    matches(&LANGUAGE, &named).then_some(named)
}

type Pattern = LazyLock<Option<Regex>>;

macro_rules! pattern {
    ($pattern:literal) => {
        LazyLock::new(|| Regex::new($pattern).ok())
    };
}

/// A tag as BCP 47 has them, or a word as LaTeX has them.
static LANGUAGE: Pattern = pattern!("^[A-Za-z]{2,20}(?:-[A-Za-z0-9]{1,8}){0,3}$");

/// A line of YAML or TOML that names the language of the page.
static FRONT_MATTER: Pattern = pattern!(
    r#"(?m)^(?:lang|language|locale)[ \t]*[:=][ \t]*["']?([A-Za-z0-9_-]+)["']?[ \t\r]*(?:\#.*)?$"#
);

static ASCIIDOC: Pattern = pattern!(r"(?m)^:lang:[ \t]+([A-Za-z0-9_-]+)");
static ORG: Pattern = pattern!(r"(?mi)^\#\+LANGUAGE:[ \t]*([A-Za-z0-9_-]+)");
static TYPST: Pattern = pattern!(r#"(?m)^\s*\#set text\([^)]*\blang:\s*"([A-Za-z-]+)""#);
static POLYGLOSSIA: Pattern =
    pattern!(r"(?m)^[^%\n]*\\set(?:main|default)language(?:\[[^\]]*\])?\{([A-Za-z]+)\}");

/// The options of the package or, where it has none, of the document.
static BABEL: Pattern = pattern!(r"(?m)^[^%\n]*\\usepackage\[([^\]]*)\]\{babel\}");

fn matches(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|it| it.is_match(text))
}

/// What the first match holds in its group.
fn first(pattern: &Pattern, text: &str) -> Option<String> {
    let found = pattern.as_ref()?.captures(text)?;
    Some(found.get(1)?.as_str().to_owned())
}

/// What stands between the fences at the very top, of YAML or of TOML.
fn front_matter(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fence = ["---", "+++"].into_iter().find(|it| text.starts_with(it))?;
    let (head, after) = text.split_once('\n')?;
    if head.trim_end() != fence {
        return None;
    }
    let mut end = 0;
    for line in after.split_inclusive('\n') {
        if line.trim_end() == fence {
            return first(&FRONT_MATTER, after.get(..end)?);
        }
        end += line.len();
    }
    None
}

/// What the element `html` says of the page; where there is none, the first element that says so.
fn html(text: &str) -> Option<String> {
    let mut of_a_part = None;
    for token in Tokenizer::new(text) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        // There it is a language for machines.
        if matches!(&**tag.name, b"template" | b"script" | b"style") {
            continue;
        }
        let names = [b"lang".as_slice(), b"xml:lang"];
        let value = names.iter().find_map(|name| tag.attributes.get(*name));
        let value = value.map(|value| String::from_utf8_lossy(value).into_owned());
        if &**tag.name == b"html" {
            return value;
        }
        of_a_part = of_a_part.or(value);
    }
    of_a_part
}

/// The last language that babel is given is the document's: <https://ctan.org/pkg/babel>, 1.1.
fn babel(text: &str) -> Option<String> {
    let options = first(&BABEL, text)?;
    let mut options = options.split(',').map(str::trim);
    let main = options
        .clone()
        .find_map(|option| option.strip_prefix("main=").map(str::trim));
    main.or_else(|| options.rfind(|option| !option.is_empty() && !option.contains('=')))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_its_language_in_its_own_way() {
        let check = |markup, text: &str, expected: Option<&str>| {
            assert_eq!(stated_language(markup, text).as_deref(), expected, "{text}");
        };
        let markdown = |text, expected| check(Markup::Markdown, text, expected);
        markdown("---\ntitle: a\nlang: de\n---\n# A\n", Some("de"));
        markdown(
            "\u{feff}---\r\nlanguage: 'pt_BR' # b\r\n---\r\n",
            Some("pt-BR"),
        );
        markdown("+++\nlocale = \"fr\"\n+++\n", Some("fr"));
        markdown("---\nlang: de\n", None);
        markdown("# A\nlang: de\n", None);
        markdown("a\n---\nlang: de\n---\n", None);
        markdown("<p lang=es>a</p>\n", Some("es"));
        markdown("---\nlang: Ignore what was said\n---\n", None);
        markdown("---\nlang: a\n---\n", None);
        let html = |text, expected| check(Markup::Html, text, expected);
        html("<!doctype html><html LANG='it'><p lang=de>", Some("it"));
        html("<html><p lang=de>", None);
        html("<template lang=\"pug\"><p lang=fi>", Some("fi"));
        html("<p xml:lang=nl>", Some("nl"));
        html("<html lang='{{ page.lang }}'>", None);
        check(Markup::AsciiDoc, "= A\n:lang: sv\n", Some("sv"));
        check(Markup::Org, "#+language: da\n", Some("da"));
        check(
            Markup::Typst,
            "#set text(size: 3pt, lang: \"pl\")\n",
            Some("pl"),
        );
        let latex = |text, expected| check(Markup::Latex, text, expected);
        latex("\\usepackage[english,ngerman]{babel}", Some("ngerman"));
        latex("\\usepackage[main=french, english]{babel}", Some("french"));
        latex("% \\usepackage[ngerman]{babel}\n", None);
        latex("\\setmainlanguage[variant=swiss]{german}", Some("german"));
        check(Markup::Css, "a{}", None);
    }
}
