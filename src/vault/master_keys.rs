//! The local master keys and the file that holds them.

use std::path::Path;
use std::{io, iter, str};

use openssl::error::ErrorStack;

use super::envelope;
use super::key::Key256;
use super::master_key_error::MasterKeyError;
use super::master_key_file;
use super::master_key_text::{self, Contents};
use crate::domain::KekId;

/// The local master keys, from one file: one primary, which wraps, and others, which only unwrap.
#[derive(Debug)]
pub struct MasterKeys {
    primary: MasterKey,
    others: Vec<MasterKey>,
}

#[derive(Debug)]
pub(super) struct MasterKey {
    id: KekId,
    key: Key256,
    check_value: Vec<u8>,
}

impl MasterKeys {
    /// Reads the file, following symbolic links: mounted secrets are links.
    ///
    /// Refuses whatever others than the service's user could have read or written (see `master_key_file`), and contents
    /// that it does not know in full.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        Self::parse(path, &master_key_file::read(path)?)
    }

    /// What the file at `path` holds.
    pub(super) fn parse(path: &Path, text: &[u8]) -> Result<Self, MasterKeyError> {
        let text = str::from_utf8(text).map_err(|_| MasterKeyError::NotText { path: path.to_owned() })?;
        let Contents { primary, others } = master_key_text::parse(text)
            .map_err(|(line, fault)| MasterKeyError::Text { path: path.to_owned(), line, fault })?;
        let others = others.into_iter().map(MasterKey::new).collect::<Result<_, _>>()?;
        Ok(Self { primary: MasterKey::new(primary)?, others })
    }

    /// Writes a new file with one random key, `default` version 1, and loads it. The file appears under its name whole
    /// and synced to disk or not at all, with mode 0600; one that is there is never overwritten.
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        let text = master_key_text::write_one("default", 1, &envelope::random_key()?);
        master_key_file::write_new(path, text.as_bytes()).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => MasterKeyError::Exists { path: path.to_owned() },
            _ => MasterKeyError::Unwritable { path: path.to_owned(), cause },
        })?;
        Self::load(path)
    }

    /// Each key's id and check value, the primary first: 32 bytes by which the key is known again, and which tell nothing about it.
    pub fn check_values(&self) -> Vec<(KekId, Vec<u8>)> {
        self.all().map(|key| (key.id.clone(), key.check_value.clone())).collect()
    }

    /// Which key wraps new data keys.
    pub fn primary_id(&self) -> &KekId {
        &self.primary.id
    }

    /// The key that wraps new data keys.
    pub(super) const fn primary(&self) -> &MasterKey {
        &self.primary
    }

    pub(super) fn find(&self, id: &KekId) -> Option<&MasterKey> {
        self.all().find(|key| key.id == *id)
    }

    fn all(&self) -> impl Iterator<Item = &MasterKey> {
        iter::once(&self.primary).chain(&self.others)
    }
}

impl MasterKey {
    fn new((id, key): (KekId, Key256)) -> Result<Self, ErrorStack> {
        let check_value = envelope::check_value(&key, &id)?;
        Ok(Self { id, key, check_value })
    }

    pub(super) const fn id(&self) -> &KekId {
        &self.id
    }

