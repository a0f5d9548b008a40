//! Explain every function of a file: many in one question, each with an answer of its own.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use super::FENCE_OF_TRUST;
use crate::prompt::{Part, Prompt, Schema, estimate_tokens, marked};

/// Most functions that are asked about at once.
pub const MOST: usize = 20;

/// Most that one explanation may cost, in tokens of visible text.
const TOKENS_EACH: u32 = 250;

/// What stands around the functions.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The path from the workspace, with `/`.
    pub path: &'a str,
    /// What a code block of this language is opened with.
    pub fence: &'a str,
    /// The signatures in the file; `None` where only what is asked about may be told.
    pub outline: Option<&'a str>,
    /// The user's own guidance, marked.
    pub guidance: Option<&'a str>,
}

/// A function to explain.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its number in the file, by which it is answered.
    pub id: usize,
    /// First and last line, as `10-24`.
    pub lines: String,
    /// With the indentation of its first line.
    pub code: String,
}

/// What was said of a function.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Said {
    pub id: usize,
    /// In Markdown, as it came.
    pub explanation: String,
}

/// What functions are asked about with, all parts but they in the same order for each question.
pub fn prompt(file: File<'_>, functions: &[Function], answer_language: &str) -> Prompt {
    let outline = file.outline.filter(|outline| !outline.trim().is_empty());
    let outline = outline.map(|outline| {
        let attributes = [("file", file.path), ("language", file.fence)];
        marked("outline", &attributes, outline)
    });
    let task = format!(
        "Explain each of the {} ranges that follow, by the `id` in its tag.",
        functions.len()
    );
    let texts = [file.guidance.map(str::to_owned), outline, Some(task)];
    let ranges = functions.iter().map(|function| range(file, function));
    Prompt {
        instructions: format!(
            "{INSTRUCTIONS}\n\n{FENCE_OF_TRUST}\n\nAnswer in this language: {answer_language}."
        ),
        parts: texts
            .into_iter()
            .flatten()
            .chain(ranges)
            .map(Part::Text)
            .collect(),
        schema: Some(schema()),
    }
}

/// How many tokens a function takes of a prompt.
pub fn tokens(file: File<'_>, function: &Function) -> u64 {
    // The prompt joins its parts.
    estimate_tokens(&range(file, function)) + 1
}

/// Most that the answer may cost, in tokens of visible text.
pub fn max_output_tokens(functions: usize) -> u32 {
    let functions = u32::try_from(functions).unwrap_or(u32::MAX);
    functions.saturating_mul(TOKENS_EACH).saturating_add(200)
}

fn range(file: File<'_>, function: &Function) -> String {
    let attributes = [
        ("id", &*function.id.to_string()),
        ("file", file.path),
        ("language", file.fence),
        ("lines", &*function.lines),
    ];
    marked("range", &attributes, &function.code)
}

fn schema() -> Schema {
    Schema {
        name: "explanations",
        schema: json!({
            "type": "object",
            "properties": {
                "functions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "id": { "type": "integer" },
                            "explanation": { "type": "string" },
                        },
                        "required": ["id", "explanation"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["functions"],
            "additionalProperties": false,
        }),
    }
}

/// An answer as it comes, function by function.
#[derive(Debug, Default)]
pub struct Answers {
    text: String,
    /// Up to where it was read; `None` before its list began.
    read: Option<usize>,
    seen: BTreeSet<usize>,
}

impl Answers {
    /// Takes the next piece; gives what is complete with it, each function once.
    pub fn push(&mut self, piece: &str) -> Vec<Said> {
        self.text.push_str(piece);
        let mut complete = Vec::new();
        // Only there can an answer be complete.
        if !piece.contains('}') {
            return complete;
        }
        if self.read.is_none() {
            self.read = self.text.find('[').map(|at| at + 1);
        }
        while let Some(said) = self.next() {
            if self.seen.insert(said.id) && !said.explanation.trim().is_empty() {
                complete.push(said);
            }
        }
        complete
    }

    /// The next object of the list that can be read; those that make no sense are passed over.
    fn next(&mut self) -> Option<Said> {
        loop {
            let rest = self.text.get(self.read?..)?;
            let start = rest.len() - rest.trim_start_matches([',', ' ', '\n', '\r', '\t']).len();
            let mut values = serde_json::Deserializer::from_str(rest.get(start..)?)
                .into_iter::<serde_json::Value>();
            let value = values.next()?.ok()?;
            self.read = Some(self.read? + start + values.byte_offset());
            if let Ok(said) = serde_json::from_value(value) {
                return Some(said);
            }
        }
    }
}

const INSTRUCTIONS: &str = "\
You explain functions to a programmer who reads them in an editor. Each explanation is shown as hover text, in \
Markdown, beside its function.

- The answer is JSON: {\"functions\": [{\"id\": 1, \"explanation\": \"...\"}]}, one object for each range, in their order.
- The first sentence of an explanation says what the function does, in at most 80 characters. Do not begin with \
\"This function\" or the like.
- Then, only as far as the code deserves it, one to three sentences: why it is so, edge cases and failure, and what \
a caller must know.
- Write names in backticks, as they stand in the code.
- Do not retell the code line by line. No praise. No advice.
- No images, no HTML, no links.";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(id: usize, explanation: &str) -> Said {
        Said {
            id,
            explanation: explanation.into(),
        }
    }

    #[test]
    fn what_is_complete_of_an_answer_is_told() {
        let check = |answer: &str, expected: &[Said]| {
            assert_eq!(Answers::default().push(answer), expected, "{answer}");
        };
        let one = r#"{"functions": [{"id": 1, "explanation": "A [b] {c}."}"#;
        check(one, &[said(1, "A [b] {c}.")]);
        check(
            &format!("{one}, {{\"id\": 2, \"expl"),
            &[said(1, "A [b] {c}.")],
        );
        check(
            &format!("```json\n{one},\n{{\"explanation\":\"B.\",\"id\":7}}]}}\n```"),
            &[said(1, "A [b] {c}."), said(7, "B.")],
        );
        // Twice, empty, and none at all.
        check(
            &format!("{one},{{\"id\":1,\"explanation\":\"C.\"}}]}}"),
            &[said(1, "A [b] {c}.")],
        );
        check(r#"{"functions": [{"id": 1, "explanation": " "}]}"#, &[]);
        check(
            r#"{"functions": [{"id": "x"}, 5, null, {"id": 2, "explanation": "B."}]}"#,
            &[said(2, "B.")],
        );
        check("I cannot. }", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn an_answer_in_any_pieces_is_the_same(
            texts in prop::collection::vec("[a-z\\[\\]{}\", \\\\é]{1,30}", 0..8),
            cuts in prop::collection::vec(0..400_usize, 0..20),
        ) {
            let all: Vec<_> = texts.iter().enumerate().map(|(id, text)| {
                json!({ "id": id, "explanation": format!("x{text}") })
            }).collect();
            let answer = json!({ "functions": all }).to_string();
            let mut cuts: Vec<_> = cuts.into_iter().filter(|at| answer.is_char_boundary(*at)).collect();
            cuts.extend([0, answer.len()]);
            cuts.sort_unstable();
            let mut answers = Answers::default();
            let mut told = Vec::new();
            for pair in cuts.windows(2) {
                told.extend(answers.push(answer.get(pair[0]..pair[1]).unwrap_or_default()));
            }
            let expected: Vec<_> = texts.iter().enumerate()
                .map(|(id, text)| said(id, &format!("x{text}")))
                .collect();
            prop_assert_eq!(told, expected);
        }
    }
}
