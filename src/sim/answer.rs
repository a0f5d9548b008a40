//! From a request to its answer, text and usage, whichever wire they go by.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::errors::Refusal;
use super::models::Model;
use super::picture::{self, Picture};
use super::request::{Effort, Format, Limit, Message, Piece, Request, Role};
use super::tokens::{self, Prefixes};
use super::{describe, explain, range, refactor};

/// An answer, computed from the request alone; `cached` alone knows of earlier ones.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub model: &'static Model,
    pub content: String,
    pub finish_reason: &'static str,
    pub usage: Usage,
}

/// The tokens of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub text: u64,
    pub image: u64,
    pub cached: u64,
    /// What can be read, without what was thought.
    pub completion: u64,
    pub reasoning: u64,
    pub cost_ticks: u64,
}

/// Computes the answer to a request.
pub fn answer(request: &Request, prefixes: &Mutex<Prefixes>) -> Result<Answer, Refusal> {
    let pictures = pictures(request)?;
    let pieces = prompt(request, &pictures);
    let (text, image) = prompt_tokens(&pieces);
    if text + image > request.model.context {
        return Err(Refusal::prompt_too_long(
            request.model.context,
            text + image,
        ));
    }
    let content = content(request, &pictures);
    let (content, finish_reason) = limited(&content, visible_limit(request, &content));
    let blocks = tokens::blocks(request.model.id, &pieces);
    let cached = prefixes
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .cached_tokens(&blocks);
    let completion = tokens::count(&content);
    let reasoning = reasoning(request.effort, completion);
    let usage = Usage {
        text,
        image,
        cached,
        completion,
        reasoning,
        cost_ticks: request
            .model
            .cost(text + image, cached, completion, reasoning),
    };
    Ok(Answer {
        model: request.model,
        content,
        finish_reason,
        usage,
    })
}

/// An image, with what it costs and who sent it.
struct Priced {
    tokens: u64,
    role: Role,
    picture: Picture,
}

fn pictures(request: &Request) -> Result<Vec<Priced>, Refusal> {
    let mut all = Vec::new();
    for message in &request.messages {
        for piece in &message.pieces {
            if let Piece::Image(image) = piece {
                let picture = picture::read(image)?;
                all.push(Priced {
                    tokens: picture::tokens(&picture, image.detail),
                    role: message.role,
                    picture,
                });
            }
        }
    }
    Ok(all)
}

/// The prompt as it is counted: each message opens with its role.
fn prompt<'a>(request: &'a Request, pictures: &[Priced]) -> Vec<tokens::Piece<'a>> {
    let mut pictures = pictures.iter();
    let mut prompt = Vec::new();
    for message in &request.messages {
        prompt.push(tokens::Piece::Text(message.role.name()));
        for piece in &message.pieces {
            prompt.push(match piece {
                Piece::Text(text) => tokens::Piece::Text(text),
                Piece::Image(image) => {
                    let cost = pictures.next().map_or(0, |picture| picture.tokens);
                    tokens::Piece::Image(&image.url, cost)
                }
            });
        }
    }
    prompt
}

/// Tokens of text and of images.
fn prompt_tokens(pieces: &[tokens::Piece<'_>]) -> (u64, u64) {
    pieces
        .iter()
        .fold((0, 0), |(text, image), piece| match piece {
            tokens::Piece::Text(words) => (text + tokens::count(words), image),
            tokens::Piece::Image(_, cost) => (text, image + cost),
        })
}

/// Nothing is thought, but the account should not look as if thought were free.
fn reasoning(effort: Effort, completion: u64) -> u64 {
    let tenths = match effort {
        Effort::None => 0,
        Effort::Low => 1,
        Effort::Medium => 2,
        Effort::High => 4,
        Effort::Xhigh => 6,
    };
    (completion * tenths).div_ceil(10)
}

/// How many tokens of `content` may be seen.
fn visible_limit(request: &Request, content: &str) -> Option<u64> {
    match request.limit? {
        Limit::Visible(most) => Some(most),
        Limit::WithThought(most) => {
            let thought = reasoning(request.effort, tokens::count(content));
            Some(most.saturating_sub(thought))
        }
    }
}

/// The first `limit` tokens of a text, and why it ends.
fn limited(text: &str, limit: Option<u64>) -> (String, &'static str) {
    let limit = limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX);
    let kept: String = tokens::tokens(text).take(limit).collect();
    let finish_reason = if kept.len() < text.len() {
        "length"
    } else {
        "stop"
    };
    (kept, finish_reason)
}

