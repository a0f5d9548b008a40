//! Gives back to the system what large messages, closed documents, dropped trees and ended jobs took.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::work::KEEP_ALIVE;

/// Long enough that closing a window of many documents is one round.
const REST: Duration = Duration::from_millis(500);

/// Long enough that the threads which worked have ended, and with them what each held back.
const LATER: Duration = Duration::from_secs(2 * KEEP_ALIVE.as_secs());

/// Also where the machine is so busy that they ended after that.
const LAST: Duration = Duration::from_secs(8 * KEEP_ALIVE.as_secs());

static IS_AWAITED: AtomicBool = AtomicBool::new(false);
static ROUND: AtomicU64 = AtomicU64::new(0);

/// In how many shares the threads' memory lies, of which each keeps some. Threads seldom wait for each
/// other even with two, for each has small pieces at hand; by itself glibc makes eight for each core.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SHARES: std::ffi::c_int = 2;

/// Has the allocator keep little of its own accord, above all at the top of a thread's share of the
/// memory, which `give_back` does not reach.
///
/// By itself glibc leaves 128 KiB there, and learns from each large message to leave more, until it is
/// told a number: a document of 1.3 MiB took 3 to 7 while it was open. Small pieces it keeps as they are
/// for the next of their size; where one stood below the top, all that was free beneath it stayed: 10
/// MiB of a long day.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn keep_little() {
    // SAFETY: each sets a number of the allocator's, under its own lock, whatever runs beside it.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, SHARES);
        libc::mallopt(libc::M_TOP_PAD, 0);
        libc::mallopt(libc::M_MXFAST, 0);
    }
}

/// Other allocators do so by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_little() {}

/// Gives back what is free, a moment from now and again when all is at rest, on a thread that may
/// wait.
pub fn give_back_soon() {
    if IS_AWAITED.swap(true, Ordering::AcqRel) {
        return;
    }
    let round = ROUND.fetch_add(1, Ordering::AcqRel) + 1;
    tokio::spawn(async move {
        tokio::time::sleep(REST).await;
        IS_AWAITED.store(false, Ordering::Release);
        give_back_on_a_thread().await;
        for rest in [LATER, LAST] {
            tokio::time::sleep(rest).await;
            // A newer round sees to the rest.
            if ROUND.load(Ordering::Acquire) != round {
                return;
            }
            give_back_on_a_thread().await;
        }
    });
}

async fn give_back_on_a_thread() {
    let _ = tokio::task::spawn_blocking(give_back).await;
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
