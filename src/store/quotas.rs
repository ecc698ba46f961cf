//! Limits that were set, and the limit on key pairs that a transaction decides by.

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::upsert::excluded;
use tracing::instrument;

use super::Store;
use super::connection::{Conn, insert_many, run};
use super::failed::Abort;
use super::owners::{Space, Tallies};
use super::readers::read;
use super::schema::quotas;
use crate::domain::{Error, Limit, Owner, ProjectId, Quota, QuotaClass, QuotaHolder, Region, Resource, Result, UserId};

/// The three limits on key pairs that may have been set for a caller, as scalar subqueries: for the user, for the project,
/// and for everybody. They are selected beside what a statement reads anyway: three look-ups by primary key, and no round
/// trip of their own.
macro_rules! key_pair_limits {
    ($holders:expr) => {{
        let holders: &$crate::store::quotas::LimitHolders = $holders;
        let limit = |subject, user| {
            $crate::store::schema::quotas::table
                .filter($crate::store::schema::quotas::region.eq(&holders.region))
                .filter($crate::store::schema::quotas::subject.eq(subject))
                .filter($crate::store::schema::quotas::user_id.eq(user))
                .filter($crate::store::schema::quotas::resource.eq($crate::domain::Resource::KeyPairs.as_str()))
                .select($crate::store::schema::quotas::hard_limit)
                .single_value()
        };
        (
            limit(holders.project.as_str(), holders.user.as_str()),
            limit(holders.project.as_str(), $crate::store::quotas::NOBODY),
            limit(holders.class.as_str(), $crate::store::quotas::NOBODY),
        )
    }};
}
pub(super) use key_pair_limits;

/// The user, in the column, of what holds for a whole project or class.
pub(super) const NOBODY: &str = "";

/// Whose limits hold for a caller's key pairs, as written in the columns.
pub(super) struct LimitHolders {
    pub(super) region: String,
    pub(super) project: String,
    pub(super) user: String,
    pub(super) class: String,
}

/// What [`key_pair_limits`] found.
pub(super) type FoundLimits = (Option<i64>, Option<i64>, Option<i64>);

impl LimitHolders {
    /// Without a project, only what was set for everybody holds.
    pub(super) fn new(region: &Region, project: Option<&ProjectId>, user: &UserId) -> Self {
        Self {
            region: region.to_string(),
            // No project has an empty id.
            project: project.map_or_else(String::new, |project| QuotaHolder::Project(project.clone()).subject()),
            user: user.to_string(),
            class: default_class().subject(),
        }
    }
}

/// Whether an owner with so many key pairs may have one more; else [`Error::QuotaExceeded`]. `default` holds where no limit
/// was found.
pub(super) fn check_room(used: i64, found: FoundLimits, default: u32) -> Result<()> {
    match effective(found, default) {
        Limit::AtMost(limit) if used >= i64::from(limit) => Err(Error::QuotaExceeded { limit }),
        Limit::AtMost(_) | Limit::Unlimited => Ok(()),
    }
}

/// The limit that holds, of those found and of the one that holds where none was.
fn effective((user, project, class): FoundLimits, default: u32) -> Limit {
    let set = user.or(project).or(class);
    // Only numbers that are limits are written; another one would be an operator's own, and refuses.
    set.map_or(Limit::AtMost(default), |number| Limit::from_number(number).unwrap_or(Limit::AtMost(0)))
}

fn default_class() -> QuotaHolder {
    QuotaHolder::Class(QuotaClass::default_class())
}

impl Store {
    /// What was set for everybody, for the project, and for the user in it.
    #[instrument(skip_all, level = "debug")]
    pub async fn quotas_of(
        &self,
        region: &Region,
        project: Option<&ProjectId>,
        user: Option<&UserId>,
    ) -> Result<Vec<Quota>> {
        let class = default_class().subject();
        let project = project.map_or_else(String::new, |project| QuotaHolder::Project(project.clone()).subject());
        let user = user.map_or("", UserId::as_str);
        let rows: Vec<QuotaRow> = read!(
            self,
            load,
            quotas::table
                .filter(quotas::region.eq(region.as_str()))
                .filter(quotas::subject.eq(&class).or(quotas::subject.eq(&project)))
                .filter(quotas::user_id.eq("").or(quotas::user_id.eq(user)))
                .select(QuotaRow::as_select())
        )?;
        rows.into_iter().map(Quota::try_from).collect()
    }

