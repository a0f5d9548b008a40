//! Looks for the definitions of names in one text after the other, and chooses those that are meant.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ropey::Rope;

use super::spot::{self, Finder, Spot, Sureness};
use super::workspace::Deadline;
use crate::action::{Definition, Worth};
use crate::syntax::{Defined, Language, Name, Role, Syntax};
use crate::text;

/// How many definitions are kept of one name before the best are chosen.
const KEPT: usize = 8;
/// How many of them are told.
const TOLD: usize = 2;
/// How many places of a name that only look like its definition are parsed.
const TRIES: usize = 3;
/// How much text is held for a second look, in bytes.
const HELD: usize = 16 << 20;

/// How near a file is to the one that a range is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    Own,
    Imported,
    SameFolder,
    Rest,
}

/// A file that is looked into.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The path from the workspace, with `/`.
    pub shown: String,
    pub language: Language,
    pub nearness: Nearness,
}

/// What a file imports, and where it stands: from that, how near others are.
pub(super) struct Nearby {
    folder: PathBuf,
    /// What the file itself is imported by: its header and its source have the same.
    own: String,
    imported: HashSet<String>,
}

impl Nearby {
    /// Of the file at `path`, whose import statements and used names are these.
    pub(super) fn of(path: &Path, imports: &str, names: &[Name]) -> Self {
        let words = imports.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
        let owners = names.iter().filter_map(|name| name.of.clone());
        let mut imported: HashSet<String> = words.map(str::to_owned).chain(owners).collect();
        imported.remove("");
        Self {
            folder: path.parent().unwrap_or(path).to_path_buf(),
            own: module_of(path),
            imported,
        }
    }

    pub(super) fn nearness(&self, path: &Path) -> Nearness {
        let module = module_of(path);
        let is_other_half = is_of_c(path) && module == self.own;
        if is_other_half || self.imported.contains(&module) {
            Nearness::Imported
        } else if path.parent() == Some(&self.folder) {
            Nearness::SameFolder
        } else {
            Nearness::Rest
        }
    }
}

/// What a file is imported by: its name, or its folder's where that stands for the folder.
fn module_of(path: &Path) -> String {
    let name = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let stem = name(path).unwrap_or_default();
    let stands_for_folder = matches!(
        &*stem,
        "mod" | "lib" | "index" | "__init__" | "main" | "init"
    ) || path.extension().is_some_and(|extension| extension == "go");
    if stands_for_folder {
        path.parent().and_then(name).unwrap_or(stem)
    } else {
        stem
    }
}

/// Whether a file is one of two halves: a header, or the source to one.
fn is_of_c(path: &Path) -> bool {
    matches!(Language::from_path(path), Some(Language::C | Language::Cpp))
}

/// A definition that was found of a name.
struct Found {
    definition: Definition,
    nearness: Nearness,
    /// What stands before the name in the range is what the definition is in.
    is_meant: bool,
}

/// A text to be looked at again.
struct Later {
    source: Source,
    text: String,
    spots: Vec<Spot>,
}

/// A search for the definitions of some names.
pub(super) struct Search {
    names: Vec<Name>,
    finder: Option<Finder>,
    found: Vec<Vec<Found>>,
    later: Vec<Later>,
    held: usize,
}

impl Search {
    pub(super) fn of(names: Vec<Name>) -> Self {
        let texts: Vec<&str> = names.iter().map(|name| &*name.text).collect();
        Self {
            finder: (!texts.is_empty()).then(|| Finder::of(&texts)).flatten(),
            found: names.iter().map(|_| Vec::new()).collect(),
            names,
            later: Vec::new(),
            held: 0,
        }
    }

    /// Whether nothing more needs to be found.
    pub(super) fn is_over(&self) -> bool {
        (0..self.names.len()).all(|name| self.is_settled(name))
    }

    /// Whether the definition of a name that is meant is found, as far as can be told.
    fn is_settled(&self, name: usize) -> bool {
        let (Some(found), Some(name)) = (self.found.get(name), self.names.get(name)) else {
            return true;
        };
        let is_of_type = name.of.as_ref().is_some_and(|of| begins_large(of));
        found.len() >= KEPT
            || found
                .iter()
                .any(|found| found.is_meant || !is_of_type && found.nearness < Nearness::Rest)
    }

    /// Takes what a text that is parsed defines, but what stands in `except`.
    pub(super) fn take_parsed(
        &mut self,
        source: &Source,
        syntax: &Syntax,
        rope: &Rope,
        except: &Range<usize>,
    ) {
        let is_wanted = |text: &str| self.names.iter().any(|name| name.text == text);
        for defined in syntax.defined(rope, is_wanted) {
            if !except.contains(&defined.at) {
                let line = text::line_of(rope, defined.at) + 1;
                self.take(source, defined, line);
            }
        }
    }

