//! Where the database is.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use super::connection::TIMEOUT;
use super::pooler::Pooler;
use super::tls::{Mode, Tls};
use super::tls_parameters::{Nearness, TlsParameters, nearness};
use crate::domain::{Error, Result};

/// A database's address, read from its URL. PostgreSQL's may hold a password: nothing here is printed.
#[derive(Clone)]
pub(super) enum Location {
    Postgres(Box<Server>),
    Sqlite(PathBuf),
}

/// A PostgreSQL, or several of which one takes writes, and what is in front of it.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) pooler: Pooler,
}

/// Takes `postgres://…`, `postgresql://…` and `sqlite:PATH`. Any other form is refused, so that a slip of the pen does
/// not make an empty SQLite file; the URL is not repeated, because a password may stand in it.
pub(super) fn parse(url: &str, pooler: Pooler) -> Result<Location> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Location::Postgres(Box::new(postgres(url, pooler)?)));
    }
    match url.strip_prefix("sqlite:") {
        Some(_) if pooler != Pooler::None => Err(Error::Invalid {
            field: "database.pooler",
            reason: "it is for PostgreSQL, and the database is SQLite: set it to \"none\"".to_owned(),
        }),
        Some("") => Err(refused("names no file after 'sqlite:'")),
        Some(":memory:") => Err(refused("must name a file: each connection would have a memory of its own")),
        Some(path) => Ok(Location::Sqlite(PathBuf::from(path))),
        None => Err(refused("must be postgres://USER@HOST/DATABASE, postgresql://… or sqlite:PATH")),
    }
}

/// The driver knows three of libpq's modes and none of its files, so what is about TLS is taken out before it reads the rest.
fn postgres(url: &str, pooler: Pooler) -> Result<Server> {
    let (rest, written) = TlsParameters::take_from(url)?;
    let mut config: Config = rest.parse().map_err(|_| refused("is not a PostgreSQL URL that can be read"))?;
    let tls = written.for_server(nearness(&config))?;
    // Sockets of this machine have no TLS, whatever is asked for: so does libpq.
    let mode = if nearness(&config) == Nearness::Socket { Mode::Disable } else { tls.mode };
    config.ssl_mode(mode.of_driver());
    prefer_the_primary(&mut config);
    Ok(Server { config, tls, pooler })
}

/// Of several hosts, the one that takes writes is meant; one that is away must leave time to ask the others.
fn prefer_the_primary(config: &mut Config) {
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len());
    let Some(hosts) = u32::try_from(hosts).ok().filter(|hosts| *hosts > 1) else { return };
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(TIMEOUT / (hosts + 1));
    }
}

pub(super) fn refused(reason: &str) -> Error {
    Error::Invalid { field: "database.url", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_no_known_form_is_refused_without_being_repeated() {
        for url in ["", "mysql://u:secret@h/d", "keypaird.sqlite", "postgres:secret", "sqlite:", "sqlite::memory:"] {
            let Err(refused) = parse(url, Pooler::None) else { panic!("{url} was taken") };
            assert!(!refused.to_string().contains("secret"), "{refused}");
        }
        for url in ["postgres://u:secret@h:port/d", "postgres://u:secret@h/d?sslmode=allow"] {
            let Err(refused) = parse(url, Pooler::None) else { panic!("{url} was taken") };
            assert!(!format!("{refused:?}").contains("secret"), "{refused:?}");
        }
    }

    #[test]
    fn both_databases_are_known() {
        let parse = |url| parse(url, Pooler::None);
        assert!(matches!(parse("postgres://u@h/d"), Ok(Location::Postgres(_))));
        assert!(matches!(parse("postgresql://u@h/d"), Ok(Location::Postgres(_))));
        assert!(
            matches!(parse("sqlite:/tmp/a b.sqlite"), Ok(Location::Sqlite(path)) if path.as_os_str() == "/tmp/a b.sqlite")
        );
    }

    #[test]
    fn of_several_hosts_the_one_that_takes_writes_is_meant_and_each_gets_a_share_of_the_time() {
        let config = |url| match parse(url, Pooler::None) {
            Ok(Location::Postgres(server)) => server.config,
            Ok(Location::Sqlite(_)) | Err(_) => panic!("{url} was not taken for PostgreSQL's"),
        };
        let one = config("postgres://u@a/d");
        assert_eq!((one.get_target_session_attrs(), one.get_connect_timeout()), (TargetSessionAttrs::Any, None));
        let three = config("postgres://u@a,b:1,c:2/d");
        assert_eq!(three.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(three.get_connect_timeout(), Some(&(TIMEOUT / 4)));
        let slow = config("postgres://u@a,b/d?connect_timeout=1");
        assert_eq!(slow.get_connect_timeout(), Some(&std::time::Duration::from_secs(1)));
    }
}
