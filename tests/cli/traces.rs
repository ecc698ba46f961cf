//! Traces, as a collector gets them over OTLP.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Given;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use serde_json::Value;

use super::keystone::KEYSTONE;
use super::stop::token;
use super::{Service, text};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// Longer than anything that is waited for takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it came: its head, in lower case, and its body.
struct Came {
    head: String,
    body: Vec<u8>,
}

/// Somebody who takes requests, and gives each the same answer.
struct Listener {
    url: String,
    came: Receiver<Came>,
}

impl Listener {
    fn answering(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, came) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                thread::spawn(move || converse(stream.unwrap(), status, &sender));
            }
        });
        Self { url, came }
    }

    /// What has come until now, decoded.
    fn exports(&self) -> Vec<(String, ExportTraceServiceRequest)> {
        let decode = |Came { head, body }: Came| (head, ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        self.came.try_iter().map(decode).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.exports().into_iter().flat_map(|(_, export)| export.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The head of the next request that holds `word` there.
    fn head_with(&self, word: &str) -> String {
        loop {
            let Ok(Came { head, .. }) = self.came.recv_timeout(PATIENCE) else {
                panic!("no request with {word} comes")
            };
            if head.contains(word) {
                return head;
            }
        }
    }
}

fn converse(stream: TcpStream, status: &str, came: &Sender<Came>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or_default() == 0 {
                return;
            }
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).unwrap();
        // The test may have seen enough.
        let _ = came.send(Came { head, body });
        write!(stream.get_mut(), "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attributes(given: &[KeyValue]) -> HashMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Given::StringValue(text)) => text.clone(),
        Some(Given::IntValue(number)) => number.to_string(),
        other => panic!("an attribute of another type: {other:?}"),
    };
    given.iter().map(|attribute| (attribute.key.clone(), text(&attribute.value))).collect()
}

/// The span of that name in a trace.
fn named<'s>(spans: &'s [Span], trace: &str, name: &str) -> &'s Span {
    let found = spans.iter().find(|span| span.name == name && hex(&span.trace_id) == trace);
    let names = || spans.iter().map(|span| format!("{} {}", hex(&span.trace_id), span.name)).collect::<Vec<_>>();
    found.unwrap_or_else(|| panic!("there is no span {name} of {trace} among {:#?}", names()))
}

fn list(service: &Service, token: &str, flag: &str) -> u16 {
    let headers = format!("X-Auth-Token: {token}\r\nTraceparent: 00-{TRACE}-{CALLER}-{flag}");
    service.ask("api", &format!("GET /v2.1/os-keypairs HTTP/1.1\r\n{headers}\r\nX-Ignored:")).0
}

