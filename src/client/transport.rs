//! How requests get to a service: over TLS as the cloud says, and again where the service asks for that.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, Request, RequestBuilder, Url};
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::cloud::{Tls, Trust};
use super::error::{Error, Result};
use super::refusal::Refusal;

/// For one answer: a service may be generating an RSA-4096 key for others first.
const TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// For a service that says 0 s.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// More than the largest answer, a page of a thousand key pairs.
const LONGEST_ANSWER: usize = 32 << 20;

/// How long a service that is busy is asked again, in all.
#[derive(Clone, Copy, Debug)]
pub struct Patience(pub Duration);

/// An answer of success, read to its end.
pub(super) struct Answer {
    pub(super) headers: reqwest::header::HeaderMap,
    /// There may be a private key in it.
    pub(super) body: Zeroizing<Vec<u8>>,
    url: Url,
}

pub(super) struct Transport {
    http: Client,
    patience: Patience,
}

impl Transport {
    /// Follows no redirect: a token goes nowhere but where the cloud's catalog says.
    pub(super) fn new(tls: &Tls, patience: Patience) -> Result<Self> {
        let mut builder = Client::builder()
            .user_agent(concat!("keypaird/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT);
        builder = match &tls.trust {
            Trust::System => builder,
            Trust::File(path) => builder.tls_certs_only(certificates(path)?),
            Trust::Anybody => builder.tls_danger_accept_invalid_certs(true),
        };
        if let Some((certificate, key)) = &tls.own {
            builder = builder.identity(own_certificate(certificate, key)?);
        }
        Ok(Self { http: builder.build().map_err(Error::Client)?, patience })
    }

    /// Sends what `request` makes, and again where the service says that it is too busy (503, 429) and when it wants to be
    /// asked: it has done nothing by then. All else is asked for once, because an answer that is lost does not tell what was
    /// done.
    pub(super) async fn send(&self, request: impl Fn(&Client) -> RequestBuilder) -> Result<Answer> {
        let until = Instant::now() + self.patience.0;
        loop {
            let made = request(&self.http).build().map_err(Error::Client)?;
            let refusal = match self.exchange(made).await {
                Err(Error::Refused(refusal)) if [429, 503].contains(&refusal.status) => refusal,
                done => return done,
            };
            match refusal.retry_after.filter(|pause| Instant::now() + *pause <= until) {
                Some(pause) => sleep(pause.max(SHORTEST_PAUSE)).await,
                None => return Err(Error::Refused(refusal)),
            }
        }
    }

    async fn exchange(&self, request: Request) -> Result<Answer> {
        let (method, url) = (request.method().clone(), request.url().clone());
        let silent = |error: reqwest::Error| Error::Unreachable { url: url.clone(), reason: root_cause(&error) };
        let mut response = self.http.execute(request).await.map_err(silent)?;
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        // Of one piece: a body that grows leaves copies behind that nobody wipes.
        let mut body = Zeroizing::new(Vec::with_capacity(announced.min(LONGEST_ANSWER)));
        while let Some(chunk) = response.chunk().await.map_err(silent)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                let reason = format!("it is longer than {LONGEST_ANSWER} bytes");
                return Err(Error::Unreadable { url, reason });
            }
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() {
            return Ok(Answer { headers, body, url });
        }
        Err(Error::Refused(Box::new(Refusal::read(method, url, status.as_u16(), &headers, &body))))
    }
}

impl Answer {
    /// The JSON in it. What is wrong with it is not said in its own words: they may be a key's.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let reason = format!("it is not what was asked for (line {}, column {})", error.line(), error.column());
            Error::Unreadable { url: self.url.clone(), reason }
        })
    }

    /// That something is missing from it.
    pub(super) fn lacks(&self, what: &str) -> Error {
        Error::Unreadable { url: self.url.clone(), reason: format!("it has no {what}") }
    }
}

fn certificates(path: &Path) -> Result<Vec<Certificate>> {
    let unusable = |reason: String| Error::Certificates { path: path.to_owned(), reason };
    let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(root_cause(&error)))?;
    if certificates.is_empty() { Err(unusable("there is none in it".to_owned())) } else { Ok(certificates) }
}

fn own_certificate(certificate: &Path, key: &Path) -> Result<Identity> {
    let read = |path: &Path| {
        let unusable = |error: std::io::Error| Error::Certificates { path: path.to_owned(), reason: error.to_string() };
        fs::read(path).map(Zeroizing::new).map_err(unusable)
    };
    let identity = Identity::from_pkcs8_pem(&read(certificate)?, &read(key)?);
    identity.map_err(|error| Error::Certificates { path: certificate.to_owned(), reason: root_cause(&error) })
}

/// What is at the bottom of it (`Connection refused`): the layers above only repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
