//! Finds lines that stand for code which was not sent: "rest unchanged", "...".

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::syntax::Language;

/// What says that something was left out: alone on its line where it begins with an ellipsis, else
/// as a whole comment. Its classes are those of ASCII: with Unicode's letters, sixty times over, it
/// takes 3.7 MB.
static PLACEHOLDER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi-u)
        (?: ^ | (?: // | /\* | \# | -- | <!-- | ^[;%] ) ) \s* [\[(<{]? \s* (?: \.{3} | … )
        (?:
            \s* (?: \*/ | --> | [\])>}] | \s )* $
          | [\s(]* (?: the\s )? (?: rest | remain\w* | exist\w+ | unchanged | same | other | previous
                | original | omitted | snip | more | keep | code | as\s before | implementation ) \b (?u: .* )
        )
      | (?: // | /\* | \# | -- | <!-- | ^[;%] ) \s* [\[(<{]? \s*
        (?:
            (?: the\s | all\s )? (?: rest | remain\w* | exist\w+ | previous | other | original ) \b (?: [\w\s,'/-] | (?u: [^\x00-\x7f…] ) ){0,60}
                (?: unchanged | unmodified | as\s (?: before | is | it\s was )
                  | (?: the | stays | is | are | remains? ) \s (?: the\s )? same
                  | omitted | goes\s here | code\s here | \.{3} | … )
          | (?: unchanged | omitted | snip (?: ped )? | no\s changes? (?: \s here )?
                | same\s as\s (?: before | above | the\s original ) | code\s (?: unchanged | omitted )
                | omitted\s for\s brevity | existing\s code )
            (?: [\s.] | … )* (?: \*/ | --> | [\])>}] | \s )* $
        )",
    )
    .ok()
});

/// Whether a line of `new` stands for code, and does not stand in `old` too.
pub(super) fn has_placeholder(new: &str, old: &str, language: Option<Language>) -> bool {
    let Some(placeholder) = PLACEHOLDER.as_ref() else {
        return false;
    };
    let known: HashSet<&str> = old.lines().map(str::trim).collect();
    new.lines().map(str::trim).any(|line| {
        // What is cheap to ask comes first: few lines are new and hold a comment.
        !known.contains(line)
            && may_hold_one(line)
            && placeholder.is_match(line)
            && !(line == "..." && is_stub(new, old, language))
    })
}

fn may_hold_one(line: &str) -> bool {
    line.starts_with([';', '%'])
        || ["...", "…", "//", "/*", "#", "--"]
            .iter()
            .any(|mark| line.contains(mark))
}

/// In Python `...` is a statement; it leaves nothing out where no line is missing.
fn is_stub(new: &str, old: &str, language: Option<Language>) -> bool {
    let count = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    language == Some(Language::Python) && count(new) >= count(old)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_code_is_told_from_what_speaks_of_it() {
        let check = |line: &str, expected: bool| {
            let found = has_placeholder(line, "x\ny\n", Some(Language::Rust));
            assert_eq!(found, expected, "{line:?}");
        };
        for line in [
            "...",
            "    …",
            "// ...",
            "# ... rest of the function",
            "// ... existing code ...",
            "/* unchanged */",
            "fn a() { /* ... */ }",
            "<!-- rest unchanged -->",
            "-- rest of the code remains the same",
            "// rest unchanged",
            "# The rest of the class stays the same",
            "// [other methods unchanged]",
            "{/* ... */}",
            "// (omitted for brevity)",
            "# no changes",
            "// Existing code here",
            "let a = 1; // ... same as before",
            "// The rest of the Größenprüfung is unchanged",
            "// omitted ……",
        ] {
            check(line, true);
        }
        for line in [
            "f(...args)",
            "let a = [...b];",
            "// Waits for the rest of the bytes.",
            "// The existing entries win.",
            "print(\"...\")",
            "\"Loading...\"",
            "// and so on...",
            "case 1...5: // an unchanged value is skipped",
            "let rest = unchanged;",
            "func(a ...int)",
            "# Same order as the file's.",
        ] {
            check(line, false);
        }
        assert!(!has_placeholder("x\n// ...", "y\n  // ...", None));
        assert!(!has_placeholder(
            "def a():\n    ...",
            "def a():\n    pass",
            Some(Language::Python)
        ));
        assert!(has_placeholder(
            "def a():\n    ...",
            "def a():\n    b()\n    c()",
            Some(Language::Python)
        ));
    }
}
