//! `keypaird master-key`: the file of `vault.master_key_file`, and what the database needs of it.

mod list;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use tokio::runtime::Runtime;

use super::arguments::SettingsArguments;
use super::identity::Output;
use super::{Failure, output};
use crate::app;
use crate::domain::{Error, KekId, KekProvider, Region};
use crate::service::Audit;
use crate::settings::Settings;
use crate::store::{MasterKeyCheck, Store};
use crate::vault::{MasterKeyError, MasterKeyFile, MasterKeys, Vault};

/// So long after a change of the file every running service has followed it, and seals by no other key than the primary.
/// They look every five seconds.
const SETTLED: Duration = Duration::from_secs(10);

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write a new master key file, for vault.master_key_file.
    ///
    /// The file gets mode 0600; one that is there already is left alone. Give the same file to every replica and keep a
    /// copy elsewhere: without it no kept private key can be opened.
    Create {
        /// The file to make, such as /etc/keypaird/master.key
        file: PathBuf,
    },
    /// Add a new key to the file.
    ///
    /// The key is drawn at random, as the next version of its name. It wraps nothing until it is made the primary by
    /// `keypaird master-key set-primary`: give the changed file to every replica and to its backup before that.
    Add {
        /// The name of the new key: 1 to 64 letters, digits, '_' or '-' [default: the primary's name]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        file: FileArgument,
    },
    /// List the keys of the file and those that the database knows.
    ///
    /// ROWS is how many private keys and secrets of access keys are sealed by a key, CHECK the first bytes of the value by
    /// which the database knows it again. STATE is `ok`; `new` for a key that no service has loaded yet; `another` where
    /// the file has another key of that name and version; or `missing` where the file has none.
    List {
        #[command(flatten)]
        file: FileArgument,
        #[command(flatten)]
        output: Output,
    },
    /// Choose which key wraps what is sealed from now on.
    ///
    /// Running services follow within seconds. Every replica must hold the key before one of them seals by it. What was
    /// sealed before stays under its key, until `keypaird rewrap` has moved it.
    SetPrimary {
        #[command(flatten)]
        key: KeyArgument,
        #[command(flatten)]
        file: FileArgument,
    },
    /// Remove a key that no private key needs any more.
    ///
    /// Asks the database first: where private keys are sealed by the key, run `keypaird rewrap` before. Waits until the
    /// file has been as it is for ten seconds, so that no service still seals by the key. A copy of the database from
    /// before needs the key still: keep the backup of the file for as long as those of the database.
    Retire {
        #[command(flatten)]
        key: KeyArgument,
        /// Forget a key that is lost for good, which the database knows and the file does not have
        ///
        /// Only where no private key needs it. Stop all services of the database before: one that has the key in memory
        /// could still seal by it.
        #[arg(long)]
        missing: bool,
        #[command(flatten)]
        file: FileArgument,
    },
}

/// Which file.
#[derive(clap::Args)]
pub(super) struct FileArgument {
    /// The master key file, in place of vault.master_key_file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Which key of the file.
#[derive(clap::Args)]
pub(super) struct KeyArgument {
    /// The key's name, such as default
    name: String,
    /// The key's version
    #[arg(value_parser = clap::value_parser!(i32).range(1..))]
    version: i32,
}

impl KeyArgument {
    fn id(self) -> KekId {
        KekId { provider: KekProvider::Local, name: self.name, version: self.version }
    }
}

/// Why a command did not succeed; each text says what to do.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(
        "{rows} private keys and secrets are sealed by master key '{}' version {}: run `keypaird rewrap`, which moves them to the \
         primary, and then this again", .kek.name, .kek.version
    )]
    Needed { kek: KekId, rows: u64 },
    #[error("the database knows no master key '{}' version {}; `keypaird master-key list` shows all", .0.name, .0.version)]
    Unknown(KekId),
    #[error("the file has master key '{}' version {}: leave out --missing", .0.name, .0.version)]
    NotMissing(KekId),
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error("{}", .0.with_cause())]
    Domain(#[from] Error),
}

pub(super) fn run(command: Command, settings: SettingsArguments) -> Result<(), Failure> {
    let text = match command {
        Command::Create { file } => {
            MasterKeys::create(&file).map_err(Failure::other)?;
            format!("{} holds a new master key; keep a copy of it elsewhere\n", file.display())
        }
        Command::Add { name, file } => {
            let file = file.of(&settings.load(Vec::new())?.settings);
            add(&file, name.as_deref()).map_err(Failure::other)?
        }
        Command::SetPrimary { key, file } => {
            let file = file.of(&settings.load(Vec::new())?.settings);
            set_primary(&file, &key.id()).map_err(Failure::other)?
        }
        Command::List { file, output } => {
            let (file, store) = with_database(file, settings)?;
            list::run(&file, &store, &output)?
        }
        Command::Retire { key, missing: false, file } => {
            let (file, store) = with_database(file, settings)?;
            retire(&file, &store, key.id()).map_err(Failure::other)?
        }
        Command::Retire { key, missing: true, file } => {
            let (file, store) = with_database(file, settings)?;
            forget(&file, &store, key.id()).map_err(Failure::other)?
        }
    };
    output::print(&text)
}

