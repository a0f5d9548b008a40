//! Puts into words what an image's pixels show.

use serde_json::json;

use super::picture::{Look, Picture, Surface, Texture};
use super::words::{in_english_only, list, shortened};

/// The most characters that alt text may have.
const ALT: usize = 125;

/// A description of all images, in Markdown; `language` is what it should have been in, where
/// that is not English.
pub fn describe(pictures: &[Picture], language: Option<&str>) -> String {
    let mut paragraphs: Vec<String> = match pictures {
        [only] => vec![one(only)],
        several => several
            .iter()
            .enumerate()
            .map(|(index, picture)| format!("Image {}: {}", index + 1, one(picture)))
            .collect(),
    };
    let is_seen = |picture: &Picture| matches!(picture, Picture::Seen(_));
    let source = if pictures.iter().any(is_seen) {
        "Described by Gloss's offline stand-in from the pixels alone"
    } else {
        "Answered by Gloss's offline stand-in"
    };
    paragraphs.push(format!(
        "*{source}; no model was asked.{}*",
        in_english_only(language)
    ));
    paragraphs.join("\n\n")
}

/// Alt text for the first image, as the JSON `{"decorative": …, "alt": …}`.
pub fn alt_text(pictures: &[Picture]) -> String {
    let (decorative, alt) = match pictures.first() {
        None => (false, "No image came with the request".to_owned()),
        Some(Picture::Remote) => (false, "Image at a web address, not looked at".to_owned()),
        Some(Picture::Seen(look)) => (is_spacer(look), alt(look)),
    };
    let alt = format!(
        "{} (offline stand-in)",
        shortened(&alt, ALT - " (offline stand-in)".len())
    );
    json!({ "decorative": decorative, "alt": alt }).to_string()
}

/// Nothing to be seen, or a thin strip of one colour: an image that only keeps a distance.
fn is_spacer(look: &Look) -> bool {
    look.colours.is_empty() || look.texture == Texture::Even && look.width.min(look.height) < 16
}

fn alt(look: &Look) -> String {
    let Some(colours) = main_colours(look) else {
        return "Fully transparent picture".to_owned();
    };
    let place = match &look.surface {
        Surface::Background {
            covered, centre, ..
        } if *covered >= 0.005 => {
            format!(", something {}", position(*centre))
        }
        _ => String::new(),
    };
    format!(
        "{} {}, {colours}{place}",
        capital(brightness(look)),
        kind(look)
    )
}

fn one(picture: &Picture) -> String {
    match picture {
        Picture::Remote => "An image at a web address, which was not looked at. \
            The stand-in fetches nothing from the network; it sees images only where their bytes come along."
            .to_owned(),
        Picture::Seen(look) => sentences(look).join(" "),
    }
}

fn sentences(look: &Look) -> Vec<String> {
    let size = format!("{} × {} pixels", look.width, look.height);
    let Some(colours) = main_colours(look) else {
        return vec![
            "A fully transparent image.".to_owned(),
            format!(
                "As it was sent, it is a {} of {size} in which nothing is to be seen.",
                look.format
            ),
        ];
    };
    let first = format!(
        "A {} {} image, {colours}.",
        brightness(look),
        orientation(look)
    );
    let mut facts = format!(
        "As it was sent, it is a {} of {size}: {}",
        look.format,
        spelled_shares(look)
    );
    if look.transparent >= 0.01 {
        facts.push_str(&format!(
            "; {} of its area is transparent",
            percent(look.transparent)
        ));
    }
    facts.push('.');
    let mut sentences = vec![first, facts, texture(look).to_owned()];
    sentences.extend(surface(look));
    sentences
}

fn kind(look: &Look) -> &'static str {
    match look.texture {
        Texture::Even => "plain area",
        Texture::Flat => "drawing or screenshot",
        Texture::Smooth => "picture with smooth shading",
        Texture::Rich => "photograph-like picture",
    }
}

fn texture(look: &Look) -> &'static str {
    match look.texture {
        Texture::Even => "It is one even colour all over.",
        Texture::Flat => {
            "Few colours and clean edges make it look like a drawing, a diagram or a screenshot rather than a photograph."
        }
        Texture::Smooth => {
            "Its many colours run softly into one another, as in a gradient or an out-of-focus photograph."
        }
        Texture::Rich => {
            "Its many colours and fine structure make it look like a photograph or a detailed painting."
        }
    }
}

fn surface(look: &Look) -> Option<String> {
    match &look.surface {
        Surface::Background {
            colour,
            covered,
            centre,
        } if *covered >= 0.005 => Some(format!(
            "Before a {colour} background, what stands out covers {} of the area and lies {}.",
            percent(*covered),
            position(*centre)
        )),
        _ => None,
    }
}

/// `mostly white and blue`; none where all is transparent.
fn main_colours(look: &Look) -> Option<String> {
    let (first, rest) = look.colours.split_first()?;
    Some(match rest.first() {
        Some((second, share)) if *share >= 0.05 => format!("mostly {} and {second}", first.0),
        Some(_) => format!("mostly {}", first.0),
        None => format!("all {}", first.0),
    })
}

