//! TLS on a listener: its certificate, and the next one, which holds for new connections while those that are open go on.

mod accept;
mod context;
mod error;
mod http2;
mod parting;

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext};
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use tokio::time::{MissedTickBehavior, interval};

pub(super) use self::accept::https;
use self::context::{Files, Offered};
pub use self::error::TlsError;
use super::StartError;
use super::stamp::Stamp;
use crate::domain::Error;
use crate::http::tls;
use crate::settings::Settings;

/// How long a certificate that was replaced may go unnoticed.
const LOOK_AT_FILES: Duration = Duration::from_secs(5);

/// How long the keys that session tickets are sealed by are used: they come and go with what is read from the files.
const LONGEST: Duration = Duration::from_secs(86_400);

/// A listener's certificate. Clones share it.
#[derive(Clone)]
pub(super) struct Certificate(Arc<Inner>);

struct Inner {
    /// `http.tls` or `admin.tls`.
    section: &'static str,
    files: Files,
    current: ArcSwap<SslContext>,
    expiry: IntGauge,
    last: Mutex<Last>,
}

/// The last time that the files were read.
struct Last {
    at: Instant,
    /// What they were then; of files that could not be used, what they were before.
    stamps: [Option<Stamp>; 3],
    /// Why they could not be used, as the log was told.
    told: String,
}

/// Those of the listeners that speak TLS.
#[derive(Clone)]
pub(super) struct Certificates {
    pub(super) api: Option<Certificate>,
    pub(super) admin: Option<Certificate>,
}

impl Certificates {
    /// As the settings say; `metrics` shows when they expire.
    pub(super) fn read(settings: &Settings, metrics: &Registry) -> Result<Self, StartError> {
        let about = "When the certificate in use expires, in seconds since 1970.";
        let expiry = IntGaugeVec::new(Opts::new("tls_certificate_expiry_timestamp_seconds", about), &["listener"]);
        let expiry = expiry.map_err(Error::internal)?;
        metrics.register(Box::new(expiry.clone())).map_err(Error::internal)?;
        let expiry = |listener| expiry.with_label_values(&[listener]);
        let api = Certificate::read("http.tls", &settings.http.tls, || expiry("http"))?;
        let admin = Certificate::read("admin.tls", &settings.admin.tls, || expiry("admin"))?;
        Ok(Self { api, admin })
    }

    /// Reads all of them again, because an operator says so.
    pub(super) fn renew(&self) {
        for certificate in [&self.api, &self.admin].into_iter().flatten() {
            certificate.renew(Asked::ByOperator);
        }
    }

    /// Reads those again whose files have changed, for ever.
    pub(super) async fn follow(self) -> Infallible {
        if self.api.is_none() && self.admin.is_none() {
            return pending().await;
        }
        let mut turns = interval(LOOK_AT_FILES);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            turns.tick().await;
            for certificate in [&self.api, &self.admin].into_iter().flatten().filter(|it| it.is_due()) {
                certificate.renew(Asked::ByNobody);
            }
        }
    }
}

/// Who hears again why files cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    ByOperator,
    ByNobody,
}

impl Certificate {
    fn read(
        section: &'static str,
        settings: &tls::Settings,
        expiry: impl FnOnce() -> IntGauge,
    ) -> Result<Option<Self>, StartError> {
        let Some(files) = Files::of(settings) else { return Ok(None) };
        let last = Last { at: Instant::now(), stamps: files.stamps(), told: String::new() };
        let Offered { context, expires, .. } = files.read().map_err(|cause| StartError::Tls { section, cause })?;
        let expiry = expiry();
        expiry.set(expires);
        let (current, last) = (ArcSwap::from_pointee(context), Mutex::new(last));
        Ok(Some(Self(Arc::new(Inner { section, files, current, expiry, last }))))
    }

    /// For one connection.
    fn handshake(&self) -> Result<Ssl, ErrorStack> {
        Ssl::new(&self.0.current.load())
    }

    fn is_due(&self) -> bool {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.stamps != self.0.files.stamps() || last.at.elapsed() > LONGEST
    }

    /// Reads the files again. Where they cannot be used, what is in use stays.
    fn renew(&self, asked: Asked) {
        let Inner { section, files, current, expiry, last } = &*self.0;
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read: what changes meanwhile is seen the next time.
        let stamps = files.stamps();
        match files.read() {
            Ok(Offered { context, subject, expires }) => {
                current.store(Arc::new(context));
                expiry.set(expires);
                *last = Last { at: Instant::now(), stamps, told: String::new() };
                tracing::info!(section, %subject, expires, "{section}: the certificate of {subject} was read and is in use");
            }
            Err(cause) => {
                let told = cause.to_string();
                if told != last.told || asked == Asked::ByOperator {
                    tracing::error!(section, "the new certificate is not used, the one in use stays: {section}.{told}");
                    last.told = told;
                }
            }
        }
    }
}
