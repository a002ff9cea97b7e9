//! Libraries that write to stderr what nobody asked for: ALSA and JACK tell of each device that is not there.
//!
//! Thread: any; what others write to stderr meanwhile is lost as well, so it is for moments in which nothing else runs.

/// Runs `work` while stderr leads nowhere. Where that cannot be had it runs all the same.
#[cfg(target_os = "linux")]
pub fn without_stderr<T>(work: impl FnOnce() -> T) -> T {
    struct Back(rustix::fd::OwnedFd);
    impl Drop for Back {
        fn drop(&mut self) {
            // There is nowhere to tell that it failed.
            let _ = rustix::stdio::dup2_stderr(&self.0);
        }
    }
    let nowhere = std::fs::File::options().write(true).open("/dev/null");
    let _back = nowhere.ok().and_then(|nowhere| {
        let back = Back(rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3).ok()?);
        rustix::stdio::dup2_stderr(&nowhere).ok()?;
        Some(back)
    });
    work()
}

/// Elsewhere the libraries are quiet.
#[cfg(not(target_os = "linux"))]
pub fn without_stderr<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn stderr_is_what_it_was_afterwards() {
        let leads_to = || std::fs::read_link("/proc/self/fd/2").ok();
        let before = leads_to();
        assert!(before.is_some());
        let inside = without_stderr(leads_to);
        assert_eq!(inside, Some("/dev/null".into()));
        assert_eq!(leads_to(), before);
        let panicked = std::panic::catch_unwind(|| without_stderr(|| panic!("a fault inside")));
        assert!(panicked.is_err());
        assert_eq!(leads_to(), before);
    }
}
