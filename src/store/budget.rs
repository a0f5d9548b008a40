//! What limits leave: sums of the ledger and of what is under way, and the claim that a request lays on them.
//!
//! A claim is checked and noted in one transaction, which shuts out that of any other process, so that
//! requests never overshoot together. Where the ledger can be read and not be written, a claim is
//! noted in memory, and counts in this process alone, which is said: trouble with the ledger stops no
//! request as long as there is something to hold a budget by.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::Store;
use super::tables::{self, Waiting, Write};
use super::worker::Budget;

/// No request takes longer; a claim that is older was left behind by a process that was killed.
const LONGEST_REQUEST: SignedDuration = SignedDuration::from_mins(10);

/// How long a claim waits for what other processes write. A lock that lasts longer is stuck, and
/// stops no request.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most that may be used in a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// As the configuration calls it, such as `daily_usd`.
    pub name: &'static str,
    /// Of all workspaces together, not of one.
    pub of_machine: bool,
    pub since: Timestamp,
    /// When counting begins anew.
    pub until: Timestamp,
    pub most: Amount,
}

/// How much, in the unit of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// See [`TICKS_PER_USD`](crate::llm::models::TICKS_PER_USD).
    Ticks(u64),
    Tokens(u64),
}

/// What a request will come to, by an estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub workspace: String,
    pub tokens: u64,
    pub ticks: u64,
}

/// How a limit stands, in its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub limit: Limit,
    /// In the ledger.
    pub spent: u64,
    /// By estimates, of requests that are under way.
    pub on_its_way: u64,
}

/// What becomes of a claim.
#[derive(Debug)]
pub enum Verdict {
    Granted {
        reservation: Reservation,
        /// Limits of which four fifths are used with this claim, each told once in its while.
        nearly_used: Vec<Standing>,
    },
    /// The limit that would be passed; of several the one that holds longest.
    Refused(Standing),
}

/// A claim that stands until this is dropped, which is after its request's row was recorded.
#[derive(Debug)]
pub struct Reservation {
    id: i64,
    store: Store,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.store.write(Write::Release(self.id));
    }
}

/// A claim as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Reserved {
    pub(super) id: i64,
    pub(super) time: Timestamp,
    pub(super) claim: Claim,
}

/// A warning that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Warned {
    /// With the amount, for a limit that was raised is another one.
    pub(super) name: String,
    /// Empty for a limit of the machine.
    pub(super) workspace: String,
    pub(super) since: Timestamp,
}

/// Checks the claim against the limits, and notes it where it is granted.
pub(super) fn reserve(
    store: &Store,
    connection: &Connection,
    waiting: &Waiting,
    claim: &Claim,
    limits: &[Limit],
) -> rusqlite::Result<Verdict> {
    let now = Timestamp::now();
    let transaction = alone(connection)?;
    let standings = standings(connection, waiting, claim, limits, now)?;
    let with_claim = |standing: &Standing| {
        let claimed = standing.limit.of(claim.tokens, claim.ticks);
        let used = standing.spent.saturating_add(standing.on_its_way);
        used.saturating_add(claimed)
    };
    let passed = standings
        .iter()
        .filter(|standing| with_claim(standing) > standing.limit.most.number());
    if let Some(longest) = passed.max_by_key(|standing| standing.limit.until) {
        return Ok(Verdict::Refused(longest.clone()));
    }
    let reserved = Reserved {
        id: new_id(),
        time: now,
        claim: claim.clone(),
    };
    let reservation = Reservation {
        id: reserved.id,
        store: store.clone(),
    };
    let mut nearly_used = Vec::new();
    let mut writes = vec![Write::Reserve(Box::new(reserved))];
    for standing in standings {
        let is_near =
            u128::from(with_claim(&standing)) * 5 >= u128::from(standing.limit.most.number()) * 4;
        let warned = standing.limit.warned(claim);
        if is_near && !was_warned(connection, waiting, &warned)? {
            writes.push(Write::Warned(warned));
            nearly_used.push(standing);
        }
    }
    if transaction.is_some_and(|transaction| noted(transaction, &writes).is_ok()) {
        store.budget_is(Budget::Shared);
    } else {
        store.budget_is(Budget::Alone);
        for write in writes {
            store.write(write);
        }
    }
    Ok(Verdict::Granted {
        reservation,
        nearly_used,
    })
}

