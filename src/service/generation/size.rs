//! How many keys the pool holds where the settings leave it to the machine.

use std::fs;

/// So many for each processor: some three seconds of its work in RSA-2048.
const PER_CORE: u64 = 64;
const MOST: u64 = 1024;
/// More than a key takes with all its numbers (RSA-4096), in bytes.
const KEY: u64 = 16 << 10;
/// The keys of one algorithm take at most one part of so many of the memory.
const PART_OF_MEMORY: u64 = 200;

/// `memory` in bytes, where it is known.
pub(super) fn of_machine(cores: usize, memory: Option<u64>) -> usize {
    let fits = memory.map_or(MOST, |memory| memory / PART_OF_MEMORY / KEY);
    let wanted = (cores as u64 * PER_CORE).min(MOST);
    usize::try_from(wanted.min(fits).max(1)).unwrap_or(1)
}

/// The machine's memory, or the container's limit where that is less.
pub(super) fn memory() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(limit).min()
}

/// `MemTotal:       24613424 kB`
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_and_memory_bound_it() {
        let cases = [
            (1, Some(24 << 30), 64),
            (2, Some(24 << 30), 128),
            (64, Some(64 << 30), 1024),
            (8, Some(256 << 20), 81),
            (1, Some(1 << 20), 1),
            (2, None, 128),
        ];
        for (cores, memory, size) in cases {
            assert_eq!(of_machine(cores, memory), size, "{cores} {memory:?}");
        }
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24613424 kB\n"), Some(24_613_424 << 10));
        assert!(memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
