//! For the fuzz target: readers that are otherwise reached by way of a file or a KMS.

use super::{kms, master_key_text};

/// What is read of a data key under a project's key is written as the same bytes.
pub fn project_wrapping(stored: &[u8]) {
    kms::check_layout(stored);
}

/// A master key file is read, or refused with the number of a line that there is.
pub fn master_key_text(text: &str) {
    if let Err((line, _)) = master_key_text::parse(text) {
        assert!((1..=text.lines().count().max(1)).contains(&line));
    }
}
