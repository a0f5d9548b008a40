//! Words as a comment in the code: in the language's syntax, indented, within a width, and unable to end it.

use unicode_width::UnicodeWidthStr as _;

use crate::syntax::Language;
use crate::text;

/// The widest line, in columns, with its indentation.
const WIDTH: usize = 80;
/// However deep the code stands, words get so much.
const LEAST: usize = 40;

/// What a comment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It stands above a symbol and documents it.
    Documents,
    /// It stands inside a symbol, first in its body, and documents it: Python's docstring.
    DocumentsFromWithin,
    /// It is about a few lines.
    Remarks,
}

/// How a comment is written.
#[derive(Clone, Copy)]
enum Style {
    /// Each line after this mark.
    Lines(&'static str),
    /// `/**`, lines after ` * `, ` */`.
    Stars(&'static str),
    /// Lines between two marks.
    Between(&'static str, &'static str),
    /// C#'s `/// <summary>`.
    Summary,
    Docstring,
}

fn style(language: Language, purpose: Purpose) -> Option<Style> {
    let documents = purpose != Purpose::Remarks;
    Some(match language {
        Language::Rust if documents => Style::Lines("///"),
        Language::Rust | Language::Go => Style::Lines("//"),
        Language::CSharp if documents => Style::Summary,
        Language::CSharp => Style::Lines("//"),
        Language::C
        | Language::Cpp
        | Language::Java
        | Language::JavaScript
        | Language::TypeScript
        | Language::Tsx
        | Language::Php => Style::Stars(if documents { "/**" } else { "/*" }),
        Language::Css => Style::Stars("/*"),
        Language::Python if purpose == Purpose::DocumentsFromWithin => Style::Docstring,
        Language::Python | Language::Ruby | Language::Bash | Language::Toml | Language::Yaml => {
            Style::Lines("#")
        }
        Language::Lua => Style::Lines(if documents { "---" } else { "--" }),
        Language::Html => Style::Between("<!--", "-->"),
        Language::Json => return None,
    })
}

/// The mark that each line of such a comment begins with, where it has no other.
pub fn line_mark(language: Language, purpose: Purpose) -> Option<&'static str> {
    match style(language, purpose)? {
        Style::Lines(mark) => Some(mark),
        _ => None,
    }
}

/// Markdown as a comment whose lines are all indented and end in `\n`; `None` where the language
/// has no comments.
pub fn comment(
    language: Language,
    purpose: Purpose,
    markdown: &str,
    indentation: &str,
) -> Option<String> {
    let style = style(language, purpose)?;
    let (mark, text) = match style {
        Style::Lines(mark) => (format!("{mark} "), plain(language, markdown)),
        Style::Stars(_) => (
            " * ".to_owned(),
            plain(language, markdown).replace("*/", "*\\/"),
        ),
        Style::Between(..) => (
            String::new(),
            plain(language, markdown).replace("--", "- -"),
        ),
        Style::Summary => ("/// ".to_owned(), in_xml(&plain(language, markdown))),
        Style::Docstring => (
            String::new(),
            plain(language, markdown)
                .replace('\\', "\\\\")
                .replace('"', "\\\""),
        ),
    };
    let taken = indentation.width() + mark.len();
    let lines = wrapped(&text, WIDTH.saturating_sub(taken).max(LEAST));
    let marked = lines.iter().map(|line| format!("{mark}{line}"));
    let mut all: Vec<String> = match style {
        Style::Lines(_) => marked.collect(),
        Style::Stars(open) => around(open, marked, " */"),
        Style::Between(open, close) => around(open, marked, close),
        Style::Summary => around("/// <summary>", marked, "/// </summary>"),
        Style::Docstring => docstring(lines),
    };
    for line in &mut all {
        *line = format!("{indentation}{line}").trim_end().to_owned() + "\n";
    }
    Some(all.concat())
}

fn around(open: &str, lines: impl Iterator<Item = String>, close: &str) -> Vec<String> {
    let ends = |mark: &str| std::iter::once(mark.to_owned());
    ends(open).chain(lines).chain(ends(close)).collect()
}

fn docstring(mut lines: Vec<String>) -> Vec<String> {
    let is_one = lines.len() == 1;
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, "\"\"\"");
        if is_one {
            first.push_str("\"\"\"");
        }
    }
    if !is_one {
        lines.push("\"\"\"".into());
    }
    lines
}

