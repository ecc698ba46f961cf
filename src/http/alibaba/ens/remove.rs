//! DeleteKeyPairs: one, in spite of its name.

use actix_web::HttpResponse;

use super::super::call::Call;
use super::super::refusal::Refusal;
use super::describe::search;
use super::done;
use super::refusals::{missing, refused};
use crate::domain::{Error, Owner};
use crate::http::State;
use crate::service::{PageNumber, Whose};

/// By name or by id; where both are given, both must fit. What is not there, or not the project's, is no error: Terraform's
/// provider forgives none.
pub(super) async fn key_pair(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    if ["KeyPairName", "KeyPairId"].iter().all(|name| call.parameters.get(name).is_none()) {
        return Err(missing());
    }
    let Some(search) = search(call)? else { return done(call) };
    let whose = Whose::Project(call.project.clone());
    let key_pairs = &state.alibaba.ens;
    key_pairs.may_delete(&call.caller, &whose).map_err(refused)?;
    let first = PageNumber { number: 1, size: 1 };
    let hits = key_pairs.search(&call.caller, &whose, &search, first).await.map_err(refused)?;
    let own = Owner::Project(call.project.clone());
    let Some(hit) = hits.page.into_iter().find(|hit| hit.pair.owner == own) else { return done(call) };
    match key_pairs.delete_found(&call.caller, &call.via, &hit.pair).await {
        Ok(()) | Err(Error::NotFound(_)) => done(call),
        Err(error) => Err(refused(error)),
    }
}
