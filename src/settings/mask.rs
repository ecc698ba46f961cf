//! Hides the secrets in settings that are shown.

use serde_json::Value as Json;
use url::Url;

/// Stands for a secret. Without characters that a URL would escape.
const MASK: &str = "***";

/// The value with its secret parts hidden. The database's URLs are the only settings that can hold a secret: all others
/// are given as the names of files.
pub(super) fn masked(key: &str, value: Json) -> Json {
    match (key, &value) {
        ("database.url" | "database.migration_url", Json::String(url)) if !url.is_empty() => {
            Json::from(masked_url(url))
        }
        _ => value,
    }
}

/// Hides the password of `scheme://user:password@host` and the value of each parameter named like one; a URL that
/// cannot be taken apart is hidden whole.
pub fn masked_url(written: &str) -> String {
    if written.starts_with("sqlite:") {
        return written.to_owned();
    }
    // PostgreSQL's may name several hosts, of which `Url` knows the first alone.
    let (authority, rest) = written.split_at(authority_end(written));
    let hosts = authority.rfind('@').map_or(0, |at| at + 1);
    let comma = authority[hosts..].find(',').map_or(authority.len(), |comma| hosts + comma);
    let (first, further) = authority.split_at(comma);
    let Some(masked) = with_one_host(&format!("{first}{rest}")) else { return MASK.to_owned() };
    let (authority, rest) = masked.split_at(authority_end(&masked));
    format!("{authority}{further}{rest}")
}

/// Where user, password and hosts end.
fn authority_end(url: &str) -> usize {
    let start = url.find("://").map_or(0, |colon| colon + "://".len());
    url[start..].find(['/', '?', '#']).map_or(url.len(), |length| start + length)
}

fn with_one_host(written: &str) -> Option<String> {
    let mut url = Url::parse(written).ok()?;
    // An '@' behind the host: a password with a '/' in it that should have been escaped.
    if url.cannot_be_a_base() || url.path().contains('@') {
        return None;
    }
    if url.password().is_some() {
        url.set_password(Some(MASK)).ok()?;
    }
    let query = url.query().map(|query| query.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"));
    url.set_query(query.as_deref());
    Some(url.into())
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.contains("password") => format!("{name}={MASK}"),
        Some(_) | None => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_a_database_url_has_them() {
        let cases = [
            ("postgres://u:hunter2@db:5432/k", "postgres://u:***@db:5432/k"),
            ("postgres://u@db/k?sslmode=require", "postgres://u@db/k?sslmode=require"),
            ("postgres://db/k?user=u&password=hunter2", "postgres://db/k?user=u&password=***"),
            ("postgres://db/k?sslpassword=hunter2&sslmode=require", "postgres://db/k?sslpassword=***&sslmode=require"),
            ("postgres://u:hunter2@one:1,two:2/k", "postgres://u:***@one:1,two:2/k"),
            ("postgres://u:hunter2@one,two:2?password=hunter2", "postgres://u:***@one,two:2?password=***"),
            ("postgres://u:1,hunter2/x@db/k", "***"),
            ("postgres:u:hunter2", "***"),
            ("hunter2", "***"),
            ("sqlite:data/keypaird.sqlite", "sqlite:data/keypaird.sqlite"),
        ];
        for (written, shown) in cases {
            assert_eq!(masked_url(written), shown);
        }
    }
}
