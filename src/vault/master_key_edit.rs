//! Changes to a master key file: a key more, another primary, a key less.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::envelope;
use super::master_key_error::MasterKeyError;
use super::master_key_file;
use super::master_key_text::{self, LONGEST};
use super::master_keys::MasterKeys;
use crate::domain::{KekId, KekProvider};

/// A master key file that is about to be changed: nobody else changes it meanwhile. A change that succeeds is whole and
/// on disk; one that fails has left the file as it was.
pub struct MasterKeyFile {
    /// As it was named, for what is said of it.
    path: PathBuf,
    /// Behind all links.
    real: PathBuf,
    text: Zeroizing<Vec<u8>>,
    keys: MasterKeys,
    /// Open for as long as its lock is needed.
    locked: File,
}

impl MasterKeyFile {
    /// Opens the file, once nobody else changes it. Refuses what [`MasterKeys::load`] refuses.
    pub fn open(path: &Path) -> Result<Self, MasterKeyError> {
        let (locked, text) = master_key_file::read_to_change(path)?;
        let real =
            fs::canonicalize(path).map_err(|cause| MasterKeyError::Unreadable { path: path.to_owned(), cause })?;
        let keys = MasterKeys::parse(path, &text)?;
        Ok(Self { path: path.to_owned(), real, text, keys, locked })
    }

    pub const fn keys(&self) -> &MasterKeys {
        &self.keys
    }

    /// How long ago the file was last changed; none if that is in the future.
    pub fn age(&self) -> Duration {
        let changed = self.locked.metadata().and_then(|metadata| metadata.modified());
        changed.ok().and_then(|changed| changed.elapsed().ok()).unwrap_or_default()
    }

    /// Adds a random key: the next version of `name`, or of the primary's name. It wraps nothing yet.
    pub fn add_key(self, name: Option<&str>) -> Result<KekId, MasterKeyError> {
        let name = name.unwrap_or(&self.keys.primary_id().name);
        master_key_text::refuse_name(name).map_err(MasterKeyError::Name)?;
        let check_values = self.keys.check_values();
        let versions = check_values.iter().filter(|(kek, _)| kek.name == name).map(|(kek, _)| kek.version);
        let version = versions.max().unwrap_or(0).checked_add(1).ok_or_else(|| self.full())?;
        let kek = KekId { provider: KekProvider::Local, name: name.to_owned(), version };
        let key = envelope::random_key()?;
        self.write(|text| master_key_text::with_key(text, &kek, &key))?;
        Ok(kek)
    }

    /// Has that key wrap from now on.
    pub fn set_primary(self, kek: &KekId) -> Result<MasterKeys, MasterKeyError> {
        self.refuse_unknown(kek)?;
        self.write(|text| master_key_text::with_primary(text, kek))
    }

    /// Removes that key, for good. That nothing needs it is the caller's to know.
    pub fn remove(self, kek: &KekId) -> Result<MasterKeys, MasterKeyError> {
        self.refuse_removal(kek)?;
        self.write(|text| master_key_text::without_key(text, kek))
    }

    /// Why that key cannot be removed, whether anything needs it or not.
    pub fn refuse_removal(&self, kek: &KekId) -> Result<(), MasterKeyError> {
        self.refuse_unknown(kek)?;
        if self.keys.primary_id() == kek {
            return Err(MasterKeyError::Primary(kek.clone()));
        }
        Ok(())
    }

    fn refuse_unknown(&self, kek: &KekId) -> Result<(), MasterKeyError> {
        match self.keys.find(kek) {
            Some(_) => Ok(()),
            None => Err(MasterKeyError::UnknownKey { path: self.path.clone(), kek: kek.clone() }),
        }
    }

    fn full(&self) -> MasterKeyError {
        MasterKeyError::Full { path: self.path.clone() }
    }

