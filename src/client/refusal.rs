//! What a service says when it refuses, in its own words.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, Url};
use serde_json::Value;

/// The headers in which services name a request; the first that is there counts.
const REQUEST_IDS: [&str; 3] = ["x-openstack-request-id", "x-compute-request-id", "x-request-id"];

/// More than any message of ours.
const LONGEST: usize = 1000;

/// An answer that is none of success.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    /// KPS's code, such as `KPS.6005`.
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    /// When the service wants to be asked again; it has done nothing so far.
    pub retry_after: Option<Duration>,
    method: Method,
    url: Url,
}

impl Refusal {
    pub(super) fn read(method: Method, url: Url, status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(printable);
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        Self {
            status,
            code: body["error_code"].as_str().map(printable),
            message: message(&body).map(printable).unwrap_or_default(),
            request_id: REQUEST_IDS.iter().find_map(|name| header(name)),
            retry_after: header(RETRY_AFTER.as_str()).and_then(|value| value.parse().ok()).map(Duration::from_secs),
            method,
            url,
        }
    }

    /// Nobody knows this path: the service has no such API.
    pub(super) fn is_of_another_service(&self) -> bool {
        self.status == 404 && self.code.is_none()
    }
}

/// Nova's `{"conflictingRequest": {"message"}}`, Keystone's `{"error": {"message"}}`, KPS's `{"error_msg"}`.
fn message(body: &Value) -> Option<&str> {
    let nested = || body.as_object()?.values().find_map(|inner| inner["message"].as_str());
    body["error_msg"].as_str().or_else(nested).or_else(|| body["message"].as_str())
}

/// What a server says goes to a terminal: nothing in it may steer that.
fn printable(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, code, message, request_id, method, url, .. } = self;
        match message.as_str() {
            "" => write!(f, "{method} {url} was refused")?,
            message => f.write_str(message.trim_end())?,
        }
        write!(f, " (HTTP {status}")?;
        if let Some(code) = code {
            write!(f, ", {code}")?;
        }
        if let Some(request_id) = request_id {
            write!(f, ", request {request_id}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn told(body: &str, headers: &[(&'static str, &'static str)]) -> String {
        let headers = headers
            .iter()
            .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let url = Url::parse("http://keys.example/v2.1/os-keypairs").expect("is one");
        Refusal::read(Method::POST, url, 409, &headers.collect(), body.as_bytes()).to_string()
    }

    #[test]
    fn each_services_own_words_are_found() {
        let nova = r#"{"conflictingRequest": {"code": 409, "message": "Key pair 'a' already exists."}}"#;
        let ids = [("x-compute-request-id", "req-1"), ("x-openstack-request-id", "req-1")];
        assert_eq!(told(nova, &ids), "Key pair 'a' already exists. (HTTP 409, request req-1)");
        let kps = r#"{"error_code": "KPS.0002", "error_msg": "name: is taken"}"#;
        assert_eq!(told(kps, &[("x-request-id", "req-2")]), "name: is taken (HTTP 409, KPS.0002, request req-2)");
        let keystone =
            r#"{"error": {"code": 401, "message": "The request requires authentication.", "title": "Unauthorized"}}"#;
        assert_eq!(told(keystone, &[]), "The request requires authentication. (HTTP 409)");
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        assert_eq!(told("<html>", &[]), "POST http://keys.example/v2.1/os-keypairs was refused (HTTP 409)");
    }

    #[test]
    fn nothing_in_it_steers_a_terminal() {
        assert_eq!(told(r#"{"error_msg": "a\u001b[2Jb"}"#, &[]), "a [2Jb (HTTP 409)");
    }
}
