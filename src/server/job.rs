//! A job as plain data: what it does, what it began with, and what it came to.

use std::ops::Range;

use tokio::time::Instant;

use super::answers;
use super::argument::Argument;
use super::protocol as lsp;
use crate::action::Subject;
use crate::answer::Defanged;
use crate::config::{Outcome, Settings};
use crate::document::{Anchor, Documents, Snapshot};
use crate::engine::{Description, Engine, Explanation, FileExplained, JobError, Rewriting, Task};
use crate::text::Shifted;

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Code(Task),
    Describe,
    /// Copies a note into the code.
    NoteToComment,
    /// Explains every function of the document.
    ExplainFile,
    /// Writes alternative text for one image link.
    WriteAltText,
    /// The same for every link that lacks it.
    WriteAllAltText,
}

impl Kind {
    /// What a command with this argument begins; `None` where the command begins no job.
    ///
    /// # Errors
    /// When it names an action of the user's that there is not.
    pub fn of(
        command: &str,
        argument: &Argument,
        settings: &Settings,
    ) -> lsp::Result<Option<Self>> {
        Ok(Some(match command {
            "gloss.explain" => Self::Code(Task::Explain),
            "gloss.refactor" => Self::Code(Task::Refactor),
            "gloss.fix" => Self::Code(Task::Fix),
            "gloss.run" => Self::Code(own_task(argument, settings)?),
            "gloss.describeImage" => Self::Describe,
            "gloss.noteToComment" => Self::NoteToComment,
            "gloss.explainFile" => Self::ExplainFile,
            "gloss.writeAltText" => Self::WriteAltText,
            "gloss.writeAllAltText" => Self::WriteAllAltText,
            _ => return Ok(None),
        }))
    }

    pub fn command(&self) -> &'static str {
        match self {
            Self::Code(Task::Explain) => "gloss.explain",
            Self::Code(Task::Refactor) => "gloss.refactor",
            Self::Code(Task::Fix) => "gloss.fix",
            Self::Code(Task::Own(_)) => "gloss.run",
            Self::Describe => "gloss.describeImage",
            Self::NoteToComment => "gloss.noteToComment",
            Self::ExplainFile => "gloss.explainFile",
            Self::WriteAltText => "gloss.writeAltText",
            Self::WriteAllAltText => "gloss.writeAllAltText",
        }
    }

    /// What a menu or a progress bar calls it.
    pub fn verb(&self) -> &str {
        match self {
            Self::Code(Task::Explain) => "Explain",
            Self::Code(Task::Refactor) => "Refactor",
            Self::Code(Task::Fix) => "Fix",
            Self::Code(Task::Own(own)) => &own.title,
            Self::Describe => "Describe image",
            Self::NoteToComment => "Copy the note on",
            Self::ExplainFile => "Explain every function in this file",
            Self::WriteAltText => "Write alt text for",
            Self::WriteAllAltText => "Write missing alt text in this file",
        }
    }

    /// Whether it ends in an explanation, which streams.
    pub fn explains(&self) -> bool {
        matches!(self, Self::Code(task) if task.outcome() == Outcome::Explain)
    }

    /// Whether it ends in an edit of the document.
    pub fn edits(&self) -> bool {
        match self {
            Self::Code(task) => task.outcome() == Outcome::Edit,
            Self::Describe | Self::ExplainFile => false,
            Self::NoteToComment | Self::WriteAltText | Self::WriteAllAltText => true,
        }
    }

    /// Whether it does many things of which it tells how many are done.
    pub fn counts(&self) -> bool {
        matches!(self, Self::ExplainFile | Self::WriteAllAltText)
    }
}

/// The user's own action that an argument names.
fn own_task(argument: &Argument, settings: &Settings) -> lsp::Result<Task> {
    let names = || {
        let names: Vec<&str> = settings.actions.iter().map(|own| &*own.name).collect();
        if names.is_empty() {
            "there is none in the setting `actions`".to_owned()
        } else {
            format!("there are {}", names.join(", "))
        }
    };
    let Some(name) = argument.action.as_deref() else {
        let what = format!(
            "`action` is missing: the name of one of your own; {}",
            names()
        );
        return Err(lsp::Error::invalid_params(what));
    };
    let own = settings.actions.iter().find(|own| own.name == name);
    own.map(|own| Task::Own(Box::new(own.clone())))
        .ok_or_else(|| {
            lsp::Error::invalid_params(format!("no action `{name}` of your own; {}", names()))
        })
}