fn content(request: &Request, pictures: &[Priced]) -> String {
    let seen: Vec<Picture> = pictures
        .iter()
        .filter(|priced| priced.role == Role::User)
        .map(|priced| priced.picture.clone())
        .collect();
    match request.format {
        Format::AltText => describe::alt_text(&seen),
        Format::Functions => {
            let language = other_language(request);
            let ranges = range::all(&texts(request, &[Role::User])).into_iter();
            let explained = ranges.map(|(id, range)| {
                json!({ "id": id, "explanation": explain::explain(&range, language) })
            });
            json!({ "functions": explained.collect::<Vec<_>>() }).to_string()
        }
        Format::Json => {
            json!({ "source": "offline stand-in", "text": text(request, &seen) }).to_string()
        }
        Format::Text => text(request, &seen),
    }
}

fn text(request: &Request, pictures: &[Picture]) -> String {
    let language = other_language(request);
    if !pictures.is_empty() {
        return describe::describe(pictures, language);
    }
    let texts = texts(request, &[Role::User]);
    let range = range::find(&texts);
    if asks_for_an_edit(request) {
        refactor::refactor(&range)
    } else {
        explain::explain(&range, language)
    }
}

fn texts<'a>(request: &'a Request, roles: &[Role]) -> Vec<&'a str> {
    request
        .messages
        .iter()
        .filter(|message| roles.contains(&message.role))
        .flat_map(Message::texts)
        .collect()
}

/// The language that the answer should be in, where that is not English.
fn other_language(request: &Request) -> Option<&str> {
    texts(request, &[Role::System, Role::Developer])
        .into_iter()
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("Answer in this language: "))
        .map(|language| language.trim_end_matches('.'))
        .rfind(|language| !language.eq_ignore_ascii_case("English"))
}

/// Whoever wants an edit says that the answer is to be a fenced code block.
fn asks_for_an_edit(request: &Request) -> bool {
    texts(request, &[Role::System, Role::Developer])
        .iter()
        .any(|text| text.to_lowercase().contains("fenced code block"))
}

impl Usage {
    /// All tokens of the prompt.
    pub fn prompt(&self) -> u64 {
        self.text + self.image
    }
}

/// What differs between two answers to the same request.
#[derive(Clone, Debug)]
pub struct Stamp {
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
}

/// The deltas of an answer: a token each, more where it is so long that pacing would drag.
pub fn pieces(content: &str) -> Vec<String> {
    const MOST: usize = 400;
    let tokens: Vec<&str> = tokens::tokens(content).collect();
    let together = tokens.len().div_ceil(MOST).max(1);
    tokens.chunks(together).map(<[&str]>::concat).collect()
}

#[cfg(test)]
pub mod tests {
    use super::super::FINGERPRINT;
    use super::super::chat::parse;
    use super::super::picture::tests::{data_url, plain};
    use super::*;
    use image::ImageFormat;
    use serde_json::Value;

    pub fn fresh() -> Mutex<Prefixes> {
        Mutex::new(Prefixes::new(10_000))
    }

    pub fn ask_with(prefixes: &Mutex<Prefixes>, body: &Value) -> Result<Answer, Refusal> {
        answer(&parse(body.to_string().as_bytes())?.0, prefixes)
    }

    pub fn ask(body: &Value) -> Answer {
        ask_with(&fresh(), body).unwrap()
    }

    pub fn body(system: &str, user: impl Into<Value>) -> Value {
        let user: Value = user.into();
        json!({ "model": "grok-4.3", "messages": [
            { "role": "system", "content": system },
            { "role": "user", "content": user },
        ] })
    }

    pub fn image_part() -> Value {
        let url = data_url(&plain(64, 33, [255; 3]), ImageFormat::Png);
        json!({ "type": "image_url", "image_url": { "url": url, "detail": "high" } })
    }

    pub const RANGE: &str = "<range-3f9a1c22 file=\"a.rs\" language=\"rust\" lines=\"1-1\">\nfn f() { if (a) {} }\n</range-3f9a1c22>";

    #[test]
    fn what_is_asked_decides_what_is_answered() {
        let check = |body: &Value, start: &str| {
            let content = ask(body).content;
            assert!(content.starts_with(start), "{content}");
            assert!(content.contains("offline stand-in"), "{content}");
        };
        check(
            &body("Explain.", RANGE),
            "Rust function `f` without parameters, branches or loops."
                .replace("without parameters, branches or loops", "with 1 branch")
                .as_str(),
        );
        check(
            &body("Answer with one Fenced Code Block.", RANGE),
            "Tidied by Gloss's offline stand-in",
        );
        check(
            &body(
                "Describe.",
                json!([{ "type": "text", "text": "What is it?" }, image_part()]),
            ),
            "A light",
        );
        let mut alt = body("Alt text.", json!([image_part()]));
        alt["response_format"] = json!({ "type": "json_schema", "json_schema": { "name": "a",
            "schema": { "properties": { "alt": {}, "decorative": {} } } } });
        check(
            &alt,
            "{\"decorative\":false,\"alt\":\"Light plain area, all white (offline stand-in)\"}",
        );
        alt["response_format"] = json!({ "type": "json_object" });
        check(&alt, "{\"source\":\"offline stand-in\"");
    }

