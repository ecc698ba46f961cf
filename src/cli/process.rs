//! The process: its memory, where private keys pass through, is kept out of core dumps and debuggers; and who runs it.

use std::io::Write;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::domain::{Actor, Dialect, Via};

/// No core file, and on Linux no `ptrace` and no `/proc/PID/mem` for other processes of the same user. Where the system
/// refuses that, a line on stderr says so and the command goes on: a sandbox may forbid the call.
pub(super) fn forbid_core_dumps() {
    if let Err(error) =
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).and_then(|()| undumpable())
    {
        let _ = writeln!(std::io::stderr(), "keypaird: core dumps cannot be forbidden: {error}");
    }
}

/// Each connection is an open file: as many as the system lets the process have, where fewer are set at first, as is usual for
/// the sake of old programs. Where that is refused, those set at first hold.
pub(super) fn raise_open_files() {
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
}

/// Whoever runs the command, as the ledger names them: by the system's user id.
pub(super) fn operator() -> Actor {
    let via = Via { dialect: Dialect::Cli, client: None, request_id: None };
    Actor { user: format!("os:{}", rustix::process::getuid().as_raw()), project: None, via }
}

#[cfg(target_os = "linux")]
fn undumpable() -> rustix::io::Result<()> {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
}

#[cfg(not(target_os = "linux"))]
fn undumpable() -> rustix::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{Resource, getrlimit};

    #[test]
    fn s48_afterwards_there_is_no_core_dump_and_no_tracing() {
        super::forbid_core_dumps();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, dumpable_behavior};
            assert!(dumpable_behavior().is_ok_and(|now| now == DumpableBehavior::NotDumpable));
        }
    }
}
