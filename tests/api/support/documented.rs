//! Holds every answer that a test gets to the OpenAPI document, and notes which of its statuses were seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{LazyLock, Mutex};

use keypaird::http::openapi::DOCUMENT;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The file that statuses are noted in, where it is set.
pub const NOTED: &str = "DOCUMENTED_STATUSES";

/// What follows an operation's name where it stands below several paths: they are one operation, answered by one handler.
const PLACES: [&str; 7] = ["_frozen_in_project", "_in_project", "_frozen", "_unprefixed", "_slash", "_get", "_post"];

/// The document.
pub static OPENAPI: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(DOCUMENT.as_ref().unwrap()).unwrap());

/// Its operations by path and method.
static OPERATIONS: LazyLock<BTreeMap<String, BTreeMap<String, Operation>>> = LazyLock::new(|| {
    let read = |(method, value): (&String, &Value)| (method.to_uppercase(), Operation::read(value));
    let below = |item: &Value| item.as_object().unwrap().iter().map(read).collect();
    OPENAPI["paths"].as_object().unwrap().iter().map(|(path, item)| (path.clone(), below(item))).collect()
});

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub struct Operation {
    /// The same for all places of one operation.
    pub name: String,
    pub statuses: BTreeSet<u16>,
    answers_any_method: bool,
    is_operators: bool,
}

impl Operation {
    fn read(value: &Value) -> Self {
        let id = value["operationId"].as_str().unwrap();
        let name = PLACES.iter().find_map(|place| id.strip_suffix(place)).unwrap_or(id);
        let statuses = value["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect();
        Self {
            name: name.to_owned(),
            statuses,
            answers_any_method: value["tags"][0] == "nova: versions",
            is_operators: value["tags"][0] == "operator",
        }
    }
}

/// All operations of the document.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.values().flat_map(BTreeMap::values)
}

/// Whom a request goes to.
#[derive(Clone, Copy)]
pub enum Listener {
    Clients(SocketAddr),
    Operators(SocketAddr),
}

impl Listener {
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Clients(address) | Self::Operators(address) => address,
        }
    }

    fn has(self, operation: &Operation) -> bool {
        match self {
            Self::Clients(_) => !operation.is_operators,
            Self::Operators(_) => operation.is_operators,
        }
    }
}

/// A request as a test sent it.
pub struct Asked<'a> {
    pub listener: Listener,
    pub method: &'a str,
    pub target: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// Fails where the document does not know that answer.
#[track_caller]
pub fn check(asked: &Asked<'_>, status: u16) {
    let Some(methods) = asked.path().and_then(|path| OPERATIONS.get(&path)) else { return };
    if !methods.values().all(|operation| asked.listener.has(operation)) {
        return;
    }
    let method = asked.method;
    match methods.get(method) {
        Some(operation) => {
            let is_documented = operation.statuses.contains(&status);
            assert!(is_documented, "{method} {} gave {status}, which {} has not", asked.target, operation.name);
            note(&format!("{status} {}", operation.name));
        }
        // HEAD is answered as GET is, OPTIONS everywhere alike.
        None if matches!(method, "HEAD" | "OPTIONS") || methods.values().any(|it| it.answers_any_method) => {}
        None => assert!(status >= 400, "{method} {} gave {status}, and is not in the document", asked.target),
    }
}

fn note(line: &str) {
    let Some(file) = std::env::var_os(NOTED) else { return };
    if SEEN.lock().unwrap().insert(line.to_owned()) {
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        file.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

impl Asked<'_> {
    /// The path in the document that answers it.
    fn path(&self) -> Option<String> {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let path = normal(path);
        if path == "/"
            && let Some(action) = self.action(query)
        {
            return Some(action);
        }
        let segments: Vec<String> =
            path.split('/').map(|it| percent_decode_str(it).decode_utf8_lossy().into()).collect();
        let fitting = OPERATIONS.iter().filter_map(|(template, methods)| {
            // `associate` is a call by POST alone, and else a name.
            Some((methods.contains_key(self.method), fit(template, &segments)?, template))
        });
        fitting.max().map(|(_, _, template)| template.clone())
    }

    /// Of Alibaba's, whose paths are all the same: the action, also one that does not exist.
    fn action(&self, query: &str) -> Option<String> {
        let header = |name: &str| {
            self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|it| it.1.to_owned())
        };
        let pairs = || [query.as_bytes(), self.body].into_iter().flat_map(form_urlencoded::parse);
        let parameter = |name: &str| pairs().find(|(sent, _)| sent == name).map(|(_, value)| value.into_owned());
        let action = header("x-acs-action").or_else(|| parameter("Action"));
        let version = header("x-acs-version").or_else(|| parameter("Version")).unwrap_or_default();
        let is_call = action.is_some()
            || parameter("Signature").is_some()
            || self
                .headers
                .iter()
                .any(|(name, value)| name.to_ascii_lowercase().starts_with("x-acs-") || value.starts_with("ACS3"))
            || (parameter("Version").is_some() && parameter("AccessKeyId").is_some());
        let product = if version == super::alibaba::ENS { "ens" } else { "ecs" };
        is_call.then(|| format!("/#{product}.{}", action.unwrap_or_default()))
    }
}

/// Slashes in a row are one, and the identity takes one more at the end.
fn normal(path: &str) -> String {
    let mut normal = path.to_owned();
    while normal.contains("//") {
        normal = normal.replace("//", "/");
    }
    let is_identitys = ["/identity", "/v3/auth", "/v3/projects"].iter().any(|begin| normal.starts_with(begin));
    if is_identitys { normal.trim_end_matches('/').to_owned() } else { normal }
}

/// Whether the template fits, and how well: the router takes a literal segment before a variable one, from the left.
fn fit(template: &str, segments: &[String]) -> Option<Vec<bool>> {
    let wanted: Vec<&str> = template.split('/').collect();
    if wanted.len() != segments.len() {
        return None;
    }
    let fits = |(wanted, segment): (&&str, &String)| match *wanted {
        "{project_id}" => segment.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f' | '-')).then_some(false),
        "{call}" => ["associate", "batch-associate", "disassociate"].contains(&segment.as_str()).then_some(true),
        variable if variable.starts_with('{') => Some(false),
        literal => (literal == segment).then_some(true),
    };
    let fit: Option<Vec<bool>> = wanted.iter().zip(segments).map(fits).collect();
    fit.filter(|_| segments[1..].iter().all(|segment| !segment.is_empty()) || template.ends_with('/'))
}
