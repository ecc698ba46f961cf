//! `keypaird serve`

use tokio::runtime::Runtime;

use super::arguments::{SettingsArguments, flag};
use super::process::raise_open_files;
use super::reload::Reload;
use super::signals::Hangups;
use super::{Failure, signals};
use crate::app::Application;
use crate::app::first_start::{FirstStart, LoginFiles};
use crate::settings::{Flag, Loaded, Settings};
use crate::telemetry::{self, Telemetry};

const EXAMPLES: &str = "\
The settings are checked before the database is opened or a port is bound. The log goes to stderr.

SIGTERM has /health/ready answer 503 and, http.drain_seconds later, stops the service once the requests under way are
answered. SIGINT (Ctrl-C) stops it without that pause, as a second signal does. SIGHUP has the settings and the certificates read
again: log.level, limits and certificates hold at once, and the log says what needs a restart.

Examples:
  keypaird serve --listen 127.0.0.1:9000 --data-dir /var/lib/keypaird
  KEYPAIRD__LOG__LEVEL=debug keypaird serve";

/// Start the service.
///
/// On its first start with an empty database it makes an administrator and a demo project, and writes clouds.yaml and
/// openrc into the data directory, so that `openstack --os-cloud keypaird` works at once.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Serve the API at this address and port; short for --set http.listen=ADDR
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(super) fn run(arguments: Arguments, settings: SettingsArguments) -> Result<(), Failure> {
    let named: Vec<Flag> = flag("--listen", "http.listen", arguments.listen).into_iter().collect();
    let Loaded { settings: holding, effective: holds } = settings.load(named.clone())?;
    let Telemetry { level, traces } = telemetry::start(&holding.log, &holding.traces).map_err(Failure::Other)?;
    let reload = Reload { arguments: settings, named, holds, level };
    raise_open_files();
    let runtime = Runtime::new().map_err(Failure::other)?;
    let served = runtime.block_on(serve(&holding, reload));
    if let Some(traces) = traces {
        traces.stop();
    }
    served
}

async fn serve(settings: &Settings, reload: Reload) -> Result<(), Failure> {
    let hangups = Hangups::listen().map_err(Failure::other)?;
    let app = Application::build(settings).await.map_err(Failure::other)?;
    tell(app.first_start());
    let (api, health) = (app.address(), app.admin_address());
    let version = env!("CARGO_PKG_VERSION");
    let [of_api, of_health] =
        [&settings.http.tls, &settings.admin.tls].map(|tls| if tls.is_on() { "https" } else { "http" });
    tracing::info!(
        %api, %health, version,
        "keypaird {version} serves the API at {of_api}://{api} and health at {of_health}://{health}"
    );
    // Not before: until here SIGTERM ends the process, whatever the start waits for.
    let asks = signals::asks(hangups, reload, app.live().clone()).map_err(Failure::other)?;
    let store = app.store().clone();
    let served = app.run(asks).await;
    // The threads that have answered requests let go of it after they have said that they are done.
    store.close().await;
    served.map_err(Failure::other)?;
    tracing::info!("stopped");
    Ok(())
}

/// Says where the first users' passwords stand, never what they are.
fn tell(first_start: &FirstStart) {
    match first_start {
        FirstStart::Done(LoginFiles { clouds, openrc }) => {
            let (clouds, openrc) = (clouds.display(), openrc.display());
            tracing::info!(%clouds, %openrc, "made the first users; how to log in stands in {clouds} and {openrc}");
        }
        FirstStart::Before | FirstStart::Elsewhere => {}
        FirstStart::ToBeDone => tracing::warn!(
            "there are no users yet: run `keypaird bootstrap`, or set identity.bootstrap_password_file and start again"
        ),
    }
}
