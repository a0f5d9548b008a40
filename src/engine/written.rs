//! Heeds what a person wrote into the code: it becomes what is asked, and is not in what is told.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ropey::Rope;

use super::code::{CodeJob, Prepared};
use super::{Engine, JobError};
use super::{Rewriting, RewrittenPart};
use crate::action::{self, Subject, Written};
use crate::config::{Outcome, open_file};
use crate::document::{Said, Typed};
use crate::syntax::Syntax;
use crate::text::{self, Change, Edit, Shifted};

/// Most that is read of a file, in bytes: larger ones are sent nowhere.
const LARGEST: u64 = 16 << 20;

/// The text with the comments in it that became what is asked.
#[derive(Debug)]
pub struct Whole {
    text: Rope,
    /// With the comments above the item in its range, if there are such.
    subject: Subject,
    /// What is left of the lines above the item, from the first comment on.
    above: String,
}

impl Engine {
    /// What the job would send, with what was typed into its range as comments for Gloss among
    /// what is asked; and the job as that makes it. Parses, and may read the disk.
    ///
    /// # Errors
    /// When there is nothing to work on, or it may not be sent.
    pub fn heeding(&self, job: CodeJob) -> Result<(CodeJob, Prepared), JobError> {
        let job = heeded(job)?;
        let prepared = self.prepared(&job)?;
        Ok((job, prepared))
    }
}

