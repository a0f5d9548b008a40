//! Where the API's calls are, below the base address that is configured.

use url::Url;

use super::{ApiError, Wire};

/// The address of `path`, whose parts are divided by `/`, below `base`.
///
/// A base that names a wire's own address already is taken for the one above it.
pub(super) fn below(base: &Url, path: &str) -> Result<Url, ApiError> {
    let wrong = |said: &str| ApiError::Setting {
        said: format!("`base_url` {said}: write it as https://HOST/v1"),
    };
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        return Err(wrong("is no web address"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(wrong("carries a user name, so nothing is sent there"));
    }
    let above = base.path().trim_end_matches('/');
    let above = Wire::ALL
        .iter()
        .find_map(|wire| above.strip_suffix(wire.path())?.strip_suffix('/'))
        .unwrap_or(above);
    let mut url = base.clone();
    url.set_fragment(None);
    url.set_path(&format!("{above}/{path}"));
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, path: &str, expected: Result<&str, &str>) {
        let url = below(&Url::parse(base).unwrap(), path);
        match expected {
            Ok(expected) => assert_eq!(url.unwrap().as_str(), expected),
            Err(said) => assert!(url.unwrap_err().to_string().contains(said), "{base}"),
        }
    }

    #[test]
    fn each_wire_has_its_address_below_the_base() {
        for wire in Wire::ALL {
            let path = wire.path();
            let full = format!("https://api.x.ai/v1/{path}");
            let check = |base: &str| check(base, path, Ok(&full));
            check("https://api.x.ai/v1");
            check("https://api.x.ai/v1/");
            check("https://api.x.ai/v1/chat/completions");
            check("https://api.x.ai/v1/chat/completions/");
            check("https://api.x.ai/v1/responses");
            check("https://api.x.ai/v1#part");
        }
        check(
            "http://localhost:1",
            "responses",
            Ok("http://localhost:1/responses"),
        );
        check(
            "https://h/my-responses",
            "responses",
            Ok("https://h/my-responses/responses"),
        );
        check(
            "https://h/v1?api-version=2",
            "chat/completions",
            Ok("https://h/v1/chat/completions?api-version=2"),
        );
    }

    #[test]
    fn the_lists_are_beside_the_wires() {
        let check = |base: &str, expected: &str| check(base, "models", Ok(expected));
        check("https://api.x.ai/v1", "https://api.x.ai/v1/models");
        check("https://api.x.ai/v1/", "https://api.x.ai/v1/models");
        check(
            "http://h/v1/chat/completions?a=b#c",
            "http://h/v1/models?a=b",
        );
        check("http://h/v1/responses", "http://h/v1/models");
        check("http://h", "http://h/models");
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused() {
        let check = |base: &str, said: &str| check(base, "models", Err(said));
        check("https://api.x.ai@evil.example/v1", "user name");
        check("https://u:p@h/v1", "user name");
        check("mailto:a@b.c", "no web address");
        check("file:///v1", "no web address");
    }
}
