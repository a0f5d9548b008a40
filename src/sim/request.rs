//! Reads a chat request as the API does: which fields it takes, and which it refuses.

use serde::Deserialize;
use serde_json::Value;

use super::errors::Refusal;
use super::models::Model;

/// A chat request that the API would take.
#[derive(Debug)]
pub struct Request {
    pub model: &'static Model,
    pub messages: Vec<Message>,
    pub stream: bool,
    pub include_usage: bool,
    /// The most tokens the visible answer may have.
    pub limit: Option<u64>,
    pub effort: Effort,
    pub format: Format,
}

/// How hard the model is asked to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    None,
    Low,
    Medium,
    High,
    Xhigh,
}

impl Effort {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
        }
    }
}

/// What the answer has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    /// `{"decorative": …, "alt": …}`.
    AltText,
    /// `{"functions": [{"id": …, "explanation": …}]}`.
    Functions,
    /// Some other JSON object.
    Json,
}

#[derive(Debug, Deserialize)]
pub struct Message {
    pub role: Role,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Function => "function",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
}

/// An image as it came: a `data:` URL or a web address.
#[derive(Debug, Deserialize)]
pub struct ImageUrl {
    pub url: String,
    #[serde(default)]
    pub detail: Option<Detail>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Low,
    High,
    Auto,
}

/// One piece of a message.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    Text(&'a str),
    Image(&'a ImageUrl),
}

impl Message {
    /// The message's pieces in order.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        match &self.content {
            None => Vec::new(),
            Some(Content::Text(text)) => vec![Piece::Text(text)],
            Some(Content::Parts(parts)) => parts
                .iter()
                .map(|part| match part {
                    Part::Text { text } => Piece::Text(text),
                    Part::ImageUrl { image_url } => Piece::Image(image_url),
                })
                .collect(),
        }
    }

    /// The message's texts in order.
    pub fn texts(&self) -> Vec<&str> {
        let text = |piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Image(_) => None,
        };
        self.pieces().into_iter().filter_map(text).collect()
    }
}

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Message>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_completion_tokens: Option<u64>,
    max_tokens: Option<u64>,
    temperature: Option<f64>,
    reasoning_effort: Option<Effort>,
    response_format: Option<ResponseFormat>,
    stop: Option<Value>,
    presence_penalty: Option<f64>,
    frequency_penalty: Option<f64>,
    search_parameters: Option<Value>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Deserialize)]
struct JsonSchema {
    #[serde(default)]
    schema: Value,
}

/// Reads and checks a request's body.
pub fn parse(body: &[u8]) -> Result<Request, Refusal> {
    let body: Body =
        serde_json::from_slice(body).map_err(|cause| Refusal::body_not_understood(&cause))?;
    let model = Model::find(&body.model).ok_or_else(|| Refusal::model_not_found(&body.model))?;
    check_parameters(model, &body)?;
    let effort = effort(model, body.reasoning_effort)?;
    Ok(Request {
        model,
        stream: body.stream.unwrap_or(false),
        include_usage: body
            .stream_options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
        limit: body.max_completion_tokens.or(body.max_tokens),
        effort,
        format: body.response_format.as_ref().map_or(Format::Text, format),
        messages: body.messages,
    })
}

fn check_parameters(model: &Model, body: &Body) -> Result<(), Refusal> {
    if body.search_parameters.is_some() {
        return Err(Refusal::live_search_is_gone());
    }
    // Refused even at 0, and named in camel case whatever was sent.
    let refused = [
        (body.stop.is_some(), "stop"),
        (body.presence_penalty.is_some(), "presencePenalty"),
        (body.frequency_penalty.is_some(), "frequencyPenalty"),
    ];
    if let Some((_, parameter)) = refused.iter().find(|(sent, _)| *sent) {
        return Err(Refusal::unsupported_parameter(model.id, parameter));
    }
    if body
        .temperature
        .is_some_and(|value| !(0.0..=2.0).contains(&value))
    {
        return Err(Refusal::bad_value("temperature must be between 0 and 2."));
    }
    if body.messages.is_empty() {
        return Err(Refusal::bad_value("Messages cannot be empty."));
    }
    Ok(())
}

fn effort(model: &Model, asked: Option<Effort>) -> Result<Effort, Refusal> {
    match asked {
        None if model.reasons => Ok(Effort::Low),
        None => Ok(Effort::None),
        Some(effort) if model.efforts.contains(&effort.name()) => Ok(effort),
        Some(_) => Err(Refusal::unsupported_parameter(model.id, "reasoningEffort")),
    }
}

