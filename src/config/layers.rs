//! Lays the sources of configuration over each other, lowest first, key by key.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::file::Content;
use super::keys::{KEYS, Key, is_guard, not_built_in};
use super::notice::begun;
use super::origin::{Layer, Origin, Place};
use super::source::{Entry, Environment, Fault, from_editor, from_environment, from_toml};
use super::trust::{self, Right};
use super::{ConfigFile, Notice, Settings};

/// The sources as they were read, but for the repository's, of which each workspace has its own.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The administrator's. It is a value here so that tests can have one; the program's is fixed.
    pub policy: ConfigFile,
    /// The user's `config.toml`.
    pub user_file: ConfigFile,
    /// `initializationOptions` or the section `gloss`, names in camelCase.
    pub editor: Value,
    pub environment: Environment,
    pub flags: Vec<(&'static str, Value)>,
}

/// What the layers come to.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub settings: Settings,
    /// The values that are not built in, as they were given.
    pub values: BTreeMap<&'static str, Value>,
    /// Where those came from; more than one place where they were put together.
    pub origins: BTreeMap<&'static str, Vec<Origin>>,
    pub notices: Vec<Notice>,
}

impl Layers {
    /// The settings in force where no repository has a say. Whatever cannot be applied becomes a
    /// notice; the rest applies, unless what is wrong may say where data must not go: then the
    /// settings are blocked.
    pub fn resolve(&self) -> Resolved {
        self.laid(None)
    }

    /// The settings in force in a workspace whose own file this is.
    pub fn resolve_in(&self, repository: &ConfigFile) -> Resolved {
        self.laid(Some(repository))
    }

    fn laid(&self, repository: Option<&ConfigFile>) -> Resolved {
        let policy = Source::file(Layer::Policy, &self.policy);
        let user_file = Source::file(Layer::UserFile, &self.user_file);
        let environment = Source::entries(from_environment(&self.environment));
        let flags = Source::entries(self.flag_entries());
        // What the person and their administrator say: the measure for what others may.
        let mut own = Laying::new(Settings::default());
        for source in [&policy, &user_file, &environment, &flags] {
            own.lay(source);
        }
        let own = own.joined().settings;

        let mut laying = Laying::new(own);
        laying.lay(&policy);
        laying.lay(&user_file);
        if let Some(file) = repository {
            laying.lay(&Source::file(Layer::Repository, file));
        }
        laying.lay(&Source::editor(&self.editor));
        laying.lay(&environment);
        laying.lay(&flags);
        laying.joined()
    }

    fn flag_entries(&self) -> Vec<Entry> {
        let flags = self.flags.iter();
        flags
            .map(|(name, value)| Entry {
                name: (*name).to_owned(),
                value: value.clone(),
                origin: Origin::whole(Layer::Flags),
            })
            .collect()
    }
}

/// What one source says.
struct Source {
    entries: Vec<Entry>,
    /// Nobody knows what would have stood there, so nothing may be sent.
    faults: Vec<Fault>,
    /// What is said and stops nothing.
    refusals: Vec<Fault>,
}

impl Source {
    fn entries(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            faults: Vec::new(),
            refusals: Vec::new(),
        }
    }

    fn file(layer: Layer, file: &ConfigFile) -> Self {
        let fault = |what: &String| Fault {
            origin: Origin {
                layer,
                place: Place::File(file.path.clone()),
            },
            what: what.clone(),
        };
        let mut source = Self::entries(Vec::new());
        match &file.content {
            Content::Absent => {}
            Content::Text(text) => {
                (source.entries, source.faults) = from_toml(layer, &file.path, text);
            }
            Content::Refused(why) => source.refusals.push(fault(why)),
            Content::Unreadable(why) => source.faults.push(fault(why)),
        }
        source
    }

    fn editor(settings: &Value) -> Self {
        match from_editor(settings) {
            Ok(entries) => Self::entries(entries),
            Err(fault) => Self {
                refusals: vec![fault],
                ..Self::entries(Vec::new())
            },
        }
    }
}

/// The layers so far.
struct Laying {
    resolved: Resolved,
    own: Settings,
    /// What is put together with the rest once all of it is there.
    joining: Vec<(&'static Key, Joined, Entry)>,
}

struct Joined {
    by: fn(&mut Settings, &Settings) -> Option<String>,
    new: Settings,
}

impl Laying {
    fn new(own: Settings) -> Self {
        Self {
            resolved: Resolved {
                settings: Settings::default(),
                values: BTreeMap::new(),
                origins: BTreeMap::new(),
                notices: Vec::new(),
            },
            own,
            joining: Vec::new(),
        }
    }

    fn lay(&mut self, source: &Source) {
        for fault in &source.faults {
            self.block(&fault.origin, None, &fault.what);
        }
        for refusal in &source.refusals {
            self.notice(&refusal.origin, None, refusal.what.clone());
        }
        for entry in &source.entries {
            self.set(entry);
        }
        self.choose_among_allowed();
    }

