//! Notes in the margin: what models said of code, found again by hashes of it. Never the code.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::tables::{Waiting, Write, integer};

/// Brings the schema this table.
pub(super) const MIGRATION: &str = "
    CREATE TABLE note (
        workspace TEXT NOT NULL,
        file TEXT NOT NULL, -- from the workspace, with /
        symbol TEXT NOT NULL, -- kinds and names from the outermost symbol inwards; empty for none
        nth INTEGER NOT NULL, -- of those that are called so
        action TEXT NOT NULL,
        hash BLOB NOT NULL, -- SHA-256 of the text that it is about
        bytes INTEGER, -- of that text, where it is a part of the symbol; null where it is the symbol
        head BLOB, -- SHA-256 of the line in which such a part begins
        indent INTEGER, -- bytes from the first letter of that line to the part
        summary TEXT NOT NULL,
        markdown TEXT NOT NULL,
        model TEXT NOT NULL,
        cost_ticks INTEGER,
        asked BLOB, -- SHA-256 of how it was asked; null where it answers no second question
        time INTEGER NOT NULL,
        PRIMARY KEY (workspace, file, symbol, nth, action, hash)
    ) STRICT, WITHOUT ROWID;
";

/// Most texts of one symbol that notes are kept of: an undone change finds its note again.
const MOST_TEXTS: u32 = 5;
/// Most notes kept of one file; the oldest goes.
const MOST_OF_FILE: u32 = 1_000;

/// A SHA-256.
pub type Hash = [u8; 32];

/// What a note is about, found again by names and hashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// The path of the symbol that it is about, or that is around the part it is about; empty
    /// where there is none.
    pub symbol: String,
    /// Which one of those of this path.
    pub nth: u32,
    /// Of the text, its line ends taken as `\n`.
    pub hash: Hash,
    /// `None` where it is about the symbol itself.
    pub part: Option<Part>,
}

/// How a text that is no symbol is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// How long it is, without carriage returns.
    pub bytes: u64,
    /// Of the line in which it begins, without the white space around it.
    pub head: Hash,
    /// Bytes from the first letter of that line to where it begins.
    pub indent: u64,
}

/// What a model said of a piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The workspace's canonical absolute path.
    pub workspace: String,
    /// The file's path from there, with `/`.
    pub file: String,
    /// What was asked of it, in the ledger's word.
    pub action: String,
    pub anchor: Anchor,
    /// A plain sentence.
    pub summary: String,
    /// Defanged.
    pub markdown: String,
    pub model: String,
    /// See [`Row::cost_ticks`](super::Row::cost_ticks).
    pub cost_ticks: Option<u64>,
    /// What the answer depended on beside the text: it answers the same question again. `None`
    /// where it should not.
    pub asked: Option<Hash>,
    pub time: Timestamp,
}

impl Note {
    /// Whether both are about the same, be it of another text.
    pub fn is_of_same(&self, other: &Note) -> bool {
        let (own, other_anchor) = (&self.anchor, &other.anchor);
        self.action == other.action
            && own.symbol == other_anchor.symbol
            && own.nth == other_anchor.nth
            && own.part == other_anchor.part
            && (own.part.is_none() || own.hash == other_anchor.hash)
    }

    /// Whether both are about the same and about the same text of it.
    pub fn is_of_same_text(&self, other: &Note) -> bool {
        self.is_of_same(other) && self.anchor.hash == other.anchor.hash
    }

    /// Whether one takes the other's place.
    fn replaces(&self, other: &Note) -> bool {
        self.workspace == other.workspace && self.file == other.file && self.is_of_same_text(other)
    }
}

/// Notes that are to be forgotten.
#[derive(Clone, Debug)]
pub(super) struct Forgotten {
    pub workspace: String,
    pub file: String,
    /// These; all without.
    pub about: Option<Vec<Note>>,
}

impl Forgotten {
    fn holds(&self, note: &Note) -> bool {
        self.workspace == note.workspace
            && self.file == note.file
            && self
                .about
                .as_ref()
                .is_none_or(|about| about.iter().any(|other| other.is_of_same_text(note)))
    }
}

/// Tells whether the notes of a file are still those that were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    count: i64,
    latest: i64,
}

const COLUMNS: &str = "workspace, file, symbol, nth, action, hash, bytes, head, indent, summary, \
                       markdown, model, cost_ticks, asked, time";

