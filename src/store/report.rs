//! Rows of the ledger folded into the sums a person or a script asks for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::row::{Row, Status};
use crate::llm::models::dollars;

/// Which rows to look at, and how to group them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only this workspace and those below it; a canonical absolute path.
    pub workspace: Option<PathBuf>,
    /// Only what was asked at this time or later.
    pub since: Option<Timestamp>,
    pub by: By,
}

impl Query {
    /// Whether the row is among those asked for.
    pub(super) fn takes(&self, row: &Row) -> bool {
        // The ledger holds paths as text, so the path asked for is compared as text too.
        let inside = |folder: &PathBuf| {
            Path::new(&row.workspace).starts_with(Path::new(folder.to_string_lossy().as_ref()))
        };
        self.since.is_none_or(|since| row.time >= since)
            && self.workspace.as_ref().is_none_or(inside)
    }
}

/// What makes one line of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Workspace,
    /// A day in the local time zone.
    Day,
    Model,
    Action,
    /// No grouping: each request by itself.
    Request,
}

/// The answer to a [`Query`]; serialises as the contract's `{"rows":[…],"total":{…}}`.
///
/// Days and requests are in order of time (days from the oldest, requests from
/// the newest), everything else from the dearest.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Report {
    pub rows: Vec<Line>,
    pub total: Totals,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub key: Key,
    pub totals: Totals,
}

/// What a line is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    Workspace(String),
    Day(Date),
    Model(String),
    Action(String),
    Request(Box<Row>),
}

/// Sums over rows. A sum past the range of its type stays at the greatest value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Calls to the API: each row that was one, failed and cancelled ones too, and its retries.
    pub requests: u64,
    /// Answers that were already known, and cost nothing.
    pub from_store: u64,
    /// Rows that failed in the end; a try that failed and went well when repeated is none.
    pub errors: u64,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub total_tokens: u64,
    pub text_tokens: u64,
    pub image_tokens: u64,
    pub audio_tokens: u64,
    pub cached_tokens: u64,
    pub reasoning_tokens: u64,
    /// See [`TICKS_PER_USD`](crate::llm::models::TICKS_PER_USD).
    pub cost_ticks: u64,
    /// Rows that were answered, or used tokens, at no known price; the cost is without them.
    pub unpriced: u64,
    /// Rows whose tokens and cost are estimates, for nobody said what they used.
    pub estimated: u64,
}

impl Totals {
    /// The cost in US dollars.
    pub fn cost_usd(&self) -> f64 {
        dollars(self.cost_ticks)
    }

    pub(super) fn of(row: &Row) -> Totals {
        let cost = row.cost_ticks;
        let is_used = row.status == Status::Ok || row.total_tokens > 0;
        Totals {
            requests: row.calls(),
            from_store: (row.status == Status::FromStore).into(),
            errors: (row.status == Status::Error).into(),
            prompt_tokens: row.prompt_tokens,
            completion_tokens: row.completion_tokens,
            total_tokens: row.total_tokens,
            text_tokens: row.text_tokens,
            image_tokens: row.image_tokens,
            audio_tokens: row.audio_tokens,
            cached_tokens: row.cached_tokens,
            reasoning_tokens: row.reasoning_tokens,
            cost_ticks: cost.unwrap_or(0),
            unpriced: (cost.is_none() && is_used).into(),
            estimated: row.estimated.into(),
        }
    }

