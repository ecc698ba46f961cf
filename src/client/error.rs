//! Why a call did not succeed.

use std::path::PathBuf;

use reqwest::Url;

use super::cloud::Interface;
use super::refusal::Refusal;

pub type Result<T> = std::result::Result<T, Error>;

/// Each text says whose fault it is, and what can be done where there is something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(Box<Refusal>),
    #[error("{url} does not answer: {reason}")]
    Unreachable { url: Url, reason: String },
    #[error("the answer of {url} cannot be read: {reason}")]
    Unreadable { url: Url, reason: String },
    #[error("cannot use the certificates in {}: {reason}", path.display())]
    Certificates { path: PathBuf, reason: String },
    #[error("no connection can be made: {0}")]
    Client(reqwest::Error),
    #[error("the cloud has no compute service{}; it has {known}", asked(region.as_deref(), *interface))]
    NoEndpoint { region: Option<String>, interface: Interface, known: String },
    #[error("the token is for no project: name one by project_name or OS_PROJECT_NAME")]
    NoProject,
    #[error("a key pair cannot be asked for by the name '{0}': addresses take it for a directory")]
    Unaddressable(String),
    #[error("there is no {kind} '{name}'")]
    Unknown { kind: &'static str, name: String },
    #[error("the service made key pair '{0}' without a private key")]
    NoPrivateKey(String),
}

fn asked(region: Option<&str>, interface: Interface) -> String {
    let region = region.map(|region| format!(" in the region '{region}'")).unwrap_or_default();
    format!("{region} for the interface '{}'", interface.as_str())
}

impl Error {
    /// Nobody knows the path: the service has no such API.
    pub fn is_of_another_service(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_of_another_service())
    }

    /// Whether the service may have done what it was asked for, though it did not say so.
    pub fn leaves_in_doubt(&self) -> bool {
        match self {
            Self::Refused(refusal) => refusal.status >= 500 && refusal.retry_after.is_none(),
            Self::Unreachable { .. } | Self::Unreadable { .. } | Self::NoPrivateKey(_) => true,
            Self::Certificates { .. }
            | Self::Client(_)
            | Self::NoEndpoint { .. }
            | Self::NoProject
            | Self::Unaddressable(_)
            | Self::Unknown { .. } => false,
        }
    }
}
