//! The filters that clients put into the query; others are ignored, as Keystone ignores what it does not know.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Deserialize;

use super::error::Error;
use crate::auth::DOMAIN_ID;
use crate::domain::{Grant, GrantTarget};

/// `?name=`, `?domain_id=`
#[derive(Deserialize)]
pub(super) struct Named {
    name: Option<String>,
    domain_id: Option<String>,
}

/// `?scope.project.id=`, `?user.id=`
#[derive(Deserialize)]
pub(super) struct Assigned {
    #[serde(rename = "scope.project.id")]
    project: Option<String>,
    #[serde(rename = "user.id")]
    user: Option<String>,
}

impl Named {
    pub(super) fn takes(&self, name: &str) -> bool {
        let named = self.name.as_deref().is_none_or(|wanted| wanted == name);
        named && self.domain_id.as_deref().is_none_or(|wanted| wanted == DOMAIN_ID)
    }
}

impl Assigned {
    pub(super) fn takes(&self, grant: &Grant) -> bool {
        let of_user = self.user.as_deref().is_none_or(|wanted| wanted == grant.user.as_str());
        let project = match &grant.target {
            GrantTarget::Project(project) => Some(project.as_str()),
            GrantTarget::Domain | GrantTarget::System => None,
        };
        of_user && self.project.as_deref().is_none_or(|wanted| project == Some(wanted))
    }
}

/// Reads the query of a request.
pub(super) fn read<T: serde::de::DeserializeOwned>(request: &HttpRequest) -> Result<T, Error> {
    let unread = Error::Invalid { field: "query", reason: "cannot be read" };
    Query::from_query(request.query_string()).map(Query::into_inner).map_err(|_| unread)
}

/// Whether the answer is to come without the catalog, whatever the value (recorded).
pub(super) fn without_catalog(request: &HttpRequest) -> bool {
    let mut names = request.query_string().split('&').filter_map(|pair| pair.split('=').next());
    names.any(|name| name == "nocatalog")
}