/// A transaction beside which nobody writes; `None` where the ledger cannot be written. What it waited
/// is taken from the patience that is left for reading.
fn alone(connection: &Connection) -> rusqlite::Result<Option<Transaction<'_>>> {
    let whole = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0))?;
    let whole = Duration::from_millis(whole.into());
    let for_this = PATIENCE.min(whole);
    connection.busy_timeout(for_this)?;
    let begun = Transaction::new_unchecked(connection, TransactionBehavior::Immediate);
    connection.busy_timeout(whole.saturating_sub(for_this))?;
    Ok(begun.ok())
}

fn noted(transaction: Transaction<'_>, writes: &[Write]) -> rusqlite::Result<()> {
    for write in writes {
        tables::write(&transaction, write)?;
    }
    transaction.commit()
}

/// Unlike that of any other process.
fn new_id() -> i64 {
    let random = RandomState::new().hash_one(Timestamp::now().as_nanosecond());
    random.cast_signed()
}

impl Amount {
    /// The bare number, in its own unit.
    pub fn number(self) -> u64 {
        match self {
            Amount::Ticks(number) | Amount::Tokens(number) => number,
        }
    }
}

impl Limit {
    /// That of the two which this limit counts.
    pub fn of(&self, tokens: u64, ticks: u64) -> u64 {
        match self.most {
            Amount::Ticks(_) => ticks,
            Amount::Tokens(_) => tokens,
        }
    }

    fn warned(&self, claim: &Claim) -> Warned {
        Warned {
            name: format!("{} {}", self.name, self.most.number()),
            workspace: if self.of_machine {
                String::new()
            } else {
                claim.workspace.clone()
            },
            since: self.since,
        }
    }
}

fn standings(
    connection: &Connection,
    waiting: &Waiting,
    claim: &Claim,
    limits: &[Limit],
    now: Timestamp,
) -> rusqlite::Result<Vec<Standing>> {
    let mut standings: Vec<Standing> = limits
        .iter()
        .map(|limit| Standing {
            limit: limit.clone(),
            spent: 0,
            on_its_way: 0,
        })
        .collect();
    let concerns =
        |limit: &Limit, workspace: &str| limit.of_machine || workspace == claim.workspace;
    each_spent(
        connection,
        waiting,
        limits,
        |time, workspace, tokens, ticks| {
            for standing in &mut standings {
                let limit = &standing.limit;
                if (limit.since..limit.until).contains(&time) && concerns(limit, workspace) {
                    standing.spent = standing.spent.saturating_add(limit.of(tokens, ticks));
                }
            }
        },
    )?;
    each_reserved(connection, waiting, now, |workspace, tokens, ticks| {
        for standing in &mut standings {
            let limit = &standing.limit;
            if concerns(limit, workspace) {
                let more = limit.of(tokens, ticks);
                standing.on_its_way = standing.on_its_way.saturating_add(more);
            }
        }
    })?;
    Ok(standings)
}

/// Time, workspace, tokens and ticks of each row in the whiles of the limits. One from later on was
/// written while the clock was ahead, and counts once that time comes.
fn each_spent(
    connection: &Connection,
    waiting: &Waiting,
    limits: &[Limit],
    mut tell: impl FnMut(Timestamp, &str, u64, u64),
) -> rusqlite::Result<()> {
    let since = limits.iter().map(|limit| limit.since).min();
    let until = limits.iter().map(|limit| limit.until).max();
    let Some((since, until)) = since.zip(until) else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(
        "SELECT time, workspace, total_tokens, coalesce(cost_ticks, 0) FROM request
         WHERE time >= ? AND time < ?",
    )?;
    let mut rows = statement.query([since.as_microsecond(), until.as_microsecond()])?;
    while let Some(row) = rows.next()? {
        let time = Timestamp::from_microsecond(row.get(0)?).unwrap_or_default();
        let workspace = row.get_ref(1)?.as_str().unwrap_or_default();
        tell(time, workspace, count(row, 2)?, count(row, 3)?);
    }
    for write in waiting {
        if let Write::Row(row) = write {
            let ticks = row.cost_ticks.unwrap_or(0);
            tell(row.time, &row.workspace, row.total_tokens, ticks);
        }
    }
    Ok(())
}

