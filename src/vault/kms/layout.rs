//! How a data key under a project's key is stored: with the project's key, as the KMS wrapped it, beside it.
//!
//! | part | bytes |
//! |---|---|
//! | format, `0x01` | 1 |
//! | length of the next part, big-endian | 2 |
//! | the project's key, wrapped by the KMS | 1 to 6144 |
//! | salt, encrypted data key, tag: as under a master key | 32, 32, 16 |

use super::failure::Untrue;

const FORMAT: u8 = 1;
/// The salt, the encrypted data key and its tag.
const WRAPPING: usize = 32 + 32 + 16;

/// `wrapping` is what the envelope wrote: its format, then the parts.
pub(super) fn write(blob: &[u8], wrapping: &[u8]) -> Vec<u8> {
    // The exchange takes no blob of more than 6144 bytes.
    let length = u16::try_from(blob.len()).unwrap_or(u16::MAX);
    [&[FORMAT], length.to_be_bytes().as_slice(), blob, &wrapping[1..]].concat()
}

/// The project's key as the KMS wrapped it, and what the envelope wrote.
pub(super) fn read(stored: &[u8]) -> Result<(&[u8], Vec<u8>), Untrue> {
    let wrong = || Untrue::Length(stored.len());
    let ([format, high, low], rest) = stored.split_first_chunk().ok_or_else(wrong)?;
    if *format != FORMAT {
        return Err(Untrue::Format);
    }
    let (blob, wrapping) = rest.split_at_checked(u16::from_be_bytes([*high, *low]).into()).ok_or_else(wrong)?;
    if wrapping.len() != WRAPPING {
        return Err(wrong());
    }
    Ok((blob, [&[FORMAT], wrapping].concat()))
}

/// For the fuzz target: what is read has the lengths that the format says, and is written as the same bytes.
#[cfg(feature = "fuzzing")]
pub(in crate::vault) fn check(stored: &[u8]) {
    if let Ok((blob, wrapping)) = read(stored) {
        assert_eq!(wrapping.len(), 1 + WRAPPING);
        assert_eq!(write(blob, &wrapping), stored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_no_other_length_is() {
        let wrapping: Vec<u8> = [&[FORMAT], [7; WRAPPING].as_slice()].concat();
        let stored = write(b"blob", &wrapping);
        assert_eq!(stored[..7], [1, 0, 4, b'b', b'l', b'o', b'b']);
        assert_eq!(read(&stored).expect("is read"), (b"blob".as_slice(), wrapping));
        for length in 0..stored.len() {
            assert!(read(&stored[..length]).is_err(), "{length}");
        }
        assert!(read(&[stored.as_slice(), &[0]].concat()).is_err());
        for (byte, value) in [(0, 0), (0, 2), (1, 1), (1, 255), (2, 3), (2, 5)] {
            let mut changed = stored.clone();
            changed[byte] = value;
            assert!(read(&changed).is_err(), "byte {byte} = {value}");
        }
    }
}
