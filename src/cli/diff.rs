//! A change as a unified diff: bytes for `git apply` and `patch -p1`, colours and marks for a person.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use super::output;
use crate::engine::Place;
use crate::text;

/// The path from the workspace as the disk has it, Unicode or not.
pub fn name_of(place: &Place) -> PathBuf {
    let path = place.path.as_deref();
    path.and_then(|path| path.strip_prefix(&place.workspace).ok())
        .unwrap_or(Path::new(&place.shown))
        .to_path_buf()
}

/// Prints the change of the file at `name`, a path from where the diff is applied.
pub fn print(name: &Path, old: &str, new: &str) -> io::Result<()> {
    let lines = lines(&bytes_of(name), old, new);
    if io::stdout().is_terminal() {
        let mut out = output::styled();
        out.write_all(for_people(&lines).as_bytes())?;
        out.flush()
    } else {
        let mut out = output::plain();
        for line in &lines {
            out.write_all(line.text.as_bytes())?;
        }
        out.flush()
    }
}

/// A line of a diff, with its end.
#[derive(Debug)]
struct Line {
    kind: Kind,
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Name,
    Hunk,
    Same,
    Gone,
    Came,
}

fn lines(name: &[u8], old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (
        old.split_inclusive('\n').collect(),
        new.split_inclusive('\n').collect(),
    );
    let diff = TextDiff::configure().diff_slices(&old, &new);
    let mut lines = vec![head("---", b"a/", name), head("+++", b"b/", name)];
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        lines.push(Line {
            kind: Kind::Hunk,
            text: format!("{}\n", hunk.header()),
        });
        for change in hunk.iter_changes() {
            let (kind, sign) = match change.tag() {
                ChangeTag::Equal => (Kind::Same, ' '),
                ChangeTag::Delete => (Kind::Gone, '-'),
                ChangeTag::Insert => (Kind::Came, '+'),
            };
            let line = change.value();
            let end = if line.ends_with('\n') {
                ""
            } else {
                "\n\\ No newline at end of file\n"
            };
            lines.push(Line {
                kind,
                text: format!("{sign}{line}{end}"),
            });
        }
    }
    lines
}

fn head(sign: &str, side: &[u8], name: &[u8]) -> Line {
    let name = quoted(&[side, name].concat());
    // As git does it: without the tab, `patch` takes a name to end at its first space.
    let end = if name.contains(' ') { "\t" } else { "" };
    Line {
        kind: Kind::Name,
        text: format!("{sign} {name}{end}\n"),
    }
}

/// A name by git's rules: in quotes, with C's escapes, where it holds what would break the line.
fn quoted(name: &[u8]) -> String {
    let mut text = String::new();
    let mut is_plain = true;
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                c if text::is_hidden(c) => text.push_str(&octal(c.to_string().as_bytes())),
                c => {
                    text.push(c);
                    continue;
                }
            }
            is_plain = false;
        }
        is_plain &= chunk.invalid().is_empty();
        text.push_str(&octal(chunk.invalid()));
    }
    if is_plain {
        text
    } else {
        format!("\"{text}\"")
    }
}

fn octal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:03o}")).collect()
}

/// A path with `/` between its parts.
fn bytes_of(path: &Path) -> Vec<u8> {
    let parts = path
        .components()
        .map(|part| part.as_os_str().as_encoded_bytes());
    parts.collect::<Vec<_>>().join(&b'/')
}

fn for_people(lines: &[Line]) -> String {
    let mut shown = String::new();
    for line in lines {
        let style = match line.kind {
            Kind::Name | Kind::Same => Style::new(),
            Kind::Hunk => AnsiColor::Cyan.on_default(),
            Kind::Gone => AnsiColor::Red.on_default(),
            Kind::Came => AnsiColor::Green.on_default(),
        };
        let text = text::visible_lines(&line.text);
        let (body, end) = text.split_at(text.trim_end_matches(['\r', '\n']).len());
        shown.push_str(&format!("{style}{body}{style:#}{end}"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(name: &[u8], old: &str, new: &str) -> String {
        lines(name, old, new)
            .into_iter()
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn a_diff_has_its_lines_as_they_are() {
        let check = |old, new, hunk: &str| {
            let expected = format!("--- a/f\n+++ b/f\n{hunk}");
            assert_eq!(diff(b"f", old, new), expected);
        };
        check("a\nb\n", "a\nc\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        check(
            "x = \"\u{1b}[32m\"",
            "y",
            "@@ -1 +1 @@\n-x = \"\u{1b}[32m\"\n\\ No newline at end of file\n+y\n\\ No newline at end of file\n",
        );
        // A lone CR ends no line of a diff, and not the file either.
        check(
            "a\rb\r\nc\r",
            "a\rB\r\nc\r",
            "@@ -1,2 +1,2 @@\n-a\rb\r\n+a\rB\r\n c\r\n\\ No newline at end of file\n",
        );
    }

    #[test]
    fn names_are_quoted_as_git_does() {
        let check = |name: &[u8], expected: &str| {
            let text = diff(name, "a\n", "b\n");
            assert_eq!(text.lines().next().unwrap(), format!("--- {expected}"));
        };
        check(b"src/a.rs", "a/src/a.rs");
        check("ä語.rs".as_bytes(), "a/ä語.rs");
        check(b"a b.rs", "a/a b.rs\t");
        check(b"a\nb\x1b\"\\\t.rs", r#""a/a\nb\033\"\\\t.rs""#);
        check(b"a b\r", "\"a/a b\\r\"\t");
        check(b"\xff", r#""a/\377""#);
        check("\u{202e}".as_bytes(), r#""a/\342\200\256""#);
    }

    #[test]
    fn on_a_terminal_nothing_steers_it() {
        let shown = for_people(&lines(b"f", "\u{1b}]0;x\u{7}\r\n", "b\r\n"));
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert!(
            plain.ends_with("@@ -1 +1 @@\n-⟨U+001B⟩]0;x⟨U+0007⟩\r\n+b\r\n"),
            "{plain:?}"
        );
        assert!(shown.contains("\u{1b}[31m-"), "{shown:?}");
    }
}
