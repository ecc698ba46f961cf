//! The door by which a request came, and the microversion that it is answered in there.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};

use super::super::error::Error;
use super::super::query;
use super::super::view::Kind;
use crate::domain::{Result, UserId};
use crate::http::microversion::{Microversion, Unusable};
use crate::service::Whose;

/// Which of the paths leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::huawei) enum Door {
    /// `keypairs`, which knows no microversions.
    Kps,
    /// Nova's `os-keypairs`, signed: Huawei's ECS SDK sends `OpenStack-API-Version`.
    Ecs,
}

/// The microversion that a request names, or what is wrong with it: told only to a caller who is let in.
pub(in crate::http::huawei) struct Version(std::result::Result<Microversion, Unusable>);

impl FromRequest for Version {
    type Error = Error;
    type Future = Ready<std::result::Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let is_frozen = request.path().starts_with("/v2/");
        ready(Ok(Self(match request.app_data::<Door>() {
            Some(Door::Ecs) if !is_frozen => Microversion::asked(request.headers()),
            Some(Door::Ecs | Door::Kps) | None => Ok(Microversion::OLDEST),
        })))
    }
}

impl Version {
    pub(super) fn named(self) -> std::result::Result<Named, Error> {
        self.0.map(Named).map_err(Error::Microversion)
    }
}

/// A microversion that there is.
#[derive(Clone, Copy)]
pub(super) struct Named(Microversion);

impl Named {
    pub(super) fn kind(self) -> Kind {
        if self.0 >= Microversion::KEY_TYPE { Kind::Told } else { Kind::LeftOut }
    }

    pub(super) fn has_pages(self) -> bool {
        self.0 >= Microversion::PAGED_LIST
    }

    pub(super) fn deleted(self) -> StatusCode {
        if self.0 >= Microversion::KEY_TYPE { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED }
    }

    /// Whose key pairs a query asks for.
    pub(super) fn whose(self, request: &HttpRequest) -> Result<Whose> {
        let user_id = query::parameter(request, "user_id").filter(|_| self.0 >= Microversion::USER_ID);
        user_id.map_or(Ok(Whose::Callers), |user| Ok(Whose::User(UserId::parse(&user)?)))
    }
}