fn spelled_shares(look: &Look) -> String {
    let parts: Vec<String> = look
        .colours
        .iter()
        .take(4)
        .filter(|(_, share)| *share >= 0.01)
        .map(|(name, share)| format!("{} {name}", percent(*share)))
        .collect();
    list(&parts)
}

fn percent(share: f32) -> String {
    let percent = (share * 100.0).round();
    if percent < 1.0 {
        "less than 1 %".to_owned()
    } else {
        format!("{percent} %")
    }
}

fn brightness(look: &Look) -> &'static str {
    if look.lightness > 0.75 {
        "light"
    } else if look.lightness < 0.4 {
        "dark"
    } else {
        "medium-bright"
    }
}

fn orientation(look: &Look) -> &'static str {
    let (width, height) = (f64::from(look.width), f64::from(look.height));
    let ratio = width / height;
    if ratio > 2.5 {
        "wide panoramic"
    } else if ratio > 1.05 {
        "landscape"
    } else if ratio >= 0.95 {
        "square"
    } else if ratio >= 0.4 {
        "portrait"
    } else {
        "tall narrow"
    }
}

fn position((x, y): (f32, f32)) -> &'static str {
    let third = |at: f32| {
        if at < 0.4 {
            0
        } else if at <= 0.6 {
            1
        } else {
            2
        }
    };
    match (third(x), third(y)) {
        (0, 0) => "in the upper left",
        (1, 0) => "in the upper middle",
        (2, 0) => "in the upper right",
        (0, 1) => "on the left",
        (1, 1) => "in the middle",
        (2, 1) => "on the right",
        (0, _) => "in the lower left",
        (1, _) => "in the lower middle",
        _ => "in the lower right",
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::picture::tests::{look, noise, plain};
    use super::*;
    use image::{DynamicImage, Rgb, RgbImage, RgbaImage};
    use serde_json::Value;

    fn seen(image: &DynamicImage) -> Picture {
        Picture::Seen(Box::new(look(image)))
    }

    fn logo() -> DynamicImage {
        RgbImage::from_fn(200, 100, |x, y| match (x, y) {
            (20..60, 10..40) => Rgb([0, 0, 255]),
            _ => Rgb([255, 255, 255]),
        })
        .into()
    }

    #[test]
    fn a_drawing_is_described_in_full() {
        let expected = "\
A light landscape image, mostly white and blue. As it was sent, it is a PNG of 200 × 100 pixels: 94 % white and 6 % blue. \
Few colours and clean edges make it look like a drawing, a diagram or a screenshot rather than a photograph. \
Before a white background, what stands out covers 6 % of the area and lies in the upper left.

*Described by Gloss's offline stand-in from the pixels alone; no model was asked.*";
        assert_eq!(describe(&[seen(&logo())], None), expected);
    }

    #[test]
    fn other_images_are_told_apart() {
        let check = |image: DynamicImage, words: &[&str]| {
            let text = describe(&[seen(&image)], None);
            for words in words {
                assert!(text.contains(words), "{words}: {text}");
            }
        };
        check(
            plain(40, 40, [10, 10, 12]),
            &["A dark square image, all black.", "one even colour"],
        );
        check(noise(40, 80), &["portrait", "like a photograph"]);
        check(plain(400, 40, [255; 3]), &["wide panoramic", "all white"]);
        check(
            RgbaImage::new(30, 30).into(),
            &["fully transparent", "30 × 30"],
        );
    }

    #[test]
    fn several_images_are_numbered_and_web_addresses_not_fetched() {
        let text = describe(&[seen(&plain(40, 40, [255; 3])), Picture::Remote], None);
        assert!(text.starts_with("Image 1: A light square image"), "{text}");
        assert!(text.contains("Image 2: An image at a web address, which was not looked at."));
        assert!(text.contains("offline stand-in from the pixels alone"));
        let text = describe(&[Picture::Remote], Some("German"));
        let end = "*Answered by Gloss's offline stand-in; no model was asked. \
            It answers in English only, not in `German`.*";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn alt_text_is_short_json_with_the_words_offline_stand_in() {
        let check = |pictures: &[Picture], decorative: bool, words: &str| {
            let json: Value = serde_json::from_str(&alt_text(pictures)).unwrap();
            let alt = json["alt"].as_str().unwrap();
            assert_eq!(json["decorative"], decorative, "{alt}");
            assert!(
                alt.chars().count() <= 125 && alt.contains("offline stand-in"),
                "{alt}"
            );
            assert!(alt.starts_with(words), "{alt}");
        };
        check(
            &[seen(&logo())],
            false,
            "Light drawing or screenshot, mostly white and blue, something in the upper left (",
        );
        check(
            &[seen(&noise(64, 64))],
            false,
            "Medium-bright photograph-like picture, mostly ",
        );
        check(
            &[seen(&plain(64, 64, [255, 0, 0]))],
            false,
            "Medium-bright plain area, all red (",
        );
        check(
            &[seen(&plain(8, 100, [255, 0, 0]))],
            true,
            "Medium-bright plain area",
        );
        check(
            &[seen(&RgbaImage::new(30, 30).into())],
            true,
            "Fully transparent picture",
        );
        check(&[Picture::Remote], false, "Image at a web address");
        check(&[], false, "No image came");
    }
}
