//! Takes what editors send beside the letter of the protocol, so that no change of a document is lost.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use super::protocol as lsp;

/// The protocol's `uinteger` ends at 2^31 - 1.
const LARGEST: f64 = 2_147_483_647.0;

/// Sound numbers, and uris that can be read; see [`mend`] and [`mend_uri`].
///
/// Numbers where the protocol wants them, as near as they can be: positions within
/// `uinteger`, versions within `integer`, one that is missing 0. A text whose change were
/// refused for a wild number would from then on differ from the editor's.
pub fn mend_params(params: &mut Value) {
    match params {
        Value::Object(map) => {
            for (name, value) in map {
                match name.as_str() {
                    "line" | "character" => mend(value, 0.0),
                    "version" => mend(value, -LARGEST - 1.0),
                    "uri" => mend_uri(value),
                    _ => mend_params(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mend_params),
        _ => {}
    }
}

/// A uri with signs that RFC 3986 has no place for, as `[id].rs` in Helix, which then stand in
/// it percent-encoded.
fn mend_uri(value: &mut Value) {
    const UNFIT: AsciiSet = CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    if let Value::String(uri) = value
        && uri.parse::<lsp::Uri>().is_err()
    {
        *uri = utf8_percent_encode(uri, &UNFIT).to_string();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped before")]
fn mend(value: &mut Value, least: f64) {
    let number = match value {
        Value::Number(number) => number.as_f64().unwrap_or(LARGEST),
        Value::Null => 0.0,
        _ => return,
    };
    *value = Value::from(number.clamp(least, LARGEST).floor() as i64);
}

/// A message whose bytes are JSON but for halves of characters: JavaScript writes the half of
/// a surrogate pair as `\ud83d`, and no UTF-8 can hold it. U+FFFD has the same length in UTF-16.
pub fn mend_surrogates(body: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(body);
    if !text.contains("\\u") {
        return text;
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (kept, length) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (escape.get(..12), 12),
            (Some(0xd800..=0xdfff), _) => (Some("\\ufffd"), 6),
            (Some(_), _) => (escape.get(..6), 6),
            (None, _) => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (escape.get(..length), length)
            }
        };
        mended.push_str(kept.unwrap_or_default());
        rest = escape.get(length..).unwrap_or_default();
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// The code unit of an escape such as `\ud83d`.
fn unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_as_near_as_they_can() {
        let check = |value: Value, position: i64, version: i64| {
            let mut params = json!({ "a": [{ "line": value, "version": value, "text": value }] });
            mend_params(&mut params);
            let expected =
                json!({ "a": [{ "line": position, "version": version, "text": value }] });
            assert_eq!(params, expected);
        };
        check(json!(7), 7, 7);
        check(json!(3.0), 3, 3);
        check(json!(-7), 0, -7);
        check(json!(null), 0, 0);
        check(json!(4_294_967_296_u64), 2_147_483_647, 2_147_483_647);
        check(json!(1e308), 2_147_483_647, 2_147_483_647);
        check(json!(-1e300), 0, -2_147_483_648);
    }

    #[test]
    fn uris_with_unfit_signs_are_encoded_and_others_left_alone() {
        let check = |uri: &str, mended: &str| {
            let mut params = json!({ "uri": uri });
            mend_params(&mut params);
            assert_eq!(params["uri"], mended);
        };
        check("file:///a/%5Bid%5D.rs", "file:///a/%5Bid%5D.rs");
        check("file:///a/[id] {x}.rs", "file:///a/%5Bid%5D%20%7Bx%7D.rs");
        check("file:///é", "file:///%C3%A9");
        check("vscode-remote://[::1]/a", "vscode-remote://[::1]/a");
    }

    #[test]
    fn half_characters_become_the_replacement_character() {
        let check = |body: &str, text: &str| {
            let mended: Value = serde_json::from_str(&mend_surrogates(body.as_bytes())).unwrap();
            assert_eq!(mended, json!(text), "{body}");
        };
        check(r#""A\ud83dB""#, "A\u{fffd}B");
        check(r#""A\ude00B""#, "A\u{fffd}B");
        check(r#""\ud83d\ude00\ud83d""#, "\u{1f600}\u{fffd}");
        check(r#""\\ud83d\n""#, "\\ud83d\n");
        check(r#""\u00e9\"""#, "\u{e9}\"");
    }
}