/// Workspace, tokens and ticks of each claim that stands.
fn each_reserved(
    connection: &Connection,
    waiting: &Waiting,
    now: Timestamp,
    mut tell: impl FnMut(&str, u64, u64),
) -> rusqlite::Result<()> {
    let (oldest, newest) = plausible(now);
    let is_released = |id: i64| {
        let of_id = |write: &Write| matches!(write, Write::Release(released) if *released == id);
        waiting.iter().any(of_id)
    };
    let mut statement = connection.prepare_cached(
        "SELECT id, workspace, tokens, ticks FROM reservation WHERE time BETWEEN ? AND ?",
    )?;
    let mut rows = statement.query([oldest.as_microsecond(), newest.as_microsecond()])?;
    while let Some(row) = rows.next()? {
        if !is_released(row.get(0)?) {
            let workspace = row.get_ref(1)?.as_str().unwrap_or_default();
            tell(workspace, count(row, 2)?, count(row, 3)?);
        }
    }
    for write in waiting {
        if let Write::Reserve(reserved) = write
            && (oldest..=newest).contains(&reserved.time)
            && !is_released(reserved.id)
        {
            let claim = &reserved.claim;
            tell(&claim.workspace, claim.tokens, claim.ticks);
        }
    }
    Ok(())
}

/// The first and the last time that a claim of a request under way can have. One from later on was
/// left behind before the clock was set back, and would stand until that time comes again.
fn plausible(now: Timestamp) -> (Timestamp, Timestamp) {
    (
        now.saturating_sub(LONGEST_REQUEST).unwrap_or(now),
        now.saturating_add(LONGEST_REQUEST).unwrap_or(now),
    )
}

fn count(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

fn was_warned(
    connection: &Connection,
    waiting: &Waiting,
    warned: &Warned,
) -> rusqlite::Result<bool> {
    let is_waiting = |write: &Write| matches!(write, Write::Warned(other) if other == warned);
    if waiting.iter().any(is_waiting) {
        return Ok(true);
    }
    connection
        .prepare_cached("SELECT 1 FROM warning WHERE name = ? AND workspace = ? AND since = ?")?
        .exists(params![
            warned.name,
            warned.workspace,
            warned.since.as_microsecond()
        ])
}

/// Writes a claim.
pub(super) fn insert(connection: &Connection, reserved: &Reserved) -> rusqlite::Result<()> {
    let claim = &reserved.claim;
    connection
        .prepare_cached("INSERT OR REPLACE INTO reservation VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            reserved.id,
            reserved.time.as_microsecond(),
            claim.workspace,
            tables::integer(claim.tokens),
            tables::integer(claim.ticks),
        ])?;
    Ok(())
}

/// Takes back a claim, and all that were left behind.
pub(super) fn release(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let (oldest, newest) = plausible(Timestamp::now());
    connection
        .prepare_cached("DELETE FROM reservation WHERE id = ? OR time NOT BETWEEN ? AND ?")?
        .execute(params![
            id,
            oldest.as_microsecond(),
            newest.as_microsecond()
        ])?;
    Ok(())
}

/// Notes that a warning was given.
pub(super) fn insert_warning(connection: &Connection, warned: &Warned) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO warning VALUES (?, ?, ?)")?
        .execute(params![
            warned.name,
            warned.workspace,
            warned.since.as_microsecond()
        ])?;
    Ok(())
}
