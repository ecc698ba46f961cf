//! Logs, and traces where they are wanted.

mod export;
mod sampling;
mod sender;
pub mod traces;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry, reload};

use self::traces::Traces;

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

/// What goes on for the rest of the process.
pub struct Telemetry {
    pub level: Level,
    /// None where no collector is named.
    pub traces: Option<Traces>,
}

/// Starts logging to stderr and, where the settings name a collector, sending traces to it. Not to be called within a
/// runtime: the sender brings one of its own.
pub fn start(log: &Settings, traces: &traces::Settings) -> Result<Telemetry, Box<dyn std::error::Error + Send + Sync>> {
    let level = filter(&log.level)?;
    let traces = Traces::start(traces)?;
    let level = match &traces {
        // One filter for all: what nobody hears costs nothing.
        None => {
            let (filter, handle) = reload::Layer::new(level);
            registry().with(lines(log.format)).with(filter).try_init()?;
            Level(Box::new(move |filter| handle.reload(filter)))
        }
        Some(traces) => {
            let (filter, handle) = reload::Layer::new(level);
            registry().with(lines(log.format).with_filter(filter)).with(traces.layer()).try_init()?;
            Level(Box::new(move |filter| handle.reload(filter)))
        }
    };
    Ok(Telemetry { level, traces })
}

/// The lines of the log.
fn lines<S: Subscriber + for<'s> LookupSpan<'s>>(format: Format) -> Box<dyn Layer<S> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        Format::Text => Box::new(lines),
        // Members of the event stand at the top, those of the request in `spans`.
        Format::Json => Box::new(lines.json().flatten_event(true).with_current_span(false)),
    }
}
