//! A prompt as plain data, stable parts first; what is masked in it, and how it is cut to fit.

mod mark;
mod mask;

pub use mark::marked;
pub use mask::{Lost, Secrets};

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

/// How much a model should think before it answers, least first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    None,
    Low,
    Medium,
    High,
    Xhigh,
}

/// A JSON schema by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    pub name: &'static str,
    pub schema: serde_json::Value,
}

/// Bytes of text a token stands for, on average. Code runs near 3.3 and English prose near
/// 4.4 with current tokenizers; the lower end, so that an estimate errs on the dear side.
const BYTES_PER_TOKEN: f64 = 3.3;

/// What an image costs where its size is not known: one at the size the API scales down to.
const TOKENS_OF_A_LARGE_IMAGE: u64 = 2_400;

/// Roughly how many tokens the text will be billed as.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub fn estimate_tokens(text: &str) -> u64 {
    (text.len() as f64 / BYTES_PER_TOKEN).ceil() as u64
}

impl Image {
    /// What the API bills for an image: one token for each 32 x 32 tile, and two.
    pub fn tokens(&self) -> u64 {
        self.pixels
            .map_or(TOKENS_OF_A_LARGE_IMAGE, |(width, height)| {
                u64::from(width.div_ceil(32)) * u64::from(height.div_ceil(32)) + 2
            })
    }
}

impl Prompt {
    /// Roughly how many tokens the prompt will be billed as.
    pub fn tokens(&self) -> u64 {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => estimate_tokens(text),
            Part::Image(image) => image.tokens(),
        });
        estimate_tokens(&self.instructions) + parts.sum::<u64>()
    }

    /// The prompt with every text passed through `mask`.
    pub fn mask(&mut self, secrets: &mut Secrets) {
        for part in &mut self.parts {
            if let Part::Text(text) = part {
                *text = secrets.mask(text);
            }
        }
    }

    /// The prompt as a person reads it: what would be sent, images by their size alone.
    pub fn to_plain_text(&self) -> String {
        let mut plain = self.instructions.clone();
        for part in &self.parts {
            plain.push_str("\n\n");
            match part {
                Part::Text(text) => plain.push_str(text),
                Part::Image(image) => plain.push_str(&image_in_words(image)),
            }
        }
        plain
    }
}

fn image_in_words(image: &Image) -> String {
    let size = image.pixels.map_or_else(String::new, |(width, height)| {
        format!(", {width} x {height} pixels")
    });
    if image.url.starts_with("data:") {
        format!("[the image{size}, {} bytes as sent]", image.url.len())
    } else {
        format!("[the image at {}{size}]", image.url)
    }
}
