//! What the operator's listener answers, for the OpenAPI document.

use utoipa::openapi::path::HttpMethod::Get;

use super::ledger::{Refusal, Shown};
use super::readiness::Report;
use crate::http::openapi::values::Further::Ignored;
use crate::http::openapi::values::{number, one_of, schema, text, wrapped};
use crate::http::openapi::{Answer, Api, Described, Member, Members, Shape, TOKEN, operation, schema_of};

const TAG: &str = "operator";

const MEMBERS: Members = Members(&[
    Member {
        name: "dialect",
        about: "By which API.",
        shape: Shape::Words(&["nova", "kps", "ecs", "ens", "admin"]),
        example: "kps",
    },
    Member { name: "client", about: "The address that it was asked from.", shape: Shape::Free, example: "192.0.2.7" },
]);

pub fn describe(api: &mut Api) {
    api.schema("operator.Alive", wrapped("status", schema(one_of(&["live"])), Ignored));
    api.schema("operator.Started", wrapped("status", schema(one_of(&["started", "starting"])), Ignored));
    api.schema("operator.Readiness", schema_of::<Report>(MEMBERS));
    api.schema("operator.Ledger", schema_of::<Shown>(MEMBERS));
    api.schema("operator.Refusal", schema_of::<Refusal>(MEMBERS));
    api.schema("operator.Text", schema(text()));
    health(api);
    let metrics = described("metrics", "What is counted, in the text form of Prometheus");
    api.add(Get, "/metrics", metrics.answers(200, Answer::new("The metrics.").content("text/plain", "operator.Text")));
    api.add(Get, "/ledger", ledger());
    let document = described("openapi", "This document");
    api.schema("operator.Document", schema(utoipa::openapi::ObjectBuilder::new()));
    api.add(Get, "/openapi.json", document.answers(200, Answer::new("OpenAPI 3.1.").json("operator.Document")));
    let page = described("docs", "This document as a page");
    api.add(
        Get,
        "/docs",
        page.answers(200, Answer::new("HTML without a script.").content("text/html", "operator.Text")),
    );
    let styles = described("docs_styles", "How the page looks");
    api.add(
        Get,
        "/docs/page.css",
        styles.answers(200, Answer::new("A style sheet.").content("text/css", "operator.Text")),
    );
}

fn described(id: &str, summary: &str) -> Described {
    operation(TAG, &format!("operator_{id}"), summary, MEMBERS)
}

fn health(api: &mut Api) {
    let live = described("live", "Whether the process answers");
    api.add(Get, "/health/live", live.answers(200, Answer::new("It does.").json("operator.Alive")));
    let ready = described("ready", "Whether requests may be sent here");
    let ready = ready
        .answers(
            200,
            Answer::new("They may; some of them are told to come again where it is degraded.")
                .json("operator.Readiness"),
        )
        .answers(503, Answer::new("Not now.").json("operator.Readiness"));
    api.add(Get, "/health/ready", ready);
    let started = described("startup", "Whether everything was looked at once");
    let started = started
        .answers(200, Answer::new("It was.").json("operator.Started"))
        .answers(503, Answer::new("Not yet.").json("operator.Started"));
    api.add(Get, "/health/startup", started);
}

fn ledger() -> Described {
    let refused = |status: u16| {
        let answer = Answer::new(match status {
            400 => "The query names no chain, or cannot be read.",
            401 => "There is no valid token.",
            403 => "The token has not the role `auditor` where it would need it.",
            429 => "Too many requests.",
            503 => "Not now.",
            _ => "A fault inside.",
        });
        let answer = answer.json("operator.Refusal");
        if matches!(status, 429 | 503) { answer.header("Retry-After", "Seconds.") } else { answer }
    };
    described("ledger", "What became of private keys, for auditors")
        .about("Either `user_id` or `project_id`. Each look is recorded.")
        .query("user_id", "Whose chain.", text())
        .query("project_id", "Which project's chain.", text())
        .query("key_pair", "Of the key pair of that name alone.", text())
        .query("limit", "So many of the newest records.", number(1, i32::MAX))
        .query("region", "In that region; else in the service's own.", text())
        .security(TOKEN)
        .answers(200, Answer::new("The records.").json("operator.Ledger"))
        .refuses(&[400, 401, 403, 429, 500, 503], refused)
}