/// What was written for a renderer, for a reader of this language; on every line what can stand
/// in one.
fn plain(language: Language, markdown: &str) -> String {
    // These render HTML or Markdown.
    let is_rendered = matches!(
        language,
        Language::Rust
            | Language::Java
            | Language::JavaScript
            | Language::TypeScript
            | Language::Tsx
            | Language::Php
            | Language::Html
    );
    let text = if is_rendered {
        markdown.to_owned()
    } else {
        unescaped(markdown)
    };
    let lines = text.lines().map(|line| {
        let line: String = line
            .chars()
            .filter(|c| !text::is_hidden(*c))
            .map(|c| if ends_a_line(c) { ' ' } else { c })
            .collect();
        // It would be taken for an instruction of the person's.
        if line.trim_start().to_lowercase().starts_with("gloss:") {
            format!("> {line}")
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// What some language takes for the end of a comment of one line.
fn ends_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn in_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The lines of a Markdown text, none wider than `width` where a space lets it be broken. Code
/// stays as it is, and what belongs to an item of a list stays under it.
fn wrapped(markdown: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_code = false;
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        is_code ^= is_fence;
        if is_code || is_fence || line.width() <= width {
            lines.push(line.trim_end().to_owned());
        } else {
            wrap(line, width, &mut lines);
        }
    }
    lines
}

fn wrap(line: &str, width: usize, lines: &mut Vec<String>) {
    let hanging = " ".repeat(hang(line));
    let (lead, words) = line.split_at(line.len() - line.trim_start().len());
    let mut current = lead.to_owned();
    let mut is_fresh = true;
    for word in words.split_whitespace() {
        if !is_fresh && current.width() + 1 + word.width() > width {
            lines.push(std::mem::replace(&mut current, hanging.clone()));
            is_fresh = true;
        }
        if !is_fresh {
            current.push(' ');
        }
        current.push_str(word);
        is_fresh = false;
    }
    lines.push(current);
}

/// How far the text of a list's item is indented.
fn hang(line: &str) -> usize {
    let text = line.trim_start();
    let lead = line.len() - text.len();
    let mark = text.split(' ').next().unwrap_or_default();
    let number = mark.strip_suffix(['.', ')']).unwrap_or_default();
    let is_item = matches!(mark, "-" | "*" | "+")
        || !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    lead + if is_item { mark.len() + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Purpose::{Documents, DocumentsFromWithin, Remarks};

    #[test]
    fn each_language_has_its_own_comments() {
        let check = |language, purpose, expected: &str| {
            let found = comment(
                language,
                purpose,
                "Doubles `n`.\n\nIt may &lt;overflow.",
                "  ",
            );
            assert_eq!(found.as_deref(), Some(expected), "{language:?}");
        };
        check(
            Language::Rust,
            Documents,
            "  /// Doubles `n`.\n  ///\n  /// It may &lt;overflow.\n",
        );
        check(
            Language::Rust,
            Remarks,
            "  // Doubles `n`.\n  //\n  // It may &lt;overflow.\n",
        );
        check(
            Language::Go,
            Documents,
            "  // Doubles `n`.\n  //\n  // It may <overflow.\n",
        );
        check(
            Language::Java,
            Documents,
            "  /**\n   * Doubles `n`.\n   *\n   * It may &lt;overflow.\n   */\n",
        );
        check(
            Language::C,
            Remarks,
            "  /*\n   * Doubles `n`.\n   *\n   * It may <overflow.\n   */\n",
        );
        check(
            Language::CSharp,
            Documents,
            "  /// <summary>\n  /// Doubles `n`.\n  ///\n  /// It may &lt;overflow.\n  /// </summary>\n",
        );
        check(
            Language::Python,
            DocumentsFromWithin,
            "  \"\"\"Doubles `n`.\n\n  It may <overflow.\n  \"\"\"\n",
        );
        check(
            Language::Python,
            Documents,
            "  # Doubles `n`.\n  #\n  # It may <overflow.\n",
        );
        check(
            Language::Lua,
            Documents,
            "  --- Doubles `n`.\n  ---\n  --- It may <overflow.\n",
        );
        check(
            Language::Html,
            Remarks,
            "  <!--\n  Doubles `n`.\n\n  It may &lt;overflow.\n  -->\n",
        );
        assert_eq!(comment(Language::Json, Remarks, "a", ""), None);
        let one = comment(Language::Python, DocumentsFromWithin, "A \"b\\\".", "");
        assert_eq!(one.as_deref(), Some("\"\"\"A \\\"b\\\\\\\".\"\"\"\n"));
    }

    #[test]
    fn words_are_wrapped_under_their_item_and_code_is_not() {
        let words = "word ".repeat(20);
        let markdown = format!("- {words}\n\n```\n{}\n```", "x ".repeat(60).trim());
        let found = comment(Language::Rust, Documents, &markdown, "    ").unwrap();
        let lines: Vec<_> = found.lines().collect();
        assert!(lines[0].starts_with("    /// - word"));
        assert!(lines[1].starts_with("    ///   word"));
        assert!(lines[..2].iter().all(|line| line.len() <= WIDTH));
        assert_eq!(lines[4].len(), "    /// ".len() + 119);
    }

    proptest! {
        /// Whatever a model says, the code behind its comment is the code that was there.
        #[test]
        fn nothing_that_is_said_ends_its_comment(
            said in "([a-z ]{0,30}|\\*/|-->|\"\"\"|\\\\|'''|\\?>|\u{2028}|\r|\n|\n\n|```|=end|\\]\\]|</summary>|gloss: do it){0,25}",
            at in 0..8_usize,
        ) {
            let (language, purpose, before, after) = [
                (Language::Rust, Documents, "", "fn after() {}\n"),
                (Language::Java, Documents, "class A {\n", "void after() {}\n}\n"),
                (Language::JavaScript, Remarks, "", "function after() {}\n"),
                (Language::C, Documents, "", "void after(void) {}\n"),
                (Language::CSharp, Documents, "class A {\n", "void after() {}\n}\n"),
                (Language::Python, Documents, "", "def after():\n    pass\n"),
                (Language::Ruby, Documents, "", "def after\nend\n"),
                (Language::Lua, Documents, "", "function after() end\n"),
            ][at];
            prop_assume!(!said.trim().is_empty());
            let made = comment(language, purpose, &said, "").unwrap();
            let text = format!("{before}{made}{after}");
            let rope = ropey::Rope::from_str(&text);
            let syntax = crate::syntax::Syntax::parse(language, &rope).unwrap();
            prop_assert_eq!(syntax.errors_in(0..text.len()), 0, "{}", text);
            let names: Vec<_> = syntax.symbols().iter().map(|symbol| symbol.name.as_str()).collect();
            prop_assert_eq!(names.last(), Some(&"after"), "{}", text);
        }

        #[test]
        fn a_docstring_is_one_string(said in "([a-z ]{0,30}|\"\"\"|\"|\\\\|'''|\n|```){1,25}") {
            prop_assume!(!said.trim().is_empty());
            let made = comment(Language::Python, DocumentsFromWithin, &said, "    ").unwrap();
            let text = format!("def a():\n{made}    return 1\n");
            let rope = ropey::Rope::from_str(&text);
            let syntax = crate::syntax::Syntax::parse(Language::Python, &rope).unwrap();
            prop_assert_eq!(syntax.errors_in(0..text.len()), 0, "{}", text);
        }
    }
}
