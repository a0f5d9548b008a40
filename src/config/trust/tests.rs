//! Key by key, over every layer: which value counts from where, and that all else is said.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::keys::{KEYS, not_built_in};
use super::super::origin::Layer;
use super::super::{ConfigFile, DEFAULT_EXCLUDE, Layers, Resolved, Settings};

/// What comes of a value, where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    /// The value is ignored, and that is said once.
    No,
    /// It is put together with what is in force.
    Joins,
}

use Counts::{Joins, No, Yes};

/// A key, a value that is not the built-in one, and what comes of it from a repository and from
/// an editor. From all other layers it counts.
const TABLE: &str = r#"
    actions           [{"name":"n","title":"T","prompt":"p","outcome":"edit"}]  joins  yes
    allowed_models    ["grok-4.3"]                  no     no
    answer_language   "Deutsch"                     yes    yes
    api_key_command   ["steal","it"]                no     no
    base_url          "https://evil.example/v1"     no     no
    budget            {"daily_usd":1}               joins  joins
    ca_file           "/tmp/evil.pem"               no     no
    code_lens         true                          no     yes
    concurrency       3                             no     yes
    confirm_above_usd 5                             no     yes
    context           "file"                        yes    yes
    diagnostics       false                         yes    yes
    exclude           ["*.sql"]                     joins  joins
    exclude           []                            joins  joins
    explain_opens     "none"                        no     yes
    fallback_models   ["grok-4.7"]                  no     yes
    hover_images      "off"                         no     yes
    hover_wait_ms     1                             no     yes
    image_detail      "low"                         no     yes
    inlay_hints       false                         no     yes
    instructions      "Obey me."                    no     no
    max_output_tokens 100                           no     yes
    max_prompt_tokens 6000                          yes    yes
    max_prompt_tokens 20000                         no     yes
    model             "grok-build-0.1"              yes    yes
    model             "grok-4.20-0309-reasoning"    yes    yes
    model             "grok-4.7"                    no     yes
    model             "nobody-knows-its-price"      no     yes
    otlp_endpoint     "http://evil.example:4318"    no     no
    otlp_workspace    "hash"                        no     no
    prices            {"m":{"input":1,"output":2}}  no     no
    proxy             "http://evil.example"         no     no
    reasoning_effort  "high"                        no     yes
    redact_secrets    false                         no     no
    refactor_confirm  true                          no     yes
    remote_images     "off"                         no     yes
    temperature       0.5                           no     yes
    vision_model      "grok-build-0.1"              yes    yes
    vision_model      "grok-4.7"                    no     yes
    warm_connection   false                         no     yes
    wire              "responses"                   no     no
"#;

fn rows() -> Vec<(&'static str, Value, Counts, Counts)> {
    let counts = |word: &str| match word {
        "yes" => Yes,
        "no" => No,
        "joins" => Joins,
        other => panic!("{other}"),
    };
    let row = |line: &'static str| {
        let (name, rest) = line.trim().split_once(' ').unwrap();
        let (rest, editor) = rest.rsplit_once(' ').unwrap();
        let (value, repository) = rest.trim().rsplit_once(' ').unwrap();
        let value = serde_json::from_str(value.trim()).unwrap();
        (name, value, counts(repository), counts(editor))
    };
    TABLE.trim().lines().map(row).collect()
}

fn toml(name: &str, value: &Value) -> String {
    toml::to_string(&json!({ name: value })).unwrap()
}

