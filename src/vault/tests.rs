//! What the vault promises: what opens, and that nothing else does.

use std::fs;
use std::panic::AssertUnwindSafe;

use uuid::Uuid;

use super::key::Key256;
use super::key_wrapper::DataKey;
use super::stored::Broken;
use super::{Binding, MasterKeys, RewrapTarget, RowIds, Suites, Vault};
use crate::domain::{
    Error, InstanceId, KekId, KeyKind, KeyPairId, KmsKey, KmsKeyName, Owner, PrivateKeyPem, ProjectId, Protection,
    Region, Result, SealedPrivateKey, Suite, UserId,
};

const TEXT: &str = "not a key";

const SUITES: [Suite; 2] = [Suite::Aes256GcmHkdfSha512Commit, Suite::ChaCha20Poly1305HkdfSha512Commit];

/// The stored parts of a sealed key that are bytes.
const PARTS: [fn(&mut SealedPrivateKey) -> &mut Vec<u8>; 5] = [
    |sealed| &mut sealed.wrapped_data_key,
    |sealed| &mut sealed.salt,
    |sealed| &mut sealed.commitment,
    |sealed| &mut sealed.nonce,
    |sealed| &mut sealed.ciphertext,
];

/// A binding's parts, owned.
#[derive(Clone)]
struct Row {
    instance: InstanceId,
    region: Region,
    owner: Owner,
    project: Option<ProjectId>,
    key_pair: KeyPairId,
    kind: KeyKind,
    public_key: String,
}

impl Row {
    fn new() -> Self {
        Self {
            instance: InstanceId::from_uuid(Uuid::from_u128(1)),
            region: Region::parse("RegionOne").expect("is a region"),
            owner: Owner::User(UserId::parse("alice").expect("is a user id")),
            project: Some(ProjectId::parse("demo").expect("is a project id")),
            key_pair: KeyPairId::new(),
            kind: KeyKind::Ssh,
            public_key: "ssh-ed25519 AAAA alice@example".to_owned(),
        }
    }

    fn binding(&self) -> Binding<'_> {
        let Self { instance, region, owner, project, key_pair, kind, public_key } = self;
        let row = RowIds { instance: *instance, region, owner, project: project.as_ref(), key_pair: *key_pair };
        Binding { row, kind: *kind, public_key }
    }
}

fn vault() -> Vault {
    let directory = tempfile::tempdir().expect("makes a directory");
    Vault::new(MasterKeys::create(&directory.path().join("master.key")).expect("makes master keys"))
}

/// A vault that seals by this suite.
fn sealing_by(suite: Suite) -> Vault {
    vault().with_suites(Suites::new(suite, SUITES.to_vec()).expect("opens what it seals"))
}

async fn seal(vault: &Vault, row: &Row) -> SealedPrivateKey {
    let key = PrivateKeyPem::new(TEXT.to_owned());
    let fresh = vault.fresh_data_key(&Protection::Default, &row.binding().row).await.expect("draws a key");
    vault.seal(fresh, &row.binding(), &key).await.expect("seals")
}

/// Why it was refused; panics if it opens, or fails in any other way.
fn refusal(opened: Result<PrivateKeyPem>) -> Broken {
    match opened.expect_err("is refused") {
        Error::Integrity(source) => *source.downcast::<Broken>().expect("says what is broken"),
        other => panic!("not an integrity failure: {other:?}"),
    }
}

#[tokio::test]
async fn what_was_sealed_opens_again_and_does_not_show_in_what_is_stored() {
    for suite in SUITES {
        let (vault, row) = (sealing_by(suite), Row::new());
        let sealed = seal(&vault, &row).await;
        assert_eq!(sealed.suite, suite);
        assert_eq!(vault.open(&sealed, &row.binding()).await.expect("opens").expose(), TEXT);
        assert_eq!((sealed.kek.name.as_str(), sealed.kek.version), ("default", 1));
        assert!(!sealed.ciphertext.windows(4).any(|bytes| TEXT.as_bytes().windows(4).any(|text| text == bytes)));
    }
}