impl FileArgument {
    fn of(self, settings: &Settings) -> PathBuf {
        self.file.unwrap_or_else(|| app::master_key_file(settings))
    }
}

/// The database of the settings, and the runtime that it is asked on.
struct Database {
    runtime: Runtime,
    store: Store,
    region: Region,
}

fn with_database(file: FileArgument, settings: SettingsArguments) -> Result<(PathBuf, Database), Failure> {
    let settings = settings.load(Vec::new())?.settings;
    let runtime = Runtime::new().map_err(Failure::other)?;
    let store = runtime.block_on(app::open_store(&settings)).map_err(Failure::other)?;
    let region = Region::parse(&settings.region).map_err(Failure::other)?;
    Ok((file.of(&settings), Database { runtime, store, region }))
}

impl Database {
    fn known(&self) -> Result<Vec<MasterKeyCheck>, Error> {
        self.runtime.block_on(self.store.master_key_checks())
    }

    /// Has the primary master key sign what the ledger's checkpoints were signed for so far: afterwards, nobody can tell a
    /// retired key's signature from anybody's.
    fn sign_again(&self, file: &Path) -> Result<(), CommandError> {
        let audit = Audit::new(self.store.clone(), Vault::new(MasterKeys::load(file)?), self.region.clone());
        Ok(self.runtime.block_on(audit.sign_again())?)
    }

    /// Forgets the key's check value, unless private keys need the key.
    fn retire(&self, kek: &KekId) -> Result<(), CommandError> {
        match self.runtime.block_on(self.store.master_key_retire(kek))? {
            0 => Ok(()),
            rows => Err(CommandError::Needed { kek: kek.clone(), rows }),
        }
    }
}

fn add(file: &Path, name: Option<&str>) -> Result<String, CommandError> {
    let KekId { name, version, .. } = MasterKeyFile::open(file)?.add_key(name)?;
    Ok(format!(
        "{} holds master key '{name}' version {version} too; give the file to every replica and to its backup, then run \
         `keypaird master-key set-primary {name} {version}`\n",
        file.display()
    ))
}

fn set_primary(file: &Path, kek: &KekId) -> Result<String, CommandError> {
    MasterKeyFile::open(file)?.set_primary(kek)?;
    let KekId { name, version, .. } = kek;
    Ok(format!(
        "master key '{name}' version {version} is the primary; running services follow within seconds, and `keypaird \
         rewrap` moves to it what is sealed by others\n"
    ))
}

fn retire(file: &Path, database: &Database, kek: KekId) -> Result<String, CommandError> {
    let opened = MasterKeyFile::open(file)?;
    opened.refuse_removal(&kek)?;
    let known = database.known()?.into_iter().find(|known| known.kek == kek);
    if let Some(MasterKeyCheck { rows, .. }) = known.filter(|known| known.rows > 0) {
        return Err(CommandError::Needed { kek, rows });
    }
    wait_until_settled(opened.age());
    database.sign_again(file)?;
    // The database first: if the file cannot be written, the next service that loads it makes the key known again.
    database.retire(&kek)?;
    opened.remove(&kek)?;
    Ok(format!("master key '{}' version {} is retired\n", kek.name, kek.version))
}

fn wait_until_settled(age: Duration) {
    let Some(rest) = SETTLED.checked_sub(age).filter(|rest| !rest.is_zero()) else { return };
    let seconds = rest.as_secs() + 1;
    // Who cannot read it waits all the same.
    let _ =
        writeln!(std::io::stderr(), "keypaird: waiting {seconds} s until every running service has followed the file");
    std::thread::sleep(rest);
}

/// Forgets a key that the file does not have.
fn forget(file: &Path, database: &Database, kek: KekId) -> Result<String, CommandError> {
    let known = database.known()?.into_iter().find(|known| known.kek == kek);
    let Some(known) = known else { return Err(CommandError::Unknown(kek)) };
    let held = match MasterKeys::load(file) {
        Ok(keys) => keys.check_values(),
        Err(MasterKeyError::Missing { .. }) => Vec::new(),
        Err(unusable) => return Err(unusable.into()),
    };
    if held.contains(&(kek.clone(), known.check_value)) {
        return Err(CommandError::NotMissing(kek));
    }
    database.retire(&kek)?;
    Ok(format!("the database has forgotten master key '{}' version {}\n", kek.name, kek.version))
}
