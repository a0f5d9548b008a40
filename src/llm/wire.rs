//! The two ways the API is spoken to, and all that differs between them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Answer, Fault, Heard};
use super::field::Field;
use super::{Call, Effort, chat, models, responses};

/// How the API is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// `chat/completions`, which every compatible server speaks.
    #[default]
    Chat,
    /// `responses`.
    Responses,
}

impl Wire {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Responses];

    /// Where it is, below the base address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Chat => "chat/completions",
            Self::Responses => "responses",
        }
    }

    /// The JSON body for `call`, without the fields that its model was seen to refuse.
    pub(super) fn body(
        self,
        call: &Call,
        refused: &BTreeSet<Field>,
    ) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::Chat => serde_json::to_vec(&chat::body(call, refused)),
            Self::Responses => serde_json::to_vec(&responses::body(call, refused)),
        }
    }

    /// Would that body hold `field`?
    pub(super) fn sends(self, field: Field, call: &Call, refused: &BTreeSet<Field>) -> bool {
        match self {
            Self::Chat => chat::body(call, refused).has(field),
            Self::Responses => responses::body(call, refused).has(field),
        }
    }

    /// The most tokens that an answer may have by that body, where the limit is one on all of them:
    /// on chat/completions some servers count thoughts against it, and others do not.
    pub(super) fn most_tokens(self, call: &Call, refused: &BTreeSet<Field>) -> Option<u32> {
        match self {
            Self::Chat => None,
            Self::Responses => responses::most_tokens(call, refused),
        }
    }

    /// Reads one piece of an answer, which is no error and no keep-alive, into `answer`.
    pub(super) fn read(self, piece: &Value, answer: &mut Answer) -> Result<Heard, Fault> {
        match self {
            Self::Chat => chat::read(piece, answer),
            Self::Responses => responses::read(piece, answer),
        }
    }

    /// Whether `body` is a whole answer, by what only answers have.
    pub(super) fn is_answer(self, body: &Value) -> bool {
        let mark = match self {
            Self::Chat => "choices",
            Self::Responses => "output",
        };
        body.get(mark).is_some()
    }
}

/// What both wires send alike.
impl Call {
    /// The effort to send, unless it was refused: only to models that are known to take it.
    pub(super) fn effort_unless(&self, refused: &BTreeSet<Field>) -> Option<Effort> {
        let wanted = self
            .effort
            .filter(|_| models::is_grok(&self.model) && !refused.contains(&Field::ReasoningEffort));
        models::effort(&self.model, wanted?)
    }

    /// The temperature to send, unless it was refused: within what the API takes.
    pub(super) fn temperature_unless(&self, refused: &BTreeSet<Field>) -> Option<f64> {
        self.temperature
            .filter(|t| t.is_finite() && !refused.contains(&Field::Temperature))
            .map(|t| t.clamp(0.0, 2.0))
    }
}
