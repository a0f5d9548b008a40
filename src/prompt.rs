//! A prompt as plain data, stable parts first.

/// What is asked of a model, independent of the wire that carries it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Fixed for an action, so that it is a prefix the API can bill at the cached rate.
    pub instructions: String,
    /// What the person's side says, in order; what changes seldom stands first.
    pub parts: Vec<Part>,
    /// Ask for JSON that fits this schema.
    pub schema: Option<Schema>,
}

/// One piece of what the person's side says.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    Image(Image),
}

/// An image, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// A `data:` URL with PNG, JPEG or WebP bytes, or an `https:` URL.
    pub url: String,
    pub detail: Detail,
    /// Width and height in pixels, where known: the estimate of tokens needs them.
    pub pixels: Option<(u32, u32)>,
}

/// How closely the model looks at an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    Low,
    #[default]
    High,
    Auto,
}

/// A JSON schema by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    pub name: &'static str,
    pub schema: serde_json::Value,
}
