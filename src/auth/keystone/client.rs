//! What is asked of Keystone, and what its answers mean.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use reqwest::{Request, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use url::Host;

use super::account::Account;
use super::failure::Failure;
use super::metrics::{Metrics, Operation};
use super::own_token::{Own, OwnToken};
use super::token_body::TokenBody;
use super::transport::{Answered, Transport};
use super::{KeystoneError, Settings};
use crate::domain::{ProjectId, SecretText, Timestamp};

const AUTH_TOKEN: &str = "X-Auth-Token";
const SUBJECT_TOKEN: &str = "X-Subject-Token";

pub(super) struct Client {
    transport: Transport,
    /// Where to log in: an address that ends in `/v3`.
    auth_url: String,
    account: Account,
    region: Option<String>,
    own: OwnToken,
}

/// A project as far as the caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    There,
    Missing,
    /// Keystone does not tell this caller.
    NotTold,
}

impl Client {
    pub(super) fn new(settings: &Settings, metrics: Metrics) -> Result<Self, KeystoneError> {
        let auth_url = settings.auth_url.as_deref().ok_or(KeystoneError::NotSet("auth_url"))?;
        Ok(Self {
            transport: Transport::new(settings, metrics)?,
            auth_url: version_3(auth_url),
            account: Account::new(settings)?,
            region: settings.region.clone(),
            own: OwnToken::default(),
        })
    }

    /// What a token stands for; `None` for one that is unknown, expired or revoked.
    pub(super) async fn validate(&self, token: &str) -> Result<Option<TokenBody>, Failure> {
        let token = SecretText::new(token.to_owned());
        self.transport
            .persist(async || {
                let own = self.own_token().await?;
                self.look_up(&token, &own).await
            })
            .await
    }

    async fn look_up(&self, token: &SecretText, own: &Arc<Own>) -> Result<Option<TokenBody>, Failure> {
        // The catalog is of no use here, and most of the body.
        let url = format!("{}/auth/tokens?nocatalog", own.identity_url);
        let mut request = with_token(self.transport.get(&url), &own.token)?;
        request.headers_mut().insert(SUBJECT_TOKEN, sensitive(token)?);
        let answered = self.transport.send(Operation::Validate, request).await?;
        match answered.status {
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => TokenBody::parse(&answered.body).map(Some),
            // Whoever else answers at a wrong address must not make all tokens unknown.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST if is_keystones_refusal(&answered) => Ok(None),
            StatusCode::UNAUTHORIZED => {
                self.own.forget(own);
                Err(Failure::OwnTokenRefused)
            }
            StatusCode::FORBIDDEN => Err(Failure::NotAllowed),
            status => Err(Failure::Answered { status }),
        }
    }

    /// Whether a project exists, asked with the caller's own token, as a Nova does: nobody learns of projects through
    /// this service what Keystone would not tell them.
    pub(super) async fn project(&self, project: &ProjectId, token: &str) -> Result<Existence, Failure> {
        let token = SecretText::new(token.to_owned());
        self.transport
            .persist(async || {
                let own = self.own_token().await?;
                let mut url = Url::parse(&own.identity_url).map_err(|error| Failure::Unreadable(error.to_string()))?;
                if let Ok(mut segments) = url.path_segments_mut() {
                    segments.extend(["projects", project.as_str()]);
                }
                let request = with_token(self.transport.get(url.as_str()), &token)?;
                let answered = self.transport.send(Operation::Project, request).await?;
                match answered.status {
                    StatusCode::OK => Ok(Existence::There),
                    StatusCode::NOT_FOUND if is_keystones_refusal(&answered) => Ok(Existence::Missing),
                    StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Ok(Existence::NotTold),
                    status => Err(Failure::Answered { status }),
                }
            })
            .await
    }