    pub(super) fn add(&mut self, other: &Totals) {
        let Totals {
            requests,
            from_store,
            errors,
            prompt_tokens,
            completion_tokens,
            total_tokens,
            text_tokens,
            image_tokens,
            audio_tokens,
            cached_tokens,
            reasoning_tokens,
            cost_ticks,
            unpriced,
            estimated,
        } = other;
        for (sum, more) in [
            (&mut self.requests, requests),
            (&mut self.from_store, from_store),
            (&mut self.errors, errors),
            (&mut self.prompt_tokens, prompt_tokens),
            (&mut self.completion_tokens, completion_tokens),
            (&mut self.total_tokens, total_tokens),
            (&mut self.text_tokens, text_tokens),
            (&mut self.image_tokens, image_tokens),
            (&mut self.audio_tokens, audio_tokens),
            (&mut self.cached_tokens, cached_tokens),
            (&mut self.reasoning_tokens, reasoning_tokens),
            (&mut self.cost_ticks, cost_ticks),
            (&mut self.unpriced, unpriced),
            (&mut self.estimated, estimated),
        ] {
            *sum = sum.saturating_add(*more);
        }
    }

    /// The contract's names and order. `cost` is `None` for a request whose price is not known.
    fn fields<M: SerializeMap>(&self, map: &mut M, cost: Option<f64>) -> Result<(), M::Error> {
        for (name, count) in [
            ("requests", self.requests),
            ("from_store", self.from_store),
            ("errors", self.errors),
            ("prompt_tokens", self.prompt_tokens),
            ("completion_tokens", self.completion_tokens),
            ("total_tokens", self.total_tokens),
            ("text_tokens", self.text_tokens),
            ("image_tokens", self.image_tokens),
            ("audio_tokens", self.audio_tokens),
            ("cached_tokens", self.cached_tokens),
            ("reasoning_tokens", self.reasoning_tokens),
        ] {
            map.serialize_entry(name, &count)?;
        }
        map.serialize_entry("cost_usd", &cost)
    }
}

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.fields(&mut map, Some(self.cost_usd()))?;
        map.end()
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut cost = Some(self.totals.cost_usd());
        match &self.key {
            Key::Workspace(workspace) => map.serialize_entry("workspace", workspace)?,
            Key::Day(day) => map.serialize_entry("day", &day.to_string())?,
            Key::Model(model) => map.serialize_entry("model", model)?,
            Key::Action(action) => map.serialize_entry("action", action)?,
            Key::Request(row) => {
                request_fields(row, &mut map)?;
                cost = cost.filter(|_| self.totals.unpriced == 0);
            }
        }
        self.totals.fields(&mut map, cost)?;
        map.end()
    }
}

fn request_fields<M: SerializeMap>(row: &Row, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("time", &row.time.to_string())?;
    map.serialize_entry("workspace", &row.workspace)?;
    map.serialize_entry("repository", &row.repository)?;
    map.serialize_entry("action", &row.action)?;
    map.serialize_entry("file", &row.file)?;
    map.serialize_entry("lines", &row.lines)?;
    map.serialize_entry("context_files", &row.context_files)?;
    map.serialize_entry("masked", &row.masked)?;
    map.serialize_entry("model", &row.model)?;
    map.serialize_entry("status", &row.status)?;
    map.serialize_entry("finish_reason", &row.finish_reason)?;
    map.serialize_entry("retries", &row.retries)?;
    map.serialize_entry("first_token_ms", &row.first_token_ms)?;
    map.serialize_entry("total_ms", &row.total_ms)?;
    map.serialize_entry("request_id", &row.request_id)
}

/// Takes rows one by one, so that a long ledger is never held as a whole.
pub(super) struct Fold<'a> {
    query: &'a Query,
    zone: TimeZone,
    groups: HashMap<Group, Totals>,
    requests: Vec<Line>,
    total: Totals,
}

#[derive(PartialEq, Eq, Hash)]
enum Group {
    Name(String),
    Day(Date),
}

