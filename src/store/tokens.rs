//! Tokens: what is stored of them, and who they are for.

use std::collections::BTreeSet;

use diesel::prelude::*;
use futures_util::future::try_join;
use tracing::instrument;

use super::connection::run;
use super::readers::read;
use super::rows::unknown;
use super::schema::{tokens, users};
use super::users::UserRow;
use super::{Store, TokenRecord};
use crate::domain::{DomainId, Error, ProjectId, Result, Scope, StoredToken, Timestamp, TokenHash, User, UserId};

impl Store {
    #[instrument(skip_all, level = "debug")]
    pub async fn token_insert(&self, token: StoredToken) -> Result<()> {
        let row = TokenRow::try_from(token)?;
        self.write(async move |conn| {
            run!(conn, execute, diesel::insert_into(tokens::table).values(&row))?;
            Ok(())
        })
        .await
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn token_find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>> {
        let rows: Vec<(TokenRow, UserRow)> = read!(
            self,
            load,
            tokens::table
                .inner_join(users::table)
                .filter(tokens::hash.eq(hash.0.as_slice()))
                .select((TokenRow::as_select(), UserRow::as_select()))
        )?;
        let Some((token, user)) = rows.into_iter().next() else { return Ok(None) };
        let (token, user) = (StoredToken::try_from(token)?, User::try_from(user)?);
        let project = async {
            match &token.scope {
                Scope::Project(id) => self.project_find(id).await,
                Scope::Domain(_) | Scope::System | Scope::Unscoped => Ok(None),
            }
        };
        let (project, grants) = try_join(project, self.grants_of(&user.id)).await?;
        Ok(Some(TokenRecord { token, user, project, grants }))
    }

    /// Whether it was there.
    #[instrument(skip_all, level = "debug")]
    pub async fn token_delete(&self, hash: &TokenHash) -> Result<bool> {
        let TokenHash(hash) = *hash;
        self.write(async move |conn| {
            let deleted = run!(conn, execute, diesel::delete(tokens::table).filter(tokens::hash.eq(hash.as_slice())))?;
            Ok(deleted > 0)
        })
        .await
    }

    /// Deletes what expired before `now`; how many.
    #[instrument(skip_all, level = "debug")]
    pub async fn tokens_purge(&self, now: Timestamp) -> Result<u64> {
        self.write(async move |conn| {
            let expired = diesel::delete(tokens::table).filter(tokens::expires_at.lt(now.as_micros()));
            Ok(run!(conn, execute, expired)? as u64)
        })
        .await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = tokens, treat_none_as_default_value = false)]
struct TokenRow {
    hash: Vec<u8>,
    user_id: String,
    scope: String,
    methods: String,
    audit_ids: String,
    issued_at: i64,
    expires_at: i64,
}

impl TryFrom<StoredToken> for TokenRow {
    type Error = Error;

    fn try_from(token: StoredToken) -> Result<Self> {
        Ok(Self {
            hash: token.hash.0.to_vec(),
            user_id: token.user.to_string(),
            scope: write_scope(&token.scope),
            methods: serde_json::to_string(&token.methods).map_err(Error::internal)?,
            audit_ids: serde_json::to_string(&token.audit_ids).map_err(Error::internal)?,
            issued_at: token.issued_at.as_micros(),
            expires_at: token.expires_at.as_micros(),
        })
    }
}

impl TryFrom<TokenRow> for StoredToken {
    type Error = Error;

    fn try_from(row: TokenRow) -> Result<Self> {
        let hash = row.hash.try_into().map_err(|_| unknown("hash"))?;
        let methods: BTreeSet<String> = serde_json::from_str(&row.methods).map_err(Error::internal)?;
        Ok(Self {
            hash: TokenHash(hash),
            user: UserId::parse(&row.user_id).map_err(Error::internal)?,
            scope: read_scope(&row.scope)?,
            methods,
            audit_ids: serde_json::from_str(&row.audit_ids).map_err(Error::internal)?,
            issued_at: Timestamp::from_micros(row.issued_at),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

pub(super) fn write_scope(scope: &Scope) -> String {
    match scope {
        Scope::Project(id) => format!("p:{id}"),
        Scope::Domain(id) => format!("d:{id}"),
        Scope::System => "system".to_owned(),
        Scope::Unscoped => "unscoped".to_owned(),
    }
}

fn read_scope(written: &str) -> Result<Scope> {
    match written.split_once(':') {
        Some(("p", id)) => Ok(Scope::Project(ProjectId::parse(id).map_err(Error::internal)?)),
        Some(("d", id)) => Ok(Scope::Domain(DomainId::parse(id).map_err(Error::internal)?)),
        None if written == "system" => Ok(Scope::System),
        None if written == "unscoped" => Ok(Scope::Unscoped),
        _ => Err(unknown("scope")),
    }
}
