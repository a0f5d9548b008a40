//! The language that a document says it is written in, or an element of it.

use std::sync::{Arc, LazyLock};

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use regex::Regex;

use super::{Markup, links};

/// How far into a document it is looked for, in bytes: it stands at the top.
const WITHIN: usize = 64 * 1024;

/// The languages that a document names as its own, as it names them: `de`, `pt-BR`, `ngerman`. Only
/// what looks like the name of a language counts, for the document is a stranger's.
#[derive(Debug, Default)]
pub struct Languages {
    of_document: Option<String>,
    /// From which offset on elements say another than before, ascending; `None` where none says one.
    of_elements: Vec<(usize, Option<Arc<str>>)>,
}

impl Languages {
    /// Those of `text`.
    pub fn of(markup: Markup, text: &str) -> Self {
        let top = crate::text::up_to_line_end(text, WITHIN);
        let of_document = match markup {
            Markup::Markdown | Markup::Html | Markup::Component | Markup::Jsx => front_matter(top),
            Markup::AsciiDoc => first(&ASCIIDOC, top),
            Markup::Latex => first(&POLYGLOSSIA, top).or_else(|| babel(top)),
            Markup::Typst => first(&TYPST, top),
            Markup::Org => first(&ORG, top),
            Markup::Rst | Markup::Css | Markup::Rust | Markup::Commented => None,
        };
        let of_elements = match markup {
            // Code that shows a page says nothing of this one.
            Markup::Markdown => elements(&links::html_alone(text)),
            Markup::Html | Markup::Component | Markup::Jsx => elements(text),
            _ => Vec::new(),
        };
        Self {
            of_document: of_document.and_then(|it| named(&it)),
            of_elements,
        }
    }

    /// The language of what stands at an offset: of the innermost element around it that names one,
    /// else of the document.
    pub fn at(&self, offset: usize) -> Option<&str> {
        let next = self
            .of_elements
            .partition_point(|(from, _)| *from <= offset);
        let here = next.checked_sub(1).and_then(|at| self.of_elements.get(at));
        let of_element = here.and_then(|(_, language)| language.as_deref());
        of_element.or(self.of_document.as_deref())
    }
}

/// What looks like the name of a language, as BCP 47 would write it.
fn named(language: &str) -> Option<String> {
    let language = language.trim().replace('_', "-");
    matches(&LANGUAGE, &language).then_some(language)
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

/// The package babel, perhaps among others, with its options.
static BABEL: Pattern =
    pattern!(r"(?m)^[^%\n]*\\usepackage(?:\[([^\]]*)\])?\{(?:[^}]*,)?\s*babel\s*(?:,[^}]*)?\}");

/// The options of the class, which all packages see.
static CLASS: Pattern = pattern!(r"(?m)^[^%\n]*\\documentclass\[([^\]]*)\]");

/// What babel calls languages, <https://ctan.org/pkg/babel>: the options of a class hold much
/// else.
const OF_BABEL: &str = "
    acadian afrikaans albanian american arabic armenian australian austrian azerbaijani bahasa basque
    belarusian bosnian brazil brazilian breton british bulgarian canadian canadien catalan chinese
    croatian czech danish dutch english esperanto estonian farsi finnish francais french frenchb
    friulan galician georgian german germanb greek hebrew hindi hungarian icelandic indonesian
    interlingua irish italian japanese korean kurmanji latin latvian lithuanian lowersorbian
    macedonian magyar malay mexican mongolian naustrian newzealand ngerman norsk norwegian nswissgerman
    nynorsk occitan persian piedmontese polish polutonikogreek portuges portuguese romanian romansh
    russian samin scottish serbian slovak slovene slovenian spanish swedish swissgerman thai turkish
    UKenglish ukrainian uppersorbian USenglish vietnamese welsh
";

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

/// Elements that lie deeper than this are passed over, as browsers do.
const DEEPEST: usize = 512;

/// Elements that hold nothing: <https://html.spec.whatwg.org/#void-elements>.
const VOID: [&[u8]; 13] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta",
    b"source", b"track", b"wbr",
];

/// Elements that end where the next one of their name begins, among others.
const UNENDED: [&[u8]; 8] = [b"p", b"li", b"dt", b"dd", b"tr", b"td", b"th", b"option"];

/// From which offset on elements of `text` name another language than before.
fn elements(text: &str) -> Vec<(usize, Option<Arc<str>>)> {
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    // As a parser does: what stands in a script is no tag.
    emitter.naively_switch_states(true);
    let mut open: Vec<(Vec<u8>, Option<Arc<str>>)> = Vec::new();
    let mut from: Vec<(usize, Option<Arc<str>>)> = Vec::new();
    for token in Tokenizer::new_with_emitter(text, emitter) {
        let around = |open: &[(Vec<u8>, Option<Arc<str>>)]| {
            open.last().and_then(|(_, language)| language.clone())
        };
        let mut says = |offset: usize, language: Option<Arc<str>>| {
            if from.last().and_then(|(_, before)| before.as_deref()) != language.as_deref() {
                from.push((offset, language));
            }
        };
        match token {
            Ok(Token::StartTag(tag)) => {
                let name: &[u8] = &tag.name;
                let is_next = open.last().is_some_and(|(before, _)| before == name);
                if is_next && UNENDED.contains(&name) {
                    open.pop();
                }
                let outer = around(&open);
                let language = of_tag(&tag).or_else(|| outer.clone());
                says(tag.span.start, language.clone());
                if tag.self_closing || VOID.contains(&name) {
                    says(tag.span.end, outer);
                } else if open.len() < DEEPEST {
                    open.push((name.to_vec(), language));
                }
            }
            Ok(Token::EndTag(tag)) => {
                let name: &[u8] = &tag.name;
                if let Some(at) = open.iter().rposition(|(before, _)| before == name) {
                    open.truncate(at);
                    says(tag.span.end, around(&open));
                }
            }
            _ => {}
        }
    }
    from
}

