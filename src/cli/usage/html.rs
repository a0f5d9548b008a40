//! A report as one page that needs nothing else: no script, no network.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::store::{By, Key, Line, Report, Totals};
use crate::text::visible;

use super::table::{self, Table, money, thousands};

/// Bars that fit side by side and can still be told apart.
const MAX_DAYS: usize = 92;
const MAX_BARS: usize = 12;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d1d1f; --soft: #6b6b70; --paper: #fff; --rule: #dcdce0; --bar: #3b6ea8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf0; --soft: #a0a0a8; --paper: #17171a; --rule: #3a3a40; --bar: #7fb0e6; }
}
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
p, figcaption { color: var(--soft); } figure { margin: 0; }
.figures { display: flex; flex-wrap: wrap; gap: 2rem; padding: 0; list-style: none; color: var(--soft); }
.figures b { display: block; font-size: 1.4rem; color: var(--ink); }
rect { fill: var(--bar); }
.days { width: 100%; height: 9rem; border-bottom: 1px solid var(--rule); }
.bar { width: 100%; height: .8rem; } .bars td:nth-child(2) { width: 60%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--rule); }
.figure { text-align: right; } tfoot { font-weight: 600; }
";

/// The page: `scope` says what it covers, `charts` are the same requests grouped in other ways.
pub(super) fn page(
    scope: &str,
    report: &Report,
    by: By,
    charts: &[(&str, Report)],
    zone: &TimeZone,
) -> String {
    let scope = escaped(scope);
    let measure = Measure::of(&report.total);
    let charts: String = charts
        .iter()
        .map(|(title, report)| chart(title, report, measure))
        .collect();
    let figures = figures(&report.total);
    let table = html_table(&table::table(report, by, zone));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Gloss: usage</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Gloss: usage</h1>\n<p>{scope}</p>\n{figures}{charts}<h2>In figures</h2>\n{table}\
         </body>\n</html>\n"
    )
}

fn figures(total: &Totals) -> String {
    let figures = [
        (money(total.cost_ticks), "cost"),
        (thousands(total.requests), "requests"),
        (thousands(total.total_tokens), "tokens"),
        (thousands(total.from_store), "from store"),
        (thousands(total.errors), "errors"),
    ];
    let items: String = figures
        .iter()
        .map(|(figure, name)| format!("<li><b>{}</b>{name}</li>", escaped(figure)))
        .collect();
    format!("<ul class=\"figures\">{items}</ul>\n")
}

/// How long a bar is.
#[derive(Clone, Copy)]
enum Measure {
    Cost,
    Tokens,
}

impl Measure {
    /// Where nothing cost anything, tokens still tell something.
    fn of(total: &Totals) -> Measure {
        if total.cost_ticks > 0 {
            Measure::Cost
        } else {
            Measure::Tokens
        }
    }

    fn value(self, sums: &Totals) -> u64 {
        match self {
            Measure::Cost => sums.cost_ticks,
            Measure::Tokens => sums.total_tokens,
        }
    }

    fn words(self, sums: &Totals) -> String {
        match self {
            Measure::Cost => money(sums.cost_ticks),
            Measure::Tokens => thousands(sums.total_tokens),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Measure::Cost => "cost",
            Measure::Tokens => "tokens",
        }
    }
}

fn chart(title: &str, report: &Report, measure: Measure) -> String {
    let days = days(report);
    let body = match (days.is_empty(), report.rows.is_empty()) {
        (false, _) => day_chart(&days, measure),
        (true, false) => bar_chart(&report.rows, measure),
        (true, true) => return String::new(),
    };
    format!("<h2>{}, {}</h2>\n{body}", escaped(title), measure.name())
}

/// `value` in thousandths of `greatest`.
fn share(value: u64, greatest: u64) -> u64 {
    let share = u128::from(value) * 1000 / u128::from(greatest.max(1));
    u64::try_from(share).unwrap_or(1000).min(1000)
}

