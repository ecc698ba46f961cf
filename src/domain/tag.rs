//! What key pairs are sorted by: tags, and one group for each.

use super::ResourceGroupId;

/// A tag of a key pair, which has at most one of each key. What keys and values may be, each dialect says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    pub key: String,
    /// Perhaps empty.
    pub value: String,
}

/// What a key pair is given when it is made, besides what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Each key once.
    pub tags: Vec<Tag>,
    pub resource_group: Option<ResourceGroupId>,
}
