//! The chart of days: a bar for each, stacked by model.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::llm::models::TICKS_PER_USD;
use crate::store::{Overview, Totals};

use super::super::table::Measure;
use super::{escaped, share};

/// Bars that fit side by side and can still be told apart.
const MAX_DAYS: usize = 92;
/// Colours that can be told apart; the last is for all other models.
const COLOURS: usize = 7;

/// Of the drawing, in its own unit.
const WIDTH: u64 = 900;
const LEFT: u64 = 64;
/// Half the date under the last bar.
const RIGHT: u64 = 18;
const TOP: u64 = 10;
const HEIGHT: u64 = 190;

pub(super) fn chart(overview: &Overview, measure: Measure) -> String {
    let days = days(&overview.days);
    let (Some((first, _)), Some((last, _))) = (days.first(), days.last()) else {
        return String::new();
    };
    let models = models(&overview.models, measure);
    let left_out = if overview.days.keys().next() < Some(first) {
        format!("<p>The last {MAX_DAYS} days.</p>\n")
    } else {
        String::new()
    };
    format!(
        "<section>\n<h2>By day and model, {}</h2>\n{left_out}<div class=\"scroll\">\
         <svg class=\"days\" role=\"img\" viewBox=\"0 0 {WIDTH} {}\">\
         <title>{} of each day from {first} to {last}, stacked by model</title>{}</svg></div>\n{}{}</section>\n",
        measure.name(),
        TOP + HEIGHT + 26,
        capitalised(measure.name()),
        drawing(&days, &models, measure),
        legend(&models, &overview.models, measure),
        figures(&days, &models, measure),
    )
}

/// The models from the dearest, those that share the last colour under one name.
struct Models {
    names: Vec<String>,
    others: bool,
}

fn models(all: &BTreeMap<String, Totals>, measure: Measure) -> Models {
    let mut names: Vec<&String> = all.keys().collect();
    let value = |name: &String| all.get(name).map_or(0, |sums| measure.value(sums));
    names.sort_by_key(|name| std::cmp::Reverse(value(name)));
    names.retain(|name| value(name) > 0);
    let others = names.len() > COLOURS;
    names.truncate(if others { COLOURS - 1 } else { COLOURS });
    Models {
        names: names.into_iter().cloned().collect(),
        others,
    }
}

impl Models {
    /// What these sums come to, by colour.
    fn parts(&self, sums: &BTreeMap<String, Totals>, measure: Measure) -> Vec<u64> {
        let value = |name: &String| sums.get(name).map_or(0, |sums| measure.value(sums));
        let mut parts: Vec<u64> = self.names.iter().map(value).collect();
        if self.others {
            let known: u64 = parts.iter().sum();
            parts.push(total(sums, measure).saturating_sub(known));
        }
        parts
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let others = self.others.then_some("others");
        self.names.iter().map(String::as_str).chain(others)
    }
}

fn total(sums: &BTreeMap<String, Totals>, measure: Measure) -> u64 {
    sums.values()
        .map(|sums| measure.value(sums))
        .fold(0, u64::saturating_add)
}

type Day<'a> = (Date, Option<&'a BTreeMap<String, Totals>>);

/// The last days with those between them on which nothing was asked.
fn days(known: &BTreeMap<Date, BTreeMap<String, Totals>>) -> Vec<Day<'_>> {
    let (Some(first), Some(last)) = (known.keys().next(), known.keys().next_back()) else {
        return Vec::new();
    };
    let mut days: Vec<Day<'_>> = std::iter::successors(Some(*last), |day| day.yesterday().ok())
        .take_while(|day| day >= first)
        .take(MAX_DAYS)
        .map(|day| (day, known.get(&day)))
        .collect();
    days.reverse();
    days
}

