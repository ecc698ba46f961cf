//! Limits: what holds for a project or a user, and who may change it.

use std::fmt;

use super::LiveBounds;
use super::policy::authorize_quota;
use crate::domain::{
    Caller, Error, Limit, Limits, ProjectDirectory, ProjectId, Quota, QuotaClass, QuotaHolder, Region, Resource, UserId,
};
use crate::store::Store;

/// The limits of one region.
pub struct Quotas {
    store: Store,
    region: Region,
    /// What holds for key pairs until somebody sets something else.
    bounds: LiveBounds,
}

/// What a caller wants to do with limits; the subject of authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaAction {
    /// The limits of a project or a user.
    Show,
    /// The same with what is used of them.
    Detail,
    /// What holds where nothing was set.
    Defaults,
    Update,
    Delete,
    ShowClass,
    UpdateClass,
    /// The caller's own, in short.
    Limits,
    /// Another project's, in short.
    LimitsOfProject,
}

/// Whether new limits must agree with those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// A user's with the project's, and a project's with those of its users.
    Checked,
    /// An administrator says `force`.
    Forced,
}

/// New limits, and whether they must agree with those that are there.
pub struct Change {
    pub limits: Vec<(Resource, Limit)>,
    pub agreement: Agreement,
}

/// Only Nova's dialect speaks of quotas: these refusals are not among those that every dialect must know.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    #[error("not allowed to {0} quotas")]
    Forbidden(QuotaAction),
    #[error("project {0} does not exist")]
    NoSuchProject(ProjectId),
    /// The limits that the project has given to its users are more than that.
    #[error("a limit of {limit} {} is less than the {lowest} that users have", resource.as_str())]
    TooLow { resource: Resource, limit: Limit, lowest: Limit },
    /// The project has not as many left for the user.
    #[error("a limit of {limit} {} is more than the {highest} that are left", resource.as_str())]
    TooHigh { resource: Resource, limit: Limit, highest: Limit },
    #[error(transparent)]
    Domain(#[from] Error),
}

impl fmt::Display for QuotaAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Show | Self::Detail | Self::Defaults | Self::ShowClass | Self::Limits | Self::LimitsOfProject => {
                "show"
            }
            Self::Update | Self::UpdateClass => "change",
            Self::Delete => "delete",
        })
    }
}

impl Quotas {
    pub fn new(bounds: LiveBounds, region: Region, store: Store) -> Self {
        Self { store, region, bounds }
    }

    /// The limits of a project, or of a user in it; `action` says for which answer.
    #[tracing::instrument(skip_all, fields(project.id = %project))]
    pub async fn show(
        &self,
        caller: &Caller,
        action: QuotaAction,
        project: &ProjectId,
        user: Option<&UserId>,
        projects: &impl ProjectDirectory,
    ) -> Result<Limits, QuotaError> {
        authorize_quota(caller, action, Some(project))?;
        check_project(project, projects).await?;
        self.limits_of(Some(project), user).await
    }

    /// What holds in a project where nothing was set.
    #[tracing::instrument(skip_all)]
    pub async fn defaults(
        &self,
        caller: &Caller,
        project: &ProjectId,
        projects: &impl ProjectDirectory,
    ) -> Result<Limits, QuotaError> {
        authorize_quota(caller, QuotaAction::Defaults, Some(project))?;
        check_project(project, projects).await?;
        self.limits_of(None, None).await
    }

    /// The limits of the caller's project or of a named one, which need not exist, as in Nova.
    #[tracing::instrument(skip_all)]
    pub async fn limits(&self, caller: &Caller, project: Option<&ProjectId>) -> Result<Limits, QuotaError> {
        authorize_quota(caller, QuotaAction::Limits, None)?;
        if project.is_some() {
            authorize_quota(caller, QuotaAction::LimitsOfProject, project)?;
        }
        self.limits_of(project.or(caller.project()), None).await
    }

    /// Sets limits of a project, or of a user in it. All of them, or none.
    #[tracing::instrument(skip_all, fields(project.id = %project))]
    pub async fn update(
        &self,
        caller: &Caller,
        project: &ProjectId,
        user: Option<&UserId>,
        change: Change,
        projects: &impl ProjectDirectory,
    ) -> Result<Limits, QuotaError> {
        authorize_quota(caller, QuotaAction::Update, Some(project))?;
        check_project(project, projects).await?;
        let Change { limits, agreement } = change;
        let holder = holder(project, user);
        let (wanted, key_pairs, held_by) = (limits.clone(), self.bounds.now().key_pairs, holder.clone());
        let check = move |known: &[Quota]| match agreement {
            Agreement::Checked => {
                wanted.iter().try_for_each(|(resource, limit)| agrees(known, key_pairs, &held_by, *resource, *limit))
            }
            Agreement::Forced => Ok(()),
        };
        self.store.quotas_set(&self.region, holder, limits, check).await??;
        tracing::info!(project.id = %project, user = %caller.user, "changed quotas of project {project}");
        self.limits_of(Some(project), user).await
    }

