//! A JSON document that came in: checked member by member, wiped when dropped, never printed.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use zeroize::Zeroizing;

/// The most members of one object. Names are compared one by one, and no request has more than a dozen.
const MAX_MEMBERS: usize = 1000;

/// A JSON value. Objects keep the order in which members first came; of two equal names the last wins, as in Python's
/// `json` (recorded).
///
/// `serde_json::Value` would print and keep the private keys that bodies may carry, and derived structs cannot say what
/// Nova says of a wrong member; hence a tree of our own.
pub enum Json {
    Null,
    Bool(bool),
    Number(Number),
    String(Zeroizing<String>),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Parses UTF-8 JSON; nesting deeper than 128 is an error like any other, not a stack overflow.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The member of that name, of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    /// The text, of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// The members, of an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(members) => Some(members),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Array(_) => None,
        }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json, E> {
        Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(Zeroizing::new(value.to_owned())))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(Zeroizing::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        while let Some((name, value)) = members.next_entry::<String, Json>()? {
            match object.iter().position(|(known, _)| *known == name) {
                Some(place) => object[place].1 = value,
                None if object.len() == MAX_MEMBERS => return Err(de::Error::custom("too many members")),
                None => object.push((name, value)),
            }
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_equal_names_wins() {
        let parsed = Json::parse(br#"{"a": 1, "b": null, "a": "x"}"#).expect("is JSON");
        assert_eq!(parsed.get("a").and_then(Json::as_str), Some("x"));
        assert_eq!(parsed.as_object().map(<[_]>::len), Some(2));
    }

    #[test]
    fn nesting_of_5000_is_an_error() {
        let deep = [b"[".repeat(5000), b"]".repeat(5000)].concat();
        assert!(Json::parse(&deep).is_err());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error() {
        assert!(Json::parse(b"{\"a\": \"\xff\"}").is_err());
    }

    #[test]
    fn it_does_not_print_what_it_holds() {
        let parsed = Json::parse(br#"{"private_key": "secret"}"#).expect("is JSON");
        assert_eq!(format!("{parsed:?}"), "Json(…)");
    }
}