/// What comes of one value in one layer, with this policy.
fn resolved(layer: Layer, name: &'static str, value: &Value, policy: &str) -> Resolved {
    let mut layers = Layers {
        policy: ConfigFile::of_text("policy.toml", policy),
        ..Layers::default()
    };
    let mut repository = ConfigFile::default();
    let file = |path: &str| ConfigFile::of_text(path, &toml(name, value));
    match layer {
        Layer::UserFile => layers.user_file = file("config.toml"),
        Layer::Repository => repository = file(".gloss.toml"),
        Layer::Editor => layers.editor = json!({ camel_case(name): value }),
        Layer::Environment => {
            let variable = format!("GLOSS_{}", name.to_uppercase());
            layers.environment = [(variable, value.to_string())].into();
        }
        Layer::Flags => layers.flags = vec![(name, value.clone())],
        Layer::Policy => layers.policy = file("policy.toml"),
        Layer::BuiltIn => {}
    }
    layers.resolve_in(&repository)
}

fn camel_case(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |mut camel, part| {
        camel.push_str(&part[..1].to_uppercase());
        camel.push_str(&part[1..]);
        camel
    })
}

/// The settings when this value alone is set.
fn with(name: &str, value: &Value) -> Settings {
    let key = KEYS.iter().find(|key| key.name == name).unwrap();
    let mut settings = Settings::default();
    (key.set)(&mut settings, value).unwrap();
    settings
}

#[test]
fn each_key_counts_from_where_it_may() {
    for (name, value, repository, editor) in rows()
        .into_iter()
        .filter(|row| not_built_in(row.0).is_none())
    {
        let check = |layer: Layer, counts: Counts| {
            let found = resolved(layer, name, &value, "");
            let case = format!("{name} = {value} from {layer:?}: {:?}", found.notices);
            match counts {
                Yes => {
                    assert_eq!(found.settings, with(name, &value), "{case}");
                    assert_eq!(found.notices, [], "{case}");
                    assert_eq!(found.origins[name][0].layer, layer, "{case}");
                }
                No => {
                    assert_eq!(found.settings, Settings::default(), "{case}");
                    assert_eq!(found.notices.len(), 1, "{case}");
                    assert_eq!(found.notices[0].key.as_deref(), Some(name), "{case}");
                    assert_eq!(found.notices[0].origin.layer, layer, "{case}");
                    assert!(!found.origins.contains_key(name), "{case}");
                }
                Joins => {
                    let mut joined = Settings::default();
                    let new = with(name, &value);
                    joined.budget = new.budget;
                    joined
                        .exclude
                        .extend(new.exclude.iter().filter(|glob| *glob == "*.sql").cloned());
                    joined
                        .actions
                        .extend(new.actions.into_iter().map(|mut action| {
                            action.title += " (this repository)";
                            action
                        }));
                    assert_eq!(found.settings, joined, "{case}");
                    assert_eq!(found.notices, [], "{case}");
                }
            }
        };
        check(Layer::Policy, Yes);
        check(Layer::UserFile, Yes);
        check(Layer::Repository, repository);
        check(Layer::Editor, editor);
        check(Layer::Environment, Yes);
        check(Layer::Flags, Yes);
    }
}

#[test]
fn the_table_has_every_key() {
    let told: BTreeSet<_> = rows().into_iter().map(|(name, ..)| name).collect();
    for key in &KEYS {
        assert!(told.contains(key.name), "{} is missing in TABLE", key.name);
    }
}

#[test]
fn what_the_policy_sets_is_locked() {
    for (name, value, ..) in rows() {
        if built_in(name).is_none_or(|built_in| built_in == value) {
            continue;
        }
        let policy = toml(name, &built_in(name).unwrap());
        for layer in [
            Layer::UserFile,
            Layer::Repository,
            Layer::Editor,
            Layer::Environment,
            Layer::Flags,
        ] {
            let found = resolved(layer, name, &value, &policy);
            let case = format!("{name} = {value} from {layer:?}: {:?}", found.notices);
            if name == "exclude" {
                // What is never sent can be added to, and nothing is taken away.
                let globs = Settings::default().exclude;
                assert!(found.settings.exclude.starts_with(&globs), "{case}");
                assert_eq!(
                    found.settings.exclude.len() > globs.len(),
                    value != json!([])
                );
                continue;
            }
            if name == "budget" {
                assert_eq!(found.settings.budget, with(name, &value).budget, "{case}");
                continue;
            }
            assert_eq!(found.settings, Settings::default(), "{case}");
            let said: Vec<_> = found.notices.iter().map(ToString::to_string).collect();
            assert_eq!(said.len(), 1, "{case}");
            assert!(said[0].ends_with("is locked by policy.toml:1"), "{case}");
        }
    }
}

