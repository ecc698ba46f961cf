//! Plays the recorded requests against the service, in their order.

use std::net::SocketAddr;

use futures_util::{StreamExt, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::bodies;
use super::cast::Cast;
use super::client::{self, Answer};
use super::recording::{Case, Place, Setup};

/// How many requests that depend on nothing are sent at the same time.
const AT_ONCE: usize = 16;

pub struct Player<'a> {
    address: SocketAddr,
    cast: &'a Cast,
    /// What stands in the recording, and what stands for it here.
    swaps: Vec<(&'a str, String)>,
}

impl<'a> Player<'a> {
    pub fn new(address: SocketAddr, place: &'a Place, cast: &'a Cast) -> Self {
        let mut swaps: Vec<_> = place.vars.iter().map(|(name, id)| (id.as_str(), cast.ids[name].clone())).collect();
        swaps.push((&place.root, format!("http://{address}")));
        Self { address, cast, swaps }
    }

    pub async fn case(&self, case: &Case) -> Answer {
        let request = &case.request;
        let each =
            request.headers.iter().flat_map(|(name, values)| values.all().iter().map(move |value| (name, value)));
        let headers: Vec<_> = each.map(|(name, value)| (name.clone(), self.header(value))).collect();
        let body = bodies::of(request, |recorded| self.ours(recorded));
        self.send(&request.method, &self.ours(&request.path), &headers, body.as_deref()).await
    }

    /// Prepares the next cases, in any order.
    pub async fn set_up(&self, setups: impl Iterator<Item = &Setup>) {
        stream::iter(setups.map(|setup| self.set_up_one(setup))).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    async fn set_up_one(&self, Setup { setup, status }: &Setup) {
        let body = self.ours(&setup.body.to_string());
        let mut headers = self.signed_in(&setup.user, &setup.microversion);
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        let answer = self.send(&setup.method, &self.ours(&setup.path), &headers, Some(body.as_bytes())).await;
        assert_eq!(answer.status, *status, "{} {}: {}", setup.method, setup.path, answer.text);
    }

    /// Deletes all key pairs of a user.
    pub async fn wipe(&self, user: &str) {
        // Before 2.35 a list has no pages.
        let headers = self.signed_in(user, "2.34");
        let list = self.send("GET", "/v2.1/os-keypairs", &headers, None).await;
        let list: Value = serde_json::from_str(&list.text).unwrap();
        let names = list["keypairs"].as_array().unwrap().iter().map(|item| item["keypair"]["name"].as_str().unwrap());
        let gone = names.map(|name| self.delete(name, &headers));
        stream::iter(gone).buffer_unordered(AT_ONCE).collect::<()>().await;
    }

    async fn delete(&self, name: &str, headers: &[(String, String)]) {
        let path = format!("/v2.1/os-keypairs/{}", utf8_percent_encode(name, NON_ALPHANUMERIC));
        assert_eq!(self.send("DELETE", &path, headers, None).await.status, 204, "{path} is deleted");
    }

    async fn send(&self, method: &str, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> Answer {
        client::send(self.address, &client::Request { method, path, headers, body }).await
    }

    fn signed_in(&self, user: &str, microversion: &str) -> Vec<(String, String)> {
        let version = ("OpenStack-API-Version".to_owned(), format!("compute {microversion}"));
        vec![("X-Auth-Token".to_owned(), self.cast.tokens[user].clone()), version]
    }

    /// `<token:demo>` is demo's token.
    fn header(&self, recorded: &str) -> String {
        match recorded.strip_prefix("<token:").and_then(|name| name.strip_suffix('>')) {
            Some(name) => self.cast.tokens[name].clone(),
            None => self.ours(recorded),
        }
    }

    fn ours(&self, recorded: &str) -> String {
        self.swaps.iter().fold(recorded.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    }
}
