//! `FILE[:LINE[-LINE]]`: the part of a file that a command is about.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use ropey::Rope;

use super::arguments::WrongUsage;
use super::read;
use crate::document::Snapshot;
use crate::engine::{CodeJob, Place, Task};
use crate::syntax::Language;
use crate::text;

/// A file's text, and the bytes of it that were named.
#[derive(Debug)]
pub struct Named {
    /// `None` for standard input.
    pub path: Option<PathBuf>,
    pub text: String,
    pub job: CodeJob,
}

/// Reads what a place names.
///
/// # Errors
/// When there is no such file or line, or the file is no text.
pub fn read(place: &OsStr, language: Option<&str>) -> anyhow::Result<Named> {
    if place == "-" {
        let text = read::text(std::io::stdin().lock(), "standard input")?;
        let folder = std::env::current_dir()?;
        let place = Place {
            path: None,
            ..Place::of(&folder.join("standard input"), &[])
        };
        let job = job(&text, place, language.unwrap_or_default(), None);
        return Ok(Named {
            path: None,
            text,
            job: job?,
        });
    }
    let (path, lines) = split(place)?;
    let text = read::file(&path)?;
    let language_id = language.map_or_else(|| language_id(&path), str::to_owned);
    let job = job(&text, Place::of(&path, &[]), &language_id, lines)?;
    Ok(Named {
        path: Some(path),
        text,
        job,
    })
}

fn job(
    text: &str,
    place: Place,
    language_id: &str,
    lines: Option<Lines>,
) -> anyhow::Result<CodeJob> {
    let rope = Rope::from_str(text);
    let selection = match lines {
        None => 0..text.len(),
        Some(lines) => lines.bytes(&rope)?,
    };
    let snapshot = Snapshot {
        uri: Arc::from(""),
        language_id: Arc::from(language_id),
        language: Language::from_id(language_id),
        version: 0,
        text: rope,
        // What stands in a file came with it, whoever wrote it.
        typed: Arc::default(),
    };
    Ok(CodeJob {
        // Whoever types the command wants it done.
        again: true,
        ..CodeJob::new(Task::Explain, snapshot, selection, place)
    })
}

/// Lines counted from 1; one alone is a cursor at its first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lines {
    first: usize,
    last: Option<usize>,
}

impl Lines {
    /// `12` or `12-40`.
    fn parse(text: &str) -> Result<Self, WrongUsage> {
        let (first, last) = match text.split_once('-') {
            Some((first, last)) => (first.parse(), Some(last.parse())),
            None => (text.parse(), None),
        };
        match (first, last.transpose()) {
            (Ok(first), Ok(last)) if first > 0 && last.is_none_or(|last| last >= first) => {
                Ok(Self { first, last })
            }
            _ => Err(WrongUsage(format!(
                "`{text}` names no lines: write 12 or 12-40, counted from 1"
            ))),
        }
    }

    fn bytes(self, text: &Rope) -> anyhow::Result<Range<usize>> {
        // After the last line's end there is no line that anybody counts.
        let count = match text.len_lines() {
            lines if lines > 1 && text::line_range(text, lines - 1).is_empty() => lines - 1,
            lines => lines,
        };
        let last = self.last.unwrap_or(self.first);
        if last > count {
            let there = match count {
                1 => "there is line 1 only".into(),
                _ => format!("there are lines 1 to {count}"),
            };
            bail!("{there}, not {self}");
        }
        let first = text::line_range(text, self.first - 1);
        if self.last.is_some() {
            return Ok(first.start..text::line_range(text, last - 1).end);
        }
        let blank: usize = text
            .byte_slice(first.clone())
            .chars()
            .take_while(|c| c.is_whitespace())
            .map(char::len_utf8)
            .sum();
        Ok(first.start + blank..first.start + blank)
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.first)?;
        self.last.map_or(Ok(()), |last| write!(f, "-{last}"))
    }
}

