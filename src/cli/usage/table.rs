//! A report as a table for people.

mod bar;
mod layout;

use jiff::tz::TimeZone;

use crate::llm::models::TICKS_PER_USD;
use crate::store::{By, Key, Line, Report, Row, Totals};
use crate::text::visible;

pub(super) use bar::Measure;
pub(super) use layout::text;

/// Cells without styles, for the terminal and for the page alike.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) total: Vec<String>,
    /// What the figures don't say.
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Figures stand at the right edge.
    pub(super) is_figure: bool,
    /// A name that may be shortened where there is little room.
    is_name: bool,
    /// Where there is little room, those of the highest rank go first, and those of 0 stay.
    rank: u8,
}

fn text_column(title: &'static str) -> Column {
    Column {
        title,
        is_figure: false,
        is_name: false,
        rank: 0,
    }
}

fn figure_column(title: &'static str, rank: u8) -> Column {
    Column {
        title,
        is_figure: true,
        is_name: false,
        rank,
    }
}

fn name_column(title: &'static str, rank: u8) -> Column {
    Column {
        is_name: true,
        rank,
        ..text_column(title)
    }
}

/// The table with times in `zone`.
pub(super) fn table(report: &Report, by: By, zone: &TimeZone) -> Table {
    let mut table = match by {
        By::Request => requests(report, zone),
        By::Workspace => groups(report, "Workspace"),
        By::Day => groups(report, "Day"),
        By::Model => groups(report, "Model"),
        By::Action => groups(report, "Action"),
    };
    match report.total.estimated {
        0 => {}
        1 => table
            .notes
            .push("~ holds an estimate: 1 request ended before anybody said what it used.".into()),
        count => table.notes.push(format!(
            "~ holds estimates: {} requests ended before anybody said what they used.",
            thousands(count)
        )),
    }
    match report.total.unpriced {
        0 => {}
        1 => table
            .notes
            .push("1 request has no known price and is not in the cost.".into()),
        count => table.notes.push(format!(
            "{} requests have no known price and are not in the cost.",
            thousands(count)
        )),
    }
    table
}

/// What a column of counts shows of a line.
type Figure = fn(&Totals) -> String;

fn groups(report: &Report, title: &'static str) -> Table {
    let mut figures: Vec<(&'static str, u8, Figure)> = vec![
        ("Requests", 1, |sums| thousands(sums.requests)),
        ("From store", 8, |sums| thousands(sums.from_store)),
        ("Errors", 4, |sums| thousands(sums.errors)),
        ("Prompt", 5, |sums| thousands(sums.prompt_tokens)),
        ("Cached", 7, |sums| thousands(sums.cached_tokens)),
    ];
    // Few ever use these; their columns would only be in the way.
    if report.total.image_tokens > 0 {
        figures.push(("Image", 10, |sums| thousands(sums.image_tokens)));
    }
    if report.total.audio_tokens > 0 {
        figures.push(("Audio", 11, |sums| thousands(sums.audio_tokens)));
    }
    figures.push(("Completion", 6, |sums| thousands(sums.completion_tokens)));
    figures.push(("Reasoning", 9, |sums| thousands(sums.reasoning_tokens)));
    figures.push(("Tokens", 3, |sums| thousands(sums.total_tokens)));
    figures.push(("Cost", 0, cost));
    let cells = |name: String, sums: &Totals| -> Vec<String> {
        std::iter::once(name)
            .chain(figures.iter().map(|(_, _, figure)| figure(sums)))
            .collect()
    };
    Table {
        columns: std::iter::once(name_column(title, 0))
            .chain(
                figures
                    .iter()
                    .map(|(title, rank, _)| figure_column(title, *rank)),
            )
            .collect(),
        rows: report
            .rows
            .iter()
            .map(|line| cells(name(&line.key), &line.totals))
            .collect(),
        total: cells("Total".into(), &report.total),
        notes: Vec::new(),
    }
}

/// What a line is about, in a word.
pub(super) fn name(key: &Key) -> String {
    match key {
        Key::Workspace(name) | Key::Model(name) | Key::Action(name) => visible(name).into_owned(),
        Key::Day(day) => day.to_string(),
        Key::Request(row) => row.time.to_string(),
    }
}

