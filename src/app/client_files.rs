//! `clouds.yaml` and `openrc`: what a client needs to log in as the first users.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::auth::{DOMAIN_NAME, FIRST_ADMIN, FIRST_MEMBER, FirstPasswords, Password};
use crate::domain::Timestamp;

/// What the files say besides the users.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The address of the service, such as `https://keys.example`.
    pub(super) base_url: String,
    pub(super) region: String,
}

/// The files as they were written.
#[derive(Debug)]
pub(super) struct ClientFiles {
    pub(super) clouds: Written,
    pub(super) openrc: Written,
}

/// One file, and where the one is that had its name before.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    set_aside: Option<PathBuf>,
}

impl ClientFiles {
    /// Writes both into `directory`, 0600 and synced. A file that is there already is kept under another name: it may
    /// hold the only copy of another installation's passwords.
    pub(super) fn write(directory: &Path, endpoint: &Endpoint, passwords: &FirstPasswords) -> io::Result<Self> {
        let clouds = Written::write(directory, "clouds.yaml", &clouds(endpoint, passwords))?;
        let openrc = Written::write(directory, "openrc", &openrc(endpoint, &passwords.demo))?;
        File::open(directory)?.sync_all()?;
        Ok(Self { clouds, openrc })
    }

    /// Takes both away again, and puts back what was there before.
    pub(super) fn withdraw(self) -> io::Result<()> {
        self.clouds.withdraw()?;
        self.openrc.withdraw()
    }
}

impl Written {
    fn write(directory: &Path, name: &str, content: &str) -> io::Result<Self> {
        let now = Timestamp::now().as_micros();
        let path = directory.join(name);
        let unfinished = directory.join(format!(".{name}.new-{now}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        let set_aside = match fs::symlink_metadata(&path) {
            Ok(_) => Some(directory.join(format!("{name}.old-{now}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(aside) = &set_aside {
            fs::rename(&path, aside)?;
        }
        fs::rename(&unfinished, &path)?;
        Ok(Self { path, set_aside })
    }

    fn withdraw(self) -> io::Result<()> {
        match self.set_aside {
            Some(aside) => fs::rename(aside, self.path),
            None => fs::remove_file(self.path),
        }
    }
}

fn clouds(endpoint: &Endpoint, passwords: &FirstPasswords) -> Zeroizing<String> {
    let mut text =
        Zeroizing::new(String::from("# The first users of keypaird. Holds passwords: keep it to yourself.\nclouds:\n"));
    add_cloud(&mut text, "keypaird", FIRST_MEMBER, &passwords.demo, endpoint);
    add_cloud(&mut text, "keypaird-admin", FIRST_ADMIN, &passwords.admin, endpoint);
    text
}

fn add_cloud(text: &mut String, cloud: &str, name: &str, password: &Password, endpoint: &Endpoint) {
    // Writing to a String does not fail.
    let _ = write!(
        text,
        "  {cloud}:
    auth:
      auth_url: {auth_url}
      username: {name}
      password: {password}
      project_name: {name}
      user_domain_name: {domain}
      project_domain_name: {domain}
    region_name: {region}
    identity_api_version: 3
    interface: public
",
        auth_url = *yaml(&auth_url(endpoint)),
        name = *yaml(name),
        password = *yaml(password.expose()),
        domain = *yaml(DOMAIN_NAME),
        region = *yaml(&endpoint.region),
    );
}

fn openrc(endpoint: &Endpoint, password: &Password) -> Zeroizing<String> {
    let variables = [
        ("OS_AUTH_URL", auth_url(endpoint)),
        ("OS_USERNAME", FIRST_MEMBER.to_owned()),
        ("OS_PROJECT_NAME", FIRST_MEMBER.to_owned()),
        ("OS_USER_DOMAIN_NAME", DOMAIN_NAME.to_owned()),
        ("OS_PROJECT_DOMAIN_NAME", DOMAIN_NAME.to_owned()),
        ("OS_REGION_NAME", endpoint.region.clone()),
        ("OS_IDENTITY_API_VERSION", "3".to_owned()),
        ("OS_INTERFACE", "public".to_owned()),
    ];
    let mut text = Zeroizing::new(String::from("# Holds a password: keep it to yourself. Use: . ./openrc\n"));
    for (name, value) in variables {
        let _ = writeln!(text, "export {name}={}", *shell(&value));
    }
    let _ = writeln!(text, "export OS_PASSWORD={}", *shell(password.expose()));
    text
}

fn auth_url(endpoint: &Endpoint) -> String {
    format!("{}/identity/v3", endpoint.base_url.trim_end_matches('/'))
}

/// A double-quoted scalar. JSON's strings are YAML's; control characters, where the two differ, are in no value here.
fn yaml(value: &str) -> Zeroizing<String> {
    Zeroizing::new(serde_json::Value::from(value).to_string())
}

/// A word in single quotes, of which a POSIX shell takes every character as it is.
fn shell(value: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("'{}'", value.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::SecretText;

    fn endpoint() -> Endpoint {
        Endpoint { base_url: "http://127.0.0.1:8774/".to_owned(), region: "RegionOne".to_owned() }
    }

    fn passwords(admin: &str) -> FirstPasswords {
        let password = |text: &str| Password::parse(SecretText::new(text.to_owned())).expect("keeps the rule");
        FirstPasswords { admin: password(admin), demo: password("password-of-demo") }
    }

    #[test]
    fn the_files_are_private_and_name_both_users() {
        let directory = tempfile::tempdir().expect("is made");
        let files = ClientFiles::write(directory.path(), &endpoint(), &passwords("password-of-admin")).expect("writes");
        let read = |written: &Written| fs::read_to_string(&written.path).expect("is there");
        let (clouds, openrc) = (read(&files.clouds), read(&files.openrc));
        assert!(clouds.contains("      password: \"password-of-admin\"\n"));
        assert!(clouds.contains("      auth_url: \"http://127.0.0.1:8774/identity/v3\"\n"));
        assert!(openrc.contains("export OS_PASSWORD='password-of-demo'\n"));
        assert!(!openrc.contains("password-of-admin"));
        for written in [&files.clouds, &files.openrc] {
            let mode = fs::metadata(&written.path).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(directory.path()).expect("is there").count(), 2);
    }

    #[test]
    fn what_was_there_before_is_kept_and_comes_back() {
        let directory = tempfile::tempdir().expect("is made");
        let before = directory.path().join("clouds.yaml");
        fs::write(&before, "another installation's").expect("is written");
        let files = ClientFiles::write(directory.path(), &endpoint(), &passwords("password-of-admin")).expect("writes");
        let aside = files.clouds.set_aside.clone().expect("is set aside");
        assert_eq!(fs::read_to_string(aside).expect("is there"), "another installation's");
        files.withdraw().expect("withdraws");
        assert_eq!(fs::read_to_string(&before).expect("is there"), "another installation's");
        assert_eq!(fs::read_dir(directory.path()).expect("is there").count(), 1);
    }

    #[test]
    fn any_password_survives_the_quotes() {
        assert_eq!(*yaml(r#"a"b\c: #d"#), r#""a\"b\\c: #d""#);
        assert_eq!(*shell("it's $HOME"), r"'it'\''s $HOME'");
    }
}
