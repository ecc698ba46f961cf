//! Logs.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::{EnvFilter, reload};

/// From debug on, this driver logs each statement with its parameters, password hashes and sealed keys among them; at
/// info it repeats PostgreSQL's notices, such as that a table is there already.
const QUIET_DRIVER: &str = "tokio_postgres=warn";

/// `log.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `text` or `json`.
    pub format: Format,
    /// A filter as `tracing_subscriber::EnvFilter` reads it, such as `info` or `info,keypaird=debug`.
    pub level: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Text,
    Json,
}

/// Reads `log.level`; the error says what is wrong.
pub fn filter(level: &str) -> Result<EnvFilter, String> {
    // EnvFilter would take a mistyped level for the name of a module, and log nothing but that.
    let words = level.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
    for word in words {
        if word.parse::<LevelFilter>().is_err() {
            return Err(format!(
                "'{word}' is not a level; write off, error, warn, info, debug or trace, or module=level"
            ));
        }
    }
    let filter = EnvFilter::builder().parse(level).map_err(|error| error.to_string())?;
    Ok(filter.add_directive(QUIET_DRIVER.parse().map_err(|error: ParseError| error.to_string())?))
}

/// What is logged, which may change while the process runs.
pub struct Level(Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send>);

impl Level {
    /// Has `log.level` hold from here on; the error says what is wrong.
    pub fn set(&self, level: &str) -> Result<(), String> {
        (self.0)(filter(level)?).map_err(|error| error.to_string())
    }
}

/// Starts logging to stderr, for the rest of the process.
pub fn start(settings: &Settings) -> Result<Level, Box<dyn std::error::Error + Send + Sync>> {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(&settings.level)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        Format::Text => {
            let subscriber = subscriber.with_filter_reloading();
            let level = subscriber.reload_handle();
            subscriber.try_init()?;
            Ok(Level(Box::new(move |filter| level.reload(filter))))
        }
        Format::Json => {
            // Members of the event stand at the top, those of the request in `spans`.
            let subscriber = subscriber.json().flatten_event(true).with_current_span(false).with_filter_reloading();
            let level = subscriber.reload_handle();
            subscriber.try_init()?;
            Ok(Level(Box::new(move |filter| level.reload(filter))))
        }
    }
}
