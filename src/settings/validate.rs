//! Whether settings that are well-formed one by one fit together.

use std::net::SocketAddr;
use std::path::Path;

use url::Url;

use super::Settings;
use crate::domain::ResourceGroupId;
use crate::ssh::Algorithm;
use crate::vault::{self, Suites};
use crate::{auth, http, telemetry};

/// The longest that Keystone's answers about tokens are kept, in seconds; keystonemiddleware's default.
const LONGEST_TOKEN_CACHE: u64 = 300;

/// The longest that clients may be given, in seconds.
const LONGEST_TIMEOUT: u64 = 3600;

/// The longest time whose requests may come at once, in seconds.
const LONGEST_BURST: u32 = 3600;

/// The most keys of an algorithm that may be kept ready.
const LARGEST_POOL: i64 = 10_000;

/// A setting that cannot be used, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Such as `http.listen`.
    pub key: &'static str,
    pub reason: String,
}

/// What settings are read for: what does not matter for that need not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To run the service, or to work on what it has stored.
    Service,
    /// To bring the database to this version's schema.
    Database,
    /// To ask a running service how it is.
    Health,
}

impl Purpose {
    fn needs(self, key: &str) -> bool {
        match self {
            Self::Service => true,
            Self::Database => key.starts_with("database."),
            Self::Health => false,
        }
    }
}

