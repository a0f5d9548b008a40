//! A report for spreadsheets: RFC 4180, in UTF-8.

use serde_json::Value;

use crate::store::{By, Key, Line, Report, Totals};
use crate::text::visible;

/// A line of names and one for each row, both with the fields of the JSON.
pub(super) fn text(report: &Report, by: By) -> serde_json::Result<String> {
    let blank = fields(&Line {
        key: blank_key(by),
        totals: Totals::default(),
    })?;
    let mut text = joined(blank.iter().map(|(name, _)| name.clone()));
    for line in &report.rows {
        text += &joined(fields(line)?.iter().map(|(_, value)| cell(value)));
    }
    Ok(text)
}

/// A key that stands for nothing, so that an empty report has its names too.
fn blank_key(by: By) -> Key {
    match by {
        By::Workspace => Key::Workspace(String::new()),
        By::Day => Key::Day(jiff::civil::Date::ZERO),
        By::Model => Key::Model(String::new()),
        By::Action => Key::Action(String::new()),
        By::Request => Key::Request(Box::default()),
    }
}

fn fields(line: &Line) -> serde_json::Result<Vec<(String, Value)>> {
    Ok(match serde_json::to_value(line)? {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    })
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(&disarmed(&visible(text))),
        other => other.to_string(),
    }
}

/// Spreadsheets run a cell that begins like this as a formula (OWASP, "CSV Injection").
fn disarmed(text: &str) -> String {
    let prefix = if text.starts_with(['=', '+', '-', '@']) {
        "'"
    } else {
        ""
    };
    format!("{prefix}{text}")
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_and_disarmed() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("/a,b", "\"/a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            (" edge", "\" edge\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (
                "=cmd|'/c calc'!A1,\"x\"",
                "\"'=cmd|'/c calc'!A1,\"\"x\"\"\"",
            ),
            ("a=b", "a=b"),
            ("\t=1", "⟨U+0009⟩=1"),
            ("two\nlines", "two⟨U+000A⟩lines"),
        ] {
            assert_eq!(cell(&Value::from(text)), expected, "{text:?}");
        }
        assert_eq!(cell(&Value::from(0.25)), "0.25");
        assert_eq!(cell(&Value::Null), "");
    }

    #[test]
    fn names_and_cells_stand_in_the_same_order() {
        let totals = Totals {
            requests: 3,
            total_tokens: 12,
            ..Totals::default()
        };
        let key = Key::Action("=explain".into());
        let report = Report {
            rows: vec![Line {
                key,
                totals: totals.clone(),
            }],
            total: totals,
        };
        assert_eq!(
            text(&report, By::Action).unwrap(),
            "action,requests,from_store,errors,prompt_tokens,completion_tokens,total_tokens,\
             text_tokens,image_tokens,audio_tokens,cached_tokens,reasoning_tokens,cost_usd\r\n\
             '=explain,3,0,0,0,0,12,0,0,0,0,0,0.0\r\n"
        );
    }
}
