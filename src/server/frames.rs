//! The base protocol's frames: headers, a length, and so many bytes of JSON.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// Largest message taken. An editor sends a document of 50 MB in one, escapes included.
const LARGEST_BODY: usize = 256 * 1024 * 1024;
/// Longest header line taken.
const LONGEST_HEADER: u64 = 4 * 1024;

/// The next message's body; `None` at the end of the input.
///
/// Headers are read as leniently as their names allow: any case, any order, unknown ones
/// passed over (LSP 3.17, "Base Protocol").
///
/// # Errors
/// When the input cannot be read, or what comes is no frame: from there on nothing that
/// follows could be told apart, so the caller gives up.
pub async fn read(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = None;
    loop {
        let Some(line) = header(input).await? else {
            return Ok(None);
        };
        if line.is_empty() {
            if let Some(length) = length {
                return body(input, length).await.map(Some);
            }
            continue;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = Some(
                value
                    .trim()
                    .parse()
                    .map_err(|_| broken("Content-Length is no number"))?,
            );
        }
    }
}

/// `body` as a frame.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

async fn header(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let taken = input
        .take(LONGEST_HEADER)
        .read_until(b'\n', &mut line)
        .await?;
    if taken == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        // Either the input ended inside a header, or the line has no end.
        return if (taken as u64) < LONGEST_HEADER {
            Ok(None)
        } else {
            Err(broken("a header has no end"))
        };
    }
    Ok(Some(String::from_utf8_lossy(&line).trim().to_owned()))
}

async fn body(input: &mut (impl AsyncBufRead + Unpin), length: usize) -> io::Result<Vec<u8>> {
    if length > LARGEST_BODY {
        return Err(broken("a message is larger than 256 MiB"));
    }
    // Grows with what comes rather than by what is claimed.
    let mut body = Vec::with_capacity(length.min(64 * 1024));
    input.take(length as u64).read_to_end(&mut body).await?;
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_read_leniently_and_within_bounds() {
        let all = |input: &'static str| async move {
            let mut input = input.as_bytes();
            let mut bodies = Vec::new();
            loop {
                match read(&mut input).await {
                    Ok(Some(body)) => bodies.push(String::from_utf8(body).unwrap()),
                    Ok(None) => return (bodies, "end".to_owned()),
                    Err(error) => return (bodies, error.to_string()),
                }
            }
        };
        let check = |input: &'static str, bodies: &'static [&'static str], end: &'static str| async move {
            let expected = (
                bodies.iter().map(ToString::to_string).collect(),
                end.to_owned(),
            );
            assert_eq!(all(input).await, expected, "{input:?}");
        };
        check(
            "Content-Length: 2\r\n\r\n{}Content-Length: 1\r\n\r\n1",
            &["{}", "1"],
            "end",
        )
        .await;
        check("content-length:2\nX-Other: 1\r\n\r\n{}", &["{}"], "end").await;
        check(
            "Content-Type: x; charset=y\r\nContent-Length: 2\r\n\r\n{}",
            &["{}"],
            "end",
        )
        .await;
        check("\r\n\r\nContent-Length: 2\r\n\r\n{}", &["{}"], "end").await;
        check("Content-Length: 2\r\n\r\n{", &[], "unexpected end of file").await;
        check(
            "Content-Length: -2\r\n\r\n{}",
            &[],
            "Content-Length is no number",
        )
        .await;
        check(
            "Content-Length: 99999999999\r\n\r\n",
            &[],
            "a message is larger than 256 MiB",
        )
        .await;
        check("", &[], "end").await;
        check("Content-Len", &[], "end").await;
    }
}
