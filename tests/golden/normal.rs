//! An answer as fields that can be compared: what differs from run to run is replaced by its name.

use std::cmp::Reverse;
use std::collections::HashSet;

use serde_json::{Value, json};

use super::client::Answer;
use super::recording::Case;

/// The headers that are compared, beside status and body.
const HEADERS: [&str; 8] = [
    "content-type",
    "openstack-api-version",
    "x-openstack-nova-api-version",
    "vary",
    "location",
    "www-authenticate",
    "allow",
    "retry-after",
];

/// Each has the id of the request.
const REQUEST_IDS: [&str; 2] = ["x-openstack-request-id", "x-compute-request-id"];

/// Each field's name, and what it says.
pub type Fields = Vec<(&'static str, String)>;

/// One run of the requests: what is known of it that no other run has.
pub struct Run {
    /// Texts and their names. The longest come first, because some contain others.
    names: Vec<(String, String)>,
    /// The public keys that came beside a private key.
    generated: HashSet<String>,
}

impl Run {
    /// `root` is the address of the service, `ids` those of users and projects.
    pub fn new<'a>(root: &str, keystone: &str, ids: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let host = root.split_once("//").unwrap().1;
        let mut names: Vec<_> = ids.into_iter().map(|(name, id)| (id.clone(), format!("{{{name}}}"))).collect();
        // Users who share a project share its name, the last one's in the alphabet.
        names.reverse();
        names.extend([("{root}", root), ("{keystone}", keystone), ("{host}", host)].map(|(n, v)| (v.into(), n.into())));
        names.sort_by_key(|(text, _)| Reverse(text.len()));
        Self { names, generated: HashSet::new() }
    }

    /// The answer that was recorded.
    pub fn recorded(&mut self, case: &Case) -> Fields {
        let header = |name: &str| case.response_headers.get(name).map_or(Vec::new(), |values| values.all().to_vec());
        let body = match (&case.response_summary, &case.response_body_head) {
            (Some(summary), _) => self.named(&summary.to_string()),
            (None, Some(head)) => shortened(&self.body(head), case.response_body_length.unwrap()),
            (None, None) => self.body(case.response_body.as_deref().unwrap()),
        };
        self.fields(case.status, header, body)
    }

    /// The service's answer to the same request, told as the recorded one is.
    pub fn answered(&mut self, answer: &Answer, case: &Case) -> Fields {
        let header = |name: &str| {
            let values = answer.headers.iter().filter(|(key, _)| key == name);
            values.map(|(_, value)| value.clone()).collect()
        };
        let body = match (&case.response_summary, &case.response_body_head) {
            (Some(_), _) => self.named(&summary(&answer.text)),
            (None, Some(head)) => {
                let begin: String = answer.text.chars().take(head.chars().count()).collect();
                shortened(&self.body(&begin), answer.text.chars().count())
            }
            (None, None) => self.body(&answer.text),
        };
        self.fields(answer.status, header, body)
    }

    fn fields(&self, status: u16, header: impl Fn(&str) -> Vec<String>, body: String) -> Fields {
        let mut fields = vec![("status", status.to_string())];
        fields.extend(HEADERS.map(|name| (name, self.named(&header(name).join("; ")))));
        fields.push(("request ids", request_ids(&REQUEST_IDS.map(header).concat())));
        fields.push(("body", body));
        fields
    }

    /// The text with the names of what is this run's own.
    fn named(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (own, name)| text.replace(own, name))
    }

    /// The text of a body. It is compared byte by byte, once what differs from run to run has its name.
    fn body(&mut self, text: &str) -> String {
        let mut text = self.named(text);
        let mut pairs = Vec::new();
        if let Ok(body) = serde_json::from_str(&text) {
            find_key_pairs(body, &mut pairs);
        }
        for pair in &pairs {
            for (member, value, name) in self.own_members(pair) {
                text = text.replace(&format!("\"{member}\": {value}"), &format!("\"{member}\": \"{name}\""));
            }
        }
        text
    }

    /// The members of a key pair whose values are another's in each run, with a name for the value.
    fn own_members<'a>(&mut self, pair: &'a KeyPair) -> Vec<(&'static str, &'a Value, String)> {
        let public_key = pair.get("public_key").and_then(Value::as_str).unwrap_or_default();
        if pair.contains_key("private_key") {
            self.generated.insert(public_key.to_owned());
        }
        let of_generated = if self.generated.contains(public_key) { &OF_GENERATED[..] } else { &[] };
        let own = |(member, shape): &(&'static str, Shape)| {
            let value = pair.get(*member)?;
            Some((*member, value, shape(value)?))
        };
        OF_EACH.iter().chain(of_generated).filter_map(own).collect()
    }
}

