//! `keypaird completion`

use clap_complete::{Shell, generate};

use super::{Failure, grammar, output};

const EXAMPLES: &str = "\
Examples:
  keypaird completion bash > /etc/bash_completion.d/keypaird
  keypaird completion zsh > \"${fpath[1]}/_keypaird\"
  keypaird completion fish > ~/.config/fish/completions/keypaird.fish";

/// Print a script that completes commands and flags in your shell.
///
/// It goes where the shell looks for such scripts; a shell that is started afterwards knows it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shell that the script is for
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut grammar(), "keypaird", &mut script);
    output::print(&String::from_utf8(script).map_err(Failure::other)?)
}
