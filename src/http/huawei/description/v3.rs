//! KPS V3.

use utoipa::openapi::path::HttpMethod::{Delete, Get, Post, Put};

use super::super::query::LONGEST_PAGE;
use super::{described, refusal};
use crate::http::openapi::values::{number, text};
use crate::http::openapi::{Answer, Api, Described};

const KEY_PAIRS: &str = "kps: V3 key pairs";
const PRIVATE_KEYS: &str = "kps: V3 private keys";
const SERVERS: &str = "kps: V3 servers and tasks";
const LIST: &str = "/v3/{project_id}/keypairs";
const KEY_PAIR: &str = "/v3/{project_id}/keypairs/{keypair_name}";

pub(super) fn describe(api: &mut Api) {
    key_pairs(api);
    private_keys(api);
    servers(api);
}

fn key_pairs(api: &mut Api) {
    let list = described(KEY_PAIRS, "list", "List the user's and the project's key pairs, in pages")
        .query("limit", &format!("The longest page, at most {LONGEST_PAGE}."), number(1, i32::MAX))
        .query("marker", "The name that the page begins after.", text());
    api.add(Get, LIST, list.answers(200, Answer::new("A page.").json("kps.KeyPairsV3")));
    let create =
        described(KEY_PAIRS, "create", "Import a public key, or generate a key pair").body("kps.CreateKeyPairV3");
    let made = Answer::new("The key pair, with its private key if it was generated.").json("kps.KeyPairCreated");
    api.add(Post, LIST, create.answers(200, made));
    let import = described(KEY_PAIRS, "batch_import", "Import several public keys").body("kps.BatchImport");
    let imported = Answer::new("What became of each.").json("kps.BatchImported");
    api.add(Post, &format!("{LIST}/batch-import"), import.answers(200, imported));
    let show = described(KEY_PAIRS, "show", "Show a key pair");
    api.add(Get, KEY_PAIR, of_one(show.answers(200, Answer::new("The key pair.").json("kps.KeyPairV3"))));
    let describe = described(KEY_PAIRS, "describe", "Change its description").body("kps.Describe");
    api.add(Put, KEY_PAIR, of_one(describe.answers(200, Answer::new("Done."))));
    let delete = described(KEY_PAIRS, "delete", "Delete a key pair");
    api.add(Delete, KEY_PAIR, of_one(delete.answers(204, Answer::new("It is gone."))));
}

fn private_keys(api: &mut Api) {
    let export = described(PRIVATE_KEYS, "export", "Export a kept private key").body("kps.Export");
    let export = export.about("In the ledger before it is answered.");
    let released = Answer::new("The private key.").json("kps.Released");
    api.add(Post, &format!("{LIST}/private-key/export"), of_one(export.answers(200, released)));
    let batch = described(PRIVATE_KEYS, "batch_export", "Export several of them in an archive").body("kps.BatchExport");
    let archive = Answer::new("A file for each.").content("application/zip", "kps.Archive");
    api.add(Post, &format!("{LIST}/private-key/batch-export"), of_one(batch.answers(200, archive)));
    let import = described(PRIVATE_KEYS, "import", "Keep a private key, in the place of one that is kept");
    let import = import.body("kps.ImportPrivateKey").answers(200, Answer::new("It is kept.").json("kps.Named"));
    api.add(Post, &format!("{LIST}/private-key/import"), of_one(import));
    let clear = described(PRIVATE_KEYS, "clear", "Keep a private key no longer");
    api.add(Delete, &format!("{KEY_PAIR}/private-key"), of_one(clear.answers(200, Answer::new("It is gone."))));
}

fn of_one(described: Described) -> Described {
    described.refuses(&[404], refusal)
}

/// There are no servers: nothing is bound, and no task is under way.
fn servers(api: &mut Api) {
    let bind = described(SERVERS, "bind", "Bind a key pair to servers, of which there are none: always refused");
    api.add(Post, &format!("{LIST}/{{call}}"), of_one(bind));
    let project = "/v3/{project_id}";
    api.add(Get, &format!("{project}/tasks/{{task_id}}"), described(SERVERS, "task", "Show a task: always refused"));
    for (id, path) in [("running_tasks", "running-tasks"), ("failed_tasks", "failed-tasks")] {
        let tasks = described(SERVERS, id, "List tasks").answers(200, Answer::new("None.").json("kps.Tasks"));
        api.add(Get, &format!("{project}/{path}"), tasks);
    }
    let forget = described(SERVERS, "forget_tasks", "Forget all failed tasks");
    api.add(Delete, &format!("{project}/failed-tasks"), forget.answers(200, Answer::new("There are none.")));
    let one = described(SERVERS, "forget_task", "Forget a failed task: always refused");
    api.add(Delete, &format!("{project}/failed-tasks/{{task_id}}"), one);
}
