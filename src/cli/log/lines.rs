//! Lines on their way to where they are written: whoever logs waits for no disk and no full pipe.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How much may wait, in bytes; what comes on top is lost, and counted.
const MOST: usize = 1 << 20;

/// A handle to them; clones share everything. What is written to it is one line, or a few that
/// belong together.
#[derive(Clone)]
pub struct Lines {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    written: Condvar,
}

struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    lost: usize,
    is_writing: bool,
    /// Whether there is a thread that writes.
    has_writer: bool,
    /// Where they go, until that thread takes it.
    output: Option<Box<dyn Write + Send>>,
}

impl Lines {
    /// To `output`. Starts nothing before there is one.
    pub fn to(output: impl Write + Send + 'static) -> Self {
        let waiting = Waiting {
            lines: VecDeque::new(),
            bytes: 0,
            lost: 0,
            is_writing: false,
            has_writer: false,
            output: Some(Box::new(output)),
        };
        Self {
            shared: Arc::new(Shared {
                waiting: Mutex::new(waiting),
                arrived: Condvar::new(),
                written: Condvar::new(),
            }),
        }
    }

    /// Waits until all of them are written, for at most `patience`.
    pub fn flush(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let mut waiting = self.shared.lock();
        while waiting.has_writer && (waiting.is_writing || !waiting.lines.is_empty()) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.shared.written.wait_timeout(waiting, left);
            waiting = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Waiting {
    fn push(&mut self, line: Vec<u8>) {
        self.bytes += line.len();
        self.lines.push_back(line);
    }

    /// Says in a line of its own how many are missing.
    fn tell_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let words = "lines are missing here: they came faster than they could be written";
            self.push(format!("{lost} {words}\n").into_bytes());
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.shared.lock();
        if waiting.bytes + line.len() > MOST {
            waiting.lost += 1;
            return Ok(line.len());
        }
        waiting.tell_lost();
        waiting.push(line.to_vec());
        if !waiting.has_writer {
            let shared = self.shared.clone();
            let thread = thread::Builder::new().name("gloss-log".into());
            // Where there can be none just now, the next line tries again, and this one waits.
            waiting.has_writer = thread.spawn(move || shared.write_all()).is_ok();
        }
        self.shared.arrived.notify_one();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    /// Writes what comes, for as long as the process lives. Nobody is told where that fails: it
    /// would be one more thing to log.
    fn write_all(&self) {
        // Taken here: whoever fails to begin this thread loses nothing.
        let Some(mut output) = self.lock().output.take() else {
            return;
        };
        loop {
            let line = self.next();
            let _ = output.write_all(&line).and_then(|()| output.flush());
            let mut waiting = self.lock();
            waiting.is_writing = false;
            drop(waiting);
            self.written.notify_all();
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut waiting = self.lock();
        loop {
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes -= line.len();
                waiting.is_writing = true;
                if waiting.lines.is_empty() {
                    waiting.tell_lost();
                }
                return line;
            }
            let arrived = self.arrived.wait(waiting);
            waiting = arrived.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    /// An output that says what was written, and takes nothing before it is told to.
    struct Slow {
        may: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            // Told for good when the sender is gone.
            let _ = self.may.recv();
            self.written.send(line.to_vec()).map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Lines, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
        let (go, may) = mpsc::channel();
        let (sender, written) = mpsc::channel();
        let output = Slow {
            may,
            written: sender,
        };
        (Lines::to(output), go, written)
    }

    #[test]
    fn who_logs_waits_for_nobody_and_what_is_too_much_is_counted() {
        let (mut lines, go, written) = slow();
        let long = vec![b'x'; MOST / 4];
        // Whether the thread has taken one by now or not: at most five fit.
        for _ in 0..10 {
            assert_eq!(lines.write(&long).unwrap(), long.len());
        }
        lines.flush(Duration::ZERO);
        assert!(written.try_recv().is_err());
        drop(go);
        lines.flush(PATIENCE);
        lines.write_all(b"later\n").unwrap();
        lines.flush(PATIENCE);
        let told: Vec<_> = written.try_iter().collect();
        let whole = told.iter().take_while(|line| **line == long).count();
        assert!((4..=5).contains(&whole), "{whole}");
        let missing = String::from_utf8_lossy(&told[whole]);
        let expected = format!("{} lines are missing here", 10 - whole);
        assert!(missing.starts_with(&expected), "{missing}");
        assert_eq!(told[whole + 1], b"later\n");
        assert_eq!(told.len(), whole + 2);
    }

    #[test]
    fn lines_come_in_order_whoever_writes_them() {
        let (lines, go, written) = slow();
        drop(go);
        let writers = (0..4).map(|writer| {
            let mut lines = lines.clone();
            thread::spawn(move || {
                for number in 0..100 {
                    let line = format!("{writer} {number}\n");
                    lines.write_all(line.as_bytes()).unwrap();
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        for writer in writers {
            writer.join().unwrap();
        }
        lines.flush(PATIENCE);
        let told: Vec<u8> = written.try_iter().flatten().collect();
        let told = String::from_utf8(told).unwrap();
        for writer in ["0 ", "1 ", "2 ", "3 "] {
            let numbers = told.lines().filter_map(|line| line.strip_prefix(writer));
            let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
            assert!(numbers.into_iter().eq(0..100), "{told}");
        }
    }
}