    /// Back to the defaults: a project with all its users, or one user. The project need not exist any more.
    #[tracing::instrument(skip_all, fields(project.id = %project))]
    pub async fn delete(&self, caller: &Caller, project: &ProjectId, user: Option<&UserId>) -> Result<(), QuotaError> {
        authorize_quota(caller, QuotaAction::Delete, Some(project))?;
        self.store.quotas_delete(&self.region, project, user).await?;
        tracing::info!(project.id = %project, user = %caller.user, "deleted quotas of project {project}");
        Ok(())
    }

    /// The limits of a class.
    #[tracing::instrument(skip_all)]
    pub async fn class(&self, caller: &Caller, class: &QuotaClass) -> Result<Limits, QuotaError> {
        authorize_quota(caller, QuotaAction::ShowClass, None)?;
        self.limits_of_class(class).await
    }

    /// Sets limits of a class; those of the class `default` hold for everybody for whom nothing else was set.
    #[tracing::instrument(skip_all)]
    pub async fn update_class(
        &self,
        caller: &Caller,
        class: &QuotaClass,
        limits: Vec<(Resource, Limit)>,
    ) -> Result<Limits, QuotaError> {
        authorize_quota(caller, QuotaAction::UpdateClass, None)?;
        let unchecked = |_: &[Quota]| Ok::<_, QuotaError>(());
        self.store.quotas_set(&self.region, QuotaHolder::Class(class.clone()), limits, unchecked).await??;
        tracing::info!(user = %caller.user, "changed quotas of class {class}");
        self.limits_of_class(class).await
    }

    async fn limits_of(&self, project: Option<&ProjectId>, user: Option<&UserId>) -> Result<Limits, QuotaError> {
        let known = self.store.quotas_of(&self.region, project, user).await?;
        let holder = project.map(|project| holder(project, user));
        Ok(Limits::of(|resource| match &holder {
            Some(holder) => effective(&known, self.bounds.now().key_pairs, holder, resource),
            None => default(&known, self.bounds.now().key_pairs, resource),
        }))
    }

    async fn limits_of_class(&self, class: &QuotaClass) -> Result<Limits, QuotaError> {
        let known = self.store.quotas_of_class(&self.region, class).await?;
        let holder = QuotaHolder::Class(class.clone());
        Ok(Limits::of(|resource| {
            set(&known, &holder, resource).unwrap_or(preset(resource, self.bounds.now().key_pairs))
        }))
    }
}

async fn check_project(project: &ProjectId, projects: &impl ProjectDirectory) -> Result<(), QuotaError> {
    if projects.has(project).await? { Ok(()) } else { Err(QuotaError::NoSuchProject(project.clone())) }
}

fn holder(project: &ProjectId, user: Option<&UserId>) -> QuotaHolder {
    match user {
        Some(user) => QuotaHolder::User(project.clone(), user.clone()),
        None => QuotaHolder::Project(project.clone()),
    }
}

/// What was set for just this holder.
fn set(known: &[Quota], holder: &QuotaHolder, resource: Resource) -> Option<Limit> {
    known.iter().find(|quota| quota.resource == resource && quota.holder == *holder).map(|quota| quota.limit)
}

/// What holds for the holder: its own, else the next wider one's. For key pairs, the store's inserts decide by the same rule.
fn effective(known: &[Quota], key_pairs: u32, holder: &QuotaHolder, resource: Resource) -> Limit {
    set(known, holder, resource).unwrap_or_else(|| match holder {
        QuotaHolder::User(project, _) => effective(known, key_pairs, &QuotaHolder::Project(project.clone()), resource),
        QuotaHolder::Project(_) | QuotaHolder::Class(_) => default(known, key_pairs, resource),
    })
}

fn default(known: &[Quota], key_pairs: u32, resource: Resource) -> Limit {
    let class = QuotaHolder::Class(QuotaClass::default_class());
    set(known, &class, resource).unwrap_or(preset(resource, key_pairs))
}

