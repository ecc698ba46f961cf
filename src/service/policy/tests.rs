//! Asks the policy for every cell of `docs/authorization.md`.

#[path = "../../../tests/api/authorization/table.rs"]
mod table;

use std::collections::BTreeSet;

use table::Cell;

use super::*;
use crate::domain::{DomainId, Fingerprint, KeyAlgorithm, KeyKind, KeyPairId, Region, Timestamp, UserId};

const ACTIONS: [Action; 9] = [
    Action::List,
    Action::Show,
    Action::Create,
    Action::CreateKept,
    Action::Delete,
    Action::Describe,
    Action::Export,
    Action::ImportInto,
    Action::Clear,
];

/// Whose, by the heading of its table; the project in which such a key pair was made, and its owner.
const OWNERS: [(&str, &str, &str); 4] = [
    ("One's own", "u:caller", "the-project"),
    ("Another user's, by user_id", "u:another", "the-project"),
    ("The project's", "p:the-project", "the-project"),
    ("Another project's", "p:third", "third"),
];

/// Whose limits, by the heading of the table; the project, where there is one, and the rows.
const LIMITS: [(&str, Option<&str>, &[QuotaAction]); 3] = [
    ("Limits of the project", Some("the-project"), &OF_A_PROJECT),
    ("Limits of another project", Some("third"), &OF_A_PROJECT),
    ("Limits of no project", None, &[QuotaAction::Limits, QuotaAction::ShowClass, QuotaAction::UpdateClass]),
];

/// A table of one row.
const EXTENSIONS: (&str, &str) = ("Extensions", "list");

const OF_A_PROJECT: [QuotaAction; 6] = [
    QuotaAction::Show,
    QuotaAction::Detail,
    QuotaAction::Defaults,
    QuotaAction::Update,
    QuotaAction::Delete,
    QuotaAction::LimitsOfProject,
];

fn row_of_limits(action: QuotaAction) -> &'static str {
    match action {
        QuotaAction::Show => "show",
        QuotaAction::Detail => "detail",
        QuotaAction::Defaults => "defaults",
        QuotaAction::Update => "change",
        QuotaAction::Delete => "reset",
        QuotaAction::ShowClass => "show a class",
        QuotaAction::UpdateClass => "change a class",
        QuotaAction::Limits | QuotaAction::LimitsOfProject => "limits",
    }
}

/// The row that an action has in each table of key pairs.
fn row(action: Action) -> &'static str {
    match action {
        Action::List => "list",
        Action::Show => "show",
        Action::Create => "create",
        Action::CreateKept => "create, kept",
        Action::Delete => "delete",
        Action::Describe => "describe",
        Action::Export => "export",
        Action::ImportInto => "import into",
        Action::Clear => "clear",
    }
}

/// Who calls, by the title of the column; `None` for whoever never gets as far as the policy.
fn caller(who: &str) -> Option<Caller> {
    let project = |id| Scope::Project(ProjectId::parse(id).unwrap());
    let chain = [Role::ADMIN, Role::MANAGER, Role::MEMBER, Role::READER];
    let (scope, highest) = match who {
        "reader" => (project("the-project"), 3),
        "member" => (project("the-project"), 2),
        "manager" => (project("the-project"), 1),
        "admin" => (project("the-project"), 0),
        "elsewhere" => (project("elsewhere"), 2),
        "unscoped" => (Scope::Unscoped, chain.len()),
        "domain" => (Scope::Domain(DomainId::parse("default").unwrap()), 0),
        "system" => (Scope::System, 0),
        "no token" => return None,
        _ => panic!("nobody is known as {who:?}: say here who that is"),
    };
    let roles = chain[highest..].iter().cloned().collect();
    Some(Caller { user: UserId::parse("caller").unwrap(), scope, roles })
}

fn pair(owner: &str, project: &str) -> KeyPair {
    KeyPair {
        id: KeyPairId::new(),
        region: Region::parse("r").unwrap(),
        owner: Owner::parse(owner).unwrap(),
        project: Some(ProjectId::parse(project).unwrap()),
        user: UserId::parse("somebody").unwrap(),
        name: KeyPairName::parse("web").unwrap(),
        kind: KeyKind::Ssh,
        algorithm: KeyAlgorithm::Ed25519,
        public_key: String::new(),
        fingerprint: Fingerprint::from_written(String::new()),
        fingerprint_sha256: Fingerprint::from_written(String::new()),
        resource_group: None,
        description: String::new(),
        has_private_key: true,
        created_at: Timestamp::now(),
        updated_at: None,
    }
}

