//! Draws SVG, which is a program of a stranger: nothing is fetched or read for it, and what
//! would take too long or too much memory is refused before it is drawn.

mod cost;
mod xml;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use ::image::{ImageBuffer, RgbaImage};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{ImageHrefResolver, ImageKind, Options, Tree, fontdb};

use super::{Format, LoadError, load, scale};

/// Larger texts are refused.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Documents with more elements, texts and comments are refused.
const MAX_NODES: u32 = 200_000;

/// Images within a drawing may have so many pixels together; the rest is left out.
const MAX_INNER_PIXELS: u64 = 50_000_000;

/// Drawing goes as deep as the document does, in frames that are large where nothing is optimised.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Width and height in pixels, as the document declares them; 100 where it says nothing.
pub(super) fn size(bytes: &[u8]) -> Result<(u32, u32), LoadError> {
    let text = text(bytes)?;
    let document = parse(text)?;
    let root = document.root_element();
    let attributes: String = ["width", "height", "viewBox"]
        .iter()
        .filter_map(|name| Some(format!(" {name}=\"{}\"", plain(root.attribute(*name)?))))
        .collect();
    let empty = format!("<svg xmlns=\"http://www.w3.org/2000/svg\"{attributes}/>");
    let tree = Tree::from_str(&empty, &Options::default()).map_err(broken)?;
    let size = tree.size().to_int_size();
    Ok((size.width(), size.height()))
}

/// A length or a list of them, without what could end an attribute.
fn plain(value: &str) -> String {
    let may_stand = |c: &char| c.is_ascii_alphanumeric() || " .,%+-".contains(*c);
    value.chars().filter(may_stand).collect()
}

/// The drawing, in a size that may be sent.
pub(super) fn draw(bytes: &[u8]) -> Result<RgbaImage, LoadError> {
    let text = text(bytes)?;
    std::thread::scope(|scope| {
        let drawing = std::thread::Builder::new()
            .name("svg".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || drawn(text))
            .map_err(broken)?;
        drawing
            .join()
            .unwrap_or_else(|_| Err(broken("it cannot be drawn")))
    })
}

fn drawn(text: &str) -> Result<RgbaImage, LoadError> {
    let document = parse(text)?;
    cost::check_document(&document)?;
    let has_text = document
        .descendants()
        .any(|node| node.tag_name().name() == "text");
    let options = Options {
        image_href_resolver: only_inner_images(),
        fontdb: if has_text { fonts() } else { Arc::default() },
        ..Options::default()
    };
    let tree = Tree::from_xmltree(&document, &options).map_err(broken)?;
    let size = tree.size();
    let (width, height) = scale::fit_drawing(size.width(), size.height());
    let (across, down) = (
        scale_to(width, size.width()),
        scale_to(height, size.height()),
    );
    cost::check_drawing(&tree, width, height, across.max(down))?;
    let mut pixels = Pixmap::new(width, height).ok_or(LoadError::TooMuchMemory)?;
    resvg::render(
        &tree,
        Transform::from_scale(across, down),
        &mut pixels.as_mut(),
    );
    ImageBuffer::from_raw(width, height, pixels.take_demultiplied())
        .ok_or_else(|| broken("it cannot be drawn"))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a side has at most 16,384 pixels"
)]
fn scale_to(pixels: u32, length: f32) -> f32 {
    pixels as f32 / length
}

fn text(bytes: &[u8]) -> Result<&str, LoadError> {
    if bytes.len() > MAX_BYTES {
        return Err(LoadError::Intricate);
    }
    std::str::from_utf8(bytes).map_err(|_| broken("it is not in UTF-8"))
}

fn parse(text: &str) -> Result<Document<'_>, LoadError> {
    xml::check(text)?;
    let options = ParsingOptions {
        // Old drawings begin with one. What it names outside of the text is not looked at.
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| match error {
        resvg::usvg::roxmltree::Error::NodesLimitReached => LoadError::Intricate,
        error => broken(error),
    })
}

/// Images that are held in the drawing itself are read like any other; what it names elsewhere,
/// be it a file or a URL, is left out.
fn only_inner_images() -> ImageHrefResolver<'static> {
    let pixels_left = AtomicU64::new(MAX_INNER_PIXELS);
    ImageHrefResolver {
        resolve_string: Box::new(|_, _| None),
        resolve_data: Box::new(move |_, data, _| {
            let facts = load::facts(&data).ok()?;
            // A drawing within a drawing would need bounds of its own.
            if facts.format == Format::Svg {
                return None;
            }
            let pixels = u64::from(facts.width) * u64::from(facts.height);
            let left = pixels_left.load(Ordering::Relaxed).checked_sub(pixels)?;
            pixels_left.store(left, Ordering::Relaxed);
            let prepared = load::load_bytes(&data).ok()?.prepared;
            let bytes = Arc::new(prepared.bytes);
            Some(match prepared.media_type {
                "image/png" => ImageKind::PNG(bytes),
                _ => ImageKind::JPEG(bytes),
            })
        }),
    }
}

