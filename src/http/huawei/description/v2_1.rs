//! KPS V2.1 at its own path.

use utoipa::openapi::path::HttpMethod::{Delete, Get, Post, Put};

use super::{described, refusal};
use crate::http::openapi::{Answer, Api};

const TAG: &str = "kps: V2.1";
const LIST: &str = "/v2.1/{project_id}/keypairs";
const KEY_PAIR: &str = "/v2.1/{project_id}/keypairs/{keypair_name}";

pub(super) fn describe(api: &mut Api) {
    let list = described(TAG, "list_v2", "List the user's and the project's key pairs");
    api.add(Get, LIST, list.answers(200, Answer::new("All of them.").json("kps.KeyPairsV2")));
    let create = described(TAG, "create_v2", "Import a public key, or generate a key pair").body("kps.CreateKeyPairV2");
    let made = Answer::new("The key pair, with its private key if it was generated.").json("kps.KeyPairCreated");
    api.add(Post, LIST, create.answers(200, made).refuses(&[409], refusal));
    let show = described(TAG, "show_v2", "Show a key pair");
    api.add(
        Get,
        KEY_PAIR,
        show.answers(200, Answer::new("The key pair.").json("kps.KeyPairV2")).refuses(&[404], refusal),
    );
    let describe = described(TAG, "describe_v2", "Change its description").body("kps.Describe");
    api.add(Put, KEY_PAIR, describe.answers(200, Answer::new("Done.")).refuses(&[404], refusal));
    let delete = described(TAG, "delete_v2", "Delete a key pair");
    api.add(Delete, KEY_PAIR, delete.answers(202, Answer::new("It is gone.")).refuses(&[404], refusal));
}
