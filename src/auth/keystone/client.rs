//! What is asked of Keystone, and what its answers mean.

use std::sync::Arc;

use reqwest::header::HeaderValue;
use reqwest::{Request, RequestBuilder, StatusCode, Url};
use serde::Deserialize;

use super::account::OwnScope;
use super::failure::Failure;
use super::metrics::{Metrics, Operation};
use super::own_login::OwnLogin;
use super::own_token::Own;
use super::token_body::TokenBody;
use super::transport::{Answered, Transport};
use super::{KeystoneError, Settings};
use crate::domain::{ProjectId, SecretText};

const AUTH_TOKEN: &str = "X-Auth-Token";
pub(super) const SUBJECT_TOKEN: &str = "X-Subject-Token";

pub(super) struct Client {
    pub(super) transport: Transport,
    /// For its project.
    login: OwnLogin,
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
        let transport = Transport::new(settings, metrics)?;
        Ok(Self { transport, login: OwnLogin::new(settings, OwnScope::Project)? })
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

    pub(super) async fn look_up(&self, token: &SecretText, own: &Arc<Own>) -> Result<Option<TokenBody>, Failure> {
        // The catalog is of no use here, and most of the body.
        let url = format!("{}/auth/tokens?nocatalog", own.identity_url);
        let mut request = with_token(self.transport.get(&url), &own.token)?;
        request.headers_mut().insert(SUBJECT_TOKEN, sensitive(token)?);
        let answered = self.transport.send(Operation::Validate, request).await?;
        match answered.status {
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => TokenBody::parse(&answered.body).map(Some),
            // Whoever else answers at a wrong address must not make all tokens unknown.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST if is_keystones_refusal(&answered) => Ok(None),
            StatusCode::UNAUTHORIZED => Err(self.login.refused(own)),
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

    pub(super) async fn own_token(&self) -> Result<Arc<Own>, Failure> {
        self.login.token(&self.transport).await
    }
}

pub(super) fn with_token(request: RequestBuilder, token: &SecretText) -> Result<Request, Failure> {
    request.header(AUTH_TOKEN, sensitive(token)?).build().map_err(Failure::Unreachable)
}

/// A token as a header that is not printed.
fn sensitive(token: &SecretText) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(token.expose()).map_err(|error| Failure::Unreadable(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether it is Keystone that says no: `{"error": {"code": 404, …}}` (recorded from Keystone 30).
pub(super) fn is_keystones_refusal(answered: &Answered) -> bool {
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
