//! A share as a bar of blocks, with its percentage.

use crate::llm::models::TICKS_PER_USD;
use crate::store::Totals;

use super::{money, thousands};

/// How many signs the longest bar has.
const LONGEST: usize = 8;

/// What a bar measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli::usage) enum Measure {
    Cost,
    Tokens,
}

impl Measure {
    /// Where nothing cost anything, tokens still tell something.
    pub(in crate::cli::usage) fn of(total: &Totals) -> Measure {
        if total.cost_ticks > 0 {
            Measure::Cost
        } else {
            Measure::Tokens
        }
    }

    pub(in crate::cli::usage) fn value(self, sums: &Totals) -> u64 {
        match self {
            Measure::Cost => sums.cost_ticks,
            Measure::Tokens => sums.total_tokens,
        }
    }

    /// A value with its unit.
    pub(in crate::cli::usage) fn words(self, value: u64) -> String {
        match self {
            Measure::Cost => money(value),
            Measure::Tokens => format!("{} tokens", thousands(value)),
        }
    }

    /// A round value as an axis names it whose lines are so far apart.
    pub(in crate::cli::usage) fn short(self, value: u64, step: u64) -> String {
        const CENT: u64 = TICKS_PER_USD / 100;
        match self {
            Measure::Cost if step.is_multiple_of(CENT) || value == 0 => {
                let cents = value / CENT;
                format!("${}.{:02}", thousands(cents / 100), cents % 100)
            }
            Measure::Cost => money(value),
            Measure::Tokens if value >= 1_000_000 && value.is_multiple_of(100_000) => {
                let tenths = value / 100_000;
                format!("{}.{} M", thousands(tenths / 10), tenths % 10)
            }
            Measure::Tokens => thousands(value),
        }
    }

    pub(in crate::cli::usage) fn name(self) -> &'static str {
        match self {
            Measure::Cost => "cost",
            Measure::Tokens => "tokens",
        }
    }
}

/// `█████▌     68 %`: the bar against the greatest value, the figure against the total.
pub(super) fn bar(value: u64, greatest: u64, total: u64) -> String {
    let blocks = blocks(value, greatest);
    let percent = percent(value, total);
    let padding = " ".repeat(LONGEST - blocks.chars().count());
    format!("{blocks}{padding} {percent:>4} %")
}

fn percent(value: u64, total: u64) -> String {
    let tenths = u128::from(value) * 1000 / u128::from(total.max(1));
    match (value, tenths) {
        (0, _) => "0".into(),
        (_, 0..10) => "<1".into(),
        _ => ((tenths + 5) / 10).to_string(),
    }
}

/// A bar to the eighth of a sign; what is there at all is seen.
fn blocks(value: u64, greatest: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(value) * 8 * LONGEST as u128 / u128::from(greatest.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0).min(8 * LONGEST);
    let eighths = if value > 0 { eighths.max(1) } else { 0 };
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    "█".repeat(eighths / 8) + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_of_the_greatest() {
        let check = |value: u64, greatest: u64, total: u64, expected: &str| {
            let found = bar(value, greatest, total);
            assert_eq!(found, expected, "{value} {greatest} {total}");
            assert_eq!(found.chars().count(), LONGEST + 7);
        };
        check(100, 100, 100, "████████  100 %");
        check(50, 100, 200, "████       25 %");
        check(55, 100, 155, "████▍      35 %");
        check(1, 1_000, 1_001, "▏          <1 %");
        check(0, 100, 100, "            0 %");
        check(0, 0, 0, "            0 %");
        check(u64::MAX, u64::MAX, u64::MAX, "████████  100 %");
    }

    #[test]
    fn an_axis_has_few_digits() {
        let cent = TICKS_PER_USD / 100;
        for (measure, value, step, expected) in [
            (Measure::Cost, 0, cent, "$0.00"),
            (Measure::Cost, 5 * cent, 5 * cent, "$0.05"),
            (Measure::Cost, 10 * cent, 5 * cent, "$0.10"),
            (Measure::Cost, cent, cent / 2, "$0.0100"),
            (Measure::Cost, 250 * cent, 50 * cent, "$2.50"),
            (Measure::Tokens, 5_000, 1_000, "5,000"),
            (Measure::Tokens, 2_500_000, 500_000, "2.5 M"),
        ] {
            assert_eq!(measure.short(value, step), expected);
        }
    }
}
