//! Notices when the editor's process is gone, for editors that die without closing anything.

use std::time::Duration;

/// How often it is looked at; what an editor's death may cost is a second of a stream.
const INTERVAL: Duration = Duration::from_secs(1);

/// Resolves when the process is gone. A process that was not there to begin with is not
/// waited for: some editors run in another namespace and send a number that means nothing here.
pub async fn gone(process: u32) {
    if !is_alive(process) {
        return std::future::pending().await;
    }
    let mut interval = tokio::time::interval(INTERVAL);
    while is_alive(process) {
        interval.tick().await;
    }
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    i32::try_from(process)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// On Windows the end of the streams has to do.
#[cfg(not(unix))]
fn is_alive(_process: u32) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_death_of_a_living_process_is_noticed() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        assert!(is_alive(child.id()));
        let watch = tokio::spawn(gone(child.id()));
        tokio::task::yield_now().await;
        child.kill().unwrap();
        child.wait().unwrap();
        watch.await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_never_lived_is_not_mourned() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let mut watch = tokio_test(gone(child.id()));
        assert!(futures::poll!(watch.as_mut()).is_pending());
    }

    fn tokio_test<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
        Box::pin(future)
    }
}
