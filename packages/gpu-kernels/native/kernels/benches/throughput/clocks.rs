//! Time of the processor where the system tells it (Linux).

#[cfg(not(target_os = "linux"))]
use std::time::Instant;

/// Seconds of a clock of the system.
#[cfg(target_os = "linux")]
fn clock_seconds(clock: libc::clockid_t) -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// CPU time of all threads of this process.
pub fn cpu_seconds() -> Option<f64> {
    #[cfg(target_os = "linux")]
    return Some(clock_seconds(libc::CLOCK_PROCESS_CPUTIME_ID));
    #[cfg(not(target_os = "linux"))]
    None
}

/// CPU time of this thread, so that a busy machine disturbs less.
#[cfg(target_os = "linux")]
pub fn thread_seconds() -> f64 {
    clock_seconds(libc::CLOCK_THREAD_CPUTIME_ID)
}

#[cfg(not(target_os = "linux"))]
pub fn thread_seconds() -> f64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}
