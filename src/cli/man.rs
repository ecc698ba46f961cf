//! `keypaird man`

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::{Failure, grammar, output};

const EXAMPLES: &str = "\
Examples:
  keypaird man | man -l -
  keypaird man /usr/local/share/man/man1";

/// Print this program's manual page, or write those of all commands.
///
/// In a directory each command has a page of its own: keypaird.1, keypaird-serve.1, keypaird-config-show.1, and so on.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Write all pages into this directory, which is made if need be; pages of that name are replaced
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Why the pages were not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the manual pages into {}: {source}", directory.display())]
struct NotWritten {
    directory: PathBuf,
    source: io::Error,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut grammar = without_help(grammar());
    grammar.build();
    match &arguments.directory {
        Some(directory) => write_all(&grammar, directory)
            .map_err(|source| Failure::other(NotWritten { directory: directory.clone(), source })),
        None => output::print(&page(&grammar).map_err(Failure::other)?),
    }
}

/// The command `help`, which there is at each level, says what the pages say.
fn without_help(command: clap::Command) -> clap::Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

fn write_all(grammar: &clap::Command, directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(directory)?;
    write(grammar, directory)
}

/// The page of the command, and those of all commands below it.
fn write(command: &clap::Command, directory: &Path) -> io::Result<()> {
    fs::write(directory.join(Man::new(command.clone()).get_filename()), page(command)?)?;
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| write(below, directory))
}

fn page(command: &clap::Command) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut page = title(command).into_bytes();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    sections(&notes).to_writer(&mut page)?;
    String::from_utf8(page).map_err(io::Error::other)
}

/// The page's head. It names no day: what a release prints is the same on each.
fn title(command: &clap::Command) -> String {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    format!(".TH \"{name}\" \"1\" \"\" \"keypaird {}\" \"keypaird\"\n", env!("CARGO_PKG_VERSION"))
}

/// What stands behind the options: a line that ends in a colon is a section's name, what is indented stands as it is, and all
/// else is running text.
fn sections(text: &str) -> Roff {
    let mut roff = Roff::new();
    let mut parts = text.split("\n\n").filter(|part| !part.is_empty()).peekable();
    if parts.peek().is_some_and(|first| !first.lines().next().is_some_and(is_heading)) {
        roff.control("SH", ["NOTES"]);
    }
    for (place, part) in parts.enumerate() {
        let mut lines = part.lines().peekable();
        match lines.next_if(|line| is_heading(line)) {
            Some(heading) => {
                roff.control("SH", [heading.trim_end_matches(':').to_uppercase().as_str()]);
            }
            None if place > 0 => {
                roff.control("PP", []);
            }
            None => {}
        }
        let (verbatim, running): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with(' '));
        add(&mut roff, &running);
        if !verbatim.is_empty() {
            roff.control("nf", []);
            add(&mut roff, &verbatim);
            roff.control("fi", []);
        }
    }
    roff
}

fn add(roff: &mut Roff, lines: &[&str]) {
    for line in lines {
        roff.text([roman(*line)]);
    }
}

fn is_heading(line: &str) -> bool {
    line.ends_with(':') && !line.starts_with(' ')
}
