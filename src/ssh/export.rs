//! The forms in which a kept private key leaves.

use openssl::pkey::{PKeyRef, Private};

use super::blob::Blob;
use super::openssh_cipher::Cipher;
use super::passphrase::Passphrase;
use super::private_format::{self, PrivateKeyFormat};
use super::wire::Reason;
use super::{openssh_private, pem, private_key, public_key};
use crate::domain::{Error, KeyKind, PrivateKeyPem, Result};

/// The form in which a kept private key is asked for.
#[derive(Debug)]
pub enum ExportForm {
    /// The text as it was generated or imported, byte for byte.
    AsKept,
    /// Written anew, unencrypted.
    Format(PrivateKeyFormat),
    /// Written anew in OpenSSH's form, encrypted with AES-256-CTR under a key that bcrypt makes of the passphrase.
    Encrypted(Passphrase),
}

impl ExportForm {
    /// A passphrase is for OpenSSH's form, which it also chooses; beside another format it is
    /// `Error::Invalid { field: "passphrase" }`.
    pub fn choose(format: Option<PrivateKeyFormat>, passphrase: Option<Passphrase>) -> Result<Self> {
        match (format, passphrase) {
            (None, None) => Ok(Self::AsKept),
            (Some(format), None) => Ok(Self::Format(format)),
            (None | Some(PrivateKeyFormat::OpenSsh), Some(passphrase)) => Ok(Self::Encrypted(passphrase)),
            (Some(PrivateKeyFormat::Pkcs1 | PrivateKeyFormat::Pkcs8), Some(_)) => {
                Err(invalid("passphrase", "is taken only with the private_key_format 'openssh'"))
            }
        }
    }
}

/// The kept private key in the form that was asked for. `public_key` is the stored text; its comment goes into
/// OpenSSH's form.
///
/// Whatever the form, the key is first read and compared with the public key, and what was written anew is read and
/// compared again: a failure of either is `Error::Integrity`. A format that has no room for the key (`pkcs1` for
/// anything but RSA, any for an x509 key pair, whose PKCS#12 leaves as it was kept) is `Error::Invalid`, under
/// `private_key_format` or `passphrase`.
///
/// Takes about 1 ms of a processor, but 0.1 to 0.3 s where a passphrase is given: callers run that one off the async
/// threads, and bound how many run at once.
pub fn export(kept: PrivateKeyPem, kind: KeyKind, public_key: &str, form: &ExportForm) -> Result<PrivateKeyPem> {
    refuse_choice_for(kind, form)?;
    let (key, blob) = private_key::read_matching(&kept, kind, public_key).map_err(Error::integrity)?;
    match form {
        ExportForm::AsKept => Ok(kept),
        ExportForm::Format(format) => {
            let written = format.write(&key, &blob.plain, comment(public_key))?;
            private_key::derives(&written, kind, public_key).map_err(Error::integrity)?;
            Ok(written)
        }
        ExportForm::Encrypted(passphrase) => encrypt(&key, &blob, comment(public_key), passphrase),
    }
}

/// An x509 pair's certificate and key are one PKCS#12, of which none of the formats is another form.
fn refuse_choice_for(kind: KeyKind, form: &ExportForm) -> Result<()> {
    let reason = "is not taken for a key pair of the type 'x509'";
    match (kind, form) {
        (KeyKind::Ssh, _) | (KeyKind::X509, ExportForm::AsKept) => Ok(()),
        (KeyKind::X509, ExportForm::Format(_)) => Err(invalid("private_key_format", reason)),
        (KeyKind::X509, ExportForm::Encrypted(_)) => Err(invalid("passphrase", reason)),
    }
}

fn encrypt(key: &PKeyRef<Private>, blob: &Blob, comment: &str, passphrase: &Passphrase) -> Result<PrivateKeyPem> {
    let cipher = Cipher::draw(passphrase)?;
    let pem = openssh_private::encode(key, &blob.plain, comment, &cipher).map_err(Error::internal)?;
    let written = private_format::into_text(pem)?;
    match read_encrypted(&written, &cipher) {
        Ok(read) if read.plain == blob.plain => Ok(written),
        Ok(_) => Err(Error::integrity("the encrypted file holds another key")),
        Err(reason) => Err(Error::integrity(reason)),
    }
}

/// The public half of what an encrypted file holds.
fn read_encrypted(written: &PrivateKeyPem, cipher: &Cipher) -> Result<Blob, Reason> {
    let document = pem::Document::parse(written.expose())?;
    let [block] = document.blocks.as_slice() else { return Err("the encrypted file is not one PEM block") };
    let key = openssh_private::decode(&block.decode()?, cipher)?;
    Blob::of(&key).ok().flatten().ok_or("the encrypted file holds a key of another kind")
}

