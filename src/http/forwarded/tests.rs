use std::net::SocketAddr;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;

use super::*;

/// A proxy that is trusted, one that is not, and what is said of a request that has no header but `Host: inside`.
const TRUSTED: &str = "10.0.0.1";
const STRANGER: &str = "198.51.100.1";
const UNTOLD: &str = "10.0.0.1 http://inside";

/// What is made of a request with `Host: inside` and these headers: the client, and the begin of links.
fn reached_from(peer: &str, headers: &[(&str, &str)]) -> String {
    let trusted = ["10.0.0.0/8", "2001:db8:f::/48"].map(str::to_owned).to_vec();
    let trusted = TrustedProxies::try_from(trusted).expect("are networks");
    let peer = SocketAddr::new(peer.parse().expect(peer), 1234);
    let mut request = TestRequest::get().peer_addr(peer).insert_header(("Host", "inside"));
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect(name);
        request = request.append_header((name, HeaderValue::from_bytes(value.as_bytes()).expect(value)));
    }
    let Reached { client, scheme, host, prefix } = Reached::of(&request.to_http_request(), &trusted);
    format!("{} {}://{}{prefix}", client.expect("is known"), scheme.as_str(), host.expect("is known"))
}

fn reached(headers: &[(&str, &str)]) -> String {
    reached_from(TRUSTED, headers)
}

/// The header lines and what they make of the request, one case a line.
#[track_caller]
fn assert_reached(name: &str, cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        assert_eq!(reached(&[(name, value)]), *expected, "{name}: {value}");
    }
}

#[test]
fn nothing_is_believed_of_a_peer_that_is_not_trusted() {
    let headers = [
        ("Forwarded", "for=192.0.2.1;proto=https;host=x.example"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "x.example"),
        ("X-Forwarded-Port", "8443"),
        ("X-Forwarded-Prefix", "/x"),
    ];
    for header in headers {
        assert_eq!(reached_from(STRANGER, &[header]), "198.51.100.1 http://inside", "{header:?}");
        assert_ne!(reached(&[header]), UNTOLD, "of a trusted one it is: {header:?}");
    }
    assert_eq!(reached_from(STRANGER, &headers), "198.51.100.1 http://inside");
}

#[test]
fn an_ipv4_peer_on_a_socket_for_both_is_trusted_as_ipv4() {
    let headers = [("X-Forwarded-For", "::ffff:192.0.2.1")];
    assert_eq!(reached_from("::ffff:10.0.0.1", &headers), "192.0.2.1 http://inside");
    assert_eq!(reached_from("::ffff:198.51.100.1", &headers), "198.51.100.1 http://inside");
    assert_eq!(reached_from("2001:db8:f::1", &headers), "192.0.2.1 http://inside");
}

#[test]
fn the_client_is_the_rightmost_address_that_is_no_trusted_proxy() {
    let cases = [
        ("192.0.2.1", "192.0.2.1 http://inside"),
        (" 192.0.2.1 ,", "192.0.2.1 http://inside"),
        ("192.0.2.1:4711", "192.0.2.1 http://inside"),
        ("2001:db8::1", "2001:db8::1 http://inside"),
        ("[2001:db8::1]", "2001:db8::1 http://inside"),
        ("[2001:db8::1]:4711", "2001:db8::1 http://inside"),
        // A client's own words stand to the left of its address.
        ("203.0.113.9, 192.0.2.1", "192.0.2.1 http://inside"),
        ("10.0.0.9, 192.0.2.1", "192.0.2.1 http://inside"),
        ("\u{fc}, 192.0.2.1", "192.0.2.1 http://inside"),
        // Behind trusted proxies.
        ("203.0.113.9, 192.0.2.1, 10.0.0.2, 2001:db8:f::2", "192.0.2.1 http://inside"),
        // Nobody is known.
        ("", UNTOLD),
        ("unknown", UNTOLD),
        ("192.0.2.1, unknown", UNTOLD),
        ("192.0.2.1, 10.0.0.2, 300.1.1.1", UNTOLD),
        ("10.0.0.3, 10.0.0.2", UNTOLD),
    ];
    assert_reached("X-Forwarded-For", &cases);
    let lines = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "10.0.0.2")];
    assert_eq!(reached(&lines), "192.0.2.1 http://inside");
}

#[test]
fn the_standard_header_is_read_by_its_grammar() {
    let cases = [
        ("for=192.0.2.1", "192.0.2.1 http://inside"),
        ("For=192.0.2.1; Proto=HTTPS ;by=_me;HOST=keys.example", "192.0.2.1 https://keys.example"),
        ("for=\"[2001:db8::1]:4711\";host=\"keys.example:8443\"", "2001:db8::1 http://keys.example:8443"),
        ("for=\"192.0.2.1:4711\"", "192.0.2.1 http://inside"),
        ("for=\"192.0.2\\.1\";x=\"a;b,c=\\\"d\"", "192.0.2.1 http://inside"),
        ("for=203.0.113.9;host=x.example, for=192.0.2.1", "192.0.2.1 http://inside"),
        (", for=192.0.2.1 ,", "192.0.2.1 http://inside"),
        ("for=192.0.2.1, for=unknown", UNTOLD),
        ("for=10.0.0.3, for=10.0.0.2", UNTOLD),
        ("for=192.0.2.1, for=_hidden;proto=https", "10.0.0.1 https://inside"),
        ("for=192.0.2.1, by=10.0.0.1", UNTOLD),
        // Not the grammar: a client's open quote must not swallow what the proxy adds.
        ("for=\"x, for=192.0.2.1", UNTOLD),
        ("for=\"x, for=\"[2001:db8::1]\"", UNTOLD),
        ("for=\"192.0.2.1", UNTOLD),
        ("\"for=203.0.113.9, for=192.0.2.1", UNTOLD),
        ("for=\"192.0.2.1\"x", UNTOLD),
        ("for", UNTOLD),
        ("192.0.2.1", UNTOLD),
    ];
    assert_reached("Forwarded", &cases);
    let lines = [("Forwarded", "for=\"x"), ("Forwarded", "for=192.0.2.1")];
    assert_eq!(reached(&lines), "192.0.2.1 http://inside", "each line is read for itself");
    let lines = [("Forwarded", "for=192.0.2.1"), ("Forwarded", "for=\"x")];
    assert_eq!(reached(&lines), UNTOLD);
}

