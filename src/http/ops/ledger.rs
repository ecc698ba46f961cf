//! `GET /ledger`: what became of private keys, for auditors. By a token with the role `auditor`, which an administrator
//! does not have by being one; for a project it shows that project's chain, for the system all.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Refused;
use crate::domain::{self, Chain, Dialect, KeyPairName, Owner, ProjectId, Region, UserId};
use crate::http::via::via;
use crate::http::{State, credentials, retry_after};
use crate::service::{AuditRecord, RecordLimit, Wanted};

/// `?user_id=` or `?project_id=`, `&key_pair=`, `&limit=`, `&region=`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    user_id: Option<String>,
    project_id: Option<String>,
    key_pair: Option<String>,
    limit: Option<u64>,
    region: Option<String>,
}

/// `{"records": […]}`
#[derive(Serialize, ToSchema)]
pub(super) struct Shown {
    records: Vec<AuditRecord>,
}

/// `{"error": "…"}`
#[derive(Serialize, ToSchema)]
pub(super) struct Refusal {
    error: String,
}

/// Why nothing is shown; each text says what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("give a valid token in X-Auth-Token")]
    Unauthenticated,
    #[error("the token must have the role 'auditor', on the project whose records are asked for or on the system")]
    NotAuditor,
    #[error("{0}")]
    Query(String),
    #[error(transparent)]
    Domain(#[from] domain::Error),
}

pub(super) async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let caller = credentials::caller(&request, &state).await?;
    let asked = Query::<Asked>::from_query(request.query_string()).map_err(|error| Error::Query(error.to_string()))?;
    let wanted = asked.into_inner().wanted()?;
    let via = via(&request, &state, Dialect::Admin);
    if !state.audit.may_read(&caller, &wanted.chain) {
        state.key_pairs.record_refused_reading(&caller, &via, &wanted).await;
        return Err(Error::NotAuditor);
    }
    let records = state.audit.read(&wanted, caller.actor(&via)).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(Shown { records }))
}

impl Asked {
    fn wanted(self) -> Result<Wanted, Error> {
        let owner = match (self.user_id, self.project_id) {
            (Some(user), None) => Owner::User(UserId::parse(&user)?),
            (None, Some(project)) => Owner::Project(ProjectId::parse(&project)?),
            (None, None) | (Some(_), Some(_)) => {
                return Err(Error::Query("name one of user_id and project_id".to_owned()));
            }
        };
        let name = self.key_pair.as_deref().map(KeyPairName::parse).transpose()?;
        let limit = self.limit.map(RecordLimit::new).transpose()?.unwrap_or_default();
        let region = self.region.as_deref().map(Region::parse).transpose()?;
        Ok(Wanted { region, chain: Chain::Of(owner), name, limit })
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unauthenticated => Self::Unauthenticated,
            Refused::Domain(error) => Self::Domain(error),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotAuditor => StatusCode::FORBIDDEN,
            Self::Query(_) | Self::Domain(domain::Error::Invalid { .. }) => StatusCode::BAD_REQUEST,
            Self::Domain(domain::Error::Busy { .. } | domain::Error::Unavailable { .. }) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Domain(domain::Error::RateLimited { .. }) => StatusCode::TOO_MANY_REQUESTS,
            Self::Domain(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        if let Self::Domain(
            domain::Error::Busy { retry_after, .. }
            | domain::Error::RateLimited { retry_after }
            | domain::Error::Unavailable { retry_after, .. },
        ) = self
        {
            answer.insert_header(retry_after::header(*retry_after));
        }
        answer.json(Refusal { error: self.to_string() })
    }
}
