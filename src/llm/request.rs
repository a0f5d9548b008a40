//! One request: what goes along with it, how long it may take, and how its answer is read.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    LOCATION,
};
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::address::below;
use super::answer::Fault;
use super::classify::{Refusal, classify};
use super::field::Field;
use super::key::{self, may_see_key};
use super::record::Record;
use super::retry::{self, Advice};
use super::said::{Said, short};
use super::transport::{self, Sending};
use super::{ApiError, Call, Client, Event, Timeouts, models};

/// The most of an error's body that is read, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

/// A slow line must carry at least this much per second of what exceeds the first quarter MiB.
const SLOWEST_UPLOAD: u64 = 128 << 10;

/// A request that may be sent, several times if need be.
pub struct Request<'a> {
    call: &'a Call,
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    host: String,
    /// When the whole call must be over.
    pub deadline: Instant,
}

/// A try that failed.
pub struct Failed {
    pub error: ApiError,
    pub advice: Advice,
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self {
            error,
            advice: Advice::default(),
        }
    }
}

const X_GROK_CONV_ID: HeaderName = HeaderName::from_static("x-grok-conv-id");

impl<'a> Request<'a> {
    /// Checks what can be checked before anything is sent.
    pub async fn prepare(
        client: &Client,
        call: &'a Call,
        started: Instant,
    ) -> Result<Self, ApiError> {
        let base = &call.endpoint.base_url;
        let url = below(base, call.wire.path())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/event-stream, application/json"),
        );
        // A compressor may hold back what it has of a stream; answers that come compressed all
        // the same are read.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        match &call.endpoint.key {
            Some(key) if may_see_key(&url, base) => {
                headers.extend(key.header().map(|value| (AUTHORIZATION, value)));
            }
            None if url.scheme() == "https" && !key::is_loopback(&url) => {
                return Err(ApiError::NoKey { host });
            }
            _ => {}
        }
        if let Some(id) = &call.conversation
            && models::is_grok(&call.model)
        {
            let id = HeaderValue::from_str(id).ok();
            headers.extend(id.map(|id| (X_GROK_CONV_ID, id)));
        }
        Ok(Self {
            call,
            http: client.pool(&url).await?,
            url,
            headers,
            host,
            deadline: later(started, client.options().timeouts.total),
        })
    }

    /// Sends once, and reads the answer to its end.
    pub async fn attempt(
        &self,
        client: &Client,
        refused: &BTreeSet<Field>,
        record: &mut Record,
        on_event: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), Failed> {
        record.begin_try(self.call.wire.most_tokens(self.call, refused));
        let body = self.call.wire.body(self.call, refused);
        let body = body.map_err(|error| ApiError::Setting {
            said: format!("the request cannot be written as JSON: {error}"),
        })?;
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let response = self.send(client, record, body.into()).await?;
        record.take_head(&response);
        if !response.status().is_success() {
            return Err(self.refusal(client, response, bytes).await);
        }
        let advice = retry::advice(response.headers(), jiff::Timestamp::now());
        on_event(Event::Began);
        self.read(client, record, response, bytes, on_event)
            .await
            .map_err(|error| Failed {
                error: self.cleaned(error),
                advice,
            })
    }

    async fn send(
        &self,
        client: &Client,
        record: &mut Record,
        body: Bytes,
    ) -> Result<Response, ApiError> {
        let timeouts = client.options().timeouts;
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let upload = Duration::from_secs(bytes.saturating_sub(256 << 10) / SLOWEST_UPLOAD);
        let limit = self.deadline.min(later(
            Instant::now(),
            timeouts.first_byte.saturating_add(upload),
        ));
        let request = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .body(body);
        record.requests += 1;
        match timeout_at(limit, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                let sending = Sending {
                    host: self.host_and_port(),
                    bytes,
                    connect: timeouts.connect,
                    proxied: client.is_proxied(&self.url),
                };
                Err(transport::no_answer(&error, sending))
            }
            Err(_) if limit == self.deadline => Err(ApiError::TotalTimeout {
                after: timeouts.total,
            }),
            Err(_) => Err(ApiError::FirstByteTimeout {
                host: self.host.clone(),
                after: timeouts.first_byte.saturating_add(upload),
            }),
        }
    }

    /// The host, with the port where it is not the usual one.
    fn host_and_port(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// What an answer with any status but success means.
    async fn refusal(&self, client: &Client, mut response: Response, bytes: u64) -> Failed {
        let status = response.status();
        let advice = retry::advice(response.headers(), jiff::Timestamp::now());
        if status.is_redirection()
            && let Some(to) = response.headers().get(LOCATION)
        {
            let error = self.cleaned(ApiError::Redirected { to: self.place(to) });
            return Failed { error, advice };
        }
        if let Some(error) = transport::wants_password(status, &self.host) {
            return error.into();
        }
        let limit = self
            .deadline
            .min(later(Instant::now(), client.options().timeouts.idle));
        let mut body = Vec::new();
        while let Ok(Ok(Some(more))) = timeout_at(limit, response.chunk()).await {
            let room = LONGEST_ERROR.saturating_sub(body.len());
            body.extend(more.iter().take(room));
            if more.len() > room || Instant::now() >= limit {
                break;
            }
        }
        let said = Said::from_body(&body);
        let error = self.classified(Some(status), &said, bytes, advice);
        Failed { error, advice }
    }

    fn classified(
        &self,
        status: Option<StatusCode>,
        said: &Said,
        bytes: u64,
        advice: Advice,
    ) -> ApiError {
        let error = classify(&Refusal {
            status: status.map(|status| status.as_u16()),
            said,
            model: &self.call.model,
            bytes,
            wait: advice.wait,
            key: self.call.endpoint.key.as_ref(),
        });
        let withheld =
            self.call.endpoint.key.is_some() && !self.headers.contains_key(AUTHORIZATION);
        match error {
            ApiError::BadKey { .. } if withheld => ApiError::Setting {
                said: format!(
                    "{} wants a key, which is sent over https or to loopback only: change `base_url`",
                    self.host
                ),
            },
            error => error,
        }
    }

    /// `error` without the key, should the server have repeated it.
    fn cleaned(&self, error: ApiError) -> ApiError {
        error.without_key(self.call.endpoint.key.as_ref())
    }

    /// Where a redirect leads: scheme and host, for the rest is of no use and may be long.
    fn place(&self, location: &HeaderValue) -> String {
        let to = location.to_str().ok().and_then(|to| self.url.join(to).ok());
        match to
            .as_ref()
            .and_then(|to| Some((to.scheme(), to.host_str()?, to.port())))
        {
            Some((scheme, host, Some(port))) => short(&format!("{scheme}://{host}:{port}")),
            Some((scheme, host, None)) => short(&format!("{scheme}://{host}")),
            None => "an unreadable address".to_owned(),
        }
    }

    /// Reads an answer to its end. What was read is in `record`, come what may.
    async fn read(
        &self,
        client: &Client,
        record: &mut Record,
        mut response: Response,
        bytes: u64,
        on_event: &mut (dyn FnMut(Event) + Send),
    ) -> Result<(), ApiError> {
        let timeouts = client.options().timeouts;
        let fault = |fault| self.fault(fault, bytes);
        let mut last_sign = Instant::now();
        let failure = loop {
            let limit = self.quiet_until(last_sign, record, timeouts);
            match timeout_at(limit, response.chunk()).await {
                Ok(Ok(Some(piece))) => {
                    if record.take_piece(&piece, on_event).map_err(fault)? {
                        last_sign = Instant::now();
                    }
                    if record.reading.answer.is_done() {
                        let_go(response);
                        return record.reading.check_end();
                    }
                    // A timeout never fires while the next piece is always there already.
                    let limit = self.quiet_until(last_sign, record, timeouts);
                    if Instant::now() >= limit {
                        break self.out_of_time(limit, timeouts);
                    }
                }
                Ok(Ok(None)) => {
                    record.take_end(on_event).map_err(fault)?;
                    return record.reading.check_end();
                }
                Ok(Err(error)) => break transport::broken_answer(&error),
                Err(_) => break self.out_of_time(limit, timeouts),
            }
        };
        // What has been answered in full stays answered, however the rest may fail.
        if record.reading.answer.has_ended() {
            record.reading.check_end()
        } else {
            Err(failure)
        }
    }

    /// Until when the next sign of life must come.
    fn quiet_until(&self, last_sign: Instant, record: &Record, timeouts: Timeouts) -> Instant {
        let quiet = if record.reading.answer.has_ended() {
            timeouts.after_end.min(timeouts.idle)
        } else {
            timeouts.idle
        };
        self.deadline.min(later(last_sign, quiet))
    }

    fn out_of_time(&self, limit: Instant, timeouts: Timeouts) -> ApiError {
        if limit == self.deadline {
            ApiError::TotalTimeout {
                after: timeouts.total,
            }
        } else {
            ApiError::IdleTimeout {
                after: timeouts.idle,
            }
        }
    }

    fn fault(&self, fault: Fault, bytes: u64) -> ApiError {
        match fault {
            Fault::Said(said) => self.classified(None, &said, bytes, Advice::default()),
            Fault::Foreign(said) => match self.classified(None, &said, bytes, Advice::default()) {
                ApiError::Rejected { said, .. } => ApiError::NotAnApi { said },
                error => error,
            },
            Fault::Malformed(said) => ApiError::Malformed { said },
            Fault::Endless(limit) => ApiError::Endless { limit },
        }
    }
}

/// `start` and `duration` added, where a duration without end is a year.
pub fn later(start: Instant, duration: Duration) -> Instant {
    let year = Duration::from_secs(365 * 24 * 3600);
    start + duration.min(year)
}

/// Lets the connection of a finished answer return to its pool: for that the end of the
/// body must be read, which nobody should wait for.
fn let_go(mut response: Response) {
    if response
        .chunk()
        .now_or_never()
        .is_some_and(|next| !matches!(next, Ok(Some(_))))
    {
        return;
    }
    tokio::spawn(async move {
        let limit = Instant::now() + Duration::from_secs(1);
        let mut room: usize = 64 << 10;
        while let Ok(Ok(Some(more))) = timeout_at(limit, response.chunk()).await {
            room = room.saturating_sub(more.len());
            if room == 0 || Instant::now() >= limit {
                return;
            }
        }
    });
}
