//! Which files the service writes: S51.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::command;
use super::support::TestApp;

/// Every call that makes a file or opens one to write; those that a machine does not have are passed over.
const CALLS: &str = "trace=?open,?openat,?openat2,?creat,?mkdir,?mkdirat,?mknod,?mknodat,?memfd_create,?rename,\
                     ?renameat,?renameat2,?link,?linkat,?symlink,?symlinkat";

/// A service of its own that is being run, by whatever wraps it.
struct Running {
    child: Child,
    api: SocketAddr,
}

impl Running {
    /// Starts `serve` under another program with its arguments, and waits until it serves.
    async fn under(wrapper: &[&str], serve: &Command) -> Self {
        let [api, admin] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let mut wrapped = Command::new(wrapper[0]);
        wrapped.args(&wrapper[1..]).arg(serve.get_program()).args(serve.get_args());
        wrapped.arg("--listen").arg(api.to_string()).arg("--set").arg(format!("admin.listen={admin}"));
        wrapped.env_clear().env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").current_dir(serve.get_current_dir().unwrap());
        wrapped.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = wrapped.spawn().unwrap_or_else(|error| panic!("{}: {error}", wrapper[0]));
        let started = Instant::now();
        // Both must answer, and a moment later both listen to signals.
        for listener in [api, admin] {
            while awc::Client::default().get(format!("http://{listener}/")).send().await.is_err() {
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none() && started.elapsed() < Duration::from_secs(60), "it does not serve: {ended:?}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        Self { child, api }
    }

    async fn ask(&self, app: &TestApp, method: &str, path: &str, keypair: Value) -> u16 {
        let client = awc::Client::builder().timeout(Duration::from_secs(60)).finish();
        let url = format!("http://{}{}", self.api, path.replace("PROJECT", &app.demo.project_id));
        let request = client.request(method.parse().unwrap(), url);
        let request = request.insert_header(("X-Auth-Token", app.demo.token.as_str()));
        request.send_json(&json!({ "keypair": keypair })).await.unwrap().status().as_u16()
    }

    /// Everything that is done with private keys.
    async fn play(&self, app: &TestApp) {
        for algorithm in ["rsa-2048", "ed25519", "ecdsa-p256"] {
            let keypair = json!({ "name": algorithm, "algorithm": algorithm, "key_protection": "default" });
            assert_eq!(self.ask(app, "POST", "/v2.1/PROJECT/keypairs", keypair).await, 200);
            for form in [
                json!({}),
                json!({ "private_key_format": "pkcs8" }),
                json!({ "private_key_format": "openssh" }),
                json!({ "passphrase": "correct horse" }),
            ] {
                let mut keypair = json!({ "name": algorithm });
                keypair.as_object_mut().unwrap().extend(form.as_object().unwrap().clone());
                assert_eq!(self.ask(app, "POST", "/v3/PROJECT/keypairs/private-key/export", keypair).await, 200);
            }
        }
        let certificate = json!({ "name": "certificate", "type": "x509", "key_protection": "default" });
        assert_eq!(self.ask(app, "POST", "/v2.1/PROJECT/keypairs", certificate).await, 200);
        let vectors: Value = serde_json::from_str(include_str!("../vectors/ssh_private_keys.json")).unwrap();
        let case = &vectors["cases"][0];
        let key_protection = json!({ "private_key": case["private_key"], "encryption": { "type": "default" } });
        let bare = json!({ "name": "imported", "public_key": case["public_key"] });
        assert_eq!(self.ask(app, "POST", "/v2.1/PROJECT/keypairs", bare).await, 200);
        let import = json!({ "name": "imported", "key_protection": key_protection });
        assert_eq!(self.ask(app, "POST", "/v3/PROJECT/keypairs/private-key/import", import).await, 200);
        assert_eq!(self.ask(app, "DELETE", "/v3/PROJECT/keypairs/rsa-2048/private-key", json!({})).await, 200);
    }

    /// Ends it as an operator does.
    fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let told = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(20)),
            }
            assert!(told.elapsed() < Duration::from_secs(40), "it does not end");
        };
        assert!(status.success(), "{status}");
    }
}

/// A test that fails leaves no service behind.
impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

/// The program, and the trace of what it does.
struct Traced {
    running: Running,
    trace: PathBuf,
    _folder: TempDir,
}

impl Traced {
    async fn start(serve: &Command) -> Self {
        let folder = TempDir::new().unwrap();
        let trace = folder.path().join("trace");
        // `-D`: the program stays this process's child, and strace is beside it.
        let strace = ["strace", "-D", "-f", "-qq", "-s", "4096", "-e", "signal=none", "-e", CALLS, "-o"];
        let wrapper = [&strace[..], &[trace.to_str().unwrap(), "--"]].concat();
        Self { running: Running::under(&wrapper, serve).await, trace, _folder: folder }
    }

