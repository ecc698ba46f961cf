//! Looks at a set-up from the outside, by what the service itself checks at its start, and changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use prometheus::Registry;

use super::StartError;
use super::master_keys::{KeyFile, master_key_file};
use super::open::{database_url, open_by};
use crate::auth::{CredentialMetrics, Keystone, Mode};
use crate::domain::{Error, Timestamp};
use crate::settings::{Settings, masked_url};
use crate::store::{Access, Schema, Store, Survey};
use crate::vault::kms::Kms;
use crate::vault::{MasterKeyError, MasterKeys, self_check};

/// How far two clocks may be apart: signed requests are taken for fifteen minutes, tokens end to the second.
const CLOCKS_APART: Duration = Duration::from_secs(5);

/// What one check found.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at, in a word.
    pub check: &'static str,
    pub verdict: Verdict,
    pub found: String,
    /// What to do; where all is well, nothing.
    pub remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// The service works, and something is not as it should be.
    Warning,
    /// The service does not start, or does not do all that it is set up for.
    Problem,
}

impl Finding {
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    pub fn warning(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), remedy: Some(remedy.into()) }
    }

    pub fn problem(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Problem, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// The service's own words about what is wrong, with what to do in them.
    fn start(check: &'static str, error: &StartError) -> Self {
        Self { check, verdict: Verdict::Problem, found: error.to_string(), remedy: None }
    }
}

/// All that can be told of the files, the database, the keys and the services that these settings name.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let mut findings = files(settings);
    let (database, store) = database(settings).await;
    findings.extend(database);
    findings.push(self_check().map_or_else(
        |error| Finding::start("cryptography", &error.into()),
        |()| Finding::ok("cryptography", "the ciphers give what they should"),
    ));
    findings.push(master_keys(settings, store.as_ref()).await);
    findings.push(kms(settings).await);
    findings.push(keystone(settings).await);
    findings
}

/// The service's own files, and who else may read them.
fn files(settings: &Settings) -> Vec<Finding> {
    let directory = &settings.data.dir;
    if !directory.exists() {
        return vec![Finding::ok(
            "files",
            format!("{} is not there yet: the first start makes it", directory.display()),
        )];
    }
    let private = ["keypaird.sqlite", "master.key", "clouds.yaml", "openrc"].map(|name| directory.join(name));
    let exposed = private.iter().filter_map(|path| Some((path, others_rights(path)?)));
    let mut findings: Vec<Finding> = exposed
        .map(|(path, mode)| {
            let path = path.display();
            Finding::problem("files", format!("{path} has mode {mode:04o}"), format!("run `chmod 600 {path}`"))
        })
        .collect();
    if let Some(mode) = others_rights(directory) {
        let path = directory.display();
        let found = format!("{path} can be looked into by others (mode {mode:04o})");
        findings.push(Finding::warning("files", found, format!("run `chmod 700 {path}`")));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("files", format!("what is in {} is its owner's alone", directory.display())));
    }
    findings
}

