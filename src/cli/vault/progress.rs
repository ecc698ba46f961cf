//! A progress bar on stderr: how many rows are done, how fast, how long it will take. Where stderr is no terminal there is
//! none.

use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{msg} [{bar:30}] {pos}/{len}  {per_sec}, {eta} left";

/// A bar of that many rows.
pub(super) fn bar(verb: &'static str, rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows).with_message(verb);
    match ProgressStyle::with_template(TEMPLATE) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
