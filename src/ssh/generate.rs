//! Generates key pairs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::rsa::Rsa;

use super::blob::Blob;
use super::key_type::{Curve, KeyType};
use super::{PrivateKeyFormat, PublicKey, fingerprint};
use crate::domain::{Error, KeyKind, PrivateKeyPem, Result};

/// What Nova and KPS write behind every generated public key (recorded, seed).
const COMMENT: &str = "Generated-by-Nova";

/// What can be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    Ed25519,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
}

/// What it takes to generate a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Less than to start a thread for it.
    Slight,
    /// Longer than an async thread may stand still.
    Some,
    /// So long that keys are made beforehand.
    Great,
}

/// How the generated public key line ends: Nova's answers have no newline (recorded), KPS's have one (seed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    None,
    Newline,
}

/// A key pair that was just made.
#[derive(Debug)]
pub struct Generated {
    pub public_key: PublicKey,
    pub private_key: PrivateKeyPem,
}

impl Algorithm {
    /// `rsa-2048`, `ed25519`, `ecdsa-p256`, … (settings and the `algorithm` extension member).
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "rsa-2048" => Some(Self::Rsa2048),
            "rsa-3072" => Some(Self::Rsa3072),
            "rsa-4096" => Some(Self::Rsa4096),
            "ed25519" => Some(Self::Ed25519),
            "ecdsa-p256" => Some(Self::EcdsaP256),
            "ecdsa-p384" => Some(Self::EcdsaP384),
            "ecdsa-p521" => Some(Self::EcdsaP521),
            _ => None,
        }
    }

    /// The word that [`Self::parse`] reads.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
        }
    }

    /// Measured on a processor of 2026: 50 µs for Ed25519 and P-256; 0.6 ms for P-384, 1.3 ms for P-521; 45 ms for RSA-2048
    /// and 450 ms for RSA-4096.
    pub const fn effort(self) -> Effort {
        match self {
            Self::Ed25519 | Self::EcdsaP256 => Effort::Slight,
            Self::EcdsaP384 | Self::EcdsaP521 => Effort::Some,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Effort::Great,
        }
    }

    const fn family(self) -> Family {
        match self {
            Self::Rsa2048 => Family::Rsa { bits: 2048 },
            Self::Rsa3072 => Family::Rsa { bits: 3072 },
            Self::Rsa4096 => Family::Rsa { bits: 4096 },
            Self::Ed25519 => Family::Ed25519,
            Self::EcdsaP256 => Family::Ecdsa(Curve::P256),
            Self::EcdsaP384 => Family::Ecdsa(Curve::P384),
            Self::EcdsaP521 => Family::Ecdsa(Curve::P521),
        }
    }
}

/// An algorithm, taken apart.
#[derive(Clone, Copy)]
enum Family {
    Rsa { bits: u32 },
    Ed25519,
    Ecdsa(Curve),
}

/// A private key that was just made and is in no format yet. OpenSSL overwrites its numbers when it is dropped.
///
/// Neither `Debug` nor `Clone`: what is shown or handed out twice is no secret of one owner.
pub struct FreshKey {
    key: PKey<Private>,
    algorithm: Algorithm,
}

impl FreshKey {
    /// RSA-2048 takes 45 ms of a processor and RSA-4096 ten times that: callers bound how many run at once.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        Ok(Self { key: make(algorithm.family()).map_err(Error::internal)?, algorithm })
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn key(&self) -> &PKeyRef<Private> {
        &self.key
    }

    /// An SSH key pair with the comment `Generated-by-Nova`. Without a format: PKCS#1 for RSA, OpenSSH for the others.
    /// `pkcs1` for anything but RSA is `Error::Invalid { field: "private_key_format" }`.
    ///
    /// Writing takes some 15 µs. ssh-keygen does not read Ed25519 in PKCS#8, which therefore is made only where it is asked for.
    pub fn write(&self, format: Option<PrivateKeyFormat>, end: LineEnd) -> Result<Generated> {
        let family = self.algorithm.family();
        let format = format.unwrap_or(match family {
            Family::Rsa { .. } => PrivateKeyFormat::Pkcs1,
            Family::Ed25519 | Family::Ecdsa(_) => PrivateKeyFormat::OpenSsh,
        });
        let Some(blob) = Blob::of(&self.key).map_err(Error::internal)? else {
            return Err(Error::internal("a generated key is of a type that OpenSSH does not have"));
        };
        let private_key = format.write(&self.key, &blob.plain, COMMENT)?;
        Ok(Generated { public_key: describe(family, &blob, end)?, private_key })
    }
}

