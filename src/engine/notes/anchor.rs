//! Where notes belong in a text: by the path of their symbol, and by hashes of what they are about.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use ropey::{Rope, RopeSlice};
use sha2::{Digest as _, Sha256};

use crate::action::Subject;
use crate::store::{Anchor, Hash, Note, Part};
use crate::syntax::{SymbolPath, Syntax};
use crate::text;

/// Where a note stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Which one of the notes it is.
    pub note: usize,
    /// The bytes that it is about.
    pub range: Range<usize>,
    /// The byte whose line shows it: the name, else the first of the range.
    pub shown_at: usize,
    /// Whether it was written about this very text.
    pub is_fresh: bool,
}

/// What a note about `subject` is found by again.
pub fn anchor(text: &Rope, syntax: Option<&Syntax>, subject: &Subject) -> Anchor {
    let symbols = syntax.map(Syntax::symbols).unwrap_or_default();
    let paths = syntax.map(Syntax::paths).unwrap_or_default();
    let path_of = |at: usize| paths.get(at).cloned();
    let own = symbols
        .iter()
        .position(|symbol| subject.name.is_some() && symbol.range == subject.range);
    if let Some(SymbolPath { names, nth }) = own.and_then(path_of) {
        return Anchor {
            symbol: names,
            nth,
            hash: hash(text::slice(text, subject.range.clone())),
            part: None,
        };
    }
    let range = trimmed(text, &subject.range);
    let around = symbols
        .iter()
        .rposition(|symbol| symbol.range.start <= range.start && range.end <= symbol.range.end);
    let around = around.and_then(path_of);
    let part = text::slice(text, range.clone());
    let line = text::line_range(text, text::line_of(text, range.start));
    let head = trimmed(text, &line);
    Anchor {
        nth: around.as_ref().map_or(0, |path| path.nth),
        symbol: around.map_or_else(String::new, |path| path.names),
        hash: hash(part),
        part: Some(Part {
            bytes: without_returns(part).map(|piece| piece.len() as u64).sum(),
            indent: range.start.saturating_sub(head.start) as u64,
            head: hash(text::slice(text, head)),
        }),
    }
}

/// Of a text, its carriage returns left out.
pub fn hash(text: RopeSlice<'_>) -> Hash {
    let mut hash = Sha256::new();
    for piece in without_returns(text) {
        hash.update(piece);
    }
    hash.finalize().into()
}

fn without_returns(text: RopeSlice<'_>) -> impl Iterator<Item = &[u8]> {
    let pieces = text
        .chunks()
        .flat_map(|chunk| chunk.as_bytes().split(|byte| *byte == b'\r'));
    pieces.filter(|piece| !piece.is_empty())
}

/// The range without the white space at its ends.
fn trimmed(text: &Rope, range: &Range<usize>) -> Range<usize> {
    let inner = within_blanks(text::slice(text, range.clone()));
    let start = range.start.min(text.len_bytes());
    start + inner.start..start + inner.end
}

/// The bytes of a text between the blanks that it begins and ends with.
fn within_blanks(text: RopeSlice<'_>) -> Range<usize> {
    let blank = |c: &char| c.is_whitespace() || *c == '\u{feff}';
    let before: usize = text.chars().take_while(blank).map(char::len_utf8).sum();
    let mut backwards = text.chars_at(text.len_chars());
    backwards.reverse();
    let after: usize = backwards.take_while(blank).map(char::len_utf8).sum();
    before..before.max(text.len_bytes().saturating_sub(after))
}

/// Where these notes of one file, the oldest first, stand in its text, one at each symbol: that
/// which was written about the text as it is, else the latest. What is not found is left out.
pub fn locate(notes: &[impl AsRef<Note>], text: &Rope, syntax: Option<&Syntax>) -> Vec<Located> {
    let mut search = Search::of(text, syntax);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of: HashMap<(&str, &str, u32), usize> = HashMap::new();
    let mut found = Vec::new();
    for (at, note) in notes.iter().enumerate() {
        let note = note.as_ref();
        let anchor = &note.anchor;
        if let Some(part) = &anchor.part {
            found.extend(search.part(at, anchor, part));
            continue;
        }
        let key = (note.action.as_str(), anchor.symbol.as_str(), anchor.nth);
        let group = *group_of.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(group) {
            group.push(at);
        }
    }
    // What is as it was, where it was, keeps its place; only then what was moved takes one that is
    // free. Several may be found of a group: where one of the same name came before it, a symbol
    // goes by what was another's.
    let mut is_found = HashSet::new();
    for look in [Search::as_it_was, Search::beside, Search::moved] {
        for at in groups.iter().flat_map(|group| group.iter().rev()) {
            let note = notes.get(*at).filter(|_| !is_found.contains(at));
            if let Some(located) = note.and_then(|note| look(&mut search, *at, note.as_ref())) {
                is_found.insert(*at);
                found.push(located);
            }
        }
    }
    // Of the rest the latest, if no other note was written about what goes by its name.
    for group in &groups {
        if let Some(latest) = group
            .last()
            .filter(|_| group.iter().all(|at| !is_found.contains(at)))
            && let Some(note) = notes.get(*latest)
        {
            found.extend(search.changed(*latest, note.as_ref()));
        }
    }
    found.sort_by_key(|located| (located.shown_at, located.note));
    found
}

