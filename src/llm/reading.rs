//! A response's body, from raw bytes to what was heard, whether it is a stream or not.

pub use super::answer::{Answer, Fault, Heard};
use super::said::Said;
use super::sse::{Decoder, LONGEST, TooLong};
use super::{ApiError, Wire};

/// How much of a body that is no event stream is kept, to say what it was.
const BEGINNING: usize = 1024;

/// Reads a body piece by piece, without knowing where the pieces come from.
#[derive(Debug, Default)]
pub struct Reading {
    form: Form,
    decoder: Decoder,
    /// The body as far as it came, if it is no stream; else its beginning.
    body: Vec<u8>,
    has_events: bool,
    pub answer: Answer,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Nothing but white space came yet.
    #[default]
    Unknown,
    Stream,
    /// One JSON value or a web page, answered where a stream was asked for.
    Whole,
}

impl Reading {
    /// Nothing yet of an answer by `wire`.
    pub fn by(wire: Wire) -> Self {
        Self {
            answer: Answer::by(wire),
            ..Self::default()
        }
    }

    /// Takes the next bytes and gives what they say to `hear`.
    ///
    /// True if they were more than keep-alives.
    pub fn push(&mut self, bytes: &[u8], hear: &mut dyn FnMut(Heard)) -> Result<bool, Fault> {
        if self.answer.is_done() {
            return Ok(false);
        }
        let bytes = match self.form {
            Form::Unknown => self.without_lead(bytes),
            Form::Stream | Form::Whole => bytes,
        };
        match self.form {
            Form::Unknown => Ok(false),
            Form::Whole if self.body.len() + bytes.len() > LONGEST => Err(Fault::Endless(LONGEST)),
            Form::Whole => {
                self.body.extend_from_slice(bytes);
                Ok(!bytes.is_empty())
            }
            Form::Stream => {
                let room = BEGINNING.saturating_sub(self.body.len());
                self.body.extend(bytes.iter().take(room));
                let events = self
                    .decoder
                    .push(bytes)
                    .map_err(|TooLong| Fault::Endless(LONGEST))?;
                let mut was_alive = false;
                for data in events {
                    was_alive |= self.take(&data, hear)?;
                    if self.answer.is_done() {
                        break;
                    }
                }
                Ok(was_alive)
            }
        }
    }

    /// Takes the end of the body, and tells whether the answer is whole.
    pub fn finish(&mut self, hear: &mut dyn FnMut(Heard)) -> Result<(), Fault> {
        if self.answer.is_done() {
            return Ok(());
        }
        if self.form == Form::Whole {
            hear(self.answer.take_body(&self.body)?);
            return Ok(());
        }
        let rest = std::mem::take(&mut self.decoder).finish();
        if let Some(data) = rest.map_err(|TooLong| Fault::Endless(LONGEST))? {
            match self.take(&data, hear) {
                // The connection ended within this chunk, so its text was not heard.
                Err(Fault::Malformed(_)) => self.answer.lose_end(),
                other => {
                    other?;
                }
            }
        }
        if !self.has_events && !looks_like_events(&self.body) {
            return Err(Fault::Foreign(Said::from_body(&self.body)));
        }
        Ok(())
    }

    /// Whether the answer, now that the body has ended, is whole.
    pub fn check_end(&self) -> Result<(), ApiError> {
        self.answer.check_end()
    }

    fn take(&mut self, data: &str, hear: &mut dyn FnMut(Heard)) -> Result<bool, Fault> {
        self.has_events = true;
        let heard = self.answer.take(data)?;
        let was_alive = heard != Heard::Nothing;
        hear(heard);
        Ok(was_alive)
    }

    /// Drops white space and a byte order mark; the first byte after them tells the form.
    fn without_lead<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let is_lead = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0xef | 0xbb | 0xbf);
        let start = bytes.iter().position(|b| !is_lead(b));
        let (_, rest) = bytes.split_at(start.unwrap_or(bytes.len()));
        self.form = match rest.first() {
            None => Form::Unknown,
            Some(b'{' | b'[' | b'<' | b'"') => Form::Whole,
            Some(_) => Form::Stream,
        };
        rest
    }
}

