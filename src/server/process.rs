//! Notices when the editor's process is gone, for editors that die without closing anything.

use std::time::Duration;

/// How often it is looked at; what an editor's death may cost is a second of a stream.
const INTERVAL: Duration = Duration::from_secs(1);

/// Resolves when the process is gone.
pub async fn gone(process: u32) {
    let mut interval = tokio::time::interval(INTERVAL);
    while is_alive(process) {
        interval.tick().await;
    }
}

/// Whether there is such a process. One that is not there when it is named is not waited for:
/// some editors run in another namespace and send a number that means nothing here.
#[cfg(unix)]
pub fn is_alive(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    i32::try_from(process)
        .ok()
        .and_then(Pid::from_raw)
        .is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// On Windows the end of the streams has to do.
#[cfg(not(unix))]
pub fn is_alive(_process: u32) -> bool {
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

    #[test]
    fn a_process_that_never_lived_is_not_mourned() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
