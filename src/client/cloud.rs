//! What a cloud's options mean: where to log in, as whom, for which project, and where its key pairs are.

use std::path::PathBuf;

use reqwest::Url;

use super::options::Options;
use crate::domain::SecretText;

/// A cloud, ready to be logged in to.
#[derive(Debug)]
pub struct Cloud {
    /// Where Keystone's version 3 is, without a slash at its end.
    pub auth_url: Url,
    pub credentials: Credentials,
    /// The project to log in for; an application credential brings its own.
    pub project: Option<Named>,
    /// `None`: the first endpoint that there is.
    pub region: Option<String>,
    pub interface: Interface,
    /// Where the key pairs are, whatever the catalog says.
    pub compute: Option<Url>,
    pub tls: Tls,
}

/// How it is proved who calls.
#[derive(Debug)]
pub enum Credentials {
    Password { user: Named, password: SecretText },
    Token(SecretText),
    ApplicationCredential { id: CredentialId, secret: SecretText },
}

/// Which application credential.
#[derive(Debug)]
pub enum CredentialId {
    Id(String),
    Name { name: String, user: Named },
}

/// A user or a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    Id(String),
    Name { name: String, domain: Domain },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Domain {
    Id(String),
    Name(String),
}

/// Which of a service's endpoints is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interface {
    #[default]
    Public,
    Internal,
    Admin,
}

/// How a server proves what it is, and the client to it.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    pub trust: Trust,
    /// A certificate of one's own, and its key.
    pub own: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// Whom the system trusts.
    #[default]
    System,
    /// Who stands in this PEM file, and nobody else.
    File(PathBuf),
    /// Anybody.
    Anybody,
}

