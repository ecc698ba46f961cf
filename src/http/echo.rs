//! What an answer may repeat of what a caller sent.

/// Stands for what must not be repeated.
pub const HIDDEN: &str = "***";

/// The shortest text that is taken for a file in base64.
const SHORTEST_FILE: usize = 64;

/// The text, unless it looks like a private key.
pub fn shown(text: &str) -> &str {
    if text.contains("PRIVATE KEY") || is_base64_der(text) { HIDDEN } else { text }
}

/// The private key of a certificate is a PKCS#12 in base64, which has no word to tell it by: any DER sequence of some
/// length begins like that.
fn is_base64_der(text: &str) -> bool {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    text.len() >= SHORTEST_FILE && text.trim_start().starts_with("MI") && text.trim().bytes().all(is_base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_hidden_in_pem_and_in_base64_alone() {
        let long = "MIIKRwIBAzCCCfUGCSqGSIb3DQEHAaCCCeYEggniMIIJ3jCCBEoGCSqGSIb3DQEHBqCCBDswggQ3";
        for hidden in ["-----BEGIN PRIVATE KEY-----\nMIIE", long, &format!("\n{long}\r\n{long}==\n")] {
            assert_eq!(shown(hidden), HIDDEN);
        }
        for plain in
            ["MIT", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpKzW98qeX9FUOG5kdm2cuHpSVGip6/b9D9CIEj3dXY", &long[..40]]
        {
            assert_eq!(shown(plain), plain);
        }
    }
}
