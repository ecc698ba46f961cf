//! What a listener offers in a handshake.

use std::path::{Path, PathBuf};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{
    AlpnError, SslAcceptor, SslAcceptorBuilder, SslContext, SslMethod, SslMode, SslOptions, SslSessionCacheMode,
    SslVerifyMode, select_next_proto,
};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::{X509, X509NameEntryRef, X509Ref};

use super::TlsError;
use crate::app::stamp::Stamp;
use crate::auth::{SecretKind, read_secret};
use crate::http::tls::{ClientCertificates, Settings};

/// Of TLS 1.2, what has forward secrecy and an AEAD, as RFC 9113 wants it for HTTP/2.
const SUITES_OF_1_2: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
    ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/// A client that knows the first is asked for it, even if it began with another: a slash ends what is equally good. What is
/// recorded today stays closed to a quantum computer of tomorrow.
const GROUPS: &str = "X25519MLKEM768/X25519:P-256:P-384";

const PROTOCOLS: &[u8] = b"\x02h2\x08http/1.1";
pub(super) const HTTP_2: &[u8] = b"h2";

/// A certificate that fits its key and is valid, ready for handshakes.
pub(super) struct Offered {
    pub(super) context: SslContext,
    pub(super) subject: String,
    /// In seconds since 1970.
    pub(super) expires: i64,
}

/// Where it stands, and whom clients are asked to show.
pub(super) struct Files {
    certificate: PathBuf,
    key: PathBuf,
    clients: Clients,
}

/// Whether clients show a certificate of the authorities in a file.
enum Clients {
    Unasked,
    Optional(PathBuf),
    Required(PathBuf),
}

impl Files {
    /// None where the listener speaks plain HTTP.
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let (certificate, key) = (settings.certificate_file.clone()?, settings.private_key_file.clone()?);
        let clients = match (settings.client_certificates, settings.client_ca_file.clone()) {
            (ClientCertificates::None, _) | (_, None) => Clients::Unasked,
            (ClientCertificates::Optional, Some(authorities)) => Clients::Optional(authorities),
            (ClientCertificates::Required, Some(authorities)) => Clients::Required(authorities),
        };
        Some(Self { certificate, key, clients })
    }

    pub(super) fn stamps(&self) -> [Option<Stamp>; 3] {
        let authorities = match &self.clients {
            Clients::Unasked => None,
            Clients::Optional(file) | Clients::Required(file) => Some(file),
        };
        [Stamp::of(&self.certificate), Stamp::of(&self.key), authorities.and_then(|file| Stamp::of(file))]
    }

    pub(super) fn read(&self) -> Result<Offered, TlsError> {
        let mut chain = certificates("certificate_file", &self.certificate)?.into_iter();
        let no_certificate = || TlsError::NoCertificate { setting: "certificate_file", path: self.certificate.clone() };
        let own = chain.next().ok_or_else(no_certificate)?;
        refuse_wrong_time(own.not_before(), own.not_after())?;
        let key = private_key(&self.key)?;
        // Before OpenSSL is given both, whose own words for it are about a key type or a modulus.
        if !own.public_key()?.public_eq(&key) {
            return Err(TlsError::OtherKey { path: self.key.clone() });
        }
        let mut builder = protocols()?;
        builder.set_certificate(&own)?;
        builder.set_private_key(&key)?;
        for issuer in chain {
            builder.add_extra_chain_cert(issuer)?;
        }
        self.clients.ask(&mut builder)?;
        let expires = seconds_since_1970(own.not_after())?;
        Ok(Offered { context: builder.build().into_context(), subject: named(&own), expires })
    }
}

impl Clients {
    fn ask(&self, builder: &mut SslAcceptorBuilder) -> Result<(), TlsError> {
        let (file, asks) = match self {
            Self::Unasked => return Ok(()),
            Self::Optional(file) => (file, SslVerifyMode::PEER),
            Self::Required(file) => (file, SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT),
        };
        let mut authorities = X509StoreBuilder::new()?;
        let mut names = Stack::new()?;
        for authority in certificates("client_ca_file", file)? {
            names.push(authority.subject_name().to_owned()?)?;
            authorities.add_cert(authority)?;
        }
        builder.set_verify_cert_store(authorities.build())?;
        builder.set_client_ca_list(names);
        builder.set_verify(asks);
        Ok(())
    }
}

/// Everything but who we are and whom we ask.
fn protocols() -> Result<SslAcceptorBuilder, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_cipher_list(SUITES_OF_1_2)?;
    builder.set_groups_list(GROUPS)?;
    // Who renegotiates, again and again, has a server work for nothing. With PRIORITIZE_CHACHA, clients without instructions
    // for AES, which list ChaCha20 first, get it.
    builder.set_options(
        SslOptions::NO_RENEGOTIATION
            | SslOptions::NO_COMPRESSION
            | SslOptions::CIPHER_SERVER_PREFERENCE
            | SslOptions::PRIORITIZE_CHACHA,
    );
    // Thirty kilobytes less for each connection that waits for its next request.
    builder.set_mode(SslMode::RELEASE_BUFFERS);
    // Sessions are resumed by tickets, which the client keeps.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_session_id_context(b"keypaird")?;
    // Whoever speaks neither, speaks another protocol to us than it thinks.
    builder.set_alpn_select_callback(|_, offered| select_next_proto(PROTOCOLS, offered).ok_or(AlpnError::ALERT_FATAL));
    Ok(builder)
}

/// At least one.
fn certificates(setting: &'static str, path: &Path) -> Result<Vec<X509>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { setting, path: path.to_owned(), source };
    let found = X509::stack_from_pem(&std::fs::read(path).map_err(unreadable)?);
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| TlsError::NoCertificate { setting, path: path.to_owned() })
}

fn private_key(path: &Path) -> Result<PKey<Private>, TlsError> {
    let pem = read_secret(SecretKind::TlsKey, path)?;
    if pem.expose().contains("ENCRYPTED") {
        return Err(TlsError::EncryptedKey { path: path.to_owned() });
    }
    PKey::private_key_from_pem(pem.expose().as_bytes()).map_err(|_| TlsError::NoKey { path: path.to_owned() })
}

fn refuse_wrong_time(from: &Asn1TimeRef, until: &Asn1TimeRef) -> Result<(), TlsError> {
    let now = Asn1Time::days_from_now(0)?;
    if until < &*now {
        return Err(TlsError::Expired(until.to_string()));
    }
    if from > &*now {
        return Err(TlsError::NotYet(from.to_string()));
    }
    Ok(())
}

fn seconds_since_1970(time: &Asn1TimeRef) -> Result<i64, ErrorStack> {
    let since = Asn1Time::from_unix(0)?.diff(time)?;
    Ok(i64::from(since.days) * 86_400 + i64::from(since.secs))
}

/// The name in a certificate, for the log: `CN=keys.example.org,O=Example`.
pub(super) fn named(certificate: &X509Ref) -> String {
    let entry = |entry: &X509NameEntryRef| {
        let kind = entry.object().nid().short_name().unwrap_or("?");
        let value = entry.data().to_string().map(|text| text.to_string()).unwrap_or_else(|_| "?".to_owned());
        format!("{kind}={value}")
    };
    certificate.subject_name().entries().map(entry).collect::<Vec<_>>().join(",")
}
