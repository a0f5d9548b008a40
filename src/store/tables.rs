//! The statements: what goes into the tables and what comes out of them.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::budget::{self, Reserved, Warned};
use super::notes::{self, Note};
use super::overview::Overview;
use super::report::{Fold, Query, Report};
use super::row::{Row, Status};
use super::{Description, DescriptionKey, ModelList};

/// Something to be written, each in a transaction of its own.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Row(Box<Row>),
    Description(Box<(DescriptionKey, Description)>),
    Reserve(Box<Reserved>),
    /// Takes back the reservation of this id.
    Release(i64),
    Warned(Warned),
    /// What the endpoint offers.
    ModelList(Box<(String, ModelList)>),
    Note(Box<Note>),
    ForgetNotes(Box<notes::Forgotten>),
}

/// What is not on the disk yet, oldest first.
pub(super) type Waiting = VecDeque<Write>;

macro_rules! columns {
    () => {
        "time, workspace, repository, action, file, lines, context_files, masked, model, status, \
         finish_reason, retries, first_token_ms, total_ms, request_id, error, prompt_tokens, \
         completion_tokens, total_tokens, text_tokens, image_tokens, audio_tokens, cached_tokens, \
         reasoning_tokens, num_sources_used, cost_ticks, estimated"
    };
}

const INSERT_ROW: &str = concat!(
    "INSERT INTO request (",
    columns!(),
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

const SELECT_ROWS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM request WHERE time >= ? ORDER BY time, id"
);

/// Fails where nothing can be written. To begin is not enough, which a file that can only be read
/// allows.
pub(super) fn write_nothing(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM warning WHERE since IS NULL", [])?;
    transaction.rollback()
}

/// A single statement is its own transaction; of several, the table's own file makes one.
pub(super) fn write(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Row(row) => insert_row(connection, row),
        Write::Description(pair) => insert_description(connection, &pair.0, &pair.1),
        Write::Reserve(reserved) => budget::insert(connection, reserved),
        Write::Release(id) => budget::release(connection, *id),
        Write::Warned(warned) => budget::insert_warning(connection, warned),
        Write::ModelList(pair) => insert_model_list(connection, &pair.0, &pair.1),
        Write::Note(note) => notes::insert(connection, note),
        Write::ForgetNotes(forgotten) => notes::forget(connection, forgotten),
    }
}

fn insert_row(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    connection.prepare_cached(INSERT_ROW)?.execute(params![
        row.time.as_microsecond(),
        row.workspace,
        row.repository,
        row.action,
        row.file,
        row.lines,
        row.context_files,
        row.masked,
        row.model,
        row.status.word(),
        row.finish_reason,
        row.retries,
        row.first_token_ms.map(integer),
        row.total_ms.map(integer),
        row.request_id,
        row.error,
        integer(row.prompt_tokens),
        integer(row.completion_tokens),
        integer(row.total_tokens),
        integer(row.text_tokens),
        integer(row.image_tokens),
        integer(row.audio_tokens),
        integer(row.cached_tokens),
        integer(row.reasoning_tokens),
        integer(row.num_sources_used),
        row.cost_ticks.map(integer),
        row.estimated,
    ])?;
    Ok(())
}

/// SQLite's integers are signed; what is greater is cut.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The report over what is written and what still waits to be.
pub(super) fn report(
    connection: &Connection,
    waiting: &Waiting,
    query: &Query,
    zone: TimeZone,
) -> rusqlite::Result<Report> {
    let mut fold = Fold::new(query, zone);
    each_row(connection, waiting, query, |row| fold.add(row))?;
    Ok(fold.report())
}

/// What the page shows beside the table, over the same rows.
pub(super) fn overview(
    connection: &Connection,
    waiting: &Waiting,
    query: &Query,
    zone: &TimeZone,
) -> rusqlite::Result<Overview> {
    let mut overview = Overview::default();
    each_row(connection, waiting, query, |row| {
        if query.takes(&row) {
            overview.add(&row, zone);
        }
    })?;
    overview.sort();
    Ok(overview)
}

/// Hands over the rows one by one, so that a long ledger is never held as a whole.
fn each_row(
    connection: &Connection,
    waiting: &Waiting,
    query: &Query,
    mut tell: impl FnMut(Row),
) -> rusqlite::Result<()> {
    let since = query.since.map_or(i64::MIN, Timestamp::as_microsecond);
    let mut statement = connection.prepare_cached(SELECT_ROWS)?;
    let mut rows = statement.query([since])?;
    while let Some(row) = rows.next()? {
        tell(read_row(row)?);
    }
    for write in waiting {
        if let Write::Row(row) = write {
            tell(row.as_ref().clone());
        }
    }
    Ok(())
}

/// How many rows there are from before that time.
pub(super) fn count_before(connection: &Connection, before: Timestamp) -> rusqlite::Result<u64> {
    connection.query_row(
        "SELECT count(*) FROM request WHERE time < ?",
        [before.as_microsecond()],
        |row| {
            row.get::<_, i64>(0)
                .map(|count| u64::try_from(count).unwrap_or(0))
        },
    )
}

