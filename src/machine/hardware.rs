//! What the machine brings beside cores: memory, a GPU, room on the disk.
//!
//! Thread: any, before calls. In: what Linux tells in `/proc`, `/sys` and `/dev`. Out: figures; elsewhere those that
//! are not known are missing. Source: proc(5), cgroups(7).

use std::path::Path;

/// Memory that this process may use, in MB: the machine's, or what its control group allows.
pub fn memory_mb() -> Option<u64> {
    let total = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = total.lines().find_map(|line| {
        let kib = line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?;
        kib.trim().parse::<u64>().ok()
    })? / 1_024;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    // `max` is no limit.
    let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
    Some(limit.map_or(total, |bytes| total.min(bytes / (1_024 * 1_024))))
}

/// A device file of a GPU, if there is one: NVIDIA's, or one that any driver makes.
pub fn gpu() -> Option<&'static str> {
    let known = ["/dev/nvidia0", "/dev/dri/renderD128"];
    known.into_iter().find(|path| Path::new(path).exists())
}

/// Room for this user on the disk of `path`, or of the nearest folder above it that is there, in bytes.
#[cfg(target_os = "linux")]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|path| path.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_linux_machine_tells_its_figures() {
        assert!(memory_mb().unwrap() > 100);
        let folder = tempfile::tempdir().unwrap();
        let here = free_bytes(folder.path()).unwrap();
        assert!(here > 0);
        // What is not there yet lies on the disk of the folder above it.
        assert!(free_bytes(&folder.path().join("not/yet")).is_some());
    }
}
