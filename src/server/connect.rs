//! Where the editor is: on standard input and output, on a port, or at a pipe. Gloss never listens.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How to reach the editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub kind: Kind,
    /// The editor's process, if it was named on the command line.
    pub client_process: Option<u32>,
}

/// What carries the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Stdio,
    /// A port on this machine where the editor listens.
    Socket(u16),
    /// A Unix domain socket, or a named pipe on Windows, where the editor listens.
    Pipe(PathBuf),
}

type Input = Pin<Box<dyn AsyncRead + Send>>;
type Output = Pin<Box<dyn AsyncWrite + Send>>;

impl Connection {
    pub fn client_process(&self) -> Option<u32> {
        self.client_process
    }

    /// Both directions.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn open(&self) -> io::Result<(Input, Output)> {
        match &self.kind {
            Kind::Stdio => Ok((Box::pin(tokio::io::stdin()), Box::pin(output()?))),
            Kind::Socket(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port)).await?;
                stream.set_nodelay(true)?;
                let (input, output) = stream.into_split();
                Ok((Box::pin(input), Box::pin(output)))
            }
            Kind::Pipe(path) => pipe(path).await,
        }
    }
}

/// Standard output past the standard library's buffer, which ends a write at a line's end: each
/// message would take two, head and body.
fn output() -> io::Result<tokio::fs::File> {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(own.into()))
}

#[cfg(unix)]
async fn pipe(path: &std::path::Path) -> io::Result<(Input, Output)> {
    let (input, output) = tokio::net::UnixStream::connect(path).await?.into_split();
    Ok((Box::pin(input), Box::pin(output)))
}

#[cfg(windows)]
async fn pipe(path: &std::path::Path) -> io::Result<(Input, Output)> {
    let pipe = tokio::net::windows::named_pipe::ClientOptions::new().open(path)?;
    let (input, output) = tokio::io::split(pipe);
    Ok((Box::pin(input), Box::pin(output)))
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdio => f.write_str("standard input"),
            Self::Socket(port) => write!(f, "port {port}"),
            Self::Pipe(path) => write!(f, "{}", path.display()),
        }
    }
}
