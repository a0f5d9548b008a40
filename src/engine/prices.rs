//! What a model costs: the user's own price, else the endpoint's list, else the built-in table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use crate::llm::models::{self, Price};
use crate::llm::{Client, Endpoint, Usage, is_loopback};
use crate::store::{ModelList, Store};

/// An endpoint is asked for its list no more often, whether or not it answers.
const ONCE_IN: SignedDuration = SignedDuration::from_hours(24);

/// How long the list that is kept is waited for, beside the request itself. It is there in
/// milliseconds, unless the store is locked.
const PATIENCE: Duration = Duration::from_millis(200);

/// The prices in force; clones share what the endpoint said.
#[derive(Clone, Debug)]
pub struct Prices {
    own: Arc<BTreeMap<String, Price>>,
    listed: Arc<Listed>,
}

/// What one endpoint says of its models.
#[derive(Default)]
struct Listed {
    endpoint: String,
    kept: OnceLock<Shared<BoxFuture<'static, Option<Arc<ModelList>>>>>,
    known: Mutex<Option<Arc<ModelList>>>,
    fetching: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed").finish_non_exhaustive()
    }
}

impl Prices {
    /// Without any list, until [`Prices::load`].
    pub(super) fn new(own: BTreeMap<String, Price>, endpoint: &str) -> Self {
        Self {
            own: Arc::new(own),
            listed: Arc::new(Listed {
                endpoint: endpoint.to_owned(),
                ..Listed::default()
            }),
        }
    }

    /// The same own prices over the list that `other` has, if it is of the same endpoint.
    pub(super) fn sharing(mut self, other: &Self) -> Self {
        if self.listed.endpoint == other.listed.endpoint {
            self.listed = other.listed.clone();
        }
        self
    }

    /// The price of a model under any of its names.
    pub fn of(&self, model: &str) -> Option<Price> {
        let own = || self.own.get(model).copied();
        own()
            .or_else(|| self.own_of_alias(model))
            .or_else(|| self.listed_price(model))
            .or_else(|| Some(models::known(model)?.price))
    }

    /// What a request cost, in ticks: by the API's own account where it gave one, else by the
    /// price of the model that answered, else by that of the one that was asked. `None` if
    /// neither is known.
    pub(super) fn ticks(&self, asked: &str, answered: &str, usage: &Usage) -> Option<u64> {
        if let Some(ticks) = usage.cost_in_usd_ticks.filter(|ticks| *ticks > 0) {
            return Some(ticks);
        }
        // A server may answer under a fuller name than the one that the user gave a price.
        let own_of_asked = || {
            let is_same = self.canonical(asked) == self.canonical(answered);
            let is_unknown = self.of(answered).is_none();
            self.own
                .get(asked)
                .filter(|_| is_same || is_unknown)
                .copied()
        };
        let price = self.own.get(answered).copied().or_else(own_of_asked);
        let price = price
            .or_else(|| self.of(answered))
            .or_else(|| self.of(asked));
        Some(price?.ticks(usage))
    }

    fn own_of_alias(&self, model: &str) -> Option<Price> {
        let name = self.canonical(model);
        let same = |(own, _): &(&String, &Price)| self.canonical(own) == name;
        self.own.iter().find(same).map(|(_, price)| *price)
    }

    /// The id of the model that goes by this name.
    fn canonical(&self, name: &str) -> String {
        let listed = self.known().as_ref().and_then(|list| {
            let model = find(list, name)?;
            Some(model.id.clone())
        });
        let built_in = || models::known(name).map(|model| model.id.to_owned());
        listed.or_else(built_in).unwrap_or_else(|| name.to_owned())
    }

    fn listed_price(&self, model: &str) -> Option<Price> {
        find(self.known().as_deref()?, model)?.price
    }

    fn known(&self) -> MutexGuard<'_, Option<Arc<ModelList>>> {
        let known = self.listed.known.lock();
        known.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the list that is kept, if it comes soon.
    pub async fn load(&self, store: &Store) {
        if self.known().is_some() {
            return;
        }
        let kept = self.listed.kept.get_or_init(|| {
            let reply = store.models(self.listed.endpoint.clone());
            let list = async { reply.await.ok().flatten().map(Arc::new) };
            list.boxed().shared()
        });
        if let Ok(Some(list)) = tokio::time::timeout(PATIENCE, kept.clone()).await {
            self.known().get_or_insert(list);
        }
    }

    /// The same, holding up this thread: not for async code.
    pub fn load_now(&self, store: &Store) {
        if let Ok(Some(list)) = store.models(self.listed.endpoint.clone()).wait() {
            self.known().get_or_insert(Arc::new(list));
        }
    }

