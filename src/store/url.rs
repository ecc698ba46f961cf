//! Where the database is.

use std::path::PathBuf;

use crate::domain::{Error, Result};

/// A database's address, read from its URL. PostgreSQL's may hold a password: nothing here is printed.
#[derive(Clone)]
pub(super) enum Location {
    Postgres(Box<tokio_postgres::Config>),
    Sqlite(PathBuf),
}

/// Takes `postgres://…`, `postgresql://…` and `sqlite:PATH`. Any other form is refused, so that a slip of the pen does
/// not make an empty SQLite file; the URL is not repeated, because a password may stand in it.
pub(super) fn parse(url: &str) -> Result<Location> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        let config = url.parse().map_err(|_| refused("is not a PostgreSQL URL that can be read"))?;
        return Ok(Location::Postgres(Box::new(config)));
    }
    match url.strip_prefix("sqlite:") {
        Some("") => Err(refused("names no file after 'sqlite:'")),
        Some(":memory:") => Err(refused("must name a file: each connection would have a memory of its own")),
        Some(path) => Ok(Location::Sqlite(PathBuf::from(path))),
        None => Err(refused("must be postgres://USER@HOST/DATABASE, postgresql://… or sqlite:PATH")),
    }
}

fn refused(reason: &str) -> Error {
    Error::Invalid { field: "database.url", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_no_known_form_is_refused_without_being_repeated() {
        for url in ["", "mysql://u:secret@h/d", "keypaird.sqlite", "postgres:secret", "sqlite:", "sqlite::memory:"] {
            let Err(refused) = parse(url) else { panic!("{url} was taken") };
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        let Err(refused) = parse("postgres://u:secret@h:port/d") else { panic!("a port of letters was taken") };
        assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
    }

    #[test]
    fn both_databases_are_known() {
        assert!(matches!(parse("postgres://u@h/d"), Ok(Location::Postgres(_))));
        assert!(matches!(parse("postgresql://u@h/d"), Ok(Location::Postgres(_))));
        assert!(
            matches!(parse("sqlite:/tmp/a b.sqlite"), Ok(Location::Sqlite(path)) if path.as_os_str() == "/tmp/a b.sqlite")
        );
    }
}
