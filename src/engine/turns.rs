//! One at a time for each question: whoever comes second has what the first one got.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The right to ask, and what the one before was told; dropping it passes it on.
pub type Turn<T> = OwnedMutexGuard<Option<T>>;

/// Those who wait for the same, and what the one before them was told.
type Line<T> = Queue<Option<T>>;

/// Who is asking what, by a key that tells questions apart.
pub struct Turns<K, T>(Arc<Mutex<HashMap<K, Weak<Line<T>>>>>);

impl<K, T> Clone for Turns<K, T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, T> Default for Turns<K, T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Clone + Eq + Hash, T> Turns<K, T> {
    /// The turn of the caller, once nobody else asks the same; says so where it `waits` for that.
    pub async fn take(&self, key: &K, waits: impl FnOnce()) -> Turn<T> {
        let line = self.of(key);
        if let Ok(turn) = line.clone().try_lock_owned() {
            return turn;
        }
        waits();
        line.lock_owned().await
    }

    fn of(&self, key: &K) -> Arc<Line<T>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Queue::new(None));
        turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_second_waits_and_has_what_the_first_was_told() {
        let turns = Turns::default();
        let (a, b) = ("a", "b");
        let waiting = Cell::new(0);
        let waits = || waiting.set(waiting.get() + 1);
        let mut first = turns.take(&a, waits).await;
        assert_eq!(*turns.take(&b, waits).await, None);
        assert_eq!(waiting.get(), 0);
        let mut second = Box::pin(turns.take(&a, waits));
        assert!(second.as_mut().now_or_never().is_none());
        assert_eq!(waiting.get(), 1);
        *first = Some("A square.".to_owned());
        drop(first);
        assert_eq!(second.await.as_deref(), Some("A square."));
        // Nobody asks any more, so nothing is held.
        assert_eq!(*turns.take(&a, waits).await, None);
        assert_eq!(waiting.get(), 1);
    }

    #[tokio::test]
    async fn one_who_gives_up_passes_the_turn_on() {
        let turns = Turns::<_, String>::default();
        let a = "a";
        let first = turns.take(&a, || ()).await;
        let mut second = Box::pin(turns.take(&a, || ()));
        let mut third = Box::pin(turns.take(&a, || ()));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert_eq!(*third.await, None);
    }
}