/// The system's fonts, looked for when a drawing first holds text. Where there are none, texts
/// are left out.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_system_fonts();
        // Else text in a family that is missing here would be left out.
        if let Some(family) = default_family(&fonts) {
            fonts.set_serif_family(family);
        }
        Arc::new(fonts)
    });
    fonts.clone()
}

/// The family for texts whose own is missing: a usual one, else any.
fn default_family(fonts: &fontdb::Database) -> Option<String> {
    let names = |face: &fontdb::FaceInfo| Some(face.families.first()?.0.clone());
    let usual = [
        "DejaVu Sans",
        "Liberation Sans",
        "Noto Sans",
        "Arial",
        "Helvetica",
    ];
    let has = |family: &&&str| {
        let mut all = fonts.faces().filter_map(names);
        all.any(|name| name == **family)
    };
    let found = usual.iter().find(has).map(|family| (*family).to_owned());
    found.or_else(|| fonts.faces().find_map(names))
}

fn broken(reason: impl std::fmt::Display) -> LoadError {
    LoadError::broken(Format::Svg, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{DynamicImage, ImageFormat, Rgb, RgbImage};
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    use std::fmt::Write;

    /// A drawing of 100 by 50 with this in it.
    fn svg(content: &str) -> String {
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
             width='100' height='50'>{content}</svg>"
        )
    }

    fn drawing(content: &str) -> RgbaImage {
        draw(svg(content).as_bytes()).unwrap()
    }

    /// The colour in the middle.
    fn middle(image: &RgbaImage) -> [u8; 4] {
        image.get_pixel(image.width() / 2, image.height() / 2).0
    }

    const RED: [u8; 4] = [255, 0, 0, 255];
    const NOTHING: [u8; 4] = [0; 4];

    #[test]
    fn shapes_are_drawn_large_enough_to_be_seen() {
        let image = drawing("<rect x='40' y='20' width='20' height='10' fill='red'/>");
        assert_eq!((image.width(), image.height()), (512, 256));
        assert_eq!(middle(&image), RED);
        assert_eq!(image.get_pixel(5, 5).0, NOTHING);
    }

    #[test]
    fn the_size_is_what_the_root_declares() {
        let check = |root: &str, expected: Option<(u32, u32)>| {
            let text =
                format!("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' {root}/>");
            assert_eq!(size(text.as_bytes()).ok(), expected, "{root}");
        };
        check("width='24' height='12'", Some((24, 12)));
        check("width='2in' height='10mm'", Some((192, 38)));
        check("viewBox='0 0 300 200'", Some((300, 200)));
        check("width='150' viewBox='0 0 300 200'", Some((150, 100)));
        check(
            "width='100%' height='100%' viewBox='0 0 30 20'",
            Some((30, 20)),
        );
        check("", Some((100, 100)));
        check("width='0' height='5'", None);
    }

    #[test]
    fn nothing_outside_of_the_drawing_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("red.png");
        let red: DynamicImage = RgbImage::from_pixel(20, 20, Rgb([255, 0, 0])).into();
        red.save(&file).unwrap();
        let mut png = std::io::Cursor::new(Vec::new());
        red.write_to(&mut png, ImageFormat::Png).unwrap();
        let data = format!(
            "data:image/png;base64,{}",
            BASE64_STANDARD.encode(png.into_inner())
        );
        let inner = format!(
            "data:image/svg+xml;utf8,{}",
            svg("<rect width='9' height='9'/>")
        );
        for (href, expected) in [
            (file.display().to_string().as_str(), NOTHING),
            (&format!("file://{}", file.display()), NOTHING),
            ("https://127.0.0.1:1/red.png", NOTHING),
            (&inner.replace('\'', "&quot;").replace('<', "&lt;"), NOTHING),
            (&data, RED),
        ] {
            let image = drawing(&format!(
                "<image width='100' height='100' xlink:href='{href}'/>"
            ));
            assert_eq!(middle(&image), expected, "{}", &href[..href.len().min(40)]);
        }
        let entity = format!(
            "<!DOCTYPE svg [<!ENTITY e SYSTEM 'file://{}'>]>{}",
            file.display(),
            svg("<text>&e;</text>")
        );
        assert!(draw(entity.as_bytes()).is_err());
    }

    #[test]
    fn text_is_drawn_where_the_system_has_fonts() {
        let image = drawing("<text x='0' y='50' font-family='No Such' font-size='60'>MMM</text>");
        let has_ink = image.pixels().any(|pixel| pixel.0[3] > 0);
        assert_eq!(has_ink, fonts().faces().next().is_some());
    }

    #[test]
    fn damaged_drawings_are_refused_in_words() {
        for text in [
            "<svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><g></svg>",
            "<html/>",
        ] {
            let error = draw(text.as_bytes()).err();
            assert!(
                matches!(error, Some(LoadError::Broken { .. })),
                "{text}: {error:?}"
            );
        }
        assert!(draw(b"<svg>\xff</svg>").is_err());
    }

    /// Ten times the one before, `levels` times over.
    fn ever_more(levels: usize, first: &str, one: impl Fn(usize) -> String) -> String {
        let mut defs = format!("<defs><g id='l0'>{first}</g>");
        for level in 1..=levels {
            let _ = write!(defs, "<g id='l{level}'>{}</g>", one(level - 1).repeat(10));
        }
        format!("{defs}</defs>{}", one(levels))
    }

    #[test]
    fn what_would_take_too_long_or_too_much_memory_is_refused_before_it_is_drawn() {
        let used = |level: usize| format!("<use xlink:href='#l{level}'/>");
        let layers = |count: usize, inner: &str| {
            format!(
                "{}{inner}{}",
                "<g opacity='0.9'>".repeat(count),
                "</g>".repeat(count)
            )
        };
        let page = "<rect width='100' height='50'/>";
        let filter = |primitive: &str| {
            format!("<filter id='f'>{primitive}</filter><g filter='url(#f)'>{page}</g>")
        };
        let turbulence = "<feTurbulence baseFrequency='1' numOctaves='2000000000'/>";
        let matrix = format!(
            "<feConvolveMatrix order='100' kernelMatrix='{}'/>",
            "1 ".repeat(10_000)
        );
        let rules = "a{fill:red}".repeat(50_000);
        for (name, content) in [
            ("uses", ever_more(8, page, used)),
            ("texts", ever_more(5, "<text>some words</text>", used)),
            ("depth", layers(300, page)),
            ("layers", layers(190, "<rect width='1000' height='500'/>")),
            ("filters", filter(turbulence)),
            ("matrices", filter(&matrix)),
            (
                "blurs",
                filter("<feGaussianBlur stdDeviation='9'/>").repeat(3000),
            ),
            (
                "spread",
                filter("<feMorphology operator='dilate' radius='400'/>").repeat(50),
            ),
            (
                "tiles",
                format!(
                    "<pattern id='p' width='900000' height='900000' patternUnits='userSpaceOnUse'>\
                     {page}</pattern><rect width='100' height='50' fill='url(#p)'/>"
                ),
            ),
            (
                "markers",
                format!(
                    "<marker id='m'>{}</marker><path marker-mid='url(#m)' d='M0 0{}'/>",
                    page.repeat(1000),
                    "L1 1".repeat(10_000)
                ),
            ),
            (
                "styles",
                format!("<style>{rules}</style>{}", "<a/>".repeat(10_000)),
            ),
            ("nodes", "<a/>".repeat(MAX_NODES as usize)),
            ("bytes", " ".repeat(MAX_BYTES)),
        ] {
            let refused = draw(svg(&content).as_bytes());
            assert_eq!(refused.err(), Some(LoadError::Intricate), "{name}");
        }
        let laughs = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>\
                      <!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>\
                      <!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>]>";
        assert!(draw(format!("{laughs}{}", svg("<text>&f;&f;</text>")).as_bytes()).is_err());
    }

    #[test]
    fn what_refers_to_itself_comes_to_an_end() {
        for content in [
            "<g id='a'><use xlink:href='#a'/></g>",
            "<g id='a'><use xlink:href='#b'/></g><g id='b'><use xlink:href='#a'/></g>",
            "<mask id='m'><rect width='9' height='9' mask='url(#m)'/></mask><g mask='url(#m)'/>",
            "<pattern id='p' width='9' height='9'><rect width='9' height='9' fill='url(#p)'/>\
             </pattern><rect width='90' height='40' fill='url(#p)'/>",
        ] {
            let _ = draw(svg(content).as_bytes());
        }
    }

    #[test]
    fn ordinary_drawings_are_drawn() {
        let shadow = "<filter id='f'><feDropShadow dx='1' dy='1' stdDeviation='2'/></filter>";
        let boxes = "<rect width='90' height='40' fill='red' filter='url(#f)' opacity='0.9'/>";
        let styled =
            "<style>.a{fill:url(#g)}</style><linearGradient id='g'><stop/></linearGradient>";
        let map = "<path class='a' d='M0 0L9 9L3 4z' stroke-dasharray='1 2' stroke='red'/>";
        draw(svg(&format!("{shadow}{}", boxes.repeat(3))).as_bytes()).unwrap();
        draw(svg(&format!("{styled}{}", map.repeat(500))).as_bytes()).unwrap();
    }
}
