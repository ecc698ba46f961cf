//! Access keys, and whose they are.

use diesel::dsl::count_star;
use diesel::prelude::*;
use futures_util::future::try_join3;
use tracing::instrument;

use super::connection::run;
use super::identity::missing;
use super::master_keys::hold;
use super::readers::read;
use super::rows::unknown;
use super::schema::{access_keys, projects, users};
use super::{AccessKeyRecord, Store};
use crate::domain::{
    AccessKey, AccessKeyId, AccessKeyIds, Error, KekId, KekProvider, ProjectId, Result, Temporary, Timestamp,
    TokenHash, UserId, WrappedSecret,
};

impl Store {
    /// A user or project that is not there (any more) is `Invalid`; a master key that was retired, `Unavailable`.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_key_insert(&self, key: AccessKey) -> Result<()> {
        let row = AccessKeyRow::from(&key);
        self.write(async move |conn| {
            hold(conn, std::iter::once(&key.secret.kek)).await?;
            let user = users::table.filter(users::id.eq(&row.user_id)).count();
            let project = projects::table.filter(projects::id.eq(&row.project_id)).count();
            let (users, projects): (i64, i64) = (run!(conn, get_result, user)?, run!(conn, get_result, project)?);
            match (users, projects) {
                (0, _) => return Err(missing("user")),
                (_, 0) => return Err(missing("project")),
                (_, _) => {}
            }
            run!(conn, execute, diesel::insert_into(access_keys::table).values(&row))?;
            Ok(())
        })
        .await
    }

    /// A key with all that decides whether it may be used.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_key_find(&self, id: &AccessKeyId) -> Result<Option<AccessKeyRecord>> {
        let rows: Vec<AccessKeyRow> = read!(
            self,
            load,
            access_keys::table.filter(access_keys::id.eq(id.as_str())).select(AccessKeyRow::as_select())
        )?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let key = AccessKey::try_from(row)?;
        let AccessKeyIds { user, project, .. } = &key.ids;
        let (user, project, grants) =
            try_join3(self.user_find(user), self.project_find(project), self.grants_of(user)).await?;
        // Those that it belongs to may have been deleted since the first statement, and the key with them.
        let (Some(user), Some(project)) = (user, project) else { return Ok(None) };
        Ok(Some(AccessKeyRecord { key, user, project, grants }))
    }

    /// Keys behind `after`, by id, at most `limit`.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_keys_page(&self, after: Option<&AccessKeyId>, limit: u32) -> Result<Vec<AccessKey>> {
        let after = after.map_or("", AccessKeyId::as_str);
        let rows: Vec<AccessKeyRow> = read!(
            self,
            load,
            access_keys::table
                .filter(access_keys::id.gt(after))
                .order(access_keys::id)
                .limit(i64::from(limit))
                .select(AccessKeyRow::as_select())
        )?;
        rows.into_iter().map(AccessKey::try_from).collect()
    }

    /// Whether it was there.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_key_set_enabled(&self, id: &AccessKeyId, enabled: bool) -> Result<bool> {
        let id = id.clone();
        self.write(async move |conn| {
            let key = access_keys::table.filter(access_keys::id.eq(id.as_str()));
            Ok(run!(conn, execute, diesel::update(key).set(access_keys::enabled.eq(enabled)))? > 0)
        })
        .await
    }

    /// Whether it was there.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_key_delete(&self, id: &AccessKeyId) -> Result<bool> {
        let id = id.clone();
        self.write(async move |conn| {
            let key = access_keys::table.filter(access_keys::id.eq(id.as_str()));
            Ok(run!(conn, execute, diesel::delete(key))? > 0)
        })
        .await
    }

    /// Writes another wrapping, where the one that was read is still there. Whether it was.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_key_rewrap(&self, id: &AccessKeyId, was: &WrappedSecret, now: WrappedSecret) -> Result<bool> {
        let (id, was) = (id.clone(), was.bytes.clone());
        self.write(async move |conn| {
            hold(conn, std::iter::once(&now.kek)).await?;
            let key =
                access_keys::table.filter(access_keys::id.eq(id.as_str())).filter(access_keys::wrapped_secret.eq(&was));
            let wrapping = (
                access_keys::kek_name.eq(&now.kek.name),
                access_keys::kek_version.eq(now.kek.version),
                access_keys::wrapped_secret.eq(&now.bytes),
            );
            Ok(run!(conn, execute, diesel::update(key).set(wrapping))? > 0)
        })
        .await
    }

    /// How many secrets each master key wraps: name, version, number.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_keys_by_kek(&self) -> Result<Vec<(String, i32, i64)>> {
        read!(
            self,
            load,
            access_keys::table.group_by((access_keys::kek_name, access_keys::kek_version)).select((
                access_keys::kek_name,
                access_keys::kek_version,
                count_star()
            ))
        )
    }

    /// Deletes temporary keys whose time was up before `now`; how many.
    #[instrument(skip_all, level = "debug")]
    pub async fn access_keys_purge(&self, now: Timestamp) -> Result<u64> {
        self.write(async move |conn| {
            let expired = diesel::delete(access_keys::table).filter(access_keys::expires_at.lt(now.as_micros()));
            Ok(run!(conn, execute, expired)? as u64)
        })
        .await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = access_keys, treat_none_as_default_value = false)]
struct AccessKeyRow {
    id: String,
    user_id: String,
    project_id: String,
    enabled: bool,
    kek_name: String,
    kek_version: i32,
    wrapped_secret: Vec<u8>,
    security_token: Option<Vec<u8>>,
    created_at: i64,
    expires_at: Option<i64>,
}

impl From<&AccessKey> for AccessKeyRow {
    fn from(key: &AccessKey) -> Self {
        let AccessKey { ids: AccessKeyIds { id, user, project }, enabled, secret, temporary, created_at } = key;
        Self {
            id: id.to_string(),
            user_id: user.to_string(),
            project_id: project.to_string(),
            enabled: *enabled,
            kek_name: secret.kek.name.clone(),
            kek_version: secret.kek.version,
            wrapped_secret: secret.bytes.clone(),
            security_token: temporary.map(|temporary| temporary.security_token.0.to_vec()),
            created_at: created_at.as_micros(),
            expires_at: temporary.map(|temporary| temporary.expires_at.as_micros()),
        }
    }
}

impl TryFrom<AccessKeyRow> for AccessKey {
    type Error = Error;

    fn try_from(row: AccessKeyRow) -> Result<Self> {
        let temporary = match (row.security_token, row.expires_at) {
            (None, None) => None,
            (Some(hash), Some(expires_at)) => Some(Temporary {
                security_token: TokenHash(hash.try_into().map_err(|_| unknown("security_token"))?),
                expires_at: Timestamp::from_micros(expires_at),
            }),
            (Some(_), None) | (None, Some(_)) => return Err(unknown("security_token")),
        };
        let kek = KekId { provider: KekProvider::Local, name: row.kek_name, version: row.kek_version };
        Ok(Self {
            ids: AccessKeyIds {
                id: AccessKeyId::parse(&row.id).map_err(Error::internal)?,
                user: UserId::parse(&row.user_id).map_err(Error::internal)?,
                project: ProjectId::parse(&row.project_id).map_err(Error::internal)?,
            },
            enabled: row.enabled,
            secret: WrappedSecret { kek, bytes: row.wrapped_secret },
            temporary,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}
