//! Explains code by what its syntax tree shows, in Markdown.

use super::data::{self, Shown};
use super::definitions::{Definition, Shape};
use super::facts::{self, Facts, Tally};
use super::range::Range;
use super::words::{code, counted, in_english_only, list, names, one_line, shortened, times};
use crate::syntax::Language;

/// The first sentence is what editors show as a summary.
const SUMMARY: usize = 80;

/// What the stand-in says of a piece of code; `language` is what it should have said it in,
/// where that is not English.
pub fn explain(range: &Range<'_>, language: Option<&str>) -> String {
    let shown = range.language().and_then(|language| {
        data::shown(language, range.code).or_else(|| code_shown(language, range))
    });
    let source = if shown.is_some() {
        "the syntax tree"
    } else {
        "its text"
    };
    let shown = shown.unwrap_or_else(|| Shown {
        summary: plain_summary(range),
        points: plain_points(range.code),
        broken: false,
    });
    let mut paragraphs = vec![shortened(&shown.summary, SUMMARY)];
    paragraphs.extend(remarks(range, shown.broken));
    if !shown.points.is_empty() {
        paragraphs.push(shown.points.join("\n"));
    }
    paragraphs.push(format!(
        "*Answered by Gloss's offline stand-in from {source} alone; no model was asked.{}*",
        in_english_only(language)
    ));
    paragraphs.join("\n\n")
}

fn code_shown(language: Language, range: &Range<'_>) -> Option<Shown> {
    let facts = facts::facts(language, range.code)?;
    Some(Shown {
        summary: summary(language, &facts),
        points: points(&facts),
        broken: facts.broken,
    })
}