    /// What was set for the class.
    #[instrument(skip_all, level = "debug")]
    pub async fn quotas_of_class(&self, region: &Region, class: &QuotaClass) -> Result<Vec<Quota>> {
        let subject = QuotaHolder::Class(class.clone()).subject();
        let rows: Vec<QuotaRow> = read!(
            self,
            load,
            quotas::table
                .filter(quotas::region.eq(region.as_str()))
                .filter(quotas::subject.eq(&subject))
                .select(QuotaRow::as_select())
        )?;
        rows.into_iter().map(Quota::try_from).collect()
    }

    /// Sets limits of one holder, unless `check` refuses them. It is given what is set for everybody, for the project and
    /// for each of its users; no other change of the project's quotas happens meanwhile.
    #[instrument(skip_all, level = "debug")]
    pub async fn quotas_set<R: Send + 'static>(
        &self,
        region: &Region,
        holder: QuotaHolder,
        limits: Vec<(Resource, Limit)>,
        check: impl Fn(&[Quota]) -> Result<(), R> + Send + 'static,
    ) -> Result<Result<(), R>> {
        let region = region.clone();
        self.write(async move |conn| {
            lock(conn, &region, &holder).await?;
            let rows: Vec<QuotaRow> = run!(
                conn,
                load,
                quotas::table
                    .filter(quotas::region.eq(region.as_str()))
                    .filter(quotas::subject.eq(default_class().subject()).or(quotas::subject.eq(holder.subject())))
                    .select(QuotaRow::as_select())
            )?;
            let known: Result<Vec<Quota>> = rows.into_iter().map(Quota::try_from).collect();
            if let Err(refusal) = check(&known.map_err(Abort::Refused)?) {
                return Ok(Err(refusal));
            }
            upsert(conn, &region, &holder, &limits).await?;
            Ok(Ok(()))
        })
        .await
    }

    /// Forgets what was set for a user of the project; without a user, for the project and for all of its users.
    #[instrument(skip_all, level = "debug")]
    pub async fn quotas_delete(&self, region: &Region, project: &ProjectId, user: Option<&UserId>) -> Result<()> {
        let (region, subject) = (region.to_string(), QuotaHolder::Project(project.clone()).subject());
        let user = user.map(UserId::to_string);
        self.write(async move |conn| {
            let any = quotas::region.eq(&region).and(quotas::subject.eq(&subject));
            match &user {
                Some(user) => {
                    run!(conn, execute, diesel::delete(quotas::table).filter(any.and(quotas::user_id.eq(user))))?
                }
                None => run!(conn, execute, diesel::delete(quotas::table).filter(any))?,
            };
            Ok(())
        })
        .await
    }
}

/// Holds the project's counter row, so that what is checked is still so when it is written. A class has nothing to check.
async fn lock(conn: &Conn<'_>, region: &Region, holder: &QuotaHolder) -> Result<(), Abort> {
    match holder {
        QuotaHolder::Class(_) => Ok(()),
        QuotaHolder::Project(project) | QuotaHolder::User(project, _) => {
            let space = Space::new(region, &Owner::Project(project.clone()));
            let mut tallies = Tallies::default();
            tallies.reserve(&space, 0);
            tallies.lock(conn).await
        }
    }
}

async fn upsert(
    conn: &Conn<'_>,
    region: &Region,
    holder: &QuotaHolder,
    limits: &[(Resource, Limit)],
) -> QueryResult<()> {
    let row = |(resource, limit): &(Resource, Limit)| QuotaRow {
        region: region.to_string(),
        subject: holder.subject(),
        user_id: holder.user().to_owned(),
        resource: resource.as_str().to_owned(),
        hard_limit: limit.number(),
    };
    let rows: Vec<_> = limits.iter().map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    insert_many!(
        conn,
        execute,
        diesel::insert_into(quotas::table)
            .values(&rows)
            .on_conflict((quotas::region, quotas::subject, quotas::user_id, quotas::resource))
            .do_update()
            .set(quotas::hard_limit.eq(excluded(quotas::hard_limit)))
    )
    .map(drop)
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = quotas, treat_none_as_default_value = false)]
struct QuotaRow {
    region: String,
    subject: String,
    user_id: String,
    resource: String,
    hard_limit: i64,
}

impl TryFrom<QuotaRow> for Quota {
    type Error = Error;

    fn try_from(QuotaRow { region: _, subject, user_id, resource, hard_limit }: QuotaRow) -> Result<Self> {
        let unknown = |what: &str| Error::internal(format!("the table quotas has an unknown {what}"));
        Ok(Self {
            holder: QuotaHolder::parse(&subject, &user_id).map_err(Error::internal)?,
            resource: Resource::parse(&resource).ok_or_else(|| unknown("resource"))?,
            limit: Limit::from_number(hard_limit).ok_or_else(|| unknown("limit"))?,
        })
    }
}
