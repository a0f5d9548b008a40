//! The same conversations by the API's other wire: every test of behaviour runs on both.

#[path = "protocol/main.rs"]
mod protocol;
