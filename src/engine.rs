//! One job from request to outcome, for both faces.
//!
//! Knows nothing of editors and terminals: a job comes in as plain values, what happens
//! meanwhile is [`Heard`] by a callback, and the outcome goes out as plain values. Dropping
//! the future of a job cancels it: its connection closes, its row says so.

mod account;
mod alt_text;
mod budget;
mod code;
mod definitions;
mod doctor;
mod error;
mod excluded;
mod fallback;
pub mod fetch;
mod file;
mod git_config;
mod guidance;
mod ignored;
mod images;
mod named;
mod narrowing;
mod notes;
mod place;
mod prices;
mod repository;
mod rewriting;
mod search;
mod seen;
mod spot;
mod task;
mod turns;
pub mod work;
mod workspace;
mod written;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use url::Url;

pub use account::Spent;
pub use alt_text::AltJob;
pub use budget::{Estimate, usd};
pub use code::{CodeJob, Explanation, Prepared};
pub use definitions::{Hint, Neighbour};
pub use doctor::{Check, Diagnosis, State};
pub use error::JobError;
pub use file::{FileExplained, FileJob, FilePlan, has_functions};
pub use images::{Description, ImageJob, ImageSource, Known, ReadyImage};
pub use notes::{
    Commented, Listed, Located, anchor, as_comment, listed, locate, locate_again, provenance,
    text_hash,
};
pub use place::{Place, workspace_of};
pub use prices::Prices;
pub use rewriting::{Rewriting, RewrittenPart};
pub use task::Task;
pub use written::{Whole, on_disk};

use crate::auth::Keys;
use crate::config::{Environment, Settings};
use crate::llm::{self, ApiError, Call, Client, Effort, Endpoint, Event};
use crate::prompt::Prompt;
use crate::store::{DescriptionKey, Store};
use crate::telemetry::Telemetry;
use account::Account;
use excluded::Excluded;
use fetch::{AddressRule, FetchOptions, Fetcher};
pub use ignored::{Ignored, unreadable_rules};
use seen::Seen;
use turns::Turns;

/// What happens while a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// All others are busy; the job waits for its turn.
    Queued,
    /// The prompt, of about so many tokens, is on its way.
    Asked { prompt_tokens: u64 },
    /// The API makes us wait.
    Waiting { seconds: u64, why: String },
    /// The offline stand-in answers, by its own account.
    StandIn,
    /// The next piece of the answer, as the model sent it.
    Text(String),
    /// What was said before of the same, defanged, in one piece.
    Kept(String),
    /// The answer is not whole: the line in Markdown that says so, behind all that came.
    Cut(String),
    /// So many of many are done, of what is named in the plural.
    Done {
        count: usize,
        of: usize,
        what: &'static str,
    },
}

/// Hears what happens while a job runs.
pub type Ear<'a> = &'a mut (dyn FnMut(Heard) + Send);

/// How many prompts or images are prepared at once.
const PREPARED_AT_ONCE: usize = 2;

/// Everything a job needs; cheap to clone.
#[derive(Clone)]
pub struct Engine {
    settings: Arc<Settings>,
    /// Looked for by the first request.
    keys: Keys,
    locale: Option<Arc<str>>,
    /// Compiled when first asked, which `initialize` does not.
    excluded: Arc<OnceLock<Result<Excluded, String>>>,
    slots: Arc<Semaphore>,
    /// Where prompts are prepared and images made ready: each takes memory, so few at once.
    desk: Arc<Semaphore>,
    client: Client,
    fetcher: Fetcher,
    /// Which images were seen behind URLs.
    seen: Seen,
    /// Who asks about which image.
    turns: Turns<DescriptionKey, String>,
    /// Who asks which question about code, by its fingerprint.
    asked: Turns<[u8; 32], Answer>,
    prices: Prices,
    telemetry: Telemetry,
    store: Store,
    learned: fallback::Learned,
}

/// One question to a model, with the account it goes on.
#[derive(Clone)]
struct Asking {
    model: String,
    prompt: Prompt,
    max_output_tokens: u32,
    effort: Effort,
    account: Account,
}

