//! The two formats of an answer. One struct makes both: a list within its wrapper is an array in JSON, in XML an element for
//! each item; an empty list leaves an empty wrapper.

use std::error::Error;

use quick_xml::se::Serializer;
use serde::Serialize;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Json,
    Xml,
}

const DECLARATION: &str = "<?xml version='1.0' encoding='UTF-8'?>";

impl Format {
    /// What a request calls it, in any case.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [("JSON", Self::Json), ("XML", Self::Xml)]
            .into_iter()
            .find(|(name, _)| word.eq_ignore_ascii_case(name))
            .map(|(_, format)| format)
    }

    /// Letter by letter: SDKs compare it to tell XML from JSON.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json;charset=utf-8",
            Self::Xml => "text/xml;charset=utf-8",
        }
    }

    /// From the struct to the text, with nothing between that would keep a copy of a private key.
    pub(super) fn write(self, root: &str, body: &impl Serialize) -> Result<String, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Json => Ok(serde_json::to_string(body)?),
            Self::Xml => {
                let mut written = DECLARATION.to_owned();
                body.serialize(Serializer::with_root(&mut written, Some(root))?)?;
                Ok(readable(written))
            }
        }
    }
}

/// XML has no way at all to write most control characters: they become U+FFFD, or the whole document would be refused.
fn readable(xml: String) -> String {
    let is_unwritable =
        |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    if xml.contains(is_unwritable) { xml.replace(is_unwritable, "\u{fffd}") } else { xml }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer {
        total_count: u32,
        public: bool,
        key_pairs: KeyPairs,
        request_id: &'static str,
    }

    #[derive(Serialize)]
    struct KeyPairs {
        #[serde(rename = "KeyPair")]
        list: Vec<KeyPair>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct KeyPair {
        key_pair_name: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        public_key: Option<&'static str>,
    }

    fn answer(names: &[&'static str]) -> Answer {
        let list = names.iter().map(|name| KeyPair { key_pair_name: name, public_key: None }).collect();
        Answer { total_count: 7, public: true, key_pairs: KeyPairs { list }, request_id: "ID" }
    }

    #[test]
    fn a_list_is_an_array_or_repeated_elements_within_its_wrapper() {
        let answer = answer(&["a", "b"]);
        assert_eq!(
            Format::Json.write("DescribeKeyPairsResponse", &answer).unwrap(),
            r#"{"TotalCount":7,"Public":true,"KeyPairs":{"KeyPair":[{"KeyPairName":"a"},{"KeyPairName":"b"}]},"RequestId":"ID"}"#
        );
        assert_eq!(
            Format::Xml.write("DescribeKeyPairsResponse", &answer).unwrap(),
            "<?xml version='1.0' encoding='UTF-8'?><DescribeKeyPairsResponse><TotalCount>7</TotalCount><Public>true</Public>\
             <KeyPairs><KeyPair><KeyPairName>a</KeyPairName></KeyPair><KeyPair><KeyPairName>b</KeyPairName></KeyPair>\
             </KeyPairs><RequestId>ID</RequestId></DescribeKeyPairsResponse>"
        );
    }

    #[test]
    fn an_empty_list_is_an_empty_wrapper() {
        assert!(Format::Json.write("R", &answer(&[])).unwrap().contains(r#""KeyPairs":{"KeyPair":[]}"#));
        assert!(Format::Xml.write("R", &answer(&[])).unwrap().contains("<KeyPairs/>"));
    }

    #[test]
    fn no_text_breaks_the_document() {
        let written = Format::Xml.write("R", &answer(&[" <&>'\"\r\n\t\0\x1b\u{ffff}值 "])).unwrap();
        let expected = "<KeyPairName> &lt;&amp;&gt;'\"&#13;\n\t\u{fffd}\u{fffd}\u{fffd}值 </KeyPairName>";
        assert!(written.replace("&apos;", "'").replace("&quot;", "\"").contains(expected), "{written}");
    }

    #[test]
    fn a_format_is_known_in_any_case() {
        for (word, format) in [("JSON", Some(Format::Json)), ("xMl", Some(Format::Xml)), ("yaml", None), ("", None)] {
            assert_eq!(Format::parse(word), format, "{word}");
        }
    }
}
