//! Whether the numbers of a private key belong together. That they derive the public key is checked elsewhere.

use openssl::bn::{BigNum, BigNumContext, BigNumContextRef, BigNumRef};
use openssl::ec::{EcKeyRef, EcPoint};
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKeyRef, Private};
use openssl::rsa::RsaRef;

use super::key_type::Curve;
use super::wire::Reason;

/// The longest RSA modulus that is calculated with.
const LONGEST_MODULUS: i32 = 16384;

/// Refuses keys that are of a kind that is not kept, and keys whose private numbers are not those of their public ones.
pub(super) fn check(key: &PKeyRef<Private>) -> Result<(), Reason> {
    let sound = match key.id() {
        Id::RSA => key.rsa().and_then(|rsa| is_sound_rsa(&rsa)),
        Id::EC => match key.ec_key() {
            Ok(ec) if ec.group().curve_name().and_then(Curve::from_nid).is_some() => is_sound_ec(&ec),
            Ok(_) | Err(_) => return Err("its curve is not P-256, P-384 or P-521"),
        },
        // All of an Ed25519 key is its seed; OpenSSL derived the rest from it.
        Id::ED25519 => Ok(true),
        Id::DSA => return Err("DSA keys are not kept"),
        _ => return Err("its algorithm is not RSA, ECDSA or Ed25519"),
    };
    if sound.unwrap_or(false) { Ok(()) } else { Err("it is of no use: its numbers contradict each other") }
}

/// `n = p·q` with both over 1, `e·d = 1` modulo `p-1` and `q-1`, and the three numbers for the Chinese remainder.
///
/// This is arithmetic of a fraction of a millisecond, where OpenSSL's own check takes as long as generating a key,
/// because it proves the primes anew. No proof is needed: the modulus of a real key has only one factorisation, so
/// factors that multiply to it are its primes, and then these equations are what makes the key work. A round trip
/// through signing and verifying would cost more and see less: OpenSSL mends wrong remainder numbers there without a
/// word.
fn is_sound_rsa(rsa: &RsaRef<Private>) -> Result<bool, ErrorStack> {
    let (n, e, d) = (rsa.n(), rsa.e(), rsa.d());
    let (Some(p), Some(q)) = (rsa.p(), rsa.q()) else { return Ok(false) };
    let (Some(dp), Some(dq), Some(qinv)) = (rsa.dmp1(), rsa.dmq1(), rsa.iqmp()) else { return Ok(false) };
    let one = BigNum::from_u32(1)?;
    let in_range = |number: &BigNumRef| !number.is_negative() && *number > *one && *number < *n;
    if n.num_bits() > LONGEST_MODULUS || ![e, d, p, q].into_iter().all(in_range) {
        return Ok(false);
    }
    let mut context = BigNumContext::new()?;
    let mut product = BigNum::new()?;
    product.checked_mul(p, q, &mut context)?;
    let mut unit = Wiped(BigNum::new()?);
    unit.0.mod_mul(qinv, q, p, &mut context)?;
    Ok(*product == *n && *unit.0 == *one && inverts(e, d, dp, p, &mut context)? && inverts(e, d, dq, q, &mut context)?)
}

/// Whether `d` undoes `e` modulo `prime`, and `remainder` is `d` modulo `prime - 1`.
fn inverts(
    e: &BigNumRef,
    d: &BigNumRef,
    remainder: &BigNumRef,
    prime: &BigNumRef,
    context: &mut BigNumContextRef,
) -> Result<bool, ErrorStack> {
    let mut order = Wiped(prime.to_owned()?);
    order.0.sub_word(1)?;
    let mut reduced = Wiped(BigNum::new()?);
    reduced.0.nnmod(d, &order.0, context)?;
    let mut product = Wiped(BigNum::new()?);
    product.0.mod_mul(e, d, &order.0, context)?;
    Ok(*reduced.0 == *remainder && *product.0 == *BigNum::from_u32(1)?)
}

/// A scalar from 1 up to the curve's order, and the point that it leads to.
fn is_sound_ec(ec: &EcKeyRef<Private>) -> Result<bool, ErrorStack> {
    let group = ec.group();
    let mut context = BigNumContext::new()?;
    let mut order = BigNum::new()?;
    group.order(&mut order, &mut context)?;
    let scalar = ec.private_key();
    if scalar.is_negative() || scalar.num_bits() == 0 || *scalar >= *order {
        return Ok(false);
    }
    let mut point = EcPoint::new(group)?;
    point.mul_generator2(group, scalar, &mut context)?;
    point.eq(group, ec.public_key(), &mut context)
}

/// A number of which nothing stays in memory.
struct Wiped(BigNum);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.clear();
    }
}
