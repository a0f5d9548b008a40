//! What a job on code is to do.

use crate::config::{Outcome, OwnAction};
use crate::llm::Effort;

/// What a job on code is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    Explain,
    Refactor,
    Fix,
    /// One that the user wrote.
    Own(Box<OwnAction>),
}

impl Task {
    /// What the ledger calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Explain => "explain",
            Self::Refactor => "refactor",
            Self::Fix => "fix",
            Self::Own(own) => &own.name,
        }
    }

    /// What its answer becomes.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Explain => Outcome::Explain,
            Self::Refactor | Self::Fix => Outcome::Edit,
            Self::Own(own) => own.outcome,
        }
    }

    /// How much a model should think, where the user does not say.
    pub(super) fn effort(&self) -> Effort {
        match self.outcome() {
            Outcome::Explain => Effort::Low,
            Outcome::Edit => Effort::Medium,
        }
    }
}
