//! Images: any bytes are drawn within bounds, or refused in words.

use gloss::image::{Format, MAX_PREPARED_PIXELS, facts, load_bytes};

/// The input is an image's file.
pub fn judge(input: &[u8]) {
    is_drawn_within_bounds(input);
}

pub fn is_drawn_within_bounds(bytes: &[u8]) {
    let told = facts(bytes);
    let loaded = load_bytes(bytes);
    if let Err(error) = &told {
        super::judge_message(&error.to_string(), 1_000);
        assert!(loaded.is_err(), "drawn, but without facts: {error}");
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return super::judge_message(&error.to_string(), 1_000),
    };
    let told = told.unwrap();
    assert_eq!(
        (loaded.format, loaded.width, loaded.height, loaded.weight),
        (told.format, told.width, told.height, told.weight)
    );
    let sent = &loaded.prepared;
    assert!(u64::from(sent.width) * u64::from(sent.height) <= u64::from(MAX_PREPARED_PIXELS));
    let again = facts(&sent.bytes).unwrap();
    assert_eq!((again.width, again.height), (sent.width, sent.height));
    assert!(matches!(again.format, Format::Png | Format::Jpeg));
}
