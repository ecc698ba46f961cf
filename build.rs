//! Compiles anew when a migration changes: the binary embeds them.

use std::io::Write;

fn main() -> std::io::Result<()> {
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=migrations")
}
