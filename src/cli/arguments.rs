//! Every command and flag, with the words of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::notes::NotesArgs;
use super::usage::UsageArgs;

/// What was asked means nothing, whatever the files hold: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongUsage(pub String);

/// A note in the margin: Grok explains and refactors code, describes images, in any editor.
///
/// Editors start `gloss lsp`. The other commands do the same work on the command line.
/// The key is read from XAI_API_KEY, or kept by `gloss auth login`. `gloss demo` shows it all, without a key as well.
#[derive(Debug, Parser)]
#[command(
    name = "gloss",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The language server, for an editor to start
    Lsp(LspArgs),
    /// Explains a file, or what stands at a line of it
    Explain(ExplainArgs),
    /// Rewrites code, as a diff or in place
    Refactor(RefactorArgs),
    /// Describes images: files, URLs, or all that a document links
    Describe(DescribeArgs),
    /// What was asked and what it cost
    Usage(UsageArgs),
    /// The key: kept, named, removed
    Auth(AuthArgs),
    /// The notes in the margin: what was explained, and whether it still holds
    Notes(NotesArgs),
    /// What the endpoint offers: models with context, prices, and whether they see images
    Models(ModelsArgs),
    /// Configuration, key, endpoint, limits and store looked at, and what to do where one fails
    Doctor(DoctorArgs),
    /// The configuration in force, and where each value came from
    Config(ConfigArgs),
    /// The offline stand-in: speaks the API on loopback, answers by rules, asks nobody
    Sim(SimArgs),
    /// The main job on files of this program's own source, in a few seconds
    Demo,
    /// A completion script for a shell
    Completions { shell: Shell },
}

/// `gloss lsp` by itself: editors wait for its start, and the tree of all commands takes a fifth of it.
#[derive(Debug, Parser)]
pub struct LspAlone {
    #[command(flatten)]
    arguments: LspArgs,
}

impl LspAlone {
    /// The arguments of `gloss lsp`, if that is what was called, and rightly. All else is for
    /// [`Arguments`], which also says what is wrong.
    pub fn given() -> Option<LspArgs> {
        let mut words = std::env::args_os().skip(1).peekable();
        let is_called = words.peek().is_some_and(|word| word == "lsp");
        let alone = is_called.then(|| Self::try_parse_from(words))?;
        alone.ok().map(|alone| alone.arguments)
    }
}

#[derive(Args, Debug)]
pub struct LspArgs {
    /// Speak on standard input and output (the default)
    #[arg(long, conflicts_with_all = ["socket", "pipe"])]
    pub stdio: bool,
    /// Connect to an editor that listens on this port of this machine
    #[arg(long, value_name = "PORT", alias = "port", conflicts_with = "pipe")]
    pub socket: Option<u16>,
    /// Connect to an editor that listens at this socket or named pipe
    #[arg(long, value_name = "PATH")]
    pub pipe: Option<PathBuf>,
    /// The editor's process: when it is gone, so is the server
    #[arg(
        long = "clientProcessId",
        value_name = "PID",
        alias = "client-process-id"
    )]
    pub client_process_id: Option<u32>,
}

/// Flags of every command that asks a model.
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    /// The model to ask
    #[arg(long)]
    pub model: Option<String>,
    /// Show what would be sent, masked, with estimated tokens and price; send nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Count the tokens by the API's tokenizer, which is sent the masked text and bills nothing
    #[arg(long, requires = "dry_run")]
    pub exact: bool,
}

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// FILE, FILE:LINE for what stands there, FILE:LINE-LINE, or - for standard input
    #[arg(value_name = "FILE[:LINE[-LINE]]")]
    pub place: OsString,
    /// What to answer about it
    #[arg(long, value_name = "TEXT")]
    pub question: Option<String>,
    /// The language of standard input, such as rust
    #[arg(long)]
    pub language: Option<String>,
    #[command(flatten)]
    pub ask: AskArgs,
}

