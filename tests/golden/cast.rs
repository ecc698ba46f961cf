//! The users of the recording, made in the identity of the service under test.

use std::collections::BTreeMap;

use keypaird::domain::Role;
use serde_json::{Value, json};

use super::realm::Realm;
use super::support::{Service, TestApp, User};

/// Their tokens and ids, by the names that the recording gives them; and where they log in.
pub struct Cast {
    /// `demo`, `bob` and so on; and tokens that are no user's own, such as `system`.
    pub tokens: BTreeMap<String, String>,
    /// `demo_uid`, `demo_pid` and so on.
    pub ids: BTreeMap<String, String>,
    pub login_url: String,
}

/// The service, and those who play on it: `demo`, `bob`, `rita` and `mona` share a project; `carol` and `nova`, a service's
/// user, have others.
pub enum Stage {
    Embedded(Box<TestApp>),
    /// With the Keystone's end of it, which has the file with the service's password.
    Keystone(Box<Service>, Realm),
}

impl Stage {
    pub fn service(&self) -> &Service {
        match self {
            Self::Embedded(app) => app,
            Self::Keystone(service, _) => service,
        }
    }
}

/// With the users in a Keystone, if there is one to be tested with, else in the service's own identity.
pub async fn assemble() -> (Stage, Cast) {
    match Realm::from_environment().await {
        Some(realm) => {
            let (service, cast) = (Box::new(realm.serve(&[]).await), in_keystone(&realm).await);
            (Stage::Keystone(service, realm), cast)
        }
        None => {
            let app = Box::new(TestApp::spawn().await);
            let cast = in_embedded(&app).await;
            (Stage::Embedded(app), cast)
        }
    }
}

async fn in_embedded(app: &TestApp) -> Cast {
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
    let system = app.rescoped(&app.admin, json!({ "system": { "all": true } })).await.token;
    let unscoped = app.rescoped(&app.demo, json!("unscoped")).await.token;
    Cast::of(users, [system, unscoped], format!("http://{}/identity/v3", app.address))
}

async fn in_keystone(realm: &Realm) -> Cast {
    let (shared, other, service) = (realm.project("demo"), realm.project("another"), realm.project("service"));
    let (shared, other, service) = (shared.await, other.await, service.await);
    let demo = realm.user("demo", &shared, "member").await;
    let system = realm.rescoped(&realm.admin, json!({ "system": { "all": true } })).await.token;
    let unscoped = realm.rescoped(&demo, json!("unscoped")).await.token;
    let users = [
        ("admin", realm.admin.clone()),
        ("demo", demo),
        ("bob", realm.user("bob", &shared, "member").await),
        ("rita", realm.user("rita", &shared, "reader").await),
        ("mona", realm.user("mona", &shared, "manager").await),
        ("carol", realm.user("carol", &other, "member").await),
        ("nova", realm.user("nova", &service, "service").await),
    ];
    Cast::of(users, [system, unscoped], realm.url.clone())
}

impl Cast {
    fn of<const N: usize>(users: [(&str, User); N], [system, unscoped]: [String; 2], login_url: String) -> Self {
        let mut cast = Self { tokens: BTreeMap::new(), ids: BTreeMap::new(), login_url };
        for (name, user) in users {
            cast.ids.insert(format!("{name}_uid"), user.user_id);
            cast.ids.insert(format!("{name}_pid"), user.project_id);
            cast.tokens.insert(name.to_owned(), user.token);
        }
        cast.tokens.extend([("system".to_owned(), system), ("unscoped".to_owned(), unscoped)]);
        cast
    }
}
