//! Heeds what a person wrote into the code: it becomes what is asked, and is not in what is told.

use std::ops::Range;

use ropey::Rope;

use super::code::{CodeJob, Prepared, Rewriting};
use super::{Engine, JobError};
use crate::action::{self, Subject, Written};
use crate::config::Outcome;
use crate::syntax::Syntax;
use crate::text::{self, Change, Edit, Shifted};

/// The text with the comments in it that became what is asked.
#[derive(Debug)]
pub(super) struct Whole {
    text: Rope,
    subject: Subject,
}

impl Engine {
    /// What the job would send, with what was typed into its range as comments for Gloss among
    /// what is asked; and the job as that makes it. Parses, and may read the disk.
    ///
    /// # Errors
    /// When there is nothing to work on, or it may not be sent.
    pub fn heeding(&self, job: CodeJob) -> Result<(CodeJob, Prepared), JobError> {
        let (job, whole) = heeded(job)?;
        let mut prepared = self.prepared(&job)?;
        prepared.whole = whole;
        Ok((job, prepared))
    }
}

/// The job without the comments in its text, if there are such and an edit can take them away.
fn heeded(job: CodeJob) -> Result<(CodeJob, Option<Whole>), JobError> {
    if job.task.outcome() != Outcome::Edit || job.snapshot.typed.is_empty() {
        return Ok((job, None));
    }
    let text = &job.snapshot.text;
    let syntax = parsed(&job, text);
    let Some(subject) = action::subject(text, syntax.as_ref(), &job.selection) else {
        return Ok((job, None));
    };
    let written = action::written(text, syntax.as_ref(), &job.snapshot.typed, &subject.range);
    if written.is_empty() {
        return Ok((job, None));
    }
    let told = without(text, &written);
    let moved = |range: &Range<usize>| moved(range, &written);
    let range = moved(&subject.range);
    if text::slice(&told, range.clone())
        .chars()
        .all(char::is_whitespace)
    {
        return Err(JobError::NothingButInstruction);
    }
    let mut told_job = CodeJob {
        wish: Some(wish(job.wish.as_deref(), &written)),
        selection: moved(&job.selection),
        ..job.clone()
    };
    for problem in &mut told_job.problems {
        problem.range = moved(&problem.range);
    }
    told_job.snapshot.text = told;
    let syntax = parsed(&told_job, &told_job.snapshot.text);
    let found = action::subject(
        &told_job.snapshot.text,
        syntax.as_ref(),
        &told_job.selection,
    );
    if found.is_none_or(|found| found.range != range) {
        // Without the comments the cursor belongs to something else: what it was in is meant.
        told_job.selection = range;
    }
    let text = job.snapshot.text;
    Ok((told_job, Some(Whole { text, subject })))
}

fn parsed(job: &CodeJob, text: &Rope) -> Option<Syntax> {
    Syntax::parse(job.snapshot.language?, text)
}

/// What was asked in so many words first, then what was written, each a sentence.
fn wish(asked: Option<&str>, written: &[Written]) -> String {
    let written = written.iter().map(|written| written.words.as_str());
    let all: Vec<&str> = asked.into_iter().chain(written).collect();
    all.join("\n")
}

fn without(text: &Rope, written: &[Written]) -> Rope {
    let mut left = text.clone();
    for comment in written.iter().rev() {
        let chars = left
            .try_byte_to_char(comment.range.start)
            .ok()
            .zip(left.try_byte_to_char(comment.range.end).ok());
        if let Some((start, end)) = chars {
            let _ = left.try_remove(start..end);
        }
    }
    left
}

/// Where a range stands once the comments are gone.
fn moved(range: &Range<usize>, written: &[Written]) -> Range<usize> {
    written.iter().rev().fold(range.clone(), |range, comment| {
        let change = Change {
            range: comment.range.clone(),
            inserted: 0,
        };
        match text::shift(&range, &change) {
            Shifted::Outside(range) | Shifted::Touched(range) => range,
        }
    })
}

impl Whole {
    /// The lines that the job is about are the document's own.
    pub(super) fn text_and_subject(&self) -> (&Rope, &Subject) {
        (&self.text, &self.subject)
    }

    /// What became of the document itself: the new text in the place of the old, comments and all.
    /// Where the model leaves the code as it is, nothing is done.
    pub(super) fn rewritten(self, told: Rewriting) -> Rewriting {
        let range = self.subject.range.clone();
        let old = text::slice(&self.text, range.clone()).to_string();
        let edits = if told.edits.is_empty() {
            Vec::new()
        } else {
            text::edits(&old, &told.new)
        };
        let edits = edits.into_iter().map(|edit| Edit {
            range: edit.range.start + range.start..edit.range.end + range.start,
            text: edit.text,
        });
        Rewriting {
            subject: self.subject,
            edits: edits.collect(),
            ..told
        }
    }
}
