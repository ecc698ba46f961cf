//! Users, projects, grants and tokens.

use std::collections::BTreeSet;

use keypaird::domain::{
    Error, Grant, GrantTarget, PasswordHash, Project, ProjectId, Role, Scope, StoredToken, Timestamp, TokenHash, User,
    UserId,
};
use keypaird::store::{Bootstrap, Bootstrapped, Store};
use uuid::Uuid;

use super::support::{Database, together};

fn account(id: &str, written: &str) -> User {
    User {
        id: UserId::parse(id).unwrap(),
        name: written.to_owned(),
        password: PasswordHash::from_phc("$argon2id$one".to_owned()),
        enabled: true,
        created_at: Timestamp::now(),
    }
}

fn demo() -> Project {
    let id = ProjectId::parse("demo-id").unwrap();
    Project { id, name: "demo".to_owned(), enabled: true, created_at: Timestamp::now() }
}

fn first() -> Bootstrap {
    let admin = account(&Uuid::new_v4().simple().to_string(), "admin");
    let on_project = |role| Grant { user: admin.id.clone(), target: GrantTarget::Project(demo().id), role };
    let on_system = Grant { user: admin.id.clone(), target: GrantTarget::System, role: Role::ADMIN };
    let on_domain = Grant { target: GrantTarget::Domain, ..on_system.clone() };
    let grants = vec![on_project(Role::ADMIN), on_project(Role::MEMBER), on_system, on_domain];
    Bootstrap { users: vec![admin], projects: vec![demo()], grants }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_start_at_once_make_one_of_everything() {
    for _ in 0..5 {
        for database in Database::each().await {
            let url = database.url.clone();
            let outcomes = together(2, |_| {
                let url = url.clone();
                Box::pin(async move {
                    let store = Store::open(&url).await.unwrap();
                    (store.instance(), store.bootstrap(first()).await.unwrap())
                })
            });
            let outcomes = outcomes.await;
            assert_eq!(outcomes[0].0, outcomes[1].0);
            let done = outcomes.iter().filter(|(_, outcome)| *outcome == Bootstrapped::Done).count();
            assert_eq!(done, 1);
            let store = database.open().await;
            assert_eq!(store.instance(), outcomes[0].0);
            assert_eq!(store.users_list().await.unwrap().len(), 1);
            assert_eq!(store.projects_list().await.unwrap().len(), 1);
            assert_eq!(store.grants_list().await.unwrap().len(), 4);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_projects_and_grants_are_found_changed_and_deleted() {
    for database in Database::each().await {
        let store = database.open().await;
        let ada = account("ada", "Ada");
        store.user_insert(ada.clone()).await.unwrap();
        let taken = store.user_insert(account("other", "Ada")).await;
        assert!(matches!(taken, Err(Error::Invalid { field: "name", .. })), "{taken:?}");
        store.project_insert(demo()).await.unwrap();
        let twin = Project { id: ProjectId::parse("twin").unwrap(), ..demo() };
        assert!(matches!(store.project_insert(twin).await, Err(Error::Invalid { field: "name", .. })));
        assert_eq!(store.user_find_by_name("Ada").await.unwrap().unwrap().id, ada.id);
        for absent in ["ada", "", "Ada\0", "Ada "] {
            assert!(store.user_find_by_name(absent).await.unwrap().is_none());
            assert!(store.project_find_by_name(absent).await.unwrap().is_none());
        }
        assert_eq!(store.project_find_by_name("demo").await.unwrap().unwrap().id, demo().id);

        let grant = Grant { user: ada.id.clone(), target: GrantTarget::Project(demo().id), role: Role::MEMBER };
        store.grant_insert(grant.clone()).await.unwrap();
        store.grant_insert(grant.clone()).await.unwrap();
        assert_eq!(store.grants_of(&ada.id).await.unwrap(), std::slice::from_ref(&grant));
        let nobody = Grant { user: UserId::parse("nobody").unwrap(), ..grant.clone() };
        assert!(matches!(store.grant_insert(nobody).await, Err(Error::Invalid { field: "user", .. })));
        assert!(store.grant_delete(&grant).await.unwrap());
        assert!(!store.grant_delete(&grant).await.unwrap());

        store.grant_insert(grant).await.unwrap();
        store.project_update(Project { enabled: false, ..demo() }).await.unwrap();
        assert!(!store.project_find(&demo().id).await.unwrap().unwrap().enabled);
        assert!(store.project_delete(&demo().id).await.unwrap());
        assert!(!store.project_delete(&demo().id).await.unwrap());
        assert_eq!(store.grants_list().await.unwrap(), []);
        assert!(store.user_delete(&ada.id).await.unwrap());
        assert!(!store.user_delete(&ada.id).await.unwrap());
        assert!(matches!(store.user_update(ada).await, Err(Error::Invalid { field: "user", .. })));
    }
}

fn token(byte: u8, user: &User, scope: Scope, expires_at: i64) -> StoredToken {
    StoredToken {
        hash: TokenHash([byte; 32]),
        user: user.id.clone(),
        scope,
        methods: BTreeSet::from(["password".to_owned(), "token".to_owned()]),
        audit_ids: vec!["a-b_c".to_owned(), "d".to_owned()],
        issued_at: Timestamp::from_micros(1),
        expires_at: Timestamp::from_micros(expires_at),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_found_with_all_that_it_stands_for() {
    for database in Database::each().await {
        let store = database.open().await;
        let seed = first();
        let admin = seed.users[0].clone();
        store.bootstrap(seed).await.unwrap();
        let scoped = token(1, &admin, Scope::Project(demo().id), 100);
        store.token_insert(scoped.clone()).await.unwrap();
        store.token_insert(token(2, &admin, Scope::System, 200)).await.unwrap();

        let found = store.token_find(&scoped.hash).await.unwrap().unwrap();
        assert_eq!(format!("{:?}", found.token), format!("{scoped:?}"));
        assert_eq!((found.user.name.as_str(), found.grants.len()), ("admin", 4));
        assert_eq!(found.project.unwrap().id, demo().id);
        assert!(store.token_find(&TokenHash([2; 32])).await.unwrap().unwrap().project.is_none());
        assert!(store.token_find(&TokenHash([9; 32])).await.unwrap().is_none());

        assert_eq!(store.tokens_purge(Timestamp::from_micros(150)).await.unwrap(), 1);
        assert!(store.token_find(&scoped.hash).await.unwrap().is_none());
        assert!(store.token_delete(&TokenHash([2; 32])).await.unwrap());
        assert!(!store.token_delete(&TokenHash([2; 32])).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_or_a_disabled_user_ends_the_tokens() {
    for database in Database::each().await {
        let store = database.open().await;
        let ada = account("ada", "Ada");
        store.user_insert(ada.clone()).await.unwrap();
        let renewed = User { password: PasswordHash::from_phc("$argon2id$two".to_owned()), ..ada.clone() };
        let disabled = User { enabled: false, ..renewed.clone() };
        for (changed, kept) in [(ada.clone(), true), (renewed, false), (disabled, false)] {
            let given = token(7, &ada, Scope::Unscoped, 100);
            store.token_insert(given.clone()).await.unwrap();
            store.user_update(changed).await.unwrap();
            assert_eq!(store.token_find(&given.hash).await.unwrap().is_some(), kept);
            store.token_delete(&given.hash).await.unwrap();
        }
    }
}