/// The mode of a file that others than its owner may do something with.
fn others_rights(path: &Path) -> Option<u32> {
    let mode = path.metadata().ok()?.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// The database, and itself where it has this version's schema: opening another would migrate it.
async fn database(settings: &Settings) -> (Vec<Finding>, Option<Store>) {
    let url = match database_url(settings) {
        Ok(url) => url,
        Err(error) => return (vec![Finding::start("database", &error)], None),
    };
    let access = Access { url, pooler: settings.database.pooler, migration_url: None };
    let shown = masked_url(&access.url);
    let Survey { schema, clock } = match Store::survey(&access).await {
        Ok(survey) => survey,
        Err(error) => return (vec![Finding::start("database", &StartError::Database { url: shown, error })], None),
    };
    let mut findings = vec![Finding::ok("database", format!("{shown} can be opened"))];
    findings.extend(clock.map(self::clock));
    let (schema, is_known) = match schema {
        Schema::Known => (Finding::ok("schema", "it is this version's"), true),
        Schema::Compatible(migration) => {
            let told =
                format!("it has the migration {migration} of a newer version, which lets this one serve beside it");
            (Finding::ok("schema", told), true)
        }
        Schema::None => (Finding::ok("schema", "there is none yet: the first start makes it"), false),
        Schema::Older { found, wanted } => {
            let told = format!("it is that of an older version ({found}); the next start brings it to {wanted}");
            let remedy = "back the database up before; older versions may not start on it afterwards";
            (Finding::warning("schema", told, remedy), false)
        }
        Schema::Newer(migration) => {
            let told = format!("it has the migration {migration} of a newer version, and this one does not start");
            (Finding::problem("schema", told, "run the newer version here, too"), false)
        }
    };
    findings.push(schema);
    if !is_known {
        return (findings, None);
    }
    match open_by(access).await {
        Ok(store) => (findings, Some(store)),
        Err(error) => {
            findings.push(Finding::start("database", &error));
            (findings, None)
        }
    }
}

fn clock(theirs: Timestamp) -> Finding {
    let apart = Duration::from_micros(theirs.as_micros().abs_diff(Timestamp::now().as_micros()));
    if apart <= CLOCKS_APART {
        return Finding::ok("clock", "it agrees with the database's");
    }
    let told = format!("it is {} s off the database server's", apart.as_secs());
    Finding::warning("clock", told, "let both follow a time server: signed requests and tokens depend on the time")
}

/// The file, and whether the database was written with its keys.
async fn master_keys(settings: &Settings, store: Option<&Store>) -> Finding {
    const CHECK: &str = "master keys";
    let path = master_key_file(settings);
    let keys = match MasterKeys::load(&path) {
        Ok(keys) => keys,
        Err(MasterKeyError::Missing { path }) if settings.vault.master_key_file.is_none() && store.is_none() => {
            return Finding::ok(CHECK, format!("{} is not there yet: the first start makes it", path.display()));
        }
        Err(error) => return Finding::start(CHECK, &error.into()),
    };
    let Some(store) = store else {
        return Finding::ok(
            CHECK,
            format!("{} can be read; no database tells whether it is the right one", path.display()),
        );
    };
    let file = KeyFile::new(path.clone(), store.clone());
    match file.refuse_unfit(&keys.check_values()).await {
        Ok(()) => Finding::ok(CHECK, format!("those in {} are the database's", path.display())),
        Err(error) => Finding::start(CHECK, &error),
    }
}

async fn kms(settings: &Settings) -> Finding {
    const CHECK: &str = "kms";
    match Kms::new(&settings.vault.kms, &Registry::new()) {
        Err(error) => Finding::start(CHECK, &error.into()),
        Ok(None) => Finding::ok(CHECK, "none is set up (vault.kms.provider)"),
        Ok(Some(kms)) if kms.answers().await => Finding::ok(CHECK, "it answers"),
        Ok(Some(_)) => Finding::problem(
            CHECK,
            "it does not answer, or does not take this machine's credentials",
            "look at vault.kms.region and vault.kms.endpoint_url, the credentials that the SDK finds, and the network; private \
             keys under it can be neither made nor fetched meanwhile",
        ),
    }
}

async fn keystone(settings: &Settings) -> Finding {
    const CHECK: &str = "keystone";
    match settings.identity.mode {
        Mode::Embedded => return Finding::ok(CHECK, "none is needed: users are the service's own (identity.mode)"),
        Mode::Keystone => {}
    }
    // Nobody looks at what is counted here.
    let unseen = Registry::new();
    let credentials = match CredentialMetrics::new(&unseen) {
        Ok(credentials) => credentials,
        Err(error) => return Finding::start(CHECK, &Error::internal(error).into()),
    };
    let keystone = match Keystone::new(&settings.identity.keystone, &unseen, &credentials) {
        Ok(keystone) => keystone,
        Err(error) => return Finding::start(CHECK, &error.into()),
    };
    match keystone.check().await {
        Ok(()) => Finding::ok(CHECK, "it answers, and takes the service's own user"),
        Err(error) => Finding::problem(
            CHECK,
            error.with_cause(),
            "look at identity.keystone.auth_url, username and password_file, and at the user's role there",
        ),
    }
}
