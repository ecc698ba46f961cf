//! Nova's key pairs: what any Nova has, and the members that a keypaird takes beside.

use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::error::{Error, Result};
use super::kept_keys::{Encryption, Keeping};
use super::session::{Microversion, Session};
use crate::domain::{KeyKind, KeyPairName, PrivateKeyPem};
use crate::ssh::{Algorithm, PrivateKeyFormat};

/// A key pair that is to be.
#[derive(Debug)]
pub struct NewKeyPair {
    pub name: KeyPairName,
    pub kind: KeyKind,
    /// The id of the user whose it shall be, where that is not the caller.
    pub user: Option<String>,
    pub origin: Origin,
}

#[derive(Debug)]
pub enum Origin {
    /// The service makes it.
    Generate {
        algorithm: Option<Algorithm>,
        format: Option<PrivateKeyFormat>,
        keeping: Option<Keeping>,
    },
    Import {
        public_key: String,
        keep: Option<(PrivateKeyPem, Keeping)>,
    },
}

/// A key pair as it is shown. The names of its members are what `--format json` prints: they stay.
#[derive(Debug, Deserialize, Serialize)]
pub struct KeyPair {
    pub name: String,
    #[serde(rename = "type", default = "ssh")]
    pub kind: String,
    pub fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    pub public_key: String,
}

/// A key pair as it is listed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Listed {
    pub name: String,
    #[serde(rename = "type", default = "ssh")]
    pub kind: String,
    pub fingerprint: String,
}

fn ssh() -> String {
    KeyKind::Ssh.as_str().to_owned()
}

/// A key pair that was made, and the private key, which the service does not show again.
#[derive(Debug, Deserialize)]
pub struct Created {
    #[serde(flatten)]
    pub pair: KeyPair,
    #[serde(default, deserialize_with = "private_key")]
    pub private_key: Option<PrivateKeyPem>,
}

/// The text moves into the type that nothing prints.
pub(super) fn private_key<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<PrivateKeyPem>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(PrivateKeyPem::new))
}

#[derive(Deserialize, Serialize)]
pub(super) struct One<T> {
    pub(super) keypair: T,
}

#[derive(Deserialize)]
struct Page {
    keypairs: Vec<One<Listed>>,
    #[serde(default)]
    keypairs_links: Vec<Value>,
}

impl Session {
    pub async fn key_pair_create(&self, new: &NewKeyPair) -> Result<Created> {
        let (url, version) = (self.key_pairs(None)?, version_for(new));
        let answer = self.nova(version, |http| http.post(url.clone()).json(&One { keypair: Wish::of(new) })).await?;
        answer.json().map(|One { keypair }| keypair)
    }

    pub async fn key_pair(&self, name: &KeyPairName, user: Option<&str>) -> Result<KeyPair> {
        let url = of_user(self.key_pairs(Some(name))?, user);
        let answer = self.nova(Microversion::Paged, |http| http.get(url.clone())).await?;
        answer.json().map(|One { keypair }| keypair)
    }

    /// All of them, `page` at a time; without a size, as many as the service gives at once.
    pub async fn key_pairs_list(&self, user: Option<&str>, page: Option<u32>) -> Result<Vec<Listed>> {
        let all = of_user(self.key_pairs(None)?, user);
        let all = page.into_iter().fold(all, |url, page| with(url, "limit", &page.to_string()));
        let mut listed: Vec<Listed> = Vec::new();
        loop {
            // The next page begins behind this one's last. The address that the service gives for it is not followed: it is
            // another's word on where the token goes.
            let url = listed.last().into_iter().fold(all.clone(), |url, last| with(url, "marker", &last.name));
            let answer = self.nova(Microversion::Paged, |http| http.get(url.clone())).await?;
            let Page { keypairs, keypairs_links } = answer.json()?;
            if listed.last().is_some_and(|marker| keypairs.iter().any(|next| next.keypair.name == marker.name)) {
                let reason = "the page that begins behind a key pair holds that key pair";
                return Err(Error::Unreadable { url, reason: reason.to_owned() });
            }
            let is_last = keypairs.is_empty() || keypairs_links.is_empty();
            listed.extend(keypairs.into_iter().map(|One { keypair }| keypair));
            if is_last {
                return Ok(listed);
            }
        }
    }

    pub async fn key_pair_delete(&self, name: &KeyPairName, user: Option<&str>) -> Result<()> {
        let url = of_user(self.key_pairs(Some(name))?, user);
        self.nova(Microversion::Paged, |http| http.delete(url.clone())).await.map(drop)
    }
}

impl Created {
    /// The private key, which must be there.
    pub fn private_key(&self) -> Result<&PrivateKeyPem> {
        self.private_key.as_ref().ok_or_else(|| Error::NoPrivateKey(self.pair.name.clone()))
    }
}

fn of_user(url: Url, user: Option<&str>) -> Url {
    user.into_iter().fold(url, |url, user| with(url, "user_id", user))
}

/// The address with one more parameter.
fn with(mut url: Url, name: &str, value: &str) -> Url {
    url.query_pairs_mut().append_pair(name, value);
    url
}

/// The oldest that takes it.
fn version_for(new: &NewKeyPair) -> Microversion {
    match &new.origin {
        Origin::Import { .. } if new.name.as_str().contains(['@', '.']) => Microversion::ImportOnly,
        Origin::Import { .. } | Origin::Generate { .. } => Microversion::Paged,
    }
}

/// `{"keypair": …}` as it is asked for. Straight into the request: a tree of JSON would keep a private key in memory.
#[derive(Serialize)]
struct Wish<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_protection: Option<KeyProtection<'a>>,
}

#[derive(Serialize)]
struct KeyProtection<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<&'a str>,
    encryption: Encryption<'a>,
}

impl<'a> Wish<'a> {
    fn of(new: &'a NewKeyPair) -> Self {
        let mut wish = Self {
            name: new.name.as_str(),
            kind: new.kind.as_str(),
            user_id: new.user.as_deref(),
            public_key: None,
            algorithm: None,
            private_key_format: None,
            key_protection: None,
        };
        match &new.origin {
            Origin::Generate { algorithm, format, keeping } => {
                wish.algorithm = algorithm.map(Algorithm::as_str);
                wish.private_key_format = format.map(PrivateKeyFormat::as_str);
                let protection =
                    |keeping: &'a Keeping| KeyProtection { private_key: None, encryption: keeping.encryption() };
                wish.key_protection = keeping.as_ref().map(protection);
            }
            Origin::Import { public_key, keep } => {
                wish.public_key = Some(public_key);
                wish.key_protection = keep.as_ref().map(|(private_key, keeping)| KeyProtection {
                    private_key: Some(private_key.expose()),
                    encryption: keeping.encryption(),
                });
            }
        }
        wish
    }
}
