//! The address under which a client reached the service: what links begin with.

use actix_web::HttpRequest;

use super::Settings;
use super::forwarded::Reached;

/// `http.public_url` without a final slash; where it is not set, what the request and trusted proxies say.
pub fn base_url(request: &HttpRequest, settings: &Settings) -> String {
    if let Some(url) = &settings.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let Reached { scheme, host, prefix, .. } = Reached::of(request, &settings.trusted_proxies);
    let host = host.unwrap_or_else(|| settings.listen.to_string());
    format!("{}://{host}{prefix}", scheme.as_str())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn settings(public_url: Option<&str>) -> Settings {
        let listen = "127.0.0.1:8774".parse().expect("is an address");
        Settings {
            listen,
            public_url: public_url.map(str::to_owned),
            trusted_proxies: Default::default(),
            tls: crate::http::tls::Settings::off(),
            allow_plain_http: false,
            drain_seconds: 0,
            max_connections: 1,
            head_timeout_seconds: 1,
            body_timeout_seconds: 1,
            idle_timeout_seconds: 1,
            answer_timeout_seconds: 1,
            rate_limit: Default::default(),
            openapi: false,
        }
    }

    #[test]
    fn the_public_url_goes_before_what_the_request_says() {
        let request = TestRequest::get().insert_header(("Host", "inside:1")).to_http_request();
        assert_eq!(base_url(&request, &settings(Some("https://keys.example/"))), "https://keys.example");
        assert_eq!(base_url(&request, &settings(None)), "http://inside:1");
    }

    #[test]
    fn a_proxy_that_is_not_trusted_tells_nothing() {
        let request = TestRequest::get()
            .insert_header(("Host", "inside:1"))
            .insert_header(("X-Forwarded-Proto", "https"))
            .insert_header(("X-Forwarded-Host", "x.example"))
            .to_http_request();
        assert_eq!(base_url(&request, &settings(None)), "http://inside:1");
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let request = TestRequest::get().insert_header(("Host", "a\" x=\"")).to_http_request();
        assert_eq!(base_url(&request, &settings(None)), "http://127.0.0.1:8774");
    }
}
