//! The body of a token, and the catalog in it: member for member what Keystone 30 sends (recorded).

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::view::{System, Urls};
use crate::auth::{DOMAIN_ID, DOMAIN_NAME, Session};
use crate::domain::{Region, Role, Scope, Timestamp};

/// The body of a token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenBody<'a> {
    token: Token<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
struct Token<'a> {
    #[schema(value_type = Vec<String>)]
    methods: &'a BTreeSet<String>,
    user: TokenUser<'a>,
    audit_ids: &'a [String],
    expires_at: String,
    issued_at: String,
    #[serde(flatten)]
    scope: TokenScope<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<RoleRef<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<[Service; 2]>,
}

#[derive(Serialize, ToSchema)]
struct TokenUser<'a> {
    domain: DomainRef,
    id: &'a str,
    name: &'a str,
    /// Passwords do not expire.
    #[schema(value_type = Option<String>, required)]
    password_expires_at: (),
}

#[derive(Default, Serialize, ToSchema)]
struct TokenScope<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<TokenProject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<DomainRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_domain: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System>,
}

#[derive(Serialize, ToSchema)]
struct TokenProject<'a> {
    domain: DomainRef,
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize, ToSchema)]
struct DomainRef {
    id: &'static str,
    name: &'static str,
}

const OUR_DOMAIN: DomainRef = DomainRef { id: DOMAIN_ID, name: DOMAIN_NAME };

/// A role's id is its name: roles are words here, not rows.
#[derive(Serialize, ToSchema)]
struct RoleRef<'a> {
    id: &'a str,
    name: &'a str,
}

impl<'a> TokenBody<'a> {
    /// The body without a catalog.
    pub(super) fn of(session: &'a Session) -> Self {
        let Session { token, user, roles, .. } = session;
        let scoped = token.scope != Scope::Unscoped;
        let role = |role: &'a Role| RoleRef { id: role.as_str(), name: role.as_str() };
        Self {
            token: Token {
                methods: &token.methods,
                user: TokenUser { domain: OUR_DOMAIN, id: user.id.as_str(), name: &user.name, password_expires_at: () },
                audit_ids: &token.audit_ids,
                expires_at: moment(token.expires_at),
                issued_at: moment(token.issued_at),
                scope: scope(session),
                roles: scoped.then(|| roles.iter().map(role).collect()),
                catalog: None,
            },
        }
    }

    /// With the catalog, where the token has a scope: an unscoped one has none.
    pub(super) fn with_catalog(mut self, urls: &Urls, region: &Region) -> Self {
        if self.token.roles.is_some() {
            self.token.catalog = Some(catalog(urls, region));
        }
        self
    }
}

fn scope(session: &Session) -> TokenScope<'_> {
    match (&session.token.scope, &session.project) {
        (Scope::Project(_), Some(project)) => TokenScope {
            project: Some(TokenProject { domain: OUR_DOMAIN, id: project.id.as_str(), name: &project.name }),
            is_domain: Some(false),
            ..TokenScope::default()
        },
        (Scope::Domain(_), _) => TokenScope { domain: Some(OUR_DOMAIN), ..TokenScope::default() },
        (Scope::System, _) => TokenScope { system: Some(System::WHOLE), ..TokenScope::default() },
        (Scope::Project(_), None) | (Scope::Unscoped, _) => TokenScope::default(),
    }
}

/// `2026-11-21T22:21:21.000000Z` (recorded).
fn moment(moment: Timestamp) -> String {
    format!("{moment}Z")
}

#[derive(Serialize, ToSchema)]
pub(super) struct Service {
    endpoints: Vec<Endpoint>,
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Endpoint {
    id: String,
    interface: &'static str,
    region_id: String,
    url: String,
    region: String,
}

/// What clients find here: Nova's compute API and the identity itself, each alike on all three interfaces.
pub(super) fn catalog(urls: &Urls, region: &Region) -> [Service; 2] {
    let service = |name: &'static str, kind, url: String| Service {
        endpoints: ["public", "internal", "admin"].map(|interface| endpoint(name, interface, &url, region)).into(),
        id: name,
        kind,
        name,
    };
    [service("nova", "compute", urls.compute()), service("keystone", "identity", urls.identity())]
}

fn endpoint(service: &str, interface: &'static str, url: &str, region: &Region) -> Endpoint {
    Endpoint {
        id: format!("{service}-{interface}"),
        interface,
        region_id: region.to_string(),
        url: url.to_owned(),
        region: region.to_string(),
    }
}
