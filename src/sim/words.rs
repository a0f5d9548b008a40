//! Small pieces of English and Markdown: plurals, lists, code spans.

/// `1 branch`, `2 branches`.
pub fn counted(number: usize, singular: &str, plural: &str) -> String {
    let noun = if number == 1 { singular } else { plural };
    format!("{number} {noun}")
}

/// `once`, `twice`, `5 times`.
pub fn times(number: usize) -> String {
    match number {
        1 => "once".into(),
        2 => "twice".into(),
        _ => format!("{number} times"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The names as code, at most twelve, the rest as a number.
pub fn names(names: &[String]) -> String {
    const MOST: usize = 12;
    let mut items: Vec<String> = names.iter().take(MOST).map(|name| code(name)).collect();
    if names.len() > MOST {
        items.push(format!("{} more", names.len() - MOST));
    }
    list(&items)
}

/// `text` as a Markdown code span on one line, shortened where it is long.
pub fn code(text: &str) -> String {
    let text = shortened(&one_line(text), 60);
    let ticks = "`".repeat(longest_run_of_backticks(&text) + 1);
    // CommonMark takes one blank off each side where both have one, so that a
    // span can begin or end with a backtick.
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// What the stand-in says where it should have answered in a language that is not English.
pub fn in_english_only(language: Option<&str>) -> String {
    language.map_or_else(String::new, |language| {
        format!(" It answers in English only, not in {}.", code(language))
    })
}

/// `text` with every run of white space as one blank.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters of `text`, the last an ellipsis where it was cut.
pub fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The length of the longest run of backticks in `text`.
pub fn longest_run_of_backticks(text: &str) -> usize {
    text.split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_lists_read_as_english() {
        assert_eq!(counted(1, "branch", "branches"), "1 branch");
        assert_eq!(counted(0, "loop", "loops"), "0 loops");
        assert_eq!(times(1) + &times(2) + &times(3), "oncetwice3 times");
        let items = |count: usize| list(&["a", "b", "c"].map(String::from)[..count]);
        assert_eq!(
            [items(0), items(1), items(2), items(3)],
            ["", "a", "a and b", "a, b and c"]
        );
        let many: Vec<String> = (0..14).map(|number| number.to_string()).collect();
        assert!(names(&many).ends_with("`11` and 2 more"));
    }

    #[test]
    fn code_spans_hold_any_text() {
        let check = |text: &str, expected: &str| assert_eq!(code(text), expected);
        check("a", "`a`");
        check("a`b", "``a`b``");
        check("`a``", "``` `a`` ```");
        check("a\n  b", "`a b`");
        check(&"x".repeat(70), &format!("`{}…`", "x".repeat(59)));
    }
}
