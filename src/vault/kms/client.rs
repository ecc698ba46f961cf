//! Calls of AWS KMS: few at once, none past its deadline, none to a KMS that is away.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client as Sdk;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task_local;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use tracing::{Instrument, Span};

use super::breaker::Breaker;
use super::failure::Failure;
use super::health::Health;
use super::http::Http;
use super::metrics::{Metrics, Operation};
use super::settings::Settings;

/// How many calls are under way at once; further ones wait for their turn.
const AT_ONCE: usize = 32;
/// Tries of one call. Half of all requests throttled leaves one call in 32 without an answer.
const ATTEMPTS: u32 = 5;
/// The first pause between them, before it is varied.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

task_local! {
    /// The span of the call that is under way: the SDK's own log goes nowhere, and with it which span that is.
    pub(super) static ASKING: Span;
}

/// In OpenTelemetry's words for AWS's services.
fn span_of(operation: Operation) -> Span {
    tracing::debug_span!(
        "kms",
        otel.name = operation.of_aws(),
        otel.kind = "client",
        otel.status_code = Empty,
        rpc.system.name = "aws-api",
        rpc.method = operation.of_aws(),
        error.type = Empty,
    )
}

/// AWS KMS. Nothing is sent, and no credentials are looked for, before the first call.
pub(super) struct Client {
    sdk: OnceCell<Sdk>,
    http: Http,
    region: Option<String>,
    endpoint: Option<String>,
    time: Duration,
    turns: Semaphore,
    breaker: Breaker,
    health: Health,
    metrics: Metrics,
}

impl Client {
    pub(super) fn new(settings: &Settings, metrics: Metrics) -> Result<Self, reqwest::Error> {
        Ok(Self {
            sdk: OnceCell::new(),
            http: Http::new(settings.time() / 3, metrics.clone())?,
            region: settings.region.clone(),
            endpoint: settings.endpoint_url.clone(),
            time: settings.time(),
            turns: Semaphore::new(AT_ONCE),
            breaker: Breaker::new(),
            health: Health::new(metrics.clone()),
            metrics,
        })
    }

    /// When what begins now must be over.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.time
    }

    pub(super) fn is_up(&self) -> bool {
        self.health.is_up()
    }

    /// One call, with its retries.
    pub(super) async fn ask<T, E, F>(
        &self,
        operation: Operation,
        deadline: Instant,
        call: impl FnOnce(Sdk) -> F,
    ) -> Result<T, Failure>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let started = Instant::now();
        let span = span_of(operation);
        let asked = self.when_it_is_there(deadline, &span, call).instrument(span.clone()).await;
        let word = asked.as_ref().map_or_else(Failure::word, |_| "answered");
        self.metrics.asked(operation, word, started.elapsed());
        if let Err(failure) = &asked {
            span.record("error.type", failure.word());
            span.record("otel.status_code", "error");
        }
        asked
    }

    async fn when_it_is_there<T, E, F>(
        &self,
        deadline: Instant,
        span: &Span,
        call: impl FnOnce(Sdk) -> F,
    ) -> Result<T, Failure>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        if let Some(rest) = self.breaker.rest() {
            return Err(Failure::Resting(rest));
        }
        // Who waits longer for a turn than half of the time could not be answered any more, which would look like an outage.
        let latest = Instant::now() + deadline.saturating_duration_since(Instant::now()) / 2;
        let turn = timeout_at(latest, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| Failure::Crowded)?;
        let pass = self.breaker.enter().map_err(Failure::Resting)?;
        let asked = ASKING.scope(span.clone(), self.send(deadline, call)).await;
        let outage = asked.as_ref().err().filter(|failure| failure.is_outage());
        match outage {
            None => pass.answered(),
            Some(_) => pass.unavailable(),
        }
        self.metrics.breaker_is_open(!self.breaker.is_closed());
        match outage {
            None => self.health.answered(),
            // One call that fails is no outage yet.
            Some(failure) if !self.breaker.is_closed() => self.health.is_away(failure),
            Some(_) => {}
        }
        asked
    }

    /// The SDK's own log goes nowhere: at its finest it holds requests and answers, and with them data keys.
    async fn send<T, E, F>(&self, deadline: Instant, call: impl FnOnce(Sdk) -> F) -> Result<T, Failure>
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let sent = async {
            let sdk = self.sdk.get_or_init(|| self.load()).await;
            call(sdk.clone()).await
        };
        let slow = |_| Failure::Slow(self.time);
        let sent = Box::pin(sent.with_subscriber(NoSubscriber::default()));
        timeout_at(deadline, sent).await.map_err(slow)?.map_err(|error| Failure::of(&error))
    }

    /// Looks whether the KMS is there, whatever the breaker says: an answer closes it. Returns whether there was one.
    pub(super) async fn probe(&self) -> bool {
        let started = Instant::now();
        let asked = self.send(self.deadline(), |sdk| sdk.list_aliases().limit(1).send()).await;
        let failure = asked.err();
        self.metrics.asked(Operation::Probe, failure.as_ref().map_or("answered", Failure::word), started.elapsed());
        match failure {
            Some(failure) if failure.is_outage() => {
                self.health.is_away(&failure);
                false
            }
            None | Some(_) => {
                self.breaker.answered();
                self.metrics.breaker_is_open(false);
                self.health.answered();
                true
            }
        }
    }

    /// Reads the SDK's configuration; it may ask the instance that it runs on for the region.
    async fn load(&self) -> Sdk {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_PAUSE)
            .with_max_backoff(LONGEST_PAUSE);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(self.time / 3).build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(self.http.clone())
            .retry_config(retries)
            .timeout_config(timeouts);
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        // The endpoint is the KMS's alone: credentials are asked for elsewhere.
        let mut config = aws_sdk_kms::config::Builder::from(&loader.load().await);
        config.set_endpoint_url(self.endpoint.clone());
        Sdk::from_conf(config.build())
    }
}
