//! `keypaird keypair` against a running service, logged in as the first start's clouds.yaml says.

mod between;
mod key_file;
mod life;
mod login;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::{Service, keypaird, run, text};

/// The service's own clouds.yaml.
fn clouds(service: &Service) -> PathBuf {
    service.directory.path().join("data/clouds.yaml")
}

/// A command in a directory, as the demo user of the clouds in this file.
fn keypair(directory: &Path, clouds: &Path, arguments: &[&str]) -> Command {
    let mut command = keypaird(directory, &["keypair"]);
    command.args(arguments).env("OS_CLIENT_CONFIG_FILE", clouds).env("OS_CLOUD", "keypaird");
    command
}

/// What a command printed that must succeed, as the demo user.
fn done(service: &Service, arguments: &[&str]) -> String {
    succeeded(&keypair(service.directory.path(), &clouds(service), arguments).output().unwrap())
}

fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// What a command said that must fail with this status.
fn failed(output: &Output, status: i32) -> String {
    assert_eq!(output.status.code(), Some(status), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stderr)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The names of all key pairs of the demo user.
fn names(service: &Service) -> Vec<String> {
    let listed = done(service, &["list", "--format", "value", "--column", "name"]);
    listed.lines().map(str::to_owned).collect()
}

/// The public key, without its comment, that ssh-keygen finds in a file.
fn derived(key: &Path) -> String {
    let output = Command::new("ssh-keygen").args(["-y", "-P", "", "-f"]).arg(key).output().unwrap();
    without_comment(&succeeded(&output))
}

fn without_comment(public_key: &str) -> String {
    public_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

/// A public key of ssh-keygen's, in a file NAME.pub beside its private key.
fn made_by_ssh_keygen(directory: &Path, name: &str) -> PathBuf {
    let path = directory.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).output().unwrap();
    succeeded(&made);
    assert!(fs::exists(path.with_extension("pub")).unwrap());
    path
}
