//! A table on a terminal: aligned, with bars, and no wider than there is room.

use anstyle::{AnsiColor, Style};
use jiff::tz::TimeZone;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::store::{By, Report};

use super::bar::{Measure, bar};
use super::{Column, Table, table};

const GAP: &str = "  ";

/// How long names may be where columns would have to go for them, and where there is no room at all.
const SHORT_NAME: usize = 30;
const SHORTEST_NAME: usize = 12;

/// The report as aligned text, in at most `room` columns where that can be: its head and total in
/// bold, each row with a bar for its share.
pub(in crate::cli::usage) fn text(
    report: &Report,
    by: By,
    zone: &TimeZone,
    room: Option<usize>,
) -> String {
    let mut table = table(report, by, zone);
    add_bars(&mut table, report);
    if let Some(room) = room {
        fit(&mut table, room);
    }
    let titles = titles(&table);
    let widths = widths(&table);
    let bold = Style::new().bold();
    let mut text = aligned(&titles, &table.columns, &widths, bold, bold);
    let bar = AnsiColor::Cyan.on_default();
    for row in &table.rows {
        text += &aligned(row, &table.columns, &widths, Style::new(), bar);
    }
    text += &aligned(&table.total, &table.columns, &widths, bold, bold);
    for note in &table.notes {
        text += &format!("{note}\n");
    }
    text
}

const SHARE: &str = "Share";

fn add_bars(table: &mut Table, report: &Report) {
    let measure = Measure::of(&report.total);
    let total = measure.value(&report.total);
    let values = || report.rows.iter().map(|line| measure.value(&line.totals));
    let greatest = values().max().unwrap_or(0);
    table.columns.push(Column {
        title: SHARE,
        is_figure: false,
        is_name: false,
        rank: 2,
    });
    for (row, value) in table.rows.iter_mut().zip(values()) {
        row.push(bar(value, greatest, total));
    }
    table.total.push(String::new());
    if measure == Measure::Tokens {
        table
            .notes
            .push("Share is of tokens, since nothing cost anything.".into());
    }
}

/// Shortens long names, leaves out columns by their rank, and shortens names more, until the
/// lines fit.
fn fit(table: &mut Table, room: usize) {
    shorten_names(table, room, SHORT_NAME);
    let mut left_out = Vec::new();
    while full_width(table) > room {
        let ranks = table.columns.iter().enumerate();
        let last = ranks.max_by_key(|(_, column)| column.rank);
        let Some((at, column)) = last.filter(|(_, column)| column.rank > 0) else {
            break;
        };
        left_out.push(column.title);
        table.columns.remove(at);
        for row in table.rows.iter_mut().chain([&mut table.total]) {
            row.remove(at);
        }
    }
    shorten_names(table, room, SHORTEST_NAME);
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        table
            .notes
            .push(format!("Left out for want of room: {names}."));
    }
}

/// Takes from names what is too much, the longest first, but leaves each `least` columns.
fn shorten_names(table: &mut Table, room: usize, least: usize) {
    let mut too_much = full_width(table).saturating_sub(room);
    let mut names: Vec<(usize, usize)> = widths(table).into_iter().enumerate().collect();
    names.retain(|(at, _)| table.columns.get(*at).is_some_and(|column| column.is_name));
    names.sort_by_key(|(_, wide)| std::cmp::Reverse(*wide));
    for (at, wide) in names {
        let narrow = wide.saturating_sub(too_much).max(least.min(wide));
        too_much -= wide - narrow;
        for cell in table.rows.iter_mut().filter_map(|row| row.get_mut(at)) {
            *cell = shortened(cell, narrow);
        }
    }
}

/// A name within so many columns: its end tells more than its beginning.
fn shortened(name: &str, room: usize) -> String {
    if name.width() <= room {
        return name.to_owned();
    }
    let mut kept = Vec::new();
    let mut wide = 1;
    for grapheme in name.graphemes(true).rev() {
        wide += grapheme.width();
        if wide > room {
            break;
        }
        kept.push(grapheme);
    }
    kept.push("…");
    kept.into_iter().rev().collect()
}

