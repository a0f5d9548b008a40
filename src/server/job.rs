//! A job as plain data: what it does, what it began with, and what it came to.

use std::ops::Range;

use super::argument::Argument;
use super::protocol as lsp;
use crate::action::Subject;
use crate::document::{Anchor, Documents, Snapshot};
use crate::engine::{Description, Engine, Explanation, JobError, Rewriting};
use crate::text::Shifted;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Explain,
    Refactor,
    Describe,
}

impl Kind {
    pub fn of_command(command: &str) -> Option<Self> {
        match command {
            "gloss.explain" => Some(Self::Explain),
            "gloss.refactor" => Some(Self::Refactor),
            "gloss.describeImage" => Some(Self::Describe),
            _ => None,
        }
    }

    pub fn command(self) -> &'static str {
        match self {
            Self::Explain => "gloss.explain",
            Self::Refactor => "gloss.refactor",
            Self::Describe => "gloss.describeImage",
        }
    }

    pub fn verb(self) -> &'static str {
        match self {
            Self::Explain => "Explain",
            Self::Refactor => "Refactor",
            Self::Describe => "Describe image",
        }
    }
}

/// A job as it began.
pub struct Job {
    pub id: String,
    pub kind: Kind,
    pub title: String,
    pub snapshot: Snapshot,
    /// The bytes of the snapshot that were asked about.
    pub selection: Range<usize>,
    pub range: lsp::Range,
    /// Records what is typed while the job runs.
    pub journal: Anchor,
    pub argument: Argument,
    pub engine: Engine,
}

/// What a job came to.
pub enum Done {
    Explained(Explanation),
    Rewritten(Rewriting),
    Described(Description),
}

impl Job {
    /// Where the job's subject stands now, and whether anything was typed into it.
    pub fn subject_now(&self, documents: &Documents, subject: &Subject) -> Option<Shifted> {
        documents.since(&self.snapshot.uri, self.journal, &subject.range)
    }
}

/// Why a job came to nothing.
pub enum Failed {
    /// The person's own will, which needs no message.
    Cancelled,
    /// The text that an edit was for changed, or its document was closed.
    Modified {
        message: String,
        answer: String,
    },
    Job(JobError),
}

impl From<JobError> for Failed {
    fn from(error: JobError) -> Self {
        Self::Job(error)
    }
}

impl Failed {
    pub fn code(&self) -> i64 {
        match self {
            Self::Cancelled => lsp::ErrorCode::RequestCancelled.code(),
            Self::Modified { .. } => lsp::ErrorCode::ContentModified.code(),
            Self::Job(JobError::Internal) => lsp::ErrorCode::InternalError.code(),
            Self::Job(_) => lsp::REQUEST_FAILED,
        }
    }

    pub fn message(&self) -> String {
        match self {
            Self::Cancelled => "cancelled".into(),
            Self::Modified { message, .. } => message.clone(),
            Self::Job(error) => error.to_string(),
        }
    }

    /// What the model said all the same, so that it is not lost.
    pub fn answer(&self) -> Option<&str> {
        match self {
            Self::Modified { answer, .. } => Some(answer),
            Self::Job(error) => error.answer(),
            Self::Cancelled => None,
        }
    }
}