/// Deletes the rows from before that time; how many there were.
pub(super) fn delete_before(connection: &Connection, before: Timestamp) -> rusqlite::Result<u64> {
    let deleted = connection.execute(
        "DELETE FROM request WHERE time < ?",
        [before.as_microsecond()],
    )?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// The columns in the order of `columns!`, which is that of the fields.
fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let mut cells = Cells { row, next: 0 };
    Ok(Row {
        time: cells.time()?,
        workspace: cells.any()?,
        repository: cells.any()?,
        action: cells.any()?,
        file: cells.any()?,
        lines: cells.any()?,
        context_files: cells.any()?,
        masked: cells.any()?,
        model: cells.any()?,
        status: Status::from_word(&cells.any::<String>()?),
        finish_reason: cells.any()?,
        retries: cells.any()?,
        first_token_ms: cells.optional_count()?,
        total_ms: cells.optional_count()?,
        request_id: cells.any()?,
        error: cells.any()?,
        prompt_tokens: cells.count()?,
        completion_tokens: cells.count()?,
        total_tokens: cells.count()?,
        text_tokens: cells.count()?,
        image_tokens: cells.count()?,
        audio_tokens: cells.count()?,
        cached_tokens: cells.count()?,
        reasoning_tokens: cells.count()?,
        num_sources_used: cells.count()?,
        cost_ticks: cells.optional_count()?,
        estimated: cells.any()?,
    })
}

struct Cells<'a> {
    row: &'a rusqlite::Row<'a>,
    next: usize,
}

impl Cells<'_> {
    fn any<T: rusqlite::types::FromSql>(&mut self) -> rusqlite::Result<T> {
        let at = self.next;
        self.next += 1;
        self.row.get(at)
    }

    fn time(&mut self) -> rusqlite::Result<Timestamp> {
        Ok(Timestamp::from_microsecond(self.any()?).unwrap_or_default())
    }

    fn count(&mut self) -> rusqlite::Result<u64> {
        Ok(self.optional_count()?.unwrap_or(0))
    }

    fn optional_count(&mut self) -> rusqlite::Result<Option<u64>> {
        Ok(self
            .any::<Option<i64>>()?
            .map(|count| u64::try_from(count).unwrap_or(0)))
    }
}

fn insert_description(
    connection: &Connection,
    key: &DescriptionKey,
    description: &Description,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO description VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![
            key.content,
            key.language,
            key.prompt_version,
            key.model,
            description.markdown,
            description.time.as_microsecond(),
        ])?;
    Ok(())
}

/// The description kept under the key, written already or not.
pub(super) fn description(
    connection: &Connection,
    waiting: &Waiting,
    key: &DescriptionKey,
) -> rusqlite::Result<Option<Description>> {
    match waiting_description(waiting, key) {
        Some(found) => Ok(Some(found.clone())),
        None => stored_description(connection, key),
    }
}

/// The latest description that waits under the key.
fn waiting_description<'a>(waiting: &'a Waiting, key: &DescriptionKey) -> Option<&'a Description> {
    waiting.iter().rev().find_map(|write| match write {
        Write::Description(pair) if pair.0 == *key => Some(&pair.1),
        _ => None,
    })
}

fn stored_description(
    connection: &Connection,
    key: &DescriptionKey,
) -> rusqlite::Result<Option<Description>> {
    connection
        .prepare_cached(
            "SELECT markdown, time FROM description
             WHERE content = ? AND language = ? AND prompt_version = ? AND model = ?",
        )?
        .query_row(
            params![key.content, key.language, key.prompt_version, key.model],
            |row| {
                let mut cells = Cells { row, next: 0 };
                Ok(Description {
                    markdown: cells.any()?,
                    time: cells.time()?,
                })
            },
        )
        .optional()
}

fn insert_model_list(
    connection: &Connection,
    endpoint: &str,
    list: &ModelList,
) -> rusqlite::Result<()> {
    let models = serde_json::to_string(&list.models).unwrap_or_else(|_| "[]".into());
    connection
        .prepare_cached("INSERT OR REPLACE INTO model_list VALUES (?, ?, ?)")?
        .execute(params![endpoint, list.tried.as_microsecond(), models])?;
    Ok(())
}

/// The list kept of the endpoint, written already or not. One that cannot be read holds nothing.
pub(super) fn model_list(
    connection: &Connection,
    waiting: &Waiting,
    endpoint: &str,
) -> rusqlite::Result<Option<ModelList>> {
    let waiting = waiting.iter().rev().find_map(|write| match write {
        Write::ModelList(pair) if pair.0 == endpoint => Some(pair.1.clone()),
        _ => None,
    });
    if waiting.is_some() {
        return Ok(waiting);
    }
    connection
        .prepare_cached("SELECT tried, models FROM model_list WHERE endpoint = ?")?
        .query_row([endpoint], |row| {
            let mut cells = Cells { row, next: 0 };
            Ok(ModelList {
                tried: cells.time()?,
                models: serde_json::from_str(&cells.any::<String>()?).unwrap_or_default(),
            })
        })
        .optional()
}