fn titles(table: &Table) -> Vec<String> {
    let titles = table.columns.iter().map(|column| column.title.to_owned());
    titles.collect()
}

fn full_width(table: &Table) -> usize {
    let widths = widths(table);
    widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

/// How many columns of the terminal each of the table's takes.
fn widths(table: &Table) -> Vec<usize> {
    let titles = titles(table);
    let lines = || {
        std::iter::once(&titles)
            .chain(&table.rows)
            .chain([&table.total])
    };
    let column = |index: usize| {
        let cells = lines().filter_map(|cells| cells.get(index));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    (0..table.columns.len()).map(column).collect()
}

fn aligned(
    cells: &[String],
    columns: &[Column],
    widths: &[usize],
    style: Style,
    bar: Style,
) -> String {
    let mut line = String::new();
    let last = columns.len().saturating_sub(1);
    for (index, ((cell, column), wide)) in cells.iter().zip(columns).zip(widths).enumerate() {
        if index > 0 {
            line += GAP;
        }
        let padding = " ".repeat(wide.saturating_sub(cell.width()));
        let style = if column.title == SHARE { bar } else { style };
        let cell = if cell.is_empty() {
            String::new()
        } else {
            format!("{style}{cell}{style:#}")
        };
        line += &if column.is_figure {
            padding + &cell
        } else if index == last {
            cell
        } else {
            cell + &padding
        };
    }
    // A total has no bar, and what would stand before it is only space.
    line.truncate(line.trim_end().len());
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Key, Line, Totals};

    fn report() -> Report {
        let sums = |cost_ticks: u64| Totals {
            requests: 12,
            prompt_tokens: 1_000_000,
            total_tokens: 1_100_000,
            cost_ticks,
            ..Totals::default()
        };
        let line = |name: &str, cost: u64| Line {
            key: Key::Workspace(name.into()),
            totals: sums(cost),
        };
        Report {
            rows: vec![
                line(
                    "/home/somebody/projects/of-the-company/frontend",
                    3_000_000_000,
                ),
                line("/home/somebody/日本語", 1_000_000_000),
            ],
            total: sums(4_000_000_000),
        }
    }

    fn lines(room: Option<usize>) -> Vec<String> {
        let text = text(&report(), By::Workspace, &TimeZone::UTC, room);
        let text = anstream::adapter::strip_str(&text).to_string();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_row_has_a_bar_for_its_share() {
        let lines = lines(None);
        assert!(lines[0].ends_with("   Cost  Share"), "{lines:#?}");
        assert!(lines[1].ends_with("$0.3000  ████████   75 %"), "{lines:#?}");
        assert!(lines[2].ends_with("$0.1000  ██▋        25 %"), "{lines:#?}");
        assert!(lines[3].ends_with("$0.4000"), "{lines:#?}");
    }

    #[test]
    fn wide_signs_take_the_room_they_take() {
        let lines = lines(None);
        let before_cost = |line: &str| line.split('$').next().unwrap().width();
        assert_eq!(before_cost(&lines[1]), before_cost(&lines[2]));
    }

    #[test]
    fn where_there_is_little_room_columns_go_and_then_names() {
        let check = |room: usize, head: &str, left_out: usize| {
            let lines = lines(Some(room));
            let titles: Vec<_> = lines[0].split_whitespace().collect();
            assert_eq!(titles.join(" "), head, "{lines:#?}");
            assert!(
                lines[..4].iter().all(|line| line.width() <= room),
                "{lines:#?}"
            );
            let names = lines.get(4).map_or(0, |note| note.split(", ").count());
            assert_eq!(names, left_out, "{lines:#?}");
        };
        let all = "Workspace Requests From store Errors Prompt Cached Completion Reasoning Tokens Cost Share";
        check(145, all, 0);
        check(
            110,
            "Workspace Requests Errors Prompt Completion Tokens Cost Share",
            3,
        );
        check(80, "Workspace Requests Tokens Cost Share", 6);
        check(24, "Workspace Cost", 9);
        let narrow = lines(Some(24));
        assert!(
            narrow[1].starts_with('…') && narrow[1].contains("frontend"),
            "{narrow:#?}"
        );
    }
}