#[tokio::test]
async fn s05_no_part_of_a_binding_can_be_changed() {
    let (vault, row) = (vault(), Row::new());
    let sealed = seal(&vault, &row).await;
    type Change = fn(&mut Row);
    let changes: [(&str, Change); 10] = [
        ("instance", |row| row.instance = InstanceId::from_uuid(Uuid::from_u128(2))),
        ("region", |row| row.region = Region::parse("RegionTwo").expect("is a region")),
        ("another user", |row| row.owner = Owner::User(UserId::parse("bob").expect("is a user id"))),
        ("a project of that id", |row| row.owner = Owner::Project(ProjectId::parse("alice").expect("is an id"))),
        ("project", |row| row.project = Some(ProjectId::parse("other").expect("is a project id"))),
        ("no project", |row| row.project = None),
        ("key pair", |row| row.key_pair = KeyPairId::new()),
        ("kind", |row| row.kind = KeyKind::X509),
        ("public key", |row| row.public_key.push(' ')),
        ("a letter moved on", |row| {
            row.owner = Owner::User(UserId::parse("aliced").expect("is a user id"));
            row.project = Some(ProjectId::parse("emo").expect("is a project id"));
        }),
    ];
    for (part, change) in changes {
        let mut changed = row.clone();
        change(&mut changed);
        let broken = refusal(vault.open(&sealed, &changed.binding()).await);
        assert!(matches!(broken, Broken::Wrapping), "{part}: {broken}");
    }
}

#[tokio::test]
async fn s01_no_stored_part_can_be_swapped_with_another_rows() {
    for suite in SUITES {
        refuse_swaps(&sealing_by(suite)).await;
    }
}

async fn refuse_swaps(vault: &Vault) {
    let (row, other_row) = (Row::new(), Row::new());
    let (sealed, other) = (seal(vault, &row).await, seal(vault, &other_row).await);
    let again = seal(vault, &row).await;
    for from in [&other, &again] {
        let swapped = [
            SealedPrivateKey { wrapped_data_key: from.wrapped_data_key.clone(), ..sealed.clone() },
            SealedPrivateKey { salt: from.salt.clone(), ..sealed.clone() },
            SealedPrivateKey { commitment: from.commitment.clone(), ..sealed.clone() },
            SealedPrivateKey { nonce: from.nonce.clone(), ..sealed.clone() },
            SealedPrivateKey { ciphertext: from.ciphertext.clone(), ..sealed.clone() },
        ];
        for changed in swapped {
            refusal(vault.open(&changed, &row.binding()).await);
        }
    }
    refusal(vault.open(&other, &row.binding()).await);
}

#[tokio::test]
async fn s02_a_row_does_not_open_in_another_project_owner_or_installation_with_the_same_master_key() {
    let (vault, row) = (vault(), Row::new());
    let project = ProjectId::parse("other").expect("is a project id");
    let others = [
        Row { project: Some(project.clone()), ..row.clone() },
        Row { owner: Owner::Project(project), ..row.clone() },
        Row { instance: InstanceId::from_uuid(Uuid::from_u128(2)), ..row.clone() },
    ];
    let sealed = seal(&vault, &row).await;
    for other in others {
        let moved = seal(&vault, &other).await;
        refusal(vault.open(&sealed, &other.binding()).await);
        refusal(vault.open(&moved, &row.binding()).await);
        assert!(vault.open(&moved, &other.binding()).await.is_ok(), "each opens where it belongs");
    }
}

#[tokio::test]
async fn s03_two_rows_whose_wrapped_data_keys_are_swapped_both_stay_shut() {
    let (vault, row, other_row) = (vault(), Row::new(), Row::new());
    let (mut one, mut other) = (seal(&vault, &row).await, seal(&vault, &other_row).await);
    std::mem::swap(&mut one.wrapped_data_key, &mut other.wrapped_data_key);
    for (sealed, row) in [(one, row), (other, other_row)] {
        assert!(matches!(refusal(vault.open(&sealed, &row.binding()).await), Broken::Wrapping));
    }
}

