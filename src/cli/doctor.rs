//! `keypaird doctor`

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::arguments::SettingsArguments;
use super::health::Trust;
use super::keypair::output::{Output, Shown};
use super::{Failure, health};
use crate::app::doctor::{Finding, Verdict, examine};
use crate::client::{Cloud, Patience, Places, Session, options_of};
use crate::settings::Settings;

const EXAMPLES: &str = "\
It changes nothing, and may be run beside the service, as the user that the service runs as, with the same settings.

Examples:
  keypaird doctor --config /etc/keypaird/keypaird.toml
  keypaird doctor --format json

Exit status:
  0  there is no problem; there may be warnings
  1  there is a problem";

/// Fewer open files than this are used up by a busy service's connections.
const FEW_FILES: u64 = 4096;

/// Say what is wrong with a set-up, and what to do.
///
/// Settings, files and their modes, the database and its schema, master keys, a KMS, a Keystone, ports, limits, and whether the
/// clouds.yaml that the first start wrote still logs in.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    output: Output,
}

/// A finding as it is printed.
#[derive(Serialize)]
struct Told {
    check: &'static str,
    verdict: &'static str,
    found: String,
    remedy: Option<String>,
}

impl Shown for Told {
    const COLUMNS: &'static [&'static str] = &["check", "verdict", "found", "remedy"];
}

impl From<Finding> for Told {
    fn from(finding: Finding) -> Self {
        let verdict = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
        };
        Self { check: finding.check, verdict, found: finding.found, remedy: finding.remedy }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("problems found: {0}")]
struct Ill(usize);

pub(super) fn run(arguments: &Arguments, settings: &SettingsArguments) -> Result<(), Failure> {
    arguments.output.check::<Told>()?;
    let runtime = Runtime::new().map_err(Failure::other)?;
    let findings = match settings.load(Vec::new()) {
        Ok(loaded) => runtime.block_on(all(&loaded.settings)),
        Err(problems) => {
            let remedy = "`keypaird config show` prints what holds, once they are right; nothing else was looked at";
            problems.to_string().lines().map(|line| Finding::problem("settings", line, remedy)).collect()
        }
    };
    let ill = findings.iter().filter(|finding| finding.verdict == Verdict::Problem).count();
    let told: Vec<Told> = findings.into_iter().map(Told::from).collect();
    arguments.output.list(&told)?;
    if ill == 0 { Ok(()) } else { Err(Failure::other(Ill(ill))) }
}

async fn all(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("settings", "they fit together")];
    findings.extend(examine(settings).await);
    let running = running(settings).await;
    findings.extend(ports(settings, running.as_ref()));
    findings.extend(exposure(settings));
    findings.extend([open_files(), core_dumps(), swap()]);
    findings.push(clouds(settings, running.is_some()).await);
    findings
}

/// What a keypaird says of itself that listens where the settings say.
struct Running {
    status: u16,
    told: String,
}

async fn running(settings: &Settings) -> Option<Running> {
    let url = health::listener(&settings.admin).ok()?.join("/health/ready").ok()?;
    let (status, told) = health::ask(&url, Trust::ThisMachine).await.ok()?;
    told.contains("\"status\"").then_some(Running { status, told })
}

fn ports(settings: &Settings, running: Option<&Running>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match running {
        Some(Running { status: 200, told }) => findings.push(Finding::ok("service", format!("it runs: {told}"))),
        Some(Running { status, told }) => {
            let found = format!("it runs, and is not ready ({status}): {told}");
            findings.push(Finding::problem("service", found, "its log says why"));
        }
        None => findings.push(Finding::ok("service", "it does not run here")),
    }
    for (setting, address) in [("http.listen", settings.http.listen), ("admin.listen", settings.admin.listen)] {
        let found = match (TcpListener::bind(address), running) {
            (Ok(_), _) => Finding::ok("ports", format!("{address} ({setting}) is free")),
            (Err(_), Some(_)) => {
                Finding::ok("ports", format!("{address} ({setting}) is taken by the service that runs"))
            }
            (Err(error), None) => {
                let remedy = format!("end what listens there, or choose another address by {setting}");
                Finding::problem("ports", format!("{address} ({setting}) cannot be listened on: {error}"), remedy)
            }
        };
        findings.push(found);
    }
    findings
}

