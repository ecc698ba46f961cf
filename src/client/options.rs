//! What clouds.yaml and the OS_* variables say, by the names that openstacksdk has for it, before any of it is understood.

use std::collections::BTreeMap;

use crate::domain::SecretText;

/// Values by name: `auth_url`, `username`, `password`, `region_name`, … All of them are held as secrets, so that none is
/// printed by accident.
#[derive(Debug, Default)]
pub struct Options(BTreeMap<String, SecretText>);

impl Options {
    /// Of the environment what begins with `OS_`: `OS_AUTH_URL` is `auth_url`. An empty variable counts as none.
    pub fn of_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let named = |(name, value): (String, String)| Some((name.strip_prefix("OS_")?.to_lowercase(), value));
        let mut options = Self::default();
        for (name, value) in variables.into_iter().filter_map(named).filter(|(_, value)| !value.is_empty()) {
            options.set(&name, SecretText::new(value));
        }
        options
    }

    pub fn set(&mut self, name: &str, value: SecretText) {
        self.0.insert(name.to_owned(), value);
    }

    /// These values, and over them those of `other`.
    pub(super) fn overlaid(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// A value that may be shown.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(SecretText::expose)
    }

    /// The first of several names for the same.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn take(&mut self, name: &str) -> Option<SecretText> {
        self.0.remove(name)
    }
}
