//! A progress bar on stderr: how much is done, how fast, how long it will take. Where stderr is no terminal there is none.

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{msg} [{bar:30}] {pos}/{len}  {per_sec}, {eta} left";

/// Less than this is done before a bar could be read.
const FEW: usize = 5;

/// A bar of so many things, where they are many.
pub(super) fn bar_of(verb: &'static str, things: usize) -> ProgressBar {
    match u64::try_from(things) {
        Ok(many) if things > FEW => bar(verb, many),
        Ok(_) | Err(_) => ProgressBar::hidden(),
    }
}

/// A bar of that many rows.
pub(super) fn bar(verb: &'static str, rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows).with_message(verb);
    match ProgressStyle::with_template(TEMPLATE) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
