//! DeleteKeyPairs.

use actix_web::HttpResponse;
use futures_util::future::join_all;

use super::super::call::Call;
use super::super::refusal::Refusal;
use super::done;
use super::reading::{key_pairs as of_region, required};
use super::refusals::{bad_names, refused};
use crate::domain::{Error, KeyPairName};
use crate::http::State;
use crate::service::Whose;

/// The most names of one request (documentation).
const MOST: usize = 100;

/// Deletes the project's key pairs of these names. One that is not there is no error: the documentation has no code for it.
pub(super) async fn key_pairs(call: &Call, state: &State) -> Result<HttpResponse, Refusal> {
    let (region, names) = (required(call, "RegionId")?, required(call, "KeyPairNames")?);
    let key_pairs = of_region(region, state)?;
    let whose = Whose::Project(call.project.clone());
    let names = names_of(names)?;
    // Together they are one transaction, or few.
    let deletions = names.iter().map(|name| key_pairs.delete(&call.caller, &call.via, &whose, name));
    for deleted in join_all(deletions).await {
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