/// Could this be the beginning of an event stream, if one without any data?
fn looks_like_events(beginning: &[u8]) -> bool {
    let fields: [&[u8]; 5] = [b":", b"data", b"event", b"id", b"retry"];
    beginning.is_empty() || fields.iter().any(|field| beginning.starts_with(field))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judges::stream::{read, reads_the_same_however_cut};
    use proptest::prelude::*;

    /// On either wire: `HI` and `STOP` in the body stand for its own events.
    fn check(body: &str, expected: Result<&str, &str>) {
        for wire in Wire::ALL {
            check_on(wire, body, expected);
        }
    }

    fn check_on(wire: Wire, body: &str, expected: Result<&str, &str>) {
        let body = body.replace("HI", hi(wire)).replace("STOP", stop(wire));
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(read(wire, &[body.as_bytes()]), expected, "whole: {body}");
        let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
        assert_eq!(read(wire, &bytes), expected, "byte by byte: {body}");
    }

    fn said(text: &str, code: &str, status: Option<u16>) -> String {
        let said = Said {
            text: text.to_owned(),
            code: code.to_owned(),
            parameter: None,
            status,
        };
        format!("{said:?}")
    }

    fn hi(wire: Wire) -> &'static str {
        match wire {
            Wire::Chat => r#"{"choices":[{"delta":{"content":"hi"}}]}"#,
            Wire::Responses => r#"{"type":"response.output_text.delta","delta":"hi"}"#,
        }
    }

    fn stop(wire: Wire) -> &'static str {
        match wire {
            Wire::Chat => r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            Wire::Responses => {
                r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#
            }
        }
    }

    #[test]
    fn a_stream_ends_in_any_of_the_ways_servers_end_it() {
        check("data: HI\n\ndata: STOP\n\ndata: [DONE]\n\n", Ok("hi"));
        check("event: a\ndata: HI\n\ndata: STOP\n\n", Ok("hi"));
        check("data: HI\n\ndata: STOP", Ok("hi"));
        check("data: HI\n\ndata: [DONE]", Ok("hi"));
        check(
            "\u{feff}\r\n\r\n: hello\r\n\r\ndata:HI\r\rdata: STOP\r\r",
            Ok("hi"),
        );
        check("data: HI\n\ndata: [DONE]\n\ndata: HI\n\n", Ok("hi"));
        // On chat/completions usage may follow; here nothing does.
        check_on(
            Wire::Responses,
            "data: HI\n\ndata: STOP\n\ndata: HI\n\n",
            Ok("hi"),
        );
    }

    #[test]
    fn a_stream_that_breaks_off_is_cut_off() {
        check("data: HI\n\n", Err("CutOff"));
        check("data: HI\n\ndata: {\"cho", Err("CutOff"));
        check("data: {\"cho", Err("CutOff"));
        check("data: STOP\n\ndata: {\"us", Ok(""));
    }

    #[test]
    fn an_answer_of_nothing_is_an_error() {
        check("", Err("Nothing"));
        check(" \r\n ", Err("Nothing"));
        check(": keep-alive\n\n", Err("Nothing"));
        check("data: [DONE]\n\n", Err("Empty"));
        check("data:\n\ndata: ping\n\n", Err("Nothing"));
        check("event: ping\ndata: {\"type\":\"ping\"}\n\n", Err("Nothing"));
        check_on(
            Wire::Chat,
            r#"{"choices":[{"message":{"content":""}}]}"#,
            Err("Empty"),
        );
        check_on(Wire::Chat, r#"{"choices":[]}"#, Err("Empty"));
        check_on(Wire::Responses, r#"{"output":[]}"#, Err("Empty"));
    }

    #[test]
    fn an_answer_that_is_no_stream_is_taken() {
        let chat = |body: &str| check_on(Wire::Chat, body, Ok("hi"));
        chat(
            r#"{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#,
        );
        chat(r#"  {"choices":[{"message":{"content":"hi"}}]}"#);
        chat("\u{feff}{\"choices\":[{\"text\":\"hi\"}]}");
        let message = r#"{"content":[{"type":"output_text","text":"hi"}]}"#;
        for body in [
            format!(r#"{{"output":[{message}],"status":"completed"}}"#),
            format!("  {{\"output\":[{message}]}}"),
        ] {
            check_on(Wire::Responses, &body, Ok("hi"));
        }
    }

    #[test]
    fn errors_inside_a_200_are_found() {
        let flat = said("No.", "c", None);
        check(
            r#"{"code":"c","error":"No."}"#,
            Err(&format!("Said({flat})")),
        );
        check(
            "data: {\"code\":\"c\",\"error\":\"No.\"}\n\n",
            Err(&format!("Said({flat})")),
        );
        let nested = said("slow", "", Some(503));
        let line = r#"{"error":{"code":503,"message":"slow"}}"#;
        check(
            &format!("data: HI\n\ndata: {line}\n\n"),
            Err(&format!("Said({nested})")),
        );
        check(&format!("[{line}]"), Err(&format!("Said({nested})")));
        for (wire, inside) in [
            (
                Wire::Chat,
                r#"{"choices":[{"error":{"code":503,"message":"slow"},"finish_reason":"error"}]}"#,
            ),
            (
                Wire::Responses,
                r#"{"type":"response.failed","response":{"error":{"code":503,"message":"slow"}}}"#,
            ),
        ] {
            check_on(
                wire,
                &format!("data: {inside}\n\n"),
                Err(&format!("Said({nested})")),
            );
        }
    }

    #[test]
    fn what_is_no_chat_api_is_told_apart() {
        let page = said("a web page titled \"Hi\"", "", None);
        check(
            "<html><title>Hi</title></html>",
            Err(&format!("Foreign({page})")),
        );
        let text = said("It works!", "", None);
        check("It works!", Err(&format!("Foreign({text})")));
        check(
            r#"{"ok":true}"#,
            Err(&format!("Foreign({})", said("", "", None))),
        );
        check("data: hello\n\n", Err("Malformed(\"hello\")"));
        check("data: 7\n\n", Err("Malformed(\"7\")"));
    }

    #[test]
    fn a_body_that_never_ends_is_bounded() {
        let mut reading = Reading::by(Wire::Responses);
        let piece = vec![b' '; 1 << 20];
        reading.push(b"{", &mut |_| {}).unwrap();
        let fault = (0..10).find_map(|_| reading.push(&piece, &mut |_| {}).err());
        assert_eq!(fault, Some(Fault::Endless(LONGEST)));
        assert!(reading.body.len() <= LONGEST);
    }

    #[test]
    fn only_more_than_keep_alives_counts_as_life() {
        let check_on = |wire: Wire, piece: &str, expected: bool| {
            let mut reading = Reading::by(wire);
            let heard = reading.push(piece.as_bytes(), &mut |_| {});
            assert_eq!(heard, Ok(expected), "{piece}");
        };
        let check = |piece: &str, expected: bool| {
            for wire in Wire::ALL {
                check_on(wire, piece, expected);
            }
        };
        check("\n\n", false);
        check(": keep-alive\n\n", false);
        check("event: ping\n\n", false);
        check("data:\n\n", false);
        check("data: ping\n\n", false);
        check("data: {\"type\":\"keepalive\"}\n\n", false);
        check("data: {\"choi", false);
        check_on(
            Wire::Chat,
            "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
            true,
        );
        check_on(
            Wire::Responses,
            "data: {\"type\":\"response.reasoning_text.delta\"}\n\n",
            true,
        );
        check("data: {\"choices\":[],\"usage\":null}\n\n", true);
        check("{\"choi", true);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_no_cutting_changes_it(
            wire in prop::sample::select(&Wire::ALL[..]),
            pieces in proptest::collection::vec(
                prop_oneof![
                    Just(b"data: HI\n\n".to_vec()),
                    Just(b"data: STOP\r\n\r\n".to_vec()),
                    Just(b"data: ".to_vec()),
                    Just(b"data: [DONE]\n\n".to_vec()),
                    Just(b": x\n\n".to_vec()),
                    Just(b"{\"choices\":[{\"message\":{\"content\":[{\"text\":\"a\"}]}}]}".to_vec()),
                    Just(b"{\"output\":[{\"content\":[{\"type\":\"output_text\",\"text\":\"a\"}]}]}".to_vec()),
                    Just(b"{\"error\":[[{}]]}".to_vec()),
                    Just(hi(Wire::Chat).into()),
                    Just(stop(Wire::Responses).into()),
                    proptest::collection::vec(any::<u8>(), 0..8),
                ],
                0..8,
            ),
            size in 1usize..50,
        ) {
            let events = |piece: Vec<u8>| match &piece[..] {
                b"data: HI\n\n" => format!("data: {}\n\n", hi(wire)).into(),
                b"data: STOP\r\n\r\n" => format!("data: {}\r\n\r\n", stop(wire)).into(),
                _ => piece,
            };
            let body: Vec<u8> = pieces.into_iter().flat_map(events).collect();
            let cut: Vec<&[u8]> = body.chunks(size).collect();
            reads_the_same_however_cut(wire, &body, &cut);
        }
    }
}
