//! How a listener speaks TLS, as settings say it.

use std::path::PathBuf;

/// `http.tls.*` and `admin.tls.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The listener's certificate and those that vouch for it, in PEM; without it the listener speaks plain HTTP.
    pub certificate_file: Option<PathBuf>,
    pub private_key_file: Option<PathBuf>,
    /// The authorities whose certificates clients may show, in PEM.
    pub client_ca_file: Option<PathBuf>,
    pub client_certificates: ClientCertificates,
}

/// Whether clients show a certificate before they say anything. Who calls is another question, which tokens and signatures answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    None,
    /// One that is shown must be valid.
    Optional,
    Required,
}

impl Settings {
    pub fn is_on(&self) -> bool {
        self.certificate_file.is_some()
    }

    /// What is wrong with the three files, in their order above; none is opened.
    pub fn validate(&self) -> [Result<(), String>; 3] {
        let (certificate, key) = (self.certificate_file.is_some(), self.private_key_file.is_some());
        let asks = self.client_certificates != ClientCertificates::None;
        let unless = |wrong: bool, reason: &str| if wrong { Err(reason.to_owned()) } else { Ok(()) };
        let client_ca = match (asks, &self.client_ca_file) {
            (true, None) => {
                unless(true, "it must name the authorities of clients' certificates where those are asked for")
            }
            (false, Some(_)) => unless(true, "it has no effect while client_certificates is 'none'"),
            (true, Some(_)) | (false, None) => {
                unless(asks && !certificate, "it has no effect without certificate_file")
            }
        };
        [
            unless(key && !certificate, "it must be set where private_key_file is"),
            unless(certificate && !key, "it must be set where certificate_file is"),
            client_ca,
        ]
    }

    /// With nothing set: plain HTTP.
    #[cfg(test)]
    pub fn off() -> Self {
        Self {
            certificate_file: None,
            private_key_file: None,
            client_ca_file: None,
            client_certificates: ClientCertificates::None,
        }
    }
}
