//! What must hold before anything is sealed: the random generator does not repeat itself, and each suite gives its known
//! answer.

use openssl::error::ErrorStack;
use openssl::rand::{rand_bytes, rand_priv_bytes};
use uuid::Uuid;

use super::binding::{Binding, RowIds};
use super::envelope;
use super::key::Key256;
use super::key_wrapper::{DataKey, WrappedKey};
use super::stored::{NONCE, Parts, SALT};
use crate::domain::{
    Error, InstanceId, KekId, KekProvider, KeyKind, KeyPairId, Owner, PrivateKeyPem, Region, SealedPrivateKey, Suite,
    UserId,
};

/// Commitment and ciphertext of the text `known answer`, sealed for [`answer`]'s row; made by tests/vectors/envelope.py.
const ANSWERS: [(Suite, &str, &str); 2] = [
    (
        Suite::Aes256GcmHkdfSha512Commit,
        "c1916ad23e5595b55ed0612e4a94b6a19ef65d5429d8a0d4716494a2888cfeb8",
        "1f5d9cdfa01ad216e77a491d11390a8af5a7a81db88d158ef9729c84",
    ),
    (
        Suite::ChaCha20Poly1305HkdfSha512Commit,
        "aa34b35fa9ff43f035841d99399ff5f8b4a405bea68ef5356f799a4ef8d362b2",
        "cfd72d070ca6835d549318f62ed62220a9ac773c1c09827ad8308c5d",
    ),
];

const TEXT: &str = "known answer";

/// Why nothing is sealed or opened on this machine.
#[derive(Debug, thiserror::Error)]
pub enum SelfCheckError {
    #[error(
        "the random generator gave the same 32 bytes twice: keys drawn from it would be no secret; mend the machine's \
         source of randomness (a virtual machine started from a snapshot needs virtio-rng or the like) and start again"
    )]
    Repeats,
    #[error(
        "the cipher suite {0} does not give its known answer: the cryptographic library is broken; reinstall keypaird"
    )]
    WrongAnswer(&'static str),
    #[error("the cryptographic library failed: {0}; reinstall keypaird")]
    OpenSsl(#[from] ErrorStack),
    #[error("{}", .0.with_cause())]
    Domain(#[from] Error),
}

/// To be run before the vault is used; it takes less than a millisecond.
pub fn self_check() -> Result<(), SelfCheckError> {
    for draw in [rand_bytes, rand_priv_bytes] {
        refuse_repetition(draw)?;
    }
    ANSWERS.into_iter().try_for_each(|(suite, commitment, ciphertext)| answer(suite, commitment, ciphertext))
}

fn refuse_repetition(mut draw: impl FnMut(&mut [u8]) -> Result<(), ErrorStack>) -> Result<(), SelfCheckError> {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    draw(&mut first)?;
    draw(&mut second)?;
    if first == second || first == [0; 32] { Err(SelfCheckError::Repeats) } else { Ok(()) }
}

/// Seals with everything held still, compares, opens, and sees that a changed tag does not open.
fn answer(suite: Suite, commitment: &str, ciphertext: &str) -> Result<(), SelfCheckError> {
    let wrong = || SelfCheckError::WrongAnswer(suite.as_str());
    let binding = Binding {
        row: RowIds {
            instance: InstanceId::from_uuid(Uuid::from_u128(1)),
            region: &Region::parse("RegionOne")?,
            owner: &Owner::User(UserId::parse("alice")?),
            project: None,
            key_pair: KeyPairId::from_uuid(Uuid::from_u128(2)),
        },
        kind: KeyKind::Ssh,
        public_key: "ssh-ed25519 AAAA",
    };
    let data_key = DataKey::new(Key256::from_slice(&[1; 32]).ok_or_else(wrong)?);
    let kek = KekId { provider: KekProvider::Local, name: String::new(), version: 0 };
    let wrapped = WrappedKey { kek, alias: None, bytes: Vec::new() };
    let text = PrivateKeyPem::new(TEXT.to_owned());
    let sealed = envelope::seal_with(suite, &data_key, wrapped, [2; SALT], [3; NONCE], &binding, &text)?;
    if hex(&sealed.commitment) != commitment || hex(&sealed.ciphertext) != ciphertext {
        return Err(wrong());
    }
    let open = |sealed: &SealedPrivateKey| envelope::open(&data_key, &Parts::of(sealed)?, &binding);
    if open(&sealed)?.expose() != TEXT {
        return Err(wrong());
    }
    let mut changed = sealed;
    changed.ciphertext.last_mut().into_iter().for_each(|byte| *byte ^= 1);
    if open(&changed).is_ok() { Err(wrong()) } else { Ok(()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s12_a_generator_that_repeats_itself_or_gives_nothing_is_refused() {
        let constant = |bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        };
        for refused in [refuse_repetition(constant), refuse_repetition(|_| Ok(()))] {
            let text = refused.expect_err("is refused").to_string();
            assert!(text.contains("random generator") && text.contains("start again"), "{text}");
        }
        let mut turn = 0;
        let rises = |bytes: &mut [u8]| {
            turn += 1;
            bytes.fill(turn);
            Ok(())
        };
        assert!(refuse_repetition(rises).is_ok());
    }

    #[test]
    fn s12_a_suite_that_gives_another_answer_is_named() {
        self_check().expect("passes");
        let [(aes, commitment, ciphertext), (chacha, ..)] = ANSWERS;
        let refused = |failed: Result<(), SelfCheckError>| failed.expect_err("is refused").to_string();
        assert!(refused(answer(chacha, commitment, ciphertext)).contains("chacha20-poly1305"));
        assert!(refused(answer(aes, commitment, &ciphertext.replace('0', "1"))).contains("aes-256-gcm"));
    }
}
