//! Server-sent events as pure, incremental parsing: bytes in, `data` out, however they were cut.

/// The most that one line, or the data of one event, may weigh: 8 MiB.
pub const LONGEST: usize = 8 << 20;

/// Reads an event stream as the HTML standard says (section 9.2.6), lenient at its end.
///
/// Comments and the fields `event`, `id` and `retry` are dropped. JSON in a field `error`, by which
/// llama.cpp long told that an answer failed, counts as `data`. Bytes that are not UTF-8 become
/// U+FFFD. Any cutting of the same bytes yields the same events.
#[derive(Debug)]
pub struct Decoder {
    /// The line begun in an earlier push.
    line: Vec<u8>,
    /// The data of the event begun, each of its lines with a `\n` after it.
    data: String,
    has_data: bool,
    after_cr: bool,
    at_start: bool,
    too_long: bool,
    longest: usize,
}

/// A line or an event outgrew the limit; the stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is too long")]
pub struct TooLong;

impl Default for Decoder {
    fn default() -> Self {
        Self::with_limit(LONGEST)
    }
}

impl Decoder {
    /// A decoder whose lines and events may weigh at most `longest` bytes.
    pub fn with_limit(longest: usize) -> Self {
        Self {
            line: Vec::new(),
            data: String::new(),
            has_data: false,
            after_cr: false,
            at_start: true,
            too_long: false,
            longest,
        }
    }

    /// The data of every event that ends within `bytes`, in order.
    ///
    /// Events before one that is too long are still given; the call after them fails.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while !self.too_long && !rest.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(after) = rest.strip_prefix(b"\n")
            {
                rest = after;
                continue;
            }
            let end = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            if self.line.len() + piece.len() + self.data.len() > self.longest {
                self.too_long = true;
                break;
            }
            let Some((terminator, after)) = after.split_first() else {
                self.line.extend_from_slice(piece);
                break;
            };
            self.after_cr = *terminator == b'\r';
            rest = after;
            if self.line.is_empty() {
                events.extend(self.end_line(piece));
            } else {
                let mut line = std::mem::take(&mut self.line);
                line.extend_from_slice(piece);
                events.extend(self.end_line(&line));
            }
        }
        if self.too_long && events.is_empty() {
            return Err(TooLong);
        }
        Ok(events)
    }

    /// The event that the stream's end left open, if it had data.
    ///
    /// The standard drops it; but some servers forget the last blank line, so the
    /// reader decides whether what was left is whole.
    pub fn finish(mut self) -> Result<Option<String>, TooLong> {
        if self.too_long {
            return Err(TooLong);
        }
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.end_line(&line);
        }
        Ok(self.dispatch())
    }

    fn end_line(&mut self, line: &[u8]) -> Option<String> {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch();
        }
        let mut halves = line.splitn(2, |b| *b == b':');
        let (field, value) = (halves.next(), halves.next().unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if field == Some(b"data") || field == Some(b"error") && value.starts_with(b"{") {
            self.data.push_str(&String::from_utf8_lossy(value));
            self.data.push('\n');
            self.has_data = true;
        }
        None
    }

    fn dispatch(&mut self) -> Option<String> {
        let mut data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        data.pop();
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::stream::{decode, decodes_the_same_however_cut};
    use proptest::prelude::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, TooLong> {
        let (events, end) = decode(Decoder::default(), pieces);
        end.map(|()| events)
    }

    fn check(stream: &str, expected: &[&str]) {
        let events = read(&[stream.as_bytes()]).unwrap();
        assert_eq!(events, expected, "whole: {stream:?}");
        let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
        assert_eq!(read(&bytes).unwrap(), expected, "byte by byte: {stream:?}");
    }

    #[test]
    fn events_end_at_a_blank_line_of_any_kind() {
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
        check("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]);
        check("data: a\r\rdata: b\r\r", &["a", "b"]);
        check("data: a\r\n\rdata: b\n\r\n", &["a", "b"]);
        check("data: a\n\n\n\r\n\n", &["a"]);
    }

    #[test]
    fn data_lines_are_joined_and_lose_one_space() {
        check("data: a\ndata:b\ndata:  c\n\n", &["a\nb\n c"]);
        check("data\n\n", &[""]);
        check("data:\n\n", &[""]);
        check("data\ndata\n\n", &["\n"]);
        check("data: {\"a\":\"b:c\"}\n\n", &["{\"a\":\"b:c\"}"]);
    }

    #[test]
    fn an_error_in_a_field_of_its_own_is_data() {
        check(
            "data: a\n\nerror: {\"code\":500}\n\n",
            &["a", "{\"code\":500}"],
        );
        check("errors: {}\n\nerror: no\n\nerror\n\n", &[]);
    }

    #[test]
    fn comments_and_other_fields_are_dropped() {
        check(": keep-alive\n\n:\n\n", &[]);
        check(
            ": x\nevent: ping\nid: 7\nretry: 3\nnonsense\ndata: a\n\n",
            &["a"],
        );
        check("event: ping\n\n", &[]);
        check("database: no\n\n Data: no\n\nDATA: no\n\n", &[]);
    }

    #[test]
    fn a_leading_byte_order_mark_is_dropped_once() {
        check(
            "\u{feff}data: a\n\n\u{feff}data: b\n\ndata: c\n\n",
            &["a", "c"],
        );
        check("\u{feff}\ndata: a\n\n", &["a"]);
        check("\u{feff}", &[]);
    }

    #[test]
    fn an_open_event_is_given_at_the_end() {
        check("data: a\n\ndata: b", &["a", "b"]);
        check("data: b\n", &["b"]);
        check("data: b\r", &["b"]);
        check("data: b\r\n", &["b"]);
        check(": only a comment", &[]);
    }

    #[test]
    fn characters_split_across_reads_are_whole_and_broken_ones_are_replaced() {
        check("data: μ 💡 e\u{301}\n\n", &["μ 💡 e\u{301}"]);
        assert_eq!(
            read(&[b"data: \xf0\x9f", b"\x92\xa1\xff\n\n"]).unwrap(),
            ["💡\u{fffd}"]
        );
    }

    #[test]
    fn what_is_too_long_fails_after_what_came_before_it() {
        let stream = b"data: a\n\ndata: 0123456789\n\n";
        for size in 1..stream.len() {
            let pieces: Vec<&[u8]> = stream.chunks(size).collect();
            let (events, result) = decode(Decoder::with_limit(10), &pieces);
            assert_eq!((events, result), (vec!["a".to_owned()], Err(TooLong)));
        }
        let many_lines = b"data: 0\ndata: 1\ndata: 2\ndata: 3\n\n";
        let (_, result) = decode(Decoder::with_limit(10), &[many_lines]);
        assert_eq!(result, Err(TooLong));
        let endless_comment = [b':'; 64];
        let (_, result) = decode(Decoder::with_limit(10), &[&endless_comment]);
        assert_eq!(result, Err(TooLong));
    }

    /// Streams made of the pieces that matter, and of any bytes between them.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"data".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b":".to_vec()),
            Just("\u{feff}".as_bytes().to_vec()),
            Just("μ💡".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_cutting_yields_the_same(
            stream in streams(),
            cuts in proptest::collection::vec(0usize..200, 0..12),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            pieces.push(&stream[from..]);
            decodes_the_same_however_cut(&stream, &pieces);
        }
    }
}