/// The last days with those between them on which nothing was asked.
fn days(report: &Report) -> Vec<(Date, Totals)> {
    let known: Vec<(Date, &Totals)> = report
        .rows
        .iter()
        .filter_map(|line| match line.key {
            Key::Day(day) => Some((day, &line.totals)),
            _ => None,
        })
        .collect();
    let (Some((first, _)), Some((last, _))) = (known.first(), known.last()) else {
        return Vec::new();
    };
    let totals = |day: Date| {
        let found = known.binary_search_by_key(&day, |(day, _)| *day).ok();
        found
            .and_then(|at| known.get(at))
            .map_or_else(Totals::default, |(_, sums)| (*sums).clone())
    };
    let mut days: Vec<(Date, Totals)> =
        std::iter::successors(Some(*last), |day| day.yesterday().ok())
            .take_while(|day| day >= first)
            .take(MAX_DAYS)
            .map(|day| (day, totals(day)))
            .collect();
    days.reverse();
    days
}

fn day_chart(days: &[(Date, Totals)], measure: Measure) -> String {
    let greatest = days
        .iter()
        .map(|(_, sums)| measure.value(sums))
        .max()
        .unwrap_or(0);
    let bars: String = days
        .iter()
        .enumerate()
        .map(|(index, (day, sums))| {
            let height = share(measure.value(sums), greatest);
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"8\" height=\"{height}\"><title>{day}: {}</title></rect>",
                index * 10 + 1,
                1000 - height,
                escaped(&measure.words(sums))
            )
        })
        .collect();
    // A few days would otherwise become a few walls.
    let width = days.len().max(14) * 10;
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else {
        return String::new();
    };
    format!(
        "<figure><svg class=\"days\" role=\"img\" aria-label=\"{} by day\" viewBox=\"0 0 {width} 1000\" \
         preserveAspectRatio=\"none\">{bars}</svg>\n<figcaption>{first} to {last}</figcaption></figure>\n",
        measure.name()
    )
}

fn bar_chart(lines: &[Line], measure: Measure) -> String {
    let mut lines: Vec<&Line> = lines.iter().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(measure.value(&line.totals)));
    let greatest = lines.first().map_or(0, |line| measure.value(&line.totals));
    let bars: String = lines
        .iter()
        .take(MAX_BARS)
        .map(|line| {
            format!(
                "<tr><td>{}</td><td><svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 1000 1\" \
                 preserveAspectRatio=\"none\"><rect width=\"{}\" height=\"1\"/></svg></td>\
                 <td class=\"figure\">{}</td></tr>\n",
                escaped(&table::name(&line.key)),
                share(measure.value(&line.totals), greatest),
                escaped(&measure.words(&line.totals))
            )
        })
        .collect();
    let more = match lines.len().saturating_sub(MAX_BARS) {
        0 => String::new(),
        more => format!("<p>and {} more</p>\n", thousands(more as u64)),
    };
    format!("<table class=\"bars\"><tbody>\n{bars}</tbody></table>\n{more}")
}

