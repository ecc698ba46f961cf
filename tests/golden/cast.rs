//! The users of the recording, made in the service under test.

use std::collections::BTreeMap;

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::support::{TestApp, User};

/// Their tokens and ids, by the names that the recording gives them.
pub struct Cast {
    /// `demo`, `bob` and so on; and tokens that are no user's own, such as `system`.
    pub tokens: BTreeMap<String, String>,
    /// `demo_uid`, `demo_pid` and so on.
    pub ids: BTreeMap<String, String>,
}

/// `demo`, `bob`, `rita` and `mona` share a project; `carol` and `nova`, a service's user, have others.
pub async fn assemble(app: &TestApp) -> Cast {
    let service = Role::parse("service").unwrap();
    let users = [
        ("admin", app.admin.clone()),
        ("demo", app.demo.clone()),
        ("bob", app.user("bob", "demo", Role::MEMBER).await),
        ("rita", app.user("rita", "demo", Role::READER).await),
        ("mona", app.user("mona", "demo", Role::MANAGER).await),
        ("carol", app.user("carol", "another", Role::MEMBER).await),
        ("nova", app.user("nova", "service", service).await),
    ];
    let mut cast = Cast { tokens: BTreeMap::new(), ids: BTreeMap::new() };
    for (name, user) in users {
        cast.ids.insert(format!("{name}_uid"), user.user_id);
        cast.ids.insert(format!("{name}_pid"), user.project_id);
        cast.tokens.insert(name.to_owned(), user.token);
    }
    let system = scoped(app, &app.admin, json!({ "system": { "all": true } })).await;
    let unscoped = scoped(app, &app.demo, json!("unscoped")).await;
    cast.tokens.extend([("system".to_owned(), system), ("unscoped".to_owned(), unscoped)]);
    cast
}

/// A token of the user for another scope.
async fn scoped(app: &TestApp, user: &User, scope: Value) -> String {
    let identity = json!({ "methods": ["token"], "token": { "id": user.token } });
    let login = json!({ "auth": { "identity": identity, "scope": scope } });
    let answer = app.json("POST", "/identity/v3/auth/tokens", &[], login).await.expect(201);
    answer.header("X-Subject-Token")[0].to_owned()
}
