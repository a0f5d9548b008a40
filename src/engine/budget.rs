//! The budget, held before anything is sent, and what a request will come to.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

use super::{Engine, JobError, Place};
use crate::config::{Budget, Limits};
use crate::llm::models::TICKS_PER_USD;
use crate::llm::{Usage, is_loopback};
use crate::prompt::Prompt;
use crate::store::{Amount, Claim, Limit, Reservation, Standing, Verdict};

/// What requests will come to, by an estimate.
///
/// The prompt is estimated by its length, an image by its tiles, and an answer is taken to be half
/// as long as it may become: for edits that is about the range again, for text 1,000 tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    pub requests: u64,
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
    /// Of the prompts alone; `None` where no price is known.
    pub prompt_ticks: Option<u64>,
    /// Of prompts and answers, see [`TICKS_PER_USD`]; `None` where no price is known.
    pub ticks: Option<u64>,
}

impl Estimate {
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.answer_tokens)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        Self {
            requests: self.requests.saturating_add(other.requests),
            prompt_tokens: self.prompt_tokens.saturating_add(other.prompt_tokens),
            answer_tokens: self.answer_tokens.saturating_add(other.answer_tokens),
            prompt_ticks: sum(self.prompt_ticks, other.prompt_ticks),
            ticks: sum(self.ticks, other.ticks),
        }
    }
}

impl Engine {
    /// What one request will come to. `most` is what the action lets an answer have, in tokens.
    ///
    /// The list of prices that is kept counts once it was loaded: [`Engine::load_prices`].
    pub fn estimate(&self, model: &str, prompt: &Prompt, most: u32) -> Estimate {
        let most = self
            .settings
            .max_output_tokens
            .map_or(most, |set| set.min(most));
        let prompt = Usage {
            prompt_tokens: prompt.tokens(),
            total_tokens: prompt.tokens(),
            ..Usage::default()
        };
        let answer_tokens = u64::from(most / 2);
        let both = Usage {
            completion_tokens: answer_tokens,
            total_tokens: prompt.total_tokens.saturating_add(answer_tokens),
            ..prompt
        };
        let price = self.prices.of(model);
        Estimate {
            requests: 1,
            prompt_tokens: prompt.prompt_tokens,
            answer_tokens,
            prompt_ticks: price.map(|price| price.ticks(&prompt)),
            ticks: price.map(|price| price.ticks(&both)),
        }
    }

    /// Whether a job that comes to so much asks first: one of many requests, dearer than
    /// `confirm_above_usd`, or of no known price anywhere but on this machine.
    pub fn asks_first(&self, estimate: &Estimate) -> bool {
        let is_dear = match estimate.ticks {
            Some(ticks) => ticks > self.settings.confirm_above_ticks,
            None => !self.is_local(),
        };
        estimate.requests > 1 && is_dear
    }

    /// Takes in the list of prices that is kept, if the store has it soon.
    pub async fn load_prices(&self) {
        self.prices.load(&self.store).await;
    }

    fn is_local(&self) -> bool {
        self.endpoint()
            .is_ok_and(|endpoint| is_loopback(&endpoint.base_url))
    }

    /// Holds the budget for a request that is about to be sent. What is reserved counts until the
    /// reservation is dropped; `None` where no budget is set.
    ///
    /// # Errors
    /// When it would pass a limit, or nobody can tell whether it would.
    pub(super) async fn reserve(
        &self,
        place: &Place,
        model: &str,
        prompt: &Prompt,
        most: u32,
    ) -> Result<Option<Reservation>, JobError> {
        if !self.settings.budget.is_set() {
            return Ok(None);
        }
        self.load_prices().await;
        let estimate = self.estimate(model, prompt, most);
        let limits = limits(&self.settings.budget, &Zoned::now());
        let is_in_money = |limit: &Limit| matches!(limit.most, Amount::Ticks(_));
        let ticks = match estimate.ticks {
            Some(ticks) => ticks,
            // What runs on this machine and has no price is free.
            None if self.is_local() || !limits.iter().any(is_in_money) => 0,
            None => return Err(JobError::NoPrice(model.to_owned())),
        };
        let claim = Claim {
            workspace: place.workspace.display().to_string(),
            tokens: estimate.tokens(),
            ticks,
        };
        let verdict = self.store.reserve(claim.clone(), limits).await;
        let verdict = verdict.map_err(|error| JobError::NoLedger(error.to_string()))?;
        match verdict {
            Verdict::Granted {
                reservation,
                nearly_used,
            } => {
                for standing in nearly_used {
                    self.store.notice(nearly_used_up(&standing, &claim));
                }
                Ok(Some(reservation))
            }
            Verdict::Refused(standing) => Err(JobError::Budget(used_up(&standing, &claim))),
        }
    }
}

