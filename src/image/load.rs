//! Reads an image, and makes of it what may be sent: a PNG or JPEG of fitting size that carries
//! nothing but pixels.

use std::collections::HashSet;
use std::fmt::Write;
use std::io::{Cursor, Read};
use std::path::Path;

use ::image::codecs::jpeg::JpegEncoder;
use ::image::codecs::png::{CompressionType, FilterType, PngEncoder};
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::text::one_line;

use super::target::{self, MAX_FILE_BYTES};
use super::{Format, Target, TargetError, format, ground, scale, svg};

/// Images that declare more pixels are refused before they are decoded.
pub const MAX_PIXELS: u64 = 100_000_000;

/// A decoder may hold so many bytes.
const MAX_DECODED_BYTES: u64 = 512 * 1024 * 1024;

/// With at most so many colours, an image is drawn rather than photographed, and PNG keeps its
/// edges.
const FEW_COLOURS: usize = 4096;

/// Most characters that are told of what is wrong with an image.
const LONGEST_REASON: usize = 200;

const JPEG_QUALITY: u8 = 90;

/// An image, and what to send of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub format: Format,
    /// Width in pixels, as shown: turned as its metadata says.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// Size of the original in bytes.
    pub weight: u64,
    /// SHA-256 of the original, in hexadecimal.
    pub sha256: String,
    pub prepared: Prepared,
}

/// An image as the API takes it, without any metadata of the original.
#[derive(Clone, PartialEq, Eq)]
pub struct Prepared {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
    pub width: u32,
    pub height: u32,
}

impl Prepared {
    /// The image as a `data:` URL.
    pub fn data_url(&self) -> String {
        format!(
            "data:{};base64,{}",
            self.media_type,
            BASE64_STANDARD.encode(&self.bytes)
        )
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let Self {
            media_type,
            bytes,
            width,
            height,
        } = self;
        write!(
            f,
            "Prepared({media_type}, {width}x{height}, {} bytes)",
            bytes.len()
        )
    }
}

/// What the first bytes of an image tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub format: Format,
    /// Width in pixels, as shown.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
    /// Size in bytes.
    pub weight: u64,
}

/// Why an image cannot be shown to a model, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("the image is on the network and must be downloaded first")]
    Remote,
    #[error("the image is empty")]
    Empty,
    #[error(
        "the content is not an image; PNG, JPEG, GIF, WebP, BMP, TIFF, ICO and SVG can be read"
    )]
    Unknown,
    #[error("{0} cannot be read as an image; convert it to PNG or JPEG")]
    Unsupported(&'static str),
    #[error("the image has {width}x{height} pixels, too many to read; scale it down first")]
    TooManyPixels { width: u32, height: u32 },
    #[error("the image takes too much memory to read; scale it down first")]
    TooMuchMemory,
    #[error("the SVG is too intricate to be drawn here; export it as PNG, and link that")]
    Intricate,
    #[error("the image has over {} MiB, too many to read", MAX_FILE_BYTES >> 20)]
    TooLarge,
    #[error("the {} is damaged or cut short: {reason}", format.name())]
    Broken { format: Format, reason: String },
}

impl LoadError {
    /// What a decoder says can quote the image, and hold line ends.
    pub(super) fn broken(format: Format, reason: impl std::fmt::Display) -> Self {
        Self::Broken {
            format,
            reason: one_line(&reason.to_string(), LONGEST_REASON),
        }
    }
}

/// Reads and prepares the image at `target`. Takes up to seconds for large ones.
pub fn load(target: &Target) -> Result<Loaded, LoadError> {
    match target {
        Target::File(path) => load_bytes(&read(path)?),
        Target::Data { bytes } => load_bytes(bytes),
        Target::Remote(_) => Err(LoadError::Remote),
    }
}

/// Prepares the image in `bytes`.
pub fn load_bytes(bytes: &[u8]) -> Result<Loaded, LoadError> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadError::TooLarge);
    }
    let format = Format::of(bytes)?;
    let (image, (width, height)) = match format.decoder() {
        Some(decoder) => {
            let image = decode(format, decoder, bytes)?;
            let size = (image.width(), image.height());
            (image, size)
        }
        None => (svg::draw(bytes)?.into(), svg::size(bytes)?),
    };
    let prepared = prepare(format, image)?;
    Ok(Loaded {
        format,
        width,
        height,
        weight: bytes.len() as u64,
        sha256: sha256(bytes),
        prepared,
    })
}