fn format(asked: &ResponseFormat) -> Format {
    match asked {
        ResponseFormat::Text => Format::Text,
        ResponseFormat::JsonObject => Format::Json,
        ResponseFormat::JsonSchema { json_schema } => {
            let has = |name| json_schema.schema.pointer(name).is_some();
            if has("/properties/alt") && has("/properties/decorative") {
                Format::AltText
            } else if has("/properties/functions/items/properties/explanation") {
                Format::Functions
            } else {
                Format::Json
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(mut change: Value) -> (u16, String) {
        let mut body =
            json!({ "model": "grok-4.3", "messages": [{ "role": "user", "content": "hi" }] });
        body.as_object_mut()
            .unwrap()
            .append(change.as_object_mut().unwrap());
        let refusal = parse(body.to_string().as_bytes()).unwrap_err();
        (refusal.status.as_u16(), refusal.error)
    }

    #[test]
    fn what_the_api_refuses_is_refused_in_its_words() {
        let check = |change: Value, status: u16, words: &str| {
            let (got, error) = refusal(change.clone());
            assert_eq!(got, status, "{change}: {error}");
            assert!(error.contains(words), "{change}: {error}");
        };
        check(
            json!({ "model": "grok-2-latest" }),
            400,
            "Model not found: grok-2-latest",
        );
        check(
            json!({ "stop": ["x"] }),
            400,
            "Model grok-4.3 does not support parameter stop.",
        );
        check(
            json!({ "presence_penalty": 0 }),
            400,
            "does not support parameter presencePenalty.",
        );
        check(
            json!({ "frequency_penalty": 0 }),
            400,
            "does not support parameter frequencyPenalty.",
        );
        check(
            json!({ "reasoning_effort": "xhigh" }),
            400,
            "does not support parameter reasoningEffort.",
        );
        check(
            json!({ "model": "grok-build-0.1", "reasoning_effort": "low" }),
            400,
            "Model grok-build-0.1 does not support parameter reasoningEffort.",
        );
        check(json!({ "search_parameters": {} }), 410, "deprecated");
        check(json!({ "temperature": 3 }), 400, "temperature");
        check(json!({ "messages": [] }), 400, "Messages cannot be empty");
        check(
            json!({ "messages": "hi" }),
            422,
            "Failed to deserialize the JSON body",
        );
        check(json!({ "messages": [{ "content": "hi" }] }), 422, "role");
        check(json!({ "stream": "yes" }), 422, "expected a boolean");
        check(json!({ "model": null }), 422, "Failed to deserialize");
    }

    #[test]
    fn text_that_is_no_json_is_400_and_not_422() {
        for text in ["", "{", "{\"model\": }", "hello"] {
            let refusal = parse(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.status.as_u16(), 400, "{text}");
            assert!(
                refusal
                    .error
                    .starts_with("Failed to parse the request body as JSON")
            );
        }
    }

    #[test]
    fn unknown_fields_nulls_and_every_shape_of_content_are_taken() {
        let body = json!({
            "model": "grok-code-fast-1", "stream": null, "stop": null, "colour": "blue", "max_tokens": 9,
            "messages": [
                { "role": "system", "content": "s" },
                { "role": "assistant", "content": null },
                { "role": "user", "content": [
                    { "type": "text", "text": "a" },
                    { "type": "image_url", "image_url": { "url": "https://x", "detail": "low" } },
                    { "type": "text", "text": "b" },
                ] },
            ],
        });
        let request = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(request.model.id, "grok-build-0.1");
        assert_eq!(request.limit, Some(9));
        assert_eq!(request.effort, Effort::Low);
        let texts: Vec<_> = request.messages.iter().map(Message::texts).collect();
        assert_eq!(texts, [vec!["s"], vec![], vec!["a", "b"]]);
    }

    #[test]
    fn a_schema_with_alt_and_decorative_asks_for_alt_text() {
        let check = |response_format: Value, expected: Format| {
            let body = json!({
                "model": "grok-4.3", "response_format": response_format,
                "messages": [{ "role": "user", "content": "x" }],
            });
            assert_eq!(parse(body.to_string().as_bytes()).unwrap().format, expected);
        };
        let schema = |properties: Value| {
            json!({ "type": "json_schema", "json_schema": { "name": "x", "strict": true,
                "schema": { "type": "object", "properties": properties } } })
        };
        check(
            schema(json!({ "alt": {}, "decorative": {} })),
            Format::AltText,
        );
        check(schema(json!({ "alt": {} })), Format::Json);
        let each = json!({ "properties": { "id": {}, "explanation": {} } });
        check(
            schema(json!({ "functions": { "items": each } })),
            Format::Functions,
        );
        check(schema(json!({ "functions": {} })), Format::Json);
        check(json!({ "type": "json_object" }), Format::Json);
        check(json!({ "type": "text" }), Format::Text);
        check(Value::Null, Format::Text);
    }
}
