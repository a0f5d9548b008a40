//! What the person was told of failures: many jobs that fail for one reason say it once.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// More reasons than anybody reads at once; past it the oldest may be said again.
const MOST: usize = 64;

/// The failures that were told, and when.
#[derive(Default)]
pub struct Told(Mutex<Vec<(String, Instant)>>);

impl Told {
    /// Whether a job that `began` then has to tell this, since nobody did meanwhile. Whoever begins
    /// another job has read it by then, and is told anew.
    pub fn is_news(&self, message: &str, began: Instant) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = told.iter().position(|(said, _)| said == message);
        if let Some(at) = at {
            if told.get(at).is_some_and(|(_, time)| *time >= began) {
                return false;
            }
            told.remove(at);
        } else if told.len() >= MOST {
            told.remove(0);
        }
        told.push((message.to_owned(), Instant::now()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_since_a_job_began_is_no_news_to_it() {
        let told = Told::default();
        let [first, second] = [(); 2].map(|()| Instant::now());
        assert!(told.is_news("no key", first));
        assert!(!told.is_news("no key", second));
        assert!(told.is_news("no network", second));
        assert!(!told.is_news("no key", first));
        // One that began after that.
        let later = Instant::now();
        assert!(told.is_news("no key", later));
        assert!(!told.is_news("no key", first));
    }

    #[test]
    fn only_so_much_is_remembered() {
        let told = Told::default();
        let began = Instant::now();
        for number in 0..=MOST {
            assert!(told.is_news(&number.to_string(), began));
        }
        assert!(told.is_news("0", began));
        assert!(!told.is_news(&MOST.to_string(), began));
    }
}
