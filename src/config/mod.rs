//! What is in force, and where each value came from: layers resolved once into plain values.

mod budget;
mod file;
mod key_command;
mod keys;
mod layers;
mod notice;
mod open;
mod origin;
mod own_actions;
mod report;
mod schema;
mod source;
mod trust;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::llm::Wire;
use crate::llm::models::{Price, TICKS_PER_USD};
use crate::prompt::{Detail, Effort};

pub use budget::{Budget, Limits};
pub use file::{ConfigFile, Content};
pub use key_command::KeyCommand;
pub use keys::names;
pub use layers::{Layers, Resolved};
pub use notice::Notice;
pub use open::open_file;
pub use origin::{Layer, Origin, Place};
pub use own_actions::{Outcome, OwnAction, is_kind_below};
pub use schema::{built_in, schema};
pub use source::{Environment, knows_any};

/// Every setting, resolved. Plain values: nothing here reads a file or the environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Why nothing may be sent until the configuration is mended, if so.
    pub blocked: Option<String>,
    pub base_url: String,
    /// How the API is spoken to there.
    pub wire: Wire,
    /// Prints the key, where the environment has none.
    pub api_key_command: Option<KeyCommand>,
    pub proxy: Option<String>,
    pub ca_file: Option<PathBuf>,
    pub model: String,
    /// The model that looks at images; the text model where none is set.
    pub vision_model: Option<String>,
    /// Asked in this order where a model is gone.
    pub fallback_models: Vec<String>,
    /// What a workspace or an editor may choose from, and what a model falls back to; any without.
    pub allowed_models: Option<Vec<String>>,
    /// Overrides what each action would choose.
    pub reasoning_effort: Option<Effort>,
    pub temperature: f64,
    pub image_detail: Detail,
    /// `None` fits the limit to the task.
    pub max_output_tokens: Option<u32>,
    pub max_prompt_tokens: u64,
    /// Of explanations and descriptions; `None` is the editor's locale, else English.
    pub answer_language: Option<String>,
    pub context: Scope,
    /// Requests in flight at once.
    pub concurrency: usize,
    pub hover_images: HoverImages,
    /// How long a hover may wait for a description.
    pub hover_wait: Duration,
    pub explain_opens: ExplainOpens,
    /// Ask before an edit is applied.
    pub refactor_confirm: bool,
    /// Whether notes are shown at the end of their lines.
    pub inlay_hints: bool,
    /// Whether actions are shown above functions and types.
    pub code_lens: bool,
    /// Whether editors are told what is wrong with links to images.
    pub diagnostics: bool,
    /// Whether a connection is opened before it is needed.
    pub warm_connection: bool,
    pub remote_images: RemoteImages,
    /// Globs of files that are never sent in any way.
    pub exclude: Vec<String>,
    pub redact_secrets: bool,
    pub budget: Budget,
    /// A job of many requests whose estimate is higher asks first. See
    /// [`TICKS_PER_USD`](crate::llm::models::TICKS_PER_USD).
    pub confirm_above_ticks: u64,
    /// The user's own prices, over the lists.
    pub prices: BTreeMap<String, Price>,
    /// The user's own actions.
    pub actions: Vec<OwnAction>,
    /// A collector of OpenTelemetry that is told of usage.
    pub otlp_endpoint: Option<String>,
    pub otlp_workspace: ToldWorkspace,
    /// The user's own guidance, for every prompt about code.
    pub instructions: Vec<Instructions>,
}

/// One piece of the user's guidance, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// The guidance itself, or, if there is a file of this name in the workspace, that file.
    TextOrFile(String),
    /// A file in the workspace.
    File(String),
}

/// How far around the range text may be taken from, narrowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Selection,
    File,
    Workspace,
}

/// What hovering an image may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoverImages {
    Auto,
    Cached,
    Off,
}

/// What is shown of an explanation, beside its hover text, by a client without the stream capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExplainOpens {
    /// A message with the first sentence.
    Auto,
    /// A Markdown document in the cache folder.
    Document,
    None,
}

/// What a collector is told of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToldWorkspace {
    Path,
    /// Digits that are the same for the same path.
    Hash,
    Off,
}

/// What becomes of an image that is linked by URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteImages {
    /// Downloaded here.
    Fetch,
    /// Handed to the API by their URL.
    Url,
    Off,
}

/// Files that hold secrets by their name, never sent whatever the language.
pub const DEFAULT_EXCLUDE: &[&str] = &[
    ".env*",
    "*.env",
    // Keys and certificates.
    "*.pem",
    "*.key",
    "*.p8",
    "*.pk8",
    "*.p12",
    "*.pfx",
    "*.ppk",
    "*.jks",
    "*.keystore",
    "*.crt",
    "*.cer",
    "*.der",
    "*.ovpn",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    // Names and passwords.
    "*.kdb",
    "*.kdbx",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".s3cfg",
    ".dockercfg",
    ".vault-token",
    ".git-credentials",
    "credentials*",
    "kubeconfig",
    "kubeconfig.y*ml",
    "service-account*.json",
    "service_account*.json",
    // Terraform writes down what it was told.
    "*.tfstate*",
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            blocked: None,
            base_url: "https://api.x.ai/v1".into(),
            wire: Wire::Chat,
            api_key_command: None,
            proxy: None,
            ca_file: None,
            model: "grok-4.3".into(),
            vision_model: None,
            fallback_models: vec![
                "grok-4.20-0309-non-reasoning".into(),
                "grok-build-0.1".into(),
            ],
            allowed_models: None,
            reasoning_effort: None,
            temperature: 0.0,
            image_detail: Detail::High,
            max_output_tokens: None,
            max_prompt_tokens: 12_000,
            answer_language: None,
            context: Scope::Workspace,
            concurrency: 4,
            hover_images: HoverImages::Auto,
            hover_wait: Duration::from_secs(3),
            explain_opens: ExplainOpens::Auto,
            refactor_confirm: false,
            inlay_hints: true,
            code_lens: false,
            diagnostics: true,
            warm_connection: true,
            remote_images: RemoteImages::Fetch,
            exclude: DEFAULT_EXCLUDE.iter().copied().map(String::from).collect(),
            redact_secrets: true,
            budget: Budget::default(),
            confirm_above_ticks: TICKS_PER_USD / 10,
            prices: BTreeMap::new(),
            actions: Vec::new(),
            otlp_endpoint: None,
            otlp_workspace: ToldWorkspace::Path,
            instructions: Vec::new(),
        }
    }
}

impl Settings {
    /// The model asked about images.
    pub fn vision_model(&self) -> &str {
        self.vision_model.as_deref().unwrap_or(&self.model)
    }
}
