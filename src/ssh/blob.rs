//! The binary form of a public key: what stands in base64 in an OpenSSH line, and is hashed for its fingerprint.

use std::ops::RangeInclusive;

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::pkey::{HasPublic, Id, PKeyRef};

use super::key_type::{Curve, Form, KeyType};
use super::openssh_certificate;
use super::wire::{Reader, Reason, put_number, put_string};
use crate::domain::KeyAlgorithm;

/// RSA moduli that are taken. Nova takes 512 to 8192 bits (recorded); 16384 is where OpenSSL and OpenSSH end.
const RSA_BITS: RangeInclusive<u32> = 512..=16384;

/// A public key that passed every check.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) algorithm: KeyAlgorithm,
    /// The key alone, in the shortest encoding: equal for equal keys, and without what a certificate says of it.
    pub(super) plain: Vec<u8>,
}

impl Blob {
    /// Reads the blob of a line that begins with `word`; every byte must be used.
    pub(super) fn read(word: &[u8], bytes: &[u8]) -> Result<Self, Reason> {
        let (key_type, form) = KeyType::parse(word).ok_or("it does not begin with a known key type")?;
        let mut reader = Reader::new(bytes);
        if reader.string()? != word {
            return Err("the key data are of another type than the line says");
        }
        let key = match form {
            Form::Plain => read_key(&mut reader, key_type)?,
            Form::Certificate => openssh_certificate::read(&mut reader, key_type)?,
        };
        reader.end()?;
        Ok(key)
    }

    /// The blob of a key that OpenSSL holds; `None` where OpenSSH has no such type.
    pub(super) fn of<T: HasPublic>(key: &PKeyRef<T>) -> Result<Option<Self>, ErrorStack> {
        match key.id() {
            Id::RSA => {
                let rsa = key.rsa()?;
                Ok(Some(rsa_blob(&rsa.e().to_vec(), &rsa.n().to_vec())))
            }
            Id::ED25519 => Ok(Some(ed25519_blob(&key.raw_public_key()?))),
            Id::EC => {
                let ec = key.ec_key()?;
                let Some(curve) = ec.group().curve_name().and_then(Curve::from_nid) else { return Ok(None) };
                let mut context = BigNumContext::new()?;
                let point = ec.public_key().to_bytes(ec.group(), PointConversionForm::UNCOMPRESSED, &mut context)?;
                Ok(Some(ecdsa_blob(curve, &point)))
            }
            _ => Ok(None),
        }
    }
}

/// The type's own fields: all that follows the type's name in a key, or the nonce in a certificate.
pub(super) fn read_key(reader: &mut Reader<'_>, key_type: KeyType) -> Result<Blob, Reason> {
    match key_type {
        KeyType::Rsa => read_rsa(reader),
        KeyType::Dsa => read_dsa(reader),
        KeyType::Ed25519 => Ok(ed25519_blob(read_ed25519(reader)?)),
        KeyType::Ecdsa(curve) => Ok(ecdsa_blob(curve, read_point(reader, curve)?)),
        KeyType::SkEd25519 => {
            let key = read_ed25519(reader)?;
            let application = read_application(reader)?;
            Ok(Blob {
                algorithm: KeyAlgorithm::SkEd25519,
                plain: strings(&[key_type.word().as_bytes(), key, application]),
            })
        }
        KeyType::SkEcdsaP256 => {
            let point = read_point(reader, Curve::P256)?;
            let application = read_application(reader)?;
            let fields = [key_type.word().as_bytes(), Curve::P256.word().as_bytes(), point, application];
            Ok(Blob { algorithm: KeyAlgorithm::SkEcdsaP256, plain: strings(&fields) })
        }
    }
}

/// RFC 4253, section 6.6: `mpint e, mpint n`.
fn read_rsa(reader: &mut Reader<'_>) -> Result<Blob, Reason> {
    let (e, n) = (reader.number()?, reader.number()?);
    if !RSA_BITS.contains(&bits(n)) {
        return Err("the RSA modulus is not of 512 to 16384 bits");
    }
    if !is_odd(n) {
        return Err("the RSA modulus is even");
    }
    if !is_odd(e) || e == [1] || !is_less(e, n) {
        return Err("the RSA exponent is not an odd number from 3 up to the modulus");
    }
    Ok(rsa_blob(e, n))
}