/// Each text says what to add or to change.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    #[error("{0} is missing: set it below `auth` in clouds.yaml, or as OS_{upper}", upper = .0.to_uppercase())]
    Missing(&'static str),
    #[error("auth_url is not an address of http or https")]
    NotAnAddress,
    #[error("auth_url is one of Keystone's version 2.0, which is gone: let it end in /v3")]
    VersionTwo,
    #[error("the cloud has a vendor's profile ('{0}'), which is not known here: write down its auth_url")]
    Profile(String),
    #[error("auth_type '{0}' is not known here; there are password, token and v3applicationcredential")]
    AuthType(String),
    #[error("interface '{0}' is not known; there are public, internal and admin")]
    Interface(String),
    #[error("compute_endpoint_override is not an address of http or https")]
    Compute,
    #[error("{name} is '{value}', which is neither true nor false")]
    NotABoolean { name: &'static str, value: String },
    #[error("cert and key belong together: one of them is missing")]
    HalfACertificate,
}

/// What proves who calls, by the names that clouds.yaml has for it.
enum Method {
    Password,
    Token,
    ApplicationCredential,
}

impl Cloud {
    /// Whether nothing is missing but a password, which can be asked for.
    pub fn lacks_password(options: &Options) -> bool {
        let is_by_password = matches!(method(options), Ok(Method::Password));
        is_by_password && options.has("auth_url") && !options.has("password")
    }

    pub fn read(mut options: Options) -> Result<Self, CloudError> {
        if let (None, Some(profile)) = (options.text("auth_url"), options.text("profile")) {
            return Err(CloudError::Profile(profile.to_owned()));
        }
        let auth_url = auth_url(options.text("auth_url").ok_or(CloudError::Missing("auth_url"))?)?;
        let compute = options.text("compute_endpoint_override").map(|url| address(url).ok_or(CloudError::Compute));
        let compute = compute.transpose()?;
        let region = options.text("region_name").map(str::to_owned);
        let (interface, tls) = (interface(&options)?, tls(&options)?);
        let method = method(&options)?;
        let project = match method {
            Method::Password | Method::Token => Some(project(&options)?),
            Method::ApplicationCredential => None,
        };
        let credentials = credentials(&method, &mut options)?;
        Ok(Self { auth_url, credentials, project, region, interface, compute, tls })
    }
}

/// Like an OpenStack client, which finds version 3 below an address that names none.
fn auth_url(text: &str) -> Result<Url, CloudError> {
    let url = address(text).ok_or(CloudError::NotAnAddress)?;
    let path = url.path().trim_end_matches('/').to_owned();
    if path.ends_with("/v2.0") {
        return Err(CloudError::VersionTwo);
    }
    let mut url = url;
    url.set_path(&if path.ends_with("/v3") { path } else { format!("{path}/v3") });
    Ok(url)
}

fn address(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
}

fn method(options: &Options) -> Result<Method, CloudError> {
    let has_credential = options.has("application_credential_id") || options.has("application_credential_name");
    match options.text("auth_type") {
        Some("password" | "v3password") => Ok(Method::Password),
        Some("token" | "v3token") => Ok(Method::Token),
        Some("v3applicationcredential") => Ok(Method::ApplicationCredential),
        Some(other) => Err(CloudError::AuthType(other.to_owned())),
        None if has_credential => Ok(Method::ApplicationCredential),
        None if options.has("token") && !options.has("password") => Ok(Method::Token),
        None => Ok(Method::Password),
    }
}

fn credentials(method: &Method, options: &mut Options) -> Result<Credentials, CloudError> {
    match method {
        Method::Password => {
            let user = user(options)?;
            let password = options.take("password").ok_or(CloudError::Missing("password"))?;
            Ok(Credentials::Password { user, password })
        }
        Method::Token => Ok(Credentials::Token(options.take("token").ok_or(CloudError::Missing("token"))?)),
        Method::ApplicationCredential => {
            let named = (options.text("application_credential_id"), options.text("application_credential_name"));
            let id = match named {
                (Some(id), _) => CredentialId::Id(id.to_owned()),
                (None, Some(name)) => CredentialId::Name { name: name.to_owned(), user: user(options)? },
                (None, None) => return Err(CloudError::Missing("application_credential_id")),
            };
            let secret = options.take("application_credential_secret");
            let secret = secret.ok_or(CloudError::Missing("application_credential_secret"))?;
            Ok(Credentials::ApplicationCredential { id, secret })
        }
    }
}

fn user(options: &Options) -> Result<Named, CloudError> {
    named(options, "user", &["username", "user_name"]).ok_or(CloudError::Missing("username"))
}

fn project(options: &Options) -> Result<Named, CloudError> {
    let project = named(options, "project", &["project_name", "tenant_name"]);
    project
        .or_else(|| options.text("tenant_id").map(|id| Named::Id(id.to_owned())))
        .ok_or(CloudError::Missing("project_name"))
}

/// `KIND_id`, else one of the names with the domain of that kind.
fn named(options: &Options, kind: &str, names: &[&str]) -> Option<Named> {
    if let Some(id) = options.text(&format!("{kind}_id")) {
        return Some(Named::Id(id.to_owned()));
    }
    let name = options.first(names)?.to_owned();
    let domain = |prefix: &str| {
        let id = options.text(&format!("{prefix}domain_id")).map(|id| Domain::Id(id.to_owned()));
        id.or_else(|| options.text(&format!("{prefix}domain_name")).map(|name| Domain::Name(name.to_owned())))
    };
    let domain = domain(&format!("{kind}_")).or_else(|| domain("default_"));
    // What openstackclient takes where none is named.
    Some(Named::Name { name, domain: domain.unwrap_or_else(|| Domain::Id("default".to_owned())) })
}

fn interface(options: &Options) -> Result<Interface, CloudError> {
    let word = options.first(&["interface", "endpoint_type"]).unwrap_or("public");
    // Older files say publicURL.
    match word.trim_end_matches("URL") {
        "public" => Ok(Interface::Public),
        "internal" => Ok(Interface::Internal),
        "admin" => Ok(Interface::Admin),
        _ => Err(CloudError::Interface(word.to_owned())),
    }
}

fn tls(options: &Options) -> Result<Tls, CloudError> {
    let insecure = boolean(options, "insecure")?.unwrap_or(false);
    let verify = boolean(options, "verify")?.unwrap_or(true);
    let trust = match options.text("cacert") {
        _ if insecure || !verify => Trust::Anybody,
        Some(file) => Trust::File(expanded(file)),
        None => Trust::System,
    };
    let own = match (options.text("cert"), options.text("key")) {
        (Some(cert), Some(key)) => Some((expanded(cert), expanded(key))),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(CloudError::HalfACertificate),
    };
    Ok(Tls { trust, own })
}

/// `~/ca.pem` is below the user's home.
fn expanded(path: &str) -> PathBuf {
    let below_home = path.strip_prefix("~/").zip(std::env::home_dir());
    below_home.map_or_else(|| PathBuf::from(path), |(rest, home)| home.join(rest))
}

fn boolean(options: &Options, name: &'static str) -> Result<Option<bool>, CloudError> {
    let parse = |value: &str| match value.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(CloudError::NotABoolean { name, value: value.to_owned() }),
    };
    options.text(name).map(parse).transpose()
}

