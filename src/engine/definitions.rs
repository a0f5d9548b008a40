//! What the names in a range mean: their definitions in the file, in open documents and in the
//! workspace, and what the editor's other language servers know.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::excluded::Inner;
use super::ignored::Ignored;
use super::search::{Nearby, Nearness, Search, Source};
use super::workspace::{self, Deadline, Limits};
use super::{CodeJob, Engine, Place, place};
use crate::action::{Definition, Subject, Worth};
use crate::config::Scope;
use crate::document::Snapshot;
use crate::syntax::{self, Language, MAX_DEFINITION, Name, Syntax};
use crate::text;

/// A document that is open beside the one that a job is about.
#[derive(Clone, Debug)]
pub struct Neighbour {
    pub place: Place,
    pub snapshot: Snapshot,
}

/// What the editor's other language servers say of a name in the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    pub place: Place,
    /// The line that it begins on, counted from 1.
    pub line: usize,
    pub text: String,
    /// A place that uses what the range defines, rather than a definition.
    pub is_use: bool,
}

/// What of a workspace is not drawn in.
struct LeftOut<'a> {
    never_sent: Ignored,
    /// What this and the next hold may be asked about all the same.
    ignored: Ignored,
    inner: Inner<'a>,
}

impl<'a> LeftOut<'a> {
    fn of(workspace: &'a Path) -> Self {
        Self {
            never_sent: Ignored::never_sent(workspace),
            ignored: Ignored::not_drawn_in(workspace),
            inner: Inner::of(workspace),
        }
    }

    fn holds(&mut self, file: &Path) -> bool {
        self.ignored.holds(file) || self.inner.holds(file)
    }
}

impl Engine {
    /// What may be told of the names in the range: first what is certain, then of the names that
    /// are the most common in the file, uses of the range last. Reads the disk, within bounds.
    pub(super) fn definitions(
        &self,
        job: &CodeJob,
        syntax: Option<&Syntax>,
        subject: &Subject,
        limits: Limits,
    ) -> Vec<Definition> {
        let scope = self.settings.context;
        if scope == Scope::Selection {
            return Vec::new();
        }
        let names = names(job, syntax, subject);
        let imports = syntax.map(|syntax| syntax.imports(&job.snapshot.text));
        let nearby = Nearby::of(&job.place.given, &imports.unwrap_or_default(), &names);
        let mut search = Search::of(names);
        if let Some(syntax) = syntax {
            let source = Source {
                shown: job.place.shown.clone(),
                language: syntax.language(),
                nearness: Nearness::Own,
            };
            search.take_parsed(&source, syntax, &job.snapshot.text, &subject.range);
        }
        if scope != Scope::Workspace {
            return search.chosen();
        }
        let mut left_out = LeftOut::of(&job.place.workspace);
        self.look_elsewhere(&mut search, job, &nearby, limits, &mut left_out);
        let (uses, mut told): (Vec<_>, Vec<_>) = self
            .hinted(job, subject, &mut left_out)
            .into_iter()
            .partition(|hinted| hinted.worth == Worth::Use);
        for found in search.chosen() {
            if !told.iter().any(|known| covers(known, &found)) {
                told.push(found);
            }
        }
        told.extend(uses);
        told
    }

    /// Looks into open documents, then into the files of the workspace, the nearest first.
    fn look_elsewhere(
        &self,
        search: &mut Search,
        job: &CodeJob,
        nearby: &Nearby,
        limits: Limits,
        left_out: &mut LeftOut<'_>,
    ) {
        let Some(family) = family(job.snapshot.language, &job.snapshot.language_id) else {
            return;
        };
        if search.is_over() {
            return;
        }
        let deadline = Deadline::in_(limits.time);
        let mut known: HashSet<&Path> = job.place.path.as_deref().into_iter().collect();
        known.extend(
            job.open
                .iter()
                .filter_map(|open| open.place.path.as_deref()),
        );
        let open = self.open_documents(job, family, nearby, limits, left_out);
        for (source, snapshot) in open {
            if search.is_over() || deadline.is_over() {
                break;
            }
            search.look_into(source, snapshot.text.to_string());
        }
        for (path, source) in self.files(job, family, &known, nearby, limits, deadline) {
            if search.is_over() || deadline.is_over() {
                break;
            }
            if left_out.inner.holds(&path) {
                continue;
            }
            if let Some(text) = workspace::read(&path, limits.file_bytes) {
                search.look_into(source, text);
            }
        }
        search.look_again(deadline);
    }

