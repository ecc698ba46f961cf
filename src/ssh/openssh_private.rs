//! OpenSSH's own form of private keys (OpenSSH's PROTOCOL.key).
//!
//! ```text
//! file:    "openssh-key-v1\0" | string cipher | string kdf | string kdf options | uint32 keys
//!          | string public blob | string section
//! section: uint32 check | uint32 check | string type | the type's fields | string comment
//!          | 1, 2, 3, … up to a multiple of the cipher's block; all of it encrypted
//! ```
//!
//! Written here because ssh-key 0.6 neither makes an ECDSA key from its numbers nor reads one whose scalar begins with
//! a zero byte, as every second P-521 key of ssh-keygen does.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, PKeyRef, Private};
use openssl::rand::rand_bytes;
use openssl::rsa::Rsa;
use zeroize::Zeroizing;

use super::blob::Blob;
use super::key_type::{Curve, Form, KeyType};
use super::openssh_cipher::Cipher;
use super::pem;
use super::wire::{Reader, Reason, put_number, put_string, put_u32};

pub(super) const LABEL: &str = "OPENSSH PRIVATE KEY";
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// What ssh-keygen wraps its base64 at.
const LINE_WIDTH: usize = 70;
/// Room for the file of an RSA key of 16384 bits, so that growing leaves no unwiped copies behind.
const ROOM: usize = 16 * 1024;

const UNREADABLE: Reason = "its OpenSSH form is damaged";

/// Writes `key`, whose public blob is `blob`, as a file that ssh-keygen reads.
pub(super) fn encode(
    key: &PKeyRef<Private>,
    blob: &[u8],
    comment: &str,
    cipher: &Cipher,
) -> Result<Vec<u8>, ErrorStack> {
    let mut check = [0; 4];
    rand_bytes(&mut check)?;
    let mut section = Zeroizing::new(Vec::with_capacity(ROOM));
    section.extend_from_slice(&check);
    section.extend_from_slice(&check);
    put_fields(&mut section, key, blob)?;
    put_string(&mut section, comment.as_bytes());
    for pad in 1.. {
        if section.len() % usize::from(cipher.block()) == 0 {
            break;
        }
        section.push(pad);
    }
    let mut file = Zeroizing::new(Vec::with_capacity(2 * ROOM));
    file.extend_from_slice(MAGIC);
    let (name, kdf) = cipher.words();
    for field in [name, kdf, &cipher.options()] {
        put_string(&mut file, field);
    }
    put_u32(&mut file, 1);
    put_string(&mut file, blob);
    put_string(&mut file, &cipher.apply(&section)?);
    Ok(pem::encode(LABEL, &file, LINE_WIDTH))
}

/// The type's name and fields. RSA has an order of its own; the others begin as the public blob does.
fn put_fields(out: &mut Vec<u8>, key: &PKeyRef<Private>, blob: &[u8]) -> Result<(), ErrorStack> {
    let put_secret = |out: &mut Vec<u8>, number: &BigNumRef| put_number(out, &Zeroizing::new(number.to_vec()));
    match key.id() {
        Id::RSA => {
            let rsa = key.rsa()?;
            put_string(out, KeyType::Rsa.word().as_bytes());
            put_number(out, &rsa.n().to_vec());
            put_number(out, &rsa.e().to_vec());
            put_secret(out, rsa.d());
            for number in [rsa.iqmp(), rsa.p(), rsa.q()].into_iter().flatten() {
                put_secret(out, number);
            }
        }
        Id::EC => {
            out.extend_from_slice(blob);
            put_secret(out, key.ec_key()?.private_key());
        }
        _ => {
            out.extend_from_slice(blob);
            let mut pair = Zeroizing::new(Vec::with_capacity(64));
            pair.extend_from_slice(&Zeroizing::new(key.raw_private_key()?));
            pair.extend_from_slice(&key.raw_public_key()?);
            put_string(out, &pair);
        }
    }
    Ok(())
}

