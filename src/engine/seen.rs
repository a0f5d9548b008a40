//! What earlier downloads told of images: not the images, only which they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use url::Url;

/// What lies behind a URL may change.
const LONGEST: Duration = Duration::from_secs(600);

/// More are not remembered.
const MOST: usize = 256;

/// Which image it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Format, size and weight, in a line.
    pub facts: String,
    /// The hash of its bytes, under which its description is kept.
    pub sha256: String,
}

impl Identity {
    /// One that is known by its URL alone.
    pub fn unseen(url: String) -> Self {
        Self {
            facts: super::images::REMOTE.to_owned(),
            sha256: url,
        }
    }
}

/// The images behind URLs, for some minutes.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<HashMap<Url, (Instant, Identity)>>>);

impl Seen {
    /// What was seen there not long ago.
    pub fn at(&self, url: &Url) -> Option<Identity> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, identity) = seen.get(url)?;
        (when.elapsed() < LONGEST).then(|| identity.clone())
    }

    /// Remembers what is there now.
    pub fn keep(&self, url: Url, identity: Identity) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, (when, _)| when.elapsed() < LONGEST);
        }
        if seen.len() < MOST || seen.contains_key(&url) {
            seen.insert(url, (Instant::now(), identity));
        }
    }
}
