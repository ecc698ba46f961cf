//! Reads the layers (defaults, files, environment, flags), refuses what is not known, and puts the rest together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};
use serde_json::Value as Json;

use super::known::{Known, VARIABLE_PREFIX, leaves, type_of, variable};
use super::mask::masked;
use super::{DEFAULTS, Invalid, Problem, Problems, Purpose, Settings};

/// Where settings other than the built-in defaults come from; by default, nowhere.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// TOML files, the later winning.
    pub files: Vec<PathBuf>,
    /// Variables; those that do not begin with `KEYPAIRD__` are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Flags, the later winning.
    pub flags: Vec<Flag>,
}

/// A setting given as a flag.
#[derive(Clone, Debug)]
pub struct Flag {
    pub key: String,
    pub value: String,
    /// How the flag is written, such as `--listen`.
    pub written: String,
}

/// Settings that were read, known and found to fit together.
pub struct Loaded {
    pub settings: Settings,
    /// Every setting, by key, with where it came from.
    pub effective: BTreeMap<String, Effective>,
}

/// One setting as it holds, fit to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Secrets are masked.
    pub value: Json,
    /// `default`, a file's name, a variable or a flag.
    pub origin: String,
}

impl Sources {
    /// The files given; without any, each `*.toml` of `directory` in lexical order, `default.toml` before all others.
    /// A directory that does not exist has no files. A `default.toml` that is word for word the built-in one adds
    /// nothing and is left out.
    pub fn files(given: Vec<PathBuf>, directory: &Path) -> Result<Vec<PathBuf>, Problem> {
        if !given.is_empty() {
            return Ok(given);
        }
        let unreadable =
            |error: std::io::Error| Problem::File { file: directory.display().to_string(), reason: error.to_string() };
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
                files.push(path);
            }
        }
        let is_default = |path: &PathBuf| path.file_name().is_some_and(|name| name == "default.toml");
        files.retain(|path| !is_default(path) || std::fs::read_to_string(path).is_ok_and(|text| text != DEFAULTS));
        files.sort_by_key(|path| (!is_default(path), path.clone()));
        Ok(files)
    }
}

/// Reads all layers and checks them, for the service. Touches nothing but the files that are named.
pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
    load_for(Purpose::Service, sources)
}

/// The same, for another purpose.
pub fn load_for(purpose: Purpose, sources: &Sources) -> Result<Loaded, Problems> {
    let known = Known::built_in().map_err(|error| built_in_broken(&error))?;
    let values = merge(sources, &known)?;
    let problems: Vec<Problem> = values.iter().filter_map(|(key, value)| check(&known, key, value)).collect();
    if !problems.is_empty() {
        return Err(Problems(problems));
    }
    let settings = deserialize(&values, &known)?;
    settings
        .validate_for(purpose)
        .map_err(|invalid| Problems(invalid.into_iter().map(|it| it.written_in(&values)).collect()))?;
    let show = |(key, value): (&String, &Value)| {
        (key.clone(), Effective { value: masked(key, json(value)), origin: origin(value) })
    };
    Ok(Loaded { settings, effective: values.iter().map(show).collect() })
}

/// The layers, the later winning, as values by dotted key; each knows its origin.
fn merge(sources: &Sources, known: &Known) -> Result<BTreeMap<String, Value>, Problems> {
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    for path in &sources.files {
        builder = builder.add_source(read_file(path)?);
    }
    let merged = builder
        .add_source(Written::environment(&sources.environment, known)?)
        .add_source(Written::flags(&sources.flags, known))
        .build()
        .map_err(|error| built_in_broken(&error))?;
    Ok(leaves(&merged.cache).into_iter().collect())
}

impl Invalid {
    fn written_in(self, values: &BTreeMap<String, Value>) -> Problem {
        let origin = values.get(self.key).map(origin).unwrap_or_default();
        Problem::Unusable { key: self.key.to_owned(), origin, reason: self.reason }
    }
}

/// Cannot happen in a build that passed its tests; kept an error so that it needs no panic.
fn built_in_broken(error: &ConfigError) -> Problems {
    Problem::File { file: "the built-in config/default.toml".to_owned(), reason: error.to_string() }.into()
}

/// The file's settings, each with the file's name as it was given for its origin: `config` would make it relative.
fn read_file(path: &Path) -> Result<Written, Problem> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::File { file: file.clone(), reason: error.to_string() })?;
    let read = Config::builder().add_source(File::from_str(&text, FileFormat::Toml)).build();
    let read = read.map_err(|error| Problem::File { file: file.clone(), reason: without_source_line(&error) })?;
    let named = |(key, value): (String, Value)| (key, Value::new(Some(&file), value.kind));
    Ok(Written(leaves(&read.cache).into_iter().map(named).collect()))
}

