//! What was recorded of a real Nova 34: requests and answers, in the order in which they were made.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The rows, one JSON document a line.
const RECORDING: &str = include_str!("nova.jsonl");

pub struct Recording {
    pub place: Place,
    /// Everything but the place, in order.
    pub rows: Vec<Row>,
}

/// Where and for whom the recording was made.
#[derive(Deserialize)]
pub struct Place {
    pub root: String,
    pub keystone: String,
    /// The ids of users and their projects: `demo_uid`, `demo_pid` and so on.
    pub vars: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Row {
    /// All key pairs of these users are deleted.
    Wipe {
        wipe: Vec<String>,
    },
    /// Prepares the cases that follow.
    Setup(Setup),
    Case(Box<Case>),
}

impl Row {
    /// Whether both prepare the same thing, so that the order does not matter.
    pub fn goes_along_with(&self, other: &Self) -> bool {
        self.setup().zip(other.setup()).is_some_and(|(one, other)| one.setup.path == other.setup.path)
    }

    pub fn setup(&self) -> Option<&Setup> {
        match self {
            Self::Setup(setup) => Some(setup),
            Self::Wipe { .. } | Self::Case(_) => None,
        }
    }
}

#[derive(Deserialize)]
pub struct Setup {
    pub setup: Preparation,
    pub status: u16,
}

#[derive(Deserialize)]
pub struct Preparation {
    pub method: String,
    pub path: String,
    pub user: String,
    pub microversion: String,
    pub body: Value,
}

#[derive(Deserialize)]
pub struct Case {
    pub id: String,
    pub request: Request,
    pub status: u16,
    pub response_headers: Headers,
    /// The answer's body, where it was kept whole.
    pub response_body: Option<String>,
    /// Of an answer too long to keep: how it begins, and its characters.
    pub response_body_head: Option<String>,
    pub response_body_length: Option<usize>,
    /// Of a list too long to keep: how many, the first, the last, the links.
    pub response_summary: Option<Value>,
}

#[derive(Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: Headers,
    /// The body; bytes that are no UTF-8 stand in it as `\xff`.
    pub body: Option<String>,
    /// Of a body too long to keep: how it begins, its bytes, their SHA-256.
    pub body_head: Option<String>,
    pub body_length: Option<usize>,
    pub body_sha256: Option<String>,
}

/// A header that came more than once has a list.
pub type Headers = BTreeMap<String, OneOrMore>;

#[derive(Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::More(values) => values,
        }
    }
}

/// The whole recording.
pub fn read() -> Recording {
    let (place, rows) = RECORDING.split_once('\n').unwrap();
    let rows = rows.lines().map(|row| serde_json::from_str(row).unwrap_or_else(|error| panic!("{error}: {row}")));
    Recording { place: serde_json::from_str(place).unwrap(), rows: rows.collect() }
}
