//! Requests as spans, by the conventions for generative AI
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>).

use std::hash::{BuildHasher as _, RandomState};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::Target;
use crate::config::ToldWorkspace;
use crate::llm::models;
use crate::store::{self, Row};

/// One span for each request, as a message of OTLP.
pub(super) fn spans(target: &Target, batch: &[Row]) -> Vec<u8> {
    let spans = batch.iter().map(|row| span(target, row)).collect();
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope()),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    request.encode_to_vec()
}

fn span(target: &Target, row: &Row) -> Span {
    let start = nanoseconds(row.time);
    let length = row.total_ms.unwrap_or(0).saturating_mul(1_000_000);
    let mut attributes = about(target, row);
    let mut add = |name: &str, value: Option<Value>| {
        attributes.extend(value.map(|value| attribute(name, value)));
    };
    add(
        "gen_ai.response.id",
        row.request_id.clone().map(Value::StringValue),
    );
    add(
        "gen_ai.response.finish_reasons",
        row.finish_reason.clone().map(list_of),
    );
    add("gen_ai.usage.input_tokens", Some(whole(row.prompt_tokens)));
    add(
        "gen_ai.usage.output_tokens",
        Some(whole(output_tokens(row))),
    );
    add(
        "gen_ai.usage.cache_read.input_tokens",
        Some(whole(row.cached_tokens)),
    );
    add(
        "gen_ai.usage.reasoning.output_tokens",
        Some(whole(row.reasoning_tokens)),
    );
    let first = row.first_token_ms.map(seconds).map(Value::DoubleValue);
    add("gen_ai.response.time_to_first_chunk", first);
    add(
        "gloss.cost_usd",
        row.cost_ticks.map(models::dollars).map(Value::DoubleValue),
    );
    add(
        "gloss.estimated",
        row.estimated.then_some(Value::BoolValue(true)),
    );
    add("gloss.retries", Some(whole(row.retries.into())));
    let failed = row.status == store::Status::Error;
    Span {
        trace_id: [random(), random()].map(u64::to_be_bytes).concat(),
        span_id: random().to_be_bytes().to_vec(),
        name: format!("chat {}", row.model),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start.saturating_add(length),
        attributes,
        status: failed.then(|| Status {
            code: StatusCode::Error.into(),
            message: row.error.clone().unwrap_or_default(),
        }),
        ..Span::default()
    }
}

/// What spans and metrics say alike of a request. No file, no code, no repository.
pub(super) fn about(target: &Target, row: &Row) -> Vec<KeyValue> {
    let text = |text: &str| Value::StringValue(text.to_owned());
    // The stand-in is not xAI, and neither is another server's model.
    let is_grok = models::is_grok(&row.model) && !row.model.ends_with(')');
    let provider = if is_grok {
        "x_ai"
    } else {
        target.server.as_str()
    };
    let mut about = vec![
        attribute("gen_ai.operation.name", text("chat")),
        attribute("gen_ai.provider.name", text(provider)),
        attribute("gen_ai.request.model", text(&row.model)),
        attribute("gen_ai.response.model", text(&row.model)),
        attribute("server.address", text(&target.server)),
        attribute("gloss.action", text(&row.action)),
        attribute("gloss.status", text(row.status.word())),
    ];
    match target.workspace {
        ToldWorkspace::Path => about.push(attribute("gloss.workspace", text(&row.workspace))),
        ToldWorkspace::Hash => {
            about.push(attribute("gloss.workspace", text(&hash(&row.workspace))));
        }
        ToldWorkspace::Off => {}
    }
    if let Some(error) = &row.error {
        about.push(attribute("error.type", text(error)));
    }
    about
}

pub(super) fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Gloss on this machine: what its processes tell adds up to one total, which a collector keeps
/// apart from those of other machines, whose clocks are others. Short-lived ones have none of
/// their own, since each would end with its first figure.
pub(super) fn resource() -> Resource {
    let text = |text: &str| Value::StringValue(text.to_owned());
    Resource {
        attributes: vec![
            attribute("service.name", text("gloss")),
            attribute("service.version", text(env!("CARGO_PKG_VERSION"))),
            attribute("service.instance.id", text(&hash(&machine()))),
        ],
        ..Resource::default()
    }
}

pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "gloss".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..InstrumentationScope::default()
    }
}

/// The answer's tokens with those of reasoning, whichever way the server counts these.
pub(super) fn output_tokens(row: &Row) -> u64 {
    let beside_the_prompt = row.total_tokens.saturating_sub(row.prompt_tokens);
    beside_the_prompt.max(row.completion_tokens)
}

pub(super) fn seconds(milliseconds: u64) -> f64 {
    std::time::Duration::from_millis(milliseconds).as_secs_f64()
}

/// Since 1970.
pub(super) fn nanoseconds(time: jiff::Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or(0)
}

fn whole(number: u64) -> Value {
    Value::IntValue(i64::try_from(number).unwrap_or(i64::MAX))
}

fn list_of(text: String) -> Value {
    let values = vec![AnyValue {
        value: Some(Value::StringValue(text)),
    }];
    Value::ArrayValue(ArrayValue { values })
}

#[cfg(unix)]
fn machine() -> String {
    let about = rustix::system::uname();
    about.nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn machine() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// Sixteen digits by which a workspace or a machine is told from others, and not what it is called.
fn hash(name: &str) -> String {
    let hash = Sha256::digest(name.as_bytes());
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Not 0, which no id may be.
fn random() -> u64 {
    RandomState::new().hash_one(()).max(1)
}
