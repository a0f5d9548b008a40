//! The statements: what goes into the tables and what comes out of them.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::report::{Fold, Query, Report};
use super::row::{Row, Status, dollars};
use super::{Description, DescriptionKey};

/// Something to be written, each in a transaction of its own.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Row(Box<Row>),
    Description(Box<(DescriptionKey, Description)>),
}

/// What is not on the disk yet, oldest first.
pub(super) type Waiting = VecDeque<Write>;

macro_rules! columns {
    () => {
        "time, workspace, repository, action, file, lines, context_files, masked, model, status, \
         finish_reason, retries, first_token_ms, total_ms, request_id, error, prompt_tokens, \
         completion_tokens, total_tokens, text_tokens, image_tokens, audio_tokens, cached_tokens, \
         reasoning_tokens, num_sources_used, cost_ticks"
    };
}

const INSERT_ROW: &str = concat!(
    "INSERT INTO request (",
    columns!(),
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

const SELECT_ROWS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM request WHERE time >= ? ORDER BY time, id"
);

/// A single statement is its own transaction.
pub(super) fn write(connection: &Connection, write: &Write) -> rusqlite::Result<()> {
    match write {
        Write::Row(row) => insert_row(connection, row),
        Write::Description(pair) => insert_description(connection, &pair.0, &pair.1),
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
        row.cost_ticks().map(integer),
    ])?;
    Ok(())
}

/// SQLite's integers are signed; what is greater is cut.
fn integer(count: u64) -> i64 {
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
    let since = query.since.map_or(i64::MIN, Timestamp::as_microsecond);
    let mut statement = connection.prepare_cached(SELECT_ROWS)?;
    let mut rows = statement.query([since])?;
    while let Some(row) = rows.next()? {
        fold.add(read_row(row)?);
    }
    for write in waiting {
        if let Write::Row(row) = write {
            fold.add(row.as_ref().clone());
        }
    }
    Ok(fold.report())
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
        cost_usd: cells.optional_count()?.map(dollars),
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
