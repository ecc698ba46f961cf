//! The parameters of a call, as its query and its form have them.

use std::collections::BTreeMap;

/// Names and values, decoded. A name that both the query and the form have is the form's.
#[derive(Default)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// The value, where there is one that is not empty: clients send empty texts for what they leave out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The values of `{prefix}.{N}{suffix}` by N, empty ones included: `("Tag", ".Key")` for `Tag.1.Key`. Numbers may be left
    /// out; one with a zero in front is none.
    pub(super) fn indexed(&self, prefix: &str, suffix: &str) -> Vec<(u32, &str)> {
        let number = |name: &str| {
            let digits = name.strip_prefix(prefix)?.strip_prefix('.')?.strip_suffix(suffix)?;
            let is_plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_plain)
        };
        let values = self.0.iter().filter_map(|(name, value)| Some((number(name)?, value.as_str())));
        let mut values: Vec<_> = values.collect();
        values.sort_unstable();
        values
    }
}

impl From<BTreeMap<String, String>> for Parameters {
    fn from(parameters: BTreeMap<String, String>) -> Self {
        Self(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Parameters::from(owned.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn an_empty_value_is_none() {
        let parameters = parameters(&[("A", ""), ("B", "b")]);
        assert_eq!([parameters.get("A"), parameters.get("B"), parameters.get("C")], [None, Some("b"), None]);
    }

    #[test]
    fn a_list_is_in_the_order_of_its_numbers_and_may_have_gaps() {
        let parameters = parameters(&[
            ("Tag.10.Key", "ten"),
            ("Tag.2.Key", ""),
            ("Tag.1.Value", "v"),
            ("Tag.01.Key", "no"),
            ("Tag.+3.Key", "no"),
            ("Tag.4294967296.Key", "no"),
            ("Tag.Key", "no"),
            ("ResourceId.3", "c"),
            ("ResourceId.1", "a"),
            ("ResourceId.1.x", "no"),
        ]);
        assert_eq!(parameters.indexed("Tag", ".Key"), [(2, ""), (10, "ten")]);
        assert_eq!(parameters.indexed("Tag", ".Value"), [(1, "v")]);
        assert_eq!(parameters.indexed("ResourceId", ""), [(1, "a"), (3, "c")]);
    }
}
