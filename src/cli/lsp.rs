//! `gloss lsp`: the language server.

use anyhow::Context as _;

use super::arguments::LspArgs;
use super::{face, signals};
use crate::server::{self, Connection, Kind};

pub fn run(arguments: &LspArgs) -> anyhow::Result<u8> {
    let kind = match (&arguments.socket, &arguments.pipe) {
        (Some(port), _) => Kind::Socket(*port),
        (None, Some(path)) => Kind::Pipe(path.clone()),
        (None, None) => Kind::Stdio,
    };
    let connection = Connection {
        kind,
        client_process: arguments.client_process_id,
    };
    let layers = face::layers(Vec::new());
    server::run(&connection, layers, signals::asked_to_end()).with_context(|| {
        format!(
            "nobody listens at {}; start the editor's side first",
            connection.kind
        )
    })
}
