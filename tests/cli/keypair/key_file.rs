//! The file that a private key goes into.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::between::Between;
use super::{Service, clouds, derived, done, failed, json, keypair, names, succeeded, text, without_comment};

/// The first line of the request that creates a key pair.
const CREATE: &str = "POST /v2.1/os-keypairs HTTP/1.1";

fn create(directory: &Path, clouds: &Path, name: &str, file: &str) -> Output {
    keypair(directory, clouds, &["create", "--private-key", file, name]).output().unwrap()
}

/// The same command with other rights: `wrapper` is what starts it.
fn wrapped(wrapper: &[&str], command: &Command) -> Output {
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args());
    outer.current_dir(command.get_current_dir().unwrap()).env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    outer.output().unwrap()
}

#[test]
fn s52_the_private_key_is_in_a_file_for_its_owner_alone_whatever_the_umask() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    for (umask, algorithm) in [("000", "rsa-2048"), ("777", "ed25519")] {
        let file = format!("{algorithm}.pem");
        let arguments = ["create", "-f", "json", "--algorithm", algorithm, "--private-key", &file, algorithm];
        let command = keypair(directory.path(), &clouds(&service), &arguments);
        let mask = format!("umask {umask}; exec \"$0\" \"$@\"");
        let made = json(&succeeded(&wrapped(&["sh", "-c", &mask], &command)));
        let path = directory.path().join(&file);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(derived(&path), without_comment(made["public_key"].as_str().unwrap()));
        assert_eq!(made["private_key_file"], file);
    }
}

#[test]
fn s52_what_is_there_already_is_refused_before_anything_is_asked() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let between = Between::start(&service, |_, _| {});
    let clouds = between.clouds(&service, directory.path());
    let path = |name: &str| directory.path().join(name);
    fs::write(path("file"), "mine").unwrap();
    fs::create_dir(path("directory")).unwrap();
    symlink("file", path("link")).unwrap();
    symlink("nowhere", path("link-to-nowhere")).unwrap();
    for there in ["file", "directory", "link", "link-to-nowhere"] {
        let said = failed(&create(directory.path(), &clouds, "pair", there), 2);
        assert!(said.contains(&format!("{there} is there already and is not written over")), "{said}");
        let export = keypair(directory.path(), &clouds, &["export", "--private-key", there, "pair"]).output().unwrap();
        assert_eq!(failed(&export, 2), said);
    }
    assert_eq!(between.connections(), 0);
    assert_eq!(fs::read_to_string(path("file")).unwrap(), "mine");
    assert!(!fs::exists(path("nowhere")).unwrap());
}

#[test]
fn s52_a_directory_in_which_no_file_can_be_made_is_refused_before_anything_is_asked() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let between = Between::start(&service, |_, _| {});
    let clouds = between.clouds(&service, directory.path());
    fs::create_dir(directory.path().join("locked")).unwrap();
    fs::set_permissions(directory.path().join("locked"), Permissions::from_mode(0o555)).unwrap();
    for (file, reason) in [("locked/key.pem", "Permission denied"), ("missing/key.pem", "No such file")] {
        let command = keypair(directory.path(), &clouds, &["create", "--private-key", file, "pair"]);
        // Root may write anywhere, but for this.
        let without_capabilities = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"];
        let is_root = rustix::process::geteuid().is_root();
        let output = wrapped(if is_root { &without_capabilities } else { &["env"] }, &command);
        let said = failed(&output, 2);
        assert!(said.contains("no file can be made in ") && said.contains(reason), "{said}");
    }
    assert_eq!(between.connections(), 0);
}

#[test]
fn s52_nothing_is_written_before_the_service_has_said_that_the_pair_is_there() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (seeing, place) = (Arc::clone(&seen), directory.path().to_owned());
    let between = Between::start(&service, move |request, _| {
        if request == CREATE {
            let files = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name());
            seeing.lock().unwrap().extend(files);
        }
    });
    let clouds = between.clouds(&service, directory.path());
    succeeded(&create(directory.path(), &clouds, "pair", "key.pem"));
    assert_eq!(*seen.lock().unwrap(), ["clouds-between.yaml"]);
    assert!(fs::exists(directory.path().join("key.pem")).unwrap());
}

