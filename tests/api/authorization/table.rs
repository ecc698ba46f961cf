//! Reads the tables of `docs/authorization.md`: for the test that plays them over HTTP, and for the policy's own.

const DOCUMENT: &str = include_str!("../../../docs/authorization.md");

/// One cell, with what it takes to know which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// The heading above the table: whose key pair or limits.
    pub(crate) whose: &'static str,
    pub(crate) what: &'static str,
    /// The column's title.
    pub(crate) who: &'static str,
    /// `yes`, `absent`, or the status of the refusal.
    pub(crate) outcome: &'static str,
    /// The dialect that has a route for it, or `none yet`.
    pub(crate) route: &'static str,
}

/// Every cell of every table that says who may do what; other tables begin with another word.
pub(crate) fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    let (mut whose, mut header) = ("", Vec::new());
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            (whose, header) = (heading, Vec::new());
            continue;
        }
        let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else { continue };
        let row: Vec<&str> = row.split('|').map(str::trim).collect();
        if header.is_empty() {
            header = row;
        } else if header[0] == "what" && !row[0].starts_with("---") {
            assert_eq!(row.len(), header.len(), "{line}");
            let last = header.len() - 1;
            assert_eq!(header[last], "route", "{whose}");
            let cell = |at: usize| Cell { whose, what: row[0], who: header[at], outcome: row[at], route: row[last] };
            cells.extend((1..last).map(cell));
        }
    }
    assert!(cells.len() > 400, "only {} cells were found", cells.len());
    cells
}
