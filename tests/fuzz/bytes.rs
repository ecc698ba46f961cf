//! Cuts an input into the parts of a stored row.

pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next byte; 0 when there is none left.
    pub(super) fn byte(&mut self) -> u8 {
        self.some(1).first().copied().unwrap_or_default()
    }

    /// A part with its length in front of it: one byte, in steps of one up to 127, in steps of 32 from there.
    pub(super) fn part(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte());
        self.some(if length < 128 { length } else { (length - 127) * 32 }).to_vec()
    }

    /// The same as text, with what is none replaced.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.part()).into_owned()
    }

    fn some(&mut self, most: usize) -> &'a [u8] {
        let (some, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        some
    }
}