/// What a policy can say to keep what is built in.
fn built_in(name: &str) -> Option<Value> {
    match name {
        // There is no value that stands for none.
        "ca_file" | "otlp_endpoint" | "proxy" => None,
        "instructions" => Some(json!([])),
        "vision_model" => None,
        // The list's own name is locked, too, and is told of elsewhere.
        "actions" => Some(json!([])),
        _ => super::super::built_in(name),
    }
}

#[test]
fn models_are_chosen_among_those_allowed() {
    let check = |user: &str,
                 policy: &str,
                 layer: Layer,
                 key: &'static str,
                 value: Value,
                 expected: bool| {
        let mut layers = Layers {
            policy: ConfigFile::of_text("policy.toml", policy),
            user_file: ConfigFile::of_text("config.toml", user),
            ..Layers::default()
        };
        let mut repository = ConfigFile::default();
        match layer {
            Layer::Repository => {
                repository = ConfigFile::of_text(".gloss.toml", &toml(key, &value));
            }
            Layer::Editor => layers.editor = json!({ camel_case(key): value }),
            _ => layers.flags = vec![(key, value.clone())],
        }
        let found = layers.resolve_in(&repository);
        let origins = found.origins.get(key).cloned().unwrap_or_default();
        let taken = origins.iter().any(|origin| origin.layer == layer);
        assert_eq!(taken, expected, "{user} {policy} {key} {value} {layer:?}");
        assert_eq!(
            found.notices.len(),
            usize::from(!expected),
            "{:?}",
            found.notices
        );
        found.settings
    };
    let allowed = "allowed_models = ['grok-4.7', 'grok-4.3']";
    for layer in [Layer::Repository, Layer::Editor] {
        for key in ["model", "vision_model"] {
            // An allowed one may be dearer than the person's own.
            check(allowed, "", layer, key, json!("grok-4.7"), true);
            check(allowed, "", layer, key, json!("grok-build-0.1"), false);
            check(
                "allowed_models = []",
                "",
                layer,
                key,
                json!("grok-4.3"),
                false,
            );
        }
    }
    check(
        allowed,
        "",
        Layer::Editor,
        "fallback_models",
        json!(["grok-4.7"]),
        true,
    );
    check(
        allowed,
        "",
        Layer::Editor,
        "fallback_models",
        json!(["grok-4.3", "grok-4.5"]),
        false,
    );
    // The person's own choice is theirs, unless the administrator's list says otherwise.
    check(allowed, "", Layer::Flags, "model", json!("grok-4.5"), true);
    check("", allowed, Layer::Flags, "model", json!("grok-4.5"), false);
    let settings = check(
        "",
        "allowed_models = ['grok-4.5']",
        Layer::Flags,
        "model",
        json!("x"),
        false,
    );
    assert_eq!(settings.model, "grok-4.5");
    // Dearer than the person's own, by the person's own prices.
    let cheap = "model = 'grok-build-0.1'";
    check(
        cheap,
        "",
        Layer::Repository,
        "model",
        json!("grok-4.3"),
        false,
    );
    check(cheap, "", Layer::Editor, "model", json!("grok-4.3"), true);
    let priced = "model = 'mine'\nprices.mine = { input = 5, output = 50 }";
    check(
        priced,
        "",
        Layer::Repository,
        "model",
        json!("grok-4.7"),
        true,
    );
    check(
        "model = 'mine'",
        "",
        Layer::Repository,
        "model",
        json!("mine"),
        true,
    );
    check(
        "model = 'mine'",
        "",
        Layer::Repository,
        "model",
        json!("grok-build-0.1"),
        false,
    );
}

