//! Explanations that stay with the code: each follows its range, and knows when it is stale.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use ropey::{Rope, RopeSlice};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::document::{Anchor, Documents, Snapshot, Tracked};
use crate::engine::{Located, text_hash};
use crate::store::{Note, Stamp};
use crate::text::{self, Shifted};

/// The notes on all open documents.
#[derive(Debug, Default)]
pub struct Glosses {
    by_uri: HashMap<Arc<str>, Margin>,
}

/// The notes on one document.
#[derive(Debug, Default)]
pub struct Margin {
    pub home: Option<Home>,
    /// What was read from the store last, or said since.
    pub notes: Vec<Arc<Note>>,
    pub stamp: Option<Stamp>,
    /// Whether they were read, and found in the text, once.
    pub is_read: bool,
    /// Lets one look at a time be under way.
    pub turn: Arc<Mutex<()>>,
    /// Whether a tree is asked for just now, which takes its time.
    pub is_finding: bool,
    /// When to look for them in the text again; `None` when they were found in it as it is.
    pub due: Option<Instant>,
    pub has_task: bool,
    placed: Vec<Placed>,
    /// The text in which they were looked for last.
    found_in: Option<Rope>,
}

/// Where the notes on a document are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nowhere: it is no file.
    None,
    File {
        workspace: String,
        file: String,
    },
}

/// A note in the text.
#[derive(Debug)]
struct Placed {
    note: Arc<Note>,
    /// What it is about.
    anchor: Anchor,
    /// That, with its last line to the very end.
    lines: Anchor,
    /// How long its range was when it was looked for last.
    length: usize,
    /// From the range's start to the place whose line shows it.
    shown_at: usize,
    is_fresh: bool,
    /// What stood behind it on its last line.
    rest_of_line: String,
    /// Whether that line had no end but the text's.
    is_at_end: bool,
}

/// A note as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub note: Arc<Note>,
    /// The bytes that it is about.
    pub range: Range<usize>,
    /// The line that shows it, counted from 0.
    pub line: usize,
    /// Whether it was written about this very text.
    pub is_fresh: bool,
}

impl Glosses {
    /// The margin of an open document.
    pub fn margin(&mut self, uri: &str) -> &mut Margin {
        if !self.by_uri.contains_key(uri) {
            self.by_uri.insert(uri.into(), Margin::default());
        }
        self.by_uri.entry(uri.into()).or_default()
    }

    /// The margin of a document, if there ever was something in it.
    pub fn known(&mut self, uri: &str) -> Option<&mut Margin> {
        self.by_uri.get_mut(uri)
    }

    /// Keeps a note about what now stands at `range`, in place of an earlier one of the same.
    pub fn keep(
        &mut self,
        documents: &mut Documents,
        uri: &str,
        note: Arc<Note>,
        located: &Located,
    ) {
        let margin = self.margin(uri);
        margin.add(note.clone());
        let is_whole = note.anchor.part.is_none();
        let mut placed = std::mem::take(&mut margin.placed);
        placed.retain(|other| {
            let at = documents.tracked(uri, other.anchor);
            let at = at.map_or(0..0, |tracked| tracked.range);
            let (here, is_same) = (&located.range, other.note.is_of_same(&note));
            let overlaps = at.start < here.end && here.start < at.end;
            // Also one of another name, or longer or shorter, when it was written.
            let stands_there = at == *here || (is_whole && at.start == here.start);
            let is_replaced = other.note.is_of_same_text(&note)
                || is_same && overlaps
                || (stands_there
                    && other.note.action == note.action
                    && other.note.anchor.part.is_none() == is_whole);
            if is_replaced {
                other.release(documents, uri);
            }
            !is_replaced
        });
        placed.extend(Placed::at(documents, uri, note, located));
        self.margin(uri).placed = placed;
    }

