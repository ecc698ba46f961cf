//! Hides the secrets in settings that are shown.

use serde_json::Value as Json;
use url::Url;

/// Stands for a secret. Without characters that a URL would escape.
const MASK: &str = "***";

/// The value with its secret parts hidden. `database.url` is the only setting that can hold a secret: all others are
/// given as the names of files.
pub(super) fn masked(key: &str, value: Json) -> Json {
    match (key, &value) {
        ("database.url", Json::String(url)) if !url.is_empty() => Json::from(masked_url(url)),
        _ => value,
    }
}

/// Hides the password of `scheme://user:password@host` and the value of each parameter named like one; a URL that
/// cannot be taken apart is hidden whole.
pub fn masked_url(written: &str) -> String {
    if written.starts_with("sqlite:") {
        return written.to_owned();
    }
    let Ok(mut url) = Url::parse(written) else { return MASK.to_owned() };
    if url.cannot_be_a_base() || url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    let query = url.query().map(|query| query.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"));
    url.set_query(query.as_deref());
    url.into()
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
            ("postgres://u:hunter2@one:1,two:2/k", "***"),
            ("postgres:u:hunter2", "***"),
            ("hunter2", "***"),
            ("sqlite:data/keypaird.sqlite", "sqlite:data/keypaird.sqlite"),
        ];
        for (written, shown) in cases {
            assert_eq!(masked_url(written), shown);
        }
    }
}
