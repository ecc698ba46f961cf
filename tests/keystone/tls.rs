//! A Keystone behind TLS, whose certificate is vouched for by `identity.keystone.cafile`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::extension::SubjectAlternativeName;
use openssl::x509::{X509, X509NameBuilder};

use super::{Realm, assert_unavailable, list};

#[actix_web::test]
async fn a_keystone_is_trusted_by_the_certificate_of_the_cafile_and_by_nothing_else() {
    let realm = Realm::required().await;
    let directory = tempfile::tempdir().unwrap();
    let (ours, another) = (certificate(), certificate());
    let cafile = |name, certificate: &X509| write_pem(directory.path(), name, certificate);
    let (right, wrong) = (cafile("right.pem", &ours.0), cafile("wrong.pem", &another.0));
    let url = terminate_tls(ours, &realm.url);
    let settings = |cafile| [("identity.keystone.auth_url", url.as_str()), ("identity.keystone.cafile", cafile)];
    let service = realm.serve(&settings(&right)).await;
    list(&service, &realm.admin.token).await.expect(200);
    for cafile in [wrong.as_str(), ""] {
        let service = realm.serve(&settings(cafile)).await;
        assert_unavailable(&list(&service, &realm.admin.token).await);
    }
}

/// For 127.0.0.1, signed by itself.
fn certificate() -> (X509, PKey<Private>) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "a Keystone for tests").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    let address = SubjectAlternativeName::new().ip("127.0.0.1").build(&builder.x509v3_context(None, None)).unwrap();
    builder.append_extension(address).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    (builder.build(), key)
}

fn write_pem(directory: &Path, name: &str, certificate: &X509) -> String {
    let path = directory.join(name);
    fs::write(&path, certificate.to_pem().unwrap()).unwrap();
    path.display().to_string()
}

/// Listens with that certificate in front of the Keystone at `url`; gives its own address.
fn terminate_tls((certificate, key): (X509, PKey<Private>), url: &str) -> String {
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    acceptor.set_private_key(&key).unwrap();
    let acceptor = Arc::new(acceptor.build());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let target = url.trim_start_matches("http://").trim_end_matches("/v3").to_owned();
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let (acceptor, target) = (acceptor.clone(), target.clone());
            // A client that does not trust us ends the handshake.
            thread::spawn(move || acceptor.accept(connection).map(|stream| pass_one(stream, &target)));
        }
    });
    format!("https://{address}/v3")
}

/// Passes one request on, and its answer back.
fn pass_one(mut client: SslStream<TcpStream>, target: &str) {
    let mut reader = BufReader::new(&mut client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut keystone = TcpStream::connect(target).unwrap();
    keystone.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
    keystone.write_all(&body).unwrap();
    let mut answer = Vec::new();
    keystone.read_to_end(&mut answer).unwrap();
    client.write_all(&answer).unwrap();
    let _ = client.shutdown();
}