    /// Puts the notes where they were found, in a text that was the document's when `journal`
    /// began; what stood elsewhere goes.
    pub fn place(
        &mut self,
        documents: &mut Documents,
        snapshot: &Snapshot,
        journal: Anchor,
        notes: &[Arc<Note>],
        located: &[Located],
    ) {
        let uri = &snapshot.uri;
        if documents.since(uri, journal, &(0..0)).is_none() {
            return;
        }
        for placed in std::mem::take(&mut self.margin(uri).placed) {
            placed.release(documents, uri);
        }
        let placed = located.iter().filter_map(|at| {
            let note = notes.get(at.note)?.clone();
            let moved = |range: &Range<usize>| documents.since(uri, journal, range);
            let (Shifted::Outside(range) | Shifted::Touched(range)) = moved(&at.range)?;
            let shown_at = range.start + at.shown_at.saturating_sub(at.range.start);
            let now = Located {
                shown_at: shown_at.min(range.end),
                // What was typed meanwhile is looked at where the note is shown.
                is_fresh: at.is_fresh && matches!(moved(&at.range)?, Shifted::Outside(_)),
                range,
                ..*at
            };
            Placed::at(documents, uri, note, &now)
        });
        let placed = placed.collect();
        let margin = self.margin(uri);
        margin.placed = placed;
        margin.found_in = Some(snapshot.text.clone());
    }

    /// The notes of a document as they stand now, by their lines: those that are shown at bytes
    /// `within` these.
    pub fn standing(
        &self,
        documents: &Documents,
        snapshot: &Snapshot,
        within: &Range<usize>,
    ) -> Vec<Standing> {
        let Some(margin) = self.by_uri.get(&snapshot.uri) else {
            return Vec::new();
        };
        let Some(tracked) = documents.all_tracked(&snapshot.uri) else {
            return Vec::new();
        };
        let standing = margin.placed.iter();
        let mut standing: Vec<_> = standing
            .filter_map(|placed| placed.standing(tracked, &snapshot.text, within, &margin.notes))
            .collect();
        standing.sort_by_key(|standing| standing.line);
        standing
    }

    /// What whoever looks for the notes of the document holds meanwhile.
    pub fn turn(&self, uri: &str) -> Option<Arc<Mutex<()>>> {
        Some(self.by_uri.get(uri)?.turn.clone())
    }

    /// All notes that are known of the document, the oldest first.
    pub fn all(&self, uri: &str) -> Vec<Arc<Note>> {
        let margin = self.by_uri.get(uri);
        margin.map_or_else(Vec::new, |margin| margin.notes.clone())
    }

    /// Whether notes are known of the document.
    pub fn has_any(&self, uri: &str) -> bool {
        self.by_uri
            .get(uri)
            .is_some_and(|margin| !margin.is_empty())
    }

    /// Forgets these notes.
    pub fn forget(&mut self, documents: &mut Documents, uri: &str, about: &[Arc<Note>]) {
        let Some(margin) = self.by_uri.get_mut(uri) else {
            return;
        };
        let is_meant = |note: &Note| about.iter().any(|other| other.is_of_same_text(note));
        margin.notes.retain(|note| !is_meant(note));
        margin.stamp = None;
        margin.placed.retain(|placed| {
            let goes = is_meant(&placed.note);
            if goes {
                placed.release(documents, uri);
            }
            !goes
        });
    }

    /// Whether a document is open whose notes are kept there.
    pub fn is_home(&self, workspace: &str, file: &str) -> bool {
        let is_it = |home: &Home| matches!(home, Home::File { workspace: of, file: it } if of == workspace && it == file);
        let mut homes = self
            .by_uri
            .values()
            .filter_map(|margin| margin.home.as_ref());
        homes.any(is_it)
    }

    /// The folders changed, and with them where notes are kept.
    pub fn forget_homes(&mut self) {
        for margin in self.by_uri.values_mut() {
            margin.home = None;
            margin.stamp = None;
        }
    }

    /// Forgets what belongs to a document that was closed.
    pub fn close(&mut self, uri: &str) {
        self.by_uri.remove(uri);
    }
}

