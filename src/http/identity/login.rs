//! The body of a login: from JSON to what is asked for. The refusals' order and texts are Keystone's (recorded).

use super::error::Error;
use crate::auth::{Domain, Login, ProjectRef, Proof, UserRef, WantedScope};
use crate::domain::SecretText;
use crate::http::json::Json;

const NOT_A_STRING: &str = "is not of type 'string'";
const NOT_AN_OBJECT: &str = "is not of type 'object'";
const NO_ID_OR_NAME: &str = "id or name must be present.";

/// Reads `{"auth": {"identity": {"methods": […], …}, "scope": …}}`.
pub(super) fn read(body: &[u8]) -> Result<Login, Error> {
    let missing_auth = Error::Missing { what: "auth", place: "request body" };
    if body.is_empty() {
        return Err(missing_auth);
    }
    let parsed = Json::parse(body).ok().filter(|parsed| parsed.as_object().is_some());
    let parsed = parsed.ok_or(Error::Missing { what: "valid JSON", place: "request body" })?;
    let auth = member(&parsed, "auth").ok_or(missing_auth)?;
    if auth.as_object().is_none() {
        return Err(Error::Invalid { field: "auth", reason: NOT_AN_OBJECT });
    }
    let proof = read_proof(object(auth, "identity", "identity")?)?;
    Ok(Login { proof, scope: read_scope(member(auth, "scope"))? })
}

fn read_proof(identity: &Json) -> Result<Proof, Error> {
    let methods = match member(identity, "methods") {
        Some(Json::Array(methods)) => methods,
        Some(_) => return Err(Error::Invalid { field: "identity/methods", reason: "is not of type 'array'" }),
        None => return Err(Error::Invalid { field: "identity", reason: "'methods' is a required property" }),
    };
    let mut names = Vec::new();
    for method in methods {
        names.push(method.as_str().ok_or(Error::Invalid { field: "identity/methods/0", reason: NOT_A_STRING })?);
    }
    names.dedup();
    match names.as_slice() {
        [] => Err(Error::Unauthenticated),
        ["password"] => read_password(identity),
        ["token"] => read_token(identity),
        _ => Err(Error::UnsupportedMethod),
    }
}

fn read_password(identity: &Json) -> Result<Proof, Error> {
    let password = member(identity, "password").ok_or(Error::Missing { what: "password", place: "identity" })?;
    let user = member(password, "user").ok_or(Error::Missing { what: "user", place: "password" })?;
    if user.as_object().is_none() {
        return Err(Error::Invalid { field: "identity/password/user", reason: NOT_AN_OBJECT });
    }
    let id = text(user, "id", "identity/password/user/id")?;
    let name = text(user, "name", "identity/password/user/name")?;
    let domain = match member(user, "domain") {
        Some(domain) => Some(read_domain(domain, "identity/password/user/domain")?),
        None => None,
    };
    let named = match (id, name) {
        (Some(id), _) => UserRef::Id(id.to_owned()),
        (None, Some(name)) => {
            let domain = domain.ok_or(Error::Missing { what: "domain", place: "user" })?;
            UserRef::Name { name: name.to_owned(), domain }
        }
        (None, None) => return Err(Error::Missing { what: "id or name", place: "user" }),
    };
    match text(user, "password", "identity/password/user/password")? {
        Some(password) => Ok(Proof::Password { user: named, password: SecretText::new(password.to_owned()) }),
        None => Err(Error::Unauthenticated),
    }
}

fn read_token(identity: &Json) -> Result<Proof, Error> {
    let token = member(identity, "token").ok_or(Error::Missing { what: "token", place: "identity" })?;
    let id = text(token, "id", "identity/token/id")?;
    let id = id.ok_or(Error::Invalid { field: "identity/token", reason: "'id' is a required property" })?;
    Ok(Proof::Token(SecretText::new(id.to_owned())))
}

fn read_scope(scope: Option<&Json>) -> Result<WantedScope, Error> {
    let unclear = Error::Missing { what: "system, project, domain or unscoped", place: "scope" };
    let Some(scope) = scope else { return Ok(WantedScope::Unscoped) };
    if scope.as_str() == Some("unscoped") {
        return Ok(WantedScope::Unscoped);
    }
    match scope.as_object() {
        Some([(kind, wanted)]) => match kind.as_str() {
            "project" => read_project(wanted).map(WantedScope::Project),
            "domain" => read_domain(wanted, "scope/domain").map(WantedScope::Domain),
            "system" => match member(wanted, "all") {
                Some(Json::Bool(true)) => Ok(WantedScope::System),
                _ => Err(Error::Invalid { field: "scope/system", reason: "'all' must be true" }),
            },
            "unscoped" => Ok(WantedScope::Unscoped),
            _ => Err(unclear),
        },
        Some(_) => Err(unclear),
        None => Err(Error::Invalid { field: "scope", reason: NOT_AN_OBJECT }),
    }
}

/// Keystone wants a domain beside a project's name (recorded); Huawei's clients send none, and there is but one here.
fn read_project(project: &Json) -> Result<ProjectRef, Error> {
    let id = text(project, "id", "scope/project/id")?;
    let name = text(project, "name", "scope/project/name")?;
    let domain = match member(project, "domain") {
        Some(domain) => read_domain(domain, "scope/project/domain"),
        None => Ok(Domain::Id(crate::auth::DOMAIN_ID.to_owned())),
    };
    match (id, name) {
        (Some(id), _) => Ok(ProjectRef::Id(id.to_owned())),
        (None, Some(name)) => Ok(ProjectRef::Name { name: name.to_owned(), domain: domain? }),
        (None, None) => Err(Error::Invalid { field: "scope/project", reason: NO_ID_OR_NAME }),
    }
}

fn read_domain(domain: &Json, field: &'static str) -> Result<Domain, Error> {
    match (text(domain, "id", field)?, text(domain, "name", field)?) {
        (Some(id), _) => Ok(Domain::Id(id.to_owned())),
        (None, Some(name)) => Ok(Domain::Name(name.to_owned())),
        (None, None) => Err(Error::Invalid { field, reason: NO_ID_OR_NAME }),
    }
}

/// A member that is there and not null.
fn member<'a>(parent: &'a Json, name: &str) -> Option<&'a Json> {
    parent.get(name).filter(|value| !matches!(value, Json::Null))
}

fn object<'a>(parent: &'a Json, name: &'static str, field: &'static str) -> Result<&'a Json, Error> {
    let value = member(parent, name).ok_or(Error::Invalid { field, reason: "is a required property" })?;
    value.as_object().map(|_| value).ok_or(Error::Invalid { field, reason: NOT_AN_OBJECT })
}

fn text<'a>(parent: &'a Json, name: &str, field: &'static str) -> Result<Option<&'a str>, Error> {
    match member(parent, name) {
        Some(value) => value.as_str().map(Some).ok_or(Error::Invalid { field, reason: NOT_A_STRING }),
        None => Ok(None),
    }
}
