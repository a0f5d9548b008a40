//! Notes in the margin: what was said of code, kept with what it was said of, and told again.

mod anchor;
mod comment;
mod list;

use std::sync::Arc;

use jiff::Timestamp;
use ropey::Rope;
use sha2::{Digest as _, Sha256};

use super::code::{CodeJob, Explanation, Prepared, blocking};
use super::{Engine, JobError, Place, Spent, Task};
use crate::action::explain;
use crate::llm::models;
use crate::store::{Hash, Note};
use crate::syntax::Syntax;

pub use anchor::{Located, anchor, hash as text_hash, locate, locate_again};
pub use comment::{Commented, as_comment};
pub use list::{Listed, listed};

impl Engine {
    /// The note that an answer to this job becomes, without what it says; `None` where it leaves
    /// none, as the answer to a question does.
    pub(super) async fn blank_note(
        &self,
        job: &CodeJob,
        prepared: &Prepared,
    ) -> Result<Option<Note>, JobError> {
        let follows_up = job.wish.is_some() || !job.history.is_empty() || !job.problems.is_empty();
        if follows_up {
            return Ok(None);
        }
        let text = job.snapshot.text.clone();
        let (syntax, subject) = (prepared.syntax.clone(), prepared.subject.clone());
        let anchor = blocking(move || Ok(anchor(&text, syntax.as_deref(), &subject))).await?;
        Ok(Some(Note {
            workspace: job.place.workspace.display().to_string(),
            file: job.place.shown.clone(),
            action: job.task.name().to_owned(),
            anchor,
            summary: String::new(),
            markdown: String::new(),
            model: String::new(),
            cost_ticks: None,
            asked: (job.task == Task::Explain).then(|| self.asked_as()),
            time: Timestamp::now(),
        }))
    }

    /// What was said before of the very text that `blank` is about, asked in the same way.
    pub(super) async fn said_before(
        &self,
        job: &CodeJob,
        prepared: &Prepared,
        blank: &Note,
    ) -> Option<Note> {
        let asked = blank.asked?;
        let notes = self.kept_of(&job.place, &job.kept).await;
        let is_of_text = |note: &Note| {
            note.anchor.hash == blank.anchor.hash
                && note.action == blank.action
                && note.asked == Some(asked)
        };
        let of_same = notes
            .iter()
            .rfind(|note| is_of_text(note) && note.is_of_same(blank));
        if of_same.is_some() || !notes.iter().any(|note| is_of_text(note)) {
            return of_same.map(|note| note.as_ref().clone());
        }
        // Its symbol, or what is around that, went by another name.
        let (text, syntax) = (job.snapshot.text.clone(), prepared.syntax.clone());
        let range = prepared.subject.range.clone();
        let finding = blocking(move || {
            let found = answered(&notes, &text, syntax.as_deref(), asked);
            let found = found.into_iter().find(|found| found.range == range);
            Ok(found.and_then(|found| Some(notes.get(found.note)?.as_ref().clone())))
        });
        finding.await.ok().flatten()
    }

    /// The notes of a file, the oldest first: those in the store, and those that are `known` in
    /// memory alone, as the notes of a text that is no file are.
    pub(super) async fn kept_of(&self, place: &Place, known: &[Arc<Note>]) -> Vec<Arc<Note>> {
        let workspace = place.workspace.display().to_string();
        let stored = self.store.notes_of(workspace, place.shown.clone(), None);
        let stored = stored.await.ok().flatten();
        let stored = stored.into_iter().flat_map(|(notes, _)| notes);
        let mut notes: Vec<_> = stored.map(Arc::new).collect();
        if place.path.is_none() {
            notes.extend_from_slice(known);
        }
        notes
    }

    /// Keeps what was said, in the place of what was said of the same text before. A text that is
    /// no file has no place in the store.
    pub(super) fn keep_note(&self, place: &Place, note: Note) -> Arc<Note> {
        if place.path.is_some() {
            self.store.keep_note(note.clone());
        }
        Arc::new(note)
    }

    /// What an explanation depends on beside the text that it is about.
    pub(super) fn asked_as(&self) -> Hash {
        let settings = &self.settings;
        let mut hash = Sha256::new();
        for part in [
            &*settings.base_url,
            &*settings.model,
            &*self.answer_language(),
            &*format!("{:?}", settings.instructions),
            &*explain::PROMPT_VERSION.to_string(),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hash.finalize().into()
    }
}

/// Where these notes of a file answer what is asked so: explanations of symbols whose text is what
/// it was, wherever they stand by now.
pub(super) fn answered(
    notes: &[Arc<Note>],
    text: &Rope,
    syntax: Option<&Syntax>,
    asked: Hash,
) -> Vec<Located> {
    let mut located = locate(notes, text, syntax);
    located.retain(|found| {
        let note = notes.get(found.note);
        found.is_fresh
            && note.is_some_and(|note| {
                note.anchor.part.is_none()
                    && note.action == Task::Explain.name()
                    && note.asked == Some(asked)
            })
    });
    located
}

/// The note as an explanation for which nothing was spent.
pub(super) fn told_again(note: Note, prepared: Prepared, spent: Spent) -> Explanation {
    Explanation {
        subject: prepared.subject,
        markdown: note.markdown.clone(),
        summary: note.summary.clone(),
        is_cut_short: false,
        spent,
        note: Some(Arc::new(note)),
    }
}

/// When, by which model and for how much, in a few words.
pub fn provenance(note: &Note, now: Timestamp) -> String {
    let cost = note.cost_ticks.map_or_else(String::new, |ticks| {
        format!(", ${:.4}", models::dollars(ticks))
    });
    format!("{}, {}{cost}", age(note.time, now), note.model)
}

/// How long ago something was, roughly.
fn age(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(time.as_second()).max(0);
    let units = [
        (60 * 60 * 24 * 365, "year"),
        (60 * 60 * 24 * 30, "month"),
        (60 * 60 * 24, "day"),
        (60 * 60, "hour"),
        (60, "minute"),
    ];
    let unit = units.iter().find(|(length, _)| seconds >= *length);
    unit.map_or_else(
        || "just now".into(),
        |(length, name)| match seconds / length {
            1 => format!("1 {name} ago"),
            count => format!("{count} {name}s ago"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit_that_fits() {
        let check = |seconds: i64, expected: &str| {
            let now = Timestamp::from_second(2_000_000_000).unwrap();
            let then = Timestamp::from_second(2_000_000_000 - seconds).unwrap();
            assert_eq!(age(then, now), expected);
        };
        check(-5, "just now");
        check(59, "just now");
        check(60, "1 minute ago");
        check(3_599, "59 minutes ago");
        check(7_200, "2 hours ago");
        check(86_400, "1 day ago");
        check(86_400 * 65, "2 months ago");
        check(86_400 * 800, "2 years ago");
    }
}
