//! Which files the setting `exclude` names. Where that cannot be told, it is all of them.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::Place;

/// So many bytes of globs are compiled together: more might be too many for one search.
const TOGETHER: usize = 8 << 10;

/// The globs of the setting, compiled.
pub(super) struct Excluded(Vec<GlobSet>);

impl Excluded {
    /// # Errors
    /// When there is a glob that cannot be searched by: in words what keeps all from being sent.
    pub(super) fn by(globs: &[String]) -> Result<Self, String> {
        let sets = parts(globs).into_iter().map(|part| {
            compiled(part).map_err(|error| {
                let is_at_fault = |glob: &&String| compiled(std::slice::from_ref(*glob)).is_err();
                let at_fault = part.iter().find(is_at_fault);
                unusable(at_fault.map_or("", String::as_str), &error)
            })
        });
        sets.collect::<Result<_, _>>().map(Self)
    }

    /// Whether one of the names of a file is meant.
    pub(super) fn holds(&self, place: &Place) -> bool {
        place.names().any(|name| self.holds_path(name))
    }

    /// Whether a path is meant, or the name of its file.
    pub(super) fn holds_path(&self, path: &Path) -> bool {
        let is_meant = |path: &Path| self.0.iter().any(|set| set.is_match(path));
        is_meant(path)
            || path
                .file_name()
                .is_some_and(|name| is_meant(Path::new(name)))
    }
}

/// The globs in parts that are small enough to be compiled together.
fn parts(globs: &[String]) -> Vec<&[String]> {
    let mut parts = Vec::new();
    let mut rest = globs;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |glob: &&String| {
            bytes += glob.len();
            bytes <= TOGETHER
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (part, others) = rest.split_at(count);
        parts.push(part);
        rest = others;
    }
    parts
}

/// `.ENV` is as secret as `.env`, so case does not count.
fn compiled(globs: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(glob).case_insensitive(true).build()?);
    }
    set.build()
}

fn unusable(glob: &str, error: &globset::Error) -> String {
    let shown: String = glob.chars().take(60).collect();
    format!(
        "`exclude` has a glob that nothing can be searched by, so nothing is sent: `{shown}` ({}); write it more simply (`gloss config show` says where it is set)",
        error.kind()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DEFAULT_EXCLUDE;

    #[test]
    fn many_and_long_globs_hold_beside_each_other() {
        let longest = |piece: &str| format!("x{}z", piece.repeat(498 / piece.len()));
        for piece in [
            "*?",
            "?",
            "*",
            "*a",
            "**/",
            "/**/a",
            "*?*?é",
            "[acegikmoqsuwy]",
            "{a,b}",
            "{*,?}",
            "*.{a,b}",
            "[!é]",
            "日",
        ] {
            let mut globs = vec![longest(piece); 200];
            globs.extend(DEFAULT_EXCLUDE.map(String::from));
            let excluded = Excluded::by(&globs).unwrap();
            let check = |path: &str, expected: bool| {
                let found = excluded.holds_path(Path::new(path));
                assert_eq!(found, expected, "{path} by {piece}");
            };
            check("/w/src/.env", true);
            check("/w/src/lib.rs", false);
        }
    }

    #[test]
    fn where_one_cannot_be_searched_by_that_is_said() {
        let deep = format!("{}a{}", "{".repeat(249), "}".repeat(249));
        let vast = "*?".repeat(100_000);
        for glob in [deep.as_str(), &vast, "a["] {
            let globs = [".env", glob, "b"].map(String::from);
            let why = Excluded::by(&globs).err().unwrap();
            let begins: String = glob.chars().take(60).collect();
            assert!(
                why.contains(&format!("so nothing is sent: `{begins}` (")),
                "{why}"
            );
            assert!(why.len() < 1_000, "{why}");
        }
    }
}