fn private_file(directory: &Path, content: &str) -> String {
    let path = directory.join("headers");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn a_request_its_service_and_its_statements_are_spans_of_the_callers_trace_and_the_log_names_it() {
    let collector = Listener::answering("200 OK");
    let directory = tempfile::TempDir::new().unwrap();
    let headers = private_file(directory.path(), "Authorization: Bearer for-tests-only\nX-Tenant: one\n");
    let endpoint = format!("traces.endpoint={}/", collector.url);
    let headers = format!("traces.headers_file={headers}");
    let service = Service::start(&["--set", &endpoint, "--set", &headers]);
    let token = token(&service);
    assert_eq!(list(&service, &token, "01"), 200);
    let (code, log) = service.stop();
    assert_eq!(code, Some(0), "{log}");

    let exports = collector.exports();
    let (head, export) = exports.first().expect("what is left is sent at the stop");
    assert!(head.starts_with("post /v1/traces ") && head.contains("content-type: application/x-protobuf"), "{head}");
    assert!(head.contains("authorization: bearer for-tests-only") && head.contains("x-tenant: one"), "{head}");
    let resource = attributes(&export.resource_spans[0].resource.as_ref().unwrap().attributes);
    assert_eq!(resource["service.name"], "keypaird");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));

    let spans: Vec<Span> = exports
        .into_iter()
        .flat_map(|(_, export)| export.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let request = named(&spans, TRACE, "GET /v2.1/os-keypairs");
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(request.kind, SpanKind::Server as i32);
    let told = attributes(&request.attributes);
    assert_eq!(told["http.request.method"], "GET");
    assert_eq!(told["http.route"], "/v2.1/os-keypairs");
    assert_eq!(told["http.response.status_code"], "200");
    assert_eq!(told["client.address"], "127.0.0.1");
    let service_span = named(&spans, TRACE, "list");
    assert_eq!(service_span.parent_span_id, request.span_id);
    // The user's and the project's are read at the same time.
    let lists: Vec<_> = spans.iter().filter(|span| span.name == "key_pairs_list").collect();
    assert!(lists.iter().all(|list| list.parent_span_id == service_span.span_id) && lists.len() == 2);
    let statement = named(&spans, TRACE, "SELECT key_pairs");
    assert!(lists.iter().any(|list| list.span_id == statement.parent_span_id));
    assert_eq!(statement.kind, SpanKind::Client as i32);
    let told = attributes(&statement.attributes);
    assert_eq!((told["db.system.name"].as_str(), told["db.operation.name"].as_str()), ("sqlite", "SELECT"));
    assert_eq!(told["db.collection.name"], "key_pairs");
    assert!(told["db.query.text"].contains("`key_pairs`.`owner` = ?"), "{told:?}");

    // The login began a trace of its own, whose write is a transaction on another thread.
    let login = spans.iter().find(|span| span.name.starts_with("POST /identity")).unwrap();
    let login = hex(&login.trace_id);
    let transaction = named(&spans, &login, "transaction");
    assert_eq!(named(&spans, &login, "INSERT tokens").parent_span_id, transaction.span_id);
    assert!(!spans.iter().any(|span| span.name.contains("/health/") || span.name == "ping"), "probes are no traces");

    let mut lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.find(|line| line["message"].as_str().unwrap().starts_with("GET /v2.1/os-keypairs: 200")).unwrap();
    assert_eq!(line["spans"][0]["trace_id"], TRACE);
    assert_eq!(line["spans"][0]["span_id"], hex(&request.span_id).as_str());
}

#[test]
fn whether_a_trace_is_recorded_is_chance_but_for_trusted_proxies() {
    for (trusted, ratio, flag, recorded) in [
        ("192.0.2.1", "0", "01", false),
        ("192.0.2.1", "1", "00", true),
        ("127.0.0.1", "0", "01", true),
        ("127.0.0.1", "1", "00", false),
    ] {
        let collector = Listener::answering("200 OK");
        let endpoint = format!("traces.endpoint={}", collector.url);
        let (trusted, sampled) = (format!("http.trusted_proxies={trusted}"), format!("traces.sample_ratio={ratio}"));
        let service = Service::start(&["--set", &endpoint, "--set", &trusted, "--set", &sampled]);
        assert_eq!(list(&service, "none", flag), 401);
        let (_, log) = service.stop();
        let spans = collector.spans();
        let is_there = spans.iter().any(|span| hex(&span.trace_id) == TRACE);
        assert_eq!(is_there, recorded, "{trusted} {ratio} {flag}: {spans:?}");
        assert!(log.contains(TRACE), "the log names it in any case");
    }
}

#[test]
fn the_standard_variables_name_the_collector_and_the_service() {
    let collector = Listener::answering("200 OK");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_SERVICE_NAME", "keys-of-the-north"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let service = Service::start_among(&variables, &[]);
    service.ask("api", "GET /v2.1/os-keypairs");
    service.stop();
    let exports = collector.exports();
    let resource = attributes(&exports[0].1.resource_spans[0].resource.as_ref().unwrap().attributes);
    assert_eq!(resource["service.name"], "keys-of-the-north");
    assert_eq!(resource["deployment.environment.name"], "test");

    let service = Service::start_among(&[variables[0], ("OTEL_TRACES_SAMPLER", "always_off")], &[]);
    assert_eq!(list(&service, "none", "01"), 401);
    service.stop();
    assert_eq!(collector.spans().len(), 0);
}

#[test]
fn a_collector_that_is_away_fails_no_request_and_is_one_line_in_the_log() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("traces.endpoint=http://{free}");
    let mut service = Service::start_among(&[("OTEL_BSP_SCHEDULE_DELAY", "50")], &["--set", &endpoint]);
    let mut warnings = String::new();
    while !warnings.contains("traces cannot be sent") {
        assert_eq!(list(&service, "none", "01"), 401);
        service.log.read_line(&mut warnings).unwrap();
    }
    for _ in 0..20 {
        assert_eq!(list(&service, "none", "01"), 401);
        thread::sleep(Duration::from_millis(60));
    }
    let (code, log) = service.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("traces cannot be sent"), "{log}");
}

