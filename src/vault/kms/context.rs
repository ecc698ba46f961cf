//! The encryption context: what the KMS binds a key to. It stands in the KMS's own logs, so it holds ids and no more.

use std::collections::HashMap;

use crate::domain::Owner;
use crate::vault::RowIds;

const INSTANCE: &str = "keypaird:instance";
const REGION: &str = "keypaird:region";
const OWNER: &str = "keypaird:owner";
const PROJECT: &str = "keypaird:project";
const KEY_PAIR: &str = "keypaird:key-pair";
const PURPOSE: &str = "keypaird:purpose";

/// For the data key of one key pair.
pub(super) fn of_key_pair(row: &RowIds<'_>) -> HashMap<String, String> {
    let RowIds { instance, region, owner, project, key_pair } = row;
    let ids = [
        Some((INSTANCE, instance.as_uuid().to_string())),
        Some((REGION, region.to_string())),
        Some((OWNER, owner.to_string())),
        project.map(|project| (PROJECT, project.to_string())),
        Some((KEY_PAIR, key_pair.to_string())),
    ];
    ids.into_iter().flatten().map(|(name, id)| (name.to_owned(), id)).collect()
}

/// For the key of a project, which wraps the data keys of its key pairs; without a project, of an owner.
pub(super) fn of_project(row: &RowIds<'_>) -> HashMap<String, String> {
    let whose = match partition(row) {
        Owner::Project(project) => (PROJECT, project.to_string()),
        user @ Owner::User(_) => (OWNER, user.to_string()),
    };
    let ids = [
        (INSTANCE, row.instance.as_uuid().to_string()),
        (REGION, row.region.to_string()),
        whose,
        (PURPOSE, "project-key".to_owned()),
    ];
    ids.into_iter().map(|(name, id)| (name.to_owned(), id)).collect()
}

/// Whose project key a row is under: nobody else's rows are.
pub(super) fn partition(row: &RowIds<'_>) -> Owner {
    row.project.map_or_else(|| row.owner.clone(), |project| Owner::Project(project.clone()))
}
