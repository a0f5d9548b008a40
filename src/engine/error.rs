//! Why a job came to nothing, in words that say what to do next.

use thiserror::Error;

use crate::answer::{Defanged, Refusal};
use crate::llm::ApiError;
use crate::prompt::Lost;

/// Why a job came to nothing.
#[derive(Debug, Error)]
pub enum JobError {
    #[error(
        "no API key: set XAI_API_KEY in the environment of your editor, or run `gloss auth login`; a key is made at https://console.x.ai"
    )]
    NoKey,
    #[error("{0}")]
    Key(String),
    /// Why the keyring was passed over.
    #[error(
        "no API key, and {0}; or set XAI_API_KEY in the environment of your editor; a key is made at https://console.x.ai"
    )]
    NoKeyBut(String),
    #[error("{0}")]
    Configuration(String),
    #[error("`base_url` is no address: {0}; set it to one like https://api.x.ai/v1")]
    BaseUrl(String),
    #[error("there is nothing here but white space: put the cursor into code, or select some")]
    NoSubject,
    #[error(
        "there is nothing here but what you wrote to Gloss: put the cursor into the code that it is about, or select that, too"
    )]
    NothingButInstruction,
    #[error("there is no image link here: put the cursor on one, like ![alt](picture.png)")]
    NoImage,
    #[error(
        "there is no place for alternative text at this image: its markup has none, or it is computed when the document is rendered"
    )]
    NoAltPlace,
    #[error("no image here lacks alternative text that it could have")]
    NoAltMissing,
    #[error("the model said nothing: ask again, or set `model` to another one")]
    SaidNothing,
    #[error("the model said nothing that could stand for the image")]
    NoAltText,
    #[error(
        "the answer about the image broke off before its end, so it is not written; run it again"
    )]
    AltTextCut,
    #[error(
        "{0} is never sent (setting `exclude`, or a `.glossignore` in a folder around it that lists it, cannot be read or is longer than 256 KiB)"
    )]
    Excluded(String),
    #[error(
        "the range alone is about {tokens} tokens, more than `max_prompt_tokens` ({most}): select less, or raise it"
    )]
    TooLarge { tokens: u64, most: u64 },
    #[error(
        "what you ask is about {tokens} tokens, with the range more than `max_prompt_tokens` ({most}): say it in fewer words, or raise it"
    )]
    TooLong { tokens: u64, most: u64 },
    /// Which limit would be passed, in words.
    #[error("{0}")]
    Budget(String),
    #[error(
        "a budget is set, and the ledger it is counted in cannot be read ({0}), so nothing is sent; mend that, or take `budget` out of config.toml"
    )]
    NoLedger(String),
    #[error(
        "a budget in dollars is set, and no price is known for {0}, so nothing is sent; set one under `prices` in config.toml"
    )]
    NoPrice(String),
    #[error("{0} is no text, or not in UTF-8")]
    NoText(String),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("{0}")]
    Image(String),
    #[error("{refusal}")]
    Refused {
        refusal: Refusal,
        /// What the model said, to be shown.
        answer: Defanged,
    },
    #[error("{lost}")]
    Lost {
        lost: Lost,
        /// What the model said, to be shown.
        answer: Defanged,
    },
    #[error(
        "this editor takes no edits from a language server; `gloss refactor FILE --write` changes the file itself"
    )]
    CannotApply,
    #[error(
        "the file has a line that ends in a lone carriage return, which most editors do not count as a line, so it is not edited; convert its line ends first"
    )]
    LoneCarriageReturn,
    #[error(
        "the selection cuts through a private key or another secret, which can only be masked whole: select all of it, or none"
    )]
    CutSecret,
    #[error("there is no note here: explain the code first, or put the cursor where one is shown")]
    NoNote,
    #[error("the code has changed since this note was written: explain it again first")]
    StaleNote,
    #[error("Gloss knows no comments of this language, so the note is not copied into the code")]
    NoComments,
    #[error("there are no functions in this file that Gloss sees: select code, and explain that")]
    NoFunctions,
    /// What would be sent, in words.
    #[error(
        "{0}, more than `confirm_above_usd`, and this editor cannot ask: raise that in your settings"
    )]
    CannotAsk(String),
    #[error("cancelled")]
    Declined,
    #[error("Gloss is closing")]
    Closing,
    #[error("Gloss made a mistake here; its log has the place")]
    Internal,
}

impl JobError {
    /// What the model said, where it is refused and shown; none where it said nothing.
    pub fn answer(&self) -> Option<&Defanged> {
        match self {
            Self::Refused { answer, .. } | Self::Lost { answer, .. } => {
                Some(answer).filter(|answer| !answer.as_str().trim().is_empty())
            }
            _ => None,
        }
    }

    /// Whether it says nothing of what would become of another document, or another image.
    pub fn is_of_one(&self) -> bool {
        matches!(
            self,
            Self::Image(_)
                | Self::Excluded(_)
                | Self::NoAltMissing
                | Self::NoAltText
                | Self::SaidNothing
                | Self::AltTextCut
                | Self::Lost { .. }
                | Self::Api(
                    ApiError::ImageRefused { .. }
                        | ApiError::ContentRefused { .. }
                        | ApiError::TooBig { .. }
                )
        )
    }

    /// Whether trying again may cost something: money, where the API was asked, a download, or a person's
    /// patience, where a keyring or a command asks to be unlocked. All else is free, and over as soon as the
    /// person has done what it says.
    pub fn may_cost(&self) -> bool {
        match self {
            Self::Api(error) => error.was_sent(),
            Self::SaidNothing | Self::Internal | Self::Image(_) => true,
            Self::Key(_) | Self::NoKeyBut(_) => true,
            _ => false,
        }
    }

    /// The class in one word, for the ledger.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Excluded(_) => "excluded",
            Self::TooLarge { .. } | Self::TooLong { .. } => "too_large",
            Self::Budget(_) | Self::NoLedger(_) | Self::NoPrice(_) => "budget",
            Self::NoKey | Self::NoKeyBut(_) | Self::Key(_) => "no_key",
            Self::Refused { .. } | Self::Lost { .. } | Self::NoAltText | Self::AltTextCut => {
                "answer_refused"
            }
            Self::Image(_) => "image",
            _ => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_as_soon_as_it_is_mended_costs_nothing() {
        let host = || "api.x.ai".to_owned();
        let check = |error: JobError, costs: bool| {
            assert_eq!(error.may_cost(), costs, "{error}");
        };
        check(JobError::NoKey, false);
        check(JobError::Budget("used up".into()), false);
        check(ApiError::ConnectionRefused { host: host() }.into(), false);
        check(
            ApiError::NoMoney {
                said: String::new(),
            }
            .into(),
            true,
        );
        check(ApiError::CutOff.into(), true);
        check(JobError::SaidNothing, true);
        // A keyring and a command may ask the person to unlock something.
        check(JobError::NoKeyBut("the keyring is locked".into()), true);
        // Of a download a stranger's server would see each hover.
        check(JobError::Image("the server answered 404".into()), true);
        check(JobError::Key("`api_key_command` failed".into()), true);
    }
}