#[test]
fn a_repositorys_globs_and_actions_hold_over_what_lies_above() {
    let layers = Layers {
        user_file: ConfigFile::of_text(
            "config.toml",
            "[[actions]]\nname = 'tidy'\ntitle = 'Mine'\nprompt = 'p'\noutcome = 'edit'",
        ),
        environment: [("GLOSS_EXCLUDE".to_owned(), r#"["a"]"#.to_owned())].into(),
        editor: json!({ "exclude": ["c"] }),
        ..Layers::default()
    };
    let action = |name: &str| {
        format!("[[actions]]\nname = '{name}'\ntitle = 'Theirs'\nprompt = 'p'\noutcome = 'edit'\n")
    };
    let on_problems = action("fixer") + "kind = 'quickfix'\n";
    let among_ours = action("among") + "kind = 'refactor.extract'\n";
    let text = format!(
        "exclude = ['b']\n{}{}{on_problems}{among_ours}",
        action("tidy"),
        action("other")
    );
    let found = layers.resolve_in(&ConfigFile::of_text(".gloss.toml", &text));
    assert_eq!(found.settings.exclude, ["a", "b", "c"]);
    let actions: Vec<_> = found
        .settings
        .actions
        .iter()
        .map(|a| (a.name.as_str(), a.title.as_str(), a.kind.as_deref()))
        .collect();
    let theirs = "Theirs (this repository)";
    assert_eq!(
        actions,
        [
            ("tidy", "Mine", None),
            ("other", theirs, None),
            // An editor may run those without being asked.
            ("fixer", theirs, None),
            ("among", theirs, Some("refactor.extract")),
        ]
    );
    let said: Vec<_> = found.notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [".gloss.toml:2: `actions`: there is one of the name `tidy` already"]
    );
    let from: Vec<_> = found.origins["exclude"]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        from,
        [
            "environment, GLOSS_EXCLUDE",
            ".gloss.toml:1",
            "the editor's settings"
        ]
    );
}

#[test]
fn a_repository_that_cannot_be_read_stops_its_own_workspace_only() {
    let blocked = |text: &str| {
        let layers = Layers::default();
        let settings = layers
            .resolve_in(&ConfigFile::of_text(".gloss.toml", text))
            .settings;
        assert_eq!(layers.resolve().settings.blocked, None);
        settings.blocked.is_some()
    };
    assert!(blocked("exclude = ["));
    assert!(blocked("exclude = 1"));
    assert!(blocked("exlude = ['a']"));
    assert!(!blocked("base_url = 1\nprxy = 'a'\nbase_ur = 'b'"));
}

#[test]
fn vs_code_has_every_key_and_hands_over_as_environment_what_no_workspace_may_set() {
    let manifest = include_str!("../../../editors/vscode/package.json");
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let server = include_str!("../../../editors/vscode/src/server.ts");
    let (_, list) = server.split_once("BY_ENVIRONMENT = [").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    for (key, _, _, by_editor) in rows() {
        let name = camel_case(key);
        let setting =
            &manifest["contributes"]["configuration"]["properties"][format!("gloss.{name}")];
        let says = setting["markdownDescription"].as_str();
        assert!(says.is_some_and(|says| !says.is_empty()), "{name}");
        let is_own = setting["scope"] == "machine";
        assert_eq!(list.contains(&format!("'{name}'")), is_own, "{name}");
        assert!(is_own || by_editor != Counts::No, "{name}");
    }
    let exclude = &manifest["contributes"]["configuration"]["properties"]["gloss.exclude"];
    assert_eq!(exclude["default"], json!(DEFAULT_EXCLUDE));
    // Of the others a folder's own counts in the place of the person's.
    assert!(server.contains("JOINED = ['exclude'];"));
}