/// The limits that are set, for the day and the month of `now`.
fn limits(budget: &Budget, now: &Zoned) -> Vec<Limit> {
    let zone = now.time_zone();
    let today = now.date();
    let day = (today, today.saturating_add(1.day()));
    let month = (
        today.first_of_month(),
        today.last_of_month().saturating_add(1.day()),
    );
    let scopes: [(Limits, bool, [&'static str; 3]); 2] = [
        (
            budget.workspace,
            false,
            ["daily_usd", "monthly_usd", "daily_tokens"],
        ),
        (
            budget.machine,
            true,
            ["total_daily_usd", "total_monthly_usd", "total_daily_tokens"],
        ),
    ];
    let mut limits = Vec::new();
    for (set, of_machine, [daily_usd, monthly_usd, daily_tokens]) in scopes {
        for (name, most, (first, next)) in [
            (daily_usd, set.daily_ticks.map(Amount::Ticks), day),
            (monthly_usd, set.monthly_ticks.map(Amount::Ticks), month),
            (daily_tokens, set.daily_tokens.map(Amount::Tokens), day),
        ] {
            limits.extend(most.map(|most| Limit {
                name,
                of_machine,
                since: midnight(first, zone),
                until: midnight(next, zone),
                most,
            }));
        }
    }
    limits
}

/// When a day begins, which is not at 00:00 where the clocks go forward then.
fn midnight(day: Date, zone: &TimeZone) -> Timestamp {
    let begins = zone.to_zoned(day.at(0, 0, 0, 0));
    let begins = begins.and_then(|time| time.start_of_day());
    begins.map_or(Timestamp::MAX, |time| time.timestamp())
}

fn used_up(standing: &Standing, claim: &Claim) -> String {
    let limit = &standing.limit;
    let on_its_way = match standing.on_its_way {
        0 => String::new(),
        number => format!(" (and {} on its way)", in_words(limit, number)),
    };
    format!(
        "the budget `{}` of {} {} is used up: {} is spent{on_its_way}, and this request would add about {}; \
         it begins anew on {}, or raise `{}` under `budget` in config.toml",
        limit.name,
        in_words(limit, limit.most.number()),
        scope(limit, claim),
        in_words(limit, standing.spent),
        in_words(limit, limit.of(claim.tokens, claim.ticks)),
        until(limit),
        limit.name,
    )
}

fn nearly_used_up(standing: &Standing, claim: &Claim) -> String {
    let limit = &standing.limit;
    let claimed = limit.of(claim.tokens, claim.ticks);
    let used = [standing.on_its_way, claimed]
        .into_iter()
        .fold(standing.spent, u64::saturating_add);
    let percent = u128::from(used) * 100 / u128::from(limit.most.number().max(1));
    format!(
        "The budget `{}` of {} {} is nearly used up: with this request about {} ({percent} %). It begins anew on {}.",
        limit.name,
        in_words(limit, limit.most.number()),
        scope(limit, claim),
        in_words(limit, used),
        until(limit),
    )
}

fn scope(limit: &Limit, claim: &Claim) -> String {
    if limit.of_machine {
        "for all workspaces".into()
    } else {
        format!("for {}", claim.workspace)
    }
}

fn in_words(limit: &Limit, number: u64) -> String {
    match limit.most {
        Amount::Ticks(_) => usd(number),
        Amount::Tokens(_) => format!("{number} tokens"),
    }
}

/// To the hundredth of a cent where it is less than a dollar, else to the cent.
pub fn usd(ticks: u64) -> String {
    let part = if ticks < TICKS_PER_USD { 10_000 } else { 100 };
    let parts = ticks.saturating_add(TICKS_PER_USD / part / 2) / (TICKS_PER_USD / part);
    let digits = if part == 100 { 2 } else { 4 };
    format!("${}.{:0digits$}", parts / part, parts % part)
}

fn until(limit: &Limit) -> String {
    let local = limit.until.to_zoned(TimeZone::system());
    local.strftime("%Y-%m-%d at %H:%M").to_string()
}
