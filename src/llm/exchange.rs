//! One call from its first try to its last.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::field::Field;
use super::record::Record;
use super::request::{Failed, Request, later};
use super::retry::{self, Decision, Try};
use super::{ApiError, Call, Client, Completion, Event, Failure};

/// Runs `call` to its end.
pub async fn run(
    client: &Client,
    call: &Call,
    on_event: &mut (dyn FnMut(Event) + Send),
) -> Result<Completion, Failure> {
    let mut record = Record::begin(call);
    match run_into(client, call, &mut record, on_event).await {
        Ok(()) => Ok(record.completion(call)),
        Err(error) => Err(record.failure(call, error)),
    }
}

async fn run_into(
    client: &Client,
    call: &Call,
    record: &mut Record,
    on_event: &mut (dyn FnMut(Event) + Send),
) -> Result<(), ApiError> {
    let request = Request::prepare(client, call, record.started).await?;
    let mut refused = client.refused_by(&call.model);
    let mut retried = 0;
    loop {
        let Failed { error, advice } =
            match request.attempt(client, &refused, record, on_event).await {
                Ok(()) => return Ok(()),
                Err(failed) => failed,
            };
        // What has begun may be billed, and a second time with a second try: no key tells the API that
        // it is the same one. So it is asked once, and booked once.
        let has_begun = record.reading.answer.has_begun();
        if let Some(field) = to_drop(&error, call, &refused) {
            client.remember_refused(&call.model, field);
            if !has_begun {
                refused.insert(field);
                continue;
            }
        }
        let failed = Try {
            error: &error,
            retried,
            has_begun,
            advice,
        };
        match retry::decide(&failed, &client.options().retry) {
            Decision::Again(wait) if later(Instant::now(), wait) < request.deadline => {
                if !wait.is_zero() {
                    on_event(Event::Waiting {
                        seconds: wait
                            .as_millis()
                            .div_ceil(1000)
                            .try_into()
                            .unwrap_or(u64::MAX),
                        why: why(&error).to_owned(),
                    });
                    tokio::time::sleep(wait).await;
                    on_event(Event::Again);
                }
                retried += 1;
            }
            Decision::Again(_) | Decision::Stop => return Err(error),
        }
    }
}

/// The field to leave out after `error`, if it was in the request.
fn to_drop(error: &ApiError, call: &Call, refused: &BTreeSet<Field>) -> Option<Field> {
    let ApiError::ParameterRefused { parameter, .. } = error else {
        return None;
    };
    Field::named(parameter).filter(|field| call.wire.sends(*field, call, refused))
}

/// What a wait is for, in a few words.
fn why(error: &ApiError) -> &'static str {
    match error {
        ApiError::RateLimited { .. } => "the rate limit",
        ApiError::Passing { .. } => "the API is failing for the moment",
        ApiError::Dns { .. } => "the name cannot be resolved",
        ApiError::ConnectTimeout { .. } => "no connection",
        _ => "the connection broke",
    }
}
