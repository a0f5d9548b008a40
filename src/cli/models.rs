//! `gloss models`: what the endpoint offers, and which of it is in use.

use std::io::Write as _;

use serde_json::{Value, json};

use super::arguments::{ModelsArgs, Shown};
use super::{columns, face, output};
use crate::config::Settings;
use crate::engine::JobError;
use crate::llm::models::{self, AS_OF, MODELS, Price};
use crate::llm::{ApiError, ListedModel};

pub fn run(arguments: &ModelsArgs) -> anyhow::Result<u8> {
    let engine = face::plain_engine();
    let offered = face::run(&engine, async { Ok(engine.models().await) })?;
    let (models, is_built_in) = match offered {
        Ok(models) => (models, false),
        // Some keys may ask and not look: what is built in is better than nothing.
        Err(JobError::Api(error @ (ApiError::Forbidden { .. } | ApiError::NotFound { .. }))) => {
            face::note(&format!("gloss: {error}"));
            face::note(&format!("These are the models that Gloss knew in {AS_OF}."));
            (built_in(), true)
        }
        Err(error) => return Err(error.into()),
    };
    let settings = engine.settings();
    let mut out = output::plain();
    match arguments.format {
        Shown::Json => {
            let source = if is_built_in { "built-in" } else { "endpoint" };
            let models: Vec<_> = models
                .iter()
                .map(|model| to_json(model, settings))
                .collect();
            let report = json!({ "source": source, "models": models });
            writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
        }
        Shown::Table => {
            let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
            rows.extend(models.iter().map(|model| row(model, settings)));
            columns::write(&mut out, &rows)?;
            writeln!(
                out,
                "\nPrices in USD per million tokens. * is in use: {}.",
                in_use(settings)
            )?;
        }
    }
    out.flush()?;
    for id in missing(&models, settings) {
        face::note(&format!("gloss: {id} is set and not among them"));
    }
    Ok(0)
}

const HEAD: [&str; 7] = ["", "Model", "Context", "In", "Cached", "Out", "Images"];

fn row(model: &ListedModel, settings: &Settings) -> Vec<String> {
    let is_used = is(model, &settings.model) || is(model, settings.vision_model());
    let rates = price(model).map(rates);
    let usd = |at: usize| {
        let rate = rates.and_then(|rates| rates.get(at).copied());
        rate.map_or_else(|| "-".into(), |usd| format!("{usd:.2}"))
    };
    vec![
        if is_used { "*" } else { "" }.into(),
        model.id.clone(),
        model.context.map_or_else(|| "-".into(), thousands),
        usd(0),
        usd(1),
        usd(2),
        match model.sees_images {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        }
        .into(),
    ]
}

fn to_json(model: &ListedModel, settings: &Settings) -> Value {
    json!({
        "id": model.id,
        "aliases": model.aliases,
        "context": model.context,
        "prices": price(model).map(|price| {
            let [input, cached, output] = rates(price);
            json!({ "input": input, "cached": cached, "output": output })
        }),
        "sees_images": model.sees_images,
        "in_use": is(model, &settings.model),
        "in_use_for_images": is(model, settings.vision_model()),
    })
}

/// Whether the model goes by this name.
fn is(model: &ListedModel, name: &str) -> bool {
    models::is_same(&model.id, name) || model.aliases.iter().any(|alias| alias == name)
}

/// By the endpoint's own list, else by the built-in one.
fn price(model: &ListedModel) -> Option<Price> {
    let known = || models::known(&model.id).map(|known| known.price);
    model.price.or_else(known)
}

/// What input, cached input and output cost, in US dollars per million tokens.
fn rates(price: Price) -> [f64; 3] {
    [price.rates.input, price.rates.cached, price.rates.output].map(models::dollars)
}

fn in_use(settings: &Settings) -> String {
    let (model, vision) = (&settings.model, settings.vision_model());
    if model == vision {
        model.clone()
    } else {
        format!("{model}, and {vision} for images")
    }
}

/// The models that are set and not offered.
fn missing<'a>(models: &[ListedModel], settings: &'a Settings) -> Vec<&'a str> {
    let mut set = vec![settings.model.as_str(), settings.vision_model()];
    set.dedup();
    set.retain(|id| !models.iter().any(|model| is(model, id)));
    set
}

fn built_in() -> Vec<ListedModel> {
    let models = MODELS.iter();
    models
        .map(|model| ListedModel {
            id: model.id.to_owned(),
            aliases: model.alias.into_iter().map(str::to_owned).collect(),
            context: Some(model.context),
            sees_images: Some(true),
            price: Some(model.price),
        })
        .collect()
}

/// `1,000,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