pub(super) fn insert(connection: &Connection, note: &Note) -> rusqlite::Result<()> {
    let change = connection.unchecked_transaction()?;
    let anchor = &note.anchor;
    let part = anchor.part.as_ref();
    change
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO note ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ))?
        .execute(params![
            note.workspace,
            note.file,
            anchor.symbol,
            anchor.nth,
            note.action,
            anchor.hash,
            part.map(|part| integer(part.bytes)),
            part.map(|part| part.head),
            part.map(|part| integer(part.indent)),
            note.summary,
            note.markdown,
            note.model,
            note.cost_ticks.map(integer),
            note.asked,
            note.time.as_microsecond(),
        ])?;
    change
        .prepare_cached(
            "DELETE FROM note WHERE workspace = ?1 AND file = ?2 AND symbol = ?3 AND nth = ?4
             AND action = ?5 AND bytes IS NULL AND hash NOT IN (
                 SELECT hash FROM note WHERE workspace = ?1 AND file = ?2 AND symbol = ?3
                 AND nth = ?4 AND action = ?5 AND bytes IS NULL ORDER BY time DESC LIMIT ?6)",
        )?
        .execute(params![
            note.workspace,
            note.file,
            anchor.symbol,
            anchor.nth,
            note.action,
            MOST_TEXTS
        ])?;
    change
        .prepare_cached(
            "DELETE FROM note WHERE workspace = ?1 AND file = ?2 AND time < (
                 SELECT time FROM note WHERE workspace = ?1 AND file = ?2
                 ORDER BY time DESC LIMIT 1 OFFSET ?3)",
        )?
        .execute(params![note.workspace, note.file, MOST_OF_FILE - 1])?;
    change.commit()
}

pub(super) fn forget(connection: &Connection, forgotten: &Forgotten) -> rusqlite::Result<()> {
    let change = connection.unchecked_transaction()?;
    let (workspace, file) = (&forgotten.workspace, &forgotten.file);
    match &forgotten.about {
        None => {
            change.execute(
                "DELETE FROM note WHERE workspace = ? AND file = ?",
                params![workspace, file],
            )?;
        }
        Some(about) => {
            for note in about {
                let anchor = &note.anchor;
                change.execute(
                    "DELETE FROM note WHERE workspace = ? AND file = ? AND symbol = ? AND nth = ?
                     AND action = ? AND hash = ? AND (bytes IS NULL) = ?",
                    params![
                        workspace,
                        file,
                        anchor.symbol,
                        anchor.nth,
                        note.action,
                        anchor.hash,
                        anchor.part.is_none(),
                    ],
                )?;
            }
        }
    }
    change.commit()
}

/// The files of a workspace that have notes, each found by one step into the table.
pub(super) fn files(connection: &Connection, workspace: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE each(file) AS (
             SELECT min(file) FROM note WHERE workspace = ?1
             UNION ALL
             SELECT (SELECT min(file) FROM note WHERE workspace = ?1 AND file > each.file)
             FROM each WHERE each.file IS NOT NULL)
         SELECT file FROM each WHERE file IS NOT NULL",
    )?;
    let files = statement.query_map([workspace], |row| row.get(0))?;
    files.collect()
}

/// Keeps these notes as those of another file, but where it has one of the same text; how many
/// there were.
pub(super) fn move_to(connection: &Connection, notes: &[Note], to: &str) -> rusqlite::Result<u64> {
    let change = connection.unchecked_transaction()?;
    let mut moved = 0;
    for note in notes {
        let anchor = &note.anchor;
        moved += change
            .prepare_cached(
                "UPDATE OR IGNORE note SET file = ?7 WHERE workspace = ?1 AND file = ?2
                 AND symbol = ?3 AND nth = ?4 AND action = ?5 AND hash = ?6",
            )?
            .execute(params![
                note.workspace,
                note.file,
                anchor.symbol,
                anchor.nth,
                note.action,
                anchor.hash,
                to,
            ])?;
    }
    change.commit()?;
    Ok(u64::try_from(moved).unwrap_or(u64::MAX))
}