/// Reads the content of an `OPENSSH PRIVATE KEY` block that holds one key and is encrypted as `cipher` says. Numbers are taken as they stand; whether
/// they make a key is for the caller to check.
pub(super) fn decode(bytes: &[u8], cipher: &Cipher) -> Result<PKey<Private>, Reason> {
    let mut file = Reader::new(bytes.strip_prefix(MAGIC).ok_or(UNREADABLE)?);
    let (name, kdf, _options) = (file.string()?, file.string()?, file.string()?);
    if (name, kdf) != cipher.words() {
        return Err("it is encrypted");
    }
    if file.u32()? != 1 {
        return Err("it does not hold exactly one key");
    }
    let (blob, section) = (file.string()?, file.string()?);
    file.end()?;
    let section = cipher.apply(section).map_err(|_| UNREADABLE)?;
    let mut section_reader = Reader::new(&section);
    if section.len() % usize::from(cipher.block()) != 0 || section_reader.u32()? != section_reader.u32()? {
        return Err(UNREADABLE);
    }
    let key = read_fields(&mut section_reader)?;
    let _comment = section_reader.string()?;
    check_padding(section_reader, cipher.block())?;
    match Blob::of(&key) {
        Ok(Some(derived)) if derived.plain == blob => Ok(key),
        Ok(_) | Err(_) => Err("its public half does not belong to its private half"),
    }
}

fn check_padding(mut rest: Reader<'_>, block: u8) -> Result<(), Reason> {
    for expected in 1..block {
        if rest.is_at_end() {
            return Ok(());
        }
        if rest.u8()? != expected {
            return Err(UNREADABLE);
        }
    }
    rest.end().map_err(|_| UNREADABLE)
}

fn read_fields(section: &mut Reader<'_>) -> Result<PKey<Private>, Reason> {
    let Some((key_type, Form::Plain)) = KeyType::parse(section.string()?) else {
        return Err("its key type is not known");
    };
    match key_type {
        KeyType::Rsa => read_rsa(section),
        KeyType::Ed25519 => read_ed25519(section),
        KeyType::Ecdsa(curve) => read_ecdsa(section, curve),
        KeyType::Dsa => Err("DSA keys are not kept"),
        KeyType::SkEd25519 | KeyType::SkEcdsaP256 => Err("the private key of a security key never leaves it"),
    }
}

fn read_rsa(section: &mut Reader<'_>) -> Result<PKey<Private>, Reason> {
    let (n, e, d) = (section.number()?, section.number()?, section.number()?);
    let (iqmp, p, q) = (section.number()?, section.number()?, section.number()?);
    let built = || -> Result<PKey<Private>, ErrorStack> {
        let [n, e, d, iqmp] = [number(n)?, number(e)?, number(d)?, number(iqmp)?];
        let (p, q) = (number(p)?, number(q)?);
        let (dp, dq) = (crt_exponent(&d, &p)?, crt_exponent(&d, &q)?);
        PKey::from_rsa(Rsa::from_private_components(n, e, d, p, q, dp, dq, iqmp)?)
    };
    built().map_err(|_| "its RSA numbers make no key")
}

/// `d mod (prime - 1)`, which the OpenSSH form leaves out.
fn crt_exponent(d: &BigNumRef, prime: &BigNumRef) -> Result<BigNum, ErrorStack> {
    let mut less_one = prime.to_owned()?;
    less_one.sub_word(1)?;
    let mut exponent = BigNum::new()?;
    let result = exponent.nnmod(d, &less_one, &mut *BigNumContext::new()?);
    less_one.clear();
    result.map(|()| exponent)
}

fn read_ed25519(section: &mut Reader<'_>) -> Result<PKey<Private>, Reason> {
    let (public, pair) = (section.string()?, section.string()?);
    let (seed, repeated) = pair.split_at_checked(32).ok_or(UNREADABLE)?;
    if public != repeated {
        return Err(UNREADABLE);
    }
    PKey::private_key_from_raw_bytes(seed, Id::ED25519).map_err(|_| UNREADABLE)
}

fn read_ecdsa(section: &mut Reader<'_>, curve: Curve) -> Result<PKey<Private>, Reason> {
    if section.string()? != curve.word().as_bytes() {
        return Err(UNREADABLE);
    }
    let (point, scalar) = (section.string()?, section.number()?);
    let built = || -> Result<PKey<Private>, ErrorStack> {
        let group = EcGroup::from_curve_name(curve.nid())?;
        let mut context = BigNumContext::new()?;
        let point = EcPoint::from_bytes(&group, point, &mut context)?;
        let scalar = number(scalar)?;
        PKey::from_ec_key(EcKey::from_private_components(&group, &scalar, &point)?)
    };
    built().map_err(|_| "its ECDSA numbers make no key")
}

fn number(bytes: &[u8]) -> Result<BigNum, ErrorStack> {
    BigNum::from_slice(bytes)
}
