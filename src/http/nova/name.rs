//! Names of key pairs, as each version of the API takes them.

use super::microversion::Microversion;
use super::python::repr_text;

/// The longest name, in characters.
pub(super) const LONGEST: usize = 255;

/// Why a name is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// By its length or its characters; said after the name.
    Reason(String),
    /// By the rule for all names of Nova, which has a sentence of its own.
    Unprintable(&'static str),
}

/// The name as it is stored, without what the version strips from its ends. Refusals come in Nova's order: length,
/// then the rule for all names, then the characters of a key pair's name (recorded from 2.92 on; below, by Nova's
/// schema).
pub(super) fn read(raw: &str, version: Microversion) -> Result<&str, Refused> {
    match raw.chars().count() {
        0 => return Err(Refused::Reason(format!("{} should be non-empty", repr_text(raw)))),
        1..=LONGEST => {}
        _ => return Err(Refused::Reason(format!("{} is too long", repr_text(raw)))),
    }
    // In Python, `$` also stands before a last newline; what follows the names is stripped before it is stored (recorded).
    let line = raw.strip_suffix('\n').unwrap_or(raw);
    if version == Microversion::FROZEN {
        return loose(line);
    }
    let ends_in_space = line.starts_with(char::is_whitespace) || line.ends_with(char::is_whitespace);
    if line.is_empty() || ends_in_space || !line.chars().all(is_printable) {
        return Err(Refused::Unprintable("printable characters. Can not start or end with whitespace."));
    }
    let (fits, pattern): (fn(char) -> bool, &str) = if version >= Microversion::IMPORT_ONLY {
        (|c| is_word(c) || c == '@' || c == '.', r"^[_\\-\\@\\. a-zA-Z0-9]+$")
    } else {
        (is_word, r"^[_\\- a-zA-Z0-9]+$")
    };
    if line.chars().all(fits) {
        return Ok(line);
    }
    Err(Refused::Reason(format!("{} does not match '{pattern}'", repr_text(raw))))
}

/// The rule of `/v2`: anything printable that is not all spaces.
fn loose(line: &str) -> Result<&str, Refused> {
    let name = line.trim();
    if name.is_empty() || !line.chars().all(is_printable) {
        return Err(Refused::Unprintable("printable characters with at least one non space character"));
    }
    Ok(name)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-' || c == ' '
}

/// Printable, in Nova's sense: in the first 65,535 code points, and neither a control or format character, nor one for
/// private use, nor a space that is not horizontal.
fn is_printable(c: char) -> bool {
    let format = matches!(c,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}');
    let private = ('\u{e000}'..='\u{f8ff}').contains(&c);
    let line_break = matches!(c, '\u{2028}' | '\u{2029}');
    c < '\u{ffff}' && !c.is_control() && !format && !private && !line_break
}

#[cfg(test)]
mod tests {
    use super::*;

    const V2_1: Microversion = Microversion::OLDEST;
    const V2_92: Microversion = Microversion::IMPORT_ONLY;
    const V2: Microversion = Microversion::FROZEN;

    #[test]
    fn at_and_dot_came_with_2_92() {
        for (name, version, taken) in [
            ("a b_c-9", V2_1, true),
            ("me@host", V2_1, false),
            ("a.b", V2_1, false),
            ("me@host", V2_92, true),
            ("..", V2_92, true),
            ("a/b", V2_92, false),
            ("é", V2_92, false),
        ] {
            assert_eq!(read(name, version).is_ok(), taken, "{name}");
        }
        let refused = Refused::Reason(r"'e!' does not match '^[_\\-\\@\\. a-zA-Z0-9]+$'".to_owned());
        assert_eq!(read("e!", V2_92), Err(refused));
    }

    #[test]
    fn a_name_has_1_to_255_characters() {
        assert!(read(&"n".repeat(255), V2_1).is_ok());
        assert!(matches!(read(&"n".repeat(256), V2_1), Err(Refused::Reason(_))));
        assert_eq!(read("", V2_1), Err(Refused::Reason("'' should be non-empty".to_owned())));
    }

    #[test]
    fn one_newline_at_the_end_is_stripped_and_no_other_space() {
        assert_eq!(read("a\n", V2_1), Ok("a"));
        for name in ["a\n\n", "a\r\n", " a", "a ", "\ta", "a \n", "\n", "a\nb", "a\u{a0}", "a\0"] {
            assert!(matches!(read(name, V2_1), Err(Refused::Unprintable(_))), "{name:?}");
        }
    }

    #[test]
    fn the_frozen_api_takes_whatever_is_printable_and_strips_it() {
        assert_eq!(read(" dup ", V2), Ok("dup"));
        assert_eq!(read("clé/@\u{3000}x", V2), Ok("clé/@\u{3000}x"));
        for name in ["  ", "a\tb", "a\u{202e}b", "\u{200b}", "a\u{2028}b", "a\u{1f600}"] {
            assert!(matches!(read(name, V2), Err(Refused::Unprintable(_))), "{name:?}");
        }
    }
}
