//! The address under which a client reached the service: what links begin with.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::Settings;

/// `http.public_url` without a final slash; where it is not set, the request's scheme and Host.
///
/// The scheme may be told by a proxy in `X-Forwarded-Proto`; the host may not, as with a Nova in its default setup
/// (recorded). Neither reaches anything but this one answer.
pub fn base_url(request: &HttpRequest, settings: &Settings) -> String {
    match &settings.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("{}://{}", scheme(request), host(request, settings)),
    }
}

fn scheme(request: &HttpRequest) -> &'static str {
    match request.headers().get("X-Forwarded-Proto").map(|value| value.as_bytes()) {
        Some(b"https") => "https",
        _ => "http",
    }
}

/// The request's Host, if it is made of what hosts are made of: it ends up inside quotes in a header.
fn host(request: &HttpRequest, settings: &Settings) -> String {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let named = named.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let is_host =
        |host: &&str| !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
    named.filter(is_host).map_or_else(|| settings.listen.to_string(), str::to_owned)
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
            allow_plain_http: false,
        }
    }

    #[test]
    fn the_public_url_goes_before_what_the_request_says() {
        let request = TestRequest::get().insert_header(("Host", "inside:1")).to_http_request();
        assert_eq!(base_url(&request, &settings(Some("https://keys.example/"))), "https://keys.example");
        assert_eq!(base_url(&request, &settings(None)), "http://inside:1");
    }

    #[test]
    fn a_proxy_tells_the_scheme_and_not_the_host() {
        let request = TestRequest::get()
            .insert_header(("Host", "inside:1"))
            .insert_header(("X-Forwarded-Proto", "https"))
            .insert_header(("X-Forwarded-Host", "x.example"))
            .to_http_request();
        assert_eq!(base_url(&request, &settings(None)), "https://inside:1");
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let request = TestRequest::get().insert_header(("Host", "a\" x=\"")).to_http_request();
        assert_eq!(base_url(&request, &settings(None)), "http://127.0.0.1:8774");
    }
}