impl Asking {
    /// What tells the question from all others, of whatever place.
    fn fingerprint(&self, base_url: &str) -> [u8; 32] {
        let Self {
            model,
            prompt,
            max_output_tokens,
            effort,
            ..
        } = self;
        let asked = format!("{base_url:?} {model:?} {max_output_tokens} {effort:?} {prompt:?}");
        Sha256::digest(asked).into()
    }
}

/// What came back, its row already written.
#[derive(Clone)]
struct Answer {
    text: String,
    finish: Option<String>,
    spent: Spent,
}

impl Answer {
    /// The answer, if it says anything: one of nothing may be billed, but is not to be shown or
    /// kept.
    fn in_words(self) -> Result<Self, JobError> {
        if self.text.trim().is_empty() {
            return Err(JobError::SaidNothing);
        }
        Ok(self)
    }
}

impl Engine {
    /// An engine by these settings. Opens nothing and connects to nothing.
    pub fn new(settings: Settings, environment: &Environment, store: Store) -> Self {
        let keys = Keys::new(
            &settings,
            environment,
            store.folder().map(Path::to_path_buf),
        );
        let client = Client::new(llm::Options {
            proxy: settings.proxy.clone(),
            ca_file: settings.ca_file.clone(),
            ..llm::Options::default()
        });
        let fetcher = Fetcher::new(FetchOptions {
            proxy: settings.proxy.clone(),
            ca_file: settings.ca_file.clone(),
            ..FetchOptions::default()
        });
        let telemetry = Telemetry::new(&settings, client.clone(), store.clone());
        Self {
            telemetry,
            excluded: Arc::default(),
            slots: Arc::new(Semaphore::new(settings.concurrency)),
            prices: Prices::new(settings.prices.clone(), &settings.base_url),
            desk: Arc::new(Semaphore::new(PREPARED_AT_ONCE)),
            settings: Arc::new(settings),
            keys,
            locale: None,
            client,
            fetcher,
            seen: Seen::default(),
            turns: Turns::default(),
            asked: Turns::default(),
            store,
            learned: fallback::Learned::default(),
        }
    }

    /// The same engine, downloading images from other addresses than is the rule.
    #[must_use]
    pub fn downloading_from(mut self, addresses: AddressRule) -> Self {
        let options = self.fetcher.options().clone();
        self.fetcher = Fetcher::new(FetchOptions {
            addresses,
            ..options
        });
        self
    }

    /// The same engine with other patience towards the API than is the rule.
    #[must_use]
    pub fn waiting(mut self, timeouts: llm::Timeouts, retry: llm::RetryPolicy) -> Self {
        self.client = Client::new(llm::Options {
            timeouts,
            retry,
            ..self.client.options().clone()
        });
        self
    }

    /// The same engine by other settings. What is in flight still counts, and connections
    /// stay open, unless the settings are about just that.
    #[must_use]
    pub fn reconfigured(&self, settings: Settings, environment: &Environment) -> Self {
        let mut new = Self::new(settings, environment, self.store.clone());
        new.locale.clone_from(&self.locale);
        new.desk = self.desk.clone();
        new.seen = self.seen.clone();
        new.turns = self.turns.clone();
        new.asked = self.asked.clone();
        new.learned = self.learned.clone();
        new.prices = new.prices.sharing(&self.prices);
        new.keys = new.keys.sharing(&self.keys);
        new.slots = self.resized_slots(new.settings.concurrency);
        let way = |settings: &Settings| (settings.proxy.clone(), settings.ca_file.clone());
        if way(&new.settings) == way(&self.settings) {
            new.client = self.client.clone();
            new.fetcher = self.fetcher.clone();
            new.telemetry = new.telemetry.sharing(&self.telemetry);
        }
        new
    }

