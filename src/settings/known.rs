//! Which settings there are and of what type, as the built-in defaults say.

use std::collections::BTreeMap;

use config::{Config, ConfigError, File, FileFormat, Value, ValueKind};

use super::DEFAULTS;

/// How alike two keys must be for one to be suggested in place of the other: 1 less the edits that part them, as a share
/// of the longer one.
const ALIKE: f64 = 0.7;

/// The variables of the settings begin like this.
pub(super) const VARIABLE_PREFIX: &str = "KEYPAIRD__";

/// The known settings by key (`http.listen`), each with its default.
pub(super) struct Known(BTreeMap<String, Value>);

impl Known {
    pub(super) fn built_in() -> Result<Self, ConfigError> {
        let defaults = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml)).build()?;
        Ok(Self(leaves(&defaults.cache).into_iter().collect()))
    }

    pub(super) fn default_of(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether `key` is a section, such as `http`.
    pub(super) fn is_section(&self, key: &str) -> bool {
        let prefix = format!("{key}.");
        self.0.keys().any(|known| known.starts_with(&prefix))
    }

    /// The known key that is most like `key`, if one is.
    pub(super) fn nearest(&self, key: &str) -> Option<&str> {
        let lower = key.to_lowercase();
        let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        // A right name in a wrong section is as good a hint as a mistyped one.
        let score = |known: &str| {
            let whole = strsim::normalized_damerau_levenshtein(&lower, known);
            if last(&lower) == last(known) { whole.max(0.9) } else { whole }
        };
        let scored = self.0.keys().map(|known| (score(known), known.as_str()));
        scored.filter(|(score, _)| *score >= ALIKE).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
    }

    /// What a variable or flag says, in the type of the setting; text that doesn't read as that stays text, for the
    /// check to refuse.
    pub(super) fn read(&self, key: &str, text: &str) -> ValueKind {
        let read = match self.0.get(key).map(|default| &default.kind) {
            Some(ValueKind::Boolean(_)) => text.parse().map(ValueKind::Boolean).ok(),
            Some(ValueKind::I64(_)) => text.parse().map(ValueKind::I64).ok(),
            Some(ValueKind::Float(_)) => text.parse().map(ValueKind::Float).ok(),
            Some(ValueKind::Array(_)) => Some(list(text)),
            _ => None,
        };
        read.unwrap_or_else(|| ValueKind::String(text.to_owned()))
    }
}

/// The texts between commas; a comma at the end adds none.
fn list(text: &str) -> ValueKind {
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    ValueKind::Array(entries.map(Value::from).collect())
}

/// The variable that sets `key`: `KEYPAIRD__HTTP__LISTEN` for `http.listen`.
pub(super) fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// Every value that is not a table, with its dotted key; an empty table counts as a value.
pub(super) fn leaves(root: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    collect(String::new(), root, &mut found);
    found
}

fn collect(key: String, value: &Value, found: &mut Vec<(String, Value)>) {
    match &value.kind {
        ValueKind::Table(table) if key.is_empty() || !table.is_empty() => {
            for (name, inner) in table {
                let path = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(path, inner, found);
            }
        }
        _ => found.push((key, value.clone())),
    }
}

/// A value's type, in words.
pub(super) fn type_of(kind: &ValueKind) -> &'static str {
    match kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => "a whole number",
        ValueKind::Float(_) => "a number with a fraction",
        ValueKind::String(_) => "text",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => "a list",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_a_likely_slip_or_nothing() {
        let known = Known::built_in().unwrap();
        let cases = [
            ("http.listn", Some("http.listen")),
            ("Region", Some("region")),
            ("database.uri", Some("database.url")),
            ("server.allow_plain_http", Some("http.allow_plain_http")),
            ("keypair.quota_per_moon_phase", None),
        ];
        for (typed, nearest) in cases {
            assert_eq!(known.nearest(typed), nearest, "{typed}");
        }
    }

    #[test]
    fn text_is_read_in_the_settings_type_and_stays_text_otherwise() {
        let known = Known::built_in().unwrap();
        assert_eq!(known.read("http.allow_plain_http", "true"), ValueKind::Boolean(true));
        assert_eq!(known.read("http.allow_plain_http", "yes"), ValueKind::String("yes".to_owned()));
        assert_eq!(known.read("keypair.limit", "5"), ValueKind::I64(5));
        assert_eq!(known.read("region", "007"), ValueKind::String("007".to_owned()));
        let list = |entries: &[&str]| ValueKind::Array(entries.iter().copied().map(Value::from).collect());
        assert_eq!(known.read("http.trusted_proxies", "192.0.2.1, ::1,"), list(&["192.0.2.1", "::1"]));
        assert_eq!(known.read("http.trusted_proxies", ""), list(&[]));
    }
}
