//! Behind a proxy: whom a request comes from, and by which address. Every form of the headers has its case beside their
//! reader; here is what a client sees of it.

use serde_json::json;

use crate::support::{Answer, TestApp};

/// The address that the tests connect from.
const HERE: (&str, &str) = ("http.trusted_proxies", "192.0.2.99,127.0.0.0/8");
/// A proxy that somebody else trusts.
const ELSEWHERE: (&str, &str) = ("http.trusted_proxies", "192.0.2.99,2001:db8::/64");

/// What links in a version's document begin with.
async fn links_begin(app: &TestApp, headers: &[(&str, &str)]) -> String {
    let answer = app.send("GET", "/v2.1/", headers, "").await.expect(200);
    let link = answer.body["version"]["links"][0]["href"].as_str().unwrap().to_owned();
    link.strip_suffix("/v2.1/").unwrap().to_owned()
}

/// Logs in as `ann`; a `None` password is the right one.
async fn log_in(app: &TestApp, password: Option<&str>, headers: &[(&str, &str)]) -> Answer {
    let password = password.unwrap_or(TestApp::PASSWORD);
    let user = json!({ "name": "ann", "domain": { "id": "default" }, "password": password });
    let login = json!({ "auth": { "identity": { "methods": ["password"], "password": { "user": user } } } });
    app.json("POST", "/identity/v3/auth/tokens", headers, login).await
}

/// Fails to log in ten times, with headers that differ each time: `#` is the number.
async fn fail_ten_times(app: &TestApp, header: &str, value: &str) {
    for number in 0..10 {
        let value = value.replace('#', &number.to_string());
        log_in(app, Some("not the password"), &[(header, &value)]).await.expect(401);
    }
}

#[actix_web::test]
async fn links_begin_as_a_trusted_proxy_says() {
    let app = TestApp::spawn_with(&[HERE]).await;
    let own = app.address;
    for (headers, expected) in [
        (&[("X-Forwarded-Proto", "https")][..], format!("https://{own}")),
        (&[("X-Forwarded-Host", "keys.example")], "http://keys.example".to_owned()),
        (
            &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "keys.example"), ("X-Forwarded-Port", "8443")],
            "https://keys.example:8443".to_owned(),
        ),
        (&[("X-Forwarded-Prefix", "/compute/")], format!("http://{own}/compute")),
        (&[("Forwarded", "for=192.0.2.1;proto=https;host=keys.example")], "https://keys.example".to_owned()),
        (&[("Forwarded", "proto=https"), ("X-Forwarded-Proto", "http")], format!("https://{own}")),
        (&[], format!("http://{own}")),
    ] {
        assert_eq!(links_begin(&app, headers).await, expected, "{headers:?}");
    }
}

#[actix_web::test]
async fn every_dialects_addresses_are_those_behind_the_proxy() {
    let app = TestApp::spawn_with(&[HERE]).await;
    crate::nova::imported(&app, &app.demo, &["a", "b"]).await;
    let token = ("X-Auth-Token", app.demo.token.as_str());
    let proxy = [("Forwarded", "proto=https;host=keys.example"), ("X-Forwarded-Prefix", "/compute")];
    let root = "https://keys.example/compute";

    let refused = app.send("GET", "/v2.1/os-keypairs", &proxy, "").await.expect(401);
    assert_eq!(refused.header("WWW-Authenticate"), [format!("Keystone uri=\"{root}/identity/v3\"")]);
    let choices = app.send("GET", "/nope", &proxy, "").await.expect(300);
    assert_eq!(choices.body["choices"][1]["links"][0]["href"], format!("{root}/v2.1/nope"));
    let headers = [&proxy[..], &[token, ("OpenStack-API-Version", "compute 2.92")]].concat();
    let page = app.send("GET", "/v2.1/os-keypairs?limit=1", &headers, "").await.expect(200);
    assert_eq!(page.body["keypairs_links"][0]["href"], format!("{root}/v2.1/os-keypairs?limit=1&marker=a"));
    let catalog = app.send("GET", "/identity/v3/auth/catalog", &[&proxy[..], &[token]].concat(), "").await.expect(200);
    assert_eq!(catalog.body["catalog"][0]["endpoints"][0]["url"], format!("{root}/v2.1"));
}