/// What the policy says, in a cell's words.
fn outcome(caller: &Caller, action: Action, pair: &KeyPair) -> &'static str {
    let ruled = match action {
        Action::List if rule(caller, action, &pair.owner) == Ruling::Hidden => return "absent",
        Action::List | Action::Create | Action::CreateKept => authorize(caller, action, &pair.owner, None),
        Action::Show | Action::Delete | Action::Describe => authorize(caller, action, &pair.owner, Some(&pair.name)),
        Action::Export | Action::ImportInto | Action::Clear => authorize_private_key(caller, action, pair),
    };
    match ruled {
        Ok(()) => "yes",
        Err(Error::Forbidden(named)) if named == action => "403",
        Err(Error::NotFound(name)) if name == pair.name => "404",
        Err(other) => panic!("{other:?}"),
    }
}

/// The same for a cell of the document.
fn decided(cell: &Cell) -> &'static str {
    let Some(caller) = caller(cell.who) else { return "401" };
    if let Some((_, owner, project)) = OWNERS.iter().find(|(whose, ..)| *whose == cell.whose) {
        let action = ACTIONS.into_iter().find(|action| row(*action) == cell.what);
        return outcome(&caller, action.expect("is an action"), &pair(owner, project));
    }
    if (cell.whose, cell.what) == EXTENSIONS {
        return if may_see_extensions(&caller) { "yes" } else { "403" };
    }
    let (_, project, actions) = LIMITS.iter().find(|(whose, ..)| *whose == cell.whose).expect("is a table");
    let action = actions.iter().find(|action| row_of_limits(**action) == cell.what).expect("is an action");
    let project = project.map(|id| ProjectId::parse(id).unwrap());
    if authorize_quota(&caller, *action, project.as_ref()).is_ok() { "yes" } else { "403" }
}

#[test]
fn each_cell_of_the_document_is_what_the_policy_says() {
    let wrong = |cell: &Cell| {
        let Cell { whose, what, who, outcome, .. } = cell;
        let decided = decided(cell);
        (decided != *outcome).then(|| format!("{whose}: {what}, {who}: {decided}, and the document says {outcome}"))
    };
    let wrong: Vec<String> = table::cells().iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_document_has_a_row_for_each_action_and_a_column_for_each_caller_and_no_others() {
    let rows: BTreeSet<_> = table::cells().iter().map(|cell| (cell.whose, cell.what)).collect();
    let mut expected: BTreeSet<_> =
        OWNERS.iter().flat_map(|(whose, ..)| ACTIONS.map(|action| (*whose, row(action)))).collect();
    expected.extend(LIMITS.iter().flat_map(|(whose, _, rows)| rows.iter().map(|row| (*whose, row_of_limits(*row)))));
    expected.insert(EXTENSIONS);
    assert_eq!(rows, expected);
    let callers = ["reader", "member", "manager", "admin", "elsewhere", "unscoped", "domain", "system", "no token"];
    for row in rows {
        let mut cells = table::cells();
        cells.retain(|cell| (cell.whose, cell.what) == row);
        assert_eq!(cells.iter().map(|cell| cell.who).collect::<Vec<_>>(), callers, "{row:?}");
        assert!(["Nova", "KPS", "none yet"].contains(&cells[0].route), "{row:?}");
    }
}

#[test]
fn a_private_key_that_is_bound_to_no_project_goes_nowhere() {
    for action in [Action::Export, Action::ImportInto, Action::Clear] {
        let unbound = KeyPair { project: None, ..pair("u:caller", "the-project") };
        for who in ["member", "unscoped"] {
            let caller = caller(who).expect("has a token");
            assert!(matches!(authorize_private_key(&caller, action, &unbound), Err(Error::Forbidden(_))), "{who}");
        }
    }
}

#[test]
fn a_role_that_nobody_knows_is_more_than_a_readers_and_no_members() {
    let roles = [Role::parse("auditor").unwrap(), Role::READER].into();
    let caller = Caller { roles, ..caller("reader").expect("has a token") };
    assert_eq!(outcome(&caller, Action::Export, &pair("u:caller", "the-project")), "yes");
    assert_eq!(outcome(&caller, Action::Delete, &pair("p:the-project", "the-project")), "yes");
    assert_eq!(outcome(&caller, Action::Export, &pair("p:the-project", "the-project")), "403");
}