#[test]
fn s52_a_file_that_appears_meanwhile_stays_as_it_is_and_the_pair_is_deleted_again() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let other = directory.path().join("key.pem");
    let appearing = other.clone();
    let between = Between::start(&service, move |request, _| {
        if request == CREATE {
            fs::write(&appearing, "another's").unwrap();
        }
    });
    let clouds = between.clouds(&service, directory.path());
    let said = failed(&create(directory.path(), &clouds, "pair", "key.pem"), 1);
    assert!(said.contains("is there already") && said.contains("is deleted again"), "{said}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "another's");
    assert_eq!(names(&service), Vec::<String>::new());

    fs::remove_file(&other).unwrap();
    let kept = ["create", "--key-protection", "default", "--private-key", "key.pem", "kept"];
    let said = failed(&keypair(directory.path(), &clouds, &kept).output().unwrap(), 1);
    assert!(said.contains("the service keeps its private key: fetch it with `keypaird keypair export"), "{said}");
    assert_eq!(names(&service), ["kept"]);
}

#[test]
fn s52_a_refusal_leaves_no_file() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    succeeded(&create(directory.path(), &clouds(&service), "pair", "first.pem"));
    let said = failed(&create(directory.path(), &clouds(&service), "pair", "second.pem"), 1);
    assert!(said.starts_with("keypaird: Key pair 'pair' already exists. (HTTP 409, request req-"), "{said}");
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["first.pem"]);
}

#[test]
fn s52_where_the_service_dies_before_it_answers_there_is_no_file_and_it_says_what_to_do() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let (pid, asked) = (Pid::from_child(&service.child), Arc::new(AtomicBool::new(false)));
    let asking = Arc::clone(&asked);
    let between = Between::start(&service, move |request, answer| {
        if request == CREATE {
            asking.store(answer.starts_with(b"HTTP/1.1 201"), Ordering::SeqCst);
            kill_process(pid, Signal::KILL).unwrap();
            answer.clear();
        }
    });
    let clouds = between.clouds(&service, directory.path());
    let said = failed(&create(directory.path(), &clouds, "pair", "key.pem"), 1);
    assert!(asked.load(Ordering::SeqCst), "it was made");
    assert!(said.contains("'pair' may have been made all the same") && said.contains("keypair show 'pair'"), "{said}");
    assert!(!fs::exists(directory.path().join("key.pem")).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn s52_file_and_directory_are_on_the_disk_when_it_ends() {
    let service = Service::start(&[]);
    let directory = TempDir::new().unwrap();
    let command = keypair(directory.path(), &clouds(&service), &["create", "--private-key", "key.pem", "pair"]);
    succeeded(&wrapped(&["strace", "-f", "-y", "-e", "trace=fsync,write", "-o", "trace"], &command));
    let trace = fs::read_to_string(directory.path().join("trace")).unwrap();
    let place = |call: &str, file: &Path| {
        let ends = format!("<{}>", fs::canonicalize(file).unwrap().display());
        trace
            .lines()
            .position(|line| line.contains(call) && line.contains(&ends))
            .unwrap_or_else(|| panic!("{call}: {trace}"))
    };
    let (file, told) = (directory.path().join("key.pem"), trace.lines().position(|line| line.contains("write(1<")));
    let order = [place("write(", &file), place("fsync(", &file), place("fsync(", directory.path()), told.unwrap()];
    assert!(order.is_sorted(), "{order:?}: {trace}");
}

#[test]
fn a_private_key_for_stdout_comes_alone() {
    let service = Service::start(&[]);
    let key = done(&service, &["create", "--private-key", "-", "--algorithm", "ed25519", "pair"]);
    assert!(key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----\n"), "{key}");
    assert!(key.ends_with("-----END OPENSSH PRIVATE KEY-----\n"), "{key}");
}

#[test]
fn a_create_that_says_nothing_about_the_private_key_is_refused() {
    let output = super::run(TempDir::new().unwrap().path(), &["keypair", "create", "pair"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--private-key <FILE>"), "{}", text(&output.stderr));
}
