//! Standard output: a reader that goes away ends a command quietly, any other failure with words.

use std::io::{self, ErrorKind, Stdout, Write};

use anstream::AutoStream;

/// Nobody reads standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads standard output any more")]
pub struct Gone;

/// A way to standard output whose failures say what they are. Flush it: what fails to be
/// written at the end of the process is lost without a word.
pub struct Output<W>(W);

/// Standard output, byte for byte.
pub fn plain() -> Output<Stdout> {
    Output(io::stdout())
}

/// Standard output for text with styles, which are dropped where they have no place.
pub fn styled() -> Output<AutoStream<Stdout>> {
    Output(anstream::stdout())
}

/// How many columns standard output has; `None` where it is no terminal.
pub fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(io::stdout())?;
    Some(usize::from(width.0)).filter(|width| *width > 0)
}

/// Whether an error comes of a reader that went away.
pub fn is_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| matches!(error.get_ref(), Some(inner) if inner.is::<Gone>()))
    })
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    match error.kind() {
        // `write_all` tries again by itself.
        ErrorKind::Interrupted => error,
        ErrorKind::BrokenPipe => io::Error::new(ErrorKind::BrokenPipe, Gone),
        kind => io::Error::new(kind, format!("standard output cannot be written: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_reader_that_went_away_is_quiet() {
        let check = |kind, gone: bool| {
            let error = Output(Failing(kind)).write_all(b"a").unwrap_err();
            let error = anyhow::Error::from(error).context("more");
            assert_eq!(is_gone(&error), gone, "{error:?}");
            assert_eq!(format!("{error:#}").contains("cannot be written"), !gone);
        };
        check(ErrorKind::BrokenPipe, true);
        check(ErrorKind::StorageFull, false);
        let other = anyhow::Error::from(io::Error::from(ErrorKind::BrokenPipe));
        assert!(!is_gone(&other));
    }
}
