//! Open documents, their versions, and the ranges that move with what is typed.

use std::ops::Range;
use std::sync::Arc;

use ropey::Rope;

use crate::syntax::Language;
use crate::text::{Encoding, Position};

/// What a request sees: one document as it stood at the request's place in the stream.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub uri: Arc<str>,
    /// The editor's name for the language, as in `textDocument/didOpen`.
    pub language_id: Arc<str>,
    /// The language's grammar, where Gloss carries one.
    pub language: Option<Language>,
    pub version: i32,
    pub text: Rope,
}

/// One entry of `contentChanges`; without a range it replaces the whole text.
#[derive(Clone, Debug)]
pub struct ContentChange {
    pub range: Option<(Position, Position)>,
    pub text: String,
}

/// Names a range that moves with its document; see [`Documents::track`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anchor(pub u64);

/// A tracked range as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    pub range: Range<usize>,
    /// Whether any change since [`Documents::track`] reached into the range.
    pub touched: bool,
}

/// All open documents, by uri.
#[derive(Debug, Default)]
pub struct Documents {}

impl Documents {
    pub fn open(&mut self, _uri: &str, _language_id: &str, _version: i32, _text: &str) {
        unimplemented!()
    }

    /// Applies the changes in order. `false` when the document is not open.
    pub fn change(&mut self, _uri: &str, _version: i32, _changes: &[ContentChange], _encoding: Encoding) -> bool {
        unimplemented!()
    }

    pub fn close(&mut self, _uri: &str) -> bool {
        unimplemented!()
    }

    pub fn snapshot(&self, _uri: &str) -> Option<Snapshot> {
        unimplemented!()
    }

    /// Follows `range` through every later change, until [`Documents::release`] or close.
    pub fn track(&mut self, _uri: &str, _range: Range<usize>) -> Option<Anchor> {
        unimplemented!()
    }

    pub fn tracked(&self, _uri: &str, _anchor: Anchor) -> Option<Tracked> {
        unimplemented!()
    }

    pub fn release(&mut self, _uri: &str, _anchor: Anchor) {
        unimplemented!()
    }
}
