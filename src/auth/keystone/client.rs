//! What is asked of Keystone over HTTP, and how often until it answers.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use openssl::rand::rand_bytes;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, Request, StatusCode, Url};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use url::Host;

use super::failure::Failure;
use super::metrics::{Metrics, Operation};
use super::own_token::{Own, OwnToken};
use super::token_body::TokenBody;
use super::{KeystoneError, Settings};
use crate::auth::password_file::read_secret;
use crate::domain::{ProjectId, SecretText, Timestamp};

/// How many requests are under way to Keystone at once; further ones wait for their turn, within their time. Few, because a
/// Keystone that is asked more at once than it can answer within an attempt's time answers none of it in time, and works on
/// for those who have gone: with 32, a hundred new tokens brought one without a cache to a standstill.
const AT_ONCE: usize = 8;
/// The pauses between attempts, before each is varied by half.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];
/// More than Keystone's largest answer, a token with its catalog.
const LONGEST_ANSWER: usize = 1 << 20;

const AUTH_TOKEN: &str = "X-Auth-Token";
const SUBJECT_TOKEN: &str = "X-Subject-Token";

pub(super) struct Client {
    http: reqwest::Client,
    /// Where to log in: an address that ends in `/v3`.
    auth_url: String,
    account: Account,
    region: Option<String>,
    own: OwnToken,
    turns: Semaphore,
    time: Duration,
    metrics: Metrics,
}

/// The service's own user.
struct Account {
    username: String,
    /// Read anew for each login, so that a changed password needs no restart.
    password_file: PathBuf,
    project_name: String,
    user_domain_name: String,
    project_domain_name: String,
}