/// RFC 4253, section 6.6: `mpint p, mpint q, mpint g, mpint y`; the sizes are FIPS 186-2's, which SSH is bound to.
fn read_dsa(reader: &mut Reader<'_>) -> Result<Blob, Reason> {
    let (p, q, g, y) = (reader.number()?, reader.number()?, reader.number()?, reader.number()?);
    if bits(p) != 1024 || bits(q) != 160 {
        return Err("the DSA key is not of 1024 bits with a subgroup of 160");
    }
    let in_group = |number: &[u8]| is_less(&[1], number) && is_less(number, p);
    if !in_group(g) || !in_group(y) {
        return Err("a number of the DSA key is out of range");
    }
    let mut plain = strings(&[KeyType::Dsa.word().as_bytes()]);
    for number in [p, q, g, y] {
        put_number(&mut plain, number);
    }
    Ok(Blob { algorithm: KeyAlgorithm::Dsa, plain })
}

/// RFC 8709, section 4. Any 32 bytes are taken, as Nova and OpenSSH do: a point is decoded only to verify with it.
fn read_ed25519<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Reason> {
    let key = reader.string()?;
    if key.len() == 32 { Ok(key) } else { Err("the Ed25519 key is not of 32 bytes") }
}

/// RFC 5656, section 3.1: the curve's name and an uncompressed point, which must be on the curve.
fn read_point<'a>(reader: &mut Reader<'a>, curve: Curve) -> Result<&'a [u8], Reason> {
    if reader.string()? != curve.word().as_bytes() {
        return Err("the curve is another than the key type says");
    }
    let point = reader.string()?;
    if point.first() != Some(&4) {
        return Err("the ECDSA point is not in the uncompressed form");
    }
    if is_on_curve(point, curve) { Ok(point) } else { Err("the ECDSA point is not on its curve") }
}

/// OpenSSL decodes a point only if it lies on the curve.
fn is_on_curve(point: &[u8], curve: Curve) -> bool {
    let decoded = || -> Result<EcPoint, ErrorStack> {
        let group = EcGroup::from_curve_name(curve.nid())?;
        let mut context = BigNumContext::new()?;
        EcPoint::from_bytes(&group, point, &mut context)
    };
    decoded().is_ok()
}

/// OpenSSH's PROTOCOL.u2f: the application that a security key was enrolled for.
fn read_application<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Reason> {
    let application = reader.string()?;
    // ssh-keygen makes no others, and Nova takes no others.
    if application.starts_with(b"ssh:") { Ok(application) } else { Err("the security key's application is not 'ssh:'") }
}

fn rsa_blob(e: &[u8], n: &[u8]) -> Blob {
    let mut plain = strings(&[KeyType::Rsa.word().as_bytes()]);
    put_number(&mut plain, e);
    put_number(&mut plain, n);
    Blob { algorithm: KeyAlgorithm::Rsa { bits: bits(n) }, plain }
}

fn ed25519_blob(key: &[u8]) -> Blob {
    Blob { algorithm: KeyAlgorithm::Ed25519, plain: strings(&[KeyType::Ed25519.word().as_bytes(), key]) }
}

fn ecdsa_blob(curve: Curve, point: &[u8]) -> Blob {
    let algorithm = match curve {
        Curve::P256 => KeyAlgorithm::EcdsaP256,
        Curve::P384 => KeyAlgorithm::EcdsaP384,
        Curve::P521 => KeyAlgorithm::EcdsaP521,
    };
    let fields = [KeyType::Ecdsa(curve).word().as_bytes(), curve.word().as_bytes(), point];
    Blob { algorithm, plain: strings(&fields) }
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for field in fields {
        put_string(&mut out, field);
    }
    out
}

/// The number of bits of a number without leading zero bytes.
fn bits(number: &[u8]) -> u32 {
    number.first().map_or(0, |first| number.len() as u32 * 8 - first.leading_zeros())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}

