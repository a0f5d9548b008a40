//! Gives back to the system what closed documents, dropped trees and ended jobs took.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::engine::work::KEEP_ALIVE;

/// Long enough that closing a window of many documents is one round.
const REST: Duration = Duration::from_millis(500);

/// Long enough that the threads which worked have ended, and with them what each held back.
const LATER: Duration = Duration::from_secs(2 * KEEP_ALIVE.as_secs());

static IS_AWAITED: AtomicBool = AtomicBool::new(false);

/// Gives back what is free, a moment from now and once more when all is at rest, on a thread that
/// may wait.
pub fn give_back_soon() {
    if !IS_AWAITED.swap(true, Ordering::AcqRel) {
        tokio::spawn(async {
            for rest in [REST, LATER] {
                tokio::time::sleep(rest).await;
                IS_AWAITED.store(false, Ordering::Release);
                let _ = tokio::task::spawn_blocking(give_back).await;
            }
        });
    }
}

/// glibc keeps what is freed below the top of its arenas: of 50 closed documents of 1 MB and
/// their trees it kept 170 MB for good.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn give_back() {
    // SAFETY: it takes a number of bytes to leave and touches no memory that is in use.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