    fn take(&mut self, source: &Source, defined: Defined, line: usize) {
        let name = self.names.iter().position(|name| name.text == defined.name);
        let Some((name, found)) =
            name.and_then(|at| Some((self.names.get(at)?, self.found.get_mut(at)?)))
        else {
            return;
        };
        let before = defined.before;
        let definition = Definition {
            path: source.shown.clone(),
            line,
            worth: match name.role {
                Role::Call | Role::Type => Worth::Named,
                Role::Value => Worth::Mentioned,
                Role::Field => Worth::Likely,
            },
            is_in_this_file: source.nearness == Nearness::Own,
            of: defined.of,
            text: defined.text,
        };
        let is_known = found.iter().any(|known| {
            (&known.definition.path, known.definition.line) == (&definition.path, line)
        });
        if !is_known && found.len() < KEPT {
            found.push(Found {
                is_meant: is_meant(name, &definition, &before),
                nearness: source.nearness,
                definition,
            });
        }
    }

    /// Looks into a text for what says that it defines one of the names; what only looks like it
    /// is kept for [`Search::look_again`].
    pub(super) fn look_into(&mut self, source: Source, text: String) {
        let Some(finder) = &self.finder else {
            return;
        };
        let (said, shaped): (Vec<_>, Vec<_>) = finder
            .spots(&text, source.language)
            .partition(|spot| spot.sureness == Sureness::Said);
        self.take_spots(&source, &text, &said);
        if !shaped.is_empty() && self.held + text.len() <= HELD {
            self.held += text.len();
            self.later.push(Later {
                source,
                text,
                spots: shaped,
            });
        }
    }

    /// Looks again where a name that is not found yet may be defined.
    pub(super) fn look_again(&mut self, deadline: Deadline) {
        let mut looked_at = vec![0; self.names.len()];
        for Later {
            source,
            text,
            mut spots,
        } in std::mem::take(&mut self.later)
        {
            if deadline.is_over() {
                return;
            }
            spots.retain(|spot| {
                let is_found = self
                    .found
                    .get(spot.name)
                    .is_none_or(|found| !found.is_empty());
                let Some(times) = looked_at.get_mut(spot.name) else {
                    return false;
                };
                let is_worth_it = !is_found && *times < TRIES;
                *times += usize::from(is_worth_it);
                is_worth_it
            });
            self.take_spots(&source, &text, &spots);
        }
    }

    /// Parses the items around these places, each once; the whole text where an item alone does
    /// not say what was looked for.
    fn take_spots(&mut self, source: &Source, text: &str, spots: &[Spot]) {
        let mut parsed = 0..0;
        for spot in spots {
            if parsed.contains(&spot.at) || self.is_settled(spot.name) {
                continue;
            }
            let item = spot::item_around(text, spot.at);
            parsed = if self.take_part(source, text, &item, spot.at) {
                item
            } else {
                let whole = 0..text.len();
                self.take_part(source, text, &whole, spot.at);
                whole
            };
        }
    }

    /// Takes what a part of a text defines; whether it defines something at this byte.
    fn take_part(&mut self, source: &Source, text: &str, part: &Range<usize>, at: usize) -> bool {
        let (Some(before), Some(part_text)) = (text.get(..part.start), text.get(part.clone()))
        else {
            return false;
        };
        let rope = Rope::from_str(part_text);
        let Some(syntax) = Syntax::parse(source.language, &rope) else {
            return false;
        };
        let lines_before = before.bytes().filter(|byte| *byte == b'\n').count();
        let is_wanted = |text: &str| self.names.iter().any(|name| name.text == text);
        let mut is_there = false;
        for defined in syntax.defined(&rope, is_wanted) {
            is_there |= defined.at + part.start == at;
            let line = lines_before + text::line_of(&rope, defined.at) + 1;
            self.take(source, defined, line);
        }
        is_there
    }

    /// The definitions that are meant, as far as can be told, in the order of the names.
    pub(super) fn chosen(self) -> Vec<Definition> {
        let mut chosen: Vec<Definition> = Vec::new();
        for mut found in self.found {
            found.sort_by_key(|found| (!found.is_meant, found.nearness));
            let first = found.first().map(|first| (first.is_meant, first.nearness));
            let is_as_good = |found: &Found| Some((found.is_meant, found.nearness)) == first;
            let best = found.into_iter().take_while(is_as_good);
            for (at, found) in best.take(TOLD).enumerate() {
                let mut definition = found.definition;
                if at > 0 {
                    definition.worth = Worth::Likely;
                }
                chosen.push(definition);
            }
        }
        chosen
    }
}

/// Whether a definition is in what stands before the name: its type, its table, or its module.
/// `before` is what stands before the name where it is defined.
fn is_meant(name: &Name, definition: &Definition, before: &str) -> bool {
    let Some(of) = &name.of else {
        return false;
    };
    let bare = |word: &str| word.replace('_', "").to_lowercase();
    let of = bare(of);
    let around = [definition.of.as_deref().unwrap_or_default(), before].into_iter();
    let mut words =
        around.flat_map(|around| around.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    words.any(|word| bare(word) == of) || bare(&module_of(Path::new(&definition.path))) == of
}

fn begins_large(name: &str) -> bool {
    name.starts_with(char::is_uppercase)
}
