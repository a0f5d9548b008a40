//! What a person says for "since when".

use jiff::civil::DateTime;
use jiff::{Span, Timestamp, Zoned};

/// What `--since` means now, or why it means nothing.
pub(super) fn since(text: &str) -> Result<Timestamp, String> {
    since_at(text, &Zoned::now())
}

/// The moment meant by `24h`, `7d`, `4w`, a date or a time, which must not be after `now`.
fn since_at(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let moment = match age(text) {
        Some(age) => age
            .and_then(|age| now.checked_sub(age))
            .map_err(|_| "that is too long ago".to_string())?
            .timestamp(),
        None => named_moment(text, now).ok_or(
            "say how long ago in hours, days or weeks (24h, 7d, 4w), or a date (2026-01-31)",
        )?,
    };
    if moment > now.timestamp() {
        return Err("that is in the future".into());
    }
    Ok(moment)
}

fn age(text: &str) -> Option<Result<Span, jiff::Error>> {
    let unit = text.chars().next_back()?;
    let number = text.strip_suffix(unit)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are further back than any calendar reaches.
    let number: i64 = number.parse().unwrap_or(i64::MAX);
    match unit {
        'h' => Some(Span::new().try_hours(number)),
        'd' => Some(Span::new().try_days(number)),
        'w' => Some(Span::new().try_weeks(number)),
        _ => None,
    }
}

/// Without an offset the time is local; without a time it is the day's beginning.
fn named_moment(text: &str, now: &Zoned) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(now.time_zone().clone()).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_takes_ages_dates_and_times() {
        let now: Zoned = "2026-03-29T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        let check =
            |text: &str, expected: Result<&str, &str>| match (since_at(text, &now), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected, "{text}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
                (found, expected) => panic!("{text}: {found:?} instead of {expected:?}"),
            };
        check("24h", Ok("2026-03-28T10:00:00Z"));
        // The clocks went forward that night: a day ago it was noon, 23 hours ago.
        check("1d", Ok("2026-03-28T11:00:00Z"));
        check("7d", Ok("2026-03-22T11:00:00Z"));
        check("4w", Ok("2026-03-01T11:00:00Z"));
        check("0h", Ok("2026-03-29T10:00:00Z"));
        check("2026-01-31", Ok("2026-01-30T23:00:00Z"));
        check("2026-01-31T08:30", Ok("2026-01-31T07:30:00Z"));
        check("2026-01-31T08:30:00Z", Ok("2026-01-31T08:30:00Z"));
        check("2026-03-30", Err("future"));
        check("999999999999999999999d", Err("too long ago"));
        check("90000000w", Err("too long ago"));
        for wrong in [
            "",
            "d",
            "7",
            "7m",
            "-7d",
            "+7d",
            "7 d",
            "7é",
            "yesterday",
            "2026-02-30",
        ] {
            check(wrong, Err("7d"));
        }
    }
}