/// A project as far as the caller may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existence {
    There,
    Missing,
    /// Keystone does not tell this caller.
    NotTold,
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    pub(super) fn new(settings: &Settings, metrics: Metrics) -> Result<Self, KeystoneError> {
        let account = Account {
            username: settings.username.clone().ok_or(KeystoneError::NotSet("username"))?,
            password_file: settings.password_file.clone().ok_or(KeystoneError::NotSet("password_file"))?,
            project_name: settings.project_name.clone(),
            user_domain_name: settings.user_domain_name.clone(),
            project_domain_name: settings.project_domain_name.clone(),
        };
        // A file that cannot be read is told at the start, not at the first request.
        read_secret(&account.password_file)?;
        let auth_url = settings.auth_url.as_deref().ok_or(KeystoneError::NotSet("auth_url"))?;
        let time = Duration::from_secs(settings.timeout_seconds);
        Ok(Self {
            http: http_client(settings, time)?,
            auth_url: version_3(auth_url),
            account,
            region: settings.region.clone(),
            own: OwnToken::default(),
            turns: Semaphore::new(AT_ONCE),
            time,
            metrics,
        })
    }

    /// What a token stands for; `None` for one that is unknown, expired or revoked.
    pub(super) async fn validate(&self, token: &str) -> Result<Option<TokenBody>, Failure> {
        let subject = sensitive(token)?;
        self.persist(async || {
            let own = self.own_token().await?;
            // The catalog is of no use here, and most of the body.
            let url = format!("{}/auth/tokens?nocatalog", own.identity_url);
            let mut request = self.request(Method::GET, &url, &own.token)?;
            request.headers_mut().insert(SUBJECT_TOKEN, subject.clone());
            let answered = self.send(Operation::Validate, request).await?;
            match answered.status {
                StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => {
                    TokenBody::parse(&answered.body).map(Some)
                }
                StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Ok(None),
                StatusCode::UNAUTHORIZED => {
                    self.own.forget(&own);
                    Err(Failure::OwnTokenRefused)
                }
                StatusCode::FORBIDDEN => Err(Failure::NotAllowed),
                status => Err(Failure::Answered { status }),
            }
        })
        .await
    }

    /// Whether a project exists, asked with the caller's own token, as a Nova does: nobody learns of projects through
    /// this service what Keystone would not tell them.
    pub(super) async fn project(&self, project: &ProjectId, token: &str) -> Result<Existence, Failure> {
        let token = SecretText::new(token.to_owned());
        self.persist(async || {
            let own = self.own_token().await?;
            let mut url = Url::parse(&own.identity_url).map_err(|error| Failure::Unreadable(error.to_string()))?;
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.extend(["projects", project.as_str()]);
            }
            let answered = self.send(Operation::Project, self.request(Method::GET, url.as_str(), &token)?).await?;
            match answered.status {
                StatusCode::OK => Ok(Existence::There),
                StatusCode::NOT_FOUND => Ok(Existence::Missing),
                StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Ok(Existence::NotTold),
                status => Err(Failure::Answered { status }),
            }
        })
        .await
    }

    /// Logs in, if need be: to tell an operator at the start what would be told at the first request.
    pub(super) async fn check(&self) -> Result<(), Failure> {
        self.persist(async || self.own_token().await.map(drop)).await
    }

    /// Whether what is sent crosses a network that others can listen on.
    pub(super) fn is_overheard(&self) -> bool {
        is_overheard(&self.auth_url)
    }

    async fn own_token(&self) -> Result<Arc<Own>, Failure> {
        self.own.get(async || self.log_in().await).await
    }

    async fn log_in(&self) -> Result<Own, Failure> {
        // With the catalog only where an endpoint is looked up in it.
        let query = if self.region.is_some() { "" } else { "?nocatalog" };
        let url = format!("{}/auth/tokens{query}", self.auth_url);
        let request = self.http.post(url).json(&self.account.login()?).build().map_err(Failure::Unreachable)?;
        let answered = self.send(Operation::Login, request).await?;
        match answered.status {
            StatusCode::CREATED => self.own_from(&answered),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Failure::LoginRefused),
            status => Err(Failure::Answered { status }),
        }
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
        Ok(Own { token: SecretText::new(token.to_owned()), identity_url, renew_at, expires_at })
    }

    fn request(&self, method: Method, url: &str, token: &SecretText) -> Result<Request, Failure> {
        let mut request = self.http.request(method, url).build().map_err(Failure::Unreachable)?;
        request.headers_mut().insert(AUTH_TOKEN, sensitive(token.expose())?);
        Ok(request)
    }

    /// One exchange, measured. An attempt gets half of the time, so that a connection that hangs leaves time for another.
    async fn send(&self, operation: Operation, request: Request) -> Result<Answered, Failure> {
        let started = Instant::now();
        let answered = timeout(self.time / 2, self.exchange(request)).await;
        let answered = answered.unwrap_or(Err(Failure::Slow(self.time / 2)));
        let status = answered.as_ref().map_or("error".to_owned(), |answered| answered.status.as_str().to_owned());
        self.metrics.asked(operation, &status, started.elapsed());
        answered
    }

    async fn exchange(&self, request: Request) -> Result<Answered, Failure> {
        let mut response = self.http.execute(request).await.map_err(Failure::Unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::Unreachable)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Failure::Unreadable(format!("it is longer than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status: response.status(), headers: response.headers().clone(), body })
    }

    /// Tries until it succeeds, fails for good, or the time is up; with pauses that grow and differ, so that those who wait
    /// for a Keystone that comes back don't all ask it at once.
    async fn persist<T>(&self, attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
        let trying = async {
            // Closed never; and within the deadline, so that a queue does not outlive it.
            let _turn = self.turns.acquire().await;
            for pause in PAUSES {
                match attempt().await {
                    Err(failure) if failure.may_pass() => sleep(varied(pause)).await,
                    done => return done,
                }
            }
            attempt().await
        };
        timeout(self.time, trying).await.unwrap_or(Err(Failure::Slow(self.time)))
    }
}

impl Account {
    fn login(&self) -> Result<serde_json::Value, Failure> {
        let password = read_secret(&self.password_file)?;
        let user = json!({
            "name": self.username, "domain": { "name": self.user_domain_name }, "password": password.expose(),
        });
        let project = json!({ "name": self.project_name, "domain": { "name": self.project_domain_name } });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        Ok(json!({ "auth": { "identity": identity, "scope": { "project": project } } }))
    }
}

/// Follows no redirect and uses no proxy from the environment: tokens go nowhere but where the settings say.
fn http_client(settings: &Settings, time: Duration) -> Result<reqwest::Client, KeystoneError> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("keypaird/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(time / 2)
        .pool_max_idle_per_host(AT_ONCE);
    if let Some(path) = &settings.cafile {
        let unreadable = |reason: String| KeystoneError::CaFile { path: path.clone(), reason };
        let pem = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unreadable("there is no certificate in it".to_owned()));
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| KeystoneError::HttpClient(error.to_string()))
}

/// The address of version 3 of the API, whichever way it was written: `http://host:5000`, `…/identity/`, `…/v3`.
fn version_3(written: &str) -> String {
    let trimmed = written.trim_end_matches('/');
    let root = trimmed.strip_suffix("/v3").or_else(|| trimmed.strip_suffix("/v2.0")).unwrap_or(trimmed);
    format!("{root}/v3")
}

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

/// A token as a header that is not printed.
fn sensitive(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(token).map_err(|error| Failure::Unreadable(error.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Between half of the pause and one and a half.
fn varied(pause: Duration) -> Duration {
    let mut byte = [128];
    // Without randomness the pause is as it stands.
    let _ = rand_bytes(&mut byte);
    pause.mul_f64(0.5 + f64::from(byte[0]) / 255.0)
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

    #[test]
    fn pauses_differ_within_their_bounds() {
        let pauses: Vec<_> = (0..50).map(|_| varied(PAUSES[0])).collect();
        assert!(pauses.iter().all(|pause| (50..=151).contains(&pause.as_millis())));
        assert!(pauses.iter().any(|pause| pause != &pauses[0]));
    }
}
