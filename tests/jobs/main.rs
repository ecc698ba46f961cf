//! The operator's jobs on kept private keys, by the real program beside a service that goes on: on SQLite or, with
//! `TEST_DATABASE_URL`, on that PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, dead_code, unused_imports)]

#[path = "../api/support/mod.rs"]
mod support;

mod access_keys;
mod audit;
mod disk;
mod killed;
mod meanwhile;
mod reseal;
mod rewrap;
mod rows;
mod traced;
mod verify;

use std::process::{Command, Output, Stdio};

use support::TestApp;

/// `keypaird` on the settings of a running service.
fn command(app: &TestApp, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keypaird"));
    command.env_clear().current_dir(app.directory.path()).args(arguments);
    command.arg("--data-dir").arg(app.directory.path()).stdin(Stdio::null());
    if let Some(url) = &app.settings.database.url {
        command.arg("--set").arg(format!("database.url={url}"));
    }
    if let Some(file) = &app.settings.vault.master_key_file {
        command.arg("--set").arg(format!("vault.master_key_file={}", file.display()));
    }
    command
}

/// Runs it to its end, off the thread that serves.
async fn run(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = command(app, arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What it printed, if it succeeded.
async fn told(app: &TestApp, arguments: &[&str]) -> String {
    let output = run(app, arguments).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out.into_owned()
}
