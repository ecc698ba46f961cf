//! The metrics of a service, with what they tell of the process itself.

use prometheus::{IntGaugeVec, Opts, Registry};

/// A registry that shows the build and, on Linux, what the system knows of the process.
pub(super) fn registry() -> Result<Registry, prometheus::Error> {
    let registry = Registry::new();
    let help = "1, for the program's version and the OpenSSL that is built in.";
    let build = IntGaugeVec::new(Opts::new("build_info", help), &["version", "openssl"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION"), openssl::version::version()]).set(1);
    registry.register(Box::new(build))?;
    #[cfg(target_os = "linux")]
    registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
    Ok(registry)
}
