//! TLS to PostgreSQL, as the parameters of its URL ask for it: `sslmode`, `sslrootcert`, `sslcert` and `sslkey`, with libpq's
//! meaning (PostgreSQL's manual, "SSL Support" of libpq). Files are read for each connection: a new one holds from the next on.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use postgres_openssl::MakeTlsConnector;
use tokio_postgres::config::SslMode;
use zeroize::Zeroizing;

/// How a connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    pub(super) roots: Roots,
    /// What the service shows of itself.
    pub(super) client: Option<ClientCertificate>,
}

/// `sslmode`, without `allow`: it prefers plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    /// TLS where the server has it, whoever that is.
    Prefer,
    /// TLS with whoever answers: nobody reads along, somebody in between could.
    Require,
    /// TLS with a server whose certificate is vouched for.
    VerifyCa,
    /// The same, and the certificate is for the host of the URL.
    VerifyFull,
}

/// Who vouches for the server's certificate: `sslrootcert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    Unset,
    /// The authorities that the system trusts.
    System,
    File(PathBuf),
}

/// `sslcert` and `sslkey`, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientCertificate {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Why no connection is tried. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{parameter} of the database's URL: cannot read {}: {cause}", path.display())]
    Unreadable { parameter: &'static str, path: PathBuf, cause: std::io::Error },
    #[error("{parameter} of the database's URL: {} holds no {what} in PEM that can be read", path.display())]
    NotPem { parameter: &'static str, path: PathBuf, what: &'static str },
    #[error("sslkey of the database's URL: {} can be read by everybody; make it private by `chmod 600`", path.display())]
    Exposed { path: PathBuf },
    #[error("sslkey of the database's URL: {} does not fit the certificate of sslcert", path.display())]
    OtherKey { path: PathBuf },
    #[error("TLS cannot be set up: {0}")]
    OpenSsl(#[from] ErrorStack),
}

impl Mode {
    pub(super) fn parse(written: &str) -> Option<Self> {
        Some(match written {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    /// What the driver is told; who the server is, is the connector's question.
    pub(super) fn of_driver(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }

    pub(super) fn verifies(self) -> bool {
        match self {
            Self::Disable | Self::Prefer | Self::Require => false,
            Self::VerifyCa | Self::VerifyFull => true,
        }
    }
}

impl Tls {
    /// Reads the files that are named.
    pub(super) fn connector(&self) -> Result<MakeTlsConnector, TlsError> {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
        if self.mode.verifies() {
            self.trust(&mut builder)?;
        } else {
            builder.set_verify(SslVerifyMode::NONE);
        }
        if let Some(client) = &self.client {
            client.show(&mut builder)?;
        }
        let mut connector = MakeTlsConnector::new(builder.build());
        if self.mode != Mode::VerifyFull {
            connector.set_callback(|connection, _host| {
                connection.set_verify_hostname(false);
                Ok(())
            });
        }
        Ok(connector)
    }

    /// Nobody but those of the file, where there is one: OpenSSL's own store would be taken beside it.
    fn trust(&self, builder: &mut SslConnectorBuilder) -> Result<(), TlsError> {
        let mut store = X509StoreBuilder::new()?;
        if let Roots::File(path) = &self.roots {
            let parameter = "sslrootcert";
            for root in certificates(parameter, path)? {
                store.add_cert(root)?;
            }
        }
        builder.set_cert_store(store.build());
        if self.roots == Roots::System {
            // The OpenSSL that is built in would look where it was built for.
            let found = openssl_probe::probe();
            if let Some(file) = &found.cert_file {
                builder.load_verify_locations(Some(file), None)?;
            }
            for directory in &found.cert_dir {
                builder.load_verify_locations(None, Some(directory))?;
            }
        }
        Ok(())
    }
}

impl ClientCertificate {
    fn show(&self, builder: &mut SslConnectorBuilder) -> Result<(), TlsError> {
        let mut chain = certificates("sslcert", &self.certificate)?.into_iter();
        if let Some(own) = chain.next() {
            builder.set_certificate(&own)?;
        }
        for issuer in chain {
            builder.add_extra_chain_cert(issuer)?;
        }
        builder.set_private_key(&*self.read_key()?)?;
        builder.check_private_key().map_err(|_| TlsError::OtherKey { path: self.key.clone() })
    }

    fn read_key(&self) -> Result<PKey<Private>, TlsError> {
        let path = || self.key.clone();
        let unreadable = |cause| TlsError::Unreadable { parameter: "sslkey", path: path(), cause };
        let mut file = File::open(&self.key).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
            return Err(TlsError::Exposed { path: path() });
        }
        let mut pem = Zeroizing::new(Vec::new());
        file.read_to_end(&mut pem).map_err(unreadable)?;
        let not_pem =
            |_| TlsError::NotPem { parameter: "sslkey", path: path(), what: "private key without a passphrase" };
        // Asked for a passphrase, it would wait at the terminal.
        PKey::private_key_from_pem_callback(&pem, |_| Ok(0)).map_err(not_pem)
    }
}

/// At least one.
fn certificates(parameter: &'static str, path: &Path) -> Result<Vec<X509>, TlsError> {
    let pem = std::fs::read(path).map_err(|cause| TlsError::Unreadable { parameter, path: path.to_owned(), cause })?;
    let found = X509::stack_from_pem(&pem).ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| TlsError::NotPem { parameter, path: path.to_owned(), what: "certificate" })
}

/// What to do about a connection that failed for want of TLS, or in its handshake; `told` is what was said.
pub(super) fn advice(told: &str) -> Option<&'static str> {
    let is_about = |words: &str| told.contains(words);
    if is_about("server does not support TLS") {
        Some(
            "turn TLS on there (ssl = on), or, if the network between is safe, set sslmode=disable in the database's URL",
        )
    } else if is_about("no encryption") || is_about("SSL off") {
        Some(
            "the server wants TLS: set sslmode=verify-full in the database's URL, and sslrootcert to who vouches for it",
        )
    } else if is_about("hostname mismatch") || is_about("IP address mismatch") {
        Some(
            "the server's certificate is for another host: name the host in the database's URL as the certificate does",
        )
    } else if is_about("certificate verify failed") {
        Some(
            "sslrootcert in the database's URL must name the file with the authority that signed the server's certificate",
        )
    } else {
        None
    }
}
