//! `gloss usage prune`: deletes old requests. Nothing else ever deletes one.

use std::io::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::since;
use super::table::thousands;
use crate::cli::face;
use crate::store::Store;

/// Which requests to delete
#[derive(Clone, Debug, clap::Args)]
pub struct PruneArgs {
    /// All from before then: a date such as 2026-01-31, or 90d, 52w
    #[arg(long, value_name = "DATE", value_parser = since::since, allow_hyphen_values = true)]
    pub before: Timestamp,
    /// Do not ask; needed where there is no terminal
    #[arg(long)]
    pub yes: bool,
}

/// Deletes after asking, and says how many.
///
/// # Errors
/// When there is nobody to ask and `--yes` is missing, or the ledger cannot be written.
pub(super) fn run(args: &PruneArgs, store: &Store, out: &mut dyn Write) -> anyhow::Result<()> {
    let count = store.count_before(args.before)?;
    let before = args.before.to_zoned(TimeZone::system());
    let what = format!(
        "{} from before {}",
        requests(count),
        before.strftime("%Y-%m-%d %H:%M")
    );
    if count == 0 {
        writeln!(out, "Nothing to delete: the ledger has {what}.")?;
        return Ok(out.flush()?);
    }
    if !args.yes && !face::agreed(&format!("delete {what} for good"))? {
        writeln!(out, "Nothing was deleted.")?;
        return Ok(out.flush()?);
    }
    let deleted = store.prune(args.before)?;
    writeln!(out, "Deleted {} from the ledger.", requests(deleted))?;
    Ok(out.flush()?)
}

fn requests(count: u64) -> String {
    match count {
        0 => "no requests".into(),
        1 => "1 request".into(),
        _ => format!("{} requests", thousands(count)),
    }
}
