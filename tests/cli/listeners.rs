//! The public listener and the operator's: two sockets, and nothing of the one on the other.

use super::Service;

/// What the operator's listener answers: the templates of the list that the HTTP suite holds the routes to.
fn operators_paths() -> Vec<String> {
    let list = include_str!("../api/security/unauthenticated.txt");
    let section = list.split("\n## operator\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let templates = section.lines().filter_map(|line| line.split_whitespace().next());
    templates.flat_map(alternatives).collect()
}

/// `a[b|c]` is `ab` and `ac`.
fn alternatives(template: &str) -> Vec<String> {
    let Some((before, choices)) = template.split_once('[') else { return vec![template.to_owned()] };
    choices.trim_end_matches(']').split('|').map(|choice| format!("{before}{choice}")).collect()
}

#[test]
fn s35_nothing_of_the_operators_listener_is_reached_by_the_public_one() {
    let service = Service::start(&["--set", "http.trusted_proxies=127.0.0.1"]);
    let [public, operators] = ["api", "health"].map(|listener| service.started[listener].as_str().unwrap().to_owned());
    assert_ne!(public, operators, "they are two sockets");
    let paths = operators_paths();
    assert!(paths.iter().any(|path| path == "/metrics") && paths.len() > 4, "{paths:?}");
    for path in &paths {
        let (status, _, told) = service.ask("health", &format!("GET {path}"));
        assert_ne!(status, 404, "{path} is there");
        // As proxies and people write a path; and as one says who is asked, to a service that believes its proxy.
        let written = [
            path.clone(),
            format!("/{path}"),
            format!("{path}/"),
            format!("/v2.1/..{path}"),
            format!("/%{:x}{}", path.as_bytes()[1], &path[2..]),
            format!("http://{operators}{path}"),
        ];
        for target in written {
            let forwarded = format!("Forwarded: host=\"{operators}\"\r\nX-Forwarded-Host: {operators}\r\nX-Ignored:");
            for request in [format!("GET {target}"), format!("GET {target} HTTP/1.1\r\n{forwarded}")] {
                let (status, _, body) = service.ask("api", &request);
                // 300 is Nova's answer to what it does not know.
                assert!(status == 300 || status >= 400, "{request}: {status} {body}");
                assert!(!body.contains(&told) && !body.contains("keypaird_"), "{request}: {body}");
            }
        }
    }
}

#[test]
fn s35_nothing_of_the_public_listener_is_reached_by_the_operators() {
    let service = Service::start(&[]);
    for path in [
        "/",
        "/v2.1",
        "/v2.1/os-keypairs",
        "/identity/v3",
        "/identity/v3/auth/tokens",
        "/v3/auth/domains",
        "/?Action=x",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            let (status, _, body) = service.ask("health", &format!("{method} {path}"));
            assert!(status == 404 || method == "OPTIONS", "{method} {path}: {status} {body}");
        }
    }
}