/// What the header of the image in `bytes` tells; no pixel is decoded.
pub fn facts(bytes: &[u8]) -> Result<Facts, LoadError> {
    let format = Format::of(bytes)?;
    let weight = bytes.len() as u64;
    let Some(decoder) = format.decoder() else {
        let (width, height) = svg::size(bytes)?;
        return Ok(Facts {
            format,
            width,
            height,
            weight,
        });
    };
    let mut decoder = open(format, decoder, bytes)?;
    let (width, height) = decoder.dimensions();
    let lies_on_its_side = matches!(
        decoder.orientation().unwrap_or(Orientation::NoTransforms),
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if lies_on_its_side {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Facts {
        format,
        width,
        height,
        weight,
    })
}

/// The facts of the image at `target`, and its content's SHA-256 in hex: which image it is,
/// without a pixel decoded.
pub fn identify(target: &Target) -> Result<(Facts, String), LoadError> {
    let identity = |bytes: &[u8]| Ok((facts(bytes)?, sha256(bytes)));
    match target {
        Target::File(path) => identity(&read(path)?),
        Target::Data { bytes } => identity(bytes),
        Target::Remote(_) => Err(LoadError::Remote),
    }
}

/// The bytes of the file at `path`; one that grew past the limit meanwhile is a byte over it.
fn read(path: &Path) -> Result<Vec<u8>, TargetError> {
    let (file, _) = target::open(path)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| target::from_io(path, &error))?;
    Ok(bytes)
}

fn open(
    format: Format,
    decoder: ImageFormat,
    bytes: &[u8],
) -> Result<impl ImageDecoder, LoadError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let (inner, bytes) = match format {
        Format::Ico => {
            format::png_in_ico(bytes).map_or((decoder, bytes), |png| (ImageFormat::Png, png))
        }
        _ => (decoder, bytes),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), inner);
    reader.limits(limits);
    reader
        .into_decoder()
        .map_err(|error| from_image(format, &error))
}

/// The pixels of the image's first frame, the right way up.
fn decode(format: Format, decoder: ImageFormat, bytes: &[u8]) -> Result<DynamicImage, LoadError> {
    let mut decoder = open(format, decoder, bytes)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(LoadError::TooManyPixels { width, height });
    }
    if decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(LoadError::TooMuchMemory);
    }
    // Metadata that cannot be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image =
        DynamicImage::from_decoder(decoder).map_err(|error| from_image(format, &error))?;
    image.apply_orientation(orientation);
    if image.width() == 0 || image.height() == 0 {
        return Err(LoadError::Broken {
            format,
            reason: "it has no pixels".to_owned(),
        });
    }
    Ok(image)
}

/// `image` scaled to fit and written anew, so that nothing but its pixels is left of it.
fn prepare(format: Format, image: DynamicImage) -> Result<Prepared, LoadError> {
    let image = scale::to_fit(ground::under(image).into());
    let (width, height) = (image.width(), image.height());
    let mut bytes = Vec::new();
    let is_png = has_few_colours(&image);
    let written = if is_png {
        let encoder = PngEncoder::new_with_quality(
            &mut bytes,
            CompressionType::Default,
            FilterType::Adaptive,
        );
        image.write_with_encoder(encoder)
    } else {
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))
    };
    written.map_err(|error| from_image(format, &error))?;
    let media_type = if is_png { "image/png" } else { "image/jpeg" };
    Ok(Prepared {
        media_type,
        bytes,
        width,
        height,
    })
}