/// A job as it began.
pub struct Job {
    pub id: String,
    pub began: Instant,
    pub kind: Kind,
    pub title: String,
    pub snapshot: Snapshot,
    /// The bytes of the snapshot that were asked about.
    pub selection: Range<usize>,
    pub range: lsp::Range,
    /// Records what is typed while the job runs.
    pub journal: Anchor,
    pub argument: Argument,
    /// The other documents that were open when it began.
    pub open: Vec<Snapshot>,
    pub engine: Engine,
}

/// What a job came to.
pub enum Done {
    Explained(Explanation),
    Rewritten(Rewriting),
    Described(Description),
    FileExplained(FileExplained),
}

impl Job {
    /// Where the job's subject stands now, and whether anything was typed into it.
    pub fn subject_now(&self, documents: &Documents, subject: &Subject) -> Option<Shifted> {
        documents.since(&self.snapshot.uri, self.journal, &subject.range)
    }

    /// Where the subject stands now, with what came right before it and right behind it.
    pub fn came_around(&self, documents: &Documents, subject: &Subject) -> Option<Range<usize>> {
        let now = |range: &Range<usize>| {
            let now = documents.since(&self.snapshot.uri, self.journal, range)?;
            let (Shifted::Outside(range) | Shifted::Touched(range)) = now;
            Some(range)
        };
        let Range { start, end } = subject.range;
        // What stands before it ends before what came there, and the place behind it is pushed on.
        Some(now(&(0..start))?.end..now(&(end..end))?.start)
    }
}

/// Why a job came to nothing.
pub enum Failed {
    /// The person's own will, which needs no message.
    Cancelled,
    /// The text that an edit was for changed, or its document was closed.
    Modified {
        message: String,
        subject: Option<Subject>,
        /// What would have come, in Markdown.
        answer: Defanged,
    },
    /// The editor could not be brought to apply the edit.
    Unapplied {
        message: String,
        subject: Option<Subject>,
        answer: Defanged,
    },
    Job(JobError),
}

impl From<JobError> for Failed {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Declined => Self::Cancelled,
            error => Self::Job(error),
        }
    }
}

/// Where the answer is shown that would have changed several places: at the first.
fn first_subject(rewriting: &Rewriting) -> Option<Subject> {
    Some(rewriting.parts.first()?.subject.clone())
}

impl Failed {
    /// That the edit was not applied, and why.
    pub fn unapplied(message: &str, job: &Job, rewriting: &Rewriting) -> Self {
        Self::Unapplied {
            message: message.to_owned(),
            subject: first_subject(rewriting),
            answer: answers::as_markdown(&job.snapshot.language_id, rewriting),
        }
    }

    /// That the text is not what the edit was made for, and why.
    pub fn modified(message: &str, job: &Job, rewriting: &Rewriting) -> Self {
        Self::Modified {
            message: message.to_owned(),
            subject: first_subject(rewriting),
            answer: answers::as_markdown(&job.snapshot.language_id, rewriting),
        }
    }

    pub fn code(&self) -> i64 {
        match self {
            Self::Cancelled => lsp::ErrorCode::RequestCancelled.code(),
            Self::Modified { .. } => lsp::ErrorCode::ContentModified.code(),
            Self::Job(JobError::Internal) => lsp::ErrorCode::InternalError.code(),
            Self::Job(_) | Self::Unapplied { .. } => lsp::REQUEST_FAILED,
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::Cancelled => "cancelled".into(),
            Self::Modified { message, .. } | Self::Unapplied { message, .. } => message.clone(),
            Self::Job(error) => error.to_string(),
        }
    }

    /// What the model said all the same, so that it is not lost.
    pub fn answer(&self) -> Option<&Defanged> {
        match self {
            Self::Modified { answer, .. } | Self::Unapplied { answer, .. } => Some(answer),
            Self::Job(error) => error.answer(),
            Self::Cancelled => None,
        }
    }

    /// What the answer is about, where that is known.
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Modified { subject, .. } | Self::Unapplied { subject, .. } => subject.as_ref(),
            Self::Job(_) | Self::Cancelled => None,
        }
    }
}
