//! Users of the embedded identity.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::identity::{missing, name_taken};
use super::readers::read;
use super::schema::{tokens, users};
use crate::domain::{Error, PasswordHash, Result, Timestamp, User, UserId};

impl Store {
    #[instrument(skip_all, level = "debug")]
    pub async fn user_find(&self, id: &UserId) -> Result<Option<User>> {
        let rows: Vec<UserRow> =
            read!(self, load, users::table.filter(users::id.eq(id.as_str())).select(UserRow::as_select()))?;
        rows.into_iter().next().map(User::try_from).transpose()
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn user_find_by_name(&self, name: &str) -> Result<Option<User>> {
        // PostgreSQL refuses a NUL in a text; so no stored name has one.
        if name.contains('\0') {
            return Ok(None);
        }
        let rows: Vec<UserRow> =
            read!(self, load, users::table.filter(users::name.eq(name)).select(UserRow::as_select()))?;
        rows.into_iter().next().map(User::try_from).transpose()
    }

    /// All of them, by name.
    #[instrument(skip_all, level = "debug")]
    pub async fn users_list(&self) -> Result<Vec<User>> {
        let rows: Vec<UserRow> = read!(self, load, users::table.order(users::name).select(UserRow::as_select()))?;
        rows.into_iter().map(User::try_from).collect()
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn has_users(&self) -> Result<bool> {
        read!(self, get_result, select(exists(users::table.select(users::id))))
    }

    /// A taken name is `Invalid { field: "name" }`.
    #[instrument(skip_all, level = "debug")]
    pub async fn user_insert(&self, user: User) -> Result<()> {
        let row = UserRow::from(user);
        self.write(async move |conn| {
            let inserted = run!(conn, execute, diesel::insert_into(users::table).values(&row));
            inserted.map(drop).map_err(name_taken)
        })
        .await
    }

    /// Writes password and enabled; with a changed password or a disabled user, the user's tokens go too.
    /// A user that is not there is `Invalid { field: "user" }`.
    #[instrument(skip_all, level = "debug")]
    pub async fn user_update(&self, user: User) -> Result<()> {
        let row = UserRow::from(user);
        self.write(async move |conn| {
            let written = (users::password.eq(&row.password), users::enabled.eq(row.enabled));
            let user = users::table.filter(users::id.eq(&row.id));
            let same_password = user.filter(users::password.eq(&row.password));
            if run!(conn, execute, diesel::update(same_password).set(written))? == 1 && row.enabled {
                return Ok(());
            }
            if run!(conn, execute, diesel::update(user).set(written))? == 0 {
                return Err(missing("user"));
            }
            run!(conn, execute, diesel::delete(tokens::table).filter(tokens::user_id.eq(&row.id)))?;
            Ok(())
        })
        .await
    }

    /// With its grants and tokens (`ON DELETE CASCADE`). Whether it existed.
    #[instrument(skip_all, level = "debug")]
    pub async fn user_delete(&self, id: &UserId) -> Result<bool> {
        let id = id.clone();
        self.write(async move |conn| {
            let deleted = run!(conn, execute, diesel::delete(users::table).filter(users::id.eq(id.as_str())))?;
            Ok(deleted > 0)
        })
        .await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(super) struct UserRow {
    id: String,
    name: String,
    password: String,
    enabled: bool,
    created_at: i64,
}

impl From<User> for UserRow {
    fn from(User { id, name, password, enabled, created_at }: User) -> Self {
        let password = password.as_phc().to_owned();
        Self { id: id.to_string(), name, password, enabled, created_at: created_at.as_micros() }
    }
}

impl TryFrom<UserRow> for User {
    type Error = Error;

    fn try_from(UserRow { id, name, password, enabled, created_at }: UserRow) -> Result<Self> {
        let id = UserId::parse(&id).map_err(Error::internal)?;
        let password = PasswordHash::from_phc(password);
        Ok(Self { id, name, password, enabled, created_at: Timestamp::from_micros(created_at) })
    }
}