/// Forgets all notes of a workspace; how many there were.
pub(super) fn forget_workspace(connection: &Connection, workspace: &str) -> rusqlite::Result<u64> {
    let deleted = connection.execute("DELETE FROM note WHERE workspace = ?", [workspace])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// The notes of a file, the oldest first, and their stamp; `None` where they are still those of
/// the stamp that is `known`.
pub(super) fn of_file(
    connection: &Connection,
    waiting: &Waiting,
    (workspace, file): (&str, &str),
    known: Option<Stamp>,
) -> rusqlite::Result<Option<(Vec<Note>, Option<Stamp>)>> {
    let stamp = connection
        .prepare_cached(
            "SELECT count(*), coalesce(max(time), 0) FROM note WHERE workspace = ? AND file = ?",
        )?
        .query_row([workspace, file], |row| {
            Ok(Stamp {
                count: row.get(0)?,
                latest: row.get(1)?,
            })
        })?;
    let is_concerned = |write: &Write| match write {
        Write::Note(note) => note.workspace == workspace && note.file == file,
        Write::ForgetNotes(forgotten) => forgotten.workspace == workspace && forgotten.file == file,
        _ => false,
    };
    let waits = waiting.iter().any(is_concerned);
    if known == Some(stamp) && !waits {
        return Ok(None);
    }
    let condition = "WHERE workspace = ?1 AND file = ?2 ORDER BY time";
    let mut notes = read(connection, condition, &[&workspace, &file])?;
    apply(
        &mut notes,
        waiting.iter().filter(|write| is_concerned(write)),
    );
    // What waits has no stamp yet, so that it is read again once it is on the disk.
    Ok(Some((notes, (!waits).then_some(stamp))))
}

/// All notes, or those of a workspace, by file, the oldest first.
pub(super) fn all(
    connection: &Connection,
    waiting: &Waiting,
    workspace: Option<&str>,
) -> rusqlite::Result<Vec<Note>> {
    let mut notes = match workspace {
        Some(workspace) => read(connection, "WHERE workspace = ?1", &[&workspace])?,
        None => read(connection, "", &[])?,
    };
    let is_concerned = |of: &str| workspace.is_none_or(|wanted| wanted == of);
    apply(
        &mut notes,
        waiting.iter().filter(|write| match write {
            Write::Note(note) => is_concerned(&note.workspace),
            _ => true,
        }),
    );
    notes.sort_by(|a, b| {
        let key = |note: &Note| (note.workspace.clone(), note.file.clone(), note.time);
        key(a).cmp(&key(b))
    });
    Ok(notes)
}

/// Does to the notes what waits to be done on the disk.
fn apply<'w>(notes: &mut Vec<Note>, waiting: impl Iterator<Item = &'w Write>) {
    for write in waiting {
        match write {
            Write::Note(note) => {
                notes.retain(|other| !note.replaces(other));
                notes.push(note.as_ref().clone());
            }
            Write::ForgetNotes(forgotten) => notes.retain(|note| !forgotten.holds(note)),
            _ => {}
        }
    }
}

fn read(
    connection: &Connection,
    condition: &str,
    values: &[&dyn rusqlite::ToSql],
) -> rusqlite::Result<Vec<Note>> {
    let sql = format!("SELECT {COLUMNS} FROM note {condition}");
    let mut statement = connection.prepare_cached(&sql)?;
    let notes = statement.query_map(values, |row| {
        let count = |at: usize| -> rusqlite::Result<Option<u64>> {
            let found: Option<i64> = row.get(at)?;
            Ok(found.map(|found| u64::try_from(found).unwrap_or(0)))
        };
        let head: Option<Hash> = row.get(7)?;
        let part = match (count(6)?, head, count(8)?) {
            (Some(bytes), Some(head), Some(indent)) => Some(Part {
                bytes,
                head,
                indent,
            }),
            _ => None,
        };
        Ok(Note {
            workspace: row.get(0)?,
            file: row.get(1)?,
            action: row.get(4)?,
            anchor: Anchor {
                symbol: row.get(2)?,
                nth: row.get(3)?,
                hash: row.get(5)?,
                part,
            },
            summary: row.get(9)?,
            markdown: row.get(10)?,
            model: row.get(11)?,
            cost_ticks: count(12)?,
            asked: row.get(13)?,
            time: Timestamp::from_microsecond(row.get(14)?).unwrap_or_default(),
        })
    })?;
    notes.collect()
}