/// Compares numbers without leading zero bytes.
fn is_less(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) < (b.len(), b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(word: &str, numbers: &[&[u8]]) -> Vec<u8> {
        let mut out = strings(&[word.as_bytes()]);
        numbers.iter().for_each(|number| put_number(&mut out, number));
        out
    }

    /// An odd number of `bits` bits.
    fn odd(bits: usize) -> Vec<u8> {
        let mut number = vec![0xff; bits.div_ceil(8)];
        number[0] >>= (8 - bits % 8) % 8;
        number
    }

    #[test]
    fn rsa_keys_have_an_odd_modulus_of_512_to_16384_bits_and_a_smaller_odd_exponent() {
        let read = |e: &[u8], n: &[u8]| Blob::read(b"ssh-rsa", &numbers("ssh-rsa", &[e, n])).map(|key| key.algorithm);
        for bits in [512, 513, 1023, 2048, 16384] {
            assert_eq!(read(&[3], &odd(bits)), Ok(KeyAlgorithm::Rsa { bits: bits as u32 }));
        }
        for bits in [8, 511, 16385] {
            assert_eq!(read(&[3], &odd(bits)), Err("the RSA modulus is not of 512 to 16384 bits"));
        }
        let even = [&odd(1016)[..], &[0xfe]].concat();
        assert_eq!(read(&[3], &even), Err("the RSA modulus is even"));
        let exponent = Err("the RSA exponent is not an odd number from 3 up to the modulus");
        for e in [&[][..], &[1], &[4], &odd(1024), &odd(1025)] {
            assert_eq!(read(e, &odd(1024)), exponent, "{e:?}");
        }
    }

    #[test]
    fn dsa_keys_have_ssh_sizes_and_numbers_in_range() {
        let read = |p: &[u8], q: &[u8], g: &[u8], y: &[u8]| {
            Blob::read(b"ssh-dss", &numbers("ssh-dss", &[p, q, g, y])).map(|key| key.algorithm)
        };
        let (p, q) = (odd(1024), odd(160));
        assert_eq!(read(&p, &q, &[2], &[3]), Ok(KeyAlgorithm::Dsa));
        let sizes = Err("the DSA key is not of 1024 bits with a subgroup of 160");
        assert_eq!(read(&odd(2048), &q, &[2], &[3]), sizes);
        assert_eq!(read(&p, &odd(256), &[2], &[3]), sizes);
        for (g, y) in [(&[1][..], &[3][..]), (&[2], &[1]), (&[2], &[]), (&p, &[3]), (&[2], &p)] {
            assert_eq!(read(&p, &q, g, y), Err("a number of the DSA key is out of range"));
        }
    }

    #[test]
    fn points_are_uncompressed_and_on_the_curve_that_the_type_names() {
        let group = EcGroup::from_curve_name(Curve::P256.nid()).unwrap();
        let point =
            |form| group.generator_opt().unwrap().to_bytes(&group, form, &mut BigNumContext::new().unwrap()).unwrap();
        let read = |word: &str, curve: &str, point: &[u8]| {
            Blob::read(word.as_bytes(), &strings(&[word.as_bytes(), curve.as_bytes(), point])).map(|key| key.algorithm)
        };
        let uncompressed = point(PointConversionForm::UNCOMPRESSED);
        assert_eq!(read("ecdsa-sha2-nistp256", "nistp256", &uncompressed), Ok(KeyAlgorithm::EcdsaP256));
        let other = Err("the curve is another than the key type says");
        assert_eq!(read("ecdsa-sha2-nistp256", "nistp384", &uncompressed), other);
        assert_eq!(read("ecdsa-sha2-nistp384", "nistp256", &uncompressed), other);
        let off = Err("the ECDSA point is not on its curve");
        assert_eq!(read("ecdsa-sha2-nistp384", "nistp384", &uncompressed), off);
        let form = Err("the ECDSA point is not in the uncompressed form");
        for point in [&point(PointConversionForm::COMPRESSED)[..], &point(PointConversionForm::HYBRID), &[0], &[]] {
            assert_eq!(read("ecdsa-sha2-nistp256", "nistp256", point), form);
        }
    }

    #[test]
    fn a_security_key_is_for_ssh() {
        let word = "sk-ssh-ed25519@openssh.com";
        let read = |application: &[u8]| {
            Blob::read(word.as_bytes(), &strings(&[word.as_bytes(), &[1; 32], application])).map(|key| key.algorithm)
        };
        assert_eq!(read(b"ssh:host"), Ok(KeyAlgorithm::SkEd25519));
        assert_eq!(read(b"https://example.org"), Err("the security key's application is not 'ssh:'"));
    }
}
