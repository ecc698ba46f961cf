//! What the URL of a PostgreSQL says about TLS, and what holds where it says nothing.

use std::net::IpAddr;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::tls::{ClientCertificate, Mode, Roots, Tls};
use super::url::refused;
use crate::domain::Result;

/// How far away a server is, as far as its address tells; of several, the farthest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    Socket,
    Loopback,
    Network,
}

pub(super) fn nearness(config: &Config) -> Nearness {
    let of_address = |address: &IpAddr| if address.is_loopback() { Nearness::Loopback } else { Nearness::Network };
    let of_host = |host: &Host| match host {
        Host::Unix(_) => Nearness::Socket,
        Host::Tcp(name) if name == "localhost" => Nearness::Loopback,
        Host::Tcp(name) => name.parse().as_ref().map_or(Nearness::Network, of_address),
    };
    // Where there is an address, it is connected to, and the host is only its name.
    let farthest = match config.get_hostaddrs() {
        [] => config.get_hosts().iter().map(of_host).max(),
        addresses => addresses.iter().map(of_address).max(),
    };
    farthest.unwrap_or(Nearness::Network)
}

/// What a URL says about TLS.
#[derive(Default)]
pub(super) struct TlsParameters {
    mode: Option<Mode>,
    roots: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl TlsParameters {
    /// The URL without them.
    pub(super) fn take_from(url: &str) -> Result<(String, Self)> {
        // A password may have a '?' in it.
        let after_password = url.find('@').map_or(0, |at| at + 1);
        let Some((place, query)) = url[after_password..].split_once('?') else {
            return Ok((url.to_owned(), Self::default()));
        };
        let mut found = Self::default();
        let mut others = Vec::new();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value =
                percent_decode_str(value).decode_utf8().map_err(|_| refused("has a parameter that is not UTF-8"))?;
            match name {
                "sslmode" => found.mode = Some(Mode::parse(&value).ok_or_else(|| refused(MODES))?),
                "sslrootcert" => found.roots = Some(value.into_owned()),
                "sslcert" => found.certificate = Some(PathBuf::from(&*value)),
                "sslkey" => found.key = Some(PathBuf::from(&*value)),
                _ => others.push(parameter),
            }
        }
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        Ok((format!("{}{place}{query}", &url[..after_password]), found))
    }

    /// What they mean to a server that near. Without `sslmode`, what crosses a network is encrypted or does not go there.
    pub(super) fn for_server(self, nearness: Nearness) -> Result<Tls> {
        let roots = match self.roots {
            None => Roots::Unset,
            Some(word) if word == "system" => Roots::System,
            Some(file) => Roots::File(PathBuf::from(file)),
        };
        let default = match nearness {
            _ if roots == Roots::System => Mode::VerifyFull,
            Nearness::Socket | Nearness::Loopback => Mode::Prefer,
            Nearness::Network => Mode::Require,
        };
        let mode = match (self.mode.unwrap_or(default), &roots) {
            // As libpq has it: who names an authority wants it asked.
            (Mode::Require, Roots::File(_)) => Mode::VerifyCa,
            (Mode::VerifyFull, Roots::System) => Mode::VerifyFull,
            (_, Roots::System) => return Err(refused(SYSTEM)),
            (mode, Roots::Unset) if mode.verifies() => return Err(refused(NO_ROOTS)),
            (mode, _) => mode,
        };
        let client = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some(ClientCertificate { certificate, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(refused("has one of sslcert and sslkey; it needs both")),
        };
        Ok(Tls { mode, roots, client })
    }
}

const MODES: &str = "has an sslmode that is none of disable, prefer, require, verify-ca and verify-full";
const SYSTEM: &str = "has sslrootcert=system, which anybody with a certificate of a public authority passes: it needs sslmode=verify-full";
const NO_ROOTS: &str = "has an sslmode that verifies, and does not say who is believed: set sslrootcert to a file with the authority's \
    certificate, or to 'system'";

#[cfg(test)]
mod tests {
    use super::super::pooler::Pooler;
    use super::super::url::{Location, parse};
    use super::*;

    fn mode(url: &str) -> Option<Mode> {
        match parse(url, Pooler::None) {
            Ok(Location::Postgres(server)) => Some(server.tls.mode),
            Ok(Location::Sqlite(_)) | Err(_) => None,
        }
    }

    #[test]
    fn s62_without_an_sslmode_nothing_crosses_a_network_in_plain_text() {
        for near in ["localhost", "127.0.0.1:5", "[::1]", "%2Frun%2Fpostgresql", "localhost,127.0.0.1"] {
            assert_eq!(mode(&format!("postgres://u@{near}/d")), Some(Mode::Prefer), "{near}");
        }
        for far in ["db", "192.0.2.1", "[2001:db8::1]", "localhost,db"] {
            assert_eq!(mode(&format!("postgres://u@{far}/d")), Some(Mode::Require), "{far}");
        }
        assert_eq!(mode("postgres://u@db/d?hostaddr=127.0.0.1"), Some(Mode::Prefer));
        assert_eq!(mode("postgres://u@localhost/d?hostaddr=192.0.2.1"), Some(Mode::Require));
    }

    #[test]
    fn s62_the_parameters_about_tls_mean_what_they_mean_to_libpq() {
        let cases = [
            ("sslmode=disable", Some(Mode::Disable)),
            ("sslmode=verify-full&sslrootcert=/ca.pem", Some(Mode::VerifyFull)),
            ("sslrootcert=%2Fca%20s.pem&sslmode=verify-ca", Some(Mode::VerifyCa)),
            ("sslmode=require", Some(Mode::Require)),
            ("sslmode=require&sslrootcert=/ca.pem", Some(Mode::VerifyCa)),
            ("sslrootcert=system", Some(Mode::VerifyFull)),
            ("sslmode=require&sslrootcert=system", None),
            ("sslmode=verify-full", None),
            ("sslmode=verify-ca", None),
            ("sslmode=allow", None),
            ("sslmode=", None),
            ("sslmode=require&sslcert=/c.pem", None),
            ("sslmode=require&sslcert=/c.pem&sslkey=/k.pem", Some(Mode::Require)),
            ("sslmode=require&sslpassword=x", None),
        ];
        for (parameters, expected) in cases {
            assert_eq!(mode(&format!("postgres://u:a?b@db/d?{parameters}")), expected, "{parameters}");
        }
        let Ok(Location::Postgres(read)) =
            parse("postgres://u:a?b@db/d?application_name=x&sslmode=disable&connect_timeout=3", Pooler::None)
        else {
            panic!("is a URL")
        };
        assert_eq!(read.config.get_application_name(), Some("x"));
        assert_eq!(read.config.get_password(), Some(&b"a?b"[..]));
        assert!(read.config.get_connect_timeout().is_some());
    }
}
