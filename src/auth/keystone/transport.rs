//! How requests get to Keystone: few at once, none for too long, and again where that helps.

use std::fs;
use std::time::{Duration, Instant};

use openssl::rand::rand_bytes;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Request, RequestBuilder, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::metrics::{Metrics, Operation};
use super::{KeystoneError, Settings};
use crate::propagation;

/// How many requests are under way to Keystone at once; further ones wait for their turn. Few, because a Keystone that is
/// asked more at once than it can answer within an attempt's time answers none of it in time, and works on for those who
/// have gone: with 32, a hundred new tokens brought one without a cache to a standstill.
const AT_ONCE: usize = 8;
/// How many wait for their turn before further ones are sent away at once: a flood of made-up tokens gets no longer queue.
const WAITING: usize = 512;
/// The pauses between attempts, before each is varied by half.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(900)];
/// More than Keystone's largest answer, a token with its catalog.
const LONGEST_ANSWER: usize = 1 << 20;

pub(super) struct Transport {
    http: reqwest::Client,
    /// Held by a request that is under way.
    turns: Semaphore,
    /// Held by a request that is under way or waits.
    places: Semaphore,
    time: Duration,
    metrics: Metrics,
}

/// Keystone's answer, read to its end.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// There may be a secret in it.
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Transport {
    pub(super) fn new(settings: &Settings, metrics: Metrics) -> Result<Self, KeystoneError> {
        let time = Duration::from_secs(settings.timeout_seconds);
        let http = http_client(settings, time)?;
        let (turns, places) = (Semaphore::new(AT_ONCE), Semaphore::new(AT_ONCE + WAITING));
        Ok(Self { http, turns, places, time, metrics })
    }

    pub(super) fn get(&self, url: &str) -> RequestBuilder {
        self.http.get(url)
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.http.post(url)
    }

    /// Tries until it succeeds, fails for good, or the time is up; with pauses that grow and differ, so that those who wait
    /// for a Keystone that comes back don't all ask it at once. Nobody holds a turn during a pause.
    pub(super) async fn persist<T>(&self, attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
        let trying = async {
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

    /// One exchange, measured, when its turn has come. An attempt gets half of the time: a connection that hangs leaves time
    /// for another one, and who has waited for the other half can still be answered.
    pub(super) async fn send(&self, operation: Operation, mut request: Request) -> Result<Answered, Failure> {
        let _place = self.places.try_acquire().map_err(|_| Failure::Crowded)?;
        let turn = timeout(self.time / 2, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| Failure::Crowded)?;
        let started = Instant::now();
        let span = span_of(operation, &request);
        propagation::inject(&span, request.headers_mut());
        let answered = timeout(self.time / 2, self.exchange(request)).instrument(span.clone()).await;
        let answered = answered.unwrap_or(Err(Failure::Slow(self.time / 2)));
        describe(&span, &answered);
        let status = answered.as_ref().map_or("error".to_owned(), |answered| answered.status.as_str().to_owned());
        self.metrics.asked(operation, &status, started.elapsed());
        answered
    }

    async fn exchange(&self, request: Request) -> Result<Answered, Failure> {
        let mut response = self.http.execute(request).await.map_err(Failure::Unreachable)?;
        let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        // Of one piece: a body that grows leaves copies behind that nobody wipes.
        let mut body = Zeroizing::new(Vec::with_capacity(announced.min(LONGEST_ANSWER)));
        while let Some(chunk) = response.chunk().await.map_err(Failure::Unreachable)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(Failure::Unreadable(format!("it is longer than {LONGEST_ANSWER} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status: response.status(), headers: response.headers().clone(), body })
    }
}

/// In OpenTelemetry's words; without the path, which may hold ids.
fn span_of(operation: Operation, request: &Request) -> Span {
    let operation = operation.as_str();
    tracing::debug_span!(
        "keystone",
        otel.name = %format_args!("keystone {operation}"),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = request.method().as_str(),
        http.response.status_code = Empty,
        server.address = request.url().host_str(),
        server.port = request.url().port_or_known_default(),
    )
}

fn describe(span: &Span, answered: &Result<Answered, Failure>) {
    match answered {
        Ok(Answered { status, .. }) => span.record("http.response.status_code", status.as_u16()),
        Err(_) => span.record("otel.status_code", "error"),
    };
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
        let unusable = |reason: String| KeystoneError::CaFile { path: path.clone(), reason };
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unusable("there is no certificate in it".to_owned()));
        }
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| KeystoneError::HttpClient(error.to_string()))
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
    use std::net::TcpListener;
    use std::path::PathBuf;

    use futures_util::future::join_all;
    use prometheus::Registry;

    use super::*;

    #[tokio::test]
    async fn a_queue_that_is_full_sends_the_next_away_at_once() {
        // Connections are taken by the kernel; nobody ever answers.
        let silent = TcpListener::bind("127.0.0.1:0").expect("is bound");
        let url = format!("http://{}", silent.local_addr().expect("is known"));
        let metrics = Metrics::new(&Registry::new()).expect("are registered");
        let transport = Transport::new(&Settings::example(PathBuf::new()), metrics).expect("is made");
        let send = async || {
            let started = Instant::now();
            let request = transport.get(&url).build().expect("is a request");
            let failure = transport.send(Operation::Validate, request).await.err().expect("is not answered");
            (matches!(failure, Failure::Crowded), started.elapsed() < Duration::from_millis(500))
        };
        let sent = join_all((0..AT_ONCE + WAITING + 100).map(|_| send())).await;
        assert_eq!(sent.iter().filter(|(crowded, at_once)| *crowded && *at_once).count(), 100);
        // The first eight, and perhaps eight who took their turns in the moment in which all waiting ends.
        let had_a_turn = sent.iter().filter(|(crowded, _)| !crowded).count();
        assert!((AT_ONCE..=2 * AT_ONCE).contains(&had_a_turn), "{had_a_turn}");
    }

    #[test]
    fn pauses_differ_within_their_bounds() {
        let pauses: Vec<_> = (0..50).map(|_| varied(PAUSES[0])).collect();
        assert!(pauses.iter().all(|pause| (50..=151).contains(&pause.as_millis())));
        assert!(pauses.iter().any(|pause| pause != &pauses[0]));
    }
}
