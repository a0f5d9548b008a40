//! The signals by which a command is asked to end.

/// Waits for Ctrl-C, or for the system or the terminal to ask this process to end. The exit code by
/// which a shell tells that.
#[cfg(unix)]
pub async fn asked_to_end() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let ignored = ignored();
    let waits: Vec<_> = kinds
        .into_iter()
        .filter(|kind| ignored >> (kind.as_raw_value() - 1) & 1 == 0)
        .filter_map(|kind| Some((kind, signal(kind).ok()?)))
        .map(|(kind, mut signal)| {
            Box::pin(async move {
                signal.recv().await;
                kind.as_raw_value()
            })
        })
        .collect();
    if waits.is_empty() {
        std::future::pending::<()>().await;
    }
    let (number, ..) = futures::future::select_all(waits).await;
    u8::try_from(128 + number).unwrap_or(1)
}

#[cfg(not(unix))]
pub async fn asked_to_end() -> u8 {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    1
}

/// The signals that whoever started this process had ignored, as `nohup` does, a bit each;
/// to wait for one would end that. Known on Linux only.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