/// A file whose name itself ends like a place is taken as the file that it is. Of
/// `FILE:LINE:COLUMN`, as compilers print it, the line counts.
fn split(place: &OsStr) -> Result<(PathBuf, Option<Lines>), WrongUsage> {
    let whole = Path::new(place);
    let Some((path, lines)) = last_part(place).filter(|_| !whole.exists()) else {
        return Ok((whole.to_path_buf(), None));
    };
    if !lines.contains('-')
        && !Path::new(&path).exists()
        && let Some((path, line)) = last_part(&path).filter(|(_, line)| !line.contains('-'))
    {
        return Ok((path.into(), Some(Lines::parse(&line)?)));
    }
    Ok((path.into(), Some(Lines::parse(&lines)?)))
}

/// What stands before and after the last colon, where that can be meant as lines.
fn last_part(place: &OsStr) -> Option<(OsString, String)> {
    let bytes = place.as_encoded_bytes();
    let colon = bytes.iter().rposition(|byte| *byte == b':')?;
    let lines = std::str::from_utf8(bytes.get(colon + 1..)?).ok()?;
    let is_meant = lines.contains(|c: char| c.is_ascii_digit())
        && lines.chars().all(|c| c.is_ascii_digit() || c == '-');
    Some((before(place, colon)?, lines.to_owned())).filter(|_| is_meant && colon > 0)
}

#[cfg(unix)]
fn before(place: &OsStr, end: usize) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    Some(OsStr::from_bytes(place.as_bytes().get(..end)?).to_os_string())
}

/// Names that are no Unicode cannot be cut here.
#[cfg(not(unix))]
fn before(place: &OsStr, end: usize) -> Option<OsString> {
    Some(place.to_str()?.get(..end)?.into())
}

/// The editor's name for a file's language; its extension where there is none.
pub fn language_id(path: &Path) -> String {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match Language::from_path(path) {
        Some(language) => language.fence().to_owned(),
        None if matches!(extension, "md" | "markdown") => "markdown".into(),
        None => extension.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_lines() {
        let check = |place: &str, path: &str, lines: Option<(usize, Option<usize>)>| {
            let lines = lines.map(|(first, last)| Lines { first, last });
            assert_eq!(
                split(OsStr::new(place)).unwrap(),
                (PathBuf::from(path), lines),
                "{place}"
            );
        };
        check("a.rs", "a.rs", None);
        check("a.rs:12", "a.rs", Some((12, None)));
        check("a.rs:12-40", "a.rs", Some((12, Some(40))));
        check("C:/x/a.rs", "C:/x/a.rs", None);
        check("C:/x/a.rs:3", "C:/x/a.rs", Some((3, None)));
        check("a.rs:12:5", "a.rs", Some((12, None)));
        check("a.rs:", "a.rs:", None);
        check("a.rs:-", "a.rs:-", None);
        check(":1", ":1", None);
        for lines in [
            "1-",
            "-1",
            "0",
            "0-3",
            "3-2",
            "1-2-3",
            "0:5",
            "99999999999999999999",
        ] {
            let error = split(OsStr::new(&format!("a.rs:{lines}"))).unwrap_err();
            assert!(error.0.contains("write 12 or 12-40"), "{lines}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_name_need_not_be_unicode() {
        use std::os::unix::ffi::OsStrExt as _;
        let (path, lines) = split(OsStr::from_bytes(b"\xff.rs:3")).unwrap();
        assert_eq!(path.as_os_str().as_bytes(), b"\xff.rs");
        assert_eq!(
            lines,
            Some(Lines {
                first: 3,
                last: None
            })
        );
    }

    #[test]
    fn lines_are_bytes_and_out_of_range_is_said() {
        let text = Rope::from_str("a\n  bc\r\nd\n");
        let bytes = |first, last| {
            Lines { first, last }
                .bytes(&text)
                .map_err(|error| error.to_string())
        };
        assert_eq!(bytes(2, None), Ok(4..4));
        assert_eq!(bytes(1, Some(2)), Ok(0..6));
        assert_eq!(bytes(4, None), Err("there are lines 1 to 3, not 4".into()));
        assert_eq!(
            bytes(3, Some(9)),
            Err("there are lines 1 to 3, not 3-9".into())
        );
        for one in ["", "a", "a\n"] {
            let line = |first| Lines { first, last: None }.bytes(&Rope::from_str(one));
            assert!(line(1).is_ok(), "{one:?}");
            assert!(line(2).unwrap_err().to_string().contains("line 1 only"));
        }
    }
}
