//! `FILE[:LINE[-LINE]]`: the part of a file that a command is about.

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use ropey::Rope;

use crate::document::Snapshot;
use crate::engine::{CodeJob, Place};
use crate::syntax::Language;
use crate::text;

/// Most that is read: more does not fit any model.
const LARGEST: u64 = 64 * 1024 * 1024;

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
pub fn read(place: &str, language: Option<&str>) -> anyhow::Result<Named> {
    if place == "-" {
        let bytes = bounded(std::io::stdin().lock(), "standard input")?;
        let text = utf8(bytes, "standard input")?;
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
    let file =
        std::fs::File::open(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    if !file.metadata()?.is_file() {
        bail!("{} is no file", path.display());
    }
    let text = utf8(
        bounded(file, &path.display().to_string())?,
        &path.display().to_string(),
    )?;
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
    Ok(CodeJob {
        snapshot: Snapshot {
            uri: Arc::from(""),
            language_id: Arc::from(language_id),
            language: Language::from_id(language_id),
            version: 0,
            text: rope,
        },
        selection,
        place,
        wish: None,
        history: Vec::new(),
    })
}

/// Lines counted from 1; one alone is a cursor at its first letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lines {
    first: usize,
    last: Option<usize>,
}

impl Lines {
    fn bytes(self, text: &Rope) -> anyhow::Result<Range<usize>> {
        let count = text.len_lines();
        let last = self.last.unwrap_or(self.first);
        if self.first == 0 || last < self.first || last > count {
            bail!("there are lines 1 to {count}, not {self}");
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

/// A file whose name itself ends like a place is taken as the file that it is.
fn split(place: &str) -> anyhow::Result<(PathBuf, Option<Lines>)> {
    let whole = Path::new(place);
    if whole.exists() {
        return Ok((whole.to_path_buf(), None));
    }
    match place.rsplit_once(':') {
        Some((path, lines))
            if !lines.is_empty() && lines.bytes().all(|b| b.is_ascii_digit() || b == b'-') =>
        {
            let number = |text: &str| {
                text.parse()
                    .with_context(|| format!("{lines} are no lines; write 12 or 12-40"))
            };
            let lines = match lines.split_once('-') {
                Some((first, last)) => Lines {
                    first: number(first)?,
                    last: Some(number(last)?),
                },
                None => Lines {
                    first: number(lines)?,
                    last: None,
                },
            };
            Ok((path.into(), Some(lines)))
        }
        _ => Ok((whole.to_path_buf(), None)),
    }
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

fn bounded(input: impl std::io::Read, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{name} is larger than 64 MiB");
    }
    Ok(bytes)
}

fn utf8(bytes: Vec<u8>, name: &str) -> anyhow::Result<String> {
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is no text, or not in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_lines() {
        let check = |place: &str, path: &str, lines: Option<(usize, Option<usize>)>| {
            let lines = lines.map(|(first, last)| Lines { first, last });
            assert_eq!(
                split(place).unwrap(),
                (PathBuf::from(path), lines),
                "{place}"
            );
        };
        check("a.rs", "a.rs", None);
        check("a.rs:12", "a.rs", Some((12, None)));
        check("a.rs:12-40", "a.rs", Some((12, Some(40))));
        check("C:/x/a.rs", "C:/x/a.rs", None);
        check("C:/x/a.rs:3", "C:/x/a.rs", Some((3, None)));
        assert!(split("a.rs:1-").is_err());
        assert!(split("a.rs:1-2-3").is_err());
        assert!(split("a.rs:99999999999999999999").is_err());
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
        assert_eq!(bytes(4, None), Ok(10..10));
        assert_eq!(bytes(5, None), Err("there are lines 1 to 4, not 5".into()));
        assert_eq!(bytes(0, None), Err("there are lines 1 to 4, not 0".into()));
        assert_eq!(
            bytes(3, Some(2)),
            Err("there are lines 1 to 4, not 3-2".into())
        );
    }
}
