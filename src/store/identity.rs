//! What the tables of the embedded identity share: their first rows, and what a refused write means.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DatabaseError};
use tracing::instrument;

use super::connection::{insert_many, run};
use super::failed::Abort;
use super::grants::GrantRow;
use super::projects::ProjectRow;
use super::schema::{grants, instance, projects, users};
use super::users::UserRow;
use super::{Bootstrap, Bootstrapped, Store};
use crate::domain::{Error, Result};

impl Store {
    /// Writes everything, unless there is a user already.
    #[instrument(skip_all, level = "debug")]
    pub async fn bootstrap(&self, first: Bootstrap) -> Result<Bootstrapped> {
        let users: Vec<_> = first.users.into_iter().map(UserRow::from).collect();
        let projects: Vec<_> = first.projects.into_iter().map(ProjectRow::from).collect();
        let grants: Vec<_> = first.grants.iter().map(GrantRow::from).collect();
        self.write(async move |conn| {
            // The write comes first on purpose: it locks the one row there is, so that of two processes that start at
            // once on an empty database the second one waits, and then finds the users of the first.
            run!(conn, execute, diesel::update(instance::table).set(instance::created_at.eq(instance::created_at)))?;
            let before: i64 = run!(conn, get_result, users::table.count())?;
            if before > 0 {
                return Ok(Bootstrapped::Before);
            }
            insert_many!(conn, execute, diesel::insert_into(users::table).values(&users))?;
            insert_many!(conn, execute, diesel::insert_into(projects::table).values(&projects))?;
            insert_many!(conn, execute, diesel::insert_into(grants::table).values(&grants))?;
            Ok(Bootstrapped::Done)
        })
        .await
    }
}

pub(super) fn name_taken(cause: DatabaseError) -> Abort {
    match cause {
        DatabaseError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            Abort::Refused(Error::Invalid { field: "name", reason: "is taken".to_owned() })
        }
        _ => cause.into(),
    }
}

pub(super) fn missing(field: &'static str) -> Abort {
    Abort::Refused(Error::Invalid { field, reason: "does not exist".to_owned() })
}