    /// Asks the endpoint for its list in the background, once a day at most. Call it when an
    /// answer has come: never before, so that nothing waits for it, and not for the stand-in's.
    ///
    /// A server on this machine is asked only where its answers do not say what they cost.
    pub(super) fn refresh(
        &self,
        client: &Client,
        endpoint: Endpoint,
        store: &Store,
        names_cost: bool,
    ) {
        let is_fresh = self.known().as_ref().is_some_and(|list| {
            let age = Timestamp::now().duration_since(list.tried);
            age < ONCE_IN && age > -ONCE_IN
        });
        if is_fresh || names_cost && is_loopback(&endpoint.base_url) {
            return;
        }
        let mut fetching = self.fetching();
        if fetching.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (prices, client, store) = (self.clone(), client.clone(), store.clone());
        *fetching = Some(runtime.spawn(async move {
            let found = client.models(&endpoint).await;
            let mut known = prices.known();
            let models = match (found, known.as_ref()) {
                (Ok(models), _) => models,
                // What was true yesterday is a better guess than nothing.
                (Err(_), Some(before)) => before.models.clone(),
                (Err(_), None) => Vec::new(),
            };
            let list = ModelList {
                tried: Timestamp::now(),
                models,
            };
            *known = Some(Arc::new(list.clone()));
            store.keep_models(&prices.listed.endpoint, list);
        }));
    }

    /// Waits a little for the list that is on its way, if one is: for a process that ends.
    pub async fn settle(&self, patience: Duration) {
        let fetching = self.fetching().take();
        if let Some(fetching) = fetching {
            let _ = tokio::time::timeout(patience, fetching).await;
        }
    }

    fn fetching(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        let fetching = self.listed.fetching.lock();
        fetching.unwrap_or_else(PoisonError::into_inner)
    }
}

fn find<'a>(list: &'a ModelList, name: &str) -> Option<&'a crate::llm::ListedModel> {
    let by_id = list.models.iter().find(|model| model.id == name);
    let has_alias = |model: &&crate::llm::ListedModel| model.aliases.iter().any(|a| a == name);
    by_id.or_else(|| list.models.iter().find(has_alias))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::ListedModel;
    use crate::llm::models::Rates;

    /// A price of so many ticks for each token of the prompt.
    fn price(ticks: u64) -> Price {
        let rate = ticks * 1_000_000;
        Price {
            rates: Rates {
                input: rate,
                cached: rate,
                image: rate,
                output: rate,
            },
            long: None,
        }
    }

    fn prices(own: &[(&str, u64)], listed: &[(&str, &str, u64)]) -> Prices {
        let own = own
            .iter()
            .map(|(id, ticks)| ((*id).to_owned(), price(*ticks)));
        let prices = Prices::new(own.collect(), "https://api.x.ai/v1");
        let models = listed.iter().map(|(id, alias, ticks)| ListedModel {
            id: (*id).to_owned(),
            aliases: vec![(*alias).to_owned()],
            context: None,
            sees_images: None,
            price: (*ticks > 0).then(|| price(*ticks)),
        });
        *prices.known() = Some(Arc::new(ModelList {
            tried: Timestamp::now(),
            models: models.collect(),
        }));
        prices
    }

    #[test]
    fn own_prices_stand_over_the_list_and_the_list_over_the_table() {
        let prices = prices(
            &[("mine", 1), ("grok-4.7", 2), ("fast", 3)],
            &[
                ("grok-4.7", "", 70),
                ("grok-4.6", "newest", 60),
                ("tiny-1", "fast", 10),
                ("grok-4.5", "", 0),
            ],
        );
        let check = |model: &str, expected: Option<Price>| {
            assert_eq!(prices.of(model), expected, "{model}");
        };
        check("mine", Some(price(1)));
        check("grok-4.7", Some(price(2)));
        check("grok-4.7-latest", Some(price(2)));
        check("tiny-1", Some(price(3)));
        check("grok-4.6", Some(price(60)));
        check("newest", Some(price(60)));
        check("grok-4.5", Some(models::known("grok-4.5").unwrap().price));
        check("grok-4.3", Some(models::known("grok-4.3").unwrap().price));
        check("unheard-of", None);
    }

    #[test]
    fn the_apis_own_account_comes_first_and_a_fuller_name_keeps_its_price() {
        let prices = prices(&[("llama3", 7), ("grok-4.3", 5)], &[("grok-4.6", "", 60)]);
        let check = |asked: &str, answered: &str, told: Option<u64>, expected: Option<u64>| {
            let usage = Usage {
                prompt_tokens: 10,
                total_tokens: 10,
                cost_in_usd_ticks: told,
                ..Usage::default()
            };
            let found = prices.ticks(asked, answered, &usage);
            assert_eq!(found, expected, "{asked} {answered} {told:?}");
        };
        check("grok-4.3", "grok-4.3", Some(37_756_000), Some(37_756_000));
        check("unheard-of", "unheard-of", Some(1), Some(1));
        check("grok-4.3", "grok-4.3", Some(0), Some(50));
        check("grok-4.3", "grok-4.3-0415", None, Some(50));
        check("llama3", "llama3:latest", None, Some(70));
        check("grok-4.3", "grok-4.6", None, Some(600));
        check("grok-4.6", "a-gateways-name-for-it", None, Some(600));
        check("unheard-of", "unheard-of", None, None);
    }
}
