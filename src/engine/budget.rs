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

    /// Both together. Of no requests, nothing has to be known.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.requests, other.requests) {
            (0, _) => return other,
            (_, 0) => return self,
            _ => {}
        }
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
        self.estimate_of(model, prompt.tokens(), most)
    }

    /// What one request with so many tokens of prompt will come to.
    pub fn estimate_of(&self, model: &str, prompt_tokens: u64, most: u32) -> Estimate {
        let most = self
            .settings
            .max_output_tokens
            .map_or(most, |set| set.min(most));
        let prompt = Usage {
            prompt_tokens,
            total_tokens: prompt_tokens,
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
        self.base_url().is_ok_and(|url| is_loopback(&url))
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
            Verdict::Refused(standing) => Err(JobError::Budget(passed(&standing, &claim))),
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

fn passed(standing: &Standing, claim: &Claim) -> String {
    let limit = &standing.limit;
    let on_its_way = match standing.on_its_way {
        0 => String::new(),
        number => format!(" (and {} on the way)", in_words(limit, number)),
    };
    format!(
        "this request would pass the budget `{}` of {} {}: {} spent{on_its_way}, and it would add about {}; \
         the budget begins anew on {}, or raise it in config.toml",
        limit.name,
        in_words(limit, limit.most.number()),
        scope(limit, claim),
        in_words(limit, standing.spent),
        in_words(limit, limit.of(claim.tokens, claim.ticks)),
        until(limit),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Settings};
    use crate::prompt::Part;
    use crate::store::{Row, Store};

    fn engine(settings: Settings, store: Store) -> Engine {
        let key = Environment::from([("XAI_API_KEY".to_owned(), "xai-0123456789".to_owned())]);
        Engine::new(settings, &key, store)
    }

    fn prompt(tokens: usize) -> Prompt {
        Prompt {
            instructions: String::new(),
            parts: vec![Part::Text("x".repeat(tokens * 33 / 10))],
            schema: None,
        }
    }

    fn of_workspace(limits: Limits) -> Budget {
        Budget {
            workspace: limits,
            machine: Limits::default(),
        }
    }

    #[test]
    fn an_answer_is_taken_to_be_half_as_long_as_it_may_become() {
        let check = |set: Option<u32>, model: &str, expected: (u64, Option<u64>, Option<u64>)| {
            let settings = Settings {
                max_output_tokens: set,
                ..Settings::default()
            };
            let estimate =
                engine(settings, Store::new(None)).estimate(model, &prompt(1_000), 2_000);
            let found = (
                estimate.answer_tokens,
                estimate.prompt_ticks,
                estimate.ticks,
            );
            assert_eq!(
                (estimate.prompt_tokens, found),
                (1_000, expected),
                "{set:?} {model}"
            );
        };
        let prompt = 1_000 * 12_500;
        check(
            None,
            "grok-4.3",
            (1_000, Some(prompt), Some(prompt + 1_000 * 25_000)),
        );
        check(
            Some(1_000_000),
            "grok-4.3",
            (1_000, Some(prompt), Some(prompt + 1_000 * 25_000)),
        );
        check(
            Some(100),
            "grok-4.3",
            (50, Some(prompt), Some(prompt + 50 * 25_000)),
        );
        check(None, "unheard-of", (1_000, None, None));
    }

    #[test]
    fn only_many_requests_that_are_dear_or_of_unknown_price_ask_first() {
        let check = |base_url: &str, requests: u64, ticks: Option<u64>, expected: bool| {
            let settings = Settings {
                base_url: base_url.into(),
                ..Settings::default()
            };
            let one = Estimate {
                requests: 1,
                ticks,
                ..Estimate::default()
            };
            let all = (1..requests).fold(one, |sum, _| sum.and(one));
            let asks = engine(settings, Store::new(None)).asks_first(&all);
            assert_eq!(asks, expected, "{base_url} {all:?}");
        };
        let (xai, here) = ("https://api.x.ai/v1", "http://127.0.0.1:1/v1");
        check(xai, 1, Some(TICKS_PER_USD), false);
        check(xai, 10, Some(TICKS_PER_USD / 100), false);
        check(xai, 11, Some(TICKS_PER_USD / 100), true);
        check(xai, 2, None, true);
        check(here, 2, None, false);
    }

    #[test]
    fn days_and_months_are_those_of_the_calendar_here() {
        let budget = Budget {
            workspace: Limits {
                daily_ticks: Some(1),
                monthly_ticks: Some(2),
                daily_tokens: None,
            },
            machine: Limits {
                daily_tokens: Some(3),
                ..Limits::default()
            },
        };
        // The clocks went forward that night, so the day has 23 hours.
        let now = "2026-03-29T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        let found: Vec<String> = limits(&budget, &now)
            .iter()
            .map(|limit| format!("{} {} {}", limit.name, limit.since, limit.until))
            .collect();
        assert_eq!(
            found,
            [
                "daily_usd 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z",
                "monthly_usd 2026-02-28T23:00:00Z 2026-03-31T22:00:00Z",
                "total_daily_tokens 2026-03-28T23:00:00Z 2026-03-29T22:00:00Z",
            ]
        );
    }

    #[tokio::test]
    async fn a_request_past_the_budget_is_refused_with_the_figures() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_path_buf());
        let place = Place::untitled("a", &[]);
        store.record(Row {
            time: Timestamp::now(),
            workspace: "/".into(),
            cost_ticks: Some(TICKS_PER_USD / 100 * 98),
            ..Row::default()
        });
        let engine = engine(
            Settings {
                budget: of_workspace(Limits {
                    daily_ticks: Some(TICKS_PER_USD),
                    ..Limits::default()
                }),
                ..Settings::default()
            },
            store.clone(),
        );
        // A prompt of 1,000 tokens and an answer of 500: 2.5 cents in a hundred parts.
        let first = engine
            .reserve(&place, "grok-4.3", &prompt(1_000), 1_000)
            .await;
        assert!(matches!(first, Ok(Some(_))), "{first:?}");
        let warnings = store.take_notices();
        let start = "The budget `daily_usd` of $1.00 for / is nearly used up: with this request about $0.9825 (98 %).";
        assert!(
            warnings.len() == 1 && warnings[0].starts_with(start),
            "{warnings:?}"
        );
        let second = engine
            .reserve(&place, "grok-4.3", &prompt(2_000), 120_000)
            .await;
        let error = second.unwrap_err().to_string();
        let start = "this request would pass the budget `daily_usd` of $1.00 for /: $0.9800 spent \
                     (and $0.0025 on the way), and it would add about $0.1525; the budget begins anew on ";
        assert!(error.starts_with(start), "{error}");
    }

    #[tokio::test]
    async fn a_budget_that_cannot_be_counted_lets_nothing_out() {
        let in_money = of_workspace(Limits {
            daily_ticks: Some(TICKS_PER_USD),
            ..Limits::default()
        });
        let in_tokens = of_workspace(Limits {
            daily_tokens: Some(10_000),
            ..Limits::default()
        });
        let folder = tempfile::tempdir().unwrap();
        let readable = Store::new(folder.path().to_path_buf());
        let check = async |budget: Budget, base_url: &str, store: &Store, refusal: &str| {
            let settings = Settings {
                budget,
                base_url: base_url.into(),
                ..Settings::default()
            };
            let engine = engine(settings, store.clone());
            let place = Place::untitled("a", &[]);
            let reserved = engine.reserve(&place, "unheard-of", &prompt(10), 10).await;
            match reserved {
                Ok(_) => assert_eq!(refusal, "", "{base_url}"),
                Err(error) => {
                    assert!(error.to_string().contains(refusal), "{error}");
                    assert_eq!(error.class(), "budget");
                    assert_ne!(refusal, "", "{error}");
                }
            }
        };
        let (xai, here) = ("https://api.x.ai/v1", "http://127.0.0.1:1/v1");
        check(in_money, xai, &readable, "no price is known for unheard-of").await;
        check(in_money, here, &readable, "").await;
        check(in_tokens, xai, &readable, "").await;
        check(Budget::default(), xai, &Store::new(None), "").await;
        check(in_tokens, xai, &Store::new(None), "cannot be read").await;
    }

    #[test]
    fn money_in_words_has_sensible_digits() {
        for (ticks, expected) in [
            (0, "$0.0000"),
            (12_345_678, "$0.0012"),
            (TICKS_PER_USD, "$1.00"),
            (TICKS_PER_USD * 5 / 2, "$2.50"),
        ] {
            assert_eq!(usd(ticks), expected);
        }
    }
}
