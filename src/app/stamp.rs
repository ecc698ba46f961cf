//! Whether a file has changed since it was read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// By what a file is seen to be another one, or changed. Of a link, the file behind it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    file: (u64, u64),
    modified: (i64, i64),
    /// A change of owner or mode is one here only.
    changed: (i64, i64),
    size: u64,
}

impl Stamp {
    /// `None` where there is no file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            file: (metadata.dev(), metadata.ino()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            size: metadata.len(),
        })
    }
}