/// Where the code stands, and what the stand-in cannot do with it.
fn remarks(range: &Range<'_>, broken: bool) -> Option<String> {
    let place = match (&range.file, &range.lines) {
        (Some(file), Some(lines)) => Some(format!(
            "It stands in {}, {}.",
            code(file),
            spelled_lines(lines)
        )),
        (Some(file), None) => Some(format!("It stands in {}.", code(file))),
        _ => None,
    };
    let broken =
        broken.then(|| "It does not parse as it stands, so some of this may be missed.".to_owned());
    let question = range.question.then(|| {
        "To the question: the stand-in cannot reason; what it can do is show the structure."
            .to_owned()
    });
    let all: Vec<String> = [place, broken, question].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn spelled_lines(lines: &str) -> String {
    match lines.split_once('-') {
        Some((first, last)) if first == last => format!("line {}", one_line(first)),
        Some((first, last)) => format!("lines {} to {}", one_line(first), one_line(last)),
        None => format!("line {}", one_line(lines)),
    }
}

/// The first of the sentences that is short enough; they get less and less specific.
fn summary(language: Language, facts: &Facts) -> String {
    let sentences = match facts.definitions.as_slice() {
        [only] if facts.statements == 0 => definition_sentences(language, only, facts),
        _ => code_sentences(language, facts),
    };
    let fits = |sentence: &&String| sentence.chars().count() <= SUMMARY;
    sentences
        .iter()
        .find(fits)
        .or(sentences.last())
        .map(|sentence| shortened(sentence, SUMMARY))
        .unwrap_or_default()
}

fn definition_sentences(language: Language, definition: &Definition, facts: &Facts) -> Vec<String> {
    let head = if definition.name.is_empty() {
        format!("{} {}", language.name(), definition.noun)
    } else if definition.noun == "implementation" {
        format!(
            "{} implementation of {}",
            language.name(),
            code(&definition.name)
        )
    } else {
        format!(
            "{} {} {}",
            language.name(),
            definition.noun,
            code(&definition.name)
        )
    };
    let (counts, nothing) = match &definition.shape {
        Shape::Function { parameters, .. } => {
            let mut counts = some_of(&[(parameters.len(), "parameter", "parameters")]);
            counts.extend(flow(facts));
            (counts, Some("parameters, branches or loops"))
        }
        Shape::Type {
            fields,
            variants,
            methods,
            items,
        } => {
            let has_members = !matches!(
                definition.noun.as_str(),
                "type" | "type alias" | "macro" | "constant" | "static"
            );
            let counts = some_of(&[
                (fields.len(), "field", "fields"),
                (variants.len(), "variant", "variants"),
                (methods.len(), "method", "methods"),
                (items.len(), "item", "items"),
            ]);
            (counts, has_members.then_some("members"))
        }
    };
    let bare = format!("{} {} with a long name.", language.name(), definition.noun);
    let mut sentences = with_fewer_and_fewer(&head, &counts, nothing);
    sentences.push(bare);
    sentences
}

fn code_sentences(language: Language, facts: &Facts) -> Vec<String> {
    let mut parts = some_of(&[(facts.imports, "import", "imports")]);
    parts.extend(kinds(&facts.definitions));
    parts.extend(some_of(&[(facts.statements, "statement", "statements")]));
    let head = match (parts.is_empty(), list(&parts)) {
        (true, _) => format!("{} code without any statement", language.name()),
        (false, parts) => format!("{} code of {parts}", language.name()),
    };
    let mut sentences = with_fewer_and_fewer(&head, &flow(facts), None);
    sentences.push(format!(
        "{} code of {} on its outermost level.",
        language.name(),
        counted(
            facts.imports + facts.definitions.len() + facts.statements,
            "item",
            "items"
        )
    ));
    sentences
}

/// How many definitions there are of each noun.
fn kinds(definitions: &[Definition]) -> Vec<String> {
    let mut tally: Vec<(&str, usize)> = Vec::new();
    for definition in definitions {
        match tally.iter_mut().find(|(noun, _)| *noun == definition.noun) {
            Some((_, count)) => *count += 1,
            None => tally.push((&definition.noun, 1)),
        }
    }
    tally
        .into_iter()
        .map(|(noun, count)| counted(count, noun, &plural(noun)))
        .collect()
}

fn plural(noun: &str) -> String {
    if noun.ends_with('s') {
        format!("{noun}es")
    } else {
        format!("{noun}s")
    }
}

fn flow(facts: &Facts) -> Vec<String> {
    some_of(&[
        (facts.branches.total(), "branch", "branches"),
        (facts.loops.total(), "loop", "loops"),
    ])
}

fn some_of(counts: &[(usize, &str, &str)]) -> Vec<String> {
    counts
        .iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, singular, plural)| counted(*count, singular, plural))
        .collect()
}

/// The head with all counts, then with one fewer, down to the head alone.
fn with_fewer_and_fewer(head: &str, counts: &[String], nothing: Option<&str>) -> Vec<String> {
    let mut sentences: Vec<String> = (1..=counts.len())
        .rev()
        .filter_map(|many| counts.get(..many))
        .map(|counts| format!("{head} with {}.", list(counts)))
        .collect();
    if counts.is_empty()
        && let Some(nothing) = nothing
    {
        sentences.push(format!("{head} without {nothing}."));
    }
    sentences.push(format!("{head}."));
    sentences
}

/// The bullet points.
fn points(facts: &Facts) -> Vec<String> {
    let mut points = Vec::new();
    match facts.definitions.as_slice() {
        [only] => points.extend(definition_points(only)),
        several => {
            points.extend(named("Defines", &defined(several)));
        }
    }
    let arms = (facts.arms > 0).then(|| format!("; {} in all", counted(facts.arms, "arm", "arms")));
    points.extend(
        tallied("Branches", &facts.branches).map(|point| point + &arms.unwrap_or_default()),
    );
    points.extend(tallied("Loops", &facts.loops));
    points.extend(named("Calls", &facts.calls));
    points.extend(often("Returns early", facts.early_returns));
    points.extend(tallied("Ways to fail", &facts.failures));
    points.extend(often("Awaits", facts.awaits));
    if facts.nested > 0 {
        let inner = counted(facts.nested, "function or closure", "functions or closures");
        points.push(format!("- **Holds** {inner} of its own"));
    }
    points
}