    pub(super) const fn key(&self) -> &Key256 {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use rustix::fs::{CWD, FileType, Mode};
    use tempfile::TempDir;

    use super::*;

    fn directory() -> TempDir {
        tempfile::tempdir().expect("makes a directory")
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("changes the mode");
    }

    /// The error's text; panics if the file is loaded.
    fn refusal(path: &Path) -> String {
        MasterKeys::load(path).expect_err("is refused").to_string()
    }

    #[test]
    fn a_file_that_is_created_is_private_and_loads_again_with_the_same_check_value() {
        let directory = directory();
        let path = directory.path().join("master.key");
        let created = MasterKeys::create(&path).expect("makes master keys");
        assert_eq!(fs::metadata(&path).expect("is there").mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(&directory).expect("lists").count(), 1, "a temporary file is left");
        let loaded = MasterKeys::load(&path).expect("loads");
        assert_eq!(created.check_values(), loaded.check_values());
        let [(id, value)] = loaded.check_values().try_into().expect("one key");
        assert_eq!((id.name.as_str(), id.version, value.len()), ("default", 1, 32));
    }

    #[test]
    fn a_file_that_is_there_is_never_overwritten_and_no_temporary_file_is_left() {
        let directory = directory();
        let path = directory.path().join("master.key");
        fs::write(&path, "mine").expect("writes");
        let refused = MasterKeys::create(&path).expect_err("is refused");
        assert!(matches!(refused, MasterKeyError::Exists { .. }), "{refused}");
        assert_eq!(fs::read_to_string(&path).expect("reads"), "mine");
        assert_eq!(fs::read_dir(&directory).expect("lists").count(), 1);
        let nowhere = MasterKeys::create(&directory.path().join("no/master.key")).expect_err("is refused");
        assert!(matches!(nowhere, MasterKeyError::Unwritable { .. }), "{nowhere}");
    }

    #[test]
    fn s22_a_file_that_others_may_use_is_refused_with_the_command_that_mends_it() {
        let directory = directory();
        let path = directory.path().join("master.key");
        MasterKeys::create(&path).expect("makes master keys");
        for mode in [0o644, 0o640, 0o660, 0o602, 0o604, 0o610, 0o700, 0o4600, 0o440] {
            set_mode(&path, mode);
            let text = refusal(&path);
            assert!(text.contains(&format!("chmod 600 {}", path.display())), "{mode:o}: {text}");
        }
        for mode in [0o600, 0o400] {
            set_mode(&path, mode);
            MasterKeys::load(&path).expect("loads");
        }
    }

    #[test]
    fn s22_what_is_not_a_regular_file_is_refused_without_waiting_for_it() {
        let directory = directory();
        assert!(refusal(directory.path()).contains("not a regular file"));
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("makes a FIFO");
        assert!(refusal(&fifo).contains("not a regular file"));
        assert!(refusal(&directory.path().join("none")).contains("does not exist"));
    }

    #[test]
    fn s22_of_a_symbolic_link_the_file_behind_it_counts() {
        let directory = directory();
        let (path, link) = (directory.path().join("master.key"), directory.path().join("link"));
        MasterKeys::create(&path).expect("makes master keys");
        symlink(&path, &link).expect("links");
        MasterKeys::load(&link).expect("loads");
        set_mode(&path, 0o644);
        assert!(refusal(&link).contains("mode 0644"));
        assert!(matches!(MasterKeys::create(&link), Err(MasterKeyError::Exists { .. })));
    }

    #[test]
    fn contents_that_are_not_known_in_full_are_refused_with_file_and_line() {
        let directory = directory();
        let path = directory.path().join("master.key");
        MasterKeys::create(&path).expect("makes master keys");
        let good = fs::read_to_string(&path).expect("reads");
        let name = path.display().to_string();
        let refused = |contents: &[u8]| {
            fs::write(&path, contents).expect("writes");
            let text = refusal(&path);
            assert!(text.contains(&name), "{text}");
            text
        };
        assert!(refused(b"").contains("line 1: the first line must be"));
        assert!(refused(&[0xff; 40]).contains("is not text"));
        assert!(refused(&vec![b'#'; master_key_text::LONGEST + 1]).contains("more than 65536 bytes"));
        assert!(refused(format!("{good}garbage\n").as_bytes()).contains("line 6: a line must be"));
        assert!(refused(good.replace("primary", "# primary").as_bytes()).contains("no primary is named"));
        let key_line = good.lines().last().expect("has a key");
        let text = refused(format!("{good}{key_line}\n").as_bytes());
        assert!(text.contains("line 6: this name and version stands on an earlier line"), "{text}");
        let cut = refused(&good.as_bytes()[..good.len() - 5]);
        assert!(cut.contains("line 5: a key must be 32 bytes"), "{cut}");
        assert!(!cut.contains(&key_line[14..30]), "the key is in the message");
    }
}
