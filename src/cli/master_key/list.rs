//! `keypaird master-key list`

use std::path::Path;

use serde::Serialize;

use super::{Database, Output};
use crate::cli::Failure;
use crate::domain::KekId;
use crate::store::MasterKeyCheck;
use crate::vault::{MasterKeyError, MasterKeys};

/// How many bytes of a check value are shown: enough to tell keys apart by eye.
const SHOWN: usize = 8;

/// A key of the file or of the database.
#[derive(Serialize)]
struct Listed {
    name: String,
    version: i32,
    primary: bool,
    check_value: String,
    /// How many private keys and secrets of access keys are sealed by it.
    rows: u64,
    state: State,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    New,
    Another,
    Missing,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::New => "new",
            Self::Another => "another",
            Self::Missing => "missing",
        }
    }
}

pub(super) fn run(file: &Path, database: &Database, output: &Output) -> Result<String, Failure> {
    let known = database.known().map_err(Failure::other)?;
    let (primary, held) = match MasterKeys::load(file) {
        Ok(keys) => (Some(keys.primary_id().clone()), keys.check_values()),
        Err(MasterKeyError::Missing { .. }) if !known.is_empty() => (None, Vec::new()),
        Err(unusable) => return Err(Failure::other(unusable)),
    };
    let mut keys: Vec<Listed> = held.iter().map(|held| Listed::held(held, &known, primary.as_ref())).collect();
    keys.extend(known.into_iter().filter(|known| held.iter().all(|(kek, _)| *kek != known.kek)).map(Listed::missing));
    let head = ["NAME", "VERSION", "PRIMARY", "CHECK", "ROWS", "STATE"];
    output.list(&keys, head, Listed::cells).map_err(Failure::other)
}

impl Listed {
    fn held((kek, check_value): &(KekId, Vec<u8>), known: &[MasterKeyCheck], primary: Option<&KekId>) -> Self {
        let known = known.iter().find(|known| known.kek == *kek);
        let state = match known {
            None => State::New,
            Some(known) if known.check_value == *check_value => State::Ok,
            Some(_) => State::Another,
        };
        let rows = known.map_or(0, |known| known.rows);
        Self { primary: primary == Some(kek), ..Self::new(kek.clone(), check_value, rows, state) }
    }

    fn missing(MasterKeyCheck { kek, check_value, rows }: MasterKeyCheck) -> Self {
        Self::new(kek, &check_value, rows, State::Missing)
    }

    fn new(kek: KekId, check_value: &[u8], rows: u64, state: State) -> Self {
        let check_value = check_value.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
        Self { name: kek.name, version: kek.version, primary: false, check_value, rows, state }
    }

    fn cells(&self) -> [String; 6] {
        let primary = if self.primary { "yes" } else { "no" };
        let Self { name, version, primary: _, check_value, rows, state } = self;
        [
            name.clone(),
            version.to_string(),
            primary.to_owned(),
            check_value.clone(),
            rows.to_string(),
            state.as_str().to_owned(),
        ]
    }
}
