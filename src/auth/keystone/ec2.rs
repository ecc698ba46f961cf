//! Keystone's EC2 credentials: access keys that its users make for themselves, with secrets that Keystone shows.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign;
use reqwest::StatusCode;
use serde::Serialize;

use super::account::OwnScope;
use super::cache::{Answer, Answers, Hash};
use super::client::{is_keystones_refusal, with_token};
use super::failure::Failure;
use super::metrics::{Operation, Proof};
use super::own_login::OwnLogin;
use super::token_body::TokenBody;
use super::{Keystone, KeystoneError, Settings, credential_body, unavailable};
use crate::auth::access_keys::Signer;
use crate::domain::{AccessKeyId, Result, SecretText, hex};

/// How long a change in Keystone (a credential deleted, a user disabled, a role taken) may go unnoticed.
const LIFETIME: Duration = Duration::from_secs(5);

/// What is signed to be shown to Keystone. It is no request of any kind, so that the signature is good for nothing else.
const SIGNED: &[u8] = b"keypaird";

/// The EC2 credentials of a Keystone. Clones share them, with their cache.
#[derive(Clone)]
pub struct Ec2Credentials(Arc<Parts>);

struct Parts {
    keystone: Keystone,
    /// For the system: there, and in no project, others' credentials may be read without being an administrator.
    reader: OwnLogin,
    answers: Answers<Signer>,
}

/// The body of `POST /v3/s3tokens`.
#[derive(Serialize)]
struct Question<'a> {
    credentials: Shown<'a>,
}

/// A signature in place of the secret: this call is made for services that know no secrets.
#[derive(Serialize)]
struct Shown<'a> {
    access: &'a str,
    /// What was signed, in the base64 for URLs.
    token: String,
    signature: String,
}

impl Ec2Credentials {
    /// Sends nothing yet.
    pub(super) fn new(settings: &Settings, keystone: Keystone) -> Result<Self, KeystoneError> {
        let lifetime = LIFETIME.min(Duration::from_secs(settings.token_cache_seconds));
        let reader = OwnLogin::new(settings, OwnScope::System)?;
        Ok(Self(Arc::new(Parts { keystone, reader, answers: Answers::new(lifetime) })))
    }

    /// Who signs with an access key; `None` where there is none of that id, or one that may not be used. Remembered for five
    /// seconds; while Keystone is away, what is not remembered is [`Unavailable`](crate::domain::Error::Unavailable).
    pub(in crate::auth) async fn signer(&self, id: &AccessKeyId) -> Result<Option<Arc<Signer>>> {
        // Keystone's own name for the credential. What a client has sent goes into no address.
        let hash = sha256(id.as_str().as_bytes());
        let answer = self.0.keystone.0.answer(&self.0.answers, Proof::Signature, hash, self.0.ask(id, &hash)).await;
        match answer.map_err(|failure| unavailable(&failure))? {
            Answer::Valid(signer) => Ok(Some(signer)),
            Answer::Refused => Ok(None),
        }
    }

    /// Says in the log if the service's own user cannot read credentials: by asking for one that nobody has.
    pub(in crate::auth) async fn check(&self) {
        if let Err(failure) = self.0.secret(&[0; 32]).await {
            tracing::warn!("requests signed with EC2 credentials cannot be checked yet: {failure}");
        }
    }

    /// Wipes what is too old to be used.
    pub(in crate::auth) async fn forget_old(&self) {
        self.0.answers.purge().await;
    }
}

impl Parts {
    async fn ask(&self, id: &AccessKeyId, hash: &Hash) -> Result<Answer<Signer>, Failure> {
        let Some(secret) = self.secret(hash).await? else { return Ok(Answer::Refused) };
        let Some(owner) = self.owner(id, &secret).await? else { return Ok(Answer::Refused) };
        Ok(Answer::Valid(Arc::new(Signer { caller: owner.caller()?, secret, temporary: None })))
    }

    /// The secret of the credential whose access key has that SHA-256, if there is one.
    async fn secret(&self, hash: &Hash) -> Result<Option<SecretText>, Failure> {
        let transport = &self.keystone.0.client.transport;
        transport
            .persist(async || {
                let own = self.reader.token(transport).await?;
                let url = format!("{}/credentials/{}", own.identity_url, hex(hash));
                let request = with_token(transport.get(&url), &own.token)?;
                let answered = transport.send(Operation::Credential, request).await?;
                match answered.status {
                    StatusCode::OK => credential_body::secret(&answered.body),
                    StatusCode::NOT_FOUND if is_keystones_refusal(&answered) => Ok(None),
                    StatusCode::UNAUTHORIZED => Err(self.reader.refused(&own)),
                    StatusCode::FORBIDDEN => Err(Failure::MayNotReadCredentials),
                    status => Err(Failure::Answered { status }),
                }
            })
            .await
    }

    /// Whom the credential stands for, and their roles: Keystone says it as for a token that is got with the credential,
    /// after it has looked at user, project and their domains. It tells of the token, and does not hand it out.
    async fn owner(&self, id: &AccessKeyId, secret: &SecretText) -> Result<Option<TokenBody>, Failure> {
        let signature =
            proof(secret).map_err(|error| Failure::Unreadable(format!("no secret to sign with: {error}")))?;
        let shown = Shown { access: id.as_str(), token: URL_SAFE.encode(SIGNED), signature };
        let question = Question { credentials: shown };
        let client = &self.keystone.0.client;
        client
            .transport
            .persist(async || {
                let own = client.own_token().await?;
                let request = client.transport.post(&format!("{}/s3tokens", own.identity_url)).json(&question);
                let answered =
                    client.transport.send(Operation::CredentialOwner, with_token(request, &own.token)?).await?;
                match answered.status {
                    StatusCode::OK => TokenBody::parse(&answered.body).map(Some),
                    StatusCode::NOT_FOUND if is_keystones_refusal(&answered) => Ok(None),
                    // The same for a credential that may not be used and for our own token: the latter is asked about.
                    StatusCode::UNAUTHORIZED => client.look_up(&own.token, &own).await.map(|_| None),
                    StatusCode::FORBIDDEN => Err(Failure::NotAllowed),
                    status => Err(Failure::Answered { status }),
                }
            })
            .await
    }
}

/// A signature of version 1, which every Keystone checks: the base64 of HMAC-SHA1.
fn proof(secret: &SecretText) -> Result<String, ErrorStack> {
    let key = PKey::hmac(secret.expose().as_bytes())?;
    Ok(STANDARD.encode(sign::Signer::new(MessageDigest::sha1(), &key)?.sign_oneshot_to_vec(SIGNED)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_an_hmac_in_base64() {
        let secret = SecretText::new("secret".to_owned());
        assert_eq!(proof(&secret).expect("is made"), "GMAvxr8mjjqXA1CfZVRPPh2hJWA=");
    }
}
