//! The bytes that a `data:` URI holds.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;

use super::{MAX_FILE_BYTES, Target, TargetError};

/// The bytes of a `data:` URI, RFC 2397.
pub fn decode(link: &str) -> Result<Target, TargetError> {
    // Base64 writes three bytes as four, and percent-encoding one as three.
    if link.len() as u64 > MAX_FILE_BYTES * 3 {
        return Err(TargetError::Data("it is too large"));
    }
    let (head, body) = link
        .split_once(',')
        .ok_or(TargetError::Data("it has no comma"))?;
    // Browsers drop the fragment and all white space.
    let body = body.split('#').next().unwrap_or_default();
    let decoded: Vec<u8> = percent_decode(body.as_bytes()).collect();
    let is_base64 = head
        .rsplit(';')
        .next()
        .is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
    let bytes = if is_base64 {
        from_base64(decoded)?
    } else {
        decoded
    };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TargetError::Data("it is too large"));
    }
    Ok(Target::Data { bytes })
}

fn from_base64(mut text: Vec<u8>) -> Result<Vec<u8>, TargetError> {
    text.retain(|byte| !byte.is_ascii_whitespace());
    let lenient = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let is_url_safe = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let alphabet = if is_url_safe {
        &base64::alphabet::URL_SAFE
    } else {
        &base64::alphabet::STANDARD
    };
    let engine = GeneralPurpose::new(alphabet, lenient);
    engine
        .decode(text)
        .map_err(|_| TargetError::Data("its base64 is broken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_decoded() {
        for (link, expected) in [
            ("data:image/png;base64,aGVsbG8=", b"hello".as_slice()),
            ("data:image/png;base64,aGVsbG8", b"hello"),
            ("DATA:;BASE64,aGVs%0Abg 8%3D", b"heln\x0f"),
            ("data:;base64,_-8", b"\xff\xef"),
            ("data:image/svg+xml,%3Csvg/%3E#a", b"<svg/>"),
            ("data:,{{a}}", b"{{a}}"),
        ] {
            let expected = Target::Data {
                bytes: expected.to_vec(),
            };
            assert_eq!(decode(link), Ok(expected), "{link}");
        }
        for link in ["data:image/png;base64", "data:;base64,!!!!"] {
            assert!(matches!(decode(link), Err(TargetError::Data(_))), "{link}");
        }
    }
}
