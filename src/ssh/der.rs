//! The little of DER (X.690) that OpenSSL's interface for Rust does not reach.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0] EXPLICIT`
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Reads values one after the other; `None` where the next one is not whole, or not of the wanted tag.
#[derive(Clone, Copy)]
pub(super) struct Values<'a>(&'a [u8]);

impl<'a> Values<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// The content of the next value. Tags of more than one byte do not occur in what is read here.
    pub(super) fn next(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        if found != tag {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), rest)
            }
            // Indefinite lengths are BER; longer ones don't fit in what is taken.
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// Goes into the next value.
    pub(super) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.next(tag).map(Self)
    }
}

/// Whether the bytes are one SEQUENCE and nothing behind it. OpenSSL's readers stop at its end without a word.
pub(super) fn is_one_sequence(bytes: &[u8]) -> bool {
    let mut values = Values::new(bytes);
    values.next(SEQUENCE).is_some() && values.is_at_end()
}

/// Writes a value of up to 65535 bytes.
pub(super) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_and_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 65535] {
            let content = vec![7; length];
            let written = encode(SEQUENCE, &content);
            assert!(is_one_sequence(&written), "{length}");
            assert_eq!(Values::new(&written).next(SEQUENCE), Some(&*content));
            assert_eq!(Values::new(&written).next(INTEGER), None);
            assert!(!is_one_sequence(&[&written[..], &[0]].concat()), "{length}");
            assert!(!is_one_sequence(&written[..written.len() - 1]), "{length}");
        }
    }
}
