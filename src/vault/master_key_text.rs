//! The text of a master key file. Lines, and not TOML, because this reads them from a buffer that is wiped afterwards; a
//! general parser would leave copies of the keys behind.
//!
//! ```text
//! keypaird-master-keys 1
//! # an empty line or a comment
//! primary default 1
//! key default 1 <the 32 bytes of the key in base64>
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::key::Key256;
use crate::domain::{KekId, KekProvider};

const FIRST_LINE: &str = "keypaird-master-keys 1";

/// The longest file that is read, in bytes; some 500 keys.
pub(super) const LONGEST: usize = 64 * 1024;

/// What a file says: each key once, and the one that wraps apart from the others.
pub(super) struct Contents {
    pub(super) primary: (KekId, Key256),
    pub(super) others: Vec<(KekId, Key256)>,
}

/// What is wrong with a line, or with all of them. Nothing of the text is repeated here: it may be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    #[error("the first line must be '{FIRST_LINE}'; if a newer keypaird wrote the file, run that one")]
    UnknownFormat,
    #[error(
        "a line must be 'primary NAME VERSION', 'key NAME VERSION BASE64', empty, or a comment that begins with '#'"
    )]
    UnknownLine,
    #[error("a name must have 1 to 64 letters, digits, '_' or '-'")]
    Name,
    #[error("a version must be a whole number from 1 to 2147483647 without leading zeros")]
    Version,
    #[error("a key must be 32 bytes in base64 (44 characters); restore the file from its backup")]
    Key,
    #[error("this name and version stands on an earlier line too; remove one of the two")]
    DuplicateKey,
    #[error("a second primary is named; remove one of the two")]
    DuplicatePrimary,
    #[error("no primary is named; add 'primary NAME VERSION' with the key that new data keys are to be wrapped by")]
    NoPrimary,
    #[error("the primary that is named has no 'key' line; name one that has")]
    UnknownPrimary,
}

/// Reads the text; the error names the line, counted from 1.
pub(super) fn parse(text: &str) -> Result<Contents, (usize, TextFault)> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_ascii()));
    if lines.next().is_none_or(|(_, first)| first != FIRST_LINE) {
        return Err((1, TextFault::UnknownFormat));
    }
    let mut primary = None;
    let mut keys: Vec<(KekId, Key256)> = Vec::new();
    for (at, line) in lines {
        match parse_line(line).map_err(|fault| (at, fault))? {
            Line::Nothing => {}
            Line::Primary(_) if primary.is_some() => return Err((at, TextFault::DuplicatePrimary)),
            Line::Primary(id) => primary = Some((at, id)),
            Line::Key(id, _) if keys.iter().any(|(earlier, _)| *earlier == id) => {
                return Err((at, TextFault::DuplicateKey));
            }
            Line::Key(id, key) => keys.push((id, key)),
        }
    }
    let (at, primary) = primary.ok_or_else(|| (text.lines().count(), TextFault::NoPrimary))?;
    let found = keys.iter().position(|(id, _)| *id == primary).ok_or((at, TextFault::UnknownPrimary))?;
    Ok(Contents { primary: keys.remove(found), others: keys })
}

enum Line {
    Nothing,
    Primary(KekId),
    Key(KekId, Key256),
}

fn parse_line(line: &str) -> Result<Line, TextFault> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    let mut words = line.split_ascii_whitespace();
    match [words.next(), words.next(), words.next(), words.next(), words.next()] {
        [Some("primary"), Some(name), Some(version), None, None] => Ok(Line::Primary(parse_id(name, version)?)),
        [Some("key"), Some(name), Some(version), Some(key), None] => {
            Ok(Line::Key(parse_id(name, version)?, parse_key(key)?))
        }
        _ => Err(TextFault::UnknownLine),
    }
}

fn parse_id(name: &str, version: &str) -> Result<KekId, TextFault> {
    refuse_name(name)?;
    // Written back and compared, because `parse` also takes "+1" and "01": one version must have one spelling.
    let number = version.parse().ok().filter(|number: &i32| *number > 0 && number.to_string() == version);
    let version = number.ok_or(TextFault::Version)?;
    Ok(KekId { provider: KekProvider::Local, name: name.to_owned(), version })
}

pub(super) fn refuse_name(name: &str) -> Result<(), TextFault> {
    let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if (1..=64).contains(&name.len()) && fits { Ok(()) } else { Err(TextFault::Name) }
}

fn parse_key(base64: &str) -> Result<Key256, TextFault> {
    let mut bytes = Zeroizing::new([0; 33]);
    let length = STANDARD.decode_slice(base64, bytes.as_mut_slice()).map_err(|_| TextFault::Key)?;
    bytes.get(..length).and_then(Key256::from_slice).ok_or(TextFault::Key)
}

/// The text of a file with this one key, which is the primary.
pub(super) fn write_one(name: &str, version: i32, key: &Key256) -> Zeroizing<String> {
    // Long enough from the start: growing would leave an unwiped copy behind.
    let mut text = Zeroizing::new(String::with_capacity(512));
    text.push_str(FIRST_LINE);
    text.push_str(
        "\n# Keep a copy of this file apart from the database and its backups. Without it no kept private key\n",
    );
    text.push_str("# opens; with it and the database, all of them do.\n");
    text.push_str(&format!("primary {name} {version}\n"));
    push_key(&mut text, name, version, key);
    text
}

