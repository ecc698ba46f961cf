//! How the service itself logs in to Keystone, and what comes of it.

use std::sync::Arc;

use reqwest::{StatusCode, Url};
use url::Host;

use super::account::{Account, OwnScope};
use super::client::SUBJECT_TOKEN;
use super::failure::Failure;
use super::metrics::Operation;
use super::own_token::{Own, OwnToken};
use super::token_body::TokenBody;
use super::transport::{Answered, Transport};
use super::{KeystoneError, Settings};
use crate::domain::{SecretText, Timestamp};

/// The service's own user, logged in for one scope.
pub(super) struct OwnLogin {
    /// Where to log in: an address that ends in `/v3`.
    auth_url: String,
    account: Account,
    region: Option<String>,
    token: OwnToken,
}

impl OwnLogin {
    pub(super) fn new(settings: &Settings, scope: OwnScope) -> Result<Self, KeystoneError> {
        let auth_url = settings.auth_url.as_deref().ok_or(KeystoneError::NotSet("auth_url"))?;
        Ok(Self {
            auth_url: version_3(auth_url),
            account: Account::new(settings, scope)?,
            region: settings.region.clone(),
            token: OwnToken::default(),
        })
    }

    /// The current token, after a login where there is none.
    pub(super) async fn token(&self, transport: &Transport) -> Result<Arc<Own>, Failure> {
        self.token.get(async || self.log_in(transport).await).await
    }

    /// What Keystone's 401 to a request with our token means: the next attempt logs in anew.
    pub(super) fn refused(&self, own: &Arc<Own>) -> Failure {
        self.token.forget(own);
        Failure::OwnTokenRefused
    }

    async fn log_in(&self, transport: &Transport) -> Result<Own, Failure> {
        let attempt = self.account.attempt()?;
        // With the catalog only where an endpoint is looked up in it.
        let query = if self.region.is_some() { "" } else { "?nocatalog" };
        let request = transport.post(&format!("{}/auth/tokens{query}", self.auth_url));
        let request = request.json(&self.account.login(&attempt)).build().map_err(Failure::Unreachable)?;
        let answered = transport.send(Operation::Login, request).await?;
        let logged_in = match answered.status {
            StatusCode::CREATED => self.own_from(&answered),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.account.refused()),
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
        let Account { username, scope, .. } = &self.account;
        tracing::info!(%expires_at, identity_url, ?scope, "logged in to Keystone as '{username}'");
        for url in [&self.auth_url, &identity_url] {
            if is_overheard(url) {
                tracing::warn!(url, "tokens and passwords go to Keystone in the clear; use an https:// address");
            }
        }
        Ok(Own { token: SecretText::new(token.to_owned()), identity_url, renew_at, expires_at })
    }
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
