//! Grants of the embedded identity: who has which role where.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DatabaseError};
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::identity::missing;
use super::readers::read;
use super::rows::unknown;
use super::schema::grants;
use crate::domain::{Error, Grant, GrantTarget, ProjectId, Result, Role, UserId};

impl Store {
    #[instrument(skip_all, level = "debug")]
    pub async fn grants_of(&self, user: &UserId) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = read!(
            self,
            load,
            grants::table
                .filter(grants::user_id.eq(user.as_str()))
                .order((grants::target, grants::role))
                .select(GrantRow::as_select())
        )?;
        rows.into_iter().map(Grant::try_from).collect()
    }

    /// All of them, by user, target and role.
    #[instrument(skip_all, level = "debug")]
    pub async fn grants_list(&self) -> Result<Vec<Grant>> {
        let rows: Vec<GrantRow> = read!(
            self,
            load,
            grants::table.order((grants::user_id, grants::target, grants::role)).select(GrantRow::as_select())
        )?;
        rows.into_iter().map(Grant::try_from).collect()
    }

    /// Giving twice is the same as once. A user that is not there is `Invalid { field: "user" }`.
    #[instrument(skip_all, level = "debug")]
    pub async fn grant_insert(&self, grant: Grant) -> Result<()> {
        let row = GrantRow::from(&grant);
        self.write(async move |conn| {
            let insert = diesel::insert_into(grants::table).values(&row).on_conflict_do_nothing();
            run!(conn, execute, insert).map(drop).map_err(|cause| match cause {
                DatabaseError::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => missing("user"),
                _ => cause.into(),
            })
        })
        .await
    }

    /// Whether it was there.
    #[instrument(skip_all, level = "debug")]
    pub async fn grant_delete(&self, grant: &Grant) -> Result<bool> {
        let row = GrantRow::from(grant);
        self.write(async move |conn| {
            let deleted = run!(
                conn,
                execute,
                diesel::delete(grants::table)
                    .filter(grants::user_id.eq(&row.user_id))
                    .filter(grants::target.eq(&row.target))
                    .filter(grants::role.eq(&row.role))
            )?;
            Ok(deleted > 0)
        })
        .await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = grants, treat_none_as_default_value = false)]
pub(super) struct GrantRow {
    user_id: String,
    target: String,
    role: String,
}

impl From<&Grant> for GrantRow {
    fn from(Grant { user, target, role }: &Grant) -> Self {
        Self { user_id: user.to_string(), target: write_target(target), role: role.to_string() }
    }
}

impl TryFrom<GrantRow> for Grant {
    type Error = Error;

    fn try_from(GrantRow { user_id, target, role }: GrantRow) -> Result<Self> {
        let user = UserId::parse(&user_id).map_err(Error::internal)?;
        let role = Role::parse(&role).map_err(Error::internal)?;
        Ok(Self { user, target: read_target(&target)?, role })
    }
}

pub(super) fn write_target(target: &GrantTarget) -> String {
    match target {
        GrantTarget::Project(id) => format!("p:{id}"),
        GrantTarget::Domain => "domain".to_owned(),
        GrantTarget::System => "system".to_owned(),
    }
}

fn read_target(written: &str) -> Result<GrantTarget> {
    match written.split_once(':') {
        Some(("p", id)) => Ok(GrantTarget::Project(ProjectId::parse(id).map_err(Error::internal)?)),
        None if written == "domain" => Ok(GrantTarget::Domain),
        None if written == "system" => Ok(GrantTarget::System),
        _ => Err(unknown("target")),
    }
}
