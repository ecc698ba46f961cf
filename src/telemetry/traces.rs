//! Traces of requests, sent to a collector over OTLP: request, service, statements of SQL and calls of a KMS or Keystone.

use std::collections::HashMap;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter as Exporter};
use reqwest::header::{HeaderName, HeaderValue};
use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::registry::LookupSpan;

use super::export::Export;
use super::sampling::Sampling;
use super::sender::Sender;
use crate::auth::{SecretFileError, SecretKind, read_secret};

/// The spans that are sent are this program's own: what libraries say of their work is theirs.
const OWN: &str = "keypaird";
/// How long a batch of spans may take on its way.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// How long the last spans may take on their way when the process ends.
const LAST: Duration = Duration::from_secs(5);
/// The variables that name a collector where the settings don't.
const VARIABLES: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// `traces.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The collector's address; spans go to `/v1/traces` below it.
    pub endpoint: Option<String>,
    /// Headers for the collector, one a line.
    pub headers_file: Option<PathBuf>,
    /// The part of the traces that begin here which is recorded, 0 to 1.
    pub sample_ratio: f64,
}

/// Why no traces can be sent; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    #[error("traces.headers_file: {0}")]
    HeadersFile(#[from] SecretFileError),
    #[error("traces.headers_file: line {line} of {path} is not 'Name: value'", path = path.display())]
    Header { path: PathBuf, line: usize },
    #[error("traces cannot be sent: {0}")]
    Exporter(#[from] ExporterBuildError),
    #[error("no HTTP client for traces can be made: {0}")]
    HttpClient(#[from] reqwest::Error),
    #[error("no thread that sends traces can be started: {0}")]
    Thread(std::io::Error),
}

/// What records spans, and sends them from a thread of its own: requests never wait for it. While it cannot send as many as
/// there are, spans are dropped.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// `None` where no collector is named.
    pub(super) fn start(settings: &Settings) -> Result<Option<Self>, TracesError> {
        let is_set = |name: &&str| env::var(name).is_ok_and(|value| !value.is_empty());
        let is_disabled = env::var("OTEL_SDK_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
        if is_disabled || settings.endpoint.is_none() && !VARIABLES.iter().any(is_set) {
            return Ok(None);
        }
        Ok(Some(Self::over(exporter(settings)?, settings.sample_ratio)))
    }

    /// Over an exporter, which is called on a thread of its own.
    pub fn over(exporter: impl Exporter + 'static, sample_ratio: f64) -> Self {
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_sampler(Sampling::new(sample_ratio))
            .with_batch_exporter(Export::new(exporter));
        Self(provider.build())
    }

    /// Turns the spans of requests into such of OpenTelemetry.
    pub fn layer<S: Subscriber + for<'s> LookupSpan<'s>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(OWN))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_own_span).with_max_level_hint(LevelFilter::DEBUG))
    }

    /// Sends what is left, and no more. Not to be called within a runtime.
    pub fn stop(&self) {
        // Why the last ones could not be sent was logged, if so.
        let _ = self.0.shutdown_with_timeout(LAST);
    }
}

/// Events stay in the log, which has the trace's id.
fn is_own_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::DEBUG && metadata.target().starts_with(OWN)
}

fn exporter(settings: &Settings) -> Result<SpanExporter, TracesError> {
    let mut exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_timeout(TIME);
    exporter = exporter.with_http_client(Sender::new()?);
    if let Some(endpoint) = &settings.endpoint {
        exporter = exporter.with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')));
    }
    if let Some(path) = &settings.headers_file {
        exporter = exporter.with_headers(headers(path)?);
    }
    Ok(exporter.build()?)
}

fn headers(path: &Path) -> Result<HashMap<String, String>, TracesError> {
    let text = read_secret(SecretKind::Headers, path)?;
    let lines = text.expose().lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line): (usize, &str)| {
        let read = line.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let usable = read.filter(|(name, value)| {
            HeaderName::try_from(*name).is_ok() && !value.is_empty() && HeaderValue::try_from(*value).is_ok()
        });
        let (name, value) = usable.ok_or_else(|| TracesError::Header { path: path.to_owned(), line: at + 1 })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    lines.map(read).collect()
}

/// What `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, and this program's name where they don't.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let named = Resource::builder().with_attribute(version.clone()).build();
    let name = named.get(&"service.name".into()).map(|name| name.to_string()).unwrap_or_default();
    if name.is_empty() || name.starts_with("unknown_service") {
        Resource::builder().with_attribute(version).with_service_name(OWN).build()
    } else {
        named
    }
}