fn requests(report: &Report, zone: &TimeZone) -> Table {
    let mut table = requests_with_workspace(report, zone);
    let mut workspaces = table.rows.iter().filter_map(|row| row.get(1));
    let first = workspaces.next().cloned();
    // One workspace throughout is said once, not in every line.
    if let Some(only) = first.filter(|first| workspaces.all(|other| other == first)) {
        table.columns.remove(1);
        for row in table.rows.iter_mut().chain([&mut table.total]) {
            row.remove(1);
        }
        table.notes.push(format!("Workspace: {only}"));
    }
    table
}

fn requests_with_workspace(report: &Report, zone: &TimeZone) -> Table {
    let sums = &report.total;
    Table {
        columns: vec![
            text_column("Time"),
            name_column("Workspace", 2),
            text_column("Action"),
            name_column("File", 0),
            name_column("Model", 3),
            text_column("Status"),
            figure_column("Prompt", 5),
            figure_column("Cached", 6),
            figure_column("Tokens", 1),
            figure_column("Seconds", 4),
            figure_column("Cost", 0),
        ],
        rows: report
            .rows
            .iter()
            .filter_map(|line| request(line, zone))
            .collect(),
        total: vec![
            "Total".into(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            thousands(sums.prompt_tokens),
            thousands(sums.cached_tokens),
            thousands(sums.total_tokens),
            String::new(),
            cost(sums),
        ],
        notes: vec![format!(
            "Requests: {}, from store: {}, errors: {}.",
            thousands(sums.requests),
            thousands(sums.from_store),
            thousands(sums.errors)
        )],
    }
}

fn request(line: &Line, zone: &TimeZone) -> Option<Vec<String>> {
    let Key::Request(row) = &line.key else {
        return None;
    };
    let sums = &line.totals;
    Some(vec![
        row.time
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        visible(&row.workspace).into_owned(),
        visible(&row.action).into_owned(),
        visible(&place(row)).into_owned(),
        visible(&row.model).into_owned(),
        visible(&status(row)).into_owned(),
        thousands(sums.prompt_tokens),
        thousands(sums.cached_tokens),
        about(sums, thousands(sums.total_tokens)),
        row.total_ms.map(seconds).unwrap_or_default(),
        if sums.unpriced > 0 {
            "?".into()
        } else {
            cost(sums)
        },
    ])
}

/// The cost, marked where a part of it is an estimate.
fn cost(sums: &Totals) -> String {
    about(sums, money(sums.cost_ticks))
}

fn about(sums: &Totals, figure: String) -> String {
    if sums.estimated > 0 {
        format!("~{figure}")
    } else {
        figure
    }
}

fn place(row: &Row) -> String {
    match (&row.file, &row.lines) {
        (Some(file), Some(lines)) => format!("{file}:{lines}"),
        (Some(file), None) => file.clone(),
        (None, _) => String::new(),
    }
}

fn status(row: &Row) -> String {
    match &row.error {
        Some(error) => format!("{} ({error})", row.status.word()),
        None => row.status.word().into(),
    }
}

/// Milliseconds as seconds with one digit: `0.9`.
fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    format!("{}.{}", thousands(tenths / 10), tenths % 10)
}

