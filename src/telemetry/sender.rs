//! Sends spans on a runtime of its own: the SDK's thread has none, and the service's ends before the last spans are sent.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use tokio::runtime::{Builder, Runtime};

use super::traces::{TIME, TracesError};

#[derive(Debug)]
pub(super) struct Sender {
    client: reqwest::Client,
    runtime: Runtime,
}

impl Sender {
    /// Follows no redirect: headers go nowhere but where the settings say.
    pub(super) fn new() -> Result<Self, TracesError> {
        let client = reqwest::Client::builder()
            .user_agent(concat!("keypaird/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .timeout(TIME);
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("keypaird-traces").enable_all().build();
        Ok(Self { client: client.build()?, runtime: runtime.map_err(TracesError::Thread)? })
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let exchange = async move {
            let answer = client.execute(request).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok::<_, reqwest::Error>((status, headers, answer.bytes().await?))
        };
        let (status, headers, body) = self.runtime.spawn(exchange).await??;
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}