#[tokio::test]
async fn s06_with_another_valid_public_key_in_its_row_a_private_key_does_not_open() {
    let (vault, row) = (vault(), Row::new());
    let sealed = seal(&vault, &row).await;
    let public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl".to_owned();
    let replaced = Row { public_key, ..row };
    assert!(matches!(refusal(vault.open(&sealed, &replaced.binding()).await), Broken::Wrapping));
}

#[tokio::test]
async fn s10_a_suite_that_is_not_in_use_neither_seals_nor_opens() {
    let [aes, chacha] = SUITES;
    assert!(Suites::new(chacha, vec![aes]).is_none(), "what is sealed must open again");
    let row = Row::new();
    let directory = tempfile::tempdir().expect("makes a directory");
    let path = directory.path().join("master.key");
    MasterKeys::create(&path).expect("makes master keys");
    let with = |suites| Vault::new(MasterKeys::load(&path).expect("loads")).with_suites(suites);
    let by_both = with(Suites::new(chacha, SUITES.to_vec()).expect("opens what it seals"));
    let by_aes = with(Suites::new(aes, vec![aes]).expect("opens what it seals"));
    let sealed = seal(&by_both, &row).await;
    assert!(by_both.open(&sealed, &row.binding()).await.is_ok());
    let broken = refusal(by_aes.open(&sealed, &row.binding()).await);
    assert!(matches!(broken, Broken::ForbiddenSuite(suite) if suite == chacha), "{broken}");
    assert!(broken.to_string().contains("chacha20-poly1305, which vault.open_suites does not allow"), "{broken}");
    assert_eq!(seal(&by_aes, &row).await.suite, aes);
}

#[tokio::test]
async fn s04_no_bit_of_a_stored_part_can_be_flipped() {
    for suite in SUITES {
        refuse_flips(&sealing_by(suite)).await;
    }
}

async fn refuse_flips(vault: &Vault) {
    let row = Row::new();
    let sealed = seal(vault, &row).await;
    let mut flipped = 0;
    for part in PARTS {
        for bit in 0..8 * part(&mut sealed.clone()).len() {
            let mut changed = sealed.clone();
            part(&mut changed)[bit / 8] ^= 1 << (bit % 8);
            refusal(vault.open(&changed, &row.binding()).await);
            flipped += 1;
        }
    }
    assert_eq!(flipped, 8 * (81 + 32 + 32 + 12 + TEXT.len() + 16));
    let [aes, chacha] = SUITES;
    let other = if sealed.suite == aes { chacha } else { aes };
    refusal(vault.open(&SealedPrivateKey { suite: other, ..sealed.clone() }, &row.binding()).await);
    for changed in [
        KekId { name: "defaulu".to_owned(), ..sealed.kek.clone() },
        KekId { version: 2, ..sealed.kek.clone() },
        KekId { version: i32::MIN, ..sealed.kek.clone() },
    ] {
        let changed = SealedPrivateKey { kek: changed, ..sealed.clone() };
        let broken = refusal(vault.open(&changed, &row.binding()).await);
        assert!(matches!(broken, Broken::UnknownMasterKey(_)), "{broken}");
    }
}

#[tokio::test]
async fn s08_no_length_of_a_stored_part_panics_or_opens() {
    let (vault, row) = (vault(), Row::new());
    let sealed = seal(&vault, &row).await;
    for part in PARTS {
        let whole = part(&mut sealed.clone()).clone();
        let longer = [whole.as_slice(), &[0]].concat();
        let doubled = whole.repeat(2);
        let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
        for bytes in cut.chain([longer, doubled, vec![0; (1 << 20) + 17]]) {
            let mut changed = sealed.clone();
            *part(&mut changed) = bytes;
            refusal(vault.open(&changed, &row.binding()).await);
        }
    }
}

