//! Explanations that stay with the code: each follows its range, and knows when it is stale.

use std::collections::HashMap;
use std::ops::Range;

use crate::document::{Anchor, Documents};
use crate::engine::Explanation;

/// Most explanations kept for one document; the oldest goes.
const MOST: usize = 500;

/// The explanations of all open documents.
#[derive(Debug, Default)]
pub struct Glosses {
    by_uri: HashMap<String, Vec<Gloss>>,
}

#[derive(Debug)]
struct Gloss {
    anchor: Anchor,
    /// From the range's start to the place whose line shows the explanation.
    shown_at: usize,
    text: String,
    markdown: String,
    footer: String,
}

impl Glosses {
    /// Keeps an explanation of what now stands at `range`, in place of an earlier one of the same.
    pub fn keep(
        &mut self,
        documents: &mut Documents,
        uri: &str,
        range: Range<usize>,
        explanation: &Explanation,
    ) {
        let Some(snapshot) = documents.snapshot(uri) else {
            return;
        };
        let Some(text) = snapshot
            .text
            .get_byte_slice(range.clone())
            .map(|slice| slice.to_string())
        else {
            return;
        };
        let own = self.by_uri.entry(uri.to_owned()).or_default();
        let same = own.iter().position(|gloss| {
            documents
                .tracked(uri, gloss.anchor)
                .is_some_and(|at| at.range == range)
        });
        let surplus = (own.len() >= MOST).then_some(0);
        if let Some(at) = same.or(surplus) {
            documents.release(uri, own.remove(at).anchor);
        }
        let subject = &explanation.subject;
        if let Some(anchor) = documents.track(uri, range) {
            own.push(Gloss {
                anchor,
                shown_at: subject.shown_at.saturating_sub(subject.range.start),
                text,
                markdown: explanation.markdown.clone(),
                footer: explanation.spent.in_words(),
            });
        }
    }

    /// The explanations shown on this line, and the bytes each is about.
    pub fn on_line(
        &self,
        documents: &Documents,
        uri: &str,
        line: usize,
    ) -> Vec<(String, Range<usize>)> {
        let (Some(own), Some(snapshot)) = (self.by_uri.get(uri), documents.snapshot(uri)) else {
            return Vec::new();
        };
        let shown = own.iter().filter_map(|gloss| {
            let tracked = documents.tracked(uri, gloss.anchor)?;
            let range = tracked.range;
            let text = snapshot.text.get_byte_slice(range.clone())?;
            // Compared, not remembered: an edit that is undone makes it fresh again.
            let stale = text != gloss.text.as_str();
            let at = if stale {
                range.start + gloss.shown_at.min(range.len())
            } else {
                range.start + gloss.shown_at
            };
            (snapshot.text.try_byte_to_line(at).ok()? == line).then(|| (gloss.shown(stale), range))
        });
        shown.collect()
    }

    /// Forgets what belongs to a document that was closed.
    pub fn close(&mut self, uri: &str) {
        self.by_uri.remove(uri);
    }
}

impl Gloss {
    fn shown(&self, stale: bool) -> String {
        let warning = if stale {
            "*The code has changed since this was written.*\n\n"
        } else {
            ""
        };
        format!(
            "{warning}{}\n\n---\n*Gloss: {}*",
            self.markdown, self.footer
        )
    }
}
