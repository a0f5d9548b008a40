//! What is asked, whichever wire it came by, and what the API refuses on both.

use serde::Deserialize;
use serde_json::Value;

use super::errors::Refusal;
use super::models::Model;

/// A request that the API would take.
#[derive(Debug)]
pub struct Request {
    pub model: &'static Model,
    pub messages: Vec<Message>,
    pub stream: bool,
    pub limit: Option<Limit>,
    pub effort: Effort,
    pub format: Format,
}

/// The most tokens an answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of its text alone.
    Visible(u64),
    /// Of its text and of what was thought before.
    WithThought(u64),
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

/// A message, its pieces in order.
#[derive(Debug)]
pub struct Message {
    pub role: Role,
    pub pieces: Vec<Piece>,
}

/// One piece of a message.
#[derive(Debug)]
pub enum Piece {
    Text(String),
    Image(Image),
}

/// An image as it came.
#[derive(Debug)]
pub struct Image {
    /// A `data:` URL or a web address.
    pub url: String,
    pub detail: Option<Detail>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Low,
    High,
    Auto,
}

impl Message {
    /// A message that is one text.
    pub fn of_text(role: Role, text: String) -> Self {
        Self {
            role,
            pieces: vec![Piece::Text(text)],
        }
    }

    /// The message's texts in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            Piece::Image(_) => None,
        })
    }
}

/// A message as it is written on a wire, whose parts are of the wire's own kind.
#[derive(Deserialize)]
pub struct Written<P> {
    role: Role,
    #[serde(default = "Option::default")]
    content: Option<Content<P>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content<P> {
    Text(String),
    Parts(Vec<P>),
}

impl<P: Into<Piece>> From<Written<P>> for Message {
    fn from(written: Written<P>) -> Self {
        let pieces = match written.content {
            None => Vec::new(),
            Some(Content::Text(text)) => vec![Piece::Text(text)],
            Some(Content::Parts(parts)) => parts.into_iter().map(Into::into).collect(),
        };
        Self {
            role: written.role,
            pieces,
        }
    }
}

/// The model of this name.
pub fn model(name: &str) -> Result<&'static Model, Refusal> {
    Model::find(name).ok_or_else(|| Refusal::model_not_found(name))
}

/// Whether the API takes this temperature.
pub fn check_temperature(temperature: Option<f64>) -> Result<(), Refusal> {
    if temperature.is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return Err(Refusal::bad_value("temperature must be between 0 and 2."));
    }
    Ok(())
}

/// How hard the model thinks when it is asked to like this.
pub fn effort(model: &Model, asked: Option<Effort>) -> Result<Effort, Refusal> {
    match asked {
        None if model.reasons => Ok(Effort::Low),
        None => Ok(Effort::None),
        Some(effort) if model.efforts.contains(&effort.name()) => Ok(effort),
        Some(_) => Err(Refusal::unsupported_parameter(model.id, "reasoningEffort")),
    }
}

/// What an answer that fits this schema has to look like.
pub fn format_of(schema: &Value) -> Format {
    let has = |name| schema.pointer(name).is_some();
    if has("/properties/alt") && has("/properties/decorative") {
        Format::AltText
    } else if has("/properties/functions/items/properties/explanation") {
        Format::Functions
    } else {
        Format::Json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_with_alt_and_decorative_asks_for_alt_text() {
        let check = |properties: Value, expected: Format| {
            let schema = json!({ "type": "object", "properties": properties });
            assert_eq!(format_of(&schema), expected, "{schema}");
        };
        check(json!({ "alt": {}, "decorative": {} }), Format::AltText);
        check(json!({ "alt": {} }), Format::Json);
        let each = json!({ "properties": { "id": {}, "explanation": {} } });
        check(json!({ "functions": { "items": each } }), Format::Functions);
        check(json!({ "functions": {} }), Format::Json);
    }
}