/// The text with a further key, at its end.
pub(super) fn with_key(text: &str, id: &KekId, key: &Key256) -> Zeroizing<String> {
    let mut changed = room_for(text);
    changed.push_str(text);
    if !text.ends_with('\n') {
        changed.push('\n');
    }
    push_key(&mut changed, &id.name, id.version, key);
    changed
}

/// The text with another primary; everything else of it stays, comments too.
pub(super) fn with_primary(text: &str, id: &KekId) -> Zeroizing<String> {
    let mut changed = room_for(text);
    for line in text.split_inclusive('\n') {
        match line.split_ascii_whitespace().next() {
            Some("primary") => changed.push_str(&format!("primary {} {}\n", id.name, id.version)),
            _ => changed.push_str(line),
        }
    }
    changed
}

/// The text without that key's line.
pub(super) fn without_key(text: &str, id: &KekId) -> Zeroizing<String> {
    let mut changed = room_for(text);
    let (name, version) = (id.name.as_str(), id.version.to_string());
    for line in text.split_inclusive('\n') {
        let mut words = line.split_ascii_whitespace();
        if [words.next(), words.next(), words.next()] != [Some("key"), Some(name), Some(version.as_str())] {
            changed.push_str(line);
        }
    }
    changed
}

/// Long enough for the text and a line more: growing would leave an unwiped copy behind.
fn room_for(text: &str) -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(text.len() + 256))
}

fn push_key(text: &mut String, name: &str, version: i32, key: &Key256) {
    text.push_str(&format!("key {name} {version} "));
    STANDARD.encode_string(key.expose(), text);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn fault(text: &str) -> (usize, TextFault) {
        parse(text).err().expect("is refused")
    }

    #[test]
    fn several_keys_are_read_and_the_primary_is_the_one_that_is_named() {
        let text =
            format!("{FIRST_LINE}\r\n\n# a comment\nkey default 1 {KEY}\nkey other-2 7 {KEY}\nprimary other-2 7\n");
        let contents = parse(&text).expect("is read");
        let (primary, key) = contents.primary;
        assert_eq!((primary.name.as_str(), primary.version), ("other-2", 7));
        assert_eq!(key.expose().as_slice(), (0..32).collect::<Vec<u8>>());
        assert_eq!(contents.others.len(), 1);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let key = Key256::from_slice(&[7; 32]).expect("32 bytes");
        let contents = parse(&write_one("default", 1, &key)).expect("is read");
        assert_eq!(contents.primary.0.name, "default");
        assert_eq!(contents.primary.1.expose(), &[7; 32]);
        assert!(write_one(&"n".repeat(64), i32::MAX, &key).capacity() == 512, "the text has grown");
    }

    #[test]
    fn a_change_keeps_every_other_line_as_it_was() {
        let id = |name: &str, version| KekId { provider: KekProvider::Local, name: name.to_owned(), version };
        let (a, b) = (format!("key a 1 {KEY}"), format!("key a 11 {KEY}"));
        let text = format!("{FIRST_LINE}\r\n# mine\r\n  primary  a 1\n{a}\n\n# the end\n{b}");
        let key = Key256::from_slice(&[7; 32]).expect("32 bytes");
        let added = with_key(&text, &id("c", 3), &key);
        assert!(added.starts_with(&text) && added[text.len()..].starts_with("\nkey c 3 BwcH"), "{}", *added);
        assert_eq!(*with_primary(&text, &id("a", 11)), text.replace("  primary  a 1\n", "primary a 11\n"));
        assert_eq!(*without_key(&text, &id("a", 1)), text.replace(&format!("{a}\n"), ""));
        assert_eq!(*without_key(&text, &id("a", 11)), text.replace(&b, ""));
        for changed in [added, with_primary(&text, &id("a", 11))] {
            assert!(parse(&changed).is_ok() && changed.capacity() == text.len() + 256, "the text has grown");
        }
    }

    #[test]
    fn each_fault_is_named_with_its_line() {
        let with = |lines: &str| fault(&format!("{FIRST_LINE}\n{lines}"));
        assert_eq!(fault(""), (1, TextFault::UnknownFormat));
        assert_eq!(fault("keypaird-master-keys 2\n"), (1, TextFault::UnknownFormat));
        assert_eq!(with("garbage"), (2, TextFault::UnknownLine));
        assert_eq!(with(&format!("key default 1 {KEY} more")), (2, TextFault::UnknownLine));
        assert_eq!(with(&format!("key d/e 1 {KEY}")), (2, TextFault::Name));
        assert_eq!(with(&format!("key {} 1 {KEY}", "n".repeat(65))), (2, TextFault::Name));
        for version in ["0", "-1", "+1", "01", "1.0", "2147483648", "x"] {
            assert_eq!(with(&format!("# first\nkey default {version} {KEY}")), (3, TextFault::Version), "{version}");
        }
        let (short, long) = (&KEY[4..], format!("AAAA{KEY}"));
        for key in ["", "=", short, &long, &KEY[..43], "not base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9="] {
            let (at, fault) = with(&format!("key default 1 {key}"));
            assert_eq!(at, 2);
            assert!(matches!(fault, TextFault::Key | TextFault::UnknownLine), "{key}: {fault}");
        }
        assert_eq!(with(&format!("key a 1 {KEY}\nkey a 1 {KEY}")), (3, TextFault::DuplicateKey));
        assert_eq!(with("primary a 1\nprimary b 1"), (3, TextFault::DuplicatePrimary));
        assert_eq!(with(&format!("key a 1 {KEY}")), (2, TextFault::NoPrimary));
        assert_eq!(with(&format!("key a 1 {KEY}\nprimary a 2")), (3, TextFault::UnknownPrimary));
    }
}