    /// The open documents that may define the names, the nearest first.
    fn open_documents<'j>(
        &self,
        job: &'j CodeJob,
        family: &str,
        nearby: &Nearby,
        limits: Limits,
        left_out: &mut LeftOut<'_>,
    ) -> Vec<(Source, &'j Snapshot)> {
        let mut open = Vec::new();
        for Neighbour { place, snapshot } in &job.open {
            if snapshot.text.len_bytes() <= limits.file_bytes
                && let Some(language) = snapshot.language
                && self::family(Some(language), "") == Some(family)
                && self.may_draw_in(place, job, left_out)
            {
                let source = Source {
                    shown: place.shown.clone(),
                    language: read_as(language, job.snapshot.language),
                    nearness: nearby.nearness(&place.given),
                };
                open.push((source, snapshot));
            }
        }
        open.sort_by(|(a, _), (b, _)| (a.nearness, &a.shown).cmp(&(b.nearness, &b.shown)));
        open
    }

    /// Whether another document may be told of: it is a file, for of nothing else can be judged
    /// what it shows; in the same workspace, and neither excluded nor ignored.
    fn may_draw_in(&self, other: &Place, job: &CodeJob, left_out: &mut LeftOut<'_>) -> bool {
        let Some(path) = &other.path else {
            return false;
        };
        other.workspace == job.place.workspace
            && other.path != job.place.path
            && self.permit_by(other, &mut left_out.never_sent).is_ok()
            && !left_out.holds(path)
    }

    /// The files of the workspace that may define the names, the nearest first.
    fn files(
        &self,
        job: &CodeJob,
        family: &str,
        known: &HashSet<&Path>,
        nearby: &Nearby,
        limits: Limits,
        deadline: Deadline,
    ) -> Vec<(PathBuf, Source)> {
        let root = &job.place.workspace;
        let folders = job.place.folders();
        let near = job.place.path.as_deref().unwrap_or(root);
        let is_wanted = |path: &Path| {
            let language = Language::from_path(path);
            language.is_some_and(|language| self::family(Some(language), "") == Some(family))
                && !known.contains(path)
        };
        // The other half is for what is in them.
        let found = workspace::files(root, near, is_wanted, limits.files, deadline.half());
        let in_time = found.into_iter().take_while(|_| !deadline.is_over());
        let files = in_time.filter_map(|path| {
            let shown = place::shown(path.strip_prefix(root).ok()?);
            // Its folders are no links, so these are all the names that it has.
            let is_excluded = self.excludes_file(&path, &folders);
            let source = Source {
                shown,
                language: read_as(Language::from_path(&path)?, job.snapshot.language),
                nearness: nearby.nearness(&path),
            };
            (!is_excluded).then_some((path, source))
        });
        let mut files: Vec<_> = files.collect();
        // A header says what there is to know of many sources.
        files.sort_by_key(|(path, source)| (source.nearness, !is_header(path)));
        files
    }

    /// What the editor's other language servers said, as far as it may be told.
    fn hinted(
        &self,
        job: &CodeJob,
        subject: &Subject,
        left_out: &mut LeftOut<'_>,
    ) -> Vec<Definition> {
        let own_lines = text::line_of(&job.snapshot.text, subject.range.start) + 1
            ..=text::line_of(&job.snapshot.text, subject.range.end) + 1;
        let mut told: Vec<Definition> = Vec::new();
        for hint in &job.hints {
            let is_in_this_file = hint.place.path.is_some() && hint.place.path == job.place.path;
            let is_in_range = is_in_this_file && own_lines.contains(&hint.line);
            let mut may_tell = || is_in_this_file || self.may_draw_in(&hint.place, job, left_out);
            if is_in_range || hint.text.trim().is_empty() || !may_tell() {
                continue;
            }
            let definition = Definition {
                path: hint.place.shown.clone(),
                line: hint.line,
                of: None,
                text: text::shortened_to_words(hint.text.trim_end(), MAX_DEFINITION),
                worth: if hint.is_use {
                    Worth::Use
                } else {
                    Worth::Certain
                },
                is_in_this_file,
            };
            if !told.iter().any(|known| covers(known, &definition)) {
                told.push(definition);
            }
        }
        told
    }
}

/// The names that the range uses, with `self` replaced by what that is.
fn names(job: &CodeJob, syntax: Option<&Syntax>, subject: &Subject) -> Vec<Name> {
    let text = &job.snapshot.text;
    let mut names = match syntax {
        Some(syntax) => syntax.names_used(text, &subject.range),
        None => syntax::words(&text::slice(text, subject.range.clone()).to_string()),
    };
    let is_self =
        |word: &str| matches!(word, "self" | "Self" | "this" | "cls" | "$this" | "static");
    // One letter is a local or a type parameter.
    names.retain(|name| name.text.chars().nth(1).is_some() && !is_self(&name.text));
    let own = syntax.and_then(|syntax| syntax.type_around(&subject.range));
    for name in &mut names {
        if name.of.as_deref().is_some_and(is_self) {
            name.of = own.map(str::to_owned);
        }
    }
    if names.len() > 1 {
        most_common_first(&mut names, &text.to_string());
    }
    names
}

/// Sorts names by how often they stand in the file. Those that the next range of the file names
/// too are mostly the common ones, and what stands first in both prompts is billed at the cached
/// rate. How often is taken roughly, by powers of two, so that typing a name once more seldom
/// changes their order.
fn most_common_first(names: &mut [Name], file: &str) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in file.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')) {
        *counts.entry(word).or_default() += 1;
    }
    let magnitude = |name: &Name| counts.get(&*name.text).map_or(0, |count| count.ilog2() + 1);
    names.sort_by(|a, b| (magnitude(b), &a.text).cmp(&(magnitude(a), &b.text)));
}

fn is_header(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    matches!(extension, Some("h" | "hh" | "hpp" | "hxx"))
}

/// What a file is parsed as when it is looked into from another: from C++, C is C++ too, for a
/// header does not say which it is.
fn read_as(language: Language, from: Option<Language>) -> Language {
    match (language, from) {
        (Language::C, Some(Language::Cpp)) => Language::Cpp,
        _ => language,
    }
}

/// Whether one definition tells what another would.
fn covers(known: &Definition, other: &Definition) -> bool {
    let lines = known.text.lines().count().max(1);
    known.path == other.path && (known.line..known.line + lines).contains(&other.line)
}

/// The languages that can name what is defined in each other; none for those that define nothing.
fn family(language: Option<Language>, language_id: &str) -> Option<&'static str> {
    Some(match language.map(Language::fence) {
        Some("json" | "html" | "css" | "toml" | "yaml") => return None,
        Some("typescript" | "tsx") => "javascript",
        Some("cpp") => "c",
        Some(own) => own,
        None => match language_id {
            "vue" | "svelte" | "astro" => "javascript",
            "objective-c" | "objective-cpp" | "cuda-cpp" => "c",
            "kotlin" | "scala" | "groovy" => "java",
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests;
