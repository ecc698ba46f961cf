//! Values as Nova shows them in its messages: as Python writes them.
//!
//! Nova repeats the value that it refuses, whatever is in it. Here, text is repeated only where Nova's own members
//! carry it, and never if a private key may be in it.

use std::fmt::Write;

use crate::http::echo::{HIDDEN, shown};
use crate::http::json::Json;

/// The members whose text is repeated. Everything else, key material above all, is `'***'`.
const SHOWN: [&str; 5] = ["keypair", "name", "public_key", "type", "user_id"];

/// Whether the text in a value may be repeated.
#[derive(Clone, Copy)]
enum Text {
    Shown,
    Hidden,
}

/// `str(value)`: text as it is, the rest like [`repr`].
pub(super) fn str(value: &Json) -> String {
    match value {
        Json::String(text) => shown(text).to_owned(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => repr(value),
    }
}

/// `repr(value)`: `None`, `True`, `'text'`, `{'name': 'x'}`.
pub(super) fn repr(value: &Json) -> String {
    let mut out = String::new();
    write_value(&mut out, value, Text::Shown);
    out
}

/// `repr` of text.
pub(super) fn repr_text(text: &str) -> String {
    let mut out = String::new();
    write_text(&mut out, shown(text));
    out
}

fn write_value(out: &mut String, value: &Json, text: Text) {
    match value {
        Json::Null => out.push_str("None"),
        Json::Bool(true) => out.push_str("True"),
        Json::Bool(false) => out.push_str("False"),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::String(string) => match text {
            Text::Shown => write_text(out, shown(string)),
            Text::Hidden => write_text(out, HIDDEN),
        },
        Json::Array(items) => write_list(out, ('[', ']'), items, |out, item| write_value(out, item, text)),
        Json::Object(members) => write_list(out, ('{', '}'), members, |out, (name, value)| {
            write_text(out, shown(name));
            out.push_str(": ");
            let text = if SHOWN.contains(&name.as_str()) { text } else { Text::Hidden };
            write_value(out, value, text);
        }),
    }
}

fn write_list<T>(out: &mut String, (open, close): (char, char), items: &[T], write_item: impl Fn(&mut String, &T)) {
    out.push(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        write_item(out, item);
    }
    out.push(close);
}

/// Single quotes, or double ones where the text has a single one and no double one.
fn write_text(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            // Writing to a String never fails.
            c if c.is_control() => drop(write!(out, "\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr_of(json: &str) -> String {
        repr(&Json::parse(json.as_bytes()).expect("is JSON"))
    }

    #[test]
    fn values_are_written_as_python_writes_them() {
        assert_eq!(repr_of("null"), "None");
        assert_eq!(repr_of("[true, false, 1, 1.5, []]"), "[True, False, 1, 1.5, []]");
        assert_eq!(repr_of(r#"{"name": "b2", "extra": 1}"#), "{'name': 'b2', 'extra': 1}");
        assert_eq!(repr_of(r#""it's""#), r#""it's""#);
        assert_eq!(repr_of(r#""it's \"so\"""#), r#"'it\'s "so"'"#);
        assert_eq!(repr_of(r#""a\n\\\u0000é""#), r"'a\n\\\x00é'");
    }

    #[test]
    fn no_text_of_members_other_than_novas_is_repeated() {
        let body = r#"{"name": "n", "key_protection": {"private_key": "s1", "name": "s2"}, "extra": ["s3", 4]}"#;
        let shown = "{'name': 'n', 'key_protection': {'private_key': '***', 'name': '***'}, 'extra': ['***', 4]}";
        assert_eq!(repr_of(body), shown);
    }

    #[test]
    fn a_private_key_in_the_wrong_place_is_not_repeated() {
        let key = "-----BEGIN PRIVATE KEY-----\\nMIIE";
        assert_eq!(repr_of(&format!(r#"{{"name": "{key}"}}"#)), "{'name': '***'}");
        assert_eq!(repr_of(&format!(r#"{{"{key}": 1}}"#)), "{'***': 1}");
        assert_eq!(str(&Json::parse(format!("\"{key}\"").as_bytes()).expect("is JSON")), "***");
    }
}
