//! The configuration while the server runs: read anew where it changed, asked of the editor, and
//! laid out for each workspace, whose own file counts for its own documents only.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::state::{Server, State, place};
use super::{code_lens, diagnostics, notes, protocol as lsp};
use crate::config::{ConfigFile, Layer, Layers, Notice, Resolved};
use crate::engine::{Engine, work};

/// More workspaces than anybody works in; past it their files are read anew.
const MOST_WORKSPACES: usize = 256;

/// What is configured, and what came of it.
pub struct Configuration {
    layers: Layers,
    /// What came with `initialize`; the section `gloss` of the settings lies above it.
    initial: Map<String, Value>,
    pub locale: Option<String>,
    workspaces: BTreeMap<PathBuf, Workspace>,
    /// The workspaces of documents, as far as they are known yet.
    roots: HashMap<String, PathBuf>,
    /// What is wrong with the configuration, and what of it the person was told.
    notices: Vec<Notice>,
    said: Vec<Notice>,
    /// Counts the questions to the editor: only the latest answer counts.
    asked: u64,
    /// Counts how often a file was read.
    reads: u64,
}

/// The engine for a document as of a message.
#[derive(Clone)]
pub struct AsOf {
    pub engine: Engine,
    reads: u64,
}

/// A workspace with its own file, which need not be there.
struct Workspace {
    file: ConfigFile,
    engine: Engine,
    notices: Vec<Notice>,
}

impl Configuration {
    pub fn new(layers: Layers, resolved: &Resolved) -> Self {
        Self {
            layers,
            initial: Map::new(),
            locale: None,
            workspaces: BTreeMap::new(),
            roots: HashMap::new(),
            notices: resolved.notices.clone(),
            said: Vec::new(),
            asked: 0,
            reads: 0,
        }
    }

    /// What the layers come to where no repository has a say.
    pub fn resolved(&self) -> Resolved {
        self.layers.resolve()
    }

    /// The document is closed; its workspace stays known, so that nothing is said twice.
    pub fn forget(&mut self, uri: &str) {
        self.roots.remove(uri);
    }

    /// The folders changed, and with them what belongs where.
    pub fn forget_roots(&mut self) {
        self.roots.clear();
    }

    fn workspace(&self, uri: &str) -> Option<&Workspace> {
        self.workspaces.get(self.roots.get(uri)?)
    }
}

impl State {
    /// Takes over the settings that came with `initialize`.
    pub fn configure_initially(&mut self, options: Option<Value>) {
        match options {
            Some(Value::Object(options)) => {
                self.configuration.initial = options;
                self.configure(Value::Null);
            }
            // They are laid out without an editor's already.
            None | Some(Value::Null) => {
                let locale = self.configuration.locale.as_deref();
                self.engine = self.engine.clone().with_locale(locale);
            }
            // Whatever else it is, the layer says what is wrong with it.
            Some(other) => self.configure(other),
        }
    }

    /// Lays the section `gloss` of the editor's settings over what came with `initialize`; the
    /// rest of the layers stays as it was read. An editor that has no such section sends an
    /// empty one, as eglot does right after it started, and means no change by it.
    pub fn configure(&mut self, section: Value) {
        let configuration = &mut self.configuration;
        configuration.layers.editor = match section {
            Value::Object(section) => {
                let mut both = configuration.initial.clone();
                both.extend(section);
                Value::Object(both)
            }
            Value::Null => Value::Object(configuration.initial.clone()),
            Value::Array(list) if list.is_empty() => Value::Object(configuration.initial.clone()),
            other => other,
        };
        self.resolve();
    }

    /// The engine for a document, by the file of its workspace; `None` where that is not known yet.
    pub fn engine_for(&self, uri: &str) -> Option<AsOf> {
        let workspace = self.configuration.workspace(uri)?;
        Some(AsOf {
            engine: workspace.engine.clone(),
            reads: self.configuration.reads,
        })
    }

    /// What is wrong with the configuration and was not said yet. What was mended is forgotten,
    /// so that it is said again when it comes back.
    pub fn news(&mut self) -> Vec<Notice> {
        let configuration = &mut self.configuration;
        let of_workspaces = configuration.workspaces.values();
        let mut all = configuration.notices.clone();
        all.extend(of_workspaces.flat_map(|workspace| workspace.notices.clone()));
        let news = all
            .iter()
            .filter(|notice| !configuration.said.contains(notice))
            .cloned()
            .collect();
        configuration.said = all;
        news
    }

