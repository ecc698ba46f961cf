//! Reads queries and forms the one way that a signature and an action must agree on.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

/// The most names that are read: a few times what the longest call has.
const MOST: usize = 1000;

/// Names and values, in the order of the names' bytes.
pub type Pairs = BTreeMap<String, String>;

/// Why a query or a form is not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the parameters are not valid UTF-8")]
    NotUtf8,
    /// A signature might be over one of them, and an action take the other.
    #[error("a parameter is sent twice")]
    Repeated,
    #[error("more than {MOST} parameters are sent")]
    TooMany,
}

/// Decoded as a form, whatever it is: Python's clients send a space as `+` in queries too.
pub fn decode(text: &[u8]) -> Result<Pairs, Unreadable> {
    let text = std::str::from_utf8(text).map_err(|_| Unreadable::NotUtf8)?;
    let mut pairs = Pairs::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if pairs.insert(decode_word(name)?, decode_word(value)?).is_some() {
            return Err(Unreadable::Repeated);
        }
        if pairs.len() > MOST {
            return Err(Unreadable::TooMany);
        }
    }
    Ok(pairs)
}

fn decode_word(word: &str) -> Result<String, Unreadable> {
    let spaced = word.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| Unreadable::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_space_and_an_escaped_plus_a_plus() {
        let pairs = decode("b=x+y%2Bz%20&a&c=%E5%80%BC&&d=1=2".as_bytes()).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("a", ""), ("b", "x y+z "), ("c", "值"), ("d", "1=2")]);
    }

    #[test]
    fn what_two_readers_might_read_differently_is_not_read() {
        let many: String = (0..=MOST).map(|number| format!("p{number}=&")).collect();
        for (text, why) in [
            (&b"a=1&%61=2"[..], Unreadable::Repeated),
            (b"a=%D6%D0", Unreadable::NotUtf8),
            (b"a=\xd6\xd0", Unreadable::NotUtf8),
            (b"%FF=1", Unreadable::NotUtf8),
            (many.as_bytes(), Unreadable::TooMany),
        ] {
            assert_eq!(decode(text), Err(why));
        }
        assert_eq!(decode(many.strip_suffix("p1000=&").unwrap().as_bytes()).unwrap().len(), MOST);
    }
}
