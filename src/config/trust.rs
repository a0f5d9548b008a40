//! Who may set a key, and to what: a repository may be hostile, and an editor's settings can come
//! with one, unasked.

use super::keys::{Key, Trust};
use super::notice::begun;
use super::origin::Layer;
use super::{OwnAction, Settings, is_kind_below};
use crate::llm::models;

/// What a source may do with a key.
#[derive(Clone, Copy)]
pub(super) enum Right {
    Free,
    Never,
    /// Only where this says so of the new settings beside the person's own; in words what that is.
    Within(fn(&Settings, &Settings) -> bool, &'static str),
    /// A model, or several, for which somebody pays.
    Model,
    /// Put together with what all others say, once they have said it: the settings in force, and
    /// the new ones. Gives in words what could not be taken.
    Joined(fn(&mut Settings, &Settings) -> Option<String>),
}

/// What `layer` may do with `key`.
pub(super) fn right(key: &Key, layer: Layer) -> Right {
    match layer {
        Layer::Repository => of_repository(key.name),
        Layer::Editor => of_editor(key),
        Layer::UserFile | Layer::Environment | Layer::Flags if key.name == "model" => Right::Model,
        Layer::UserFile | Layer::Environment | Layer::Flags if key.name == "vision_model" => {
            Right::Model
        }
        _ => Right::Free,
    }
}

fn of_repository(name: &str) -> Right {
    match name {
        "answer_language" | "diagnostics" => Right::Free,
        "context" => Right::Within(
            |new, own| new.context <= own.context,
            "may only be narrower than yours",
        ),
        "max_prompt_tokens" => Right::Within(
            |new, own| new.max_prompt_tokens <= own.max_prompt_tokens,
            "may only be lower than yours",
        ),
        "model" | "vision_model" => Right::Model,
        "exclude" => Right::Joined(exclude_more),
        "actions" => Right::Joined(actions_of_repository),
        "budget" => Right::Joined(lower_budget),
        _ => Right::Never,
    }
}

fn of_editor(key: &Key) -> Right {
    match (key.name, key.trust) {
        ("redact_secrets", _) => {
            Right::Within(|new, _| new.redact_secrets, "may only be turned on")
        }
        ("exclude", _) => Right::Joined(exclude_more),
        ("budget", _) => Right::Joined(lower_budget),
        ("model" | "vision_model" | "fallback_models", _) => Right::Model,
        (_, Trust::UserOnly) => Right::Never,
        (_, Trust::Anyone) => Right::Free,
    }
}

/// How a key that only ever keeps something back is put together with what a policy locks.
pub(super) fn tightening(name: &str) -> Option<fn(&mut Settings, &Settings) -> Option<String>> {
    match name {
        "budget" => Some(lower_budget),
        "exclude" => Some(exclude_more),
        _ => None,
    }
}

/// The lower of the limits in force and the new ones.
fn lower_budget(in_force: &mut Settings, new: &Settings) -> Option<String> {
    in_force.budget = in_force.budget.narrowed_by(&new.budget);
    None
}

/// The globs in force, and those that are new.
fn exclude_more(in_force: &mut Settings, new: &Settings) -> Option<String> {
    for glob in &new.exclude {
        if !in_force.exclude.contains(glob) {
            in_force.exclude.push(glob.clone());
        }
    }
    None
}

/// What the titles of a repository's actions end in.
const OF_REPOSITORY: &str = " (this repository)";

/// The kinds that its actions may have: what others are for, an editor may run unasked.
const KINDS_OF_REPOSITORY: [&str; 2] = ["gloss", "refactor"];

/// The person's own actions, and those of the repository, which say so in their titles.
fn actions_of_repository(in_force: &mut Settings, new: &Settings) -> Option<String> {
    let mut ignored = None;
    for action in &new.actions {
        if in_force.actions.iter().any(|own| own.name == action.name) {
            let what = format!(
                "`actions`: there is one of the name `{}` already",
                action.name
            );
            ignored.get_or_insert(what);
            continue;
        }
        let may_have = |kind: &String| {
            KINDS_OF_REPOSITORY
                .iter()
                .any(|its| is_kind_below(kind, its))
        };
        let kind = action.kind.clone().filter(may_have);
        if kind != action.kind {
            let what = format!(
                "`actions`: a repository chooses only kinds below `gloss` and `refactor`, not `{}`",
                action.kind.as_deref().unwrap_or_default()
            );
            ignored.get_or_insert(what);
        }
        in_force.actions.push(OwnAction {
            title: format!("{}{OF_REPOSITORY}", action.title),
            kind,
            ..action.clone()
        });
    }
    ignored
}

/// Why the models that `key` would choose in `new` may not be chosen, if so.
pub(super) fn refuses_model(
    key: &str,
    layer: Layer,
    new: &Settings,
    own: &Settings,
) -> Option<String> {
    let (chosen, instead): (Vec<&str>, &str) = match key {
        "model" => (vec![&new.model], &own.model),
        "vision_model" => (vec![new.vision_model()], own.vision_model()),
        _ => (new.fallback_models.iter().map(String::as_str).collect(), ""),
    };
    let refused = chosen.into_iter().find_map(|model| match &own.allowed_models {
        Some(allowed) => (!allowed.iter().any(|id| id == model))
            .then(|| format!("{} is not among `allowed_models`", begun(model))),
        None if layer == Layer::Repository => (!is_as_cheap(model, instead, own)).then(|| {
            let (model, instead) = (begun(model), begun(instead));
            format!("a repository may choose no model that is dearer than {instead}, and none without a known price, so not {model}")
        }),
        None => None,
    })?;
    Some(format!("`{key}` is not taken: {refused}"))
}

fn is_as_cheap(model: &str, than: &str, own: &Settings) -> bool {
    let rates = |id: &str| {
        let listed = || models::known(id).map(|known| known.price);
        let price = own.prices.get(id).copied().or_else(listed)?;
        Some([price.rates.input, price.rates.cached, price.rates.output])
    };
    model == than
        || match (rates(model), rates(than)) {
            (Some(new), Some(own)) => new.iter().zip(own).all(|(new, own)| *new <= own),
            _ => false,
        }
}

#[cfg(test)]
mod tests;