/// The longest comment that is carried on, in bytes: a Nova takes 100 KB, which would make the file one that is not
/// taken back.
const LONGEST_COMMENT: usize = 1024;

/// The comment of a public key line; none where it is too long.
fn comment(line: &str) -> &str {
    let comment = public_key::comment(line);
    if comment.len() > LONGEST_COMMENT { "" } else { comment }
}

fn invalid(field: &'static str, reason: &str) -> Error {
    Error::Invalid { field, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use serde_json::Value;

    use super::*;
    use crate::ssh::{Algorithm, Generated, LineEnd, check_pair, generate_ssh, parse_ssh};

    const FORMATS: [PrivateKeyFormat; 3] =
        [PrivateKeyFormat::Pkcs1, PrivateKeyFormat::Pkcs8, PrivateKeyFormat::OpenSsh];
    const ALGORITHMS: [&str; 5] = ["rsa-2048", "ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521"];

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::parse(text).unwrap()
    }

    fn copy(key: &PrivateKeyPem) -> PrivateKeyPem {
        PrivateKeyPem::new(key.expose().to_owned())
    }

    fn made(word: &str) -> Generated {
        generate_ssh(Algorithm::parse(word).unwrap(), None, LineEnd::Newline).unwrap()
    }

    fn exported(pair: &Generated, form: &ExportForm) -> Result<PrivateKeyPem> {
        export(copy(&pair.private_key), KeyKind::Ssh, &pair.public_key.text, form)
    }

    /// What `ssh-keygen -y` prints of a private key file.
    fn ssh_keygen(file: &PrivateKeyPem, passphrase: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, file.expose()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let output = Command::new("ssh-keygen").args(["-y", "-P", passphrase, "-f"]).arg(path).output();
        let output = output.expect("ssh-keygen is installed (Debian: openssh-client)");
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    /// The pairs of the vectors that match: (name, kind, public key, private key).
    fn matching() -> Vec<(String, KeyKind, String, PrivateKeyPem)> {
        let file: Value = serde_json::from_str(include_str!("../../tests/vectors/ssh_private_keys.json")).unwrap();
        let cases = file["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == "matches");
        let text = |case: &Value, member: &str| case[member].as_str().unwrap().to_owned();
        let read = |case| {
            let public = text(case, "public_key");
            let kind = if public.starts_with("-----BEGIN") { KeyKind::X509 } else { KeyKind::Ssh };
            (text(case, "name"), kind, public, PrivateKeyPem::new(text(case, "private_key")))
        };
        cases.map(read).collect()
    }

    /// Whether the format is one of those that the key can be written in.
    fn has_room(format: PrivateKeyFormat, public_key: &str) -> bool {
        format != PrivateKeyFormat::Pkcs1 || public_key.starts_with("ssh-rsa")
    }

    #[test]
    fn without_a_choice_the_text_leaves_as_it_was_kept_whatever_its_form() {
        for (name, kind, public, kept) in matching() {
            let left = export(copy(&kept), kind, &public, &ExportForm::AsKept).unwrap();
            assert_eq!(left.expose(), kept.expose(), "{name}");
        }
    }

    #[test]
    fn every_form_that_is_taken_in_leaves_in_every_format_as_the_same_key() {
        for (name, kind, public, kept) in matching().into_iter().filter(|case| case.1 == KeyKind::Ssh) {
            for format in FORMATS {
                let left = export(copy(&kept), kind, &public, &ExportForm::Format(format));
                match left {
                    Ok(left) => {
                        assert!(has_room(format, &public), "{name} {format:?}");
                        check_pair(&left, &parse_ssh(&public, 0).unwrap()).unwrap();
                        let again = export(copy(&left), kind, &public, &ExportForm::AsKept).unwrap();
                        assert_eq!(again.expose(), left.expose());
                    }
                    Err(Error::Invalid { field: "private_key_format", .. }) => {
                        assert!(!has_room(format, &public), "{name} {format:?}");
                    }
                    Err(other) => panic!("{name} {format:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn ssh_keygen_reads_every_algorithm_in_every_format_but_ed25519_in_pkcs8() {
        for word in ALGORITHMS {
            let pair = made(word);
            let line = pair.public_key.text.as_str();
            for format in FORMATS.into_iter().filter(|&format| has_room(format, line)) {
                let file = exported(&pair, &ExportForm::Format(format)).unwrap();
                // Only OpenSSH's form carries the comment.
                let expected = match format {
                    PrivateKeyFormat::Pkcs8 if word == "ed25519" => None,
                    PrivateKeyFormat::Pkcs1 | PrivateKeyFormat::Pkcs8 => Some(line.replace(" Generated-by-Nova", "")),
                    PrivateKeyFormat::OpenSsh => Some(line.to_owned()),
                };
                assert_eq!(ssh_keygen(&file, ""), expected, "{word} {format:?}");
            }
        }
    }

    #[test]
    fn ssh_keygen_opens_an_encrypted_key_with_its_passphrase_only() {
        for (word, text) in ALGORITHMS.into_iter().zip(["x", "correct horse", "пароль\t\"'$", "😀", &"y".repeat(1023)])
        {
            let pair = made(word);
            let file = exported(&pair, &ExportForm::Encrypted(passphrase(text))).unwrap();
            assert_eq!(ssh_keygen(&file, text).as_deref(), Some(&*pair.public_key.text), "{word}");
            assert_eq!(ssh_keygen(&file, &format!("{text}.")), None, "{word}");
            assert_eq!(ssh_keygen(&file, ""), None, "{word}");
        }
    }

    #[test]
    fn an_encrypted_key_names_24_rounds_and_a_salt_of_its_own_and_is_not_taken_back() {
        let pair = made("ed25519");
        // "openssh-key-v1\0", then "aes256-ctr", "bcrypt", and options of 24 bytes: a salt of 16 bytes and the rounds.
        let head = b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\x06bcrypt\0\0\0\x18\0\0\0\x10";
        let mut salts = HashSet::new();
        for _ in 0..3 {
            let file = exported(&pair, &ExportForm::Encrypted(passphrase("same"))).unwrap();
            let bytes = pem::Document::parse(file.expose()).unwrap().blocks[0].decode().unwrap();
            let rest = bytes.strip_prefix(head).unwrap();
            assert_eq!(rest[16..20], 24_u32.to_be_bytes());
            assert!(salts.insert(rest[..16].to_vec()));
            let refused = check_pair(&file, &pair.public_key);
            assert!(matches!(refused, Err(Error::PrivateKeyUnusable { reason }) if reason == "it is encrypted"));
        }
    }

    #[test]
    fn a_kept_key_of_another_public_key_does_not_leave_in_any_form() {
        let (one, two) = (made("ecdsa-p256"), made("ecdsa-p256"));
        let forms = FORMATS[1..].iter().map(|&format| ExportForm::Format(format));
        for form in forms.chain([ExportForm::AsKept, ExportForm::Encrypted(passphrase("x"))]) {
            for kept in [&two.private_key, &PrivateKeyPem::new("garbage".to_owned())] {
                let answer = export(copy(kept), KeyKind::Ssh, &one.public_key.text, &form);
                assert!(matches!(answer, Err(Error::Integrity(_))), "{form:?}: {answer:?}");
            }
        }
    }

    #[test]
    fn an_x509_pair_leaves_only_as_it_was_kept() {
        for (name, kind, public, kept) in matching().into_iter().filter(|case| case.1 == KeyKind::X509) {
            for (form, member) in [
                (ExportForm::Format(PrivateKeyFormat::Pkcs8), "private_key_format"),
                (ExportForm::Encrypted(passphrase("x")), "passphrase"),
            ] {
                let answer = export(copy(&kept), kind, &public, &form);
                assert!(matches!(answer, Err(Error::Invalid { field, .. }) if field == member), "{name}");
            }
        }
    }

    #[test]
    fn a_passphrase_chooses_openssh_and_goes_with_no_other_format() {
        for (format, taken) in [
            (None, true),
            (Some(PrivateKeyFormat::OpenSsh), true),
            (Some(PrivateKeyFormat::Pkcs1), false),
            (Some(PrivateKeyFormat::Pkcs8), false),
        ] {
            match ExportForm::choose(format, Some(passphrase("x"))) {
                Ok(ExportForm::Encrypted(_)) => assert!(taken, "{format:?}"),
                Err(Error::Invalid { field: "passphrase", .. }) => assert!(!taken, "{format:?}"),
                other => panic!("{format:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_comment_of_the_line_is_carried_on_unless_it_is_long() {
        let pair = made("ed25519");
        let key = pair.public_key.text.strip_suffix(" Generated-by-Nova\n").unwrap();
        for (comment, carried) in [("", ""), (" ann@host  é", " ann@host  é"), (&*format!(" {}", "c".repeat(1025)), "")]
        {
            for end in ["", "\r\n"] {
                let line = format!("{key}{comment}{end}");
                let form = ExportForm::Format(PrivateKeyFormat::OpenSsh);
                let file = export(copy(&pair.private_key), KeyKind::Ssh, &line, &form).unwrap();
                assert_eq!(ssh_keygen(&file, ""), Some(format!("{key}{carried}\n")));
            }
        }
    }
}
