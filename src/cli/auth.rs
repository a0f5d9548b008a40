//! `gloss auth`: the key kept, named and removed; never shown.

use std::io::{IsTerminal as _, Read as _, Write as _};

use anyhow::{anyhow, bail};
use serde_json::json;

use super::arguments::{AuthArgs, AuthCommand, Shown};
use super::{face, output};
use crate::auth::{Found, Source};
use crate::engine::Engine;
use crate::llm::{ApiError, Endpoint, Key, KeyInfo};
use crate::text::visible;

/// More than any key has, in bytes.
const LONGEST: u64 = 16 << 10;

pub fn run(arguments: AuthArgs) -> anyhow::Result<u8> {
    let engine = face::plain_engine();
    match arguments.command {
        AuthCommand::Login { yes, no_check } => login(&engine, yes, no_check),
        AuthCommand::Status { format } => status(&engine, format),
        AuthCommand::Logout => logout(&engine),
    }
}

fn login(engine: &Engine, yes: bool, no_check: bool) -> anyhow::Result<u8> {
    // What cannot be used is told before anybody types.
    let base_url = engine.base_url()?;
    let key = read_key(engine.keys().host())?;
    if !no_check {
        let endpoint = Endpoint {
            base_url,
            key: Some(key.clone()),
        };
        let look = face::run(engine, async { Ok(engine.look(&endpoint).await) })?;
        say_checked(look.told, engine.keys().host())?;
    }
    let source = keep(engine, &key, yes)?;
    let mut out = output::plain();
    writeln!(
        out,
        "Kept in {source}, for {}.",
        visible(engine.keys().host())
    )?;
    out.flush()?;
    // A source that comes first hides it.
    let search = face::run(engine, async { Ok(engine.keys().find().await) })?;
    match search {
        Ok(search) => {
            if let Some(found) = search.found.filter(|found| found.source != source) {
                face::note(&format!(
                    "gloss: the key from {} comes before it",
                    found.source
                ));
            }
        }
        Err(fault) => face::note(&format!("gloss: {fault}, and that comes before it")),
    }
    Ok(0)
}

/// Says whose key it is; an error where it is none that can be used.
fn say_checked(told: Result<KeyInfo, ApiError>, host: &str) -> anyhow::Result<()> {
    let info = match told {
        Ok(info) => info,
        // Most compatible servers have no such call.
        Err(ApiError::NotFound { .. } | ApiError::NotAnApi { .. } | ApiError::Forbidden { .. }) => {
            face::note(&format!(
                "gloss: {host} does not say whether the key is good"
            ));
            return Ok(());
        }
        Err(error @ ApiError::BadKey { .. }) => bail!("{error}; nothing was kept"),
        Err(error) => bail!(
            "the key could not be checked, so it was not kept: {error}, or repeat this with --no-check"
        ),
    };
    if info.key_blocked || info.key_disabled {
        bail!(
            "{}, so it was not kept: make another one at https://console.x.ai",
            info.fault().unwrap_or("it cannot be used")
        );
    }
    let named = |what: &str, name: &Option<String>| {
        let name = name.as_deref()?;
        Some(format!("{what} {}", visible(name)))
    };
    let whose: Vec<_> = [named("key", &info.name), named("team", &info.team)]
        .into_iter()
        .flatten()
        .collect();
    let mut out = output::plain();
    writeln!(
        out,
        "{host} takes it: {}.",
        if whose.is_empty() {
            "it does not say whose it is".into()
        } else {
            whose.join(", ")
        }
    )?;
    out.flush()?;
    if info.team_blocked {
        face::note("gloss: the team is blocked for now: see https://console.x.ai");
    }
    Ok(())
}

