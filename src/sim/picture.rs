//! Takes an image as the API does: what it refuses, what it costs, and what its pixels show.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::many_single_char_names,
    reason = "colours and shares of pixels are far from any limit"
)]

use std::collections::HashMap;
use std::io::Cursor;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::{DynamicImage, GenericImageView, ImageFormat, ImageReader, Limits};

use super::colour::Lab;
use super::errors::Refusal;
use super::request::{Detail, Image};

const MOST_BYTES: usize = 20 * 1024 * 1024;
const LEAST_SIDE: u32 = 8;
const LEAST_PIXELS: u64 = 512;
/// Above this the API scales down before it counts.
const MOST_PIXELS: f64 = 2_408_448.0;
/// The long side that `low` detail is scaled to.
const LOW_DETAIL_SIDE: f64 = 512.0;
/// A web address is not fetched, so it is charged as a square of 1024.
const REMOTE_TOKENS: u64 = 32 * 32 + 2;

/// An image of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// A web address, which the stand-in does not fetch.
    Remote,
    Seen(Box<Look>),
}

/// What the pixels show. Shares are parts of 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub format: &'static str,
    pub width: u32,
    pub height: u32,
    /// Of the whole image.
    pub transparent: f32,
    /// Of what is not transparent, the largest first.
    pub colours: Vec<(&'static str, f32)>,
    /// Mean, from 0 to 1.
    pub lightness: f32,
    pub texture: Texture,
    pub surface: Surface,
}

/// How neighbouring pixels go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texture {
    /// One colour.
    Even,
    /// Few colours: a drawing, a diagram, a screenshot.
    Flat,
    /// Many colours that run into one another.
    Smooth,
    /// Many colours and fine structure: a photograph.
    Rich,
}

/// Whether something stands out before a background.
#[derive(Clone, Debug, PartialEq)]
pub enum Surface {
    NoBackground,
    Background {
        colour: &'static str,
        /// The part of the image that stands out; 0 if nothing does.
        covered: f32,
        /// The centre of what stands out, from 0 to 1 rightwards and downwards.
        centre: (f32, f32),
    },
}

/// Reads an image as it came in a request.
pub fn read(image: &Image) -> Result<Picture, Refusal> {
    let url = image.url.trim();
    let scheme = url
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    match scheme.as_str() {
        "http" | "https" => Ok(Picture::Remote),
        "data" => {
            let bytes =
                bytes(url).ok_or_else(|| Refusal::invalid_image("the data URL is not base64."))?;
            let (format, pixels) = decode(&bytes)?;
            Ok(Picture::Seen(Box::new(Look::at(format, &pixels))))
        }
        _ => Err(Refusal::invalid_image(
            "a data URL or an https address is needed.",
        )),
    }
}

/// The tokens an image costs.
pub fn tokens(picture: &Picture, detail: Option<Detail>) -> u64 {
    match picture {
        Picture::Remote => REMOTE_TOKENS,
        Picture::Seen(look) => {
            let (width, height) = (f64::from(look.width), f64::from(look.height));
            let by_area = (MOST_PIXELS / (width * height)).sqrt();
            let by_detail = match detail {
                Some(Detail::Low) => LOW_DETAIL_SIDE / width.max(height),
                _ => 1.0,
            };
            let scale = by_area.min(by_detail).min(1.0);
            let tiles = |side: f64| (side * scale / 32.0).ceil().max(1.0) as u64;
            tiles(width) * tiles(height) + 2
        }
    }
}

fn bytes(url: &str) -> Option<Vec<u8>> {
    let (head, data) = url.split_once(',')?;
    let is_base64 = head.to_ascii_lowercase().ends_with(";base64");
    is_base64.then(|| BASE64_STANDARD.decode(data.trim()).ok())?
}

