//! Configuration: any text applies or is said in words, and a stranger's moves nothing.

use gloss::config::{ConfigFile, Environment, Layers, Resolved, Settings};
use gloss::text::visible;
use serde_json::Value;

/// The input is the user's file, the repository's, the editor's settings as JSON, an environment of
/// a variable a line, and the administrator's policy.
pub fn judge(input: &[u8]) {
    let [user, repository, editor, environment, policy] = super::texts(input);
    let layers = Layers {
        policy: file("/etc/gloss/policy.toml", &policy),
        user_file: file("/home/me/config.toml", &user),
        editor: serde_json::from_str(&editor).unwrap_or(Value::Null),
        environment: environment_of(&environment),
        flags: Vec::new(),
    };
    let own = Layers {
        editor: Value::Null,
        ..layers.clone()
    };
    let repository = file("/code/.gloss.toml", &repository);
    let owned = own.resolve();
    says_what_it_ignores(&owned);
    for (strangers, may_widen) in [
        (own.resolve_in(&repository), false),
        (layers.resolve_in(&repository), true),
    ] {
        says_what_it_ignores(&strangers);
        moves_nothing(&owned.settings, &strangers.settings);
        let (own, now) = (&owned.settings, &strangers.settings);
        if !may_widen {
            assert!(now.context <= own.context && now.max_prompt_tokens <= own.max_prompt_tokens);
        }
    }
    assert_eq!(
        own.resolve_in(&ConfigFile::default()).settings,
        owned.settings
    );
}

fn file(path: &str, text: &str) -> ConfigFile {
    ConfigFile::of_text(path, text.trim_start_matches('\u{feff}'))
}

fn environment_of(lines: &str) -> Environment {
    let variables = lines.lines().filter_map(|line| line.split_once('='));
    // Notices say a variable's name, which is the user's own.
    let variables = variables
        .filter(|(name, _)| name.len() < 60 && name.bytes().all(|byte| byte.is_ascii_graphic()));
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What is wrong is said in lines that can be read, and everything can be reported.
fn says_what_it_ignores(resolved: &Resolved) {
    for notice in &resolved.notices {
        super::judge_message(&visible(&notice.to_string()), 1_000);
    }
    if let Some(blocked) = &resolved.settings.blocked {
        super::judge_message(&visible(blocked), 1_000);
    }
    let report = resolved.to_json(None);
    assert_eq!(
        serde_json::from_str::<Value>(&report.to_string()).unwrap(),
        report
    );
}

/// What a repository says, and settings that an editor may have from one, moves neither the key nor
/// the code nor the money.
fn moves_nothing(own: &Settings, now: &Settings) {
    assert_eq!(now.base_url, own.base_url);
    assert_eq!(now.wire, own.wire);
    assert_eq!(now.api_key_command, own.api_key_command);
    assert_eq!(now.proxy, own.proxy);
    assert_eq!(now.ca_file, own.ca_file);
    assert_eq!(now.otlp_endpoint, own.otlp_endpoint);
    assert_eq!(now.otlp_workspace, own.otlp_workspace);
    assert_eq!(now.allowed_models, own.allowed_models);
    assert_eq!(now.instructions, own.instructions);
    assert!(now.redact_secrets || !own.redact_secrets);
    assert!(own.exclude.iter().all(|glob| now.exclude.contains(glob)));
    assert!(now.budget.is_within(&own.budget));
    assert!(now.blocked.is_some() || own.blocked.is_none());
    if let Some(allowed) = &own.allowed_models {
        let is_allowed =
            |model: &str, before: &str| model == before || allowed.iter().any(|id| id == model);
        assert!(is_allowed(&now.model, &own.model));
        assert!(is_allowed(now.vision_model(), own.vision_model()));
    }
}