    /// The same engine by the settings of one workspace, which change nothing about connections.
    #[must_use]
    pub fn for_workspace(&self, settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            excluded: Arc::default(),
            ..self.clone()
        }
    }

    /// The same slots, so that what is in flight counts on, but so many of them.
    fn resized_slots(&self, concurrency: usize) -> Arc<Semaphore> {
        let slots = self.slots.clone();
        let before = self.settings.concurrency;
        if concurrency >= before {
            slots.add_permits(concurrency - before);
        } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // Those that are in use go once they are free.
            let (slots, surplus) = (slots.clone(), u32::try_from(before - concurrency));
            runtime.spawn(async move {
                if let Ok(taken) = slots.acquire_many_owned(surplus.unwrap_or(0)).await {
                    taken.forget();
                }
            });
        }
        slots
    }

    /// The same engine for an editor that shows itself in this language.
    #[must_use]
    pub fn with_locale(mut self, locale: Option<&str>) -> Self {
        self.locale = locale.map(Arc::from);
        self
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What models cost.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Waits a little for what goes on in the background: for a process that ends.
    pub async fn settle(&self, patience: Duration) {
        futures::join!(self.prices.settle(patience), self.tell_collector(patience));
    }

    /// Waits a little until the collector, if one is set, has what there is to tell.
    pub async fn tell_collector(&self, patience: Duration) {
        self.telemetry.flush(patience).await;
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The language of explanations and descriptions.
    pub fn answer_language(&self) -> String {
        self.settings
            .answer_language
            .clone()
            .or_else(|| self.locale.as_deref().map(str::to_owned))
            .unwrap_or_else(|| "English".into())
    }

    /// How many tokens the prompt is, its text counted by the API's own tokenizer and its images
    /// estimated. Sends the text, which is masked by then, and bills nothing.
    ///
    /// # Errors
    /// When the endpoint has no tokenizer, or cannot be asked.
    pub async fn count_tokens(&self, model: &str, prompt: &Prompt) -> Result<u64, JobError> {
        let endpoint = self.endpoint().await?;
        let text = prompt.text();
        let counted = self.client.count_tokens(&endpoint, model, &text).await?;
        Ok(counted + prompt.image_tokens())
    }

    /// The keys to the endpoint.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Where requests go.
    ///
    /// # Errors
    /// When the configuration forbids that anything is sent, or the address is none.
    pub fn base_url(&self) -> Result<Url, JobError> {
        if let Some(why) = &self.settings.blocked {
            return Err(JobError::Configuration(why.clone()));
        }
        Url::parse(&self.settings.base_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| JobError::BaseUrl(self.settings.base_url.clone()))
    }

    /// Where requests go, and with which key, which is looked for now if it was not before.
    ///
    /// # Errors
    /// As [`Engine::base_url`], when a source of keys fails, or a key is needed and there is none.
    pub async fn endpoint(&self) -> Result<Endpoint, JobError> {
        let base_url = self.base_url()?;
        let search = self.keys.find().await.map_err(JobError::Key)?;
        let key = search.found.map(|found| found.key);
        if key.is_none() && !llm::is_loopback(&base_url) {
            return Err(match search.passed_over {
                Some(why) => JobError::NoKeyBut(why),
                None => JobError::NoKey,
            });
        }
        Ok(Endpoint { base_url, key })
    }

    /// Opens a connection to the API before it is needed, so that the first answer waits for no
    /// handshake, by a question that is not billed. Only with a key that is at hand, so that no keyring
    /// is unlocked for it; and not on this machine, where a handshake takes no time.
    pub async fn warm(&self) {
        let Ok(base_url) = self.base_url() else {
            return;
        };
        let is_near = llm::is_loopback(&base_url) && base_url.scheme() == "http";
        if !self.settings.warm_connection || is_near {
            return;
        }
        let key = self.keys.at_hand().await;
        if key.is_some() {
            self.client.warm(&Endpoint { base_url, key }).await;
        }
    }

    /// Asks this very model; writes one row whatever comes of it, once something was sent.
    async fn ask_model(&self, asking: Asking, ear: Ear<'_>) -> Result<Answer, JobError> {
        let Asking {
            model,
            prompt,
            max_output_tokens,
            effort,
            account,
        } = asking;
        let call = Call {
            endpoint: self.endpoint().await?,
            wire: self.settings.wire,
            max_output_tokens: Some(self.settings.max_output_tokens.unwrap_or(max_output_tokens)),
            temperature: Some(self.settings.temperature),
            effort: Some(self.settings.reasoning_effort.unwrap_or(effort)),
            conversation: Some(account.conversation()),
            model,
            prompt,
        };
        let prompt_tokens = call.prompt.tokens();
        if self.slots.available_permits() == 0 {
            ear(Heard::Queued);
        }
        let _slot = self.slots.acquire().await.map_err(|_| JobError::Closing)?;
        let reserved = self.reserve(&account.place, &call.model, &call.prompt, max_output_tokens);
        let reservation = match reserved.await {
            Ok(reservation) => reservation,
            Err(error) => {
                account.refused(self, &call.model, error.class());
                return Err(error);
            }
        };
        ear(Heard::Asked { prompt_tokens });
        let open = account.open(self, &call.model, prompt_tokens, reservation);
        let mut hear = |event: Event| match event {
            Event::Delta(text) => {
                open.received(text.len());
                ear(Heard::Text(text));
            }
            Event::Waiting { seconds, why } => {
                open.waits(true);
                ear(Heard::Waiting { seconds, why });
            }
            Event::Again => open.waits(false),
            Event::StandIn => {
                open.is_stand_in();
                ear(Heard::StandIn);
            }
            Event::Began => {}
        };
        let stream = self.client.stream(&call, &mut hear);
        let (outcome, ()) = futures::join!(stream, self.load_prices());
        match outcome {
            Ok(completion) => {
                self.learned.note_limits(completion.rate_limits);
                let is_from_stand_in = open.is_from_stand_in();
                let spent = open.completed(&completion);
                if !is_from_stand_in {
                    let names_cost = completion.usage.cost_in_usd_ticks.is_some();
                    let endpoint = call.endpoint;
                    self.prices
                        .refresh(&self.client, endpoint, &self.store, names_cost);
                }
                Ok(Answer {
                    text: completion.text,
                    finish: completion.finish_reason,
                    spent,
                })
            }
            Err(failure) => {
                open.failed(&failure);
                if let (ApiError::BadKey { .. }, Some(key)) = (&failure.error, &call.endpoint.key) {
                    self.keys.forget(key);
                }
                Err(JobError::Api(failure.error))
            }
        }
    }

    /// Refuses what the person keeps from being sent. Reads the disk.
    fn permit(&self, place: &Place) -> Result<(), JobError> {
        self.permit_by(place, &mut Ignored::never_sent(&place.workspace))
    }

    /// The same, where what is never sent of its workspace was read for others, too.
    fn permit_by(&self, place: &Place, never_sent: &mut Ignored) -> Result<(), JobError> {
        // By every name it goes by: a link may hide what it leads to, or lead to what it hides.
        let mut is_listed = || place.files().any(|file| never_sent.holds(&file));
        let excluded = self
            .excluded()
            .map_err(|why| JobError::Configuration(why.to_owned()))?;
        if excluded.holds(place) || is_listed() {
            Err(JobError::Excluded(place.shown.clone()))
        } else {
            Ok(())
        }
    }

    /// Whether the setting `exclude` names this file.
    pub fn excludes(&self, place: &Place) -> bool {
        self.excluded()
            .map_or(true, |excluded| excluded.holds(place))
    }

    /// The same of the file at a path, where these folders are workspaces.
    pub fn excludes_file(&self, file: &Path, workspaces: &[impl AsRef<Path>]) -> bool {
        self.excluded()
            .map_or(true, |excluded| excluded.holds_file(file, workspaces))
    }

    /// The setting `exclude`, compiled; in words why it cannot be.
    fn excluded(&self) -> Result<&Excluded, &str> {
        let excluded = || Excluded::by(&self.settings.exclude);
        let compiled = self.excluded.get_or_init(excluded);
        compiled.as_ref().map_err(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(settings: Settings) -> Engine {
        Engine::new(settings, &Environment::new(), Store::new(None))
    }

    #[test]
    fn what_is_excluded_is_so_by_every_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::write(folder.join("plain.txt"), "").unwrap();
        std::fs::write(folder.join(".env"), "").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.join("plain.txt"), folder.join(".env.local"))
                .unwrap();
            std::os::unix::fs::symlink(folder.join(".env"), folder.join("innocent.txt")).unwrap();
        }
        let engine = engine(Settings::default());
        let check = |place: Place, permitted: bool| {
            assert_eq!(engine.permit(&place).is_ok(), permitted, "{place:?}");
        };
        let here = [folder.clone()];
        check(Place::of(&folder.join("plain.txt"), &here), true);
        check(Place::of(&folder.join(".env"), &here), false);
        check(Place::of(&folder.join(".ENV.production"), &here), false);
        check(Place::of(&folder.join("credentials/a.rs"), &here), true);
        check(Place::of(&folder.join("credentials.rs"), &here), false);
        #[cfg(unix)]
        {
            check(Place::of(&folder.join(".env.local"), &here), false);
            check(Place::of(&folder.join("innocent.txt"), &here), false);
        }
        std::fs::write(folder.join(".glossignore"), "private/\n").unwrap();
        let other = |rest: &str| {
            let rest = rest.replace("HERE", &folder.to_string_lossy());
            Place::untitled(&rest, &here)
        };
        check(other("HERE/plain.txt?{\"ref\":\"HEAD\"}"), true);
        check(other("HERE/plain.txt#W0sZmlsZQ"), true);
        for uri in [
            "HERE/private/a.rs?{\"ref\":\"HEAD\"}",
            "HERE/private/a.ipynb#W0sZmlsZQ",
            "//HERE/.git//0/private/a.rs",
            "//HERE/.git//0c7d:private/a.rs",
            "//7b22726566/HERE/private/a.rs",
            "/elsewhere?{\"path\":\"HERE/private/a.rs\"}",
            "HERE/server.pem.git?{}",
            "HERE/%2Eenv?{}",
            "HERE/.env#W0sZmlsZQ",
            "HERE/.env/as-it-was",
        ] {
            check(other(uri), false);
        }
        #[cfg(unix)]
        {
            check(other("HERE/innocent.txt?{}"), false);
            std::fs::create_dir(folder.join("open")).unwrap();
            std::fs::write(folder.join("open/a.rs"), "").unwrap();
            std::os::unix::fs::symlink(folder.join("open"), folder.join("private")).unwrap();
            check(Place::of(&folder.join("open/a.rs"), &here), true);
            check(Place::of(&folder.join("private/a.rs"), &here), false);
        }
        check(Place::untitled("Untitled-1", &here), true);
        check(Place::untitled("x/.env", &here), false);
        check(
            Place::untitled("ssh-remote+host/home/me/server.pem", &here),
            false,
        );
    }

    #[test]
    fn folders_count_up_to_the_workspace_and_all_of_them_where_there_is_none() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        for folder in ["acme/w/.git", "acme/v", "acme/l/acme-in", "x", "m/.git"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        let engine = engine(Settings {
            exclude: vec!["*acme*".into()],
            ..Settings::default()
        });
        let check = |file: &str, folders: &[&str], permitted: bool| {
            let folders: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
            let place = Place::of(&root.join(file), &folders);
            assert_eq!(engine.permit(&place).is_ok(), permitted, "{place:?}");
        };
        check("acme/w/a.rs", &[], true);
        check("acme/v/a.rs", &["acme/v"], true);
        check("acme/v/a.rs", &[], false);
        check("acme/v/a.rs", &["x"], false);
        check("acme/p.png", &["acme/w"], false);
        check("acme/l/acme-in/a.rs", &["acme/l"], false);
        check("acme/l/acme-in/a.rs", &["acme/l/acme-in"], true);
        check("acme/l/acme-in/a.rs", &["acme/l/acme-in", "acme/l"], false);
        #[cfg(unix)]
        {
            let link = |to: &str, at: &str| {
                std::os::unix::fs::symlink(root.join(to), root.join(at)).unwrap();
            };
            link("x", "acme/l/acme-x");
            link("m", "acme/l/acme-m");
            link("acme/w", "w-link");
            link("acme", "acme-link");
            check("acme/l/plain.rs", &["acme/l"], true);
            check("acme/l/acme-x/a.rs", &["acme/l"], false);
            check("acme/l/acme-m/a.rs", &["acme/l"], false);
            check("acme/l/acme-m/a.rs", &[], false);
            check("w-link/a.rs", &["w-link"], true);
            check("w-link/a.rs", &[], true);
            check("acme-link/w/a.rs", &[], true);
            check("acme-link/v/a.rs", &["acme-link/v"], true);
            check("acme-link/v/a.rs", &["acme/v"], true);
            check("acme-link/v/a.rs", &[], false);
            // As on the command line, from the folder that it runs in.
            let here = std::env::current_dir().unwrap().canonicalize().unwrap();
            let up = "../".repeat(here.components().count() - 1);
            let from_here = |file: &str| {
                let relative = format!("{up}{}", root.join(file).display());
                Place::of(Path::new(&relative.replace("//", "/")), &[])
            };
            assert!(engine.permit(&from_here("acme/w/a.rs")).is_ok());
            assert!(engine.permit(&from_here("w-link/a.rs")).is_ok());
            assert!(engine.permit(&from_here("acme/v/a.rs")).is_err());
        }
    }

    #[test]
    fn nothing_goes_anywhere_while_the_configuration_is_blocked() {
        let settings = Settings {
            base_url: "http://127.0.0.1:1/v1".into(),
            ..Settings::default()
        };
        assert!(engine(settings.clone()).base_url().is_ok());
        let blocked = Some("config.toml: line 1".into());
        let refused = engine(Settings {
            blocked,
            ..settings
        })
        .base_url();
        assert_eq!(refused.unwrap_err().to_string(), "config.toml: line 1");
    }

    #[test]
    fn nothing_is_sent_where_what_is_excluded_cannot_be_told() {
        let vast = "*?".repeat(100_000);
        let engine = engine(Settings {
            exclude: vec![".env".into(), vast],
            ..Settings::default()
        });
        let place = Place::untitled("plain.txt", &[]);
        let refused = engine.permit(&place).unwrap_err().to_string();
        assert!(refused.contains("so nothing is sent: `*?*?"), "{refused}");
        assert!(engine.excludes(&place));
    }

    #[test]
    fn what_is_excluded_is_so_in_capitals_too() {
        let check = |name: &str, is_excluded: bool| {
            let place = Place::untitled(name, &[]);
            let refused = engine(Settings::default()).permit(&place).is_err();
            assert_eq!(refused, is_excluded, "{name}");
        };
        check(".env", true);
        check(".ENV.local", true);
        check("SERVER.PEM", true);
        check("environment.rs", false);
    }

    #[test]
    fn what_nobody_wants_sent_is_excluded_from_the_start() {
        let engine = engine(Settings::default());
        let check = |names: &str, is_excluded: bool| {
            for name in names.split_whitespace() {
                let found = engine.excludes(&Place::untitled(name, &[]));
                assert_eq!(found, is_excluded, "{name}");
            }
        };
        check(
            ".env .envrc .env.local prod.env .envs/prod/db config/.env",
            true,
        );
        check(
            "server.pem server.key AuthKey.p8 a.ppk a.jks a.crt a.der office.ovpn",
            true,
        );
        check(
            "id_rsa id_dsa id_ecdsa id_ecdsa_sk id_ed25519.pub deploy/id_ed25519",
            true,
        );
        check(
            ".netrc _netrc .npmrc .pypirc .pgpass .my.cnf .htpasswd .git-credentials",
            true,
        );
        check(
            ".aws/credentials credentials.json kubeconfig.yaml .vault-token",
            true,
        );
        check("service-account.json service_account-prod.json", true);
        check("terraform.tfstate terraform.tfstate.backup", true);
        check(
            "src/lib.rs env.rs environment.rs key.rs main.tf services.json",
            false,
        );
        check(
            "keys/mod.rs id.rs netrc.rs pem.py kubeconfig.go package.json README.md",
            false,
        );
    }
}
