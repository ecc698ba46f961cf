//! What Nova answers to what it refuses.

use utoipa::openapi::Schema;
use utoipa::openapi::schema::Type;

use super::super::error::name_of;
use crate::http::openapi::values::Further::Ignored;
use crate::http::openapi::values::{Presence, number, object, schema, text, wrapped};
use crate::http::openapi::{Answer, Api};

/// Status and message as plain text.
const PLAIN: &str = "nova.PlainFault";

/// Those whose body has one member, in Nova's word for the status.
const FAULTS: [u16; 9] = [400, 403, 404, 406, 408, 409, 415, 500, 503];

pub(super) fn schemas(api: &mut Api) {
    for status in FAULTS {
        api.schema(&name(status), wrapped(name_of(status), body(status, []), Ignored));
    }
    let retry = ("retryAfter", schema(text().description(Some("Seconds."))), Presence::Optional);
    api.schema(&name(429), wrapped(name_of(429), body(429, [retry]), Ignored));
    let title = ("title", schema(text()), Presence::Required);
    api.schema(&name(401), wrapped("error", body(401, [title]), Ignored));
    api.schema(PLAIN, schema(text().description(Some("Status and message as plain text."))));
}

/// The schema's name.
fn name(status: u16) -> String {
    format!("nova.Fault{status}")
}

fn body<const N: usize>(status: u16, further: [(&'static str, Schema, Presence); N]) -> Schema {
    let code = i32::from(status);
    let usual = [
        ("code", schema(number(code, code).schema_type(Type::Integer)), Presence::Required),
        ("message", schema(text()), Presence::Required),
    ];
    object(usual.into_iter().chain(further), Ignored)
}

pub(super) fn refusal(status: u16) -> Answer {
    match status {
        400 => Answer::new("The version, the query, the path or the body is wrong.").json(&name(400)),
        401 => {
            let answer = Answer::new("There is no valid token.").header("WWW-Authenticate", "Where to get one.");
            answer.json(&name(401))
        }
        403 => Answer::new("A policy or a quota forbids it.").json(&name(403)),
        404 => {
            let answer = Answer::new("There is nothing of that name; plain text where the path ends in none.");
            answer.json(&name(404)).content("text/plain", PLAIN)
        }
        406 => Answer::new("There is no such microversion.").json(&name(406)),
        408 => Answer::new("The body did not come in time.").json(&name(408)),
        409 => Answer::new("The name is taken.").json(&name(409)),
        413 => Answer::new("The body is too large.").content("text/plain", PLAIN),
        415 => Answer::new("The body is no JSON by its media type.").json(&name(415)),
        429 => Answer::new("Too many requests.").header("Retry-After", "Seconds.").json(&name(429)),
        503 => Answer::new("Not now.").header("Retry-After", "Seconds.").json(&name(503)),
        _ => Answer::new("A fault inside.").json(&name(500)),
    }
}
