//! Brings an image to a size that the API takes.

use ::image::DynamicImage;
use ::image::imageops::FilterType;

/// The API scales down what has more pixels, so more is never sent.
pub const MAX_PREPARED_PIXELS: u32 = 2_408_448;

/// The API refuses images with fewer pixels in all.
const MIN_PIXELS: u32 = 512;

/// The API refuses images with a shorter side.
const MIN_SIDE: u32 = 8;

/// No screen or paper is longer; what is gets its proportions from nowhere good.
const MAX_SIDE: u32 = 16_384;

/// The width and height in which to send an image: the same proportions as far as the bounds
/// allow, with at most [`MAX_PREPARED_PIXELS`].
pub fn fit(width: u32, height: u32) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    let (shorter, longer) = (width.min(height), width.max(height));
    let pixels = f64::from(width) * f64::from(height);
    let shrink = (f64::from(MAX_PREPARED_PIXELS) / pixels)
        .sqrt()
        .min(f64::from(MAX_SIDE) / f64::from(longer));
    // By whole numbers, so that the few pixels stay sharp.
    let grow = (f64::from(MIN_SIDE) / f64::from(shorter))
        .max((f64::from(MIN_PIXELS) / pixels).sqrt())
        .ceil();
    let scale = if shrink < 1.0 { shrink } else { grow.max(1.0) };
    within_bounds(scaled(width, scale), scaled(height, scale))
}

/// A drawing has no pixels of its own, so small ones are drawn this long, that their parts can be
/// told.
const DRAWN_SIDE: f32 = 512.0;

/// The width and height in which to draw and send what is `width` by `height` units large.
pub(super) fn fit_drawing(width: f32, height: f32) -> (u32, u32) {
    let scale = (DRAWN_SIDE / width.max(height)).max(1.0);
    fit(drawn(width * scale), drawn(height * scale))
}

/// The cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn drawn(length: f32) -> u32 {
    length.round() as u32
}

/// `side` times `scale`, rounded down. The cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn scaled(side: u32, scale: f64) -> u32 {
    (f64::from(side) * scale) as u32
}

/// Long thin slivers cannot keep their proportions.
fn within_bounds(width: u32, height: u32) -> (u32, u32) {
    let (width, height) = (
        width.clamp(MIN_SIDE, MAX_SIDE),
        height.clamp(MIN_SIDE, MAX_SIDE),
    );
    if width >= height {
        (width.min(MAX_PREPARED_PIXELS / height), height)
    } else {
        (width, height.min(MAX_PREPARED_PIXELS / width))
    }
}

/// `image` in the size that [`fit`] says.
pub(super) fn to_fit(image: DynamicImage) -> DynamicImage {
    let (width, height) = fit(image.width(), image.height());
    if (width, height) == (image.width(), image.height()) {
        return image;
    }
    if width >= image.width() && height >= image.height() {
        return image.resize_exact(width, height, FilterType::Nearest);
    }
    // The good filter holds all of it as floats, so large images are averaged down first.
    let halves = (width.saturating_mul(2), height.saturating_mul(2));
    let image = if image.width() > halves.0 && image.height() > halves.1 {
        image.thumbnail_exact(halves.0, halves.1)
    } else {
        image
    };
    image.resize_exact(width, height, FilterType::CatmullRom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_within_the_bounds_stay() {
        for size in [
            (1024, 1024),
            (8, 64),
            (64, 8),
            (32, 16),
            (1552, 1551),
            (16_384, 147),
        ] {
            assert_eq!(fit(size.0, size.1), size);
        }
    }

    #[test]
    fn other_sizes_are_brought_within() {
        for (size, expected) in [
            ((4000, 3000), (1792, 1344)),
            ((3000, 4000), (1344, 1792)),
            ((1, 1), (23, 23)),
            ((16, 16), (32, 32)),
            ((4, 300), (8, 600)),
            ((10_000, 1), (16_384, 8)),
            ((60_000, 20), (16_384, 8)),
            ((0, 0), (23, 23)),
        ] {
            assert_eq!(fit(size.0, size.1), expected, "{size:?}");
        }
    }

    #[test]
    fn a_small_drawing_is_drawn_larger_and_a_large_one_within_the_bounds() {
        for (size, expected) in [
            ((24.0, 24.0), (512, 512)),
            ((0.5, 0.25), (512, 256)),
            ((800.0, 600.0), (800, 600)),
            ((4000.0, 3000.0), (1792, 1344)),
            ((1e-20, 1e20), (8, 16_384)),
        ] {
            assert_eq!(fit_drawing(size.0, size.1), expected, "{size:?}");
        }
    }

    #[test]
    fn a_scaled_image_has_the_size_that_fits() {
        for (width, height) in [
            (1, 1),
            (3000, 2000),
            (1700, 1600),
            (5000, 3),
            (3, 5000),
            (40, 30),
        ] {
            let scaled = to_fit(DynamicImage::new_rgb8(width, height));
            assert_eq!((scaled.width(), scaled.height()), fit(width, height));
        }
    }

    proptest! {
        #[test]
        fn every_size_fits_what_the_api_takes(width in 0..=100_000u32, height in 0..=100_000u32) {
            let (w, h) = fit(width, height);
            prop_assert!(w >= MIN_SIDE && h >= MIN_SIDE && w <= MAX_SIDE && h <= MAX_SIDE);
            prop_assert!((MIN_PIXELS..=MAX_PREPARED_PIXELS).contains(&(w * h)));
            prop_assert_eq!(fit(w, h), (w, h));
        }

        #[test]
        fn proportions_are_kept(width in 100..20_000u32, height in 100..20_000u32) {
            let (w, h) = fit(width, height);
            let (before, after) = (f64::from(width) / f64::from(height), f64::from(w) / f64::from(h));
            prop_assert!((before / after - 1.0).abs() < 0.02, "{before} {after}");
        }
    }
}
