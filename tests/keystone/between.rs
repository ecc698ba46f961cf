//! Stands between the service and its Keystone: passes requests on, counts them, and is away or slow when told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use super::proxy::{Passed, Proxy, forward};

/// How it treats what comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mood {
    Passing,
    /// Answers this many requests with a status of its own, then passes again.
    Failing {
        status: u16,
        times: usize,
    },
    /// Never answers.
    Hanging,
    /// Passes each request on after a while.
    Slow(Duration),
}

pub struct Between {
    proxy: Proxy,
    seen: Arc<Seen>,
}

struct Seen {
    /// Keystone's address, without `/v3`.
    target: String,
    mood: Mutex<Mood>,
    /// Requests by method and path.
    counts: Mutex<BTreeMap<String, usize>>,
    /// The service's own token, as it came last.
    own_token: Mutex<String>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Between {
    /// In front of the Keystone at `url`, which ends in `/v3`.
    pub fn start(url: &str) -> Self {
        let seen = Arc::new(Seen {
            target: url.trim_end_matches("/v3").to_owned(),
            mood: Mutex::new(Mood::Passing),
            counts: Mutex::default(),
            own_token: Mutex::default(),
            at_once: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
        });
        Self { proxy: Proxy::start(seen.clone(), pass), seen }
    }

    pub fn url(&self) -> String {
        format!("{}/v3", self.proxy.url())
    }

    pub fn turn(&self, mood: Mood) {
        *self.seen.mood.lock().unwrap() = mood;
    }

    /// Nobody listens any more, and open connections are gone.
    pub async fn go_away(&self) {
        self.proxy.go_away().await;
    }

    pub fn come_back(&self) {
        self.proxy.come_back();
    }

    pub fn count_from_here(&self) {
        self.seen.counts.lock().unwrap().clear();
    }

    /// How often the service asked about tokens.
    pub fn validations(&self) -> usize {
        self.count("GET /v3/auth/tokens")
    }

    /// How often the service logged in.
    pub fn logins(&self) -> usize {
        self.count("POST /v3/auth/tokens")
    }

    /// How often the service asked for secrets of EC2 credentials.
    pub fn credential_reads(&self) -> usize {
        let counts = self.seen.counts.lock().unwrap();
        counts.iter().filter(|(of, _)| of.starts_with("GET /v3/credentials/")).map(|(_, count)| count).sum()
    }

    /// How often the service asked whom an EC2 credential stands for.
    pub fn credential_owners(&self) -> usize {
        self.count("POST /v3/s3tokens")
    }

    pub fn own_token(&self) -> String {
        self.seen.own_token.lock().unwrap().clone()
    }

    /// How many requests were under way at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.seen.most_at_once.load(Ordering::Relaxed)
    }

    fn count(&self, of: &str) -> usize {
        self.seen.counts.lock().unwrap().get(of).copied().unwrap_or_default()
    }
}

async fn pass(request: HttpRequest, body: Bytes, seen: Data<Seen>) -> HttpResponse {
    *seen.counts.lock().unwrap().entry(format!("{} {}", request.method(), request.path())).or_default() += 1;
    if let (Some(token), "GET") = (request.headers().get("X-Auth-Token"), request.method().as_str()) {
        *seen.own_token.lock().unwrap() = token.to_str().unwrap().to_owned();
    }
    let at_once = seen.at_once.fetch_add(1, Ordering::Relaxed) + 1;
    seen.most_at_once.fetch_max(at_once, Ordering::Relaxed);
    let mood = seen.mood.lock().unwrap().clone();
    match mood {
        Mood::Passing => {}
        Mood::Failing { status, times } => {
            let next = if times == 1 { Mood::Passing } else { Mood::Failing { status, times: times - 1 } };
            *seen.mood.lock().unwrap() = next;
            seen.at_once.fetch_sub(1, Ordering::Relaxed);
            return HttpResponse::build(status.try_into().unwrap()).finish();
        }
        Mood::Hanging => std::future::pending().await,
        Mood::Slow(time) => actix_web::rt::time::sleep(time).await,
    }
    let passed = forward(&request, body, &seen.target).await;
    seen.at_once.fetch_sub(1, Ordering::Relaxed);
    answer(passed)
}

fn answer(Passed { status, headers, body }: Passed) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "connection" && *name != "content-length") {
        answer.append_header((name.clone(), value.clone()));
    }
    answer.body(body)
}