impl Interface {
    /// The word in a catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(options: &[(&str, &str)]) -> Result<Cloud, CloudError> {
        let variable = |(name, value): &(&str, &str)| (format!("OS_{}", name.to_uppercase()), (*value).to_owned());
        Cloud::read(Options::of_environment(options.iter().map(variable)))
    }

    const BY_NAME: [(&str, &str); 4] =
        [("auth_url", "http://a/identity"), ("username", "me"), ("password", "p"), ("project_name", "mine")];

    #[test]
    fn names_are_of_the_default_domain_where_no_other_is_named() {
        let read = cloud(&BY_NAME).expect("is complete");
        let default = Domain::Id("default".to_owned());
        assert_eq!(read.auth_url.as_str(), "http://a/identity/v3");
        assert_eq!(read.project, Some(Named::Name { name: "mine".to_owned(), domain: default }));
        let other = cloud(&[&BY_NAME[..], &[("project_domain_name", "other")]].concat()).expect("is complete");
        let Some(Named::Name { domain, .. }) = other.project else { panic!("it is named") };
        assert_eq!(domain, Domain::Name("other".to_owned()));
    }

    #[test]
    fn what_proves_who_calls_follows_from_what_is_there() {
        let base = [("auth_url", "http://a/v3"), ("project_id", "p")];
        let with = |more: &[(&str, &str)]| cloud(&[&base[..], more].concat());
        assert!(matches!(with(&[("token", "t")]).expect("is complete").credentials, Credentials::Token(_)));
        let credential = [("application_credential_id", "i"), ("application_credential_secret", "s")];
        let credential = with(&credential).expect("is complete");
        assert!(matches!(credential.credentials, Credentials::ApplicationCredential { .. }));
        assert!(credential.project.is_none(), "it brings its own");
        assert!(matches!(with(&[("username", "u")]), Err(CloudError::Missing("password"))));
        assert!(matches!(with(&[("auth_type", "v3oidcpassword")]), Err(CloudError::AuthType(_))));
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_says_what_to_set() {
        let told = |options: &[(&str, &str)]| cloud(options).expect_err("is refused").to_string();
        assert!(told(&[]).contains("as OS_AUTH_URL"));
        assert!(told(&[("auth_url", "a:5000")]).contains("not an address"));
        assert!(told(&[("auth_url", "http://a/v2.0")]).contains("2.0"));
        assert!(told(&BY_NAME[..3]).contains("as OS_PROJECT_NAME"));
        let with = |more: (&'static str, &'static str)| told(&[&BY_NAME[..], &[more]].concat());
        assert!(with(("insecure", "maybe")).contains("neither true nor false"));
        assert!(with(("interface", "inside")).contains("public, internal and admin"));
        assert!(with(("cert", "c.pem")).contains("belong together"));
    }
}
