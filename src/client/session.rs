//! A cloud that is logged in to.

use reqwest::{Client, Method, RequestBuilder, Url};

use super::catalog;
use super::cloud::Cloud;
use super::error::{Error, Result};
use super::login::{LoggedIn, below, log_in};
use super::transport::{Answer, Patience, Transport};
use crate::domain::{KeyPairName, SecretText};

pub struct Session {
    http: Transport,
    token: SecretText,
    /// The token's project.
    project: Option<String>,
    identity: Url,
    /// Nova's version 2.1, perhaps with a project behind it.
    compute: Url,
}

/// The microversions of Nova that requests name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Microversion {
    /// Types, users and pages of key pairs (2.2, 2.10, 2.35); every Nova since 2016 has it.
    Paged,
    /// `@` and `.` in names, and public keys only (2.92).
    ImportOnly,
}

impl Microversion {
    fn number(self) -> &'static str {
        match self {
            Self::Paged => "2.35",
            Self::ImportOnly => "2.92",
        }
    }
}

impl Session {
    pub async fn open(cloud: &Cloud, patience: Patience) -> Result<Self> {
        let http = Transport::new(&cloud.tls, patience)?;
        let LoggedIn { token, project, catalog } = log_in(&http, cloud).await?;
        let compute = match &cloud.compute {
            Some(url) => url.clone(),
            None => catalog::compute(&catalog, cloud.region.as_deref(), cloud.interface)?,
        };
        Ok(Self { http, token, project, identity: cloud.auth_url.clone(), compute })
    }

    /// Where the cloud says that its key pairs are.
    pub fn compute(&self) -> &Url {
        &self.compute
    }

    /// Nova's `os-keypairs`, or one of its key pairs.
    pub(super) fn key_pairs(&self, name: Option<&KeyPairName>) -> Result<Url> {
        let all = below(&self.compute, &["os-keypairs"]);
        match name.map(KeyPairName::as_str) {
            // Whoever reads the address takes these for steps, however they are written.
            Some(name @ ("." | "..")) => Err(Error::Unaddressable(name.to_owned())),
            Some(name) => Ok(below(&all, &[name])),
            None => Ok(all),
        }
    }

    /// KPS's version 3 beside Nova's 2.1, where the service is a keypaird.
    pub(super) fn kps(&self, segments: &[&str]) -> Result<Url> {
        let project = self.project.as_deref().ok_or(Error::NoProject)?;
        let mut url = self.compute.clone();
        let path = url.path().to_owned();
        let before = path.split("/v2").next().unwrap_or_default();
        url.set_path(before);
        Ok(below(&below(&url, &["v3", project, "keypairs"]), segments))
    }

    pub(super) fn identity(&self, segments: &[&str]) -> Url {
        below(&self.identity, segments)
    }

    pub(super) async fn nova(
        &self,
        version: Microversion,
        request: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Answer> {
        self.send(|http| request(http).header("OpenStack-API-Version", format!("compute {}", version.number()))).await
    }

    pub(super) async fn get(&self, url: Url) -> Result<Answer> {
        self.send(|http| http.request(Method::GET, url.clone())).await
    }

    pub(super) async fn send(&self, request: impl Fn(&Client) -> RequestBuilder) -> Result<Answer> {
        self.http.send(|http| request(http).header("X-Auth-Token", self.token.expose())).await
    }
}
