//! How many private keys are kept under each key-encryption key, for whoever watches.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus::{IntGaugeVec, Opts, Registry};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::{KekProvider, Result};
use crate::store::{KekCount, Store};

/// Counting goes over all rows: it takes at most one part in so many of the time.
const SHARE: u32 = 100;
/// The longest rest between two counts.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// The last count.
pub struct Census {
    store: Store,
    rows: IntGaugeVec,
    /// Held by whoever counts.
    last: Mutex<Option<Last>>,
}

struct Last {
    by_kek: BTreeMap<(String, i32), i64>,
    rest_until: Instant,
}

impl Census {
    /// A gauge of a service of its own, shown by `registry`.
    pub fn new(store: Store, registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Kept private keys by the key-encryption key that protects them: a master key's name and version, or a \
                    KMS as aws-kms or aws-kms-project and version 0.";
        let rows = IntGaugeVec::new(Opts::new("rows_by_kek", help), &["kek", "version"])?;
        registry.register(Box::new(rows.clone()))?;
        Ok(Self { store, rows, last: Mutex::new(None) })
    }

    /// Counts again, if the last count was long enough ago and nobody else does. While the database cannot be asked, no
    /// number is shown rather than an old one.
    pub async fn take(&self) {
        let Ok(mut last) = self.last.try_lock() else { return };
        let started = Instant::now();
        if last.as_ref().is_some_and(|last| started < last.rest_until) {
            return;
        }
        // A key that protects nothing any more is shown with 0: that is what is waited for after a rewrap.
        let known = last.iter().flat_map(|last| last.by_kek.keys()).map(|kek| (kek.clone(), 0));
        let by_kek = match self.store.kept_rows_by_kek().await {
            Ok(counts) => sum(known.collect(), counts),
            Err(error) => {
                tracing::warn!(cause = ?error, "the kept private keys could not be counted");
                self.rows.reset();
                BTreeMap::new()
            }
        };
        for ((kek, version), rows) in &by_kek {
            self.rows.with_label_values(&[kek.as_str(), &version.to_string()]).set(*rows);
        }
        let rest = (started.elapsed() * SHARE).min(LONGEST_REST);
        *last = Some(Last { by_kek, rest_until: Instant::now() + rest });
    }
}

fn sum(mut sums: BTreeMap<(String, i32), i64>, counts: Vec<KekCount>) -> BTreeMap<(String, i32), i64> {
    for count in counts {
        let rows = count.rows;
        *sums.entry(label(count)).or_default() += rows;
    }
    sums
}

/// The keys in a KMS are the tenants', as many as they like: they are one label, whichever they are.
fn label(KekCount { provider, name, version, .. }: KekCount) -> (String, i32) {
    match KekProvider::parse(&provider) {
        Some(KekProvider::Local) => (name, version),
        Some(kms @ (KekProvider::AwsKms | KekProvider::AwsKmsProject)) => (kms.as_str().to_owned(), 0),
        None => ("unknown".to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kms_is_one_label_whatever_keys_it_has_and_a_key_without_rows_is_shown_with_none() {
        let count = |provider: &str, name: &str, version, suite, rows| KekCount {
            provider: provider.to_owned(),
            name: name.to_owned(),
            version,
            suite,
            rows,
        };
        let counts = vec![
            count("local", "default", 2, 1, 3),
            count("local", "default", 2, 2, 4),
            count("aws-kms", "arn:one", 1, 1, 5),
            count("aws-kms", "arn:other", 1, 1, 6),
            count("aws-kms-project", "arn:one", 1, 1, 7),
            count("another", "x", 9, 1, 1),
        ];
        let sums = sum(BTreeMap::from([(("default".to_owned(), 1), 0)]), counts);
        let sums: Vec<_> = sums.iter().map(|((kek, version), rows)| (kek.as_str(), *version, *rows)).collect();
        let expected =
            [("aws-kms", 0, 11), ("aws-kms-project", 0, 7), ("default", 1, 0), ("default", 2, 7), ("unknown", 0, 1)];
        assert_eq!(sums, expected);
    }
}
