//! `keypaird health`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;
use tokio::runtime::Builder;

use super::arguments::SettingsArguments;
use super::{Failure, output};
use crate::http::ops;
use crate::settings::Purpose;

/// Longer than an answer from memory takes on a busy machine, shorter than who runs this waits.
const TIMEOUT: Duration = Duration::from_secs(5);

/// More than any answer of `/health/ready`: whoever else may listen there gets no more of the screen.
const LONGEST: usize = 4096;

const EXAMPLES: &str = "\
Exit status 0: ready, or degraded. 1: not ready, or nobody answers.

Examples:
  keypaird health
  keypaird health --url http://192.0.2.7:8775";

/// Ask the service of this machine whether it is ready, and print what it says.
///
/// It is asked where the setting admin.listen says, as /health/ready, by HTTPS where admin.tls has a certificate; whether that is
/// valid is not asked. For a container's health check: an image without a shell has nothing else that could ask.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Ask the operator's listener at this address instead
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
}

/// Why the service is not healthy.
#[derive(Debug, thiserror::Error)]
enum Unhealthy {
    #[error("admin.listen is {0}: give the port that was chosen, by --url")]
    AnyPort(SocketAddr),
    #[error("{url} does not answer: {reason}; is the service running, and admin.listen its address?")]
    Silent { url: Url, reason: String },
    #[error("the service is not ready: {url} answered {status}")]
    NotReady { url: Url, status: u16 },
}

pub(super) fn run(arguments: Arguments, settings: &SettingsArguments) -> Result<(), Failure> {
    let (url, trust) = match arguments.url {
        Some(url) => (url, Trust::Authorities),
        None => {
            let admin = settings.load_for(Purpose::Health, Vec::new())?.settings.admin;
            (listener(&admin)?, Trust::ThisMachine)
        }
    };
    let url = url.join("/health/ready").map_err(Failure::other)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(Failure::other)?;
    let (status, told) = runtime.block_on(ask(&url, trust))?;
    output::print(&format!("{told}\n"))?;
    if status == 200 { Ok(()) } else { Err(Failure::other(Unhealthy::NotReady { url, status })) }
}

/// Who is believed to be the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whoever has the port on this machine: the certificate is for another name than an address, nothing secret is sent, and
    /// whoever may take the port could also end the service.
    ThisMachine,
    /// Whom an authority of the system vouches for.
    Authorities,
}

/// Where the settings have it listen; on all addresses, this machine's own.
pub(super) fn listener(admin: &ops::Settings) -> Result<Url, Failure> {
    let (scheme, address) = (if admin.tls.is_on() { "https" } else { "http" }, admin.listen);
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        given => given,
    };
    if address.port() == 0 {
        return Err(Failure::other(Unhealthy::AnyPort(address)));
    }
    Url::parse(&format!("{scheme}://{}", SocketAddr::new(ip, address.port()))).map_err(Failure::other)
}

/// The status and what was said, in one line.
pub(super) async fn ask(url: &Url, trust: Trust) -> Result<(u16, String), Failure> {
    let silent = |error: reqwest::Error| Unhealthy::Silent { url: url.clone(), reason: root_cause(&error) };
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy();
    let client = client.danger_accept_invalid_certs(trust == Trust::ThisMachine);
    let answer = client.build().map_err(silent).map_err(Failure::other)?.get(url.clone()).send().await;
    let answer = answer.map_err(silent).map_err(Failure::other)?;
    let status = answer.status().as_u16();
    let body = answer.text().await.map_err(silent).map_err(Failure::other)?;
    let line = body.chars().map(|c| if c.is_control() { ' ' } else { c });
    Ok((status, line.take(LONGEST).collect()))
}

/// What is at the bottom of it (`Connection refused`): the layers above only repeat the address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
