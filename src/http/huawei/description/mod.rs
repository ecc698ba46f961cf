//! What KPS answers, for the OpenAPI document.

mod bodies;
mod signed;
mod v2_1;
mod v3;

use utoipa::openapi::path::HttpMethod::Get;

use super::error::Body;
use super::iam;
use crate::http::openapi::values::text;
use crate::http::openapi::{
    Answer, Api, Described, HUAWEI_SIGNATURE, Member, Members, Shape, TOKEN, operation, schema_of,
};

const MOMENT: Shape = Shape::Pattern(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$");

const MEMBERS: Members = Members(&[
    Member {
        name: "project_id",
        about: "The project of the token or access key.",
        shape: Shape::Pattern("^[0-9a-f-]+$"),
        example: "c6fec93d6e2d4c1cbb3a4bd0a1d2dbb2",
    },
    Member { name: "keypair_name", about: "The key pair's name.", shape: Shape::AtMost(255), example: "web" },
    Member { name: "name", about: "", shape: Shape::AtMost(255), example: "web" },
    Member {
        name: "public_key",
        about: "",
        shape: Shape::Free,
        example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5u0xmkjm0pXKbXo8aZdMHQIh5m8i6n6Zq1oW4S3t8b me@home",
    },
    Member {
        name: "fingerprint",
        about: "MD5 of an SSH key, SHA-1 of a certificate.",
        shape: Shape::Pattern("^([0-9a-f]{2}:){15}([0-9a-f]{2}:){0,4}[0-9a-f]{2}$"),
        example: "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b",
    },
    Member { name: "private_key", about: "", shape: Shape::Free, example: "" },
    Member { name: "type", about: "", shape: Shape::Words(&["ssh", "x509"]), example: "ssh" },
    Member {
        name: "scope",
        about: "The user's own, or the whole project's.",
        shape: Shape::Words(&["user", "domain"]),
        example: "user",
    },
    Member { name: "frozen_state", about: "", shape: Shape::Words(&["0"]), example: "0" },
    Member {
        name: "algorithm",
        about: "",
        shape: Shape::Pattern("^SSH_(RSA_[0-9]+|DSA|ED25519|ECDSA_(256|384|521)|SK_ED25519|SK_ECDSA_256)$"),
        example: "SSH_RSA_2048",
    },
    Member { name: "created_at", about: "UTC, without a zone.", shape: MOMENT, example: "2026-11-21T22:21:21.123456" },
    Member { name: "updated_at", about: "UTC, without a zone.", shape: MOMENT, example: "2026-11-21T22:21:21.123456" },
    Member {
        name: "deleted_at",
        about: "Always null: what is deleted is gone.",
        shape: MOMENT,
        example: "2026-11-21T22:21:21.123456",
    },
    Member { name: "error_code", about: "", shape: Shape::Pattern(r"^(KPS|APIGW)\.\d{4}$"), example: "KPS.0002" },
    Member {
        name: "request_id",
        about: "",
        shape: Shape::Pattern("^req-[0-9a-f-]{36}$"),
        example: "req-8f0cbb6e-13cc-4e9b-a36a-6b1f3b2f3d5a",
    },
    Member { name: "task_id", about: "", shape: Shape::Free, example: "8f0cbb6e13cc4e9ba36a6b1f3b2f3d5a" },
    Member {
        name: "call",
        about: "",
        shape: Shape::Words(&["associate", "batch-associate", "disassociate"]),
        example: "associate",
    },
]);

pub fn describe(api: &mut Api) {
    api.schema("kps.Refusal", schema_of::<Body<'_>>(MEMBERS));
    bodies::schemas(api);
    v2_1::describe(api);
    signed::describe(api);
    v3::describe(api);
    identity(api);
}

/// An operation of who has a token of the project or signs: what a request may be refused for before it is looked at.
fn described(tag: &str, id: &str, summary: &str) -> Described {
    signed_only(tag, id, summary).security(TOKEN)
}

fn signed_only(tag: &str, id: &str, summary: &str) -> Described {
    let described = operation(tag, &format!("kps_{id}"), summary, MEMBERS).security(HUAWEI_SIGNATURE);
    described.refuses(&[400, 401, 403, 408, 413, 429, 500, 503], refusal)
}

fn refusal(status: u16) -> Answer {
    let answer = Answer::new(match status {
        400 => "The path, the query or the body is wrong.",
        401 => "There is no valid token, or the signature is wrong.",
        403 => "It is another project's, or not allowed, or the limit is reached.",
        404 => "There is nothing of that name.",
        409 => "The name is taken.",
        408 => "The body did not come in time.",
        413 => "The body is too large.",
        429 => "Too many requests.",
        503 => "Not now.",
        _ => "A fault inside.",
    });
    let answer = match status {
        401 => answer.header("WWW-Authenticate", "`Keystone`, where a token would do."),
        429 | 503 => answer.header("Retry-After", "Seconds."),
        _ => answer,
    };
    answer.json("kps.Refusal")
}

/// What signed requests ask of Huawei's identity service.
fn identity(api: &mut Api) {
    api.schema("kps.Projects", schema_of::<iam::Projects>(MEMBERS));
    api.schema("kps.Domains", schema_of::<iam::Domains>(MEMBERS));
    let projects = signed_only("kps: identity", "projects", "The access key's project");
    let projects = projects.query("name", "The region's name; that of another project finds none.", text());
    api.add(Get, "/v3/projects", projects.answers(200, Answer::new("One project, or none.").json("kps.Projects")));
    let domains = signed_only("kps: identity", "domains", "The domain, of which there is one");
    api.add(Get, "/v3/auth/domains", domains.answers(200, Answer::new("The domain.").json("kps.Domains")));
}
