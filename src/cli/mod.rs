//! The command line: one file a command, the same engine as the language server.

mod arguments;
mod auth;
mod bar;
mod columns;
mod config;
mod demo;
mod describe;
mod diff;
mod doctor;
mod explain;
mod face;
mod log;
mod lsp;
mod models;
mod notes;
mod output;
mod place;
mod read;
mod refactor;
mod signals;
mod sim;
pub mod usage;
mod write;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Command, LspAlone, WrongUsage};
use usage::{Format, UsageArgs};

use crate::store::{Store, data_folder};

/// Parses, runs, and says in one line what went wrong.
pub fn main() -> ExitCode {
    let command = match LspAlone::given() {
        Some(arguments) => Command::Lsp(arguments),
        None => Arguments::parse().command,
    };
    let _log = log::start(matches!(command, Command::Lsp(_)));
    match run(command) {
        Ok(code) => ExitCode::from(code),
        // Whoever read has what they wanted.
        Err(error) if output::is_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            face::say_error(&error);
            ExitCode::from(if error.is::<WrongUsage>() { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Lsp(arguments) => lsp::run(&arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Refactor(arguments) => refactor::run(arguments),
        Command::Describe(arguments) => describe::run(arguments),
        Command::Usage(arguments) => show_usage(arguments),
        Command::Auth(arguments) => auth::run(arguments),
        Command::Notes(arguments) => notes::run(&arguments),
        Command::Models(arguments) => models::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Demo => demo::run(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "gloss", &mut script);
            let mut out = output::plain();
            out.write_all(&script)?;
            out.flush()?;
            Ok(0)
        }
    }
}

fn show_usage(arguments: UsageArgs) -> anyhow::Result<u8> {
    let store = Store::new(data_folder());
    let shown = match arguments.format {
        Format::Table => usage::run(arguments, &store, &mut output::styled(), output::width()),
        Format::Json | Format::Csv | Format::Html => {
            usage::run(arguments, &store, &mut output::plain(), None)
        }
    };
    face::say_notices(&store);
    shown.map(|()| 0)
}
