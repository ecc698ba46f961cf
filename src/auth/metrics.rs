//! What is counted about credentials.

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::{Refused, SignatureRefused};

/// Those of all methods.
pub struct CredentialMetrics(IntCounterVec);

/// What proves who a caller is, and who says whether it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Password,
    Token,
    /// With an access key.
    Signature,
    KeystoneToken,
    /// A signature with the secret of an EC2 credential.
    KeystoneEc2,
}

/// What became of the credentials of one method.
pub(super) struct Judged {
    accepted: IntCounter,
    refused: IntCounter,
    unavailable: IntCounter,
}

impl CredentialMetrics {
    /// Counters of a service of its own, shown by `registry`.
    pub fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let help = "Credentials checked, by what came of it.";
        let checked = IntCounterVec::new(Opts::new("auth_requests_total", help), &["method", "outcome"])?;
        registry.register(Box::new(checked.clone()))?;
        Ok(Self(checked))
    }

    pub(super) fn of(&self, method: Method) -> Judged {
        let method = match method {
            Method::Password => "password",
            Method::Token => "token",
            Method::Signature => "signature",
            Method::KeystoneToken => "keystone_token",
            Method::KeystoneEc2 => "keystone_ec2",
        };
        let of = |outcome| self.0.with_label_values(&[method, outcome]);
        Judged { accepted: of("accepted"), refused: of("refused"), unavailable: of("unavailable") }
    }
}

impl Judged {
    /// The same, counted. Whoever could not look is unavailable, not the caller's fault.
    pub(super) fn count<T>(&self, judged: Result<T, Refused>) -> Result<T, Refused> {
        match &judged {
            Ok(_) => self.accepted.inc(),
            Err(Refused::Unauthenticated) => self.refused.inc(),
            Err(Refused::Domain(_)) => self.unavailable.inc(),
        }
        judged
    }

    /// The same of a signature.
    pub(super) fn count_signed<T, R>(&self, judged: Result<T, SignatureRefused<R>>) -> Result<T, SignatureRefused<R>> {
        match &judged {
            Ok(_) => self.accepted.inc(),
            Err(SignatureRefused::Domain(_)) => self.unavailable.inc(),
            Err(
                SignatureRefused::Signature(_)
                | SignatureRefused::UnknownKey
                | SignatureRefused::Disabled
                | SignatureRefused::Over
                | SignatureRefused::Locked { .. }
                | SignatureRefused::SecurityToken(_),
            ) => self.refused.inc(),
        }
        judged
    }
}
