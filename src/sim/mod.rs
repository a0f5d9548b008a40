//! The offline stand-in: answers from the request alone.

mod cleanups;
mod definitions;
mod explain;
mod facts;
mod parse;
mod range;
mod refactor;
mod words;
