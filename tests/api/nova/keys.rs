//! Public keys that are no good.

use serde_json::json;

use super::{CERTIFICATE, ED25519, RSA, fault};
use crate::support::TestApp;

const SSH: &str = "Keypair data is invalid: failed to generate fingerprint";

#[actix_web::test]
async fn unusable_ssh_keys_are_refused_in_one_sentence() {
    let app = TestApp::spawn().await;
    let blob = ED25519.split(' ').nth(1).unwrap();
    for key in [
        "".to_owned(),
        "bad".to_owned(),
        format!("\n{ED25519}"),
        format!("# comment\n{ED25519}"),
        format!("no-agent-forwarding {ED25519}"),
        format!("command=\"/bin/true\" {ED25519}"),
        format!("ssh-rsa {blob} wrong type"),
        format!("ssh-ed25519\t{blob}"),
        format!("ssh-ed25519 {}", &blob[..40]),
        RSA.replacen("ssh-rsa", "rsa-sha2-256", 1),
        CERTIFICATE.to_owned(),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n".to_owned(),
        // A Nova takes these three: the fingerprint would be that of nothing, or a second key be smuggled in.
        format!("ssh-ed25519  {blob} two blanks"),
        format!("{ED25519}\n{RSA}"),
        format!("{ED25519}\ncommand=\"/bin/sh\" {RSA}"),
    ] {
        let body = json!({ "keypair": { "name": "k", "public_key": key } });
        let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
        assert_eq!(fault(&refused), ("badRequest", 400, SSH), "{key}");
    }
}

#[actix_web::test]
async fn unusable_certificates_are_refused_with_a_reason() {
    let app = TestApp::spawn().await;
    let truncated = &CERTIFICATE[..CERTIFICATE.len() / 2];
    let request = CERTIFICATE.replace("CERTIFICATE", "CERTIFICATE REQUEST");
    // A Nova would take and keep the private key with the certificate.
    let private_key = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";
    for certificate in
        ["", "garbage", ED25519, truncated, &request, private_key, &format!("{private_key}{CERTIFICATE}")]
    {
        let body = json!({ "keypair": { "name": "k", "type": "x509", "public_key": certificate } });
        let refused = app.nova(&app.demo, "2.92", "POST", "/os-keypairs", body).await;
        let (name, code, told) = fault(&refused);
        assert_eq!((name, code), ("badRequest", 400), "{certificate}");
        let sentence = "Keypair data is invalid: failed to generate X509 fingerprint. Error message: ";
        assert!(told.starts_with(sentence) && told.len() > sentence.len(), "{told}");
    }
}
