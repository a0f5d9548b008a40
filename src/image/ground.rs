//! Puts a ground under what is transparent, as a page would.
//!
//! A model may be shown an image without its alpha, and black lines on nothing would then be
//! black on black.

use ::image::{DynamicImage, Rgb, RgbImage, RgbaImage};

const LIGHT: u8 = 255;
const DARK: u8 = 32;

/// From this brightness on, what can be seen of an image is told from a dark ground better.
const BRIGHT: u64 = 190;

/// `image` in eight bits each of red, green and blue, nothing of it transparent.
pub fn under(image: DynamicImage) -> RgbImage {
    if !image.has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    let ground = if brightness(&image) < BRIGHT {
        LIGHT
    } else {
        DARK
    };
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|colour| mixed(colour, ground, alpha)))
    })
}

/// Of what can be seen, from 0 to 255.
fn brightness(image: &RgbaImage) -> u64 {
    let (mut sum, mut seen) = (0, 0);
    for pixel in image.pixels() {
        let [red, green, blue, alpha] = pixel.0.map(u64::from);
        // The eye's weights for them (ITU-R BT.601), in hundredths.
        sum += alpha * (30 * red + 59 * green + 11 * blue) / 100;
        seen += alpha;
    }
    sum / seen.max(1)
}

fn mixed(colour: u8, ground: u8, alpha: u8) -> u8 {
    let (colour, ground, alpha) = (u32::from(colour), u32::from(ground), u32::from(alpha));
    let mixed = (colour * alpha + ground * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::Rgba;

    #[test]
    fn what_is_drawn_is_told_from_its_ground() {
        let check = |line: [u8; 4], expected: ([u8; 3], [u8; 3])| {
            let pixel = |x, _| Rgba(if x == 0 { line } else { [0; 4] });
            let image = under(RgbaImage::from_fn(9, 9, pixel).into());
            let seen = (image.get_pixel(0, 0).0, image.get_pixel(5, 5).0);
            assert_eq!(seen, expected, "{line:?}");
        };
        check([0, 0, 0, 255], ([0; 3], [255; 3]));
        check([200, 0, 0, 255], ([200, 0, 0], [255; 3]));
        check([255, 255, 255, 255], ([255; 3], [32; 3]));
        check([0, 0, 0, 51], ([204; 3], [255; 3]));
        check([0, 0, 0, 0], ([255; 3], [255; 3]));
    }

    #[test]
    fn an_opaque_image_stays_as_it_is() {
        let opaque = RgbImage::from_pixel(3, 3, Rgb([1, 2, 3]));
        assert_eq!(under(opaque.clone().into()), opaque);
        assert_eq!(
            under(DynamicImage::from(opaque.clone()).into_rgba8().into()),
            opaque
        );
    }
}