fn has_few_colours(image: &DynamicImage) -> bool {
    let mut colours = HashSet::new();
    image.as_rgb8().is_some_and(|image| {
        image.pixels().all(|pixel| {
            colours.insert(pixel.0);
            colours.len() <= FEW_COLOURS
        })
    })
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn from_image(format: Format, error: &ImageError) -> LoadError {
    match error {
        ImageError::Limits(_) => LoadError::TooMuchMemory,
        error => LoadError::broken(format, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::MAX_PREPARED_PIXELS;
    use ::image::{ExtendedColorType, Frame, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    /// So many colours that it counts as a photograph.
    fn photo(width: u32, height: u32) -> DynamicImage {
        let pixel = |x, y| Rgb([x as u8, y as u8, (x * 7 + y * 13) as u8]);
        RgbImage::from_fn(width, height, pixel).into()
    }

    /// Stripes of black and red.
    fn drawing(width: u32, height: u32) -> DynamicImage {
        let pixel = |x, _| Rgb([if x % 16 < 8 { 0 } else { 255 }, 0, 0]);
        RgbImage::from_fn(width, height, pixel).into()
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// An EXIF chunk with one entry, the orientation, and a text after it.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut chunk = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        chunk.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        chunk.extend(b"taken at home");
        chunk
    }

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    fn sent(loaded: &Loaded) -> RgbImage {
        let Prepared {
            bytes,
            width,
            height,
            ..
        } = &loaded.prepared;
        let sent = ::image::load_from_memory(bytes).unwrap();
        assert_eq!((sent.width(), sent.height()), (*width, *height));
        sent.into_rgb8()
    }

    /// A PNG whose header declares this size, with no pixels.
    fn declaring(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
        let mut header = b"IHDR".to_vec();
        header.extend(width.to_be_bytes());
        header.extend(height.to_be_bytes());
        header.extend([8, 2, 0, 0, 0]);
        png.extend(&header);
        png.extend(crc32(&header).to_be_bytes());
        png.extend(b"\0\0\x10\0IDAT");
        png
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let shifted = |crc: u32| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        };
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| shifted(crc))
        })
    }

    #[test]
    fn every_format_is_read_and_sent_as_png_or_jpeg() {
        for (encoder, format) in [
            (ImageFormat::Png, Format::Png),
            (ImageFormat::Jpeg, Format::Jpeg),
            (ImageFormat::Gif, Format::Gif),
            (ImageFormat::WebP, Format::WebP),
            (ImageFormat::Bmp, Format::Bmp),
            (ImageFormat::Tiff, Format::Tiff),
            (ImageFormat::Ico, Format::Ico),
        ] {
            let bytes = encoded(&drawing(64, 48), encoder);
            let loaded = load_bytes(&bytes).unwrap();
            let weight = bytes.len() as u64;
            assert_eq!(
                (loaded.width, loaded.height, loaded.weight),
                (64, 48, weight)
            );
            assert_eq!(
                facts(&bytes),
                Ok(Facts {
                    format,
                    width: 64,
                    height: 48,
                    weight
                })
            );
            assert_eq!(loaded.format, format);
            let pixel = sent(&loaded).get_pixel(12, 12).0;
            assert!(pixel[0] > 200 && pixel[1] < 60, "{format:?} {pixel:?}");
        }
    }

    #[test]
    fn what_is_drawn_is_sent_as_png_and_a_photo_as_jpeg() {
        let glass = RgbaImage::from_pixel(40, 40, Rgba([1, 2, 3, 100]));
        let mut opaque = photo(200, 200).into_rgba8();
        opaque.pixels_mut().for_each(|pixel| pixel.0[3] = 255);
        for (image, expected) in [
            (drawing(100, 100), "image/png"),
            (photo(200, 200), "image/jpeg"),
            (glass.into(), "image/png"),
            (opaque.into(), "image/jpeg"),
            (DynamicImage::new_luma16(40, 40), "image/png"),
        ] {
            let Prepared {
                media_type, bytes, ..
            } = &load_bytes(&encoded(&image, ImageFormat::Png))
                .unwrap()
                .prepared;
            assert_eq!(*media_type, expected);
            let is_png = bytes.starts_with(b"\x89PNG");
            assert_eq!(is_png, expected == "image/png");
            assert_eq!(bytes.starts_with(b"\xff\xd8\xff"), !is_png);
        }
    }

    #[test]
    fn a_data_url_holds_the_type_and_the_bytes() {
        let bytes = b"hello".to_vec();
        let prepared = Prepared {
            media_type: "image/png",
            bytes,
            width: 1,
            height: 1,
        };
        assert_eq!(prepared.data_url(), "data:image/png;base64,aGVsbG8=");
    }

    #[test]
    fn metadata_turns_the_image_and_is_left_behind() {
        // Dark on the left; after a quarter turn clockwise, dark above.
        let image = RgbImage::from_fn(64, 32, |x, _| Rgb([if x < 32 { 0 } else { 255 }; 3]));
        let (mut png, mut jpeg) = (Vec::new(), Vec::new());
        let mut encoder = PngEncoder::new(&mut png);
        encoder.set_exif_metadata(exif(6)).unwrap();
        encoder
            .write_image(&image, 64, 32, ExtendedColorType::Rgb8)
            .unwrap();
        let mut encoder = JpegEncoder::new(&mut jpeg);
        encoder.set_exif_metadata(exif(6)).unwrap();
        encoder
            .write_image(&image, 64, 32, ExtendedColorType::Rgb8)
            .unwrap();
        for original in [png, jpeg] {
            assert!(contains(&original, b"taken at home"));
            let loaded = load_bytes(&original).unwrap();
            assert_eq!((loaded.width, loaded.height), (32, 64));
            let told = facts(&original).unwrap();
            assert_eq!((told.width, told.height), (32, 64));
            let sent = sent(&loaded);
            assert!(sent.get_pixel(16, 4).0[0] < 50 && sent.get_pixel(16, 60).0[0] > 200);
            assert!(!contains(&loaded.prepared.bytes, b"taken at home"));
            assert!(!contains(&loaded.prepared.bytes, b"eXIf"));
            assert!(!contains(&loaded.prepared.bytes, b"Exif"));
        }
    }

    #[test]
    fn a_large_image_is_scaled_down_and_a_tiny_one_up() {
        let large = load_bytes(&encoded(&photo(3000, 2000), ImageFormat::Bmp)).unwrap();
        assert_eq!((large.width, large.height), (3000, 2000));
        let pixels = large.prepared.width * large.prepared.height;
        assert!(pixels <= MAX_PREPARED_PIXELS && pixels > MAX_PREPARED_PIXELS / 100 * 99);
        sent(&large);
        let tiny = load_bytes(&encoded(&drawing(1, 1), ImageFormat::Png)).unwrap();
        assert_eq!((tiny.prepared.width, tiny.prepared.height), (23, 23));
        sent(&tiny);
    }

    #[test]
    fn the_first_frame_stands_for_all() {
        let mut bytes = Vec::new();
        let mut encoder = ::image::codecs::gif::GifEncoder::new(&mut bytes);
        for red in [255, 0] {
            let frame = RgbaImage::from_pixel(32, 32, Rgba([red, 0, 0, 255]));
            encoder.encode_frame(Frame::new(frame)).unwrap();
        }
        drop(encoder);
        assert!(sent(&load_bytes(&bytes).unwrap()).get_pixel(5, 5).0[0] > 200);
    }

    #[test]
    fn the_hash_is_that_of_the_original() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
        let bytes = encoded(&drawing(32, 32), ImageFormat::Png);
        assert_eq!(load_bytes(&bytes).unwrap().sha256, sha256(&bytes));
        assert_eq!(load_bytes(&bytes), load_bytes(&bytes));
    }

    #[test]
    fn a_declared_size_is_refused_before_anything_is_decoded() {
        let (width, height) = (30_000, 30_000);
        let bomb = declaring(width, height);
        assert_eq!(
            load_bytes(&bomb),
            Err(LoadError::TooManyPixels { width, height })
        );
        assert_eq!(facts(&bomb).unwrap().width, width);
        assert!(load_bytes(&declaring(2_000_000_000, 2_000_000_000)).is_err());
        assert!(load_bytes(&declaring(0, 5)).is_err());
        // A header that promises more than there is.
        assert!(matches!(
            load_bytes(&declaring(40, 40)),
            Err(LoadError::Broken { .. })
        ));
    }

    #[test]
    fn what_is_damaged_is_told_in_one_line() {
        let mut jpeg = encoded(&photo(20, 20), ImageFormat::Jpeg);
        jpeg.truncate(300);
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg'>&a\u{202e}{};</svg>",
            "b".repeat(999)
        );
        for bytes in [jpeg.as_slice(), svg.as_bytes()] {
            let line = load_bytes(bytes).unwrap_err().to_string();
            assert!(
                line.chars().count() < 300 && !line.contains(crate::text::is_hidden),
                "{line:?}"
            );
        }
    }

    #[test]
    fn what_is_no_image_is_refused_in_words() {
        let png = encoded(&photo(80, 80), ImageFormat::Png);
        for (bytes, expected) in [
            (b"".as_slice(), "is empty"),
            (b"This is text named .png", "not an image"),
            (b"<svg", "SVG is damaged"),
            (b"BMI is no image", "BMP is damaged"),
            (&png[..png.len() / 2], "PNG is damaged"),
            (&png[..20], "PNG is damaged"),
            (b"GIF89a", "GIF is damaged"),
            (b"\xff\xd8\xff", "JPEG is damaged"),
        ] {
            let error = load_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_target_is_read_from_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        // The extension lies: the content is what counts.
        let path = folder.path().canonicalize().unwrap().join("a.txt");
        let bytes = encoded(&photo(600, 500), ImageFormat::Bmp);
        let weight = bytes.len() as u64;
        std::fs::write(&path, &bytes).unwrap();
        let file = Target::File(path.clone());
        let data = Target::Data { bytes };
        assert_eq!(load(&file), load(&data));
        let expected = Facts {
            format: Format::Bmp,
            width: 600,
            height: 500,
            weight,
        };
        let sha256 = load(&file).unwrap().sha256;
        assert_eq!(identify(&file), Ok((expected, sha256.clone())));
        assert_eq!(identify(&data), Ok((expected, sha256)));

        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            load(&file),
            Err(LoadError::Target(TargetError::Missing(path)))
        );
        let url = url::Url::parse("https://a.example/b.png").unwrap();
        assert_eq!(load(&Target::Remote(url)), Err(LoadError::Remote));
    }

    const FORMATS: [ImageFormat; 8] = [
        ImageFormat::Png,
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::Ico,
    ];

    proptest! {
        #[test]
        fn damaged_images_do_no_harm(
            format in prop::sample::select(FORMATS.to_vec()),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = encoded(&drawing(20, 20), format);
            for (place, value) in damage {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            crate::judges::image::is_drawn_within_bounds(&bytes);
        }
    }
}
