//! What an answer may repeat of what a caller sent.

/// Stands for what must not be repeated.
pub const HIDDEN: &str = "***";

/// The shortest text that is taken for a file in base64.
const SHORTEST_FILE: usize = 64;

/// The text, unless it looks like a private key.
pub fn shown(text: &str) -> &str {
    if has_armour(text) || is_base64_key(text) { HIDDEN } else { text }
}

/// The blank between the words may have been written as in an address.
fn has_armour(text: &str) -> bool {
    ["PRIVATE KEY", "PRIVATE%20KEY", "PRIVATE+KEY"].iter().any(|armour| text.contains(armour))
}

/// A key file without its armour, and the private key of a certificate, which is a PKCS#12 in base64, have no word to tell them
/// by: any DER sequence begins with `M` and a letter up to `P`, OpenSSH's form with its own name. Blanks may be `+` in an
/// address that somebody forgot to escape.
fn is_base64_key(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=%".contains(&byte) || byte.is_ascii_whitespace();
    let text = text.trim_start();
    let is_sequence = matches!(text.as_bytes(), [b'M', b'A'..=b'P', ..]);
    let is_key = is_sequence || text.starts_with("b3BlbnNzaC1rZXk");
    text.len() >= SHORTEST_FILE && is_key && text.bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_hidden_in_pem_and_in_base64_alone() {
        let long = "MIIKRwIBAzCCCfUGCSqGSIb3DQEHAaCCCeYEggniMIIJ3jCCBEoGCSqGSIb3DQEHBqCCBDswggQ3";
        let openssh = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW QyNTUxOQAAACAG";
        for hidden in [
            "-----BEGIN PRIVATE KEY-----\nMIIE",
            "-----BEGIN%20PRIVATE%20KEY-----",
            long,
            &long.replace('G', " "),
            &format!("\n{long}\r\n{long}==\n"),
            openssh,
            "MC4CAQAwBQYDK2VwBCIEIH0AM+1c3TEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoAoGCCqGSM49AwEH",
        ] {
            assert_eq!(shown(hidden), HIDDEN);
        }
        for plain in
            ["MIT", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpKzW98qeX9FUOG5kdm2cuHpSVGip6/b9D9CIEj3dXY", &long[..40]]
        {
            assert_eq!(shown(plain), plain);
        }
    }
}