/// As [`locate`], for notes of which some were found in an earlier text: `stood` says where these
/// are now. One that is not found by its name stays with what has another name by now, stale.
pub fn locate_again(
    notes: &[Arc<Note>],
    stood: &[(Arc<Note>, Range<usize>)],
    text: &Rope,
    syntax: Option<&Syntax>,
) -> Vec<Located> {
    let mut located = locate(notes, text, syntax);
    for (note, range) in stood {
        let index = notes.iter().rposition(|other| other.is_of_same(note));
        let found = |at: &Located| notes.get(at.note).is_some_and(|it| it.is_of_same(note));
        let Some(index) = index.filter(|_| !located.iter().any(found)) else {
            continue;
        };
        let Some(stays) = stays(index, note, range, text, syntax) else {
            continue;
        };
        let has_another = |at: &Located| {
            let other = notes.get(at.note);
            at.shown_at == stays.shown_at && other.is_some_and(|it| it.action == note.action)
        };
        if !located.iter().any(has_another) {
            located.push(stays);
        }
    }
    located.sort_by_key(|located| (located.shown_at, located.note));
    located
}

/// The symbol whose name stands where that of a note's symbol did, or what stands there where the text
/// cannot be parsed; of a part what is left of it.
fn stays(
    index: usize,
    note: &Note,
    range: &Range<usize>,
    text: &Rope,
    syntax: Option<&Syntax>,
) -> Option<Located> {
    let located = |range: Range<usize>, shown_at| Located {
        note: index,
        range,
        shown_at,
        is_fresh: false,
    };
    if let Some(part) = &note.anchor.part {
        let range = trimmed(text, range);
        // What is much longer is no longer that part: all around it was replaced.
        let is_it = !range.is_empty() && range.len() as u64 <= 2 * part.bytes + MOST_MORE;
        let start = range.start;
        return is_it.then(|| located(range, start));
    }
    let Some(syntax) = syntax else {
        let is_fresh = hash(text::slice(text, range.clone())) == note.anchor.hash;
        let stays = located(range.clone(), range.start);
        return (!range.is_empty()).then_some(Located { is_fresh, ..stays });
    };
    let symbol = syntax.symbols().iter().find(|symbol| {
        range.start <= symbol.name_range.start && symbol.name_range.end <= range.end
    })?;
    Some(located(symbol.range.clone(), symbol.name_range.start))
}

/// So many bytes may come to any part, however short, before it counts as another.
const MOST_MORE: u64 = 200;

/// A text that notes are looked for in.
struct Search<'t> {
    text: &'t Rope,
    syntax: Option<&'t Syntax>,
    by_path: HashMap<String, Vec<usize>>,
    /// Those of the same bare name, wherever they stand.
    by_name: HashMap<&'t str, Vec<usize>>,
    hashes: HashMap<usize, Hash>,
    /// The symbols whose note is found, by what was asked of them.
    taken: Vec<(String, usize)>,
    /// Where each line's text begins, by its hash; made when first needed.
    heads: Option<HashMap<Hash, Vec<usize>>>,
}