fn drawing(days: &[Day<'_>], models: &Models, measure: Measure) -> String {
    let value = |day: &Day<'_>| day.1.map_or(0, |sums| total(sums, measure));
    let greatest = days.iter().map(value).max().unwrap_or(0);
    let step = step(greatest, measure);
    let top = greatest.div_ceil(step).max(1) * step;
    let lines = (0..=top / step).map(|line| line * step);
    let grid: String = lines
        .map(|value| {
            let y = TOP + HEIGHT - share(value, top) * HEIGHT / 1000;
            format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LEFT - 8,
                y + 4,
                escaped(&measure.short(value, step))
            )
        })
        .collect();
    // A few days would otherwise become a few walls.
    let slots = days.len().max(14) as u64;
    let each = (WIDTH - LEFT - RIGHT) * 100 / slots;
    // As many dates as can stand side by side.
    let every = (slots * 52).div_ceil(WIDTH - LEFT - RIGHT).max(1);
    let bars: String = days
        .iter()
        .zip(0_u64..)
        .map(|((day, sums), index)| {
            let x = LEFT * 100 + index * each + each / 10;
            let stack = sums.map_or_else(String::new, |sums| {
                stack(
                    *day,
                    &models.parts(sums, measure),
                    models,
                    measure,
                    top,
                    (x, each * 8 / 10),
                )
            });
            let date = if index.is_multiple_of(every) {
                let month_and_day = day.strftime("%b %-d");
                format!(
                    "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{month_and_day}</text>",
                    hundredths(x + each * 4 / 10),
                    TOP + HEIGHT + 18,
                )
            } else {
                String::new()
            };
            stack + &date
        })
        .collect();
    grid + &bars
}

