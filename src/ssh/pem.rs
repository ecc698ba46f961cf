//! Finding PEM blocks in a text (RFC 7468), as freely as Nova's library does: line breaks anywhere or nowhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::wire::Reason;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// One block: `-----BEGIN label-----body-----END label-----`.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    pub(super) body: &'a str,
}

/// The blocks of a text, and whether there is anything but white space around them.
pub(super) struct Document<'a> {
    pub(super) blocks: Vec<Block<'a>>,
    pub(super) has_other_text: bool,
}

impl<'a> Document<'a> {
    /// Fails where a block begins and does not end.
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        let mut document = Self { blocks: Vec::new(), has_other_text: false };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(BEGIN) {
            document.has_other_text |= !before.trim().is_empty();
            let (label, after) = after.split_once(DASHES).ok_or("its PEM header is broken")?;
            let footer = format!("-----END {label}-----");
            let (body, after) = after.split_once(&footer).ok_or("its PEM block does not end")?;
            document.blocks.push(Block { label, body });
            rest = after;
        }
        document.has_other_text |= !rest.trim().is_empty();
        Ok(document)
    }
}

impl Block<'_> {
    /// What the base64 says; wiped when dropped, because it may be a private key.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, Reason> {
        decode_base64(self.body)
    }
}

/// Standard base64 with padding and white space anywhere.
pub(super) fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, Reason> {
    // Filled within its capacity, so that no outgrown copy stays behind unwiped.
    let mut digits = Zeroizing::new(Vec::with_capacity(text.len()));
    digits.extend(text.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    STANDARD.decode(&*digits).map(Zeroizing::new).map_err(|_| "its content is not in base64")
}

/// Writes a block whose lines have `width` characters.
pub(super) fn encode(label: &str, content: &[u8], width: usize) -> Vec<u8> {
    let base64 = Zeroizing::new(STANDARD.encode(content));
    // Twice the length leaves room for line breaks of any width and for the two framing lines.
    let mut out = Vec::with_capacity(2 * base64.len() + 2 * label.len() + 64);
    out.extend([BEGIN, label, DASHES, "\n"].concat().bytes());
    for line in base64.as_bytes().chunks(width) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.extend(["-----END ", label, DASHES, "\n"].concat().bytes());
    out
}