/// `1234567` as `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars with four digits below 100, for a request costs a fraction of a cent; else with two.
pub(super) fn money(ticks: u64) -> String {
    const TEN_THOUSANDTH: u64 = TICKS_PER_USD / 10_000;
    const CENT: u64 = TICKS_PER_USD / 100;
    let rounded = |unit: u64| ticks.saturating_add(unit / 2) / unit;
    match ticks {
        0 => "$0".into(),
        _ if rounded(TEN_THOUSANDTH) == 0 => "<$0.0001".into(),
        _ if rounded(TEN_THOUSANDTH) < 1_000_000 => {
            let parts = rounded(TEN_THOUSANDTH);
            format!("${}.{:04}", parts / 10_000, parts % 10_000)
        }
        _ => {
            let cents = rounded(CENT);
            format!("${}.{:02}", thousands(cents / 100), cents % 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::store::Status;

    use super::*;

    const CENT: u64 = TICKS_PER_USD / 100;

    fn without_styles(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn money_has_sensible_digits() {
        for (ticks, expected) in [
            (0, "$0"),
            (1, "<$0.0001"),
            (499_999, "<$0.0001"),
            (500_000, "$0.0001"),
            (12_345_678, "$0.0012"),
            (CENT, "$0.0100"),
            (99 * 100 * CENT, "$99.0000"),
            (99_999_949_999 * 10, "$99.9999"),
            (99_999_950_000 * 10, "$100.00"),
            (123_456 * CENT, "$1,234.56"),
            (u64::MAX, "$1,844,674,407.37"),
        ] {
            assert_eq!(money(ticks), expected, "{ticks}");
        }
    }

    proptest! {
        #[test]
        fn thousands_are_the_number_in_groups_of_three(number in any::<u64>()) {
            let text = thousands(number);
            prop_assert_eq!(text.replace(',', "").parse::<u64>().unwrap(), number);
            let mut groups = text.split(',');
            let first = groups.next().unwrap();
            prop_assert!((1..=3).contains(&first.len()));
            prop_assert!(groups.all(|group| group.len() == 3));
        }
    }

    fn line(key: Key, totals: Totals) -> Report {
        Report {
            total: totals.clone(),
            rows: vec![Line { key, totals }],
        }
    }

    #[test]
    fn a_table_is_aligned_with_a_line_of_totals() {
        let small = Totals {
            requests: 1,
            total_tokens: 5,
            cost_ticks: CENT,
            ..Totals::default()
        };
        let big = Totals {
            requests: 1_200,
            from_store: 7,
            errors: 2,
            prompt_tokens: 1_000_000,
            cached_tokens: 640_000,
            completion_tokens: 20_000,
            reasoning_tokens: 4_000,
            total_tokens: 1_024_000,
            cost_ticks: 345 * CENT,
            ..Totals::default()
        };
        let report = Report {
            rows: vec![
                Line {
                    key: Key::Model("grok-4.3".into()),
                    totals: big.clone(),
                },
                Line {
                    key: Key::Model("grök".into()),
                    totals: small,
                },
            ],
            total: big,
        };
        let text = without_styles(&super::text(&report, By::Model, &TimeZone::UTC, None));
        let expected = "\
Model     Requests  From store  Errors     Prompt   Cached  Completion  Reasoning     Tokens     Cost  Share
grok-4.3     1,200           7       2  1,000,000  640,000      20,000      4,000  1,024,000  $3.4500  ████████  100 %
grök             1           0       0          0        0           0          0          5  $0.0100  ▏          <1 %
Total        1,200           7       2  1,000,000  640,000      20,000      4,000  1,024,000  $3.4500
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_request_is_one_line() {
        let row = Row {
            time: "2026-11-22T12:34:56.7Z".parse().unwrap(),
            workspace: "/w".into(),
            action: "refactor".into(),
            file: Some("src/a.rs".into()),
            lines: Some("3-9".into()),
            model: "grok-4.3".into(),
            status: Status::Error,
            error: Some("rate_limit".into()),
            total_ms: Some(1_250),
            ..Row::default()
        };
        let sums = Totals {
            requests: 1,
            errors: 1,
            unpriced: 1,
            ..Totals::default()
        };
        let other = Row {
            workspace: "/x".into(),
            ..row.clone()
        };
        let mut report = line(Key::Request(Box::new(row)), sums);
        let text = without_styles(&super::text(&report, By::Request, &TimeZone::UTC, None));
        let expected = "\
Time                 Action    File          Model     Status              Prompt  Cached  Tokens  Seconds  Cost  Share
2026-11-22 12:34:56  refactor  src/a.rs:3-9  grok-4.3  error (rate_limit)       0       0       0      1.3     ?              0 %
Total                                                                           0       0       0             $0
Requests: 1, from store: 0, errors: 1.
Workspace: /w
1 request has no known price and is not in the cost.
Share is of tokens, since nothing cost anything.
";
        assert_eq!(text, expected);

        report.rows.push(Line {
            key: Key::Request(Box::new(other)),
            totals: Totals::default(),
        });
        let text = without_styles(&super::text(&report, By::Request, &TimeZone::UTC, None));
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("Time                 Workspace  Action"),
            "{text}"
        );
        assert!(
            lines[2].starts_with("2026-11-22 12:34:56  /x         refactor"),
            "{text}"
        );
    }

    #[test]
    fn no_name_can_steer_the_terminal() {
        let hostile = "a\u{1b}[31m\r\n\u{202e}b\u{9b}c\u{2066}";
        let report = line(Key::Workspace(hostile.into()), Totals::default());
        let text = without_styles(&super::text(&report, By::Workspace, &TimeZone::UTC, None));
        assert_eq!(text.lines().count(), 4);
        assert!(
            text.lines()
                .nth(1)
                .unwrap()
                .starts_with("a⟨U+001B⟩[31m⟨U+000D⟩⟨U+000A⟩⟨U+202E⟩b⟨U+009B⟩c⟨U+2066⟩")
        );
    }
}
