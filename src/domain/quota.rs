//! Limits on what a project and its users may have, in the words of Nova's quota sets.

use std::fmt;

use super::{Error, ProjectId, QuotaClass, UserId};

/// What Nova limits. Only key pairs exist here; limits of the others are kept for those who set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Cores,
    FixedIps,
    FloatingIps,
    InjectedFileContentBytes,
    InjectedFilePathBytes,
    InjectedFiles,
    Instances,
    KeyPairs,
    MetadataItems,
    Ram,
    SecurityGroupRules,
    SecurityGroups,
    ServerGroupMembers,
    ServerGroups,
}

impl Resource {
    /// All of them by name, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Cores,
        Self::FixedIps,
        Self::FloatingIps,
        Self::InjectedFileContentBytes,
        Self::InjectedFilePathBytes,
        Self::InjectedFiles,
        Self::Instances,
        Self::KeyPairs,
        Self::MetadataItems,
        Self::Ram,
        Self::SecurityGroupRules,
        Self::SecurityGroups,
        Self::ServerGroupMembers,
        Self::ServerGroups,
    ];

    /// The name in the `resource` column and in Nova's quota sets.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cores => "cores",
            Self::FixedIps => "fixed_ips",
            Self::FloatingIps => "floating_ips",
            Self::InjectedFileContentBytes => "injected_file_content_bytes",
            Self::InjectedFilePathBytes => "injected_file_path_bytes",
            Self::InjectedFiles => "injected_files",
            Self::Instances => "instances",
            Self::KeyPairs => "key_pairs",
            Self::MetadataItems => "metadata_items",
            Self::Ram => "ram",
            Self::SecurityGroupRules => "security_group_rules",
            Self::SecurityGroups => "security_groups",
            Self::ServerGroupMembers => "server_group_members",
            Self::ServerGroups => "server_groups",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.as_str() == name)
    }
}

/// How many there may be. Unlimited is more than any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    AtMost(u32),
    Unlimited,
}

impl Limit {
    /// The largest number that Nova takes.
    pub const LARGEST: u32 = i32::MAX.unsigned_abs();

    /// Takes -1 for unlimited, and 0 to [`Self::LARGEST`].
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            -1 => Some(Self::Unlimited),
            number => u32::try_from(number).ok().filter(|most| *most <= Self::LARGEST).map(Self::AtMost),
        }
    }

    /// The number that stands for it on the wire and in the database.
    pub fn number(self) -> i64 {
        match self {
            Self::AtMost(most) => i64::from(most),
            Self::Unlimited => -1,
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtMost(one), Self::AtMost(other)) => Self::AtMost(one.saturating_add(other)),
            (Self::Unlimited, _) | (_, Self::Unlimited) => Self::Unlimited,
        }
    }

    /// What is left of it when `other` is given away; never less than nothing.
    pub fn minus(self, other: Self) -> Self {
        match (self, other) {
            (Self::AtMost(one), Self::AtMost(other)) => Self::AtMost(one.saturating_sub(other)),
            (Self::Unlimited, _) | (_, Self::Unlimited) => Self::Unlimited,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// A limit for every resource.
#[derive(Clone, Debug)]
pub struct Limits([Limit; Resource::ALL.len()]);

impl Limits {
    pub fn of(limit: impl FnMut(Resource) -> Limit) -> Self {
        Self(Resource::ALL.map(limit))
    }

    pub fn get(&self, resource: Resource) -> Limit {
        self.0[resource as usize]
    }
}

/// Whom a limit was set for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaHolder {
    /// Everybody for whom nothing else was set, if the class is [`QuotaClass::default_class`]; nobody else.
    Class(QuotaClass),
    /// Each user of a project, for key pairs; for other resources the project as a whole.
    Project(ProjectId),
    User(ProjectId, UserId),
}

impl QuotaHolder {
    /// Reads the written form back.
    pub fn parse(subject: &str, user: &str) -> Result<Self, Error> {
        match (subject.split_once(':'), user) {
            (Some(("c", class)), "") => Ok(Self::Class(QuotaClass::parse(class)?)),
            (Some(("p", project)), "") => Ok(Self::Project(ProjectId::parse(project)?)),
            (Some(("p", project)), user) => Ok(Self::User(ProjectId::parse(project)?, UserId::parse(user)?)),
            _ => {
                Err(Error::Invalid { field: "subject", reason: format!("'{subject}' is neither c:<class> nor p:<id>") })
            }
        }
    }

    /// `c:<class>` or `p:<project id>`: what is written in the `subject` column.
    pub fn subject(&self) -> String {
        match self {
            Self::Class(class) => format!("c:{class}"),
            Self::Project(project) | Self::User(project, _) => format!("p:{project}"),
        }
    }

    /// What is written in the `user_id` column: empty for a class or a project.
    pub fn user(&self) -> &str {
        match self {
            Self::Class(_) | Self::Project(_) => "",
            Self::User(_, user) => user.as_str(),
        }
    }
}

/// A limit that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    pub holder: QuotaHolder,
    pub resource: Resource,
    pub limit: Limit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_a_place_and_a_name_of_its_own() {
        for (place, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(resource as usize, place);
            assert_eq!(Resource::parse(resource.as_str()), Some(resource));
        }
        assert!(Resource::ALL.is_sorted_by_key(|resource| resource.as_str()));
    }

    #[test]
    fn minus_one_is_unlimited_and_more_than_any_number() {
        assert_eq!(Limit::from_number(-1), Some(Limit::Unlimited));
        assert_eq!(Limit::from_number(-2), None);
        assert_eq!(Limit::from_number(i64::from(i32::MAX)), Some(Limit::AtMost(Limit::LARGEST)));
        assert_eq!(Limit::from_number(i64::from(i32::MAX) + 1), None);
        assert!(Limit::AtMost(Limit::LARGEST) < Limit::Unlimited);
    }

    #[test]
    fn what_is_given_away_is_never_more_than_there_is() {
        assert_eq!(Limit::AtMost(3).minus(Limit::AtMost(2)), Limit::AtMost(1));
        assert_eq!(Limit::AtMost(3).minus(Limit::AtMost(5)), Limit::AtMost(0));
        assert_eq!(Limit::Unlimited.minus(Limit::AtMost(5)), Limit::Unlimited);
        assert_eq!(Limit::AtMost(3).plus(Limit::Unlimited), Limit::Unlimited);
    }

    #[test]
    fn a_holder_is_read_back_as_it_was_written() {
        for (subject, user) in [("c:default", ""), ("p:abc", ""), ("p:abc", "ann")] {
            let holder = QuotaHolder::parse(subject, user).unwrap();
            assert_eq!((holder.subject().as_str(), holder.user()), (subject, user));
        }
        assert!(QuotaHolder::parse("abc", "").is_err());
        assert!(QuotaHolder::parse("c:default", "ann").is_err());
    }
}
