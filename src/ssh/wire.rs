//! The data types of the SSH protocol (RFC 4251, section 5), as far as keys are made of them.

/// Why a key was refused. A fixed text, so that no key material can get into a message.
pub(super) type Reason = &'static str;

/// Reads values one after the other; each read fails with a [`Reason`] where the bytes end early.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("the key data end early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        self.take(N)?.try_into().map_err(|_| "the key data end early")
    }

    /// `byte`
    pub(super) fn u8(&mut self) -> Result<u8, Reason> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// `uint32`
    pub(super) fn u32(&mut self) -> Result<u32, Reason> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// `uint64`
    pub(super) fn u64(&mut self) -> Result<u64, Reason> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// `string`: a length and that many bytes.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Reason> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| "the key data end early")?)
    }

    /// `mpint` that must not be negative; answers its bytes without leading zeros. More leading zeros than needed are
    /// taken, as OpenSSH and Nova take them.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Reason> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return Err("a number in the key data is negative");
        }
        Ok(without_leading_zeros(bytes))
    }

    /// Refuses bytes that are left over.
    pub(super) fn end(&self) -> Result<(), Reason> {
        if self.is_at_end() { Ok(()) } else { Err("bytes follow the key data") }
    }
}

/// Appends `uint32`.
pub(super) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_be_bytes());
}

/// Appends `string`. The length fits: nothing over 112 KiB is ever taken in, and nothing as long is made.
pub(super) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u32(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}

/// Appends `mpint` from a positive number's bytes, in the shortest form.
pub(super) fn put_number(out: &mut Vec<u8>, bytes: &[u8]) {
    let bytes = without_leading_zeros(bytes);
    let sign = usize::from(bytes.first().is_some_and(|first| first & 0x80 != 0));
    put_u32(out, (bytes.len() + sign) as u32);
    out.extend_from_slice(&[0][..sign]);
    out.extend_from_slice(bytes);
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_shortest_form() {
        // RFC 4251, section 5, gives these encodings.
        for (bytes, written) in
            [(&[][..], "00000000"), (&[0, 0], "00000000"), (&[0x80], "000000020080"), (&[0, 0x12], "0000000112")]
        {
            let mut out = Vec::new();
            put_number(&mut out, bytes);
            assert_eq!(hex::encode(&out), written);
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(Reader::new(&[0, 0, 0, 2, 1]).string(), Err("the key data end early"));
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff]).string(), Err("the key data end early"));
        assert_eq!(Reader::new(&[0, 0, 0]).u32(), Err("the key data end early"));
    }
}