    /// What is written has been read again first: a text that would not load replaces none that does.
    fn write(self, change: impl FnOnce(&str) -> Zeroizing<String>) -> Result<MasterKeys, MasterKeyError> {
        let not_text = |_| MasterKeyError::NotText { path: self.path.clone() };
        let changed = change(str::from_utf8(&self.text).map_err(not_text)?);
        if changed.len() > LONGEST {
            return Err(self.full());
        }
        let keys = MasterKeys::parse(&self.path, changed.as_bytes())?;
        let written = self.mode().and_then(|mode| master_key_file::replace(&self.real, mode, changed.as_bytes()));
        written.map_err(|cause| match cause.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                MasterKeyError::Fixed { path: self.path.clone(), cause }
            }
            _ => MasterKeyError::Unwritable { path: self.path.clone(), cause },
        })?;
        Ok(keys)
    }

    /// The same mode, where it is one for a file of the service's own user.
    fn mode(&self) -> io::Result<u32> {
        let mode = self.locked.metadata()?.mode() & 0o777;
        Ok(if mode == 0o400 { mode } else { 0o600 })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use tempfile::TempDir;

    use super::*;

    fn file() -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("makes a directory");
        let path = directory.path().join("master.key");
        MasterKeys::create(&path).expect("makes master keys");
        (directory, path)
    }

    fn open(path: &Path) -> MasterKeyFile {
        MasterKeyFile::open(path).expect("opens")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").mode() & 0o7777
    }

    #[test]
    fn a_key_is_added_made_the_primary_and_the_old_one_removed_and_the_comments_stay() {
        let (directory, path) = file();
        let before = fs::read_to_string(&path).expect("reads");
        let old = open(&path).keys().primary_id().clone();
        let new = open(&path).add_key(None).expect("adds");
        assert_eq!((new.name.as_str(), new.version), ("default", 2));
        assert_eq!(open(&path).keys().primary_id(), &old, "an added key wraps nothing");
        let other = open(&path).add_key(Some("other")).expect("adds");
        assert_eq!((other.name.as_str(), other.version), ("other", 1));
        let known = MasterKeys::load(&path).expect("loads").check_values();
        assert_eq!(known.len(), 3);
        assert_eq!(open(&path).set_primary(&new).expect("changes").primary_id(), &new);
        assert!(matches!(open(&path).remove(&new), Err(MasterKeyError::Primary(_))));
        open(&path).remove(&old).expect("removes");
        assert!(matches!(open(&path).remove(&old), Err(MasterKeyError::UnknownKey { .. })));
        assert!(matches!(open(&path).set_primary(&old), Err(MasterKeyError::UnknownKey { .. })));
        let left = MasterKeys::load(&path).expect("loads").check_values();
        assert!(left.len() == 2 && left.iter().all(|key| known.contains(key)), "the keys themselves are as they were");
        let comments: Vec<&str> = before.lines().filter(|line| line.starts_with('#')).collect();
        assert!(comments.iter().all(|line| fs::read_to_string(&path).expect("reads").contains(line)));
        assert_eq!(fs::read_dir(&directory).expect("lists").count(), 1, "a temporary file is left");
    }

    #[test]
    fn s22_a_changed_file_stays_private_and_a_link_to_it_stays_a_link() {
        let (directory, path) = file();
        let link = directory.path().join("link");
        symlink(&path, &link).expect("links");
        for right in [0o600, 0o400] {
            fs::set_permissions(&path, Permissions::from_mode(right)).expect("changes the mode");
            open(&link).add_key(None).expect("adds");
            assert_eq!(mode(&path), right);
        }
        assert!(fs::symlink_metadata(&link).expect("is there").is_symlink());
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("changes the mode");
        assert!(matches!(MasterKeyFile::open(&path), Err(MasterKeyError::Mode { .. })));
    }

    #[test]
    fn of_many_who_add_a_key_at_once_none_loses_another_ones() {
        let (_directory, path) = file();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open(&path).add_key(None).expect("adds"));
            }
        });
        assert_eq!(MasterKeys::load(&path).expect("loads").check_values().len(), 9);
    }

    #[test]
    fn what_cannot_be_written_leaves_the_file_as_it_was() {
        let (_directory, path) = file();
        let before = fs::read(&path).expect("reads");
        for name in ["", "a b", "a/b", &"n".repeat(65)] {
            assert!(matches!(open(&path).add_key(Some(name)), Err(MasterKeyError::Name(_))), "{name}");
        }
        assert_eq!(fs::read(&path).expect("reads"), before);
        let full = [before.as_slice(), &vec![b'#'; LONGEST - before.len()]].concat();
        fs::write(&path, &full).expect("writes");
        assert!(matches!(open(&path).add_key(None), Err(MasterKeyError::Full { .. })));
        assert_eq!(fs::read(&path).expect("reads"), full);
    }

    #[test]
    fn a_file_on_a_medium_that_takes_no_writes_is_refused_and_it_says_what_to_do() {
        let path = Path::new("/run/secrets/master.key").to_owned();
        let text = MasterKeyError::Fixed { path, cause: io::ErrorKind::ReadOnlyFilesystem.into() }.to_string();
        assert!(text.contains("mounted secret") && text.contains("systemd credential"), "{text}");
    }
}
