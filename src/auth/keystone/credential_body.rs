//! What Keystone says of an EC2 credential: its secret, where that is good for all that its user may do.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::failure::Failure;
use crate::domain::SecretText;

/// `{"credential": {"blob": "…", …}}`, as `GET /v3/credentials/{id}` answers (recorded from Keystone 30). Further members
/// are passed over: whose it is and of what type, Keystone looks at itself when it is asked whom the secret stands for.
#[derive(Deserialize)]
struct Body {
    credential: Credential,
}

#[derive(Deserialize)]
struct Credential {
    #[serde(deserialize_with = "secret_text")]
    blob: SecretText,
}

/// The JSON in the blob. It may be the user's own writing.
#[derive(Deserialize)]
struct Blob {
    #[serde(deserialize_with = "secret_text")]
    secret: SecretText,
    trust_id: Option<IgnoredAny>,
    app_cred_id: Option<IgnoredAny>,
    access_token_id: Option<IgnoredAny>,
}

/// The secret; `None` for a credential that nobody can sign with, and for one that was made under a delegation (a trust, an
/// application credential, an OAuth token): its limits, such as access rules, are not known here, and are not widened.
pub(super) fn secret(bytes: &[u8]) -> Result<Option<SecretText>, Failure> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| Failure::unreadable("credential", &error))?;
    let Ok(blob) = serde_json::from_str(body.credential.blob.expose()) else { return Ok(None) };
    Ok(match blob {
        Blob { secret, trust_id: None, app_cred_id: None, access_token_id: None } if !secret.expose().is_empty() => {
            Some(secret)
        }
        Blob { .. } => None,
    })
}

fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretText, D::Error> {
    String::deserialize(deserializer).map(SecretText::new)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn secret_in(blob: &str) -> Option<String> {
        let body = json!({ "credential": { "type": "ec2", "user_id": "u", "project_id": "p", "blob": blob } });
        let found = secret(body.to_string().as_bytes()).expect("is a credential");
        found.map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_blob_has_a_secret() {
        let blob = json!({ "access": "a", "secret": "s\u{e9}\"", "trust_id": Value::Null });
        assert_eq!(secret_in(&blob.to_string()).as_deref(), Some("s\u{e9}\""));
        assert_eq!(secret_in(r#"{"access": "a", "secret": "s"}"#).as_deref(), Some("s"));
    }

    #[test]
    fn what_was_made_under_a_delegation_is_no_secret() {
        for member in ["trust_id", "app_cred_id", "access_token_id"] {
            for limit in [json!("1"), json!(""), json!({ "id": 1 })] {
                let blob = json!({ "access": "a", "secret": "s", member: limit });
                assert_eq!(secret_in(&blob.to_string()), None, "{blob}");
            }
        }
    }

    #[test]
    fn a_blob_that_a_user_has_spoilt_is_no_secret() {
        for blob in ["", "null", "[]", "{}", r#"{"secret": 5}"#, r#"{"secret": ""}"#, r#"{"secret": null}"#, "secret"] {
            assert_eq!(secret_in(blob), None, "{blob}");
        }
    }

    #[test]
    fn what_is_no_credential_is_told_without_what_it_says() {
        for body in [r#"{"credential": {"blob": 5, "secret": "s3cr3t"}}"#, r#"{"credential": "s3cr3t"}"#, "s3cr3t", ""]
        {
            let failure = secret(body.as_bytes()).expect_err("is none").to_string();
            assert!(failure.contains("it is no credential") && !failure.contains("s3cr3t"), "{failure}");
        }
    }
}
