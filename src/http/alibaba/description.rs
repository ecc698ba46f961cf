//! What Alibaba's two products answer, for the OpenAPI document.
//!
//! All of it is on `/`, and the parameter `Action` tells what is asked. A path of the document has no query, so that each
//! action's stands behind a `#`, which clients do not send: `/#ecs.CreateKeyPair` is `/`.

use utoipa::openapi::path::HttpMethod::{Get, Post};
use utoipa::openapi::schema::{Object, ObjectBuilder};

use super::refusal::Body;
use crate::http::openapi::values::Further::Ignored;
use crate::http::openapi::values::Presence::{Optional, Required};
use crate::http::openapi::values::{Presence, Property, number, object, one_of, schema, text, text_of};
use crate::http::openapi::{
    ACS3_SIGNATURE, ALIBABA_SIGNATURE, Answer, Api, Described, Member, Members, Shape, operation, schema_of,
};

const REQUEST_ID: Shape = Shape::Pattern("^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$");
/// The longest names and ids, in characters.
const USUAL: usize = 255;
/// The longest other texts.
const LONGEST: usize = 16_384;
const FORM: &str = "application/x-www-form-urlencoded";

pub(super) const MEMBERS: Members = Members(&[
    Member {
        name: "RequestId",
        about: "Also in `x-acs-request-id`.",
        shape: REQUEST_ID,
        example: "8F0CBB6E-13CC-4E9B-A36A-6B1F3B2F3D5A",
    },
    Member {
        name: "KeyPairId",
        about: "",
        shape: Shape::Pattern("^ssh-[0-9a-z]{32}$"),
        example: "ssh-0190a6e1d0c87e3fb1f2aabbccddeeff",
    },
    Member { name: "KeyPairName", about: "", shape: Shape::Free, example: "web" },
    Member {
        name: "KeyPairFingerPrint",
        about: "MD5, without colons unless the operator wants them.",
        shape: Shape::Pattern("^([0-9a-f]{32}|([0-9a-f]{2}:){15}[0-9a-f]{2})$"),
        example: "89f0ba62acb8aae1615efd8169866d6b",
    },
    Member { name: "PrivateKeyBody", about: "This once.", shape: Shape::Free, example: "" },
    Member {
        name: "CreationTime",
        about: "ECS: to the minute. ENS: to the second.",
        shape: Shape::Pattern(r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$"),
        example: "2026-11-21T22:21Z",
    },
    Member { name: "ResourceType", about: "", shape: Shape::Words(&["keypair"]), example: "keypair" },
    Member { name: "Status", about: "", shape: Shape::Words(&["available"]), example: "available" },
]);

pub fn describe(api: &mut Api) {
    api.schema("alibaba.Refusal", schema_of::<Body<'_>>(MEMBERS));
    super::ecs::document(api);
    super::ens::document(api);
}

/// A parameter of an action: its name, what it is, its schema, and whether it must be there.
pub(super) type Parameter = (&'static str, &'static str, Object, Presence);

pub(super) fn required(name: &'static str, about: &'static str) -> Parameter {
    (name, about, text_of(1, USUAL).build(), Required)
}

/// One that has room for a public key, or for a hundred names.
pub(super) fn long(name: &'static str, about: &'static str) -> Parameter {
    (name, about, text_of(1, LONGEST).build(), Required)
}

pub(super) fn optional(name: &'static str, about: &'static str) -> Parameter {
    (name, about, text().build(), Optional)
}

/// One of these words.
pub(super) fn word(name: &'static str, about: &'static str, words: &[&str], presence: Presence) -> Parameter {
    (name, about, one_of(words).build(), presence)
}

/// A whole number from 1 on.
pub(super) fn count(name: &'static str, about: &'static str, most: i32) -> Parameter {
    (name, about, number(1, most).build(), Optional)
}

/// One of the two, as a request names it.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) id: &'static str,
    pub(super) version: &'static str,
}

/// One action of a product.
pub(super) struct Action {
    name: &'static str,
    about: &'static str,
    parameters: Vec<Parameter>,
    /// The schema of what is answered; none where it is always refused.
    answer: Option<&'static str>,
}

impl Action {
    pub(super) fn answered(
        name: &'static str,
        about: &'static str,
        parameters: Vec<Parameter>,
        schema: &'static str,
    ) -> Self {
        Self { name, about, parameters, answer: Some(schema) }
    }

    /// One that is there for clients to be told that there are no instances.
    pub(super) fn refused(name: &'static str, parameters: Vec<Parameter>) -> Self {
        Self { name, about: "Always refused: there are no instances", parameters, answer: None }
    }
}

impl Product {
    /// Both ways to send an action: all in the query, or in a form.
    pub(super) fn add(self, api: &mut Api, action: Action) {
        let path = format!("/#{}.{}", self.id, action.name);
        let parameters: Vec<Parameter> =
            self.common(action.name).into_iter().chain(action.parameters.clone()).collect();
        let get = self.described(&action, "get");
        let get = parameters.iter().cloned().fold(get, |described, (name, about, schema, presence)| match presence {
            Required => described.required_query(name, about, ObjectBuilder::from(schema)),
            Optional => described.query(name, about, ObjectBuilder::from(schema)),
        });
        api.add(Get, &path, get);
        let form = format!("{}.{}Form", self.id, action.name);
        let property = |(name, about, parameter, presence): Parameter| -> Property {
            (name, schema(ObjectBuilder::from(parameter).description(Some(about))), presence)
        };
        api.schema(&form, object(parameters.into_iter().map(property), Ignored));
        api.add(Post, &path, self.described(&action, "post").body_in(FORM, &form));
    }

    fn common(self, action: &str) -> Vec<Parameter> {
        vec![
            word("Action", "With ACS3, `x-acs-action`.", &[action], Required),
            word("Version", "With ACS3, `x-acs-version`.", &[self.version], Required),
            word("Format", "What the answer is written in.", &["JSON", "XML"], Optional),
            optional("AccessKeyId", "Who signs."),
            word("SignatureMethod", "", &["HMAC-SHA1"], Optional),
            word("SignatureVersion", "", &["1.0"], Optional),
            optional("SignatureNonce", "Another one for each request."),
            optional("Timestamp", "UTC, as in 2026-11-21T22:21:21Z."),
            optional("SecurityToken", "Of a temporary access key."),
        ]
    }

    fn described(self, action: &Action, method: &str) -> Described {
        let tag = format!("alibaba: {} {}", self.id.to_uppercase(), self.version);
        let id = format!("{}_{}_{method}", self.id, action.name);
        let described = operation(&tag, &id, action.about, MEMBERS)
            .security(ALIBABA_SIGNATURE)
            .security(ACS3_SIGNATURE)
            .refuses(&[400, 403, 404, 408, 413, 500, 503], refusal);
        match action.answer {
            Some(schema) => described.answers(200, both_formats(Answer::new("Done."), schema)),
            None => described,
        }
    }
}

fn both_formats(answer: Answer, schema: &str) -> Answer {
    answer.json(schema).content("text/xml", schema).header("x-acs-request-id", "The request's id.")
}

fn refusal(status: u16) -> Answer {
    let answer = Answer::new(match status {
        400 => "A parameter is missing or wrong, or the signature is; `Code` tells which.",
        403 => "It is not allowed, or a limit is reached.",
        404 => "There is no such access key, action, region or thing.",
        408 => "The body did not come in time.",
        413 => "The body is too large.",
        503 => "Not now.",
        _ => "A fault inside.",
    });
    let answer = if status == 503 { answer.header("x-acs-retry-after", "Milliseconds.") } else { answer };
    both_formats(answer, "alibaba.Refusal")
}
