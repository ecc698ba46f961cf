//! From a cell to a request, and from its answer to a cell.

use serde_json::{Value, json};

use super::cast::{ANOTHER_PROJECTS, Cast, PROJECTS};
use crate::nova::ED25519;
use crate::support::User;

/// What is sent for a cell.
pub(crate) struct Request {
    sender: User,
    method: &'static str,
    path: String,
    body: Value,
    /// The name that a list, or a key pair that is shown, must have.
    shows: Option<String>,
}

/// The request of a cell; `None` where no dialect has one. A row that is not known here has none either, so the
/// document must say `none yet` of it.
pub(crate) async fn request(cast: &Cast<'_>, whose: &str, what: &str, who: &str) -> Option<Request> {
    let caller = cast.caller(who);
    let sender = &caller.sends;
    let another = &cast.app.demo;
    match (whose, what) {
        ("One's own", "create" | "create, kept") => Some(create(cast, sender, what, None)),
        ("Another user's, by user_id", "create" | "create, kept") => {
            Some(create(cast, sender, what, Some(&another.user_id)))
        }
        ("One's own", "list" | "show" | "delete") => {
            Some(about(sender, what, &cast.new_pair(&caller.at_home).await, ""))
        }
        ("One's own", "describe") => {
            let name = cast.new_pair(&caller.at_home).await;
            let path = format!("/v2.1/{}/keypairs/{name}", sender.project_id);
            let body = json!({ "keypair": { "description": "mine" } });
            Some(Request { method: "PUT", body, ..Request::get(sender, path) })
        }
        ("One's own", "export" | "import into" | "clear") => {
            Some(private_key(sender, what, cast.new_kept_pair(&caller.at_home).await, None))
        }
        ("Another user's, by user_id", "import into") => {
            Some(private_key(sender, what, cast.new_kept_pair(another).await, Some(&another.user_id)))
        }
        ("The project's", "export" | "import into" | "clear") => {
            Some(private_key(sender, what, cast.new_kept_pair_of_project(another).await, None))
        }
        ("Another project's", "export" | "import into" | "clear") => {
            Some(private_key(sender, what, cast.new_kept_pair_of_project(&cast.third).await, None))
        }
        ("Another user's, by user_id", "list" | "show" | "delete") => {
            let query = format!("?user_id={}", another.user_id);
            Some(about(sender, what, &cast.new_pair(another).await, &query))
        }
        ("The project's", "create" | "create, kept") => {
            Some(create_for_project(cast, sender, what, &another.project_id))
        }
        ("The project's", "delete" | "describe") => {
            Some(of_project(sender, what, &cast.new_pair_of_project(another).await))
        }
        ("Another project's", "create" | "create, kept") => {
            Some(create_for_project(cast, sender, what, &cast.third.project_id))
        }
        ("Another project's", "delete" | "describe") => {
            Some(of_project(sender, what, &cast.new_pair_of_project(&cast.third).await))
        }
        ("The project's", "list" | "show") => Some(about(sender, what, PROJECTS, "")),
        ("Another project's", "list" | "show") => Some(about(sender, what, ANOTHER_PROJECTS, "")),
        ("Extensions", "list") => Some(Request::get(sender, "/v2.1/extensions".to_owned())),
        ("Limits of the project", what) => Some(limits(sender, what, &another.project_id)),
        ("Limits of another project", what) => Some(limits(sender, what, &cast.third.project_id)),
        ("Limits of no project", what) => Some(limits_at_large(sender, what)),
        _ => None,
    }
}

impl Request {
    fn get(sender: &User, path: String) -> Self {
        Self { sender: sender.clone(), method: "GET", path, body: Value::Null, shows: None }
    }
}

/// 2.10 knows `user_id`, and still generates.
fn create(cast: &Cast<'_>, sender: &User, what: &str, user_id: Option<&str>) -> Request {
    let name = cast.new_name();
    let mut body = match what {
        "create, kept" => json!({ "keypair": { "name": name, "algorithm": "ed25519", "key_protection": "default" } }),
        _ => json!({ "keypair": { "name": name, "public_key": ED25519 } }),
    };
    if let Some(user_id) = user_id {
        body["keypair"]["user_id"] = json!(user_id);
    }
    Request { method: "POST", body, ..Request::get(sender, "/v2.1/os-keypairs".to_owned()) }
}

