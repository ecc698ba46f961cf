//! Where keys do not stand, and where they are not taken from.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::{Service, keypaird, run, text};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[cfg(target_os = "linux")]
#[test]
fn s23_neither_environment_nor_arguments_nor_log_of_a_running_service_hold_its_master_key() {
    let service = Service::start(&["--set", "log.level=trace"]);
    let file = fs::read_to_string(service.directory.path().join("data/master.key")).unwrap();
    let key = file.lines().find_map(|line| line.strip_prefix("key default 1 ")).unwrap().to_owned();
    for place in ["environ", "cmdline"] {
        // Whoever is not root may not even look.
        let bytes = fs::read(format!("/proc/{}/{place}", service.child.id())).unwrap_or_default();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()), "{place}");
    }
    let (_, log) = service.stop();
    assert!(!log.contains(&key) && !log.contains("PRIVATE KEY"));
}

#[test]
fn s22_a_master_key_is_not_taken_from_an_argument_or_a_variable_and_not_printed() {
    let directory = TempDir::new().unwrap();
    let setting = format!("vault.master_key={KEY}");
    let by_variable = |name: &str| keypaird(directory.path(), &["serve"]).env(name, KEY).output().unwrap();
    let outputs = [
        run(directory.path(), &["serve", "--set", &setting]),
        by_variable("KEYPAIRD__VAULT__MASTER_KEY"),
        run(directory.path(), &["master-key", "add", "--key", KEY]),
        run(directory.path(), &["master-key", "create", "master.key", KEY]),
    ];
    for output in outputs {
        assert_eq!(output.status.code(), Some(2));
        let told = text(&output.stdout) + &text(&output.stderr);
        assert!(told.contains("master_key") || told.contains("argument"), "{told}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn the_master_key_commands_tell_what_to_do_next_and_leave_no_database_behind() {
    let directory = TempDir::new().unwrap();
    let file = ["--file", "master.key"];
    assert!(run(directory.path(), &["master-key", "create", "master.key"]).status.success());
    let done = |arguments: &[&str]| {
        let output = run(directory.path(), &[&["master-key"], arguments, &file].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(done(&["add"]).contains("`keypaird master-key set-primary default 2`"));
    assert!(done(&["set-primary", "default", "2"]).contains("`keypaird rewrap`"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let refused = run(directory.path(), &["master-key", "add", "--file", "none.key"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("none.key does not exist"), "{}", text(&refused.stderr));
}

#[test]
fn s22_a_command_that_changes_the_file_refuses_one_that_others_may_read() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("master.key");
    assert!(run(directory.path(), &["master-key", "create", "master.key"]).status.success());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = run(directory.path(), &["master-key", "add", "--file", "master.key"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("chmod 600 master.key"), "{}", text(&refused.stderr));
}
