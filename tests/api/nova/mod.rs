//! Nova's API. Everything asserted here was recorded from a Nova 34, except where a test says otherwise.

mod bad_input;
mod create;
mod delete;
mod extensions;
mod frozen;
mod keys;
mod limits;
mod list;
mod microversions;
mod order;
mod quotas;
mod show;
mod tokens;
mod users;
mod versions;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, User};

/// Public keys as clients send them, and their fingerprints.
pub const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGpKzW98qeX9FUOG5kdm2cuHpSVGip6/b9D9CIEj3dXY ann@laptop";
pub const ED25519_MD5: &str = "27:df:1c:da:27:17:77:da:b4:5b:20:5b:d0:07:f4:20";
pub const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDU9Lc6lJvKVPel2ONwS391Dl7dONvN+s0uNRCKiir0Eay9aoZwpWDG4OPDeMS9GtCetq7ht9vaK3dVBYwV+bTh7ZeXe8oJdNaryAo3ygZr63shX3HrJHDPutttjIMGEb6Oquu9QRSN/lXGM9CxTgjt9D0FyolW7ZkAQsuxOPjBCEtpkIbOzr3Kysaj0QiEZN1BA16aSlkSgSpluG+bd4/QfZkxq6H8pChaflVXwOZvUUwhFfitWtBAyQx5iF3aoPuvLRnNLXoaKdAmQ/qh2aafHhO4DG8Bw9W7cDGvi6vdkPCFgrm+1txbXpNStEVBosCKdxsAiX7DHrxBuw9/qOYL ann@laptop";
pub const RSA_MD5: &str = "08:58:19:9d:4e:38:18:2a:eb:b2:4f:8c:01:e0:e7:ab";
pub const CERTIFICATE: &str = include_str!("certificate.pem");
pub const CERTIFICATE_SHA1: &str = "6c:f2:eb:fe:05:ab:51:36:96:2d:43:9c:cb:5f:a6:e9:2a:29:8a:c4";

/// A create body with nothing but a name and a public key, which every version takes.
pub fn import(name: &str) -> Value {
    json!({ "keypair": { "name": name, "public_key": ED25519 } })
}

/// Imports key pairs of these names for the user.
pub async fn imported(app: &TestApp, user: &User, names: &[&str]) {
    for name in names {
        app.nova(user, "2.92", "POST", "/os-keypairs", import(name)).await.expect(201);
    }
}

/// What Nova says of a refusal: `(fault, code, message)`.
#[track_caller]
pub fn fault(answer: &Answer) -> (&str, u64, &str) {
    let faults = answer.body.as_object().unwrap_or_else(|| panic!("no fault: {}", answer.text));
    let (name, fault) = faults.iter().next().unwrap();
    assert_eq!(faults.len(), 1, "{}", answer.text);
    assert_eq!(answer.header("Content-Type"), ["application/json; charset=UTF-8"]);
    (name, fault["code"].as_u64().unwrap(), fault["message"].as_str().unwrap())
}

/// The names of a list, in order.
pub fn names(list: &Answer) -> Vec<&str> {
    let pairs = list.body["keypairs"].as_array().unwrap_or_else(|| panic!("no list: {}", list.text));
    pairs.iter().map(|pair| pair["keypair"]["name"].as_str().unwrap()).collect()
}