    fn set(&mut self, entry: &Entry) {
        let (name, origin) = (entry.name.as_str(), &entry.origin);
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return self.refuse_unknown(name, origin);
        };
        let right = match self.policy_on(name) {
            Some(policy) if origin.layer != Layer::Policy => {
                let Some(tighten) = trust::tightening(name) else {
                    if self.resolved.values.get(name) != Some(&entry.value) {
                        let what = format!("`{name}` is locked by {policy}");
                        self.notice(origin, Some(name), what);
                    }
                    return;
                };
                Right::Joined(tighten)
            }
            _ => trust::right(key, origin.layer),
        };
        if matches!(right, Right::Never) {
            return self.notice(origin, Some(name), never(name, origin.layer));
        }
        let mut new = self.resolved.settings.clone();
        if let Err(expected) = (key.set)(&mut new, &entry.value) {
            let what = format!("`{name}` should be {expected}");
            if is_guard(name) {
                return self.block(origin, Some(name), &what);
            }
            self.notice(origin, Some(name), what);
            // Of a list of actions those that are right apply.
            if new == self.resolved.settings {
                return;
            }
        }
        let refusal = match right {
            Right::Within(is_within, rule) if !is_within(&new, &self.own) => {
                Some(format!("`{name}` {rule}"))
            }
            Right::Model if self.is_model_limited(origin.layer) => {
                trust::refuses_model(name, origin.layer, &new, &self.own)
            }
            Right::Joined(by) => {
                self.joining.push((key, Joined { by, new }, entry.clone()));
                return;
            }
            _ => None,
        };
        let not_built_in = not_built_in(name).filter(|_| new != self.resolved.settings);
        if let Some(what) = refusal.or_else(|| not_built_in.map(str::to_owned)) {
            return self.notice(origin, Some(name), what);
        }
        self.resolved.settings = new;
        self.resolved.values.insert(key.name, entry.value.clone());
        self.resolved.origins.insert(key.name, vec![origin.clone()]);
    }

    /// Puts together what no layer may take from another.
    fn joined(mut self) -> Resolved {
        for (key, joined, entry) in std::mem::take(&mut self.joining) {
            let before = self.resolved.settings.clone();
            if let Some(what) = (joined.by)(&mut self.resolved.settings, &joined.new) {
                self.notice(&entry.origin, Some(key.name), what);
            }
            if before != self.resolved.settings {
                let from = self.resolved.origins.entry(key.name);
                from.or_insert_with(|| vec![Origin::whole(Layer::BuiltIn)])
                    .push(entry.origin);
            }
        }
        let (values, origins) = (&self.resolved.values, &mut self.resolved.origins);
        // A model that nobody named is there because of the list that it is the first of.
        if values.contains_key("model")
            && let Some(list) = origins.get("allowed_models").cloned()
        {
            origins.entry("model").or_insert(list);
        }
        let settings = &self.resolved.settings;
        if self.resolved.origins.contains_key("exclude") {
            let all = json!(settings.exclude);
            self.resolved.values.insert("exclude", all);
        }
        if self.resolved.origins.contains_key("budget") {
            let budget = settings.budget.to_json();
            self.resolved.values.insert("budget", budget);
        }
        if self.resolved.origins.contains_key("actions") {
            let actions = settings.actions.iter();
            let shown = actions
                .map(|action| json!({ "name": action.name, "title": action.title }))
                .collect();
            self.resolved.values.insert("actions", shown);
        }
        self.resolved
    }

    /// Where the policy sets a key, if it does.
    fn policy_on(&self, name: &str) -> Option<String> {
        let origins = self.resolved.origins.get(name)?;
        let policy = origins.iter().find(|origin| origin.layer == Layer::Policy);
        policy.map(ToString::to_string)
    }

    /// `allowed_models` is for workspaces and editors; an administrator's is for everybody.
    fn is_model_limited(&self, layer: Layer) -> bool {
        matches!(layer, Layer::Repository | Layer::Editor)
            || self.policy_on("allowed_models").is_some()
    }

    /// Where the administrator's list leaves out what is built in, its first model stands instead.
    fn choose_among_allowed(&mut self) {
        let settings = &mut self.resolved.settings;
        let is_set = self.resolved.origins.contains_key("model");
        if let Some([first, ..]) = settings.allowed_models.as_deref().filter(|_| !is_set)
            && let Some(by) = self.resolved.origins.get("allowed_models")
            && by.iter().any(|origin| origin.layer == Layer::Policy)
            && let first = first.clone()
            && !settings
                .allowed_models
                .iter()
                .flatten()
                .any(|id| *id == settings.model)
        {
            self.resolved.values.insert("model", json!(first));
            settings.model = first;
        }
    }

    /// A key that nobody knows may be a misspelt one that says where data must not go.
    fn refuse_unknown(&mut self, name: &str, origin: &Origin) {
        let what = unknown(name);
        let near = nearest(name);
        let may_guard = match origin.layer {
            Layer::Editor => false,
            Layer::Repository => near == Some("exclude"),
            _ => near.is_some_and(is_guard),
        };
        if may_guard {
            self.block(origin, Some(name), &what);
        } else {
            self.notice(origin, Some(name), what);
        }
    }

    /// Notes what is wrong, and that nothing may be sent before it is mended.
    fn block(&mut self, origin: &Origin, key: Option<&str>, what: &str) {
        let what = format!("{what}; nothing is sent until this is mended");
        let why = format!("{origin}: {what}");
        self.resolved.settings.blocked.get_or_insert(why);
        self.notice(origin, key, what);
    }

    fn notice(&mut self, origin: &Origin, key: Option<&str>, what: String) {
        self.resolved.notices.push(Notice {
            origin: origin.clone(),
            key: key.map(str::to_owned),
            what,
        });
    }
}

/// Why a layer may not set a key.
fn never(name: &str, layer: Layer) -> String {
    let instead = format!("set it in config.toml or as GLOSS_{}", name.to_uppercase());
    match layer {
        Layer::Repository => format!("`{name}` is not taken from a repository; {instead}"),
        _ => format!(
            "`{name}` is not taken from the editor, since a repository can set those; {instead}"
        ),
    }
}

fn unknown(name: &str) -> String {
    let shown = begun(name);
    match nearest(name) {
        Some(near) => format!("unknown key `{shown}`; did you mean `{near}`?"),
        None => format!("unknown key `{shown}`"),
    }
}

fn nearest(name: &str) -> Option<&'static str> {
    if name.len() > 60 {
        return None;
    }
    super::names()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