    /// What was made or opened to write, each once: the call, and the paths it names, from the directory on.
    fn stop(self, directory: &Path) -> BTreeSet<String> {
        let process = self.running.child.id();
        self.running.stop();
        let begun = Instant::now();
        let text = loop {
            let text = fs::read_to_string(&self.trace).unwrap();
            if text.contains(&format!("{process} +++ exited")) || begun.elapsed() > Duration::from_secs(10) {
                break text;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert!(text.contains("O_RDONLY"), "strace saw nothing");
        text.lines().filter_map(|line| writing(line, directory)).collect()
    }
}

/// Of a line of the trace: what it opens to write, or which call it makes something by.
fn writing(line: &str, directory: &Path) -> Option<String> {
    const WRITING: [&str; 4] = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TMPFILE"];
    let (call, arguments) = line.split_once(' ')?.1.trim_start().split_once('(')?;
    let opens = call.starts_with("open");
    if call.starts_with('<') || opens && !WRITING.iter().any(|flag| arguments.contains(flag)) {
        return None;
    }
    let paths: Vec<&str> = arguments.split('"').skip(1).step_by(2).collect();
    assert!(!paths.is_empty(), "strace sees no paths, for which it must be root's: {line}");
    let paths = paths.join(" ").replace(&format!("{}/", directory.display()), "");
    let paths = paths.replace(&directory.display().to_string(), ".");
    Some(if opens { paths } else { format!("{call} {paths}") })
}

/// The program on a data directory that is not there yet.
fn first_start(directory: &Path) -> Command {
    let mut serve = Command::new(env!("CARGO_BIN_EXE_keypaird"));
    serve.args(["serve", "--data-dir"]).arg(directory).current_dir("/");
    serve
}

/// SQLite's own files.
const DATABASE: [&str; 4] =
    ["keypaird.sqlite", "keypaird.sqlite-journal", "keypaird.sqlite-shm", "keypaird.sqlite-wal"];

#[actix_web::test]
async fn s51_the_database_is_all_that_is_written_while_private_keys_come_and_go() {
    let app = TestApp::spawn().await;
    let traced = Traced::start(&command(&app, &["serve"])).await;
    traced.running.play(&app).await;
    let mut written = traced.stop(app.directory.path());
    assert!(written.remove("mkdir ."), "the trace was not understood: {written:?}");
    if app.settings.database.url.is_none() {
        assert!(written.contains("keypaird.sqlite"), "{written:?}");
        written.retain(|path| !DATABASE.contains(&path.as_str()));
    }
    assert_eq!(written, BTreeSet::new());
}

#[actix_web::test]
async fn s51_a_first_start_writes_the_master_key_and_the_logins_beside_the_database_and_no_other_file() {
    let folder = TempDir::new().unwrap();
    let directory = folder.path().join("data");
    let traced = Traced::start(&first_start(&directory)).await;
    let written = traced.stop(&directory);
    let is_known = |word: &str| {
        let is_new = [".master-key-", ".clouds.yaml.new-", ".openrc.new-"].iter().any(|begin| word.starts_with(begin));
        is_new || DATABASE.contains(&word) || ["master.key", "clouds.yaml", "openrc", "."].contains(&word)
    };
    let is_call = |word: &str| ["mkdir", "link", "rename"].iter().any(|call| word.starts_with(call));
    let strange: Vec<_> =
        written.iter().filter(|it| !it.split(' ').all(|word| is_call(word) || is_known(word))).collect();
    assert!(strange.is_empty() && written.len() > 6, "{written:#?}");
    let mut left: Vec<_> = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name()).collect();
    left.sort_unstable();
    assert_eq!(left, ["clouds.yaml", "keypaird.sqlite", "master.key", "openrc"]);
}

/// Mounts all that can be written read-only, but for the directory `$1`, and goes on as the program after it.
const READ_ONLY: &str = r#"
set -e
mount --bind "$1" "$1"
awk -v data="$1" '$2 != data { print $2 }' /proc/self/mounts | while read -r place; do
    mount -o remount,ro,bind "$place" 2>/dev/null || true
done
for place in "$1/.." / /tmp /var/tmp /dev/shm; do
    if touch "$place/written" 2>/dev/null; then exit 70; fi
done
shift
exec "$@"
"#;

#[actix_web::test]
async fn s51_the_service_works_on_a_read_only_root_with_one_directory_to_write_to() {
    let app = TestApp::spawn().await;
    let directory = app.directory.path().to_str().unwrap();
    let wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "read-only", directory];
    let running = Running::under(&wrapper, &command(&app, &["serve"])).await;
    running.play(&app).await;
    running.stop();
}
