//! Notes as a list: each with where it stands in its file as that is now.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ropey::Rope;

use super::locate;
use crate::engine::on_disk;
use crate::store::Note;
use crate::syntax::{Language, Syntax};

/// A note, and where it stands.
#[derive(Clone, Debug)]
pub struct Listed {
    pub note: Arc<Note>,
    pub path: PathBuf,
    /// The file's text; empty where it is gone.
    pub text: Rope,
    /// The bytes that it is about; empty at the start where they are not found.
    pub range: Range<usize>,
    /// Whether it was written about another text than stands there.
    pub stale: bool,
}

/// A file's text, and its language where Gloss has its grammar.
pub type Text = (Rope, Option<Language>);

/// The notes that the files show or would show, by file and place, and those whose place is
/// gone. `open` gives the text of a file that is open; others are read from the disk.
pub fn listed(notes: Vec<Note>, open: &dyn Fn(&Path) -> Option<Text>) -> Vec<Listed> {
    let mut files: BTreeMap<PathBuf, Vec<Arc<Note>>> = BTreeMap::new();
    for note in notes {
        let path = Path::new(&note.workspace).join(&note.file);
        files.entry(path).or_default().push(Arc::new(note));
    }
    let all = files.into_iter().flat_map(|(path, notes)| {
        let read = || Some((Rope::from_str(&on_disk(&path)?), Language::from_path(&path)));
        let (text, language) = open(&path).or_else(read).unwrap_or_default();
        let syntax = language.and_then(|language| Syntax::parse(language, &text));
        of_file(&path, &notes, &text, syntax.as_ref())
    });
    all.collect()
}

fn of_file(path: &Path, notes: &[Arc<Note>], text: &Rope, syntax: Option<&Syntax>) -> Vec<Listed> {
    let located = locate(notes, text, syntax);
    let is_placed = |note: &Note| {
        let placed = located.iter().filter_map(|at| notes.get(at.note));
        placed.into_iter().any(|other| other.is_of_same(note))
    };
    let entry = |note: &Arc<Note>, range: Range<usize>, stale: bool| Listed {
        note: note.clone(),
        path: path.to_path_buf(),
        text: text.clone(),
        range,
        stale,
    };
    let found = located
        .iter()
        .filter_map(|at| Some(entry(notes.get(at.note)?, at.range.clone(), !at.is_fresh)));
    let mut all: Vec<_> = found.collect();
    // Of a symbol that is gone the latest note, of which there may be several texts.
    let mut lost: Vec<&Arc<Note>> = Vec::new();
    for note in notes.iter().rev().filter(|note| !is_placed(note)) {
        if !lost.iter().any(|other| other.is_of_same(note)) {
            lost.push(note);
        }
    }
    all.extend(lost.into_iter().rev().map(|note| entry(note, 0..0, true)));
    all
}