#[test]
fn without_a_collector_there_are_no_traces_and_no_word_of_them() {
    let service = Service::start(&[]);
    assert_eq!(list(&service, "none", "01"), 401);
    let (_, log) = service.stop();
    assert!(!log.contains("trace_id") && !log.contains(TRACE), "{log}");
}

#[test]
fn a_headers_file_that_cannot_be_used_ends_serve_and_is_named() {
    let directory = tempfile::TempDir::new().unwrap();
    let headers = format!("traces.headers_file={}", private_file(directory.path(), "one: 1\nsecret-without-a-name\n"));
    let mut command = super::keypaird(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
    let output = command.args(["--set", "traces.endpoint=http://127.0.0.1:9", "--set", &headers]).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("line 2 of") && stderr.contains("is not 'Name: value'"), "{stderr}");
    assert!(!stderr.contains("secret-without-a-name"), "{stderr}");
}

#[test]
fn what_is_asked_of_a_keystone_belongs_to_the_requests_trace() {
    let (collector, keystone) = (Listener::answering("200 OK"), Listener::answering("503 Service Unavailable"));
    let directory = tempfile::TempDir::new().unwrap();
    let password = format!("identity.keystone.password_file={}", private_file(directory.path(), "for-tests-only"));
    let url = format!("identity.keystone.auth_url={}/v3", keystone.url);
    let endpoint = format!("traces.endpoint={}", collector.url);
    let mut settings = KEYSTONE.to_vec();
    for setting in [&password, &url, &endpoint, "identity.keystone.timeout_seconds=1"] {
        settings.extend(["--set", setting]);
    }
    let service = Service::start(&settings);
    assert_eq!(list(&service, "a-token", "01"), 503);
    let head = keystone.head_with(&format!("traceparent: 00-{TRACE}-"));
    let caller = head.split(&format!("traceparent: 00-{TRACE}-")).nth(1).unwrap()[..16].to_owned();
    service.stop();
    let spans = collector.spans();
    let asked = spans.iter().find(|span| hex(&span.span_id) == caller).expect("the span that asked is sent");
    assert!(asked.name.starts_with("keystone "), "{}", asked.name);
    assert_eq!(attributes(&asked.attributes)["http.response.status_code"], "503");
    assert!(!attributes(&asked.attributes).values().any(|value| value.contains("a-token")));
}

#[test]
fn what_is_asked_of_a_kms_belongs_to_the_requests_trace() {
    let (collector, kms) = (Listener::answering("200 OK"), Listener::answering("503 Service Unavailable"));
    let (endpoint, url) = (format!("traces.endpoint={}", collector.url), format!("vault.kms.endpoint_url={}", kms.url));
    let mut settings = Vec::new();
    for setting in
        [&endpoint, &url, "vault.kms.provider=aws", "vault.kms.region=eu-central-1", "vault.kms.timeout_seconds=2"]
    {
        settings.extend(["--set", setting]);
    }
    let credentials = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let service = Service::start_among(&credentials, &settings);
    let body = r#"{"keypair": {"name": "kept", "key_protection": "kms:one"}}"#;
    let headers = format!("X-Auth-Token: {}\r\nTraceparent: 00-{TRACE}-{CALLER}-01", token(&service));
    let length = body.len();
    let head = format!("POST /v2.1/os-keypairs HTTP/1.1\r\n{headers}\r\nContent-Length: {length}\r\nHost: localhost");
    let mut stream = TcpStream::connect(service.started["api"].as_str().unwrap()).unwrap();
    write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let head = kms.head_with(&format!("traceparent: 00-{TRACE}-"));
    let caller = head.split(&format!("traceparent: 00-{TRACE}-")).nth(1).unwrap()[..16].to_owned();
    service.stop();
    let spans = collector.spans();
    let asked = spans.iter().find(|span| hex(&span.span_id) == caller).expect("the span that asked is sent");
    assert!(asked.name.starts_with("KMS/"), "{}", asked.name);
    let told = attributes(&asked.attributes);
    assert_eq!((told["rpc.system.name"].as_str(), told["error.type"].as_str()), ("aws-api", "unavailable"));
    let request = named(&spans, TRACE, "POST /v2.1/os-keypairs");
    assert_eq!(request.status.as_ref().unwrap().code, 2, "it failed");
}
