//! Who a key pair belongs to: a name space of names.

use std::fmt;

use super::{Error, ProjectId, UserId};

/// A name space of key pair names. Its written form, `u:<user id>` or `p:<project id>`, carries the kind, so that a
/// user and a project with the same id never share a row, a binding or a quota.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    User(UserId),
    Project(ProjectId),
}

impl Owner {
    /// Reads the written form back; anything else is [`Error::Invalid`].
    pub fn parse(written: &str) -> Result<Self, Error> {
        match written.split_once(':') {
            Some(("u", id)) => Ok(Self::User(UserId::parse(id)?)),
            Some(("p", id)) => Ok(Self::Project(ProjectId::parse(id)?)),
            _ => Err(Error::Invalid { field: "owner", reason: format!("'{written}' is neither u:<id> nor p:<id>") }),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "u:{id}"),
            Self::Project(id) => write!(f, "p:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_project_of_the_same_id_are_written_differently() {
        for written in ["u:abc", "p:abc", "u:p:abc"] {
            assert_eq!(Owner::parse(written).expect("is an owner").to_string(), written);
        }
        assert!(Owner::parse("abc").is_err());
        assert!(Owner::parse("u:").is_err());
    }
}
