//! A prompt that a person wrote, with placeholders: checked once, filled for each job.

use std::fmt;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// The marked range. Its text always stands at the end of the prompt, marked as data.
    Selection,
    /// The file's path from its workspace.
    File,
    /// The language as people write it.
    Language,
    /// The problems that the editor reports, marked as data.
    Diagnostics,
    /// What was said when the action was run.
    Instruction,
}

impl Placeholder {
    const ALL: [(&'static str, Self); 5] = [
        ("diagnostics", Self::Diagnostics),
        ("file", Self::File),
        ("instruction", Self::Instruction),
        ("language", Self::Language),
        ("selection", Self::Selection),
    ];

    fn named(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, placeholder)| *placeholder)
    }
}

/// A placeholder that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPlaceholder {
    name: String,
}

impl fmt::Display for UnknownPlaceholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name } = self;
        let nearest = Placeholder::ALL
            .iter()
            .map(|(known, _)| (strsim::damerau_levenshtein(name, known), known))
            .min()
            .filter(|(distance, _)| *distance <= 3);
        match nearest {
            Some((_, known)) => write!(
                f,
                "unknown placeholder {{{name}}}; did you mean {{{known}}}?"
            ),
            None => write!(
                f,
                "unknown placeholder {{{name}}}; there are {{selection}}, {{file}}, {{language}}, {{diagnostics}} and {{instruction}}, and {{{{{name}}}}} is plain text"
            ),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(Placeholder),
}

/// A prompt with placeholders such as `{file}`; `{{` and `}}` stand for braces. Braces round
/// anything but a small word are text, so that code may stand in a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a prompt.
    ///
    /// # Errors
    /// When a placeholder in it is unknown.
    pub fn parse(text: &str) -> Result<Self, UnknownPlaceholder> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            if (c == '{' || c == '}') && after.starts_with(c) {
                plain.push(c);
                rest = after.get(1..).unwrap_or_default();
            } else if let Some(name) = word_in_braces(rest) {
                let hole = Placeholder::named(name).ok_or_else(|| UnknownPlaceholder {
                    name: name.to_owned(),
                })?;
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Hole(hole));
                rest = rest.get(name.len() + 2..).unwrap_or_default();
            } else {
                plain.push(c);
                rest = after;
            }
        }
        pieces.push(Piece::Text(plain));
        Ok(Self { pieces })
    }

    /// The prompt with each placeholder replaced by what `value` gives for it.
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Hole(hole) => value(*hole),
        });
        pieces.collect()
    }

    /// Whether this placeholder stands in the prompt.
    pub fn holds(&self, placeholder: Placeholder) -> bool {
        self.pieces.contains(&Piece::Hole(placeholder))
    }
}

/// `file` of `{file} …`.
fn word_in_braces(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let is_word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    is_word.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_other_braces_are_text() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let filled = Template::parse(text).map(|template| {
                template.fill(|hole| match hole {
                    Placeholder::File => "a.rs".into(),
                    Placeholder::Language => "{file}".into(),
                    other => format!("<{other:?}>"),
                })
            });
            let filled = filled.map_err(|unknown| unknown.to_string());
            assert_eq!(
                filled.as_deref().map_err(String::as_str),
                expected,
                "{text}"
            );
        };
        check("", Ok(""));
        check("in {file}: {instruction}", Ok("in a.rs: <Instruction>"));
        check("{language}", Ok("{file}"));
        check(
            "{{file}} {}} { a } {A} {é} {",
            Ok("{file} {} { a } {A} {é} {"),
        );
        check("{", Ok("{"));
        check("{selection", Ok("{selection"));
        check(
            "{selecton}",
            Err("unknown placeholder {selecton}; did you mean {selection}?"),
        );
        check(
            "{x}",
            Err(
                "unknown placeholder {x}; there are {selection}, {file}, {language}, {diagnostics} and {instruction}, and {{x}} is plain text",
            ),
        );
    }
}