impl<'a> Fold<'a> {
    /// Days are those of `zone`.
    pub(super) fn new(query: &'a Query, zone: TimeZone) -> Fold<'a> {
        Fold {
            query,
            zone,
            groups: HashMap::new(),
            requests: Vec::new(),
            total: Totals::default(),
        }
    }

    /// Adds the row if the query asks for it.
    pub(super) fn add(&mut self, row: Row) {
        if !self.query.takes(&row) {
            return;
        }
        let totals = Totals::of(&row);
        self.total.add(&totals);
        let group = match self.query.by {
            By::Workspace => Group::Name(row.workspace),
            By::Model => Group::Name(row.model),
            By::Action => Group::Name(row.action),
            By::Day => Group::Day(row.time.to_zoned(self.zone.clone()).date()),
            By::Request => {
                self.requests.push(Line {
                    key: Key::Request(Box::new(row)),
                    totals,
                });
                return;
            }
        };
        self.groups.entry(group).or_default().add(&totals);
    }

    pub(super) fn report(self) -> Report {
        let by = self.query.by;
        let mut rows: Vec<Line> = self
            .groups
            .into_iter()
            .map(|(group, totals)| Line {
                key: key(by, group),
                totals,
            })
            // Of two requests at the same time the later one stands first.
            .chain(self.requests.into_iter().rev())
            .collect();
        rows.sort_by(order);
        Report {
            rows,
            total: self.total,
        }
    }
}

fn key(by: By, group: Group) -> Key {
    match (group, by) {
        (Group::Day(day), _) => Key::Day(day),
        (Group::Name(name), By::Model) => Key::Model(name),
        (Group::Name(name), By::Action) => Key::Action(name),
        (Group::Name(name), _) => Key::Workspace(name),
    }
}

fn order(one: &Line, other: &Line) -> std::cmp::Ordering {
    let dearest = |line: &Line| {
        std::cmp::Reverse((
            line.totals.cost_ticks,
            line.totals.total_tokens,
            line.totals.requests,
        ))
    };
    match (&one.key, &other.key) {
        (Key::Day(one), Key::Day(other)) => one.cmp(other),
        (Key::Request(one), Key::Request(other)) => other.time.cmp(&one.time),
        (
            Key::Workspace(name) | Key::Model(name) | Key::Action(name),
            Key::Workspace(other_name) | Key::Model(other_name) | Key::Action(other_name),
        ) => dearest(one)
            .cmp(&dearest(other))
            .then_with(|| name.cmp(other_name)),
        _ => std::cmp::Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::models::TICKS_PER_USD;

    fn row(time: &str, workspace: &str, status: Status, cents: Option<u64>) -> Row {
        Row {
            time: time.parse().unwrap(),
            workspace: workspace.into(),
            action: "explain".into(),
            model: "grok-4.3".into(),
            status,
            cost_ticks: cents.map(|cents| cents * TICKS_PER_USD / 100),
            total_tokens: 10,
            ..Row::default()
        }
    }

    fn report(query: &Query, rows: Vec<Row>) -> Report {
        let mut fold = Fold::new(query, TimeZone::get("Asia/Tokyo").unwrap());
        rows.into_iter().for_each(|row| fold.add(row));
        fold.report()
    }

    #[test]
    fn calls_are_counted_apart_from_what_was_known_or_refused() {
        let rows = Status::ALL.map(|status| row("2026-11-22T12:00:00Z", "/w", status, Some(50)));
        let total = report(&Query::default(), rows.into()).total;
        assert_eq!((total.requests, total.from_store, total.errors), (3, 1, 1));
        assert_eq!(total.cost_ticks, 5 * 5_000_000_000);
    }

    #[test]
    fn retries_are_calls_and_an_answer_without_a_price_is_said() {
        let check = |status: Status, retries: u32, tokens: u64, expected: (u64, u64, u64)| {
            let row = Row {
                retries,
                total_tokens: tokens,
                ..row("2026-11-22T12:00:00Z", "/w", status, None)
            };
            let total = report(&Query::default(), vec![row]).total;
            let found = (total.requests, total.errors, total.unpriced);
            assert_eq!(found, expected, "{status:?}");
        };
        check(Status::Ok, 0, 0, (1, 0, 1));
        check(Status::Ok, 2, 10, (3, 0, 1));
        check(Status::Error, 2, 0, (3, 1, 0));
        check(Status::Error, 0, 10, (1, 1, 1));
        check(Status::FromStore, 0, 0, (0, 0, 0));
        check(Status::Refused, 0, 0, (0, 0, 0));
    }

    #[test]
    fn a_day_ends_at_local_midnight() {
        let rows = [
            "2026-11-22T14:59:59Z",
            "2026-11-22T15:00:00Z",
            "2026-11-22T16:00:00Z",
        ]
        .map(|time| row(time, "/w", Status::Ok, None));
        let query = Query {
            by: By::Day,
            ..Query::default()
        };
        let days: Vec<String> = report(&query, rows.into())
            .rows
            .iter()
            .map(|line| format!("{:?} {}", line.key, line.totals.requests))
            .collect();
        assert_eq!(days, ["Day(2026-11-22) 1", "Day(2026-11-23) 2"]);
    }

    #[test]
    fn a_workspace_takes_those_below_it_and_no_namesakes() {
        let rows = ["/w", "/w/inner", "/workshop", "/"]
            .map(|workspace| row("2026-11-22T12:00:00Z", workspace, Status::Ok, Some(0)));
        let query = Query {
            workspace: Some("/w".into()),
            ..Query::default()
        };
        let mut found: Vec<Key> = report(&query, rows.into())
            .rows
            .into_iter()
            .map(|line| line.key)
            .collect();
        found.sort_by_key(|key| format!("{key:?}"));
        assert_eq!(
            found,
            [
                Key::Workspace("/w".into()),
                Key::Workspace("/w/inner".into())
            ]
        );
    }

    #[test]
    fn sums_stop_at_the_greatest_value() {
        let huge = Row {
            total_tokens: u64::MAX,
            cost_ticks: Some(u64::MAX),
            ..Row::default()
        };
        let total = report(&Query::default(), vec![huge.clone(), huge]).total;
        assert_eq!((total.total_tokens, total.cost_ticks), (u64::MAX, u64::MAX));
    }

    #[test]
    fn the_json_has_the_names_and_the_order_of_the_contract() {
        let counts = [
            "requests",
            "from_store",
            "errors",
            "prompt_tokens",
            "completion_tokens",
            "total_tokens",
            "text_tokens",
            "image_tokens",
            "audio_tokens",
            "cached_tokens",
            "reasoning_tokens",
            "cost_usd",
        ];
        let request = [
            "time",
            "workspace",
            "repository",
            "action",
            "file",
            "lines",
            "context_files",
            "masked",
            "model",
            "status",
            "finish_reason",
            "retries",
            "first_token_ms",
            "total_ms",
            "request_id",
        ];
        let check = |by: By, key: &[&str]| {
            let query = Query {
                by,
                ..Query::default()
            };
            let rows = vec![row("2026-11-22T12:00:00Z", "/w", Status::Ok, Some(25))];
            let json = serde_json::to_value(report(&query, rows)).unwrap();
            let names = |value: &serde_json::Value| -> Vec<String> {
                value.as_object().unwrap().keys().cloned().collect()
            };
            assert_eq!(names(&json), ["rows", "total"]);
            assert_eq!(names(&json["rows"][0]), [key, &counts[..]].concat());
            assert_eq!(names(&json["total"]), counts);
            assert_eq!(json["total"]["cost_usd"], 0.25);
        };
        check(By::Workspace, &["workspace"]);
        check(By::Day, &["day"]);
        check(By::Model, &["model"]);
        check(By::Action, &["action"]);
        check(By::Request, &request);
    }

    #[test]
    fn a_request_of_no_known_price_has_no_cost() {
        let query = Query {
            by: By::Request,
            ..Query::default()
        };
        let rows = vec![row("2026-11-22T12:00:00Z", "/w", Status::Ok, None)];
        let json = serde_json::to_value(report(&query, rows)).unwrap();
        assert!(json["rows"][0]["cost_usd"].is_null());
        assert_eq!(json["rows"][0]["time"], "2026-11-22T12:00:00Z");
        assert_eq!(json["total"]["cost_usd"], 0.0);
    }
}