    fn resolve(&mut self) {
        let configuration = &mut self.configuration;
        let resolved = configuration.layers.resolve();
        configuration.notices = resolved.notices;
        self.engine = self
            .engine
            .reconfigured(resolved.settings, &configuration.layers.environment)
            .with_locale(configuration.locale.as_deref());
        for workspace in configuration.workspaces.values_mut() {
            let file = std::mem::take(&mut workspace.file);
            *workspace = Workspace::by(file, &configuration.layers, &self.engine);
        }
    }

    fn keep(&mut self, root: PathBuf, file: ConfigFile) {
        let configuration = &mut self.configuration;
        if configuration.workspaces.len() >= MOST_WORKSPACES {
            configuration.workspaces.clear();
            configuration.roots.clear();
        }
        let workspace = Workspace::by(file, &configuration.layers, &self.engine);
        configuration.workspaces.insert(root, workspace);
    }
}

impl Workspace {
    fn by(file: ConfigFile, layers: &Layers, engine: &Engine) -> Self {
        let resolved = layers.resolve_in(&file);
        let own = resolved.notices.into_iter();
        Self {
            engine: engine.for_workspace(resolved.settings),
            notices: own
                .filter(|notice| notice.origin.layer == Layer::Repository)
                .collect(),
            file,
        }
    }
}

/// The engine for a document, by the files as they are on the disk now: the one that a job `began`
/// with, unless a file was read since. Reads the disk on a thread made for that.
pub async fn engine_at(server: &Server, uri: &str, began: Option<AsOf>) -> Engine {
    let reading = {
        let (server, uri) = (server.clone(), uri.to_owned());
        work::for_answer(move || {
            let folders = server.state().folders.clone();
            let root = place(&uri, &folders).workspace;
            let has_changed = reread(&server, Some(&root));
            let mut state = server.state();
            if state.snapshot(&uri).is_some() {
                state.configuration.roots.insert(uri, root.clone());
            }
            let began = began.filter(|began| began.reads == state.configuration.reads);
            let workspace = state.configuration.workspaces.get(&root);
            let engine = match (began, workspace) {
                (Some(began), _) => began.engine,
                (None, Some(workspace)) => workspace.engine.clone(),
                (None, None) => state.engine.clone(),
            };
            (engine, has_changed)
        })
    };
    let Some((engine, has_changed)) = reading.await else {
        return server.state().engine.clone();
    };
    if has_changed {
        redraw(server);
        server.say_notices().await;
    }
    engine
}

/// Reads anew what changed on the disk among the files that count everywhere and those of known
/// workspaces, and the one of `root` if it is not known yet. Returns whether anything did.
fn reread(server: &Server, root: Option<&Path>) -> bool {
    let (policy, user_file, mut known) = {
        let state = server.state();
        let Configuration {
            layers, workspaces, ..
        } = &state.configuration;
        let known = workspaces
            .iter()
            .map(|(root, workspace)| (root.clone(), Some(workspace.file.clone())));
        let known: BTreeMap<_, _> = match root {
            Some(root) => known.filter(|(known, _)| known == root).collect(),
            None => known.collect(),
        };
        (layers.policy.clone(), layers.user_file.clone(), known)
    };
    if let Some(root) = root {
        known.entry(root.to_path_buf()).or_default();
    }
    let again = |file: ConfigFile| file.is_stale().then(|| ConfigFile::read(file.path));
    let (policy, user_file) = (again(policy), again(user_file));
    // A workspace that is new and has no file of its own is no news.
    let mut is_news = false;
    let changed: Vec<_> = known
        .into_iter()
        .filter(|(_, file)| file.as_ref().is_none_or(ConfigFile::is_stale))
        .map(|(root, before)| {
            let file = ConfigFile::of_workspace(&root);
            is_news |= before.is_some() || file.is_there();
            (root, file)
        })
        .collect();
    let is_global = policy.is_some() || user_file.is_some();
    let has_changed = is_global || is_news;
    let mut state = server.state();
    state.configuration.reads += u64::from(has_changed);
    let layers = &mut state.configuration.layers;
    layers.policy = policy.unwrap_or_else(|| std::mem::take(&mut layers.policy));
    layers.user_file = user_file.unwrap_or_else(|| std::mem::take(&mut layers.user_file));
    if is_global {
        state.resolve();
    }
    for (root, file) in changed {
        state.keep(root, file);
    }
    has_changed
}

