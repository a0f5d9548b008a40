//! Charts of shares: who or what the cost goes to, and how much of the prompts came from the cache.

use std::collections::BTreeMap;

use crate::store::Totals;

use super::super::table::{Measure, thousands};
use super::{escaped, percent, share};

/// More than these would be a list, and the table is one.
const MAX_BARS: usize = 12;

/// A bar for each name, from the dearest.
pub(super) fn chart(
    title: &str,
    head: &str,
    groups: &BTreeMap<String, Totals>,
    measure: Measure,
) -> String {
    let mut groups: Vec<(&String, u64)> = groups
        .iter()
        .map(|(name, sums)| (name, measure.value(sums)))
        .collect();
    groups.sort_by_key(|(_, value)| std::cmp::Reverse(*value));
    let greatest = groups.first().map_or(0, |(_, value)| *value);
    let bars: String = groups
        .iter()
        .take(MAX_BARS)
        .map(|(name, value)| row(name, share(*value, greatest), &measure.words(*value)))
        .collect();
    let more = match groups.len().saturating_sub(MAX_BARS) {
        0 => String::new(),
        more => format!("<p>and {} more</p>\n", thousands(more as u64)),
    };
    table(title, head, measure.name(), &bars) + &more + "</section>\n"
}

/// How much of each model's prompts was billed at the cached price.
pub(super) fn cache(models: &BTreeMap<String, Totals>) -> String {
    let bars: String = models
        .iter()
        .filter(|(_, sums)| sums.prompt_tokens > 0)
        .take(MAX_BARS)
        .map(|(name, sums)| {
            let (cached, prompt) = (sums.cached_tokens, sums.prompt_tokens);
            row(name, share(cached, prompt), &percent(cached, prompt))
        })
        .collect();
    if bars.is_empty() {
        return String::new();
    }
    table("Prompt tokens from the cache", "Model", "share", &bars) + "</section>\n"
}

/// `bar` is in thousandths of the longest.
fn row(name: &str, bar: u64, figure: &str) -> String {
    let name = escaped(name);
    format!(
        "<tr><th scope=\"row\" title=\"{name}\"><bdi>{name}</bdi></th>\
         <td><svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 1000 1\" preserveAspectRatio=\"none\">\
         <rect width=\"{bar}\" height=\"1\"/></svg></td><td class=\"figure\">{}</td></tr>\n",
        escaped(figure)
    )
}

fn table(title: &str, head: &str, figure: &str, bars: &str) -> String {
    let title = escaped(title);
    format!(
        "<section>\n<h2>{title}</h2>\n<table class=\"bars\"><thead><tr><th scope=\"col\">{head}</th>\
         <td></td><th scope=\"col\" class=\"figure\">{figure}</th></tr></thead>\n<tbody>\n{bars}</tbody></table>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::models::TICKS_PER_USD;

    fn groups(sums: &[(&str, u64, u64)]) -> BTreeMap<String, Totals> {
        let group = |(name, cost_ticks, total_tokens): &(&str, u64, u64)| {
            let sums = Totals {
                cost_ticks: *cost_ticks,
                total_tokens: *total_tokens,
                ..Totals::default()
            };
            ((*name).to_owned(), sums)
        };
        sums.iter().map(group).collect()
    }

    #[test]
    fn bars_are_measured_against_the_greatest() {
        let check = |sums: &[(&str, u64, u64)], measure: Measure, expected: &[&str]| {
            let chart = chart("By action", "Action", &groups(sums), measure);
            let mut rest = chart.as_str();
            for part in expected {
                let at = rest.find(part);
                assert!(at.is_some(), "{part}: {chart}");
                rest = &rest[at.unwrap()..];
            }
        };
        check(
            &[("a", 0, 250), ("b", 0, 1_000)],
            Measure::Tokens,
            &[
                "<bdi>b<",
                "width=\"1000\"",
                "1,000 tokens",
                "<bdi>a<",
                "width=\"250\"",
            ],
        );
        check(
            &[("a", TICKS_PER_USD, 1), ("b", TICKS_PER_USD / 2, 900)],
            Measure::Cost,
            &[
                "<bdi>a<",
                "width=\"1000\"",
                "$1.0000",
                "<bdi>b<",
                "width=\"500\"",
            ],
        );
    }

    #[test]
    fn what_is_too_much_to_draw_is_counted() {
        let names: Vec<String> = (0..15).map(|number| format!("w{number}")).collect();
        let sums: Vec<_> = names.iter().map(|name| (name.as_str(), 1, 1)).collect();
        let chart = chart("By workspace", "Workspace", &groups(&sums), Measure::Cost);
        assert_eq!(chart.matches("<rect").count(), MAX_BARS);
        assert!(chart.contains("and 3 more"));
    }

    #[test]
    fn the_cache_is_a_share_of_the_prompts() {
        let sums = |prompt_tokens: u64, cached_tokens: u64| Totals {
            prompt_tokens,
            cached_tokens,
            ..Totals::default()
        };
        let models = [
            ("a".into(), sums(1_000, 645)),
            ("unused".into(), sums(0, 0)),
        ];
        let chart = cache(&models.into());
        assert!(
            chart.contains("width=\"645\"") && chart.contains("64.5 %"),
            "{chart}"
        );
        assert!(!chart.contains("unused"), "{chart}");
        assert_eq!(cache(&BTreeMap::new()), "");
    }
}
