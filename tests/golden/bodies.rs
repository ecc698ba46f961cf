//! The bytes of a recorded request's body. Those too long to keep are made again, and their SHA-256 compared.

use openssl::sha::sha256;

use super::recording::Request;

/// The key of the bodies of many sizes.
const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCu9NE0jA8V4EJG5n15oXlXs6NuQ8lhO1a5CJHaMYhRVimoYfWO7/41EujMl2h+\
    dKyRTTKJJfWcm6VskAlxLmYsu3FGFt4GZVt8Pislp7mcHvDDDJi87tZD7kpp5dyuEy6EaPFAqkQP+fg3SonVTUELyAEmXwMubh1s\
    XJLhttyNhBIHenb7kcJQkaX8WVpoqGLzK5bThvErXcmOiUuo9iCtUAfDQzABYBXZxFpHrMKkP3tue5GTnZXFIWlB/Hy7JTVI/u4f\
    Q+yQRS2GQMUyS2OHy17XqriMBslLSMfuTLodzPZPrklSzE7/bcT3L5+To/CY7Bvpbe/Y8dDOBKO3k/91";

/// The body, with the recorded ids replaced by `ours`; none where none was sent.
pub fn of(request: &Request, ours: impl Fn(&str) -> String) -> Option<Vec<u8>> {
    match (&request.body, &request.body_sha256) {
        (Some(body), _) => Some(bytes(&ours(body))),
        (None, Some(digest)) => {
            let body = long(request);
            assert_eq!(hex::encode(sha256(body.as_bytes())), *digest, "the body is made as it was recorded");
            Some(body.into_bytes())
        }
        (None, None) => None,
    }
}

/// `\xff` is that byte.
fn bytes(recorded: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut parts = recorded.split("\\x");
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part[2..].bytes());
            }
            None => bytes.extend(format!("\\x{part}").bytes()),
        }
    }
    bytes
}

/// Either 5000 objects one in another, or a key whose comment fills the body.
fn long(request: &Request) -> String {
    let (head, length) = (request.body_head.as_deref().unwrap(), request.body_length.unwrap());
    if head.starts_with(r#"{"keypair":{"a":"#) {
        return format!("{{\"keypair\":{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5001));
    }
    let name = head.split('"').nth(5).unwrap();
    let begin = format!(r#"{{"keypair": {{"name": "{name}", "public_key": "{RSA} "#);
    let end = r#""}}"#;
    format!("{begin}{}{end}", "c".repeat(length - begin.len() - end.len()))
}
