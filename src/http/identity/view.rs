//! The bodies of reads, and the addresses in all answers: member for member what Keystone 30 sends (recorded).

use actix_web::HttpRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::token_view::Service;
use crate::auth::{DOMAIN_ID, DOMAIN_NAME};
use crate::domain::{Grant, GrantTarget, Project, User};
use crate::http::State;
use crate::http::base_url::base_url;

/// The addresses that answers refer to.
pub(super) struct Urls {
    base: String,
}

impl Urls {
    pub(super) fn of(request: &HttpRequest, state: &State) -> Self {
        Self { base: base_url(request, &state.settings) }
    }

    /// The version's own address, with a final slash (recorded).
    pub(super) fn version(&self) -> String {
        format!("{}/identity/v3/", self.base)
    }

    /// Where clients find Nova's API.
    pub(super) fn compute(&self) -> String {
        format!("{}/v2.1", self.base)
    }

    /// Where clients find this API.
    pub(super) fn identity(&self) -> String {
        self.below_v3("")
    }

    /// What stands in `WWW-Authenticate` beside a 401.
    pub(super) fn challenge(&self) -> String {
        format!("Keystone uri=\"{}\"", self.identity())
    }

    fn below_v3(&self, path: &str) -> String {
        format!("{}/identity/v3{path}", self.base)
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    pub(super) rel: &'static str,
    pub(super) href: String,
}

/// `{"all": true}`: the whole of the installation.
#[derive(Serialize, ToSchema)]
pub(super) struct System {
    all: bool,
}

impl System {
    pub(super) const WHOLE: Self = Self { all: true };
}

/// One thing under its name: `{"project": {…}}`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum One<'a> {
    Project(ProjectBody<'a>),
    User(UserBody<'a>),
    Domain(DomainBody),
}

/// A list under its name, always on one page, and the links beside it.
#[derive(Serialize, ToSchema)]
pub(super) struct List<'a> {
    #[serde(flatten)]
    items: Items<'a>,
    links: Pages,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Items<'a> {
    Projects(Vec<ProjectBody<'a>>),
    Users(Vec<UserBody<'a>>),
    Domains(Vec<DomainBody>),
    RoleAssignments(Vec<Assignment<'a>>),
}

#[derive(Serialize, ToSchema)]
struct Pages {
    #[schema(value_type = Option<String>, required)]
    next: (),
    #[serde(rename = "self")]
    own: String,
    #[schema(value_type = Option<String>, required)]
    previous: (),
}

/// `GET /v3/auth/catalog` and `GET /v3/auth/system`: a list that has no pages.
#[derive(Serialize, ToSchema)]
pub(super) struct Whole {
    #[serde(flatten)]
    items: WholeItems,
    links: Own,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WholeItems {
    Catalog([Service; 2]),
    System(Vec<System>),
}

#[derive(Serialize, ToSchema)]
struct Own {
    #[serde(rename = "self")]
    own: String,
}

/// Keystone has fields for what does not exist here (parents, tags, options): clients expect them to be there.
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectBody<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: &'static str,
    description: &'static str,
    enabled: bool,
    parent_id: &'static str,
    is_domain: bool,
    #[schema(value_type = Vec<String>, max_items = 0)]
    tags: [(); 0],
    options: Nothing,
    links: Own,
}

#[derive(Serialize, ToSchema)]
pub(super) struct UserBody<'a> {
    id: &'a str,
    name: &'a str,
    domain_id: &'static str,
    enabled: bool,
    #[schema(value_type = Option<String>, required)]
    password_expires_at: (),
    options: Nothing,
    links: Own,
}

#[derive(Serialize, ToSchema)]
pub(super) struct DomainBody {
    id: &'static str,
    name: &'static str,
    description: &'static str,
    enabled: bool,
    #[schema(value_type = Vec<String>, max_items = 0)]
    tags: [(); 0],
    options: Nothing,
    links: Own,
}

/// `{}`
#[derive(Serialize, ToSchema)]
struct Nothing {}

/// One role of one user somewhere; `GET /v3/role_assignments`.
#[derive(Serialize, ToSchema)]
pub(super) struct Assignment<'a> {
    links: AssignmentLinks,
    scope: AssignmentScope<'a>,
    user: Id<'a>,
    role: Id<'a>,
}

#[derive(Serialize, ToSchema)]
struct AssignmentLinks {
    assignment: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AssignmentScope<'a> {
    Project(Id<'a>),
    Domain(Id<'a>),
    System(System),
}

#[derive(Serialize, ToSchema)]
struct Id<'a> {
    id: &'a str,
}

impl<'a> List<'a> {
    /// `asked` is the request's path and query below `/v3`, which Keystone repeats.
    pub(super) fn new(items: Items<'a>, urls: &Urls, asked: &str) -> Self {
        Self { items, links: Pages { next: (), own: urls.below_v3(asked), previous: () } }
    }
}

impl Whole {
    pub(super) fn new(items: WholeItems, urls: &Urls, path: &str) -> Self {
        Self { items, links: Own { own: urls.below_v3(path) } }
    }

    /// The list of systems that a user has roles on: the one there is, or none.
    pub(super) fn systems(has_roles: bool) -> WholeItems {
        WholeItems::System(has_roles.then_some(System::WHOLE).into_iter().collect())
    }
}

impl<'a> ProjectBody<'a> {
    pub(super) fn of(project: &'a Project, urls: &Urls) -> Self {
        let id = project.id.as_str();
        Self {
            id,
            name: &project.name,
            domain_id: DOMAIN_ID,
            description: "",
            enabled: project.enabled,
            parent_id: DOMAIN_ID,
            is_domain: false,
            tags: [],
            options: Nothing {},
            links: Own { own: urls.below_v3(&format!("/projects/{id}")) },
        }
    }
}

impl<'a> UserBody<'a> {
    pub(super) fn of(user: &'a User, urls: &Urls) -> Self {
        let id = user.id.as_str();
        Self {
            id,
            name: &user.name,
            domain_id: DOMAIN_ID,
            enabled: user.enabled,
            password_expires_at: (),
            options: Nothing {},
            links: Own { own: urls.below_v3(&format!("/users/{id}")) },
        }
    }
}

impl DomainBody {
    pub(super) fn ours(urls: &Urls) -> Self {
        Self {
            id: DOMAIN_ID,
            name: DOMAIN_NAME,
            description: "The default domain",
            enabled: true,
            tags: [],
            options: Nothing {},
            links: Own { own: urls.below_v3("/domains/default") },
        }
    }
}

impl<'a> Assignment<'a> {
    pub(super) fn of(grant: &'a Grant, urls: &Urls) -> Self {
        let Grant { user, target, role } = grant;
        let (place, scope) = match target {
            GrantTarget::Project(project) => {
                (format!("/projects/{project}"), AssignmentScope::Project(Id { id: project.as_str() }))
            }
            GrantTarget::Domain => (format!("/domains/{DOMAIN_ID}"), AssignmentScope::Domain(Id { id: DOMAIN_ID })),
            GrantTarget::System => ("/system".to_owned(), AssignmentScope::System(System::WHOLE)),
        };
        Self {
            links: AssignmentLinks { assignment: urls.below_v3(&format!("{place}/users/{user}/roles/{role}")) },
            scope,
            user: Id { id: user.as_str() },
            role: Id { id: role.as_str() },
        }
    }
}
