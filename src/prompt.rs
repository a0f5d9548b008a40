//! A prompt as plain data, stable parts first; what is masked in it, and how it is cut to fit.

mod mark;
mod mask;
mod random;
mod secret;
mod shape;
mod template;
mod value;

pub use mark::{inline, marked};
pub use mask::{Lost, Secrets, cuts_one_of, cuts_secret};
pub use secret::secrets_in;
pub use template::{Placeholder, Template, UnknownPlaceholder};

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

/// Above that many pixels the API scales an image down.
const MOST_PIXELS: f64 = 2_408_448.0;

/// The longer side of an image at low detail.
const LOW_DETAIL_SIDE: f64 = 512.0;

/// An image of unknown size counts as one of the largest.
const LARGE_IMAGE: (u32, u32) = (1568, 1536);

/// Roughly how many tokens the text will be billed as.
pub fn estimate_tokens(text: &str) -> u64 {
    estimate_tokens_of(text.len())
}

/// Roughly how many tokens a text of so many bytes will be billed as.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub fn estimate_tokens_of(bytes: usize) -> u64 {
    (bytes as f64 / BYTES_PER_TOKEN).ceil() as u64
}

impl Image {
    /// What the API bills for an image: one token for each 32 x 32 tile, and two, after the
    /// scaling that it does.
    pub fn tokens(&self) -> u64 {
        let (width, height) = self.pixels.unwrap_or(LARGE_IMAGE);
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let scale = match self.detail {
            Detail::Low => LOW_DETAIL_SIDE / width.max(height),
            Detail::High | Detail::Auto => (MOST_PIXELS / (width * height)).sqrt(),
        };
        tiles(width, scale.min(1.0)) * tiles(height, scale.min(1.0)) + 2
    }
}

/// How many tiles a side of so many pixels takes.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side of an image, rounded up: positive, and below 2^32"
)]
fn tiles(side: f64, scale: f64) -> u64 {
    (side * scale / 32.0).ceil().max(1.0) as u64
}

impl Prompt {
    /// Roughly how many tokens the prompt will be billed as.
    pub fn tokens(&self) -> u64 {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => estimate_tokens(text),
            Part::Image(image) => image.tokens(),
        });
        let schema = self.schema.as_ref();
        let schema = schema.map(|schema| estimate_tokens(&schema.schema.to_string()));
        estimate_tokens(&self.instructions) + parts.sum::<u64>() + schema.unwrap_or(0)
    }

    /// Roughly how many tokens of these its images are.
    pub fn image_tokens(&self) -> u64 {
        let images = self.parts.iter().map(|part| match part {
            Part::Text(_) => 0,
            Part::Image(image) => image.tokens(),
        });
        images.sum()
    }

    /// All text that would be sent, without images.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.clone()),
            Part::Image(_) => None,
        });
        let schema = self.schema.as_ref();
        let schema = schema.map(|schema| schema.schema.to_string());
        let all = std::iter::once(self.instructions.clone()).chain(texts);
        all.chain(schema).collect::<Vec<_>>().join("\n\n")
    }

    /// The prompt with every text passed through `mask`; what one tells of secrets holds for all.
    pub fn mask(&mut self, secrets: &mut Secrets) {
        for part in &self.parts {
            if let Part::Text(text) = part {
                secrets.learn_secrets(text);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_estimated_by_their_tiles() {
        let check = |pixels: Option<(u32, u32)>, detail: Detail, expected: u64| {
            let url = String::new();
            let image = Image {
                url,
                detail,
                pixels,
            };
            assert_eq!(image.tokens(), expected, "{pixels:?} {detail:?}");
        };
        check(Some((1024, 1024)), Detail::High, 1026);
        check(Some((1025, 32)), Detail::Auto, 35);
        check(Some((1, 1)), Detail::High, 3);
        check(Some((0, 0)), Detail::High, 3);
        check(Some((1024, 1024)), Detail::Low, 258);
        check(Some((100, 50)), Detail::Low, 10);
        check(Some((1568, 1536)), Detail::High, 49 * 48 + 2);
        check(None, Detail::High, 49 * 48 + 2);
        // Scaled down to 2,408,448 pixels first: 1552x1552.
        check(Some((10_000, 10_000)), Detail::High, 49 * 49 + 2);
        check(Some((u32::MAX, u32::MAX)), Detail::High, 49 * 49 + 2);
    }

    #[test]
    fn an_answer_that_was_masked_takes_no_token_from_a_secret() {
        let key = format!("xai-{}", "A1b2".repeat(8));
        let mut prompt = Prompt {
            instructions: String::new(),
            parts: vec![
                Part::Text(format!("key = \"{key}\"")),
                Part::Text("GLOSS_MASKED_SECRET_1_ is the key.".into()),
            ],
            schema: None,
        };
        prompt.mask(&mut Secrets::default());
        assert!(prompt.text().contains("key = \"GLOSS_MASKED_SECRET_1_\""));
    }

    #[test]
    fn a_prompt_is_estimated_whole() {
        let prompt = Prompt {
            instructions: "a".repeat(33),
            parts: vec![
                Part::Text("a".repeat(67)),
                Part::Image(Image {
                    url: "data:image/png;base64,AAAA".into(),
                    detail: Detail::High,
                    pixels: Some((1024, 1024)),
                }),
            ],
            schema: Some(Schema {
                name: "alt",
                schema: serde_json::json!({}),
            }),
        };
        assert_eq!(prompt.tokens(), 10 + 21 + 1026 + 1);
    }
}