/// KPS V3, at the path of that project.
fn create_for_project(cast: &Cast<'_>, sender: &User, what: &str, project: &str) -> Request {
    let Request { mut body, .. } = create(cast, sender, what, None);
    body["keypair"]["scope"] = json!("domain");
    Request { method: "POST", body, ..Request::get(sender, format!("/v3/{project}/keypairs")) }
}

/// The same at the path of the sender's.
fn of_project(sender: &User, what: &str, name: &str) -> Request {
    let request = Request::get(sender, format!("/v3/{}/keypairs/{name}", sender.project_id));
    match what {
        "delete" => Request { method: "DELETE", ..request },
        _ => Request { method: "PUT", body: json!({ "keypair": { "description": "ours" } }), ..request },
    }
}

fn about(sender: &User, what: &str, name: &str, query: &str) -> Request {
    let shows = Some(name.to_owned());
    match what {
        "list" => Request { shows, ..Request::get(sender, format!("/v2.1/os-keypairs{query}")) },
        "show" => Request { shows, ..Request::get(sender, format!("/v2.1/os-keypairs/{name}{query}")) },
        _ => Request { method: "DELETE", ..Request::get(sender, format!("/v2.1/os-keypairs/{name}{query}")) },
    }
}

/// KPS V3, whose paths name the project of the token.
fn private_key(sender: &User, what: &str, kept: (String, String), user_id: Option<&str>) -> Request {
    let (name, private_key) = kept;
    let keypairs = format!("/v3/{}/keypairs", sender.project_id);
    match what {
        "export" => {
            let body = json!({ "keypair": { "name": name } });
            Request { method: "POST", body, ..Request::get(sender, format!("{keypairs}/private-key/export")) }
        }
        "import into" => {
            let key_protection = json!({ "private_key": private_key, "encryption": { "type": "default" } });
            let mut body = json!({ "keypair": { "name": name, "key_protection": key_protection } });
            if let Some(user_id) = user_id {
                body["keypair"]["user_id"] = json!(user_id);
            }
            Request { method: "POST", body, ..Request::get(sender, format!("{keypairs}/private-key/import")) }
        }
        _ => Request { method: "DELETE", ..Request::get(sender, format!("{keypairs}/{name}/private-key")) },
    }
}

fn limits(sender: &User, what: &str, project: &str) -> Request {
    let quota_set = format!("/v2.1/os-quota-sets/{project}");
    match what {
        "show" => Request::get(sender, quota_set),
        "detail" | "defaults" => Request::get(sender, format!("{quota_set}/{what}")),
        "change" => {
            let body = json!({ "quota_set": { "cores": 5 } });
            Request { method: "PUT", body, ..Request::get(sender, quota_set) }
        }
        "reset" => Request { method: "DELETE", ..Request::get(sender, quota_set) },
        "limits" => Request::get(sender, format!("/v2.1/limits?tenant_id={project}")),
        _ => panic!("{what:?} is not known: say here what is sent for it"),
    }
}

fn limits_at_large(sender: &User, what: &str) -> Request {
    let class = "/v2.1/os-quota-class-sets/default".to_owned();
    match what {
        "limits" => Request::get(sender, "/v2.1/limits".to_owned()),
        "show a class" => Request::get(sender, class),
        "change a class" => {
            let body = json!({ "quota_class_set": { "cores": 6 } });
            Request { method: "PUT", body, ..Request::get(sender, class) }
        }
        _ => panic!("{what:?} is not known: say here what is sent for it"),
    }
}

/// Sends it; what came back, in a cell's words.
pub(crate) async fn outcome(cast: &Cast<'_>, request: Request) -> String {
    let Request { sender, method, path, body, shows } = request;
    let mut headers = vec![("OpenStack-API-Version", "compute 2.10")];
    if !sender.token.is_empty() {
        headers.push(("X-Auth-Token", sender.token.as_str()));
    }
    let answer = cast.app.json(method, &path, &headers, body).await;
    let is_shown = |name: &String| answer.text.contains(&format!("\"name\": \"{name}\""));
    match answer.code() {
        200..=299 if shows.as_ref().is_none_or(is_shown) => "yes".to_owned(),
        200..=299 => "absent".to_owned(),
        status => status.to_string(),
    }
}
