//! Defanged Markdown, as a renderer of its own sees it.

use gloss::answer::{Defanger, cut_at_word, defanged, escaped, first_sentence};
use gloss::text::is_hidden;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use url::Url;

/// The input is a text in the pieces it streams in.
pub fn judge(input: &[u8]) {
    let pieces: Vec<_> = super::parts(input)
        .into_iter()
        .map(String::from_utf8_lossy)
        .collect();
    let text = pieces.concat();
    shows_nothing_that_bites(&text);
    does_not_depend_on_the_cut(&text, pieces.iter().map(AsRef::as_ref));
    shows_just_the_words(&text);
    assert!(first_sentence(&text).chars().count() <= 160);
    assert!(cut_at_word(&text, 40).chars().count() <= 40);
}

/// Neither HTML, nor images, nor links to anything but the web or to another host than they show.
pub fn shows_nothing_that_bites(text: &str) {
    let safe = defanged(text);
    assert!(safe.len() < 70_000, "{} bytes", safe.len());
    let hidden = safe
        .chars()
        .find(|sign| is_hidden(*sign) && !matches!(sign, '\t' | '\n'));
    assert_eq!(hidden, None, "{safe:?}");
    let gfm = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH;
    for options in [gfm, Options::empty()] {
        let mut link = None;
        let mut bare = String::new();
        let mut in_block = false;
        for event in Parser::new_ext(&safe, options) {
            match &event {
                Event::Start(Tag::CodeBlock(_)) => in_block = true,
                Event::End(TagEnd::CodeBlock) => in_block = false,
                Event::Text(words) if !in_block => bare.push_str(words),
                // An address that begins in it is code.
                Event::Code(words) => bare.extend(["`", &words.replace("://", " "), "`"]),
                Event::Start(Tag::Emphasis | Tag::Strong) => bare.push('*'),
                Event::End(TagEnd::Emphasis | TagEnd::Strong) => bare.push('*'),
                Event::Text(_) => {}
                _ => bare.push('\n'),
            }
            match event {
                Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) => {
                    panic!("{event:?} in {safe:?} of {text:?}");
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let scheme = dest_url.split("://").next().unwrap_or_default();
                    assert!(
                        ["http", "https"].contains(&&*scheme.to_ascii_lowercase()),
                        "{dest_url} in {safe:?} of {text:?}"
                    );
                    link = Some((dest_url, String::new()));
                }
                Event::Text(words) | Event::Code(words) => {
                    if let Some((_, shown)) = &mut link {
                        shown.push_str(&words);
                    }
                }
                Event::End(TagEnd::Link) => {
                    if let Some((to, shown)) = link.take() {
                        shows_its_host(&to, &shown);
                    }
                }
                _ => {}
            }
        }
        has_no_name_before_a_host(&bare);
        // What stands behind it is no part of a code block that was left open.
        let followed = format!("{safe}\n\n# {BEHIND}\n");
        let mut in_code = false;
        let is_seen = Parser::new_ext(&followed, options).any(|event| {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_code = true,
                Event::End(TagEnd::CodeBlock) => in_code = false,
                _ => {}
            }
            !in_code && matches!(event, Event::Text(words) if *words == *BEHIND)
        });
        assert!(is_seen, "a code block is open in {safe:?} of {text:?}");
    }
}

const BEHIND: &str = "What stands behind";

/// A link whose words are an address, or hold what looks like a host's name, leads there.
fn shows_its_host(to: &str, shown: &str) {
    // Nobody reads a bracket as part of a name, as URLs allow.
    let no_name = |c: char| "()[]{}<>\"',;`".contains(c);
    let host = |address: &str| {
        let url = Url::parse(address).ok()?;
        let name = url.host_str()?.split(no_name).next()?;
        Some(name.trim_end_matches('&').to_owned())
    };
    let leads_to = host(to).unwrap_or_default();
    // What nobody sees: a soft hyphen, a space without width, joiners, variation selectors.
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}');
    let shown = shown.replace(unseen, "");
    for word in shown.split_whitespace().filter(|word| word.contains("://")) {
        let named = host(word);
        assert!(
            named.is_none_or(|named| named.eq_ignore_ascii_case(&leads_to)),
            "{shown:?} leads to {to}"
        );
    }
    for word in shown.split(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c))) {
        let word = word.trim_matches(['.', '-']);
        let is_name = [".com", ".org", ".ai"]
            .iter()
            .any(|top| word.ends_with(top));
        assert!(
            !is_name || word.eq_ignore_ascii_case(&leads_to),
            "{shown:?} leads to {to}"
        );
    }
}

/// What many renderers make a link of by themselves shows the host that it leads to.
fn has_no_name_before_a_host(text: &str) {
    let schemes = ["http", "https", "ftp"];
    let is_scheme = |before: &str| {
        let letters = before.rsplit(|c: char| !c.is_ascii_alphabetic()).next();
        letters.is_some_and(|it| schemes.contains(&&*it.to_ascii_lowercase()))
    };
    for (at, _) in text
        .match_indices("://")
        .filter(|(at, _)| is_scheme(&text[..*at]))
    {
        let ends = |c: char| c.is_whitespace() || "/?#<".contains(c);
        let authority = text[at + 3..].split(ends).next().unwrap_or_default();
        assert!(!authority.contains('@'), "{authority:?} in {text:?}");
    }
}

/// A stream's pieces, joined, are what the whole text gives.
pub fn does_not_depend_on_the_cut<'a>(text: &str, pieces: impl Iterator<Item = &'a str>) {
    let mut defanger = Defanger::default();
    let mut streamed: String = pieces.map(|piece| defanger.push(piece)).collect();
    streamed.push_str(&defanger.finish());
    assert_eq!(streamed, defanged(text), "of {text:?}");
}

/// A stranger's words in a line are shown as they are, whatever they would mean in Markdown.
fn shows_just_the_words(words: &str) {
    let line = format!("x{}x", escaped(words));
    let mut shown = String::new();
    for event in Parser::new(&line) {
        match event {
            Event::Text(words) => shown.push_str(&words),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            other => panic!("{other:?} in {line:?}"),
        }
    }
    let meant = gloss::text::visible(words).replace(['\n', '\r', '\t'], " ");
    assert_eq!(shown, format!("x{meant}x"));
}
