//! A login at a Keystone, or at what speaks like one: `POST /auth/tokens`.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::catalog::Service;
use super::cloud::{Cloud, CredentialId, Credentials, Domain, Named};
use super::error::Result;
use super::transport::Transport;
use crate::domain::SecretText;

/// What a login brought.
pub(super) struct LoggedIn {
    pub(super) token: SecretText,
    pub(super) project: Option<String>,
    pub(super) catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Body {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    project: Option<Project>,
    #[serde(default)]
    catalog: Vec<Service>,
}

#[derive(Deserialize)]
struct Project {
    id: String,
}

pub(super) async fn log_in(http: &Transport, cloud: &Cloud) -> Result<LoggedIn> {
    let url = below(&cloud.auth_url, &["auth", "tokens"]);
    let answer = http.send(|http| http.post(url.clone()).json(&Login::of(cloud))).await?;
    let token = answer.headers.get("x-subject-token").and_then(|token| token.to_str().ok());
    let token = SecretText::new(token.ok_or_else(|| answer.lacks("X-Subject-Token"))?.to_owned());
    let Body { token: Token { project, catalog } } = answer.json()?;
    Ok(LoggedIn { token, project: project.map(|project| project.id), catalog })
}

/// The address with these segments behind its path.
pub(super) fn below(url: &Url, segments: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// What a login asks for. Straight into the request: a tree of JSON would keep a password in memory.
#[derive(Serialize)]
struct Login<'a> {
    auth: Auth<'a>,
}

#[derive(Serialize)]
struct Auth<'a> {
    identity: Identity<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope<'a>>,
}

#[derive(Serialize)]
struct Scope<'a> {
    project: Reference<'a>,
}

/// The method's name, and what it needs below a member of that name.
#[derive(Serialize)]
struct Identity<'a> {
    methods: [&'static str; 1],
    #[serde(flatten)]
    method: Method<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Method<'a> {
    Password { user: Reference<'a> },
    Token { id: &'a str },
    ApplicationCredential(Reference<'a>),
}

/// A user, a project or an application credential: by id, or by name and what the name belongs to.
#[derive(Default, Serialize)]
struct Reference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Box<Reference<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Box<Reference<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> Login<'a> {
    fn of(cloud: &'a Cloud) -> Self {
        let (name, method) = match &cloud.credentials {
            Credentials::Password { user, password } => {
                let user = Reference { password: Some(password.expose()), ..Reference::of(user) };
                ("password", Method::Password { user })
            }
            Credentials::Token(token) => ("token", Method::Token { id: token.expose() }),
            Credentials::ApplicationCredential { id, secret } => {
                let credential = match id {
                    CredentialId::Id(id) => Reference { id: Some(id), ..Reference::default() },
                    CredentialId::Name { name, user } => {
                        let user = Some(Box::new(Reference::of(user)));
                        Reference { name: Some(name), user, ..Reference::default() }
                    }
                };
                let credential = Reference { secret: Some(secret.expose()), ..credential };
                ("application_credential", Method::ApplicationCredential(credential))
            }
        };
        let scope = cloud.project.as_ref().map(|project| Scope { project: Reference::of(project) });
        Self { auth: Auth { identity: Identity { methods: [name], method }, scope } }
    }
}

impl<'a> Reference<'a> {
    fn of(named: &'a Named) -> Self {
        let (id, name, domain) = match named {
            Named::Id(id) => (Some(id.as_str()), None, None),
            Named::Name { name, domain: Domain::Id(id) } => {
                (None, Some(name.as_str()), Some(Self { id: Some(id), ..Self::default() }))
            }
            Named::Name { name, domain: Domain::Name(domain) } => {
                (None, Some(name.as_str()), Some(Self { name: Some(domain), ..Self::default() }))
            }
        };
        Self { id, name, domain: domain.map(Box::new), ..Self::default() }
    }
}