fn html_table(table: &Table) -> String {
    let row = |cells: &[String], tag: &str| -> String {
        let cells: String = cells
            .iter()
            .zip(&table.columns)
            .map(|(cell, column)| {
                let class = if column.is_figure {
                    " class=\"figure\""
                } else {
                    ""
                };
                format!("<{tag}{class}>{}</{tag}>", escaped(cell))
            })
            .collect();
        format!("<tr>{cells}</tr>\n")
    };
    let titles: Vec<String> = table
        .columns
        .iter()
        .map(|column| column.title.into())
        .collect();
    let rows: String = table.rows.iter().map(|cells| row(cells, "td")).collect();
    let notes: String = table
        .notes
        .iter()
        .map(|note| format!("<p>{}</p>\n", escaped(note)))
        .collect();
    format!(
        "<div class=\"scroll\"><table>\n<thead>{}</thead>\n<tbody>{rows}</tbody>\n<tfoot>{}</tfoot>\n\
         </table></div>\n{notes}",
        row(&titles, "th"),
        row(&table.total, "td")
    )
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
    use jiff::ToSpan;

    use super::*;

    fn sums(cost_ticks: u64, total_tokens: u64) -> Totals {
        Totals {
            requests: 1,
            cost_ticks,
            total_tokens,
            ..Totals::default()
        }
    }

    fn report(lines: Vec<(Key, Totals)>) -> Report {
        let mut report = Report {
            rows: Vec::new(),
            total: Totals::default(),
        };
        for (key, totals) in lines {
            report.total.cost_ticks += totals.cost_ticks;
            report.total.total_tokens += totals.total_tokens;
            report.rows.push(Line { key, totals });
        }
        report
    }

    fn day(text: &str) -> Key {
        Key::Day(text.parse().unwrap())
    }

    #[test]
    fn names_cannot_leave_their_cell() {
        let hostile = "<script>alert('x')</script>\"&\u{1b}";
        let models = report(vec![(Key::Model(hostile.into()), sums(5, 5))]);
        let charts = [("By model", models.clone())];
        let page = page(hostile, &models, By::Model, &charts, &TimeZone::UTC);
        assert!(
            !page.contains("<script") && !page.contains("alert('x')") && !page.contains('\u{1b}')
        );
        let safe = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;⟨U+001B⟩";
        assert_eq!(page.matches(safe).count(), 3);
    }

    #[test]
    fn the_page_asks_for_nothing_else() {
        let empty = report(Vec::new());
        let page = page("all", &empty, By::Workspace, &[], &TimeZone::UTC);
        for foreign in [
            "http:", "https:", "src=", "href=", "url(", "@import", "<script",
        ] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert!(page.contains("default-src 'none'") && page.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn days_without_requests_leave_a_gap() {
        let report = report(vec![
            (day("2026-02-27"), sums(10, 1)),
            (day("2026-03-02"), sums(5, 1)),
        ]);
        let found: Vec<String> = days(&report)
            .iter()
            .map(|(day, sums)| format!("{day} {}", sums.cost_ticks))
            .collect();
        assert_eq!(
            found,
            [
                "2026-02-27 10",
                "2026-02-28 0",
                "2026-03-01 0",
                "2026-03-02 5"
            ]
        );
        let chart = day_chart(&days(&report), Measure::Cost);
        assert!(
            chart.contains("y=\"0\" width=\"8\" height=\"1000\""),
            "{chart}"
        );
        assert!(
            chart.contains("y=\"500\" width=\"8\" height=\"500\""),
            "{chart}"
        );
    }

    #[test]
    fn only_the_last_days_are_drawn() {
        let report = report(vec![
            (day("0001-01-01"), sums(9, 1)),
            (day("2026-03-02"), sums(5, 1)),
        ]);
        let days = days(&report);
        let last: Date = "2026-03-02".parse().unwrap();
        let first = last.saturating_sub((MAX_DAYS as i64 - 1).days());
        assert_eq!(
            (days.len(), days[0].0, days[MAX_DAYS - 1].0),
            (MAX_DAYS, first, last)
        );
    }

    #[test]
    fn bars_measure_tokens_where_nothing_cost_anything() {
        let check = |lines: Vec<(Key, Totals)>, expected: &[&str]| {
            let report = report(lines);
            let chart = chart("By model", &report, Measure::of(&report.total));
            for part in expected {
                assert!(chart.contains(part), "{part}: {chart}");
            }
        };
        let model = |name: &str| Key::Model(name.into());
        check(
            vec![(model("a"), sums(0, 1_000)), (model("b"), sums(0, 250))],
            &[
                "By model, tokens",
                "width=\"1000\"",
                "width=\"250\"",
                "1,000",
            ],
        );
        check(
            vec![
                (model("a"), sums(10_000_000_000, 1)),
                (model("b"), sums(5_000_000_000, 900)),
            ],
            &[
                "By model, cost",
                "width=\"1000\"",
                "width=\"500\"",
                "$1.0000",
            ],
        );
    }
}
