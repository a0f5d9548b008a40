//! What the ledger keeps of one request: names and numbers, never code.

use jiff::Timestamp;

pub use crate::llm::models::TICKS_PER_USD;

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
    /// US dollars, kept to the tick (see [`TICKS_PER_USD`]); `None` where no price is known.
    pub cost_usd: Option<f64>,
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

    /// The cost in ticks; `None` where it is unknown or not a sensible number.
    pub(super) fn cost_ticks(&self) -> Option<u64> {
        self.cost_usd
            .filter(|usd| usd.is_finite() && *usd >= 0.0)
            .map(ticks)
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

/// Dollars to ticks, to the nearest. `usd` is finite and not negative; what exceeds the range is cut.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
fn ticks(usd: f64) -> u64 {
    (usd * TICKS_PER_USD as f64).round() as u64
}

/// Ticks to dollars.
#[expect(clippy::cast_precision_loss)]
pub(super) fn dollars(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_USD as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cost_that_is_no_sensible_number_is_unknown() {
        for (usd, expected) in [
            (None, None),
            (Some(f64::NAN), None),
            (Some(f64::INFINITY), None),
            (Some(-0.5), None),
            (Some(0.0), Some(0)),
            (Some(0.000_000_000_1), Some(1)),
            (Some(1.25), Some(12_500_000_000)),
            (Some(1e300), Some(u64::MAX)),
        ] {
            assert_eq!(
                Row {
                    cost_usd: usd,
                    ..Row::default()
                }
                .cost_ticks(),
                expected,
                "{usd:?}"
            );
        }
    }

    #[test]
    fn a_status_comes_back_from_its_word() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.word()), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        assert_eq!(Status::from_word("of_tomorrow"), Status::Error);
    }

    proptest! {
        #[test]
        fn ticks_to_a_hundred_thousand_dollars_survive_the_way_through_them(some in 0..1_u64 << 50) {
            prop_assert_eq!(ticks(dollars(some)), some);
        }
    }
}