/// The language that a tag says its element is in.
fn of_tag(tag: &StartTag<usize>) -> Option<Arc<str>> {
    // There it is a language for machines.
    if matches!(&**tag.name, b"template" | b"script" | b"style") {
        return None;
    }
    let names = [b"lang".as_slice(), b"xml:lang"];
    let value = names.iter().find_map(|name| tag.attributes.get(*name))?;
    named(&String::from_utf8_lossy(value)).map(Arc::from)
}

/// The last language that the package babel is given is the document's, else the last among the
/// options of the class: <https://ctan.org/pkg/babel>, 1.1.
fn babel(text: &str) -> Option<String> {
    let package = BABEL.as_ref()?.captures(text)?;
    let options = options(package.get(1).map_or("", |options| options.as_str()));
    let main = options
        .iter()
        .find_map(|option| option.strip_prefix("main="));
    let last = || {
        let mut options = options.iter().rev();
        options
            .find(|option| !option.contains('='))
            .map(String::as_str)
    };
    let named = main.map(str::trim).or_else(last).map(str::to_owned);
    named.or_else(|| of_class(text))
}

fn of_class(text: &str) -> Option<String> {
    let is_language = |option: &String| OF_BABEL.split_whitespace().any(|it| it == option);
    options(&first(&CLASS, text)?)
        .into_iter()
        .rfind(is_language)
}

/// The options in brackets, without the comments that may stand between them.
fn options(written: &str) -> Vec<String> {
    let lines = written.lines();
    let code = lines.map(|line| line.split('%').next().unwrap_or_default());
    let options = code.collect::<Vec<_>>().join(" ");
    let options = options.split(',').map(|option| option.trim().to_owned());
    options.filter(|option| !option.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_its_language_in_its_own_way() {
        /// What is said at the mark, or where there is none at the end.
        fn check(markup: Markup, text: &str, expected: Option<&str>) {
            let at = text.find('¶').unwrap_or(text.len());
            assert_eq!(Languages::of(markup, text).at(at), expected, "{text}");
        }
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
        markdown("---\nlang: Ignore what was said\n---\n", None);
        markdown("---\nlang: a\n---\n", None);
        markdown("<p lang=es>¶</p>\n", Some("es"));
        markdown("---\nlang: de\n---\n<p lang=es>a</p>\n", Some("de"));
        markdown("a <i lang=es>b ¶</i>", Some("es"));
        markdown("```html\n<html lang=\"en\">\n```\n\n`<b lang=en>` ¶", None);
        markdown("<div lang=fr>\n\n# A\n\n¶\n\n</div>\n", Some("fr"));
        let html = |text, expected| check(Markup::Html, text, expected);
        html(
            "<!doctype html><html LANG='it'><p lang=de>a</p>",
            Some("it"),
        );
        html("<html lang=it><p lang=de>¶", Some("de"));
        html("<html lang=it><p lang=de>a<p>¶", Some("it"));
        html("<html lang=it><ul><li lang=de>a</ul>¶", Some("it"));
        html("<html lang=it><br lang=de>¶</i>", Some("it"));
        html("<html lang=it><img lang=de ¶ src=a>", Some("de"));
        html("<html lang=it><p lang='{{ a }}'>¶", Some("it"));
        html("<!-- <p lang=de> --><script>'<p lang=de>'</script>¶", None);
        html("<template lang=\"pug\"><p lang=fi>¶", Some("fi"));
        html("<p xml:lang=nl>", Some("nl"));
        html("<html lang='{{ page.lang }}'>", None);
        check(
            Markup::Jsx,
            "a = <p lang=\"de\"><b lang=\"fr\"/>¶</p>",
            Some("de"),
        );
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
        let of_class = |options: &str, babel: &str, expected| {
            let text = format!("\\documentclass[{options}]{{scrartcl}}\n{babel}\n");
            check(Markup::Latex, &text, expected);
        };
        let babel = "\\usepackage{babel}";
        of_class("11pt,english,ngerman,twoside", babel, Some("ngerman"));
        of_class(
            "% A4\n  a4paper,\n  french, % b\n  draft\n",
            babel,
            Some("french"),
        );
        of_class("ngerman", "\\usepackage[english]{babel}", Some("english"));
        of_class(
            "ngerman",
            "\\usepackage[shorthands=off]{babel}",
            Some("ngerman"),
        );
        of_class("ngerman", "\\usepackage{csquotes, babel}", Some("ngerman"));
        of_class("ngerman", "% \\usepackage{babel}", None);
        of_class("a4paper,twoside", babel, None);
        latex("\\setmainlanguage[variant=swiss]{german}", Some("german"));
        check(Markup::Css, "a{}", None);
    }
}