/// Decodes by what the bytes are, whatever the URL said.
fn decode(bytes: &[u8]) -> Result<(&'static str, DynamicImage), Refusal> {
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::invalid_image("it is larger than 20 MiB."));
    }
    let format = image::guess_format(bytes).ok();
    let name = match format {
        Some(ImageFormat::Png) => "PNG",
        Some(ImageFormat::Jpeg) => "JPEG",
        Some(ImageFormat::WebP) => "WebP",
        _ => {
            return Err(Refusal::invalid_image(
                "only JPEG, PNG and WebP are supported.",
            ));
        }
    };
    let broken = || Refusal::invalid_image("it could not be decoded.");
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes));
        if let Some(format) = format {
            reader.set_format(format);
        }
        reader
    };
    let (width, height) = reader().into_dimensions().map_err(|_| broken())?;
    if width < LEAST_SIDE || height < LEAST_SIDE {
        return Err(Refusal::image_side_too_small(width, height));
    }
    if u64::from(width) * u64::from(height) < LEAST_PIXELS {
        return Err(Refusal::image_area_too_small(width, height));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(256 * 1024 * 1024);
    let mut reader = reader();
    reader.limits(limits);
    Ok((name, reader.decode().map_err(|_| broken())?))
}

/// A pixel of the grid that an image is judged by.
struct Sample {
    x: f32,
    y: f32,
    rgb: [u8; 3],
    lab: Lab,
    /// How much lighter or darker its right neighbour is.
    step: f32,
    on_border: bool,
}

/// So many samples to a side, at most.
const GRID: u32 = 160;

impl Look {
    fn at(format: &'static str, pixels: &DynamicImage) -> Self {
        let (width, height) = pixels.dimensions();
        let (samples, transparent) = samples(pixels);
        let all = samples.len().max(1) as f32;
        Self {
            format,
            width,
            height,
            transparent,
            colours: shares(samples.iter().map(|sample| sample.lab.name())),
            lightness: samples
                .iter()
                .map(|sample| sample.lab.lightness)
                .sum::<f32>()
                / all,
            texture: texture(&samples),
            surface: surface(&samples),
        }
    }
}

/// The opaque samples, and the share of the others.
fn samples(pixels: &DynamicImage) -> (Vec<Sample>, f32) {
    let (width, height) = pixels.dimensions();
    let (columns, rows) = (width.min(GRID), height.min(GRID));
    // The middle of the n-th of `count` cells along a side.
    let place = |index: u32, count: u32, side: u32| {
        let middle = (u64::from(index) * 2 + 1) * u64::from(side) / (u64::from(count) * 2);
        u32::try_from(middle).unwrap_or(u32::MAX).min(side - 1)
    };
    let mut samples = Vec::new();
    for row in 0..rows {
        let y = place(row, rows, height);
        for column in 0..columns {
            let x = place(column, columns, width);
            let [red, green, blue, alpha] = pixels.get_pixel(x, y).0;
            if alpha < 128 {
                continue;
            }
            let [r, g, b, _] = pixels.get_pixel((x + 1).min(width - 1), y).0;
            let (lab, right) = (Lab::from_rgb([red, green, blue]), Lab::from_rgb([r, g, b]));
            samples.push(Sample {
                x: (x as f32 + 0.5) / width as f32,
                y: (y as f32 + 0.5) / height as f32,
                rgb: [red, green, blue],
                lab,
                step: (lab.lightness - right.lightness).abs(),
                on_border: row == 0 || column == 0 || row + 1 == rows || column + 1 == columns,
            });
        }
    }
    let all = (columns * rows).max(1) as f32;
    let transparent = 1.0 - samples.len() as f32 / all;
    (samples, transparent)
}

/// The share of each, the largest first, equals by the order of their names.
fn shares<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(&'a str, f32)> {
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let all = counts.values().sum::<u32>().max(1) as f32;
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    counts
        .into_iter()
        .map(|(name, count)| (name, count as f32 / all))
        .collect()
}

