//! Streams of events: whatever comes, and however it is cut, gives the same and stays bounded.

use gloss::llm::Wire;
use gloss::llm::reading::{Answer, Fault, Heard, Reading};
use gloss::llm::sse::{Decoder, TooLong};

/// The input is the wire's number and a body in the pieces it comes in.
pub fn judge(input: &[u8]) {
    let mut pieces = super::parts(input);
    let wire = match pieces.remove(0) {
        [b'r', ..] => Wire::Responses,
        _ => Wire::Chat,
    };
    let whole = pieces.concat();
    reads_the_same_however_cut(wire, &whole, &pieces);
    decodes_the_same_however_cut(&whole, &pieces);
}

/// What was heard of a body, and how it ended.
pub fn reads_the_same_however_cut(wire: Wire, whole: &[u8], pieces: &[&[u8]]) {
    let read = read(wire, &[whole]);
    assert_eq!(self::read(wire, pieces), read);
    let bytes: Vec<&[u8]> = whole.chunks(1).collect();
    assert_eq!(self::read(wire, &bytes), read, "byte by byte");
}

/// The text, or in words why there is none.
pub fn read(wire: Wire, pieces: &[&[u8]]) -> Result<String, String> {
    let mut reading = Reading::by(wire);
    let mut heard = String::new();
    let mut hear = |piece| {
        if let Heard::Text(text) = piece {
            heard.push_str(&text);
        }
    };
    let read = pieces
        .iter()
        .try_for_each(|piece| reading.push(piece, &mut hear).map(|_| ()))
        .and_then(|()| reading.finish(&mut hear));
    assert_eq!(heard, reading.answer.text);
    stays_bounded(&reading.answer);
    read.map_err(|fault| {
        if let Fault::Said(said) | Fault::Foreign(said) = &fault {
            super::judge_message(said.shown(), 400);
        }
        format!("{fault:?}")
    })?;
    reading.check_end().map_err(|error| {
        super::judge_message(&error.to_string(), 1_000);
        format!("{error:?}")
    })?;
    Ok(heard)
}

/// What a server says of its answer beside the text goes into the ledger, and to the terminal.
fn stays_bounded(answer: &Answer) {
    for said in [&answer.finish_reason, &answer.model, &answer.fingerprint] {
        super::judge_message(said.as_deref().unwrap_or_default(), 301);
    }
}

/// The same of the events alone, and of a decoder that takes next to nothing.
pub fn decodes_the_same_however_cut(whole: &[u8], pieces: &[&[u8]]) {
    for limit in [12, 1 << 20] {
        let (events, end) = decode(Decoder::with_limit(limit), &[whole]);
        assert!(events.iter().all(|event| event.len() <= 3 * limit));
        assert_eq!(decode(Decoder::with_limit(limit), pieces), (events, end));
    }
}

/// All events, and whether the stream could be read to its end.
pub fn decode(mut decoder: Decoder, pieces: &[&[u8]]) -> (Vec<String>, Result<(), TooLong>) {
    let mut events = Vec::new();
    for piece in pieces {
        match decoder.push(piece) {
            Ok(more) => events.extend(more),
            Err(error) => return (events, Err(error)),
        }
    }
    match decoder.finish() {
        Ok(last) => events.extend(last),
        Err(error) => return (events, Err(error)),
    }
    (events, Ok(()))
}
