//! One at a time for each image: whoever comes second has what the first one got.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::store::DescriptionKey;

/// What the one before was told.
type Told = Option<String>;

/// The right to ask about an image, and what the one before was told; dropping it passes it on.
pub type Turn = OwnedMutexGuard<Told>;

/// Who is asking about which image.
#[derive(Clone, Default)]
pub struct Turns(Arc<Mutex<HashMap<DescriptionKey, Weak<Queue<Told>>>>>);

impl Turns {
    /// Whether somebody asks about the same just now.
    pub fn are_taken(&self, key: &DescriptionKey) -> bool {
        self.of(key).try_lock().is_err()
    }

    /// The turn of the caller, once nobody else asks about the same.
    pub async fn take(&self, key: &DescriptionKey) -> Turn {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: &DescriptionKey) -> Arc<Queue<Told>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn key(image: &str) -> DescriptionKey {
        DescriptionKey::new(image.as_bytes(), "English", 1, "grok")
    }

    #[tokio::test]
    async fn the_second_waits_and_has_what_the_first_was_told() {
        let turns = Turns::default();
        let (a, b) = (key("a"), key("b"));
        let mut first = turns.take(&a).await;
        let mut second = Box::pin(turns.take(&a));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(turns.are_taken(&a) && !turns.are_taken(&b));
        assert_eq!(*turns.take(&b).await, None);
        *first = Some("A square.".to_owned());
        drop(first);
        assert_eq!(second.await.as_deref(), Some("A square."));
        // Nobody asks any more, so nothing is held.
        assert_eq!(*turns.take(&a).await, None);
    }

    #[tokio::test]
    async fn one_who_gives_up_passes_the_turn_on() {
        let turns = Turns::default();
        let a = key("a");
        let first = turns.take(&a).await;
        let mut second = Box::pin(turns.take(&a));
        let mut third = Box::pin(turns.take(&a));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert_eq!(*third.await, None);
    }
}