fn texture(samples: &[Sample]) -> Texture {
    let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
    for sample in samples {
        // Without the lowest bits, in which JPEG leaves its noise.
        *counts
            .entry(sample.rgb.map(|value| value >> 2))
            .or_default() += 1;
    }
    if counts.len() <= 1 {
        return Texture::Even;
    }
    let all = samples.len().max(1) as f32;
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let in_few_colours = counts.iter().take(16).sum::<u32>() as f32 / all;
    let mean_step = samples.iter().map(|sample| sample.step).sum::<f32>() / all;
    if in_few_colours >= 0.6 {
        Texture::Flat
    } else if mean_step < 0.012 {
        Texture::Smooth
    } else {
        Texture::Rich
    }
}

/// A background is one colour along nearly all of the border.
fn surface(samples: &[Sample]) -> Surface {
    const ALIKE: f32 = 0.08;
    let border: Vec<&Sample> = samples.iter().filter(|sample| sample.on_border).collect();
    let names = shares(border.iter().map(|sample| sample.lab.name()));
    let Some((colour, _)) = names.first() else {
        return Surface::NoBackground;
    };
    let Some(ground) = border
        .iter()
        .find(|sample| sample.lab.name() == *colour)
        .map(|sample| sample.lab)
    else {
        return Surface::NoBackground;
    };
    let alike = border
        .iter()
        .filter(|sample| sample.lab.distance(ground) < ALIKE)
        .count();
    if (alike as f32) < 0.85 * border.len() as f32 {
        return Surface::NoBackground;
    }
    let shown: Vec<&Sample> = samples
        .iter()
        .filter(|sample| sample.lab.distance(ground) >= ALIKE)
        .collect();
    let mean = |of: fn(&Sample) -> f32| {
        shown.iter().map(|sample| of(sample)).sum::<f32>() / shown.len().max(1) as f32
    };
    Surface::Background {
        colour,
        covered: shown.len() as f32 / samples.len().max(1) as f32,
        centre: (mean(|sample| sample.x), mean(|sample| sample.y)),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    /// A data URL of `image` in `format`.
    pub fn data_url(image: &DynamicImage, format: ImageFormat) -> String {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        format!(
            "data:image/whatever;base64,{}",
            BASE64_STANDARD.encode(bytes.into_inner())
        )
    }

    pub fn plain(width: u32, height: u32, rgb: [u8; 3]) -> DynamicImage {
        RgbImage::from_pixel(width, height, Rgb(rgb)).into()
    }

    fn read_url(url: &str) -> Result<Picture, Refusal> {
        read(&Image {
            url: url.into(),
            detail: None,
        })
    }

    pub fn look(image: &DynamicImage) -> Look {
        match read_url(&data_url(image, ImageFormat::Png)).unwrap() {
            Picture::Seen(look) => *look,
            Picture::Remote => panic!("a data URL is not remote"),
        }
    }

    /// Noise that looks the same on every run.
    pub fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        RgbImage::from_fn(width, height, |_, _| Rgb([next(), next(), next()])).into()
    }

    #[test]
    fn what_the_api_refuses_is_refused_in_its_words() {
        let check = |url: &str, words: &str| {
            let refusal = read_url(url).unwrap_err();
            assert_eq!(refusal.status.as_u16(), 400);
            assert!(refusal.error.contains(words), "{}", refusal.error);
        };
        let png = |width, height| data_url(&plain(width, height, [9, 9, 9]), ImageFormat::Png);
        check(
            &png(4, 300),
            "Image dimensions 4x300 are too small. Both width and height must be at least 8 pixels.",
        );
        check(
            &png(16, 16),
            "Image has 256 total pixels (16x16), which is below the minimum of 512 pixels.",
        );
        check(
            &data_url(&plain(99, 99, [1, 2, 3]), ImageFormat::Gif),
            "Invalid image: only JPEG, PNG and WebP",
        );
        check("data:image/png;base64,aGVsbG8=", "Invalid image");
        check("data:image/png;base64,!!", "not base64");
        check("data:image/png,abc", "not base64");
        check("ftp://x/y.png", "Invalid image");
        check("", "Invalid image");
        let cut: String = png(64, 64).chars().take(80).collect();
        check(&cut, "Invalid image");
    }

    #[test]
    fn the_bytes_decide_and_web_addresses_are_not_fetched() {
        let image = plain(32, 32, [200, 10, 20]);
        for (format, name) in [
            (ImageFormat::Png, "PNG"),
            (ImageFormat::Jpeg, "JPEG"),
            (ImageFormat::WebP, "WebP"),
        ] {
            match read_url(&data_url(&image, format)).unwrap() {
                Picture::Seen(look) => assert_eq!(look.format, name),
                Picture::Remote => panic!("a data URL is not remote"),
            }
        }
        assert_eq!(
            read_url("https://example.org/a.png").unwrap(),
            Picture::Remote
        );
    }

    #[test]
    fn tokens_follow_size_and_detail() {
        let check = |width, height, detail, expected| {
            let picture = Picture::Seen(Box::new(Look {
                width,
                height,
                ..look(&plain(32, 32, [0; 3]))
            }));
            assert_eq!(tokens(&picture, detail), expected, "{width}x{height}");
        };
        check(1024, 1024, None, 1026);
        check(33, 8, Some(Detail::High), 4);
        check(1024, 512, Some(Detail::Low), 16 * 8 + 2);
        check(100, 100, Some(Detail::Low), 18);
        check(4000, 3000, None, 56 * 42 + 2);
        assert_eq!(tokens(&Picture::Remote, None), 1026);
    }

    #[test]
    fn textures_are_told_apart() {
        let smooth = RgbImage::from_fn(256, 256, |x, y| Rgb([x as u8, y as u8, 128]));
        let flat = RgbImage::from_fn(64, 64, |x, _| {
            Rgb(if x < 32 { [255; 3] } else { [255, 0, 0] })
        });
        assert_eq!(look(&plain(40, 40, [1, 2, 3])).texture, Texture::Even);
        assert_eq!(look(&flat.into()).texture, Texture::Flat);
        assert_eq!(look(&smooth.into()).texture, Texture::Smooth);
        assert_eq!(look(&noise(64, 64)).texture, Texture::Rich);
    }

    #[test]
    fn colours_transparency_and_what_stands_out_are_measured() {
        let image = RgbaImage::from_fn(100, 50, |x, y| match (x, y) {
            (75..90, 30..45) => Rgba([255, 0, 0, 255]),
            _ => Rgba([255, 255, 255, 255]),
        });
        let seen = look(&image.into());
        assert_eq!(seen.colours[0].0, "white");
        assert_eq!(seen.colours[1].0, "red");
        assert!((seen.colours[1].1 - 0.045).abs() < 0.001);
        assert_eq!(seen.transparent, 0.0);
        let Surface::Background {
            colour,
            covered,
            centre,
        } = seen.surface
        else {
            panic!("no background");
        };
        assert_eq!(colour, "white");
        assert!((covered - 0.045).abs() < 0.001);
        assert!(
            (centre.0 - 0.825).abs() < 0.01 && (centre.1 - 0.75).abs() < 0.01,
            "{centre:?}"
        );

        let half = RgbaImage::from_fn(40, 40, |x, _| Rgba([0, 0, 0, if x < 20 { 0 } else { 255 }]));
        let seen = look(&half.into());
        assert!((seen.transparent - 0.5).abs() < 0.01);
        assert_eq!(seen.colours, [("black", 1.0)]);
    }

    #[test]
    fn nothing_but_transparency_is_seen_as_such() {
        let seen = look(&RgbaImage::new(30, 30).into());
        assert_eq!((seen.transparent, seen.colours.len()), (1.0, 0));
        assert_eq!(seen.surface, Surface::NoBackground);
    }
}