/// The TOML parser quotes the line that it stumbles over, which may hold a password: its place and reason are kept.
fn without_source_line(error: &ConfigError) -> String {
    let cause = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        other => other.to_string(),
    };
    let quotes = |line: &str| line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').starts_with('|');
    cause.lines().filter(|line| !quotes(line)).collect::<Vec<_>>().join(": ")
}

/// The settings of one layer, by dotted key.
#[derive(Clone, Debug)]
struct Written(Map<String, Value>);

impl Written {
    fn environment(variables: &[(OsString, OsString)], known: &Known) -> Result<Self, Problem> {
        let mut values = Map::new();
        for (name, value) in variables {
            let name = name.to_string_lossy();
            let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
            let value = value.to_str().ok_or_else(|| Problem::NotText { name: name.to_string() })?;
            let key = rest.to_lowercase().replace("__", ".");
            let value = Value::new(Some(&name.to_string()), known.read(&key, value));
            values.insert(key, value);
        }
        Ok(Self(values))
    }

    fn flags(flags: &[Flag], known: &Known) -> Self {
        let value = |flag: &Flag| Value::new(Some(&flag.written), known.read(&flag.key, &flag.value));
        Self(flags.iter().map(|flag| (flag.key.clone(), value(flag))).collect())
    }
}

impl Source for Written {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// What is wrong with one merged value, as far as its key and type tell.
fn check(known: &Known, key: &str, value: &Value) -> Option<Problem> {
    let (key, origin) = (key.to_owned(), origin(value));
    let found = type_of(&value.kind);
    match known.default_of(&key) {
        // A whole number is a number, too.
        Some(Value { kind: ValueKind::Float(_), .. }) if matches!(value.kind, ValueKind::I64(_)) => None,
        Some(default) if type_of(&default.kind) != found => {
            Some(Problem::WrongType { key, origin, expected: type_of(&default.kind), found })
        }
        Some(default) if is_unset(value) && !is_unset(default) => {
            Some(Problem::Unusable { key, origin, reason: "it must not be empty".to_owned() })
        }
        Some(_) => None,
        // The section's header alone.
        None if known.is_section(&key) && matches!(value.kind, ValueKind::Table(_)) => None,
        None if known.is_section(&key) => Some(Problem::WrongType { key, origin, expected: "a section", found }),
        None => {
            let is_variable = origin.starts_with(VARIABLE_PREFIX);
            let spelled = |nearest: &str| if is_variable { variable(nearest) } else { nearest.to_owned() };
            let nearest = known.nearest(&key).map(spelled);
            Some(Problem::Unknown { key, origin, nearest })
        }
    }
}

/// Whether it is the empty text, which says "not set" where the default says so too.
fn is_unset(value: &Value) -> bool {
    matches!(&value.kind, ValueKind::String(text) if text.is_empty())
}

/// `config`'s own deserializer would take `"yes"` for true and name Rust's types in its errors; serde_json's is strict.
fn deserialize(values: &BTreeMap<String, Value>, known: &Known) -> Result<Settings, Problem> {
    let set = values.iter().filter(|(key, _)| known.default_of(key).is_some());
    let mut root = Json::Object(serde_json::Map::new());
    for (key, value) in set {
        let slot = key.split('.').fold(&mut root, |table, name| &mut table[name]);
        *slot = if is_unset(value) { Json::Null } else { json(value) };
    }
    serde_path_to_error::deserialize(root).map_err(|error| {
        // A list is one setting: `http.trusted_proxies[0]` has neither an origin nor a default of its own.
        let path = error.path().to_string();
        let key = path.split('[').next().unwrap_or_default().to_owned();
        let origin = values.get(&key).map(origin).unwrap_or_default();
        let default = known.default_of(&key).filter(|default| !is_unset(default)).map(json);
        let hint = default.map(|default| format!(" (the default is {default})")).unwrap_or_default();
        Problem::Unusable { key, origin, reason: format!("{}{hint}", error.inner()) }
    })
}

fn origin(value: &Value) -> String {
    value.origin().unwrap_or("default").to_owned()
}

/// The same value as JSON; TOML's dates have become text before.
fn json(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Nil | ValueKind::I128(_) | ValueKind::U128(_) | ValueKind::Table(_) => Json::Null,
        ValueKind::Boolean(value) => Json::from(*value),
        ValueKind::I64(value) => Json::from(*value),
        ValueKind::U64(value) => Json::from(*value),
        ValueKind::Float(value) => Json::from(*value),
        ValueKind::String(value) => Json::from(value.as_str()),
        ValueKind::Array(values) => Json::Array(values.iter().map(json).collect()),
    }
}
