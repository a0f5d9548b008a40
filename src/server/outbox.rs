//! What waits to be written to the editor, in order, bounded; whoever puts something in never waits.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;

use super::frames;

/// What waits of an editor that reads as fast as it is written to, at most.
const KEEPING_UP: usize = 16 * 1024;
/// Above this, messages of our own making wait; answers don't.
const COMFORTABLE: usize = 1024 * 1024;
/// An editor that leaves so much unread will not read again.
const FULL: usize = 64 * 1024 * 1024;

/// A queue of frames between everyone who answers and the one who writes.
#[derive(Clone, Default)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Notify,
    drained: Notify,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
    closed: bool,
}

impl Outbox {
    /// Puts a message's body in line. `false` when the editor has stopped reading.
    pub fn put(&self, body: &[u8]) -> bool {
        let frame = frames::framed(body);
        let mut queue = self.lock();
        if queue.closed || queue.bytes + frame.len() > FULL {
            queue.closed = true;
            drop(queue);
            self.shared.filled.notify_one();
            self.shared.drained.notify_waiters();
            return false;
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        drop(queue);
        self.shared.filled.notify_one();
        true
    }

    /// Whether the editor reads more slowly than it is written to.
    pub fn is_behind(&self) -> bool {
        self.lock().bytes > KEEPING_UP
    }

    /// Waits until the editor has read nearly all.
    pub async fn caught_up(&self) {
        self.drained_to(KEEPING_UP).await;
    }

    /// Waits until little enough is in line for more to be made.
    pub async fn comfortable(&self) {
        self.drained_to(COMFORTABLE).await;
    }

    /// Waits until all of it is written.
    pub async fn empty(&self) {
        self.drained_to(0).await;
    }

    async fn drained_to(&self, most: usize) {
        loop {
            let drained = self.shared.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            {
                let queue = self.lock();
                if queue.closed || (queue.bytes <= most && (most > 0 || !queue.writing)) {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Writes what comes until the output breaks or the editor stops reading.
    pub async fn write_to(&self, mut output: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let filled = self.shared.filled.notified();
            let (batch, closed) = self.take();
            if batch.is_empty() {
                if closed {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                filled.await;
                continue;
            }
            let written = async {
                output.write_all(&batch).await?;
                output.flush().await
            };
            // An editor that never reads leaves a write that never ends.
            let written = tokio::select! {
                written = written => written,
                () = self.closed() => Err(io::ErrorKind::BrokenPipe.into()),
            };
            self.written(batch.len(), written.is_err());
            written?;
        }
    }

    /// Waits until too much is in line for anyone to be reading.
    async fn closed(&self) {
        loop {
            let drained = self.shared.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.lock().closed {
                return;
            }
            drained.await;
        }
    }

    /// All that is in line as one write, up to a comfortable amount.
    fn take(&self) -> (Vec<u8>, bool) {
        let mut queue = self.lock();
        // A long one goes as it is.
        let mut batch = queue.frames.pop_front().unwrap_or_default();
        while batch.len() < COMFORTABLE
            && let Some(frame) = queue.frames.pop_front()
        {
            batch.extend_from_slice(&frame);
        }
        queue.writing = !batch.is_empty();
        (batch, queue.closed)
    }

    fn written(&self, bytes: usize, broken: bool) {
        let mut queue = self.lock();
        queue.bytes = queue.bytes.saturating_sub(bytes);
        queue.writing = false;
        queue.closed |= broken;
        drop(queue);
        self.shared.drained.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.shared
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_out_in_order() {
        let outbox = Outbox::default();
        let (near, mut far) = tokio::io::duplex(16);
        let writer = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.write_to(near).await }
        });
        for n in 0..100 {
            assert!(outbox.put(n.to_string().as_bytes()));
        }
        let mut input = tokio::io::BufReader::new(&mut far);
        for n in 0..100 {
            let body = frames::read(&mut input).await.unwrap().unwrap();
            assert_eq!(body, n.to_string().as_bytes());
        }
        outbox.empty().await;
        writer.abort();
    }

    #[tokio::test]
    async fn an_editor_that_stops_reading_is_given_up() {
        let outbox = Outbox::default();
        let (near, _far) = tokio::io::duplex(16);
        let writer = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.write_to(near).await }
        });
        let megabyte = vec![b'x'; 1024 * 1024];
        while outbox.put(&megabyte) {
            tokio::task::yield_now().await;
        }
        assert!(writer.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn an_editor_that_never_reads_is_given_up() {
        let outbox = Outbox::default();
        let megabyte = vec![b'x'; 1024 * 1024];
        let taken = (0..100).take_while(|_| outbox.put(&megabyte)).count();
        assert_eq!(taken, 63);
        assert!(outbox.write_to(tokio::io::sink()).await.is_err());
        outbox.empty().await;
    }
}
