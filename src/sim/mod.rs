//! The offline stand-in: answers from the request alone.

/// What every answer names as the system it came from.
const FINGERPRINT: &str = "fp_offline_stand_in";

mod cleanups;
mod colour;
mod definitions;
mod describe;
mod errors;
mod explain;
mod facts;
mod models;
mod parse;
mod picture;
mod range;
mod refactor;
mod request;
mod words;
