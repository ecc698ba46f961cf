//! Generating gives way to requests: its threads have a lower priority than those that answer.

use std::sync::Once;

use rustix::process::setpriority_process;

/// For whom a key is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Somebody who waits: beside a thread of the usual priority that wants the same core, a tenth of it.
    Request,
    /// The pool: 1.4 % of it, which is the least.
    Pool,
}

impl For {
    pub(super) const fn nice(self) -> i32 {
        match self {
            Self::Request => 10,
            Self::Pool => 19,
        }
    }
}

/// Of the calling thread, for good: raising it again is root's alone. On Linux the priority is each thread's own, and 0 (here
/// `None`) is the calling one.
pub(super) fn lower(whom: For) {
    static TOLD: Once = Once::new();
    if let Err(cause) = setpriority_process(None, whom.nice()) {
        TOLD.call_once(|| {
            tracing::warn!(%cause, "keys are generated at the usual priority, as a lower one cannot be set: other requests wait longer meanwhile");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_calling_thread_gets_a_lower_priority() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        for whom in [For::Request, For::Pool] {
            std::thread::spawn(move || {
                lower(whom);
                assert_eq!(priority(), whom.nice());
            })
            .join()
            .unwrap();
        }
        assert_eq!(priority(), before);
    }
}
