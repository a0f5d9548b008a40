//! Which format an image is in, told by its content and never by its name.

use ::image::ImageFormat;

use super::LoadError;

/// A format that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    Bmp,
    Gif,
    Ico,
    Jpeg,
    Png,
    Svg,
    Tiff,
    WebP,
}

impl Format {
    /// The name people write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bmp => "BMP",
            Self::Gif => "GIF",
            Self::Ico => "ICO",
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Svg => "SVG",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
        }
    }

    /// The format of what begins with `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, LoadError> {
        if bytes.is_empty() {
            return Err(LoadError::Empty);
        }
        if let Some(name) = unsupported(bytes) {
            return Err(LoadError::Unsupported(name));
        }
        match ::image::guess_format(bytes) {
            Ok(ImageFormat::Bmp) => Ok(Self::Bmp),
            Ok(ImageFormat::Gif) => Ok(Self::Gif),
            Ok(ImageFormat::Ico) => Ok(Self::Ico),
            Ok(ImageFormat::Jpeg) => Ok(Self::Jpeg),
            Ok(ImageFormat::Png) => Ok(Self::Png),
            Ok(ImageFormat::Tiff) => Ok(Self::Tiff),
            Ok(ImageFormat::WebP) => Ok(Self::WebP),
            _ if is_svg(bytes) => Ok(Self::Svg),
            _ => Err(LoadError::Unknown),
        }
    }

    /// How to decode it; `None` for what has no pixels but is drawn.
    pub(super) fn decoder(self) -> Option<ImageFormat> {
        Some(match self {
            Self::Bmp => ImageFormat::Bmp,
            Self::Gif => ImageFormat::Gif,
            Self::Ico => ImageFormat::Ico,
            Self::Jpeg => ImageFormat::Jpeg,
            Self::Png => ImageFormat::Png,
            Self::Svg => return None,
            Self::Tiff => ImageFormat::Tiff,
            Self::WebP => ImageFormat::WebP,
        })
    }
}

/// The largest image in the ICO file `bytes` if that is a PNG, as it mostly is.
///
/// The decoder for ICO takes no PNG but with eight bits of red, green, blue and alpha each.
pub(super) fn png_in_ico(bytes: &[u8]) -> Option<&[u8]> {
    let count = u16::from_le_bytes(*bytes.get(4..6)?.first_chunk()?);
    let entries = bytes.get(6..)?.chunks_exact(16).take(count.into());
    let largest = entries.max_by_key(|entry| match entry {
        // A byte holds at most 255, so 0 stands for 256.
        [width, height, ..] => {
            (u32::from(width.wrapping_sub(1)) + 1) * (u32::from(height.wrapping_sub(1)) + 1)
        }
        _ => 0,
    })?;
    let offset = u32::from_le_bytes(*largest.last_chunk()?);
    let image = bytes.get(usize::try_from(offset).ok()?..)?;
    image.starts_with(b"\x89PNG\r\n\x1a\n").then_some(image)
}

/// The name of a format that is known but cannot be read.
fn unsupported(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // ISO/IEC 14496-12: a box of four bytes' length, `ftyp`, and the brand.
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4)? {
            b"avif" | b"avis" => Some("AVIF"),
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => {
                Some("HEIC")
            }
            _ => Some("MP4"),
        },
        [0xff, 0x0a, ..] | [0, 0, 0, 0x0c, b'J', b'X', b'L', b' ', ..] => Some("JPEG XL"),
        [b'%', b'P', b'D', b'F', ..] => Some("PDF"),
        [b'8', b'B', b'P', b'S', ..] => Some("Photoshop"),
        [0x1f, 0x8b, ..] => Some("gzip (as in SVGZ)"),
        _ => None,
    }
}

/// Whether `bytes` are XML whose first element is `<svg`, as far as the first few KiB tell.
fn is_svg(bytes: &[u8]) -> bool {
    let start = bytes.get(..4096).unwrap_or(bytes);
    let start = String::from_utf8_lossy(start);
    let mut rest = start.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!") || rest.starts_with(']') {
            ">"
        } else {
            return rest.starts_with("<svg") || rest.starts_with("<svg:svg");
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_tells_the_format() {
        for (bytes, expected) in [
            (b"\x89PNG\r\n\x1a\n".as_slice(), Format::Png),
            (b"\xff\xd8\xff\xe0", Format::Jpeg),
            (b"GIF89a", Format::Gif),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Format::WebP),
            (b"BM\0\0", Format::Bmp),
            (b"II*\0", Format::Tiff),
            (b"MM\0*", Format::Tiff),
            (b"\0\0\x01\0\x01\0", Format::Ico),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Format::Svg),
            (
                b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<!DOCTYPE svg>\n<svg>",
                Format::Svg,
            ),
            (
                b"<!DOCTYPE svg [ <!ENTITY a \"b\"> <!ENTITY c \"d\"> ]>\n<svg>",
                Format::Svg,
            ),
        ] {
            assert_eq!(Format::of(bytes).unwrap(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_called_by_its_name() {
        for (bytes, expected) in [
            (b"\0\0\0\x1cftypavif\0\0".as_slice(), "AVIF"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"\x1f\x8b\x08\0", "gzip (as in SVGZ)"),
            (b"\xff\x0a\0", "JPEG XL"),
            (b"%PDF-1.7", "PDF"),
        ] {
            let error = Format::of(bytes).unwrap_err();
            assert!(
                matches!(error, LoadError::Unsupported(name) if name == expected),
                "{error:?}"
            );
            assert!(error.to_string().contains(expected));
        }
        for bytes in [
            b"hello".as_slice(),
            b"<html><svg>",
            b"<!-- <svg>",
            b"\x89PN",
            b"P6 1 1 255 ",
            b"qoif",
        ] {
            assert!(
                matches!(Format::of(bytes), Err(LoadError::Unknown)),
                "{bytes:?}"
            );
        }
        assert!(matches!(Format::of(b""), Err(LoadError::Empty)));
    }

    #[test]
    fn the_largest_image_of_an_ico_is_found_if_it_is_a_png() {
        let png = b"\x89PNG\r\n\x1a\n...".as_slice();
        let entry =
            |side: u8, offset: u8| [side, side, 0, 0, 1, 0, 32, 0, 9, 0, 0, 0, offset, 0, 0, 0];
        let ico = |entries: &[[u8; 16]]| {
            [
                &[0, 0, 1, 0, entries.len() as u8, 0],
                entries.concat().as_slice(),
                png,
            ]
            .concat()
        };
        assert_eq!(png_in_ico(&ico(&[entry(16, 3), entry(0, 38)])), Some(png));
        assert_eq!(png_in_ico(&ico(&[entry(16, 38), entry(32, 3)])), None);
        assert_eq!(png_in_ico(&ico(&[entry(16, 255)])), None);
        assert_eq!(png_in_ico(&ico(&[])), None);
        assert_eq!(png_in_ico(b"\0\0\x01\0\xff\xff\x01"), None);
    }
}
