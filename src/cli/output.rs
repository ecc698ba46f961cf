//! What commands print to stdout.

use std::io::{ErrorKind, Write};
use std::iter::once;

use super::Failure;

/// Prints the text. A reader that has gone (`keypaird … | head -1`) is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::other(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints what must reach its reader: one that has gone is a failure.
pub(super) fn hand_over(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Failure::other)
}

/// Says on stderr what went wrong, and goes on. Where stderr is closed, the exit status still tells.
pub(super) fn complain(text: &str) {
    let _ = text.lines().try_for_each(|line| writeln!(std::io::stderr(), "keypaird: {line}"));
}

/// Rows below a head.
pub(super) fn table<const COLUMNS: usize>(head: [&str; COLUMNS], rows: Vec<[String; COLUMNS]>) -> String {
    let rows = rows.into_iter().map(Vec::from);
    aligned(once(head.map(str::to_owned).to_vec()).chain(rows).collect())
}

/// Columns as wide as their widest cell, two blanks apart.
pub(super) fn aligned(rows: Vec<Vec<String>>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}
