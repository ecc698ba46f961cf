//! An installation with one key pair whose private key was sealed, in each suite: what the inputs are tried on.

use std::fs;
use std::sync::OnceLock;

use keypaird::domain::{InstanceId, KeyKind, KeyPairId, Owner, PrivateKeyPem, ProjectId, Protection, Region};
use keypaird::domain::{Result, SealedPrivateKey, Suite};
use keypaird::vault::{Binding, MasterKeys, RowIds, Suites, Vault};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

pub(super) const SUITES: [Suite; 2] = [Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit];
pub(super) const PRIVATE_KEY: &str = "-----BEGIN TEST KEY-----\nnothing opens but this\n-----END TEST KEY-----\n";

/// What a private key is sealed for, to be changed one by one.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) instance: u128,
    pub(super) region: Region,
    pub(super) owner: Owner,
    pub(super) project: Option<ProjectId>,
    pub(super) key_pair: u128,
    pub(super) kind: KeyKind,
    pub(super) public_key: String,
}

pub(super) struct Installation {
    runtime: Runtime,
    vault: Vault,
    pub(super) row: Row,
    /// By suite, as in [`SUITES`].
    pub(super) sealed: [SealedPrivateKey; 2],
}

impl Row {
    fn binding(&self) -> Binding<'_> {
        let row = RowIds {
            instance: InstanceId::from_uuid(Uuid::from_u128(self.instance)),
            region: &self.region,
            owner: &self.owner,
            project: self.project.as_ref(),
            key_pair: KeyPairId::from_uuid(Uuid::from_u128(self.key_pair)),
        };
        Binding { row, kind: self.kind, public_key: &self.public_key }
    }
}

impl Installation {
    /// The one of this process.
    pub(super) fn get() -> &'static Self {
        static INSTALLATION: OnceLock<Installation> = OnceLock::new();
        INSTALLATION.get_or_init(Self::new)
    }

    pub(super) fn open(&self, sealed: &SealedPrivateKey, row: &Row) -> Result<PrivateKeyPem> {
        self.runtime.block_on(self.vault.open(sealed, &row.binding()))
    }

    fn new() -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        // 32 bytes that everybody may know.
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        fs::write(file.path(), format!("keypaird-master-keys 1\nprimary default 1\nkey default 1 {key}\n")).unwrap();
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let vault = Vault::new(MasterKeys::load(file.path()).unwrap());
        let row = Row {
            instance: 1,
            region: Region::parse("RegionOne").unwrap(),
            owner: Owner::parse("u:alice").unwrap(),
            project: Some(ProjectId::parse("demo").unwrap()),
            key_pair: 2,
            kind: KeyKind::Ssh,
            public_key: "ssh-ed25519 AAAA".to_owned(),
        };
        let sealed = SUITES.map(|suite| {
            let vault = vault.clone().with_suites(Suites::new(suite, SUITES.to_vec()).unwrap());
            runtime.block_on(async {
                let binding = row.binding();
                let fresh = vault.fresh_data_key(&Protection::Default, &binding.row).await.unwrap();
                vault.seal(fresh, &binding, &PrivateKeyPem::new(PRIVATE_KEY.to_owned())).await.unwrap()
            })
        });
        Self { runtime, vault, row, sealed }
    }
}
