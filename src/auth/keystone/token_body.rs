//! What Keystone says of a token: the members that are needed, and what they mean here.

use std::collections::BTreeSet;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::failure::Failure;
use crate::domain::{Caller, DomainId, Error, ProjectId, Role, Scope, Timestamp, UserId};

/// `{"token": …}`, as `GET` and `POST /v3/auth/tokens` and `POST /v3/s3tokens` answer (recorded from Keystone 30). Further
/// members are passed over.
#[derive(Deserialize)]
struct Body {
    token: TokenBody,
}

#[derive(Deserialize)]
pub(super) struct TokenBody {
    expires_at: String,
    user: Identified,
    project: Option<Identified>,
    domain: Option<Identified>,
    system: Option<System>,
    #[serde(default)]
    roles: Vec<Named>,
    #[serde(default)]
    catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct System {
    all: bool,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    interface: String,
    region: Option<String>,
    url: String,
}

/// Interfaces of an endpoint, the best for a service first.
const INTERFACES: [&str; 3] = ["internal", "admin", "public"];

impl TokenBody {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let unreadable = |error| Failure::unreadable("token's body", &error);
        let body: Body = serde_json::from_slice(bytes).map_err(unreadable)?;
        Ok(body.token)
    }

    pub(super) fn expires_at(&self) -> Result<Timestamp, Failure> {
        let moment = OffsetDateTime::parse(&self.expires_at, &Rfc3339);
        let moment = moment.map_err(|error| Failure::Unreadable(format!("expires_at: {error}")))?;
        let micros = i64::try_from(moment.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX);
        Ok(Timestamp::from_micros(micros))
    }

    /// Who calls with the token.
    pub(super) fn caller(&self) -> Result<Caller, Failure> {
        let unreadable = |error: Error| Failure::Unreadable(error.to_string());
        Ok(Caller {
            user: UserId::parse(&self.user.id).map_err(unreadable)?,
            scope: self.scope().map_err(unreadable)?,
            roles: self.roles(),
        })
    }

    fn scope(&self) -> Result<Scope, Error> {
        Ok(match self {
            Self { project: Some(project), .. } => Scope::Project(ProjectId::parse(&project.id)?),
            Self { domain: Some(domain), .. } => Scope::Domain(DomainId::parse(&domain.id)?),
            Self { system: Some(System { all: true }), .. } => Scope::System,
            Self { .. } => Scope::Unscoped,
        })
    }

    /// In small letters, as OpenStack's policies compare them: `Admin` is `admin`.
    fn roles(&self) -> BTreeSet<Role> {
        self.roles.iter().map(|role| Role::of_elsewhere(&role.name.to_lowercase())).collect()
    }

    /// The address of the identity service in a region, by the interface that is meant for services.
    pub(super) fn identity_endpoint(&self, region: &str) -> Option<&str> {
        let of_identity = self.catalog.iter().filter(|service| service.kind == "identity");
        let endpoints: Vec<_> = of_identity.flat_map(|service| &service.endpoints).collect();
        INTERFACES.into_iter().find_map(|interface| {
            let fits =
                |it: &&&Endpoint| it.interface == interface && it.region.as_deref().is_some_and(|it| it == region);
            endpoints.iter().find(fits).map(|endpoint| endpoint.url.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(changed: Value) -> Result<TokenBody, Failure> {
        let mut token = json!({ "expires_at": "2026-11-25T20:35:08.000000Z", "user": { "id": "ann", "name": "Ann" } });
        for (name, value) in changed.as_object().expect("is an object") {
            token[name] = value.clone();
        }
        TokenBody::parse(json!({ "token": token }).to_string().as_bytes())
    }

    fn caller(changed: Value) -> Caller {
        parse(changed).and_then(|body| body.caller()).expect("is a caller")
    }

    #[test]
    fn the_scope_is_the_tokens() {
        let project = ProjectId::parse("p1").expect("is an id");
        let domain = DomainId::parse("d1").expect("is an id");
        for (said, scope) in [
            (json!({ "project": { "id": "p1", "domain": { "id": "d1" } } }), Scope::Project(project)),
            (json!({ "domain": { "id": "d1" } }), Scope::Domain(domain)),
            (json!({ "system": { "all": true } }), Scope::System),
            (json!({ "system": { "all": false } }), Scope::Unscoped),
            (json!({}), Scope::Unscoped),
        ] {
            assert_eq!(caller(said.clone()).scope, scope, "{said}");
        }
    }

    #[test]
    fn roles_are_compared_without_their_case_and_may_have_any_name() {
        let roles = caller(json!({ "roles": [{ "name": "Admin" }, { "name": "Key Operator" }] })).roles;
        assert_eq!(roles, [Role::ADMIN, Role::of_elsewhere("key operator")].into());
    }

    #[test]
    fn the_expiry_is_read_to_the_microsecond() {
        let expires_at = |text: &str| parse(json!({ "expires_at": text })).and_then(|body| body.expires_at());
        assert_eq!(expires_at("1970-01-01T00:00:01.000002Z").expect("is a time"), Timestamp::from_micros(1_000_002));
        for text in ["", "tomorrow", "2026-11-25"] {
            assert!(matches!(expires_at(text), Err(Failure::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn what_is_no_token_is_no_caller() {
        for body in ["", "null", "[]", "{}", r#"{"token": {}}"#, r#"{"token": {"user": {"id": "u"}}}"#] {
            assert!(matches!(TokenBody::parse(body.as_bytes()), Err(Failure::Unreadable(_))), "{body}");
        }
        let secret = TokenBody::parse(br#"{"token": "a secret of another service"}"#).err().expect("is none");
        assert!(!secret.to_string().contains("secret"), "{secret}");
        assert!(parse(json!({ "user": { "id": "" } })).and_then(|body| body.caller()).is_err());
        assert!(parse(json!({ "project": { "id": "a\nb" } })).and_then(|body| body.caller()).is_err());
    }

    #[test]
    fn the_endpoint_is_the_regions_and_rather_internal_than_public() {
        let endpoint = |interface: &str, region: &str| json!({ "interface": interface, "region": region, "url": format!("{interface}.{region}") });
        let identity = [endpoint("public", "one"), endpoint("internal", "one"), endpoint("public", "two")];
        let compute = [endpoint("internal", "three")];
        let catalog =
            json!([{ "type": "compute", "endpoints": compute }, { "type": "identity", "endpoints": identity }]);
        let body = parse(json!({ "catalog": catalog })).expect("is a body");
        for (region, url) in [("one", Some("internal.one")), ("two", Some("public.two")), ("three", None)] {
            assert_eq!(body.identity_endpoint(region), url);
        }
    }
}
