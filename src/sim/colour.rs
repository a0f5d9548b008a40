//! Names colours as people do.

/// A colour in OKLab (Björn Ottosson, 2020), where distance is close to
/// perceived difference: lightness from 0 to 1, and two opponent axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lab {
    pub lightness: f32,
    a: f32,
    b: f32,
}

impl Lab {
    /// From red, green and blue in sRGB.
    pub fn from_rgb(rgb: [u8; 3]) -> Self {
        let [red, green, blue] = rgb.map(linear);
        let long = (0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue).cbrt();
        let middle = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
        let short = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).cbrt();
        Self {
            lightness: 0.210_454_26 * long + 0.793_617_8 * middle - 0.004_072_047 * short,
            a: 1.977_998_5 * long - 2.428_592_2 * middle + 0.450_593_7 * short,
            b: 0.025_904_037 * long + 0.782_771_77 * middle - 0.808_675_77 * short,
        }
    }

    /// How different two colours look; black and white are 1 apart.
    pub fn distance(self, other: Self) -> f32 {
        let (lightness, a, b) = (
            self.lightness - other.lightness,
            self.a - other.a,
            self.b - other.b,
        );
        (lightness * lightness + a * a + b * b).sqrt()
    }

    /// The name of the nearest colour that has one.
    pub fn name(self) -> &'static str {
        NAMED
            .iter()
            .map(|(name, rgb)| (*name, self.distance(Self::from_rgb(*rgb))))
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .map_or("grey", |(name, _)| name)
    }
}

/// The transfer function of sRGB (IEC 61966-2-1), undone.
fn linear(value: u8) -> f32 {
    let value = f32::from(value) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

const NAMED: &[(&str, [u8; 3])] = &[
    ("black", [0, 0, 0]),
    ("dark grey", [64, 64, 64]),
    ("grey", [128, 128, 128]),
    ("light grey", [200, 200, 200]),
    ("white", [255, 255, 255]),
    ("red", [220, 20, 30]),
    ("dark red", [120, 10, 15]),
    ("pink", [255, 170, 190]),
    ("orange", [255, 140, 0]),
    ("brown", [120, 70, 30]),
    ("beige", [225, 205, 165]),
    ("yellow", [250, 225, 30]),
    ("olive", [120, 120, 20]),
    ("light green", [165, 230, 145]),
    ("green", [20, 225, 40]),
    ("green", [40, 150, 60]),
    ("dark green", [10, 75, 30]),
    ("turquoise", [50, 205, 195]),
    ("teal", [0, 115, 115]),
    ("light blue", [150, 205, 245]),
    ("blue", [35, 95, 220]),
    ("dark blue", [15, 25, 90]),
    ("purple", [120, 40, 160]),
    ("lilac", [195, 165, 230]),
    ("magenta", [225, 30, 180]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_get_the_names_people_give_them() {
        let check =
            |rgb: [u8; 3], name: &str| assert_eq!(Lab::from_rgb(rgb).name(), name, "{rgb:?}");
        check([255, 255, 255], "white");
        check([0, 0, 0], "black");
        check([250, 250, 248], "white");
        check([255, 0, 0], "red");
        check([0, 0, 255], "blue");
        check([0, 255, 0], "green");
        check([255, 255, 0], "yellow");
        check([135, 206, 235], "light blue");
        check([139, 69, 19], "brown");
        check([70, 70, 72], "dark grey");
        check([0, 0, 128], "dark blue");
    }

    #[test]
    fn every_named_colour_is_nearest_to_itself() {
        for (name, rgb) in NAMED {
            assert_eq!(Lab::from_rgb(*rgb).name(), *name);
        }
    }

    #[test]
    fn black_and_white_are_one_apart() {
        let (black, white) = (Lab::from_rgb([0; 3]), Lab::from_rgb([255; 3]));
        assert!((black.distance(white) - 1.0).abs() < 0.001);
        assert!((white.lightness - 1.0).abs() < 0.001);
    }
}
