//! Texts that commands are about, read whole and never more than a bound.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::config::open_file;

/// Most that is read: more does not fit any model.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The text of a regular file.
///
/// # Errors
/// When there is no such file, it is too large, or no text.
pub fn file(path: &Path) -> anyhow::Result<String> {
    let name = path.display().to_string();
    let file = open_file(path).with_context(|| format!("{name} cannot be read"))?;
    text(file, &name)
}

/// All of `input`, which errors call `name`.
///
/// # Errors
/// When it cannot be read, is too large, or no text.
pub fn text(input: impl Read, name: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    input
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("{name} is larger than 64 MiB");
    }
    if bytes.contains(&0) {
        bail!("{name} is binary, no text");
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is no text, or not in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_and_has_no_nul() {
        let check = |input: &mut dyn Read, expected: Result<&str, &str>| {
            let text = text(input, "x").map_err(|error| error.to_string());
            assert_eq!(text.as_deref().map_err(String::as_str), expected);
        };
        check(&mut "añ\n".as_bytes(), Ok("añ\n"));
        check(&mut &b"a\0b"[..], Err("x is binary, no text"));
        check(&mut &b"\xff"[..], Err("x is no text, or not in UTF-8"));
        check(&mut std::io::repeat(b'a'), Err("x is larger than 64 MiB"));
    }
}
