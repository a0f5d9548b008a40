//! A prompt as messages, which are the same on either wire but for the parts of their content.

use std::borrow::Cow;

use serde::Serialize;

use crate::prompt::{Part, Prompt};

/// A message, whose content holds parts of the wire's own kind where it is no plain text.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a, P> {
    role: &'static str,
    content: Content<'a, P>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Content<'a, P> {
    Text(Cow<'a, str>),
    Parts(Vec<P>),
}

/// The instructions come first: an unchanged beginning is billed at the cached rate.
pub(super) fn messages<'a, P>(
    prompt: &'a Prompt,
    part: impl Fn(&'a Part) -> P,
) -> Vec<Message<'a, P>> {
    let mut messages = Vec::with_capacity(2);
    if !prompt.instructions.is_empty() {
        messages.push(Message {
            role: "system",
            content: Content::Text(Cow::Borrowed(&prompt.instructions)),
        });
    }
    messages.push(Message {
        role: "user",
        content: content(&prompt.parts, part),
    });
    messages
}

/// Text alone is one string, since not every compatible server takes parts.
fn content<'a, P>(parts: &'a [Part], part: impl Fn(&'a Part) -> P) -> Content<'a, P> {
    let texts: Option<Vec<&str>> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image(_) => None,
        })
        .collect();
    match texts.as_deref() {
        Some([text]) => Content::Text(Cow::Borrowed(text)),
        Some(texts) => Content::Text(Cow::Owned(texts.join("\n\n"))),
        None => Content::Parts(parts.iter().map(part).collect()),
    }
}
