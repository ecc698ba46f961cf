//! Requests that are signed with an access key, as Huawei's SDKs do it.

use std::time::Duration;

use keypaird::auth::StoredKeys;
use keypaird::domain::{NewAccessKey, ProjectId, UserId};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{Answer, Service, User};

/// An access key, and what its requests are signed with.
#[derive(Clone)]
pub struct Key {
    pub access: String,
    pub secret: String,
    pub security_token: Option<String>,
    pub project: String,
}

/// A new access key of a user, for the user's project; with a lifetime a temporary one.
pub async fn key_of(service: &Service, user: &User, lifetime: Option<Duration>) -> Key {
    let (user_id, project) = (UserId::parse(&user.user_id).unwrap(), ProjectId::parse(&user.project_id).unwrap());
    let keys = StoredKeys::new(service.store.clone(), service.vault.clone());
    let NewAccessKey { key, secret, security_token } = keys.create(user_id, project, lifetime).await.unwrap();
    Key {
        access: key.ids.id.to_string(),
        secret: secret.expose().to_owned(),
        security_token: security_token.map(|token| token.expose().to_owned()),
        project: user.project_id.clone(),
    }
}

impl Key {
    /// The headers of a request that is signed now, and some seconds.
    pub fn sign(&self, method: &str, path: &str, query: &str, body: &[u8], seconds: i64) -> Vec<(String, String)> {
        let time = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
        let date = time.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
        let hash = |bytes: &[u8]| hex::encode(sha256(bytes));
        let canonical = format!("{method}\n{path}/\n{query}\nx-sdk-date:{date}\n\nx-sdk-date\n{}", hash(body));
        let to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", hash(canonical.as_bytes()));
        let secret = PKey::hmac(self.secret.as_bytes()).unwrap();
        let mut signer = Signer::new(MessageDigest::sha256(), &secret).unwrap();
        let signature = hex::encode(signer.sign_oneshot_to_vec(to_sign.as_bytes()).unwrap());
        let authorization =
            format!("SDK-HMAC-SHA256 Access={}, SignedHeaders=x-sdk-date, Signature={signature}", self.access);
        let mut headers = vec![("X-Sdk-Date".to_owned(), date), ("Authorization".to_owned(), authorization)];
        headers.extend(self.security_token.iter().map(|token| ("X-Security-Token".to_owned(), token.clone())));
        headers
    }

    /// Calls KPS V2.1 below the project's `keypairs`.
    pub async fn call(&self, service: &Service, method: &str, path: &str, body: Value) -> Answer {
        self.ask(service, method, &format!("/v2.1/{}/keypairs{path}", self.project), &[], body).await
    }

    /// A signed request to any path, which may end in a query, with headers that are not signed.
    pub async fn ask(
        &self,
        service: &Service,
        method: &str,
        target: &str,
        unsigned: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(&body).unwrap() };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = self.sign(method, path, query, &bytes, 0);
        headers.extend(unsigned.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        send(service, method, target, &headers, bytes).await
    }
}

/// A request with headers that were made for it.
pub async fn send(service: &Service, method: &str, path: &str, headers: &[(String, String)], body: Vec<u8>) -> Answer {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    service.send(method, path, &headers, body).await
}
