//! What the embedded identity answers, for the OpenAPI document.

use utoipa::openapi::Schema;
use utoipa::openapi::path::HttpMethod::{Delete, Get, Post};
use utoipa::openapi::schema::ArrayBuilder;

use super::error::Body;
use super::token_view::TokenBody;
use super::versions::{Choices, Chosen};
use super::view::{List, One, Whole};
use crate::http::openapi::values::Further::Ignored;
use crate::http::openapi::values::Presence::{Optional, Required};
use crate::http::openapi::values::{any_of, boolean, object, one_of, schema, text};
use crate::http::openapi::{Answer, Api, Described, Member, Members, Shape, TOKEN, operation, schema_of, variant_of};

const TOKENS: &str = "identity: tokens";
const OWN: &str = "identity: what the token is for";
const READS: &str = "identity: projects, users, domains";
const VERSIONS: &str = "identity: versions";

const MOMENT: Shape = Shape::Pattern(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$");

const MEMBERS: Members = Members(&[
    Member { name: "id", about: "", shape: Shape::Free, example: "c6fec93d6e2d4c1cbb3a4bd0a1d2dbb2" },
    Member { name: "name", about: "", shape: Shape::Free, example: "demo" },
    Member { name: "expires_at", about: "", shape: MOMENT, example: "2026-11-21T23:21:21.000000Z" },
    Member { name: "issued_at", about: "", shape: MOMENT, example: "2026-11-21T22:21:21.000000Z" },
    Member { name: "interface", about: "", shape: Shape::Words(&["public", "internal", "admin"]), example: "public" },
]);

/// Where logins are mounted: as Keystone's, and without a prefix for Huawei's clients.
const AUTH: [(&str, &str); 2] = [("/identity/v3/auth", ""), ("/v3/auth", "_unprefixed")];

pub fn describe(api: &mut Api) {
    schemas(api);
    versions(api);
    for (prefix, suffix) in AUTH {
        tokens(api, prefix, suffix);
        own(api, prefix, suffix);
    }
    reads(api);
}

fn schemas(api: &mut Api) {
    api.schema("identity.Refusal", schema_of::<Body>(MEMBERS));
    api.schema("identity.Login", login());
    api.schema("identity.Token", schema_of::<TokenBody<'_>>(MEMBERS));
    api.schema("identity.Versions", schema_of::<Choices>(MEMBERS));
    api.schema("identity.Version", schema_of::<Chosen>(MEMBERS));
    for (name, member) in [("Catalog", "catalog"), ("Systems", "system")] {
        api.schema(&format!("identity.{name}"), variant_of::<Whole>(MEMBERS, member));
    }
    let lists = [("Projects", "projects"), ("Users", "users"), ("Domains", "domains"), ("Roles", "role_assignments")];
    for (name, member) in lists {
        api.schema(&format!("identity.{name}"), variant_of::<List<'_>>(MEMBERS, member));
    }
    for (name, member) in [("Project", "project"), ("User", "user"), ("Domain", "domain")] {
        api.schema(&format!("identity.{name}"), variant_of::<One<'_>>(MEMBERS, member));
    }
}

/// Further members are ignored everywhere, as by Keystone.
fn login() -> Schema {
    let text = || schema(text());
    let reference = || object([("id", text(), Optional), ("name", text(), Optional)], Ignored);
    let in_domain = || {
        let named = [("id", text(), Optional), ("name", text(), Optional), ("domain", reference(), Optional)];
        object(named, Ignored)
    };
    let user = [
        ("id", text(), Optional),
        ("name", text(), Optional),
        ("domain", reference(), Optional),
        ("password", text(), Required),
    ];
    let methods = ArrayBuilder::new().items(one_of(&["password", "token"])).min_items(Some(1)).max_items(Some(1));
    let identity = [
        ("methods", Schema::Array(methods.build()), Required),
        ("password", object([("user", object(user, Ignored), Required)], Ignored), Optional),
        ("token", object([("id", text(), Required)], Ignored), Optional),
    ];
    let whole = object([("all", schema(boolean()), Required)], Ignored);
    let scope = any_of([
        schema(one_of(&["unscoped"])),
        object([("project", in_domain(), Required)], Ignored),
        object([("domain", reference(), Required)], Ignored),
        object([("system", whole, Required)], Ignored),
    ]);
    let auth = [("identity", object(identity, Ignored), Required), ("scope", scope, Optional)];
    object([("auth", object(auth, Ignored), Required)], Ignored)
}

fn versions(api: &mut Api) {
    let choices = operation(VERSIONS, "identity_versions", "Which versions there are", MEMBERS);
    let choices = choices.answers(
        300,
        Answer::new("The one that there is.").header("Location", "Its address.").json("identity.Versions"),
    );
    api.add(Get, "/identity", choices.refuses(&[404], refusal));
    let version = operation(VERSIONS, "identity_version", "What version 3 is", MEMBERS);
    let version = version.answers(200, Answer::new("The version.").json("identity.Version"));
    api.add(Get, "/identity/v3", version.refuses(&[404], refusal));
}

/// An operation of who has a token.
fn described(tag: &str, id: &str, summary: &str) -> Described {
    let described = operation(tag, &format!("identity_{id}"), summary, MEMBERS).security(TOKEN);
    described.refuses(&[401, 404, 429, 500, 503], refusal)
}

fn refusal(status: u16) -> Answer {
    let answer = Answer::new(match status {
        400 => "The body or the query is wrong.",
        401 => "There is no valid token, or who logs in is not who it says.",
        403 => "It is an administrator's to ask, or somebody else's.",
        404 => "There is no such thing; or all users are a Keystone's, and the message says where.",
        408 => "The body did not come in time.",
        413 => "The body is too large.",
        429 => "Too many requests.",
        503 => "Not now.",
        _ => "A fault inside.",
    });
    let answer = match status {
        401 => answer.header("WWW-Authenticate", "Where to log in."),
        429 | 503 => answer.header("Retry-After", "Seconds."),
        _ => answer,
    };
    answer.json("identity.Refusal")
}

fn tokens(api: &mut Api, prefix: &str, suffix: &str) {
    let path = format!("{prefix}/tokens");
    let token = |about: &str| Answer::new(about).header("X-Subject-Token", "The token.").json("identity.Token");
    let without =
        |described: Described| described.query("nocatalog", "Leave out the catalog, whatever the value.", text());
    let subject = |described: Described| described.header("X-Subject-Token", "The token that is asked about.", text());
    let create = operation(TOKENS, &format!("identity_log_in{suffix}"), "Log in", MEMBERS).body("identity.Login");
    let create = create
        .answers(201, token("Who it is, and for what."))
        .refuses(&[400, 401, 404, 408, 413, 429, 500, 503], refusal);
    api.add(Post, &path, without(create));
    let show = described(TOKENS, &format!("show_token{suffix}"), "Check a token");
    let show = show.answers(200, token("Who it is, and for what.")).refuses(&[403], refusal);
    api.add(Get, &path, without(subject(show)));
    let end = described(TOKENS, &format!("end_token{suffix}"), "End a token");
    api.add(Delete, &path, subject(end.answers(204, Answer::new("It is over.")).refuses(&[403], refusal)));
}

fn own(api: &mut Api, prefix: &str, suffix: &str) {
    let catalog = described(OWN, &format!("catalog{suffix}"), "The services, and where they are");
    let catalog = catalog.answers(200, Answer::new("The catalog.").json("identity.Catalog")).refuses(&[403], refusal);
    api.add(Get, &format!("{prefix}/catalog"), catalog);
    for (path, schema) in [("projects", "Projects"), ("domains", "Domains"), ("system", "Systems")] {
        let own = described(OWN, &format!("own_{path}{suffix}"), &format!("What the user has a role on: {path}"));
        let answer = Answer::new("What there is.").json(&format!("identity.{schema}"));
        api.add(Get, &format!("{prefix}/{path}"), own.answers(200, answer));
    }
}

fn reads(api: &mut Api) {
    let named = |described: Described| {
        let described = described.query("name", "Of that name alone.", text());
        described.query("domain_id", "In that domain; there is one, `default`.", text()).refuses(&[400], refusal)
    };
    for (path, id) in [("/identity/v3/projects", "projects"), ("/v3/projects", "projects_unprefixed")] {
        let projects = named(described(READS, id, "List projects: one's own, for an administrator all"));
        api.add(Get, path, projects.answers(200, Answer::new("The projects.").json("identity.Projects")));
    }
    for (path, schema) in [("users", "Users"), ("domains", "Domains")] {
        let list = named(described(READS, path, &format!("List {path}, for an administrator")));
        let list = list.answers(200, Answer::new("All of them.").json(&format!("identity.{schema}")));
        api.add(Get, &format!("/identity/v3/{path}"), list.refuses(&[403], refusal));
    }
    for (path, schema) in [("projects", "Project"), ("users", "User"), ("domains", "Domain")] {
        let one = described(READS, &format!("one_of_{path}"), &format!("Show one of the {path}"));
        let one = one.answers(200, Answer::new("It.").json(&format!("identity.{schema}")));
        let one = if path == "domains" { one } else { one.refuses(&[403], refusal) };
        api.add(Get, &format!("/identity/v3/{path}/{{id}}"), one);
    }
    let projects = described(READS, "projects_of_user", "The projects that a user has a role on");
    let projects =
        projects.answers(200, Answer::new("The projects.").json("identity.Projects")).refuses(&[403], refusal);
    api.add(Get, "/identity/v3/users/{id}/projects", projects);
    let roles = described(READS, "role_assignments", "Who has which role on what, for an administrator")
        .query("scope.project.id", "On that project.", text())
        .query("user.id", "Of that user.", text());
    let roles = roles.answers(200, Answer::new("The roles.").json("identity.Roles")).refuses(&[400, 403], refusal);
    api.add(Get, "/identity/v3/role_assignments", roles);
}
