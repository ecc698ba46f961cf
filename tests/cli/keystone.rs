//! Starts with a Keystone as identity that cannot be used, and commands that have no place beside one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{keypaird, text};

pub(super) const KEYSTONE: [&str; 6] = [
    "--set",
    "identity.mode=keystone",
    "--set",
    "identity.keystone.auth_url=http://127.0.0.1:1/v3",
    "--set",
    "identity.keystone.username=keypaird",
];

#[test]
fn a_keystones_files_that_cannot_be_used_end_serve_and_are_named() {
    let directory = TempDir::new().unwrap();
    let write = |name: &str, mode| {
        fs::write(directory.path().join(name), "secret").unwrap();
        fs::set_permissions(directory.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    write("private", 0o600);
    write("open", 0o644);
    for (password, cafile, said) in [
        ("missing", "", "identity.keystone.password_file: cannot read the password file missing"),
        ("open", "", "identity.keystone.password_file: the password file open can be read by everybody"),
        ("private", "missing", "identity.keystone.cafile missing cannot be used: No such file"),
        ("private", "private", "identity.keystone.cafile private cannot be used: there is no certificate in it"),
    ] {
        let files = [("password_file", password), ("cafile", cafile)];
        let files = files.map(|(key, file)| format!("identity.keystone.{key}={file}"));
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0"];
        let mut command = keypaird(directory.path(), &arguments);
        let output = command.args(KEYSTONE).args(["--set", &files[0], "--set", &files[1]]).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn accounts_are_not_made_here_where_they_are_a_keystones() {
    let directory = TempDir::new().unwrap();
    for command in ["user list", "project create p", "role list", "access-key list", "bootstrap"] {
        let mut keypaird = keypaird(directory.path(), &[]);
        keypaird.args(command.split(' ')).args(KEYSTONE);
        let output = keypaird.args(["--set", "identity.keystone.password_file=p"]).output().unwrap();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("users, projects, roles and access keys are a Keystone's"), "{stderr}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
    }
}
