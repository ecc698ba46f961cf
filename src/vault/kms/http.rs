//! The AWS SDK's requests, sent by the HTTP client that everything else is sent by: one TLS library, OpenSSL.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use reqwest::redirect::Policy;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::client::ASKING;
use super::metrics::{Attempt, Metrics};
use crate::propagation;

/// More than the KMS's largest answer, a page of aliases.
const LONGEST_ANSWER: usize = 1 << 20;

/// Follows no redirect and uses no proxy from the environment: signed requests go nowhere but where they are signed for.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    metrics: Metrics,
}

/// The same with the time that the SDK leaves for one request.
#[derive(Debug)]
struct Connector {
    http: Http,
    time: Option<Duration>,
}

impl Http {
    /// `time` is what a connection may take to be made.
    pub(super) fn new(time: Duration, metrics: Metrics) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("keypaird/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(time)
            .build()?;
        Ok(Self { client, metrics })
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.map(|body| {
            let bytes = body.bytes().map(<[u8]>::to_vec).unwrap_or_default();
            reqwest::Body::from(Bytes::from_owner(Zeroizing::new(bytes)))
        });
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let mut request = reqwest::Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))?;
        // Beside what is signed. Where credentials are looked for in the background, there is no call.
        let _ = ASKING.try_with(|span| propagation::inject(span, request.headers_mut()));
        let mut response = self.client.execute(request).await.map_err(failed)?;
        let mut body = Zeroizing::new(Vec::with_capacity(4096));
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                let reason = format!("the answer is longer than {LONGEST_ANSWER} bytes");
                return Err(ConnectorError::other(reason.into(), None));
            }
            body.extend_from_slice(&chunk);
        }
        self.metrics.attempted(attempt(response.status().as_u16(), &body));
        answer(&response, body).map_err(|error| ConnectorError::other(error, None))
    }
}

/// A body with a plaintext key in it is wiped when the SDK drops it.
fn answer(
    response: &reqwest::Response,
    body: Zeroizing<Vec<u8>>,
) -> Result<HttpResponse, Box<dyn std::error::Error + Send + Sync>> {
    let status = response.status().as_u16().try_into()?;
    let mut answer = HttpResponse::new(status, SdkBody::from(Bytes::from_owner(body)));
    for (name, value) in response.headers() {
        answer.headers_mut().try_append(name.as_str().to_owned(), value.to_str()?.to_owned())?;
    }
    Ok(answer)
}

/// AWS throttles with a 400 whose body says so.
fn attempt(status: u16, body: &[u8]) -> Attempt {
    let throttled = || body.windows(8).take(512).any(|word| word.eq_ignore_ascii_case(b"throttli"));
    match status {
        200..=299 => Attempt::Answered,
        429 => Attempt::Throttled,
        400 if throttled() => Attempt::Throttled,
        500.. => Attempt::Failed,
        _ => Attempt::Refused,
    }
}

fn failed(error: reqwest::Error) -> ConnectorError {
    // The address goes without its query, which may be signed.
    let error = error.without_url();
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_connect() {
        ConnectorError::io(error.into()).never_connected()
    } else {
        ConnectorError::io(error.into())
    }
}

impl HttpClient for Http {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let time = settings.read_timeout().map(|read| read + settings.connect_timeout().unwrap_or_default());
        SharedHttpConnector::new(Connector { http: self.clone(), time })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, time) = (self.http.clone(), self.time);
        HttpConnectorFuture::new(async move {
            let metrics = http.metrics.clone();
            let exchange = http.exchange(request);
            let answered = match time {
                None => exchange.await,
                Some(time) => {
                    timeout(time, exchange).await.unwrap_or_else(|slow| Err(ConnectorError::timeout(slow.into())))
                }
            };
            if answered.is_err() {
                metrics.attempted(Attempt::Unreachable);
            }
            answered
        })
    }
}
