//! How a Keystone is reached, and how long its answers hold.

use std::path::PathBuf;

/// `identity.keystone.*`
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Keystone's address, with or without `/v3`.
    pub auth_url: Option<String>,
    /// The address in `WWW-Authenticate`, where it is not `auth_url`.
    pub www_authenticate_uri: Option<String>,
    /// The service's own user, who needs the role `service` on its project.
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    pub project_name: String,
    pub user_domain_name: String,
    pub project_domain_name: String,
    /// Whose identity endpoint in Keystone's catalog is asked about tokens; without it, `auth_url` is.
    pub region: Option<String>,
    /// Certificates in PEM that vouch for Keystone, in place of the system's.
    pub cafile: Option<PathBuf>,
    /// How long an answer about a token holds, in seconds; 0 asks for each request.
    pub token_cache_seconds: u64,
    /// Whether requests may be signed with the secrets of EC2 credentials; the service's own user must be able to read them.
    pub ec2_credentials: bool,
    /// How long Keystone may take before a request is answered 503, in seconds; retries are within it.
    pub timeout_seconds: u64,
}

#[cfg(test)]
impl Settings {
    /// With a user whose password is in that file.
    pub(super) fn example(password_file: PathBuf) -> Self {
        Self {
            auth_url: Some("http://127.0.0.1:1/v3".to_owned()),
            www_authenticate_uri: None,
            username: Some("keypaird".to_owned()),
            password_file: Some(password_file),
            project_name: "service".to_owned(),
            user_domain_name: "Default".to_owned(),
            project_domain_name: "Default".to_owned(),
            region: None,
            cafile: None,
            token_cache_seconds: 60,
            ec2_credentials: false,
            timeout_seconds: 2,
        }
    }
}