/// Whom the listeners can be reached by.
fn exposure(settings: &Settings) -> Vec<Finding> {
    let is_public = |address: SocketAddr| !address.ip().is_loopback();
    let mut findings = Vec::new();
    let http = &settings.http;
    if is_public(http.listen) && !http.tls.is_on() {
        let found = format!("{} (http.listen) is reachable from other machines", http.listen);
        let remedy = "see that tokens and private keys cross no network without TLS: set http.tls, or have a proxy that speaks \
                      it in front";
        findings.push(Finding::warning("exposure", found, remedy));
    }
    if is_public(settings.admin.listen) {
        let found =
            format!("{} (admin.listen) is reachable from other machines, without a login", settings.admin.listen);
        let remedy = "listen on 127.0.0.1, or let a firewall or network policy keep all but your monitoring away";
        findings.push(Finding::warning("exposure", found, remedy));
    }
    if findings.is_empty() {
        let who = if is_public(http.listen) {
            "other machines connect by TLS alone"
        } else {
            "only this machine can connect"
        };
        findings.push(Finding::ok("exposure", who));
    }
    findings
}

/// As many as the service can give itself when it starts.
fn open_files() -> Finding {
    match getrlimit(Resource::Nofile).maximum {
        Some(limit) if limit < FEW_FILES => {
            let found = format!("at most {limit} files and connections can be open at once");
            Finding::warning("limits", found, "raise it: LimitNOFILE= of the unit, `ulimit -Hn` of a shell")
        }
        Some(limit) => Finding::ok("limits", format!("{limit} files and connections can be open at once")),
        None => Finding::ok("limits", "any number of files and connections can be open at once"),
    }
}

/// This command forbids them to itself, as the service does.
fn core_dumps() -> Finding {
    match getrlimit(Resource::Core).current {
        Some(0) => Finding::ok("core dumps", "the service can forbid them"),
        Some(_) | None => Finding::warning(
            "core dumps",
            "they cannot be forbidden: private keys that are in use may get to the disk",
            "let the unit say LimitCORE=0, or find out what keeps the program from setting it",
        ),
    }
}

fn swap() -> Finding {
    let swaps = std::fs::read_to_string("/proc/swaps").unwrap_or_default();
    // Below its head, a line for each.
    match swaps.lines().nth(1) {
        None => Finding::ok("swap", "there is none"),
        Some(_) => Finding::warning(
            "swap",
            "there is some: private keys that are in use may get to the disk",
            "turn it off, or encrypt it; for the service alone, by MemorySwapMax=0 of the unit",
        ),
    }
}

/// Whether what the first start wrote still logs in.
async fn clouds(settings: &Settings, is_running: bool) -> Finding {
    const CHECK: &str = "clouds.yaml";
    let path = settings.data.dir.join("clouds.yaml");
    if !path.exists() {
        return Finding::ok(CHECK, format!("there is none at {}", path.display()));
    }
    match log_in(path.clone()).await {
        Ok(()) => Finding::ok(CHECK, format!("{} logs in", path.display())),
        Err(_) if !is_running => {
            Finding::ok(CHECK, format!("{} is not tried: the service does not run", path.display()))
        }
        Err(reason) => Finding::warning(
            CHECK,
            format!("{} does not log in: {reason}", path.display()),
            "write the address (http.public_url, http.listen) and the password of today into it; `keypaird user \
             set` gives a new one",
        ),
    }
}

/// As the demo user, whom the file calls `keypaird`.
async fn log_in(clouds: PathBuf) -> Result<(), String> {
    let places = Places { clouds: Some(clouds), secure: None, directories: Vec::new() };
    let options = options_of(Some("keypaird"), &places).map_err(|error| error.to_string())?;
    let cloud = Cloud::read(options).map_err(|error| error.to_string())?;
    Session::open(&cloud, Patience(Duration::ZERO)).await.map(drop).map_err(|error| error.to_string())
}