#[derive(Args, Debug)]
pub struct RefactorArgs {
    /// FILE, FILE:LINE for what stands there, or FILE:LINE-LINE
    #[arg(value_name = "FILE[:LINE[-LINE]]")]
    pub place: OsString,
    /// What to do with it
    #[arg(long, value_name = "TEXT")]
    pub instruction: Option<String>,
    /// Change the file instead of printing a diff
    #[arg(long, conflicts_with = "dry_run")]
    pub write: bool,
    #[command(flatten)]
    pub ask: AskArgs,
}

#[derive(Args, Debug)]
pub struct DescribeArgs {
    /// An image or its URL, to be described; a document or a folder of them, whose images get alternative text where they lack it
    #[arg(value_name = "TARGET", required = true)]
    pub targets: Vec<OsString>,
    /// Ask again where a description is kept
    #[arg(long)]
    pub again: bool,
    /// Write the alternative text into the documents, instead of showing it as a diff
    ///
    /// How many images that are and what it will cost is said first, and whether to go on is
    /// asked; where there is no terminal to ask on, --yes is needed.
    #[arg(long, conflicts_with = "dry_run")]
    pub write: bool,
    /// Do not ask: neither before documents are written, nor where many images may cost more than
    /// `confirm_above_usd`
    #[arg(long)]
    pub yes: bool,
    /// Ask nobody: list missing files and missing alternative text, and exit with 1 if there are any
    ///
    /// Of folders, every document that is not ignored is looked at (.gitignore, .ignore,
    /// .glossignore).
    #[arg(long, conflicts_with_all = ["again", "dry_run", "model", "write"])]
    pub check: bool,
    /// How --check prints what it finds
    #[arg(long, value_enum, requires = "check")]
    pub format: Option<CheckFormat>,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// How `--check` prints what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// path:line:column: warning: message [code]
    #[default]
    Text,
    /// {"findings": [{"path", "line", "column", "end_line", "end_column", "code", "message", "target"}],
    /// "documents": N, "images": N}; codes are missing-file and missing-alt-text, lines and
    /// columns count from 1, columns in characters
    Json,
}

#[derive(Args, Debug)]
pub struct ModelsArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Shown::Table)]
    pub format: Shown,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shown {
    /// For people
    Table,
    /// For programs
    Json,
}

#[derive(Args, Debug)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Each key, its value, where it came from, and what was ignored and why
    Show {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Shown::Table)]
        format: Shown,
        /// The workspace whose own file counts; that of the working directory when not given
        #[arg(long, value_name = "PATH")]
        workspace: Option<PathBuf>,
    },
    /// The files that count, and whether they are there
    Path {
        /// The workspace whose own file counts; that of the working directory when not given
        #[arg(long, value_name = "PATH")]
        workspace: Option<PathBuf>,
    },
    /// A JSON Schema for config.toml, for editors to complete and check by
    Schema,
}

#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Shown::Table)]
    pub format: Shown,
    /// The same as --format json
    #[arg(long)]
    pub json: bool,
    /// The workspace whose own file counts; that of the working directory when not given
    #[arg(long, value_name = "PATH")]
    pub workspace: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct AuthArgs {
    #[command(subcommand)]
    pub command: AuthCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuthCommand {
    /// Reads a key without showing it, or from standard input; checks it, which costs nothing; keeps it
    ///
    /// In the system's keyring, else, after asking, in a file that only you can read. It is kept for
    /// the host of `base_url`, and sent to no other.
    Login {
        /// Keep it in the file where there is no keyring, without asking
        #[arg(long)]
        yes: bool,
        /// Keep it unchecked, as without a network
        #[arg(long)]
        no_check: bool,
    },
    /// Where the key comes from, and its last four characters; asks nobody. Exits with 1 without a key
    Status {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Shown::Table)]
        format: Shown,
    },
    /// Removes what `login` kept
    Logout,
}

#[derive(Args, Debug)]
pub struct SimArgs {
    /// The port to listen on, on loopback; any free one when not given
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
