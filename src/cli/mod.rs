//! The command line: one file a command, the same engine as the language server.

mod arguments;
mod demo;
mod describe;
mod explain;
mod face;
mod lsp;
mod place;
mod refactor;
mod sim;
pub mod usage;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command};

/// Parses, runs, and says in one line what went wrong.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_stderr();
    match run(arguments.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let mut stderr = anstream::stderr();
            let _ = writeln!(stderr, "gloss: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Lsp(arguments) => lsp::run(&arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Refactor(arguments) => refactor::run(arguments),
        Command::Describe(arguments) => describe::run(arguments),
        Command::Usage(arguments) => {
            let store = crate::store::Store::new(crate::store::data_folder());
            usage::run(arguments, &store, &mut anstream::stdout().lock()).map(|()| 0)
        }
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Demo => demo::run(),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Arguments::command(),
                "gloss",
                &mut std::io::stdout(),
            );
            Ok(0)
        }
    }
}

/// Warnings and errors of Gloss itself; `GLOSS_LOG` takes a level or a filter. Other crates
/// stay silent whatever it says: the framework would print every message.
fn log_to_stderr() {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    use tracing_subscriber::{Layer as _, filter, fmt};

    let level = std::env::var("GLOSS_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    let own = filter::Targets::new().with_target("gloss", level);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_filter(own);
    let _ = tracing_subscriber::registry().with(layer).try_init();
    std::panic::set_hook(Box::new(|panic| {
        // The place alone: a panic's words can quote what stands in a document.
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!("panicked at {place}");
    }));
}
