//! What the ledger keeps of one request: names and numbers, never code.

use jiff::Timestamp;

/// One request, as the ledger keeps it. Counts that the API did not report are 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// When the request was made; kept to the microsecond.
    pub time: Timestamp,
    /// The workspace's canonical absolute path.
    pub workspace: String,
    /// Where the workspace's repository comes from, where known.
    pub repository: Option<String>,
    /// `explain`, `refactor`, `fix`, `describe`, `alt_text`, `explain_file` or the user's own name.
    pub action: String,
    /// The file worked on, relative to the workspace.
    pub file: Option<String>,
    /// The lines worked on, counted from 1: `12` or `12-40`.
    pub lines: Option<String>,
    /// How many other files text was drawn from.
    pub context_files: u32,
    /// How many secrets were masked.
    pub masked: u32,
    pub model: String,
    pub status: Status,
    /// Why the answer ended, in the API's word.
    pub finish_reason: Option<String>,
    pub retries: u32,
    /// Milliseconds from sending to the first token.
    pub first_token_ms: Option<u64>,
    /// Milliseconds from sending to the end.
    pub total_ms: Option<u64>,
    /// The API's name for the request.
    pub request_id: Option<String>,
    /// The class of a failure in one word, such as `rate_limit`; no text of anybody's.
    pub error: Option<String>,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    pub text_tokens: u64,
    pub image_tokens: u64,
    pub audio_tokens: u64,
    pub cached_tokens: u64,
    pub reasoning_tokens: u64,
    pub num_sources_used: u64,
    /// Ticks, of which [`TICKS_PER_USD`](crate::llm::models::TICKS_PER_USD) make a US dollar; `None` where
    /// no price is known.
    pub cost_ticks: Option<u64>,
    /// The API did not say what it used, as after a cancel: tokens and cost are estimates.
    pub estimated: bool,
}

impl Row {
    /// How many calls to the API the request took.
    pub(super) fn calls(&self) -> u64 {
        if self.status.is_call() {
            1 + u64::from(self.retries)
        } else {
            0
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Ok,
    Error,
    Cancelled,
    /// Refused before anything was sent.
    Refused,
    /// Answered from what was kept; nothing was sent.
    FromStore,
}

impl Status {
    pub const ALL: [Status; 5] = [
        Status::Ok,
        Status::Error,
        Status::Cancelled,
        Status::Refused,
        Status::FromStore,
    ];

    /// The word for it in the ledger and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Error => "error",
            Status::Cancelled => "cancelled",
            Status::Refused => "refused",
            Status::FromStore => "from_store",
        }
    }

    /// A word that is not known, which only a newer Gloss can have written, counts as an error.
    pub(super) fn from_word(word: &str) -> Status {
        Status::ALL
            .into_iter()
            .find(|status| status.word() == word)
            .unwrap_or(Status::Error)
    }

    /// Whether the API was called.
    pub fn is_call(self) -> bool {
        matches!(self, Status::Ok | Status::Error | Status::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_comes_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.word()), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        assert_eq!(Status::from_word("of_tomorrow"), Status::Error);
    }
}