#[actix_web::test]
async fn of_anybody_else_no_header_is_believed() {
    for settings in [&[][..], &[ELSEWHERE]] {
        let app = TestApp::spawn_with(settings).await;
        let headers = [
            ("Forwarded", "for=192.0.2.99;proto=https;host=x.example"),
            ("X-Forwarded-For", "192.0.2.99"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "x.example"),
            ("X-Forwarded-Port", "8443"),
            ("X-Forwarded-Prefix", "/x"),
        ];
        assert_eq!(links_begin(&app, &headers).await, format!("http://{}", app.address), "{settings:?}");
    }
}

#[actix_web::test]
async fn the_public_url_goes_before_what_a_proxy_says() {
    let app = TestApp::spawn_with(&[HERE, ("http.public_url", "https://keys.example")]).await;
    let headers = [("Forwarded", "proto=http;host=x.example"), ("X-Forwarded-Prefix", "/x")];
    assert_eq!(links_begin(&app, &headers).await, "https://keys.example");
}

#[actix_web::test]
async fn users_behind_a_trusted_proxy_do_not_share_a_lock_out() {
    let app = TestApp::spawn_with(&[HERE]).await;
    fail_ten_times(&app, "X-Forwarded-For", "192.0.2.1").await;
    log_in(&app, None, &[("X-Forwarded-For", "192.0.2.1")]).await.expect(401);
    log_in(&app, None, &[("Forwarded", "for=192.0.2.1")]).await.expect(401);
    log_in(&app, None, &[("X-Forwarded-For", "192.0.2.2")]).await.expect(201);
    log_in(&app, None, &[("Forwarded", "for=\"[2001:db8::1]\"")]).await.expect(201);
    log_in(&app, None, &[]).await.expect(201);
}

#[actix_web::test]
async fn who_is_no_trusted_proxy_cannot_choose_the_address_that_failures_are_counted_by() {
    for (settings, header, value) in [
        (&[][..], "X-Forwarded-For", "192.0.2.#"),
        (&[ELSEWHERE], "X-Forwarded-For", "192.0.2.#"),
        (&[ELSEWHERE], "Forwarded", "for=192.0.2.#"),
    ] {
        let app = TestApp::spawn_with(settings).await;
        fail_ten_times(&app, header, value).await;
        log_in(&app, None, &[(header, "192.0.2.200")]).await.expect(401);
        log_in(&app, None, &[]).await.expect(401);
    }
}

#[actix_web::test]
async fn a_client_behind_a_trusted_proxy_cannot_choose_it_either() {
    // What the client sent, and to the right of it what the proxy added.
    for (header, value, same) in [
        ("X-Forwarded-For", "203.0.113.#, 192.0.2.1", "192.0.2.1"),
        ("Forwarded", "for=203.0.113.#, for=192.0.2.1", "for=192.0.2.1"),
        ("Forwarded", "for=\"203.0.113.#, for=192.0.2.1", "for=\"203.0.113.77, for=192.0.2.1"),
    ] {
        let app = TestApp::spawn_with(&[HERE]).await;
        fail_ten_times(&app, header, value).await;
        log_in(&app, None, &[(header, same)]).await.expect(401);
    }
}

#[actix_web::test]
async fn a_header_that_a_trusted_proxy_passes_on_unseen_does_not_choose_it() {
    let app = TestApp::spawn_with(&[HERE]).await;
    // This proxy writes X-Forwarded-For, and does not know Forwarded.
    let proxy = ("X-Forwarded-For", "192.0.2.1");
    for number in 0..10 {
        let made_up = format!("for=203.0.113.{number}");
        log_in(&app, Some("not the password"), &[proxy, ("Forwarded", &made_up)]).await.expect(401);
    }
    log_in(&app, None, &[proxy, ("Forwarded", "for=203.0.113.77")]).await.expect(401);
    log_in(&app, None, &[proxy]).await.expect(201);
}