    #[test]
    fn what_it_cannot_do_is_said_to_the_very_prompts_that_are_sent() {
        use crate::action::{Subject, Surroundings, explain::Question, explain::prompt};
        use crate::prompt::Part;
        let rope = ropey::Rope::from_str("fn f() {}\n");
        let subject = Subject {
            range: 0..9,
            leading: 0..0,
            name: None,
            shown_at: 0,
        };
        let at = Surroundings {
            text: &rope,
            syntax: None,
            language: None,
            language_id: "rust",
            path: "a.rs",
            subject: &subject,
            tell_file: false,
            max_prompt_tokens: 1_000,
            guidance: None,
            definitions: &[],
        };
        let check = |question: Option<&str>, language: &str, says: [bool; 2]| {
            let question = Question {
                text: question,
                history: &[],
                problems: &[],
            };
            let prompt = prompt(&at, question, language);
            let text = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Image(_) => String::new(),
            };
            let texts: Vec<_> = prompt.parts.iter().map(text).collect();
            let content = ask(&body(&prompt.instructions, texts.join("\n\n"))).content;
            let found = ["cannot reason", "in English only"].map(|words| content.contains(words));
            assert_eq!(found, says, "{content}");
        };
        check(None, "English", [false, false]);
        check(Some("May it fail?"), "English", [true, false]);
        check(None, "the language of the locale de-CH", [false, true]);
    }

    #[test]
    fn each_function_of_a_file_is_explained_by_its_number() {
        use crate::action::explain_file::{Answers, File, Function, prompt};
        use crate::prompt::Part;
        let file = File {
            path: "a.rs",
            fence: "rust",
            outline: Some("fn f()"),
            guidance: None,
        };
        let function = |id, code: &str| Function {
            id,
            lines: "1-1".into(),
            code: code.into(),
        };
        let functions = [
            function(2, "fn f(a: A) {}"),
            function(5, "fn g() { loop {} }"),
        ];
        let prompt = prompt(file, &functions, "English");
        let texts = prompt.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Image(_) => String::new(),
        });
        let mut request = body(&prompt.instructions, texts.collect::<Vec<_>>().join("\n\n"));
        request["response_format"] = json!({ "type": "json_schema",
            "json_schema": { "name": "a", "schema": prompt.schema.unwrap().schema } });
        let said = Answers::default().push(&ask(&request).content);
        let said: Vec<_> = said
            .iter()
            .map(|said| (said.id, said.explanation.lines().next().unwrap()))
            .collect();
        assert_eq!(
            said,
            [
                (2, "Rust function `f` with 1 parameter."),
                (5, "Rust function `g` with 1 loop."),
            ]
        );
    }

    #[test]
    fn the_stand_in_is_known_by_the_fingerprint_that_it_sends() {
        assert_eq!(FINGERPRINT, crate::llm::STAND_IN);
    }

    #[test]
    fn the_same_request_gets_the_same_answer() {
        let request = body("Explain.", RANGE);
        assert_eq!(ask(&request), ask(&request));
    }

    #[test]
    fn a_repeated_beginning_is_counted_as_cached() {
        let prefixes = fresh();
        let long = "some words that stay the same. ".repeat(20);
        let first = ask_with(&prefixes, &body(&long, "one")).unwrap().usage;
        let second = ask_with(&prefixes, &body(&long, "two")).unwrap().usage;
        assert_eq!(first.cached, 0);
        assert!(second.cached > 100 && second.cached <= second.prompt());
        assert!(second.cost_ticks < first.cost_ticks);
    }

    #[test]
    fn effort_sets_what_reasoning_is_charged() {
        let with = |effort: &str| {
            let mut request = body("Explain.", RANGE);
            request["reasoning_effort"] = effort.into();
            ask(&request).usage.reasoning
        };
        assert_eq!(with("none"), 0);
        assert!(with("low") < with("medium") && with("medium") < with("high"));
    }

    #[test]
    fn a_limit_cuts_the_answer_and_says_so() {
        let mut request = body("Explain.", RANGE);
        let whole = ask(&request);
        request["max_completion_tokens"] = 5.into();
        let cut = ask(&request);
        assert_eq!((whole.finish_reason, cut.finish_reason), ("stop", "length"));
        assert_eq!(cut.usage.completion, 5);
        assert!(whole.content.starts_with(&cut.content));
    }

    #[test]
    fn a_prompt_beyond_the_context_is_refused_with_both_figures() {
        let mut request = body("", "word ".repeat(300_000));
        request["model"] = "grok-build-0.1".into();
        let refusal = ask_with(&fresh(), &request).unwrap_err();
        assert_eq!(refusal.status.as_u16(), 400);
        assert_eq!(
            refusal.error,
            "This model's maximum prompt length is 256000 but the request contains 300003 tokens."
        );
    }
}