/// The setting for key pairs, and Nova's defaults for what does not exist here (recorded).
fn preset(resource: Resource, key_pairs: u32) -> Limit {
    match resource {
        Resource::Cores => Limit::AtMost(20),
        Resource::InjectedFileContentBytes => Limit::AtMost(10_240),
        Resource::InjectedFilePathBytes => Limit::AtMost(255),
        Resource::InjectedFiles => Limit::AtMost(5),
        Resource::Instances | Resource::ServerGroupMembers | Resource::ServerGroups => Limit::AtMost(10),
        Resource::KeyPairs => Limit::AtMost(key_pairs),
        Resource::MetadataItems => Limit::AtMost(128),
        Resource::Ram => Limit::AtMost(51_200),
        Resource::FixedIps | Resource::FloatingIps | Resource::SecurityGroupRules | Resource::SecurityGroups => {
            Limit::Unlimited
        }
    }
}

/// Nova's rule: what a project's users have been given comes out of what the project has.
fn agrees(
    known: &[Quota],
    key_pairs: u32,
    holder: &QuotaHolder,
    resource: Resource,
    limit: Limit,
) -> Result<(), QuotaError> {
    match holder {
        QuotaHolder::Class(_) => Ok(()),
        QuotaHolder::Project(_) => match given(known, holder, resource) {
            lowest if limit < lowest => Err(QuotaError::TooLow { resource, limit, lowest }),
            _ => Ok(()),
        },
        QuotaHolder::User(project, _) => {
            let project = QuotaHolder::Project(project.clone());
            match effective(known, key_pairs, &project, resource).minus(given(known, holder, resource)) {
                highest if limit > highest => Err(QuotaError::TooHigh { resource, limit, highest }),
                _ => Ok(()),
            }
        }
    }
}

/// What users of the project have been given, `holder` left aside.
fn given(known: &[Quota], holder: &QuotaHolder, resource: Resource) -> Limit {
    let is_given = |quota: &&Quota| {
        quota.resource == resource && matches!(quota.holder, QuotaHolder::User(..)) && quota.holder != *holder
    };
    known.iter().filter(is_given).fold(Limit::AtMost(0), |sum, quota| sum.plus(quota.limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> QuotaHolder {
        QuotaHolder::Project(ProjectId::parse("p").unwrap())
    }

    fn user(name: &str) -> QuotaHolder {
        QuotaHolder::User(ProjectId::parse("p").unwrap(), UserId::parse(name).unwrap())
    }

    fn key_pairs(holder: QuotaHolder, limit: i64) -> Quota {
        Quota { holder, resource: Resource::KeyPairs, limit: Limit::from_number(limit).unwrap() }
    }

    fn checked(known: &[Quota], holder: &QuotaHolder, limit: i64) -> Result<(), String> {
        let limit = Limit::from_number(limit).unwrap();
        agrees(known, 100, holder, Resource::KeyPairs, limit).map_err(|refused| refused.to_string())
    }

    #[test]
    fn the_narrowest_limit_that_was_set_holds() {
        let class = QuotaHolder::Class(QuotaClass::default_class());
        let mut known = Vec::new();
        let limit = |known: &[Quota]| effective(known, 100, &user("ann"), Resource::KeyPairs).number();
        assert_eq!(limit(&known), 100);
        known.push(key_pairs(class, 50));
        assert_eq!(limit(&known), 50);
        known.push(key_pairs(project(), -1));
        assert_eq!(limit(&known), -1);
        known.push(key_pairs(user("bob"), 1));
        assert_eq!(limit(&known), -1);
        known.push(key_pairs(user("ann"), 2));
        assert_eq!(limit(&known), 2);
    }

    #[test]
    fn a_user_gets_at_most_what_the_project_has_left() {
        let known = [key_pairs(project(), 3), key_pairs(user("ann"), 2)];
        checked(&known, &user("ann"), 3).unwrap();
        checked(&known, &user("bob"), 1).unwrap();
        assert_eq!(
            checked(&known, &user("bob"), 2).unwrap_err(),
            "a limit of 2 key_pairs is more than the 1 that are left"
        );
        assert!(checked(&known, &user("bob"), -1).is_err());
        checked(&[key_pairs(project(), -1)], &user("ann"), -1).unwrap();
        checked(&[], &user("ann"), 100).unwrap();
        assert!(checked(&[], &user("ann"), 101).is_err());
    }

    #[test]
    fn a_project_keeps_what_its_users_were_given() {
        let known = [key_pairs(user("ann"), 2), key_pairs(user("bob"), 3)];
        checked(&known, &project(), 5).unwrap();
        checked(&known, &project(), -1).unwrap();
        assert_eq!(
            checked(&known, &project(), 4).unwrap_err(),
            "a limit of 4 key_pairs is less than the 5 that users have"
        );
        let other = [Quota { resource: Resource::Cores, ..key_pairs(user("ann"), 9) }];
        checked(&other, &project(), 0).unwrap();
    }
}
