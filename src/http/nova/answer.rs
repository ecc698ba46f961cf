//! Writes bodies as a Nova writes them, to the byte: with a blank after each comma and colon, and in ASCII only.

use std::io::{self, Write};

use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// What successes say; errors name a charset, too (recorded).
pub(super) const JSON: &str = "application/json";

/// The answer with that body.
pub(super) fn json(mut answer: HttpResponseBuilder, media_type: &str, body: &impl Serialize) -> HttpResponse {
    let mut bytes = Vec::new();
    match body.serialize(&mut Serializer::with_formatter(&mut bytes, Python)) {
        Ok(()) => answer.content_type(media_type).body(bytes),
        Err(error) => HttpResponse::from_error(actix_web::error::ErrorInternalServerError(error)),
    }
}

/// Python's `json.dumps`.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if c.is_ascii() {
                write!(writer, "{c}")?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_written_as_python_writes_it() {
        let mut bytes = Vec::new();
        let body = json!({ "a": [1, "é\u{1f600}\n"], "b": {}, "c": [] });
        body.serialize(&mut Serializer::with_formatter(&mut bytes, Python)).expect("is written");
        let text = String::from_utf8(bytes).expect("is ASCII");
        assert_eq!(text, r#"{"a": [1, "\u00e9\ud83d\ude00\n"], "b": {}, "c": []}"#);
    }
}
