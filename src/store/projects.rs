//! Projects of the embedded identity.

use diesel::prelude::*;
use tracing::instrument;

use super::Store;
use super::connection::run;
use super::grants::write_target;
use super::identity::{missing, name_taken};
use super::readers::read;
use super::schema::{grants, projects, tokens};
use super::tokens::write_scope;
use crate::domain::{Error, GrantTarget, Project, ProjectId, Result, Scope, Timestamp};

impl Store {
    #[instrument(skip_all, level = "debug")]
    pub async fn project_find(&self, id: &ProjectId) -> Result<Option<Project>> {
        let rows: Vec<ProjectRow> =
            read!(self, load, projects::table.filter(projects::id.eq(id.as_str())).select(ProjectRow::as_select()))?;
        rows.into_iter().next().map(Project::try_from).transpose()
    }

    #[instrument(skip_all, level = "debug")]
    pub async fn project_find_by_name(&self, name: &str) -> Result<Option<Project>> {
        // PostgreSQL refuses a NUL in a text; so no stored name has one.
        if name.contains('\0') {
            return Ok(None);
        }
        let rows: Vec<ProjectRow> =
            read!(self, load, projects::table.filter(projects::name.eq(name)).select(ProjectRow::as_select()))?;
        rows.into_iter().next().map(Project::try_from).transpose()
    }

    /// All of them, by name.
    #[instrument(skip_all, level = "debug")]
    pub async fn projects_list(&self) -> Result<Vec<Project>> {
        let rows: Vec<ProjectRow> =
            read!(self, load, projects::table.order(projects::name).select(ProjectRow::as_select()))?;
        rows.into_iter().map(Project::try_from).collect()
    }

    /// A taken name is `Invalid { field: "name" }`.
    #[instrument(skip_all, level = "debug")]
    pub async fn project_insert(&self, project: Project) -> Result<()> {
        let row = ProjectRow::from(project);
        self.write(async move |conn| {
            let inserted = run!(conn, execute, diesel::insert_into(projects::table).values(&row));
            inserted.map(drop).map_err(name_taken)
        })
        .await
    }

    /// Writes enabled. A project that is not there is `Invalid { field: "project" }`.
    #[instrument(skip_all, level = "debug")]
    pub async fn project_update(&self, project: Project) -> Result<()> {
        self.write(async move |conn| {
            let updated = run!(
                conn,
                execute,
                diesel::update(projects::table.filter(projects::id.eq(project.id.as_str())))
                    .set(projects::enabled.eq(project.enabled))
            )?;
            if updated == 0 { Err(missing("project")) } else { Ok(()) }
        })
        .await
    }

    /// With the grants on it and the tokens for it. Whether it existed.
    #[instrument(skip_all, level = "debug")]
    pub async fn project_delete(&self, id: &ProjectId) -> Result<bool> {
        let id = id.clone();
        self.write(async move |conn| {
            let deleted = run!(conn, execute, diesel::delete(projects::table).filter(projects::id.eq(id.as_str())))?;
            let target = write_target(&GrantTarget::Project(id.clone()));
            run!(conn, execute, diesel::delete(grants::table).filter(grants::target.eq(target)))?;
            let scope = write_scope(&Scope::Project(id.clone()));
            run!(conn, execute, diesel::delete(tokens::table).filter(tokens::scope.eq(&scope)))?;
            Ok(deleted > 0)
        })
        .await
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = projects, treat_none_as_default_value = false)]
pub(super) struct ProjectRow {
    id: String,
    name: String,
    enabled: bool,
    created_at: i64,
}

impl From<Project> for ProjectRow {
    fn from(Project { id, name, enabled, created_at }: Project) -> Self {
        Self { id: id.to_string(), name, enabled, created_at: created_at.as_micros() }
    }
}

impl TryFrom<ProjectRow> for Project {
    type Error = Error;

    fn try_from(ProjectRow { id, name, enabled, created_at }: ProjectRow) -> Result<Self> {
        let id = ProjectId::parse(&id).map_err(Error::internal)?;
        Ok(Self { id, name, enabled, created_at: Timestamp::from_micros(created_at) })
    }
}