/// One day's bar; places and widths are in hundredths.
fn stack(
    day: Date,
    parts: &[u64],
    models: &Models,
    measure: Measure,
    top: u64,
    (x, width): (u64, u64),
) -> String {
    let mut below = 0_u64;
    let height = |value: u64| u128::from(value) * u128::from(HEIGHT) * 100 / u128::from(top.max(1));
    let height = |value: u64| u64::try_from(height(value)).unwrap_or(HEIGHT * 100);
    parts
        .iter()
        .zip(models.names())
        .enumerate()
        .filter(|(_, (value, _))| **value > 0)
        .map(|(colour, (value, name))| {
            let (low, high) = (height(below), height(below.saturating_add(*value)));
            below = below.saturating_add(*value);
            format!(
                "<rect class=\"m{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{day}, {}: {}</title></rect>",
                if name == "others" { COLOURS - 1 } else { colour },
                hundredths(x),
                hundredths((TOP + HEIGHT) * 100 - high),
                hundredths(width),
                hundredths(high - low),
                escaped(name),
                escaped(&measure.words(*value)),
            )
        })
        .collect()
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// The distance of lines that are round, and at most five up to `greatest`.
fn step(greatest: u64, measure: Measure) -> u64 {
    // No line for less than a hundredth of a cent.
    let least = match measure {
        Measure::Cost => TICKS_PER_USD / 10_000,
        Measure::Tokens => 1,
    };
    let powers = std::iter::successors(Some(least), |power| power.checked_mul(10));
    let mut steps = powers.flat_map(|power| [1, 2, 5].map(|times| power.saturating_mul(times)));
    steps
        .find(|step| greatest.div_ceil(*step) <= 4)
        .unwrap_or(u64::MAX)
}

fn legend(models: &Models, sums: &BTreeMap<String, Totals>, measure: Measure) -> String {
    let entries: String = models
        .parts(sums, measure)
        .iter()
        .zip(models.names())
        .enumerate()
        .map(|(colour, (value, name))| {
            let colour = if name == "others" { COLOURS - 1 } else { colour };
            format!(
                "<li><svg aria-hidden=\"true\" viewBox=\"0 0 1 1\"><rect class=\"m{colour}\" width=\"1\" height=\"1\"/></svg>\
                 {} <span>{}</span></li>",
                escaped(name),
                escaped(&measure.words(*value))
            )
        })
        .collect();
    format!("<ul class=\"legend\">{entries}</ul>\n")
}

/// The same in figures, for those who cannot see it.
fn figures(days: &[Day<'_>], models: &Models, measure: Measure) -> String {
    let head: String = models
        .names()
        .map(|name| format!("<th scope=\"col\" class=\"figure\">{}</th>", escaped(name)))
        .collect();
    let rows: String = days
        .iter()
        .filter_map(|(day, sums)| Some((day, (*sums)?)))
        .map(|(day, sums)| {
            let cells: String = models
                .parts(sums, measure)
                .into_iter()
                .map(|value| {
                    format!(
                        "<td class=\"figure\">{}</td>",
                        escaped(&measure.words(value))
                    )
                })
                .collect();
            format!("<tr><th scope=\"row\">{day}</th>{cells}</tr>\n")
        })
        .collect();
    format!(
        "<details><summary>These days in figures</summary><div class=\"scroll\"><table>\n\
         <thead><tr><th scope=\"col\">Day</th>{head}</tr></thead>\n<tbody>{rows}</tbody></table></div></details>\n"
    )
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn overview(rows: &[(&str, &str, u64)]) -> Overview {
        let mut overview = Overview::default();
        for (day, model, ticks) in rows {
            let sums = || Totals {
                cost_ticks: *ticks,
                total_tokens: 1,
                ..Totals::default()
            };
            let day = overview.days.entry(day.parse().unwrap()).or_default();
            day.insert((*model).to_owned(), sums());
            let all = overview.models.entry((*model).to_owned()).or_default();
            all.cost_ticks += ticks;
        }
        overview
    }

    #[test]
    fn days_without_requests_leave_a_gap() {
        let overview = overview(&[("2026-02-27", "a", 10), ("2026-03-02", "a", 5)]);
        let found: Vec<String> = days(&overview.days)
            .iter()
            .map(|(day, sums)| format!("{day} {}", sums.is_some()))
            .collect();
        assert_eq!(
            found,
            [
                "2026-02-27 true",
                "2026-02-28 false",
                "2026-03-01 false",
                "2026-03-02 true"
            ]
        );
    }

    #[test]
    fn only_the_last_days_are_drawn() {
        let overview = overview(&[("0001-01-01", "a", 9), ("2026-03-02", "a", 5)]);
        let days = days(&overview.days);
        let last: Date = "2026-03-02".parse().unwrap();
        let first = last.saturating_sub((MAX_DAYS as i64 - 1).days());
        assert_eq!(
            (days.len(), days[0].0, days[MAX_DAYS - 1].0),
            (MAX_DAYS, first, last)
        );
        assert!(chart(&overview, Measure::Cost).contains("The last 92 days"));
    }

    #[test]
    fn a_day_is_stacked_from_the_dearest_model_up() {
        let dollars = |number: u64| number * TICKS_PER_USD;
        let overview = overview(&[
            ("2026-03-01", "small", dollars(1)),
            ("2026-03-01", "great", dollars(3)),
        ]);
        let chart = chart(&overview, Measure::Cost);
        // The axis ends at $4: three quarters of 190, and a quarter on top.
        for part in [
            "class=\"m0\" x=\"69.84\" y=\"57.50\" width=\"46.73\" height=\"142.50\"",
            "class=\"m1\" x=\"69.84\" y=\"10.00\" width=\"46.73\" height=\"47.50\"",
            "<title>2026-03-01, great: $3.0000</title>",
            ">$4.00</text>",
            ">Mar 1</text>",
            "great <span>$3.0000</span>",
            "<th scope=\"row\">2026-03-01</th><td class=\"figure\">$3.0000</td><td class=\"figure\">$1.0000</td>",
        ] {
            assert!(chart.contains(part), "{part}: {chart}");
        }
    }

    #[test]
    fn every_date_has_room() {
        for count in [1, 13, 14, 16, 46, 92] {
            let last: Date = "2026-11-30".parse().unwrap();
            let first = last
                .saturating_sub((i64::from(count) - 1).days())
                .to_string();
            let overview = overview(&[(&first, "a", 9), ("2026-11-30", "a", 5)]);
            let chart = chart(&overview, Measure::Cost);
            let dates = chart
                .split("<text x=\"")
                .filter(|text| text.contains("middle"));
            let places: Vec<f64> = dates
                .map(|text| text.split('"').next().unwrap().parse().unwrap())
                .collect();
            let [first, last] = [places.first(), places.last()].map(|place| *place.unwrap());
            assert!(first >= 20.0 && last + 20.0 <= 900.0, "{count}: {places:?}");
            assert!(
                places.windows(2).all(|two| two[0] + 40.0 < two[1]),
                "{count}"
            );
        }
    }

    #[test]
    fn models_past_the_colours_are_one() {
        let names: Vec<String> = (0..9).map(|number| format!("model-{number}")).collect();
        let rows: Vec<_> = names
            .iter()
            .map(|name| ("2026-03-01", name.as_str(), 7))
            .collect();
        let overview = overview(&rows);
        let models = models(&overview.models, Measure::Cost);
        let parts = models.parts(&overview.models, Measure::Cost);
        assert_eq!(parts, [7, 7, 7, 7, 7, 7, 21]);
        assert_eq!(models.names().last(), Some("others"));
    }

    #[test]
    fn lines_are_round_and_few() {
        let cent = TICKS_PER_USD / 100;
        for (measure, greatest, expected) in [
            (Measure::Cost, 0, TICKS_PER_USD / 10_000),
            (Measure::Cost, 7 * cent, 2 * cent),
            (Measure::Cost, 399 * cent, 100 * cent),
            (Measure::Cost, 401 * cent, 200 * cent),
            (Measure::Tokens, 3, 1),
            (Measure::Tokens, 123_456, 50_000),
        ] {
            assert_eq!(step(greatest, measure), expected, "{greatest}");
        }
    }
}
