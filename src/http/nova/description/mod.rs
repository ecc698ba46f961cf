//! What Nova's dialect answers, for the OpenAPI document.

mod bodies;
mod quotas;
mod refusals;

use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Post, Put};

use self::bodies::{CREATE, CREATE_FROZEN};
use self::refusals::refusal;
use super::microversion::Microversion;
use super::name::LONGEST;
use super::view::{CreatedView, ListView, ShownView};
use super::{KEY_PAIR, LIST, PREFIXES, extensions, versions};
use crate::http::openapi::values::{Further, number, text, text_of, wrapped};
use crate::http::openapi::{Answer, Api, Described, Member, Members, Shape, TOKEN, operation, schema_of};

const KEY_PAIRS: &str = "nova: key pairs";
const VERSIONS: &str = "nova: versions";
const EXTENSIONS: &str = "nova: extensions";

const MOMENT: Shape = Shape::Pattern(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$");

const MEMBERS: Members = Members(&[
    Member {
        name: "project_id",
        about: "The project of the token.",
        shape: Shape::Pattern("^[0-9a-f-]+$"),
        example: "c6fec93d6e2d4c1cbb3a4bd0a1d2dbb2",
    },
    Member { name: "name", about: "Unique among the user's key pairs.", shape: Shape::AtMost(LONGEST), example: "web" },
    Member {
        name: "public_key",
        about: "As it was given, or as it was made.",
        shape: Shape::Free,
        example: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5u0xmkjm0pXKbXo8aZdMHQIh5m8i6n6Zq1oW4S3t8b me@home",
    },
    Member {
        name: "fingerprint",
        about: "MD5 of an SSH key, SHA-1 of a certificate.",
        shape: Shape::Pattern("^([0-9a-f]{2}:){15}([0-9a-f]{2}:){0,4}[0-9a-f]{2}$"),
        example: "89:f0:ba:62:ac:b8:aa:e1:61:5e:fd:81:69:86:6d:6b",
    },
    Member {
        name: "private_key",
        about: "Of a key pair that was generated: this once. Until 2.91.",
        shape: Shape::Free,
        example: "",
    },
    Member { name: "type", about: "From 2.2 on.", shape: Shape::Words(&["ssh", "x509"]), example: "ssh" },
    Member { name: "user_id", about: "", shape: Shape::Free, example: "1d9a5d8c0b9e4a5c8f3a7c2a4a7a9a11" },
    Member { name: "created_at", about: "UTC, without a zone.", shape: MOMENT, example: "2026-11-21T22:21:21.123456" },
    Member { name: "updated_at", about: "UTC, without a zone.", shape: MOMENT, example: "2026-11-21T22:21:21.123456" },
    Member {
        name: "deleted_at",
        about: "Always null: what is deleted is gone.",
        shape: MOMENT,
        example: "2026-11-21T22:21:21.123456",
    },
    Member { name: "id", about: "", shape: Shape::Free, example: "c6fec93d6e2d4c1cbb3a4bd0a1d2dbb2" },
    Member { name: "alias", about: "", shape: Shape::Free, example: "os-keypairs" },
]);

pub fn describe(api: &mut Api) {
    refusals::schemas(api);
    bodies::schemas(api);
    api.schema("nova.KeyPairCreated", key_pair::<CreatedView<'_>>());
    api.schema("nova.KeyPair", key_pair::<ShownView<'_>>());
    api.schema("nova.KeyPairs", schema_of::<ListView<'_>>(MEMBERS));
    for (place, (list, key_pair)) in Place::ALL.into_iter().zip(LIST.into_iter().zip(KEY_PAIR)) {
        api.add(Get, list, list_key_pairs(place));
        api.add(Post, list, create(place));
        api.add(Get, key_pair, show(place));
        api.add(Delete, key_pair, delete(place));
        api.add(Put, key_pair, unrouted(place, "describe_key_pair"));
        api.add(Post, &format!("{list}/copy"), unrouted(place, "copy_key_pairs"));
    }
    quotas::describe(api);
    for (place, prefix) in Place::ALL.into_iter().zip(PREFIXES) {
        extensions_below(api, place, prefix);
    }
    version_documents(api);
}

/// As it stands under its name.
fn key_pair<T: ToSchema>() -> Schema {
    wrapped("keypair", schema_of::<T>(MEMBERS), Further::Ignored)
}

/// Which of the four prefixes an operation stands below.
#[derive(Clone, Copy)]
enum Place {
    Current,
    CurrentOfProject,
    Frozen,
    FrozenOfProject,
}

impl Place {
    /// In the order in which the routes are listed.
    const ALL: [Self; 4] = [Self::Current, Self::CurrentOfProject, Self::Frozen, Self::FrozenOfProject];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::CurrentOfProject => "_in_project",
            Self::Frozen => "_frozen",
            Self::FrozenOfProject => "_frozen_in_project",
        }
    }

    const fn is_frozen(self) -> bool {
        match self {
            Self::Current | Self::CurrentOfProject => false,
            Self::Frozen | Self::FrozenOfProject => true,
        }
    }

    /// An operation that needs a token: refused without one; its version, and what is wrong with the version.
    fn operation(self, tag: &str, id: &str, summary: &str) -> Described {
        let described = operation(tag, &format!("nova_{id}{}", self.suffix()), summary, MEMBERS).security(TOKEN);
        let described = described.refuses(&[401, 413, 429, 500, 503], refusal);
        if self.is_frozen() { described.deprecated() } else { versioned(described) }
    }
}

/// The headers that choose a microversion, and the refusal of one that there is not.
fn versioned(described: Described) -> Described {
    let version = r"(2\.(0|[1-9]\d*)|latest)";
    let newest = Microversion::NEWEST;
    described
        .header(
            "OpenStack-API-Version",
            &format!(
                "The microversion, from {} (which is answered without the header) to {newest}.",
                Microversion::OLDEST
            ),
            text().pattern(Some(format!("^compute {version}$"))).examples([format!("compute {newest}")]),
        )
        .header(
            "X-OpenStack-Nova-API-Version",
            "The same in an older form; the other header wins.",
            text().pattern(Some(format!("^{version}$"))).examples([newest.to_string()]),
        )
        .refuses(&[400, 406], refusal)
}

fn user_id(described: Described) -> Described {
    described.query("user_id", "Another user's, for an administrator. From 2.10 on.", text_of(0, 255))
}

fn list_key_pairs(place: Place) -> Described {
    let described =
        user_id(place.operation(KEY_PAIRS, "list_key_pairs", "List the user's and the project's key pairs"));
    described
        .query("limit", "The longest page. From 2.35 on.", number(0, i32::MAX))
        .query("marker", "The name that the page begins after. From 2.35 on.", text())
        .answers(200, Answer::new("The key pairs, by name. From 2.35 on in pages.").json("nova.KeyPairs"))
        .refuses(&[400, 403], refusal)
}

fn create(place: Place) -> Described {
    let described = place.operation(KEY_PAIRS, "create_key_pair", "Import a public key, or generate a key pair");
    let described = described.about(
        "From 2.92 on keys are imported only. The extension members `key_protection`, `algorithm` and \
         `private_key_format` are taken at every microversion.",
    );
    let made = "The key pair, with its private key if it was generated";
    let described = match place {
        Place::Current | Place::CurrentOfProject => described
            .body(CREATE)
            .answers(200, Answer::new(&format!("{made}. At 2.1.")).json("nova.KeyPairCreated"))
            .answers(201, Answer::new(&format!("{made}. From 2.2 on.")).json("nova.KeyPairCreated")),
        Place::Frozen | Place::FrozenOfProject => {
            described.body(CREATE_FROZEN).answers(200, Answer::new(&format!("{made}.")).json("nova.KeyPairCreated"))
        }
    };
    described.refuses(&[400, 403, 408, 409, 415], refusal)
}

fn show(place: Place) -> Described {
    let described = user_id(place.operation(KEY_PAIRS, "show_key_pair", "Show a key pair"));
    described.answers(200, Answer::new("The key pair.").json("nova.KeyPair")).refuses(&[400, 403, 404], refusal)
}

fn delete(place: Place) -> Described {
    let described = user_id(place.operation(KEY_PAIRS, "delete_key_pair", "Delete a key pair"));
    let described = match place {
        Place::Current | Place::CurrentOfProject => described
            .answers(202, Answer::new("It is gone. At 2.1."))
            .answers(204, Answer::new("It is gone. From 2.2 on.")),
        Place::Frozen | Place::FrozenOfProject => described.answers(202, Answer::new("It is gone.")),
    };
    described.refuses(&[400, 403, 404], refusal)
}

/// What only signed requests find: to others Nova says what it says of all methods that it does not have.
fn unrouted(place: Place, id: &str) -> Described {
    let summary = "Nova has no such call: without a signature always refused";
    let described = operation(KEY_PAIRS, &format!("nova_{id}{}", place.suffix()), summary, MEMBERS).security(TOKEN);
    described.refuses(&[401, 404, 413, 429, 500, 503], refusal)
}

fn extensions_below(api: &mut Api, place: Place, prefix: &str) {
    api.schema("nova.Extensions", schema_of::<extensions::List>(Members(&[])));
    api.schema("nova.Extension", schema_of::<extensions::One>(Members(&[])));
    let list = place.operation(EXTENSIONS, "list_extensions", "List Nova's extensions, as they were frozen");
    let list = list.answers(200, Answer::new("All of them, whether they exist here or not.").json("nova.Extensions"));
    api.add(Get, &format!("{prefix}/extensions"), list.refuses(&[400, 403], refusal));
    let one = place.operation(EXTENSIONS, "show_extension", "Show one of them");
    let one = one.answers(200, Answer::new("The extension.").json("nova.Extension"));
    api.add(Get, &format!("{prefix}/extensions/{{alias}}"), one.refuses(&[400, 403, 404], refusal));
}

/// They need no token; any method gets them, of which GET is described.
fn version_documents(api: &mut Api) {
    api.schema("nova.Versions", schema_of::<versions::Versions>(Members(&[])));
    api.schema("nova.Version", schema_of::<versions::Document>(Members(&[])));
    let described = |id: &str, summary: &str| operation(VERSIONS, &format!("nova_{id}"), summary, MEMBERS);
    let list = described("versions", "Which versions there are");
    api.add(Get, "/", list.answers(200, Answer::new("Both versions.").json("nova.Versions")));
    let document = || Answer::new("The version.").json("nova.Version");
    for (id, path) in [("version", "/v2.1"), ("version_slash", "/v2.1/")] {
        let current = versioned(described(id, "What 2.1 is"));
        api.add(Get, path, current.answers(200, document()));
    }
    let of_project =
        Place::CurrentOfProject.operation(VERSIONS, "version", "The same to who has a token of the project");
    api.add(Get, "/v2.1/{project_id}/", of_project.answers(200, document()));
    for (id, path) in [("version_frozen", "/v2"), ("version_frozen_slash", "/v2/")] {
        api.add(Get, path, described(id, "What the frozen 2.0 is").deprecated().answers(200, document()));
    }
}