impl Settings {
    /// The same as [`Self::validate`], of what is needed for a purpose.
    pub(super) fn validate_for(&self, purpose: Purpose) -> Result<(), Vec<Invalid>> {
        let invalid = self.validate().err().unwrap_or_default();
        let invalid: Vec<Invalid> = invalid.into_iter().filter(|it| purpose.needs(it.key)).collect();
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    /// Checks everything that can be told without opening a file or a port.
    pub fn validate(&self) -> Result<(), Vec<Invalid>> {
        let checks = [
            ("region", a_region(&self.region)),
            ("http.listen", self.plain_http(self.http.listen, &self.http.tls)),
            ("http.public_url", self.http.public_url.as_deref().map_or(Ok(()), public_url)),
            ("http.max_connections", at_least_one(self.http.max_connections.into())),
            ("http.head_timeout_seconds", a_timeout(self.http.head_timeout_seconds)),
            ("http.body_timeout_seconds", a_timeout(self.http.body_timeout_seconds)),
            ("http.idle_timeout_seconds", a_timeout(self.http.idle_timeout_seconds)),
            ("http.answer_timeout_seconds", a_timeout(self.http.answer_timeout_seconds)),
            ("http.rate_limit.burst_seconds", self.burst()),
            ("admin.listen", self.plain_http(self.admin.listen, &self.admin.tls)),
            ("admin.listen", self.second_listener()),
            ("database.url", self.database.url.as_deref().map_or(Ok(()), database_url)),
            ("database.url_file", self.one_database()),
            ("database.migration_url", self.database.migration_url.as_deref().map_or(Ok(()), migration_url)),
            ("database.migration_url_file", self.one_migration_url()),
            ("vault.master_key_file", self.master_key()),
            ("vault.open_suites", self.suites()),
            ("identity.token_lifetime_seconds", at_least_one(self.identity.token_lifetime_seconds)),
            ("identity.keystone.auth_url", self.keystone(|it| it.auth_url.as_deref().map(url))),
            ("identity.keystone.auth_url", self.keystone_unused(self.identity.keystone.auth_url.is_some())),
            ("identity.keystone.ec2_credentials", self.keystone_unused(self.identity.keystone.ec2_credentials)),
            ("identity.keystone.username", self.keystone(|it| it.username.as_ref().map(|_| Ok(())))),
            ("identity.keystone.password_file", self.keystone(|it| it.password_file.as_ref().map(|_| Ok(())))),
            (
                "identity.keystone.www_authenticate_uri",
                self.keystone(|it| Some(it.www_authenticate_uri.as_deref().map_or(Ok(()), url))),
            ),
            ("identity.keystone.token_cache_seconds", self.token_cache()),
            ("identity.keystone.timeout_seconds", at_least_one(self.identity.keystone.timeout_seconds)),
            ("ledger.checkpoint_seconds", at_least_one(self.ledger.checkpoint_seconds)),
            ("alibaba.regions", self.alibaba.regions.iter().try_for_each(|region| a_region(region))),
            (
                "alibaba.resource_groups",
                self.alibaba.resource_groups.iter().try_for_each(|group| resource_group(group)),
            ),
            ("keypair.algorithm", self.algorithm()),
            ("keypair.generator_queue", at_least_one(self.keypair.generator_queue as u64)),
            ("keypair.generator_wait_seconds", at_least_one(self.keypair.generator_wait_seconds)),
            ("keypair.pool.size", self.pool_size()),
            ("log.level", telemetry::filter(&self.log.level).map(drop)),
            ("traces.endpoint", self.traces.endpoint.as_deref().map_or(Ok(()), url)),
            ("traces.sample_ratio", ratio(self.traces.sample_ratio)),
        ];
        let checks = checks.into_iter().chain(self.vault.kms.validate()).chain(self.tls());
        let failed = checks.filter_map(|(key, result)| result.err().map(|reason| Invalid { key, reason }));
        let invalid: Vec<Invalid> = failed.collect();
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    /// Tokens and private keys would cross the network in the clear.
    fn plain_http(&self, listen: SocketAddr, tls: &http::tls::Settings) -> Result<(), String> {
        if listen.ip().is_loopback() || tls.is_on() || self.http.allow_plain_http {
            return Ok(());
        }
        Err(format!(
            "{listen} is reachable from other machines, and the service would speak plain HTTP there; give it a certificate \
             (tls.certificate_file of the same section), listen on 127.0.0.1 or [::1] behind a proxy that speaks TLS, or say \
             that the network is safe with http.allow_plain_http = true"
        ))
    }

    /// Buckets are remembered that long.
    fn burst(&self) -> Result<(), String> {
        let fits = (1..=LONGEST_BURST).contains(&self.http.rate_limit.burst_seconds);
        fits.then_some(()).ok_or_else(|| format!("it must be 1 to {LONGEST_BURST}"))
    }

    /// Of both listeners.
    fn tls(&self) -> impl Iterator<Item = (&'static str, Result<(), String>)> {
        let of_api = ["http.tls.certificate_file", "http.tls.private_key_file", "http.tls.client_ca_file"];
        let of_admin = ["admin.tls.certificate_file", "admin.tls.private_key_file", "admin.tls.client_ca_file"];
        let checked = [(of_api, self.http.tls.validate()), (of_admin, self.admin.tls.validate())];
        checked.into_iter().flat_map(|(keys, checked)| keys.into_iter().zip(checked))
    }

    fn second_listener(&self) -> Result<(), String> {
        let same = self.http.listen == self.admin.listen && self.http.listen.port() != 0;
        if same {
            Err("it is http.listen too; give the operator's listener a port of its own".to_owned())
        } else {
            Ok(())
        }
    }

    /// Of two URLs, one would be passed over without a word.
    fn one_database(&self) -> Result<(), String> {
        if self.database.url.is_some() && self.database.url_file.is_some() {
            return Err("database.url is set too; set one of them".to_owned());
        }
        Ok(())
    }

    fn one_migration_url(&self) -> Result<(), String> {
        if self.database.migration_url.is_some() && self.database.migration_url_file.is_some() {
            return Err("database.migration_url is set too; set one of them".to_owned());
        }
        Ok(())
    }

    /// A key made beside a database that is elsewhere would be lost with this machine, and each replica would make another.
    fn master_key(&self) -> Result<(), String> {
        let in_data_directory = |path: &str| Path::new(path).starts_with(&self.data.dir);
        let elsewhere = |url: &str| !url.strip_prefix("sqlite:").is_some_and(in_data_directory);
        // What stands in a file has a password, and is not in the data directory.
        let elsewhere = self.database.url_file.is_some() || self.database.url.as_deref().is_some_and(elsewhere);
        if elsewhere && self.vault.master_key_file.is_none() {
            return Err(
                "with a database outside data.dir it must name the file with the master keys, the same on every \
                        replica; `keypaird master-key create FILE` makes one"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// What is sealed must open again.
    fn suites(&self) -> Result<(), String> {
        let vault::Settings { suite, open_suites, .. } = &self.vault;
        let opens = Suites::new(*suite, open_suites.clone()).is_some();
        opens.then_some(()).ok_or_else(|| format!("it must have {} in it, which vault.suite seals by", suite.as_str()))
    }

    /// What must be set to find a Keystone; with an identity of the service's own, anything goes.
    fn keystone(&self, check: impl Fn(&auth::KeystoneSettings) -> Option<Result<(), String>>) -> Result<(), String> {
        match self.identity.mode {
            auth::Mode::Embedded => Ok(()),
            auth::Mode::Keystone => check(&self.identity.keystone)
                .unwrap_or_else(|| Err("it must be set where identity.mode is 'keystone'".to_owned())),
        }
    }

    /// Who names a Keystone, or wants something of it, and forgets the mode would get a service with users of its own.
    fn keystone_unused(&self, set: bool) -> Result<(), String> {
        match self.identity.mode {
            auth::Mode::Embedded if set => {
                Err("it has no effect while identity.mode is 'embedded'; set that to 'keystone'".to_owned())
            }
            auth::Mode::Embedded | auth::Mode::Keystone => Ok(()),
        }
    }

    /// A token that was revoked in Keystone is taken that long.
    fn token_cache(&self) -> Result<(), String> {
        let seconds = self.identity.keystone.token_cache_seconds;
        let fits = seconds <= LONGEST_TOKEN_CACHE;
        fits.then_some(()).ok_or_else(|| format!("it must be at most {LONGEST_TOKEN_CACHE}"))
    }

    /// Each key takes some kilobytes, and work that is done again each hour.
    fn pool_size(&self) -> Result<(), String> {
        let fits = (-1..=LARGEST_POOL).contains(&self.keypair.pool.size);
        fits.then_some(()).ok_or_else(|| format!("it must be 0 to {LARGEST_POOL}, or -1"))
    }

    fn algorithm(&self) -> Result<(), String> {
        let known = Algorithm::parse(&self.keypair.algorithm).is_some();
        known.then_some(()).ok_or_else(|| {
            "it must be rsa-2048, rsa-3072, rsa-4096, ed25519, ecdsa-p256, ecdsa-p384 or ecdsa-p521".to_owned()
        })
    }
}

fn a_region(region: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let usable = (1..=64).contains(&region.len()) && region.chars().all(fits);
    usable.then_some(()).ok_or_else(|| "it must have 1 to 64 letters, digits, '.', '_' or '-'".to_owned())
}

fn resource_group(id: &str) -> Result<(), String> {
    ResourceGroupId::parse(id)
        .map(drop)
        .map_err(|_| "each must have 1 to 255 characters that can be printed".to_owned())
}

fn at_least_one(number: u64) -> Result<(), String> {
    if number == 0 { Err("it must be at least 1".to_owned()) } else { Ok(()) }
}

/// What is to be bounded is not to be unbounded by a large number.
fn a_timeout(seconds: u64) -> Result<(), String> {
    let fits = (1..=LONGEST_TIMEOUT).contains(&seconds);
    fits.then_some(()).ok_or_else(|| format!("it must be 1 to {LONGEST_TIMEOUT}"))
}

fn ratio(number: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&number) { Ok(()) } else { Err("it must be 0 to 1".to_owned()) }
}

fn public_url(written: &str) -> Result<(), String> {
    url(written)?;
    if written.ends_with('/') {
        return Err("it must end with the host or a path, without '/', '?' or '#' behind".to_owned());
    }
    Ok(())
}

fn url(written: &str) -> Result<(), String> {
    let url = Url::parse(written).map_err(|error| format!("it is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it must begin with https:// or http://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it is shown and must not hold a user or password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it must end with the host or a path, without '?' or '#' behind".to_owned());
    }
    Ok(())
}

fn database_url(written: &str) -> Result<(), String> {
    let known = is_postgresql(written) || written.starts_with("sqlite:");
    known.then_some(()).ok_or_else(|| "it must begin with postgres:// or sqlite:".to_owned())
}

fn migration_url(written: &str) -> Result<(), String> {
    is_postgresql(written).then_some(()).ok_or_else(|| "it must begin with postgres://".to_owned())
}

fn is_postgresql(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}