#[tokio::test]
async fn a_data_key_from_another_master_key_of_the_same_name_does_not_unwrap() {
    let row = Row::new();
    let sealed = seal(&vault(), &row).await;
    let broken = refusal(vault().open(&sealed, &row.binding()).await);
    assert!(matches!(broken, Broken::Wrapping), "{broken}");
}

#[tokio::test]
async fn an_older_master_key_still_opens_what_it_wrapped_and_the_primary_wraps() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let path = directory.path().join("master.key");
    let (row, old) = (Row::new(), Vault::new(MasterKeys::create(&path).expect("makes master keys")));
    let sealed = seal(&old, &row).await;
    let text = fs::read_to_string(&path).expect("reads").replace("primary default 1", "primary default 2");
    let newer = format!("{text}key default 2 {}=\n", "A".repeat(43));
    fs::write(&path, newer).expect("writes");
    let new = Vault::new(MasterKeys::load(&path).expect("loads"));
    assert_eq!(new.open(&sealed, &row.binding()).await.expect("opens").expose(), TEXT);
    assert_eq!(seal(&new, &row).await.kek.version, 2);
    // The row names its key: the same wrapped bytes under the other key's name do not unwrap.
    let renamed = SealedPrivateKey { kek: KekId { version: 2, ..sealed.kek.clone() }, ..sealed };
    assert!(matches!(refusal(new.open(&renamed, &row.binding()).await), Broken::Wrapping));
}

/// Fails if of that many sealings two share a salt, a nonce, a commitment, or a data key's wrapping or its salt.
async fn seal_without_repetition(times: usize) {
    let (vault, row) = (vault(), Row::new());
    let mut drawn = Vec::with_capacity(5 * times);
    for _ in 0..times {
        let SealedPrivateKey { wrapped_data_key, salt, commitment, nonce, .. } = seal(&vault, &row).await;
        for part in [&wrapped_data_key[1..33], &wrapped_data_key[33..], &salt, &commitment, &nonce] {
            // 128 bits of each, or what there is, are enough to tell them apart, and fit in memory ten million times.
            let mut first = [0; 16];
            let length = part.len().min(first.len());
            first[..length].copy_from_slice(&part[..length]);
            drawn.push(first);
        }
    }
    // Sorted once: a table that is looked into at random is slow where memory is scarce.
    drawn.sort_unstable();
    assert!(drawn.windows(2).all(|two| two[0] != two[1]), "the same bytes were drawn twice");
}

#[tokio::test]
async fn s11_sealing_never_repeats_a_salt_a_nonce_a_commitment_or_a_wrapping() {
    seal_without_repetition(100_000).await;
}

#[tokio::test]
#[ignore = "takes a quarter of an hour: tests/long/encryptions runs it"]
async fn s11_ten_million_sealings_repeat_nothing() {
    seal_without_repetition(10_000_000).await;
}

#[tokio::test]
async fn a_kms_that_is_not_configured_is_refused_with_what_to_use_instead() {
    let protection = Protection::Kms(KmsKey::Name(KmsKeyName::parse("mine").expect("is a name")));
    let refused = vault().fresh_data_key(&protection, &Row::new().binding().row).await.expect_err("is refused");
    let Error::ProtectionUnavailable { reason } = refused else { panic!("another error: {refused:?}") };
    assert!(reason.contains("no KMS") && reason.contains("'default'"), "{reason}");
}

#[test]
fn s10_a_suite_that_this_version_does_not_know_has_no_name_to_open_it_by() {
    for number in [i32::MIN, -1, 0, 3, i32::MAX] {
        assert!(Suite::from_number(number).is_none(), "{number}");
    }
}