impl<'t> Search<'t> {
    fn of(text: &'t Rope, syntax: Option<&'t Syntax>) -> Self {
        let paths = syntax.map(Syntax::paths).unwrap_or_default();
        let mut by_path: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, path) in paths.into_iter().enumerate() {
            by_path.entry(path.names).or_default().push(at);
        }
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, symbol) in syntax
            .map(Syntax::symbols)
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            by_name.entry(&symbol.name).or_default().push(at);
        }
        Self {
            text,
            syntax,
            by_path,
            by_name,
            hashes: HashMap::new(),
            taken: Vec::new(),
            heads: None,
        }
    }

    fn hash_of(&mut self, symbol: usize) -> Option<Hash> {
        let range = self.syntax?.symbols().get(symbol)?.range.clone();
        let text = self.text;
        let known = self.hashes.entry(symbol);
        Some(*known.or_insert_with(|| hash(text::slice(text, range))))
    }

    fn is_free(&self, action: &str, symbol: usize) -> bool {
        !self
            .taken
            .iter()
            .any(|(by, taken)| *taken == symbol && by == action)
    }

    fn take(&mut self, at: usize, note: &Note, symbol: usize, is_fresh: bool) -> Option<Located> {
        let found = self.syntax?.symbols().get(symbol)?;
        self.taken.push((note.action.clone(), symbol));
        Some(Located {
            note: at,
            range: found.range.clone(),
            shown_at: found.name_range.start,
            is_fresh,
        })
    }

    /// The first of these symbols that is free and has the text that the note is about.
    fn unchanged(&mut self, at: usize, note: &Note, symbols: &[usize]) -> Option<Located> {
        let mut symbols = symbols.iter().copied();
        let symbol = symbols.find(|symbol| {
            self.is_free(&note.action, *symbol) && self.hash_of(*symbol) == Some(note.anchor.hash)
        })?;
        self.take(at, note, symbol, true)
    }

    fn as_it_was(&mut self, at: usize, note: &Note) -> Option<Located> {
        let nth = usize::try_from(note.anchor.nth).ok()?;
        let own = *self.by_path.get(&note.anchor.symbol)?.get(nth)?;
        self.unchanged(at, note, &[own])
    }

    /// Among those of the same path, of which some came or went.
    fn beside(&mut self, at: usize, note: &Note) -> Option<Located> {
        let symbols = self.by_path.get(&note.anchor.symbol)?.clone();
        self.unchanged(at, note, &symbols)
    }

    /// Anywhere in the file, by its bare name.
    fn moved(&mut self, at: usize, note: &Note) -> Option<Located> {
        let path = &note.anchor.symbol;
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = last.split_once(' ').map_or(last, |(_, name)| name);
        let symbols = self.by_name.get(name)?.clone();
        self.unchanged(at, note, &symbols)
    }

    /// The symbol of its path, or another of those.
    fn changed(&mut self, at: usize, note: &Note) -> Option<Located> {
        let candidates = self.by_path.get(&note.anchor.symbol)?;
        let is_free = |symbol: &&usize| self.is_free(&note.action, **symbol);
        let nth = usize::try_from(note.anchor.nth).ok();
        let own = nth.and_then(|nth| candidates.get(nth)).filter(is_free);
        let symbol = *own.or_else(|| candidates.iter().find(is_free))?;
        self.take(at, note, symbol, false)
    }

    /// The text that a note about a part of a symbol, or of no symbol, was written about; where
    /// that changed, the only line that begins as it did.
    fn part(&mut self, note: usize, anchor: &Anchor, part: &Part) -> Option<Located> {
        let text = self.text;
        let heads = self.heads.get_or_insert_with(|| heads(text));
        let begin = heads.get(&part.head)?;
        let indent = usize::try_from(part.indent).ok()?;
        let within = self.by_path.get(&anchor.symbol).and_then(|candidates| {
            let symbol = candidates.get(usize::try_from(anchor.nth).ok()?)?;
            Some(self.syntax?.symbols().get(*symbol)?.range.clone())
        });
        // Within its symbol first, but it may have been moved out of that.
        let mut starts: Vec<usize> = begin.iter().map(|line| line + indent).collect();
        starts.sort_by_key(|start| {
            within
                .as_ref()
                .is_some_and(|within| !within.contains(start))
        });
        let located = |range: Range<usize>, is_fresh| Located {
            note,
            shown_at: range.start,
            range,
            is_fresh,
        };
        let fresh = starts.iter().find_map(|start| {
            let range = *start..end_of(text, *start, part.bytes)?;
            (hash(text.get_byte_slice(range.clone())?) == anchor.hash).then(|| located(range, true))
        });
        fresh.or_else(|| {
            let [start] = starts.as_slice() else {
                return None;
            };
            let line = text::line_range(text, text::line_of(text, *start));
            Some(located(*start..line.end.max(*start), false))
        })
    }
}

/// Where so many bytes after `start` end, carriage returns not counted.
fn end_of(text: &Rope, start: usize, bytes: u64) -> Option<usize> {
    let rest = text.get_byte_slice(start..)?;
    let (mut end, mut left) = (start, usize::try_from(bytes).ok()?);
    for chunk in rest.chunks() {
        for byte in chunk.bytes() {
            if left == 0 {
                return Some(end);
            }
            end += 1;
            left -= usize::from(byte != b'\r');
        }
    }
    (left == 0).then_some(end)
}

/// Where the lines begin that are not blank, by the hashes of what they say. In one pass, since to
/// look up a line by its number is to walk down from the whole text.
fn heads(text: &Rope) -> HashMap<Hash, Vec<usize>> {
    let mut heads: HashMap<Hash, Vec<usize>> = HashMap::new();
    let mut start = 0;
    for line in text.lines() {
        let head = within_blanks(line);
        if let Some(said) = line
            .get_byte_slice(head.clone())
            .filter(|_| !head.is_empty())
        {
            let at = start + head.start;
            heads.entry(hash(said)).or_default().push(at);
        }
        start += line.len_bytes();
    }
    heads
}

#[cfg(test)]
mod tests;