/// Says what a value is; none where it is not what it should be, and so must be the same in each run.
type Shape = fn(&Value) -> Option<String>;

/// The members of every key pair that have another value in each run.
const OF_EACH: [(&str, Shape); 4] =
    [("created_at", moment), ("updated_at", moment), ("id", number), ("private_key", private_key)];

/// Those of a key pair that was generated.
const OF_GENERATED: [(&str, Shape); 2] = [("public_key", generated_key), ("fingerprint", fingerprint)];

/// That both headers have the same id, `req-` and a UUID; or that there is none.
fn request_ids(ids: &[String]) -> String {
    let is_id = |id: &String| id.strip_prefix("req-").is_some_and(|id| uuid::Uuid::try_parse(id).is_ok());
    match ids {
        [one, other] if one == other && is_id(one) => "both".to_owned(),
        ids => ids.join("; "),
    }
}

fn shortened(begin: &str, length: usize) -> String {
    format!("{begin}… {length} characters")
}

/// How many key pairs, the first, the last, the links.
fn summary(list: &str) -> String {
    let list: Value = serde_json::from_str(list).unwrap_or_default();
    let pairs = list["keypairs"].as_array().cloned().unwrap_or_default();
    let name = |pair: Option<&Value>| pair.map_or(Value::Null, |pair| pair["keypair"]["name"].clone());
    let (first, last) = (name(pairs.first()), name(pairs.last()));
    json!({ "count": pairs.len(), "first": first, "last": last, "links": list["keypairs_links"] }).to_string()
}

type KeyPair = serde_json::Map<String, Value>;

fn find_key_pairs(value: Value, pairs: &mut Vec<KeyPair>) {
    match value {
        Value::Object(members) if members.contains_key("fingerprint") => pairs.push(members),
        Value::Object(members) => members.into_iter().for_each(|(_, value)| find_key_pairs(value, pairs)),
        Value::Array(items) => items.into_iter().for_each(|item| find_key_pairs(item, pairs)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `2026-11-21T19:37:16.388720`
fn moment(value: &Value) -> Option<String> {
    let digits = value.as_str()?.chars().map(|c| if c.is_ascii_digit() { '9' } else { c });
    (digits.collect::<String>() == "9999-99-99T99:99:99.999999").then(|| "{moment}".to_owned())
}

fn number(value: &Value) -> Option<String> {
    value.as_u64().map(|_| "{number}".to_owned())
}

/// PEM by its label, since the recording keeps no more of it; PKCS#12 is base64 in one line.
fn private_key(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_base64 = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    let is_pkcs12 = is_base64 && text.len() > 3000;
    Some(if is_pkcs12 { "{PKCS#12}".to_owned() } else { format!("{{{}}}", text.lines().next()?) })
}

/// A line by its type, length and comment, a certificate by its first line.
fn generated_key(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    Some(match text.split(' ').collect::<Vec<_>>().as_slice() {
        [word, base64, comment] => format!("{{{word}, {} characters, {comment}}}", base64.len()),
        _ => format!("{{{}}}", text.lines().next()?),
    })
}

fn fingerprint(value: &Value) -> Option<String> {
    let pairs: Vec<&str> = value.as_str()?.split(':').collect();
    let are_hex = pairs.iter().all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
    are_hex.then(|| format!("{{{} pairs of digits}}", pairs.len()))
}
