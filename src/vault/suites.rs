//! Which cipher suites are used: the one that seals, and those that may still be opened.

use serde::Deserialize;
use serde::de::Deserializer;

use super::stored::Broken;
use crate::domain::Suite;

/// The suite that seals, and the suites that open. By default AES-256-GCM seals, and every suite opens.
#[derive(Clone, Debug)]
pub struct Suites {
    seals: Suite,
    opens: Vec<Suite>,
}

impl Default for Suites {
    fn default() -> Self {
        let aes = Suite::Aes256GcmHkdfSha512Commit;
        Self { seals: aes, opens: vec![aes, Suite::ChaCha20Poly1305HkdfSha512Commit] }
    }
}

impl Suites {
    /// `None` if what would be sealed could not be opened.
    pub fn new(seals: Suite, opens: Vec<Suite>) -> Option<Self> {
        opens.contains(&seals).then_some(Self { seals, opens })
    }

    pub(super) const fn seals(&self) -> Suite {
        self.seals
    }

    /// Refused before anything is unwrapped: a row that names a suite out of use may be somebody's hand.
    pub(super) fn refuse_closed(&self, suite: Suite) -> Result<(), Broken> {
        if self.opens.contains(&suite) { Ok(()) } else { Err(Broken::ForbiddenSuite(suite)) }
    }
}

/// Reads `vault.suite`.
pub(super) fn one<'de, D: Deserializer<'de>>(written: D) -> Result<Suite, D::Error> {
    parse(&String::deserialize(written)?)
}

/// Reads `vault.open_suites`.
pub(super) fn several<'de, D: Deserializer<'de>>(written: D) -> Result<Vec<Suite>, D::Error> {
    Vec::<String>::deserialize(written)?.iter().map(|word| parse(word)).collect()
}

fn parse<E: serde::de::Error>(word: &str) -> Result<Suite, E> {
    Suite::parse(word).map_err(|_| E::custom(format!("'{word}' is neither aes-256-gcm nor chacha20-poly1305")))
}
