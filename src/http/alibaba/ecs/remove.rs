//! DeleteKeyPairs.

use actix_web::HttpResponse;
use futures_util::{StreamExt, stream};

use super::super::call::Call;
use super::super::refusal::Refusal;
use super::done;
use super::reading::{key_pairs as of_region, required};
use super::refusals::{bad_names, refused};
use crate::domain::{Error, KeyPair, KeyPairName, Owner};
use crate::http::State;
use crate::service::{NamePattern, PageNumber, Search, Whose};

/// The most names of one request (documentation).
const MOST: usize = 100;
/// How many of them are deleted at the same time.
const AT_A_TIME: usize = 16;

/// Deletes the project's key pairs of these names. One that is not there is no error: the documentation has no code for it.
pub(super) async fn key_pairs(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (region, names) = (required(call, "RegionId")?, required(call, "KeyPairNames")?);
    let key_pairs = of_region(region, state)?;
    let whose = Whose::Project(call.project.clone());
    let names = names_of(names)?;
    key_pairs.may_delete(&call.caller, &whose).map_err(refused)?;
    let page = PageNumber { number: 1, size: names.len() };
    let search = Search { name: NamePattern::OneOf(names), ..Search::default() };
    let hits = key_pairs.search(&call.caller, &whose, &search, page).await.map_err(refused)?.page;
    let own = Owner::Project(call.project.clone());
    let owned: Vec<&KeyPair> = hits.iter().map(|hit| &hit.pair).filter(|pair| pair.owner == own).collect();
    // Some at a time, which are then one transaction, and leave room in the queue for others.
    let deletions = owned.into_iter().map(|pair| key_pairs.delete_found(&call.caller, &call.via, pair));
    let mut deleted = stream::iter(deletions).buffered(AT_A_TIME);
    while let Some(deleted) = deleted.next().await {
        match deleted {
            Ok(()) | Err(Error::NotFound(_)) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    done(call, "DeleteKeyPairsResponse")
}

/// A JSON array of strings in one text. What cannot be a name names nothing.
fn names_of(written: &str) -> Result<Vec<KeyPairName>, Refusal> {
    let raw: Vec<String> = serde_json::from_str(written).map_err(|_| bad_names())?;
    if raw.is_empty() || raw.len() > MOST {
        return Err(bad_names());
    }
    let mut names: Vec<KeyPairName> = raw.iter().filter_map(|name| KeyPairName::parse(name).ok()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