/// The key, from a terminal that does not show it, or from standard input.
fn read_key(host: &str) -> anyhow::Result<Key> {
    if std::io::stdin().is_terminal() {
        let prompt = format!("API key for {} (not shown): ", visible(host));
        let text = secrecy::SecretString::from(rpassword::prompt_password(prompt)?);
        return as_key(secrecy::ExposeSecret::expose_secret(&text));
    }
    let mut text = String::new();
    let read = std::io::stdin()
        .lock()
        .take(LONGEST + 1)
        .read_to_string(&mut text);
    let text = secrecy::SecretString::from(text);
    // Half of something is no key.
    if !read.is_ok_and(|length| length as u64 <= LONGEST) {
        bail!("standard input holds no key: pipe the key alone into this");
    }
    as_key(secrecy::ExposeSecret::expose_secret(&text))
}

fn as_key(text: &str) -> anyhow::Result<Key> {
    Key::new(text).map_err(|_| anyhow!("that is no key: give the key alone, on one line"))
}

/// Keeps it in the keyring, else, if the person agrees, in the file.
fn keep(engine: &Engine, key: &Key, yes: bool) -> anyhow::Result<Source> {
    let kept = face::run(engine, async {
        Ok(engine.keys().keep_in_keyring(key).await)
    })?;
    let Err(why) = kept else {
        return Ok(Source::Keyring);
    };
    let Some(file) = engine.keys().file() else {
        bail!("{why}, and no folder for Gloss's data is known: set GLOSS_DATA_DIR to one");
    };
    let path = file.path().to_path_buf();
    face::note(&format!("gloss: {why}"));
    if !yes
        && !face::agreed(&format!(
            "keep the key in {}, unencrypted, readable by you alone",
            path.display()
        ))?
    {
        bail!("nothing was kept; XAI_API_KEY and `api_key_command` are other ways");
    }
    engine
        .keys()
        .keep_in_file(key)
        .map_err(anyhow::Error::msg)?;
    Ok(Source::File(path))
}

fn status(engine: &Engine, format: Shown) -> anyhow::Result<u8> {
    let search = face::run(engine, async { Ok(engine.keys().find().await) })?;
    let search = search.map_err(anyhow::Error::msg)?;
    let host = engine.keys().host();
    let mut out = output::plain();
    match format {
        Shown::Json => {
            let found = search.found.as_ref();
            let report = json!({
                "host": host,
                "source": found.map(|found| found.source.name()),
                "path": match found.map(|found| &found.source) {
                    Some(Source::File(path)) => Some(path),
                    _ => None,
                },
                "ending": found.and_then(|found| found.key.ending()),
            });
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        }
        Shown::Table => match &search.found {
            Some(found) => writeln!(out, "{}, for {}", in_words(found), visible(host))?,
            None => writeln!(out, "No key for {}.", visible(host))?,
        },
    }
    out.flush()?;
    if let Some(why) = &search.passed_over {
        face::note(&format!("gloss: {why}"));
    }
    if search.found.is_none() && format == Shown::Table {
        face::note(
            "gloss: set XAI_API_KEY, or run `gloss auth login`; a key is made at https://console.x.ai",
        );
    }
    Ok(u8::from(search.found.is_none()))
}

/// `…cdef from the system's keyring`
pub fn in_words(found: &Found) -> String {
    match found.key.ending() {
        Some(ending) => format!("…{ending} from {}", found.source),
        None => format!("a short key from {}", found.source),
    }
}

fn logout(engine: &Engine) -> anyhow::Result<u8> {
    let (removed, faults) = face::run(engine, async { Ok(engine.keys().remove().await) })?;
    let mut out = output::plain();
    for source in &removed {
        writeln!(out, "Removed from {source}.")?;
    }
    if removed.is_empty() && faults.is_empty() {
        writeln!(
            out,
            "There was none to remove for {}.",
            visible(engine.keys().host())
        )?;
    }
    out.flush()?;
    for fault in &faults {
        face::note(&format!("gloss: {}", visible(fault)));
    }
    let search = face::run(engine, async { Ok(engine.keys().find().await) })?;
    if let Some(found) = search.ok().and_then(|search| search.found) {
        face::note(&format!(
            "gloss: there is still the key from {}",
            found.source
        ));
    }
    Ok(u8::from(!faults.is_empty()))
}