/// The job without the comments in its text, if there are such and an edit can take them away.
fn heeded(job: CodeJob) -> Result<CodeJob, JobError> {
    if job.task.outcome() != Outcome::Edit || job.snapshot.typed.is_empty() {
        return Ok(job);
    }
    let text = &job.snapshot.text;
    let syntax = job.syntax.clone().or_else(|| parsed(&job, text));
    let syntax = syntax.as_deref();
    let Some(subject) = action::subject(text, syntax, &job.selection) else {
        return Ok(job);
    };
    // A person writes above an item as well as into it.
    let within = subject.leading.start.min(subject.range.start)..subject.range.end;
    let written = |typed: &Typed| action::written(text, syntax, typed, &within);
    let mut heeded = written(&job.snapshot.typed);
    if !heeded.is_empty() && job.snapshot.typed.is_unchecked() {
        let on_disk = job.place.path.as_deref().and_then(on_disk);
        let on_disk = Said::in_text(&on_disk.unwrap_or_default());
        heeded = written(&job.snapshot.typed.compared(&on_disk));
    }
    let written = heeded;
    if written.is_empty() {
        return Ok(job);
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
    // What was typed stood in the other text, and the tree that was known is that of it.
    told_job.snapshot.typed = Arc::default();
    told_job.syntax = parsed(&told_job, &told_job.snapshot.text);
    let found = action::subject(
        &told_job.snapshot.text,
        told_job.syntax.as_deref(),
        &told_job.selection,
    );
    if found.is_none_or(|found| found.range != range) {
        // Without the comments the cursor belongs to something else: what it was in is meant.
        told_job.selection = range;
    }
    told_job.whole = Some(Arc::new(Whole::of(job.snapshot.text, subject, &written)));
    Ok(told_job)
}

/// The text of a file as it is on the disk, if it is one. Reads the disk.
pub fn on_disk(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = open_file(path).ok()?;
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn parsed(job: &CodeJob, text: &Rope) -> Option<Arc<Syntax>> {
    Syntax::parse(job.snapshot.language?, text).map(Arc::new)
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
    fn of(text: Rope, mut subject: Subject, written: &[Written]) -> Self {
        let item = subject.range.start;
        let first = written.first().map_or(item, |first| first.range.start);
        let above = written.iter().filter(|comment| comment.range.end <= item);
        let above: Vec<Written> = above.cloned().collect();
        let left = without(&text, &above);
        let end = moved(&(item..item), &above).start;
        subject.range.start = first.min(item);
        let above = text::slice(&left, subject.range.start..end).to_string();
        Self {
            text,
            subject,
            above,
        }
    }

    /// The lines that the job is about are the document's own.
    pub(super) fn text_and_subject(&self) -> (&Rope, &Subject) {
        (&self.text, &self.subject)
    }

    /// What became of the document itself: the new text in the place of the old, comments and all.
    /// Where the model leaves the code as it is, nothing is done.
    pub(super) fn rewritten(&self, told: Rewriting) -> Rewriting {
        let parts = told.parts.iter().map(|part| self.part(&part.new));
        Rewriting {
            parts: parts.collect(),
            ..told
        }
    }

    fn part(&self, told: &str) -> RewrittenPart {
        let range = self.subject.range.clone();
        let old = text::slice(&self.text, range.clone()).to_string();
        let new = format!("{}{told}", self.above);
        let edits = text::edits(&old, &new).into_iter().map(|edit| Edit {
            range: edit.range.start + range.start..edit.range.end + range.start,
            text: edit.text,
        });
        RewrittenPart {
            subject: self.subject.clone(),
            edits: edits.collect(),
            new,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use crate::document::{ContentChange, Documents};
    use crate::engine::{Place, Task};
    use crate::store::Store;
    use crate::text::{Encoding, Position};

    fn job(snapshot: crate::document::Snapshot, selection: Range<usize>) -> CodeJob {
        CodeJob::new(
            Task::Refactor,
            snapshot,
            selection,
            Place::untitled("a.rs", &[]),
        )
    }

    fn rewriting(subject: Subject, old: &str, new: &str) -> Rewriting {
        let part = RewrittenPart {
            edits: text::edits(old, new),
            subject,
            new: new.into(),
        };
        Rewriting::of(part, String::new(), crate::engine::Spent::default())
    }

    /// Types `comment` into a line of `code` and refactors what stands at a place of it, the
    /// model answering with `new`; what is asked, and what becomes of the text.
    fn check(code: &str, line: u32, comment: &str, at: &str, new: &str, expected: &str) {
        let mut documents = Documents::default();
        documents.open("file:///a.rs", "rust", 1, code);
        let spot = Position { line, character: 0 };
        let typed = ContentChange {
            range: Some((spot, spot)),
            text: comment.into(),
        };
        documents.change("file:///a.rs", 2, &[typed], Encoding::Utf8);
        let snapshot = documents.snapshot("file:///a.rs").unwrap();
        let text = snapshot.text.to_string();
        let cursor = text.find(at).unwrap();
        let job = job(snapshot, cursor..cursor);
        let engine = Engine::new(Settings::default(), &Environment::new(), Store::new(None));
        let (job, _) = engine.heeding(job).unwrap();
        // Once more, as when the model takes less than thought: nothing is lost by it.
        let (job, prepared) = engine.heeding(job).unwrap();
        assert_eq!(job.wish.as_deref(), Some("be brief"));
        assert!(!prepared.prompt.to_plain_text().contains("gloss:"));
        let told = job.snapshot.text.to_string();
        let told = &told[prepared.subject.range.clone()];
        let rewriting = rewriting(prepared.subject, told, new);
        let rewriting = job.whole.unwrap().rewritten(rewriting);
        assert_eq!(
            text::apply(&text, &rewriting.edits()),
            expected,
            "{comment:?}"
        );
        // All edits lie in the range, which is watched for changes.
        for part in rewriting.parts {
            let within = part.subject.range;
            let mut edits = part.edits.iter();
            assert!(
                edits.all(|edit| within.start <= edit.range.start && edit.range.end <= within.end)
            );
            assert!(text[within].contains("fn b"));
        }
    }

    #[test]
    fn a_comment_that_is_all_of_a_body_goes_with_its_edit() {
        let mut documents = Documents::default();
        documents.open("a.py", "python", 1, "def b():\n\nc = 1\n");
        let whole = |text: &str| ContentChange {
            range: None,
            text: text.into(),
        };
        let text = "def b():\n    # gloss: be brief\n\nc = 1\n";
        documents.change("a.py", 2, &[whole(text)], Encoding::Utf8);
        let snapshot = documents.snapshot("a.py").unwrap();
        for at in ["def", "gloss"] {
            let cursor = text.find(at).unwrap();
            let job = job(snapshot.clone(), cursor..cursor);
            let engine = Engine::new(Settings::default(), &Environment::new(), Store::new(None));
            let (job, prepared) = engine.heeding(job).unwrap();
            assert_eq!(job.wish.as_deref(), Some("be brief"), "{at}");
            let told = job.snapshot.text.byte_slice(prepared.subject.range.clone());
            assert_eq!(told, "def b():", "{at}");
            let new = "def b():\n    return 1";
            let rewriting =
                job.whole
                    .unwrap()
                    .rewritten(rewriting(prepared.subject, &told.to_string(), new));
            assert_eq!(
                text::apply(text, &rewriting.edits()),
                format!("{new}\n\nc = 1\n"),
                "{at}"
            );
        }
    }

    #[test]
    fn comments_in_and_above_an_item_go_with_its_edit() {
        let code = "impl A {\n    /// Doc.\n    #[inline]\n    fn b() {\n        c()\n    }\n}\n";
        let new = "fn b() {\n        d()\n    }";
        let changed = code.replace("c()", "d()");
        let inside = "        // gloss: be brief\n";
        let above = "    // gloss: be brief\n";
        check(code, 4, inside, "c()", new, &changed);
        check(code, 4, inside, "gloss", new, &changed);
        check(code, 1, above, "c()", new, &changed);
        check(code, 2, above, "gloss", new, &changed);
        check(code, 3, above, "fn b", new, &changed);
        // Nothing else is changed: nothing is.
        let same = "fn b() {\n        c()\n    }";
        let kept = code.replace("        c()", &format!("{inside}        c()"));
        check(code, 4, inside, "c()", same, &kept);
    }
}
