//! Certificates that are made for a test.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

const DAY: i64 = 86_400;

/// Who vouches for certificates.
pub(super) struct Authority {
    pub(super) certificate: X509,
    key: PKey<Private>,
}

/// A certificate for 127.0.0.1 and localhost, and its key.
pub(super) struct Issued {
    pub(super) certificate: X509,
    pub(super) key: PKey<Private>,
}

/// Where a certificate and its key were written.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        let key = new_key();
        let name = name("an authority for tests");
        let mut builder = unsigned(&name, &name, &key, 1, 365);
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { certificate: builder.build(), key }
    }

    /// `serial` tells certificates apart; `days` may be less than none.
    pub(super) fn issue(&self, serial: u32, days: i64) -> Issued {
        let key = new_key();
        let mut builder = unsigned(&name("keys.example.org"), self.certificate.subject_name(), &key, serial, days);
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let names = SubjectAlternativeName::new().ip("127.0.0.1").dns("localhost").build(&context).unwrap();
        builder.append_extension(names).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Issued { certificate: builder.build(), key }
    }

    pub(super) fn write(&self, directory: &Path) -> PathBuf {
        let file = directory.join("authority.pem");
        fs::write(&file, self.certificate.to_pem().unwrap()).unwrap();
        file
    }
}

impl Issued {
    /// Each file is whole at any moment: it is written beside and renamed.
    pub(super) fn write(&self, directory: &Path) -> Files {
        let files = Files { certificate: directory.join("tls.crt"), key: directory.join("tls.key") };
        replace(&files.key, &self.key.private_key_to_pem_pkcs8().unwrap(), 0o600);
        replace(&files.certificate, &self.certificate.to_pem().unwrap(), 0o644);
        files
    }
}

pub(super) fn replace(path: &Path, content: &[u8], mode: u32) {
    let beside = path.with_extension("new");
    let _ = fs::remove_file(&beside);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside).unwrap();
    std::io::Write::write_all(&mut file, content).unwrap();
    fs::rename(beside, path).unwrap();
}

pub(super) fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn name(of: &str) -> X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", of).unwrap();
    name.build()
}

fn unsigned(
    subject: &openssl::x509::X509NameRef,
    issuer: &openssl::x509::X509NameRef,
    key: &PKey<Private>,
    serial: u32,
    days: i64,
) -> X509Builder {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(now - 400 * DAY).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(now + days * DAY).unwrap()).unwrap();
    builder
}
