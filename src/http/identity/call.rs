//! What every handler of the identity is given.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};

use super::error::Error;
use super::view::Urls;
use crate::auth::{Identity, Refused};
use crate::domain::{self, Caller};
use crate::http::{State, credentials};

/// A request, and what answers it.
pub(super) struct Call {
    pub(super) request: HttpRequest,
    pub(super) state: Data<State>,
    pub(super) identity: Data<Identity>,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parts = request.app_data::<Data<State>>().zip(request.app_data::<Data<Identity>>());
        ready(match parts {
            Some((state, identity)) => {
                Ok(Self { request: request.clone(), state: state.clone(), identity: identity.clone() })
            }
            None => Err(domain::Error::internal("the app has no State or no Identity").into()),
        })
    }
}

impl Call {
    /// Who calls, by the request's token.
    pub(super) async fn caller(&self) -> Result<Caller, Refused> {
        credentials::caller(&self.request, &self.state).await
    }

    pub(super) fn urls(&self) -> Urls {
        Urls::of(&self.request, &self.state)
    }
}