#[test]
fn s23_nothing_secret_is_printed() {
    let key = Key256::from_slice(b"0123456789abcdef0123456789abcdef").expect("32 bytes");
    assert_eq!(format!("{key:?}"), "Key256(…)");
    assert_eq!(format!("{:?}", DataKey::new(key)), "DataKey(Key256(…))");
    let directory = tempfile::tempdir().expect("makes a directory");
    let path = directory.path().join("master.key");
    let printed = format!("{:?}", MasterKeys::create(&path).expect("makes master keys"));
    assert!(printed.contains("key: Key256(…)"), "{printed}");
}

#[tokio::test]
async fn s23_a_panic_with_keys_in_its_message_tells_none_of_them() {
    let vault = vault();
    let row = Row::new();
    let fresh = vault.fresh_data_key(&Protection::Default, &row.binding().row).await.expect("draws a key");
    let data_key: Vec<u8> = fresh.data_key.key().expose().to_vec();
    let pem = PrivateKeyPem::new(TEXT.to_owned());
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| panic!("{fresh:?} {pem:?}")));
    let payload = panicked.expect_err("panics");
    let message = payload.downcast_ref::<String>().expect("has a text");
    assert!(message.contains("Key256(…)") && !message.contains(TEXT), "{message}");
    let listed = format!("{data_key:?}");
    assert!(!message.contains(listed.trim_matches(['[', ']'])), "{message}");
}

#[tokio::test]
async fn a_private_key_longer_than_would_open_again_is_not_sealed() {
    let (vault, row) = (vault(), Row::new());
    for (length, fits) in [(1 << 20, true), ((1 << 20) + 1, false)] {
        let key = PrivateKeyPem::new("k".repeat(length));
        let fresh = vault.fresh_data_key(&Protection::Default, &row.binding().row).await.expect("draws a key");
        match vault.seal(fresh, &row.binding(), &key).await {
            Ok(sealed) => assert!(fits && vault.open(&sealed, &row.binding()).await.is_ok(), "{length}"),
            Err(refused) => {
                assert!(!fits && matches!(refused, Error::PrivateKeyUnusable { .. }), "{length}: {refused}")
            }
        }
    }
}

#[tokio::test]
async fn s18_a_data_key_moves_without_its_private_key_being_opened_and_only_if_it_is_the_rows() {
    let directory = tempfile::tempdir().expect("makes a directory");
    let path = directory.path().join("master.key");
    let (row, old) = (Row::new(), Vault::new(MasterKeys::create(&path).expect("makes master keys")));
    let sealed = seal(&old, &row).await;
    let text = fs::read_to_string(&path).expect("reads").replace("primary default 1", "primary default 2");
    fs::write(&path, format!("{text}key default 2 {}=\n", "A".repeat(43))).expect("writes");
    let new = Vault::new(MasterKeys::load(&path).expect("loads"));

    let moved = new.rewrap(&sealed, &row.binding(), &RewrapTarget::SameProvider).await.expect("moves");
    assert_eq!((moved.kek.version, &moved.ciphertext), (2, &sealed.ciphertext));
    assert_ne!(moved.wrapped_data_key, sealed.wrapped_data_key);
    assert_eq!(new.open(&moved, &row.binding()).await.expect("opens").expose(), TEXT);
    // A ciphertext that no key opens moves all the same: nobody tries to open it.
    let garbage = SealedPrivateKey { ciphertext: vec![0; 64], nonce: vec![0; 12], ..sealed.clone() };
    new.rewrap(&garbage, &row.binding(), &RewrapTarget::Default).await.expect("moves");
    // With another row's commitment, what was unwrapped is not the row's data key: it is not written down.
    let other = seal(&old, &row).await;
    let wrong = SealedPrivateKey { commitment: other.commitment, ..sealed };
    let refused = new.rewrap(&wrong, &row.binding(), &RewrapTarget::Default).await;
    assert!(matches!(refused, Err(Error::Integrity(_))), "{refused:?}");
}