impl Margin {
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.placed.is_empty()
    }

    /// Adds a note that was just written.
    pub fn add(&mut self, note: Arc<Note>) {
        self.notes.retain(|other| !other.is_of_same_text(&note));
        self.notes.push(note);
        // The store has it by now, or soon.
        self.stamp = None;
        self.found_in = None;
    }

    /// Whether the notes were looked for in this very text.
    pub fn is_found_in(&self, text: &Rope) -> bool {
        self.found_in
            .as_ref()
            .is_some_and(|found| found.is_instance(text))
    }
}

impl Placed {
    fn at(
        documents: &mut Documents,
        uri: &str,
        note: Arc<Note>,
        located: &Located,
    ) -> Option<Self> {
        let text = documents.snapshot(uri)?.text;
        let range = located.range.clone();
        let rest_of_line = rest_of_line(&text, range.end);
        let lines = range.start..text::whole_lines(&text, range.end..range.end).end;
        Some(Self {
            note,
            length: range.len(),
            shown_at: located.shown_at.saturating_sub(range.start),
            is_fresh: located.is_fresh,
            is_at_end: range.end + rest_of_line.len_bytes() == lines.end,
            rest_of_line: rest_of_line.to_string(),
            anchor: documents.track(uri, range)?,
            lines: documents.track(uri, lines)?,
        })
    }

    fn release(&self, documents: &mut Documents, uri: &str) {
        documents.release(uri, self.anchor);
        documents.release(uri, self.lines);
    }

    fn standing(
        &self,
        tracked: &HashMap<Anchor, Tracked>,
        text: &Rope,
        within: &Range<usize>,
        notes: &[Arc<Note>],
    ) -> Option<Standing> {
        let range = tracked.get(&self.anchor)?.range.clone();
        // What was deleted needs no explanation.
        if range.is_empty() {
            return None;
        }
        let at = range.start + self.shown_at.min(range.len());
        if at < within.start || within.end < at {
            return None;
        }
        let (note, is_fresh) = if self.may_differ(tracked) {
            match self.about(text, &range, notes) {
                Some(note) => (note, true),
                None => (&self.note, false),
            }
        } else {
            (&self.note, self.is_fresh)
        };
        Some(Standing {
            note: note.clone(),
            line: text::line_of(text, at),
            is_fresh,
            range,
        })
    }

    /// Whether anything was typed into it, or behind it on its last line, since it was looked for.
    fn may_differ(&self, tracked: &HashMap<Anchor, Tracked>) -> bool {
        // What comes at the very end of the text is in no range.
        self.is_at_end || tracked.get(&self.lines).is_none_or(|lines| lines.touched)
    }

    /// The note about the text that stands here now. Compared, not remembered: an edit that is
    /// undone makes a note fresh again. What is typed at its end belongs to it, up to the end of
    /// the line, until a tree says what it is.
    fn about<'n>(
        &'n self,
        text: &Rope,
        range: &Range<usize>,
        notes: &'n [Arc<Note>],
    ) -> Option<&'n Arc<Note>> {
        let hash_up_to = |end: usize| {
            let now = text.get_byte_slice(range.start..end)?;
            (rest_of_line(text, end) == self.rest_of_line.as_str()).then(|| text_hash(now))
        };
        let others = || notes.iter().filter(|note| note.is_of_same(&self.note));
        // One that was stale was about a longer or shorter text, as other notes of the symbol may be.
        let as_long = self.is_fresh.then(|| hash_up_to(range.start + self.length));
        let as_long = as_long.flatten();
        if as_long == Some(self.note.anchor.hash) {
            return Some(&self.note);
        }
        let may_be_other = !self.is_fresh || others().count() > 1;
        let now = may_be_other.then(|| hash_up_to(range.end)).flatten();
        others().find(|note| [as_long, now].contains(&Some(note.anchor.hash)))
    }
}

fn rest_of_line(text: &Rope, from: usize) -> RopeSlice<'_> {
    let line = text::line_range(text, text::line_of(text, from));
    text::slice(text, from..from.max(line.end))
}
