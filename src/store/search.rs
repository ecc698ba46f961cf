//! Key pairs by what they are, and not by their place in a list.

use diesel::prelude::*;
use tracing::instrument;
use uuid::Uuid;

use super::Store;
use super::readers::read;
use super::rows::KeyPairRow;
use super::schema::key_pairs;
use crate::domain::{Error, KeyKind, KeyPair, KeyPairId, KeyPairName, Owner, Region, Result};

/// Which of an owner's key pairs are looked for, as far as an index finds them.
#[derive(Clone, Copy, Debug)]
pub enum OutlineFilter<'a> {
    All,
    /// Those of these names.
    Named(&'a [KeyPairName]),
}

/// As much of a key pair as it takes to choose it.
#[derive(Clone, Debug)]
pub struct Outline {
    pub id: KeyPairId,
    pub name: KeyPairName,
    pub fingerprint: String,
    pub resource_group: Option<String>,
}

type OutlineRow = (Vec<u8>, String, String, Option<String>);

impl Store {
    /// An owner's SSH key pairs, in byte order of the names. Each costs some 150 bytes, however long its key.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pair_outlines(
        &self,
        region: &Region,
        owner: &Owner,
        filter: OutlineFilter<'_>,
    ) -> Result<Vec<Outline>> {
        let owner = owner.to_string();
        let of_owner = || {
            key_pairs::table
                .filter(key_pairs::region.eq(region.as_str()))
                .filter(key_pairs::owner.eq(&owner))
                .filter(key_pairs::kind.eq(KeyKind::Ssh.as_str()))
                .order(key_pairs::name)
                .select((key_pairs::id, key_pairs::name, key_pairs::fingerprint, key_pairs::resource_group_id))
        };
        let rows: Vec<OutlineRow> = match filter {
            OutlineFilter::All => read!(self, load, of_owner())?,
            OutlineFilter::Named([]) => Vec::new(),
            OutlineFilter::Named(names) => {
                let names: Vec<&str> = names.iter().map(KeyPairName::as_str).collect();
                read!(self, load, of_owner().filter(key_pairs::name.eq_any(&names)))?
            }
        };
        rows.into_iter().map(outline).collect()
    }

    /// Those of an owner's key pairs that have these ids, in byte order of the names; one that is gone is left out.
    #[instrument(skip_all, level = "debug")]
    pub async fn key_pairs_with(&self, region: &Region, owner: &Owner, ids: &[KeyPairId]) -> Result<Vec<KeyPair>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let written = owner.to_string();
        let ids: Vec<Vec<u8>> = ids.iter().map(|id| id.as_uuid().as_bytes().to_vec()).collect();
        let rows: Vec<KeyPairRow> = read!(
            self,
            load,
            key_pairs::table
                .filter(key_pairs::region.eq(region.as_str()))
                .filter(key_pairs::owner.eq(&written))
                .filter(key_pairs::id.eq_any(&ids))
                .order(key_pairs::name)
                .select(KeyPairRow::as_select())
        )?;
        rows.into_iter().map(|row| row.of(region, owner)).collect()
    }
}

fn outline((id, name, fingerprint, resource_group): OutlineRow) -> Result<Outline> {
    Ok(Outline {
        id: KeyPairId::from_uuid(Uuid::from_slice(&id).map_err(Error::internal)?),
        name: KeyPairName::parse(&name).map_err(Error::internal)?,
        fingerprint,
        resource_group,
    })
}