/// A key that is generated and written at once; see [`FreshKey`].
pub fn generate_ssh(algorithm: Algorithm, format: Option<PrivateKeyFormat>, end: LineEnd) -> Result<Generated> {
    FreshKey::generate(algorithm)?.write(format, end)
}

fn make(family: Family) -> Result<PKey<Private>, ErrorStack> {
    match family {
        // OpenSSL's public exponent is 65537 unless told otherwise.
        Family::Rsa { bits } => PKey::from_rsa(Rsa::generate(bits)?),
        Family::Ed25519 => PKey::generate_ed25519(),
        Family::Ecdsa(curve) => PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve.nid())?)?),
    }
}

fn describe(family: Family, blob: &Blob, end: LineEnd) -> Result<PublicKey> {
    let word = match family {
        Family::Rsa { .. } => KeyType::Rsa,
        Family::Ed25519 => KeyType::Ed25519,
        Family::Ecdsa(curve) => KeyType::Ecdsa(curve),
    }
    .word();
    let line_end = match end {
        LineEnd::None => "",
        LineEnd::Newline => "\n",
    };
    Ok(PublicKey {
        kind: KeyKind::Ssh,
        algorithm: blob.algorithm,
        text: format!("{word} {} {COMMENT}{line_end}", STANDARD.encode(&blob.plain)),
        fingerprint: fingerprint::md5_pairs(&blob.plain)?,
        fingerprint_sha256: fingerprint::sha256(&blob.plain)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use openssl::bn::{BigNum, BigNumContext};

    use super::*;
    use crate::ssh::{check_pair, parse_ssh};

    const PKCS1: PrivateKeyFormat = PrivateKeyFormat::Pkcs1;
    const PKCS8: PrivateKeyFormat = PrivateKeyFormat::Pkcs8;
    const OPENSSH: PrivateKeyFormat = PrivateKeyFormat::OpenSsh;

    /// Each algorithm that is fast to make, with its formats; the last one is the default.
    const FAST: [(&str, &[PrivateKeyFormat]); 5] = [
        ("rsa-2048", &[OPENSSH, PKCS8, PKCS1]),
        ("ed25519", &[PKCS8, OPENSSH]),
        ("ecdsa-p256", &[PKCS8, OPENSSH]),
        ("ecdsa-p384", &[PKCS8, OPENSSH]),
        ("ecdsa-p521", &[PKCS8, OPENSSH]),
    ];

    fn first_line(key: &Generated) -> &str {
        key.private_key.expose().lines().next().unwrap()
    }

    #[test]
    fn every_pair_belongs_together_and_to_no_other() {
        let mut made: Vec<Generated> = Vec::new();
        for (word, formats) in FAST {
            for &format in formats {
                let pair = generate_ssh(Algorithm::parse(word).unwrap(), Some(format), LineEnd::None).unwrap();
                assert_eq!(pair.public_key.algorithm.to_string(), word);
                made.push(pair);
            }
        }
        for (i, private) in made.iter().enumerate() {
            for (j, public) in made.iter().enumerate() {
                let answer = check_pair(&private.private_key, &public.public_key);
                let expected = if i == j { answer.is_ok() } else { matches!(answer, Err(Error::PrivateKeyMismatch)) };
                assert!(expected, "{} with {}: {answer:?}", private.public_key.text, public.public_key.text);
            }
        }
    }

    #[test]
    fn many_ecdsa_pairs_belong_together_whatever_their_numbers_begin_with() {
        for _ in 0..40 {
            for algorithm in [Algorithm::EcdsaP256, Algorithm::EcdsaP521] {
                let pair = generate_ssh(algorithm, None, LineEnd::None).unwrap();
                check_pair(&pair.private_key, &pair.public_key).unwrap();
            }
        }
    }

    #[test]
    fn the_public_key_is_the_one_that_parsing_its_line_gives() {
        for (word, _) in FAST {
            for (end, last) in [(LineEnd::None, " Generated-by-Nova"), (LineEnd::Newline, " Generated-by-Nova\n")] {
                let made = generate_ssh(Algorithm::parse(word).unwrap(), None, end).unwrap().public_key;
                let parsed = parse_ssh(&made.text, 2048).unwrap();
                assert!(made.text.ends_with(last), "{:?}", made.text);
                assert_eq!((made.kind, made.algorithm), (parsed.kind, parsed.algorithm));
                assert_eq!(made.fingerprint, parsed.fingerprint);
                assert_eq!(made.fingerprint_sha256, parsed.fingerprint_sha256);
            }
        }
    }

    #[test]
    fn rsa_comes_in_pkcs1_and_the_others_in_openssh_form_unless_asked_otherwise() {
        for (word, formats) in FAST {
            let algorithm = Algorithm::parse(word).unwrap();
            let pair = generate_ssh(algorithm, None, LineEnd::None).unwrap();
            let label = if word == "rsa-2048" { "RSA PRIVATE KEY" } else { "OPENSSH PRIVATE KEY" };
            assert_eq!(first_line(&pair), format!("-----BEGIN {label}-----"));
            let asked = generate_ssh(algorithm, formats.first().copied(), LineEnd::None).unwrap();
            assert_ne!(first_line(&asked), first_line(&pair));
        }
    }

    #[test]
    fn an_rsa_private_key_has_the_form_of_the_recorded_ones() {
        let pair = generate_ssh(Algorithm::Rsa2048, None, LineEnd::None).unwrap();
        let lines: Vec<&str> = pair.private_key.expose().split('\n').collect();
        assert_eq!(
            (lines.len(), lines[0], lines[26], lines[27]),
            (28, "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "")
        );
        assert!(lines[1..25].iter().all(|line| line.len() == 64));
        // The type's name and `mpint 65537`.
        assert!(pair.public_key.text.starts_with("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"));
    }

    /// FIPS 186-5, A.1.3: a difference of more than 2^(bits/2 - 100) keeps Fermat's method from finding the factors.
    #[test]
    fn s61_rsa_primes_are_different_far_apart_and_in_no_two_keys() {
        let rsa = |_| FreshKey::generate(Algorithm::Rsa2048).unwrap().key.rsa().unwrap();
        let keys: Vec<Rsa<Private>> = (0..12).map(rsa).collect();
        let mut context = BigNumContext::new().unwrap();
        for (i, rsa) in keys.iter().enumerate() {
            let (p, q) = (rsa.p().unwrap(), rsa.q().unwrap());
            assert_eq!((p.num_bits(), q.num_bits(), rsa.n().num_bits()), (1024, 1024, 2048));
            assert_eq!(rsa.e().to_dec_str().unwrap().to_string(), "65537");
            assert!((p - q).num_bits() > 1024 - 100);
            // Keys of the ROCA kind are powers of 65537 modulo each small prime: modulo 11, 1 or 10 alone.
            let mut common = BigNum::new().unwrap();
            for other in &keys[i + 1..] {
                common.gcd(rsa.n(), other.n(), &mut context).unwrap();
                assert_eq!(common.num_bits(), 1, "two keys have a prime in common");
            }
        }
        let of_roca = |rsa: &Rsa<Private>| matches!(rsa.n().mod_word(11).unwrap(), 1 | 10);
        assert!(!keys.iter().all(of_roca));
    }

    #[test]
    fn s61_no_two_ed25519_keys_are_alike() {
        let make = |_| FreshKey::generate(Algorithm::Ed25519).unwrap().key.raw_public_key().unwrap();
        let keys: HashSet<Vec<u8>> = (0..5_000).map(make).collect();
        assert_eq!(keys.len(), 5_000);
    }

    #[test]
    fn pkcs1_is_for_rsa_only() {
        for (word, _) in &FAST[1..] {
            let answer = generate_ssh(Algorithm::parse(word).unwrap(), Some(PKCS1), LineEnd::None);
            assert!(matches!(answer, Err(Error::Invalid { field: "private_key_format", .. })), "{word}");
        }
    }

    #[test]
    fn words_of_algorithms_are_those_that_they_are_stored_under() {
        for (word, _) in FAST {
            let algorithm = Algorithm::parse(word).unwrap();
            let stored = generate_ssh(algorithm, None, LineEnd::None).unwrap().public_key.algorithm;
            assert_eq!((stored.to_string().as_str(), algorithm.as_str()), (word, word));
        }
        assert_eq!(Algorithm::parse("rsa-3072"), Some(Algorithm::Rsa3072));
        assert_eq!(Algorithm::parse("rsa-4096"), Some(Algorithm::Rsa4096));
        for word in ["", "RSA-2048", "rsa", "rsa-1024", "dsa", "sk-ed25519"] {
            assert_eq!(Algorithm::parse(word), None, "{word}");
        }
        for (word, format) in
            [("pkcs1", Some(PKCS1)), ("pkcs8", Some(PKCS8)), ("openssh", Some(OPENSSH)), ("pem", None)]
        {
            assert_eq!(PrivateKeyFormat::parse(word), format);
        }
    }
}