    /// Logs in and asks about our own token: tells an operator at the start what else the first caller would meet.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        let checked = self.transport.persist(async || {
            let own = self.own_token().await?;
            self.look_up(&own.token, &own).await
        });
        checked.await?.map(drop).ok_or(Failure::OwnTokenRefused)
    }

    async fn own_token(&self) -> Result<Arc<Own>, Failure> {
        self.own.get(async || self.log_in().await).await
    }

    async fn log_in(&self) -> Result<Own, Failure> {
        let attempt = self.account.attempt()?;
        // With the catalog only where an endpoint is looked up in it.
        let query = if self.region.is_some() { "" } else { "?nocatalog" };
        let request = self.transport.post(&format!("{}/auth/tokens{query}", self.auth_url));
        let request = request.json(&self.account.login(&attempt)).build().map_err(Failure::Unreachable)?;
        let answered = self.transport.send(Operation::Login, request).await?;
        let logged_in = match answered.status {
            StatusCode::CREATED => self.own_from(&answered),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::LoginRefused),
            status => Err(Failure::Answered { status }),
        };
        logged_in.map_err(|failure| self.account.failed(&attempt, failure))
    }

    fn own_from(&self, answered: &Answered) -> Result<Own, Failure> {
        let token = answered.headers.get(SUBJECT_TOKEN).and_then(|value| value.to_str().ok());
        let token = token.ok_or_else(|| Failure::Unreadable("there is no X-Subject-Token".to_owned()))?;
        let body = TokenBody::parse(&answered.body)?;
        let identity_url = match &self.region {
            Some(region) => {
                version_3(body.identity_endpoint(region).ok_or_else(|| Failure::NoEndpoint(region.clone()))?)
            }
            None => self.auth_url.clone(),
        };
        let expires_at = body.expires_at()?;
        let renew_at = renewal(Timestamp::now(), expires_at);
        tracing::info!(%expires_at, identity_url, "logged in to Keystone as '{}'", self.account.username);
        for url in [&self.auth_url, &identity_url] {
            if is_overheard(url) {
                tracing::warn!(url, "tokens and passwords go to Keystone in the clear; use an https:// address");
            }
        }
        Ok(Own { token: SecretText::new(token.to_owned()), identity_url, renew_at, expires_at })
    }
}

fn with_token(request: RequestBuilder, token: &SecretText) -> Result<Request, Failure> {
    request.header(AUTH_TOKEN, sensitive(token)?).build().map_err(Failure::Unreachable)
}

/// A token as a header that is not printed.
fn sensitive(token: &SecretText) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|error| Failure::Unreadable(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether it is Keystone that says no: `{"error": {"code": 404, …}}` (recorded from Keystone 30).
fn is_keystones_refusal(answered: &Answered) -> bool {
    #[derive(Deserialize)]
    struct Body {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        code: u16,
    }
    serde_json::from_slice(&answered.body).is_ok_and(|body: Body| body.error.code == answered.status.as_u16())
}

/// The address of version 3 of the API, whichever way it was written: `http://host:5000`, `…/identity/`, `…/v3`.
fn version_3(written: &str) -> String {
    let trimmed = written.trim_end_matches('/');
    let root = trimmed.strip_suffix("/v3").or_else(|| trimmed.strip_suffix("/v2.0")).unwrap_or(trimmed);
    format!("{root}/v3")
}

/// Whether what is sent there crosses a network that others can listen on.
fn is_overheard(url: &str) -> bool {
    let stays_here = |url: &Url| match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !stays_here(&url))
}

/// A fifth of its lifetime before its end, at most five minutes.
fn renewal(now: Timestamp, expires_at: Timestamp) -> Timestamp {
    const LONGEST_MARGIN: i64 = 300 * 1_000_000;
    let lifetime = expires_at.as_micros().saturating_sub(now.as_micros());
    Timestamp::from_micros(expires_at.as_micros() - (lifetime / 5).clamp(0, LONGEST_MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_way_to_write_keystones_address_means_version_3() {
        for written in
            ["http://k:5000", "http://k:5000/", "http://k:5000/v3", "http://k:5000/v3/", "http://k:5000/v2.0"]
        {
            assert_eq!(version_3(written), "http://k:5000/v3", "{written}");
        }
        assert_eq!(version_3("https://k/identity"), "https://k/identity/v3");
    }

    #[test]
    fn plain_http_is_overheard_unless_it_stays_on_the_machine() {
        for (url, overheard) in [
            ("http://keystone:5000/v3", true),
            ("http://10.0.0.1/v3", true),
            ("https://keystone:5000/v3", false),
            ("http://localhost:5000/v3", false),
            ("http://127.0.0.1:5000/v3", false),
            ("http://[::1]:5000/v3", false),
        ] {
            assert_eq!(is_overheard(url), overheard, "{url}");
        }
    }

    #[test]
    fn our_own_token_is_renewed_before_its_end() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(renewal(at(0), at(3600)), at(3300));
        assert_eq!(renewal(at(0), at(100)), at(80));
        assert_eq!(renewal(at(100), at(50)), at(50));
    }
}