#[test]
fn scheme_and_host_are_what_the_outermost_trusted_proxy_says() {
    let chain = "for=203.0.113.9;proto=http;host=x.example, for=192.0.2.1;proto=https;host=keys.example, \
                 for=10.0.0.2;proto=http;host=middle";
    assert_eq!(reached(&[("Forwarded", chain)]), "192.0.2.1 https://keys.example");
    let silent = "for=192.0.2.1, for=10.0.0.2;proto=https;host=middle";
    assert_eq!(reached(&[("Forwarded", silent)]), "192.0.2.1 https://middle");
    let cases = [
        // (X-Forwarded-For, -Proto, -Host)
        ("192.0.2.1, 10.0.0.2", "https, http", "keys.example, middle", "192.0.2.1 https://keys.example"),
        ("192.0.2.1, 10.0.0.2", "https", "keys.example", "192.0.2.1 https://keys.example"),
        ("192.0.2.1", "http, https", "x.example, keys.example", "192.0.2.1 https://keys.example"),
        ("", "http, https", "x.example, keys.example", "10.0.0.1 https://keys.example"),
    ];
    for (senders, schemes, hosts, expected) in cases {
        let headers = [("X-Forwarded-For", senders), ("X-Forwarded-Proto", schemes), ("X-Forwarded-Host", hosts)];
        assert_eq!(reached(&headers), expected, "{headers:?}");
    }
}

#[test]
fn the_standard_header_goes_before_the_others_for_links() {
    let common = [("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "other"), ("X-Forwarded-Prefix", "/compute")];
    let with = |forwarded| reached(&[&common[..], &[("Forwarded", forwarded)]].concat());
    assert_eq!(with("proto=https;host=keys.example"), "10.0.0.1 https://keys.example/compute");
    assert_eq!(with("proto=https"), "10.0.0.1 https://other/compute");
    assert_eq!(with("proto=gopher;host=\"a b\""), "10.0.0.1 http://other/compute");
}

#[test]
fn of_two_headers_that_name_different_clients_neither_is_believed() {
    let both = |forwarded, senders| reached(&[("Forwarded", forwarded), ("X-Forwarded-For", senders)]);
    assert_eq!(both("for=192.0.2.1", "192.0.2.1"), "192.0.2.1 http://inside");
    assert_eq!(both("for=203.0.113.9", "192.0.2.1"), UNTOLD);
    assert_eq!(both("for=192.0.2.1", "10.0.0.2"), "192.0.2.1 http://inside");
    assert_eq!(both("proto=http", "192.0.2.1"), "192.0.2.1 http://inside");
}

#[test]
fn a_port_is_added_where_the_host_has_none_and_the_scheme_another() {
    let cases = [
        ("https", "keys.example", "8443", "https://keys.example:8443"),
        ("https", "keys.example", "443", "https://keys.example"),
        ("https", "keys.example", "80", "https://keys.example:80"),
        ("http", "keys.example", "80", "http://keys.example"),
        ("https", "keys.example:1", "8443", "https://keys.example:1"),
        ("https", "[2001:db8::1]", "8443", "https://[2001:db8::1]:8443"),
        ("https", "[2001:db8::1]:1", "8443", "https://[2001:db8::1]:1"),
        ("https", "keys.example", "none", "https://keys.example"),
        ("https", "keys.example", "65536", "https://keys.example"),
    ];
    for (scheme, host, port, expected) in cases {
        let headers = [("X-Forwarded-Proto", scheme), ("X-Forwarded-Host", host), ("X-Forwarded-Port", port)];
        assert_eq!(reached(&headers), format!("10.0.0.1 {expected}"), "{headers:?}");
    }
}

#[test]
fn what_is_no_scheme_host_or_clean_path_is_not_repeated() {
    for (name, value) in [
        ("X-Forwarded-Proto", "ftp"),
        ("X-Forwarded-Proto", "https://"),
        ("X-Forwarded-Host", "a\" x=\""),
        ("X-Forwarded-Host", "a/b"),
        ("X-Forwarded-Host", "user@a"),
        ("Forwarded", "host=\"a\\\" x=\""),
        ("X-Forwarded-Prefix", "x"),
        ("X-Forwarded-Prefix", "/"),
        ("X-Forwarded-Prefix", "//x.example"),
        ("X-Forwarded-Prefix", "/a//b"),
        ("X-Forwarded-Prefix", "/a/../b"),
        ("X-Forwarded-Prefix", "/./a"),
        ("X-Forwarded-Prefix", "/a?b"),
        ("X-Forwarded-Prefix", "/a b"),
        ("X-Forwarded-Prefix", "/%2e%2e"),
        ("X-Forwarded-Prefix", "/a\""),
    ] {
        assert_eq!(reached(&[(name, value)]), UNTOLD, "{name}: {value}");
    }
    assert_reached(
        "X-Forwarded-Prefix",
        &[("/compute", "10.0.0.1 http://inside/compute"), ("/a.b/~c_d/", "10.0.0.1 http://inside/a.b/~c_d")],
    );
}
