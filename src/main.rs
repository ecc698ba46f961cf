//! The `keypaird` program. What it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    keypaird::cli::run()
}
