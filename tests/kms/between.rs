//! Stands between the service and the KMS: passes calls on, counts and keeps them, and fails as AWS does when told to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::proxy::{Passed, Proxy, forward};

/// How it treats what comes.
#[derive(Clone, Debug)]
pub enum Mood {
    Passing,
    /// Passes each call on after a while.
    Slow(Duration),
    /// Answers every other call that it is one too many.
    Throttling,
    /// Answers each call with this status, and this error and message as AWS writes them.
    Refusing(u16, &'static str, &'static str),
    /// Passes calls on and writes other members into the answers.
    Forging(fn(&mut Value)),
    /// Sends each call to another address.
    Redirecting(String),
    /// Answers what is no answer.
    Babbling,
}

/// A call that came: `Decrypt` with its members.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: String,
    pub body: Value,
}

pub struct Between {
    proxy: Proxy,
    seen: Arc<Seen>,
}

struct Seen {
    target: String,
    mood: Mutex<Mood>,
    calls: Mutex<Vec<Call>>,
    answers: Mutex<Vec<Value>>,
}

impl Between {
    pub fn start(target: &str) -> Self {
        let seen = Arc::new(Seen {
            target: target.to_owned(),
            mood: Mutex::new(Mood::Passing),
            calls: Mutex::default(),
            answers: Mutex::default(),
        });
        Self { proxy: Proxy::start(seen.clone(), pass), seen }
    }

    pub fn url(&self) -> String {
        self.proxy.url()
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
        self.seen.calls.lock().unwrap().clear();
        self.seen.answers.lock().unwrap().clear();
    }

    /// What came since the count began, but for the background's looks whether it is there.
    pub fn calls(&self) -> Vec<Call> {
        let calls = self.seen.calls.lock().unwrap();
        calls.iter().filter(|call| call.body["Limit"] != 1).cloned().collect()
    }

    pub fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }

    /// What was answered.
    pub fn answers(&self) -> Vec<Value> {
        self.seen.answers.lock().unwrap().clone()
    }
}

async fn pass(request: HttpRequest, body: Bytes, seen: Data<Seen>) -> HttpResponse {
    let target = request.headers().get("X-Amz-Target").map_or("", |value| value.to_str().unwrap());
    let operation = target.trim_start_matches("TrentService.").to_owned();
    let members = serde_json::from_slice(&body).unwrap_or_default();
    let number = {
        let mut calls = seen.calls.lock().unwrap();
        calls.push(Call { operation, body: members });
        calls.len()
    };
    let mood = seen.mood.lock().unwrap().clone();
    match &mood {
        Mood::Slow(time) => actix_web::rt::time::sleep(*time).await,
        Mood::Throttling if number % 2 == 1 => return refusal(400, "ThrottlingException", "Rate exceeded"),
        Mood::Refusing(status, error, message) => return refusal(*status, error, message),
        Mood::Redirecting(to) => {
            return HttpResponse::TemporaryRedirect().insert_header(("Location", to.as_str())).finish();
        }
        Mood::Babbling => {
            return HttpResponse::Ok().content_type("application/x-amz-json-1.1").body("<html>moved</html>");
        }
        Mood::Passing | Mood::Throttling | Mood::Forging(_) => {}
    }
    let Passed { status, body, .. } = forward(&request, body, &seen.target).await;
    let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Mood::Forging(change) = mood {
        change(&mut answer);
    }
    seen.answers.lock().unwrap().push(answer.clone());
    HttpResponse::build(status).content_type("application/x-amz-json-1.1").body(answer.to_string())
}

fn refusal(status: u16, error: &str, message: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap();
    let body = json!({ "__type": error, "message": message });
    HttpResponse::build(status).content_type("application/x-amz-json-1.1").body(body.to_string())
}
