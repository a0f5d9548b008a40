//! The chart of how long answers took: the median, and what 95 of 100 stayed within.

use std::collections::BTreeMap;

use crate::store::Latency;

use super::{escaped, share};

pub(super) fn chart(latencies: &BTreeMap<String, Latency>) -> String {
    let greatest = latencies
        .values()
        .flat_map(|latency| [latency.total(95), latency.first_token(95)])
        .flatten()
        .max()
        .unwrap_or(0);
    let rows: String = latencies
        .iter()
        .flat_map(|(model, latency)| {
            let first = (latency.first_token(50), latency.first_token(95));
            let whole = (latency.total(50), latency.total(95));
            [
                row(model, "first token", first, greatest),
                row("", "whole answer", whole, greatest),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    format!(
        "<section>\n<h2>How long answers took</h2>\n<div class=\"scroll\"><table class=\"speed\"><thead><tr><th scope=\"col\">Model</th><td class=\"what\"></td><td></td>\
         <th scope=\"col\" class=\"figure\">median</th><th scope=\"col\" class=\"figure\" title=\"what 95 of 100 stayed within\">95 %</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n</section>\n"
    )
}

fn row(
    model: &str,
    what: &str,
    (median, most): (Option<u64>, Option<u64>),
    greatest: u64,
) -> String {
    let (Some(median), Some(most)) = (median, most) else {
        return String::new();
    };
    let name = if model.is_empty() {
        "<td></td>".to_owned()
    } else {
        let model = escaped(model);
        format!("<th scope=\"row\" title=\"{model}\">{model}</th>")
    };
    format!(
        "<tr>{name}<td>{what}</td><td><svg class=\"bar\" aria-hidden=\"true\" viewBox=\"0 0 1000 1\" \
         preserveAspectRatio=\"none\"><rect class=\"soft\" width=\"{}\" height=\"1\"/><rect width=\"{}\" height=\"1\"/></svg></td>\
         <td class=\"figure\">{}</td><td class=\"figure\">{}</td></tr>\n",
        share(most, greatest),
        share(median, greatest),
        seconds(median),
        seconds(most),
    )
}

/// Milliseconds as seconds: `0.12 s`.
fn seconds(milliseconds: u64) -> String {
    let hundredths = milliseconds.saturating_add(5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_has_a_bar_for_the_first_token_and_one_for_the_whole() {
        let latencies = [
            ("a".to_owned(), Latency::of(&[100, 400], &[1_000, 2_000])),
            ("silent".to_owned(), Latency::of(&[], &[])),
        ];
        let chart = chart(&latencies.into());
        for part in [
            "first token</td>",
            "class=\"soft\" width=\"200\" height=\"1\"/><rect width=\"50\"",
            "0.10 s</td><td class=\"figure\">0.40 s",
            "whole answer</td>",
            "class=\"soft\" width=\"1000\" height=\"1\"/><rect width=\"500\"",
            "1.00 s</td><td class=\"figure\">2.00 s",
        ] {
            assert!(chart.contains(part), "{part}: {chart}");
        }
        assert!(!chart.contains("silent"), "{chart}");
        assert_eq!(super::chart(&BTreeMap::new()), "");
    }
}
