//! A report as one page that needs nothing else: no script, no network.

mod days;
mod shares;
mod speed;

use jiff::tz::TimeZone;

use crate::store::{By, Overview, Report, Totals};
use crate::text::visible;

use super::table::{self, Measure, Table, money, thousands};

const STYLE: &str = include_str!("html/page.css");

/// The page: `scope` says what it covers, `overview` is of the same requests as the report.
pub(super) fn page(
    scope: &str,
    report: &Report,
    by: By,
    overview: &Overview,
    zone: &TimeZone,
) -> String {
    let scope = escaped(scope);
    let body = if report.rows.is_empty() {
        "<p>None yet. One made with <code>gloss explain FILE</code>, or by an action in your editor, \
         is listed here.</p>\n"
            .to_owned()
    } else {
        body(report, by, overview, zone)
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Gloss: usage</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>Gloss: usage</h1>\n<p>{scope}</p></header>\n<main>\n{body}</main>\n\
         <footer>Days are local. Cost is what the API said, else by its prices.</footer>\n\
         </body>\n</html>\n"
    )
}

fn body(report: &Report, by: By, overview: &Overview, zone: &TimeZone) -> String {
    let measure = Measure::of(&report.total);
    let name = measure.name();
    let figures = figures(&report.total);
    let days = days::chart(overview, measure);
    let workspaces = shares::chart(
        &format!("By workspace, {name}"),
        "Workspace",
        &overview.workspaces,
        measure,
    );
    let actions = shares::chart(
        &format!("By action, {name}"),
        "Action",
        &overview.actions,
        measure,
    );
    let speed = speed::chart(&overview.latencies);
    let cache = shares::cache(&overview.models);
    let table = html_table(&table::table(report, by, zone));
    format!(
        "{figures}{days}<div class=\"columns\">\n{workspaces}{actions}{speed}{cache}</div>\n\
         <h2>In figures</h2>\n{table}"
    )
}

fn figures(total: &Totals) -> String {
    let mut figures = vec![
        (money(total.cost_ticks), "cost"),
        (
            thousands(total.requests),
            if total.requests == 1 {
                "request"
            } else {
                "requests"
            },
        ),
        (thousands(total.total_tokens), "tokens"),
    ];
    if total.prompt_tokens > 0 {
        let share = percent(total.cached_tokens, total.prompt_tokens);
        figures.push((share, "of prompts from cache"));
    }
    figures.push((thousands(total.from_store), "answers from store"));
    figures.push((thousands(total.errors), "errors"));
    let items: String = figures
        .iter()
        .map(|(figure, name)| format!("<li><b>{}</b>{name}</li>", escaped(figure)))
        .collect();
    format!("<ul class=\"figures\">{items}</ul>\n")
}

fn html_table(table: &Table) -> String {
    let row = |cells: &[String], tag: &str| -> String {
        let cells: String = cells
            .iter()
            .zip(&table.columns)
            .enumerate()
            .map(|(index, (cell, column))| {
                let class = if column.is_figure {
                    " class=\"figure\""
                } else {
                    ""
                };
                let (tag, scope) = match (tag, index) {
                    ("th", _) => ("th", " scope=\"col\""),
                    (_, 0) => ("th", " scope=\"row\""),
                    _ => (tag, ""),
                };
                format!("<{tag}{scope}{class}>{}</{tag}>", escaped(cell))
            })
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let titles = table.columns.iter().map(|column| column.title.to_owned());
    let titles: Vec<String> = titles.collect();
    let rows: String = table.rows.iter().map(|cells| row(cells, "td")).collect();
    let notes: String = table
        .notes
        .iter()
        .map(|note| format!("<p>{}</p>\n", escaped(note)))
        .collect();
    format!(
        "<div class=\"scroll\"><table class=\"ledger\">\n<thead>{}</thead>\n<tbody>{rows}</tbody>\n<tfoot>{}</tfoot>\n\
         </table></div>\n{notes}",
        row(&titles, "th"),
        row(&table.total, "td")
    )
}

/// `value` in thousandths of `greatest`.
fn share(value: u64, greatest: u64) -> u64 {
    let share = u128::from(value) * 1000 / u128::from(greatest.max(1));
    u64::try_from(share).unwrap_or(1000).min(1000)
}

fn percent(value: u64, whole: u64) -> String {
    let tenths = share(value, whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn escaped(text: &str) -> String {
    visible(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use crate::store::{Key, Line};

    use super::*;

    fn sums() -> Totals {
        Totals {
            requests: 1,
            prompt_tokens: 40,
            cached_tokens: 10,
            total_tokens: 50,
            ..Totals::default()
        }
    }

    /// A ledger in which everything has this name.
    fn named(name: &str) -> (Report, Overview) {
        let group = || [(name.to_owned(), sums())].into();
        let overview = Overview {
            days: [("2026-11-22".parse().unwrap(), group())].into(),
            workspaces: group(),
            actions: group(),
            models: group(),
            latencies: [(name.to_owned(), crate::store::Latency::of(&[120], &[900]))].into(),
        };
        let line = Line {
            key: Key::Model(name.into()),
            totals: sums(),
        };
        let report = Report {
            rows: vec![line],
            total: sums(),
        };
        (report, overview)
    }

    #[test]
    fn names_cannot_leave_their_place() {
        let hostile = "<script>alert('x')</script>\"&\u{1b}";
        let (report, overview) = named(hostile);
        let page = page(hostile, &report, By::Model, &overview, &TimeZone::UTC);
        assert!(
            !page.contains("<script") && !page.contains("alert('x')") && !page.contains('\u{1b}')
        );
        let safe = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;⟨U+001B⟩";
        assert!(page.matches(safe).count() >= 7, "{page}");
    }

    #[test]
    fn the_page_asks_for_nothing_else() {
        let (report, overview) = named("grok-4.3");
        let page = page("all", &report, By::Workspace, &overview, &TimeZone::UTC);
        for foreign in [
            "http:", "https:", "src=", "href=", "url(", "@import", "<script",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
        // Whatever is drawn is told in words as well.
        assert_eq!(
            page.matches("<svg").count(),
            page.matches("role=\"img\"").count() + page.matches("aria-hidden").count()
        );
        assert!(page.contains("25.0 %"));
    }

    #[test]
    fn an_empty_ledger_says_what_to_do() {
        let empty = Report {
            rows: Vec::new(),
            total: Totals::default(),
        };
        let page = page(
            "Requests",
            &empty,
            By::Day,
            &Overview::default(),
            &TimeZone::UTC,
        );
        assert!(
            page.contains("gloss explain FILE") && !page.contains("<svg"),
            "{page}"
        );
    }
}
