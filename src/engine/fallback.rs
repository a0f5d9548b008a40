//! Which models there are, and which one answers: the one that is set, or the next of the list
//! once it is gone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Answer, Asking, Ear, Engine, Heard, JobError};
use crate::llm::{ApiError, Endpoint, ListedModel, Look, RateLimits, models};

/// What this process learned of the models it asked; shared by all engines made from one.
#[derive(Clone, Debug, Default)]
pub(super) struct Learned(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Endpoint and model.
    gone: BTreeSet<(String, String)>,
    /// What the person is to know, each once.
    said: BTreeSet<String>,
    unsaid: Vec<String>,
    /// What the endpoint's latest answer told of its limits.
    limits: Option<RateLimits>,
}

impl Learned {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the limits that an answer told, if it told any.
    pub(super) fn note_limits(&self, limits: RateLimits) {
        if limits != RateLimits::default() {
            self.lock().limits = Some(limits);
        }
    }

    pub(super) fn limits(&self) -> Option<RateLimits> {
        self.lock().limits
    }

    fn say_once(&self, what: String) {
        let mut known = self.lock();
        if known.said.insert(what.clone()) {
            known.unsaid.push(what);
        }
    }
}

impl Engine {
    /// What the person is to know of the models that answered, and was not handed out yet.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut self.learned.lock().unsaid)
    }

    /// What an endpoint says of the key that goes along. Bills nothing.
    pub async fn look(&self, endpoint: &Endpoint) -> Look {
        self.client.look(endpoint).await
    }

    /// What the endpoint offers.
    ///
    /// # Errors
    /// When it may not be asked, or does not say.
    pub async fn models(&self) -> Result<Vec<ListedModel>, JobError> {
        let endpoint = self.endpoint().await?;
        Ok(self.client.models(&endpoint).await?)
    }

    /// Asks the model, or, where that is gone, the next of the list. Each request has its row.
    pub(super) async fn ask(&self, asking: Asking, ear: Ear<'_>) -> Result<Answer, JobError> {
        let mut first = None;
        for model in self.candidates(&asking.model) {
            let now = Asking {
                model: model.clone(),
                ..asking.clone()
            };
            let mut has_begun = false;
            let mut hear = |heard| {
                has_begun |= matches!(heard, Heard::Text(_));
                ear(heard);
            };
            let outcome = self.ask_model(now, &mut hear).await;
            let outcome = match outcome {
                // An answer that had begun cannot be begun anew.
                Err(JobError::Api(error @ ApiError::ModelGone { .. })) if !has_begun => {
                    let here = (self.settings.base_url.clone(), model);
                    self.learned.lock().gone.insert(here);
                    first.get_or_insert(error);
                    continue;
                }
                outcome => outcome,
            };
            if model != asking.model {
                self.learned.say_once(format!(
                    "the model {} is gone, or not open to your key; {model} is asked instead. Set `model` to choose another one",
                    asking.model
                ));
            }
            if let Ok(answer) = &outcome {
                self.compare(&model, &answer.spent.model);
            }
            return outcome;
        }
        let gone = first.unwrap_or(ApiError::ModelGone {
            model: asking.model,
            said: String::new(),
        });
        Err(gone.into())
    }

    /// The models to try, in order: those seen to be gone are left out, unless all of them are.
    fn candidates(&self, asked: &str) -> Vec<String> {
        let settings = &self.settings;
        let is_allowed = |id: &&String| {
            let allowed = settings.allowed_models.as_ref();
            allowed.is_none_or(|allowed| allowed.contains(id))
        };
        let fallback = settings.fallback_models.iter().filter(is_allowed);
        let mut chain = vec![asked.to_owned()];
        for id in fallback {
            if !chain.contains(id) {
                chain.push(id.clone());
            }
        }
        let known = self.learned.lock();
        let is_gone = |id: &String| {
            let here = (settings.base_url.clone(), id.clone());
            known.gone.contains(&here)
        };
        if !chain.iter().all(is_gone) {
            chain.retain(|id| !is_gone(id));
        }
        chain
    }

    /// Says so when another model answered than the one that was asked.
    fn compare(&self, asked: &str, answered: &str) {
        // The stand-in says of itself that it is one.
        if !answered.ends_with(super::account::STAND_IN) && !models::is_same(asked, answered) {
            let answered: String = answered.chars().take(80).collect();
            self.learned.say_once(format!(
                "{asked} was asked, and {answered} answered, by its own account"
            ));
        }
    }
}
