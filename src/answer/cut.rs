//! What is said of an answer that is not whole.

use super::markdown::{defanged, escaped};

/// The line that tells, in Markdown, that an answer is not whole, why, and what to do; `None` for one
/// that is. `finish` is why it ended, by the API's account, and nothing but `stop` says that it is
/// whole: of a reason that is not known, nobody knows what it left out.
pub fn cut(finish: Option<&str>) -> Option<String> {
    let said = match finish.unwrap_or_default() {
        "stop" => return None,
        "length" => {
            "Cut: the answer reached its greatest length. Ask about less, or raise `max_output_tokens`."
                .into()
        }
        "content_filter" => {
            "Cut: the API's filter stopped the answer. Ask in other words, or about something else."
                .into()
        }
        "" => "Perhaps cut: the API did not say that the answer is whole. Ask again.".into(),
        other => format!(
            "Cut: the answer did not end normally ({}). Ask again.",
            escaped(other)
        ),
    };
    Some(format!("*{said}*"))
}

/// What stands before that line.
pub const BEFORE_CUT: &str = "\n\n";

/// An answer to be shown: defanged, and in its last line that it is not whole, where it is not.
pub fn shown(answer: &str, finish: Option<&str>) -> String {
    let mut shown = defanged(answer);
    if let Some(line) = cut(finish) {
        shown.push_str(BEFORE_CUT);
        shown.push_str(&line);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ended_by_itself_is_whole() {
        let check = |finish: Option<&str>, words: &str| {
            let line = cut(finish).unwrap();
            assert!(line.contains(words) && line.starts_with('*'), "{line}");
            assert_eq!(shown("It adds", finish), format!("It adds\n\n{line}"));
        };
        assert_eq!(cut(Some("stop")), None);
        assert_eq!(shown("It adds.", Some("stop")), "It adds.");
        check(Some("length"), "`max_output_tokens`");
        check(Some("content_filter"), "filter");
        check(Some("tool_calls"), "(tool\\_calls)");
        check(Some("[a](command:b)*"), "(\\[a\\]");
        check(Some(""), "Perhaps");
        check(None, "Perhaps");
        // Also in what was left open.
        let line = cut(Some("length")).unwrap();
        let fenced = shown("```rust\nlet", Some("length"));
        assert_eq!(fenced, format!("```rust\nlet\n```\n\n{line}"));
    }
}