/// A file of configuration may have changed, as the editor saw.
pub async fn refresh(server: Server) {
    let reading = server.clone();
    let has_changed = work::for_answer(move || reread(&reading, None));
    if has_changed.await.unwrap_or(false) {
        redraw(&server);
        server.say_notices().await;
    }
}

/// What editors show may be another by the settings as they are now.
pub fn redraw(server: &Server) {
    diagnostics::all_changed(server);
    notes::refresh(server);
    code_lens::refresh(server);
}

/// The editor's settings changed, or they may have: one that tells nothing by itself is asked.
pub async fn changed(server: &Server, section: Option<Value>) {
    let is_told = section.as_ref().is_some_and(|section| {
        section
            .as_object()
            .is_some_and(|section| !section.is_empty())
    });
    let asks = {
        let mut state = server.state();
        let asks = state.traits.tells_configuration && !is_told;
        if let Some(section) = section.filter(|_| !asks) {
            // What was asked before this came is of the past.
            state.configuration.asked += 1;
            state.configure(section);
        }
        asks
    };
    if asks {
        tokio::spawn(ask(server.clone()));
    }
    server.say_notices().await;
}

/// Asks the editor to tell of changes, and for its section `gloss`, as far as it can.
pub async fn begin(server: Server) {
    let traits = server.state().traits;
    let mut wanted = Vec::new();
    if traits.watches_files {
        let mut watchers = vec![json!({ "globPattern": "**/.gloss.toml" })];
        if traits.watches_elsewhere {
            watchers.extend(elsewhere(&server).await);
        }
        let watchers = json!({ "watchers": watchers });
        wanted.push(("workspace/didChangeWatchedFiles", watchers));
    }
    if traits.registers_configuration {
        let section = json!({ "section": "gloss" });
        wanted.push(("workspace/didChangeConfiguration", section));
    }
    if !wanted.is_empty() {
        let registrations = wanted
            .into_iter()
            .map(|(method, options)| lsp::Registration {
                id: format!("gloss {method}"),
                method: method.to_owned(),
                register_options: Some(options),
            });
        let registered = server.client.register_capability(registrations.collect());
        if let Err(error) = registered.await {
            tracing::info!("the editor watches nothing for Gloss: {}", error.message);
        }
    }
    ask(server).await;
}

/// The person's file and the administrator's, to be watched. Some editors fail at a folder that is
/// not there; such a file counts from the next job on.
async fn elsewhere(server: &Server) -> Vec<Value> {
    let files = {
        let state = server.state();
        let layers = &state.configuration.layers;
        [layers.user_file.path.clone(), layers.policy.path.clone()]
    };
    let watcher = |file: PathBuf| {
        let (folder, name) = (file.parent()?, file.file_name()?.to_str()?);
        let base = url::Url::from_directory_path(folder).ok()?;
        folder
            .is_dir()
            .then(|| json!({ "globPattern": { "baseUri": base.as_str(), "pattern": name } }))
    };
    let found = work::for_answer(move || {
        let watchers = files.into_iter().filter_map(watcher);
        watchers.collect()
    });
    found.await.unwrap_or_default()
}

/// Asks the editor for its section `gloss`, where it can be asked. No answer changes nothing.
pub async fn ask(server: Server) {
    let asked = {
        let mut state = server.state();
        if !state.traits.tells_configuration {
            return;
        }
        state.configuration.asked += 1;
        state.configuration.asked
    };
    let item = lsp::ConfigurationItem {
        scope_uri: None,
        section: Some("gloss".to_owned()),
    };
    let section = match server.client.configuration(vec![item]).await {
        Ok(sections) => sections.into_iter().next().unwrap_or_default(),
        Err(error) => {
            tracing::info!("the editor has no settings for Gloss: {}", error.message);
            return;
        }
    };
    if section.is_null() {
        return;
    }
    {
        let mut state = server.state();
        if state.configuration.asked != asked {
            return;
        }
        state.configure(section);
    }
    redraw(&server);
    server.say_notices().await;
}