/// The names defined, each once; an implementation defines none.
fn defined(definitions: &[Definition]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for Definition { noun, name, .. } in definitions {
        if noun != "implementation" && !name.is_empty() && !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn definition_points(definition: &Definition) -> Vec<String> {
    match &definition.shape {
        Shape::Function {
            parameters,
            returns,
        } => {
            let returns = returns
                .as_ref()
                .map(|returns| format!("- **Returns** {}", code(returns)));
            named("Takes", parameters)
                .into_iter()
                .chain(returns)
                .collect()
        }
        Shape::Type {
            fields,
            variants,
            methods,
            items,
        } => [
            named("Fields:", fields),
            named("Variants:", variants),
            named("Methods:", methods),
            named("Items:", items),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

fn named(label: &str, all: &[String]) -> Option<String> {
    (!all.is_empty()).then(|| format!("- **{label}** {}", names(all)))
}

fn often(label: &str, number: usize) -> Option<String> {
    (number > 0).then(|| format!("- **{label}** {}", times(number)))
}

fn tallied(label: &str, tally: &Tally) -> Option<String> {
    let parts: Vec<String> = tally
        .0
        .iter()
        .map(|(what, count)| format!("{count} × {what}"))
        .collect();
    (!parts.is_empty()).then(|| format!("- **{label}:** {}", parts.join(", ")))
}

fn plain_summary(range: &Range<'_>) -> String {
    let lines = counted(range.code.lines().count(), "line", "lines");
    let words = counted(range.code.split_whitespace().count(), "word", "words");
    let known = range
        .info
        .chars()
        .all(|character| character.is_ascii_alphanumeric())
        && range.info.len() <= 16;
    match range.info.to_ascii_lowercase().as_str() {
        "" | "text" | "plaintext" | "txt" => format!("Plain text of {lines} and {words}."),
        _ if known => format!("Text in {} of {lines} and {words}.", code(&range.info)),
        _ => format!("Text of {lines} and {words}."),
    }
}

fn plain_points(text: &str) -> Vec<String> {
    let first: Vec<&str> = text.split_whitespace().take(8).collect();
    let longest = text
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let blank = text.lines().filter(|line| line.trim().is_empty()).count();
    let mut points = Vec::new();
    if !first.is_empty() {
        points.push(format!("- **Begins with** {}", code(&first.join(" "))));
        points.push(format!(
            "- **Longest line:** {}",
            counted(longest, "character", "characters")
        ));
    }
    if blank > 0 {
        points.push(format!("- **Blank lines:** {blank}"));
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range<'a>(info: &str, code: &'a str) -> Range<'a> {
        Range {
            code,
            info: info.into(),
            file: None,
            lines: None,
            question: false,
        }
    }

    #[test]
    fn the_first_sentence_says_what_the_tree_shows() {
        let check = |info: &str, code: &str, expected: &str| {
            let answer = explain(&range(info, code), None);
            assert_eq!(answer.lines().next(), Some(expected), "{code}");
        };
        check(
            "rust",
            "fn offset(a: A, b: B, c: C) { if a {} if b {} for d in c {} }",
            "Rust function `offset` with 3 parameters, 2 branches and 1 loop.",
        );
        check(
            "rs",
            "fn main() {}",
            "Rust function `main` without parameters, branches or loops.",
        );
        check(
            "rust",
            "impl A for B { fn c(&self) {} }",
            "Rust implementation of `A for B` with 1 method.",
        );
        check("rust", "type A = B;", "Rust type alias `A`.");
        check("rust", "struct A;", "Rust struct `A` without members.");
        check(
            "rust",
            "use a;\nfn b() {}\nfn c() {}\nstruct D;",
            "Rust code of 1 import, 2 functions and 1 struct.",
        );
        check(
            "rust",
            "let a = 1;\nif a {}",
            "Rust code of 2 statements with 1 branch.",
        );
        check("rust", "// nothing", "Rust code without any statement.");
        check(
            "py",
            "class A(B):\n    x = 1\n    def f(self): pass",
            "Python class `A` with 1 field and 1 method.",
        );
        check(
            "go",
            "func (s S) F(a int) {}",
            "Go method `F` with 1 parameter.",
        );
        check(
            "jsx",
            "const F = () => <a/>",
            "JavaScript function `F` without parameters, branches or loops.",
        );
        check(
            "ts",
            "interface I { a: A; b: B }",
            "TypeScript interface `I` with 2 fields.",
        );
        check(
            "tsx",
            "export async function f(a) {}",
            "TSX async function `f` with 1 parameter.",
        );
        check("", "one two\nthree", "Plain text of 2 lines and 3 words.");
        check("d", "int x;", "Text in `d` of 1 line and 2 words.");
        check("json", "[1]", "JSON text with 1 list.");
        check("", "", "Plain text of 0 lines and 0 words.");
    }

    #[test]
    fn a_whole_explanation_reads_as_prose() {
        let code = "\
pub fn offset(text: &Rope, mut position: Position) -> Result<usize> {
    if position.line > text.len_lines() { return Ok(0); }
    let line = text.get_line(position.line)?;
    for c in line.chars() { position.step(c); }
    match position { A => {} B => {} }
    Ok(line.len())
}";
        let range = Range {
            file: Some("src/a.rs".into()),
            lines: Some("10-16".into()),
            question: true,
            ..range("rust", code)
        };
        let expected = "\
Rust function `offset` with 2 parameters, 2 branches and 1 loop.

It stands in `src/a.rs`, lines 10 to 16. To the question: the stand-in cannot reason; what it can do is show the structure.

- **Takes** `text` and `position`
- **Returns** `Result<usize>`
- **Branches:** 1 × `if`, 1 × `match`; 2 arms in all
- **Loops:** 1 × `for`
- **Calls** `text.len_lines`, `text.get_line`, `line.chars`, `position.step` and `line.len`
- **Returns early** once
- **Ways to fail:** 1 × `?`

*Answered by Gloss's offline stand-in from the syntax tree alone; no model was asked.*";
        assert_eq!(explain(&range, None), expected);
    }

    #[test]
    fn long_names_shorten_the_first_sentence() {
        let long = "a".repeat(40);
        let code = format!("fn {long}(a: A) {{ if a {{}} loop {{}} }}");
        let answer = explain(&range("rust", &code), None);
        assert_eq!(
            answer.lines().next(),
            Some(format!("Rust function `{long}` with 1 parameter.").as_str())
        );
    }

    #[test]
    fn code_that_does_not_parse_is_said_not_to() {
        let answer = explain(&range("rust", "fn f( {{{"), None);
        assert!(answer.contains("does not parse"), "{answer}");
    }

    proptest! {
        #[test]
        fn any_text_gets_a_short_summary_and_the_words_offline_stand_in(
            info in prop::sample::select(vec!["rust", "go", "py", "js", "ts", "tsx", "", "c", "cpp", "cs", "java", "rb", "php", "sh", "lua", "json", "html", "css", "toml", "yaml", "d"]),
            code in "(fn|def|class|func|let|if|for|[a-z(){}:;=`\"'\\n ]|ż){0,40}",
        ) {
            let answer = explain(&range(info, &code), None);
            let first = answer.lines().next().unwrap_or_default();
            prop_assert!(!first.is_empty() && first.chars().count() <= 80, "{}", first);
            prop_assert!(answer.ends_with("offline stand-in from the syntax tree alone; no model was asked.*")
                || answer.ends_with("offline stand-in from its text alone; no model was asked.*"));
        }
    }
}
